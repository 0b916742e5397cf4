const joined = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join("; ");

const REFRESH_AGAIN = "To recover, run the refresh again";

/** What a refresh says to its user, by what happened. `problem` is the message of the call that failed. */
export const MESSAGES = {
  nothingChanged: (problem: string) => `${problem}; nothing was changed`,
  upstreamProblem: (problem: string) =>
    `${problem}; nothing was changed (--force continues anyway)`,
  /** @param left The rescue tag, which a copy of the image may have. */
  notKept: (digest: string, problem: string, left: string | undefined) =>
    joined(
      `the cached image ${digest} can't be kept during the pull (${problem})`,
      `${left === undefined ? "nothing was changed" : `it still has its tag, and a copy of it may have the tag ${left}`} (--force continues without keeping it)`,
    ),
  /** With `--force` only. */
  risk: (digest: string, problem: string) =>
    `the cached image ${digest} can't be kept during the pull (${problem}); with --force, its tag is removed now, and ECR deletes the image if it has no other tag`,

  tagNotRemoved: (problem: string, rescueTagProblem: string | undefined) =>
    joined(
      `the tag could not be removed (${problem})`,
      "pulls still get the cached image",
      rescueTagProblem,
    ),
  onCopy: (problem: string) => `the tag names a copy, which could not be deleted (${problem})`,
  otherRefresh: "another refresh of the tag is in progress",
  removalUnknown: (problem: string) => `it is unknown whether the tag was removed (${problem})`,
  /** With `--force` only. */
  removalUnknownAndNotKept: (problem: string, digest: string) =>
    `${MESSAGES.removalUnknown(problem)}, and the old image ${digest} could not be kept (--force). ${REFRESH_AGAIN}; if the image is gone, the next pull of the tag fetches it from the upstream`,

  notPulled: (problem: string) => `could not be pulled (${problem}); it was not cached before`,
  notPulledAgain: (problem: string) => `could not be pulled again (${problem})`,
  notRestored: (failure: string, problem: string) =>
    `${failure}, and the tag could not be restored (${problem})`,
  restored: (failure: string, digest: string, rescueTagProblem: string | undefined) =>
    `${joined(
      failure,
      `the old image ${digest} has its tag back, and pulls get it as before`,
      rescueTagProblem,
    )}. Run the refresh again when the upstream works`,
  rescued: (failure: string, digest: string, tag: string) =>
    `${failure}; the old image ${digest} is safe, and a copy of it has the tag ${tag}. ${REFRESH_AGAIN}: it pulls the tag, or gives it back to the old image`,
  /** With `--force` only. */
  stillThere: (failure: string, digest: string) =>
    `${failure}; the old image ${digest} is still there. ${REFRESH_AGAIN}, or wait: the next pull of the tag fetches it from the upstream`,
  /** With `--force` only. */
  lost: (failure: string, digests: readonly string[]) =>
    `${failure}, and ${MESSAGES.gone(digests)}. To recover, run ecr-cache warm until it succeeds: a pull of the tag fetches it from the upstream`,
  /** With `--force` only. */
  gone: (digests: readonly string[]) =>
    `the image ${digests.join(" and the image ")} may be gone, because it could not be kept (--force)`,

  missing: (count: number) =>
    `ECR has not stored ${count} of the images that the index lists: pulls for their platforms fail. Run the refresh again with --force`,
  deletionUnknown: (digests: readonly string[]) =>
    `it is unknown whether ${digests.join(" and ")} was deleted (--delete-old)`,
  rescueTagLeft: (tag: string, problem: string) =>
    `the tag ${tag} could not be removed (${problem}); it does no harm, and the next refresh removes it`,
} as const;
