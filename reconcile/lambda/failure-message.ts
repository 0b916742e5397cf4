import { ROOT } from "../../ecr/prefix";
import { upstreamOfUrl } from "../../ecr/upstreams";
import { explainFailure, failureTitle, upstreamTitle } from "../../registry/aws/remedies";
import type { PullThroughCacheEvent } from "./events";

/** A notification as Amazon SNS takes it. */
export interface Notification {
  /** At most 100 printable ASCII characters (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html). */
  readonly subject: string;
  readonly message: string;
}

const MAX_SUBJECT_LENGTH = 100;

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
    failureTitle(detail["failure-code"] ?? "", detail["failure-reason"] ?? ""),
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
  const upstream = upstreamOfUrl(url);
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
      `Upstream:    ${upstream ? `${upstreamTitle(upstream)} (${url})` : url || "not said"}`,
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
