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
import type * as Environments from "../support/consumer-environments";
import type { projectDirectory } from "../../launch/project-directory.cjs";
import { team, withOwnCredentials } from "../support/consumer-environments";
import { startAccount, type TestAccount } from "../support/account";
import { type Change, planJson } from "../support/plan-builder";
import { run } from "../support/run";

/* The commands about the stacks of consumers, around a stand-in for Terraform's program. */

jest.mock("../../environments", () =>
  jest.requireActual<typeof Environments>("../support/consumer-environments"),
);
const mockFolder = { path: "" };
jest.mock("../../launch/project-directory.cjs", () => ({
  get projectDirectory(): typeof projectDirectory {
    return mockFolder.path;
  },
}));

const STACKS = [
  "shop",
  `shop-consumer-${team.account}`,
  `shop-consumer-${withOwnCredentials.account}`,
];
const before = process.env;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ecr-cache-consumers-"));
  mockFolder.path = folder;
  for (const stack of STACKS) {
    mkdirSync(join(folder, "cdktf.out/stacks", stack), { recursive: true });
    plan(stack, [], { accounts: null });
  }
  writeFileSync(join(folder, "launch.mjs"), "");
  writeFileSync(join(folder, "existing.json"), "[]");
  process.env = {
    ...before,
    TERRAFORM_BINARY_NAME: join(__dirname, "../support/fake-terraform.mjs"),
    FAKE_TERRAFORM: folder,
    CDKTF_OUTDIR: undefined,
  };
});
afterEach(() => {
  process.env = before;
  rmSync(folder, { recursive: true, force: true });
});

function plan(
  stack: string,
  changes: readonly Change[],
  options: Parameters<typeof planJson>[1],
): void {
  writeFileSync(join(folder, `${stack}.json`), planJson(changes, options));
}

const POLICY: Change = {
  address: "aws_iam_policy.pull",
  actions: ["create"],
  after: { name: "ecr-cache-shop-pull", path: "/" },
};

/** The stacks that Terraform was run for, by a command of its. */
function ran(command: string): string[] {
  const path = join(folder, "calls.jsonl");
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { command: string; stack: string; args: string[] })
    .filter((call) => call.command === command)
    .map(({ stack }) => stack);
}

const LEFT_OUT = `shop-consumer-${team.account} is left out: its consumer has neither an assumeRole nor a profile. Name the stack, with credentials of account ${team.account}.\n`;

test("`deploy` deploys the consumers whose credentials the environment names, and says which it leaves out", async () => {
  const { exitCode, stderr } = await run("deploy", "shop", "--auto-approve");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: LEFT_OUT });
  expect(ran("plan")).toEqual(["shop", `shop-consumer-${withOwnCredentials.account}`]);
});

test("`destroy` destroys consumers before the cache", async () => {
  await run("destroy", "shop", "--auto-approve");
  expect(ran("plan")).toEqual([`shop-consumer-${withOwnCredentials.account}`, "shop"]);
});

test("`diff --no-consumers` leaves the consumers out", async () => {
  expect((await run("diff", "shop", "--no-consumers")).stderr).toBe("");
  expect(ran("plan")).toEqual(["shop"]);
});

test("`deploy ENV-consumer-ACCOUNT` deploys the stack of a consumer alone, in its account", async () => {
  const stack = `shop-consumer-${team.account}`;
  plan(stack, [POLICY], { accounts: [team.account] });
  const { exitCode, stdout } = await run("deploy", stack, "--auto-approve", "--fail-on-risk");
  expect(stdout).toContain("`ecr-cache-shop-pull` is **created**");
  expect(exitCode).toBe(0);
  expect(ran("apply")).toEqual([stack]);
});

test("`deploy` reports a plan of a consumer's stack for another account as a risk", async () => {
  const stack = `shop-consumer-${team.account}`;
  plan(stack, [POLICY], { accounts: ["111111111111"] });
  const { exitCode, stdout } = await run("deploy", stack, "--auto-approve", "--fail-on-risk");
  expect(stdout).toContain(
    `works in account \`111111111111\`, but the environment is for \`${team.account}\``,
  );
  expect(exitCode).toBe(1);
  expect(ran("apply")).toEqual([]);
});

test("`deploy` names the stacks of consumers where there is no such stack", async () => {
  expect((await run("deploy", "shop-consumer-1", "--auto-approve")).stderr).toContain(
    `allowed: ${STACKS.join(", ")}\n`,
  );
});

test.each([
  ["the stack's name", [`shop-consumer-${team.account}`]],
  ["a file and the environment", ["plan.json", "--env", "shop"]],
])("`review` takes the plan of a consumer's stack by %s", async (_, args) => {
  const stack = `shop-consumer-${team.account}`;
  plan(stack, [POLICY], { accounts: [team.account] });
  plan("plan", [POLICY], { accounts: [team.account] });
  const here = process.cwd();
  process.chdir(folder);
  try {
    const { exitCode, stdout } = await run("review", ...args, "--fail-on-risk");
    expect(stdout).toContain("is **created**");
    expect(exitCode).toBe(0);
  } finally {
    process.chdir(here);
  }
});

describe("`recover` with consumers", () => {
  let account: TestAccount;
  const inAccount = async (id: string) => {
    account = await startAccount(id);
    process.env = { ...process.env, ...account.variables };
  };
  afterEach(() => account.close());

  const existing = () => {
    plan(`shop-consumer-${team.account}`, [POLICY], { accounts: null });
    writeFileSync(join(folder, "existing.json"), JSON.stringify([POLICY.address]));
  };

  test("`recover` says which consumers need credentials of their own, and looks at the others", async () => {
    await inAccount("111111111111");
    const { exitCode, stderr } = await run("recover", "--env", "shop");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: `shop-consumer-${team.account} is left out: its consumer has neither an assumeRole nor a profile. With credentials of account ${team.account}: ecr-cache recover --env shop --consumer ${team.account}\nNothing to recover in environment shop.\n`,
    });
    expect(ran("plan")).toEqual(["shop", `shop-consumer-${withOwnCredentials.account}`]);
  });

  test("`recover --consumer` imports by the ARN of the consumer's account", async () => {
    await inAccount(team.account);
    existing();
    const { exitCode, stdout, stderr } = await run(
      ...["recover", "--env", "shop", "--consumer", team.account],
    );
    expect(stdout).toContain(
      `import aws_iam_policy.pull arn:aws:iam::${team.account}:policy/ecr-cache-shop-pull\n`,
    );
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: `1 finding in stack shop-consumer-${team.account}, 0 done.\nTo do all this: ecr-cache recover --env shop --consumer ${team.account} --write\n`,
    });
    const { stderr: next } = await run(
      ...["recover", "--env", "shop", "--consumer", team.account, "--write"],
    );
    expect(next).toContain(`Next: ecr-cache deploy shop-consumer-${team.account}\n`);
    expect(ran("import")).toEqual([`shop-consumer-${team.account}`]);
    expect(readdirSync(join(folder, "cdktf.out/stacks", STACKS[1]!))).toEqual([]);
  });

  test("`recover --consumer` refuses credentials of another account", async () => {
    await inAccount("111111111111");
    const { exitCode, stderr } = await run(
      ...["recover", "--env", "shop", "--consumer", team.account],
    );
    expect(stderr).toContain(
      `found credentials for account 111111111111 (arn:aws:iam::111111111111:user/operator); allowed: those for account ${team.account}`,
    );
    expect(exitCode).toBe(2);
  });
});

describe("`permissions --consumer`", () => {
  test("`permissions deploy --consumer` allows the policies of pullers in the consumer's account, and nothing else", async () => {
    const { stdout } = await run(
      "permissions",
      "deploy",
      "--env",
      "shop",
      "--consumer",
      team.account,
    );
    const { Statement } = JSON.parse(stdout) as {
      Statement: { Sid: string; Resource: string[]; Condition?: object }[];
    };
    const policies = `arn:aws:iam::${team.account}:policy/ecr-cache-shop-*`;
    const roles = team.roles.map((role) => `arn:aws:iam::${team.account}:role/${role}`);
    expect(Statement.map(({ Sid, Resource, Condition }) => [Sid, Resource, Condition])).toEqual([
      ["PullerPolicies", [policies], undefined],
      ["PullersAttachments", roles, undefined],
      ["AttachPullerPolicies", roles, { ArnLike: { "iam:PolicyARN": policies } }],
    ]);
  });

  test.each([
    [
      ["plan", "--consumer", "999999999999"],
      `--consumer: found "999999999999"; allowed: ${team.account}, ${withOwnCredentials.account}`,
    ],
    [
      ["operate", "--consumer", team.account],
      "--consumer applies to plan and deploy only; those who operate the cache call its own account",
    ],
  ])("`permissions %j` is refused in one line", async (args, message) => {
    expect(await run("permissions", "--env", "shop", ...args)).toEqual({
      stdout: "",
      stderr: `ecr-cache: ${message}\n`,
      exitCode: 2,
    });
  });
});
