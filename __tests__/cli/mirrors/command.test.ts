import { mirrorsJson } from "../../../cli/mirrors/json";
import { formatNames, unsupported } from "../../../cli/mirrors/names";
import { parseJson } from "../../support/contracts";
import { run } from "../../support/run";

const PROD = "333333333333.dkr.ecr.eu-west-1.amazonaws.com";

test("`mirrors --format` prints a program's configuration on stdout, and notes on stderr", async () => {
  const { stdout, stderr, exitCode } = await run(
    ...["mirrors", "--env", "prod", "--region", "eu-west-1", "--format", "buildkit"],
  );
  expect(stdout).toMatch(`[registry."docker.io"]\n  mirrors = ["${PROD}/docker-hub"]\n`);
  expect(stderr).toMatch(/^note: It needs BuildKit 0\.12/);
  expect(exitCode).toBe(0);
});

test("`mirrors --json` prints the mirrors for any other program", async () => {
  const { stdout, exitCode } = await run("mirrors", "--env", "dev", "--json");
  expect(parseJson(mirrorsJson, stdout)).toEqual(
    [
      ["Amazon ECR Public", "public.ecr.aws", "ecr-public"],
      ["Quay", "quay.io", "quay"],
      ["Kubernetes", "registry.k8s.io", "kubernetes"],
    ].map(([title, host, prefix]) => ({
      title,
      hosts: [host],
      cache: `111111111111.dkr.ecr.us-east-1.amazonaws.com/${prefix}`,
    })),
  );
  expect(exitCode).toBe(0);
});

test("`mirrors` prints every format for the whole of an environment", async () => {
  for (const format of formatNames) {
    const { stdout, exitCode } = await run("mirrors", "--env", "prod", "--format", format);
    expect([format, exitCode]).toEqual([format, 0]);
    expect(stdout).toContain("us-east-1");
    expect(stdout).toMatch(/[^\n]\n$/);
  }
});

test("`mirrors` says why a program has no format, and what to do instead", async () => {
  for (const [format, reason] of Object.entries(unsupported)) {
    expect(await run("mirrors", "--env", "dev", "--format", format)).toEqual({
      stdout: "",
      stderr: `ecr-cache: option '--format <format>' argument '${format}' is invalid. ${reason}\n`,
      exitCode: 2,
    });
  }
});

test.each([
  [[], `mirrors needs --format ${formatNames.join("|")}, or --json`],
  [
    ["--format", "nothing"],
    `option '--format <format>' argument 'nothing' is invalid. Allowed choices are ${formatNames.join(", ")}.`,
  ],
  [
    ["--json", "--format", "helm"],
    "option '--json' cannot be used with option '--format <format>'",
  ],
])("`mirrors` reports wrong use in one line, with exit code 2: %j", async (args, message) => {
  expect(await run("mirrors", "--env", "dev", ...args)).toEqual({
    stdout: "",
    stderr: `ecr-cache: ${message}\n`,
    exitCode: 2,
  });
});
