import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { ProjectCopy } from "./support/project-copy";

/*
 * `npm run synth` as a user runs it, in a copy of the project whose environments the tests change.
 */

// Each run loads cdktf and the AWS provider's bindings.
jest.setTimeout(60_000);

const project = new ProjectCopy();
const shipped = {
  dev: project.read("environments/dev.ts"),
  index: project.read("environments/index.ts"),
};

const synth = (...args: string[]) => project.launch(["synth.ts", ...args]);

afterEach(() => {
  project.write("environments/dev.ts", shipped.dev);
  project.write("environments/index.ts", shipped.index);
});

afterAll(() => project.remove());

const stacks = ["dev", "prod", "prod-credentials", "staging", "staging-credentials"];

/** The code of the maintenance functions lies beside the stack, below a name that is its hash. */
const isNoAsset = (path: string) => !path.startsWith("stacks/prod/assets/");

const TOKEN = "dckr_pat_s3cr3t";
const tokens = { TF_VAR_docker_hub_access_token: TOKEN, TF_VAR_ghcr_access_token: TOKEN };

describe("the shipped environments", () => {
  test("`npm run synth -- --hcl` writes HCL", () => {
    expect(synth("--hcl")).toMatchObject({
      status: 0,
      stderr: "",
      stdout: expect.stringMatching(/^dev .* cdktf\.out\/stacks\/dev\/cdk\.tf +npx/m) as unknown,
    });
    const files = project.files("cdktf.out");
    expect(Object.keys(files).filter(isNoAsset)).toEqual(
      [
        "manifest.json",
        ...stacks.map((stack) => `stacks/${stack}/cdk.tf`),
        ...stacks.map((stack) => `stacks/${stack}/metadata.json`),
      ].sort(),
    );
    expect(files["stacks/dev/cdk.tf"]).toMatch(
      /^resource "aws_ecr_pull_through_cache_rule" "us-east-1_quay" \{$/m,
    );
  });

  test("`npm run synth` writes JSON, leaves no HCL, reads no token, and prints a table of what comes next", () => {
    const { status, stdout, stderr } = project.launch(["synth.ts"], tokens);
    expect(stderr).toBe("");
    expect(stdout).toBe(`\
STACK                HOLDS                                                                    FILE                                              NEXT
dev                  3 rules in us-east-1, for 1 role                                         cdktf.out/stacks/dev/cdk.tf.json                  npx cdktf deploy dev
staging-credentials  1 secret in us-east-1                                                    cdktf.out/stacks/staging-credentials/cdk.tf.json  npx cdktf deploy staging-credentials
staging              4 rules in us-east-1, for 2 roles                                        cdktf.out/stacks/staging/cdk.tf.json              npx cdktf deploy staging
prod-credentials     2 secrets in us-east-1, eu-west-1                                        cdktf.out/stacks/prod-credentials/cdk.tf.json     npx cdktf deploy prod-credentials
prod                 4 rules in us-east-1, eu-west-1, for 2 roles and 1 account, maintenance  cdktf.out/stacks/prod/cdk.tf.json                 npx cdktf deploy prod

staging-credentials comes before staging, and takes its token from TF_VAR_docker_hub_access_token.

prod-credentials comes before prod, and takes its tokens from TF_VAR_docker_hub_access_token, TF_VAR_ghcr_access_token.

The maintenance functions of prod run on nodejs22.x, which AWS supports until 2027-04-30. For nodejs24.x, set awsProviderVersion: ">= 6.21.0, < 7.0.0".

The providers of dev, staging-credentials, staging, prod-credentials, prod are not locked: run npm run lock, and commit providers.lock/.
`);
    expect(status).toBe(0);
    expect(Object.keys(project.files("cdktf.out")).filter(isNoAsset)).toEqual(
      ["manifest.json", ...stacks.map((stack) => `stacks/${stack}/cdk.tf.json`)].sort(),
    );

    const text = JSON.stringify(project.files("cdktf.out"));
    expect(text).toContain("var.docker_hub_access_token");
    expect(text).not.toContain(TOKEN);
  });

  test("`npm run synth` writes what the cdktf command line gets from main.ts", () => {
    const { status, stdout, stderr } = project.launch(["main.ts"], { CDKTF_OUTDIR: "other.out" });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(synth().status).toBe(0);
    expect(project.files("other.out")).toEqual(project.files("cdktf.out"));
    project.remove("other.out");
  });
});

test("the committed lock file of a stack is copied to its folder, and `synth` names the stacks that have none", () => {
  project.write("providers.lock/dev.hcl", "# locked\n");

  const { stdout } = project.launch(["synth.ts"], tokens);

  expect(project.read("cdktf.out/stacks/dev/.terraform.lock.hcl")).toBe("# locked\n");
  expect(stdout).toContain("\nThe providers of staging-credentials, staging, ");
  project.remove("providers.lock");
  project.remove("cdktf.out");
});

test("`npm run synth` does not speak of Lambda's runtime where the functions have the newest", () => {
  const { stdout } = synth();
  expect(stdout).toContain("run on nodejs22.x");
  project.write(
    "environments/index.ts",
    shipped.index.replace("[dev, staging, prod]", "[dev, staging]"),
  );
  expect(synth().stdout).not.toContain("nodejs");
});

test("a file and a line in index.ts add an environment", () => {
  project.write(
    "environments/demo.ts",
    `import { defineEnvironment } from "../ecr/environment";

export default defineEnvironment({
  name: "demo",
  account: "999999999999",
  regions: ["eu-central-1"],
  rules: [{ upstream: "chainguard", credential: { username: "acme" } }],
});
`,
  );
  project.write(
    "environments/index.ts",
    `${shipped.index}import demo from "./demo"; environments.push(demo);\n`,
  );
  const { status, stdout, stderr } = synth();
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain("\ndemo-credentials     1 secret in eu-central-1 ");
  expect(stdout).toContain("\ndemo                 1 rule in eu-central-1 ");
  expect(stdout).toContain(
    "\ndemo-credentials comes before demo, and takes its token from TF_VAR_chainguard_access_token.\n",
  );
  expect(Object.keys(project.files("cdktf.out/stacks"))).toEqual(
    expect.arrayContaining(["demo-credentials/cdk.tf.json", "demo/cdk.tf.json"]),
  );
  project.remove("environments/demo.ts");
});

test("`npm run synth` reports a file in environments/ that index.ts does not list", () => {
  const shared = 'export const tags = { team: "platform" };\n';
  project.write("environments/tags.ts", shared);
  project.write("environments/shop.ts", shared);
  project.write("environments/dev.ts", `import "./tags";\n${shipped.dev}`);
  const { status, stdout, stderr } = synth();
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr:
      "environments/shop.ts is not in environments/index.ts, so nothing is synthesized for it. List it there, or remove it.\n",
  });
  expect(stdout).toMatch(/^dev /m);
  project.remove("environments/shop.ts");
  project.remove("environments/tags.ts");
});

describe("nothing is written or lost", () => {
  const kept = { "stacks/dev/cdk.tf.json": "of the last run" };

  beforeEach(() => {
    project.remove("cdktf.out");
    project.write("cdktf.out/stacks/dev/cdk.tf.json", kept["stacks/dev/cdk.tf.json"]);
  });

  test("`npm run synth` with a wrong environment prints a line for each problem, and writes nothing", () => {
    project.write(
      "environments/dev.ts",
      shipped.dev.replace('"111111111111"', '"1111"').replace('"quay"', '"docker-hub"'),
    );
    expect(synth()).toEqual({
      status: 2,
      stdout: "",
      stderr:
        'environment dev: account: found "1111"; allowed: 12 digits, as text\n' +
        "environment dev: rules[1].credential: found nothing; allowed: { username: … }: ECR takes no rule for Docker Hub without a credential\n",
    });
    expect(project.files("cdktf.out")).toEqual(kept);
  });

  test("`npm run synth` with conflicting environments does not even create its folder", () => {
    project.remove("cdktf.out");
    project.write("environments/index.ts", shipped.index.replace("[dev, ", "[dev, dev, "));
    expect(synth()).toEqual({
      status: 2,
      stdout: "",
      stderr: expect.stringMatching(
        /^environments\[1\]: name: found "dev", [^\n]+\nenvironment dev: rules: found prefix "ecr-public", [^\n]+\n/,
      ) as unknown,
    });
    expect(project.files("cdktf.out")).toEqual({});
  });

  test("`npm run synth` with a wrong option prints one line, and writes nothing", () => {
    expect(synth("--yaml")).toEqual({
      status: 2,
      stdout: "",
      stderr: "npm run synth: Unknown option '--yaml'; allowed: --hcl, --help\n",
    });
    expect(project.files("cdktf.out")).toEqual(kept);
  });

  test("`npm run synth -- --help` writes nothing, also when it is started through a symbolic link", () => {
    symlinkSync(project.directory, join(project.directory, "link"));
    const { status, stdout, stderr } = project.launch(
      ["synth.ts", "--help"],
      {},
      "link/launch.mjs",
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^Usage: npm run synth -- \[--hcl\]\n/);
    project.remove("link");
    expect(project.files("cdktf.out")).toEqual(kept);
  });
});

describe("an environment file", () => {
  test("a syntax error in an environment file is shown with its place, without a stack trace", () => {
    project.write("environments/dev.ts", shipped.dev.replace("regions: [", "regions: [["));
    const { status, stdout, stderr } = synth();
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/environments\/dev\.ts:\d+:\d+/);
    expect(stderr).not.toMatch(/^\s+at .+:\d+\)?$/m);
  });

  test("an environment file that throws is shown with a stack trace that names its line", () => {
    project.write("environments/dev.ts", `${shipped.dev}\nthrow new TypeError("boom");\n`);
    const { status, stdout, stderr } = synth();
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    const line = shipped.dev.split("\n").length + 1;
    expect(stderr).toContain("TypeError: boom");
    expect(stderr).toMatch(new RegExp(`^\\s+at .*environments/dev\\.ts:${line}:\\d+`, "m"));
  });
});

describe("a state directory of the sandbox", () => {
  const states = "/states of a sandbox";
  const synthWith = (endpoint: string | undefined) =>
    project.launch(["synth.ts"], {
      ECR_CACHE_STATE_DIRECTORY: states,
      ...(endpoint !== undefined && { AWS_ENDPOINT_URL: endpoint }),
    });

  test.each(["http://127.0.0.1:4566", "http://localhost:4566/", "http://[::1]:4566"])(
    "replaces every backend with the endpoint %s, and `npm run synth` says so",
    (endpoint) => {
      const { status, stdout } = synthWith(endpoint);
      expect(status).toBe(0);
      expect(stdout).toContain(
        `\nFor the sandbox: the state of every stack is a file in ${states}.\n`,
      );
      expect(project.read("cdktf.out/stacks/prod/cdk.tf.json")).toContain(
        `${states}/terraform.prod.tfstate`,
      );
    },
  );

  test.each([
    undefined,
    "https://ecr.us-east-1.amazonaws.com",
    "http://127.0.0.1.example.com:4566",
    "http://127.0.0.1@example.com",
    "127.0.0.1:4566",
  ])("is refused in one line with the endpoint %s", (endpoint) => {
    expect(synthWith(endpoint)).toEqual({
      status: 2,
      stdout: "",
      stderr: `ECR_CACHE_STATE_DIRECTORY is for the sandbox, which AWS_ENDPOINT_URL (found ${JSON.stringify(endpoint ?? "")}) does not lead to: unset it to deploy to AWS, or start the sandbox (npm run sandbox)\n`,
    });
  });
});
