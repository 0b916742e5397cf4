import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import type { Environment } from "../../ecr/environment";
import { UserError } from "../../ecr/user-error";
import type { Clients } from "./clients";
import { isInvalidIdentity } from "./errors";
import { CREDENTIALS_HINT } from "./remedies";

/** Whose account calls are for, and as whom they are made: an environment, or a consumer of one, by the environment's name. */
export type AccountOwner = Pick<Environment, "name" | "account" | "profile" | "assumeRole">;

async function whoAmI(
  clients: Clients,
  region: string,
): Promise<{ readonly account: string; readonly arn: string }> {
  const client = await clients.sts(region);
  const { Account = "", Arn = "" } = await client.send(new GetCallerIdentityCommand());
  return { account: Account, arn: Arn };
}

/** A region that every account of the partition `aws` has, and can't turn off. */
const ALWAYS_ON = "us-east-1";

/**
 * Makes sure that the credentials are for the account of an environment.
 *
 * @param region Where the account is asked for.
 * @returns Who makes the calls: the ARN of a user or of an assumed role.
 * @throws UserError if they are for another account, or the region is off for the account.
 */
export async function checkAccount(
  clients: Clients,
  environment: Pick<AccountOwner, "name" | "account">,
  region: string,
): Promise<string> {
  let identity;
  try {
    identity = await whoAmI(clients, region);
  } catch (error) {
    // A region that is disabled for the account accepts no credentials: asking another one distinguishes that from wrong ones.
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
