import * as z from "zod";
import { type Backend, backendSchemaUnion } from "./backend";
import {
  DEFAULT_RETENTION,
  type LifecyclePolicyDocument,
  lifecyclePolicy,
  lifecycleProblems,
  type Retention,
} from "./lifecycle-policy";
import { MAX_REGISTRY_POLICY_LENGTH, registryPolicy, formatPolicy } from "./policies";
import { formatProblem, type Problem, show } from "./problem";
import { AWS_PROVIDER_VERSION, narrowsAwsProviderVersion } from "./provider-version";
import { parseRegistryHost, REGION_PATTERN, REGIONS_WITHOUT_PULL_THROUGH_CACHE } from "./region";
import { type UpstreamName, upstreamNames, upstreamOf, type upstreams } from "./upstreams";
import { UserError } from "./user-error";

/*
 * The environment: what a cache is. The stacks, the image names and the operator's commands are derived from it.
 */

/** Rules in one registry, that is in one account and region; AWS does not raise it. */
export const MAX_RULES_PER_REGISTRY = 50;

/** What the names of the secrets begin with that ECR may read. */
export const SECRET_NAME_PREFIX = "ecr-pullthroughcache/";

/** The prefix of the rule for all repositories that no other rule covers. */
export const ROOT = "ROOT";

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
  readonly secretName?: string;
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
  readonly backend: Backend;
  readonly tags: Readonly<Record<string, string>>;
  readonly rules: readonly Rule[];
  readonly access: { readonly roles: readonly string[]; readonly accounts: readonly string[] };
  readonly awsProviderVersion: string;
}

// ---------------------------------------------------------------------------------------------------------------
// The shape, field by field. The message of each check says what is allowed.

const ACCOUNT = "12 digits, as text";
const account = z.string({ error: ACCOUNT }).regex(/^[0-9]{12}$/, { error: ACCOUNT });

const PREFIX =
  "2 to 30 lower-case letters and digits, parted by single . _ - or /, or ROOT (what the AWS provider takes)";
// Source: the validation of aws_ecr_pull_through_cache_rule, which is narrower than ECR's own.
const prefix = z
  .string({ error: PREFIX })
  .min(2, { error: PREFIX })
  .max(30, { error: PREFIX })
  .regex(/^((?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*\/?|ROOT)$/, {
    error: PREFIX,
  });

// Source: https://docs.aws.amazon.com/general/latest/gr/aws_tagging.html
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const MAX_TAGS = 50;
const TAGS = `an object of at most ${MAX_TAGS} tags`;
const tagValueError = "a text of at most 256 letters, digits, spaces and _ . : / = + - @";
const tags = z.record(
  z.string(),
  z
    .string({ error: tagValueError })
    .max(256, { error: tagValueError })
    .regex(TAG_TEXT, { error: tagValueError }),
  { error: TAGS },
);

const ROLE = "the name of an IAM role (not its ARN): 1 to 64 letters, digits and + = , . @ _ -";
const role = z.string({ error: ROLE }).regex(/^[\w+=,.@-]{1,64}$/, { error: ROLE });

const SECRET_NAME = `a name below ${SECRET_NAME_PREFIX}, at most 512 letters, digits and / _ + = . @ -; ECR may read no other secret`;
const secretName = z
  .string({ error: SECRET_NAME })
  .max(512, { error: SECRET_NAME })
  .regex(/^ecr-pullthroughcache\/[a-zA-Z0-9/_+=.@-]+$/, { error: SECRET_NAME });

const KMS_KEY =
  "a key's full ARN, arn:PARTITION:kms:REGION:ACCOUNT:key/ID; ECR takes no alias, and only a key of the same region";
const kmsKey = z
  .string({ error: KMS_KEY })
  .regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key\/[a-zA-Z0-9-]+$/, {
    error: KMS_KEY,
  });

const text = (allowed: string) => z.string({ error: allowed }).min(1, { error: allowed });

const adoptable = ["rule", "template", "secret"] as const;

const ENCRYPTION =
  '{ type: "AES256" } or { type: "KMS", kmsKey: ARN or a list of one ARN for each region }';

const commonRule = {
  prefix: prefix.optional(),
  upstreamPrefix: prefix.optional(),
  retention: z.unknown().optional(),
  encryption: z
    .discriminatedUnion(
      "type",
      [
        z.strictObject({ type: z.literal("AES256") }),
        z.strictObject({
          type: z.literal("KMS"),
          kmsKey: z.union([kmsKey, z.array(kmsKey).min(1, { error: KMS_KEY })], { error: KMS_KEY }),
        }),
      ],
      { error: ENCRYPTION },
    )
    .optional(),
  adopt: z
    .union([z.boolean(), z.array(z.enum(adoptable))], {
      error: `true, false, or a list out of ${adoptable.join(", ")}`,
    })
    .optional(),
  imageTagMutability: z
    .literal("MUTABLE", {
      error:
        "MUTABLE: the 24-hour refresh can't move an immutable tag, so an immutable cache goes stale",
    })
    .optional(),
};

const TOKEN_KEYS = ["accessToken", "token", "password"];

const credentialSchema = (error: string) =>
  z.strictObject(
    {
      username: text("the user name at the upstream registry"),
      version: z
        .int({ error: "a whole number from 1" })
        .min(1, { error: "a whole number from 1" })
        .optional(),
      secretName: secretName.optional(),
    },
    {
      error: (issue) =>
        issue.code === "unrecognized_keys" && issue.keys.some((key) => TOKEN_KEYS.includes(key))
          ? "username, version, secretName; the token is in no file, it is a variable of the credentials stack"
          : issue.code === "unrecognized_keys"
            ? undefined
            : error,
    },
  );

function ruleSchema(name: UpstreamName) {
  const upstream = upstreamOf(name);
  return z.strictObject({
    upstream: z.literal(name),
    ...commonRule,
    registry: upstream.registryPattern
      ? z
          .string({ error: upstream.registryForm ?? "" })
          .regex(upstream.registryPattern, { error: upstream.registryForm ?? "" })
      : z
          .undefined({
            error: `nothing: the registry of ${upstream.title} is always ${upstream.url}`,
          })
          .optional(),
    credential:
      upstream.credential === "required"
        ? credentialSchema(
            `{ username: … }: ECR takes no rule for ${upstream.title} without a credential`,
          )
        : z
            .undefined({ error: `nothing: ECR pulls from ${upstream.title} without a credential` })
            .optional(),
  });
}

const [firstUpstream, ...otherUpstreams] = upstreamNames.map(ruleSchema);

const environmentName =
  "a letter, then at most 31 letters, digits, _ and -; not ending in -credentials";

const environmentSchema = z.strictObject(
  {
    name: z
      .string({ error: environmentName })
      .regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, { error: environmentName })
      .regex(/(?<!-credentials)$/, { error: environmentName }),
    account,
    regions: z
      .array(
        z
          .string({ error: "a region such as us-east-1" })
          .regex(REGION_PATTERN, { error: "a region such as us-east-1" })
          .refine((region) => !REGIONS_WITHOUT_PULL_THROUGH_CACHE.includes(region), {
            error: `a region where ECR has a pull-through cache: not ${REGIONS_WITHOUT_PULL_THROUGH_CACHE.join(", ")}`,
          }),
        { error: "a list of regions" },
      )
      .min(1, { error: "at least one region" }),
    backend: backendSchemaUnion.optional(),
    tags: tags.optional(),
    rules: z
      .array(
        z.discriminatedUnion("upstream", [firstUpstream!, ...otherUpstreams], {
          error: `a rule, { upstream: … } with an upstream out of ${upstreamNames.join(", ")}`,
        }),
        { error: "a list of rules" },
      )
      .min(1, { error: "at least one rule" }),
    retention: z.unknown().optional(),
    access: z
      .strictObject(
        {
          roles: z.array(role, { error: "a list of role names" }).optional(),
          accounts: z.array(account, { error: "a list of account ids" }).optional(),
        },
        { error: "{ roles: […], accounts: […] }" },
      )
      .optional(),
    awsProviderVersion: z
      .string({ error: "a version constraint" })
      .refine(narrowsAwsProviderVersion, {
        error: `a version constraint inside ${AWS_PROVIDER_VERSION}, such as "~> 6.28"`,
      })
      .optional(),
  },
  { error: "an environment, { name, account, regions, rules, … }" },
);

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key],
    value,
  );
}

/** The keys that an object at a path may have, for a message about one that it may not have. */
function toProblems(issue: z.core.$ZodIssue, input: unknown): Problem[] {
  const path = issue.path;
  if (issue.code === "unrecognized_keys") {
    // The value is not shown: an unknown key may well hold a secret.
    return issue.keys.map((key) => ({
      path: [...path, key],
      found: "an unknown key",
      allowed: issue.message.startsWith("Unrecognized")
        ? "only the documented keys (docs/environments.md)"
        : issue.message,
    }));
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // A plain union (of a text and a list, say): the branch that got furthest says most.
    const deepest =
      [...issue.errors].sort((a, b) => (b[0]?.path.length ?? 0) - (a[0]?.path.length ?? 0))[0] ??
      [];
    if (deepest.some((inner) => inner.path.length > 0)) {
      return deepest.flatMap((inner) =>
        toProblems({ ...inner, path: [...path, ...inner.path] }, input),
      );
    }
  }
  return [{ path, found: show(valueAt(input, path)), allowed: issue.message }];
}

// ---------------------------------------------------------------------------------------------------------------
// What fields must keep to together. These run on whatever is sound by itself, so that all problems are seen at once.

type Check = (input: EnvironmentInput, sound: (...path: PropertyKey[]) => boolean) => Problem[];

/** A rule's prefix as ECR uses it: the default if none is given, and no trailing slash, which ECR implies. */
function prefixOf(rule: RuleInput): string {
  return (rule.prefix ?? upstreamOf(rule.upstream).defaultPrefix).replace(/\/$/, "");
}

function repeated(values: readonly string[]): { value: string; index: number; first: number }[] {
  return values
    .map((value, index) => ({ value, index, first: values.indexOf(value) }))
    .filter(({ index, first }) => first !== index);
}

const noRepetition: Check = (input, sound) => {
  const lists: [PropertyKey[], readonly string[] | undefined, string][] = [
    [["regions"], input.regions, "each region once"],
    [["access", "roles"], input.access?.roles, "each role once"],
    [["access", "accounts"], input.access?.accounts, "each account once"],
  ];
  return lists.flatMap(([path, list, allowed]) =>
    list && sound(...path)
      ? repeated(list).map(({ value, index }) => ({
          path: [...path, index],
          found: `${show(value)} again`,
          allowed,
        }))
      : [],
  );
};

const distinctPrefixes: Check = (input, sound) => {
  if (!sound("rules") && !Array.isArray(input.rules)) return [];
  const prefixes = input.rules.map((rule, index) =>
    sound("rules", index, "prefix") && sound("rules", index, "upstream")
      ? prefixOf(rule)
      : `invalid ${index}`,
  );
  const problems: Problem[] = repeated(prefixes).map(({ value, index, first }) => ({
    path: ["rules", index, "prefix"],
    found: `${show(value)}, as in rules[${first}]`,
    allowed: "a prefix once in an environment",
  }));
  const managed = prefixes.map((name, index) =>
    input.rules[index]?.credential && !input.rules[index].credential.secretName
      ? tokenVariable(name)
      : `none ${index}`,
  );
  for (const { value, index, first } of repeated(managed)) {
    if (prefixes[index] === prefixes[first]) continue;
    problems.push({
      path: ["rules", index, "prefix"],
      found: `${show(prefixes[index])}, whose token variable ${value} is also that of rules[${first}]`,
      allowed: "prefixes that differ in more than their separators",
    });
  }
  return problems;
};

const rootHasNoUpstreamPrefix: Check = (input, sound) =>
  (Array.isArray(input.rules) ? input.rules : []).flatMap((rule: RuleInput, index) =>
    rule?.prefix === ROOT &&
    rule.upstreamPrefix !== undefined &&
    sound("rules", index, "upstreamPrefix")
      ? [
          {
            path: ["rules", index, "upstreamPrefix"],
            found: show(rule.upstreamPrefix),
            allowed: "nothing with the prefix ROOT: ECR maps ROOT to all of the upstream",
          },
        ]
      : [],
  );

const countedRules: Check = (input) =>
  Array.isArray(input.rules) && input.rules.length > MAX_RULES_PER_REGISTRY
    ? [
        {
          path: ["rules"],
          found: `${input.rules.length} rules`,
          allowed: `at most ${MAX_RULES_PER_REGISTRY}: ECR's quota for an account and region`,
        },
      ]
    : [];

const soundRetention: Check = (input) => [
  ...(input.retention === undefined ? [] : lifecycleProblems(input.retention, ["retention"])),
  ...(Array.isArray(input.rules) ? input.rules : []).flatMap((rule: RuleInput, index) =>
    rule?.retention === undefined
      ? []
      : lifecycleProblems(rule.retention, ["rules", index, "retention"]),
  ),
];

const soundTags: Check = (input, sound) => {
  if (!input.tags || typeof input.tags !== "object" || !sound("tags")) return [];
  const keys = Object.keys(input.tags);
  const problems = keys
    .filter(
      (key) => key.length < 1 || key.length > 128 || !TAG_TEXT.test(key) || /^aws:/i.test(key),
    )
    .map((key): Problem => ({
      path: ["tags", key],
      found: show(key),
      allowed:
        "a tag key of 1 to 128 letters, digits, spaces and _ . : / = + - @, not beginning with aws:",
    }));
  if (keys.length > MAX_TAGS) {
    problems.push({ path: ["tags"], found: `${keys.length} tags`, allowed: `at most ${MAX_TAGS}` });
  }
  return problems;
};

const otherAccounts: Check = (input, sound) =>
  !sound("access") || !sound("account")
    ? []
    : (input.access?.accounts ?? []).flatMap((id, index) =>
        id === input.account
          ? [
              {
                path: ["access", "accounts", index],
                found: `${show(id)}, the environment's own account`,
                allowed: "other accounts; roles of this account go into access.roles",
              },
            ]
          : [],
      );

const keyInEveryRegion: Check = (input, sound) => {
  if (!sound("regions") || !Array.isArray(input.rules)) return [];
  return input.rules.flatMap((rule: RuleInput, index): Problem[] => {
    const path = ["rules", index, "encryption", "kmsKey"];
    if (rule?.encryption?.type !== "KMS" || !sound(...path)) return [];
    const regions = kmsKeysOf(rule.encryption.kmsKey).map((arn) => arn.split(":")[3] ?? "");
    const wanted = [...input.regions].sort().join(", ");
    return [...regions].sort().join(", ") === wanted
      ? []
      : [
          {
            path,
            found: `a key in ${regions.join(", ")}`,
            allowed: `one key in each region: ${wanted}`,
          },
        ];
  });
};

const notItsOwnUpstream: Check = (input, sound) => {
  if (!sound("regions") || !sound("account") || !Array.isArray(input.rules)) return [];
  return input.rules.flatMap((rule: RuleInput, index): Problem[] => {
    if (rule?.upstream !== "ecr" || !sound("rules", index, "registry")) return [];
    const registry = parseRegistryHost(rule.registry);
    return registry?.account === input.account && input.regions.includes(registry.region)
      ? [
          {
            path: ["rules", index, "registry"],
            found: `${show(rule.registry)}, the environment's own registry`,
            allowed: "a registry of another account or region",
          },
        ]
      : [];
  });
};

const checks: readonly Check[] = [
  noRepetition,
  countedRules,
  distinctPrefixes,
  rootHasNoUpstreamPrefix,
  soundRetention,
  soundTags,
  otherAccounts,
  keyInEveryRegion,
  notItsOwnUpstream,
];

function problemsOf(input: unknown): Problem[] {
  const parsed = environmentSchema.safeParse(input);
  const shape = parsed.success
    ? []
    : parsed.error.issues.flatMap((issue) => toProblems(issue, input));
  if (typeof input !== "object" || input === null) return shape;
  const sound = (...path: PropertyKey[]) =>
    !shape.some((problem) => {
      const common = Math.min(path.length, problem.path.length);
      return path.slice(0, common).every((part, index) => part === problem.path[index]);
    });
  return [...shape, ...checks.flatMap((check) => check(input as EnvironmentInput, sound))];
}

// ---------------------------------------------------------------------------------------------------------------
// Filling in

/** The name of the Terraform variable that takes the token of a rule's credential, such as `docker_hub_access_token`. */
export function tokenVariable(rulePrefix: string): string {
  const name = rulePrefix.replace(/[^A-Za-z0-9]+/g, "_").toLowerCase();
  return `${/^[0-9]/.test(name) ? "upstream_" : ""}${name}_access_token`;
}

function kmsKeysOf(kmsKeys: string | readonly string[]): readonly string[] {
  return typeof kmsKeys === "string" ? [kmsKeys] : kmsKeys;
}

function resolveEncryption(encryption: EncryptionInput | undefined): Encryption {
  if (encryption?.type !== "KMS") return { type: "AES256" };
  return {
    type: "KMS",
    kmsKeys: Object.fromEntries(
      kmsKeysOf(encryption.kmsKey).map((arn) => [arn.split(":")[3] ?? "", arn]),
    ),
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
  return `environment ${typeof name === "string" ? name : "without a name"}`;
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
  const environment: Environment = {
    name: input.name,
    account: input.account,
    regions: [...input.regions],
    backend: input.backend ?? { type: "local" },
    tags: { ...input.tags },
    rules: input.rules.map((rule) => resolveRule(rule, input)),
    access: {
      roles: [...(input.access?.roles ?? [])],
      accounts: [...(input.access?.accounts ?? [])],
    },
    awsProviderVersion: input.awsProviderVersion ?? AWS_PROVIDER_VERSION,
  };
  refuse(registryPolicyProblems(environment), input);
  return environment;
}

function registryPolicyProblems(environment: Environment): Problem[] {
  return environment.regions
    .flatMap((region): Problem[] => {
      const policy = registryPolicy(environment, region);
      const length = policy ? formatPolicy(policy).length : 0;
      return length > MAX_REGISTRY_POLICY_LENGTH
        ? [
            {
              path: ["access", "accounts"],
              found: `a registry policy of ${length} characters in ${region}`,
              allowed: `at most ${MAX_REGISTRY_POLICY_LENGTH}: fewer accounts, or fewer or shorter prefixes`,
            },
          ]
        : [];
    })
    .slice(0, 1);
}

/**
 * Checks what environments must keep to among themselves.
 *
 * @throws UserError with one line for each name that is taken twice, and for each prefix or per-registry singleton that
 * two environments of one account and region would both own.
 */
export function checkEnvironments(environments: readonly Environment[]): void {
  const lines: string[] = [];
  const names = environments.map(({ name }) => name);
  for (const { value, index, first } of repeated(names)) {
    lines.push(
      `environments[${index}]: name: found ${show(value)}, as in environments[${first}]; allowed: a name once`,
    );
  }

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
