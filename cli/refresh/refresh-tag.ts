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
import { RepositoryTags } from "./repository-tags";
import { isRescueTagOf, rescueTag } from "./rescue-tag";
import type { Target } from "../../registry/target";
import type { UpstreamAnswer } from "./distribution-api";

/*
 * The cached copy of a tag is renewed now, and not when ECR next compares it with the upstream, within 24 hours.
 *
 * ECR fetches a tag at a pull if it does not have it. So the tag has to go before it is pulled again; and with the last
 * of its tags ECR would delete the image. Since a pull can fail, that must not happen:
 *
 *   1. The upstream is asked for the tag. Where it does not answer, or answers with the image that is cached, nothing is
 *      done.
 *   2. The cached image gets a second tag, the rescue tag.
 *   3. Its own tag is taken off. The image stays, with all that it lists.
 *   4. The tag is pulled, several times if it must be.
 *   5. If it was pulled, the rescue tag is taken off. The old image stays without a tag, as after a comparison of ECR's
 *      own: who pulls it by its digest still gets it, until the lifecycle policy expires it.
 *      If not, the old image gets its tag back, and the rescue tag is taken off. If that fails too, the rescue tag stays,
 *      and the next refresh goes on from there.
 */

export interface RefreshOptions {
  /** Asks the upstream for a target's tag. */
  readonly askUpstream: (target: Target) => Promise<UpstreamAnswer>;
  readonly explain: ExplainError;
  /** Goes ahead although the upstream does not answer, has the same image, or the old one can't be kept meanwhile. */
  readonly force?: boolean;
  readonly dryRun?: boolean;
  /** Deletes the old image and what only it lists, if no other tag names it. */
  readonly deleteOld?: boolean;
  /** How the pull is retried while the upstream does not give the image. */
  readonly retry?: RetryPolicy;
  /** Told of each step of a target. */
  readonly onStep?: (target: Target, step: string) => void;
}

/** The image that had the tag, and how it is kept. */
interface Old {
  readonly digest: string;
  readonly otherTags: readonly string[];
  /** Absent where it could not be read or tagged, and `force` went on. */
  readonly kept?: { readonly manifest: PulledManifest; readonly tag: string };
}

/** Why the cached image has no rescue tag. */
interface NotKept {
  readonly problem: string;
  /** The rescue tag, which may be there all the same. */
  readonly left?: string;
}

/** Renews the cached copy of a target's tag. Whatever happens is in the outcome; only defects are thrown. */
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
        message: `${this.options.explain(error)}; nothing was changed`,
      });
    }
    try {
      return await this.pullAgain(old);
    } catch (error) {
      // A defect: what can be done for the tag is done before it is reported.
      if (old?.kept) await this.putBack(old.kept.manifest).catch(() => undefined);
      throw error;
    }
  }

  /** Everything up to the moment when the tag is gone. */
  private async prepare(): Promise<RefreshOutcome | { readonly old: Old | undefined }> {
    const { force = false, dryRun = false, askUpstream } = this.options;
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
        message: `${answer.problem}; nothing was changed (--force goes ahead all the same)`,
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
        message: `the cached image ${digest} can't be kept meanwhile (${kept.problem}); ${kept.left === undefined ? "nothing was changed" : `it may have the tag ${kept.left} now, and has its own`} (--force goes on without that)`,
        rescueTag: kept.left ?? null,
      });
    }
    const old: Old = { digest, otherTags, ...(!("problem" in kept) && { kept }) };
    return (await this.takeTagOff(old)) ?? { old };
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
    // The answer may have been lost, and not the call. The image still has its own tag.
    const notRemoved = await this.tags.remove({ imageTag: tag });
    return notRemoved === undefined ? { problem } : { problem, left: tag };
  }

  /** @returns An outcome if it went wrong. */
  private async takeTagOff(old: Old): Promise<RefreshOutcome | undefined> {
    this.step("taking the tag off");
    const problem = await this.tags.remove({ imageTag: this.tag });
    if (problem === undefined) return undefined;
    // Never take the rescue tag off an image that may have no other.
    const present = await this.isCached();
    if (present === false) return undefined;
    if (present === undefined) {
      const unknown = `whether the tag was taken off is not known (${problem})`;
      return old.kept
        ? this.rescued(old, unknown)
        : this.outcome("lost", {
            oldDigest: old.digest,
            message: `${unknown}, and --force went on although the old image ${old.digest} could not be kept. The way back: run the refresh again; if the image is gone, the next pull of the tag fetches it from the upstream`,
          });
    }
    const left = old.kept ? await this.dropTag(old.kept.tag) : undefined;
    return this.outcome("refused", {
      oldDigest: old.digest,
      message: [
        `the tag could not be taken off (${problem}); pulls get the old image as before`,
        ...(left === undefined ? [] : [left]),
      ].join("; "),
      rescueTag: left === undefined ? null : (old.kept?.tag ?? null),
    });
  }

  /** From the moment when the tag is gone. */
  private async pullAgain(old: Old | undefined): Promise<RefreshOutcome> {
    const { explain, retry } = this.options;
    this.step("pulling it again");
    const pulled = await retryUntil(
      () => pullManifest(this.ecr, this.tags.repositoryName, { imageTag: this.tag }, explain),
      (result) => !isProblem(result) || !result.isTransient,
      retry,
    );
    if (!isProblem(pulled)) return await this.finish(old, pulled.digest, pulled);
    // A pull of somebody else may have done it, or one of ours whose answer was lost.
    const present = await this.tags.find({ imageTag: this.tag }).catch(() => undefined);
    if (present) {
      const digest = present.imageDigest ?? "";
      return await this.finish(old, digest, await this.readManifest(digest));
    }
    return await this.failed(old, pulled.problem);
  }

  private async failed(old: Old | undefined, why: string): Promise<RefreshOutcome> {
    const problem = `could not be pulled again (${why})`;
    if (!old) {
      return this.outcome("failed", {
        message: `could not be pulled (${why}); it was not cached before`,
      });
    }
    if (!old.kept) {
      return old.otherTags.length > 0
        ? this.outcome("rescued", {
            oldDigest: old.digest,
            message: `${problem}; the old image ${old.digest} is still there under its other tags (${old.otherTags.join(", ")}). The way back: run the refresh again, or wait: the next pull of the tag fetches it from the upstream`,
          })
        : this.outcome("lost", {
            oldDigest: old.digest,
            message: `${problem}, and the old image ${old.digest} is gone: --force went on although it could not be kept. The way back: the next pull of the tag fetches it from the upstream; run ecr-cache warm until it succeeds`,
          });
    }
    this.step("putting the old image back");
    const putBack = await this.putBack(old.kept.manifest);
    if (putBack !== undefined) {
      return this.rescued(old, `${problem}, and the tag could not be put back (${putBack})`);
    }
    const left = await this.dropTag(old.kept.tag);
    return this.outcome("restored", {
      oldDigest: old.digest,
      newDigest: old.digest,
      message: `${problem}; the old image ${old.digest} has its tag back, and pulls get it as before${left === undefined ? "" : `; ${left}`}. The way on: run the refresh again when the upstream is well`,
      rescueTag: left === undefined ? null : old.kept.tag,
    });
  }

  private rescued(old: Old, problem: string): RefreshOutcome {
    return this.outcome("rescued", {
      oldDigest: old.digest,
      message: `${problem}; the old image ${old.digest} is safe under the tag ${old.kept?.tag}. The way back: run the refresh again, which pulls the tag or puts the old image back under it`,
      rescueTag: old.kept?.tag ?? null,
    });
  }

  /** What is left to do when the tag is there again. */
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
      ...(missing.length > 0
        ? [
            `ECR has not stored ${missing.length} of the images that the index lists: pulls for their platforms fail. Run the refresh again with --force`,
          ]
        : []),
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

  /** Takes the rescue tag off, in such a way that ECR does not delete the image that has no other. */
  private async release(
    old: Old,
    newDigest: string,
    pulled: Pulled,
    mayDelete: boolean,
  ): Promise<{ note?: string; kept: string | null; deleted: readonly string[] }> {
    const { kept } = old;
    if (!kept) return { kept: null, deleted: [] };
    this.step("taking the rescue tag off");
    if (old.digest === newDigest || old.otherTags.length > 0) {
      return this.dropped(await this.dropTag(kept.tag), kept.tag);
    }
    if (this.options.deleteOld && mayDelete) {
      const problem = await this.dropTag(kept.tag);
      if (problem !== undefined) return this.dropped(problem, kept.tag);
      return { kept: null, deleted: [old.digest, ...(await this.deleteChildren(kept.manifest))] };
    }
    // With its last tag the image would go. The tag is moved to the new image, which has another.
    const moved = isProblem(pulled) ? pulled.problem : await this.tags.put(pulled, kept.tag);
    if (moved !== undefined) {
      return {
        note: `the old image keeps the tag ${kept.tag}, which could not be moved (${moved}); delete it when nobody needs that image`,
        kept: kept.tag,
        deleted: [],
      };
    }
    return this.dropped(await this.dropTag(kept.tag), kept.tag);
  }

  private dropped(note: string | undefined, tag: string) {
    return note === undefined ? { kept: null, deleted: [] } : { note, kept: tag, deleted: [] };
  }

  /** Deletes what a deleted index listed, except what has a tag or is listed by another index. */
  private async deleteChildren({ manifest, mediaType }: PulledManifest): Promise<string[]> {
    const children = (parseManifest(manifest, mediaType).entries ?? []).map(({ digest }) => digest);
    const deleted: string[] = [];
    for (const digest of children) {
      // One that stays costs storage until the lifecycle policy expires it, and nothing else.
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

  /** What an index lists and ECR does not hold; it may still be storing it, so it is asked more than once. */
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
      // Not to know is no reason to give up what has been achieved.
      if (!isCallError(error)) throw error;
      return [];
    }
  }

  /** Gives the old image its tag back. @returns What went wrong. */
  private putBack(manifest: PulledManifest): Promise<string | undefined> {
    return this.tags.put(manifest, this.tag);
  }

  /** Takes a rescue tag off an image that has another tag. @returns What went wrong. */
  private async dropTag(tag: string): Promise<string | undefined> {
    const problem = await this.tags.remove({ imageTag: tag });
    return (
      problem &&
      `the tag ${tag} could not be taken off (${problem}); it does no harm, and may be deleted`
    );
  }

  /** Whether the tag is cached; undefined if ECR does not say. */
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

  /** An image that an interrupted refresh of this tag has left under a rescue tag. */
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
