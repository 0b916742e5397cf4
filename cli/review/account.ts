import { code, type Note, risk, type Subject } from "./finding";
import type { Plan } from "./plan";

/*
 * Whether a plan works in the account and the regions that it should.
 */

interface ProviderNote {
  readonly subject: Subject;
  readonly region: string | null;
  readonly notes: readonly Note[];
}

const ARN_ACCOUNT = /^arn:[a-z-]+:[a-z0-9-]*:[a-z0-9-]*:([0-9]{12}):/;

/** The accounts of everything that a plan knows to exist. */
function accountsOfState(plan: Plan): Set<string> {
  const accounts = new Set<string>();
  for (const { before } of plan.changes) {
    const { registry_id: registry, arn } = before;
    if (typeof registry === "string" && registry !== "") accounts.add(registry);
    const account = typeof arn === "string" ? ARN_ACCOUNT.exec(arn)?.[1] : undefined;
    if (account !== undefined) accounts.add(account);
  }
  return accounts;
}

/**
 * @param account The environment's account, where it is known.
 */
export function accountNotes(plan: Plan, account: string | undefined): ProviderNote[] {
  const found: ProviderNote[] = [];
  const add = (
    key: string,
    region: string | null,
    kind: "account-changed" | "provider-changed",
    ...words: [text: string, consequence?: string]
  ) =>
    found.push({ subject: { kind: "provider", name: key }, region, notes: [risk(kind, ...words)] });
  const existing = accountsOfState(plan);

  for (const { key, region, accounts } of plan.providers) {
    if (accounts === undefined || accounts.length === 0) {
      add(
        key,
        region,
        "provider-changed",
        `is held to no account (${code("allowed_account_ids")})`,
        "whichever credentials are there decide where it works",
      );
      continue;
    }
    const foreign = [...existing].filter((id) => !accounts.includes(id));
    if (foreign.length > 0) {
      add(
        key,
        region,
        "account-changed",
        `works in the account ${accounts.map(code).join(", ")}, and what exists is in ${foreign.map(code).join(", ")}`,
      );
    } else if (account !== undefined && !accounts.includes(account)) {
      add(
        key,
        region,
        "account-changed",
        `works in the account ${accounts.map(code).join(", ")}, and the environment is for ${code(account)}`,
      );
    }
  }

  for (const { address, region, namedRegion } of plan.changes) {
    if (namedRegion === null || region === null || namedRegion === region) continue;
    found.push({
      subject: { kind: "resource", name: address },
      region: namedRegion,
      notes: [
        risk(
          "provider-changed",
          `goes to the region ${code(region)}, by its provider, and not to the one in its name`,
        ),
      ],
    });
  }
  return found;
}
