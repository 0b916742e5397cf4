import { stripVTControlCharacters } from "node:util";
import { cacheOf, cacheUri } from "../ecr/cache-uri";
import { UserError } from "../ecr/user-error";
import { clientEnvironment } from "./client-environment";
import { runCommand } from "./command";
import { commandEnvironment } from "./command-environment";
import { demo } from "./demo-environment";
import { seedAccount } from "./seed-account";
import { callJson } from "./moto-client";
import { findMoto } from "./moto";
import { type Sandbox, startSandbox } from "./sandbox";
import { findProgram } from "../host/find-program";
import { findTerraform } from "../host/terraform";
import { makeWorkspace } from "./workspace";

/*
 * `npm run demo`: what the project does, shown on a sandbox in about a minute.
 */

const IMAGE = "public.ecr.aws/docker/library/nginx:1.27";
const REGION = "us-east-1";

/** The exit code of a program that Ctrl-C has ended, as shells have it. */
const INTERRUPTED = 130;
const FAILURE = 2;

/** The user has pressed Ctrl-C. */
class Interruption extends Error {}

let isInterrupted = false;
function goOn(): void {
  if (isInterrupted) throw new Interruption();
}

let steps = 0;
function step(title: string): void {
  goOn();
  steps += 1;
  console.log(`\n${steps}. ${title}`);
}

function say(...lines: string[]): void {
  for (const line of lines) console.log(`   ${line}`);
}

/** A call of ECR in the sandbox. */
async function callEcr<Output>(
  sandbox: Sandbox,
  region: string,
  action: string,
  input: object,
): Promise<Output> {
  const target = `AmazonEC2ContainerRegistry_V20150921.${action}`;
  const { ok, text } = await callJson(sandbox, "ecr", region, target, input);
  if (!ok) throw new Error(`${action}: ${text}`);
  return JSON.parse(text) as Output;
}

/** Runs a command, and prints the lines that match; all of them if it fails. @param hidden what is not shown of it */
async function show(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  matters: RegExp,
  hidden: readonly string[] = [],
): Promise<void> {
  say(`$ ${command.join(" ")}`);
  const lines: string[] = [];
  const code = await runCommand([...command, ...hidden], env, (line) => {
    const plain = stripVTControlCharacters(line).trimEnd();
    lines.push(plain);
    const found = matters.exec(plain);
    if (found) say(`  ${found[0].trim()}`);
  });
  goOn();
  if (code !== 0)
    throw new UserError(`${command.join(" ")} ended with code ${code}:\n${lines.join("\n")}`);
}

/** Runs cdktf on the demo's own app. */
function cdktf(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  matters: RegExp,
): Promise<void> {
  const app = ["--app", "node launch.mjs sandbox/demo-app.ts"];
  return show(["npx", "cdktf", ...args], env, matters, app);
}

async function tour(
  sandbox: Sandbox,
  env: Readonly<Record<string, string>>,
  directory: string,
): Promise<void> {
  const { name, account } = demo;
  say(`the account ${account} answers at ${sandbox.url}, and is empty`);
  await seedAccount(sandbox, [demo]);

  step(`The environment "${name}" (sandbox/demo-environment.ts) is deployed`);
  await cdktf(
    ["deploy", name, "--auto-approve"],
    env,
    /aws_\S+: Creation complete|Apply complete!.*/,
  );

  step("An image is pulled through the cache for the first time");
  const { cacheUri: uri } = cacheUri(IMAGE, cacheOf(demo, REGION));
  if (uri === null) throw new Error(`${IMAGE} has no cache name`);
  say(`${IMAGE} is now called`, uri);
  const [, repositoryName = "", imageTag = ""] = /^[^/]+\/(.*):([^:]+)$/.exec(uri) ?? [];
  const { images } = await callEcr<{ images: { imageId: { imageDigest: string } }[] }>(
    sandbox,
    REGION,
    "BatchGetImage",
    { repositoryName, imageIds: [{ imageTag }] },
  );
  say(`pulled ${images[0]?.imageId.imageDigest}`);

  step("The pull has created a repository from the template of its rule");
  await describe(sandbox, repositoryName);

  step("The repository is not Terraform's: the plan is empty");
  await cdktf(["diff", name], env, /No changes\..*|Plan: .*/);

  if (findProgram("skopeo") !== undefined && sandbox.certificateAuthority !== undefined) {
    step("A container client pulls by the same name, with the login of ECR");
    const clientEnv = await clientEnvironment(sandbox, REGION, directory);
    await show(
      ["skopeo", "inspect", "--no-tags", `docker://${uri}`],
      clientEnv,
      /"(Digest|Architecture)".*/,
    );
  }

  step("The environment is destroyed");
  await cdktf(["destroy", name, "--auto-approve"], env, /Destroy complete!.*/);
  const { repositories } = await callEcr<{ repositories: { repositoryName: string }[] }>(
    sandbox,
    REGION,
    "DescribeRepositories",
    {},
  );
  say(
    "left, since pulls created them, not Terraform:",
    ...repositories.map((repository) => `  ${repository.repositoryName}`),
  );
}

async function describe(sandbox: Sandbox, repositoryName: string): Promise<void> {
  const call = <Output>(action: string, input: object = {}) =>
    callEcr<Output>(sandbox, REGION, action, { repositoryName, ...input });
  const { repositories } = await callEcr<{ repositories: { repositoryArn: string }[] }>(
    sandbox,
    REGION,
    "DescribeRepositories",
    { repositoryNames: [repositoryName] },
  );
  const { tags } = await call<{ tags: { Key: string; Value: string }[] }>("ListTagsForResource", {
    resourceArn: repositories[0]?.repositoryArn,
  });
  const { lifecyclePolicyText } = await call<{ lifecyclePolicyText: string }>("GetLifecyclePolicy");
  const { rules } = JSON.parse(lifecyclePolicyText) as { rules: { description: string }[] };
  const { imageDetails } = await call<{
    imageDetails: { imageTags?: string[]; imageSizeInBytes: number; imageDigest: string }[];
  }>("DescribeImages");
  say(
    `repository        ${repositoryName}`,
    `tags              ${tags
      .map(({ Key, Value }) => `${Key}=${Value}`)
      .sort()
      .join(", ")}`,
    `lifecycle policy  ${rules.map(({ description }) => description).join("; ")}`,
    ...imageDetails.map(
      ({ imageTags, imageDigest, imageSizeInBytes }) =>
        `image             ${imageDigest.slice(0, 19)}… ${(imageSizeInBytes / 1e6).toFixed(0).padStart(3)} MB  ${imageTags?.join() ?? "(of one platform)"}`,
    ),
  );
}

async function main(): Promise<void> {
  const terraform = findTerraform();
  for (const need of [findMoto(), terraform]) {
    if (!need.ok) throw new UserError(need.reason);
  }
  const start = performance.now();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // What runs is ended in order (by runCommand), then there is no next step.
    process.on(signal, () => (isInterrupted = true));
  }
  step("An AWS account is started on this machine");
  const sandbox = await startSandbox({ account: demo.account, region: REGION });
  const workspace = makeWorkspace(sandbox);
  try {
    const env = commandEnvironment(sandbox, workspace, terraform.mirror);
    await tour(sandbox, env, workspace.directory);
  } finally {
    await sandbox.stop();
    workspace.remove();
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`\nThat took ${seconds} s. The account and all files of the demo are removed.`);
}

main().catch((error: unknown) => {
  process.exitCode = error instanceof Interruption ? INTERRUPTED : FAILURE;
  if (error instanceof Interruption) return;
  console.error(error instanceof UserError ? error.message : error);
});
