import { code, type Note, risk, type Subject } from "./finding";
import type { Plan } from "./plan";

/*
 * Whether a plan works in the right account and regions.
 */

interface ProviderNote {
  readonly subject: Subject;
  readonly region: string | null;
  readonly notes: readonly Note[];
}

const ARN_ACCOUNT = /^arn:[a-z-]+:[a-z0-9-]*:[a-z0-9-]*:([0-9]{12}):/;

/** The accounts of everything that exists according to a plan. */
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
 * @param allowed The accounts of which the plan may be for one, where they are known.
 */
export function accountNotes(plan: Plan, allowed: readonly string[] | undefined): ProviderNote[] {
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
        `is not restricted to an account (${code("allowed_account_ids")})`,
        "the credentials that it finds decide where it works",
      );
      continue;
    }
    const foreign = [...existing].filter((id) => !accounts.includes(id));
    if (foreign.length > 0) {
      add(
        key,
        region,
        "account-changed",
        `works in account ${accounts.map(code).join(", ")}, but existing resources are in ${foreign.map(code).join(", ")}`,
      );
    } else if (allowed && !accounts.some((account) => allowed.includes(account))) {
      add(
        key,
        region,
        "account-changed",
        `works in account ${accounts.map(code).join(", ")}, but the environment is for ${allowed.map(code).join(" or ")}`,
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
          `is created in region ${code(region)} by its provider, not in the region in its name`,
        ),
      ],
    });
  }
  return found;
}
