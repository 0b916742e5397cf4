import * as z from "zod";
import {
  formatLifecyclePolicy,
  lifecyclePolicy,
  type Retention,
} from "../../../ecr/lifecycle-policy";
import { lifecycleJson, applyJson } from "../../../cli/lifecycle/json";
import { parseJson } from "../../support/contracts";
import { useAccount } from "../../support/account";
import { cache } from "../../support/registry-environments";
import { run } from "../../support/run";

jest.mock("../../../environments", () =>
  jest.requireActual<object>("../../support/registry-environments"),
);

const account = useAccount(cache);

const text = (retention: Retention) => formatLifecyclePolicy(lifecyclePolicy(retention));

async function pull(repositoryName: string, ...tags: string[]): Promise<void> {
  for (const imageTag of tags) {
    await account.call("BatchGetImage", { repositoryName, imageIds: [{ imageTag }] });
  }
}

async function makeTemplate(prefix: string, policy: string | undefined): Promise<void> {
  await account.call("CreateRepositoryCreationTemplate", {
    prefix,
    appliedFor: ["PULL_THROUGH_CACHE"],
    ...(policy !== undefined && { lifecyclePolicy: policy }),
  });
}

async function policyOf(repositoryName: string): Promise<string> {
  const { lifecyclePolicyText } = (await account.call("GetLifecyclePolicy", {
    repositoryName,
  })) as unknown as { lifecyclePolicyText: string };
  return lifecyclePolicyText;
}

/** One repository of each kind: made before there was a template, with an own policy, and made by the template. */
async function makeCache(): Promise<void> {
  await pull("quay/org/early", "1");
  await pull("quay/org/own", "1");
  await account.call("PutLifecyclePolicy", {
    repositoryName: "quay/org/own",
    lifecyclePolicyText: text({ keepImages: 99 }),
  });
  await pull("docker-hub/library/redis", "7");
  await makeTemplate("quay", text({ keepImages: 2 }));
  await pull("quay/org/late", "1");
  await account.call("CreateRepository", { repositoryName: "our-own-app" });
}

async function lifecycle(...argv: string[]) {
  const { stdout, stderr, exitCode } = await run(
    ...["lifecycle", "--env", "cache", "--region", "us-east-1", ...argv, "--json"],
  );
  return { rows: parseJson(lifecycleJson, stdout), stderr, exitCode };
}

const NO_PREVIEW = { preview: null };

describe("`lifecycle`", () => {
  test("`lifecycle` lists the repositories that are not in order with what --apply does, and exits with code 1", async () => {
    await makeCache();
    expect(await lifecycle()).toEqual({
      rows: [
        {
          region: "us-east-1",
          repository: "docker-hub/library/redis",
          prefix: "docker-hub",
          state: "no-template",
          action: null,
          reason: "no creation template covers it",
          ...NO_PREVIEW,
        },
        {
          region: "us-east-1",
          repository: "quay/org/early",
          prefix: "quay",
          state: "missing",
          action: "set",
          reason: "set: it had none",
          ...NO_PREVIEW,
        },
        {
          region: "us-east-1",
          repository: "quay/org/own",
          prefix: "quay",
          state: "different",
          action: "keep",
          reason: "it is not the template's, and nothing says that it ever was",
          ...NO_PREVIEW,
        },
      ],
      stderr: "3 of 4 repositories not in order.\n",
      exitCode: 1,
    });
  });

  test("`lifecycle` prints a table", async () => {
    await makeCache();
    const { stdout } = await run("lifecycle", "--env", "cache", "--region", "us-east-1");
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      expect.stringMatching(/^REPOSITORY +STATE +ACTION +REASON$/),
      expect.stringMatching(
        /^docker-hub\/library\/redis +no-template +- +no creation template covers it$/,
      ),
      expect.stringMatching(/^quay\/org\/early +missing +set +set: it had none$/),
    ]);
  });

  test("`lifecycle --all` also lists repositories in order, and exits with code 0 if all are", async () => {
    await makeTemplate("quay", text({ keepImages: 2 }));
    await pull("quay/org/late", "1");
    expect(await lifecycle()).toEqual({
      rows: [],
      stderr: "0 of 1 repository not in order.\n",
      exitCode: 0,
    });
    const { rows, exitCode } = await lifecycle("--all");
    expect(rows).toMatchObject([{ repository: "quay/org/late", state: "in-order", action: null }]);
    expect(exitCode).toBe(0);
  });

  test("`lifecycle` finds a policy in order that differs from the template's only in spelling", async () => {
    await makeTemplate("quay", text({ keepImages: 2 }));
    await pull("quay/org/late", "1");
    await account.call("PutLifecyclePolicy", {
      repositoryName: "quay/org/late",
      lifecyclePolicyText: JSON.stringify(JSON.parse(text({ keepImages: 2 })), undefined, 2),
    });
    expect((await lifecycle()).exitCode).toBe(0);
  });

  test("`lifecycle --existing-policies replace` says that a policy set by hand would be replaced", async () => {
    await makeCache();
    const { rows } = await lifecycle("--existing-policies", "replace");
    expect(rows.at(-1)).toMatchObject({
      action: "set",
      reason: "replaced: it was not the template's",
    });
  });

  test("`lifecycle` reports no-template for a template without a policy", async () => {
    await makeTemplate("quay", undefined);
    await pull("quay/org/late", "1");
    expect((await lifecycle()).rows).toMatchObject([
      { state: "no-template", reason: "the creation template quay has no lifecycle policy" },
    ]);
  });

  test("`lifecycle` makes one call per repository, and a second one for each whose policy differs", async () => {
    await makeCache();
    account.calls.reset();
    await lifecycle();
    expect(
      Object.fromEntries(account.calls.list().map(({ action, count }) => [action, count])),
    ).toEqual({
      GetCallerIdentity: 1,
      DescribePullThroughCacheRules: 1,
      DescribeRepositoryCreationTemplates: 1,
      DescribeRepositories: 1,
      GetLifecyclePolicy: 3,
      ListTagsForResource: 1,
    });
  });

  test("`lifecycle` does not list what only ROOT covers and nothing proves to be the cache's", async () => {
    await account.call("CreateRepository", { repositoryName: "our-own-app" }, "eu-west-1");
    const { stdout, stderr, exitCode } = await run("lifecycle", "--env", "everything");
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: "",
      stderr:
        "0 of 1 repository not in order; 1 that only ROOT covers left alone, because nothing proves that the cache created them.\n",
      exitCode: 0,
    });
  });
});

describe("`lifecycle --preview`", () => {
  test("`lifecycle --preview` says how many images the template's policy would expire, and how much that frees", async () => {
    account.upstream.set("quay.io", { platforms: ["linux/amd64"] });
    await pull("quay/org/early", "1", "2", "3", "4");
    await makeTemplate("quay", text({ keepImages: 1 }));
    const { imageDetails } = (await account.call("DescribeImages", {
      repositoryName: "quay/org/early",
    })) as unknown as { imageDetails: { imageTags: string[]; imageSizeInBytes: number }[] };
    const freed = imageDetails
      .filter(({ imageTags }) => imageTags[0] !== "4")
      .reduce((sum, { imageSizeInBytes }) => sum + imageSizeInBytes, 0);

    const { rows, stderr, exitCode } = await lifecycle("--preview");
    expect(rows).toMatchObject([
      {
        repository: "quay/org/early",
        preview: { expire: { images: 3, bytes: freed }, archive: { images: 0, bytes: 0 } },
      },
    ]);
    expect(stderr).toBe(
      `1 of 1 repository not in order; the policy would expire 3 images, ${(freed / 1e6).toFixed(freed < 1e8 ? 1 : 0)} MB, in the repositories listed.\n`,
    );
    expect(exitCode).toBe(1);
    // A preview changes nothing.
    expect(account.calls.count({ action: "PutLifecyclePolicy" })).toBe(0);
  });

  test("`lifecycle --preview` counts the images of an index once, over pages of a hundred", async () => {
    account.upstream.set("quay.io", { platforms: ["linux/amd64", "linux/arm64"] });
    const tags = Array.from({ length: 60 }, (_, number) => `1.${number}`);
    await pull("quay/org/early", ...tags);
    await makeTemplate("quay", text({ keepImages: 1 }));
    const { imageDetails } = (await account.call("DescribeImages", {
      repositoryName: "quay/org/early",
      maxResults: 1000,
    })) as unknown as {
      imageDetails: { imageTags?: string[]; imageSizeInBytes: number }[];
    };
    const { rows } = await lifecycle("--preview");
    const preview = rows[0]!.preview as { expire: { images: number; bytes: number } };
    const children = imageDetails.filter(({ imageTags }) => imageTags === undefined);
    const all = children.reduce((sum, { imageSizeInBytes }) => sum + imageSizeInBytes, 0);
    expect(preview.expire.images).toBeGreaterThan(100);
    expect(preview.expire.bytes).toBeGreaterThan(0.9 * all);
    expect(preview.expire.bytes).toBeLessThan(all);
  }, 30_000);

  test("`lifecycle --preview` says how many images would be archived, which frees nothing", async () => {
    account.upstream.set("quay.io", { platforms: ["linux/amd64"] });
    account.service.advanceClock(-60 * 24 * 3_600_000);
    await pull("quay/org/early", "1");
    account.service.advanceClock(60 * 24 * 3_600_000);
    await makeTemplate("quay", text({ archiveAfterDaysUnpulled: 30 }));
    const { rows } = await lifecycle("--preview");
    expect(rows[0]!.preview).toMatchObject({
      expire: { images: 0, bytes: 0 },
      archive: { images: 1 },
    });
  });

  test("`lifecycle --preview` reports a preview that ECR refuses, shows the others, and exits with code 2", async () => {
    await makeCache();
    account.faults.add({ kind: "deny", action: "StartLifecyclePolicyPreview" });
    const { rows, stderr, exitCode } = await lifecycle("--preview");
    const previews = rows.map(({ preview }) => preview);
    expect(previews.filter((preview) => preview && "problem" in preview)).toHaveLength(1);
    expect(previews.filter((preview) => preview && "expire" in preview)).toHaveLength(1);
    expect(stderr).toMatch(
      /^ecr-cache: quay\/org\/\w+ in us-east-1: AWS: .*ecr:StartLifecyclePolicyPreview/,
    );
    expect(exitCode).toBe(2);
  });
});

describe("`lifecycle --apply`", () => {
  async function apply(...argv: string[]) {
    const { stdout, stderr, exitCode } = await run(
      ...["lifecycle", "--env", "cache", "--region", "us-east-1", "--apply", "--json", ...argv],
    );
    return { reports: parseJson(applyJson, stdout), stderr, exitCode };
  }

  test("`lifecycle --apply` sets the template's policy where there is none, and reports each policy set by hand that it keeps", async () => {
    await makeCache();
    const { reports, stderr, exitCode } = await apply();
    const early = reports.find(({ repository }) => repository === "quay/org/early");
    expect(early!.changes).toContainEqual({
      aspect: "lifecycle policy",
      reason: "set: it had none",
    });
    expect(await policyOf("quay/org/early")).toBe(text({ keepImages: 2 }));
    const own = reports.find(({ repository }) => repository === "quay/org/own");
    expect(own!.kept).toEqual([
      "lifecycle policy: it is not the template's, and nothing says that it ever was",
    ]);
    expect(await policyOf("quay/org/own")).toBe(text({ keepImages: 99 }));
    expect(stderr).toBe("4 repositories examined: 2 changed, 2 kept, 0 failed.\n");
    expect(exitCode).toBe(1);
  });

  test("`lifecycle --apply --existing-policies replace` replaces it, and a second run has nothing to do", async () => {
    await makeCache();
    await makeTemplate("docker-hub", text({ keepImages: 5 }));
    expect((await apply("--existing-policies", "replace")).exitCode).toBe(0);
    expect(await policyOf("quay/org/own")).toBe(text({ keepImages: 2 }));
    expect(await policyOf("docker-hub/library/redis")).toBe(text({ keepImages: 5 }));
    expect(await apply()).toEqual({
      reports: [],
      stderr: "4 repositories examined: 0 changed, 0 kept, 0 failed.\n",
      exitCode: 0,
    });
    expect((await lifecycle()).exitCode).toBe(0);
  });

  test("`lifecycle --apply` prints the reason of a failure in the table, and exits with code 2", async () => {
    await makeCache();
    account.faults.add({ kind: "deny", action: "PutLifecyclePolicy" });
    const { stdout, exitCode } = await run(
      ...["lifecycle", "--env", "cache", "--region", "us-east-1", "--apply"],
    );
    expect(stdout).toMatch(/^REPOSITORY +CHANGED +KEPT +FAILED\n/);
    expect(stdout).toMatch(/lifecycle policy: AccessDeniedException/);
    expect(exitCode).toBe(2);
  });
});

describe("`lifecycle` reports wrong use in one line, with exit code 2:", () => {
  test.each([
    [
      ["--apply", "--preview"],
      "--apply can't be combined with --preview: it prints only what it changes, and what it keeps",
    ],
    [
      ["--apply", "--all"],
      "--apply can't be combined with --all: it prints only what it changes, and what it keeps",
    ],
    [
      ["--existing-policies", "drop"],
      "option '--existing-policies <what>' argument 'drop' is invalid. Allowed choices are keep, replace.",
    ],
  ])("%j", async (argv, message) => {
    expect(await run("lifecycle", "--env", "cache", ...argv)).toEqual({
      stdout: "",
      stderr: `ecr-cache: ${message}\n`,
      exitCode: 2,
    });
  });
});

test("the help of `lifecycle` explains every state", async () => {
  const { stdout } = await run("lifecycle", "--help");
  for (const state of lifecycleJson(z).element.shape.state.options) {
    expect(stdout).toMatch(new RegExp(`^ {2}${state} {2,}\\w`, "m"));
  }
});
