import { defineEnvironment, type EnvironmentInput, tokenVariable } from "../../ecr/environment";
import { seedAccount } from "../../sandbox/seed-account";
import { Deployment } from "../support/deployment";
import { findRevision, lastRelease } from "../support/git-revision";
import { skip } from "../support/require-or-skip";
import { describeDeployments } from "../support/sandboxed";

/*
 * What was deployed by the last release stays when this version is deployed over it: changed texts and policies are
 * updated in place, and no resource is destroyed or replaced.
 */

const ACCOUNT = "171717171717";
const TOKEN = "dckr_pat_dXBncmFkZQ";
const RELEASE = lastRelease("3509cac1feee2b392e56b525c0ab95e9a9ee0d2d");

const environment = (stateDirectory: string): EnvironmentInput => ({
  name: "prod",
  account: ACCOUNT,
  regions: ["us-east-1"],
  backend: { type: "local", directory: stateDirectory },
  tags: { team: "platform" },
  rules: [
    { upstream: "docker-hub", credential: { username: "acme-bot" } },
    { upstream: "ecr-public", retention: { archiveAfterDaysUnpulled: 60 } },
    { upstream: "quay", prefix: "mirrors/quay.io" },
    { upstream: "k8s", prefix: "ROOT" },
    {
      upstream: "ecr",
      registry: "666666666666.dkr.ecr.us-east-1.amazonaws.com",
      prefix: "shared",
      upstreamPrefix: "team-a",
    },
  ],
  access: { roles: ["ecsTaskExecutionRole"], accounts: ["777777777777"] },
  maintenance: { notifications: { emails: ["platform@acme.example"] } },
});

/** What `terraform show -json` says of a plan. */
interface Plan {
  readonly resource_changes: readonly {
    readonly address: string;
    readonly mode: "managed" | "data";
    readonly change: { readonly actions: readonly string[] };
  }[];
}

const tests = () =>
  describeDeployments("an upgrade from the last release", ACCOUNT, (shared) => {
    test("an upgrade creates, destroys and replaces nothing, and leaves nothing to do", async () => {
      const { sandbox, deployment } = shared;
      const input = environment(deployment.directory);
      const env = { [`TF_VAR_${tokenVariable("docker-hub")}`]: TOKEN };
      await seedAccount(sandbox, [defineEnvironment(input)]);
      const released = new Deployment(sandbox, { revision: RELEASE });
      try {
        released.synthesize(input);
        for (const stack of ["prod-credentials", "prod"]) {
          await released.init(stack);
          await released.apply(stack, env);
        }
      } finally {
        released.remove();
      }

      deployment.synthesize(input);
      for (const stack of ["prod-credentials", "prod"]) {
        await deployment.init(stack);
        await deployment.terraform(stack, ["plan", "-out=plan.tfplan"], env);
        const plan = JSON.parse(
          await deployment.terraform(stack, ["show", "-json", "plan.tfplan"]),
        ) as Plan;
        const managed = plan.resource_changes.filter(({ mode }) => mode === "managed");
        expect(managed).not.toEqual([]);
        expect(
          managed
            .map(({ address, change }) => ({ address, actions: change.actions }))
            .filter(({ actions }) => actions.includes("create") || actions.includes("delete")),
        ).toEqual([]);

        await deployment.terraform(stack, ["apply", "plan.tfplan"], env);
        expect(await deployment.isUpToDate(stack, env)).toBe(true);
      }
    });
  });

const history = findRevision(RELEASE);
if (history.ok) tests();
else skip(history.reason, "an upgrade from the last release", tests);
