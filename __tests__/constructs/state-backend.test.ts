import { Testing } from "cdktf";
import { readFileSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import type { Backend, BackendType } from "../../ecr/environment/backend";
import { CacheStack } from "../../stacks/cache-stack";
import { CredentialsStack } from "../../stacks/credentials-stack";
import { anEnvironment, Template } from "../support/template";
import { inTemporaryDirectory } from "../support/temporary-directory";

/** The `terraform` block of both stacks of an environment, without the versions. */
function blocksOf(backend: Backend | undefined): readonly [cache: object, credentials: object] {
  const environment = anEnvironment({
    backend,
    rules: [{ upstream: "docker-hub", credential: { username: "acme-bot" } }],
  });
  const block = ({ terraform }: Template): object => {
    const { required_providers, required_version, ...rest } = terraform;
    expect([typeof required_providers, typeof required_version]).toEqual(["object", "string"]);
    return rest;
  };
  return [block(Template.ofCache(environment)), block(Template.ofCredentials(environment))];
}

/** A setting of every kind that a type has, and the blocks that it renders to. */
const rendered: Record<
  Exclude<BackendType, "local">,
  [backend: Backend, cache: object, credentials: object]
> = {
  s3: [
    {
      type: "s3",
      bucket: "acme-terraform-state",
      region: "us-east-1",
      keyPrefix: "team/caches/",
      encrypt: true,
      kmsKeyId: "alias/state",
      profile: "acme",
      workspaceKeyPrefix: "ws",
      dynamodbTable: "locks",
      assumeRole: {
        roleArn: "arn:aws:iam::999999999999:role/state",
        sessionName: "ecr-cache",
        policyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        tags: { CostCenter: "4711" },
      },
      assumeRoleWithWebIdentity: {
        roleArn: "arn:aws:iam::999999999999:role/ci",
        webIdentityTokenFile: "/run/token",
      },
      allowedAccountIds: ["999999999999"],
      httpsProxy: "http://proxy.acme.example:3128",
      endpoints: { s3: "https://s3.acme.example", dynamodb: "https://dynamodb.acme.example" },
      usePathStyle: true,
      maxRetries: 0,
      skipS3Checksum: false,
      skipMetadataApiCheck: true,
      ec2MetadataServiceEndpointMode: "IPv6",
    },
    {
      backend: {
        s3: {
          bucket: "acme-terraform-state",
          region: "us-east-1",
          key: "team/caches/dev.tfstate",
          use_lockfile: true,
          encrypt: true,
          kms_key_id: "alias/state",
          profile: "acme",
          workspace_key_prefix: "ws",
          dynamodb_table: "locks",
          assume_role: {
            role_arn: "arn:aws:iam::999999999999:role/state",
            session_name: "ecr-cache",
            policy_arns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            tags: { CostCenter: "4711" },
          },
          assume_role_with_web_identity: {
            role_arn: "arn:aws:iam::999999999999:role/ci",
            web_identity_token_file: "/run/token",
          },
          allowed_account_ids: ["999999999999"],
          https_proxy: "http://proxy.acme.example:3128",
          endpoints: { s3: "https://s3.acme.example", dynamodb: "https://dynamodb.acme.example" },
          use_path_style: true,
          max_retries: 0,
          skip_s3_checksum: false,
          skip_metadata_api_check: true,
          ec2_metadata_service_endpoint_mode: "IPv6",
        },
      },
    },
    {
      backend: {
        s3: expect.objectContaining({
          key: "team/caches/dev-credentials.tfstate",
          use_lockfile: true,
        }) as unknown,
      },
    },
  ],
  gcs: [
    {
      type: "gcs",
      bucket: "acme",
      impersonateServiceAccount: "state@acme",
      kmsEncryptionKey: "projects/p/k",
    },
    {
      backend: {
        gcs: {
          bucket: "acme",
          prefix: "ecr-cache/dev",
          impersonate_service_account: "state@acme",
          kms_encryption_key: "projects/p/k",
        },
      },
    },
    {
      backend: {
        gcs: {
          bucket: "acme",
          prefix: "ecr-cache/dev-credentials",
          impersonate_service_account: "state@acme",
          kms_encryption_key: "projects/p/k",
        },
      },
    },
  ],
  azurerm: [
    {
      type: "azurerm",
      storageAccountName: "acme",
      containerName: "state",
      resourceGroupName: "rg",
      useOidc: true,
      useAzureadAuth: true,
    },
    {
      backend: {
        azurerm: {
          storage_account_name: "acme",
          container_name: "state",
          resource_group_name: "rg",
          use_oidc: true,
          use_azuread_auth: true,
          key: "ecr-cache/dev.tfstate",
        },
      },
    },
    {
      backend: {
        azurerm: {
          storage_account_name: "acme",
          container_name: "state",
          resource_group_name: "rg",
          use_oidc: true,
          use_azuread_auth: true,
          key: "ecr-cache/dev-credentials.tfstate",
        },
      },
    },
  ],
  consul: [
    {
      type: "consul",
      address: "consul.acme.example:8500",
      scheme: "https",
      gzip: true,
      caFile: "/etc/ca.pem",
    },
    {
      backend: {
        consul: {
          address: "consul.acme.example:8500",
          scheme: "https",
          gzip: true,
          ca_file: "/etc/ca.pem",
          path: "ecr-cache/dev",
        },
      },
    },
    {
      backend: {
        consul: {
          address: "consul.acme.example:8500",
          scheme: "https",
          gzip: true,
          ca_file: "/etc/ca.pem",
          path: "ecr-cache/dev-credentials",
        },
      },
    },
  ],
  cos: [
    { type: "cos", bucket: "acme-1258798060", region: "ap-guangzhou", encrypt: true },
    {
      backend: {
        cos: {
          bucket: "acme-1258798060",
          region: "ap-guangzhou",
          encrypt: true,
          prefix: "ecr-cache",
          key: "dev.tfstate",
        },
      },
    },
    {
      backend: {
        cos: {
          bucket: "acme-1258798060",
          region: "ap-guangzhou",
          encrypt: true,
          prefix: "ecr-cache",
          key: "dev-credentials.tfstate",
        },
      },
    },
  ],
  oss: [
    {
      type: "oss",
      bucket: "acme",
      keyPrefix: "caches",
      ecsRoleName: "state",
      tablestoreEndpoint: "https://t",
      tablestoreTable: "locks",
    },
    {
      backend: {
        oss: {
          bucket: "acme",
          prefix: "caches",
          key: "dev.tfstate",
          ecs_role_name: "state",
          tablestore_endpoint: "https://t",
          tablestore_table: "locks",
        },
      },
    },
    {
      backend: {
        oss: {
          bucket: "acme",
          prefix: "caches",
          key: "dev-credentials.tfstate",
          ecs_role_name: "state",
          tablestore_endpoint: "https://t",
          tablestore_table: "locks",
        },
      },
    },
  ],
  http: [
    {
      type: "http",
      address: "https://gitlab.acme.example/api/v4/projects/7/terraform/state/",
      lockSuffix: "/lock",
      lockMethod: "POST",
      unlockMethod: "DELETE",
      username: "ci",
      retryMax: 0,
    },
    {
      backend: {
        http: {
          address: "https://gitlab.acme.example/api/v4/projects/7/terraform/state/dev",
          lock_address: "https://gitlab.acme.example/api/v4/projects/7/terraform/state/dev/lock",
          unlock_address: "https://gitlab.acme.example/api/v4/projects/7/terraform/state/dev/lock",
          lock_method: "POST",
          unlock_method: "DELETE",
          username: "ci",
          retry_max: 0,
        },
      },
    },
    {
      backend: {
        http: {
          address: "https://gitlab.acme.example/api/v4/projects/7/terraform/state/dev-credentials",
          lock_address:
            "https://gitlab.acme.example/api/v4/projects/7/terraform/state/dev-credentials/lock",
          unlock_address:
            "https://gitlab.acme.example/api/v4/projects/7/terraform/state/dev-credentials/lock",
          lock_method: "POST",
          unlock_method: "DELETE",
          username: "ci",
          retry_max: 0,
        },
      },
    },
  ],
  pg: [
    { type: "pg", connStr: "postgres://acme@db.acme.example/state", skipSchemaCreation: true },
    {
      backend: {
        pg: {
          conn_str: "postgres://acme@db.acme.example/state",
          skip_schema_creation: true,
          schema_name: "ecr_cache_dev",
        },
      },
    },
    {
      backend: {
        pg: {
          conn_str: "postgres://acme@db.acme.example/state",
          skip_schema_creation: true,
          schema_name: "ecr_cache_dev-credentials",
        },
      },
    },
  ],
  remote: [
    {
      type: "remote",
      organization: "acme",
      hostname: "tfe.acme.example",
      workspacePrefix: "caches-",
    },
    {
      backend: {
        remote: {
          organization: "acme",
          hostname: "tfe.acme.example",
          workspaces: { name: "caches-dev" },
        },
      },
    },
    {
      backend: {
        remote: {
          organization: "acme",
          hostname: "tfe.acme.example",
          workspaces: { name: "caches-dev-credentials" },
        },
      },
    },
  ],
  cloud: [
    { type: "cloud", organization: "acme", project: "platform" },
    { cloud: { organization: "acme", workspaces: { name: "ecr-cache-dev", project: "platform" } } },
    {
      cloud: {
        organization: "acme",
        workspaces: { name: "ecr-cache-dev-credentials", project: "platform" },
      },
    },
  ],
};

test.each(Object.entries(rendered))(
  "a %s backend is rendered with every setting, and a place of its own for each stack",
  (_type, [backend, cache, credentials]) => {
    expect(blocksOf(backend)).toEqual([cache, credentials]);
  },
);

describe("a single stack's settings go over those of the environment", () => {
  const overrides: [backend: Backend, cache: object, credentials: object][] = [
    [
      {
        type: "s3",
        bucket: "acme",
        region: "us-east-1",
        stacks: {
          cache: {
            bucket: "legacy",
            key: "old/cache.tfstate",
            region: "eu-west-1",
            useLockfile: false,
          },
        },
      },
      {
        backend: {
          s3: {
            bucket: "legacy",
            key: "old/cache.tfstate",
            region: "eu-west-1",
            use_lockfile: false,
          },
        },
      },
      {
        backend: {
          s3: {
            bucket: "acme",
            key: "ecr-cache/dev-credentials.tfstate",
            region: "us-east-1",
            use_lockfile: true,
          },
        },
      },
    ],
    [
      { type: "gcs", bucket: "acme", stacks: { credentials: { prefix: "old/secrets" } } },
      { backend: { gcs: { bucket: "acme", prefix: "ecr-cache/dev" } } },
      { backend: { gcs: { bucket: "acme", prefix: "old/secrets" } } },
    ],
    [
      {
        type: "http",
        address: "https://state.acme.example",
        stacks: {
          cache: { address: "https://old.acme.example/cache" },
          credentials: { lockAddress: "https://lock.acme.example/x" },
        },
      },
      {
        backend: {
          http: {
            address: "https://old.acme.example/cache",
            lock_address: "https://old.acme.example/cache",
            unlock_address: "https://old.acme.example/cache",
          },
        },
      },
      {
        backend: {
          http: {
            address: "https://state.acme.example/dev-credentials",
            lock_address: "https://lock.acme.example/x",
            unlock_address: "https://state.acme.example/dev-credentials",
          },
        },
      },
    ],
    [
      { type: "pg", stacks: { cache: { schemaName: "old" } } },
      { backend: { pg: { schema_name: "old" } } },
      { backend: { pg: { schema_name: "ecr_cache_dev-credentials" } } },
    ],
    [
      {
        type: "cloud",
        organization: "acme",
        stacks: { cache: { workspace: "old-cache", project: "old", organization: "acme-old" } },
      },
      { cloud: { organization: "acme-old", workspaces: { name: "old-cache", project: "old" } } },
      { cloud: { organization: "acme", workspaces: { name: "ecr-cache-dev-credentials" } } },
    ],
    [
      { type: "remote", organization: "acme", stacks: { cache: { workspace: "old-cache" } } },
      { backend: { remote: { organization: "acme", workspaces: { name: "old-cache" } } } },
      {
        backend: {
          remote: { organization: "acme", workspaces: { name: "ecr-cache-dev-credentials" } },
        },
      },
    ],
  ];

  test.each(overrides)(
    "the settings of a single stack override those of the environment: %j",
    (backend, cache, credentials) => {
      expect(blocksOf(backend)).toEqual([cache, credentials]);
    },
  );
});

test("an S3 backend locks with an object beside the state, unless that is turned off", () => {
  const s3 = { type: "s3", bucket: "acme", region: "us-east-1" } as const;
  const block = (use_lockfile: boolean) => ({
    backend: { s3: expect.objectContaining({ use_lockfile }) as unknown },
  });
  expect(blocksOf(s3)).toEqual([block(true), block(true)]);
  expect(blocksOf({ ...s3, useLockfile: false })).toEqual([block(false), block(false)]);
});

describe("a local state", () => {
  /** The paths of both states as Terraform resolves them, in the folders of the stacks. */
  const statesOf = (backend: Backend | undefined) =>
    inTemporaryDirectory((outdir) => {
      const environment = anEnvironment({
        backend,
        rules: [{ upstream: "docker-hub", credential: { username: "acme-bot" } }],
      });
      const app = Testing.app({ outdir });
      const stacks = [new CacheStack(app, environment), new CredentialsStack(app, environment)];
      app.synth();
      return stacks.map((stack) => {
        const directory = join(outdir, "stacks", stack.node.id);
        const text = readFileSync(join(directory, "cdk.tf.json"), "utf8");
        const { terraform } = JSON.parse(text) as {
          terraform: { backend: { local: { path: string } } };
        };
        const { path } = terraform.backend.local;
        return { path, resolved: resolve(directory, path) };
      });
    });

  test.each<[what: string, backend: Backend | undefined, fromProject: string[]]>([
    [
      "in the project's folder by default, where `rm -rf cdktf.out` leaves it",
      undefined,
      ["terraform.dev.tfstate", "terraform.dev-credentials.tfstate"],
    ],
    [
      "in a folder of its own where one is named",
      { type: "local", directory: "state/caches" },
      ["state/caches/terraform.dev.tfstate", "state/caches/terraform.dev-credentials.tfstate"],
    ],
    [
      "where the stack says",
      { type: "local", stacks: { cache: { path: "../old.tfstate" } } },
      ["../old.tfstate", "terraform.dev-credentials.tfstate"],
    ],
  ])("a local state is %s", (_what, backend, fromProject) => {
    const states = statesOf(backend);
    expect(states.map(({ resolved }) => resolved)).toEqual(
      fromProject.map((path) => resolve(path)),
    );
    // Relative, so that what is synthesized is the same on every machine.
    expect(states.map(({ path }) => isAbsolute(path))).toEqual([false, false]);
  });

  test("a local state with an absolute path is there", () => {
    expect(
      statesOf({ type: "local", directory: "/var/lib/terraform" }).map(({ path }) => path),
    ).toEqual([
      "/var/lib/terraform/terraform.dev.tfstate",
      "/var/lib/terraform/terraform.dev-credentials.tfstate",
    ]);
  });
});
