import type { ECRClient } from "@aws-sdk/client-ecr";
import { isCallError } from "../../registry/aws/errors";
import { retryUntil, type RetryPolicy } from "../../registry/aws/retry-until";
import { parseManifest } from "../../registry/manifest";
import {
  type ExplainError,
  isProblem,
  missingDigests,
  type Pulled,
  type PulledManifest,
  pullManifest,
} from "../../registry/pull";
import { copyOf, originalOf } from "./image-copy";
import type { RefreshOutcome as RefreshRow } from "./json";
import { MESSAGES } from "./messages";
import { RepositoryTags } from "./repository-tags";
import { isRescueTagOf, newRefreshId, rescueTag } from "../../registry/rescue-tag";
import type { Ownership } from "../../registry/ownership";
import { ownerProblem, type Target } from "../../registry/target";
import type { UpstreamAnswer } from "../../registry/upstream/distribution-api";

/*
 * The cached copy of a tag is renewed now, instead of when ECR next compares it with the upstream, up to 24 hours later.
 *
 * ECR fetches a tag at a pull if it does not have it. So the tag must be removed before it is pulled again; but ECR deletes
 * an image with its last tag, other refreshes may work on the same tags, and the pull may fail. To lose no image, whatever
 * happens in between, a refresh deletes only what it has created itself:
 *
 *   1. The upstream is asked for the tag. If it does not answer, or answers with the image that is cached, nothing is
 *      changed.
 *   2. A copy of the cached image (`image-copy.ts`) is stored under a tag of this refresh, the rescue tag.
 *   3. The tag is moved to a second copy, and that copy is deleted by its digest, and the tag with it. The old image stays,
 *      without this tag.
 *   4. The tag is pulled, several times if necessary.
 *   5. If that succeeds, the copy with the rescue tag is deleted. The old image stays without a tag, as after ECR's own
 *      refresh: pulls by its digest still find it, until the lifecycle policy expires it.
 *      If not, the old image gets its tag back, and the copy is deleted. If that fails too, the rescue tag stays, and the
 *      next refresh continues from there.
 *
 * A refresh that finds the tag on a copy, because another one is between two calls or was killed, deletes that copy and continues.
 */

/** How the refresh of a tag in a region ended. */
export type RefreshOutcome = Omit<RefreshRow, "region">;

export interface RefreshOptions {
  /** Asks the upstream for a target's tag. */
  readonly askUpstream: (target: Target) => Promise<UpstreamAnswer>;
  readonly explain: ExplainError;
  /** Whose the repositories are, also by the rules that exist. */
  readonly ownership: Ownership;
  /** Continues even if the upstream does not answer or has the same image, or the old one can't be kept during the pull. */
  readonly force?: boolean;
  readonly dryRun?: boolean;
  /** Deletes the old image, and the images that only it lists, if it has no other tag. */
  readonly deleteOld?: boolean;
  /** How the pull is retried while the upstream does not give the image. */
  readonly retry?: RetryPolicy;
  /** Called at each step of a target. */
  readonly onStep?: (target: Target, step: string) => void;
  /** Called before something is done after which an image may be gone: only with `force`. */
  readonly onRisk?: (target: Target, risk: string) => void;
}

/** The image that had the tag, and how it is kept. */
interface Old {
  readonly digest: string;
  /** Where a copy of it has a rescue tag. */
  readonly kept?: { readonly manifest: PulledManifest; readonly tag: string };
  /** The images that may be gone, because they could not be kept, and `force` continued. */
  readonly atRisk?: readonly string[];
}

/** What `--delete-old` did. */
interface Deletion {
  readonly deleted: string[];
  /** Images of which it is unknown whether they were deleted. */
  readonly doubtful: string[];
  /** What keeps the rescue tag on an image that it was not to delete. */
  problem?: string;
}

/** Renews the cached copy of a target's tag. Failures are in the outcome; only defects are thrown. */
export async function refreshTag(
  ecr: ECRClient,
  target: Target & { readonly tag: string },
  options: RefreshOptions,
): Promise<RefreshOutcome> {
  return await new Refresh(ecr, target, options).run();
}

/** One renewal. */
class Refresh {
  private readonly id = newRefreshId();
  private readonly tag: string;
  private readonly rescueTag: string;
  private readonly tags: RepositoryTags;

  constructor(
    private readonly ecr: ECRClient,
    private readonly target: Target & { readonly tag: string },
    private readonly options: RefreshOptions,
  ) {
    this.tag = target.tag;
    this.rescueTag = rescueTag(this.tag, this.id);
    this.tags = new RepositoryTags(ecr, target.repository, options.explain);
  }

  async run(): Promise<RefreshOutcome> {
    let old: Old | undefined;
    try {
      const prepared = await this.prepare();
      if ("status" in prepared) return prepared;
      old = prepared.old;
    } catch (error) {
      if (!isCallError(error)) throw error;
      return this.outcome("refused", {
        message: MESSAGES.nothingChanged(this.options.explain(error)),
      });
    }
    try {
      return await this.pullAgain(old);
    } catch (error) {
      // A defect: the tag is restored, if possible, before it is reported.
      if (old?.kept) await this.tags.put(old.kept.manifest, this.tag).catch(() => undefined);
      throw error;
    }
  }

  /** Everything until the tag is removed. */
  private async prepare(): Promise<RefreshOutcome | { readonly old: Old | undefined }> {
    const { force = false, dryRun = false, askUpstream, ownership } = this.options;
    const foreign = ownerProblem(this.target, ownership);
    if (foreign !== undefined) {
      return this.outcome("refused", { message: MESSAGES.nothingChanged(foreign) });
    }
    this.step("looking at what is cached");
    const cached = await this.readCached();
    if (!cached) {
      const left = await this.leftover();
      if (dryRun) return this.outcome("would-pull", { oldDigest: left?.digest ?? null });
      return { old: left };
    }

    this.step("asking the upstream");
    const answer = await askUpstream(this.target);
    const { found } = cached;
    const original = isProblem(found) ? undefined : originalOf(found)?.image;
    const image = original ?? found;
    const digest = original?.digest ?? cached.digest;
    if (!answer.ok && !force) {
      return this.outcome("refused", {
        oldDigest: digest,
        message: MESSAGES.upstreamProblem(answer.problem),
      });
    }
    const upstreamDigest = answer.ok ? answer.digest : undefined;
    const isCurrent = upstreamDigest === digest && !original && !force;
    if (isCurrent && (await this.isComplete(image))) {
      const note = dryRun ? {} : await this.clearUp();
      return this.outcome("unchanged", { oldDigest: digest, newDigest: digest, ...note });
    }
    if (dryRun) {
      return this.outcome("would-renew", {
        oldDigest: digest,
        newDigest: upstreamDigest ?? null,
        message: answer.ok ? null : answer.problem,
      });
    }
    if (isProblem(image)) return await this.removeUnkept(digest, image.problem);

    this.step(`keeping a copy of the cached image as ${this.rescueTag}`);
    const rescue = copyOf(image, this.id, "rescue");
    const problem = await this.tags.put(rescue, this.rescueTag);
    if (problem !== undefined) {
      // The call may have succeeded and its answer been lost.
      const left = await this.tags.deleteImages([rescue.digest]);
      return await this.removeUnkept(digest, problem, left && this.rescueTag);
    }
    return await this.removeTag({ digest, kept: { manifest: image, tag: this.rescueTag } });
  }

  /** The image that has the tag; undefined if there is none. */
  private async readCached(): Promise<
    { readonly digest: string; readonly found: Pulled } | undefined
  > {
    for (;;) {
      const current = await this.tags.find({ imageTag: this.tag });
      if (!current) return undefined;
      const digest = current.imageDigest ?? "";
      const found = await this.readManifest(digest);
      // Another refresh may have deleted its copy, which had the tag.
      if (!isProblem(found) || (await this.holder()) === digest) return { digest, found };
    }
  }

  /** Removes the tag from an image of which a copy is kept. */
  private async removeTag(
    old: Required<Pick<Old, "digest" | "kept">>,
  ): Promise<RefreshOutcome | { readonly old: Old }> {
    const { digest, kept } = old;
    const standIn = copyOf(kept.manifest, this.id, "stand-in");
    this.step("removing the tag");
    const problem =
      (await this.tags.put(standIn, this.tag)) ?? (await this.tags.deleteImages([standIn.digest]));
    if (problem === undefined) return { old };
    const holder = await this.holder();
    if (holder === null) return { old };
    if (holder === undefined) return this.rescued(old, MESSAGES.removalUnknown(problem));
    if (holder === standIn.digest) {
      const notRestored = await this.tags.put(kept.manifest, this.tag);
      if (notRestored !== undefined) {
        const failure = MESSAGES.notRestored(MESSAGES.onCopy(problem), notRestored);
        return this.rescued(old, failure);
      }
    }
    const rescue = copyOf(kept.manifest, this.id, "rescue");
    const left = await this.tags.deleteImages([rescue.digest, standIn.digest]);
    return this.outcome("refused", {
      oldDigest: digest,
      message: MESSAGES.tagNotRemoved(problem, left && MESSAGES.rescueTagLeft(kept.tag, left)),
      rescueTag: left === undefined ? null : kept.tag,
    });
  }

  /**
   * Removes the tag from an image that can't be kept, with `force` only: if it is the image's last one, ECR deletes the
   * image.
   *
   * @param left The rescue tag, which a copy may have nevertheless.
   */
  private async removeUnkept(
    digest: string,
    notKept: string,
    left?: string,
  ): Promise<RefreshOutcome | { readonly old: Old }> {
    const rescue = { oldDigest: digest, rescueTag: left ?? null };
    if (!this.options.force) {
      return this.outcome("refused", {
        ...rescue,
        message: MESSAGES.notKept(digest, notKept, left),
      });
    }
    this.options.onRisk?.(this.target, MESSAGES.risk(digest, notKept));
    this.step("removing the tag");
    const { problem, digest: removed = digest } = await this.tags.removeTag(this.tag);
    // Another refresh may have moved the tag before it was removed.
    const old: Old = { digest, atRisk: [...new Set([digest, removed])] };
    if (problem === undefined) return { old };
    const holder = await this.holder();
    if (holder === null) return { old };
    return holder === undefined
      ? this.outcome("lost", {
          ...rescue,
          message: MESSAGES.removalUnknownAndNotKept(problem, digest),
        })
      : this.outcome("refused", {
          ...rescue,
          message: MESSAGES.tagNotRemoved(problem, undefined),
        });
  }

  /** Everything after the tag was removed. */
  private async pullAgain(old: Old | undefined): Promise<RefreshOutcome> {
    this.step("pulling it again");
    const pulled = await retryUntil(
      () => this.pullOnce(),
      (result) => !isProblem(result) || !result.isTransient,
      this.options.retry,
    );
    if (!isProblem(pulled)) return await this.finish(old, pulled);
    // Somebody else's pull may have succeeded, or one of ours whose answer was lost.
    const holder = await this.holder();
    if (typeof holder === "string") {
      const image = await this.readManifest(holder);
      if (!isProblem(image) && !originalOf(image)) return await this.finish(old, image);
    }
    return await this.failed(old, pulled.problem);
  }

  private async pullOnce(): Promise<Pulled> {
    const { explain } = this.options;
    const pulled = await pullManifest(
      this.ecr,
      this.tags.repositoryName,
      { imageTag: this.tag },
      explain,
    );
    if (isProblem(pulled) || !originalOf(pulled)) return pulled;
    const problem = await this.tags.deleteImages([pulled.digest]);
    return { problem: problem ?? MESSAGES.otherRefresh, isTransient: true };
  }

  private async failed(old: Old | undefined, why: string): Promise<RefreshOutcome> {
    if (!old) return this.outcome("failed", { message: MESSAGES.notPulled(why) });
    const failure = MESSAGES.notPulledAgain(why);
    if (!old.kept) {
      const gone = await this.goneOf(old.atRisk ?? []);
      return gone.length > 0
        ? this.outcome("lost", {
            oldDigest: old.digest,
            message: MESSAGES.lost(failure, gone),
          })
        : this.outcome("rescued", {
            oldDigest: old.digest,
            message: MESSAGES.stillThere(failure, old.digest),
          });
    }
    this.step("restoring the old image's tag");
    const problem = await this.tags.put(old.kept.manifest, this.tag);
    if (problem !== undefined) return this.rescued(old, MESSAGES.notRestored(failure, problem));
    const { message: left, rescueTag } = await this.clearUp();
    return this.outcome("restored", {
      oldDigest: old.digest,
      newDigest: old.digest,
      message: MESSAGES.restored(failure, old.digest, left ?? undefined),
      rescueTag,
    });
  }

  private rescued({ digest, kept }: Old, failure: string): RefreshOutcome {
    const tag = kept?.tag ?? this.rescueTag;
    return this.outcome("rescued", {
      oldDigest: digest,
      message: MESSAGES.rescued(failure, digest, tag),
      rescueTag: tag,
    });
  }

  /** What is left to do once the tag is cached again. */
  private async finish(old: Old | undefined, pulled: PulledManifest): Promise<RefreshOutcome> {
    const { digest } = pulled;
    const missing = await this.missingFrom(pulled);
    const left = await this.clearUp();
    const gone = await this.goneOf((old?.atRisk ?? []).filter((one) => one !== digest));
    const isSame = old?.digest === digest;
    const mayDelete =
      this.options.deleteOld === true && !isSame && missing.length === 0 && left.rescueTag === null;
    const deletion: Deletion = { deleted: [], doubtful: [] };
    if (old?.kept && mayDelete) await this.deleteOld(old.kept.manifest, deletion);
    const { deleted, doubtful, problem } = deletion;
    const { message: note, rescueTag } =
      problem === undefined ? left : this.left(this.rescueTag, problem);
    const messages = [
      ...(gone.length > 0 ? [MESSAGES.gone(gone)] : []),
      ...(missing.length > 0 ? [MESSAGES.missing(missing.length)] : []),
      ...(note === null ? [] : [note]),
      ...(doubtful.length > 0 ? [MESSAGES.deletionUnknown(doubtful)] : []),
    ];
    const done = old ? (isSame ? "unchanged" : "renewed") : "pulled";
    return this.outcome(gone.length > 0 ? "lost" : done, {
      oldDigest: old?.digest ?? null,
      newDigest: digest,
      message: messages.length > 0 ? messages.join("; ") : null,
      rescueTag,
      missing,
      deleted,
    });
  }

  /** Deletes what has a rescue tag of this tag: the copy of this refresh, and what interrupted ones have left. */
  private async clearUp(): Promise<Pick<RefreshOutcome, "message" | "rescueTag">> {
    this.step("removing the rescue tag");
    let left: Pick<RefreshOutcome, "message" | "rescueTag"> | undefined;
    for (const { tag, digest } of await this.rescueTags()) {
      const problem = await this.removeRescueTag(tag, digest);
      if (problem !== undefined) left ??= this.left(tag, problem);
    }
    return left ?? { message: null, rescueTag: null };
  }

  private left(rescueTag: string, problem: string) {
    return { message: MESSAGES.rescueTagLeft(rescueTag, problem), rescueTag };
  }

  /** The rescue tags of the tag; where ECR does not list them, that of this refresh, if it may exist. */
  private async rescueTags(): Promise<
    readonly { readonly tag: string; readonly digest: string }[]
  > {
    try {
      return await this.tags.tagsThat((tag) => isRescueTagOf(tag, this.tag));
    } catch (error) {
      if (!isCallError(error)) throw error;
      const own = await this.holder(this.rescueTag);
      return own === null ? [] : [{ tag: this.rescueTag, digest: own ?? "" }];
    }
  }

  /** @returns What failed. */
  private async removeRescueTag(tag: string, digest: string): Promise<string | undefined> {
    const image = await this.readManifest(digest);
    if (isProblem(image)) {
      return (await this.holder(tag)) === null ? undefined : image.problem;
    }
    const copy = originalOf(image);
    // An image with a rescue tag is what an interrupted --delete-old left, or version 0.1.
    if (!copy) return await this.removeTagSafely(image, tag);
    const { image: original, refreshId } = copy;
    return await this.tags.deleteImages(
      (["rescue", "stand-in"] as const).map((role) => copyOf(original, refreshId, role).digest),
    );
  }

  /** Removes a tag from an image, which stays even without another tag. @returns What failed. */
  private async removeTagSafely(image: PulledManifest, tag: string): Promise<string | undefined> {
    const standIn = copyOf(image, this.id, "stand-in");
    return (await this.tags.put(standIn, tag)) ?? (await this.tags.deleteImages([standIn.digest]));
  }

  /** Deletes the old image and the images that it lists, except those with a tag or in another index. */
  private async deleteOld(old: PulledManifest, deletion: Deletion): Promise<void> {
    this.step("deleting the old image");
    await this.deleteUntagged(old, deletion);
    if (deletion.deleted.length === 0) return;
    for (const { digest } of parseManifest(old.manifest, old.mediaType).entries ?? []) {
      const image = await this.readManifest(digest);
      // One that remains only costs storage, until the lifecycle policy expires it.
      if (!isProblem(image)) await this.deleteUntagged(image, deletion);
    }
  }

  /**
   * Deletes an image if it has no tag. It gets the rescue tag, and that is removed: ECR deletes the image only if nobody
   * has given it another tag since.
   */
  private async deleteUntagged(image: PulledManifest, deletion: Deletion): Promise<void> {
    const tags = await this.tagsOf(image.digest);
    if (!tags || tags.length > 0) return;
    const notTagged = await this.tags.put(image, this.rescueTag);
    const { problem } =
      notTagged === undefined ? await this.tags.removeTag(this.rescueTag) : { problem: notTagged };
    if (problem !== undefined) {
      // Such as that the image is in another index. Or the answer was lost.
      const left = await this.removeTagSafely(image, this.rescueTag);
      if (left !== undefined) deletion.problem = left;
    }
    const now = await this.tagsOf(image.digest);
    if (now === null) deletion.deleted.push(image.digest);
    if (now === undefined) deletion.doubtful.push(image.digest);
  }

  private async isComplete(manifest: Pulled): Promise<boolean> {
    if (isProblem(manifest)) return false;
    const { entries = [] } = parseManifest(manifest.manifest, manifest.mediaType);
    if (entries.length === 0) return true;
    const digests = entries.map(({ digest }) => digest);
    return (await missingDigests(this.ecr, this.tags.repositoryName, digests)).length === 0;
  }

  /** The images that an index lists and ECR has not stored. ECR may still be storing them, so it is asked repeatedly. */
  private async missingFrom(pulled: PulledManifest): Promise<string[]> {
    const { entries = [] } = parseManifest(pulled.manifest, pulled.mediaType);
    if (entries.length === 0) return [];
    const digests = entries.map(({ digest }) => digest);
    try {
      return await retryUntil(
        () => missingDigests(this.ecr, this.tags.repositoryName, digests),
        (missing) => missing.length === 0,
        this.options.retry,
      );
    } catch (error) {
      // The refresh has succeeded, whether the answer is known or not.
      if (!isCallError(error)) throw error;
      return [];
    }
  }

  /** The digest of the image that has a tag; null if there is none, undefined if that is unknown. */
  private async holder(imageTag = this.tag): Promise<string | null | undefined> {
    try {
      return (await this.tags.find({ imageTag }))?.imageDigest ?? null;
    } catch (error) {
      if (!isCallError(error)) throw error;
      return undefined;
    }
  }

  /** Those of some images that are gone, or may be. */
  private async goneOf(digests: readonly string[]): Promise<string[]> {
    const gone: string[] = [];
    for (const digest of digests) if (!(await this.tagsOf(digest))) gone.push(digest);
    return gone;
  }

  /** The tags of an image; null if there is no such image, undefined if that is unknown. */
  private async tagsOf(imageDigest: string): Promise<readonly string[] | null | undefined> {
    try {
      const detail = await this.tags.find({ imageDigest });
      return detail ? (detail.imageTags ?? []) : null;
    } catch (error) {
      if (!isCallError(error)) throw error;
      return undefined;
    }
  }

  private readManifest(imageDigest: string): Promise<Pulled> {
    const { repositoryName } = this.tags;
    return pullManifest(this.ecr, repositoryName, { imageDigest }, this.options.explain);
  }

  /** The image of which an interrupted refresh of this tag left a copy under a rescue tag; of several, the newest. */
  private async leftover(): Promise<Old | undefined> {
    const found = await this.tags.tagsThat((tag) => isRescueTagOf(tag, this.tag));
    let newest: (typeof found)[number] | undefined;
    let newestTime = -1;
    for (const one of found) {
      const detail = await this.tags.find({ imageDigest: one.digest });
      const time = detail?.imagePushedAt?.getTime() ?? 0;
      if (time > newestTime) [newest, newestTime] = [one, time];
    }
    if (!newest) return undefined;
    const { tag } = newest;
    const image = await this.readManifest(newest.digest);
    if (isProblem(image)) return { digest: newest.digest };
    const manifest = originalOf(image)?.image ?? image;
    return { digest: manifest.digest, kept: { manifest, tag } };
  }

  private step(text: string): void {
    this.options.onStep?.(this.target, text);
  }

  private outcome(
    status: RefreshOutcome["status"],
    rest: Partial<Omit<RefreshOutcome, "image" | "repository" | "tag" | "status">>,
  ): RefreshOutcome {
    return {
      image: this.target.image,
      repository: this.tags.repositoryName,
      tag: this.tag,
      oldDigest: null,
      newDigest: null,
      message: null,
      rescueTag: null,
      missing: [],
      deleted: [],
      ...rest,
      status,
    };
  }
}

/** Whether an outcome is a failure. */
export function isFailure({ status }: Pick<RefreshOutcome, "status">): boolean {
  return ["refused", "failed", "restored", "rescued", "lost"].includes(status);
}
