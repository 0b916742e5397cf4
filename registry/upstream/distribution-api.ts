import { UserError } from "../../ecr/user-error";
import { retryUntil, type RetryPolicy } from "../aws/retry-until";
import { MANIFEST_MEDIA_TYPES } from "../media-types";

/*
 * Asks an upstream registry for the manifest that a tag names, without downloading it.
 *
 * Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md and
 * https://distribution.github.io/distribution/spec/auth/token/. A HEAD request is a version check, which does not count
 * as a pull of Docker Hub's: https://docs.docker.com/docker-hub/usage/pulls/
 */

/** What a registry says of a tag. */
export type UpstreamAnswer =
  /** `digest` is absent where the registry does not say it, which the specification allows. */
  | { readonly ok: true; readonly digest?: string }
  | { readonly ok: false; readonly problem: string };

export interface UpstreamCredential {
  readonly username: string;
  readonly accessToken: string;
}

export interface UpstreamQuestion {
  /** The registry's host, such as `registry-1.docker.io`. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  /**
   * Asked for only where the registry gives nothing to those who don't say who they are. A `UserError` that it rejects
   * with is the answer's problem.
   */
  readonly credential?: () => Promise<UpstreamCredential>;
  /** Whether the credential is used at once, and nobody's never. Default: false. */
  readonly isNamedOnly?: boolean;
}

export interface UpstreamOptions extends Pick<RetryPolicy, "sleep"> {
  /**
   * The URL of registries instead of `https://HOST`; `{registry}` is replaced with the host. For a mirror, and for tests.
   */
  readonly baseUrl?: string;
  /** In milliseconds. Default: 15,000. */
  readonly timeout?: number;
}

/** 1 s and 2 s are waited for a registry that does not answer, or fails. */
const RETRY: RetryPolicy = { attempts: 3, firstWait: 1_000 };

interface Challenge {
  readonly scheme: "bearer" | "basic";
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads `Bearer realm="…",service="…",scope="…"` (RFC 9110, 11.6.1); undefined for what is neither Bearer nor Basic. */
export function parseChallenge(header: string): Challenge | undefined {
  const [, scheme = "", rest = ""] = /^\s*([A-Za-z]+)\s*(.*)$/.exec(header) ?? [];
  const lower = scheme.toLowerCase();
  if (lower !== "bearer" && lower !== "basic") return undefined;
  const parameters: Record<string, string> = {};
  for (const [, name = "", quoted, plain] of rest.matchAll(
    /([A-Za-z_-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g,
  )) {
    parameters[name.toLowerCase()] = quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "";
  }
  return { scheme: lower, parameters };
}

function basic({ username, accessToken }: UpstreamCredential): string {
  return `Basic ${Buffer.from(`${username}:${accessToken}`).toString("base64")}`;
}

/** What went wrong on the way to a registry; its message holds no credential. */
class Unanswered extends Error {}

async function request(
  url: URL,
  init: RequestInit,
  { timeout = 15_000, sleep }: UpstreamOptions,
): Promise<Response> {
  const result = await retryUntil(
    async () => {
      try {
        const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeout) });
        if (response.status >= 500) await response.body?.cancel();
        return response;
      } catch (error) {
        return new Unanswered(`${url.host} did not answer (${reasonOf(error)})`);
      }
    },
    (answer) => !(answer instanceof Unanswered) && answer.status < 500,
    { ...RETRY, ...(sleep && { sleep }) },
  );
  if (result instanceof Unanswered) throw result;
  return result;
}

/** `fetch` says only that it failed; what the matter was is in the cause. */
function reasonOf(error: unknown): string {
  const { name, message, cause } = error as {
    readonly name?: string;
    readonly message?: string;
    readonly cause?: { readonly code?: unknown };
  };
  if (typeof cause?.code === "string") return cause.code;
  return name === "TimeoutError" ? "timeout" : (message ?? String(error));
}

async function token(
  { parameters }: Challenge,
  repository: string,
  credential: UpstreamCredential | undefined,
  isSafe: (url: URL) => boolean,
  options: UpstreamOptions,
): Promise<string | undefined> {
  let url: URL;
  try {
    url = new URL(parameters.realm ?? "");
  } catch {
    throw new Unanswered("the registry does not name a valid token service");
  }
  if (!isSafe(url))
    throw new Unanswered(
      `the registry asks for the credential to be sent unencrypted, to ${url.origin}`,
    );
  if (parameters.service) url.searchParams.set("service", parameters.service);
  url.searchParams.set("scope", parameters.scope ?? `repository:${repository}:pull`);
  const response = await request(
    url,
    { headers: credential ? { authorization: basic(credential) } : {} },
    options,
  );
  if (!response.ok) {
    await response.body?.cancel();
    return undefined;
  }
  const answer = (await response.json()) as { token?: unknown; access_token?: unknown };
  const given = answer.token ?? answer.access_token;
  return typeof given === "string" ? given : undefined;
}

/** Why a registry gives no image. */
export function explainStatus(status: number, registry: string, isNamed: boolean): string {
  switch (status) {
    case 401:
    case 403:
      return `${registry} denies access${isNamed ? " with the rule's credential" : " without a credential"} (${status})`;
    case 404:
      return `${registry} has no such tag (404)`;
    case 429:
      return `${registry} reports too many requests (429)`;
    default:
      return `${registry} answers with status ${status}`;
  }
}

/** A repository at its upstream, as a client with its credential sees it. */
export interface UpstreamRepository {
  /**
   * Requests what is below the repository in the registry's API, such as `manifests/1.27`: without a credential first, and
   * with one where that is refused. What was accepted once is sent with the requests that follow.
   *
   * @throws Unanswered or what `credential` rejects with
   */
  request(method: "GET" | "HEAD", path: string): Promise<Response>;
  /** Whether the credential was used. */
  readonly isNamed: boolean;
}

/** A repository of a registry, for several requests. */
export function openUpstream(
  { registry, repository, credential, isNamedOnly = false }: Omit<UpstreamQuestion, "tag">,
  options: UpstreamOptions = {},
): UpstreamRepository {
  const base = (options.baseUrl ?? "https://{registry}").replace("{registry}", registry);
  const root = new URL(`${base.replace(/\/$/, "")}/v2/${repository}/`);
  // A credential is not sent in the clear, unless the address that the user set says so.
  const isSafe = (realm: URL) => realm.protocol === "https:" || root.protocol === "http:";
  let accepted: string | undefined;
  let isNamed = false;

  const send = (method: string, path: string, authorization?: string) =>
    request(
      new URL(path, root),
      {
        method,
        headers: {
          accept: MANIFEST_MEDIA_TYPES.join(", "),
          ...(authorization !== undefined && { authorization }),
        },
      },
      options,
    );

  const authorizationFor = async (
    challenge: Challenge,
    who: UpstreamCredential | undefined,
  ): Promise<string | undefined> => {
    if (challenge.scheme === "basic") return who && basic(who);
    const given = await token(challenge, repository, who, isSafe, options);
    return given === undefined ? undefined : `Bearer ${given}`;
  };

  return {
    get isNamed() {
      return isNamed;
    },
    request: async (method, path) => {
      let response = await send(method, path, accepted);
      const challenge =
        response.status === 401 && accepted === undefined
          ? parseChallenge(response.headers.get("www-authenticate") ?? "")
          : undefined;
      if (!challenge) return response;
      const askAs = async (who: UpstreamCredential | undefined) => {
        const authorization = await authorizationFor(challenge, who);
        if (authorization === undefined) return undefined;
        const answer = await send(method, path, authorization);
        if (answer.ok) accepted = authorization;
        return answer;
      };
      if (!isNamedOnly) response = (await askAs(undefined)) ?? response;
      // Registries answer anonymous clients that a private image does not exist.
      if ([401, 403, 404].includes(response.status) && credential) {
        const named = await askAs(await credential());
        isNamed = true;
        response = named ?? response;
      }
      return response;
    },
  };
}

/**
 * The outcome of a request to an upstream: the result, or a sentence that says why there is none. Neither contains credentials.
 */
export async function orProblem<Result>(
  work: () => Promise<Result>,
): Promise<Result | { readonly ok: false; readonly problem: string }> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Unanswered || error instanceof UserError) {
      return { ok: false, problem: error.message };
    }
    throw error;
  }
}

/** Asks a registry for a tag: without a credential first, and with one where that is refused. */
export async function askUpstream(
  question: UpstreamQuestion,
  options: UpstreamOptions = {},
): Promise<UpstreamAnswer> {
  const upstream = openUpstream(question, options);
  return orProblem(async () => {
    const response = await upstream.request("HEAD", `manifests/${question.tag}`);
    if (!response.ok) {
      const problem = explainStatus(response.status, question.registry, upstream.isNamed);
      return { ok: false, problem };
    }
    const digest = response.headers.get("docker-content-digest");
    return { ok: true, ...(digest !== null && { digest }) };
  });
}
