import type { Rule } from "../../ecr/environment";
import { explainFailure } from "../../registry/pull-failure";

/**
 * What to do about a pull through the cache that gives no image.
 *
 * A missing permission looks like a missing image here: ECR answers that there is no such repository to those who may
 * not create it, and no such image to those who may not import it.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/error-pullthroughcache.html
 *
 * @param problem What ECR answers: the failure's code, or the exception's name, and the reason.
 * @param byDigest Whether the image was named by its digest.
 */
export function pullRemedy(
  problem: string,
  byDigest: boolean,
  rule: Pick<Rule, "prefix" | "upstream">,
  environment: string,
): string {
  const { prefix, upstream } = rule;
  const advice = explainFailure(problem.split(":")[0] ?? "", problem, {
    environment,
    prefix,
    upstream,
  }).toDo;
  if (problem.includes("RepositoryNotFoundException")) {
    return `grant the caller ecr:CreateRepository on ${prefix}/*, and check that the rule exists (ecr-cache rules) and that its template is right (the template's check)`;
  }
  if (/^ImageNotFound\b/.test(problem)) {
    return byDigest
      ? "pull its tag first: ECR does not fetch an image by its digest (https://github.com/aws/containers-roadmap/issues/2837)"
      : `check that the upstream has it, and grant the caller ecr:BatchImportUpstreamImage on ${prefix}/*. ${advice}`;
  }
  return advice;
}
