import { isPassing, withBackoff } from "../../../registry/aws/backoff";
import { exception, FakeEcr } from "../../support/fake-ecr";

const throttled = () => exception("ThrottlingException", "Rate exceeded");

describe("withBackoff", () => {
  it("makes a throttled call again, after waits that grow up to a limit", async () => {
    const ecr = new FakeEcr();
    ecr.add("docker-hub/a", { lifecyclePolicy: "{}" });
    let refusals = 5;
    ecr.intercept = () => {
      if (refusals-- > 0) throw throttled();
    };
    const waits: number[] = [];
    const errors: unknown[] = [];
    const api = withBackoff(ecr, {
      baseDelay: 100,
      maxDelay: 500,
      random: () => 1,
      sleep: (milliseconds) => Promise.resolve(waits.push(milliseconds)),
      onRetry: (error) => errors.push(error),
    });

    const answer = await api.getLifecyclePolicy({ repositoryName: "docker-hub/a" });

    expect(answer.lifecyclePolicyText).toBe("{}");
    expect(waits).toEqual([100, 200, 400, 500, 500]);
    expect(errors).toHaveLength(5);
    expect(ecr.count("getLifecyclePolicy")).toBe(6);
  });

  it("draws each wait from all of the span", async () => {
    const ecr = new FakeEcr();
    ecr.intercept = () => {
      throw throttled();
    };
    const waits: number[] = [];
    const api = withBackoff(ecr, {
      attempts: 3,
      baseDelay: 100,
      random: () => 0.25,
      sleep: (milliseconds) => Promise.resolve(waits.push(milliseconds)),
    });
    await expect(api.describeRepositories({})).rejects.toThrow("Rate exceeded");
    expect(waits).toEqual([25, 50]);
  });

  it("slows all calls down while some are refused, and lets go as they are answered", async () => {
    const ecr = new FakeEcr();
    let refusals = 2;
    ecr.intercept = () => {
      if (refusals-- > 0) throw throttled();
    };
    const waits: number[] = [];
    const api = withBackoff(ecr, {
      baseDelay: 100,
      maxPace: 150,
      random: () => 1,
      sleep: (milliseconds) => Promise.resolve(waits.push(milliseconds)),
    });

    await api.describeRepositories({});
    expect(waits).toEqual([100, 200]);
    waits.length = 0;
    for (let index = 0; index < 40; index += 1) await api.describePullThroughCacheRules({});

    expect(waits.slice(0, 3)).toEqual([120, 96, expect.closeTo(76.8)]);
    expect(waits.length).toBeLessThan(30);
  });

  it("gives up after the last attempt, with ECR's own error", async () => {
    const ecr = new FakeEcr();
    ecr.intercept = () => {
      throw throttled();
    };
    const api = withBackoff(ecr, { sleep: () => Promise.resolve() });
    await expect(api.listTagsForResource({ resourceArn: "x" })).rejects.toMatchObject({
      name: "ThrottlingException",
    });
    expect(ecr.count("listTagsForResource")).toBe(8);
  });

  it("makes a call that ECR refuses for good only once", async () => {
    const ecr = new FakeEcr();
    ecr.intercept = () => {
      throw exception("AccessDeniedException");
    };
    const api = withBackoff(ecr, { sleep: () => Promise.resolve() });
    await expect(api.describeRepositories({})).rejects.toThrow("AccessDeniedException");
    expect(ecr.count("describeRepositories")).toBe(1);
  });

  it("passes every call on", async () => {
    const ecr = new FakeEcr();
    const repositoryName = "docker-hub/a";
    ecr.add(repositoryName);
    const resourceArn = `arn:aws:ecr:us-east-1:111111111111:repository/${repositoryName}`;
    const api = withBackoff(ecr);

    await api.describeRepositoryCreationTemplates({});
    await api.describePullThroughCacheRules({});
    await api.describeRepositories({});
    await api.putLifecyclePolicy({ repositoryName, lifecyclePolicyText: "l" });
    await api.setRepositoryPolicy({ repositoryName, policyText: "r" });
    await api.putImageTagMutability({ repositoryName, imageTagMutability: "IMMUTABLE" });
    await api.tagResource({ resourceArn, tags: [{ Key: "a", Value: "b" }] });
    expect(ecr.repositories.get(repositoryName)).toEqual({
      name: repositoryName,
      lifecyclePolicy: "l",
      repositoryPolicy: "r",
      imageTagMutability: "IMMUTABLE",
      imageTagMutabilityExclusionFilters: [],
      tags: { a: "b" },
    });
    expect((await api.getLifecyclePolicy({ repositoryName })).lifecyclePolicyText).toBe("l");
    expect((await api.getRepositoryPolicy({ repositoryName })).policyText).toBe("r");
    expect((await api.listTagsForResource({ resourceArn })).tags).toEqual([
      { Key: "a", Value: "b" },
    ]);
    await api.deleteLifecyclePolicy({ repositoryName });
    await api.deleteRepositoryPolicy({ repositoryName });
    await api.untagResource({ resourceArn, tagKeys: ["a"] });
    expect(ecr.repositories.get(repositoryName)).toEqual({
      name: repositoryName,
      imageTagMutability: "IMMUTABLE",
      imageTagMutabilityExclusionFilters: [],
      tags: {},
    });
  });
});

describe("isPassing", () => {
  it.each([
    [throttled()],
    [exception("TooManyRequestsException")],
    [exception("ServerException")],
    [Object.assign(new Error("x"), { $metadata: { httpStatusCode: 429 } })],
    [Object.assign(new Error("x"), { $metadata: { httpStatusCode: 503 } })],
    [Object.assign(new Error("x"), { $retryable: { throttling: true } })],
    [Object.assign(new Error("socket hang up"), { code: "ECONNRESET" })],
  ])("is true for %s", (error) => {
    expect(isPassing(error)).toBe(true);
  });

  it.each([
    [exception("AccessDeniedException")],
    [exception("LimitExceededException")],
    [Object.assign(new Error("x"), { $metadata: { httpStatusCode: 400 } })],
    [Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })],
    ["ThrottlingException"],
    [undefined],
  ])("is false for %s", (error) => {
    expect(isPassing(error)).toBe(false);
  });
});
