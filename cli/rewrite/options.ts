/** The forms of `--format`: what code hosts show beside the code. */
export const FORMATS = ["github", "gitlab", "sarif"] as const;
type Format = (typeof FORMATS)[number];

/** The options of `ecr-cache rewrite`. */
export interface RewriteOptions {
  readonly env?: string;
  readonly region?: string;
  readonly registry?: string;
  readonly stdin?: true;
  readonly write?: true;
  readonly check?: true;
  readonly json?: true;
  readonly format?: Format;
  readonly verbose?: true;
  readonly strict?: true;
  readonly report?: string;
  readonly exclude: readonly string[];
  readonly imagePath: readonly string[];
  readonly assumeOfficial: readonly string[];
  readonly includeSource?: true;
}
