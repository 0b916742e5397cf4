import type { AppConfig } from "cdktf";
import type { Environment } from "../ecr/environment";
import { CacheApp } from "../stacks/cache-app";

/*
 * What the npm package exports, for an app of cdktf that has its environments elsewhere.
 */

export { PullThroughCache, type PullThroughCacheProps } from "../constructs/pull-through-cache";
export { type Cache, cacheAt, cacheOf, type CacheUri, cacheUri } from "../ecr/cache-uri";
export { defineEnvironment, type Environment, type EnvironmentInput } from "../ecr/environment";
export { UserError } from "../ecr/user-error";
export { CacheApp } from "../stacks/cache-app";
export { CacheStack } from "../stacks/cache-stack";
export { CredentialsStack } from "../stacks/credentials-stack";

/**
 * The app with the stacks of some environments, to which you may add stacks of your own before you call `synth()`.
 *
 * @param config cdktf's own.
 * @throws UserError where environments conflict.
 */
export function buildApp(environments: readonly Environment[], config?: AppConfig): CacheApp {
  return new CacheApp(environments, config);
}
