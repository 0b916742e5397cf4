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
import type { RefreshOutcome } from "./json";
import { MESSAGES } from "./messages";
import { RepositoryTags } from "./repository-tags";
import { isRescueTagOf, rescueTag } from "./rescue-tag";
import type { Ownership } from "../../registry/ownership";
import { ownerProblem, type Target } from "../../registry/target";
import type { UpstreamAnswer } from "../../registry/upstream/distribution-api";

/*
 * The cached copy of a tag is renewed now, instead of when ECR next compares it with the upstream, up to 24 hours later.
 *
 * ECR fetches a tag at a pull if it does not have it. So the tag must be removed before it is pulled again; but ECR deletes
 * an image with its last tag, and the pull may fail. To keep the image:
 *
 *   1. The upstream is asked for the tag. If it does not answer, or answers with the image that is cached, nothing is
 *      changed.
 *   2. The cached image gets a second tag, the rescue tag.
 *   3. Its own tag is removed. The image stays, with all that it lists.
 *   4. The tag is pulled, several times if necessary.
 *   5. If that succeeds, the rescue tag is removed. The old image stays without a tag, as after ECR's own refresh: pulls by
 *      its digest still find it, until the lifecycle policy expires it.
 *      If not, the old image gets its tag back, and the rescue tag is removed. If that fails too, the rescue tag stays, and
 *      the next refresh continues from there.
 */

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
}

/** The image that had the tag, and how it is kept. */
interface Old {
  readonly digest: string;
  readonly otherTags: readonly string[];
  /** Absent if it could not be read or tagged, and `force` continued. */
  readonly kept?: { readonly manifest: PulledManifest; readonly tag: string };
}

/** Why the cached image has no rescue tag. */
interface NotKept {
  readonly problem: string;
  /** The rescue tag, which the image may have nevertheless. */
  readonly left?: string;
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
  private readonly tag: string;
  private readonly tags: RepositoryTags;

  constructor(
    private readonly ecr: ECRClient,
    private readonly target: Target & { readonly tag: string },
    private readonly options: RefreshOptions,
  ) {
    this.tag = target.tag;
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
      if (old?.kept) await this.restoreTag(old.kept.manifest).catch(() => undefined);
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
    const current = await this.tags.find({ imageTag: this.tag });
    if (!current) {
      const left = await this.leftover();
      if (dryRun) return this.outcome("would-pull", { oldDigest: left?.digest ?? null });
      return { old: left };
    }

    const digest = current.imageDigest ?? "";
    this.step("asking the upstream");
    const answer = await askUpstream(this.target);
    if (!answer.ok && !force) {
      return this.outcome("refused", {
        oldDigest: digest,
        message: MESSAGES.upstreamProblem(answer.problem),
      });
    }
    const upstreamDigest = answer.ok ? answer.digest : undefined;
    const manifest = await this.readManifest(digest);
    if (upstreamDigest === digest && !force && (await this.isComplete(manifest))) {
      return this.outcome("unchanged", { oldDigest: digest, newDigest: digest });
    }
    if (dryRun) {
      return this.outcome("would-renew", {
        oldDigest: digest,
        newDigest: upstreamDigest ?? null,
        message: answer.ok ? null : answer.problem,
      });
    }

    const otherTags = (current.imageTags ?? []).filter((other) => other !== this.tag);
    const kept = await this.keep(digest, manifest);
    if ("problem" in kept && !force) {
      return this.outcome("refused", {
        oldDigest: digest,
        message: MESSAGES.notKept(digest, kept.problem, kept.left),
        rescueTag: kept.left ?? null,
      });
    }
    const old: Old = { digest, otherTags, ...(!("problem" in kept) && { kept }) };
    return (await this.removeTag(old)) ?? { old };
  }

  /** Gives the cached image its rescue tag. */
  private async keep(
    digest: string,
    manifest: Pulled,
  ): Promise<NotKept | NonNullable<Old["kept"]>> {
    if (isProblem(manifest)) return { problem: manifest.problem };
    const tag = rescueTag(this.tag, digest);
    this.step(`tagging the cached image ${tag}`);
    const problem = await this.tags.put(manifest, tag);
    if (problem === undefined) return { manifest, tag };
    // The call may have succeeded and its answer been lost. The image still has its own tag.
    const notRemoved = await this.tags.remove({ imageTag: tag });
    return notRemoved === undefined ? { problem } : { problem, left: tag };
  }

  /** @returns An outcome if it failed. */
  private async removeTag(old: Old): Promise<RefreshOutcome | undefined> {
    this.step("removing the tag");
    const problem = await this.tags.remove({ imageTag: this.tag });
    if (problem === undefined) return undefined;
    // Never remove the rescue tag of an image that may have no other.
    const present = await this.isCached();
    if (present === false) return undefined;
    if (present === undefined) {
      return old.kept
        ? this.rescued(old, old.kept.tag, MESSAGES.removalUnknown(problem))
        : this.outcome("lost", {
            oldDigest: old.digest,
            message: MESSAGES.removalUnknownAndNotKept(problem, old.digest),
          });
    }
    const left = old.kept ? await this.removeRescueTag(old.kept.tag) : undefined;
    return this.outcome("refused", {
      oldDigest: old.digest,
      message: MESSAGES.tagNotRemoved(problem, left),
      rescueTag: left === undefined ? null : (old.kept?.tag ?? null),
    });
  }

  /** Everything after the tag was removed. */
  private async pullAgain(old: Old | undefined): Promise<RefreshOutcome> {
    const { explain, retry } = this.options;
    this.step("pulling it again");
    const pulled = await retryUntil(
      () => pullManifest(this.ecr, this.tags.repositoryName, { imageTag: this.tag }, explain),
      (result) => !isProblem(result) || !result.isTransient,
      retry,
    );
    if (!isProblem(pulled)) return await this.finish(old, pulled.digest, pulled);
    // Somebody else's pull may have succeeded, or one of ours whose answer was lost.
    const present = await this.tags.find({ imageTag: this.tag }).catch(() => undefined);
    if (present) {
      const digest = present.imageDigest ?? "";
      return await this.finish(old, digest, await this.readManifest(digest));
    }
    return await this.failed(old, pulled.problem);
  }

  private async failed(old: Old | undefined, why: string): Promise<RefreshOutcome> {
    if (!old) return this.outcome("failed", { message: MESSAGES.notPulled(why) });
    const failure = MESSAGES.notPulledAgain(why);
    if (!old.kept) {
      return old.otherTags.length > 0
        ? this.outcome("rescued", {
            oldDigest: old.digest,
            message: MESSAGES.underOtherTags(failure, old.digest, old.otherTags),
          })
        : this.outcome("lost", {
            oldDigest: old.digest,
            message: MESSAGES.lost(failure, old.digest),
          });
    }
    this.step("restoring the old image's tag");
    const problem = await this.restoreTag(old.kept.manifest);
    if (problem !== undefined) {
      return this.rescued(old, old.kept.tag, MESSAGES.notRestored(failure, problem));
    }
    const left = await this.removeRescueTag(old.kept.tag);
    return this.outcome("restored", {
      oldDigest: old.digest,
      newDigest: old.digest,
      message: MESSAGES.restored(failure, old.digest, left),
      rescueTag: left === undefined ? null : old.kept.tag,
    });
  }

  private rescued({ digest }: Old, tag: string, failure: string): RefreshOutcome {
    return this.outcome("rescued", {
      oldDigest: digest,
      message: MESSAGES.rescued(failure, digest, tag),
      rescueTag: tag,
    });
  }

  /** What is left to do once the tag is cached again. */
  private async finish(
    old: Old | undefined,
    digest: string,
    pulled: Pulled,
  ): Promise<RefreshOutcome> {
    const missing = isProblem(pulled) ? [] : await this.missingFrom(pulled);
    const isSame = old?.digest === digest;
    const { note, kept, deleted } = old
      ? await this.release(old, digest, pulled, missing.length === 0)
      : { note: undefined, kept: null, deleted: [] };
    const messages = [
      ...(missing.length > 0 ? [MESSAGES.missing(missing.length)] : []),
      ...(note === undefined ? [] : [note]),
    ];
    return this.outcome(old ? (isSame ? "unchanged" : "renewed") : "pulled", {
      oldDigest: old?.digest ?? null,
      newDigest: digest,
      message: messages.length > 0 ? messages.join("; ") : null,
      rescueTag: kept,
      missing,
      deleted,
    });
  }

  /** Removes the rescue tag without ECR deleting an image that has no other. */
  private async release(
    old: Old,
    newDigest: string,
    pulled: Pulled,
    mayDelete: boolean,
  ): Promise<{ note?: string; kept: string | null; deleted: readonly string[] }> {
    const { kept } = old;
    if (!kept) return { kept: null, deleted: [] };
    this.step("removing the rescue tag");
    if (old.digest === newDigest || old.otherTags.length > 0) {
      return this.dropped(await this.removeRescueTag(kept.tag), kept.tag);
    }
    if (this.options.deleteOld && mayDelete) {
      const problem = await this.removeRescueTag(kept.tag);
      if (problem !== undefined) return this.dropped(problem, kept.tag);
      return { kept: null, deleted: [old.digest, ...(await this.deleteChildren(kept.manifest))] };
    }
    // ECR deletes an image with its last tag, so the tag is moved to the new image, which has another.
    const moved = isProblem(pulled) ? pulled.problem : await this.tags.put(pulled, kept.tag);
    if (moved !== undefined) {
      return {
        note: MESSAGES.rescueTagNotMoved(kept.tag, moved),
        kept: kept.tag,
        deleted: [],
      };
    }
    return this.dropped(await this.removeRescueTag(kept.tag), kept.tag);
  }

  private dropped(note: string | undefined, tag: string) {
    return note === undefined ? { kept: null, deleted: [] } : { note, kept: tag, deleted: [] };
  }

  /** Deletes the images that a deleted index listed, except those with a tag or in another index. */
  private async deleteChildren({ manifest, mediaType }: PulledManifest): Promise<string[]> {
    const children = (parseManifest(manifest, mediaType).entries ?? []).map(({ digest }) => digest);
    const deleted: string[] = [];
    for (const digest of children) {
      // One that remains only costs storage, until the lifecycle policy expires it.
      const detail = await this.tags.find({ imageDigest: digest }).catch(() => undefined);
      if (!detail || (detail.imageTags ?? []).length > 0) continue;
      if ((await this.tags.remove({ imageDigest: digest })) === undefined) deleted.push(digest);
    }
    return deleted;
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

  /** Gives the old image its tag back. @returns What failed. */
  private restoreTag(manifest: PulledManifest): Promise<string | undefined> {
    return this.tags.put(manifest, this.tag);
  }

  /** Removes the rescue tag of an image that has another tag. @returns What failed. */
  private async removeRescueTag(tag: string): Promise<string | undefined> {
    const problem = await this.tags.remove({ imageTag: tag });
    return problem && MESSAGES.rescueTagNotRemoved(tag, problem);
  }

  /** Whether the tag is cached; undefined if that is unknown. */
  private async isCached(): Promise<boolean | undefined> {
    try {
      return (await this.tags.find({ imageTag: this.tag })) !== undefined;
    } catch (error) {
      if (!isCallError(error)) throw error;
      return undefined;
    }
  }

  private readManifest(imageDigest: string): Promise<Pulled> {
    const { repositoryName } = this.tags;
    return pullManifest(this.ecr, repositoryName, { imageDigest }, this.options.explain);
  }

  /** An image that an interrupted refresh of this tag left under a rescue tag. */
  private async leftover(): Promise<Old | undefined> {
    const found = await this.tags.findTag((tag) => isRescueTagOf(tag, this.tag));
    if (!found) return undefined;
    const { digest, tag } = found;
    const detail = await this.tags.find({ imageDigest: digest });
    const manifest = await this.readManifest(digest);
    return {
      digest,
      otherTags: (detail?.imageTags ?? []).filter((other) => other !== tag),
      ...(!isProblem(manifest) && { kept: { manifest, tag } }),
    };
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
export function isFailure({ status }: RefreshOutcome): boolean {
  return ["refused", "failed", "restored", "rescued", "lost"].includes(status);
}
