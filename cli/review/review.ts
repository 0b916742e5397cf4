import {
  attachmentNotes,
  iamPolicyNotes,
  iamRoleNotes,
  roleOfPolicy,
  rolePolicyNotes,
} from "./access";
import { accountNotes } from "./account";
import { type Action, actions } from "./actions";
import { changes, differing, label, text } from "./attributes";
import {
  registryPolicyNotes,
  ruleNotes,
  secretNotes,
  secretVersionNotes,
  templateNotes,
} from "./cache";
import { type Context, contextOf, namesake } from "./review-context";
import { note, type Note, risk, type Subject } from "./finding";
import type { Plan, ResourceChange } from "./plan";
import { policyNotes } from "./policies";
import { type RiskKind, riskKinds } from "./risks";

/** What a plan does to one resource. */
export interface ReviewedChange {
  /** Null for what is no resource: a provider, or the plan itself. */
  readonly address: string | null;
  readonly action: Action;
  /** Null: it is one for the account. */
  readonly region: string | null;
  /** The prefix of the rule that it belongs to. */
  readonly prefix: string | null;
  readonly subject: Subject;
  readonly notes: readonly Note[];
}

/** A reviewer's reading of a plan. */
export interface Review {
  /** The only region that it is about; null: it is about all. */
  readonly region: string | null;
  readonly terraformVersion: string | null;
  readonly counts: Readonly<Record<Action, number>>;
  /** What has something to say, risks and all. */
  readonly changes: readonly ReviewedChange[];
  /** What was changed outside Terraform, and is changed back or kept. */
  readonly drift: readonly ReviewedChange[];
}

export interface ReviewOptions {
  /** The environment's account, where it is known. */
  readonly account?: string;
  /** Only what happens in this region, or is one for the account. */
  readonly region?: string;
}

/** One risk of a review. */
export interface Risk extends Omit<ReviewedChange, "notes"> {
  readonly kind: RiskKind;
  readonly text: string;
  readonly consequence: string | null;
}

/** The second part of a resource's name: `us-east-1_a__b_-c` is of the prefix `a/b.c` (constructs/logical-id.ts). */
function prefixInName({ name, namedRegion }: ResourceChange): string | null {
  if (namedRegion === null || name.length === namedRegion.length) return null;
  return name
    .slice(namedRegion.length + 1)
    .replaceAll("__", "/")
    .replaceAll("_-", ".");
}

interface Reading {
  readonly subject: Subject;
  readonly prefix: string | null;
  /** Whether it is one for the account, whatever its provider. */
  readonly isGlobal?: boolean;
  readonly notes: readonly Note[];
}

const either = (change: ResourceChange, attribute: string): string | undefined =>
  text(change.after, attribute) ?? text(change.before, attribute);

/** What happens to a resource that is not of the cache itself. */
function otherNotes(change: ResourceChange, context: Context): Note[] {
  const policies = ["policy", "assume_role_policy"].flatMap((name) =>
    policyNotes(change, name, context),
  );
  switch (change.action) {
    case "create":
      return [note("is created"), ...policies];
    case "replace":
      return [
        note(
          `is replaced${change.replacedFor.length > 0 ? `, because of its ${change.replacedFor.map(label).join(", ")}` : ""}`,
        ),
        ...policies,
      ];
    case "destroy":
      return [note("is destroyed")];
    case "forget":
      return [note("is forgotten by Terraform")];
    case "import":
      return [note("exists, and is taken over"), ...policies];
    case "update":
      return [note(`changes its ${differing(change).map(label).join(", ")}`), ...policies];
    case "none":
      return [];
  }
}

function read(change: ResourceChange, context: Context): Reading {
  const { type, address, name } = change;
  const global = (subject: Subject["kind"], named: string | undefined, notes: readonly Note[]) => ({
    subject: { kind: subject, name: named ?? address },
    prefix: null,
    isGlobal: true,
    notes,
  });
  switch (type) {
    case "aws_ecr_pull_through_cache_rule": {
      const prefix = either(change, "ecr_repository_prefix") ?? prefixInName(change);
      const subject: Subject = { kind: "rule", name: prefix ?? address };
      return { subject, prefix, notes: ruleNotes(change) };
    }
    case "aws_ecr_repository_creation_template": {
      const prefix = either(change, "prefix") ?? prefixInName(change);
      const subject: Subject = { kind: "template", name: prefix ?? address };
      return { subject, prefix, notes: templateNotes(change, context) };
    }
    case "aws_secretsmanager_secret":
    case "aws_secretsmanager_secret_version": {
      const isVersion = type === "aws_secretsmanager_secret_version";
      const secret = isVersion ? namesake(context, "aws_secretsmanager_secret", name) : change;
      return {
        subject: { kind: "secret", name: (secret && either(secret, "name")) ?? address },
        prefix: prefixInName(change),
        notes: isVersion ? secretVersionNotes(change) : secretNotes(change),
      };
    }
    case "aws_ecr_registry_policy":
      return {
        subject: { kind: "registry policy", name: "" },
        prefix: null,
        notes: registryPolicyNotes(change, context),
      };
    case "aws_iam_policy":
      return global("IAM policy", either(change, "name"), iamPolicyNotes(change, context));
    case "aws_iam_role_policy_attachment":
      return global("IAM role", either(change, "role"), attachmentNotes(change, context));
    case "aws_iam_role":
      return global("IAM role", either(change, "name"), iamRoleNotes(change, context));
    case "aws_iam_role_policy":
      return global("IAM role", roleOfPolicy(change, context), rolePolicyNotes(change, context));
    default:
      return {
        subject: { kind: "resource", name: address },
        prefix: null,
        isGlobal: type.startsWith("aws_iam_"),
        notes: otherNotes(change, context),
      };
  }
}

/** What was changed, gone or come outside Terraform, as far as the configuration says how it should be. */
function readDrift(change: ResourceChange, context: Context): ReviewedChange | undefined {
  const { subject, prefix, isGlobal = false } = read(change, context);
  const names = differing(change).filter(
    // All tags are those of the resource and of its provider.
    (name) => change.configured.has(name) || name === "tags_all",
  );
  const isGone = change.action === "destroy";
  if (names.length === 0 && !isGone) return undefined;
  return {
    address: change.address,
    action: change.action,
    region: isGlobal ? null : change.region,
    prefix,
    subject,
    notes: isGone
      ? [note("is gone")]
      : names.map((name) => note(`was changed: it ${changes(change, name, `its ${label(name)}`)}`)),
  };
}

function countActions(all: readonly ReviewedChange[]): Record<Action, number> {
  const counts = Object.fromEntries(actions.map((action) => [action, 0])) as Record<Action, number>;
  for (const { action } of all) counts[action] += 1;
  return counts;
}

/** Something is said of everything that happens. */
function withoutSilence(change: ResourceChange, notes: readonly Note[]): readonly Note[] {
  if (notes.length > 0 || change.action === "none") return notes;
  const names = differing(change);
  return [note(names.length > 0 ? `changes its ${names.map(label).join(", ")}` : "is taken over")];
}

/** Reads a plan as a reviewer would. */
export function reviewPlan(plan: Plan, { account, region }: ReviewOptions = {}): Review {
  const context = contextOf(plan);
  const isWanted = (change: { readonly region: string | null }) =>
    region === undefined || change.region === null || change.region === region;

  const reviewed = plan.changes
    .map((change): ReviewedChange => {
      const { subject, prefix, isGlobal = false, notes } = read(change, context);
      return {
        address: change.address,
        action: change.action,
        region: isGlobal ? null : change.region,
        prefix,
        subject,
        notes: withoutSilence(change, notes),
      };
    })
    .filter(isWanted);
  const aboutAccount = accountNotes(plan, account).map((about): ReviewedChange => ({
    address: null,
    action: "none",
    prefix: null,
    ...about,
  }));
  const aboutPlan: ReviewedChange[] = plan.isErrored
    ? [
        {
          address: null,
          action: "none",
          region: null,
          prefix: null,
          subject: { kind: "plan", name: "" },
          notes: [
            risk("incomplete-plan", "could not be finished by Terraform: what follows is not all"),
          ],
        },
      ]
    : [];
  return {
    region: region ?? null,
    terraformVersion: plan.terraformVersion,
    counts: countActions(reviewed),
    changes: [
      ...aboutPlan,
      ...aboutAccount.filter(isWanted),
      ...reviewed.filter(({ notes }) => notes.length > 0),
    ],
    drift: plan.drift.flatMap((change) => readDrift(change, context) ?? []).filter(isWanted),
  };
}

/** The risks of a review, in the order of `RISKS`. */
export function risksOf({ changes }: Review): Risk[] {
  return changes
    .flatMap(({ notes, ...change }) =>
      notes.flatMap(({ text, risk: kind, consequence = null }) =>
        kind ? [{ ...change, kind, text, consequence }] : [],
      ),
    )
    .sort((one, other) => riskKinds.indexOf(one.kind) - riskKinds.indexOf(other.kind));
}
