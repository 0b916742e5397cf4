import { registryHost } from "./region";

/** The prefix of the rule for all repositories that no other rule covers. */
export const ROOT = "ROOT";

/** What the names of a rule's cached images begin with: the registry and, unless it is `ROOT`, the prefix. */
export function pullUriBase(account: string, region: string, prefix: string): string {
  const host = registryHost(account, region);
  return prefix === ROOT ? host : `${host}/${prefix}`;
}
