import type { Secret, ServiceLinkedRole, Services } from "./ecr/context";

/*
 * The calls that the front itself makes to moto, as the services of AWS call one another.
 */

/** The address of moto, and the account that it serves. */
export interface Moto {
  readonly url: string;
  readonly account: string;
}

/** Moto takes the account from this header, unless its own MOTO_ACCOUNT_ID says otherwise. */
export const ACCOUNT_HEADER = "x-moto-account-id";

export interface Answer {
  readonly ok: boolean;
  readonly text: string;
}

async function post(
  moto: Moto,
  service: string,
  region: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<Answer> {
  const response = await fetch(moto.url, {
    method: "POST",
    headers: {
      ...headers,
      // Moto finds the service and the region here; it checks no signature.
      authorization: `AWS4-HMAC-SHA256 Credential=sandbox/20150921/${region}/${service}/aws4_request, SignedHeaders=host, Signature=sandbox`,
      [ACCOUNT_HEADER]: moto.account,
    },
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

/** Calls an API of the query protocol, in the region of global services. */
export function callQuery(moto: Moto, service: string, input: Readonly<Record<string, string>>) {
  return post(
    moto,
    service,
    "us-east-1",
    { "content-type": "application/x-www-form-urlencoded" },
    new URLSearchParams(input).toString(),
  );
}

async function readSecret(moto: Moto, region: string, arn: string): Promise<Secret> {
  const call = (action: string) =>
    callJson(moto, "secretsmanager", region, `secretsmanager.${action}`, { SecretId: arn });
  const described = await call("DescribeSecret");
  if (!described.ok) return { state: "absent" };
  const { KmsKeyId, DeletedDate } = JSON.parse(described.text) as {
    KmsKeyId?: string;
    DeletedDate?: number;
  };
  if (DeletedDate) return { state: "absent" };
  const value = await call("GetSecretValue");
  const text = value.ok
    ? (JSON.parse(value.text) as { SecretString?: string }).SecretString
    : undefined;
  if (text === undefined) return { state: "without a value" };
  return { state: "present", text, ...(KmsKeyId && { kmsKeyId: KmsKeyId }) };
}

async function trustedServices(moto: Moto, roleArn: string): Promise<string[] | undefined> {
  const answer = await callQuery(moto, "iam", {
    Action: "GetRole",
    Version: "2010-05-08",
    RoleName: roleArn.split("/").at(-1) ?? "",
  });
  const encoded = /<AssumeRolePolicyDocument>([^<]*)</.exec(answer.text)?.[1];
  if (!answer.ok || encoded === undefined) return undefined;
  const { Statement = [] } = JSON.parse(decodeURIComponent(encoded)) as {
    Statement?: { Principal?: { Service?: string | string[] } }[];
  };
  return Statement.flatMap(({ Principal }) => Principal?.Service ?? []);
}

/** CreateServiceLinkedRole is no use here: moto gives the role another name. */
async function ensureServiceLinkedRole(moto: Moto, role: ServiceLinkedRole): Promise<void> {
  const { name, service } = role;
  const answer = await callQuery(moto, "iam", {
    Action: "CreateRole",
    Version: "2010-05-08",
    RoleName: name,
    Path: `/aws-service-role/${service}/`,
    AssumeRolePolicyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
    }),
  });
  if (!answer.ok && !answer.text.includes("EntityAlreadyExists")) {
    throw new Error(`moto did not create ${name}: ${answer.text}`);
  }
}

/** The services of the account that ECR in a region calls, all of them moto's. */
export function motoServices(moto: Moto, region: string): Services {
  return {
    readSecret: (arn) => readSecret(moto, region, arn),
    trustedServices: (roleArn) => trustedServices(moto, roleArn),
    ensureServiceLinkedRole: (role) => ensureServiceLinkedRole(moto, role),
    putEvent: async ({ resources, detail }) => {
      const entry = {
        Source: "aws.ecr",
        DetailType: "ECR Pull Through Cache Action",
        Resources: resources,
        Detail: JSON.stringify(detail),
      };
      const answer = await callJson(moto, "events", region, "AWSEvents.PutEvents", {
        Entries: [entry],
      });
      if (!answer.ok) throw new Error(`moto did not accept an event: ${answer.text}`);
    },
  };
}

/** The account that moto serves. */
export async function accountOf(moto: Moto): Promise<string | undefined> {
  const answer = await callQuery(moto, "sts", {
    Action: "GetCallerIdentity",
    Version: "2011-06-15",
  });
  return /<Account>([0-9]{12})</.exec(answer.text)?.[1];
}

/** Empties moto: every service, account and region. */
export async function resetMoto({ url }: Pick<Moto, "url">): Promise<void> {
  const response = await fetch(new URL("/moto-api/reset", url), { method: "POST" });
  await response.text();
}
