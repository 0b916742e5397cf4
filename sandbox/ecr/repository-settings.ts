import type {
  EncryptionConfiguration,
  ImageTagMutability,
  ImageTagMutabilityExclusionFilter,
  Tag,
} from "@aws-sdk/client-ecr";
import { constrain, EcrException, invalidParameter, oneOf, required } from "./exceptions";

/*
 * What repositories and creation templates have in common.
 *
 * Source of the limits: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html
 */

const MUTABILITIES: readonly ImageTagMutability[] = [
  "IMMUTABLE",
  "IMMUTABLE_WITH_EXCLUSION",
  "MUTABLE",
  "MUTABLE_WITH_EXCLUSION",
];
const MAX_EXCLUSION_FILTERS = 5;
const MAX_TAGS = 50;
const KMS_KEY_ARN = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:key\/.+$/;

export function constrainMutability(
  mutability: ImageTagMutability | undefined,
  filters: readonly ImageTagMutabilityExclusionFilter[] | undefined,
): void {
  oneOf(mutability, "imageTagMutability", MUTABILITIES);
  const excludes = mutability?.endsWith("_WITH_EXCLUSION") ?? false;
  const count = filters?.length ?? 0;
  if (excludes !== count > 0) {
    throw invalidParameter(
      "imageTagMutabilityExclusionFilters",
      excludes
        ? `Member must have length greater than or equal to 1 with ${mutability}`
        : `Member is only allowed with IMMUTABLE_WITH_EXCLUSION and MUTABLE_WITH_EXCLUSION`,
    );
  }
  if (count > MAX_EXCLUSION_FILTERS) {
    throw invalidParameter(
      "imageTagMutabilityExclusionFilters",
      `Member must have length less than or equal to ${MAX_EXCLUSION_FILTERS}`,
    );
  }
  for (const { filter, filterType } of filters ?? []) {
    oneOf(required(filterType, "filterType"), "filterType", ["WILDCARD"]);
    constrain(required(filter, "filter"), "filter", {
      min: 1,
      max: 128,
      pattern: /^[0-9a-zA-Z._*-]{1,128}$/,
    });
  }
}

/** What a repository's encryption may be. `fullArn`: creation templates take keys by their full ARN only. */
export function constrainEncryption(
  encryption: Partial<EncryptionConfiguration> | undefined,
  region: string,
  { fullArn = false } = {},
): void {
  if (!encryption) return;
  const { encryptionType, kmsKey } = encryption;
  oneOf(required(encryptionType, "encryptionType"), "encryptionType", [
    "AES256",
    "KMS",
    "KMS_DSSE",
  ]);
  if (kmsKey === undefined) return;
  if (encryptionType === "AES256") {
    throw invalidParameter("kmsKey", "Member is only allowed with KMS and KMS_DSSE");
  }
  const arn = KMS_KEY_ARN.exec(kmsKey);
  if (fullArn && !arn) throw invalidParameter("kmsKey", "the full ARN of the key must be given");
  if (arn && arn[1] !== region) {
    throw invalidParameter("kmsKey", `the key must be in the region ${region}`);
  }
}

export function constrainTags(tags: readonly Tag[] | undefined): void {
  if (!tags) return;
  if (tags.length > MAX_TAGS) {
    throw new EcrException(
      "TooManyTagsException",
      `The list of tags on the repository is over the limit of ${MAX_TAGS}.`,
    );
  }
  const keys = tags.map(({ Key, Value }) => {
    constrain(required(Key, "Key"), "Key", { min: 1, max: 128 });
    constrain(required(Value, "Value"), "Value", { max: 256 });
    if (Key?.startsWith("aws:")) {
      throw new EcrException("InvalidTagParameterException", "Tag keys must not begin with aws:");
    }
    return Key;
  });
  if (new Set(keys).size < keys.length) {
    throw new EcrException("InvalidTagParameterException", "Duplicate tag keys found");
  }
}
