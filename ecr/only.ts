import type { Rule } from "./environment/model";
import { wildcard } from "./pattern";
import { ROOT } from "./prefix";

/*
 * Which repositories of a rule may be pulled: all, or those of the rule's `only`. IAM enforces it, where `*` stands for any
 * characters, slashes too, so that the list means the same here.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */

/** What of a rule says which repositories may be pulled. */
interface Limited extends Pick<Rule, "prefix"> {
  readonly only?: Rule["only"] | undefined;
}

/** The name of a rule's repository below the rule's prefix. */
export function nameBelow({ prefix }: Pick<Rule, "prefix">, repository: string): string {
  return prefix === ROOT ? repository : repository.slice(prefix.length + 1);
}

/** What the names of a rule's repositories look like that may be pulled, with `*` for any characters. */
export function allowedRepositories({ prefix, only = ["*"] }: Limited): string[] {
  return only.map((pattern) => (prefix === ROOT ? pattern : `${prefix}/${pattern}`));
}

/** Whether a repository of a rule may be pulled. */
export function isAllowed(rule: Limited, repository: string): boolean {
  return allowedRepositories(rule).some((pattern) => wildcard(pattern).test(repository));
}

/** Why a repository of a rule may not be pulled. */
export function notAllowed({ prefix }: Limited): string {
  return `not allowed by \`only\` of the rule ${prefix}`;
}
