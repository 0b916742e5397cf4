import {
  type ConsumerInput,
  type EnvironmentInput,
  kmsKeysOf,
  prefixOf,
  type RegionInput,
  regionName,
  type RuleInput,
  tokenVariable,
} from "./input";
import { type Backend, backendSecretProblems, statePlaceProblems } from "./backend";
import { MAX_TAGS } from "./limits";
import { onePerRegionProblems } from "./one-per-region";
import { environmentSchema, TAG_KEY } from "./schema";
import { lifecycleProblems } from "../lifecycle-policy";
import { logicalId } from "../logical-id";
import { maintenanceProblems } from "./maintenance";
import { pruneProblems } from "./prune";
import { scanningProblems } from "./scanning";
import { MARKER_TAG } from "../marker";
import { registryStatementProblems } from "./registry-statements";
import { ROOT } from "../prefix";
import { type Problem, show } from "../problem";
import { parseRegistryHost, partitionOf } from "../region";
import { repeated } from "../repeated";
import { schemaProblems } from "../schema";
import { upstreamOf } from "../upstreams";
import { consumerStackName, type DeclaredStack, stackName } from "./stack-name";
import { valueProblems } from "./values";

/*
 * The rules that fields of an environment must follow together. The checks run on every field that is valid alone, so that all
 * problems are seen at once.
 */

/** Whether nothing is wrong at a path, nor above or below it. */
type Sound = (...path: PropertyKey[]) => boolean;

/** An environment as a user writes it, with the names of its regions. */
interface NamedInput extends Omit<EnvironmentInput, "regions" | "formerRegions"> {
  readonly regions: readonly string[];
  readonly formerRegions?: readonly string[];
}

type Check = (input: NamedInput, sound: Sound) => Problem[];

/** A check of each rule alone, with the path of the rule. */
const eachRule =
  (
    check: (
      rule: RuleInput,
      path: readonly PropertyKey[],
      input: NamedInput,
      sound: Sound,
    ) => Problem[],
  ): Check =>
  (input, sound) =>
    rulesOf(input).flatMap((rule, index) =>
      sound("rules", index, "upstream") ? check(rule, ["rules", index], input, sound) : [],
    );

function rulesOf(input: NamedInput): readonly RuleInput[] {
  return Array.isArray(input.rules) ? (input.rules as RuleInput[]) : [];
}

/** The consumers whose form is sound, with their places. */
function consumersOf(
  { access }: NamedInput,
  sound: Sound,
): { readonly consumer: ConsumerInput; readonly path: readonly PropertyKey[] }[] {
  return Array.isArray(access?.consumers)
    ? access.consumers.flatMap((consumer: ConsumerInput, index: number) => {
        const path = ["access", "consumers", index];
        return sound(...path) ? [{ consumer, path }] : [];
      })
    : [];
}

const noRepetition: Check = (input) => {
  const lists: [PropertyKey[], unknown, string][] = [
    [["regions"], input.regions, "each region once"],
    [["formerRegions"], input.formerRegions, "each region once"],
    [["access", "accounts"], input.access?.accounts, "each account once"],
    [["access", "organizations"], input.access?.organizations, "each organization once"],
    [["access", "organizationPaths"], input.access?.organizationPaths, "each path once"],
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

/** IAM's names of roles differ in more than case, and Terraform's names of what is made for them must differ too. */
function repeatedRoles(roles: readonly string[], path: readonly PropertyKey[]): Problem[] {
  const again = repeated(roles.map((role) => role.toLowerCase())).map(({ index, first }) => ({
    path: [...path, index],
    found:
      roles[index] === roles[first]
        ? `${show(roles[index])} again`
        : `${show(roles[index])} beside ${show(roles[first])}`,
    allowed: "each role once, whatever its case",
  }));
  const alike = repeated(roles.map((role) => logicalId(role)))
    .filter(({ index, first }) => roles[index] !== roles[first])
    .map(({ value, index, first }) => ({
      path: [...path, index],
      found: `${show(roles[index])}, whose resources would be ${value} in Terraform, as those of ${show(roles[first])}`,
      allowed: "one of the two; attach puller_policy_arns to the other one yourself",
    }));
  return [...again, ...alike];
}

const distinctRoles: Check = (input, sound) => [
  ...(input.access?.roles && sound("access", "roles")
    ? repeatedRoles(input.access.roles, ["access", "roles"])
    : []),
  ...consumersOf(input, sound).flatMap(({ consumer, path }) =>
    repeatedRoles(consumer.roles, [...path, "roles"]),
  ),
];

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

const rootIsNotOpen = eachRule((rule, path, _input, sound) => {
  const { prefix, upstream, allowPublicRoot, only } = rule;
  if (!sound(...path, "allowPublicRoot") || !sound(...path, "only")) return [];
  const { title, isOpen } = upstreamOf(upstream);
  const isOpenRoot = prefix === ROOT && isOpen && only === undefined;
  if (isOpenRoot && allowPublicRoot !== true) {
    return [
      {
        path: [...path, "prefix"],
        found: `${show(prefix)} over ${title}, where anybody can register the name of an image of yours`,
        allowed:
          "another prefix; or ROOT with only, or with allowPublicRoot: true, see Dependency confusion in docs/upstreams.md",
      },
    ];
  }
  return allowPublicRoot === undefined || isOpenRoot
    ? []
    : [
        {
          path: [...path, "allowPublicRoot"],
          found: show(allowPublicRoot),
          allowed:
            "nothing: it is for the prefix ROOT without only, over an upstream where anybody can register a name",
        },
      ];
});

const soundOnly = eachRule(({ only, upstream }, path, _input, sound) => {
  if (!only || !sound(...path, "only")) return [];
  const again = repeated(only).map(({ value, index }) => ({
    path: [...path, "only", index],
    found: `${show(value)} again`,
    allowed: "each repository once",
  }));
  const unofficial = only.flatMap((name, index) =>
    upstream === "docker-hub" && !/[/*]/.test(name)
      ? [
          {
            path: [...path, "only", index],
            found: show(name),
            allowed: `${show(`library/${name}`)}, as ECR names Docker Hub's official image`,
          },
        ]
      : [],
  );
  return [...again, ...unofficial];
});

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
  for (const key of keys.filter((each) => each.toLowerCase() === MARKER_TAG)) {
    problems.push({
      path: ["tags", key],
      found: `the key ${show(key)}`,
      allowed: "another key: by this one, reconciling knows what it has set",
    });
  }
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

/** An account is a consumer once, and nothing else besides. */
const otherConsumers: Check = (input, sound) => {
  const consumers = consumersOf(input, sound);
  const accounts = consumers.map(({ consumer }) => consumer.account);
  return consumers.flatMap(({ consumer: { account }, path }, index) => {
    const refuse = (found: string, allowed: string) => [
      { path: [...path, "account"], found: `${show(account)}${found}`, allowed },
    ];
    if (account === input.account) {
      return refuse(
        ", the environment's own account",
        "other accounts; roles of this account go into access.roles",
      );
    }
    if (accounts.indexOf(account) < index) {
      return refuse(" again", "each account once, with all of its roles");
    }
    return Array.isArray(input.access?.accounts) && input.access.accounts.includes(account)
      ? refuse(", which is in access.accounts", "an account in one of the two: a consumer may pull")
      : [];
  });
};

const soundConsumers: Check = (input, sound) =>
  sound("regions")
    ? consumersOf(input, sound).flatMap(({ consumer, path }) => [
        ...roleOfAccountProblems(consumer, input.regions, path),
        ...Object.keys(consumer.backend?.stacks ?? {})
          .filter((kind) => kind !== "consumer")
          .map((kind) => ({
            path: [...path, "backend", "stacks", kind],
            found: "settings of a stack that is not the consumer's",
            allowed: "consumer",
          })),
      ])
    : [];

const soundRegistryStatements: Check = (input, sound) => {
  const statements = input.access?.registryStatements;
  return statements === undefined ||
    !sound("regions") ||
    !sound("formerRegions") ||
    !sound("account")
    ? []
    : statements.flatMap((statement, index) => {
        const path = ["access", "registryStatements", index];
        return sound(...path) ? registryStatementProblems(statement, path, input) : [];
      });
};

/** A path in an organization that may pull as a whole says nothing, and looks like a limit. */
const pathsOfOtherOrganizations: Check = ({ access }, sound) =>
  access?.organizations && access.organizationPaths && sound("access")
    ? access.organizationPaths.flatMap((path, index) =>
        access.organizations?.includes(path.split("/")[0] ?? "")
          ? [
              {
                path: ["access", "organizationPaths", index],
                found: `${show(path)}, whose organization is in access.organizations`,
                allowed: "paths of other organizations",
              },
            ]
          : [],
      )
    : [];

const adoptsItsScanning: Check = ({ adopt, scanning }, sound) =>
  sound("adopt") && adopt?.includes("scanning") && scanning === undefined
    ? [
        {
          path: ["adopt"],
          found: '"scanning"',
          allowed: "nothing: without scanning the registry's configuration is left alone",
        },
      ]
    : [];

const adoptsWhatItHas: Check = ({ access = {}, adopt }, sound) => {
  if (!sound("access") || !sound("adopt") || !adopt?.includes("registry-policy")) return [];
  const {
    accounts = [],
    consumers = [],
    organizations = [],
    organizationPaths = [],
    registryStatements = [],
  } = access;
  const all = [accounts, consumers, organizations, organizationPaths, registryStatements];
  return all.flat().length > 0
    ? []
    : [
        {
          path: ["adopt"],
          found: '"registry-policy"',
          allowed:
            "nothing: without others in access and access.registryStatements there is no registry policy",
        },
      ];
};

const keyInEveryRegion = eachRule((rule, path, input, sound) => {
  const at = [...path, "encryption", "kmsKey"];
  if (rule.encryption?.type !== "KMS" || !sound(...at) || !sound("regions")) return [];
  const keys = kmsKeysOf(rule.encryption);
  for (const arn of keys) {
    const [, partition, , region = ""] = arn.split(":");
    if (partition === partitionOf(region)) continue;
    return [
      {
        path: at,
        found: `a key in the partition ${partition}`,
        allowed: `${partitionOf(region)}, the partition of ${region}`,
      },
    ];
  }
  return onePerRegionProblems(at, keys, input.regions, ["key", "keys"]);
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

const ownBoundary: Check = ({ permissionsBoundary, account, regions }, sound) => {
  if (permissionsBoundary === undefined) return [];
  if (!sound("permissionsBoundary") || !sound("account") || !sound("regions")) return [];
  const [, partition, , , owner] = permissionsBoundary.split(":");
  const wanted = partitionOf(regions[0]!);
  return partition === wanted && (owner === account || owner === "aws")
    ? []
    : [
        {
          path: ["permissionsBoundary"],
          found: `a policy of ${owner} in the partition ${partition}`,
          allowed: `a policy of account ${account} in the partition ${wanted}, or one of AWS's there`,
        },
      ];
};

/** The kinds and regions that a rule says exist already; those that are not sound, as they are. */
const adopted = (rule: RuleInput) => (typeof rule.adopt === "object" ? rule.adopt : []);

/** Whether the role that is assumed is of the account that the provider is restricted to. */
function roleOfAccountProblems(
  { assumeRole, account }: Pick<EnvironmentInput, "assumeRole" | "account">,
  regions: readonly string[],
  path: readonly PropertyKey[] = [],
): Problem[] {
  if (!assumeRole) return [];
  const [, partition, , , owner] = assumeRole.roleArn.split(":");
  const wanted = partitionOf(regions[0]!);
  return partition === wanted && owner === account
    ? []
    : [
        {
          path: [...path, "assumeRole", "roleArn"],
          found: `a role of ${owner} in the partition ${partition}`,
          allowed: `a role of account ${account} in the partition ${wanted}: the provider refuses every other account`,
        },
      ];
}

const roleOfOwnAccount: Check = (input, sound) =>
  sound("assumeRole") && sound("account") && sound("regions")
    ? roleOfAccountProblems(input, input.regions)
    : [];

const secretToAdopt = eachRule((rule, path, _input, sound) => {
  if (!sound(...path, "adopt")) return [];
  const wantsSecret = adopted(rule).some((entry) =>
    typeof entry === "string" ? entry === "secret" : entry.kinds.includes("secret"),
  );
  return wantsSecret && !(rule.credential && rule.credential.secretName === undefined)
    ? [
        {
          path: [...path, "adopt"],
          found: '"secret"',
          allowed: "rule and template: the credentials stack makes no secret for this rule",
        },
      ]
    : [];
});

const regionsToAdopt = eachRule((rule, path, { regions }, sound) => {
  if (!sound(...path, "adopt") || !sound("regions")) return [];
  return adopted(rule).flatMap((entry, index) =>
    typeof entry === "string"
      ? []
      : entry.regions.flatMap((given, place) => {
          const name = regionName(given);
          return regions.includes(name)
            ? []
            : [
                {
                  path: [...path, "adopt", index, "regions", place],
                  found: show(name),
                  allowed: `regions of the environment: ${regions.join(", ")}`,
                },
              ];
        }),
  );
});

const upstreamOfOwnPartition = eachRule((rule, path, input, sound) => {
  if (rule.upstream !== "ecr" || !sound(...path, "registry") || !sound("regions")) return [];
  const found = partitionOf(parseRegistryHost(rule.registry)?.region ?? "");
  const wanted = partitionOf(input.regions[0]!);
  return found === wanted
    ? []
    : [
        {
          path: [...path, "registry"],
          found: `a registry in the partition ${found}`,
          allowed: `one in ${wanted}, as the environment: ECR pulls from ECR within a partition only`,
        },
      ];
});

/** What says something about a secret that is made means nothing for one that exists already. */
const nothingAboutExistingSecrets = eachRule(({ credential }, path) =>
  credential?.secretName === undefined
    ? []
    : (["version", "recoveryWindowInDays"] as const)
        .filter((key) => credential[key] !== undefined)
        .map((key) => ({
          path: [...path, "credential", key],
          found: show(credential[key]),
          allowed: "nothing beside secretName: the credentials stack makes no secret for this rule",
        })),
);

const formerRegionsAreNotRegions: Check = (input) =>
  Array.isArray(input.formerRegions) && Array.isArray(input.regions)
    ? (input.formerRegions as string[]).flatMap((name, index) =>
        input.regions.includes(name)
          ? [
              {
                path: ["formerRegions", index],
                found: `${show(name)}, which is in regions`,
                allowed: "regions that the cache was removed from",
              },
            ]
          : [],
      )
    : [];

const soundMaintenance: Check = (input, sound) =>
  input.maintenance && sound("maintenance") && sound("regions") && sound("tags")
    ? maintenanceProblems(input.maintenance, input.regions, input.tags ?? {})
    : [];

const soundScanning: Check = (input, sound) =>
  input.scanning && sound("scanning") && sound("rules")
    ? scanningProblems(input.scanning, input.rules.map(prefixOf))
    : [];

const soundPrune: Check = ({ prune, account, regions, maintenance }, sound) =>
  prune && sound("prune") && sound("regions") && sound("account")
    ? pruneProblems(prune, { account, regions, hasMaintenance: maintenance !== undefined })
    : [];

/** A stack whose state is in a backend. */
type StateOf = Pick<DeclaredStack, "kind" | "name">;

function backendProblems(
  backend: Backend | undefined,
  path: readonly PropertyKey[],
  stacks: readonly StateOf[],
  sound: Sound,
): Problem[] {
  if (backend === undefined) return [];
  const secrets = backendSecretProblems(backend, path).filter((problem) => sound(...problem.path));
  if (secrets.length > 0 || !sound(...path) || !sound("name")) return secrets;
  return statePlaceProblems(backend, path, stacks);
}

const soundBackend: Check = (input, sound) => {
  const hasSecrets = rulesOf(input).some(
    (rule) => rule?.credential && rule.credential.secretName === undefined,
  );
  const consumers = consumersOf(input, sound).map(({ consumer, path }) => ({
    backend: consumer.backend,
    path: [...path, "backend"],
    state: { kind: "consumer" as const, name: consumerStackName(input, consumer) },
  }));
  const own = (["cache", ...(hasSecrets ? (["credentials"] as const) : [])] as const).map(
    (kind): StateOf => ({ kind, name: stackName(input, kind) }),
  );
  const shared = consumers.filter(({ backend }) => !backend).map(({ state }) => state);
  return [
    ...backendProblems(input.backend, ["backend"], [...own, ...shared], sound),
    ...consumers.flatMap(({ backend, path, state }) =>
      backendProblems(backend, path, [state], sound),
    ),
  ];
};

const checks: readonly Check[] = [
  noRepetition,
  distinctRoles,
  formerRegionsAreNotRegions,
  onePartition,
  distinctPrefixes,
  rootHasNoUpstreamPrefix,
  rootIsNotOpen,
  soundOnly,
  soundRetention,
  soundRuleRetention,
  soundTags,
  otherAccounts,
  otherConsumers,
  soundConsumers,
  soundRegistryStatements,
  pathsOfOtherOrganizations,
  adoptsWhatItHas,
  adoptsItsScanning,
  keyInEveryRegion,
  notItsOwnUpstream,
  ownBoundary,
  roleOfOwnAccount,
  secretToAdopt,
  regionsToAdopt,
  upstreamOfOwnPartition,
  nothingAboutExistingSecrets,
  soundMaintenance,
  soundPrune,
  soundScanning,
  soundBackend,
];

/** Where a token may be by mistake: in place of a credential, or in a field of it that does not take a string. */
const mayBeToken = (path: readonly PropertyKey[]) =>
  path.includes("credential") && !["username", "secretName"].includes(String(path.at(-1)));

/** Whether one path leads to the other one, or to a part of it. */
const overlap = (left: readonly PropertyKey[], right: readonly PropertyKey[]) =>
  left.slice(0, right.length).every((part, index) => part === right[index]);

/** The user's input with the regions' names; what is not a region is left as it is. */
function withRegionNames(input: object): NamedInput {
  const names = (regions: unknown) =>
    Array.isArray(regions)
      ? regions.map((region: unknown) =>
          typeof region === "object" && region !== null
            ? regionName(region as RegionInput)
            : region,
        )
      : regions;
  const { regions, formerRegions, ...rest } = input as EnvironmentInput;
  return {
    ...rest,
    regions: names(regions),
    ...(formerRegions !== undefined && { formerRegions: names(formerRegions) }),
  } as NamedInput;
}

/** Everything that is wrong with an environment. */
export function environmentProblems(input: unknown): Problem[] {
  const shape = schemaProblems(environmentSchema, input, [], mayBeToken);
  if (typeof input !== "object" || input === null) return shape;
  const sound: Sound = (...path) => !shape.some((problem) => overlap(path, problem.path));
  const found = [...shape, ...checks.flatMap((check) => check(withRegionNames(input), sound))];
  // A value that is wrong for its field is reported by the schema.
  const rest = valueProblems(input).filter(
    ({ path }) => !found.some((problem) => overlap(path, problem.path)),
  );
  return [...found, ...rest];
}
