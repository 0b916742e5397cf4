/*
 * The environment: what a cache is. The stacks, the image names and the operator's commands are derived from it.
 */

export { defineEnvironment } from "./define";
export type * from "./input";
export { SECRET_NAME_PREFIX, tokenVariable } from "./input";
export type * from "./model";
export { accountsWithAccess, managedRules, othersWithAccess } from "./model";
