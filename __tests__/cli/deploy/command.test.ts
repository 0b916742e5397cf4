import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { main } from "../../../cli/main";
import type { Session } from "../../../cli/shell/session";
import type { projectDirectory } from "../../../launch/project-directory.cjs";
import { type Change, planJson } from "../../support/plan-builder";
import { run } from "../../support/run";

/*
 * What happens around Terraform's program: who is asked for what, and how it is run and ended. With the real one:
 * __tests__/e2e/ecr-cache-deploy.test.ts.
 */

let folder: string;
jest.mock("../../../launch/project-directory.cjs", () => ({
  get projectDirectory(): typeof projectDirectory {
    return folder;
  },
}));

/** A project whose synthesis takes no time. */
const SYNTHESIS = `
  import { mkdirSync } from "node:fs";
  for (const stack of ["dev", "staging", "staging-credentials", "prod", "prod-credentials"]) {
    mkdirSync("cdktf.out/stacks/" + stack, { recursive: true });
  }
`;

const TOKEN = "dckr_pat_never-to-be-seen";
const NOT_A_TOKEN = "not-a-token";

/** A call of the fake Terraform. */
interface Call {
  readonly command: string;
  readonly stack: string;
  readonly args: readonly string[];
  readonly tokens: Readonly<Record<string, string>>;
  readonly plan?: string;
  readonly modes?: readonly string[];
  readonly interruptions?: number;
}

const environment = process.env;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ecr-cache-deploy-"));
  mkdirSync(join(folder, "tmp"));
  writeFileSync(join(folder, "launch.mjs"), SYNTHESIS);
  process.env = {
    ...environment,
    TERRAFORM_BINARY_NAME: join(__dirname, "../../support/fake-terraform.mjs"),
    FAKE_TERRAFORM: folder,
    CDKTF_OUTDIR: undefined,
    TMPDIR: join(folder, "tmp"),
  };
});
afterEach(() => {
  process.env = environment;
  const left = readdirSync(join(folder, "tmp"));
  rmSync(folder, { recursive: true, force: true });
  // Whatever happened, no plan stays.
  expect(left).toEqual([]);
});

const plans = (stacks: Readonly<Record<string, readonly Change[]>>) => {
  for (const [stack, changes] of Object.entries(stacks)) {
    writeFileSync(join(folder, `${stack}.json`), planJson(changes, { accounts: null }));
  }
};

const calls = (command: string): Call[] => {
  const path = join(folder, "calls.jsonl");
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Call)
    .filter((call) => call.command === command);
};

const version = (prefix: string, actions: readonly string[]): Change => ({
  address: `aws_secretsmanager_secret_version.us-east-1_${prefix}`,
  actions,
  before: { secret_string_wo_version: 1 },
  after: { secret_string_wo_version: 2 },
});

const rule = (actions: readonly string[]): Change => ({
  address: "aws_ecr_pull_through_cache_rule.us-east-1_quay",
  actions,
  before: actions.includes("create") ? null : { ecr_repository_prefix: "quay" },
  after: { ecr_repository_prefix: "quay", upstream_registry_url: "quay.io" },
});

/** A person at a terminal: `answers` are typed one by one, each when a question is shown. */
async function atTerminal(
  argv: readonly string[],
  answers: readonly (string | (() => void))[],
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const written = { stdout: "", stderr: "" };
  const left = [...answers];
  const session: Session = {
    stdin,
    stdout: { write: (text: string) => (written.stdout += text) },
    stderr: {
      write: (text: string) => {
        written.stderr += text;
        if (!text.endsWith(": ")) return;
        const answer = left.shift();
        setImmediate(() => {
          if (typeof answer === "function") answer();
          else stdin.write(`${answer}\r\n`);
        });
      },
    },
    exitCode: 0,
  };
  const exitCode = await main(argv, session);
  expect(left).toEqual([]);
  return { exitCode, ...written };
}

describe("`deploy` at a terminal", () => {
  test("`deploy` asks, hidden, for the token that the plan writes, and gives it to the apply alone", async () => {
    plans({
      "prod-credentials": [version("docker-hub", ["delete", "create"]), version("ghcr", ["no-op"])],
      prod: [],
    });
    const { exitCode, stdout, stderr } = await atTerminal(["deploy", "prod"], ["yes", TOKEN]);
    expect(stderr).toBe(
      "Apply this plan of prod-credentials in account 333333333333? Type yes: Docker Hub, access token of acme-bot (not shown): \n",
    );
    expect(stdout).toContain("**rotates its token** (version `1` to `2`)");
    expect(stdout + stderr).not.toContain(TOKEN);
    expect(exitCode).toBe(0);
    const [planned] = calls("plan");
    expect(planned?.tokens.TF_VAR_docker_hub_access_token).toBe(NOT_A_TOKEN);
    const applied = calls("apply");
    expect(applied.map(({ stack }) => stack)).toEqual(["prod-credentials"]);
    expect(applied[0]?.tokens.TF_VAR_docker_hub_access_token).toBe(TOKEN);
    expect(JSON.stringify([...calls("plan"), ...applied].map(({ args }) => args))).not.toContain(
      TOKEN,
    );
  });

  test("`deploy` applies the very plan that was shown, which only its user can read", async () => {
    plans({ dev: [rule(["create"])] });
    expect((await atTerminal(["deploy", "dev"], ["yes"])).exitCode).toBe(0);
    const [planned] = calls("plan");
    const [applied] = calls("apply");
    expect(planned?.args).toContain(`-out=${applied?.args.at(-1)}`);
    expect(applied).toMatchObject({ plan: "plan of dev", modes: ["700", "600"] });
  });

  test.each(["no", "", "YES please"])(
    "`deploy` applies nothing after the answer %j",
    async (answer) => {
      plans({ dev: [rule(["create"])] });
      const { exitCode, stderr } = await atTerminal(["deploy", "dev"], [answer]);
      expect(stderr).toContain(
        `ecr-cache: confirmation: found ${JSON.stringify(answer)}; allowed: yes; nothing was changed\n`,
      );
      expect(exitCode).toBe(2);
      expect(calls("apply")).toEqual([]);
    },
  );

  test.each([
    ["the approval", "dev", []],
    ["a token", "staging", ["yes"]],
  ])(
    "a SIGTERM at the prompt for %s ends `deploy`, and nothing is applied",
    async (_, name, answers) => {
      plans({
        dev: [rule(["create"])],
        "staging-credentials": [version("docker-hub", ["update"])],
      });
      const { exitCode, stderr } = await atTerminal(
        ["deploy", name],
        [...answers, () => process.emit("SIGTERM", "SIGTERM")],
      );
      expect(stderr).toMatch(/\necr-cache: interrupted by SIGTERM\n$/);
      expect(exitCode).toBe(2);
      expect(calls("apply")).toEqual([]);
    },
  );

  test("`destroy` wants the environment's name, and no token", async () => {
    plans({
      staging: [rule(["delete"])],
      "staging-credentials": [version("docker-hub", ["delete"])],
    });
    const refused = await atTerminal(["destroy", "staging"], ["yes"]);
    expect(refused.stderr).toContain('found "yes"; allowed: staging; nothing was changed');
    const { exitCode } = await atTerminal(["destroy", "staging"], ["staging", "staging"]);
    expect(exitCode).toBe(0);
    expect(calls("apply").map(({ stack }) => stack)).toEqual(["staging", "staging-credentials"]);
    expect(calls("plan").every(({ args }) => args.includes("-destroy"))).toBe(true);
  });
});

describe("`deploy` without a terminal", () => {
  test("`deploy` without --auto-approve is refused before anything runs", async () => {
    expect(await run("deploy", "dev")).toEqual({
      stdout: "",
      stderr: "ecr-cache: there is no terminal to approve the plan at. Add --auto-approve\n",
      exitCode: 2,
    });
    expect(calls("plan")).toEqual([]);
  });

  test.each([
    ["one that is not set", undefined, /Set TF_VAR_docker_hub_access_token\n$/],
    ["an empty one", "", /Set TF_VAR_docker_hub_access_token\n$/],
    [
      "one with white space",
      `${TOKEN} `,
      /^ecr-cache: TF_VAR_docker_hub_access_token: token: found white space; allowed: /,
    ],
  ])("`deploy` refuses %s before it applies the plan that writes it", async (_, token, message) => {
    if (token !== undefined) process.env.TF_VAR_docker_hub_access_token = token;
    plans({ "staging-credentials": [version("docker-hub", ["create"])] });
    const { exitCode, stderr } = await run("deploy", "staging", "--auto-approve");
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain(TOKEN);
    expect(exitCode).toBe(2);
    expect(calls("apply")).toEqual([]);
  });

  test("`deploy --no-credentials` leaves the credentials stack alone, and `deploy ENV-credentials` the cache", async () => {
    plans({ staging: [rule(["create"])], "staging-credentials": [] });
    await run("deploy", "staging", "--no-credentials", "--auto-approve");
    await run("deploy", "staging-credentials", "--auto-approve");
    expect(calls("plan").map(({ stack }) => stack)).toEqual(["staging", "staging-credentials"]);
  });

  test("an interrupted `deploy` interrupts Terraform once, and waits until it has written its state", async () => {
    plans({ dev: [rule(["create"])] });
    writeFileSync(join(folder, "apply-waits"), "");
    let stderr = "";
    const session: Session = {
      stdout: { write: () => undefined },
      stderr: {
        write: (text: string) => {
          stderr += text;
          if (text !== "Creating...\n") return;
          process.emit("SIGTERM", "SIGTERM");
          process.emit("SIGINT", "SIGINT");
          void wait(50).then(() => process.emit("SIGTERM", "SIGTERM"));
        },
      },
      exitCode: 0,
    };
    expect(await main(["deploy", "dev", "--auto-approve"], session)).toBe(2);
    expect(stderr).toBe(
      "Creating...\necr-cache: dev: terraform apply was interrupted by SIGTERM\n",
    );
    expect(calls("state written").map(({ interruptions }) => interruptions)).toEqual([1]);
  });
});

test.each(["deploy", "diff", "destroy"])(
  "`%s` names the environments and stacks that there are",
  async (command) => {
    expect(await run(command, "qa", ...(command === "diff" ? [] : ["--auto-approve"]))).toEqual({
      stdout: "",
      stderr:
        'ecr-cache: environment: found "qa"; allowed: dev, staging, staging-credentials, prod, prod-credentials\n',
      exitCode: 2,
    });
  },
);

test("`diff` exits with 1 for a change with --fail-on-change, and applies nothing", async () => {
  plans({ dev: [rule(["create"])] });
  expect((await run("diff", "dev")).exitCode).toBe(0);
  expect((await run("diff", "dev", "--fail-on-change")).exitCode).toBe(1);
  plans({ dev: [] });
  expect((await run("diff", "dev", "--fail-on-change")).exitCode).toBe(0);
  expect(calls("apply")).toEqual([]);
});

describe("where a registry has no policy, and the environment does not say what is in it,", () => {
  const missing = (region: string) => `╷
│ Error: Cannot import non-existent remote object
│
│ While attempting to import an existing object to
│ "aws_ecr_registry_policy.${region}_existing", the provider detected that no
│ object exists with the given id.
╵
`;
  const other = "╷\n│ Error: Invalid provider configuration\n╵\n";
  const planFails = (...errors: readonly string[]) =>
    writeFileSync(join(folder, "plan-errors"), errors.join("\n"));

  test.each([["deploy", "--auto-approve"], ["diff"]])(
    "`%s` says in one line what to set",
    async (...command) => {
      planFails(missing("us-east-1"), missing("eu-west-1"));
      const [name = "", ...options] = command;
      expect(await run(name, "dev", ...options)).toMatchObject({
        exitCode: 2,
        stderr:
          'ecr-cache: dev: there is no registry policy in eu-west-1, us-east-1, so no statements of others to keep. Set access.registryStatements in the environment to those of its other regions, or to [], and leave "registry-policy" out of adopt\n',
      });
      expect(calls("apply")).toEqual([]);
    },
  );

  test("`deploy` prints all of Terraform's errors if there are others", async () => {
    planFails(missing("us-east-1"), other);
    const { stderr } = await run("deploy", "dev", "--auto-approve");
    expect(stderr).toContain("Cannot import non-existent remote object");
    expect(stderr).toContain("Invalid provider configuration");
  });
});
