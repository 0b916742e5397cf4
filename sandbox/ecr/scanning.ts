import type {
  DescribeImageScanFindingsRequest,
  DescribeImageScanFindingsResponse,
  FindingSeverity,
  GetRegistryScanningConfigurationResponse,
  PutRegistryScanningConfigurationRequest,
  PutRegistryScanningConfigurationResponse,
} from "@aws-sdk/client-ecr";
import { SEVERITIES } from "../../ecr/scanning";
import type { Action } from "./context";
import { constrain, EcrException, invalidParameter, oneOf, required } from "./exceptions";
import { findImage } from "./images";
import { findRepository } from "./repositories";
import type { Registry, Repository, ScanningConfiguration, StoredImage } from "./state";

/*
 * The scanning of images.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html
 */

const MAX_RULES = 100;
const FILTER = /^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$/;

/** Replaces the configuration: a registry has one. */
export const putRegistryScanningConfiguration: Action<
  PutRegistryScanningConfigurationRequest,
  PutRegistryScanningConfigurationResponse
> = (input, { registry }) => {
  const { scanType = "BASIC", rules = [] } = input;
  oneOf(scanType, "scanType", ["BASIC", "ENHANCED"]);
  if (rules.length > MAX_RULES) {
    throw invalidParameter("rules", `Member must have length less than or equal to ${MAX_RULES}`);
  }
  for (const { scanFrequency, repositoryFilters } of rules) {
    oneOf(
      required(scanFrequency, "scanFrequency"),
      "scanFrequency",
      scanType === "BASIC" ? ["SCAN_ON_PUSH", "MANUAL"] : ["SCAN_ON_PUSH", "CONTINUOUS_SCAN"],
    );
    for (const { filter, filterType } of required(repositoryFilters, "repositoryFilters")) {
      oneOf(required(filterType, "filterType"), "filterType", ["WILDCARD"]);
      constrain(required(filter, "filter"), "filter", { min: 1, max: 256, pattern: FILTER });
    }
  }
  registry.scanning = { scanType, rules };
  return { registryScanningConfiguration: registry.scanning };
};

export const getRegistryScanningConfiguration: Action<
  object,
  GetRegistryScanningConfigurationResponse
> = (_, { registry }) => ({
  registryId: registry.account,
  scanningConfiguration: registry.scanning,
});

/** A filter without `*` matches every name that contains it. */
function matches(filter: string, name: string): boolean {
  if (!filter.includes("*")) return name.includes(filter);
  const pattern = filter.replaceAll(".", "\\.").replaceAll("*", ".*");
  return new RegExp(`^${pattern}$`).test(name);
}

function isScanned({ rules }: ScanningConfiguration, { name, scanOnPush }: Repository): boolean {
  return (
    scanOnPush ||
    rules.some(
      ({ scanFrequency, repositoryFilters = [] }) =>
        scanFrequency !== "MANUAL" &&
        repositoryFilters.some(({ filter = "" }) => matches(filter, name)),
    )
  );
}

/** How many findings an image has of each severity: the same for the same digest. */
function countsOf({ digest }: StoredImage): Partial<Record<FindingSeverity, number>> {
  const digits = digest.slice("sha256:".length);
  return Object.fromEntries(
    SEVERITIES.slice(0, -1).flatMap((severity, at) => {
      const count = Number.parseInt(digits[at] ?? "0", 16) % (3 + at);
      return count === 0 ? [] : [[severity, count]];
    }),
  );
}

/**
 * The findings of an image: invented ones, in the repositories that are scanned. ECR scans images, not what lists or
 * describes them.
 */
export const describeImageScanFindings: Action<
  DescribeImageScanFindingsRequest,
  DescribeImageScanFindingsResponse
> = (input, context) => {
  const { registry } = context;
  const repository = findRepository(input.repositoryName, context);
  const imageId = required(input.imageId, "imageId");
  const { image } = findImage(repository, imageId) as { image?: StoredImage };
  if (!image) {
    throw new EcrException("ImageNotFoundException", "The image requested does not exist");
  }
  const isScannable = image.children.length === 0 && image.subject === undefined;
  if (!isScannable || !isScanned(registry.scanning, repository)) {
    throw new EcrException(
      "ScanNotFoundException",
      `Image scan does not exist for the image with '{imageDigest:'${image.digest}'}' in the repository with name '${repository.name}' in the registry with id '${registry.account}'`,
    );
  }
  return {
    registryId: registry.account,
    repositoryName: repository.name,
    imageId: { ...imageId, imageDigest: image.digest },
    imageScanStatus: { status: statusOf(registry, image) },
    ...(image.status === "ACTIVE" && {
      imageScanFindings: {
        imageScanCompletedAt: image.pushedAt,
        findingSeverityCounts: countsOf(image),
      },
    }),
  };
};

function statusOf({ scanning }: Registry, { status }: StoredImage) {
  if (status === "ARCHIVED") return "IMAGE_ARCHIVED";
  return scanning.scanType === "ENHANCED" ? "ACTIVE" : "COMPLETE";
}
