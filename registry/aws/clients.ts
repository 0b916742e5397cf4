import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { ECRClient } from "@aws-sdk/client-ecr";
import type { IAMClient } from "@aws-sdk/client-iam";
import type { KMSClient } from "@aws-sdk/client-kms";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { SNSClient } from "@aws-sdk/client-sns";
import type { STSClient } from "@aws-sdk/client-sts";
import type { Environment } from "../../ecr/environment";
import { isLoopback } from "../../ecr/loopback";
import { recordCall } from "./errors";
import { MAX_ATTEMPTS, PacedRetryStrategy } from "./retry-strategy";

/** How long a connection may take to be established, in milliseconds. */
const CONNECTION_TIMEOUT = 5_000;

interface ClientConfiguration extends Identity {
  readonly region?: string;
  readonly maxAttempts: number;
  readonly retryStrategy: PacedRetryStrategy;
  readonly requestHandler: { readonly connectionTimeout: number };
}

/** What is used of the SDK's clients, which all have it. */
type AwsClient = Pick<STSClient, "destroy">;

/** Whose credentials a client uses; the usual chain's where nothing is said. */
interface Identity {
  readonly profile?: string;
  readonly credentials?: () => Promise<Credentials>;
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration?: Date;
}

/**
 * Who an environment's calls are made as: the same as Terraform's. In the sandbox, whose credentials know neither profile
 * nor role, the usual chain's.
 */
function identityOf({ profile, assumeRole }: Operator, region: string): Identity {
  if (isLoopback(process.env.AWS_ENDPOINT_URL ?? "")) return {};
  const source = profile === undefined ? {} : { profile };
  if (!assumeRole) return source;
  const { roleArn, externalId, sessionName } = assumeRole;
  // Called again by the SDK before the credentials expire.
  const credentials = async () => {
    const { AssumeRoleCommand, STSClient } = await import("@aws-sdk/client-sts");
    const sts = createClient(STSClient, region, source);
    try {
      const { Credentials: given } = await sts.send(
        new AssumeRoleCommand({
          RoleArn: roleArn,
          RoleSessionName: sessionName,
          ...(externalId !== undefined && { ExternalId: externalId }),
        }),
      );
      return {
        accessKeyId: given?.AccessKeyId ?? "",
        secretAccessKey: given?.SecretAccessKey ?? "",
        sessionToken: given?.SessionToken ?? "",
        ...(given?.Expiration && { expiration: given.Expiration }),
      };
    } finally {
      sts.destroy();
    }
  };
  return { credentials };
}

/** What an environment says of who makes its calls. */
type Operator = Pick<Environment, "profile" | "assumeRole">;

/**
 * A client of the AWS SDK, with the retries of this project and errors that know their call (`explainAwsError`).
 * AWS_ENDPOINT_URL is honoured.
 *
 *     const ecr = createClient(ECRClient, "us-east-1");
 *
 * @param region Default: the usual chain, AWS_REGION first.
 * @param identity Default: the usual chain's credentials.
 */
export function createClient<Client extends AwsClient>(
  Client: new (configuration: ClientConfiguration) => Client,
  region?: string,
  identity: Identity = {},
): Client {
  const client = new Client({
    ...identity,
    ...(region !== undefined && { region }),
    maxAttempts: MAX_ATTEMPTS,
    retryStrategy: new PacedRetryStrategy(),
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT },
  });
  recordCalls(client);
  return client;
}

/** Lets errors know which call they come from. */
function recordCalls(client: AwsClient): void {
  // What is added looks into no input, so it fits the calls of every service.
  const { middlewareStack, config } = client as STSClient;
  middlewareStack.add(
    (next, context) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        recordCall(error, {
          // "Secrets Manager" has the actions secretsmanager:…
          service: config.serviceId.toLowerCase().replaceAll(" ", ""),
          operation: (context.commandName ?? "").replace(/Command$/, ""),
          region: await config.region(),
          input: args.input,
        });
        throw error;
      }
    },
    { step: "initialize", name: "recordCalls", priority: "high" },
  );
}

/** The clients of one run, one a service and region. Each is created, and its package loaded, when it is first asked for. */
export class Clients {
  private readonly created = new Map<string, Promise<AwsClient>>();

  private readonly identity: Identity;

  /**
   * @param home The region whose clients are for what is one for the account, such as IAM.
   * @param operator Who makes the calls.
   */
  constructor(
    private readonly home: string,
    operator: Operator,
  ) {
    this.identity = identityOf(operator, home);
  }

  ecr(region: string): Promise<ECRClient> {
    return this.get(`ecr ${region}`, async () =>
      createClient((await import("@aws-sdk/client-ecr")).ECRClient, region, this.identity),
    );
  }

  secretsManager(region: string): Promise<SecretsManagerClient> {
    return this.get(`secretsmanager ${region}`, async () =>
      createClient(
        (await import("@aws-sdk/client-secrets-manager")).SecretsManagerClient,
        region,
        this.identity,
      ),
    );
  }

  cloudWatch(region: string): Promise<CloudWatchClient> {
    return this.get(`cloudwatch ${region}`, async () =>
      createClient(
        (await import("@aws-sdk/client-cloudwatch")).CloudWatchClient,
        region,
        this.identity,
      ),
    );
  }

  kms(region: string): Promise<KMSClient> {
    return this.get(`kms ${region}`, async () =>
      createClient((await import("@aws-sdk/client-kms")).KMSClient, region, this.identity),
    );
  }

  sns(region: string): Promise<SNSClient> {
    return this.get(`sns ${region}`, async () =>
      createClient((await import("@aws-sdk/client-sns")).SNSClient, region, this.identity),
    );
  }

  sts(region: string): Promise<STSClient> {
    return this.get(`sts ${region}`, async () =>
      createClient((await import("@aws-sdk/client-sts")).STSClient, region, this.identity),
    );
  }

  /** IAM is one for the account, whatever the region. */
  iam(): Promise<IAMClient> {
    return this.get("iam", async () =>
      createClient((await import("@aws-sdk/client-iam")).IAMClient, this.home, this.identity),
    );
  }

  /** Closes the connections that are kept open. */
  async destroy(): Promise<void> {
    for (const client of await Promise.all(this.created.values())) client.destroy();
  }

  private get<Client extends AwsClient>(
    key: string,
    create: () => Promise<Client>,
  ): Promise<Client> {
    const client = (this.created.get(key) as Promise<Client> | undefined) ?? create();
    this.created.set(key, client);
    return client;
  }
}
