/*
 * What a format of YAML or JSON files is: data, on top of the engine in structured.ts. The formats themselves are in
 * formats.ts.
 */

/** How the value at a place is read (readings.ts). */
export type Reading =
  /** An image name. */
  | "image"
  /** An image name if it can be nothing else; if it may be one, it is reported. */
  | "likely-image"
  /** If it can be nothing else than an image name, it is reported; never changed. */
  | "stray-image"
  /**
   * An image name if it begins with the host of a public registry and has a tag or digest: by itself, as the value of an option
   * or a variable, or at the end of a line of a longer string. Without tag and digest, it is reported.
   */
  | "hosted-image"
  /** If it could be an image name without a registry, it is reported; never changed. */
  | "unhosted-image"
  /** A map with `name`, and `value` or `default`, which is an `unhosted-image` if it is called like an image. */
  | "named-image"
  /** A name under which an image is built: a string, or several in lines, with commas or in a list. */
  | "built-image"
  /** The same, and whatever the tag is. */
  | "built-repository"
  /** A map whose keys name what is there already: build contexts. */
  | "build-contexts"
  /** The values of a Helm chart. */
  | "helm-values"
  /** The image of a Lambda function: reported, never changed. */
  | "lambda-image"
  /** `docker://IMAGE`, `docker-image://IMAGE`, or something else. */
  | "image-url"
  /** A map with `repository`, and `registry`, `tag` and `digest` where it has them. */
  | "image-map"
  /** An entry of Kustomize's `images`. */
  | "kustomize-image"
  /** The build arguments of a Compose service: a map, or a list of `KEY=VALUE`. */
  | "build-arguments"
  /** Terraform's JSON: the places of terraform-places.ts. */
  | "terraform"
  /** A Dockerfile. */
  | "dockerfile"
  /** Shell commands: a string, or a list of strings. */
  | "commands"
  /** A string that is YAML of another format. */
  | "yaml"
  /** A string that is JSON of another format, or a Terraform expression that generates it. */
  | "json";

/** A place in a format where images are named. */
export type Place = {
  /** The path to it, from its unit (path.ts). */
  readonly at: string;
  /** What its unit must have: keys, and patterns that their strings match. Default: nothing. */
  readonly where?: Readonly<Record<string, RegExp>>;
  /** A key beside it that makes it the name of what is built, not of what is pulled. */
  readonly builtBy?: string;
  /** What must be beside it: keys, and patterns that their strings match. Default: nothing. */
  readonly beside?: Readonly<Record<string, RegExp>>;
} & (
  | {
      /** Default: `image`. */
      readonly reads?: Exclude<Reading, "yaml" | "json">;
      readonly format?: undefined;
    }
  | {
      readonly reads: "yaml" | "json";
      /** The name of the format of the string there. Default: it is recognised. */
      readonly format?: string;
    }
);

/** How a document is recognised; what is given must all hold. */
export interface Recognition {
  /** The form of the file's path, with `/` between folders. */
  readonly file?: RegExp;
  /** What the document has: paths, and where it matters a pattern that the string there matches. */
  readonly has?: readonly (string | { readonly at: string; readonly like: RegExp })[];
}

/** A format: how its documents are recognised, and where they name images. */
export interface Format {
  readonly name: string;
  /** Any one is enough; without one, it is only the format of strings in other formats. */
  readonly recognised: readonly Recognition[];
  /** Paths to what a document is made of; each unit is asked for the `where` of a place. Default: the document. */
  readonly units?: readonly string[];
  readonly places: readonly Place[];
}
