import type { AccountOwner } from "./caller";
import type { Clients } from "./clients";

/** The AWS account of an environment. */
export interface Aws extends Pick<
  Clients,
  "ecr" | "secretsManager" | "cloudWatch" | "iam" | "kms" | "sns"
> {
  /** Who makes the calls: the ARN of a user or of an assumed role. */
  readonly caller: string;
}

/**
 * Works in the AWS account of an environment, with its profile and role, else the credentials of the usual chain
 * (AWS_PROFILE, environment variables, SSO, instance roles, …), and with AWS_ENDPOINT_URL. Before anything else it is made sure that they are for that
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
  environment: AccountOwner,
  region: string,
  work: (aws: Aws) => Promise<Result>,
): Promise<Result> {
  // The SDK is loaded by the call, not with this module: `--help` must not wait for it.
  const [{ Clients }, { checkAccount }, { toUserError }] = await Promise.all([
    import("./clients"),
    import("./caller"),
    import("./remedies"),
  ]);
  const clients = new Clients(region, environment);
  try {
    const caller = await checkAccount(clients, environment, region);
    return await work({
      caller,
      ecr: (region) => clients.ecr(region),
      secretsManager: (region) => clients.secretsManager(region),
      cloudWatch: (region) => clients.cloudWatch(region),
      iam: () => clients.iam(),
      kms: (region) => clients.kms(region),
      sns: (region) => clients.sns(region),
    });
  } catch (error) {
    throw toUserError(error);
  } finally {
    await clients.destroy();
  }
}
