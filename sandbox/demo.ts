import { stripVTControlCharacters } from "node:util";
import { environments } from "../environments";
import { cacheOf, cacheUri } from "../ecr/cache-uri";
import { type Environment, managedRules } from "../ecr/environment";
import type { UpstreamName } from "../ecr/upstreams";
import { UserError } from "../ecr/user-error";
import { runCommand } from "./command";
import { commandEnvironment } from "./command-environment";
import { seedAccount } from "./seed-account";
import { callJson } from "./moto-client";
import { findMoto } from "./moto";
import { type Sandbox, startSandbox } from "./sandbox";
import { findTerraform } from "../host/terraform";
import { makeWorkspace } from "./workspace";

/*
 * `npm run demo`: what the project does, shown on a sandbox in about a minute.
 */

/** A public image of each upstream that needs no token. */
const IMAGES: Readonly<Partial<Record<UpstreamName, string>>> = {
  "ecr-public": "public.ecr.aws/docker/library/nginx:1.27",
  quay: "quay.io/prometheus/prometheus:v3.0.0",
  k8s: "registry.k8s.io/pause:3.10",
};

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

/** The environment and image of the tour: the first that needs no token. */
function choose(): { environment: Environment; region: string; image: string } {
  for (const environment of environments) {
    const [region] = environment.regions;
    const image = environment.rules.map(({ upstream }) => IMAGES[upstream]).find(Boolean);
    if (managedRules(environment).length === 0 && region !== undefined && image !== undefined) {
      return { environment, region, image };
    }
  }
  throw new UserError(
    `environments/: found none for the demo; allowed: an environment that needs no token, with one of ${Object.keys(IMAGES).join(", ")}`,
  );
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

/** Runs a command and prints the lines that match; all of them if it fails. */
async function show(
  command: string,
  env: Readonly<Record<string, string>>,
  matters: RegExp,
): Promise<void> {
  say(`$ ${command}`);
  const lines: string[] = [];
  const code = await runCommand(command.split(" "), env, (line) => {
    const plain = stripVTControlCharacters(line).trimEnd();
    lines.push(plain);
    const found = matters.exec(plain);
    if (found) say(`  ${found[0].trim()}`);
  });
  goOn();
  if (code !== 0) throw new UserError(`${command} ended with code ${code}:\n${lines.join("\n")}`);
}

async function tour(sandbox: Sandbox, env: Readonly<Record<string, string>>): Promise<void> {
  const { environment, region, image } = choose();
  const { name, account } = environment;
  say(`the account ${account} answers at ${sandbox.url}, and is empty`);
  await seedAccount(sandbox, [environment]);

  step(`The environment "${name}" (environments/${name}.ts) is deployed`);
  await show(
    `npx cdktf deploy ${name} --auto-approve`,
    env,
    /aws_\S+: Creation complete|Apply complete!.*/,
  );

  step("An image is pulled through the cache for the first time");
  const { cacheUri: uri } = cacheUri(image, cacheOf(environment, region));
  if (uri === null) throw new Error(`${image} has no cache name`);
  say(`${image} is now called`, uri);
  const [, repositoryName = "", imageTag = ""] = /^[^/]+\/(.*):([^:]+)$/.exec(uri) ?? [];
  const { images } = await callEcr<{ images: { imageId: { imageDigest: string } }[] }>(
    sandbox,
    region,
    "BatchGetImage",
    { repositoryName, imageIds: [{ imageTag }] },
  );
  say(`pulled ${images[0]?.imageId.imageDigest}`);

  step("The pull has created a repository from the template of its rule");
  await describe(sandbox, region, repositoryName);

  step("The repository is not Terraform's: the plan is empty");
  await show(`npx cdktf diff ${name}`, env, /No changes\..*|Plan: .*/);

  step("The environment is destroyed");
  await show(`npx cdktf destroy ${name} --auto-approve`, env, /Destroy complete!.*/);
  const { repositories } = await callEcr<{ repositories: { repositoryName: string }[] }>(
    sandbox,
    region,
    "DescribeRepositories",
    {},
  );
  say(
    "left, since pulls created them, not Terraform:",
    ...repositories.map((repository) => `  ${repository.repositoryName}`),
  );
}

async function describe(sandbox: Sandbox, region: string, repositoryName: string): Promise<void> {
  const call = <Output>(action: string, input: object = {}) =>
    callEcr<Output>(sandbox, region, action, { repositoryName, ...input });
  const { repositories } = await callEcr<{ repositories: { repositoryArn: string }[] }>(
    sandbox,
    region,
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
  const { environment, region } = choose();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // What runs is ended in order (by runCommand), then there is no next step.
    process.on(signal, () => (isInterrupted = true));
  }
  step("An AWS account is started on this machine");
  const sandbox = await startSandbox({ account: environment.account, region });
  const workspace = makeWorkspace();
  try {
    const env = commandEnvironment(sandbox, workspace, terraform.mirror);
    await tour(sandbox, env);
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
