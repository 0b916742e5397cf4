import * as z from "zod";
import { hidePasswords } from "../problem";
import { noSuchKind, strictObject, text as textSchema, textLike, wholeNumber } from "../schema";

/*
 * Where Terraform keeps its state. One entry a backend type: the settings that Terraform documents for it
 * (https://developer.hashicorp.com/terraform/language/backend), in cdktf's spelling, less those that hold secrets:
 * what is written here ends up in synthesized files, so secrets go through the environment variables that Terraform
 * reads itself. Every stack gets a place of its own, derived from its name.
 */

const text = textSchema();
const flag = z.boolean({ error: "true or false" });
const whole = wholeNumber(0);
const texts = z.array(text, { error: "a list of texts" });

/** A text that must not hold a password, with where Terraform reads one from. */
const withoutPassword = (what: string, variable: string) =>
  text.refine((value) => hidePasswords(value) === value, {
    error: `${what} without a password; Terraform reads it from ${variable}`,
  });

/** The settings of a secret, each with the environment variable to use instead. */
type SecretSettings = Readonly<Record<string, string>>;

interface Definition<
  Settings extends z.ZodRawShape,
  Place extends z.ZodRawShape,
  Naming extends z.ZodRawShape,
> {
  /** What all stacks of the environment share. */
  readonly settings: Settings;
  /** What says where one stack's state lies; given only to point at a state that exists already. */
  readonly place: Place;
  /** What the places of the stacks are derived from. */
  readonly naming: Naming;
  readonly secrets: SecretSettings;
}

function schemaOf<
  Type extends string,
  Settings extends z.ZodRawShape,
  Place extends z.ZodRawShape,
  Naming extends z.ZodRawShape,
>(type: Type, definition: Definition<Settings, Place, Naming>) {
  const { settings, place, naming, secrets } = definition;
  const secretKey = (key: string) =>
    key in secrets ? `no secret in a file; Terraform reads it from ${secrets[key]}` : undefined;
  const placeKey = (key: string) =>
    key in place
      ? `${Object.keys(naming).join(", ")}, or stacks.cache.${key} and stacks.credentials.${key}: each stack has a state of its own`
      : undefined;
  const override = strictObject(
    { ...settings, ...place },
    `settings of a ${type} backend`,
    secretKey,
  ).partial();
  return strictObject(
    {
      type: z.literal(type),
      ...settings,
      ...naming,
      /** Settings of single stacks, over those of the environment: for a state that exists already. */
      stacks: strictObject(
        { cache: override.optional(), credentials: override.optional() },
        "{ cache: { … }, credentials: { … } }",
      ).optional(),
    },
    `settings of a ${type} backend`,
    (key) => secretKey(key) ?? placeKey(key),
  );
}

const keyPrefix = {
  /** What the key of every stack's state begins with; `/` and the stack's name follow. Default: `ecr-cache`. */
  keyPrefix: textLike(/^[^/]/, "a text that does not begin with /").optional(),
};
const workspacePrefix = {
  /** What the name of every stack's workspace begins with. Default: `ecr-cache-`. */
  workspacePrefix: z.string({ error: "a text" }).optional(),
};
const workspace = { workspace: text };

const httpAddress = withoutPassword("an address", "TF_HTTP_PASSWORD");

const awsEndpoints = strictObject(
  {
    dynamodb: text.optional(),
    iam: text.optional(),
    s3: text.optional(),
    sso: text.optional(),
    sts: text.optional(),
  },
  "endpoints by service",
);

const backends = {
  local: schemaOf("local", {
    settings: {},
    place: { path: text },
    naming: {
      /** The folder of the state files, from the project's folder. Default: the project's folder. */
      directory: text.optional(),
    },
    secrets: {},
  }),
  s3: schemaOf("s3", {
    settings: {
      bucket: text,
      region: text,
      /** Lock with an object beside the state. Default: true. */
      useLockfile: flag.optional(),
      encrypt: flag.optional(),
      kmsKeyId: text.optional(),
      acl: text.optional(),
      profile: text.optional(),
      workspaceKeyPrefix: text.optional(),
      dynamodbTable: text.optional(),
      assumeRole: strictObject(
        {
          roleArn: text,
          duration: text.optional(),
          externalId: text.optional(),
          policy: text.optional(),
          policyArns: texts.optional(),
          sessionName: text.optional(),
          sourceIdentity: text.optional(),
          tags: z.record(z.string(), z.string()).optional(),
          transitiveTagKeys: texts.optional(),
        },
        "{ roleArn: … }",
      ).optional(),
      assumeRoleWithWebIdentity: strictObject(
        {
          roleArn: text.optional(),
          duration: text.optional(),
          policy: text.optional(),
          policyArns: texts.optional(),
          sessionName: text.optional(),
          webIdentityTokenFile: text.optional(),
        },
        "{ roleArn: …, webIdentityTokenFile: … }",
      ).optional(),
      allowedAccountIds: texts.optional(),
      forbiddenAccountIds: texts.optional(),
      sharedConfigFiles: texts.optional(),
      sharedCredentialsFiles: texts.optional(),
      customCaBundle: text.optional(),
      httpProxy: withoutPassword("a proxy's URL", "HTTP_PROXY").optional(),
      httpsProxy: withoutPassword("a proxy's URL", "HTTPS_PROXY").optional(),
      noProxy: text.optional(),
      insecure: flag.optional(),
      endpoints: awsEndpoints.optional(),
      stsRegion: text.optional(),
      usePathStyle: flag.optional(),
      maxRetries: whole.optional(),
      retryMode: text.optional(),
      skipCredentialsValidation: flag.optional(),
      skipRegionValidation: flag.optional(),
      skipRequestingAccountId: flag.optional(),
      skipMetadataApiCheck: flag.optional(),
      skipS3Checksum: flag.optional(),
      ec2MetadataServiceEndpoint: text.optional(),
      ec2MetadataServiceEndpointMode: text.optional(),
    },
    place: { key: text },
    naming: keyPrefix,
    secrets: {
      accessKey: "AWS_ACCESS_KEY_ID or a profile",
      secretKey: "AWS_SECRET_ACCESS_KEY or a profile",
      token: "AWS_SESSION_TOKEN or a profile",
      sseCustomerKey: "AWS_SSE_CUSTOMER_KEY",
    },
  }),
  gcs: schemaOf("gcs", {
    settings: {
      bucket: text,
      impersonateServiceAccount: text.optional(),
      impersonateServiceAccountDelegates: texts.optional(),
      kmsEncryptionKey: text.optional(),
    },
    place: { prefix: text },
    naming: keyPrefix,
    secrets: {
      credentials: "GOOGLE_BACKEND_CREDENTIALS",
      accessToken: "GOOGLE_OAUTH_ACCESS_TOKEN",
      encryptionKey: "GOOGLE_ENCRYPTION_KEY",
    },
  }),
  azurerm: schemaOf("azurerm", {
    settings: {
      storageAccountName: text,
      containerName: text,
      resourceGroupName: text.optional(),
      environment: text.optional(),
      endpoint: text.optional(),
      metadataHost: text.optional(),
      snapshot: flag.optional(),
      subscriptionId: text.optional(),
      tenantId: text.optional(),
      clientId: text.optional(),
      clientCertificatePath: text.optional(),
      msiEndpoint: text.optional(),
      useMsi: flag.optional(),
      useOidc: flag.optional(),
      oidcRequestUrl: text.optional(),
      oidcTokenFilePath: text.optional(),
      useAzureadAuth: flag.optional(),
    },
    place: { key: text },
    naming: keyPrefix,
    secrets: {
      accessKey: "ARM_ACCESS_KEY",
      sasToken: "ARM_SAS_TOKEN",
      clientSecret: "ARM_CLIENT_SECRET",
      clientCertificatePassword: "ARM_CLIENT_CERTIFICATE_PASSWORD",
      oidcToken: "ARM_OIDC_TOKEN",
      oidcRequestToken: "ARM_OIDC_REQUEST_TOKEN",
    },
  }),
  consul: schemaOf("consul", {
    settings: {
      address: text.optional(),
      scheme: text.optional(),
      datacenter: text.optional(),
      gzip: flag.optional(),
      lock: flag.optional(),
      caFile: text.optional(),
      certFile: text.optional(),
      keyFile: text.optional(),
    },
    place: { path: text },
    naming: keyPrefix,
    secrets: { accessToken: "CONSUL_HTTP_TOKEN", httpAuth: "CONSUL_HTTP_AUTH" },
  }),
  cos: schemaOf("cos", {
    settings: {
      bucket: text,
      region: text.optional(),
      encrypt: flag.optional(),
      acl: text.optional(),
      accelerate: flag.optional(),
      endpoint: text.optional(),
      domain: text.optional(),
    },
    place: { prefix: text, key: text },
    naming: keyPrefix,
    secrets: {
      secretId: "TENCENTCLOUD_SECRET_ID",
      secretKey: "TENCENTCLOUD_SECRET_KEY",
      securityToken: "TENCENTCLOUD_SECURITY_TOKEN",
    },
  }),
  oss: schemaOf("oss", {
    settings: {
      bucket: text,
      region: text.optional(),
      encrypt: flag.optional(),
      acl: text.optional(),
      endpoint: text.optional(),
      stsEndpoint: text.optional(),
      ecsRoleName: text.optional(),
      profile: text.optional(),
      sharedCredentialsFile: text.optional(),
      tablestoreEndpoint: text.optional(),
      tablestoreTable: text.optional(),
    },
    place: { prefix: text, key: text },
    naming: keyPrefix,
    secrets: {
      accessKey: "ALICLOUD_ACCESS_KEY",
      secretKey: "ALICLOUD_SECRET_KEY",
      securityToken: "ALICLOUD_SECURITY_TOKEN",
    },
  }),
  http: schemaOf("http", {
    settings: {
      updateMethod: text.optional(),
      lockMethod: text.optional(),
      unlockMethod: text.optional(),
      username: text.optional(),
      skipCertVerification: flag.optional(),
      retryMax: whole.optional(),
      retryWaitMin: whole.optional(),
      retryWaitMax: whole.optional(),
      clientCaCertificatePem: text.optional(),
      clientCertificatePem: text.optional(),
    },
    place: { address: httpAddress, lockAddress: httpAddress, unlockAddress: httpAddress },
    naming: {
      /** What the address of every stack's state begins with; `/STACK` follows. */
      address: httpAddress,
      /** What follows a state's address to lock it, such as `/lock` for GitLab. Default: nothing, LOCK and UNLOCK. */
      lockSuffix: text.optional(),
    },
    secrets: {
      password: "TF_HTTP_PASSWORD",
      clientPrivateKeyPem: "TF_HTTP_CLIENT_PRIVATE_KEY_PEM",
    },
  }),
  pg: schemaOf("pg", {
    settings: {
      /** The connection without its password. Default: what PG_CONN_STR and the other PG variables say. */
      connStr: withoutPassword("a connection", "PGPASSWORD or PG_CONN_STR").optional(),
      skipSchemaCreation: flag.optional(),
      skipTableCreation: flag.optional(),
      skipIndexCreation: flag.optional(),
    },
    place: { schemaName: text },
    naming: {
      /** What the name of every stack's schema begins with. Default: `ecr_cache_`. */
      schemaPrefix: z.string({ error: "a text" }).optional(),
    },
    secrets: {},
  }),
  remote: schemaOf("remote", {
    settings: { organization: text, hostname: text.optional() },
    place: workspace,
    naming: workspacePrefix,
    secrets: { token: "TF_TOKEN_… or terraform login" },
  }),
  cloud: schemaOf("cloud", {
    settings: { organization: text, hostname: text.optional(), project: text.optional() },
    place: workspace,
    naming: workspacePrefix,
    secrets: { token: "TF_TOKEN_… or terraform login" },
  }),
};

/** The type of a backend, by Terraform's name. */
export type BackendType = keyof typeof backends;

/** Every backend type. Terraform itself dropped `swift` (which cdktf still offers) in 1.3. */
export const backendTypes = Object.keys(backends) as BackendType[];

export const backendSchema = z.discriminatedUnion(
  "type",
  [
    backends.local,
    backends.s3,
    backends.gcs,
    backends.azurerm,
    backends.consul,
    backends.cos,
    backends.oss,
    backends.http,
    backends.pg,
    backends.remote,
    backends.cloud,
  ],
  { error: noSuchKind("a backend, { type: … }", backendTypes) },
);

/** Where an environment's state lies: one of Terraform's backends and its settings. */
export type Backend = z.input<typeof backendSchema>;

/** The two stacks of an environment. */
export type StackKind = "cache" | "credentials";

/** The backend of one stack, ready to be written. */
export interface StackBackend {
  readonly type: BackendType;
  /** Terraform's arguments in cdktf's spelling. For `local`, `path` counts from the project's folder. */
  readonly settings: Readonly<Record<string, unknown>>;
}

function placeOf(backend: Backend, kind: StackKind, stack: string): Record<string, unknown> {
  switch (backend.type) {
    case "local":
      return { path: [backend.directory, `terraform.${stack}.tfstate`].filter(Boolean).join("/") };
    case "s3":
    case "azurerm":
      return { key: `${prefixOf(backend)}/${stack}.tfstate` };
    case "gcs":
      return { prefix: `${prefixOf(backend)}/${stack}` };
    case "consul":
      return { path: `${prefixOf(backend)}/${stack}` };
    case "cos":
    case "oss":
      return { prefix: prefixOf(backend), key: `${stack}.tfstate` };
    case "http": {
      const address =
        backend.stacks?.[kind]?.address ?? `${backend.address.replace(/\/+$/, "")}/${stack}`;
      const lockAddress = `${address}${backend.lockSuffix ?? ""}`;
      return { address, lockAddress, unlockAddress: lockAddress };
    }
    case "pg":
      return { schemaName: `${backend.schemaPrefix ?? "ecr_cache_"}${stack}` };
    case "remote":
    case "cloud":
      return { workspace: `${backend.workspacePrefix ?? "ecr-cache-"}${stack}` };
  }
}

function prefixOf(backend: { keyPrefix?: string | undefined }): string {
  return (backend.keyPrefix ?? "ecr-cache").replace(/\/+$/, "");
}

/** Settings that name the places of all stacks, and are no arguments of Terraform's. */
const NAMING = [
  "type",
  "stacks",
  "directory",
  "keyPrefix",
  "workspacePrefix",
  "schemaPrefix",
  "lockSuffix",
];

/** The settings that say where a state lies; all others say how it is reached and written. */
const LOCATION = [
  ...["path", "bucket", "prefix", "key", "storageAccountName", "containerName", "address"],
  ...["connStr", "schemaName", "hostname", "organization", "workspace"],
];

/** Where a stack's state lies, as a text that is the same for the same place. */
export function stateLocation({ type, settings }: StackBackend): string {
  return JSON.stringify([type, ...LOCATION.map((name) => settings[name] ?? null)]);
}

/** The backend of one stack of an environment: the shared settings, its own place, and what overrides either. */
export function stackBackend(backend: Backend, kind: StackKind, stack: string): StackBackend {
  const shared = Object.entries(backend).filter(([key]) => !NAMING.includes(key));
  return {
    type: backend.type,
    settings: {
      ...Object.fromEntries(shared),
      ...(backend.type === "s3" && { useLockfile: backend.useLockfile ?? true }),
      ...placeOf(backend, kind, stack),
      ...backend.stacks?.[kind],
    },
  };
}
