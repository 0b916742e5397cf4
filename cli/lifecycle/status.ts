import type { ECRClient } from "@aws-sdk/client-ecr";
import type { ExistingPolicies } from "../../ecr/existing-policies";
import { mapConcurrently } from "../../registry/aws/map-concurrently";
import { planRepository } from "../../reconcile/plan";
import { normalLifecyclePolicy } from "../../registry/policies/meaning";
import { governingTemplate, type Registry } from "../../reconcile/registry";
import { type OwnedRepository, ownedRepositories } from "../../registry/listing";
import { lifecyclePolicyText, resourceTags } from "../../registry/existing";
import { isProvenOurs, NOT_PROVEN, type Ownership } from "../../registry/ownership";

/** Repositories that are read at a time. */
const CONCURRENCY = 10;

/** A repository's lifecycle policy beside its creation template's. */
export interface LifecycleStatus {
  readonly repository: string;
  readonly prefix: string;
  readonly state:
    /** It means the same as the template's. */
    | "in-order"
    /** The repository has no lifecycle policy. */
    | "missing"
    /** It differs from the template's. */
    | "different"
    /** No creation template covers the repository, or the template has no lifecycle policy. */
    | "no-template"
    /** Only `ROOT` covers the repository, and nothing proves that the cache created it. */
    | "not-proven";
  /** What reconciling does: it sets the template's policy, keeps the existing one, or does nothing (null). */
  readonly action: "set" | "keep" | null;
  /** The reason for the state or the action, if they do not explain themselves. */
  readonly reason: string | null;
  /** The template's policy. */
  readonly policyText: string | null;
}

async function statusOf(
  ecr: ECRClient,
  registry: Registry,
  repository: OwnedRepository,
  existingPolicies: ExistingPolicies,
): Promise<LifecycleStatus | undefined> {
  const { name, prefix, createdAt } = repository;
  const template = governingTemplate(registry, name);
  const wanted = template?.lifecyclePolicy;
  const status = (
    state: LifecycleStatus["state"],
    rest: Partial<Pick<LifecycleStatus, "action" | "reason">> = {},
  ): LifecycleStatus => ({
    repository: name,
    prefix,
    state,
    action: null,
    reason: null,
    policyText: wanted?.text ?? null,
    ...rest,
  });

  const readTags = () => resourceTags(ecr, repository.arn);
  const evidence = { templateTags: template?.tags ?? new Map<string, string>(), createdAt };
  if (!(await isProvenOurs(prefix, readTags, evidence))) {
    return status("not-proven", { reason: NOT_PROVEN });
  }
  if (!template || !wanted) {
    return status("no-template", {
      reason: template
        ? `the creation template ${template.prefix} has no lifecycle policy`
        : "no creation template covers it",
    });
  }
  const current = await lifecyclePolicyText(ecr, name);
  if (current === undefined) return undefined;
  if (current === null) return status("missing", { action: "set", reason: "set: it had none" });
  if (normalLifecyclePolicy(current) === wanted.normalForm) return status("in-order");

  const { steps, kept } = planRepository(
    template,
    {
      repository: { repositoryName: name },
      tags: await readTags(),
      lifecyclePolicy: current,
    },
    existingPolicies,
  );
  const step = steps.find(({ aspect }) => aspect === "lifecycle policy");
  return status("different", {
    action: step ? "set" : "keep",
    reason: step?.reason ?? kept[0]?.replace(/^lifecycle policy: /, "") ?? null,
  });
}

/**
 * The lifecycle policies of the environment's repositories, in the order in which ECR lists them. Each costs one call,
 * and one that differs a second.
 */
export async function* lifecycleStatuses(
  ecr: ECRClient,
  registry: Registry,
  ownership: Ownership,
  existingPolicies: ExistingPolicies,
): AsyncGenerator<LifecycleStatus> {
  const statuses = mapConcurrently(ownedRepositories(ecr, ownership), CONCURRENCY, (repository) =>
    statusOf(ecr, registry, repository, existingPolicies),
  );
  for await (const status of statuses) {
    // A repository that was deleted in the meantime has no status.
    if (status) yield status;
  }
}
