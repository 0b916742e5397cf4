import { ListAttachedRolePoliciesCommand } from "@aws-sdk/client-iam";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defineEnvironment, type EnvironmentInput } from "../../ecr/environment";
import { pullerPolicies } from "../../ecr/policies";
import { seedAccount } from "../../sandbox/seed-account";
import { iamOf, managedPolicy } from "../support/clients";
import { describeDeployments } from "../support/sandboxed";

/* The stack of docs/images.md beside an environment, deployed as that page says. */

const project = join(__dirname, "../..");
const ACCOUNT = "616161616161";
const environment: EnvironmentInput = {
  name: "staging",
  account: ACCOUNT,
  regions: ["us-east-1"],
  rules: [
    {
      upstream: "docker-hub",
      credential: { username: "acme-bot", secretName: "ecr-pullthroughcache/hub" },
    },
    { upstream: "ecr-public" },
  ],
};

describeDeployments("cdktf deploy of a stack of a user's own", ACCOUNT, (shared) => {
  test("deploys the role of docs/ecs-service.ts with the environment's puller policy, and destroys both", async () => {
    const { sandbox, deployment } = shared;
    const expected = defineEnvironment(environment);
    await seedAccount(sandbox, [expected]);
    deployment.setEnvironments(environment);
    deployment.write(
      "stacks/web-service.ts",
      readFileSync(join(project, "docs/ecs-service.ts"), "utf8"),
    );
    deployment.write(
      "app.ts",
      deployment
        .read("app.ts")
        .replace(/^/, 'import { WebService } from "./stacks/web-service";\n')
        .replace(
          "  return app;",
          '  new WebService(app, "web", app.cache("staging", "us-east-1"));\n  return app;',
        ),
    );
    const stacks = ["staging", "web"];

    const alone = await deployment.cdktf(["deploy", "web", "--auto-approve"]);
    expect(alone.code).not.toBe(0);
    expect(alone.stderr).toContain("staging");

    expect(await deployment.cdktf(["deploy", ...stacks, "--auto-approve"])).toMatchObject({
      code: 0,
    });
    const { AttachedPolicies = [] } = await iamOf(sandbox).send(
      new ListAttachedRolePoliciesCommand({ RoleName: "web-execution" }),
    );
    expect(
      await Promise.all(
        AttachedPolicies.map(({ PolicyArn = "" }) => managedPolicy(sandbox, PolicyArn)),
      ),
    ).toEqual(pullerPolicies(expected));
    expect(await deployment.isUpToDate("web")).toBe(true);

    expect(await deployment.cdktf(["destroy", ...stacks, "--auto-approve"])).toMatchObject({
      code: 0,
    });
  });
});
