import * as z from "zod";
import {
  type Backend,
  backendSchema,
  stackBackend,
  type StackKind,
  stateLocation,
} from "./backend";
import {
  DEFAULT_RETENTION,
  type LifecyclePolicyDocument,
  lifecyclePolicy,
  lifecycleProblems,
  type Retention,
} from "./lifecycle-policy";
import {
  type Maintenance,
  type MaintenanceInput,
  maintenanceProblems,
  maintenanceSchema,
  resolveMaintenance,
} from "./maintenance";
import {
  formatPolicy,
  MAX_REGISTRY_POLICY_LENGTH,
  MAX_ROLE_POLICY_LENGTH,
  type PolicyDocument,
  registryPolicy,
  templateRolePolicy,
} from "./policies";
import { ROOT } from "./prefix";
import { formatProblem, type Problem, show } from "./problem";
import { noSuchKind, schemaProblems, strictObject, textLike, wholeNumber } from "./schema";
import { AWS_PROVIDER_VERSION, narrowsAwsProviderVersion } from "./provider-version";
import {
  parseRegistryHost,
  partitionOf,
  REGION_PATTERN,
  REGIONS_WITHOUT_PULL_THROUGH_CACHE,
} from "./region";
import { stackName } from "./stack-name";
import {
  type Upstream,
  type UpstreamName,
  upstreamNames,
  upstreamOf,
  type upstreams,
} from "./upstreams";
import { UserError } from "./user-error";

/*
 * The environment: what a cache is. The stacks, the image names and the operator's commands are derived from it.
 */

/** Rules in one registry, that is in one account and region; AWS does not raise it. */
export const MAX_RULES_PER_REGISTRY = 50;

export { ROOT } from "./prefix";

/** What the names of the secrets begin with that ECR may read. */
export const SECRET_NAME_PREFIX = "ecr-pullthroughcache/";

// ---------------------------------------------------------------------------------------------------------------
// What a user writes

/**
 * The account at the upstream registry that ECR pulls with. The token itself is in no file: the credentials stack asks
 * for it as a variable.
 */
export interface CredentialInput {
  /** The user name at the upstream registry. */
  readonly username: string;
  /** Raise it by one to put a new token. Default: 1. Meaningless with `secretName`. */
  readonly version?: number;
  /**
   * A secret that exists already, in every region of the environment, with the keys `username` and `accessToken`.
   * Its name begins with `ecr-pullthroughcache/`. Default: the credentials stack makes `ecr-pullthroughcache/PREFIX`.
   */
  readonly secretName?: `${typeof SECRET_NAME_PREFIX}${string}`;
}

/** How the images of new repositories are encrypted. It can't be changed for repositories that exist. */
export type EncryptionInput =
  | { readonly type: "AES256"; readonly kmsKey?: never }
  | {
      readonly type: "KMS";
      /** The full ARN of a key, or a list of ARNs with one for each region. */
      readonly kmsKey: string | readonly string[];
    };

/** What exists already and is to be taken over into Terraform's state. */
export type Adoptable = "rule" | "template" | "secret";

interface CommonRuleInput {
  /**
   * What the names of the cached repositories begin with, or `ROOT` for all that no other rule covers. Default: the
   * upstream's own, such as `docker-hub`.
   */
  readonly prefix?: string;
  /** What the names of the upstream's repositories begin with. Default: nothing. Not with the prefix `ROOT`. */
  readonly upstreamPrefix?: string;
  /** The lifecycle of the cached images. Default: the environment's. */
  readonly retention?: Retention;
  /** Default: AES256, with keys of Amazon S3. */
  readonly encryption?: EncryptionInput;
  /** `true` or a list of kinds: emits `import` blocks for what exists already. Take it out after the deployment. */
  readonly adopt?: boolean | readonly Adoptable[];
  /** Only `MUTABLE`, the default: the 24-hour refresh could not move an immutable tag. */
  readonly imageTagMutability?: "MUTABLE";
}

type Catalogue = typeof upstreams;

type CredentialOf<U extends UpstreamName> = Catalogue[U]["credential"] extends "required"
  ? { readonly credential: CredentialInput }
  : { readonly credential?: never };

type RegistryOf<U extends UpstreamName> = U extends "azure-container-registry"
  ? { readonly registry: `${string}.azurecr.io` }
  : U extends "ecr"
    ? { readonly registry: `${string}.dkr.ecr.${string}.amazonaws.com` }
    : { readonly registry?: never };

/** One cache rule: an upstream registry and the prefix it is cached under. */
export type RuleInput = {
  [U in UpstreamName]: CommonRuleInput & { readonly upstream: U } & CredentialOf<U> & RegistryOf<U>;
}[UpstreamName];

/** An environment as a user writes it. */
export interface EnvironmentInput {
  /** What the stacks are called: `NAME` and `NAME-credentials`. */
  readonly name: string;
  /** The AWS account: 12 digits. Credentials for another one are refused by the provider. */
  readonly account: string;
  /** The regions; each gets the same cache. */
  readonly regions: readonly string[];
  /**
   * Regions that the cache was taken out of. Terraform can't destroy what is there without their provider: name a
   * region here when you take it out of `regions`, and drop it after the next deployment. Default: none.
   */
  readonly formerRegions?: readonly string[];
  /** Where Terraform keeps the state. Default: a file in the project's folder. */
  readonly backend?: Backend;
  /** Tags of everything that can have them, cached repositories included. Default: none. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly rules: readonly RuleInput[];
  /** The lifecycle of cached images. Default: the last 10 images of a repository are kept. */
  readonly retention?: Retention;
  /** Who may pull through the cache. */
  readonly access?: {
    /** IAM roles of this account, by name; the policy for pulling is attached to each. Default: none. */
    readonly roles?: readonly string[];
    /** Other accounts, by id; the registry and the cached repositories let them pull. Default: none. */
    readonly accounts?: readonly string[];
  };
  /**
   * Makes repositories that exist follow their templates, and tells people of pulls that do not succeed; `{}` takes
   * every default. Default: none.
   */
  readonly maintenance?: MaintenanceInput;
  /** A version constraint for hashicorp/aws inside the default, `>= 5.100.0, < 7.0.0`. */
  readonly awsProviderVersion?: string;
}

// ---------------------------------------------------------------------------------------------------------------
// What everything else reads

export interface Credential {
  readonly username: string;
  readonly version: number;
  readonly secretName: string;
  /** Whether the credentials stack makes the secret; otherwise it exists already. */
  readonly managed: boolean;
}

export type Encryption =
  | { readonly type: "AES256" }
  | {
      readonly type: "KMS";
      /** The key's ARN by region. */ readonly kmsKeys: Readonly<Record<string, string>>;
    };

export interface Rule {
  readonly upstream: UpstreamName;
  /** Without a trailing slash; or `ROOT`. */
  readonly prefix: string;
  /** The upstream's URL as ECR takes it. */
  readonly upstreamUrl: string;
  readonly upstreamPrefix?: string;
  readonly credential?: Credential;
  readonly lifecyclePolicy: LifecyclePolicyDocument;
  readonly encryption: Encryption;
  readonly adopt: readonly Adoptable[];
}

/** An environment with every default filled in. */
export interface Environment {
  readonly name: string;
  readonly account: string;
  readonly regions: readonly string[];
  readonly formerRegions: readonly string[];
  readonly backend: Backend;
  readonly tags: Readonly<Record<string, string>>;
  readonly rules: readonly Rule[];
  readonly access: { readonly roles: readonly string[]; readonly accounts: readonly string[] };
  /** Absent where it is not wanted. */
  readonly maintenance?: Maintenance;
  readonly awsProviderVersion: string;
}

// ---------------------------------------------------------------------------------------------------------------
// The shape, field by field. The message of each check says what is allowed.

const account = textLike(/^[0-9]{12}$/, "12 digits, as text");

// Source: the validation of aws_ecr_pull_through_cache_rule, which is narrower than ECR's own.
const prefix = textLike(
  /^(?=.{2,30}$)(?!.\/$)((?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*\/?|ROOT)$/,
  "2 to 30 lower-case letters and digits, parted by single . _ - or /, or ROOT",
);

// Source: https://docs.aws.amazon.com/general/latest/gr/aws_tagging.html
const MAX_TAGS = 50;
const TAG_KEY = /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/iu;
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;
const tags = z.record(
  z.string(),
  textLike(TAG_VALUE, "a text of at most 256 letters, digits, spaces and _ . : / = + - @"),
  { error: "an object of tags" },
);

// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
const role = textLike(
  /^[\w+=,.@-]{1,64}$/,
  "the name of an IAM role (not its ARN): 1 to 64 letters, digits and + = , . @ _ -",
);

// Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
const secretName = textLike(
  /^(?=.{1,512}$)ecr-pullthroughcache\/[a-zA-Z0-9/_+=.@-]+$/,
  `a name that begins with ${SECRET_NAME_PREFIX} (ECR may read no other secret), then letters, digits and / _ + = . @ -`,
);

const KMS_KEY =
  "a key's full ARN, arn:PARTITION:kms:REGION:ACCOUNT:key/ID; ECR takes no alias, and only a key of the same region";
const kmsKey = textLike(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key\/[a-zA-Z0-9-]+$/, KMS_KEY);

const region = textLike(REGION_PATTERN, "a region such as us-east-1").refine(
  (name) => !REGIONS_WITHOUT_PULL_THROUGH_CACHE.includes(name),
  {
    error: `a region where ECR has a pull-through cache: not ${REGIONS_WITHOUT_PULL_THROUGH_CACHE.join(", ")}`,
  },
);

const adoptable = ["rule", "template", "secret"] as const;
const ADOPT = `true, false, or a list out of ${adoptable.join(", ")}`;

const ENCRYPTION =
  '{ type: "AES256" } or { type: "KMS", kmsKey: an ARN, or a list of one ARN for each region }';

const commonRule = {
  prefix: prefix.optional(),
  upstreamPrefix: prefix.optional(),
  // Checked by lifecycleProblems, which knows the grammar across rules.
  retention: z.unknown().optional(),
  encryption: z
    .discriminatedUnion(
      "type",
      [
        strictObject({ type: z.literal("AES256") }, ENCRYPTION),
        strictObject(
          {
            type: z.literal("KMS"),
            kmsKey: z.union([kmsKey, z.array(kmsKey).min(1, { error: KMS_KEY })], {
              error: KMS_KEY,
            }),
          },
          ENCRYPTION,
        ),
      ],
      { error: ENCRYPTION },
    )
    .optional(),
  adopt: z
    .union([z.boolean(), z.array(z.enum(adoptable, { error: ADOPT }))], { error: ADOPT })
    .optional(),
  imageTagMutability: z
    .literal("MUTABLE", {
      error:
        "MUTABLE: the 24-hour refresh can't move an immutable tag, so an immutable cache goes stale",
    })
    .optional(),
};

const credentialSchema = (upstream: Upstream) =>
  strictObject(
    {
      username: textLike(
        /^[^\s"\\$%{}]+$/,
        'the user name at the upstream registry, without white space and " \\ $ % { }',
      ),
      version: wholeNumber(1).optional(),
      secretName: secretName.optional(),
    },
    `{ username: … }: ECR takes no rule for ${upstream.title} without a credential`,
    (key) =>
      /token|password|secret/i.test(key)
        ? "username, version, secretName; the token is in no file: it is a variable of the credentials stack"
        : undefined,
  );

const nothing = (reason: string) => z.undefined({ error: `nothing: ${reason}` }).optional();

function ruleSchema(name: UpstreamName) {
  const upstream = upstreamOf(name);
  return strictObject(
    {
      upstream: z.literal(name),
      ...commonRule,
      registry: upstream.registryPattern
        ? textLike(upstream.registryPattern, upstream.registryForm ?? "")
        : nothing(`the registry of ${upstream.title} is always ${upstream.url}`),
      credential:
        upstream.credential === "required"
          ? credentialSchema(upstream)
          : nothing(`ECR pulls from ${upstream.title} without a credential`),
    },
    "a rule, { upstream: … }",
  );
}

const PROVIDER_VERSION = `a version constraint inside ${AWS_PROVIDER_VERSION}, such as "~> 6.28"`;

const [firstRule, ...otherRules] = upstreamNames.map(ruleSchema);

const environmentSchema = strictObject(
  {
    name: textLike(
      /^(?!.*-credentials$)[A-Za-z][A-Za-z0-9_-]{0,31}$/,
      "a letter, then at most 31 letters, digits, _ and -; not ending in -credentials",
    ),
    account,
    regions: z
      .array(region, { error: "a list of regions" })
      .min(1, { error: "at least one region" }),
    formerRegions: z.array(region, { error: "a list of regions" }).optional(),
    backend: backendSchema.optional(),
    tags: tags.optional(),
    rules: z
      .array(
        z.discriminatedUnion("upstream", [firstRule!, ...otherRules], {
          error: noSuchKind("a rule, { upstream: … }", upstreamNames),
        }),
        { error: "a list of rules" },
      )
      .min(1, { error: "at least one rule" })
      .max(MAX_RULES_PER_REGISTRY, {
        error: `at most ${MAX_RULES_PER_REGISTRY} rules, ECR's quota for an account and region`,
      }),
    retention: z.unknown().optional(),
    access: strictObject(
      {
        roles: z.array(role, { error: "a list of role names" }).optional(),
        accounts: z.array(account, { error: "a list of account ids" }).optional(),
      },
      "{ roles: […], accounts: […] }",
    ).optional(),
    maintenance: maintenanceSchema.optional(),
    awsProviderVersion: z
      .string({ error: PROVIDER_VERSION })
      .refine(narrowsAwsProviderVersion, { error: PROVIDER_VERSION })
      .optional(),
  },
  "an environment, { name, account, regions, rules, … }",
);

// ---------------------------------------------------------------------------------------------------------------
// What fields must keep to together. These run on whatever is sound by itself, so that all problems are seen at once.

/** Whether nothing is wrong at a path, nor above or below it. */
type Sound = (...path: PropertyKey[]) => boolean;

type Check = (input: EnvironmentInput, sound: Sound) => Problem[];

/** A check of each rule by itself, with the path of the rule. */
const eachRule =
  (
    check: (
      rule: RuleInput,
      path: readonly PropertyKey[],
      input: EnvironmentInput,
      sound: Sound,
    ) => Problem[],
  ): Check =>
  (input, sound) =>
    rulesOf(input).flatMap((rule, index) =>
      sound("rules", index, "upstream") ? check(rule, ["rules", index], input, sound) : [],
    );

function rulesOf(input: EnvironmentInput): readonly RuleInput[] {
  return Array.isArray(input.rules) ? (input.rules as RuleInput[]) : [];
}

/** A rule's prefix as ECR uses it: the default if none is given, and no trailing slash, which ECR implies. */
function prefixOf(rule: RuleInput): string {
  return (rule.prefix ?? upstreamOf(rule.upstream).defaultPrefix).replace(/\/$/, "");
}

function repeated(values: readonly string[]): { value: string; index: number; first: number }[] {
  return values
    .map((value, index) => ({ value, index, first: values.indexOf(value) }))
    .filter(({ index, first }) => first !== index);
}

const noRepetition: Check = (input) => {
  const lists: [PropertyKey[], unknown, string][] = [
    [["regions"], input.regions, "each region once"],
    [["formerRegions"], input.formerRegions, "each region once"],
    [["access", "roles"], input.access?.roles, "each role once"],
    [["access", "accounts"], input.access?.accounts, "each account once"],
  ];
  return lists.flatMap(([path, list, allowed]) =>
    Array.isArray(list)
      ? repeated(list as string[]).map(({ value, index }) => ({
          path: [...path, index],
          found: `${show(value)} again`,
          allowed,
        }))
      : [],
  );
};

const distinctPrefixes: Check = (input, sound) => {
  const named = rulesOf(input)
    .map((rule, index) => ({ rule, index }))
    .filter(({ index }) => sound("rules", index, "prefix") && sound("rules", index, "upstream"))
    .map(({ rule, index }) => ({ index, prefix: prefixOf(rule), credential: rule.credential }));

  const samePrefix = repeated(named.map((rule) => rule.prefix)).map(({ value, index, first }) => ({
    path: ["rules", named[index]!.index, "prefix"],
    found: `${show(value)}, as in rules[${named[first]!.index}]`,
    allowed: "a prefix once in an environment",
  }));

  const managed = named.filter(({ credential }) => credential && !credential.secretName);
  const sameVariable = repeated(managed.map((rule) => tokenVariable(rule.prefix)))
    .filter(({ index, first }) => managed[index]!.prefix !== managed[first]!.prefix)
    .map(({ value, index, first }) => ({
      path: ["rules", managed[index]!.index, "prefix"],
      found: `${show(managed[index]!.prefix)}, whose token variable ${value} is also that of rules[${managed[first]!.index}]`,
      allowed: "prefixes that differ in more than their separators",
    }));
  return [...samePrefix, ...sameVariable];
};

const rootHasNoUpstreamPrefix = eachRule((rule, path) =>
  rule.prefix === ROOT && rule.upstreamPrefix !== undefined
    ? [
        {
          path: [...path, "upstreamPrefix"],
          found: show(rule.upstreamPrefix),
          allowed: "nothing with the prefix ROOT: ECR maps ROOT to all of the upstream",
        },
      ]
    : [],
);

const soundRetention: Check = (input) =>
  input.retention === undefined ? [] : lifecycleProblems(input.retention, ["retention"]);

const soundRuleRetention = eachRule((rule, path) =>
  rule.retention === undefined ? [] : lifecycleProblems(rule.retention, [...path, "retention"]),
);

const soundTags: Check = ({ tags: given }) => {
  if (typeof given !== "object" || given === null) return [];
  const keys = Object.keys(given);
  const problems = keys
    .filter((key) => !TAG_KEY.test(key))
    .map((key): Problem => ({
      path: ["tags", key],
      found: `the key ${show(key)}`,
      allowed:
        "a key of 1 to 128 letters, digits, spaces and _ . : / = + - @, not beginning with aws:",
    }));
  for (const { index, first } of repeated(keys.map((key) => key.toLowerCase()))) {
    problems.push({
      path: ["tags", keys[index]!],
      found: `the key ${show(keys[index])} beside ${show(keys[first])}`,
      allowed: "keys that differ in more than case, which IAM ignores",
    });
  }
  if (keys.length > MAX_TAGS) {
    problems.push({
      path: ["tags"],
      found: `${keys.length} tags`,
      allowed: `at most ${MAX_TAGS} tags`,
    });
  }
  return problems;
};

const otherAccounts: Check = (input) =>
  Array.isArray(input.access?.accounts)
    ? input.access.accounts.flatMap((id, index) =>
        id === input.account
          ? [
              {
                path: ["access", "accounts", index],
                found: `${show(id)}, the environment's own account`,
                allowed: "other accounts; roles of this account go into access.roles",
              },
            ]
          : [],
      )
    : [];

const keyInEveryRegion = eachRule((rule, path, input, sound) => {
  const at = [...path, "encryption", "kmsKey"];
  if (rule.encryption?.type !== "KMS" || !sound(...at) || !sound("regions")) return [];
  const found = kmsKeysOf(rule.encryption).map((arn) => arn.split(":")[3] ?? "");
  const wanted = [...input.regions].sort().join(", ");
  return [...found].sort().join(", ") === wanted
    ? []
    : [
        {
          path: at,
          found: `${found.length === 1 ? "a key" : "keys"} in ${found.join(", ")}`,
          allowed: `one key in each region: ${wanted}`,
        },
      ];
});

const notItsOwnUpstream = eachRule((rule, path, input, sound) => {
  if (rule.upstream !== "ecr" || !sound(...path, "registry") || !sound("regions")) return [];
  const registry = parseRegistryHost(rule.registry);
  return registry?.account === input.account && input.regions.includes(registry.region)
    ? [
        {
          path: [...path, "registry"],
          found: `${show(rule.registry)}, a registry of this environment`,
          allowed: "a registry of another account or region",
        },
      ]
    : [];
});

const onePartition: Check = (input, sound) => {
  if (!sound("regions") || !sound("formerRegions")) return [];
  const [first, ...others] = [...input.regions, ...(input.formerRegions ?? [])];
  const foreign = others.find((name) => partitionOf(name) !== partitionOf(first!));
  return foreign === undefined
    ? []
    : [
        {
          path: ["regions"],
          found: `${first} of the partition ${partitionOf(first!)} and ${foreign} of ${partitionOf(foreign)}`,
          allowed: "regions of one partition: an account is in one",
        },
      ];
};

const secretToAdopt = eachRule((rule, path) =>
  Array.isArray(rule.adopt) &&
  (rule.adopt as Adoptable[]).includes("secret") &&
  !(rule.credential && rule.credential.secretName === undefined)
    ? [
        {
          path: [...path, "adopt"],
          found: '"secret"',
          allowed: "rule and template: the credentials stack makes no secret for this rule",
        },
      ]
    : [],
);

const formerRegionsAreNotRegions: Check = (input) =>
  Array.isArray(input.formerRegions) && Array.isArray(input.regions)
    ? (input.formerRegions as string[]).flatMap((name, index) =>
        input.regions.includes(name)
          ? [
              {
                path: ["formerRegions", index],
                found: `${show(name)}, which is in regions`,
                allowed: "regions that the cache was taken out of",
              },
            ]
          : [],
      )
    : [];

const soundMaintenance: Check = (input, sound) =>
  input.maintenance && sound("maintenance") && sound("regions") && sound("tags")
    ? maintenanceProblems(input.maintenance, input.regions, input.tags ?? {})
    : [];

const checks: readonly Check[] = [
  noRepetition,
  formerRegionsAreNotRegions,
  onePartition,
  distinctPrefixes,
  rootHasNoUpstreamPrefix,
  soundRetention,
  soundRuleRetention,
  soundTags,
  otherAccounts,
  keyInEveryRegion,
  notItsOwnUpstream,
  secretToAdopt,
  soundMaintenance,
];

/** Where a token may stand by mistake: in place of a credential, or in a field of it that takes no text. */
const mayBeToken = (path: readonly PropertyKey[]) =>
  path.includes("credential") && !["username", "secretName"].includes(String(path.at(-1)));

function problemsOf(input: unknown): Problem[] {
  const shape = schemaProblems(environmentSchema, input, [], mayBeToken);
  if (typeof input !== "object" || input === null) return shape;
  const sound: Sound = (...path) =>
    !shape.some((problem) =>
      path.slice(0, problem.path.length).every((part, index) => part === problem.path[index]),
    );
  return [...shape, ...checks.flatMap((check) => check(input as EnvironmentInput, sound))];
}

// ---------------------------------------------------------------------------------------------------------------
// Filling in

/** The name of the Terraform variable that takes the token of a rule's credential, such as `docker_hub_access_token`. */
export function tokenVariable(rulePrefix: string): string {
  const name = rulePrefix.replace(/[^A-Za-z0-9]+/g, "_").toLowerCase();
  return `${/^[0-9]/.test(name) ? "upstream_" : ""}${name}_access_token`;
}

/** The rules whose secrets the credentials stack makes. */
export function managedRules(
  environment: Environment,
): (Rule & { readonly credential: Credential })[] {
  return environment.rules.flatMap((rule) =>
    rule.credential?.managed ? [{ ...rule, credential: rule.credential }] : [],
  );
}

function kmsKeysOf({ kmsKey: keys }: EncryptionInput & { type: "KMS" }): readonly string[] {
  return typeof keys === "string" ? [keys] : keys;
}

function resolveEncryption(encryption: EncryptionInput | undefined): Encryption {
  if (encryption?.type !== "KMS") return { type: "AES256" };
  return {
    type: "KMS",
    kmsKeys: Object.fromEntries(kmsKeysOf(encryption).map((arn) => [arn.split(":")[3] ?? "", arn])),
  };
}

function resolveRule(rule: RuleInput, environment: EnvironmentInput): Rule {
  const rulePrefix = prefixOf(rule);
  const { credential } = rule;
  const upstreamUrl = upstreamOf(rule.upstream).url ?? rule.registry ?? "";
  return {
    upstream: rule.upstream,
    prefix: rulePrefix,
    upstreamUrl,
    // ROOT is what ECR takes for "no prefix".
    ...(rule.upstreamPrefix !== undefined &&
      rule.upstreamPrefix !== ROOT && { upstreamPrefix: rule.upstreamPrefix.replace(/\/$/, "") }),
    ...(credential && {
      credential: {
        username: credential.username,
        version: credential.version ?? 1,
        secretName: credential.secretName ?? `${SECRET_NAME_PREFIX}${rulePrefix}`,
        managed: credential.secretName === undefined,
      },
    }),
    lifecyclePolicy: lifecyclePolicy(rule.retention ?? environment.retention ?? DEFAULT_RETENTION),
    encryption: resolveEncryption(rule.encryption),
    adopt: Array.isArray(rule.adopt) ? (rule.adopt as Adoptable[]) : rule.adopt ? adoptable : [],
  };
}

function environmentLabel(input: unknown): string {
  const name = (input as { name?: unknown } | null | undefined)?.name;
  if (typeof name !== "string" || name === "") return "environment without a name";
  return `environment ${/^[\w-]+$/.test(name) ? name : show(name)}`;
}

function refuse(problems: readonly Problem[], input: unknown): void {
  if (problems.length === 0) return;
  throw new UserError(
    problems.map((problem) => formatProblem(problem, environmentLabel(input))).join("\n"),
  );
}

/**
 * Checks an environment and fills in its defaults.
 *
 * @throws UserError with one line for each thing that ECR or Terraform would refuse, or accept and quietly break:
 * the environment, the field, what was found, what is allowed.
 */
export function defineEnvironment(input: EnvironmentInput): Environment {
  refuse(problemsOf(input), input);
  const maintenance = resolveMaintenance(input.maintenance);
  const environment: Environment = {
    name: input.name,
    account: input.account,
    regions: [...input.regions],
    formerRegions: [...(input.formerRegions ?? [])],
    backend: input.backend ?? { type: "local" },
    tags: { ...input.tags },
    rules: input.rules.map((rule) => resolveRule(rule, input)),
    access: {
      roles: [...(input.access?.roles ?? [])],
      accounts: [...(input.access?.accounts ?? [])],
    },
    ...(maintenance && { maintenance }),
    awsProviderVersion: input.awsProviderVersion ?? AWS_PROVIDER_VERSION,
  };
  refuse(policyLengthProblems(environment), input);
  return environment;
}

function policyLengthProblems(environment: Environment): Problem[] {
  const lengthOf = (policy: PolicyDocument | undefined) =>
    policy ? formatPolicy(policy).length : 0;
  const problems: Problem[] = [];

  const { region, length } = environment.regions
    .map((name) => ({ region: name, length: lengthOf(registryPolicy(environment, name)) }))
    .reduce((longest, other) => (other.length > longest.length ? other : longest));
  if (length > MAX_REGISTRY_POLICY_LENGTH) {
    problems.push({
      path: ["access", "accounts"],
      found: `a registry policy of ${length} characters in ${region}`,
      allowed: `at most ${MAX_REGISTRY_POLICY_LENGTH}: fewer accounts, or fewer or shorter prefixes`,
    });
  }

  const roleLength = lengthOf(templateRolePolicy(environment));
  if (roleLength > MAX_ROLE_POLICY_LENGTH) {
    problems.push({
      path: ["regions"],
      found: `a policy of ${roleLength} characters for the role that makes repositories`,
      allowed: `at most ${MAX_ROLE_POLICY_LENGTH}: fewer regions in one environment, or fewer or shorter prefixes`,
    });
  }
  return problems;
}

/**
 * Checks what environments must keep to among themselves.
 *
 * @throws UserError with one line for each name and each state that is taken twice, and for each prefix or per-registry
 * singleton that two environments of one account and region would both own.
 */
export function checkEnvironments(environments: readonly Environment[]): void {
  const lines: string[] = [];
  const names = environments.map(({ name }) => name);
  for (const { index, first } of repeated(names.map((name) => name.toLowerCase()))) {
    lines.push(
      `environments[${index}]: name: found ${show(names[index])}, beside ${show(names[first])} in environments[${first}]; allowed: a name once, whatever its case`,
    );
  }
  if (lines.length === 0) lines.push(...sharedStateLines(environments));

  const registries = new Map<string, Environment[]>();
  for (const environment of environments) {
    for (const region of environment.regions) {
      const key = `account ${environment.account} in ${region}`;
      registries.set(key, [...(registries.get(key) ?? []), environment]);
    }
  }
  for (const [registry, owners] of registries) {
    lines.push(...registryLines(registry, owners));
  }
  if (lines.length > 0) throw new UserError(lines.join("\n"));
}

function sharedStateLines(environments: readonly Environment[]): string[] {
  const states = environments.flatMap((environment) => {
    const kinds: StackKind[] =
      managedRules(environment).length > 0 ? ["cache", "credentials"] : ["cache"];
    return kinds.map((kind) => {
      const stack = stackName(environment, kind);
      return {
        environment: environment.name,
        stack,
        location: stateLocation(stackBackend(environment.backend, kind, stack)),
      };
    });
  });
  return repeated(states.map(({ location }) => location)).map(
    ({ index, first }) =>
      `environment ${states[index]?.environment}: backend: found the state of stack ${states[first]?.stack} also for stack ${states[index]?.stack}; allowed: a state of its own for each stack`,
  );
}

function registryLines(registry: string, owners: readonly Environment[]): string[] {
  const lines: string[] = [];
  const owned = owners.flatMap(({ name, rules }) =>
    rules.map((rule) => ({ name, prefix: rule.prefix })),
  );
  for (const { value, index, first } of repeated(owned.map((one) => one.prefix))) {
    lines.push(
      `environment ${owned[index]?.name}: rules: found prefix ${show(value)}, which environment ${owned[first]?.name} has too for ${registry}; allowed: a prefix in one environment of an account and region`,
    );
  }
  if (owned.length > MAX_RULES_PER_REGISTRY) {
    lines.push(
      `environments ${owners.map(({ name }) => name).join(", ")}: rules: found ${owned.length} rules for ${registry}; allowed: at most ${MAX_RULES_PER_REGISTRY}, ECR's quota`,
    );
  }
  const policyOwners = owners.filter(({ access }) => access.accounts.length > 0);
  if (policyOwners.length > 1) {
    lines.push(
      `environments ${policyOwners.map(({ name }) => name).join(", ")}: access.accounts: found in each for ${registry}; allowed: in one of them, since a registry has one registry policy`,
    );
  }
  return lines;
}
