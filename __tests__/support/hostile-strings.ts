import fc from "fast-check";
import { defineEnvironment, type Environment, type EnvironmentInput } from "../../ecr/environment";
import type { Backend } from "../../ecr/environment/backend";
import { valuesIn } from "../../ecr/environment/values";

/*
 * Environments in which one string is another one: what somebody pastes by mistake, or writes to get code into Terraform.
 */

/** An environment with every option but the backend's, and small, since thousands of it are synthesized. */
export const base = {
  name: "dev",
  account: "111111111111",
  regions: ["us-east-1", { unlisted: "us-east-9" }],
  formerRegions: ["eu-west-1", { unlisted: "eu-west-9" }],
  tags: { team: "platform", "cost-center": "4711" },
  rules: [
    {
      upstream: "docker-hub",
      credential: { username: "acme-bot" },
      prefix: "ROOT",
      allowPublicRoot: true,
      retention: [{ keepImages: 3, tagStatus: "untagged", description: "the last three" }],
      imageTagMutability: "MUTABLE",
    },
    {
      upstream: "github-container-registry",
      credential: { username: "acme-bot", version: 2, recoveryWindowInDays: 7 },
      adopt: [
        "rule",
        { kinds: ["template", "secret"], regions: ["us-east-1", { unlisted: "us-east-9" }] },
      ],
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
        kmsKey: [
          "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555",
          "arn:aws:kms:us-east-9:111111111111:key/11111111-2222-3333-4444-555555555555",
        ],
      },
    },
    { upstream: "k8s", only: ["coredns/*", "pause"], encryption: { type: "AES256" } },
  ],
  retention: { keepImages: 12, description: "the last dozen" },
  access: {
    roles: ["ecsTaskExecutionRole", "team+puller@acme"],
    accounts: ["777777777777"],
    consumers: [
      {
        account: "888888888888",
        roles: ["ecsTaskExecutionRole"],
        backend: { type: "local", directory: "consumers" },
        profile: "consumer",
        assumeRole: {
          roleArn: "arn:aws:iam::888888888888:role/deploy",
          externalId: "acme",
          sessionName: "x1",
        },
      },
    ],
    organizations: ["o-abc123def4"],
    organizationPaths: ["o-zyx987wvu6/r-ab12/ou-ab12-11111111/*"],
    registryStatements: [
      {
        Sid: "Replication",
        Effect: "Allow",
        Principal: {
          AWS: ["999999999999"],
          Service: ["a.amazonaws.com"],
          Federated: ["accounts.example"],
        },
        Action: ["ecr:ReplicateImage"],
        Resource: ["arn:aws:ecr:us-east-1:111111111111:repository/team/*"],
        Condition: {
          StringEquals: { "aws:PrincipalTag/team": ["${aws:ResourceTag/team}", 1, true] },
          StringLike: { "aws:PrincipalArn": "arn:aws:iam::999999999999:role/x*" },
        },
      },
      {
        Effect: "Deny",
        NotPrincipal: {
          AWS: "arn:aws:iam::999999999999:root",
          Service: "b.amazonaws.com",
          Federated: "idp.example",
        },
        NotAction: ["ecr:Get*"],
        NotResource: ["arn:aws:ecr:*:111111111111:repository/scratch/*"],
      },
      {
        Effect: "Deny",
        Principal: "*",
        NotAction: "ecr:Get*",
        NotResource: "arn:aws:ecr:*:111111111111:repository/scratch/*",
      },
      {
        Effect: "Allow",
        Principal: { AWS: "999999999999", Service: "a.amazonaws.com", Federated: "idp.example" },
        Action: "ecr:Get*",
        Resource: "*",
      },
      {
        Effect: "Deny",
        NotPrincipal: {
          AWS: ["999999999999"],
          Service: ["b.amazonaws.com"],
          Federated: ["idp.example"],
        },
        Action: "*",
        Resource: "*",
      },
    ],
  },
  adopt: ["registry-policy"],
  maintenance: {
    enabled: true,
    schedule: "rate(1 day)",
    existingPolicies: "keep",
    notifications: {
      emails: ["platform@acme.example"],
      topicArn: [
        "arn:aws:sns:us-east-1:111111111111:alerts",
        "arn:aws:sns:us-east-9:111111111111:alerts",
      ],
    },
  },
  prune: {
    unpulledForDays: 90,
    pullTimeUpdateExclusions: ["arn:aws:iam::111111111111:role/scanner"],
  },
  scanning: {
    type: "ENHANCED",
    frequency: "CONTINUOUS",
    otherRules: [{ frequency: "ON_PUSH", filters: ["apps/*"] }],
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

/** The same with one of each thing of which there can be one or several. */
export const single = {
  ...base,
  regions: ["us-east-1"],
  formerRegions: [],
  rules: [
    {
      upstream: "quay",
      adopt: true,
      retention: { tagPatternList: ["v*"], keepImages: 3, tagStatus: "tagged" },
      encryption: {
        type: "KMS",
        kmsKey: "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555",
      },
    },
  ],
  maintenance: { notifications: { topicArn: "arn:aws:sns:us-east-1:111111111111:alerts" } },
} as const satisfies EnvironmentInput;

const ROLE = "arn:aws:iam::111111111111:role/state";

/** Each backend with every setting. */
// prettier-ignore
const backends: readonly Backend[] = [
  {
    type: "local", directory: "states",
    stacks: { cache: { path: "legacy.tfstate" }, credentials: { path: "secrets.tfstate" },
      consumer: { path: "consumer.tfstate" } },
  },
  {
    type: "s3", bucket: "acme", region: "us-east-1", keyPrefix: "caches", acl: "private",
    allowedAccountIds: ["111111111111"], customCaBundle: "ca.pem", dynamodbTable: "locks",
    ec2MetadataServiceEndpoint: "http://169.254.169.254", ec2MetadataServiceEndpointMode: "IPv4",
    encrypt: true, endpoints: { s3: "https://s3.acme.example" }, forbiddenAccountIds: ["222222222222"],
    httpProxy: "http://proxy.acme.example", httpsProxy: "http://proxy.acme.example", insecure: false,
    kmsKeyId: "alias/state", maxRetries: 3, noProxy: "localhost", profile: "acme",
    retryMode: "standard", sharedConfigFiles: ["config"], sharedCredentialsFiles: ["credentials"],
    skipCredentialsValidation: true, skipMetadataApiCheck: true, skipRegionValidation: true,
    skipRequestingAccountId: true, skipS3Checksum: true, stsRegion: "us-east-1", useLockfile: true,
    usePathStyle: true, workspaceKeyPrefix: "env",
    assumeRole: { roleArn: ROLE, tags: { team: "a" } },
    assumeRoleWithWebIdentity: { roleArn: ROLE, webIdentityTokenFile: "web.jwt" },
    stacks: { cache: { key: "legacy" }, credentials: { key: "secrets" },
      consumer: { key: "consumer" } },
  },
  {
    type: "gcs", bucket: "acme", keyPrefix: "caches", kmsEncryptionKey: "key",
    impersonateServiceAccount: "a@acme.example", impersonateServiceAccountDelegates: ["b@acme.example"],
    stacks: { cache: { prefix: "legacy" }, credentials: { prefix: "secrets" },
      consumer: { prefix: "consumer" } },
  },
  {
    type: "azurerm", storageAccountName: "acme", containerName: "state", tenantId: "x", keyPrefix: "caches",
    clientCertificatePath: "cert.pfx", clientId: "c", endpoint: "https://acme.example",
    environment: "public", metadataHost: "acme.example", msiEndpoint: "https://msi.acme.example",
    oidcRequestUrl: "https://oidc.acme.example", oidcTokenFilePath: "oidc.jwt",
    resourceGroupName: "g", snapshot: true, subscriptionId: "s", useAzureadAuth: true, useMsi: true,
    useOidc: true, stacks: { cache: { key: "legacy" }, credentials: { key: "secrets" },
      consumer: { key: "consumer" } },
  },
  {
    type: "consul", address: "consul.acme.example:8500", datacenter: "dc1", keyPrefix: "caches",
    caFile: "ca.pem", certFile: "cert.pem", gzip: true, keyFile: "key.pem", lock: true, scheme: "https",
    stacks: { cache: { path: "legacy" }, credentials: { path: "secrets" },
      consumer: { path: "consumer" } },
  },
  {
    type: "cos", bucket: "acme", keyPrefix: "caches", accelerate: true, acl: "private", domain: "acme.example",
    encrypt: true, endpoint: "cos.acme.example", region: "ap-guangzhou",
    stacks: { cache: { key: "legacy" }, credentials: { key: "secrets" },
      consumer: { key: "consumer" } },
  },
  {
    type: "oss", bucket: "acme", keyPrefix: "caches", acl: "private", ecsRoleName: "r", encrypt: true,
    endpoint: "oss.acme.example", profile: "acme", region: "cn-beijing", sharedCredentialsFile: "c",
    stsEndpoint: "sts.acme.example", tablestoreEndpoint: "https://t.acme.example", tablestoreTable: "t",
    stacks: { cache: { key: "legacy" }, credentials: { key: "secrets" },
      consumer: { key: "consumer" } },
  },
  {
    type: "http", address: "https://state.acme.example", lockSuffix: "/lock", username: "acme",
    clientCaCertificatePem: "ca", clientCertificatePem: "cert", lockMethod: "POST", retryMax: 3,
    retryWaitMax: 9, retryWaitMin: 1, skipCertVerification: false, unlockMethod: "DELETE",
    updateMethod: "PUT",
    stacks: {
      cache: { address: "https://state.acme.example/legacy" },
      credentials: { address: "https://state.acme.example/secrets" },
      consumer: { address: "https://state.acme.example/consumer" },
    },
  },
  {
    type: "pg", connStr: "postgres://db.acme.example/state", schemaPrefix: "ecr_", skipIndexCreation: true,
    skipSchemaCreation: true, skipTableCreation: true,
    stacks: { cache: { schemaName: "legacy" }, credentials: { schemaName: "secrets" },
      consumer: { schemaName: "consumer" } },
  },
  {
    type: "remote", hostname: "app.terraform.io", organization: "acme", workspacePrefix: "ecr-",
    stacks: { cache: { workspace: "legacy" }, credentials: { workspace: "secrets" },
      consumer: { workspace: "consumer" } },
  },
  {
    type: "cloud", hostname: "app.terraform.io", organization: "acme", workspacePrefix: "ecr-",
    project: "platform", stacks: { cache: { workspace: "legacy" }, credentials: { workspace: "secrets" },
      consumer: { workspace: "consumer" } },
  },
];

/** The environments that strings are changed in; each is accepted as it is. */
export const bases: readonly EnvironmentInput[] = [
  single,
  ...backends.map((backend): EnvironmentInput => ({ ...base, backend })),
];

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
