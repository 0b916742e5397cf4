import {
  ACCOUNT,
  GOOD_SECRET,
  REGION,
  secretArn,
  startTestEcr,
  type TestEcr,
} from "../support/test-ecr";

let aws: TestEcr;

beforeEach(async () => {
  aws = await startTestEcr();
});
afterEach(() => aws.stop());

const quay = (prefix = "quay") => ({
  ecrRepositoryPrefix: prefix,
  upstreamRegistryUrl: "quay.io",
});

const dockerHub = (credentialArn?: string) => ({
  ecrRepositoryPrefix: "docker-hub",
  upstreamRegistryUrl: "registry-1.docker.io",
  credentialArn,
});

describe("creating a rule", () => {
  test("returns the rule, which can then be described", async () => {
    const { ecr } = aws;
    const created = await ecr.createPullThroughCacheRule(quay());
    expect(created).toMatchObject({
      ecrRepositoryPrefix: "quay",
      upstreamRegistryUrl: "quay.io",
      upstreamRegistry: "quay",
      registryId: ACCOUNT,
    });
    const { pullThroughCacheRules } = await ecr.describePullThroughCacheRules({});
    expect(pullThroughCacheRules).toEqual([
      {
        ecrRepositoryPrefix: "quay",
        upstreamRegistryUrl: "quay.io",
        upstreamRegistry: "quay",
        registryId: ACCOUNT,
        createdAt: created.createdAt,
        updatedAt: created.createdAt,
      },
    ]);
  });

  test.each([
    ["public.ecr.aws", "ecr-public", false],
    ["registry.k8s.io", "k8s", false],
    ["quay.io", "quay", false],
    ["registry-1.docker.io", "docker-hub", true],
    ["ghcr.io", "github-container-registry", true],
    ["registry.gitlab.com", "gitlab-container-registry", true],
    ["acme.azurecr.io", "azure-container-registry", true],
    ["cgr.dev", "chainguard", true],
    [`${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`, "ecr", false],
  ])("knows %s as %s", async (upstreamRegistryUrl, upstreamRegistry, needsCredential) => {
    aws.secrets.set(secretArn(), GOOD_SECRET);
    const rule = { ecrRepositoryPrefix: "a-prefix", upstreamRegistryUrl };
    if (needsCredential) {
      await expect(aws.ecr.createPullThroughCacheRule(rule)).rejects.toMatchObject({
        name: "UnsupportedUpstreamRegistryException",
        message:
          "The specified upstream registry requires authentication. Specify a valid Secrets Manager ARN.",
      });
    }
    const credentialArn = needsCredential ? secretArn() : undefined;
    expect(await aws.ecr.createPullThroughCacheRule({ ...rule, credentialArn })).toMatchObject({
      upstreamRegistry,
    });
  });

  test.each([
    "docker.io",
    "https://quay.io",
    "quay.io/",
    "mcr.microsoft.com",
    "gcr.io",
    "gitlab.example.com",
    "acme.azurecr.cn",
    "toString",
  ])("refuses the upstream %s", async (upstreamRegistryUrl) => {
    await expect(
      aws.ecr.createPullThroughCacheRule({ ecrRepositoryPrefix: "other", upstreamRegistryUrl }),
    ).rejects.toMatchObject({ name: "UnsupportedUpstreamRegistryException" });
  });

  test("refuses an `upstreamRegistry` that does not match the URL", async () => {
    await expect(
      aws.ecr.createPullThroughCacheRule({ ...quay(), upstreamRegistry: "k8s" }),
    ).rejects.toMatchObject({
      name: "InvalidParameterException",
      message:
        "Invalid parameter at 'upstreamRegistry' failed to satisfy constraint: 'the registry of quay.io is quay'",
    });
  });

  test.each(["q", "a".repeat(31), "Quay", "quay//x", "-quay", "qu..ay"])(
    "refuses the prefix %s",
    async (prefix) => {
      await expect(aws.ecr.createPullThroughCacheRule(quay(prefix))).rejects.toMatchObject({
        name: "InvalidParameterException",
        message: expect.stringContaining("Invalid parameter at 'ecrRepositoryPrefix'") as string,
      });
    },
  );

  test("accepts prefixes that only Terraform's provider refuses", async () => {
    for (const prefix of ["a--b", "a__b", "team-a/quay"]) {
      await aws.ecr.createPullThroughCacheRule(quay(prefix));
    }
    expect((await aws.ecr.describePullThroughCacheRules({})).pullThroughCacheRules).toHaveLength(3);
  });

  test("refuses a prefix that has a rule, with a slash at its end or without", async () => {
    await aws.ecr.createPullThroughCacheRule(quay());
    for (const prefix of ["quay", "quay/"]) {
      await expect(aws.ecr.createPullThroughCacheRule(quay(prefix))).rejects.toMatchObject({
        name: "PullThroughCacheRuleAlreadyExistsException",
        message: `A pull through cache rule with prefix 'quay' already exists in the registry with id '${ACCOUNT}'.`,
      });
    }
  });

  test("refuses the 51st rule of a region, and accepts it in another", async () => {
    for (let index = 0; index < 50; index += 1) {
      await aws.ecr.createPullThroughCacheRule(quay(`quay-${index}`));
    }
    await expect(aws.ecr.createPullThroughCacheRule(quay())).rejects.toMatchObject({
      name: "LimitExceededException",
    });
    await aws.clientIn("us-east-1").createPullThroughCacheRule(quay());
  });

  test("refuses an upstream prefix with the prefix ROOT", async () => {
    const rule = { ...quay("ROOT"), upstreamRepositoryPrefix: "team-a" };
    await expect(aws.ecr.createPullThroughCacheRule(rule)).rejects.toMatchObject({
      name: "InvalidParameterException",
      message:
        "Invalid parameter at 'upstreamRepositoryPrefix' failed to satisfy constraint: 'You can set the upstream repository prefix only when the Amazon ECR repository prefix has a non-ROOT value'",
    });
    expect(
      await aws.ecr.createPullThroughCacheRule({
        ...quay("ROOT"),
        upstreamRepositoryPrefix: "ROOT",
      }),
    ).toMatchObject({ ecrRepositoryPrefix: "ROOT", upstreamRepositoryPrefix: "ROOT" });
  });

  test("refuses the registry of another account without a role, and a role of another account", async () => {
    const rule = {
      ecrRepositoryPrefix: "shared",
      upstreamRegistryUrl: "444444444444.dkr.ecr.us-east-1.amazonaws.com",
    };
    await expect(aws.ecr.createPullThroughCacheRule(rule)).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: expect.stringContaining("'customRoleArn'") as string,
    });
    await expect(
      aws.ecr.createPullThroughCacheRule({
        ...rule,
        customRoleArn: "arn:aws:iam::444444444444:role/puller",
      }),
    ).rejects.toMatchObject({
      message: `Invalid parameter at 'customRoleArn' failed to satisfy constraint: 'the role must be in the account ${ACCOUNT}'`,
    });
    const customRoleArn = `arn:aws:iam::${ACCOUNT}:role/puller`;
    expect(await aws.ecr.createPullThroughCacheRule({ ...rule, customRoleArn })).toMatchObject({
      customRoleArn,
    });
  });
});

describe("a credential", () => {
  const elsewhere = secretArn().replace(REGION, "us-east-1");

  test.each([
    ["is absent", secretArn(), undefined, "SecretNotFoundException"],
    ["is in another region", elsewhere, GOOD_SECRET, "SecretNotFoundException"],
    [
      "is in another account",
      secretArn().replace(ACCOUNT, "444444444444"),
      GOOD_SECRET,
      "SecretNotFoundException",
    ],
    ["has no value", secretArn(), { state: "without a value" }, "UnableToAccessSecretException"],
    [
      "is no JSON",
      secretArn(),
      { state: "present", text: "token" },
      "UnableToAccessSecretException",
    ],
    [
      "has no accessToken",
      secretArn(),
      { state: "present", text: '{"username":"bot"}' },
      "UnableToAccessSecretException",
    ],
    [
      "has a token that is null",
      secretArn(),
      { state: "present", text: '{"username":"bot","accessToken":null}' },
      "UnableToAccessSecretException",
    ],
    [
      "has no username",
      secretArn(),
      { state: "present", text: '{"accessToken":"x"}' },
      "UnableToAccessSecretException",
    ],
    [
      "is under a customer's key",
      secretArn(),
      { ...GOOD_SECRET, kmsKeyId: "alias/mine" },
      "UnableToDecryptSecretValueException",
    ],
  ] as const)("is refused if it %s", async (_, arn, secret, name) => {
    if (secret) aws.secrets.set(arn, secret);
    await expect(aws.ecr.createPullThroughCacheRule(dockerHub(arn))).rejects.toMatchObject({
      name,
    });
    expect((await aws.ecr.describePullThroughCacheRules({})).pullThroughCacheRules).toEqual([]);
  });

  test("is refused if its name does not begin with ecr-pullthroughcache/", async () => {
    const arn = secretArn("docker-hub-credentials-AbCdEf");
    aws.secrets.set(arn, GOOD_SECRET);
    await expect(aws.ecr.createPullThroughCacheRule(dockerHub(arn))).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: expect.stringMatching(
        /^Invalid parameter at 'credentialArn'.*ecr-pullthroughcache/,
      ) as string,
    });
  });
});

describe("describing rules", () => {
  test("returns pages with each rule once, even if one is deleted in the meantime", async () => {
    for (const prefix of ["e1", "c1", "a1", "d1", "b1"]) {
      await aws.ecr.createPullThroughCacheRule(quay(prefix));
    }
    const first = await aws.ecr.describePullThroughCacheRules({ maxResults: 2 });
    await aws.ecr.deletePullThroughCacheRule({ ecrRepositoryPrefix: "b1" });
    const second = await aws.ecr.describePullThroughCacheRules({
      maxResults: 2,
      nextToken: first.nextToken,
    });
    const third = await aws.ecr.describePullThroughCacheRules({
      maxResults: 2,
      nextToken: second.nextToken,
    });
    const prefixes = [first, second, third].map((page) =>
      page.pullThroughCacheRules?.map((rule) => rule.ecrRepositoryPrefix),
    );
    expect(prefixes).toEqual([["a1", "b1"], ["c1", "d1"], ["e1"]]);
    expect(third.nextToken).toBeUndefined();
  });

  test("refuses an empty page, one that is too large, and an invalid token", async () => {
    for (const input of [{ maxResults: 0 }, { maxResults: 1001 }, { nextToken: "x" }]) {
      await expect(aws.ecr.describePullThroughCacheRules(input)).rejects.toMatchObject({
        name: "InvalidParameterException",
      });
    }
  });

  test("returns the requested rules, and names one that does not exist", async () => {
    await aws.ecr.createPullThroughCacheRule(quay("a1"));
    await aws.ecr.createPullThroughCacheRule(quay("b1"));
    const { pullThroughCacheRules } = await aws.ecr.describePullThroughCacheRules({
      ecrRepositoryPrefixes: ["b1"],
    });
    expect(pullThroughCacheRules?.map((rule) => rule.ecrRepositoryPrefix)).toEqual(["b1"]);
    await expect(
      aws.ecr.describePullThroughCacheRules({ ecrRepositoryPrefixes: ["c1"] }),
    ).rejects.toMatchObject({
      name: "PullThroughCacheRuleNotFoundException",
      message: `The pull through cache rule with prefix 'c1' does not exist in the registry with id '${ACCOUNT}'.`,
    });
  });

  test("returns only the rules of its region", async () => {
    await aws.ecr.createPullThroughCacheRule(quay());
    const { pullThroughCacheRules } = await aws
      .clientIn("us-east-1")
      .describePullThroughCacheRules({});
    expect(pullThroughCacheRules).toEqual([]);
  });

  test("refuses the registry of another account", async () => {
    await expect(
      aws.ecr.describePullThroughCacheRules({ registryId: "444444444444" }),
    ).rejects.toMatchObject({ name: "AccessDeniedException" });
  });
});

describe("updating a rule", () => {
  beforeEach(async () => {
    aws.secrets.set(secretArn(), GOOD_SECRET);
    await aws.ecr.createPullThroughCacheRule(dockerHub(secretArn()));
  });

  test("changes the credential and the time", async () => {
    const other = secretArn("ecr-pullthroughcache/other-AbCdEf");
    aws.secrets.set(other, GOOD_SECRET);
    aws.service.advanceClock(1000);
    const updated = await aws.ecr.updatePullThroughCacheRule({
      ecrRepositoryPrefix: "docker-hub",
      credentialArn: other,
    });
    const [rule] = (await aws.ecr.describePullThroughCacheRules({})).pullThroughCacheRules ?? [];
    expect(rule).toMatchObject({ credentialArn: other, updatedAt: updated.updatedAt });
    expect(rule?.updatedAt?.getTime()).toBeGreaterThan(rule?.createdAt?.getTime() ?? Infinity);
  });

  test("is refused with neither a credential nor a role", async () => {
    await expect(
      aws.ecr.updatePullThroughCacheRule({ ecrRepositoryPrefix: "docker-hub" }),
    ).rejects.toMatchObject({
      name: "InvalidParameterException",
      message:
        "Invalid input: Please set either credential arn or role arn to update the credentials",
    });
  });

  test("is refused with a secret that ECR cannot use, and changes nothing", async () => {
    await expect(
      aws.ecr.updatePullThroughCacheRule({
        ecrRepositoryPrefix: "docker-hub",
        credentialArn: secretArn("ecr-pullthroughcache/gone-AbCdEf"),
      }),
    ).rejects.toMatchObject({ name: "SecretNotFoundException" });
    const [rule] = (await aws.ecr.describePullThroughCacheRules({})).pullThroughCacheRules ?? [];
    expect(rule?.credentialArn).toBe(secretArn());
  });

  test("is refused for a rule that does not exist", async () => {
    await expect(
      aws.ecr.updatePullThroughCacheRule({
        ecrRepositoryPrefix: "quay",
        credentialArn: secretArn(),
      }),
    ).rejects.toMatchObject({ name: "PullThroughCacheRuleNotFoundException" });
  });
});

describe("validating a rule", () => {
  const validate = () =>
    aws.ecr.validatePullThroughCacheRule({ ecrRepositoryPrefix: "docker-hub" });

  beforeEach(async () => {
    aws.secrets.set(secretArn(), GOOD_SECRET);
    await aws.ecr.createPullThroughCacheRule(dockerHub(secretArn()));
  });

  test("reports that it is valid", async () => {
    expect(await validate()).toMatchObject({
      isValid: true,
      ecrRepositoryPrefix: "docker-hub",
      upstreamRegistryUrl: "registry-1.docker.io",
      credentialArn: secretArn(),
      registryId: ACCOUNT,
    });
    expect((await validate()).failure).toBeUndefined();
  });

  test("reports that the secret does not exist", async () => {
    aws.secrets.clear();
    expect(await validate()).toMatchObject({
      isValid: false,
      failure:
        "The ARN of the secret specified in the pull through cache rule was not found. Update the secret ARN and try again.",
    });
  });

  test.each([
    ["access-denied", "Authentication with the upstream registry failed."],
    ["too-many-requests", "The upstream registry answered with too many requests."],
    ["unavailable", "The upstream registry could not be reached."],
  ] as const)("says that the upstream answers %s", async (failure, message) => {
    aws.service.upstream.set("docker.io", { failure });
    expect(await validate()).toMatchObject({ isValid: false, failure: message });
  });
});

describe("deleting a rule", () => {
  test("returns the rule, and leaves its repositories", async () => {
    await aws.ecr.createPullThroughCacheRule(quay());
    await aws.ecr.batchGetImage({
      repositoryName: "quay/org/app",
      imageIds: [{ imageTag: "1" }],
    });
    expect(await aws.ecr.deletePullThroughCacheRule({ ecrRepositoryPrefix: "quay" })).toMatchObject(
      { ecrRepositoryPrefix: "quay", upstreamRegistryUrl: "quay.io", registryId: ACCOUNT },
    );
    const { repositories } = await aws.ecr.describeRepositories({});
    expect(repositories?.map(({ repositoryName }) => repositoryName)).toEqual(["quay/org/app"]);
  });

  test("is refused for a rule that does not exist", async () => {
    await expect(
      aws.ecr.deletePullThroughCacheRule({ ecrRepositoryPrefix: "quay" }),
    ).rejects.toMatchObject({ name: "PullThroughCacheRuleNotFoundException" });
  });
});
