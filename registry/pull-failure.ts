import { SECRET_NAME_PREFIX } from "../ecr/environment";
import { type UpstreamName, upstreamOf } from "../ecr/upstreams";

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
  return `${SECRET_NAME_PREFIX}${prefix}`;
}

export function upstreamTitle(upstream: UpstreamName | undefined): string {
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
        return `ECR pulls from ${upstreamTitle(upstream)} without a credential: the image is private there, or does not exist.`;
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
      `Nothing to do but wait, unless it lasts: see the status page of ${upstreamTitle(upstream)}. ECR tries again with the next pull.`,
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

/** A failure in two or three words, by the code and the reason that ECR gives. */
export function failureTitle(code: string, reason: string): string {
  return meaningOf(code, reason).title;
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
