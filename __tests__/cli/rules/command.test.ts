import { defineEnvironment } from "../../../ecr/environment";
import { useAccount } from "../../support/account";
import { run } from "../../support/run";

const shop = defineEnvironment({
  name: "shop",
  account: "123456789012",
  regions: ["us-east-1", "eu-west-1"],
  rules: [{ upstream: "quay" }],
});
const mockEnvironments = [shop];

jest.mock("../../../environments", () => ({
  get environments() {
    return mockEnvironments;
  },
}));

const account = useAccount(shop);

const create = (prefix: string, region: string) =>
  account.call(
    "CreatePullThroughCacheRule",
    { ecrRepositoryPrefix: prefix, upstreamRegistryUrl: "public.ecr.aws" },
    region,
  );

test("`rules` says how to adopt each rule that no environment has, where it exists", async () => {
  await create("everywhere", "us-east-1");
  await create("everywhere", "eu-west-1");
  await create("by-hand", "us-east-1");

  const { exitCode, stderr } = await run("rules", "--env", "shop");

  expect(exitCode).toBe(1);
  expect(stderr).toContain(
    '  by-hand: adopt: [{ kinds: ["rule"], regions: ["us-east-1"] }]\n  everywhere: adopt: ["rule"]\n',
  );
});
