import type { ECRClient } from "@aws-sdk/client-ecr";
import fc from "fast-check";
import {
  type RefreshOptions,
  type RefreshOutcome,
  refreshTag,
} from "../../../cli/refresh/refresh-tag";
import { RESCUE_TAG_START, rescueTag } from "../../../registry/rescue-tag";
import { type Answer, type Attempt, ecrClientOf, useAccount } from "../../support/account";
import { cache } from "../../support/registry-environments";

/*
 * The renewal of one tag, on the sandbox's ECR. Every call can be made to fail, before it is carried out or after.
 */

const repositoryName = "docker-hub/library/nginx";
const UPSTREAM = "docker.io/library/nginx:1.25";
const target = {
  image: "nginx:1.25",
  repository: repositoryName,
  tag: "1.25",
  rule: cache.rules[0]!,
  upstreamRepository: "library/nginx",
};

const account = useAccount(cache);
let client: ECRClient;

beforeAll(() => {
  client = ecrClientOf(account);
});
afterAll(() => client.destroy());

/** The upstream as a registry client finds it. */
function ask(): RefreshOptions["askUpstream"] {
  return async ({ rule, upstreamRepository, tag = "" }) => {
    const fetched = await account.upstream.fetch(rule.upstreamUrl, upstreamRepository, tag);
    return fetched.failure
      ? { ok: false, problem: `the upstream says ${fetched.failure}` }
      : { ok: true, digest: fetched.images.at(-1)!.digest };
  };
}

const options: RefreshOptions = {
  ownership: { own: ["docker-hub"], others: [] },
  askUpstream: (one) => ask()(one),
  explain: (error) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
  retry: { attempts: 3, sleep: () => Promise.resolve() },
};

async function cached(): Promise<Map<string, string[]>> {
  const { imageDetails = [] } = (await account.call("DescribeImages", { repositoryName })) as {
    imageDetails?: { imageDigest: string; imageTags?: string[] }[];
  };
  return new Map(imageDetails.map(({ imageDigest, imageTags = [] }) => [imageDigest, imageTags]));
}

async function digestOf(tag: string): Promise<string | undefined> {
  return [...(await cached())].find(([, tags]) => tags.includes(tag))?.[0];
}

/** Pulls the first revision into the cache, and publishes the second. @returns The first one's digest. */
async function cacheOldRevision(): Promise<string> {
  await account.call("BatchGetImage", { repositoryName, imageIds: [{ imageTag: "1.25" }] });
  account.upstream.set(UPSTREAM, { revision: "2" });
  return (await digestOf("1.25"))!;
}

/** An image's manifest, as PutImage takes it. */
async function read(imageDigest: string) {
  const { images } = (await account.call("BatchGetImage", {
    repositoryName,
    imageIds: [{ imageDigest }],
  })) as unknown as { images: { imageManifest: string; imageManifestMediaType: string }[] };
  const { imageManifest, imageManifestMediaType } = images[0]!;
  return { imageManifest, imageManifestMediaType };
}

async function giveTag(digest: string, imageTag: string): Promise<void> {
  await account.call("PutImage", { repositoryName, imageTag, ...(await read(digest)) });
}

const NO_MESSAGE = { message: null, rescueTag: null, missing: [], deleted: [] };

describe("a renewal", () => {
  test("gets the new image with all that it lists, and leaves the old one without a tag", async () => {
    const old = await cacheOldRevision();
    const outcome = await refreshTag(client, target, options);
    const images = await cached();
    const newDigest = await digestOf("1.25");
    expect(outcome).toEqual({
      image: "nginx:1.25",
      repository: repositoryName,
      tag: "1.25",
      oldDigest: old,
      newDigest,
      status: "renewed",
      ...NO_MESSAGE,
    });
    expect(newDigest).not.toBe(old);
    expect(images.get(old)).toEqual([]);
    expect(images.size).toBe(6);
    expect([...images.values()].flat()).toEqual(["1.25"]);
  });

  test.each([
    ["an index", ["linux/amd64", "linux/arm64"]],
    ["an image of one platform", ["linux/amd64"]],
  ])("changes nothing where the upstream has what is cached: %s", async (_, platforms) => {
    account.upstream.set(UPSTREAM, { platforms });
    const old = await cacheOldRevision();
    account.upstream.set(UPSTREAM, { revision: "1" });
    const outcome = await refreshTag(client, target, options);
    expect(outcome).toMatchObject({
      status: "unchanged",
      oldDigest: old,
      newDigest: old,
      ...NO_MESSAGE,
    });
    expect((await cached()).get(old)).toEqual(["1.25"]);
    expect(account.calls.count({ action: "BatchDeleteImage" })).toBe(0);
    expect(account.calls.count({ action: "PutImage" })).toBe(0);
  });

  test("pulls again all the same with force, and ends as it began", async () => {
    const old = await cacheOldRevision();
    account.upstream.set(UPSTREAM, { revision: "1" });
    const before = await cached();
    const outcome = await refreshTag(client, target, { ...options, force: true });
    expect(outcome).toMatchObject({
      status: "unchanged",
      oldDigest: old,
      newDigest: old,
      ...NO_MESSAGE,
    });
    expect(await cached()).toEqual(before);
    expect(account.calls.count({ action: "BatchDeleteImage" })).toBe(2);
  });

  test("pulls what is not cached", async () => {
    const outcome = await refreshTag(client, target, options);
    expect(outcome).toMatchObject({
      status: "pulled",
      oldDigest: null,
      newDigest: await digestOf("1.25"),
      ...NO_MESSAGE,
    });
  });

  test("of an image with several tags renews the one", async () => {
    const old = await cacheOldRevision();
    await giveTag(old, "stable");
    const outcome = await refreshTag(client, target, options);
    expect(outcome).toMatchObject({ status: "renewed", ...NO_MESSAGE });
    expect((await cached()).get(old)).toEqual(["stable"]);
  });

  test("of a single-platform image", async () => {
    account.upstream.set(UPSTREAM, { platforms: ["linux/amd64"] });
    const old = await cacheOldRevision();
    const outcome = await refreshTag(client, target, options);
    expect(outcome).toMatchObject({ status: "renewed", ...NO_MESSAGE });
    expect([...(await cached()).keys()].sort()).toEqual([old, outcome.newDigest].sort());
  });

  test("with deleteOld deletes the old image and what only it lists", async () => {
    const old = await cacheOldRevision();
    const before = [...(await cached()).keys()];
    const outcome = await refreshTag(client, target, { ...options, deleteOld: true });
    expect(outcome).toMatchObject({ status: "renewed", oldDigest: old, message: null });
    expect([...outcome.deleted].sort()).toEqual(before.sort());
    expect(outcome.deleted[0]).toBe(old);
    const images = await cached();
    expect(images.size).toBe(3);
    expect(images.has(old)).toBe(false);
  });

  test("with deleteOld keeps what has another tag, and what another index lists", async () => {
    // Two tags upstream whose indexes share an image, as tags for a version and for its latest patch may.
    const old = await cacheOldRevision();
    const { imageManifest, imageManifestMediaType } = await read(old);
    const index = JSON.parse(imageManifest) as { manifests: object[] };
    const shared = index.manifests[0] as { digest: string };
    await account.call("PutImage", {
      repositoryName,
      imageTag: "amd64-only",
      imageManifestMediaType,
      imageManifest: JSON.stringify({ ...index, manifests: [shared] }),
    });
    const outcome = await refreshTag(client, target, { ...options, deleteOld: true });
    expect(outcome.deleted).toHaveLength(2);
    expect((await cached()).has(shared.digest)).toBe(true);
  });

  test("with deleteOld keeps an image of the old index that has a tag of its own", async () => {
    const old = await cacheOldRevision();
    const [child = ""] = [...(await cached()).keys()].filter((digest) => digest !== old);
    await giveTag(child, "of-one-platform");
    const outcome = await refreshTag(client, target, { ...options, deleteOld: true });
    expect(outcome).toMatchObject({ status: "renewed", message: null });
    expect(outcome.deleted).not.toContain(child);
    expect((await cached()).get(child)).toEqual(["of-one-platform"]);
  });

  test("is done although ECR does not say whether it has stored all that the index lists", async () => {
    await cacheOldRevision();
    const ecr = ecrClientOf(account, (attempt, pass) =>
      isAboutListed(attempt) ? Promise.reject(denied()) : pass(),
    );
    const outcome = await refreshTag(ecr, target, options);
    expect(outcome).toMatchObject({
      status: "renewed",
      newDigest: await digestOf("1.25"),
      ...NO_MESSAGE,
    });
  });

  test("notices that something is missing from an index, and gets it", async () => {
    const old = await cacheOldRevision();
    account.upstream.set(UPSTREAM, { revision: "1" });
    let isIncomplete = true;
    const ecr = ecrClientOf(account, async (attempt, pass) => {
      if (!isAboutListed(attempt) || !isIncomplete) return await pass();
      isIncomplete = false;
      return notFound(attempt);
    });
    const outcome = await refreshTag(ecr, target, options);
    expect(outcome).toMatchObject({
      status: "unchanged",
      oldDigest: old,
      newDigest: old,
      ...NO_MESSAGE,
    });
    expect(account.calls.count({ action: "BatchDeleteImage" })).toBe(2);
  });

  test("says what ECR has not stored of a new index", async () => {
    await cacheOldRevision();
    const ecr = ecrClientOf(account, async (attempt, pass) =>
      isAboutListed(attempt) ? notFound(attempt) : await pass(),
    );
    const outcome = await refreshTag(ecr, target, options);
    expect(outcome).toMatchObject({
      status: "renewed",
      message:
        "ECR has not stored 1 of the images that the index lists: pulls for their platforms fail. Run the refresh again with --force",
      missing: [expect.stringMatching(/^sha256:/)],
    });
  });
});

describe("a dry run changes nothing and says", () => {
  const dryRun = { ...options, dryRun: true };

  test("what the new image will be", async () => {
    const old = await cacheOldRevision();
    const before = await cached();
    const outcome = await refreshTag(client, target, dryRun);
    const fetched = await account.upstream.fetch("registry-1.docker.io", "library/nginx", "1.25");
    expect(outcome).toMatchObject({
      status: "would-renew",
      oldDigest: old,
      newDigest: fetched.failure === undefined && fetched.images.at(-1)!.digest,
      ...NO_MESSAGE,
    });
    expect(await cached()).toEqual(before);
  });

  test("that it is not cached", async () => {
    expect(await refreshTag(client, target, dryRun)).toMatchObject({
      status: "would-pull",
      oldDigest: null,
      newDigest: null,
    });
    expect(account.calls.count({ action: "BatchGetImage" })).toBe(0);
  });
});

describe("nothing is touched", () => {
  test.each(["access-denied", "not-found", "too-many-requests", "unavailable"] as const)(
    "where the upstream answers %s",
    async (failure) => {
      const old = await cacheOldRevision();
      account.upstream.set(UPSTREAM, { failure });
      const before = await cached();
      account.calls.reset();
      const outcome = await refreshTag(client, target, options);
      expect(outcome).toMatchObject({
        status: "refused",
        oldDigest: old,
        newDigest: null,
        message: `the upstream says ${failure}; nothing was changed (--force continues anyway)`,
      });
      expect(await cached()).toEqual(before);
      expect(account.calls.count({ action: "BatchDeleteImage" })).toBe(0);
    },
  );

  test("where the old image can't be kept during the pull", async () => {
    const old = await cacheOldRevision();
    const outcome = await refreshTag(ecrClientOf(account, denying("PutImage")), target, options);
    expect(outcome).toMatchObject({
      status: "refused",
      message: `the cached image ${old} can't be kept during the pull (AccessDeniedException: denied); nothing was changed (--force continues without keeping it)`,
    });
    expect((await cached()).get(old)).toEqual(["1.25"]);
  });

  test("where the cached image can't be read, even if the upstream has the same", async () => {
    const old = await cacheOldRevision();
    account.upstream.set(UPSTREAM, { revision: "1" });
    const outcome = await refreshTag(
      ecrClientOf(account, denying("BatchGetImage")),
      target,
      options,
    );
    expect(outcome).toMatchObject({
      status: "refused",
      oldDigest: old,
      message: `the cached image ${old} can't be kept during the pull (AccessDeniedException: denied); nothing was changed (--force continues without keeping it)`,
      rescueTag: null,
    });
  });

  test("where no tag can be taken off, but that the rescue tag stays is said", async () => {
    const old = await cacheOldRevision();
    const outcome = await refreshTag(
      ecrClientOf(account, denying("BatchDeleteImage")),
      target,
      options,
    );
    const rescue = outcome.rescueTag!;
    expect(outcome).toMatchObject({
      status: "refused",
      oldDigest: old,
      message: `the tag could not be removed (AccessDeniedException: denied); pulls still get the cached image; the tag ${rescue} could not be removed (AccessDeniedException: denied); it does no harm, and the next refresh removes it`,
    });
    expect((await cached()).get(old)).toEqual(["1.25"]);
    expect(await digestOf(rescue)).toBeDefined();
  });
});

/** Whether the call is about both images that the index lists. */
function isAboutListed({ action, input }: Attempt): boolean {
  return action === "BatchGetImage" && input.imageIds?.length === 2;
}

function notFound({ input }: Attempt) {
  return {
    images: [],
    failures: [{ failureCode: "ImageNotFound", imageId: input.imageIds?.[0] }],
  };
}

/** Refuses the calls of an action. */
function denying(action: string, isMeant: (attempt: Attempt) => boolean = () => true): Answer {
  return (attempt, pass) =>
    attempt.action === action && isMeant(attempt) ? Promise.reject(denied()) : pass();
}

function denied(): Error {
  return Object.assign(new Error("denied"), {
    name: "AccessDeniedException",
    $fault: "client",
    $metadata: { httpStatusCode: 400 },
  });
}

describe("when the pull fails", () => {
  /** From the moment when the tag is gone, the upstream does not answer. */
  function failingAfterDelete(times = Infinity): Answer {
    let left = times;
    let isGone = false;
    return async ({ action, input }, pass) => {
      const [imageId] = input.imageIds ?? [];
      const isAboutTag = imageId?.imageTag === "1.25";
      isGone ||= action === "BatchDeleteImage";
      if (action !== "BatchGetImage" || !isAboutTag || !isGone || left === 0) return await pass();
      left -= 1;
      const failureReason = "it is down";
      return {
        images: [],
        failures: [{ failureCode: "UpstreamUnavailable", failureReason, imageId }],
      };
    };
  }

  test("it is tried again", async () => {
    await cacheOldRevision();
    const outcome = await refreshTag(ecrClientOf(account, failingAfterDelete(2)), target, options);
    expect(outcome).toMatchObject({ status: "renewed", ...NO_MESSAGE });
  });

  test("the old image gets its tag back", async () => {
    const old = await cacheOldRevision();
    const before = await cached();
    const outcome = await refreshTag(ecrClientOf(account, failingAfterDelete()), target, options);
    expect(outcome).toMatchObject({
      status: "restored",
      oldDigest: old,
      newDigest: old,
      message: `could not be pulled again (UpstreamUnavailable: it is down); the old image ${old} has its tag back, and pulls get it as before. Run the refresh again when the upstream works`,
      rescueTag: null,
    });
    expect(await cached()).toEqual(before);
  });

  test("and the tag can't be put back either, the old image is safe, and the next refresh goes on", async () => {
    const old = await cacheOldRevision();
    const upstreamDown = failingAfterDelete();
    let isMoved = false;
    const noPutBack = denying("PutImage", ({ input }) => {
      const isBack = isMoved && input.imageTag === "1.25";
      isMoved ||= input.imageTag === "1.25";
      return isBack;
    });
    const outcome = await refreshTag(
      ecrClientOf(account, (attempt, pass) =>
        upstreamDown(attempt, () => noPutBack(attempt, pass)),
      ),
      target,
      options,
    );
    const rescue = outcome.rescueTag!;
    expect(outcome).toMatchObject({
      status: "rescued",
      oldDigest: old,
      newDigest: null,
      message: `could not be pulled again (UpstreamUnavailable: it is down), and the tag could not be restored (AccessDeniedException: denied); the old image ${old} is safe, and a copy of it has the tag ${rescue}. To recover, run the refresh again: it pulls the tag, or gives it back to the old image`,
    });
    expect((await cached()).get(old)).toEqual([]);
    expect(await digestOf(rescue)).toBeDefined();

    // The upstream is still down: the next run puts the tag back.
    expect(await refreshTag(ecrClientOf(account, upstreamDown), target, options)).toMatchObject({
      status: "restored",
      oldDigest: old,
    });
    expect((await cached()).get(old)).toEqual(["1.25"]);
  });

  test("what an interrupted run has left is cleared up by the next", async () => {
    const old = await cacheOldRevision();
    // Version 0.1 gave the rescue tag to the image itself.
    await giveTag(old, rescueTag("1.25", old.slice("sha256:".length, "sha256:".length + 12)));
    await account.call("BatchDeleteImage", { repositoryName, imageIds: [{ imageTag: "1.25" }] });

    const outcome = await refreshTag(client, target, options);
    expect(outcome).toMatchObject({ status: "renewed", oldDigest: old, ...NO_MESSAGE });
    expect((await cached()).get(old)).toEqual([]);
  });

  test("with force and without a copy, it is said what is lost", async () => {
    const old = await cacheOldRevision();
    const upstreamDown = failingAfterDelete();
    const noTag = denying("PutImage");
    const ecr = ecrClientOf(account, (attempt, pass) =>
      upstreamDown(attempt, () => noTag(attempt, pass)),
    );
    const outcome = await refreshTag(ecr, target, { ...options, force: true });
    expect(outcome).toMatchObject({
      status: "lost",
      oldDigest: old,
      newDigest: null,
      message: `could not be pulled again (UpstreamUnavailable: it is down), and the image ${old} may be gone, because it could not be kept (--force). To recover, run ecr-cache warm until it succeeds: a pull of the tag fetches it from the upstream`,
    });
  });
});

describe("whatever call fails, and however, no image is lost in silence:", () => {
  /** What happens to a call: nothing, it is refused, or it is carried out and its answer is lost. */
  type Fate = "answered" | "refused" | "lost";

  /** A fate for each attempt at a call, by its number. */
  function fated(fateOf: (number: number) => Fate): Answer {
    let number = 0;
    return async (_, pass) => {
      const fate = fateOf(number);
      number += 1;
      if (fate === "refused") throw denied();
      if (fate === "answered") return await pass();
      await pass().catch(() => undefined);
      throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    };
  }

  function isSound(outcome: RefreshOutcome, images: ReadonlyMap<string, string[]>, old: string) {
    const tagged = [...images].find(([, tags]) => tags.includes("1.25"))?.[0];
    // The old image is there, by its digest.
    expect(images.has(old)).toBe(true);
    switch (outcome.status) {
      case "renewed":
      case "unchanged":
        expect(tagged).toBe(outcome.newDigest);
        break;
      case "refused":
      case "restored":
        expect(tagged).toBe(old);
        expect(outcome.message).not.toBeNull();
        break;
      case "rescued":
        expect(outcome.message).toContain(old);
        expect([...images.values()].flat()).toContain(outcome.rescueTag);
        break;
      case "failed":
      case "lost":
      case "pulled":
      case "would-pull":
      case "would-renew":
        throw new Error(`unexpected: ${outcome.status}`);
    }
    // No rescue tag is left unsaid.
    const left = [...images.values()].flat().filter((tag) => tag.startsWith(RESCUE_TAG_START));
    expect(left.filter((tag) => tag !== outcome.rescueTag)).toEqual([]);
  }

  const cases = [1, 2, 3, Infinity].flatMap((times) =>
    (["refused", "lost"] as const).map((failure) => ({ times, failure })),
  );

  test.each(cases)("$failure $times times, from each call on", async ({ times, failure }) => {
    const seen = new Set<string>();
    for (let first = 0; first < 16; first += 1) {
      account.reset();
      await account.makeRules(cache);
      const old = await cacheOldRevision();
      const ecr = ecrClientOf(
        account,
        fated((number) => (number >= first && number < first + times ? failure : "answered")),
      );
      const outcome = await refreshTag(ecr, target, options);
      seen.add(outcome.status);
      isSound(outcome, await cached(), old);
    }
    expect(seen).toContain("renewed");
    // The client makes a call whose answer is lost again.
    if (failure === "refused" || times === Infinity) expect(seen).toContain("refused");
  });

  test("in any sequence of failures", async () => {
    const fates = fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constant<Fate>("answered") },
        { weight: 1, arbitrary: fc.constantFrom<Fate>("refused", "lost") },
      ),
      { minLength: 24, maxLength: 24 },
    );
    await fc.assert(
      fc.asyncProperty(fates, fc.boolean(), async (fate, isSameUpstream) => {
        account.reset();
        await account.makeRules(cache);
        const old = await cacheOldRevision();
        if (isSameUpstream) account.upstream.set(UPSTREAM, { revision: "1" });
        const ecr = ecrClientOf(
          account,
          fated((number) => fate[number] ?? "answered"),
        );
        isSound(await refreshTag(ecr, target, options), await cached(), old);
      }),
      { numRuns: 100 },
    );
  }, 300_000);
});
