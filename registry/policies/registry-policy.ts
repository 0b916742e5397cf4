import { REGISTRY_STATEMENT_IDS } from "../../ecr/policies";
import { asList, type Json, stable } from "./json";

/* The registry policy, which a registry has once: what in it is this project's, and what is others'. */

/** A statement that is not this project's. */
interface OthersStatement {
  /** Empty where it has none. */
  readonly sid: string;
  /** The same for statements that mean the same. */
  readonly whole: string;
}

function othersIn(text: string | undefined): OthersStatement[] {
  if (!text) return [];
  const { Statement } = JSON.parse(text) as { Statement?: Json };
  return asList(Statement).flatMap((statement) => {
    const { Sid } = statement as { Sid?: Json };
    if (typeof Sid === "string" && REGISTRY_STATEMENT_IDS.includes(Sid)) return [];
    return { sid: typeof Sid === "string" ? Sid : "", whole: stable(statement) };
  });
}

/**
 * The statements of others that a registry policy loses when another one replaces it, by their Sid; those without one as
 * "a statement without a Sid".
 *
 * @param before Absent or empty: there is no policy.
 * @param after Absent or empty: there will be no policy.
 * @throws SyntaxError if one of them is not JSON.
 */
export function lostStatements(before: string | undefined, after: string | undefined): string[] {
  const kept = new Set(othersIn(after).map(({ whole }) => whole));
  return othersIn(before)
    .filter(({ whole }) => !kept.has(whole))
    .map(({ sid }) => sid || "a statement without a Sid");
}
