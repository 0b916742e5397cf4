import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRolePolicyCommand,
  IAMClient,
  NoSuchEntityException,
  paginateListAttachedRolePolicies,
  paginateListRolePolicies,
} from "@aws-sdk/client-iam";
import { ACCOUNT_HEADER, type Moto } from "../moto-client";
import { evaluate } from "./evaluate";

/*
 * IAM's policy simulator, which moto lacks: the policies of a role, inline and attached, as moto keeps them. Permissions
 * boundaries and policies of an organization are not supported.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */

/** The action of IAM that is implemented here. */
export const SIMULATE = "SimulatePrincipalPolicy";

export interface XmlAnswer {
  readonly status: number;
  readonly body: string;
}

const DEFAULT_PAGE = 100;

function clientOf({ url, account }: Moto): IAMClient {
  const client = new IAMClient({
    endpoint: url,
    region: "us-east-1",
    credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
  });
  client.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers[ACCOUNT_HEADER] = account;
      return next(args);
    },
    { step: "build", name: "account" },
  );
  return client;
}

const decode = (document: string | undefined) => decodeURIComponent(document ?? "{}");

async function policiesOf(client: IAMClient, RoleName: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const { PolicyNames = [] } of paginateListRolePolicies({ client }, { RoleName })) {
    for (const PolicyName of PolicyNames) {
      const inline = await client.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      texts.push(decode(inline.PolicyDocument));
    }
  }
  for await (const page of paginateListAttachedRolePolicies({ client }, { RoleName })) {
    for (const { PolicyArn } of page.AttachedPolicies ?? []) {
      const { Policy } = await client.send(new GetPolicyCommand({ PolicyArn }));
      const version = await client.send(
        new GetPolicyVersionCommand({ PolicyArn, VersionId: Policy?.DefaultVersionId }),
      );
      texts.push(decode(version.PolicyVersion?.Document));
    }
  }
  return texts;
}

/** The list of a parameter of the query protocol, `NAME.member.1` and on. */
function listOf(form: URLSearchParams, name: string): string[] {
  const values: string[] = [];
  for (let index = 1; ; index += 1) {
    const value = form.get(`${name}.member.${index}`);
    if (value === null) return values;
    values.push(value);
  }
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function refuse(status: number, code: string, message: string): XmlAnswer {
  return {
    status,
    body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error><RequestId>sandbox</RequestId></ErrorResponse>`,
  };
}

/** Answers a call of the simulator. @param text its body, in the query protocol */
export async function simulate(moto: Moto, text: string): Promise<XmlAnswer> {
  const form = new URLSearchParams(text);
  const arn = form.get("PolicySourceArn") ?? "";
  const role = /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/(?:.+\/)?([^/]+)$/.exec(arn)?.[1];
  if (role === undefined) {
    return refuse(400, "InvalidInput", `The sandbox simulates roles only, not ${arn}`);
  }
  const client = clientOf(moto);
  let policies: string[];
  try {
    policies = await policiesOf(client, role);
  } catch (error) {
    if (!(error instanceof NoSuchEntityException)) throw error;
    return refuse(404, "NoSuchEntity", error.message);
  } finally {
    client.destroy();
  }

  const resources = listOf(form, "ResourceArns");
  const members = listOf(form, "ActionNames").flatMap((action) =>
    (resources.length > 0 ? resources : ["*"]).map(
      (resource) =>
        `<member><EvalActionName>${escapeXml(action)}</EvalActionName><EvalResourceName>${escapeXml(resource)}</EvalResourceName><EvalDecision>${evaluate(policies, action, resource)}</EvalDecision></member>`,
    ),
  );
  const start = Number(form.get("Marker") ?? 0);
  const end = start + Number(form.get("MaxItems") ?? DEFAULT_PAGE);
  const isTruncated = end < members.length;
  return {
    status: 200,
    body: [
      '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult>',
      `<IsTruncated>${isTruncated}</IsTruncated>`,
      isTruncated ? `<Marker>${end}</Marker>` : "",
      `<EvaluationResults>${members.slice(start, end).join("")}</EvaluationResults>`,
      "</SimulatePrincipalPolicyResult><ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata></SimulatePrincipalPolicyResponse>",
    ].join(""),
  };
}
