import { NoSuchEntityException } from "@aws-sdk/client-iam";
import { EVENT_DETAIL_TYPE, EVENT_SOURCE } from "../reconcile/lambda/events";
import type { PullThroughCacheEvent, Secret, ServiceLinkedRole, Services } from "./ecr/context";
import { readRolePolicies } from "./iam/role-policies";
import { callJson, callQuery, type Moto } from "./moto-client";

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

/** The policies of a role; none where there is no such role. */
async function rolePolicies(moto: Moto, role: string): Promise<readonly string[]> {
  try {
    return await readRolePolicies(moto, role);
  } catch (error) {
    if (error instanceof NoSuchEntityException) return [];
    throw error;
  }
}

/**
 * The services of the account that ECR in a region calls: moto's.
 *
 * @param deliver what becomes of an event besides
 */
export function motoServices(
  moto: Moto,
  region: string,
  deliver: (event: PullThroughCacheEvent) => Promise<void>,
): Services {
  return {
    readSecret: (arn) => readSecret(moto, region, arn),
    rolePolicies: (account, role) => rolePolicies({ ...moto, account }, role),
    trustedServices: (roleArn) => trustedServices(moto, roleArn),
    ensureServiceLinkedRole: (role) => ensureServiceLinkedRole(moto, role),
    putEvent: async (event) => {
      const { resources, detail } = event;
      const entry = {
        Source: EVENT_SOURCE,
        DetailType: EVENT_DETAIL_TYPE,
        Resources: resources,
        Detail: JSON.stringify(detail),
      };
      const answer = await callJson(moto, "events", region, "AWSEvents.PutEvents", {
        Entries: [entry],
      });
      if (!answer.ok) throw new Error(`moto did not accept an event: ${answer.text}`);
      await deliver(event);
    },
  };
}
