/** The beginning of the paths of layers. */
export const LAYER_PATH = "/_sandbox/layers/";

/** The URL of a layer below that of the sandbox. */
export function layerUrl(origin: string, region: string, repository: string, digest: string) {
  return `${origin}${LAYER_PATH}${region}/${repository}/${digest}`;
}

/** The layer that a path is of. */
export function parseLayerPath(
  path: string,
): { region: string; repository: string; digest: string } | undefined {
  const match = /^([a-z0-9-]+)\/(.+)\/(sha256:[0-9a-f]{64})$/.exec(path.slice(LAYER_PATH.length));
  if (!match) return undefined;
  const [, region = "", repository = "", digest = ""] = match;
  return { region, repository, digest };
}
