import type { FakeUpstream } from "./upstream";
import type { Registry } from "./state";

/** What ECR finds when it looks a secret up. */
export type Secret =
  /** It never was, or is scheduled for deletion. */
  | { readonly state: "absent" }
  | { readonly state: "without a value" }
  | { readonly state: "present"; readonly text: string; readonly kmsKeyId?: string };

export interface PullThroughCacheEvent {
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, string>>;
}

/** A role that a service takes on by itself. */
export interface ServiceLinkedRole {
  readonly name: string;
  /** The service's principal. */
  readonly service: string;
}

/** What ECR asks of other services of the account. */
export interface Services {
  readSecret(arn: string): Promise<Secret>;
  /** The service principals that may assume a role; undefined where there is no such role. */
  trustedServices(roleArn: string): Promise<readonly string[] | undefined>;
  /** Puts an `ECR Pull Through Cache Action` on the default event bus of the registry's region. */
  putEvent(event: PullThroughCacheEvent): Promise<void>;
  /** Makes the role that a service takes on by itself, unless it is there. */
  ensureServiceLinkedRole(role: ServiceLinkedRole): Promise<void>;
}

/** What an action works on. */
export interface Context {
  readonly registry: Registry;
  readonly now: Date;
  readonly services: Services;
  readonly upstream: FakeUpstream;
}

/** One action of the API. It changes the registry only if it does not throw. */
export type Action<Input, Output> = (input: Input, context: Context) => Output | Promise<Output>;
