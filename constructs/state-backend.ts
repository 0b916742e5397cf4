import {
  App,
  AzurermBackend,
  CloudBackend,
  ConsulBackend,
  CosBackend,
  GcsBackend,
  HttpBackend,
  LocalBackend,
  NamedCloudWorkspace,
  NamedRemoteWorkspace,
  OssBackend,
  PgBackend,
  RemoteBackend,
  S3Backend,
  type TerraformStack,
} from "cdktf";
import { isAbsolute, join, relative, resolve } from "node:path";
import type { StackBackend } from "../ecr/environment/backend";
import { isLoopback } from "../ecr/loopback";
import { UserError } from "../ecr/user-error";

/** The backends whose settings go to cdktf as they are. */
const PLAIN = {
  gcs: GcsBackend,
  azurerm: AzurermBackend,
  consul: ConsulBackend,
  cos: CosBackend,
  oss: OssBackend,
  http: HttpBackend,
  pg: PgBackend,
} as const;

/**
 * Adds a stack's backend.
 *
 * The environment's schema has checked the settings, and leaves out those that hold secrets, though cdktf's types ask
 * for some of them: Terraform reads these from its environment.
 */
export function addBackend(stack: TerraformStack, { type, settings }: StackBackend): void {
  const { workspace, project, useLockfile, ...rest } = settings as Record<string, string>;
  switch (type) {
    case "local":
      new LocalBackend(stack, { path: fromStackDirectory(stack, rest.path!) });
      return;
    case "s3":
      new S3Backend(stack, rest as never);
      // cdktf 0.21 doesn't know this argument yet.
      stack.addOverride("terraform.backend.s3.use_lockfile", useLockfile);
      return;
    case "remote":
      new RemoteBackend(stack, {
        ...(rest as { organization: string }),
        workspaces: new NamedRemoteWorkspace(workspace!),
      });
      return;
    case "cloud":
      new CloudBackend(stack, {
        ...(rest as { organization: string }),
        workspaces: new NamedCloudWorkspace(workspace!, project),
      });
      return;
    default:
      new PLAIN[type](stack, rest as never);
  }
}

/**
 * A path from the project's folder as seen from the stack's own, where Terraform runs: no machine's paths are written
 * that the environment does not name.
 */
function fromStackDirectory(stack: TerraformStack, path: string): string {
  if (isAbsolute(path)) return path;
  const stackDirectory = join(App.of(stack).outdir, "stacks", stack.node.id);
  return relative(resolve(stackDirectory), resolve(path));
}

/**
 * The directory of the states of stacks that are deployed to the sandbox, which names one in ECR_CACHE_STATE_DIRECTORY,
 * so that a deployment there never overwrites the state of a real one; undefined outside of the sandbox.
 *
 * @throws UserError where AWS_ENDPOINT_URL does not lead to this machine: the state of a real deployment would be lost
 * with the directory.
 */
export function sandboxStateDirectory(): string | undefined {
  const { ECR_CACHE_STATE_DIRECTORY: directory, AWS_ENDPOINT_URL: endpoint = "" } = process.env;
  if (!directory) return undefined;
  if (isLoopback(endpoint)) return directory;
  throw new UserError(
    `ECR_CACHE_STATE_DIRECTORY is for the sandbox, which AWS_ENDPOINT_URL (found ${JSON.stringify(endpoint)}) does not lead to: unset it to deploy to AWS, or start the sandbox (npm run sandbox)`,
  );
}

/** Keeps the state of a stack in a file of a directory, whatever backend the stack has. */
export function useLocalState(stack: TerraformStack, directory: string): void {
  // The id of every backend in cdktf.
  stack.node.tryRemoveChild("backend");
  const path = join(directory, `terraform.${stack.node.id}.tfstate`);
  new LocalBackend(stack, { path });
  // Arguments that cdktf doesn't know are overrides of the stack; this one replaces them.
  stack.addOverride("terraform.backend", { local: { path } });
}
