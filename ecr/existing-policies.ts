/**
 * What reconciling does with a lifecycle policy that somebody set by hand: keeps it, or sets the template's instead. Where
 * the template has none, this also holds for a repository policy that somebody set: it is kept, or deleted.
 */
export const EXISTING_POLICIES = ["keep", "replace"] as const;

export type ExistingPolicies = (typeof EXISTING_POLICIES)[number];
