import { Command, InvalidArgumentError } from "commander";
import { environments } from "../environments";
import { UserError } from "../ecr/user-error";
import { chooseEnvironment } from "./choose-environment";
import { runCommand } from "./command";
import { commandEnvironment, misleadingVariables } from "./command-environment";
import { seedAccount } from "./seed-account";
import { findProvider } from "../host/provider-mirror";
import { startSandbox } from "./sandbox";
import { exportLines } from "./shell";
import { makeWorkspace } from "./workspace";

/*
 * `npm run sandbox`: an AWS account on this machine, for as long as it runs or for one command.
 */

interface Options {
  readonly env?: string;
  readonly account?: string;
  readonly motoUrl?: string;
  readonly port?: number;
}

function account(text: string): string {
  if (/^[0-9]{12}$/.test(text)) return text;
  throw new InvalidArgumentError("allowed: the 12 digits of an account id");
}

function url(text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === "http:") return text;
  throw new InvalidArgumentError("allowed: a URL such as http://127.0.0.1:5000");
}

function port(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number;
  throw new InvalidArgumentError("allowed: a port from 0 (a free one) to 65535");
}

/** The exit code for wrong use, and where the sandbox can't start; a command's own exit code is passed through. */
const FAILURE = 2;

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => resolve());
    }
  });
}

async function run(command: readonly string[], options: Options): Promise<number> {
  const provider = findProvider();
  // Without a provider all but Terraform works; a mirror that was named and can't be used is a mistake.
  if (!provider.ok && process.env.TF_PLUGIN_MIRROR) throw new UserError(provider.reason);
  const environment = chooseEnvironment(command, environments, options.env);
  const id = options.account ?? environment.account;
  const own = environments.filter((one) => one.account === id);
  const sandbox = await startSandbox({
    account: id,
    motoUrl: options.motoUrl,
    port: options.port,
    region: environment.regions[0],
    regions: [environment, ...own].flatMap(({ regions }) => regions),
  });
  const workspace = makeWorkspace(sandbox);
  try {
    await seedAccount(sandbox, own);
    const env = commandEnvironment(sandbox, workspace, provider.mirror);
    const where = `environment ${environment.name}, account ${id}, at ${sandbox.url}`;
    if (command.length > 0) {
      // Not in the way of what a command prints to a pipe.
      if (process.stdout.isTTY) console.error(`In the sandbox: ${where}`);
      return await runCommand(command, env);
    }

    console.log(
      [
        `# The account ${id} is on this machine until you press Ctrl-C. In another shell:`,
        `# (${where})`,
        ...exportLines(process.env, env, misleadingVariables),
      ].join("\n"),
    );
    await untilStopped();
    return 0;
  } finally {
    workspace.remove();
    await sandbox.stop();
  }
}

const program = new Command("sandbox")
  .description("An AWS account on this machine, until Ctrl-C or while one command runs.")
  .usage("[OPTION…] [COMMAND…]")
  .argument("[command...]", "what to run in the sandbox, such as npx cdktf deploy dev")
  .option("--env <env>", "the environment (default: the one in the command, or the first)")
  .option("--account <id>", "its account (default: that of the environment)", account)
  .option("--moto-url <url>", "a running moto_server (default: start one)", url)
  .option("--port <number>", "the port of the sandbox (default: a free one)", port)
  .passThroughOptions()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : FAILURE))
  .action(async (command: string[], options: Options) => {
    process.exitCode = await run(command, options);
  });

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof UserError ? error.message : error);
  process.exitCode = FAILURE;
});
