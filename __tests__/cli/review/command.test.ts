import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { main } from "../../../cli/main";
import type { Session } from "../../../cli/shell/session";
import { planJson, rule } from "../../support/plan-builder";
import { run } from "../../support/run";

const DESTROYED = planJson([rule({ actions: ["delete"], after: null })], {
  accounts: ["333333333333"],
});
const UNCHANGED = planJson([rule({ actions: ["no-op"] })], { accounts: ["333333333333"] });

let directory: string;
const file = (name: string, text: string) => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "ecr-cache-review-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("`review` of a plan with risks exits with 0, and with --fail-on-risk with 1", async () => {
  const path = file("plan.json", DESTROYED);
  const { stdout, stderr, exitCode } = await run("review", path);
  expect(stdout).toMatch(/^## Plan: `plan\.json`\n\n\*\*1 risk\.\*\* 1 destroyed; 0 unchanged\.\n/);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect((await run("review", path, "--fail-on-risk")).exitCode).toBe(1);
  expect((await run("review", path, "--fail-on-risk", "--json")).exitCode).toBe(1);
  expect((await run("review", file("none.json", UNCHANGED), "--fail-on-risk")).exitCode).toBe(0);
});

test("`review --env` names the plan, and compares its account with the environment's", async () => {
  const path = file("plan.json", UNCHANGED);
  expect((await run("review", path, "--env", "prod")).stdout).toMatch(
    /^## Plan: `prod`\n\nNothing changes/,
  );
  expect((await run("review", path, "--env", "dev")).stdout).toContain(
    "- **Another account**: provider `aws.us-east-1` in us-east-1 works in account `333333333333`, but the environment is for `111111111111`",
  );
});

test("`review STACK` uses the stack's environment instead of ECR_CACHE_ENV, and refuses another --env", async () => {
  process.env.ECR_CACHE_ENV = "dev";
  process.env.CDKTF_OUTDIR = join(directory, "no-output");
  process.env.TERRAFORM_BINARY_NAME = "no-such-terraform";
  try {
    expect((await run("review", file("plan.json", UNCHANGED))).stdout).toContain(
      "but the environment is for `111111111111`",
    );
    expect((await run("review", "prod", "--env", "dev")).stderr).toMatch(
      /^ecr-cache: --env: found/,
    );
    // It gets as far as Terraform.
    expect((await run("review", "prod")).stderr).toMatch(/^ecr-cache: no-such-terraform: /);
  } finally {
    delete process.env.ECR_CACHE_ENV;
    delete process.env.CDKTF_OUTDIR;
    delete process.env.TERRAFORM_BINARY_NAME;
  }
});

test("`review -` reads the plan from standard input", async () => {
  let stdout = "";
  const session: Session = {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: () => undefined },
    stdin: Readable.from([DESTROYED]),
    exitCode: 0,
  };
  expect(await main(["review", "-", "--fail-on-risk"], session)).toBe(1);
  expect(stdout).toMatch(/^## Plan: `standard input`\n/);
});

const STACKS = "dev, staging-credentials, staging, prod-credentials, prod";
test.each([
  [[], `review needs a plan: ${STACKS}, or a file with the output of terraform show -json`],
  [
    ["no-such-file"],
    `review: found "no-such-file" (no such file or folder); allowed: ${STACKS}, or a file`,
  ],
  [["-"], "review: there is no standard input. Pipe a plan in, or name a file"],
  [
    ["prod-credentials", "--env", "dev"],
    '--env: found "dev"; allowed: prod, which prod-credentials is a stack of',
  ],
  [["plan", "--env", "qa"], '--env: found "qa"; allowed: dev, staging, prod'],
  [["one", "two"], "too many arguments for 'review'. Expected 1 argument but got 2."],
])("`review` reports wrong use in one line, with exit code 2: %j", async (argv, message) => {
  expect(await run("review", ...argv)).toEqual({
    stdout: "",
    stderr: `ecr-cache: ${message}\n`,
    exitCode: 2,
  });
});

test("`review` refuses a file that is not a plan, and a region that the plan does not have", async () => {
  const state = file("state.json", '{"format_version":"1.0","values":{}}');
  expect((await run("review", state)).stderr).toBe(
    `ecr-cache: ${state}: found a state; allowed: the output of terraform show -json PLAN\n`,
  );
  const plan = file("plan.json", DESTROYED);
  expect((await run("review", plan, "--region", "eu-west-1")).stderr).toBe(
    'ecr-cache: --region: found "eu-west-1"; allowed: us-east-1\n',
  );
  expect((await run("review", plan, "--env", "prod", "--region", "eu-west-3")).stderr).toBe(
    'ecr-cache: --region: found "eu-west-3"; allowed: us-east-1, eu-west-1 (the regions of environment prod)\n',
  );
});
