import { TerraformResource, type TerraformStack } from "cdktf";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { buildApp } from "./app";
import { count, formatTable } from "./cli/shell/output";
import { type Environment, managedRules, tokenVariable } from "./ecr/environment";
import { END_OF_SUPPORT, NODEJS_24_PROVIDER } from "./ecr/environment/lambda-runtime";
import { stackName } from "./ecr/environment/stack-name";
import { environmentWarnings } from "./ecr/environment/warnings";
import { findUnlistedEnvironments } from "./host/unlisted-environments";
import { CacheStack } from "./stacks/cache-stack";
import type { CacheApp } from "./stacks/cache-app";
import { ConsumerStack } from "./stacks/consumer-stack";
import { CredentialsStack } from "./stacks/credentials-stack";
import { PROVIDER_LOCKS } from "./stacks/provider-locks";

/*
 * `npm run synth`: what `cdktf synth` does, without the seconds that its command line takes, and what to do next.
 */

const HELP = `Usage: npm run synth -- [--hcl]

Writes the Terraform of every environment, and of your own stacks, to cdktf.out/.

  --hcl   HCL instead of JSON
`;

const rulesOf = ({ rules, regions }: Environment) =>
  `${count(rules.length, "rule")} in ${regions.join(", ")}`;

const pullersOf = ({ access }: Environment) =>
  [
    access.roles.length > 0 && count(access.roles.length, "role"),
    access.accounts.length > 0 && count(access.accounts.length, "account"),
    access.consumers.length > 0 && count(access.consumers.length, "consumer"),
    access.organizations.length > 0 && count(access.organizations.length, "organization"),
    access.organizationPaths.length > 0 &&
      count(access.organizationPaths.length, "path in an organization", "paths in organizations"),
  ]
    .filter(Boolean)
    .join(" and ");

function describeCache(environment: Environment): string {
  const pullers = pullersOf(environment);
  const maintenance = environment.maintenance ? ", maintenance" : "";
  return `${rulesOf(environment)}${pullers && `, for ${pullers}`}${maintenance}`;
}

function describeCredentials(environment: Environment): string {
  return `${count(managedRules(environment).length, "secret")} in ${environment.regions.join(", ")}`;
}

function describeStack(stack: TerraformStack): string {
  if (stack instanceof CacheStack) return describeCache(stack.environment);
  if (stack instanceof CredentialsStack) return describeCredentials(stack.environment);
  if (stack instanceof ConsumerStack) {
    const { account, roles } = stack.consumer;
    return `the pullers' policy of ${count(roles.length, "role")} in account ${account}`;
  }
  const resources = stack.node
    .findAll()
    .filter((each) => TerraformResource.isTerraformResource(each));
  return count(resources.length, "resource");
}

/** The command for a stack. cdktf deploys none without those that it depends on. */
function deployCommand(stack: TerraformStack, { stacks }: CacheApp): string {
  const needed = stacks.filter((other) => other === stack || stack.dependsOn(other));
  return `npx cdktf deploy ${needed.map(({ node }) => node.id).join(" ")}`;
}

function printNextSteps(app: CacheApp): void {
  const { stacks } = app.manifest;
  process.stdout.write(
    formatTable(
      [
        { title: "STACK", value: ({ node }) => node.id },
        { title: "HOLDS", value: describeStack },
        {
          title: "FILE",
          value: ({ node }) =>
            relative(".", join(app.outdir, stacks[node.id]!.synthesizedStackPath)),
        },
        { title: "NEXT", value: (stack) => deployCommand(stack, app) },
      ],
      app.stacks,
    ),
  );
  for (const stack of app.stacks) {
    if (!(stack instanceof CredentialsStack)) continue;
    const { environment } = stack;
    const variables = managedRules(environment).map(
      ({ prefix }) => `TF_VAR_${tokenVariable(prefix)}`,
    );
    console.log(
      `\n${stack.node.id} comes before ${stackName(environment, "cache")}, and takes its ${variables.length === 1 ? "token" : "tokens"} from ${variables.join(", ")}.`,
    );
  }
}

/** Names the environments whose runtime has a successor that they could use. */
function printEndOfRuntime(app: CacheApp): void {
  const runtime = "nodejs22.x";
  const names = app.stacks
    .filter((stack) => stack instanceof CacheStack)
    .filter(({ environment }) => environment.maintenance?.runtime === runtime)
    .map(({ environment }) => environment.name);
  if (names.length === 0) return;
  console.log(
    `\nThe maintenance functions of ${names.join(", ")} run on ${runtime}, which AWS supports until ${END_OF_SUPPORT[runtime]}. For nodejs24.x, set awsProviderVersion: ">= ${NODEJS_24_PROVIDER}, < 7.0.0".`,
  );
}

function main(): void {
  const { values } = parseArgs({
    options: { hcl: { type: "boolean", default: false }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  // Stacks look at the variable, not at the app's option of that name (cdktf 0.21).
  process.env.SYNTH_HCL_OUTPUT = String(values.hcl);
  for (const file of findUnlistedEnvironments("environments")) {
    console.error(
      `environments/${file} is not in environments/index.ts, so nothing is synthesized for it. List it there, or remove it.`,
    );
  }
  const app = buildApp();
  app.synth();
  for (const stack of app.stacks) {
    if (!(stack instanceof CacheStack)) continue;
    for (const warning of environmentWarnings(stack.environment)) console.error(warning);
  }
  printNextSteps(app);
  if (app.sandboxStates !== undefined) {
    console.log(`\nFor the sandbox: the state of every stack is a file in ${app.sandboxStates}.`);
  }
  printEndOfRuntime(app);
  if (app.unlockedStacks.length > 0) {
    console.log(
      `\nThe providers of ${app.unlockedStacks.join(", ")} are not locked: run npm run lock, and commit ${PROVIDER_LOCKS}/.`,
    );
  }
}

/** Whether `parseArgs` threw it. */
function isWrongUse(error: unknown): error is Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code.startsWith("ERR_PARSE_ARGS");
}

try {
  main();
} catch (error) {
  if (!isWrongUse(error)) throw error;
  console.error(`npm run synth: ${error.message.split(". ")[0]}; allowed: --hcl, --help`);
  process.exitCode = 2;
}
