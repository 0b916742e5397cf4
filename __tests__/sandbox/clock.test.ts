import { startTestEcr, type TestEcr } from "../support/test-ecr";

const DAY = 24 * 60 * 60 * 1000;

let aws: TestEcr;
beforeAll(async () => {
  aws = await startTestEcr();
});
afterAll(() => aws.stop());

test("an image is as old for its callers as the clock was advanced since it was cached", async () => {
  await aws.ecr.createPullThroughCacheRule({
    ecrRepositoryPrefix: "quay",
    upstreamRegistryUrl: "quay.io",
  });
  const repositoryName = "quay/org/app";
  await aws.ecr.batchGetImage({ repositoryName, imageIds: [{ imageTag: "1" }] });
  const ageOf = async () => {
    const { imageDetails = [] } = await aws.ecr.describeImages({
      repositoryName,
      imageIds: [{ imageTag: "1" }],
    });
    return (Date.now() - imageDetails[0]!.imagePushedAt!.getTime()) / DAY;
  };
  expect(Math.round(await ageOf())).toBe(0);
  aws.service.advanceClock(100 * DAY);
  expect(Math.round(await ageOf())).toBe(100);
});

test("a login that is new is valid for twelve hours by the caller's clock, however far the sandbox's is", async () => {
  aws.service.advanceClock(100 * DAY);
  const { authorizationData } = await aws.ecr.getAuthorizationToken({});
  const hours = (authorizationData![0]!.expiresAt!.getTime() - Date.now()) / (DAY / 24);
  expect(Math.round(hours)).toBe(12);
});
