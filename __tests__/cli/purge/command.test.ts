import { PassThrough } from "node:stream";
import { formatLifecyclePolicy, lifecyclePolicy } from "../../../ecr/lifecycle-policy";
import { purgeJson } from "../../../cli/purge/json";
import { parseJson } from "../../support/contracts";
import { main } from "../../../cli/main";
import type { Session, Source } from "../../../cli/shell/session";
import { useAccount } from "../../support/account";
import { cache } from "../../support/registry-environments";
import { run } from "../../support/run";

jest.mock("../../../environments", () =>
  jest.requireActual<object>("../../support/registry-environments"),
);

const account = useAccount(cache, { withRules: false });

/** What a destroyed cache leaves, beside what is not its own. */
beforeEach(async () => {
  for (const repositoryName of [
    "docker-hub/library/nginx",
    "quay/org/app",
    "quay/team-b/app",
    "kubernetes/pause",
    "our-own-app",
    "quayside/app",
    "docker-hub",
  ]) {
    await account.call("CreateRepository", { repositoryName });
  }
  for (const repositoryName of OWN) await giveTemplatePolicy(repositoryName);
  await account.call("PutImage", {
    repositoryName: "quay/org/app",
    imageTag: "1",
    imageManifest: JSON.stringify({ schemaVersion: 2, config: { size: 1 }, layers: [] }),
    imageManifestMediaType: "application/vnd.oci.image.manifest.v1+json",
  });
});

/** Gives a repository the lifecycle policy that the environment's templates give to those that the cache creates. */
async function giveTemplatePolicy(repositoryName: string): Promise<void> {
  const lifecyclePolicyText = formatLifecyclePolicy(cache.rules[0]!.lifecyclePolicy);
  await account.call("PutLifecyclePolicy", { repositoryName, lifecyclePolicyText });
}

async function repositories(region = "us-east-1"): Promise<string[]> {
  const { repositories: found = [] } = (await account.call("DescribeRepositories", {}, region)) as {
    repositories?: { repositoryName: string }[];
  };
  return found.map(({ repositoryName }) => repositoryName);
}

const OWN = ["docker-hub/library/nginx", "quay/org/app"];
const FOREIGN = [
  "docker-hub",
  "kubernetes/pause",
  "our-own-app",
  "quay/team-b/app",
  "quayside/app",
];

async function purge(...argv: string[]) {
  const { stdout, stderr, exitCode } = await run(
    ...["purge", "--env", "cache", "--region", "us-east-1", ...argv, "--json"],
  );
  return {
    output: stdout === "" ? undefined : parseJson(purgeJson, stdout),
    stderr,
    exitCode,
  };
}

/** Runs it at a terminal where a line is typed. */
async function typing(line: string, ...argv: string[]) {
  const written = { stdout: "", stderr: "" };
  const stdin = Object.assign(new PassThrough(), { isTTY: true }) as unknown as Source;
  (stdin as unknown as PassThrough).end(line);
  const session: Session = {
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    stdin,
    exitCode: 0,
  };
  const exitCode = await main(
    ["purge", "--env", "cache", "--region", "us-east-1", ...argv],
    session,
  );
  return { ...written, exitCode };
}

describe("`purge` without --yes", () => {
  test("`purge` lists only what the cache has left, and deletes nothing", async () => {
    const { stdout, stderr, exitCode } = await run(
      "purge",
      "--env",
      "cache",
      "--region",
      "us-east-1",
    );
    expect(stdout.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^REPOSITORY +CREATED +STATUS$/),
      expect.stringMatching(/^docker-hub\/library\/nginx +\d{4}-\d\d-\d\d +found$/),
      expect.stringMatching(/^quay\/org\/app +\d{4}-\d\d-\d\d +found$/),
    ]);
    expect(stderr).toBe(
      "2 repositories found, nothing deleted. To delete them: ecr-cache purge --env cache --region us-east-1 --yes\n",
    );
    expect(exitCode).toBe(0);
    expect(account.calls.count({ action: "DeleteRepository" })).toBe(0);
  });

  test("`purge` names the rules that still exist", async () => {
    await account.makeRules(cache);
    const { output } = await purge();
    expect(output?.rules).toEqual(
      ["docker-hub", "quay", "ecr-public"].map((prefix) => ({ region: "us-east-1", prefix })),
    );
    const { stderr } = await run("purge", "--env", "cache", "--region", "us-east-1");
    expect(stderr).toContain(
      "The rules docker-hub, quay, ecr-public in us-east-1 still exist: run npx cdktf destroy cache first.\n",
    );
  });

  test("`purge` says that a region or a former region has no repositories", async () => {
    for (const region of ["eu-west-1", "ap-southeast-2"]) {
      expect(await run("purge", "--env", "cache", "--region", region)).toEqual({
        stdout: "",
        stderr: `Environment cache has no repositories in ${region}.\n`,
        exitCode: 0,
      });
    }
  });
});

describe("`purge --yes` with the environment's name", () => {
  test("`purge --yes` deletes what the cache has left with its images, and no other repository", async () => {
    const { output, stderr, exitCode } = await purge("--yes", "--confirm", "cache");
    expect(output?.repositories).toEqual(
      OWN.map((repository) => ({
        region: "us-east-1",
        repository,
        prefix: repository.split("/")[0],
        createdAt: expect.any(String) as string,
        status: "deleted",
        reason: null,
      })),
    );
    expect({ stderr, exitCode }).toEqual({ stderr: "2 repositories deleted.\n", exitCode: 0 });
    expect(await repositories()).toEqual(FOREIGN);
  });

  test("`purge --yes` keeps repositories for which another rule has a more specific prefix", async () => {
    await account.call("CreatePullThroughCacheRule", {
      ecrRepositoryPrefix: "quay/org",
      upstreamRegistryUrl: "quay.io",
    });
    await purge("--yes", "--confirm", "cache");
    expect(await repositories()).toEqual([...FOREIGN, "quay/org/app"].sort());
  });

  test("`purge --yes` refuses while rules exist, unless --force is given", async () => {
    await account.makeRules(cache);
    const refused = await purge("--yes", "--confirm", "cache");
    expect(refused).toEqual({
      output: undefined,
      stderr:
        "ecr-cache: environment cache still has the rules docker-hub, quay, ecr-public in us-east-1, whose pulls create repositories again. Run npx cdktf destroy cache first, or use --force\n",
      exitCode: 2,
    });
    expect(await repositories()).toEqual([...OWN, ...FOREIGN].sort());
    expect((await purge("--yes", "--confirm", "cache", "--force")).exitCode).toBe(0);
    expect(await repositories()).toEqual(FOREIGN);
  });

  test("`purge --yes` reports a repository that can't be deleted, and deletes the others", async () => {
    account.faults.add({ kind: "deny", action: "DeleteRepository" });
    const { output, stderr, exitCode } = await purge("--yes", "--confirm", "cache");
    const statuses = output?.repositories.map(({ status }) => status).sort();
    expect(statuses).toEqual(["deleted", "failed"]);
    expect(stderr).toMatch(
      /^ecr-cache: \S+ in us-east-1: AWS: .*lacks the permission ecr:DeleteRepository on .*\n1 repository deleted, 1 not\.\n$/,
    );
    expect(exitCode).toBe(2);
    // Run again, it finishes.
    expect((await purge("--yes", "--confirm", "cache")).exitCode).toBe(0);
    expect(await repositories()).toEqual(FOREIGN);
  });

  test("`purge --yes` counts a repository as deleted if the answer was lost", async () => {
    account.faults.add({ kind: "cut-answer", action: "DeleteRepository" });
    const { output, exitCode } = await purge("--yes", "--confirm", "cache");
    expect(output?.repositories.map(({ status }) => status)).toEqual(["deleted", "deleted"]);
    expect(exitCode).toBe(0);
  });

  test("`purge --yes` accepts the environment's name typed at a terminal", async () => {
    const { stdout, stderr, exitCode } = await typing("cache\n", "--yes");
    expect(stderr).toBe(
      "Type cache to delete 2 repositories in us-east-1 with all their images: 2 repositories deleted.\n",
    );
    expect(stdout).toContain("deleted");
    expect(exitCode).toBe(0);
    expect(await repositories()).toEqual(FOREIGN);
  });

  test.each(["prod\n", "\n", ""])(
    "`purge --yes` deletes nothing if something else is typed: %j",
    async (line) => {
      const { stderr, exitCode } = await typing(line, "--yes");
      expect(stderr).toContain(
        `ecr-cache: confirmation: found ${JSON.stringify(line.trim())}; allowed: cache; nothing was deleted\n`,
      );
      expect(exitCode).toBe(2);
      expect(await repositories()).toEqual([...OWN, ...FOREIGN].sort());
    },
  );
});

test("`purge --yes` reads every page of a registry with more than a thousand repositories", async () => {
  for (let number = 0; number < 1_050; number += 1) {
    await account.call("CreateRepository", {
      repositoryName: `quay/many/${number}`,
      tags: [{ Key: "ecr-cache:applied", Value: "origin=cache" }],
    });
  }
  const { output } = await purge("--yes", "--confirm", "cache");
  expect(output?.repositories).toHaveLength(1_052);
  expect(await repositories()).toEqual(FOREIGN);
}, 120_000);

test("`purge` deletes what only ROOT covers if the marker proves its origin, and keeps the rest", async () => {
  for (const repositoryName of ["our-own-app", "nginx/nginx", "quay/org/app"]) {
    await account.call("CreateRepository", { repositoryName }, "eu-west-1");
  }
  await account.call(
    "TagResource",
    {
      resourceArn: "arn:aws:ecr:eu-west-1:123456789012:repository/nginx/nginx",
      tags: [{ Key: "ecr-cache:applied", Value: "origin=cache lifecycle-policy=0123456789abcdef" }],
    },
    "eu-west-1",
  );
  const { stdout, stderr, exitCode } = await run(
    ...["purge", "--env", "everything", "--yes", "--confirm", "everything", "--json"],
  );
  expect(parseJson(purgeJson, stdout).repositories).toMatchObject([
    { repository: "nginx/nginx", prefix: "ROOT", status: "deleted", reason: null },
    {
      repository: "our-own-app",
      prefix: "ROOT",
      status: "kept",
      reason:
        "only ROOT covers it, and nothing proves that the cache created it (docs/maintenance.md, Proof of origin); delete it yourself if it did",
    },
  ]);
  expect({ stderr, exitCode }).toEqual({ stderr: "1 repository deleted.\n", exitCode: 0 });
  expect(await repositories("eu-west-1")).toEqual(["our-own-app", "quay/org/app"]);
});

describe("a repository under a prefix that nothing proves to be the cache's", () => {
  beforeEach(async () => {
    await account.call("CreateRepository", { repositoryName: "quay/org/pushed" });
  });

  test("`purge` lists and keeps a repository that nothing proves to be the cache's", async () => {
    const { output, stderr, exitCode } = await purge("--yes", "--confirm", "cache");
    expect(output?.repositories).toContainEqual({
      region: "us-east-1",
      repository: "quay/org/pushed",
      prefix: "quay",
      createdAt: expect.any(String) as string,
      status: "kept",
      reason:
        "nothing proves that the cache created it, and images may have been pushed to it (docs/maintenance.md, Proof of origin). --include-unproven deletes it",
    });
    expect({ stderr, exitCode }).toEqual({ stderr: "2 repositories deleted.\n", exitCode: 0 });
    expect(await repositories()).toEqual([...FOREIGN, "quay/org/pushed"].sort());
    const listed = await run("purge", "--env", "cache", "--region", "us-east-1");
    expect(listed.stdout).toMatch(/^quay\/org\/pushed +\S+ +kept$/m);
    expect(listed.stderr).toMatch(/^1 repository kept: nothing proves that the cache created it/);
  });

  test("`purge --include-unproven` deletes it", async () => {
    await purge("--yes", "--confirm", "cache", "--include-unproven");
    expect(await repositories()).toEqual(FOREIGN);
  });

  test.each([
    ["another lifecycle policy", "PutLifecyclePolicy"],
    ["the template's policy and a marker without an origin", "TagResource"],
  ] as const)("`purge` keeps a repository with %s", async (_, action) => {
    const repositoryName = "quay/org/pushed";
    if (action === "TagResource") {
      await giveTemplatePolicy(repositoryName);
      await account.call(action, {
        resourceArn: `arn:aws:ecr:us-east-1:123456789012:repository/${repositoryName}`,
        tags: [{ Key: "ecr-cache:applied", Value: "lifecycle-policy=0123456789abcdef" }],
      });
    } else {
      const policy = lifecyclePolicy({ keepImages: 99 });
      await account.call(action, {
        repositoryName,
        lifecyclePolicyText: formatLifecyclePolicy(policy),
      });
    }
    await purge("--yes", "--confirm", "cache");
    expect(await repositories()).toContain(repositoryName);
  });

  test("`purge` deletes a repository whose marker proves its origin", async () => {
    await account.call("TagResource", {
      resourceArn: "arn:aws:ecr:us-east-1:123456789012:repository/quay/org/pushed",
      tags: [{ Key: "ecr-cache:applied", Value: "origin=cache" }],
    });
    await purge("--yes", "--confirm", "cache");
    expect(await repositories()).toEqual(FOREIGN);
  });
});

test("`purge --include-unproven` keeps what only ROOT covers", async () => {
  await account.call("CreateRepository", { repositoryName: "our-own-app" }, "eu-west-1");
  await run(
    ...["purge", "--env", "everything", "--yes", "--confirm", "everything", "--include-unproven"],
  );
  expect(await repositories("eu-west-1")).toEqual(["our-own-app"]);
});

describe("`purge` reports wrong use in one line, with exit code 2, before any call:", () => {
  test.each([
    [["--confirm", "cache"], "--confirm needs --yes: without it nothing is deleted"],
    [["--force"], "--force needs --yes: without it nothing is deleted"],
    [
      ["--yes", "--confirm", "prod"],
      '--confirm: found "prod"; allowed: cache, the name of the environment whose repositories are to be deleted',
    ],
    [
      ["--region", "us-west-2"],
      '--region: found "us-west-2"; allowed: us-east-1, eu-west-1, ap-southeast-2 (the regions and former regions of environment cache)',
    ],
  ])("%j", async (argv, message) => {
    account.calls.reset();
    expect(await run("purge", "--env", "cache", ...argv)).toEqual({
      stdout: "",
      stderr: `ecr-cache: ${message}\n`,
      exitCode: 2,
    });
    expect(account.calls.list()).toEqual([]);
  });

  test("`purge --yes` needs --confirm where nobody can type", async () => {
    const { stderr, exitCode } = await run("purge", "--env", "cache", "--yes");
    expect(stderr).toBe(
      "ecr-cache: --yes: there is no terminal to confirm at. Add --confirm cache\n",
    );
    expect(exitCode).toBe(2);
    expect(await repositories()).toEqual([...OWN, ...FOREIGN].sort());
  });
});
