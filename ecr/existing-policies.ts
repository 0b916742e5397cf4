/** What reconciling does with a lifecycle policy that somebody set by hand: keeps it, or sets the template's instead. */
export const EXISTING_POLICIES = ["keep", "replace"] as const;

export type ExistingPolicies = (typeof EXISTING_POLICIES)[number];
