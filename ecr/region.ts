/**
 * Regions, partitions and registry hosts.
 *
 * Source for partitions: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */

/** The form of a region's name, such as `us-east-1`. */
export const REGION_PATTERN = /^[a-z]{2,}(-[a-z]+)+-[0-9]+$/;

/**
 * Regions where ECR has no pull-through cache.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
 */
export const REGIONS_WITHOUT_PULL_THROUGH_CACHE: readonly string[] = [
  "cn-north-1",
  "cn-northwest-1",
  "us-gov-east-1",
  "us-gov-west-1",
];

const PARTITIONS: readonly {
  readonly start: string;
  readonly partition: string;
  readonly dnsSuffix: string;
}[] = [
  { start: "cn-", partition: "aws-cn", dnsSuffix: "amazonaws.com.cn" },
  { start: "us-gov-", partition: "aws-us-gov", dnsSuffix: "amazonaws.com" },
  { start: "us-iso-", partition: "aws-iso", dnsSuffix: "c2s.ic.gov" },
  { start: "us-isob-", partition: "aws-iso-b", dnsSuffix: "sc2s.sgov.gov" },
  { start: "eu-isoe-", partition: "aws-iso-e", dnsSuffix: "cloud.adc-e.uk" },
  { start: "us-isof-", partition: "aws-iso-f", dnsSuffix: "csp.hci.ic.gov" },
  { start: "eusc-", partition: "aws-eusc", dnsSuffix: "amazonaws.eu" },
];

function lookUp(region: string) {
  return (
    PARTITIONS.find(({ start }) => region.startsWith(start)) ?? {
      partition: "aws",
      dnsSuffix: "amazonaws.com",
    }
  );
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
