/*
 * What was applied to a repository, in the marker on the repository itself.
 *
 * A lifecycle policy that differs from the template's was either set from an earlier version of the template, and has to
 * follow it, or made by hand, and is to be kept. ECR does not tell them apart, so each policy that is set leaves its
 * fingerprint in a tag: a policy that still has that fingerprint is the template's, every other one is somebody's own.
 */

/** The fingerprints of the policies that a repository was last found with, or given, in agreement with its template. */
export interface Applied {
  readonly lifecyclePolicy?: string;
  readonly repositoryPolicy?: string;
}

/** The value of the tag; undefined where there is nothing to mark. */
export function formatApplied({ lifecyclePolicy, repositoryPolicy }: Applied): string | undefined {
  const parts = [
    ...(lifecyclePolicy ? [`lifecycle-policy=${lifecyclePolicy}`] : []),
    ...(repositoryPolicy ? [`repository-policy=${repositoryPolicy}`] : []),
  ];
  return parts.length > 0 ? parts.join(" ") : undefined;
}

/** What the tag's value says; what it says unreadably is not said. */
export function parseApplied(value = ""): Applied {
  const read = (name: string) => new RegExp(`(?:^| )${name}=([0-9a-f]+)(?: |$)`).exec(value)?.[1];
  const lifecyclePolicy = read("lifecycle-policy");
  const repositoryPolicy = read("repository-policy");
  return {
    ...(lifecyclePolicy && { lifecyclePolicy }),
    ...(repositoryPolicy && { repositoryPolicy }),
  };
}
