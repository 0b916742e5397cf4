import type { Mirror } from "../json";
import { hostOf, sourceOf } from "../mirrors";

/**
 * podman, buildah, skopeo and CRI-O: registries.conf. `location` replaces the registry; a `mirror` would be tried before it,
 * and the upstream without a message.
 */
export function registriesConf(mirrors: readonly Mirror[]): string {
  return mirrors
    .map((mirror) => `[[registry]]\nprefix = "${sourceOf(mirror)}"\nlocation = "${mirror.cache}"\n`)
    .join("\n");
}

/** BuildKit: mirrors of a builder. */
export function buildkit(mirrors: readonly Mirror[]): string {
  return mirrors
    .map((mirror) => `[registry."${hostOf(mirror)}"]\n  mirrors = ["${mirror.cache}"]\n`)
    .join("\n");
}

/** Renovate: where to look for new versions of cached images. */
export function renovate(mirrors: readonly Mirror[]): string {
  const registryAliases = Object.fromEntries(
    mirrors.map((mirror) => [mirror.cache, sourceOf(mirror)]),
  );
  return `${JSON.stringify({ registryAliases }, null, 2)}\n`;
}

/** Helm: charts that take a registry for all their images. */
export function helm(mirrors: readonly Mirror[]): string {
  const [first, ...others] = mirrors;
  const entry = (mirror: Mirror, mark: string) => [
    `# For a chart whose images all come from ${hostOf(mirror)}:`,
    `${mark}global:`,
    `${mark}  imageRegistry: ${mirror.cache}`,
  ];
  const lines = [
    ...(first ? entry(first, "") : []),
    ...others.flatMap((mirror) => ["", ...entry(mirror, "# ")]),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
