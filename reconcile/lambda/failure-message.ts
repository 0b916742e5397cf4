import { ROOT } from "../../ecr/prefix";
import { type UpstreamName, upstreamNames, upstreamOf } from "../../ecr/upstreams";
import type { PullThroughCacheEvent } from "./events";

/** A notification as Amazon SNS takes it. */
export interface Notification {
  /** At most 100 printable ASCII characters (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html). */
  readonly subject: string;
  readonly message: string;
}

const MAX_SUBJECT_LENGTH = 100;

/** What a failure comes down to for whoever has to act on it. */
interface Meaning {
  /** Two or three words for the subject. */
  readonly title: string;
  /** Matched with the failure's code first, and with its reason if no code matches. */
  readonly pattern: RegExp;
  readonly means: string;
  readonly toDo: (failure: Failure) => string;
}

/** What the advice about a failure depends on. */
export interface Failure {
  readonly environment: string;
  readonly prefix: string;
  /** Undefined for one that this project does not know. */
  readonly upstream: UpstreamName | undefined;
}

function secretName({ prefix }: Failure): string {
  return `ecr-pullthroughcache/${prefix}`;
}

function titleOf(upstream: UpstreamName | undefined): string {
  return upstream ? upstreamOf(upstream).title : "the upstream";
}

/** One that is not known may need one: the advice to check it does no harm. */
function needsCredential(upstream: UpstreamName | undefined): boolean {
  return upstream === undefined || upstreamOf(upstream).credential === "required";
}

/*
 * AWS publishes no list of failure codes, so they are read as people would: by the words in them. The order matters,
 * since an unreadable secret is also an access denied.
 */
const MEANINGS: readonly Meaning[] = [
  {
    title: "secret unreadable",
    pattern: /secret|decrypt/i,
    means: "ECR could not read the secret that holds the credential for the upstream.",
    toDo: (failure) =>
      `Check that the secret of the rule (${secretName(failure)}, unless the environment names another) exists in this region, holds "username" and "accessToken", and is encrypted with the default key aws/secretsmanager: ECR reads no other.`,
  },
  {
    title: "too many requests",
    pattern: /too.?many|rate.?(limit|exceed)|throttl|\b429\b/i,
    means: "The upstream's rate limit for the account that ECR pulls with is used up.",
    toDo: ({ upstream }) =>
      needsCredential(upstream)
        ? "Nothing is lost: ECR tries again with the next pull. If it keeps happening, raise the limit of that account, or see who else uses the same credential. Official images of Docker Hub are also on ECR Public (docker/library/…), without its limit."
        : "Nothing is lost: ECR tries again with the next pull. ECR pulls here without a credential, so the limit is not this account's alone.",
  },
  {
    title: "access denied",
    pattern: /denied|unauthori[sz]ed|forbidden|authenticat|authori[sz]ation|credential|\b40[13]\b/i,
    means:
      "The upstream refused ECR: a credential that expired or was revoked, or one that may not read this image.",
    toDo: ({ upstream, environment }) => {
      if (upstream === "ecr") {
        return "Check that the upstream account's repository policy still lets this account in, and that the rule's role still exists (docs/upstreams.md).";
      }
      if (!needsCredential(upstream)) {
        return `ECR pulls from ${titleOf(upstream)} without a credential: the image is private there, or does not exist.`;
      }
      const { tokenName = "token", documentation } = upstream ? upstreamOf(upstream) : {};
      return `Rotate the credential: make a new ${tokenName}${documentation ? ` (${documentation})` : ""}, raise credential.version of the rule by one and deploy ${environment}-credentials with it; or, if the environment names a secret of its own, put the token there. If other images of this upstream still work, the credential may not read this one, or the image's name is wrong: Docker Hub answers so for official images without "library/".`;
    },
  },
  {
    title: "not found",
    pattern: /not.?found|(manifest|name).?unknown|(does|do) not exist|no such|\b404\b/i,
    means: "The upstream has no such image or tag, or has it no more.",
    toDo: () =>
      'Correct the name where it is pulled; official images of Docker Hub need "library/". What was cached before stays until the lifecycle policy expires it.',
  },
  {
    title: "limit reached",
    pattern: /limit.?exceeded|quota/i,
    means: "A quota of ECR is used up, such as that of images in a repository or of repositories.",
    toDo: () =>
      "Have the quota raised (Service Quotas, Amazon ECR), or let the lifecycle policy keep fewer images.",
  },
  {
    title: "repository not made",
    pattern: /template|create.?repository|kms|encrypt|role/i,
    means: "ECR could not make the repository by its creation template.",
    toDo: ({ environment }) =>
      `Check that the role and the KMS key that the template names still exist and let ECR use them; deploy ${environment} again if they were changed by hand.`,
  },
  {
    title: "upstream unavailable",
    pattern: /unavailable|time.?d?.?out|internal|server.?error|connect|network|\b5\d\d\b/i,
    means: "The upstream did not answer, or answered with an error of its own.",
    toDo: ({ upstream }) =>
      `Nothing to do but wait, unless it lasts: see the status page of ${titleOf(upstream)}. ECR tries again with the next pull.`,
  },
];

const UNKNOWN: Omit<Meaning, "pattern"> = {
  title: "unknown failure",
  means: "This project does not know the code. The reason above is ECR's own.",
  toDo: () =>
    "See https://docs.aws.amazon.com/AmazonECR/latest/userguide/error-pullthroughcache.html for what ECR reports.",
};

function meaningOf(code: string, reason: string): Omit<Meaning, "pattern"> {
  const find = (text: string) => MEANINGS.find(({ pattern }) => pattern.test(text));
  return find(code) ?? find(reason) ?? UNKNOWN;
}

/** A failure in two or three words, in a sentence, and what to do about it. */
export interface Explanation {
  readonly title: string;
  readonly means: string;
  readonly toDo: string;
}

/** What a failure comes down to, by the code and the reason that ECR gives. */
export function explainFailure(code: string, reason: string, failure: Failure): Explanation {
  const { title, means, toDo } = meaningOf(code, reason);
  return { title, means, toDo: toDo(failure) };
}

function upstreamByUrl(url: string): UpstreamName | undefined {
  return upstreamNames.find((name) => {
    const upstream = upstreamOf(name);
    return upstream.url === url || upstream.registryPattern?.test(url) === true;
  });
}

function formatImage(detail: PullThroughCacheEvent["detail"]): string {
  const { "repository-name": repository, "image-tag": tag, "image-digest": digest } = detail;
  return `${repository}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
}

/** Printable ASCII on one line, cut to what SNS takes. */
function asSubject(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]+/g, " ").trim();
  return printable.length <= MAX_SUBJECT_LENGTH
    ? printable
    : `${printable.slice(0, MAX_SUBJECT_LENGTH - 3)}...`;
}

/** What failures have in common that one message is enough for. */
export function causeOf({ detail }: PullThroughCacheEvent): string {
  return [
    prefixOf(detail),
    meaningOf(detail["failure-code"] ?? "", detail["failure-reason"] ?? "").title,
  ].join(": ");
}

/** The prefix of the rule that an image was pulled by. */
export function prefixOf(detail: PullThroughCacheEvent["detail"]): string {
  return detail["ecr-repository-prefix"] ?? ROOT;
}

/**
 * The message for a pull through the cache that did not succeed: which image, from where, what the failure means and
 * what to do about it.
 *
 * @param environment The environment's name.
 * @param heldBack How many failures of the same cause there were since the last message about it.
 */
export function failureNotification(
  event: PullThroughCacheEvent,
  environment: string,
  heldBack = 0,
): Notification {
  const { detail, account, region, time } = event;
  const url = detail["upstream-registry-url"] ?? "";
  const upstream = upstreamByUrl(url);
  const code = detail["failure-code"] ?? "";
  const reason = detail["failure-reason"] ?? "";
  const meaning = explainFailure(code, reason, {
    environment,
    prefix: prefixOf(detail),
    upstream,
  });
  const repository = detail["repository-name"];
  const shortImage = `${repository}${detail["image-tag"] ? `:${detail["image-tag"]}` : ""}`;

  return {
    subject: asSubject(`ECR cache ${environment}: ${meaning.title}: ${shortImage}`),
    message: [
      "A pull through the cache did not succeed. What is in the cache already is still served, as it was last synced.",
      "",
      `Image:       ${formatImage(detail)}`,
      `Upstream:    ${upstream ? `${titleOf(upstream)} (${url})` : url || "not said"}`,
      `Environment: ${environment}, account ${account}, ${region}`,
      `Time:        ${time}`,
      `Failure:     ${[code || "no code", reason || "no reason given"].join(": ")} (status ${detail["sync-status"]})`,
      "",
      `What it means: ${meaning.means}`,
      `What to do:    ${meaning.toDo}`,
      "",
      ...(heldBack > 0
        ? [`Since the last message about this, ${heldBack} more failed for the same reason.`]
        : []),
      "For an hour, no further message about this prefix and reason follows. More: docs/maintenance.md",
    ].join("\n"),
  };
}
