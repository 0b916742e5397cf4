import type { LifecyclePolicyDocument } from "../lifecycle-policy";
import type { UpstreamName } from "../upstreams";
import type { Backend } from "./backend";
import type { RegistryStatement } from "../policies/document";
import type { Singleton } from "../singletons";
import type { Adoptable } from "./input";
import type { Maintenance } from "./maintenance";
import type { Prune } from "./prune";
import type { Scanning } from "../scanning";

/*
 * The environment with every default filled in: what the stacks, the image names and the commands are derived from.
 */

export interface Credential {
  readonly username: string;
  readonly version: number;
  /** Days for which a deleted secret can be restored; absent where AWS's default holds. */
  readonly recoveryWindowInDays?: number;
  readonly secretName: string;
  /** Whether the credentials stack makes the secret; otherwise it exists already. */
  readonly managed: boolean;
}

export type Encryption =
  | { readonly type: "AES256" }
  | {
      readonly type: "KMS";
      /** The key's ARN by region. */ readonly kmsKeys: Readonly<Record<string, string>>;
    };

export interface Rule {
  readonly upstream: UpstreamName;
  /** Without a trailing slash; or `ROOT`. */
  readonly prefix: string;
  /** The upstream's URL as ECR takes it. */
  readonly upstreamUrl: string;
  readonly upstreamPrefix?: string;
  /** The repositories below the prefix that may be pulled, with `*` for any characters; absent: all. */
  readonly only?: readonly string[];
  readonly credential?: Credential;
  readonly lifecyclePolicy: LifecyclePolicyDocument;
  readonly encryption: Encryption;
  /** The regions in which each kind exists already and is to be imported. */
  readonly adopt: Readonly<Record<Adoptable, readonly string[]>>;
}

/** Where a stack is deployed: in which account, with whose credentials, and where its state is. */
export interface Placement {
  readonly account: string;
  readonly backend: Backend;
  /** The profile whose credentials are used; absent where the usual chain is. */
  readonly profile?: string;
  /** The role that is assumed for every call. */
  readonly assumeRole?: {
    readonly roleArn: string;
    readonly externalId?: string;
    readonly sessionName: string;
  };
}

/** Another account whose roles may pull, and the placement of its stack. */
export interface Consumer extends Placement {
  readonly roles: readonly string[];
}

/** An environment with every default filled in. */
export interface Environment extends Placement {
  readonly name: string;
  readonly regions: readonly string[];
  readonly formerRegions: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly rules: readonly Rule[];
  readonly access: {
    readonly roles: readonly string[];
    readonly accounts: readonly string[];
    readonly consumers: readonly Consumer[];
    readonly organizations: readonly string[];
    readonly organizationPaths: readonly string[];
    /** All statements of others in the registry policy; absent where it is not known what it has. */
    readonly registryStatements?: readonly RegistryStatement[];
  };
  readonly adopt: readonly Singleton[];
  /** Absent where it is not wanted. */
  readonly maintenance?: Maintenance;
  /** Absent where the scheduled run prunes nothing. */
  readonly prune?: Prune;
  /** Absent where the registry's scanning is left alone. */
  readonly scanning?: Scanning;
  /** The ARN of the policy that limits the roles of the stacks. */
  readonly permissionsBoundary?: string;
  /** Begins and ends with a slash. */
  readonly rolePath: string;
  readonly awsProviderVersion: string;
}

/** The other accounts that an environment lets pull by their ids. */
export function accountsWithAccess({ access }: Pick<Environment, "access">): string[] {
  return [...access.accounts, ...access.consumers.map(({ account }) => account)];
}

/** Whom an environment lets pull from elsewhere, in the order of its statements. */
export function othersWithAccess(environment: Pick<Environment, "access">): string[] {
  const { organizations, organizationPaths } = environment.access;
  return [...accountsWithAccess(environment), ...organizations, ...organizationPaths];
}

/** Whether an environment writes the registry policy. */
export function hasRegistryPolicy(environment: Pick<Environment, "access">): boolean {
  const { registryStatements = [] } = environment.access;
  return othersWithAccess(environment).length + registryStatements.length > 0;
}

/** The rules whose secrets the credentials stack makes. */
export function managedRules(
  environment: Environment,
): (Rule & { readonly credential: Credential })[] {
  return environment.rules.flatMap((rule) =>
    rule.credential?.managed ? [{ ...rule, credential: rule.credential }] : [],
  );
}
