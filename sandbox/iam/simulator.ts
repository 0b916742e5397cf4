import { NoSuchEntityException } from "@aws-sdk/client-iam";
import type { Moto } from "../moto-client";
import { evaluate } from "../../ecr/policies/evaluate";
import { readRolePolicies } from "./role-policies";

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
  let policies: string[];
  try {
    policies = await readRolePolicies(moto, role);
  } catch (error) {
    if (!(error instanceof NoSuchEntityException)) throw error;
    return refuse(404, "NoSuchEntity", error.message);
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
