import { readFileSync } from "node:fs";
import { pullUriBase } from "../../ecr/prefix";
import {
  knownRegions,
  parseRegistryHost,
  partitionOf,
  REGION_PATTERN,
  registryHost,
} from "../../ecr/region";

/** What an ES module of the SDK exports, as JSON. */
const SDK_PARTITIONS =
  "node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js";

interface SdkPartitions {
  readonly partitions: readonly {
    readonly id: string;
    readonly outputs: { readonly dnsSuffix: string };
    readonly regions: Readonly<Record<string, unknown>>;
  }[];
}

describe("a registry's host", () => {
  test.each([
    ["us-east-1", "aws", "111111111111.dkr.ecr.us-east-1.amazonaws.com"],
    ["cn-north-1", "aws-cn", "111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn"],
    ["us-gov-west-1", "aws-us-gov", "111111111111.dkr.ecr.us-gov-west-1.amazonaws.com"],
    ["us-iso-east-1", "aws-iso", "111111111111.dkr.ecr.us-iso-east-1.c2s.ic.gov"],
    ["us-isob-east-1", "aws-iso-b", "111111111111.dkr.ecr.us-isob-east-1.sc2s.sgov.gov"],
    ["eusc-de-east-1", "aws-eusc", "111111111111.dkr.ecr.eusc-de-east-1.amazonaws.eu"],
  ])("the registry's host in %s, of the partition %s, is %s", (region, partition, host) => {
    expect(partitionOf(region)).toBe(partition);
    expect(registryHost("111111111111", region)).toBe(host);
    expect(parseRegistryHost(host)).toEqual({ account: "111111111111", region });
  });

  test.each([
    ["FIPS", "111111111111.dkr.ecr-fips.us-east-1.amazonaws.com"],
    ["dual-stack", "111111111111.dkr-ecr.us-east-1.on.aws"],
  ])("a registry's host is understood in its %s form", (_what, host) => {
    expect(parseRegistryHost(host)).toEqual({ account: "111111111111", region: "us-east-1" });
  });

  test.each([
    "public.ecr.aws",
    "quay.io",
    "1111.dkr.ecr.us-east-1.amazonaws.com",
    "111111111111.dkr.ecr.nowhere.amazonaws.com",
    "x.111111111111.dkr.ecr.us-east-1.amazonaws.com",
  ])("%s is no registry's host", (host) => {
    expect(parseRegistryHost(host)).toBeUndefined();
  });
});

test("the regions, their partitions and domains are those that the AWS SDK knows", () => {
  const module = readFileSync(SDK_PARTITIONS, "utf8");
  const { partitions } = JSON.parse(/\{[^]*\}/.exec(module)![0]) as SdkPartitions;
  const known = partitions.flatMap(({ id, outputs, regions }) =>
    Object.keys(regions)
      .filter((name) => REGION_PATTERN.test(name))
      .map((name) => [name, id, `111111111111.dkr.ecr.${name}.${outputs.dnsSuffix}`]),
  );
  const ours = knownRegions.map((name) => [
    name,
    partitionOf(name),
    registryHost("111111111111", name),
  ]);
  expect([...ours].sort()).toEqual([...known].sort());
});

test.each([
  ["us-east-1", true],
  ["ap-southeast-7", true],
  ["us-gov-west-1", true],
  ["eusc-de-east-1", true],
  ["us-east-1a", false],
  ["us-east", false],
  ["US-EAST-1", false],
  ["us east 1", false],
  ["", false],
])("%j has the form of a region: %s", (name, expected) => {
  expect(REGION_PATTERN.test(name)).toBe(expected);
});

test("a cached image's name begins with the registry, and the prefix unless it is ROOT", () => {
  expect(pullUriBase("111111111111", "us-east-1", "docker-hub")).toBe(
    "111111111111.dkr.ecr.us-east-1.amazonaws.com/docker-hub",
  );
  expect(pullUriBase("111111111111", "us-east-1", "ROOT")).toBe(
    "111111111111.dkr.ecr.us-east-1.amazonaws.com",
  );
});
