import { defineEnvironment } from "../../ecr/environment";

/** The environments of the inventory's tests: two in one account, whose prefixes overlap. */
export const cache = defineEnvironment({
  name: "cache",
  account: "123456789012",
  regions: ["us-east-1", "eu-west-1"],
  formerRegions: ["ap-southeast-2"],
  rules: [
    { upstream: "docker-hub", credential: { username: "acme-bot" } },
    { upstream: "quay" },
    { upstream: "ecr-public" },
  ],
});

export const neighbour = defineEnvironment({
  name: "neighbour",
  account: "123456789012",
  regions: ["us-east-1"],
  rules: [{ upstream: "k8s" }, { upstream: "quay", prefix: "quay/team-b" }],
});

/** One that takes every repository for which nobody else has a rule. */
export const everything = defineEnvironment({
  name: "everything",
  account: "123456789012",
  regions: ["eu-west-1"],
  rules: [{ upstream: "ecr-public", prefix: "ROOT", allowPublicRoot: true }],
});

/** One in a region whose price is not known. */
export const elsewhere = defineEnvironment({
  name: "elsewhere",
  account: "123456789012",
  regions: ["sa-east-1"],
  rules: [{ upstream: "quay" }],
});

/** Those that cache other private registries of ECR's: one of the same account, one of another. */
export const sharing = defineEnvironment({
  name: "sharing",
  account: "123456789012",
  regions: ["us-west-2"],
  rules: [
    {
      upstream: "ecr",
      registry: "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
      prefix: "ireland",
      upstreamPrefix: "team-a",
    },
    { upstream: "ecr", registry: "999999999999.dkr.ecr.eu-west-1.amazonaws.com", prefix: "others" },
  ],
});

/** One that is pruned, and whose operators' pulls do not count. */
export const pruned = defineEnvironment({
  name: "pruned",
  account: "123456789012",
  regions: ["ap-south-1"],
  rules: [{ upstream: "quay" }],
  maintenance: {},
  prune: {
    unpulledForDays: 30,
    keepAtLeast: 2,
    pullTimeUpdateExclusions: ["arn:aws:iam::123456789012:role/ops/scanner"],
  },
});

export const environments = [cache, neighbour, everything, elsewhere, sharing, pruned];
