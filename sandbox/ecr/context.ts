import type { Authorization, Caller, RolePolicies } from "./authorization";
import type { Registry } from "./state";
import type { FakeUpstream } from "./upstream";

/** What ECR finds when it reads a secret. */
export type Secret =
  /** It does not exist, or is scheduled for deletion. */
  | { readonly state: "absent" }
  | { readonly state: "without a value" }
  | { readonly state: "present"; readonly text: string; readonly kmsKeyId?: string };

export interface PullThroughCacheEvent {
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, string>>;
}

/** A service-linked role. */
export interface ServiceLinkedRole {
  readonly name: string;
  /** The service's principal. */
  readonly service: string;
}

/** The calls that ECR makes to other services of the account. */
export interface Services {
  readSecret(arn: string): Promise<Secret>;
  readonly rolePolicies: RolePolicies;
  /** The service principals that may assume a role; undefined where there is no such role. */
  trustedServices(roleArn: string): Promise<readonly string[] | undefined>;
  /** Puts an `ECR Pull Through Cache Action` on the default event bus of the registry's region. */
  putEvent(event: PullThroughCacheEvent): Promise<void>;
  /** Creates a service-linked role, unless it exists. */
  ensureServiceLinkedRole(role: ServiceLinkedRole): Promise<void>;
}

/** The registry that an action is called on, and all that it depends on. */
export interface Context {
  readonly registry: Registry;
  readonly now: Date;
  readonly services: Services;
  readonly upstream: FakeUpstream;
  readonly caller: Caller;
  readonly authorization: Authorization;
  /** The URL of a layer, which needs no authentication, as those of S3 that ECR redirects to. */
  layerUrl(repositoryName: string, digest: string): string;
}

/** One action of the API. It changes the registry only if it does not throw. */
export type Action<Input, Output> = (input: Input, context: Context) => Output | Promise<Output>;
