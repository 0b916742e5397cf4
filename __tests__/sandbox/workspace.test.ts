import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { makeWorkspace, type Workspace } from "../../sandbox/workspace";
import { ProjectCopy } from "../support/project-copy";

const project = new ProjectCopy();
afterAll(() => project.remove());

let workspace: Workspace;

beforeEach(() => {
  workspace = makeWorkspace({ url: "http://127.0.0.1:1", certificateAuthority: "PEM" });
});
afterEach(() => workspace.remove());

test("a deployment to a sandbox has its state in the workspace, whatever its backend", () => {
  const { CDKTF_OUTDIR = "", ECR_CACHE_STATE_DIRECTORY = "" } = workspace.env;
  project.launch(["main.ts"], { ...workspace.env, AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
  const stacks = readdirSync(join(CDKTF_OUTDIR, "stacks"));
  expect(stacks).toHaveLength(5);
  for (const name of stacks) {
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

test("a workspace offers the sandbox's proxy with its authority", () => {
  const { ECR_SANDBOX_PROXY, ECR_SANDBOX_CA = "" } = workspace.env;
  expect(ECR_SANDBOX_PROXY).toBe("http://127.0.0.1:1");
  expect(readFileSync(ECR_SANDBOX_CA, "utf8")).toBe("PEM");
  const without = makeWorkspace({ url: "http://127.0.0.1:1" });
  expect(Object.keys(without.env)).not.toContain("ECR_SANDBOX_CA");
  without.remove();
});

test("a workspace is removed with everything in it", () => {
  const directory = workspace.env.ECR_CACHE_STATE_DIRECTORY ?? "";
  writeFileSync(join(directory, "terraform.dev.tfstate"), "{}");
  workspace.remove();
  expect(existsSync(directory)).toBe(false);
});
