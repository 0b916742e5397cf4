import { show } from "./problem";
import { upstreamOfHost, upstreams } from "./upstreams";
import { UserError } from "./user-error";

/*
 * Image names, by the grammar that Docker, containerd and the rest share.
 * Source: https://github.com/distribution/reference (reference.go, regexp.go, normalize.go)
 */

/** An image name taken apart, with everything filled in that a short name leaves out, except the tag. */
export interface ImageReference {
  /** The registry, with its port if one is given, as written; Docker Hub is always `docker.io`. */
  readonly domain: string;
  /** The repository in that registry; Docker Hub's official images have their `library/`. */
  readonly path: string;
  readonly tag?: string;
  /** `ALGORITHM:HEX`. */
  readonly digest?: string;
}

/** The result of `readImageReference`. */
export type ReadImageReference =
  | { readonly reference: ImageReference; readonly problem?: undefined }
  | {
      readonly reference?: undefined;
      /** What is wrong, and what is allowed: `found …; allowed: …`. */ readonly problem: string;
    };

/** The canonical domain of Docker Hub. */
export const [DOCKER_HUB] = upstreams["docker-hub"].imageHosts;

/** The start of the names of Docker Hub's official images. */
export const OFFICIAL_IMAGES = "library/";

/** The longest path that a name may have, in characters (`RepositoryNameTotalLengthMax`). */
export const MAX_PATH_LENGTH = 255;

/** The longest tag, in characters. */
export const MAX_TAG_LENGTH = 128;

const DOMAIN_COMPONENT = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const DOMAIN = new RegExp(
  `^(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?$`,
);
const PATH_COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const PATH = new RegExp(`^${PATH_COMPONENT}(?:/${PATH_COMPONENT})*$`);
const TAG = /^\w[\w.-]{0,127}$/;
const IDENTIFIER = /^[a-f0-9]{64}$/;

/** Digest algorithms and the length of their hexadecimal part (https://github.com/opencontainers/go-digest). */
const DIGEST_LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

function digestProblem(digest: string): string | undefined {
  const [algorithm = "", hex = "", ...rest] = digest.split(":");
  const length = DIGEST_LENGTHS[algorithm];
  return length !== undefined &&
    rest.length === 0 &&
    hex.length === length &&
    /^[0-9a-f]+$/.test(hex)
    ? undefined
    : `found the digest ${show(digest)}; allowed: ${Object.entries(DIGEST_LENGTHS)
        .map(([name, digits]) => `${name}: and ${digits}`)
        .join(", ")} lower-case hexadecimal digits`;
}

/** Whether the first component of a name is a registry: `localhost`, or with a dot, a colon or an upper-case letter. */
function isDomain(component: string): boolean {
  return component === "localhost" || /[.:A-Z]/.test(component);
}

function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const [domain, path] =
    slash >= 0 && isDomain(first) ? [first, name.slice(slash + 1)] : [DOCKER_HUB, name];
  if (upstreamOfHost(domain) !== "docker-hub") return { domain, path };
  return { domain: DOCKER_HUB, path: path.includes("/") ? path : `${OFFICIAL_IMAGES}${path}` };
}

/**
 * Takes an image name apart, without throwing.
 *
 * A name of 64 hexadecimal digits is refused, since Docker takes it for an image's id; so is a digest of an algorithm
 * that registries don't have.
 */
export function readImageReference(text: string): ReadImageReference {
  if (text === "") return { problem: "found nothing; allowed: an image name" };
  if (IDENTIFIER.test(text)) {
    return {
      problem: `found 64 hexadecimal digits; allowed: a name, since Docker takes these for an image's id`,
    };
  }
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  // A colon before the last slash belongs to a domain.
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  const { domain, path } = splitDomain(colon < 0 ? named : named.slice(0, colon));

  if (!DOMAIN.test(domain)) {
    return {
      problem: `found the registry ${show(domain)}; allowed: a host name, an IPv4 address or an IPv6 address in [], and a port`,
    };
  }
  if (!PATH.test(path)) {
    return {
      problem:
        path !== path.toLowerCase() && PATH.test(path.toLowerCase())
          ? `found upper-case letters in the repository ${show(path)}; allowed: lower-case ones`
          : `found the repository ${show(path)}; allowed: lower-case letters and digits, separated by . _ __ - or /`,
    };
  }
  if (path.length > MAX_PATH_LENGTH) {
    return {
      problem: `found a repository of ${path.length} characters; allowed: at most ${MAX_PATH_LENGTH}`,
    };
  }
  if (tag !== undefined && !TAG.test(tag)) {
    return {
      problem: `found the tag ${show(tag)}; allowed: 1 to ${MAX_TAG_LENGTH} letters, digits, _ . and -, not beginning with . or -`,
    };
  }
  const problem = digest === undefined ? undefined : digestProblem(digest);
  if (problem !== undefined) return { problem };
  return {
    reference: {
      domain,
      path,
      ...(tag !== undefined && { tag }),
      ...(digest !== undefined && { digest }),
    },
  };
}

/**
 * Takes an image name apart.
 *
 * @throws UserError with the reason if it is not one.
 */
export function parseImageReference(text: string): ImageReference {
  const { reference, problem } = readImageReference(text);
  if (problem !== undefined) throw new UserError(`image ${show(text)}: ${problem}`);
  return reference;
}

/** The tag and digest of a reference as they end a name: `:TAG`, `@DIGEST`, both or nothing. */
export function formatVersion({ tag, digest }: Pick<ImageReference, "tag" | "digest">): string {
  return `${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** The full name of an image, such as `docker.io/library/nginx:1.25`. */
export function formatImageReference(reference: ImageReference): string {
  return `${reference.domain}/${reference.path}${formatVersion(reference)}`;
}
