import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory for the files of a sandbox and of deployments to it, removed with the sandbox. */
export interface Workspace {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

/**
 * Separates a sandbox's deployments from real ones: stacks are synthesized into a directory of their own, and their
 * states are files there, whatever backend the environment has. Otherwise a deployment to the sandbox would overwrite
 * the state of a real one.
 *
 * The sandbox's proxy is offered in ECR_SANDBOX_PROXY and ECR_SANDBOX_CA, and not set for every command, since Terraform
 * may need the real registry of providers.
 */
export function makeWorkspace({
  url,
  certificateAuthority,
}: {
  readonly url: string;
  readonly certificateAuthority?: string;
}): Workspace {
  const directory = mkdtempSync(join(tmpdir(), "ecr-cache-sandbox-"));
  const output = join(directory, "cdktf.out");
  const authority = join(directory, "ca.pem");
  if (certificateAuthority !== undefined) writeFileSync(authority, certificateAuthority);
  return {
    directory,
    env: {
      ECR_CACHE_STATE_DIRECTORY: directory,
      // The cdktf CLI reads the first, an app that is run without it the second.
      CDKTF_OUTPUT: output,
      CDKTF_OUTDIR: output,
      ...(certificateAuthority !== undefined && {
        ECR_SANDBOX_PROXY: url,
        ECR_SANDBOX_CA: authority,
      }),
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
