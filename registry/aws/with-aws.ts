import type { ECRClient } from "@aws-sdk/client-ecr";
import type { IAMClient } from "@aws-sdk/client-iam";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { STSClient } from "@aws-sdk/client-sts";
import type { Environment } from "../../ecr/environment";
import { UserError } from "../../ecr/user-error";
import {
  type AwsService,
  CREDENTIALS_HINT,
  isInvalidIdentity,
  noteCall,
  toUserError,
} from "./errors";

/** The AWS account of an environment. Clients are made when they are first asked for, one a service and region. */
export interface Aws {
  readonly ecr: (region: string) => Promise<ECRClient>;
  readonly secretsManager: (region: string) => Promise<SecretsManagerClient>;
  /** IAM is one for the account, whatever the region. */
  readonly iam: () => Promise<IAMClient>;
  /** Who makes the calls: the ARN of a user or of an assumed role. */
  readonly caller: string;
}

/** Attempts at one call, with growing waits while AWS throttles it. */
const MAX_ATTEMPTS = 5;
/** How long a connection may take to be made, in milliseconds. */
const CONNECTION_TIMEOUT = 5_000;

interface ClientConfiguration {
  readonly region: string;
  readonly retryMode: "standard";
  readonly maxAttempts: number;
  readonly requestHandler: { readonly connectionTimeout: number };
}

type Client = Pick<STSClient, "destroy">;

/** Lets errors know which call they come from. */
function noteCalls(client: Client, service: AwsService, region: string): void {
  // What is added looks into no input, so it fits the calls of every service.
  (client as STSClient).middlewareStack.add(
    (next, context) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        const operation = (context.commandName ?? "").replace(/Command$/, "");
        noteCall(error, { service, operation, region, input: args.input });
        throw error;
      }
    },
    { step: "initialize", name: "noteCalls", priority: "high" },
  );
}

class Clients {
  private readonly made = new Map<string, Promise<Client>>();

  get<C extends Client>(
    service: AwsService,
    region: string,
    make: (configuration: ClientConfiguration) => Promise<C>,
  ): Promise<C> {
    const key = `${service} ${region}`;
    const client =
      (this.made.get(key) as Promise<C> | undefined) ?? this.make(service, region, make);
    this.made.set(key, client);
    return client;
  }

  private async make<C extends Client>(
    service: AwsService,
    region: string,
    make: (configuration: ClientConfiguration) => Promise<C>,
  ): Promise<C> {
    const client = await make({
      region,
      // Not adaptive: after a single refusal, that mode goes down to one call in two seconds.
      retryMode: "standard",
      maxAttempts: MAX_ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECTION_TIMEOUT },
    });
    noteCalls(client, service, region);
    return client;
  }

  /** Closes the connections that are kept open. */
  async destroy(): Promise<void> {
    for (const client of await Promise.all(this.made.values())) client.destroy();
  }
}

/**
 * Works in the AWS account of an environment, with the credentials of the usual chain (AWS_PROFILE, environment
 * variables, SSO, instance roles, …) and AWS_ENDPOINT_URL. Before anything else it is made sure that they are for that
 * account.
 *
 *     await withAws(environment, region, async (aws) => {
 *       const ecr = await aws.ecr(region);
 *       …
 *     });
 *
 * @param region Where the account is asked for: one of the regions that the work is about.
 * @throws UserError where they are not, and for every error of AWS that says what to do about it.
 */
export async function withAws<Result>(
  environment: Environment,
  region: string,
  work: (aws: Aws) => Promise<Result>,
): Promise<Result> {
  const clients = new Clients();
  try {
    const caller = await checkAccount(clients, environment, region);
    return await work({
      caller,
      ecr: (region) =>
        clients.get("ecr", region, async (configuration) => {
          const { ECRClient } = await import("@aws-sdk/client-ecr");
          return new ECRClient(configuration);
        }),
      secretsManager: (region) =>
        clients.get("secretsmanager", region, async (configuration) => {
          const { SecretsManagerClient } = await import("@aws-sdk/client-secrets-manager");
          return new SecretsManagerClient(configuration);
        }),
      iam: () =>
        clients.get("iam", region, async (configuration) => {
          const { IAMClient } = await import("@aws-sdk/client-iam");
          return new IAMClient(configuration);
        }),
    });
  } catch (error) {
    throw toUserError(error);
  } finally {
    await clients.destroy();
  }
}

async function whoAmI(
  clients: Clients,
  region: string,
): Promise<{ readonly account: string; readonly arn: string }> {
  const { GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
  const client = await clients.get("sts", region, (configuration) =>
    Promise.resolve(new STSClient(configuration)),
  );
  const { Account = "", Arn = "" } = await client.send(new GetCallerIdentityCommand());
  return { account: Account, arn: Arn };
}

/** A region that every account of the partition `aws` has, and can't turn off. */
const ALWAYS_ON = "us-east-1";

/** @returns Who makes the calls. */
async function checkAccount(
  clients: Clients,
  environment: Environment,
  region: string,
): Promise<string> {
  let identity;
  try {
    identity = await whoAmI(clients, region);
  } catch (error) {
    // A region that is off for the account knows no credentials: another one tells it from wrong ones.
    if (!isInvalidIdentity(error) || region === ALWAYS_ON) throw error;
    try {
      await whoAmI(clients, ALWAYS_ON);
    } catch {
      throw error;
    }
    throw new UserError(
      `AWS: found that ${region} does not know credentials which ${ALWAYS_ON} knows: the region is off for the account (turn it on: AWS Account Management, AWS Regions), or the session's token is only for regions that are on by default (get it from the endpoint https://sts.${region}.amazonaws.com)`,
    );
  }
  if (identity.account !== environment.account) {
    throw new UserError(
      `environment ${environment.name}: found credentials for account ${identity.account} (${identity.arn}); allowed: those for account ${environment.account}; ${CREDENTIALS_HINT}`,
    );
  }
  return identity.arn;
}
