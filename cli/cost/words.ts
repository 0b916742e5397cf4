import type { CostJson } from "./json";
import { formatBytes, formatCount, formatPrice, formatUsd } from "../shell/format";

/*
 * What a cost report says in sentences; the table and the page have the same ones.
 */

/** The age of images: `7 to 30 days`, `over 365 days`. */
export function ageLabel({ fromDays, toDays }: CostJson["ages"][number]): string {
  if (toDays === null) return `over ${fromDays} days`;
  return fromDays === 0 ? `under ${toDays} days` : `${fromDays} to ${toDays} days`;
}

function range(
  { atLeast, atMost }: { readonly atLeast: number; readonly atMost: number },
  format: (value: number) => string,
): string {
  const [low, high] = [format(atLeast), format(atMost)];
  return low === high ? low : `${low} to ${high}`;
}

function plural(number: string, noun: string): string {
  return `${number} ${number === "1" ? noun : `${noun}s`}`;
}

/** What the lifecycle policies would free. */
export function lifecycleSentence({ lifecycle, environment }: CostJson): string {
  const { images, bytes, usdPerMonth } = lifecycle;
  if (images.atMost === 0) return "The lifecycle policies would expire nothing now.";
  const isRange = images.atLeast !== images.atMost;
  return [
    `The lifecycle policies would expire ${plural(range(images, formatCount), "image")} and free ${range(bytes, formatBytes)}, ${range(usdPerMonth, formatUsd)} a month`,
    isRange
      ? ": an estimate with two ends, since a listing does not say what indexes that stay still list"
      : ": an estimate",
    ` (ECR's own: ecr-cache lifecycle --env ${environment} --preview).`,
  ].join("");
}

/** How the numbers came about. */
export function assumptions({ price, region, sharedLayers }: CostJson): string[] {
  const seen =
    price.asOf === null ? "as --price says" : `as seen in ${price.asOf} at ${price.source}`;
  return [
    `Price: ${formatPrice(price.usdPerGbMonth)} for a GB (10⁹ bytes) and month, ${seen}${
      price.isAssumed
        ? `, for another region, since none is known for ${region} (--price overrides it)`
        : ""
    }. The first year's free 500 MB are not taken off.`,
    sharedLayers === "counted-once"
      ? "Layers that images of one repository share are counted once, for the oldest of them, as ECR stores them."
      : "Sizes are added up for each image: layers that images of one repository share, which ECR stores once, are counted again, so that the bill is lower (--layers counts them once).",
    "An index counts nothing by itself; each of its images does. Age is the time since ECR stored an image.",
  ];
}

/** What pulls mean for Docker Hub's quota; nothing where the cache has no rule for it. */
export function dockerHubSentences({ dockerHub }: CostJson): string[] {
  if (!dockerHub) return [];
  const { limits, tags, pulledLastDay, pulls } = dockerHub;
  const sentences = [
    `Docker Hub counts ${limits.anonymous} pulls in ${limits.windowHours} hours against an IP address, ${limits.personal} against a free account, and none against one that is paid for (${limits.source}, ${limits.asOf}).`,
    `With the cache: at most ${plural(formatCount(tags), "pull")} a day, since ECR asks Docker Hub for each of the cached tags once a day at the most, and only when it is pulled.`,
  ];
  if (pulls === null) {
    sentences.push(
      `Without it: at least ${plural(formatCount(pulledLastDay), "pull")} in the last 24 hours, since so many images have a recorded pull; ECR records one a day for each (--pulls DAYS reads the real number from CloudWatch).`,
    );
    return sentences;
  }
  const { days, total, busiestWindow, windowsOver } = pulls;
  sentences.push(
    `Without it: ${plural(formatCount(total), "pull")} in the last ${plural(String(days), "day")}, as CloudWatch has counted (each image of an index that is pulled counts with Docker Hub); ${formatCount(busiestWindow)} in the busiest ${limits.windowHours} hours. Of ${formatCount(days * (24 / limits.windowHours))} such windows, ${formatCount(windowsOver.anonymous)} would have been over the limit of one IP address, ${formatCount(windowsOver.personal)} over that of a free account.`,
  );
  return sentences;
}
