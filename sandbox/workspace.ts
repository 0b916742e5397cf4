import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory for the state and output of deployments to a sandbox, removed with the sandbox. */
export interface Workspace {
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

/**
 * Separates a sandbox's deployments from real ones: stacks are synthesized into a directory of their own, and their
 * states are files there, whatever backend the environment has. Otherwise a deployment to the sandbox would overwrite
 * the state of a real one.
 */
export function makeWorkspace(): Workspace {
  const directory = mkdtempSync(join(tmpdir(), "ecr-cache-sandbox-"));
  const output = join(directory, "cdktf.out");
  return {
    env: {
      ECR_CACHE_STATE_DIRECTORY: directory,
      // The cdktf CLI reads the first, an app that is run without it the second.
      CDKTF_OUTPUT: output,
      CDKTF_OUTDIR: output,
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
