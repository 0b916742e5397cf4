import type {
  AzurermBackendConfig,
  CloudBackendConfig,
  ConsulBackendConfig,
  CosBackendConfig,
  GcsBackendConfig,
  HttpBackendConfig,
  LocalBackendConfig,
  OssBackendConfig,
  PgBackendConfig,
  RemoteBackendConfig,
  S3BackendConfig,
} from "cdktf";
import * as z from "zod";
import { hidePasswords } from "../problem";
import { text, textLike } from "../schema";

/*
 * The settings of Terraform's backends that an environment can have. Their types and documentation are cdktf's, whose
 * types are erased: nothing of it is loaded. Left out are settings that are deprecated, and those that hold secrets,
 * since what is written in an environment ends up in synthesized files.
 *
 * Source: https://developer.hashicorp.com/terraform/language/backend
 */

type Key<Config> = keyof Config & string;

/** One backend, with the settings of cdktf's type. */
export interface BackendDefinition<Config> {
  /** Settings that say where the states are, shared by all stacks. */
  readonly where?: readonly Key<Config>[];
  /** Settings that say how a state is reached and written. */
  readonly settings?: readonly Key<Config>[];
  /** Those of the settings that must be given; each is a string. */
  readonly required?: readonly Key<Config>[];
  /** Settings that say where the state of one stack is: given only to point at a state that exists already. */
  readonly place: readonly Key<Config>[];
  /** What the places of the stacks are derived from. */
  readonly naming: z.ZodRawShape;
  /** Settings that hold a secret, each with what Terraform reads it from instead. */
  readonly secrets?: Readonly<Partial<Record<Key<Config>, string>>>;
  /** Settings that can hold a password and must not. */
  readonly withoutPassword?: Readonly<Partial<Record<Key<Config>, z.ZodType>>>;
}

const define =
  <Config>() =>
  <const Entry extends BackendDefinition<Config>>(
    entry: Entry,
  ): Entry & { readonly config?: Config } =>
    entry;

/** A string that must not hold a password, with what Terraform reads one from. */
const withoutPassword = (what: string, variable: string) =>
  text().refine((value) => hidePasswords(value) === value, {
    error: `${what} without a password; Terraform reads it from ${variable}`,
  });

const keyPrefix = {
  /** What the key of every stack's state starts with; `/` and the stack's name follow. Default: `ecr-cache`. */
  keyPrefix: textLike(/^[^/]/, "a string that does not start with /").optional(),
};
const workspacePrefix = {
  /** What the name of every stack's workspace starts with. Default: `ecr-cache-`. */
  workspacePrefix: z.string({ error: "a string" }).optional(),
};
/** An address of the HTTP backend: what follows a query would be part of it, and a query is where tokens are put. */
const isHttpAddress = (address: string) => {
  if (!/^https?:/i.test(address) || !URL.canParse(address)) return false;
  const { username, password } = new URL(address);
  return username === "" && password === "" && !/[?#]/.test(address);
};
const httpAddress = text().refine(isHttpAddress, {
  error:
    "an http or https address without user name, password and query; Terraform reads credentials from TF_HTTP_USERNAME and TF_HTTP_PASSWORD",
});

/** What an environment sets of the `workspaces` block: each stack has a workspace of its own. */
interface Workspace {
  readonly workspace?: string;
}

/** What an environment sets besides of the `workspaces` block of HCP Terraform. */
interface Project {
  /** The project in which workspaces are created. Default: the organization's default project. */
  readonly project?: string;
}

/** Every backend type by Terraform's name. Terraform itself removed `swift` (which cdktf still offers) in 1.3. */
// prettier-ignore
export const backendDefinitions = {
  local: define<LocalBackendConfig>()({
    place: ["path"],
    naming: {
      /** The directory of the state files, from the project's directory. Default: the project's directory. */
      directory: text().optional(),
    },
  }),
  s3: define<S3BackendConfig & {
    /** Lock with an object beside the state. Default: true. cdktf 0.21 doesn't know this setting yet. */
    readonly useLockfile?: boolean;
  }>()({
    where: ["bucket"],
    settings: [
      "acl", "allowedAccountIds", "assumeRole", "assumeRoleWithWebIdentity", "customCaBundle",
      "dynamodbTable", "ec2MetadataServiceEndpoint", "ec2MetadataServiceEndpointMode", "encrypt",
      "endpoints", "forbiddenAccountIds", "httpProxy", "httpsProxy", "insecure", "kmsKeyId",
      "maxRetries", "noProxy", "profile", "region", "retryMode", "sharedConfigFiles",
      "sharedCredentialsFiles", "skipCredentialsValidation", "skipMetadataApiCheck",
      "skipRegionValidation", "skipRequestingAccountId", "skipS3Checksum", "stsRegion",
      "useLockfile", "usePathStyle", "workspaceKeyPrefix",
    ],
    required: ["bucket", "region"],
    place: ["key"],
    naming: keyPrefix,
    secrets: {
      accessKey: "AWS_ACCESS_KEY_ID or a profile",
      secretKey: "AWS_SECRET_ACCESS_KEY or a profile",
      token: "AWS_SESSION_TOKEN or a profile",
      sseCustomerKey: "AWS_SSE_CUSTOMER_KEY",
    },
    withoutPassword: {
      httpProxy: withoutPassword("a proxy's URL", "HTTP_PROXY"),
      httpsProxy: withoutPassword("a proxy's URL", "HTTPS_PROXY"),
    },
  }),
  gcs: define<GcsBackendConfig>()({
    where: ["bucket"],
    settings: [
      "impersonateServiceAccount", "impersonateServiceAccountDelegates", "kmsEncryptionKey",
    ],
    required: ["bucket"],
    place: ["prefix"],
    naming: keyPrefix,
    secrets: {
      credentials: "GOOGLE_BACKEND_CREDENTIALS",
      accessToken: "GOOGLE_OAUTH_ACCESS_TOKEN",
      encryptionKey: "GOOGLE_ENCRYPTION_KEY",
    },
  }),
  azurerm: define<AzurermBackendConfig>()({
    where: ["storageAccountName", "containerName"],
    settings: [
      "clientCertificatePath", "clientId", "endpoint", "environment", "metadataHost", "msiEndpoint",
      "oidcRequestUrl", "oidcTokenFilePath", "resourceGroupName", "snapshot", "subscriptionId",
      "tenantId", "useAzureadAuth", "useMsi", "useOidc",
    ],
    required: ["storageAccountName", "containerName"],
    place: ["key"],
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
  consul: define<ConsulBackendConfig>()({
    settings: ["address", "caFile", "certFile", "datacenter", "gzip", "keyFile", "lock", "scheme"],
    place: ["path"],
    naming: keyPrefix,
    secrets: { accessToken: "CONSUL_HTTP_TOKEN", httpAuth: "CONSUL_HTTP_AUTH" },
  }),
  cos: define<CosBackendConfig>()({
    where: ["bucket"],
    settings: ["accelerate", "acl", "domain", "encrypt", "endpoint", "region"],
    required: ["bucket"],
    place: ["prefix", "key"],
    naming: keyPrefix,
    secrets: {
      secretId: "TENCENTCLOUD_SECRET_ID",
      secretKey: "TENCENTCLOUD_SECRET_KEY",
      securityToken: "TENCENTCLOUD_SECURITY_TOKEN",
    },
  }),
  oss: define<OssBackendConfig>()({
    where: ["bucket"],
    settings: [
      "acl", "ecsRoleName", "encrypt", "endpoint", "profile", "region", "sharedCredentialsFile",
      "stsEndpoint", "tablestoreEndpoint", "tablestoreTable",
    ],
    required: ["bucket"],
    place: ["prefix", "key"],
    naming: keyPrefix,
    secrets: {
      accessKey: "ALICLOUD_ACCESS_KEY",
      secretKey: "ALICLOUD_SECRET_KEY",
      securityToken: "ALICLOUD_SECURITY_TOKEN",
    },
  }),
  http: define<HttpBackendConfig>()({
    settings: [
      "clientCaCertificatePem", "clientCertificatePem", "lockMethod", "retryMax", "retryWaitMax",
      "retryWaitMin", "skipCertVerification", "unlockMethod", "updateMethod", "username",
    ],
    place: ["address", "lockAddress", "unlockAddress"],
    naming: {
      /** What the address of every stack's state starts with; `/STACK` follows. */
      address: httpAddress,
      /** What follows a state's address to lock it, such as `/lock` for GitLab. Default: nothing, LOCK and UNLOCK. */
      lockSuffix: text().optional(),
    },
    secrets: {
      password: "TF_HTTP_PASSWORD",
      clientPrivateKeyPem: "TF_HTTP_CLIENT_PRIVATE_KEY_PEM",
    },
    withoutPassword: { address: httpAddress, lockAddress: httpAddress, unlockAddress: httpAddress },
  }),
  pg: define<PgBackendConfig>()({
    where: ["connStr"],
    settings: ["skipIndexCreation", "skipSchemaCreation", "skipTableCreation"],
    place: ["schemaName"],
    naming: {
      /** What the name of every stack's schema starts with. Default: `ecr_cache_`. */
      schemaPrefix: z.string({ error: "a string" }).optional(),
    },
    withoutPassword: { connStr: withoutPassword("a connection", "PGPASSWORD or PG_CONN_STR") },
  }),
  remote: define<RemoteBackendConfig & Workspace>()({
    where: ["hostname", "organization"],
    required: ["organization"],
    place: ["workspace"],
    naming: workspacePrefix,
    secrets: { token: "TF_TOKEN_… or terraform login" },
  }),
  cloud: define<CloudBackendConfig & Workspace & Project>()({
    where: ["hostname", "organization"],
    settings: ["project"],
    required: ["organization"],
    place: ["workspace"],
    naming: workspacePrefix,
    secrets: { token: "TF_TOKEN_… or terraform login" },
  }),
};
