import type { PullThroughCacheRule } from "@aws-sdk/client-ecr";
import { defineEnvironment } from "../../ecr/environment";
import type { KnownRegion } from "../../ecr/region";
import { compareRules, isFinding } from "../../registry/rule-comparison";

const ACCOUNT = "123456789012";
const REGION = "us-east-1";
const SECRETS = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret`;
const ROLE = `arn:aws:iam::${ACCOUNT}:role/ecr-cache-shop-upstream_shared`;

const shop = defineEnvironment({
  name: "shop",
  account: ACCOUNT,
  regions: [REGION],
  rules: [
    { upstream: "docker-hub", credential: { username: "bot" } },
    { upstream: "quay" },
    {
      upstream: "ecr",
      registry: "444444444444.dkr.ecr.us-east-1.amazonaws.com",
      prefix: "shared",
      upstreamPrefix: "team-a",
    },
  ],
});

const existing = {
  dockerHub: {
    ecrRepositoryPrefix: "docker-hub",
    upstreamRegistryUrl: "registry-1.docker.io",
    credentialArn: `${SECRETS}:ecr-pullthroughcache/docker-hub-AbCdEf`,
  },
  quay: {
    ecrRepositoryPrefix: "quay/",
    upstreamRegistryUrl: "quay.io",
    upstreamRepositoryPrefix: "ROOT",
  },
  shared: {
    ecrRepositoryPrefix: "shared",
    upstreamRegistryUrl: "444444444444.dkr.ecr.us-east-1.amazonaws.com",
    upstreamRepositoryPrefix: "team-a/",
    customRoleArn: ROLE,
  },
} satisfies Record<string, PullThroughCacheRule>;

function statesOf(rules: readonly PullThroughCacheRule[], environments = [shop]) {
  return compareRules(shop, REGION, rules, environments).map(({ prefix, state, owner }) => [
    prefix,
    state,
    owner,
  ]);
}

function differencesOf(changed: PullThroughCacheRule) {
  const rules = Object.values(existing).filter(
    ({ ecrRepositoryPrefix }) => ecrRepositoryPrefix !== changed.ecrRepositoryPrefix,
  );
  return compareRules(shop, REGION, [...rules, changed]).find(
    ({ prefix }) => prefix === changed.ecrRepositoryPrefix?.replace(/\/$/, ""),
  )?.differences;
}

test("rules that exist as the environment has them are in order, however ECR spells them", () => {
  expect(statesOf(Object.values(existing))).toEqual([
    ["docker-hub", "in-order", undefined],
    ["quay", "in-order", undefined],
    ["shared", "in-order", undefined],
  ]);
});

test("what does not exist is missing, in the environment's order; what else exists comes after, by prefix", () => {
  const rules = [
    { ecrRepositoryPrefix: "zz", upstreamRegistryUrl: "quay.io" },
    existing.quay,
    { ecrRepositoryPrefix: "aa", upstreamRegistryUrl: "quay.io" },
  ];
  expect(statesOf(rules)).toEqual([
    ["docker-hub", "missing", undefined],
    ["quay", "in-order", undefined],
    ["shared", "missing", undefined],
    ["aa", "unknown", undefined],
    ["zz", "unknown", undefined],
  ]);
});

test("a rule is another environment's only in the same account and region", () => {
  const other = (name: string, account: string, region: KnownRegion) =>
    defineEnvironment({
      name,
      account,
      regions: [region],
      rules: [{ upstream: "quay" }, { upstream: "k8s", prefix: name }],
    });
  const environments = [
    shop,
    other("lab", ACCOUNT, REGION),
    other("far", ACCOUNT, "eu-west-1"),
    other("foreign", "999999999999", REGION),
  ];
  const rules = ["far", "foreign", "lab"].map((ecrRepositoryPrefix) => ({ ecrRepositoryPrefix }));
  expect(statesOf([...Object.values(existing), ...rules], environments).slice(3)).toEqual([
    ["far", "unknown", undefined],
    ["foreign", "unknown", undefined],
    ["lab", "other-environment", "lab"],
  ]);
});

describe("a rule is different in", () => {
  test("its upstream and upstream prefix", () => {
    expect(
      differencesOf({
        ...existing.quay,
        upstreamRegistryUrl: "public.ecr.aws",
        upstreamRepositoryPrefix: "docker",
      }),
    ).toEqual([
      { field: "upstream", found: "public.ecr.aws", expected: "quay.io" },
      { field: "upstreamPrefix", found: "docker", expected: null },
    ]);
  });

  test("its credential: another secret, none, or one where there should be none", () => {
    expect(
      differencesOf({
        ...existing.dockerHub,
        credentialArn: `${SECRETS}:ecr-pullthroughcache/old-AbCdEf`,
      }),
    ).toEqual([
      {
        field: "credential",
        found: "ecr-pullthroughcache/old",
        expected: "ecr-pullthroughcache/docker-hub",
      },
    ]);
    expect(differencesOf({ ...existing.dockerHub, credentialArn: undefined })).toEqual([
      { field: "credential", found: null, expected: "ecr-pullthroughcache/docker-hub" },
    ]);
    expect(
      differencesOf({ ...existing.quay, credentialArn: existing.dockerHub.credentialArn }),
    ).toEqual([{ field: "credential", found: "ecr-pullthroughcache/docker-hub", expected: null }]);
  });

  test("a secret of the same name in another region, which is named by its ARN", () => {
    const credentialArn = existing.dockerHub.credentialArn.replace(REGION, "eu-west-1");
    expect(differencesOf({ ...existing.dockerHub, credentialArn })).toEqual([
      { field: "credential", found: credentialArn, expected: "ecr-pullthroughcache/docker-hub" },
    ]);
  });

  test("its role: none where the upstream is another account's, or one where none is needed", () => {
    expect(differencesOf({ ...existing.shared, customRoleArn: undefined })).toEqual([
      { field: "role", found: null, expected: `a role of account ${ACCOUNT}` },
    ]);
    expect(differencesOf({ ...existing.quay, customRoleArn: ROLE })).toEqual([
      { field: "role", found: ROLE, expected: null },
    ]);
  });
});

test("missing, different and unknown rules are findings; another environment's are not", () => {
  const states = ["in-order", "missing", "different", "unknown", "other-environment"] as const;
  expect(states.filter((state) => isFinding({ state }))).toEqual([
    "missing",
    "different",
    "unknown",
  ]);
});
