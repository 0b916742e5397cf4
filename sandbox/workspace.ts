import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory for what deployments to a sandbox leave behind: it is as short-lived as the sandbox. */
export interface Workspace {
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

/**
 * Keeps a sandbox's deployments away from the real ones: the stacks are synthesized elsewhere, and their states are
 * files there, whatever backend the environment has. Otherwise a deployment to the sandbox would be written over the
 * state of a real one.
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
