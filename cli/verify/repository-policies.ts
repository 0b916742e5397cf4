import type { ECRClient } from "@aws-sdk/client-ecr";
import type { Environment } from "../../ecr/environment";
import { formatPolicy, PULL_ACTIONS, repositoryPolicy } from "../../ecr/policies";
import { isException } from "../../registry/aws/errors";
import { mapConcurrently } from "../../registry/aws/map-concurrently";
import { repositoryPolicyText, resourceTags } from "../../registry/existing";
import { type OwnedRepository, ownedRepositories } from "../../registry/listing";
import { isProvenOurs, type Ownership } from "../../registry/ownership";
import { describeGrants, type Grant, widening } from "../../registry/policies/grants";
import { isOwnRepositoryPolicy } from "../../registry/policies/own-policy";
import { failed, ok, type Outcome } from "../../registry/rule-validation";
import { count } from "../shell/output";

/** Repositories that are asked about at a time. */
const CONCURRENCY = 10;

/** The most repositories that are named for a grant. */
const EXAMPLES = 3;

/** What a policy grants that the environment does not, in words, and whether reconciling takes it back. */
interface Excess {
  readonly repository: string;
  readonly grants: readonly string[];
  readonly isReconciled: boolean;
}

/** Whether the environment names the principal of a grant in its own account. */
function isNamed({ account, access }: Environment, { principal = "", action }: Grant): boolean {
  // It only delegates to the account's own IAM policies.
  if (principal === account) return true;
  const role = /^arn:[^:]+:iam::([0-9]{12}):role\/(?:.*\/)?([^/]+)$/.exec(principal);
  return (
    role?.[1] === account &&
    access.roles.includes(role[2]!) &&
    PULL_ACTIONS.some((pull) => pull === action)
  );
}

/** What a repository policy grants beyond the environment's; empty if it grants no more. */
function excessGrants(environment: Environment, wanted: string | undefined, found: string) {
  try {
    const { grants, opaque } = widening(wanted, found);
    return [
      ...describeGrants(grants.filter((grant) => !isNamed(environment, grant))),
      ...(opaque.length > 0
        ? ["something that a statement with NotPrincipal or NotAction allows"]
        : []),
    ];
  } catch (error) {
    if (error instanceof SyntaxError) return ["something that can't be read"];
    throw error;
  }
}

async function excessOf(
  ecr: ECRClient,
  environment: Environment,
  wanted: string | undefined,
  { name, prefix, arn, createdAt }: OwnedRepository,
): Promise<Excess | undefined> {
  let found: string | null;
  try {
    found = await repositoryPolicyText(ecr, name);
  } catch (error) {
    // Deleted meanwhile.
    if (isException(error, "RepositoryNotFoundException")) return undefined;
    throw error;
  }
  if (found === null) return undefined;
  const grants = excessGrants(environment, wanted, found);
  if (grants.length === 0) return undefined;
  const isOwn = isOwnRepositoryPolicy(found);
  const isProven = await isProvenOurs(prefix, () => resourceTags(ecr, arn), {
    templateTags: new Map(Object.entries(environment.tags)),
    createdAt,
  });
  // What others let in to a repository of theirs, which only ROOT covers, is their business.
  if (!isProven && !isOwn) return undefined;
  return {
    repository: name,
    grants,
    isReconciled: isProven && (isOwn || wanted !== undefined),
  };
}

/**
 * Checks that the policies of existing repositories let nobody in whom the environment does not name: a template does not
 * reach repositories that exist. One call for each repository, ten at a time; only a summary is held.
 */
export async function checkRepositoryPolicies(
  ecr: ECRClient,
  environment: Environment,
  region: string,
  ownership: Ownership,
): Promise<Outcome> {
  const policy = repositoryPolicy(environment, region);
  const wanted = policy && formatPolicy(policy);
  const summary = new Map<string, { repositories: number; examples: string[] }>();
  let examined = 0;
  let kept: string | undefined;
  let isReconciled = false;
  for await (const excess of mapConcurrently(
    ownedRepositories(ecr, ownership),
    CONCURRENCY,
    (repository) => excessOf(ecr, environment, wanted, repository),
  )) {
    examined += 1;
    if (!excess) continue;
    if (excess.isReconciled) isReconciled = true;
    else kept ??= excess.repository;
    for (const grant of excess.grants) {
      const entry = summary.get(grant) ?? { repositories: 0, examples: [] };
      entry.repositories += 1;
      if (entry.examples.length < EXAMPLES) entry.examples.push(excess.repository);
      summary.set(grant, entry);
    }
  }
  const repositories = (number: number) => count(number, "repository", "repositories");
  if (summary.size === 0) return ok(repositories(examined));
  return failed(
    [...summary]
      .map(
        ([grant, { repositories: number, examples }]) =>
          `the environment does not grant ${grant}; ${repositories(number)} ${number === 1 ? "does" : "do"}: ${examples.join(", ")}${number > examples.length ? ", …" : ""}`,
      )
      .join("; "),
    [
      ...(isReconciled
        ? [
            `once the environment is deployed: ecr-cache lifecycle --apply --env ${environment.name} --region ${region}`,
          ]
        : []),
      ...(kept === undefined
        ? []
        : [
            `the policy of ${kept} is not one that the cache writes, or nothing proves that the repository is the cache's; to revoke what it grants: aws ecr delete-repository-policy --region ${region} --repository-name ${kept}`,
          ]),
    ].join("; "),
  );
}
