import { Command } from "commander";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join, relative, resolve } from "node:path";
import { buildApp } from "./app";
import { EnvironmentStack } from "./constructs/environment-stack";
import { show } from "./ecr/problem";
import { UserError } from "./ecr/user-error";
import { terraformBinary } from "./host/terraform-program";
import type { Body } from "./hcl/configuration";
import { filesOf } from "./hcl/files";
import type { CacheApp } from "./stacks/cache-app";
import { LOCK_FILE, providerLock } from "./stacks/provider-locks";

/*
 * `npm run eject`: the stacks of an environment as Terraform that needs neither this project nor Node.js, on the state that
 * they have.
 */

/** The folder of the assets, below that of a stack. */
const ASSETS = "assets";

/** A configuration as it is printed into another folder. */
function moved(configuration: Body, from: string, to: string): Body {
  const { terraform, resource } = structuredClone(configuration) as {
    terraform: { backend?: { local?: { path: string } } };
    resource?: {
      aws_lambda_function?: Record<string, { filename: string; source_code_hash: string }>;
    };
  };
  const { local } = terraform.backend ?? {};
  if (local && !isAbsolute(local.path)) local.path = relative(to, resolve(from, local.path));
  // Terraform reads the code, which may then be replaced.
  for (const lambda of Object.values(resource?.aws_lambda_function ?? {})) {
    lambda.source_code_hash = `\${filebase64sha256("${lambda.filename}")}`;
  }
  return { ...configuration, terraform, ...(resource && { resource }) };
}

/** The lock file with which a stack was deployed last, if there is one. */
function lockOf(stack: string): string | undefined {
  const synthesized = resolve(process.env.CDKTF_OUTDIR ?? "cdktf.out", "stacks", stack, LOCK_FILE);
  return [providerLock(stack), synthesized].find((path) => existsSync(path));
}

/** Writes a stack to a folder. */
function writeStack(app: CacheApp, stack: EnvironmentStack, from: string, to: string): void {
  const { id } = stack.node;
  mkdirSync(to, { recursive: true });
  const written = join(app.outdir, app.manifest.stacks[id]!.workingDirectory);
  const blocks = stack.printBlocks((configuration) => moved(configuration, from, to));
  for (const [name, text] of Object.entries(filesOf(blocks))) writeFileSync(join(to, name), text);
  if (existsSync(join(written, ASSETS))) {
    cpSync(join(written, ASSETS), join(to, ASSETS), { recursive: true });
  }
}

function readme(environment: string, stacks: readonly EnvironmentStack[]): string {
  const program = terraformBinary();
  const names = stacks.map(({ node }) => node.id);
  const variables = stacks.flatMap((stack) =>
    Object.keys((stack.toTerraform() as { variable?: object }).variable ?? {}),
  );
  const { backend } = stacks[0]!.environment;
  const state =
    backend.type === "local"
      ? `The state of each folder is still the file that \`backend "local"\` in terraform.tf names. To keep it elsewhere, write another
backend there and run \`${program} init -migrate-state\`.`
      : `The state of each folder is where it was (\`backend\` or \`cloud\` in terraform.tf). To move it, write another backend there
and run \`${program} init -migrate-state\`.`;
  return `# The ECR pull-through cache ${environment}, in plain Terraform

Written by \`npm run eject\`. What is deployed stays as it is: a plan has no changes.

${names.map((name) => `- \`${name}/\`: a root module`).join("\n")}

\`\`\`sh
${names.map((name) => `${program} -chdir=${name} init\n${program} -chdir=${name} plan`).join("\n")}
\`\`\`

${
  variables.length === 0
    ? ""
    : `Tokens come from ${variables.map((name) => `\`TF_VAR_${name}\``).join(", ")}. They are written only when
\`secret_string_wo_version\` is raised; for any other plan, any text will do.

`
}${state}

From now on change these files, and deploy \`${names.join("` and `")}\` no more with the project: two configurations of one state
undo each other.

What you can do:

- Change anything in the HCL, such as a lifecycle policy. A template applies to new repositories.
- Add and remove rules, regions and pullers: copy what one of them has.
- Replace the code of the maintenance functions in \`${ASSETS}/\`, if there are any; the plan sees the change. They are built from
  the project's sources, which also update them.
- Go on with \`ecr-cache\` for everything but \`deploy\`, \`diff\`, \`destroy\`, \`review ENV\` and \`recover\`, as long as the environment
  in the project says what is deployed.
`;
}

/** @throws UserError if there is no such environment, or something is in the directory. */
function eject(environment: string, directory: string): void {
  const target = resolve(directory);
  if (existsSync(target) && (!statSync(target).isDirectory() || readdirSync(target).length > 0)) {
    throw new UserError(`${directory}: found something there; allowed: a new or empty directory`);
  }
  const before = process.env.CDKTF_OUTDIR;
  const temporary = mkdtempSync(join(tmpdir(), "ecr-cache-eject-"));
  try {
    process.env.CDKTF_OUTDIR = temporary;
    process.env.SYNTH_HCL_OUTPUT = "true";
    const app = buildApp();
    const all = app.stacks.filter((stack) => stack instanceof EnvironmentStack);
    const stacks = all.filter((stack) => stack.environment.name === environment);
    if (stacks.length === 0) {
      const names = [...new Set(all.map((stack) => stack.environment.name))].join(", ");
      throw new UserError(`environment: found ${show(environment)}; allowed: ${names}`);
    }
    app.synth();
    if (before === undefined) delete process.env.CDKTF_OUTDIR;
    else process.env.CDKTF_OUTDIR = before;
    for (const stack of stacks) {
      const { id } = stack.node;
      writeStack(app, stack, join(app.outdir, "stacks", id), join(target, id));
      const lock = lockOf(id);
      if (lock) cpSync(lock, join(target, id, LOCK_FILE));
      else {
        console.error(
          `${id}: no lock file of its provider was found (npm run lock), so \`init\` takes the newest that it allows.`,
        );
      }
    }
    writeFileSync(join(target, "README.md"), readme(environment, stacks));
    console.log(
      `${directory}: ${stacks.map(({ node }) => node.id).join(" and ")}. Go on with README.md there.`,
    );
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

new Command("npm run eject --")
  .description("write the stacks of an environment as plain Terraform, on the state that they have")
  .argument("<env>", "an environment")
  .argument("<dir>", "a new or empty directory")
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .action(eject)
  .parse();
