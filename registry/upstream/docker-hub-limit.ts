import { isLoopback } from "../../ecr/loopback";
import type { Aws } from "../aws/with-aws";
import { readCredential, upstreamBaseUrl } from "./ask-upstream";
import { explainStatus, openUpstream, orProblem, type UpstreamOptions } from "./distribution-api";

/*
 * How many pulls Docker Hub still allows the account of a credential.
 *
 * Source: https://docs.docker.com/docker-hub/usage/pulls/#view-pull-rate-and-limit: the headers of a HEAD request for the
 * image `ratelimitpreview/test`, which does not count as a pull. Where there is no limit, there are no headers.
 */

const REGISTRY = "registry-1.docker.io";
const REPOSITORY = "ratelimitpreview/test";

/** The limit of an account. */
export interface PullLimit {
  /** Pulls in a window; null: there is no limit, as for the accounts of paid plans. */
  readonly limit: number | null;
  /** How many of them are left. */
  readonly remaining: number | null;
  readonly windowHours: number | null;
}

/** Why the limit is not known. */
interface Unknown {
  readonly ok: false;
  readonly problem: string;
}

/** Reads `200;w=21600`: a number, and the window in seconds. */
function parseHeader(
  value: string | null,
): { readonly number: number; readonly hours: number } | null {
  const [, number, seconds] = /^\s*([0-9]+)(?:\s*;\s*w=([0-9]+))?/.exec(value ?? "") ?? [];
  return number === undefined
    ? null
    : { number: Number(number), hours: Number(seconds ?? 0) / 3_600 };
}

/** Asks Docker Hub with a rule's credential, which goes nowhere else; undefined in a sandbox without upstream registries. */
export async function dockerHubLimit(
  aws: Aws,
  region: string,
  secretName: string,
  options: UpstreamOptions = {},
): Promise<PullLimit | Unknown | undefined> {
  const baseUrl = upstreamBaseUrl();
  // What is in the secrets of a simulated account is for no real registry.
  if (baseUrl === undefined && isLoopback(process.env.AWS_ENDPOINT_URL ?? "")) return undefined;
  return orProblem(async (): Promise<PullLimit | Unknown> => {
    const upstream = openUpstream(
      {
        registry: REGISTRY,
        repository: REPOSITORY,
        credential: () => readCredential(aws, region, secretName),
        isNamedOnly: true,
      },
      { ...options, ...(baseUrl !== undefined && { baseUrl }) },
    );
    const response = await upstream.request("HEAD", "manifests/latest");
    if (!response.ok) {
      // With too many pulls, it has the headers all the same.
      const problem = explainStatus(response.status, REGISTRY, upstream.isNamed);
      if (response.status !== 429) return { ok: false, problem };
    }
    const limit = parseHeader(response.headers.get("ratelimit-limit"));
    const remaining = parseHeader(response.headers.get("ratelimit-remaining"));
    return {
      limit: limit?.number ?? null,
      remaining: remaining?.number ?? null,
      windowHours: limit?.hours ?? null,
    };
  });
}
