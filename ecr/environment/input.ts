import type { Backend } from "./backend";
import type { Retention } from "../lifecycle-policy";
import type { MaintenanceInput } from "./maintenance";
import type { PruneInput } from "./prune";
import type { ScanningInput } from "./scanning";
import type { RegistryStatement } from "../policies/document";
import type { Singleton } from "../singletons";
import type { KnownRegion } from "../region";
import { type UpstreamName, upstreamOf, type upstreams } from "../upstreams";

/*
 * An environment as a user writes it. The types are as strict as the language allows; what they can't say is checked
 * when the environment is defined.
 */

/** The start of the names of the secrets that ECR may read. */
export const SECRET_NAME_PREFIX = "ecr-pullthroughcache/";

/**
 * The account at the upstream registry that ECR pulls with. The token itself is in no file: the credentials stack asks
 * for it as a variable.
 */
export type CredentialInput = NewSecretInput | ExistingSecretInput;

/** The credentials stack makes the secret, `ecr-pullthroughcache/PREFIX`, in every region of the environment. */
interface NewSecretInput {
  /** The user name at the upstream registry. */
  readonly username: string;
  /** Raise it by one to put a new token. Default: 1. */
  readonly version?: number;
  /**
   * Days for which a deleted secret can be restored, 7 to 30; meanwhile none of its name can be made. 0: it is gone at
   * once. Default: 30, as AWS has it.
   *
   * Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
   */
  readonly recoveryWindowInDays?: number;
  /** None: the credentials stack creates the secret. */
  readonly secretName?: never;
}

/** The secret exists already. */
interface ExistingSecretInput {
  /** The user name at the upstream registry. */
  readonly username: string;
  /**
   * A secret in every region of the environment, with the keys `username` and `accessToken`. Its name begins with
   * `ecr-pullthroughcache/`.
   */
  readonly secretName: `${typeof SECRET_NAME_PREFIX}${string}`;
  /** None: the secret is not the credentials stack's. */
  readonly version?: never;
  /** None: the secret is not the credentials stack's. */
  readonly recoveryWindowInDays?: never;
}

/** How the images of new repositories are encrypted. It can't be changed for repositories that exist. */
export type EncryptionInput =
  | {
      /** With keys of Amazon S3, at no cost. */
      readonly type: "AES256";
      /** None: Amazon S3 manages the keys. */
      readonly kmsKey?: never;
    }
  | {
      /** With a KMS key of yours. */
      readonly type: "KMS";
      /** The full ARN of a key, or a list of ARNs with one for each region. */
      readonly kmsKey: string | readonly string[];
    };

/** A region: by its name, or where this version does not know it yet, as `{ unlisted: NAME }`. */
export type RegionInput =
  | KnownRegion
  | {
      /** The name of a region that this version does not know. */
      readonly unlisted: string;
    };

/** The name of a region. */
export const regionName = (region: RegionInput): string =>
  typeof region === "string" ? region : region.unlisted;

/** The kinds of existing resources that can be imported into Terraform's state. */
export const adoptable = ["rule", "template", "secret"] as const;

export type Adoptable = (typeof adoptable)[number];

/** What exists already: a kind in every region of the environment, or kinds in some of them. */
export type AdoptInput =
  | Adoptable
  | {
      /** What exists already. */
      readonly kinds: readonly Adoptable[];
      /** Where it exists: regions of the environment. */
      readonly regions: readonly RegionInput[];
    };

interface CommonRuleInput {
  /**
   * The start of the cached repositories' names, or `ROOT` for all that no other rule covers. Default: the
   * upstream's own, such as `docker-hub`.
   */
  readonly prefix?: string;
  /**
   * Accepts the prefix `ROOT` without `only` over an upstream where anybody can register a name, although a stranger's image may then be
   * pulled by the name of a private one (docs/upstreams.md, Dependency confusion). Default: false.
   */
  readonly allowPublicRoot?: boolean;
  /**
   * The only repositories that may be pulled, by their names below the prefix; `*` stands for any characters, slashes too:
   * `["library/nginx", "grafana/*"]`. Whoever may pull can import no other one. Default: all.
   */
  readonly only?: readonly string[];
  /** The start of the names of the upstream's repositories. Default: any. Not with the prefix `ROOT`. */
  readonly upstreamPrefix?: string;
  /** The lifecycle of the cached images. Default: the environment's. */
  readonly retention?: Retention;
  /** Default: AES256, with keys of Amazon S3. */
  readonly encryption?: EncryptionInput;
  /**
   * Emits `import` blocks for what exists already: `true` for all kinds in every region, or a list of kinds, such as
   * `["rule"]`, or of kinds in some regions, such as `[{ kinds: ["rule"], regions: ["us-east-1"] }]`. Remove it after the
   * deployment. Default: false.
   */
  readonly adopt?: boolean | readonly AdoptInput[];
  /** Only `MUTABLE`, the default: the 24-hour refresh could not move an immutable tag. */
  readonly imageTagMutability?: "MUTABLE";
}

type Catalogue = typeof upstreams;

/** The host of a customer's own registry at an upstream; never where there is one registry for all. */
type OwnRegistry<U extends UpstreamName> = Catalogue[U] extends {
  readonly registry: { readonly isHost: (host: string) => host is infer Host extends string };
}
  ? Host
  : never;

/** A rule for one upstream registry. */
interface RuleForUpstream<U extends UpstreamName> extends CommonRuleInput {
  /** The upstream registry, by the name that ECR's API gives it. */
  readonly upstream: U;
}

/** A rule for an upstream that ECR pulls from without a credential. */
interface RuleWithoutCredential<U extends UpstreamName> extends RuleForUpstream<U> {
  /** None: ECR pulls from this upstream without a credential. */
  readonly credential?: never;
}

/** A rule for an upstream that ECR pulls from with a credential only. */
interface RuleWithCredential<U extends UpstreamName> extends RuleForUpstream<U> {
  /** The account at the upstream registry that ECR pulls with. Required: ECR takes no rule for this upstream without one. */
  readonly credential: CredentialInput;
}

/** What a rule has besides for an upstream with one registry for all. */
interface CommonRegistry {
  /** None: this upstream has one registry for all. */
  readonly registry?: never;
}

/** What a rule has besides for an upstream at which every customer has a registry. */
interface CustomerRegistry<Host extends string> {
  /** The host of your registry at the upstream. */
  readonly registry: Host;
}

/** One cache rule: an upstream registry and the prefix it is cached under. */
export type RuleInput = {
  [U in UpstreamName]: (Catalogue[U]["credential"] extends "required"
    ? RuleWithCredential<U>
    : RuleWithoutCredential<U>) &
    ([OwnRegistry<U>] extends [never] ? CommonRegistry : CustomerRegistry<OwnRegistry<U>>);
}[UpstreamName];

/** A role that is assumed for every call. */
export interface AssumeRoleInput {
  /** The role's ARN. */
  readonly roleArn: string;
  /** The external ID that the role's trust policy demands. Default: none. */
  readonly externalId?: string;
  /** The name of the session, which CloudTrail shows. Default: `ecr-cache`. */
  readonly sessionName?: string;
}

/** Another account whose roles may pull, with a stack of its own. */
export interface ConsumerInput {
  /** The other account: 12 digits. Credentials for another one are refused by the provider. */
  readonly account: string;
  /** IAM roles of that account, by name; the policy for pulling is attached to each. At least one. */
  readonly roles: readonly string[];
  /** Where Terraform keeps the state of the stack. Default: the environment's backend. */
  readonly backend?: Backend;
  /**
   * The profile whose credentials Terraform uses for the stack. Default: with `assumeRole` the environment's, otherwise the
   * usual chain of credentials.
   */
  readonly profile?: string;
  /** The role of that account that Terraform assumes for the stack. Default: none. */
  readonly assumeRole?: AssumeRoleInput;
}

/** An environment as a user writes it. */
export interface EnvironmentInput {
  /** What the stacks are called: `NAME`, `NAME-credentials` and `NAME-consumer-ACCOUNT`. */
  readonly name: string;
  /** The AWS account: 12 digits. Credentials for another one are refused by the provider. */
  readonly account: string;
  /** The regions; each gets the same cache. */
  readonly regions: readonly RegionInput[];
  /**
   * Regions that the cache was removed from. Terraform can't destroy what is there without their provider: name a
   * region here when you take it out of `regions`, and drop it after the next deployment. Default: none.
   */
  readonly formerRegions?: readonly RegionInput[];
  /** Where Terraform keeps the state. Default: a file in the project's folder. */
  readonly backend?: Backend;
  /** Tags of everything that can have them, cached repositories included. Default: none. */
  readonly tags?: Readonly<Record<string, string>>;
  /** The cache rules: what is cached, and under which prefix. 1 to 50. */
  readonly rules: readonly RuleInput[];
  /** The lifecycle of cached images. Default: the last 10 images of a repository are kept. */
  readonly retention?: Retention;
  /** Who may pull through the cache. */
  readonly access?: {
    /** IAM roles of this account, by name; the policy for pulling is attached to each. Default: none. */
    readonly roles?: readonly string[];
    /** Other accounts, by id; the registry and the cached repositories let them pull. Default: none. */
    readonly accounts?: readonly string[];
    /**
     * Other accounts that may pull, each with the roles that do: a stack of its own gives them the policy. An account is
     * either here or in `accounts`. Default: none.
     */
    readonly consumers?: readonly ConsumerInput[];
    /** AWS organizations, by id (`o-…`); every account in them may pull. Default: none. */
    readonly organizations?: readonly string[];
    /**
     * Parts of AWS organizations: `o-…/r-…/ou-…/*` is an organizational unit with all below it, a path that ends with `/`
     * only the accounts directly in the unit. Default: none.
     */
    readonly organizationPaths?: readonly string[];
    /**
     * All statements of others in the registry policy, of which a registry has one: deployments keep them. `[]`: there are
     * none. Default: unknown; a plan then fails if it would remove statements, and says which, or if there is no policy.
     */
    readonly registryStatements?: readonly RegistryStatement[];
  };
  /**
   * `["registry-policy"]`: every region has a registry policy already; a plan fails if the deployment would remove
   * statements that are not in `access.registryStatements`. `["scanning"]`: a plan fails if it would remove rules of the
   * scanning configuration that are not in `scanning.otherRules`. Default: none.
   */
  readonly adopt?: readonly Singleton[];
  /**
   * Keeps existing repositories in line with their templates, and reports failed pulls; `{}` takes
   * every default. Default: none.
   */
  readonly maintenance?: MaintenanceInput;
  /**
   * Deletes cached images that nobody pulls, in the scheduled run of `maintenance`, which it needs; `{}` takes every
   * default. A pull after that fetches the image from the upstream again, if it still has it. Default: none.
   */
  readonly prune?: PruneInput;
  /**
   * Scans the images under the environment's prefixes for vulnerabilities. A registry has one scanning configuration,
   * which the environment then writes. Default: it is left alone.
   */
  readonly scanning?: ScanningInput;
  /**
   * The profile of the shared AWS configuration files whose credentials Terraform and `ecr-cache` use for this
   * environment. Default: the usual chain of credentials, such as AWS_PROFILE.
   */
  readonly profile?: string;
  /**
   * The role of the environment's account that Terraform and `ecr-cache` assume, with the credentials of `profile` or of
   * the usual chain. Default: none.
   */
  readonly assumeRole?: AssumeRoleInput;
  /**
   * The ARN of the IAM policy that limits every role that the stacks create: the account's own, or one of AWS's.
   * Default: none.
   */
  readonly permissionsBoundary?: string;
  /** The path of every role that the stacks create, such as `/platform/`. Another path replaces the roles. Default: `/`. */
  readonly rolePath?: string;
  /** A version constraint for hashicorp/aws inside the default, `>= 5.100.0, < 7.0.0`. */
  readonly awsProviderVersion?: string;
}

/** A rule's prefix as ECR uses it: the default if none is given, and no trailing slash, which ECR implies. */
export function prefixOf(rule: RuleInput): string {
  return (rule.prefix ?? upstreamOf(rule.upstream).defaultPrefix).replace(/\/$/, "");
}

/** The name of the Terraform variable that takes the token of a rule's credential, such as `docker_hub_access_token`. */
export function tokenVariable(rulePrefix: string): string {
  const name = rulePrefix.replace(/[^A-Za-z0-9]+/g, "_").toLowerCase();
  return `${/^[0-9]/.test(name) ? "upstream_" : ""}${name}_access_token`;
}

/** The ARNs of the keys of an encryption with KMS. */
export function kmsKeysOf({ kmsKey: keys }: EncryptionInput & { type: "KMS" }): readonly string[] {
  return typeof keys === "string" ? [keys] : keys;
}
