/* What the readers of policy documents share. */

export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type JsonObject = Readonly<Record<string, Json>>;

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value that may be alone or in a list, as a list; ECR writes null for absent. */
export function asList(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as readonly Json[]) : [value];
}

/** JSON with sorted keys and lists: the order means nothing in a policy. */
export function stable(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${(value as Json[]).map(stable).sort().join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  const members = Object.entries(value)
    .map(([key, member]) => `${JSON.stringify(key)}:${stable(member)}`)
    .sort();
  return `{${members.join(",")}}`;
}

/** The account as a principal, which is the same as its bare id. */
export const ACCOUNT_ROOT = /^arn:aws[a-z-]*:iam::([0-9]{12}):root$/;
