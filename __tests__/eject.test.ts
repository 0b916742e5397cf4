import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ProjectCopy } from "./support/project-copy";

/* `npm run eject`; with the real Terraform, on what is deployed, in e2e/lock.test.ts. */

jest.setTimeout(60_000);

const project = new ProjectCopy();
afterAll(() => project.remove());

const eject = (...args: readonly string[]) =>
  project.launch(["eject.ts", ...args], { TERRAFORM_BINARY_NAME: "tofu" });

test("`npm run eject` writes a root module a stack, with a file for each region, and says how to go on", () => {
  project.write("providers.lock/prod.hcl", "# locked\n");
  const { status, stdout, stderr } = eject("prod", "out/prod");
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: "out/prod: prod-credentials and prod. Go on with README.md there.\n",
    stderr:
      "prod-credentials: no lock file of its provider was found (npm run lock), so `init` takes the newest that it allows.\n",
  });
  const files = Object.keys(project.files("out/prod")).map((name) =>
    name.replace(/assets.*\//, "assets/"),
  );
  expect(files).toEqual([
    "README.md",
    "prod-credentials/eu-west-1.tf",
    "prod-credentials/terraform.tf",
    "prod-credentials/us-east-1.tf",
    "prod-credentials/variables.tf",
    "prod/.terraform.lock.hcl",
    "prod/assets/maintenance.zip",
    "prod/eu-west-1.tf",
    "prod/main.tf",
    "prod/outputs.tf",
    "prod/terraform.tf",
    "prod/us-east-1.tf",
  ]);
  const readme = project.read("out/prod/README.md");
  expect(readme).toContain("tofu -chdir=prod-credentials init\n");
  expect(readme).toContain("`TF_VAR_docker_hub_access_token`");
  expect(project.read("out/prod/prod/us-east-1.tf")).toMatch(
    /source_code_hash += filebase64sha256\("assets\/.*maintenance\.zip"\)\n/,
  );
});

test("`npm run eject` leads a local state to the file that it is in", () => {
  expect(eject("dev", "out/dev").status).toBe(0);
  const [, path = ""] = /path += "(.*)"/.exec(project.read("out/dev/dev/terraform.tf")) ?? [];
  expect(join("out/dev/dev", path)).toBe("terraform.dev.tfstate");
});

test.each([
  [
    ["dev", "environments"],
    "environments: found something there; allowed: a new or empty directory",
  ],
  [
    ["dev", "package.json"],
    "package.json: found something there; allowed: a new or empty directory",
  ],
  [["qa", "out/qa"], 'environment: found "qa"; allowed: dev, staging, prod'],
])("`npm run eject -- %j` is refused in one line, and writes nothing", (args, message) => {
  const before = readdirSync(project.directory);
  expect(eject(...args)).toEqual({ status: 2, stdout: "", stderr: `${message}\n` });
  expect(readdirSync(project.directory)).toEqual(before);
});
