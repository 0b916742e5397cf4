/*
 * The calls that the front itself makes to moto, as the services of AWS call one another.
 */

/** The address of moto, and the account that it serves. */
export interface Moto {
  readonly url: string;
  readonly account: string;
}

/** Moto takes the account from this header, unless its own MOTO_ACCOUNT_ID says otherwise; without it, from the access key. */
export const ACCOUNT_HEADER = "x-moto-account-id";

export interface Answer {
  readonly ok: boolean;
  readonly text: string;
}

/** Moto; without an account, that of the access key. */
type Called = Pick<Moto, "url"> & Partial<Moto>;

/** Moto finds the service and the region in the signature, which it does not check. */
function signed({ account }: Called, service: string, region: string, accessKey = "sandbox") {
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/20150921/${region}/${service}/aws4_request, SignedHeaders=host, Signature=sandbox`,
    ...(account !== undefined && { [ACCOUNT_HEADER]: account }),
  };
}

async function post(
  moto: Called,
  service: string,
  region: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  accessKey?: string,
): Promise<Answer> {
  const response = await fetch(moto.url, {
    method: "POST",
    headers: { ...headers, ...signed(moto, service, region, accessKey) },
    body,
  });
  return { ok: response.ok, text: await response.text() };
}

/** Calls an API of the JSON protocol; `target` is its name and the action. */
export function callJson(
  moto: Moto,
  service: string,
  region: string,
  target: string,
  input: object,
) {
  return post(
    moto,
    service,
    region,
    { "content-type": "application/x-amz-json-1.1", "x-amz-target": target },
    JSON.stringify(input),
  );
}

/** Reads what a REST API has at a path. */
export async function getJson(
  moto: Moto,
  service: string,
  region: string,
  path: string,
): Promise<Answer> {
  const headers = signed(moto, service, region);
  const response = await fetch(new URL(path, moto.url), { headers });
  return { ok: response.ok, text: await response.text() };
}

/** Calls an API of the query protocol, in the region of global services. */
export function callQuery(
  moto: Called,
  service: string,
  input: Readonly<Record<string, string>>,
  accessKey?: string,
) {
  return post(
    moto,
    service,
    "us-east-1",
    { "content-type": "application/x-www-form-urlencoded" },
    new URLSearchParams(input).toString(),
    accessKey,
  );
}

const CALLER_IDENTITY = { Action: "GetCallerIdentity", Version: "2011-06-15" };

/** The account that moto serves. */
export async function accountOf(moto: Moto): Promise<string | undefined> {
  const { text } = await callQuery(moto, "sts", CALLER_IDENTITY);
  return /<Account>([0-9]{12})</.exec(text)?.[1];
}

/** The ARN of who has an access key. */
export async function identityOf({ url }: Moto, accessKey: string): Promise<string | undefined> {
  const { text } = await callQuery({ url }, "sts", CALLER_IDENTITY, accessKey);
  return /<Arn>([^<]+)</.exec(text)?.[1];
}

/** Empties moto: every service, account and region. */
export async function resetMoto({ url }: Pick<Moto, "url">): Promise<void> {
  const response = await fetch(new URL("/moto-api/reset", url), { method: "POST" });
  await response.text();
}
