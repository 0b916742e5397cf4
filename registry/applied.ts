/*
 * What is known of a repository, in the marker on the repository itself.
 *
 * A lifecycle policy that differs from the template's was either set from an earlier version of the template, and has to
 * follow it, or written by hand, and must be kept. ECR does not distinguish them, so each policy that is set leaves its
 * fingerprint in a tag: a policy that still has that fingerprint is the template's, every other one is somebody's own.
 */

/** In the place of a fingerprint: that there is no policy, as the template has none. */
export const NO_POLICY = "none";

/** What the marker of a repository says. */
export interface Applied {
  /**
   * `cache`: the repository was proven to be created by the cache (registry/ownership.ts). Otherwise the marker proves
   * nothing about that: a template was applied to a repository that may be somebody's own.
   */
  readonly origin?: "cache";
  /** The fingerprints of the policies that it was last found with, or given, in agreement with its template. */
  readonly lifecyclePolicy?: string;
  /** Or `NO_POLICY`. */
  readonly repositoryPolicy?: string;
}

/** The value of the tag. */
export function formatApplied({ origin, lifecyclePolicy, repositoryPolicy }: Applied): string {
  const parts = [
    ...(origin ? [`origin=${origin}`] : []),
    ...(lifecyclePolicy ? [`lifecycle-policy=${lifecyclePolicy}`] : []),
    ...(repositoryPolicy ? [`repository-policy=${repositoryPolicy}`] : []),
  ];
  return parts.length > 0 ? parts.join(" ") : "origin=unknown";
}

/** What the tag's value says; what can't be read is left out. */
export function parseApplied(value = ""): Applied {
  const read = (name: string, form: string) =>
    new RegExp(`(?:^| )${name}=(${form})(?: |$)`).exec(value)?.[1];
  const lifecyclePolicy = read("lifecycle-policy", "[0-9a-f]+");
  const repositoryPolicy = read("repository-policy", `[0-9a-f]+|${NO_POLICY}`);
  return {
    ...(read("origin", "cache") && { origin: "cache" }),
    ...(lifecyclePolicy && { lifecyclePolicy }),
    ...(repositoryPolicy && { repositoryPolicy }),
  };
}
