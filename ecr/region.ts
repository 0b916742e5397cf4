/**
 * Regions, partitions and registry hosts.
 *
 * Source for partitions: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */

/** The form of a region's name, such as `us-east-1`. */
export const REGION_PATTERN = /^[a-z]{2,}(-[a-z]+)+-[0-9]+$/;

/**
 * The partitions of AWS, with their regions. Of several that a region's name could belong to, the first one is meant.
 *
 * Source of the regions: the partitions that the AWS SDK for JavaScript knows.
 */
const PARTITIONS = [
  {
    partition: "aws-cn",
    start: "cn-",
    dnsSuffix: "amazonaws.com.cn",
    regions: ["cn-north-1", "cn-northwest-1"],
  },
  {
    partition: "aws-us-gov",
    start: "us-gov-",
    dnsSuffix: "amazonaws.com",
    regions: ["us-gov-east-1", "us-gov-west-1"],
  },
  {
    partition: "aws-iso",
    start: "us-iso-",
    dnsSuffix: "c2s.ic.gov",
    regions: ["us-iso-east-1", "us-iso-west-1"],
  },
  {
    partition: "aws-iso-b",
    start: "us-isob-",
    dnsSuffix: "sc2s.sgov.gov",
    regions: ["us-isob-east-1", "us-isob-west-1"],
  },
  {
    partition: "aws-iso-e",
    start: "eu-isoe-",
    dnsSuffix: "cloud.adc-e.uk",
    regions: ["eu-isoe-west-1"],
  },
  {
    partition: "aws-iso-f",
    start: "us-isof-",
    dnsSuffix: "csp.hci.ic.gov",
    regions: ["us-isof-east-1", "us-isof-south-1"],
  },
  {
    partition: "aws-eusc",
    start: "eusc-",
    dnsSuffix: "amazonaws.eu",
    regions: ["eusc-de-east-1"],
  },
  {
    partition: "aws",
    start: "",
    dnsSuffix: "amazonaws.com",
    // prettier-ignore
    regions: [
      "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1",
      "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
      "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1",
      "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1",
      "me-west-1", "mx-central-1", "sa-east-1", "sa-west-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
    ],
  },
] as const;

type Partition = (typeof PARTITIONS)[number];

/** A region that this version knows. */
export type KnownRegion = Partition["regions"][number];

/** What the hosts of a partition end with. */
export type DnsSuffix = Partition["dnsSuffix"];

/** Every region that this version knows. */
export const knownRegions: readonly KnownRegion[] = PARTITIONS.flatMap(({ regions }) => regions);

function lookUp(region: string): Partition {
  // The last entry fits every name.
  return PARTITIONS.find(({ start }) => region.startsWith(start))!;
}

/** The partition of a region: the second field of its ARNs. */
export function partitionOf(region: string): string {
  return lookUp(region).partition;
}

/** The region of an ARN; empty for a resource of a global service. */
export function regionOfArn(arn: string): string {
  return arn.split(":")[3] ?? "";
}

/** The host of an account's private registry in a region. */
export function registryHost(account: string, region: string): string {
  return `${account}.dkr.ecr.${region}.${lookUp(region).dnsSuffix}`;
}

/** What `registryHost` puts together, taken apart; undefined for any other host. */
export function parseRegistryHost(host: string): { account: string; region: string } | undefined {
  const match = /^([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.[a-z0-9.-]+$/.exec(host);
  if (!match) return undefined;
  const [, account = "", region = ""] = match;
  return REGION_PATTERN.test(region) ? { account, region } : undefined;
}
