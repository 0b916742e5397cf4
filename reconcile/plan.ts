import {
  DeleteLifecyclePolicyCommand,
  DeleteRepositoryPolicyCommand,
  type ECRClient,
  PutImageTagMutabilityCommand,
  PutLifecyclePolicyCommand,
  type Repository,
  SetRepositoryPolicyCommand,
  TagResourceCommand,
} from "@aws-sdk/client-ecr";
import type { ExistingPolicies } from "../ecr/existing-policies";
import { MARKER_TAG } from "../ecr/marker";
import { type Applied, formatApplied, NO_POLICY, parseApplied } from "../registry/applied";
import {
  fingerprint,
  normalLifecyclePolicy,
  normalRepositoryPolicy,
} from "../registry/policies/meaning";
import { isOwnRepositoryPolicy } from "../registry/policies/own-policy";
import type { TagMutability, Template, TemplatePolicy } from "./registry";

/** What of a repository follows its template. */
export type Aspect = "lifecycle policy" | "repository policy" | "tag mutability" | "tags";

/** One thing that is changed, or would be in a dry run. */
export interface Change {
  readonly aspect: Aspect;
  /** What is done and why, such as `set: it had none`. */
  readonly reason: string;
}

/** A repository as it was found. */
export interface Observed {
  readonly repository: Repository;
  readonly tags: ReadonlyMap<string, string>;
  /** Whether the cache is proven to have created it. */
  readonly origin?: Applied["origin"];
  /** Null: it has none. Undefined: not read. */
  readonly lifecyclePolicy?: string | null;
  /** Null: it has none. Undefined: not read. */
  readonly repositoryPolicy?: string | null;
}

/** A change and how it is made. */
export interface Step extends Change {
  readonly apply: (ecr: ECRClient) => Promise<unknown>;
}

export interface Plan {
  readonly steps: readonly Step[];
  /** Why something is left as it is although the template says otherwise. */
  readonly kept: readonly string[];
  /** What the repository's marker is to hold once the steps are made. */
  readonly applied: Applied;
}

type PolicyAspect = "lifecycle policy" | "repository policy";

interface PolicyComparison {
  readonly aspect: PolicyAspect;
  readonly wanted: TemplatePolicy | undefined;
  readonly current: string | null | undefined;
  readonly normalize: (text: string) => string;
  /** The fingerprint in the repository's marker. */
  readonly marked: string | undefined;
  /** Whether a policy is known by its form to be one that the project wrote, whatever the marker says. */
  readonly isOwnForm: (text: string) => boolean;
  /** Whether a policy that is somebody's own gives way to the template's. */
  readonly replaceOwn: boolean;
  /** What the marker is to say where there is no policy, as the template has none. */
  readonly none?: string;
}

interface PolicyDecision {
  readonly action: "none" | "set" | "remove" | "keep";
  readonly reason: string;
  readonly applied: string | undefined;
}

function decide(comparison: PolicyComparison): PolicyDecision {
  const { aspect, wanted, current, normalize, marked, isOwnForm, replaceOwn, none } = comparison;
  const normalForm = typeof current === "string" ? normalize(current) : undefined;
  const isOurs =
    typeof current === "string" &&
    (marked === fingerprint(normalize(current)) || isOwnForm(current));
  const keep = (reason: string): PolicyDecision => ({
    action: "keep",
    reason,
    // There is one after all.
    applied: marked === none ? undefined : marked,
  });

  if (!wanted) {
    if (current === undefined) return { action: "none", reason: "", applied: marked };
    if (current === null) return { action: "none", reason: "", applied: none };
    if (isOurs) {
      return {
        action: "remove",
        reason: "removed: the template has none any more",
        applied: none,
      };
    }
    if (replaceOwn)
      return { action: "remove", reason: "removed: the template has none", applied: none };
    return keep(
      marked === undefined || marked === none
        ? `${aspect}: the template has none, and this one is not one that the cache writes`
        : `${aspect}: the template has none any more, but this one was changed by hand`,
    );
  }

  const settled = { applied: wanted.fingerprint };
  if (current === undefined || normalForm === wanted.normalForm) {
    return { action: "none", reason: "", ...settled };
  }
  if (current === null) return { action: "set", reason: "set: it had none", ...settled };
  if (isOurs) {
    return { action: "set", reason: "set: it was that of an earlier template", ...settled };
  }
  if (replaceOwn)
    return { action: "set", reason: "replaced: it was not the template's", ...settled };
  return keep(
    marked === undefined
      ? `${aspect}: it is not the template's, and nothing says that it ever was`
      : `${aspect}: it was changed by hand after the template's had been set`,
  );
}

/** The step that a decision about a policy asks for, if any. */
function policySteps(
  aspect: PolicyAspect,
  { action, reason }: PolicyDecision,
  calls: Readonly<Record<"set" | "remove", Step["apply"]>>,
): Step[] {
  return action === "set" || action === "remove" ? [{ aspect, reason, apply: calls[action] }] : [];
}

function sameMutability(repository: Repository, wanted: TagMutability): boolean {
  const filters = (list: TagMutability["exclusionFilters"] = []) =>
    list
      .map(({ filterType, filter }) => `${filterType} ${filter}`)
      .sort()
      .join("\n");
  return (
    (repository.imageTagMutability ?? "MUTABLE") === wanted.imageTagMutability &&
    filters(repository.imageTagMutabilityExclusionFilters) === filters(wanted.exclusionFilters)
  );
}

function mutabilityStep(repositoryName: string, wanted: TagMutability): Step {
  const { imageTagMutability, exclusionFilters } = wanted;
  return {
    aspect: "tag mutability",
    reason: `set to ${imageTagMutability}`,
    apply: (ecr) =>
      ecr.send(
        new PutImageTagMutabilityCommand({
          repositoryName,
          imageTagMutability,
          ...(exclusionFilters.length > 0 && {
            imageTagMutabilityExclusionFilters: [...exclusionFilters],
          }),
        }),
      ),
  };
}

/** What must be done to a repository so that it follows its template. Encryption is left out: ECR can't change it. */
export function planRepository(
  template: Template,
  observed: Observed,
  existingPolicies: ExistingPolicies,
): Plan {
  const { repository, tags } = observed;
  const repositoryName = repository.repositoryName ?? "";
  const marker = parseApplied(tags.get(MARKER_TAG));

  const lifecycle = decide({
    aspect: "lifecycle policy",
    wanted: template.lifecyclePolicy,
    current: observed.lifecyclePolicy,
    normalize: normalLifecyclePolicy,
    marked: marker.lifecyclePolicy,
    isOwnForm: () => false,
    replaceOwn: existingPolicies === "replace",
  });
  const access = decide({
    aspect: "repository policy",
    wanted: template.repositoryPolicy,
    current: observed.repositoryPolicy,
    normalize: normalRepositoryPolicy,
    marked: marker.repositoryPolicy,
    isOwnForm: isOwnRepositoryPolicy,
    // It says who may pull: what an environment grants must hold.
    replaceOwn: template.repositoryPolicy !== undefined || existingPolicies === "replace",
    none: NO_POLICY,
  });

  return {
    steps: [
      ...policySteps("lifecycle policy", lifecycle, {
        set: (ecr) =>
          ecr.send(
            new PutLifecyclePolicyCommand({
              repositoryName,
              lifecyclePolicyText: template.lifecyclePolicy?.text,
            }),
          ),
        remove: (ecr) => ecr.send(new DeleteLifecyclePolicyCommand({ repositoryName })),
      }),
      ...policySteps("repository policy", access, {
        set: (ecr) =>
          ecr.send(
            new SetRepositoryPolicyCommand({
              repositoryName,
              policyText: template.repositoryPolicy?.text,
            }),
          ),
        remove: (ecr) => ecr.send(new DeleteRepositoryPolicyCommand({ repositoryName })),
      }),
      ...(sameMutability(repository, template.tagMutability)
        ? []
        : [mutabilityStep(repositoryName, template.tagMutability)]),
    ],
    kept: [lifecycle, access].flatMap(({ action, reason }) => (action === "keep" ? [reason] : [])),
    applied: {
      ...(observed.origin && { origin: observed.origin }),
      ...(lifecycle.applied && { lifecyclePolicy: lifecycle.applied }),
      ...(access.applied && { repositoryPolicy: access.applied }),
    },
  };
}

/**
 * What must be done to a repository's tags: those of the template, and the marker. Tags that the template does not have,
 * or no longer has, are left alone: nothing says whose they are. A repository gets a marker once anything is known or
 * set, and keeps it.
 */
export function planTags(template: Template, observed: Observed, applied: Applied): Step[] {
  const { repository, tags } = observed;
  const differs = ([key, value]: [string, string]) => tags.get(key) !== value;
  const wanted = new Map(template.tags);
  const { repositoryPolicy, ...others } = applied;
  const isMarked =
    tags.has(MARKER_TAG) ||
    Object.keys(others).length > 0 ||
    // The absence of a policy is not worth a marker.
    (repositoryPolicy !== undefined && repositoryPolicy !== NO_POLICY) ||
    [...wanted].some(differs);
  if (isMarked) wanted.set(MARKER_TAG, formatApplied(applied));

  const differing = [...wanted].filter(differs);
  if (differing.length === 0) return [];
  return [
    {
      aspect: "tags",
      reason: `set: ${differing.map(([key]) => key).join(", ")}`,
      apply: (ecr) =>
        ecr.send(
          new TagResourceCommand({
            resourceArn: repository.repositoryArn,
            tags: differing.map(([Key, Value]) => ({ Key, Value })),
          }),
        ),
    },
  ];
}
