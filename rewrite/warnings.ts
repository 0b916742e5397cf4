import { readImageText } from "./image-text";
import type { Reference } from "./reference";

/** What to know about an image before it is pulled through the cache. */
export interface Warning {
  readonly kind:
    "bitnami-check" | "digest-first-pull" | "floating-tag" | "lambda" | "uncacheable-registry";
  readonly message: string;
}

/** A tag that names no version: it will move. Where a variable decides, nobody knows. */
function isFloating(tag: string): boolean {
  return !/[\d${]/.test(tag);
}

function ofVersion(image: string): readonly Warning[] {
  const read = readImageText(image);
  if (read.why !== undefined) return [];
  const { name, version } = read;
  const [, tag, digest] = /^(?::([^@]*))?(?:@(.*))?$/s.exec(version) ?? [];
  if (digest !== undefined) {
    // Source: https://github.com/aws/containers-roadmap/issues/2837
    return [
      {
        kind: "digest-first-pull",
        message: `the first pull through the cache fails by digest; pull it once by tag before (ecr-cache warm ${name}:${tag ?? "TAG"})`,
      },
    ];
  }
  if (tag !== undefined && !isFloating(tag)) return [];
  // Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
  return [
    {
      kind: "floating-tag",
      message: `the tag ${tag ?? "latest"} moves, and the cache asks the upstream for it every 24 hours only`,
    },
  ];
}

// Source: https://github.com/bitnami/charts/blob/main/bitnami/common/templates/_errors.tpl (common.errors.insecureImages)
const BITNAMI_CHECK: Warning = {
  kind: "bitnami-check",
  message:
    "Bitnami's charts refuse images by other names than those they came with; set global.security.allowInsecureImages: true in these values",
};

/** The warnings for a reference. */
export function warningsOf({
  image,
  cacheUri,
  why,
  reason = "",
  isChecked,
}: Reference): readonly Warning[] {
  if (cacheUri !== null) return [...(isChecked ? [BITNAMI_CHECK] : []), ...ofVersion(image)];
  if (why === "lambda") {
    return [
      {
        kind: "lambda",
        message:
          "Lambda pulls no image through a cache; its image must be in a repository of your own",
      },
    ];
  }
  return why === "uncacheable-registry" ? [{ kind: "uncacheable-registry", message: reason }] : [];
}
