import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { execFileSync } from "node:child_process";
import { environments } from "../../environments";
import { makeWorkspace, type Workspace } from "../../sandbox/workspace";

const project = join(__dirname, "../..");

let workspace: Workspace;

beforeEach(() => {
  workspace = makeWorkspace();
});
afterEach(() => workspace.remove());

test("a deployment to a sandbox has its state in the workspace, whatever its backend", () => {
  const { CDKTF_OUTDIR = "", ECR_CACHE_STATE_DIRECTORY = "" } = workspace.env;
  execFileSync(process.execPath, ["launch.mjs", "main.ts"], {
    cwd: project,
    env: { ...process.env, ...workspace.env, AWS_ENDPOINT_URL: "http://127.0.0.1:1" },
  });
  for (const { name } of environments) {
    const directory = join(CDKTF_OUTDIR, "stacks", name);
    const { terraform } = JSON.parse(readFileSync(join(directory, "cdk.tf.json"), "utf8")) as {
      terraform: { backend: Record<string, { path: string }> };
    };
    expect(Object.keys(terraform.backend)).toEqual(["local"]);
    const path = terraform.backend.local?.path ?? "";
    expect(relative(ECR_CACHE_STATE_DIRECTORY, join(directory, relative(directory, path)))).toBe(
      `terraform.${name}.tfstate`,
    );
  }
});

test("a workspace is removed with everything in it", () => {
  const directory = workspace.env.ECR_CACHE_STATE_DIRECTORY ?? "";
  writeFileSync(join(directory, "terraform.dev.tfstate"), "{}");
  workspace.remove();
  expect(existsSync(directory)).toBe(false);
});
