import { join } from "node:path";
import type { EnvironmentInput } from "../../ecr/environment";
import { terraformBinary } from "../../host/terraform-program";
import type { Outcome } from "../support/deployment";
import { follow, generateSchedules, type Schedule } from "../support/fault-schedule";
import { type HttpStateServer, startHttpStateServer } from "../support/http-state-server";
import { inventoryOf, inventoryOfStates } from "../support/inventory";
import { describeDeployments, TIMEOUT } from "../support/sandboxed";

/*
 * Deployments that were killed or refused, or whose answers were lost, and the one command that leads out.
 *
 *     RECOVER_SCHEDULES=20 RECOVER_SEED=1 npx jest --selectProjects e2e --testPathPatterns e2e/recover
 *
 * tries that many generated schedules of faults besides.
 */

const ACCOUNT = "232323232323";
const REGIONS = ["us-east-1", "eu-west-1"] as const;
const GIVEN = { TF_VAR_docker_hub_access_token: "dckr_pat_cmVjb3Zlcg" };
const STACKS = { credentials: "shop-credentials", cache: "shop" } as const;
const KINDS = ["credentials", "cache"] as const;

const chosen: readonly [what: string, schedule: Schedule][] = [
  [
    "a killed deployment of secrets, which leaves a lock, and secrets that are not in the state",
    {
      backend: "http",
      credentials: [{ kind: "kill", action: "PutSecretValue" }],
      cache: [],
    },
  ],
  [
    "a refused read, for which Terraform would replace a secret and block its name, lost answers about what can't be created twice, and a kill",
    {
      backend: "local",
      credentials: [{ kind: "deny", action: "GetResourcePolicy", region: REGIONS[0] }],
      cache: [
        { kind: "cut-answer", action: "CreatePullThroughCacheRule", region: REGIONS[0] },
        { kind: "cut-answer", action: "CreateRepositoryCreationTemplate", region: REGIONS[1] },
        { kind: "cut-answer", action: "CreatePolicy" },
        { kind: "cut-answer", action: "CreateRole" },
        { kind: "cut-answer", action: "CreateLogGroup", region: REGIONS[1] },
        { kind: "kill", action: "CreateFunction", region: REGIONS[0] },
      ],
    },
  ],
];

const { RECOVER_SCHEDULES: count = "0", RECOVER_SEED: seed = "1" } = process.env;
const generated = generateSchedules(Number(seed), Number(count), {
  credentials: 4,
  cache: 80,
}).map((schedule): [string, Schedule] => [JSON.stringify(schedule), schedule]);

describeDeployments("ecr-cache recover", ACCOUNT, (shared) => {
  let states: HttpStateServer;
  beforeEach(async () => {
    states = await startHttpStateServer();
  });
  afterEach(async () => {
    await states.stop();
  });

  const shop = ({ backend, cache }: Schedule): EnvironmentInput => ({
    name: "shop",
    account: ACCOUNT,
    regions: REGIONS,
    backend:
      backend === "http"
        ? { type: "http", address: `${states.url}/states` }
        : { type: "local", directory: "states" },
    tags: { team: "platform" },
    rules: [{ upstream: "docker-hub", credential: { username: "acme-bot" } }, { upstream: "quay" }],
    // Where nothing goes wrong in the stack, it need not be large.
    ...(cache.length > 0 && {
      maintenance: { notifications: { emails: ["platform@acme.example"] } },
    }),
  });

  const stateFiles = () =>
    Object.entries(shared.deployment.files("states"))
      .filter(([name]) => name.endsWith(".tfstate"))
      .map(([, text]) => text);

  const run = (...args: readonly string[]): Promise<Outcome> =>
    shared.deployment.start("node", ["cli/ecr-cache.mjs", ...args], { env: GIVEN }).outcome;

  /** Applies a stack with Terraform alone, which lacks the checks of `deploy`, while a schedule has it. */
  async function apply(kind: keyof typeof STACKS, schedule: Schedule): Promise<void> {
    const { deployment, sandbox } = shared;
    const { process: terraform, outcome } = deployment.start(
      terraformBinary(),
      ["apply", "-auto-approve", "-no-color"],
      { cwd: join("cdktf.out", "stacks", STACKS[kind]), env: GIVEN, detached: true },
    );
    // The providers are in its process group.
    const end = follow(sandbox.faults, schedule[kind], () =>
      process.kill(-terraform.pid!, "SIGKILL"),
    );
    await outcome;
    end();
  }

  test.each([...chosen, ...generated])(
    "`recover` and a deployment make whole what is left by %s",
    async (_what, schedule) => {
      const { deployment, sandbox } = shared;
      deployment.synthesize(shop(schedule));
      for (const kind of KINDS) {
        await deployment.init(STACKS[kind]);
        await apply(kind, schedule);
      }

      let recovered = await run("recover", "--env", "shop", "--write");
      const [, lock] = /--unlock (\S+)/.exec(recovered.stderr) ?? [];
      if (lock !== undefined) {
        recovered = await run("recover", "--env", "shop", "--write", "--unlock", lock);
      }
      expect(recovered.stdout).not.toContain("to do");

      const { code, stdout, stderr } = await run("deploy", "shop", "--auto-approve");
      expect({ code, output: code === 0 ? "" : stdout + stderr }).toEqual({ code: 0, output: "" });
      for (const stack of Object.values(STACKS)) {
        expect([stack, await deployment.isUpToDate(stack, GIVEN)]).toEqual([stack, true]);
      }
      // Nothing is there twice, and nothing that Terraform does not know.
      const written = [...states.states.values(), ...stateFiles()];
      expect(await inventoryOf(sandbox, REGIONS)).toEqual(inventoryOfStates(written));
    },
    // It plans each stack five times, and imports what exists one by one.
    2 * TIMEOUT,
  );
});
