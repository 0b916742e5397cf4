import { partitionOf } from "../region";
import type { Environment } from "./model";

/** What an environment is accepted with, and should be looked at. */
export function environmentWarnings({ name, regions }: Environment): string[] {
  // Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html, which excluded them until 2026.
  return partitionOf(regions[0]!) === "aws-cn"
    ? [
        `environment ${name}: AWS has not announced ECR's pull-through cache for its China regions; pull an image through each rule in ${regions.join(" and ")} before you rely on it`,
      ]
    : [];
}
