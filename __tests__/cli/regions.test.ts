import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatLifecyclePolicy } from "../../ecr/lifecycle-policy";
import { useAccount } from "../support/account";
import { cache } from "../support/registry-environments";
import { run } from "../support/run";
import { useUpstream } from "../support/upstream-server";

/*
 * Every command works on all regions of an environment, unless one is named; a region that fails does not hide the others.
 */

jest.mock("../../environments", () =>
  jest.requireActual<object>("../support/registry-environments"),
);

const REGIONS = ["us-east-1", "eu-west-1"] as const;
const HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

const account = useAccount(cache);
useUpstream(account);

/** One image in the first region, two in the second, in repositories that the cache has created. */
beforeEach(async () => {
  await account.makeRules(cache, "eu-west-1");
  account.upstream.set("quay.io", { platforms: ["linux/amd64"] });
  for (const region of REGIONS) {
    for (const { prefix, lifecyclePolicy } of cache.rules) {
      await account.call(
        "CreateRepositoryCreationTemplate",
        {
          prefix,
          appliedFor: ["PULL_THROUGH_CACHE"],
          lifecyclePolicy: formatLifecyclePolicy(lifecyclePolicy),
        },
        region,
      );
    }
  }
  await pull("us-east-1", "1");
  await pull("eu-west-1", "1", "2");
});

async function pull(region: string, ...tags: string[]): Promise<void> {
  const imageIds = tags.map((imageTag) => ({ imageTag }));
  await account.call("BatchGetImage", { repositoryName: "quay/org/app", imageIds }, region);
}

/** Leaves the repositories without rules, as `destroy` does. */
function destroy(): void {
  for (const region of REGIONS) account.service.registry(region).rules.clear();
}

interface Row {
  readonly region: string;
}

async function rows(...argv: string[]) {
  const { stdout, stderr, exitCode } = await run(...argv, "--env", "cache", "--json");
  const output = (stdout === "" ? [] : JSON.parse(stdout)) as
    Row[] | { readonly repositories: Row[] };
  const found = "repositories" in output ? output.repositories : output;
  return { regions: found.map(({ region }) => region), output, stderr, exitCode };
}

const APP = "quay.io/org/app:1";

/** The commands, and the regions of the rows that they print. */
const COMMANDS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["images", ["images"], ["us-east-1", "eu-west-1", "eu-west-1"]],
  ["cost", ["cost"], ["eu-west-1", "us-east-1"]],
  ["lifecycle", ["lifecycle", "--all"], REGIONS],
  ["warm", ["warm", APP], REGIONS],
  ["refresh", ["refresh", APP], REGIONS],
  ["purge", ["purge"], REGIONS],
];

describe.each(COMMANDS)("`%s`", (command, argv, expected) => {
  test(`\`${command}\` works in every region, and names it in each row`, async () => {
    const { regions, exitCode } = await rows(...argv);
    expect({ regions, exitCode }).toEqual({ regions: expected, exitCode: 0 });
    const { stdout } = await run(...argv, "--env", "cache");
    expect(stdout).toMatch(/^REGION +\S/m);
  });

  test(`\`${command} --region\` works in that region, and has no column for it`, async () => {
    account.calls.reset();
    const { regions, exitCode } = await rows(...argv, "--region", "eu-west-1");
    const own = expected.filter((region) => region === "eu-west-1");
    expect({ regions, exitCode }).toEqual({ regions: own, exitCode: 0 });
    const { stdout } = await run(...argv, "--env", "cache", "--region", "eu-west-1");
    expect(stdout).not.toMatch(/^REGION /m);
  });

  test(`\`${command}\` shows what the other regions have when one fails, with exit code 2`, async () => {
    account.faults.add({
      kind: "deny",
      action: "DescribePullThroughCacheRules",
      region: "us-east-1",
    });
    const { regions, stderr, exitCode } = await rows(...argv);
    const own = expected.filter((region) => region === "eu-west-1");
    expect({ regions, exitCode }).toEqual({ regions: own, exitCode: 2 });
    expect(stderr).toMatch(
      /^ecr-cache: us-east-1: AWS: .*lacks the permission ecr:DescribePullThroughCacheRules/m,
    );
  });

  test(`\`${command}\` prints nothing but the reasons when every region fails`, async () => {
    account.faults.add({ kind: "deny", action: "DescribePullThroughCacheRules", times: 100 });
    const { stdout, stderr, exitCode } = await run(...argv, "--env", "cache");
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    for (const region of REGIONS) expect(stderr).toContain(`ecr-cache: ${region}: AWS: `);
  });
});

test("`lifecycle --apply` works in every region, and adds up what it did", async () => {
  for (const region of REGIONS) {
    await account.call("CreateRepository", { repositoryName: "quay/org/early" }, region);
  }
  const { regions, stderr, exitCode } = await rows("lifecycle", "--apply");
  expect([...new Set(regions)].sort()).toEqual([...REGIONS].sort());
  expect(stderr).toBe("4 repositories examined: 4 changed, 0 kept, 0 failed.\n");
  expect(exitCode).toBe(0);
});

test("the totals of `images` and `cost` are of all regions", async () => {
  const images = await rows("images");
  const sizes = (images.output as unknown as { sizeBytes: number }[]).map(
    ({ sizeBytes }) => sizeBytes,
  );
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  expect(images.stderr).toMatch(
    /^3 images, .* in the cache of environment cache in us-east-1, eu-west-1\.\n$/,
  );
  const { output } = await rows("cost");
  expect(output).toMatchObject({
    regions: REGIONS,
    total: { repositories: 2, images: 3, bytes },
    prices: REGIONS.map((region) => ({ region })),
  });
});

test("`images --sort` and `--limit` are about the images of all regions", async () => {
  const { output } = await rows("images", "--sort", "size", "--limit", "2");
  const all = await rows("images", "--sort", "size");
  expect(output).toEqual((all.output as unknown[]).slice(0, 2));
  expect((await rows("images", "--limit", "2")).regions).toEqual(["us-east-1", "eu-west-1"]);
});

test("`purge` deletes what is left in every region, and in former ones", async () => {
  destroy();
  const former = "ap-southeast-2";
  await account.call("CreateRepository", { repositoryName: "quay/org/old" }, former);
  await account.call(
    "PutLifecyclePolicy",
    {
      repositoryName: "quay/org/old",
      lifecyclePolicyText: formatLifecyclePolicy(cache.rules[0]!.lifecyclePolicy),
    },
    former,
  );
  const { regions, stderr, exitCode } = await rows("purge", "--yes", "--confirm", "cache");
  expect({ regions, stderr, exitCode }).toEqual({
    regions: [...REGIONS, former],
    stderr: "3 repositories deleted.\n",
    exitCode: 0,
  });
  for (const region of [...REGIONS, former]) {
    expect(account.service.registry(region).repositories.size).toBe(0);
  }
});

test("`purge` deletes nothing while a rule exists in one of the regions", async () => {
  account.service.registry("us-east-1").rules.clear();
  const { stderr, exitCode } = await rows("purge", "--yes", "--confirm", "cache");
  expect(stderr).toContain(
    "still has the rules docker-hub, quay, ecr-public in eu-west-1, whose pulls create repositories again",
  );
  expect(exitCode).toBe(2);
  expect(account.service.registry("us-east-1").repositories.size).toBe(1);
});

describe.each(["warm", "refresh"])("`%s`", (command) => {
  test(`\`${command}\` takes a name with a registry's host for that region only`, async () => {
    expect((await rows(command, `${HOST}/quay/org/app:1`)).regions).toEqual(["eu-west-1"]);
  });

  test(`\`${command}\` lists the names that are not the cache's, and does the rest, with exit code 1`, async () => {
    const { regions, stderr, exitCode } = await rows(
      ...[command, "mcr.microsoft.com/x:1", APP, "Nginx"],
    );
    expect({ regions, exitCode }).toEqual({ regions: REGIONS, exitCode: 1 });
    const lines = stderr.split("\n").filter((line) => line.startsWith("ecr-cache: image "));
    expect(lines).toEqual([
      expect.stringContaining('image "mcr.microsoft.com/x:1": found no name in the cache'),
      expect.stringContaining('image "Nginx": found upper-case letters'),
    ]);
  });

  test(`\`${command}\` that also fails to pull an image ends with exit code 2`, async () => {
    account.faults.add({ kind: "deny", action: "BatchGetImage", times: 100 });
    const { exitCode } = await rows(command, "mcr.microsoft.com/x:1", APP);
    expect(exitCode).toBe(2);
  });
});

test("`warm --from-rewrite` counts a reference once, however many regions there are", async () => {
  const folder = mkdtempSync(join(tmpdir(), "regions-"));
  writeFileSync(join(folder, "Dockerfile"), `FROM ${APP}\nFROM ${HOST}/quay/org/app:2\n`);
  const { stderr, regions } = await rows("warm", "--from-rewrite", folder);
  rmSync(folder, { recursive: true });
  expect(regions).toEqual([...REGIONS, "eu-west-1"]);
  expect(stderr).toContain("2 references to images of the cache found in files.");
});
