import { formatLifecyclePolicy } from "../../ecr/lifecycle-policy";
import { functionArn } from "../../ecr/maintenance-resources";
import { defineEnvironment } from "../../ecr/environment";
import { RECONCILE_ALL } from "../../reconcile/lambda/events";
import type * as Lambda from "../../reconcile/lambda/lambda";
import { CacheStack } from "../../stacks/cache-stack";
import { useAccount, useVariables } from "../support/account";
import { pullThroughCacheEvent } from "../support/lambda-fakes";
import { run } from "../support/run";
import { Template } from "../support/template";

/*
 * Whose a repository is, by every command and by the Lambda: they must agree, or one deletes what another keeps.
 */

const ACCOUNT = "123456789012";
const quay = (prefix: string) => ({ upstream: "quay", prefix }) as const;
const environment = (name: string, rest: object) =>
  defineEnvironment({ name, account: ACCOUNT, regions: ["us-east-1"], rules: [], ...rest });

const shop = environment("shop", {
  formerRegions: ["eu-west-1"],
  rules: [
    quay("quay"),
    quay("quay/lab/shop"),
    { upstream: "ecr-public", prefix: "ROOT", allowPublicRoot: true },
  ],
  maintenance: {},
});
const mockEnvironments = [
  shop,
  // Declared, not deployed.
  environment("lab", { rules: [quay("quay/lab")] }),
  // It has left the region, and its repositories there.
  environment("moved", {
    regions: ["eu-north-1"],
    formerRegions: ["us-east-1"],
    rules: [quay("quay/moved")],
  }),
  // It is where `shop` was.
  environment("successor", { regions: ["eu-west-1"], rules: [quay("quay")] }),
];

jest.mock("../../environments", () => ({
  get environments() {
    return mockEnvironments;
  },
}));

/** Every repository of the registry, and whose it is. */
const REPOSITORIES = {
  "quay/app": "ours",
  // Of nested prefixes, the longest counts.
  "quay/lab/shop/app": "ours",
  "quay/lab/app": "theirs",
  "quay/moved/app": "theirs",
  // A rule that exists, and that no environment has.
  "quay/by-hand/app": "theirs",
  // Only ROOT covers these; the marker of the first proves its origin.
  "cached/app": "ours",
  application: "unproven",
  "marked/application": "unproven",
} as const;

const namesOf = (...kinds: readonly string[]) =>
  Object.entries(REPOSITORIES)
    .filter(([, kind]) => kinds.includes(kind))
    .map(([name]) => name)
    .sort();

const account = useAccount(shop);

beforeEach(async () => {
  for (const repositoryName of Object.keys(REPOSITORIES)) {
    await account.call("BatchGetImage", { repositoryName, imageIds: [{ imageTag: "1" }] });
  }
  const mark = (repository: string, Value: string) =>
    account.call("TagResource", {
      resourceArn: `arn:aws:ecr:us-east-1:${ACCOUNT}:repository/${repository}`,
      tags: [{ Key: "ecr-cache:applied", Value }],
    });
  for (const name of ["cached/app", "quay/app", "quay/lab/shop/app"]) {
    await mark(name, "origin=cache");
  }
  await mark("marked/application", "lifecycle-policy=0123456789abcdef");
  await account.call("CreatePullThroughCacheRule", {
    ecrRepositoryPrefix: "quay/by-hand",
    upstreamRegistryUrl: "quay.io",
  });
  for (const { prefix, lifecyclePolicy } of shop.rules) {
    await account.call("CreateRepositoryCreationTemplate", {
      prefix,
      appliedFor: ["PULL_THROUGH_CACHE"],
      lifecyclePolicy: formatLifecyclePolicy(lifecyclePolicy),
    });
  }
});

interface Row {
  readonly repository: string;
  readonly state?: string;
  readonly status?: string;
}

async function rowsOf(...argv: string[]): Promise<Row[]> {
  const { stdout } = await run(...argv, "--env", "shop", "--json");
  const output = JSON.parse(stdout) as Row[] | { readonly repositories: Row[] };
  return "repositories" in output ? output.repositories : output;
}

const sorted = (rows: readonly Row[]) =>
  [...new Set(rows.map(({ repository }) => repository))].sort();

/** The repositories that have a lifecycle policy now. */
async function changed(): Promise<string[]> {
  const names: string[] = [];
  for (const repositoryName of Object.keys(REPOSITORIES)) {
    const policy = account.call("GetLifecyclePolicy", { repositoryName });
    if (
      await policy.then(
        () => true,
        () => false,
      )
    )
      names.push(repositoryName);
  }
  return names.sort();
}

test.each(["images", "cost"])(
  "`%s` lists what is the environment's, proven or not",
  async (command) => {
    expect(sorted(await rowsOf(command))).toEqual(namesOf("ours", "unproven"));
  },
);

test("`lifecycle` lists what is the environment's, and what is not proven to be", async () => {
  const rows = await rowsOf("lifecycle", "--all");
  expect(sorted(rows)).toEqual(namesOf("ours", "unproven"));
  expect(sorted(rows.filter(({ state }) => state === "not-proven"))).toEqual(namesOf("unproven"));
});

test("`lifecycle --apply` changes what is proven to be the environment's, and nothing else", async () => {
  await run("lifecycle", "--apply", "--env", "shop");
  expect(await changed()).toEqual(namesOf("ours"));
});

test("`purge` finds what is proven to be the environment's, and keeps what is not proven", async () => {
  const rows = await rowsOf("purge");
  expect(sorted(rows.filter(({ status }) => status === "found"))).toEqual(namesOf("ours"));
  expect(sorted(rows.filter(({ status }) => status === "kept"))).toEqual(namesOf("unproven"));
});

test("`purge` finds nothing in a former region that is another environment's by now", async () => {
  await account.call("CreateRepository", { repositoryName: "quay/app" }, "eu-west-1");
  await account.call("CreateRepository", { repositoryName: "quay/lab/shop/app" }, "eu-west-1");
  expect(sorted(await rowsOf("purge", "--region", "eu-west-1"))).toEqual(["quay/lab/shop/app"]);
});

describe.each([
  ["refresh", ["refresh", "--dry-run"], "refused"],
  ["warm", ["warm"], "failed"],
  ["verify --pull", ["verify", "--pull"], "failed"],
])("`%s`", (_, argv, failure) => {
  const outcomeOf = async (repository: string) => {
    const { stdout, stderr, exitCode } = await run(
      ...argv,
      `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/${repository}:1`,
      "--env",
      "shop",
      "--json",
    );
    const rows = stdout === "" ? [] : (JSON.parse(stdout) as (Row & { check?: string })[]);
    const row = rows.find(({ check = "pull" }) => check === "pull");
    return { outcome: row?.state ?? row?.status, stdout, stderr, exitCode };
  };

  test.each(namesOf("ours", "unproven"))("works on %s, which the user names", async (name) => {
    const { outcome } = await outcomeOf(name);
    expect(["unchanged", "cached", "ok"]).toContain(outcome);
  });

  test.each(["quay/lab/app", "quay/moved/app"])(
    "refuses %s, which another environment declares",
    async (name) => {
      const { stdout, stderr, exitCode } = await outcomeOf(name);
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
      expect(stderr).toContain(`found the repository "${name}"; allowed: repositories under`);
    },
  );

  test("refuses what a rule covers that no environment has, and pulls nothing", async () => {
    account.calls.reset();
    const { outcome, stdout } = await outcomeOf("quay/by-hand/app");
    expect(outcome).toBe(failure);
    expect(stdout).toContain("the rule quay/by-hand, which is not the environment's, covers");
    expect(account.calls.count({ action: "BatchGetImage" })).toBe(0);
  });
});

describe("the Lambda, with the variables that the stack gives it,", () => {
  const plenty = {
    getRemainingTimeInMillis: () => 900_000,
    invokedFunctionArn: functionArn(shop, "us-east-1", "reconcile"),
  };
  let restore: () => void;

  beforeEach(() => {
    const template = Template.of((app) => new CacheStack(app, shop, mockEnvironments));
    const { environment: found } = template.resource("aws_lambda_function.us-east-1_reconcile") as {
      environment: { variables: Record<string, string> };
    };
    restore = useVariables({
      ...found.variables,
      AWS_LAMBDA_FUNCTION_NAME: "ecr-cache-shop-reconcile",
      POWERTOOLS_DEV: "true",
      POWERTOOLS_METRICS_DISABLED: "true",
    });
    for (const method of ["log", "info", "warn", "error"] as const) {
      jest.spyOn(console, method).mockImplementation(() => undefined);
    }
  });
  afterEach(() => {
    jest.restoreAllMocks();
    restore();
  });

  /** The function of a new instance. */
  const handler = (): typeof Lambda.handler => {
    let functions: typeof Lambda | undefined;
    jest.isolateModules(() => {
      functions = jest.requireActual("../../reconcile/lambda/lambda");
    });
    return functions!.handler;
  };

  test("changes by its schedule what is proven to be the environment's, and nothing else", async () => {
    await handler()({ action: RECONCILE_ALL }, plenty);
    expect(await changed()).toEqual(namesOf("ours"));
  });

  const importIntoAll = async (time: Date) => {
    const handle = handler();
    for (const name of Object.keys(REPOSITORIES)) {
      const event = pullThroughCacheEvent({ "repository-name": name });
      await handle({ ...event, account: shop.account, time: time.toISOString() }, plenty);
    }
  };

  test("changes for an import what is proven to be the environment's, and nothing else", async () => {
    await importIntoAll(new Date(Date.now() + 24 * 60 * 60_000));
    expect(await changed()).toEqual(namesOf("ours"));
  });

  test("changes for an import that created the repository what is the environment's", async () => {
    await importIntoAll(new Date());
    expect(await changed()).toEqual(namesOf("ours", "unproven"));
  });
});
