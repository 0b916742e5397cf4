import type {
  EncryptionConfiguration,
  ImageTagMutability,
  ImageTagMutabilityExclusionFilter,
  PullThroughCacheRule,
  RegistryScanningRule,
  RepositoryCreationTemplate,
  ScanType,
  Tag,
} from "@aws-sdk/client-ecr";
import type { PolicyAction } from "../../ecr/lifecycle-actions";
import { partitionOf } from "../../ecr/region";
import type { LifecycleRule } from "./lifecycle-grammar";

/** An image in a repository: one manifest, or an index of manifests. */
export interface StoredImage {
  readonly digest: string;
  /** The exact string that the digest is computed from. */
  readonly manifest: string;
  readonly mediaType: string;
  readonly artifactMediaType?: string;
  /** The digests that an index refers to. */
  readonly children: readonly string[];
  /** The digest of the image that this artifact refers to, such as a signature. */
  readonly subject?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly sizeInBytes: number;
  readonly pushedAt: Date;
  readonly tags: Set<string>;
  lastPulledAt?: Date;
  status: "ACTIVE" | "ARCHIVED";
  lastArchivedAt?: Date;
  lastActivatedAt?: Date;
}

/** A blob that manifests refer to; synthetic ones are generated when they are read. */
export interface Layer {
  /** In bytes. */
  readonly size: number;
  read(): Buffer;
}

/** What a lifecycle policy does to one image, and by which rule. */
export interface LifecycleAction {
  readonly image: StoredImage;
  readonly type: PolicyAction["type"];
  readonly rulePriority: number;
}

export interface LifecyclePolicy {
  readonly text: string;
  readonly rules: readonly LifecycleRule[];
  lastEvaluatedAt: Date;
}

export interface LifecyclePreview {
  readonly text: string;
  readonly actions: readonly LifecycleAction[];
  /** ECR evaluates in the background; the first look at a preview finds it unfinished. */
  complete: boolean;
}

export interface Repository {
  readonly name: string;
  readonly createdAt: Date;
  imageTagMutability: ImageTagMutability;
  imageTagMutabilityExclusionFilters?: ImageTagMutabilityExclusionFilter[];
  scanOnPush: boolean;
  readonly encryption: EncryptionConfiguration;
  policy?: string;
  lifecyclePolicy?: LifecyclePolicy;
  preview?: LifecyclePreview;
  readonly tags: Map<string, string>;
  /** By digest, oldest first. */
  readonly images: Map<string, StoredImage>;
  /** The layers and configurations of images, by digest. */
  readonly layers: Map<string, Layer>;
  /** Layers that are being uploaded, by the upload's id. */
  readonly uploads: Map<string, Buffer[]>;
  /** When a tag was last compared with the upstream registry. */
  readonly validatedAt: Map<string, Date>;
}

/** How the images of a registry are scanned. */
export interface ScanningConfiguration {
  readonly scanType: ScanType;
  readonly rules: RegistryScanningRule[];
}

/** A private registry: what one account has in one region. */
export interface Registry {
  readonly account: string;
  readonly region: string;
  readonly rules: Map<string, PullThroughCacheRule & { ecrRepositoryPrefix: string }>;
  readonly templates: Map<string, RepositoryCreationTemplate & { prefix: string }>;
  readonly repositories: Map<string, Repository>;
  readonly settings: Map<string, string>;
  /** When each role was excluded from pull times, by ARN. */
  readonly pullTimeExclusions: Map<string, Date>;
  policy?: string;
  scanning: ScanningConfiguration;
}

export function repositoryArn(
  { account, region }: Pick<Registry, "account" | "region">,
  name: string,
): string {
  return `arn:${partitionOf(region)}:ecr:${region}:${account}:repository/${name}`;
}

export function emptyRegistry(account: string, region: string): Registry {
  return {
    account,
    region,
    rules: new Map(),
    templates: new Map(),
    repositories: new Map(),
    settings: new Map(),
    pullTimeExclusions: new Map(),
    scanning: { scanType: "BASIC", rules: [] },
  };
}

/** A new repository, with ECR's defaults for settings that are not given. */
export function newRepository(
  name: string,
  createdAt: Date,
  settings: Partial<
    Pick<
      Repository,
      | "imageTagMutability"
      | "imageTagMutabilityExclusionFilters"
      | "scanOnPush"
      | "encryption"
      | "policy"
      | "lifecyclePolicy"
    >
  > & { readonly tags?: readonly Tag[] } = {},
): Repository {
  const { tags = [], ...rest } = settings;
  return {
    imageTagMutability: "MUTABLE",
    scanOnPush: false,
    encryption: { encryptionType: "AES256" },
    ...rest,
    name,
    createdAt,
    tags: new Map(tags.map(({ Key = "", Value = "" }) => [Key, Value])),
    images: new Map(),
    layers: new Map(),
    uploads: new Map(),
    validatedAt: new Map(),
  };
}
