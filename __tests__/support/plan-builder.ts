import { type Plan, parsePlan } from "../../plan/plan";
import { type Review, reviewPlan, type ReviewOptions, risksOf } from "../../plan/review";

export const ACCOUNT = "123456789012";

export type Attributes = Record<string, unknown>;

/** A change as Terraform writes it, without what does not matter. */
export interface Change {
  readonly address: string;
  readonly actions: readonly string[];
  readonly before?: Attributes | null;
  readonly after?: Attributes | null;
  readonly unknown?: Attributes;
  readonly sensitive?: Attributes;
  readonly replacePaths?: readonly string[][];
  readonly importing?: { readonly id: string };
  /** The provider's alias. Default: the region in the address, else us-east-1. */
  readonly provider?: string;
}

function toResource({ address, provider, before, after }: Change) {
  const [type = "", name = ""] = address.split(".");
  const region = /^[a-z]{2}-[a-z]+-[0-9]/.exec(name)?.[0] ?? "us-east-1";
  return {
    address,
    mode: "managed",
    type,
    name,
    provider_config_key: `aws.${provider ?? region}`,
    expressions: Object.fromEntries(
      Object.keys(after ?? before ?? {}).map((key) => [key, { constant_value: "" }]),
    ),
  };
}

function toChange(change: Change) {
  const { address, actions, before, after, unknown, sensitive, replacePaths, importing } = change;
  const [type = "", name = ""] = address.split(".");
  return {
    address,
    mode: "managed",
    type,
    name,
    provider_name: "registry.terraform.io/hashicorp/aws",
    change: {
      actions,
      before: before ?? null,
      after: after ?? null,
      after_unknown: unknown ?? {},
      before_sensitive: sensitive ?? {},
      after_sensitive: sensitive ?? {},
      ...(replacePaths && { replace_paths: replacePaths }),
      ...(importing && { importing }),
    },
  };
}

const provider = (region: string, accounts: readonly string[] | undefined) => ({
  name: "aws",
  alias: region,
  expressions: {
    region: { constant_value: region },
    ...(accounts && { allowed_account_ids: { constant_value: accounts } }),
  },
});

export interface PlanParts {
  readonly drift?: readonly Change[];
  readonly accounts?: readonly string[] | null;
  readonly errored?: boolean;
}

/** What `terraform show -json` prints of a plan with these changes. */
export function planJson(
  changes: readonly Change[],
  { drift = [], accounts = [ACCOUNT], errored = false }: PlanParts = {},
): string {
  return JSON.stringify({
    format_version: "1.2",
    terraform_version: "1.11.4",
    resource_changes: changes.map(toChange),
    ...(drift.length > 0 && { resource_drift: drift.map(toChange) }),
    configuration: {
      provider_config: {
        aws: { name: "aws" },
        "aws.us-east-1": provider("us-east-1", accounts ?? undefined),
        "aws.eu-west-1": provider("eu-west-1", accounts ?? undefined),
      },
      root_module: {
        resources: [...changes, ...drift]
          .filter(({ actions }) => actions.join() !== "delete")
          .map(toResource),
      },
    },
    errored,
  });
}

export function plan(changes: readonly Change[], parts?: PlanParts): Plan {
  return parsePlan(planJson(changes, parts), "plan.json");
}

export function review(
  changes: readonly Change[],
  parts?: PlanParts,
  options?: ReviewOptions,
): Review {
  return reviewPlan(plan(changes, parts), options);
}

/** The risks of a plan, as `KIND: text. consequence`. */
export function risks(
  changes: readonly Change[],
  parts?: PlanParts,
  options?: ReviewOptions,
): string[] {
  return risksOf(review(changes, parts, options)).map(
    ({ kind, text, consequence }) =>
      `${kind}: ${text}${consequence === null ? "" : `. ${consequence}`}`,
  );
}

/** Everything that is said, `SUBJECT text`. */
export function words(changes: readonly Change[], parts?: PlanParts): string[] {
  return review(changes, parts).changes.flatMap(({ subject, notes }) =>
    notes.map(({ text }) => `${[subject.kind, subject.name].filter(Boolean).join(" ")}: ${text}`),
  );
}

const RULE = { upstream_registry_url: "quay.io", ecr_repository_prefix: "quay" };

export const rule = (more: Partial<Change> & Pick<Change, "actions">): Change => ({
  address: "aws_ecr_pull_through_cache_rule.us-east-1_quay",
  before: RULE,
  after: RULE,
  ...more,
});

/** A lifecycle policy that keeps so many images. */
export const keep = (countNumber: number) =>
  JSON.stringify({
    rules: [
      {
        rulePriority: 1,
        selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber },
        action: { type: "expire" },
      },
    ],
  });

export const TEMPLATE: Attributes = {
  prefix: "quay",
  applied_for: ["PULL_THROUGH_CACHE"],
  image_tag_mutability: "MUTABLE",
  lifecycle_policy: keep(10),
  repository_policy: "",
  resource_tags: null,
};

export const template = (more: Partial<Change> & Pick<Change, "actions">): Change => ({
  address: "aws_ecr_repository_creation_template.us-east-1_quay",
  before: TEMPLATE,
  after: TEMPLATE,
  ...more,
});
