import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recoverJson } from "../../../cli/recover/json";
import type { projectDirectory } from "../../../launch/project-directory.cjs";
import { useAccount } from "../../support/account";
import { parseJson } from "../../support/contracts";
import { type Change, planJson } from "../../support/plan-builder";
import { run } from "../../support/run";
import { environments } from "../../support/samples/environments";

/* What is found and done, around a stand-in for Terraform's program. */

const mockFolder = { path: "" };
jest.mock("../../../launch/project-directory.cjs", () => ({
  get projectDirectory(): typeof projectDirectory {
    return mockFolder.path;
  },
}));

const staging = environments.find(({ name }) => name === "staging")!;
const account = useAccount(staging, { withRules: false });
const NAME = "ecr-pullthroughcache/docker-hub";
const SECRET = "aws_secretsmanager_secret.us-east-1_docker-hub";
const RULE = "aws_ecr_pull_through_cache_rule.us-east-1_quay";
const POLICY = "aws_iam_policy.pull";

const create = (address: string, after: Record<string, unknown>): Change => ({
  address,
  actions: ["create"],
  after,
});

const before = process.env;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ecr-cache-recover-"));
  mockFolder.path = folder;
  mkdirSync(join(folder, "cdktf.out/stacks/staging"), { recursive: true });
  mkdirSync(join(folder, "cdktf.out/stacks/staging-credentials"), { recursive: true });
  writeFileSync(join(folder, "launch.mjs"), "");
  process.env = {
    ...process.env,
    TERRAFORM_BINARY_NAME: join(__dirname, "../../support/fake-terraform.mjs"),
    FAKE_TERRAFORM: folder,
    CDKTF_OUTDIR: undefined,
  };
  plans(
    [create(SECRET, { name: NAME })],
    [
      create(RULE, { ecr_repository_prefix: "quay" }),
      create("aws_ecr_repository_creation_template.us-east-1_quay", { prefix: "quay" }),
      create(POLICY, { name: "ecr-cache-staging-pull", path: "/" }),
    ],
  );
  exist(RULE);
});
afterEach(() => {
  process.env = before;
  rmSync(folder, { recursive: true, force: true });
});

function plans(credentials: readonly Change[], cache: readonly Change[], tainted?: string): void {
  const write = (stack: string, changes: readonly Change[]) => {
    const json = JSON.parse(planJson(changes)) as { resource_changes: { address: string }[] };
    json.resource_changes = json.resource_changes.map((change) =>
      change.address === tainted ? { ...change, action_reason: "replace_because_tainted" } : change,
    );
    writeFileSync(join(folder, `${stack}.json`), JSON.stringify(json));
  };
  write("staging-credentials", credentials);
  write("staging", cache);
}

const exist = (...addresses: readonly string[]) =>
  writeFileSync(join(folder, "existing.json"), JSON.stringify(addresses));

const changes = () =>
  readFileSync(join(folder, "calls.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { command: string; stack: string; args: string[] })
    .filter(({ command }) => ["import", "untaint", "force-unlock"].includes(command))
    .map(({ command, stack, args }) => [
      stack,
      command,
      ...args.filter((arg) => !arg.startsWith("-")),
    ]);

async function recover(...argv: string[]) {
  const { stdout, stderr, exitCode } = await run("recover", "--env", "staging", "--json", ...argv);
  const findings = parseJson(recoverJson, stdout);
  // No file of the run stays in a stack's configuration.
  expect(existsSync(join(folder, "cdktf.out/stacks/staging/ecr-cache-recover.tf.json"))).toBe(
    false,
  );
  return { findings: findings.map(({ remedy, subject }) => [remedy, subject]), stderr, exitCode };
}

test("`recover` prints what exists and is not in the state, and changes nothing", async () => {
  account.secrets().CreateSecret({ Name: NAME });
  account.secrets().DeleteSecret({ SecretId: NAME });
  const { findings, exitCode, stderr } = await recover();
  expect(findings).toEqual([
    ["restore", SECRET],
    ["import", SECRET],
    ["import", RULE],
  ]);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr:
      "3 findings in environment staging, 0 done.\nTo do all this: ecr-cache recover --env staging --write\n",
  });
  expect(changes()).toEqual([]);
  expect(account.secrets().read(NAME)).toEqual({ state: "absent" });
});

test("`recover --write` restores secrets, and imports what exists", async () => {
  const { ARN } = account.secrets().CreateSecret({ Name: NAME, SecretString: "{}" });
  account.secrets().DeleteSecret({ SecretId: NAME });
  const { exitCode, stderr } = await recover("--write");
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: "3 findings in environment staging, 3 done.\nNext: ecr-cache deploy staging\n",
  });
  expect(account.secrets().read(NAME)).toMatchObject({ state: "present" });
  expect(changes()).toEqual([
    ["staging-credentials", "import", SECRET, ARN],
    ["staging", "import", RULE, "quay"],
  ]);
});

test("`recover --write` untaints what was created", async () => {
  plans(
    [
      {
        address: SECRET,
        actions: ["create", "delete"],
        before: { name: NAME },
        after: { name: NAME },
      },
    ],
    [],
    SECRET,
  );
  expect((await recover("--write")).exitCode).toBe(0);
  expect(changes()).toEqual([["staging-credentials", "untaint", SECRET]]);
});

test("`recover --write` removes only the lock that --unlock names, and writes nothing past another one", async () => {
  writeFileSync(join(folder, "locked"), "");
  const locked = await recover("--write");
  expect(locked.findings).toContainEqual(["unlock", "lock-1"]);
  expect(locked.exitCode).toBe(1);
  expect(locked.stderr).toContain("ecr-cache recover --env staging --write --unlock lock-1\n");
  expect(changes()).toEqual([]);

  expect((await recover("--write", "--unlock", "lock-1")).exitCode).toBe(0);
  expect(changes()).toEqual([
    ["staging-credentials", "force-unlock", "lock-1"],
    ["staging", "import", RULE, "quay"],
  ]);
});

test("`recover` names the lock of an HTTP backend, whose message has the ID of the attempt too", async () => {
  const message = "│ Error message: HTTP remote state already locked: ID=lock-0\n";
  writeFileSync(join(folder, "locked"), message);
  expect((await recover("--write")).findings).toContainEqual(["unlock", "lock-0"]);
  expect((await recover("--write", "--unlock", "lock-0")).exitCode).toBe(0);
  expect(changes()).toContainEqual(["staging-credentials", "force-unlock", "lock-0"]);
});

test("`recover` finds nothing where all is in the state", async () => {
  plans([], []);
  const { findings, exitCode, stderr } = await recover();
  expect({ findings, exitCode, stderr }).toEqual({
    findings: [],
    exitCode: 0,
    stderr: "Nothing to recover in environment staging.\n",
  });
});

test("`recover --unlock` without --write is refused", async () => {
  const { stderr, exitCode } = await run("recover", "--env", "staging", "--unlock", "lock-1");
  expect({ stderr, exitCode }).toEqual({
    stderr: "ecr-cache: --unlock needs --write: without it nothing is changed\n",
    exitCode: 2,
  });
});
