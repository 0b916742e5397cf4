import { administratorOf, type Caller } from "../ecr/authorization";
import { identityOf, type Moto } from "../moto-client";

/** The ids of keys that STS and IAM give out; Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
const ISSUED = /^A[SK]IA/;

/**
 * Who signed a request. The key of an assumed role is that role, in whatever account; an access key id of twelve digits is
 * the administrator of that account; any other one is the administrator of the sandbox's account.
 */
export async function callerOf(moto: Moto, accessKey = ""): Promise<Caller> {
  if (/^[0-9]{12}$/.test(accessKey)) return administratorOf(accessKey);
  const arn = ISSUED.test(accessKey) ? await identityOf(moto, accessKey) : undefined;
  const match = /^arn:aws[a-z-]*:sts::([0-9]{12}):assumed-role\/([^/]+)\//.exec(arn ?? "");
  if (!match || arn === undefined) return administratorOf(moto.account);
  const [, account = "", role = ""] = match;
  return { account, arn, role };
}
