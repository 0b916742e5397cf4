import * as z from "zod";
import type { RegistryStatement } from "../policies/document";
import { REGISTRY_STATEMENT_IDS } from "../policies/cache";
import { type Problem, show } from "../problem";
import { strictObject, text, textLike } from "../schema";

/*
 * The statements of others in the registry policy.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
 */

const oneOrMore = <Item extends z.ZodType>(item: Item, allowed: string) =>
  z.union([item, z.array(item, { error: allowed }).min(1, { error: allowed })], { error: allowed });

const PRINCIPAL = '"*" or { AWS: … }, { Service: … } or { Federated: … }, each a string or a list';
const identities = oneOrMore(text(PRINCIPAL), PRINCIPAL).optional();
const principal = z.union(
  [
    z.literal("*"),
    strictObject({ AWS: identities, Service: identities, Federated: identities }, PRINCIPAL),
  ],
  { error: PRINCIPAL },
);

const ACTION = 'actions of ECR, such as "ecr:ReplicateImage", or "*"';
const actions = oneOrMore(textLike(/^(\*|ecr:[A-Za-z*?]+)$/, ACTION), ACTION);

const RESOURCE = '"*" or ARNs of repositories, arn:PARTITION:ecr:REGION:ACCOUNT:repository/NAME';
const resources = oneOrMore(
  textLike(/^(\*|arn:[a-z*-]+:ecr:[a-z0-9*?-]+:[0-9*?]+:repository\/.+)$/, RESOURCE),
  RESOURCE,
);

const CONDITION = "{ OPERATOR: { KEY: a value or a list of values } }";
const value = z.union([z.string(), z.number(), z.boolean()], { error: CONDITION });

export const registryStatementsSchema = z.array(
  strictObject(
    {
      Sid: text().optional(),
      Effect: z.enum(["Allow", "Deny"], { error: '"Allow" or "Deny"' }),
      Principal: principal.optional(),
      NotPrincipal: principal.optional(),
      Action: actions.optional(),
      NotAction: actions.optional(),
      Resource: resources.optional(),
      NotResource: resources.optional(),
      Condition: z
        .record(z.string(), z.record(z.string(), oneOrMore(value, CONDITION)), { error: CONDITION })
        .optional(),
    },
    "a statement of a registry policy, { Effect, Principal, Action, Resource, … }",
  ),
  { error: "a list of statements of the registry policy" },
);

/** What is wrong with a statement whose parts are sound. */
export function registryStatementProblems(
  statement: RegistryStatement,
  path: readonly PropertyKey[],
  {
    account,
    regions: current,
    formerRegions = [],
  }: {
    readonly account: string;
    readonly regions: readonly string[];
    readonly formerRegions?: readonly string[];
  },
): Problem[] {
  const regions = [...current, ...formerRegions];
  const problems: Problem[] = [];
  const refuse = (key: string, found: string, allowed: string) =>
    problems.push({ path: [...path, key], found, allowed });

  if (REGISTRY_STATEMENT_IDS.includes(statement.Sid ?? "")) {
    refuse("Sid", show(statement.Sid), "another one: this is one of the project's own statements");
  }
  for (const key of ["Principal", "Action", "Resource"] as const) {
    const both = [key, `Not${key}` as const].filter((name) => statement[name] !== undefined);
    if (both.length !== 1) {
      refuse(key, both.join(" and ") || "nothing", `either ${key} or Not${key}`);
    }
  }
  const places = [statement.Resource ?? []].flat().filter((resource) => resource !== "*");
  const matches = (pattern: string, name: string) => /[*?]/.test(pattern) || pattern === name;
  const foreign = places.find((arn) => !matches(arn.split(":")[4] ?? "", account));
  if (foreign !== undefined) {
    refuse("Resource", show(foreign), `repositories of the account ${account}`);
  }
  const away = places.find(
    (arn) => !regions.some((region) => matches(arn.split(":")[3] ?? "", region)),
  );
  if (away !== undefined) {
    refuse("Resource", show(away), `repositories in ${regions.join(", ")}`);
  }
  return problems;
}
