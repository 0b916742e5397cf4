import { BatchGetImageCommand } from "@aws-sdk/client-ecr";
import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { show } from "../../ecr/problem";
import { parseRegistryHost } from "../../ecr/region";
import { UserError } from "../../ecr/user-error";
import { isCallError } from "../aws/errors";
import { MANIFEST_MEDIA_TYPES } from "../media-types";
import type { Target } from "../target";
import {
  askUpstream,
  openUpstream,
  type UpstreamAnswer,
  type UpstreamCredential,
  type UpstreamRepository,
} from "./distribution-api";
import type { Aws } from "../aws/with-aws";
import { explainError } from "../aws/remedies";

/** The URL of upstream registries instead of `https://HOST`; `{registry}` is replaced with the host. */
const UPSTREAM_URL = "ECR_CACHE_UPSTREAM_URL";

/** @throws UserError if it is set to something that is not a URL. */
export function upstreamBaseUrl(): string | undefined {
  const url = process.env[UPSTREAM_URL];
  if (url === undefined || url === "") return undefined;
  if (/^https?:\/\//.test(url) && URL.canParse(url.replace("{registry}", "registry"))) return url;
  throw new UserError(
    `${UPSTREAM_URL}: found ${show(url)}; allowed: an http or https URL, with {registry} for the registry's host`,
  );
}

/**
 * A credential as its secret has it.
 *
 * @throws UserError without its value, if it can't be read
 */
export async function readCredential(
  aws: Aws,
  region: string,
  secretName: string,
): Promise<UpstreamCredential> {
  let text: string | undefined;
  try {
    const client = await aws.secretsManager(region);
    text = (await client.send(new GetSecretValueCommand({ SecretId: secretName }))).SecretString;
  } catch (error) {
    if (!isCallError(error)) throw error;
    throw new UserError(`secret ${secretName}: ${explainError(error)}`);
  }
  try {
    const { username, accessToken } = JSON.parse(text ?? "") as Record<string, unknown>;
    if (typeof username === "string" && typeof accessToken === "string") {
      return { username, accessToken };
    }
  } catch {
    // The error would show a piece of the secret.
  }
  throw new UserError(
    `secret ${secretName}: does not contain JSON with username and accessToken, both strings`,
  );
}

/** A private registry of ECR's speaks to those only who sign their requests. */
async function askPrivateRegistry(
  aws: Aws,
  registryId: string,
  region: string,
  target: Target & { readonly tag: string },
): Promise<UpstreamAnswer> {
  try {
    const client = await aws.ecr(region);
    const { images = [], failures = [] } = await client.send(
      new BatchGetImageCommand({
        registryId,
        repositoryName: target.upstreamRepository,
        imageIds: [{ imageTag: target.tag }],
        acceptedMediaTypes: [...MANIFEST_MEDIA_TYPES],
      }),
    );
    const digest = images[0]?.imageId?.imageDigest;
    return digest === undefined
      ? {
          ok: false,
          problem: `${target.rule.upstreamUrl}: ${failures[0]?.failureReason ?? "no image"}`,
        }
      : { ok: true, digest };
  } catch (error) {
    if (!isCallError(error)) throw error;
    return { ok: false, problem: `${target.rule.upstreamUrl}: ${explainError(error)}` };
  }
}

/**
 * Asks the upstream of a target for its tag, from this machine: as ECR would be answered, if with the rule's credential
 * where nothing is given without one.
 */
export async function askUpstreamOf(
  aws: Aws,
  region: string,
  target: Target & { readonly tag: string },
): Promise<UpstreamAnswer> {
  const { rule, tag } = target;
  const registry = rule.upstream === "ecr" ? parseRegistryHost(rule.upstreamUrl) : undefined;
  if (registry) return await askPrivateRegistry(aws, registry.account, registry.region, target);
  return await askUpstream(
    { ...questionOf(aws, region, target), tag },
    { baseUrl: upstreamBaseUrl() },
  );
}

function questionOf(aws: Aws, region: string, { rule, upstreamRepository }: Target) {
  const { credential } = rule;
  return {
    registry: rule.upstreamUrl,
    repository: upstreamRepository,
    ...(credential && {
      credential: () => readCredential(aws, region, credential.secretName),
    }),
  };
}

/**
 * The repository of a target at its upstream, from this machine; undefined for a private registry of ECR, whose requests are
 * signed.
 *
 * @param timeout how long an answer may take, in milliseconds
 */
export function openUpstreamOf(
  aws: Aws,
  region: string,
  target: Target,
  timeout: number,
): UpstreamRepository | undefined {
  if (target.rule.upstream === "ecr") return undefined;
  return openUpstream(questionOf(aws, region, target), { baseUrl: upstreamBaseUrl(), timeout });
}
