import type { CostJson } from "./json";
import { groupBy } from "../../ecr/group-by";
import { ASSUMED_REGION } from "./prices";
import { formatBytes, formatCount, formatPrice, formatUsd } from "../shell/format";

/*
 * The sentences of a cost report, for the terminal and the page.
 */

/** The age of images: `7 to 30 days`, `over 365 days`. */
export function ageLabel({
  fromDays,
  toDays,
}: Pick<CostJson["ages"][number], "fromDays" | "toDays">): string {
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
      ? ": a range, because a listing does not show which images the remaining indexes list"
      : ": an estimate",
    ` (ECR's own: ecr-cache lifecycle --env ${environment} --preview).`,
  ].join("");
}

/** How the numbers were obtained. */
export function assumptions({ prices, sharedLayers }: CostJson): string[] {
  const said = prices.filter(({ isAssumed }) => !isAssumed);
  const guessed = prices.filter(({ isAssumed }) => isAssumed);
  const seen = ({ usdPerGbMonth, source, asOf }: CostJson["prices"][number]) =>
    `${formatPrice(usdPerGbMonth)} for a GB (10⁹ bytes) and month, ${asOf === null ? "from --price" : `from ${source} (${asOf})`}`;
  const groups = groupBy(said.length > 0 ? said : guessed.slice(0, 1), seen);
  const known = groups
    .map((group) =>
      groups.length > 1
        ? `${seen(group[0]!)}, for ${group.map(({ region }) => region).join(", ")}`
        : seen(group[0]!),
    )
    .join("; ");
  const assumed = guessed.map(({ region }) => region).join(", ");
  return [
    `Price: ${known}${
      guessed.length === 0
        ? ""
        : said.length === 0
          ? `, for ${ASSUMED_REGION}; the price in ${assumed} is assumed to be the same (--price overrides it)`
          : `; the price in ${assumed} is assumed to be that of ${ASSUMED_REGION} (--price overrides it)`
    }. The free 500 MB of the first year are not subtracted.`,
    sharedLayers === "counted-once"
      ? "Layers that images of one repository share are counted once, for the oldest of them, as ECR stores them."
      : "Layers that images of one repository share are counted for each image, though ECR stores them once, so the bill is lower (--layers counts them once).",
    "The images of an index are counted; the index itself is not. Age is the time since ECR stored an image.",
  ];
}

/** What pulls mean for Docker Hub's limits; nothing if the cache has no rule for it. */
export function dockerHubSentences(report: CostJson): string[] {
  const { dockerHub, regions } = report;
  const [first] = dockerHub;
  if (!first) return [];
  const { limits } = first;
  return [
    `Docker Hub allows ${limits.anonymous} pulls in ${limits.windowHours} hours from an IP address, ${limits.personal} from a free account, and any number from a paid account (${limits.source}, ${limits.asOf}).`,
    ...dockerHub.flatMap((one) => {
      const sentences = quotaSentences(one);
      return regions.length > 1 ? sentences.map((text) => `${one.region}: ${text}`) : sentences;
    }),
  ];
}

function quotaSentences({
  limits,
  dailyPulls,
  pulledLastDay,
  pulls,
}: CostJson["dockerHub"][number]) {
  const sentences = [
    `With the cache: at most about ${plural(formatCount(dailyPulls), "pull")} a day: ECR asks Docker Hub for each cached tag at most once a day, and only when it is pulled, and Docker Hub counts each image of an index, all of which ECR imports.`,
  ];
  if (pulls === null) {
    sentences.push(
      `Without it: at least ${plural(formatCount(pulledLastDay), "pull")} in the last 24 hours, the number of images with a recorded pull; ECR records one a day for each (--pulls DAYS reads the real number from CloudWatch).`,
    );
    return sentences;
  }
  const { days, total, busiestWindow, windowsOver } = pulls;
  sentences.push(
    `Without it: ${plural(formatCount(total), "pull")} in the last ${plural(String(days), "day")}, as counted by CloudWatch (Docker Hub counts each image of an index that is pulled); ${formatCount(busiestWindow)} in the busiest ${limits.windowHours} hours. Of ${formatCount(days * (24 / limits.windowHours))} such windows, ${formatCount(windowsOver.anonymous)} would have exceeded the limit of one IP address, ${formatCount(windowsOver.personal)} that of a free account.`,
  );
  return sentences;
}
