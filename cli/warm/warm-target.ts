import type { ECRClient } from "@aws-sdk/client-ecr";
import { isCallError } from "../../registry/aws/errors";
import { imageReferrers } from "../../registry/referrers";
import { retryUntil, type RetryPolicy } from "../../registry/aws/retry-until";
import { parseManifest } from "../../registry/manifest";
import {
  type ExplainError,
  isProblem,
  type Pulled,
  type PulledManifest,
  pullManifest,
} from "../../registry/pull";
import type { Ownership } from "../../registry/ownership";
import { ownerProblem, type Target } from "../../registry/target";
import type { WarmOutcome as WarmRow } from "./json";

/*
 * Pulls an image through the cache once, so that later pulls find it there: before a deployment, for nodes that have no
 * way to the upstream, and for references by digest, whose first pull fails.
 */

/** What became of an image in a region. */
export type WarmOutcome = Omit<WarmRow, "region">;

export interface WarmOptions {
  readonly explain: ExplainError;
  /** Whose the repositories are, also by the rules that exist. */
  readonly ownership: Ownership;
  /** `os/architecture[/variant]`; without a variant, any. Default: none is asked for. */
  readonly platforms?: readonly string[];
  /** Whether signatures, SBOMs and the like are brought into the cache, too. Default: false. */
  readonly referrers?: boolean;
  /** How a pull is retried while the upstream does not give the image. */
  readonly retry?: RetryPolicy;
}

/** ECR fetches an image by its tag only: https://github.com/aws/containers-roadmap/issues/2837 */
const BY_DIGEST = "ECR does not fetch an image by its digest (aws/containers-roadmap#2837)";

class Warming {
  constructor(
    private readonly ecr: ECRClient,
    private readonly target: Target,
    private readonly options: WarmOptions,
  ) {}

  async run(): Promise<WarmOutcome> {
    const { digest } = this.target;
    // Without a digest, a name without a tag means this one.
    const tag = this.target.tag ?? (digest === undefined ? "latest" : undefined);
    const foreign = ownerProblem(this.target, this.options.ownership);
    if (foreign !== undefined) return this.failed(tag, foreign);
    const byTag = tag === undefined ? undefined : await this.pull({ imageTag: tag });
    if (byTag && isProblem(byTag)) return this.failed(tag, byTag.problem);
    if (digest === undefined || byTag?.digest === digest)
      return await this.withPlatforms(tag, byTag!);

    // What the tag's index lists, ECR may still be storing; for anything else there is nothing to wait for.
    const isListed =
      byTag !== undefined &&
      parseManifest(byTag.manifest, byTag.mediaType).entries?.some((one) => one.digest === digest);
    const pinned = await this.pull({ imageDigest: digest }, isListed ? {} : { attempts: 1 });
    if (!isProblem(pinned)) return await this.withPlatforms(tag, pinned);
    return this.failed(
      tag,
      byTag
        ? `the upstream's ${tag} is ${byTag.digest} now, and ${digest} is not in the cache: ${BY_DIGEST}; pin the digest that the tag has now`
        : `${digest} is not in the cache: ${BY_DIGEST}; add its tag, as in ${this.target.repository}:TAG@sha256:…`,
    );
  }

  private pull(
    id: { readonly imageTag: string } | { readonly imageDigest: string },
    retry: Pick<RetryPolicy, "attempts"> = {},
  ): Promise<Pulled> {
    return retryUntil(
      () => pullManifest(this.ecr, this.target.repository, { ...id }, this.options.explain),
      (result) => !isProblem(result) || !result.isTransient,
      { ...this.options.retry, ...retry },
    );
  }

  private async withPlatforms(
    tag: string | undefined,
    { digest, manifest, mediaType }: PulledManifest,
  ): Promise<WarmOutcome> {
    const { platforms: wanted = [] } = this.options;
    const { entries } = parseManifest(manifest, mediaType);
    if (wanted.length === 0) return this.outcome(tag, { digest, status: "cached" });
    if (!entries) {
      return this.outcome(tag, {
        digest,
        status: "cached",
        platforms: wanted.map((platform) => ({ platform, digest: null })),
        message: "it is a single image, not an index, and its manifest does not name its platform",
      });
    }

    const platforms: WarmOutcome["platforms"][number][] = [];
    const problems: string[] = [];
    for (const platform of wanted) {
      const entry = entries.find(
        (one) => one.platform === platform || one.platform?.startsWith(`${platform}/`),
      );
      if (!entry) {
        const available = entries.flatMap((one) => one.platform ?? []).join(", ");
        problems.push(`the index has no ${platform}, only ${available}`);
        platforms.push({ platform, digest: null });
        continue;
      }
      // ECR may still be storing it.
      const pulled = await this.pull({ imageDigest: entry.digest });
      if (isProblem(pulled)) problems.push(`${platform}: ${pulled.problem}`);
      platforms.push({ platform, digest: isProblem(pulled) ? null : entry.digest });
    }
    return this.outcome(tag, {
      digest,
      status: problems.length > 0 ? "failed" : "cached",
      platforms,
      message: problems.length > 0 ? problems.join("; ") : null,
    });
  }

  private failed(tag: string | undefined, message: string): WarmOutcome {
    return this.outcome(tag, { status: "failed", message });
  }

  private outcome(
    tag: string | undefined,
    rest: Partial<WarmOutcome> & Pick<WarmOutcome, "status">,
  ): WarmOutcome {
    const { image, repository } = this.target;
    return {
      image,
      repository,
      tag: tag ?? null,
      digest: null,
      platforms: [],
      message: null,
      ...rest,
    };
  }
}

/** Adds what refers to an image that is cached, and to those for its platforms. */
async function withReferrers(
  ecr: ECRClient,
  outcome: WarmOutcome,
  explain: ExplainError,
): Promise<WarmOutcome> {
  const { repository, digest, platforms, message } = outcome;
  const subjects = [digest, ...platforms.map((one) => one.digest)].filter((one) => one !== null);
  if (outcome.status === "failed" || subjects.length === 0) return outcome;
  try {
    const referrers = [];
    for (const subject of new Set(subjects)) {
      referrers.push(...(await imageReferrers(ecr, repository, subject)));
    }
    return { ...outcome, referrers };
  } catch (error) {
    if (!isCallError(error)) throw error;
    const problem = `its referrers: ${explain(error)}`;
    return {
      ...outcome,
      status: "failed",
      message: message === null ? problem : `${message}; ${problem}`,
    };
  }
}

/** Pulls a target through the cache. A failure is an outcome. */
export async function warmTarget(
  ecr: ECRClient,
  target: Target,
  options: WarmOptions,
): Promise<WarmOutcome> {
  const outcome = await new Warming(ecr, target, options).run();
  return options.referrers ? withReferrers(ecr, outcome, options.explain) : outcome;
}
