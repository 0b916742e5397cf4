import fc from "fast-check";
import { defineEnvironment, type Environment, type EnvironmentInput } from "../../ecr/environment";
import { valuesIn } from "../../ecr/environment/values";

/*
 * Environments in which one string is another one: what somebody pastes by mistake, or writes to get code into Terraform.
 */

/** An environment with every field that takes a string, and small, since thousands of it are synthesized. */
const base = {
  name: "dev",
  account: "111111111111",
  regions: ["us-east-1"],
  formerRegions: ["eu-west-1"],
  tags: { team: "platform", "cost-center": "4711" },
  rules: [
    {
      upstream: "docker-hub",
      credential: { username: "acme-bot" },
      prefix: "hub",
      retention: [{ keepImages: 3, description: "the last three" }],
    },
    {
      upstream: "azure-container-registry",
      registry: "acme.azurecr.io",
      credential: { username: "puller", secretName: "ecr-pullthroughcache/azure" },
    },
    {
      upstream: "ecr",
      registry: "444444444444.dkr.ecr.us-east-1.amazonaws.com",
      upstreamPrefix: "team-a",
    },
    {
      upstream: "quay",
      retention: [
        { tagPatternList: ["v*"], expireAfterDays: 90 },
        { tagPrefixList: ["nightly"], expireAfterDays: 9 },
      ],
      encryption: {
        type: "KMS",
        kmsKey: "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555",
      },
    },
  ],
  retention: { keepImages: 12, description: "the last dozen" },
  access: { roles: ["ecsTaskExecutionRole", "team+puller@acme"], accounts: ["777777777777"] },
  maintenance: {
    schedule: "rate(1 day)",
    notifications: { emails: ["platform@acme.example"] },
  },
  profile: "acme",
  assumeRole: {
    roleArn: "arn:aws:iam::111111111111:role/deploy",
    externalId: "acme",
    sessionName: "x1",
  },
  permissionsBoundary: "arn:aws:iam::111111111111:policy/boundary",
  rolePath: "/platform/",
  awsProviderVersion: ">= 5.100.0, < 6.90.0",
} as const satisfies EnvironmentInput;

const backends = [
  { type: "local", directory: "states" },
  {
    type: "s3",
    bucket: "acme",
    region: "us-east-1",
    keyPrefix: "caches",
    profile: "acme",
    assumeRole: { roleArn: "arn:aws:iam::111111111111:role/state", tags: { team: "a" } },
    stacks: { cache: { key: "legacy" } },
  },
  { type: "gcs", bucket: "acme", keyPrefix: "caches", kmsEncryptionKey: "key" },
  { type: "azurerm", storageAccountName: "acme", containerName: "state", tenantId: "x" },
  { type: "consul", address: "consul.acme.example:8500", datacenter: "dc1" },
  { type: "http", address: "https://state.acme.example", lockSuffix: "/lock", username: "acme" },
  { type: "pg", connStr: "postgres://db.acme.example/state", schemaPrefix: "ecr_" },
  { type: "remote", organization: "acme", workspacePrefix: "ecr-" },
  { type: "cloud", organization: "acme", project: "platform" },
] as const;

/** The environments that strings are changed in; each is accepted as it is. */
export const bases: readonly EnvironmentInput[] = backends.map((backend) => ({ ...base, backend }));

/** What means something to JavaScript, to Terraform, to JSON, to a terminal or to Unicode. */
const hostile = [
  "${",
  "%{",
  "$${",
  "}",
  '"',
  "\\",
  "\r",
  "\n",
  "\t",
  "\0",
  "\u001b[2J",
  "\u0085",
  "\u2028",
  "\u2029",
  "\u202e",
  "\ufeff",
  "\ud800",
  "timestamp()",
  'file("/etc/passwd")',
  "$",
  "%",
  "#",
  "/*",
  "<<EOT\n",
  "__proto__",
  "constructor",
  "TfToken[TOKEN.0]",
  "token=s3cr3t",
  "https://a:b@c",
];
/** What most fields take, and what is a word, a comment or a number in one language or the other. */
const plain = [
  ..."aZ09_.:/=+-@ é漢",
  "//",
  "null",
  "true",
  "for",
  "in",
  "1e3",
  "00",
  "provider",
  "aws.us-east-1",
  "<&>",
  "toString",
  "ecr-cache:applied",
  "😀",
  "e\u0301",
];

const mixed = (parts: readonly string[]) =>
  fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 6 }).map((list) => list.join(""));
const anyString = fc.oneof(mixed(plain), mixed([...plain, ...hostile]), fc.string());

/** A string that is in an environment; with `isKey`, the last part of its path. */
interface Place {
  readonly path: readonly PropertyKey[];
  readonly isKey: boolean;
}

function placesIn(input: unknown): Place[] {
  return [...valuesIn(input)].flatMap(({ path, value }) => {
    if (typeof value === "string") {
      return path.includes("tags")
        ? [
            { path, isKey: false },
            { path, isKey: true },
          ]
        : [{ path, isKey: false }];
    }
    return [];
  });
}

/** A copy of a value with another string in a place of it. */
function replaced(value: unknown, { path, isKey }: Place, text: string): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return text;
  if (Array.isArray(value)) {
    return value.map((each, index) =>
      index === key ? replaced(each, { path: rest, isKey }, text) : (each as unknown),
    );
  }
  return Object.fromEntries(
    Object.entries(value as object).map(([name, each]): [string, unknown] => {
      if (name !== key) return [name, each];
      if (isKey && rest.length === 0) return [text, each];
      return [name, replaced(each, { path: rest, isKey }, text)];
    }),
  );
}

function stringAt(value: unknown, path: readonly PropertyKey[]): string {
  return path.reduce((at, key) => (at as Record<PropertyKey, unknown>)[key], value) as string;
}

/** An environment with one string that is another one. */
export interface Tampered {
  readonly place: string;
  readonly input: EnvironmentInput;
}

/** An environment with one string of it changed. */
export const tamperedFrom = (input: EnvironmentInput): fc.Arbitrary<Tampered> =>
  fc
    .tuple(fc.constantFrom(...placesIn(input)), anyString, fc.boolean(), fc.nat(100))
    .map(([place, text, isWhole, at]) => {
      const before = place.isKey ? String(place.path.at(-1)) : stringAt(input, place.path);
      const cut = at % (before.length + 1);
      const changed = isWhole ? text : `${before.slice(0, cut)}${text}${before.slice(cut)}`;
      return {
        place: place.path.map(String).join("."),
        input: replaced(input, place, changed) as EnvironmentInput,
      };
    });

/** One of the environments above with one string of it changed. */
export const tampered = fc.constantFrom(...bases).chain(tamperedFrom);

/**
 * The environment of an input, or the lines of the refusal.
 *
 * @throws everything that is no UserError.
 */
export function accepted(input: EnvironmentInput): Environment | readonly string[] {
  try {
    return defineEnvironment(input);
  } catch (error) {
    if ((error as Error).name !== "UserError") throw error;
    return (error as Error).message.split("\n");
  }
}
