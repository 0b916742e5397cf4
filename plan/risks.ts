/** How a kind of risk is shown. */
interface RiskText {
  /** In the Markdown, in front of each risk. */
  readonly title: string;
  /** In the help. */
  readonly meaning: string;
}

/**
 * What a reviewer must not overlook, in the order in which it is shown: first what makes the review itself unreliable, then
 * what breaks pulls, then who gains or loses access, then what happens to images later.
 */
export const RISKS = {
  "incomplete-plan": {
    title: "Incomplete plan",
    meaning: "Terraform could not finish the plan",
  },
  "account-changed": {
    title: "Another account",
    meaning: "a provider works in another account than what exists, or than the environment's",
  },
  "provider-changed": {
    title: "Provider",
    meaning: "a provider is not restricted to an account, or works in another region",
  },
  "apply-fails": {
    title: "The apply will fail",
    meaning: "ECR refuses the change",
  },
  "rule-destroyed": {
    title: "Rule destroyed",
    meaning: "images that are not cached can no longer be pulled",
  },
  "rule-replaced": {
    title: "Rule replaced",
    meaning: "images that are not cached can't be pulled during the apply",
  },
  "secret-destroyed": {
    title: "Secret destroyed",
    meaning: "ECR can no longer authenticate to the upstream",
  },
  "secret-replaced": {
    title: "Secret replaced",
    meaning: "ECR can't authenticate to the upstream until the rule has the new secret",
  },
  "secret-unreadable": {
    title: "Secret that ECR can't read",
    meaning: "the secret is encrypted with a key of your own",
  },
  "registry-policy-overwritten": {
    title: "Registry policy overwritten",
    meaning: "statements that are not this project's may be lost",
  },
  "scanning-reduced": {
    title: "Scanning reduced",
    meaning: "repositories are scanned less than before, or by another type of scanning",
  },
  "wider-access": {
    title: "Wider access",
    meaning: "a policy allows more than before, compared grant by grant",
  },
  "access-lost": {
    title: "Access lost",
    meaning: "someone loses permissions",
  },
  "tags-immutable": {
    title: "Tags immutable",
    meaning: "tags are no longer MUTABLE, which stops ECR's refresh",
  },
  "retention-tightened": {
    title: "Retention tightened",
    meaning: "a lifecycle policy expires, or `prune` deletes, images that were kept before",
  },
  "template-destroyed": {
    title: "Template destroyed",
    meaning: "new repositories keep every image",
  },
} as const satisfies Record<string, RiskText>;

/** A kind of risk. */
export type RiskKind = keyof typeof RISKS;

/** Every kind of risk, in the order of `RISKS`. */
export const riskKinds = Object.keys(RISKS) as [RiskKind, ...RiskKind[]];
