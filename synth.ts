import { relative } from "node:path";
import { parseArgs } from "node:util";
import { count, formatTable } from "./cli/shell/output";
import type { StackKind } from "./ecr/environment/backend";
import { type Environment, managedRules, tokenVariable } from "./ecr/environment";
import { stackName } from "./ecr/environment/stack-name";
import { environments } from "./environments";
import { synthesize } from "./stacks";

/*
 * `npm run synth`: what `cdktf synth` does, without the seconds that its command line takes, and what to do next.
 */

const HELP = `Usage: npm run synth -- [--hcl]

Writes the Terraform of every environment to cdktf.out/.

  --hcl   HCL instead of JSON
`;

interface StackRow {
  readonly stack: string;
  readonly holds: string;
  readonly file: string;
}

const rulesOf = ({ rules, regions }: Environment) =>
  `${count(rules.length, "rule")} in ${regions.join(", ")}`;

const pullersOf = ({ access }: Environment) =>
  [
    access.roles.length > 0 && count(access.roles.length, "role"),
    access.accounts.length > 0 && count(access.accounts.length, "account"),
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

function printNextSteps(rows: readonly StackRow[]): void {
  process.stdout.write(
    formatTable(
      [
        { title: "STACK", value: (row) => row.stack },
        { title: "HOLDS", value: (row) => row.holds },
        { title: "FILE", value: (row) => row.file },
        { title: "NEXT", value: (row) => `npx cdktf deploy ${row.stack}` },
      ],
      rows,
    ),
  );
  for (const environment of environments) {
    const variables = managedRules(environment).map(
      ({ prefix }) => `TF_VAR_${tokenVariable(prefix)}`,
    );
    if (variables.length === 0) continue;
    console.log(
      `\n${stackName(environment, "credentials")} comes before ${environment.name}, and takes its ${variables.length === 1 ? "token" : "tokens"} from ${variables.join(", ")}.`,
    );
  }
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
  const { manifest, outdir } = synthesize(environments);
  const row = (environment: Environment, kind: StackKind, holds: string): StackRow => {
    const stack = stackName(environment, kind);
    const path = manifest.stacks[stack]?.synthesizedStackPath ?? "";
    return { stack, holds, file: relative(".", `${outdir}/${path}`) };
  };
  printNextSteps(
    environments.flatMap((environment) => [
      ...(managedRules(environment).length > 0
        ? [row(environment, "credentials", describeCredentials(environment))]
        : []),
      row(environment, "cache", describeCache(environment)),
    ]),
  );
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
