import fc from "fast-check";
import {
  isFailure,
  type RefreshOutcome,
  refreshTag,
  type RefreshOptions,
} from "../../../cli/refresh/refresh-tag";
import { isRescueTagOf } from "../../../registry/rescue-tag";
import type { EcrService } from "../../../sandbox/ecr/service";
import type { Repository } from "../../../sandbox/ecr/state";
import { ecrService } from "../../support/in-process-ecr";
import { cache } from "../../support/registry-environments";
import {
  type Ended,
  everySchedule,
  type Fate,
  type Process,
  runInterleaved,
} from "../../support/scheduler";

/*
 * Two refreshes at a time, each call of theirs at any moment of the other's, killed at any call, refused and cut off: each
 * image that was there is there afterwards by its digest, or a message names it and the exit code is 2.
 */

const REGION = "us-east-1";
const repositoryName = "quay/org/app";
const UPSTREAM = "quay.io/org/app";
const rule = cache.rules.find(({ prefix }) => prefix === "quay")!;

const target = (tag: string) => ({
  image: `${UPSTREAM}:${tag}`,
  repository: repositoryName,
  tag,
  rule,
  upstreamRepository: "org/app",
});

interface World {
  readonly ecr: EcrService;
  readonly region: string;
  readonly repository: Repository;
  /** The images that are there at the start, with their tags. */
  readonly before: ReadonlyMap<string, readonly string[]>;
  /** What was said before something was done that may lose an image. */
  readonly risks: string[];
  /** Those that a refresh with `--delete-old` may delete: the tagged ones, and what they list. */
  readonly old: readonly string[];
}

const imagesOf = ({ images }: Repository): Map<string, string[]> =>
  new Map([...images].map(([digest, { tags }]) => [digest, [...tags]]));

const taggedIn = (repository: Repository, tag: string): string | undefined =>
  [...repository.images.values()].find(({ tags }) => tags.has(tag))?.digest;

/** What a case begins with, and what the upstream has then. */
interface Beginning {
  /** The tags of the cached image. */
  readonly tags: readonly string[];
  readonly platforms?: readonly string[];
  /** The upstream's new image was cached before, and remains without a tag. */
  readonly isNewCached?: boolean;
  /** The upstream answers with the image that is cached. */
  readonly isUnchanged?: boolean;
}

async function begin({ tags, platforms, isNewCached, isUnchanged }: Beginning): Promise<World> {
  const ecr = ecrService(cache.account, { secrets: new Map(), roles: new Map(), events: [] });
  await ecr.perform(REGION, "CreatePullThroughCacheRule", {
    ecrRepositoryPrefix: "quay",
    upstreamRegistryUrl: "quay.io",
  });
  const pull = (imageTag: string) =>
    ecr.perform(REGION, "BatchGetImage", { repositoryName, imageIds: [{ imageTag }] });
  const [first = ""] = tags;
  if (platforms) ecr.upstream.set(UPSTREAM, { platforms });
  if (isNewCached) {
    ecr.upstream.set(UPSTREAM, { revision: "2" });
    await pull(first);
    taggedImage(ecr).tags.clear();
    ecr.upstream.set(UPSTREAM, { revision: "1" });
  }
  await pull(first);
  const { repositories } = ecr.registry(REGION);
  const repository = repositories.get(repositoryName)!;
  for (const tag of tags) repository.images.get(taggedIn(repository, first)!)!.tags.add(tag);
  if (!isUnchanged) ecr.upstream.set(UPSTREAM, { revision: "2" });
  const { digest, children } = taggedImage(ecr);
  return {
    ecr,
    region: REGION,
    repository,
    before: imagesOf(repository),
    risks: [],
    old: [digest, ...children],
  };
}

function taggedImage(ecr: EcrService) {
  const { images } = ecr.registry(REGION).repositories.get(repositoryName)!;
  return [...images.values()].find(({ tags }) => tags.size > 0)!;
}

type Options = Pick<RefreshOptions, "force" | "deleteOld">;

function refresh(
  { ecr, risks }: World,
  tag: string,
  options: Options = {},
  fate?: Process<RefreshOutcome>["fate"],
): Process<RefreshOutcome> {
  return {
    ...(fate && { fate }),
    start: (client, step) =>
      refreshTag(client, target(tag), {
        ...options,
        ownership: { own: ["quay"], others: [] },
        explain: (error) => (error as Error).name,
        onRisk: (_, risk) => risks.push(risk),
        retry: { attempts: 3, sleep: () => Promise.resolve() },
        askUpstream: async ({ upstreamRepository }) => {
          await step("ask the upstream");
          const fetched = await ecr.upstream.fetch("quay.io", upstreamRepository, tag);
          return fetched.failure
            ? { ok: false, problem: fetched.failure }
            : { ok: true, digest: fetched.images.at(-1)!.digest };
        },
      }),
  };
}

/** What a test's failure shows. */
const shown = (world: World, ends: readonly Ended<RefreshOutcome>[]) =>
  JSON.stringify(
    { before: [...world.before], after: [...imagesOf(world.repository)], ends },
    undefined,
    1,
  );

/** What must hold however refreshes have ended. @throws Error that shows what does not hold. */
function check(
  world: World,
  ends: readonly Ended<RefreshOutcome>[],
  { deleteOld = false }: { readonly deleteOld?: boolean } = {},
): void {
  const outcomes = ends.flatMap((end) => (end ? [end.result] : []));
  const after = imagesOf(world.repository);
  const problem = (text: string) => new Error(`${text}: ${shown(world, ends)}`);
  for (const digest of world.before.keys()) {
    const isAnnounced = world.risks.some((risk) => risk.includes(digest));
    const isNamed = outcomes.some(
      (one) =>
        one.deleted.includes(digest) ||
        ((isFailure(one) || deleteOld) && (one.message ?? "").includes(digest)),
    );
    // One that was killed while it deleted the old image, as it was to, can't say so.
    const isWanted = deleteOld && world.old.includes(digest);
    const isExcused = (isWanted || isAnnounced) && ends.includes(undefined);
    if (!after.has(digest) && !isNamed && !isExcused)
      throw problem(`${digest} is gone without a word`);
  }
  for (const { status, newDigest } of outcomes) {
    // What one has renewed, another may have replaced since, and deleted as its old image.
    const isReplaced = outcomes.some(
      (one) =>
        one.oldDigest === newDigest && one.newDigest !== newDigest && one.status === "renewed",
    );
    const isLost = outcomes.some(
      (one) => one.status === "lost" && (one.message ?? "").includes(newDigest ?? ""),
    );
    const isCached = newDigest !== null && (after.has(newDigest) || isReplaced || isLost);
    if (["renewed", "pulled", "unchanged", "restored"].includes(status) && !isCached) {
      throw problem(`${status}, but its image is gone`);
    }
  }
}

/** What must hold where no process was killed: each tag is as one of the outcomes says, and no rescue tag is left unsaid. */
function checkAlive(
  world: World,
  ends: readonly Ended<RefreshOutcome>[],
  options?: { readonly deleteOld?: boolean },
): void {
  check(world, ends, options);
  const outcomes = ends.map((end) => end!.result);
  const problem = (text: string) => new Error(`${text}: ${shown(world, ends)}`);
  const said = outcomes.flatMap(({ rescueTag }) => rescueTag ?? []);
  for (const [, tags] of imagesOf(world.repository)) {
    const unsaid = tags.filter(
      (one) => outcomes.some(({ tag }) => isRescueTagOf(one, tag)) && !said.includes(one),
    );
    if (unsaid.length > 0) throw problem(`rescue tags are left: ${unsaid.join(", ")}`);
  }
  for (const { tag, status } of outcomes) {
    const mine = outcomes.filter((one) => one.tag === tag).map(({ newDigest }) => newDigest);
    const now = taggedIn(world.repository, tag);
    if (["renewed", "pulled", "unchanged", "restored"].includes(status) && now === undefined) {
      if (!outcomes.some((one) => one.tag === tag && isFailure(one))) {
        throw problem(`${tag} is not cached`);
      }
    }
    if (now !== undefined && outcomes.every((one) => !isFailure(one)) && !mine.includes(now)) {
      throw problem(`${tag} names ${now}`);
    }
  }
}

/** Runs one refresh undisturbed, after which nothing is left of the runs before. */
async function clearUp({ ...world }: World, tag: string): Promise<void> {
  const before = imagesOf(world.repository);
  const ends = await runInterleaved(world, [refresh(world, tag)], ([first]) => first!);
  checkAlive(
    { ...world, before: new Map([...world.before].filter(([digest]) => before.has(digest))) },
    ends,
  );
  const { status, newDigest, rescueTag } = ends[0]!.result;
  const { repository } = world;
  const left = [...imagesOf(repository).values()].flat().filter((one) => isRescueTagOf(one, tag));
  if (rescueTag !== null || left.length > 0 || isFailure(ends[0]!.result)) {
    throw new Error(`the next run leaves ${left.join(", ")}: ${shown(world, ends)}`);
  }
  if (newDigest === null || taggedIn(repository, tag) !== newDigest) {
    throw new Error(`after ${status}, ${tag} is not what was said: ${shown(world, ends)}`);
  }
}

const INDEX: Beginning = { tags: ["1"] };
const SINGLE: Beginning = { tags: ["1"], platforms: ["linux/amd64"] };
const TWO_TAGS: Beginning = { tags: ["1", "stable"], platforms: ["linux/amd64"] };
const REVERTED: Beginning = { ...SINGLE, isNewCached: true };
const UNCHANGED: Beginning = { ...SINGLE, isUnchanged: true };

/** The cases of two refreshes at a time. */
const PAIRS: readonly (readonly [string, Beginning, readonly [string, Options][]])[] = [
  [
    "of one tag",
    SINGLE,
    [
      ["1", {}],
      ["1", {}],
    ],
  ],
  [
    "of one tag of an index",
    INDEX,
    [
      ["1", {}],
      ["1", {}],
    ],
  ],
  [
    "of two tags of one image",
    TWO_TAGS,
    [
      ["1", {}],
      ["stable", {}],
    ],
  ],
  [
    "to an image that was cached already",
    REVERTED,
    [
      ["1", {}],
      ["1", {}],
    ],
  ],
  [
    "of one tag, both forced, where nothing is new",
    UNCHANGED,
    [
      ["1", { force: true }],
      ["1", { force: true }],
    ],
  ],
  [
    "of one tag, one of which deletes the old image",
    INDEX,
    [
      ["1", { deleteOld: true }],
      ["1", {}],
    ],
  ],
  [
    "of two tags of one image, both of which delete it",
    TWO_TAGS,
    [
      ["1", { deleteOld: true }],
      ["stable", { deleteOld: true }],
    ],
  ],
  [
    "to an image that was cached already, one of which deletes the old",
    REVERTED,
    [
      ["1", { deleteOld: true }],
      ["1", { force: true }],
    ],
  ],
];

describe.each(PAIRS)("two refreshes at a time %s", (_, beginning, [one, other]) => {
  const start = async () => {
    const world = await begin(beginning);
    return {
      world,
      processes: (...fates: Process<RefreshOutcome>["fate"][]) =>
        [one!, other!].map(([tag, options], index) => refresh(world, tag, options, fates[index])),
    };
  };

  test("lose no image and leave no rescue tag, in any schedule with up to two preemptions", async () => {
    const count = await everySchedule(2, async (choose) => {
      const { world, processes } = await start();
      checkAlive(world, await runInterleaved(world, processes(), choose));
    });
    expect(count).toBeGreaterThan(100);
  });

  test("lose no image in any schedule in which calls fail, are cut off or kill their process, and the next refresh clears up", async () => {
    const fates = fc.array(
      fc.oneof(
        { weight: 12, arbitrary: fc.constant<Fate>("answered") },
        {
          weight: 1,
          arbitrary: fc.constantFrom<Fate>("refused", "lost", "killed-before", "killed-after"),
        },
      ),
      { minLength: 20, maxLength: 20 },
    );
    const turns = fc.array(fc.nat(1), { minLength: 40, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fates, fates, turns, async (first, second, turn) => {
        const { world, processes } = await start();
        let step = 0;
        const ends = await runInterleaved(
          world,
          processes(
            (number) => first[number] ?? "answered",
            (number) => second[number] ?? "answered",
          ),
          (waiting) => waiting[(turn[step++] ?? 0) % waiting.length]!,
        );
        check(world, ends, { deleteOld: [one, other].some((of) => of![1].deleteOld) });
        for (const tag of new Set([one![0], other![0]])) await clearUp(world, tag);
      }),
      { seed: 17, numRuns: 100 },
    );
  });
});

describe("one refresh", () => {
  const cases: [string, Beginning, Options][] = [
    ["of an image", SINGLE, {}],
    ["of an index", INDEX, {}],
    ["of an index that it deletes", INDEX, { deleteOld: true }],
    ["of an image that has another tag", TWO_TAGS, {}],
    ["by force, where nothing is new", UNCHANGED, { force: true }],
  ];

  test.each(cases)(
    "%s that is killed at any call loses nothing, and the next clears up",
    async (_, beginning, options) => {
      for (const how of ["killed-before", "killed-after"] as const) {
        let killedAt = 0;
        for (; ; killedAt += 1) {
          const world = await begin(beginning);
          const process = refresh(world, "1", options, (number) =>
            number === killedAt ? how : "answered",
          );
          const ends = await runInterleaved(world, [process], ([first]) => first!);
          check(world, ends, options);
          await clearUp(world, "1");
          if (ends[0]) break;
        }
        expect(killedAt).toBeGreaterThan(7);
      }
    },
  );

  test.each(cases)(
    "%s that is killed while the upstream fails for the next loses nothing",
    async (_, beginning, options) => {
      for (let killedAt = 0; killedAt < 20; killedAt += 1) {
        const world = await begin(beginning);
        const { ecr, before } = world;
        const process = refresh(world, "1", options, (number) =>
          number === killedAt ? "killed-after" : "answered",
        );
        const ends = await runInterleaved(world, [process], ([first]) => first!);
        if (ends[0]) break;
        ecr.upstream.set(UPSTREAM, { failure: "unavailable" });
        const next = await runInterleaved(world, [refresh(world, "1")], ([first]) => first!);
        check(world, [...ends, ...next], options);
        // Whatever the kill left: the tag names an image, or a message says that it was not cached.
        const now = taggedIn(world.repository, "1");
        if (now === undefined && next[0]!.result.status !== "failed")
          throw new Error(shown(world, next));
        if (now !== undefined && before.has(now))
          expect(next[0]!.result.newDigest ?? now).toBe(now);
      }
    },
  );

  test.each(
    cases.flatMap(([name, beginning, options]) =>
      [false, true].map(
        (force) =>
          [
            `${name}${force ? " with --force" : ""}`,
            beginning,
            { ...options, ...(force && { force }) },
          ] as const,
      ),
    ),
  )("%s says what it loses, whichever calls fail", async (_, beginning, options) => {
    for (const fate of ["refused", "lost"] as const) {
      for (const times of [1, 2, 3, Infinity]) {
        for (let from = 0; from < 16; from += 1) {
          const world = await begin(beginning);
          const process = refresh(world, "1", options, (number) =>
            number >= from && number < from + times ? fate : "answered",
          );
          checkAlive(world, await runInterleaved(world, [process], ([first]) => first!), options);
        }
      }
      for (const action of [
        "BatchGetImage",
        "PutImage",
        "BatchDeleteImage",
        "DescribeImages",
        "ListImages",
      ]) {
        const world = await begin(beginning);
        const process = refresh(world, "1", options, (_number, called) =>
          called === action ? fate : "answered",
        );
        checkAlive(world, await runInterleaved(world, [process], ([first]) => first!), options);
      }
    }
  });
});
