import { MARKER_TAG } from "../../../ecr/marker";
import { formatLifecyclePolicy } from "../../../ecr/lifecycle-policy";
import { pruneJson } from "../../../cli/prune/json";
import type { Repository, StoredImage } from "../../../sandbox/ecr/state";
import { useAccount } from "../../support/account";
import { parseJson } from "../../support/contracts";
import { cache, everything, pruned } from "../../support/registry-environments";
import { run } from "../../support/run";

jest.mock("../../../environments", () =>
  jest.requireActual<object>("../../support/registry-environments"),
);

const account = useAccount(cache);

const IMAGE = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);

interface Seeded extends Partial<Pick<StoredImage, "children" | "subject" | "mediaType">> {
  readonly tags?: readonly string[];
  readonly pushed?: number;
  readonly pulled?: number;
  readonly restored?: number;
}

let next = 0;

/** A repository with images whose ages are in days. */
async function repository(
  name: string,
  images: readonly Seeded[],
  region = "us-east-1",
): Promise<{ readonly state: Repository; readonly digests: readonly string[] }> {
  await account.call("CreateRepository", { repositoryName: name }, region);
  const state = account.service.registry(region).repositories.get(name)!;
  state.tags.set(MARKER_TAG, "origin=cache");
  const digests = images.map((image) => {
    next += 1;
    const digest = `sha256:${next.toString(16).padStart(64, "0")}`;
    state.images.set(digest, {
      digest,
      manifest: "{}",
      mediaType: image.mediaType ?? (image.children ? INDEX : IMAGE),
      children: image.children ?? [],
      ...(image.subject !== undefined && { subject: image.subject }),
      sizeInBytes: 1_000,
      pushedAt: daysAgo(image.pushed ?? 400),
      tags: new Set(image.tags ?? []),
      status: "ACTIVE",
      ...(image.pulled !== undefined && { lastPulledAt: daysAgo(image.pulled) }),
      ...(image.restored !== undefined && { lastActivatedAt: daysAgo(image.restored) }),
    });
    return digest;
  });
  return { state, digests };
}

async function prune(...argv: readonly string[]) {
  const { stdout, stderr, exitCode } = await run("prune", "--env", "cache", ...argv, "--json");
  return { rows: parseJson(pruneJson, stdout), stderr, exitCode };
}

/** Which of a repository's images are left, by their place in the list that it was seeded with. */
function left({ state, digests }: Awaited<ReturnType<typeof repository>>): number[] {
  return digests.flatMap((digest, at) => (state.images.has(digest) ? [at] : []));
}

test("`prune` without --yes lists what it would delete in each region, and deletes nothing", async () => {
  const old = [{ tags: ["1"] }, { tags: ["2"], pulled: 10 }];
  const first = await repository("quay/org/app", old);
  const second = await repository("quay/org/app", old, "eu-west-1");
  const { rows, stderr, exitCode } = await prune();
  expect(rows).toEqual(
    ["us-east-1", "eu-west-1"].map((region) => ({
      region,
      repository: "quay/org/app",
      status: "found",
      images: 2,
      pruned: 1,
      prunedBytes: 1_000,
      inUse: null,
      reasons: [],
    })),
  );
  expect(stderr).toBe(
    "At most 2 images (2.00 kB) of 4 (4.00 kB) in 2 repositories would be deleted. To delete them, add --yes.\n",
  );
  expect(exitCode).toBe(0);
  expect([left(first), left(second)]).toEqual([
    [0, 1],
    [0, 1],
  ]);
});

test("`prune --yes` deletes what was neither pulled, stored nor restored for so long, with all its tags", async () => {
  const images = await repository("quay/org/app", [
    { tags: ["1", "one"], pulled: 91 },
    { tags: ["2"], pulled: 89 },
    { tags: ["3"], pushed: 91 },
    { tags: ["4"], pushed: 89 },
    { tags: ["5"], pulled: 200, restored: 3 },
    {},
  ]);
  const { rows, stderr } = await prune("--yes");
  expect(rows).toMatchObject([{ status: "pruned", images: 6, pruned: 3, inUse: 0 }]);
  expect(left(images)).toEqual([1, 3, 4]);
  expect(stderr).toBe("3 images (3.00 kB) of 6 (6.00 kB) in 1 repository deleted.\n");
  expect((await prune("--yes")).rows).toEqual([]);
});

test("`prune` keeps the last images of a repository, as many as --keep-at-least says", async () => {
  const images = await repository("quay/org/app", [
    { tags: ["1"], pulled: 300 },
    { tags: ["2"], pulled: 100 },
    { tags: ["3"], pulled: 200 },
    {},
  ]);
  await prune("--yes", "--keep-at-least", "2");
  expect(left(images)).toEqual([1, 2]);
  await prune("--yes");
  expect(left(images)).toEqual([1]);
  await prune("--yes", "--keep-at-least", "0");
  expect(left(images)).toEqual([]);
});

test("`prune` keeps what an index in use lists, and deletes an old index with its images", async () => {
  const images = await repository("quay/org/app", [{}, {}, {}, {}]);
  const [a = "", b = "", c = "", d = ""] = images.digests;
  const indexes = await addIndexes(images.state, [
    { tags: ["used"], pulled: 1, children: [a, b] },
    { tags: ["old"], children: [b, c] },
    { pulled: 100, children: [d] },
  ]);
  const { rows } = await prune("--yes");
  expect(left(images)).toEqual([0, 1]);
  expect(left({ state: images.state, digests: indexes })).toEqual([0]);
  expect(rows).toMatchObject([{ pruned: 4, inUse: 2, status: "pruned" }]);
});

async function addIndexes(state: Repository, images: readonly Seeded[]): Promise<string[]> {
  const other = await repository(`quay/other-${next}`, images);
  for (const image of other.state.images.values()) state.images.set(image.digest, image);
  account.service.registry("us-east-1").repositories.delete(other.state.name);
  return [...other.digests];
}

test("`prune` keeps a signature as long as its image, and an image with a rescue tag", async () => {
  const images = await repository("quay/org/app", [
    { tags: ["used"], pulled: 1 },
    { tags: ["old"] },
    { tags: ["ecr-cache-rescue-0123456789ab-latest"] },
  ]);
  const [used = "", old = ""] = images.digests;
  const signatures = await addIndexes(images.state, [
    { subject: used, mediaType: IMAGE },
    { subject: old, mediaType: IMAGE },
  ]);
  await prune("--yes");
  expect(left(images)).toEqual([0, 2]);
  expect(left({ state: images.state, digests: signatures })).toEqual([0]);
});

test("`prune` leaves repositories of other environments, rules and owners alone", async () => {
  const foreign = await Promise.all(
    ["quay/team-b/app", "our-own-app", "quayside/app"].map((name) =>
      repository(name, [{ tags: ["1"] }, { tags: ["2"] }]),
    ),
  );
  expect((await prune("--yes", "--keep-at-least", "0")).rows).toEqual([]);
  expect(foreign.map(left)).toEqual([
    [0, 1],
    [0, 1],
    [0, 1],
  ]);
});

test("`prune` keeps and reports a repository that only ROOT covers and nothing proves to be the cache's", async () => {
  await account.makeRules(everything, "eu-west-1");
  const images = await repository("our-own-app", [{ tags: ["1"] }, { tags: ["2"] }], "eu-west-1");
  images.state.tags.clear();
  const { stdout, stderr } = await run("prune", "--env", "everything", "--yes", "--json");
  expect(parseJson(pruneJson, stdout)).toMatchObject([
    { repository: "our-own-app", status: "kept", pruned: 0 },
  ]);
  expect(stderr).toContain("eu-west-1: our-own-app: kept: only ROOT covers it");
  expect(left(images)).toEqual([0, 1]);
});

test("`prune` keeps images under a prefix of its own in a repository that nothing proves to be the cache's", async () => {
  const pushed = await repository("quay/org/pushed", [{ tags: ["1"] }, { tags: ["2"] }]);
  pushed.state.tags.clear();
  const { rows, stderr } = await prune("--yes");
  expect(rows).toMatchObject([{ status: "kept", pruned: 0 }]);
  expect(stderr).toContain("nothing proves that the cache created it, and images may have been");
  expect(left(pushed)).toEqual([0, 1]);
});

test("`prune` takes the lifecycle policy of the template as a proof, as `purge` does, unless reconciling set it", async () => {
  const images = await repository("quay/org/app", [{ tags: ["1"] }, { tags: ["2"] }]);
  const [rule] = cache.rules.filter(({ prefix }) => prefix === "quay");
  await account.call("PutLifecyclePolicy", {
    repositoryName: "quay/org/app",
    lifecyclePolicyText: formatLifecyclePolicy(rule!.lifecyclePolicy),
  });
  images.state.tags.set(MARKER_TAG, "origin=unknown");
  expect((await prune()).rows).toMatchObject([{ status: "kept" }]);
  images.state.tags.clear();
  expect((await prune()).rows).toMatchObject([{ status: "found" }]);
});

test("`prune` takes its defaults from the environment, and options go first", async () => {
  await account.makeRules(pruned, "ap-south-1");
  const ages = [1, 31, 61, 95].map((pulled) => ({ tags: [`${pulled}`], pulled }));
  await repository("quay/org/app", ages, "ap-south-1");
  const found = async (...argv: readonly string[]) => {
    const { stdout } = await run("prune", "--env", "pruned", ...argv, "--json");
    return parseJson(pruneJson, stdout).map(({ pruned: number }) => number);
  };
  expect(await found()).toEqual([2]);
  expect(await found("--keep-at-least", "1")).toEqual([3]);
  expect(await found("--unpulled-for", "90")).toEqual([1]);
});

test("`prune` refuses to take an image for unused that was pulled in the day that ECR may not have recorded", async () => {
  const { stderr, exitCode } = await run("prune", "--env", "cache", "--unpulled-for", "1");
  expect(stderr).toContain("a whole number from 2");
  expect(exitCode).toBe(2);
});

test("`prune` reports a repository that refuses, ends with 1, and prunes the others", async () => {
  const refusing = await repository("quay/a", [{ tags: ["1"] }, { tags: ["2"] }]);
  const other = await repository("quay/b", [{ tags: ["1"] }, { tags: ["2"] }]);
  account.faults.add({ kind: "deny", action: "BatchDeleteImage" });
  const { rows, stderr, exitCode } = await prune("--yes");
  expect(rows.map(({ status }) => status)).toEqual(["failed", "pruned"]);
  expect(stderr).toContain("lacks the permission ecr:BatchDeleteImage");
  expect(exitCode).toBe(1);
  expect([left(refusing).length, left(other).length]).toEqual([2, 1]);
});

test("`prune` shows what the other regions have when one fails, with exit code 2", async () => {
  await account.makeRules(cache, "eu-west-1");
  await repository("quay/org/app", [{ tags: ["1"] }, { tags: ["2"] }], "eu-west-1");
  account.faults.add({
    kind: "deny",
    action: "DescribePullThroughCacheRules",
    region: "us-east-1",
  });
  const { rows, stderr, exitCode } = await prune();
  expect(rows.map(({ region }) => region)).toEqual(["eu-west-1"]);
  expect(stderr).toMatch(
    /^ecr-cache: us-east-1: AWS: .*lacks the permission ecr:DescribePullThroughCacheRules/m,
  );
  expect(exitCode).toBe(2);
});

test("`prune` has a column for the region where there are several", async () => {
  await repository("quay/org/app", [{ tags: ["1"] }, { tags: ["2"] }]);
  const all = await run("prune", "--env", "cache");
  const one = await run("prune", "--env", "cache", "--region", "us-east-1");
  expect(all.stdout).toMatch(/^REGION +REPOSITORY .*\nus-east-1 +quay\/org\/app /);
  expect(one.stdout).toMatch(/^REPOSITORY .*\nquay\/org\/app /);
});

/** Seen right with 5,000 repositories, too; these are enough for every kind of repository and fault. */
const REPOSITORIES = 500;

test("`prune` of a large registry under faults deletes exactly what an independent computation says, and nothing the second time", async () => {
  let state = 7;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  const expected = new Map<string, ReadonlySet<string>>();
  for (let at = 0; at < REPOSITORIES; at += 1) {
    const name = `quay/org-${at % 50}/app-${at}`;
    // No two images of a repository are of the same age, and none exactly as old as the limit.
    const pulled = (index: number) => random(200) + 0.1 + index / 20;
    const singles = Array.from({ length: 6 }, (_, index) => ({
      pulled: pulled(index),
      tags: random(2) ? [`t${index}`] : [],
    }));
    const { state: repositoryState, digests } = await repository(name, singles);
    const indexes = await addIndexes(
      repositoryState,
      Array.from({ length: 4 }, (_, index) => ({
        pulled: pulled(6 + index),
        tags: random(2) ? [`i${index}`] : [],
        children: digests.filter(() => random(4) === 0),
      })),
    );
    expected.set(name, survivors(repositoryState, new Set(indexes)));
  }
  for (const kind of ["throttle", "cut", "cut-answer", "throttle", "cut-answer"] as const) {
    account.faults.add({ kind, action: "BatchDeleteImage", times: 2 });
    account.faults.add({ kind, action: "DescribeImages", times: 2 });
  }
  await prune("--yes", "--region", "us-east-1");
  const { repositories } = account.service.registry("us-east-1");
  const wrong = [...expected].filter(([name, digests]) => {
    const there = new Set(repositories.get(name)?.images.keys());
    return there.size !== digests.size || [...digests].some((digest) => !there.has(digest));
  });
  expect(wrong.map(([name]) => name)).toEqual([]);
  const again = await prune("--yes", "--region", "us-east-1");
  expect(again.rows.filter(({ pruned }) => pruned > 0)).toEqual([]);
}, 300_000);

/** The same rule said another way: an image is left if it, or an index that is left, was used; and the last named one. */
function survivors({ images }: Repository, indexes: ReadonlySet<string>): Set<string> {
  const used = ({ lastPulledAt, pushedAt }: StoredImage) =>
    Math.max(lastPulledAt?.getTime() ?? 0, pushedAt.getTime());
  const all = [...images.values()];
  const named = all.filter(({ digest, tags }) => indexes.has(digest) || tags.size > 0);
  const [last] = (named.length > 0 ? named : all).sort((a, b) => used(b) - used(a));
  const limit = daysAgo(90).getTime();
  const rooted = all.filter((image) => used(image) >= limit || image === last);
  return new Set(rooted.flatMap(({ digest, children }) => [digest, ...children]));
}
