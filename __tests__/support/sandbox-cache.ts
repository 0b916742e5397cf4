import {
  CreatePullThroughCacheRuleCommand,
  CreateRepositoryCreationTemplateCommand,
  DeletePullThroughCacheRuleCommand,
  DescribeImagesCommand,
  type ECRClient,
  type ImageDetail,
} from "@aws-sdk/client-ecr";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { formatLifecyclePolicy } from "../../ecr/lifecycle-policy";
import { FakeUpstream } from "../../sandbox/ecr/upstream";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox";
import { type Run, run } from "./run";
import { useVariables } from "./account";
import { startUpstream, type UpstreamServer } from "./upstream-server";
import { ecrOf } from "./clients";
import { ProjectCopy } from "./project-copy";
import dev from "./samples/environments/dev";

/** The cache of the environment `dev` in a sandbox, and the program that an operator runs. */
export interface InventoryCache {
  readonly sandbox: Sandbox;
  /** ECR as the sandbox has it. */
  readonly ecr: ECRClient;
  /** What the upstream registries say to those who ask them, and not through the cache. */
  readonly registries: UpstreamServer;
  /** Their images; ECR's are `sandbox.upstream`. */
  readonly published: FakeUpstream;
  /** Publishes an image for both. */
  publish(...content: Parameters<FakeUpstream["set"]>): void;
  /** Makes what the stack of `dev` makes: rules and creation templates. */
  deploy(): Promise<void>;
  /** Takes the rules away again; the repositories stay. */
  destroy(): Promise<void>;
  /** Empties everything. */
  reset(): Promise<void>;
  stop(): Promise<void>;
  /** Runs `ecr-cache COMMAND --env dev ARGUMENT…` in this process. */
  run(command: string, ...argv: readonly string[]): Promise<Run>;
  /** The same in a process of its own. */
  runProgram(command: string, ...argv: readonly string[]): Promise<Run>;
  /** The images of a repository. */
  images(repositoryName: string): Promise<ImageDetail[]>;
}

/** Starts it. */
export async function startInventoryCache(): Promise<InventoryCache> {
  const sandbox = await startSandbox({ account: dev.account });
  const published = new FakeUpstream();
  const registries = await startUpstream(() => published);
  const ecr = ecrOf(sandbox, "us-east-1");
  const env = {
    ...sandbox.env,
    ECR_CACHE_UPSTREAM_URL: registries.baseUrl,
    // Of no interest to who reads the output.
    NODE_NO_WARNINGS: "1",
  };
  const restore = useVariables(env);
  const project = new ProjectCopy();
  return {
    sandbox,
    ecr,
    registries,
    published,
    publish: (...content) => {
      published.set(...content);
      sandbox.upstream.set(...content);
    },
    deploy: async () => {
      for (const { prefix, upstreamUrl, lifecyclePolicy } of dev.rules) {
        await ecr.send(
          new CreateRepositoryCreationTemplateCommand({
            prefix,
            appliedFor: ["PULL_THROUGH_CACHE"],
            lifecyclePolicy: formatLifecyclePolicy(lifecyclePolicy),
          }),
        );
        await ecr.send(
          new CreatePullThroughCacheRuleCommand({
            ecrRepositoryPrefix: prefix,
            upstreamRegistryUrl: upstreamUrl,
          }),
        );
      }
    },
    destroy: async () => {
      for (const { prefix } of dev.rules) {
        await ecr.send(new DeletePullThroughCacheRuleCommand({ ecrRepositoryPrefix: prefix }));
      }
    },
    reset: async () => {
      published.reset();
      registries.failures.length = 0;
      registries.requests.length = 0;
      await sandbox.reset();
    },
    stop: async () => {
      restore();
      ecr.destroy();
      await registries.close();
      await sandbox.stop();
      project.remove();
    },
    run: (command, ...argv) => run(command, "--env", "dev", ...argv),
    runProgram: (command, ...argv) =>
      new Promise((resolve) => {
        execFile(
          process.execPath,
          [join(project.directory, "cli/ecr-cache.mjs"), command, "--env", "dev", ...argv],
          { env, maxBuffer: 64 * 1024 * 1024 },
          (error, stdout, stderr) => {
            const { code = 0 } = (error ?? {}) as { code?: number };
            resolve({ stdout, stderr, exitCode: code });
          },
        );
      }),
    images: async (repositoryName) => {
      const { imageDetails = [] } = await ecr.send(
        new DescribeImagesCommand({ repositoryName, maxResults: 1000 }),
      );
      return imageDetails;
    },
  };
}
