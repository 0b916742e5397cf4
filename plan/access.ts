import { changes, differing, label, text } from "./attributes";
import { type Context, namesake } from "./review-context";
import { code, note, type Note, risk, IMPORTED } from "./finding";
import type { ResourceChange } from "./plan";
import { policyNotes } from "./policies";

/*
 * What a plan does to permissions: IAM policies, roles, and which role has which policy.
 */

const POLICY = "aws_iam_policy";

function attributeNotes(change: ResourceChange, names: readonly string[]): Note[] {
  return differing(change)
    .filter((name) => names.includes(name))
    .map((name) => note(changes(change, name, `its ${label(name)}`)));
}

export function iamPolicyNotes(change: ResourceChange, context: Context): Note[] {
  const policy = policyNotes(change, "policy", context, true);
  switch (change.action) {
    case "create":
      return [note("is **created**"), ...policy];
    case "destroy":
    case "forget":
      return [risk("access-lost", "is **destroyed**", "those who have it lose what it allows")];
    case "replace":
      return [
        risk(
          "access-lost",
          "is **replaced**",
          "those who have it can't do what it allows during the apply",
        ),
        ...policy,
      ];
    case "import":
      return [IMPORTED, ...policy];
    case "update":
      return [...policy, ...attributeNotes(change, ["description", "tags_all"])];
    case "none":
      return [];
  }
}

/** The policy that an attachment is about, where the plan has it. */
function policyOf(change: ResourceChange, { plan }: Context): ResourceChange | undefined {
  const policies = plan.changes.filter(({ type }) => type === POLICY);
  const arn = text(change.after, "policy_arn") ?? text(change.before, "policy_arn");
  if (arn !== undefined) {
    return policies.find(({ before, after }) =>
      [text(before, "arn"), text(after, "arn")].includes(arn),
    );
  }
  // The ARN of a new policy is known only after the apply.
  const created = policies.filter(({ action }) => action === "create" || action === "replace");
  return created.length === 1
    ? created[0]
    : created.find(({ name }) => change.name.startsWith(`${name}_`));
}

export function attachmentNotes(change: ResourceChange, context: Context): Note[] {
  const policy = policyOf(change, context);
  const arn = text(change.after, "policy_arn") ?? text(change.before, "policy_arn");
  const name =
    (policy && (text(policy.after, "name") ?? text(policy.before, "name"))) ??
    arn?.split("/").at(-1);
  const shownName = name === undefined ? "a new policy" : code(name);
  const loses = `loses ${shownName}`;
  // A policy that is created or destroyed says it for everyone who has it.
  const isNews = policy?.action === "create" || policy?.action === "replace";
  const isOld = policy?.action === "destroy" || policy?.action === "replace";
  const gain = isNews ? note(`gets ${shownName}`) : risk("wider-access", `gets ${shownName}`);
  const loss = isOld
    ? note(loses)
    : risk("access-lost", loses, "it can no longer do what the policy allows");
  switch (change.action) {
    case "create":
      return [gain];
    case "replace":
      return [loss, gain];
    case "destroy":
      return [loss];
    case "import":
      return [IMPORTED];
    case "forget":
    case "update":
    case "none":
      return [];
  }
}

export function iamRoleNotes(change: ResourceChange, context: Context): Note[] {
  const trust = policyNotes(change, "assume_role_policy", context, true);
  switch (change.action) {
    case "create":
      return [note("is **created**"), ...trust];
    case "destroy":
      return [note("is **destroyed**")];
    case "forget":
      return [note("is **forgotten** by Terraform")];
    case "replace":
      return [note("is **replaced**"), ...trust];
    case "import":
      return [IMPORTED, ...trust];
    case "update":
      return [
        ...trust,
        ...attributeNotes(change, [
          "description",
          "max_session_duration",
          "permissions_boundary",
          "tags_all",
        ]),
      ];
    case "none":
      return [];
  }
}

/** The role that a policy is part of: by its name, or, if it is new, by its name in Terraform. */
export function roleOfPolicy(change: ResourceChange, context: Context): string | undefined {
  const role = namesake(context, "aws_iam_role", change.name);
  return (
    text(change.after, "role") ??
    text(change.before, "role") ??
    (role && (text(role.after, "name") ?? text(role.before, "name")))
  );
}

export function rolePolicyNotes(change: ResourceChange, context: Context): Note[] {
  const policy = policyNotes(change, "policy", context, true);
  switch (change.action) {
    case "create":
      return [note("gets its permissions"), ...policy];
    case "destroy":
    case "forget":
      return [note("loses its permissions")];
    case "import":
      return [IMPORTED, ...policy];
    case "replace":
    case "update":
      return policy;
    case "none":
      return [];
  }
}
