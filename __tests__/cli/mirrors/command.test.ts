import { mirrorsJson } from "../../../cli/mirrors/json";
import { parseJson } from "../../support/contracts";
import { run } from "../../support/run";

const PROD = "333333333333.dkr.ecr.eu-west-1.amazonaws.com";

test("`mirrors --format` prints a program's configuration on stdout, and notes on stderr", async () => {
  const { stdout, stderr, exitCode } = await run(
    ...["mirrors", "--env", "prod", "--region", "eu-west-1", "--format", "buildkit"],
  );
  expect(stdout).toMatch(`[registry."docker.io"]\n  mirrors = ["${PROD}/docker-hub"]\n`);
  expect(stderr).toMatch(/^note: builders must be logged in to the cache/);
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

test.each([
  [[], "mirrors needs --format renovate|kyverno|helm|containerd|buildkit, or --json"],
  [
    ["--format", "docker"],
    "option '--format <format>' argument 'docker' is invalid. Allowed choices are renovate, kyverno, helm, containerd, buildkit.",
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
