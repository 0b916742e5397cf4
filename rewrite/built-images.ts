import { hasVariable, readImageText } from "./image-text";

/*
 * What a code base builds, and under which names: an image of such a name is on the machine or in the cluster that builds it, and
 * is not pulled from where its name would lead. The files that say so (Compose, Skaffold, Bake, Makefiles, scripts, workflows,
 * Terraform) are others than those that use the name.
 */

/** Names of one repository: `nginx`, `library/nginx` and `docker.io/library/nginx` are one. */
function repositoryOf(name: string): string {
  return name
    .replace(/^((index\.|registry-1\.)?docker\.io|registry\.hub\.docker\.com)\//, "")
    .replace(/^library\//, "");
}

function tagOf(version: string): string {
  return /^:([^@]*)/.exec(version)?.[1] ?? "latest";
}

/** The names under which a code base builds images. */
export class BuiltImages {
  /** The tags of each repository; undefined for all of them. */
  private readonly tags = new Map<string, Set<string> | undefined>();

  /**
   * @param image As it is written where it is built. Where the tag is a variable, every tag counts.
   * @param anyTag Whether the tag is decided elsewhere.
   */
  add(image: string, anyTag = false): void {
    const read = readImageText(image);
    if (read.why === "invalid") return;
    const repository = repositoryOf(read.name);
    // Where a variable decides on the name, its tags are not told apart.
    if (anyTag || read.why !== undefined || hasVariable(read.version))
      this.tags.set(repository, undefined);
    else if (!this.tags.has(repository)) this.tags.set(repository, new Set([tagOf(read.version)]));
    else this.tags.get(repository)?.add(tagOf(read.version));
  }

  has(image: string): boolean {
    if (this.tags.size === 0) return false;
    const read = readImageText(image);
    if (read.why === "invalid") return false;
    const repository = repositoryOf(read.name);
    if (!this.tags.has(repository)) return false;
    return read.why !== undefined || (this.tags.get(repository)?.has(tagOf(read.version)) ?? true);
  }
}
