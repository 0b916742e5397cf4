import { checkNewSecrets } from "../../../cli/deploy/preflight";
import { plan } from "../../support/plan-builder";
import { useAccount } from "../../support/account";
import { cache } from "../../support/registry-environments";

const NAME = "ecr-pullthroughcache/new";

const account = useAccount(cache, { withRules: false });

const check = () =>
  checkNewSecrets(
    cache,
    plan([
      {
        address: "aws_secretsmanager_secret.us-east-1_new",
        actions: ["create"],
        after: { name: NAME },
      },
    ]),
  );

test("secrets that can be created and read pass the preflight", async () => {
  await expect(check()).resolves.toBeUndefined();
});

test.each(["DescribeSecret", "GetResourcePolicy"])(
  "a deployment that may not call %s stops before it creates a secret",
  async (action) => {
    account.faults.add({ kind: "deny", service: "secretsmanager", action });
    await expect(check()).rejects.toThrow(
      new RegExp(`secretsmanager:${action}.*\\nNothing was changed\\.$`),
    );
    const called = account.calls.list().map((call) => call.action);
    expect(called).not.toContain("CreateSecret");
  },
);

test("a secret that exists or is scheduled for deletion is reported before Terraform collides with it", async () => {
  account.secrets().CreateSecret({ Name: NAME });
  await expect(check()).rejects.toThrow(
    `secret ${NAME} in us-east-1 exists and is not in the state. Run ecr-cache recover --env ${cache.name}`,
  );
  account.secrets().DeleteSecret({ SecretId: NAME });
  await expect(check()).rejects.toThrow(`secret ${NAME} in us-east-1 is scheduled for deletion.`);
});
