/* What the readers of policy documents share. */

export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A value that may stand alone or in a list, as a list; null is ECR's word for absent. */
export function asList(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as readonly Json[]) : [value];
}

/** The account as a principal, which is the same as its bare id. */
export const ACCOUNT_ROOT = /^arn:aws[a-z-]*:iam::([0-9]{12}):root$/;
