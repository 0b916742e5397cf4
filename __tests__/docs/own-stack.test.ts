import { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import "cdktf/lib/testing/adapters/jest";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { codeBlocks, project as original, readPage } from "../support/documentation";
import { ProjectCopy } from "../support/project-copy";

/*
 * "In CDK for Terraform" of docs/images.md, done as a user would: both files of the page are written into a copy of the
 * project.
 */

const page = readPage("docs/images.md");
const [stackFile = "", appFile = ""] = codeBlocks(page, "ts").map(({ code }) => code);

const project = new ProjectCopy();
afterAll(() => project.remove());

test("the stack of docs/images.md is docs/ecs-service.ts, and its app.ts is the usual one with a stack more", () => {
  expect(stackFile).toBe(readFileSync(join(original, "docs/ecs-service.ts"), "utf8"));
  const added = /^.*\bWebService\b.*\n/gm;
  expect(appFile.match(added)).toHaveLength(2);
  expect(appFile.replace(added, "")).toBe(project.read("app.ts"));
});

describe("a project with the stack of docs/images.md", () => {
  beforeAll(() => {
    project.write("stacks/web-service.ts", stackFile);
    project.write("app.ts", appFile);
  });

  test("a project with the stack of docs/images.md compiles", () => {
    project.write(
      "tsconfig.one.json",
      JSON.stringify({ extends: "./tsconfig.json", include: [], files: ["app.ts"] }),
    );
    const { stdout, status } = spawnSync(
      join(project.directory, "node_modules/.bin/tsc"),
      ["--project", "tsconfig.one.json", "--incremental", "false"],
      { cwd: project.directory, encoding: "utf8" },
    );
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  });

  test("the stack of docs/images.md has a role that may pull, and a task whose images have cache names", () => {
    const { status, stderr, stdout } = project.launch(["synth.ts"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(
      /^web +3 resources +cdktf\.out\/stacks\/web\/cdk\.tf\.json +npx cdktf deploy staging web$/m,
    );
    expect(page.text).toContain("`npx cdktf deploy staging web`");

    const web = project.read("cdktf.out/stacks/web/cdk.tf.json");
    const account = "222222222222";
    const registry = `${account}.dkr.ecr.us-east-1.amazonaws.com`;
    expect(web).toHaveProviderWithProperties(AwsProvider, {
      region: "us-east-1",
      allowed_account_ids: [account],
    });
    expect(web).toHaveResourceWithProperties(IamRole, { name: "web-execution" });
    expect(web).toHaveResourceWithProperties(IamRolePolicyAttachment, {
      role: "${aws_iam_role.execution-role.name}",
      policy_arn: `arn:aws:iam::${account}:policy/ecr-cache-staging-pull`,
    });
    expect(web).toHaveResourceWithProperties(EcsTaskDefinition, {
      execution_role_arn: "${aws_iam_role.execution-role.arn}",
      depends_on: [expect.stringMatching(/^aws_iam_role_policy_attachment\./)],
      container_definitions: expect.stringMatching(
        `${registry}/docker-hub/library/nginx:1.27.*${registry}/ecr-public/datadog/agent:7`,
      ) as unknown,
    });
  });

  test("the stack of docs/images.md leaves the environments' stacks as they were", () => {
    const other = new ProjectCopy();
    try {
      expect(other.launch(["synth.ts"]).status).toBe(0);
      const { "manifest.json": _manifest, ...before } = other.files("cdktf.out");
      expect(project.files("cdktf.out")).toMatchObject(before);
    } finally {
      other.remove();
    }
  });
});
