import {
  attachmentNotes,
  iamPolicyNotes,
  iamRoleNotes,
  roleOfPolicy,
  rolePolicyNotes,
} from "./access";
import type { Environment } from "../ecr/environment";
import { accountNotes } from "./account";
import { type Action, actions } from "./actions";
import { differing, label, shown, text } from "./attributes";
import {
  registryPolicyNotes,
  ruleNotes,
  secretNotes,
  secretVersionNotes,
  templateNotes,
} from "./cache";
import { type Context, contextOf, isGuard, namesake } from "./review-context";
import { IMPORTED, note, type Note, risk, type Subject } from "./finding";
import type { Plan, ResourceChange } from "./plan";
import { policyNotes } from "./policies";
import { scanningNotes } from "./scanning";
import { pruneNotes } from "./prune";
import { type RiskKind, riskKinds } from "./risks";

/** What a plan does to one resource. */
export interface ReviewedChange {
  /** Null: it is a provider, or the plan itself. */
  readonly address: string | null;
  readonly action: Action;
  /** Null: it belongs to the account. */
  readonly region: string | null;
  /** The prefix of the rule that it belongs to. */
  readonly prefix: string | null;
  readonly subject: Subject;
  readonly notes: readonly Note[];
}

/** A reviewer's reading of a plan. */
export interface Review {
  /** The only region that was reviewed; null: all of them. */
  readonly region: string | null;
  readonly terraformVersion: string | null;
  readonly counts: Readonly<Record<Action, number>>;
  /** Every change with its notes. */
  readonly changes: readonly ReviewedChange[];
  /** What drifted, whether Terraform corrects it or not. */
  readonly drift: readonly ReviewedChange[];
}

export interface ReviewOptions {
  /** The environment, where it is known: its account, and whom it lets in. */
  readonly environment?: Pick<Environment, "account" | "access">;
  /** The accounts of which the plan may be for one. Default: the environment's. */
  readonly accounts?: readonly string[];
  /** Only changes in this region and changes of the account. */
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
  /** Whether it belongs to the account and not to its provider's region. */
  readonly isGlobal?: boolean;
  readonly notes: readonly Note[];
}

const either = (change: ResourceChange, attribute: string): string | undefined =>
  text(change.after, attribute) ?? text(change.before, attribute);

/** What happens to a resource that is not part of the cache itself. */
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
          `is replaced${change.replacedFor.length > 0 ? ` because its ${change.replacedFor.map(label).join(", ")} changes` : ""}`,
        ),
        ...policies,
      ];
    case "destroy":
      return [note("is destroyed")];
    case "forget":
      return [note("is forgotten by Terraform")];
    case "import":
      return [IMPORTED, ...policies];
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
    case "aws_ecr_registry_scanning_configuration":
      return {
        subject: { kind: "scanning configuration", name: "" },
        prefix: null,
        notes: scanningNotes(change, context),
      };
    case "aws_iam_policy":
      return global("IAM policy", either(change, "name"), iamPolicyNotes(change, context));
    case "aws_iam_role_policy_attachment":
      return global("IAM role", either(change, "role"), attachmentNotes(change, context));
    case "aws_iam_role":
      return global("IAM role", either(change, "name"), iamRoleNotes(change, context));
    case "aws_iam_role_policy":
      return global("IAM role", roleOfPolicy(change, context), rolePolicyNotes(change, context));
    case "aws_lambda_function":
      return {
        subject: { kind: "resource", name: address },
        prefix: null,
        notes: [...otherNotes(change, context), ...pruneNotes(change)],
      };
    default:
      return {
        subject: { kind: "resource", name: address },
        prefix: null,
        isGlobal: type.startsWith("aws_iam_"),
        notes: otherNotes(change, context),
      };
  }
}

function reviewedChange(
  { address, action, region }: ResourceChange,
  { subject, prefix, isGlobal = false }: Omit<Reading, "notes">,
  notes: readonly Note[],
): ReviewedChange {
  return { address, action, region: isGlobal ? null : region, prefix, subject, notes };
}

/** How a resource drifted, in the attributes that the configuration sets. */
function readDrift(change: ResourceChange, context: Context): ReviewedChange | undefined {
  const about = read(change, context);
  const names = differing(change).filter(
    // `tags_all` is the tags of the resource and of its provider.
    (name) => change.configured.has(name) || name === "tags_all",
  );
  const isGone = change.action === "destroy";
  if (names.length === 0 && !isGone) return undefined;
  return reviewedChange(
    change,
    about,
    isGone
      ? [note("no longer exists")]
      : names.map((name) =>
          note(
            `has another ${label(name)}: ${shown(change, name, "after")} (was ${shown(change, name, "before")})`,
          ),
        ),
  );
}

function countActions(all: readonly ReviewedChange[]): Record<Action, number> {
  const counts = Object.fromEntries(actions.map((action) => [action, 0])) as Record<Action, number>;
  for (const { action } of all) counts[action] += 1;
  return counts;
}

/** Every change gets at least one note. */
function withFallbackNote(change: ResourceChange, notes: readonly Note[]): readonly Note[] {
  if (notes.length > 0 || change.action === "none") return notes;
  const names = differing(change);
  return [names.length > 0 ? note(`changes its ${names.map(label).join(", ")}`) : IMPORTED];
}

/** Reads a plan as a reviewer would. */
export function reviewPlan(plan: Plan, options: ReviewOptions = {}): Review {
  const { environment, accounts = environment && [environment.account], region } = options;
  const context = contextOf(plan, environment);
  const isWanted = (change: { readonly region: string | null }) =>
    region === undefined || change.region === null || change.region === region;

  const reviewed = plan.changes
    .filter((change) => !isGuard(change))
    .map((change): ReviewedChange => {
      const about = read(change, context);
      return reviewedChange(change, about, withFallbackNote(change, about.notes));
    })
    .filter(isWanted);
  const aboutAccount = accountNotes(plan, accounts).map((about): ReviewedChange => ({
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
            risk(
              "incomplete-plan",
              "could not be finished by Terraform: changes are missing below",
            ),
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
    drift: plan.drift
      .filter((change) => !isGuard(change))
      .flatMap((change) => readDrift(change, context) ?? [])
      .filter(isWanted),
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
