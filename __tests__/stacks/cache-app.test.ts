import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { S3Backend, TerraformStack } from "cdktf";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment, RuleInput } from "../../ecr/environment";
import { CacheApp } from "../../stacks/cache-app";
import { anEnvironment } from "../support/template";
import { inTemporaryDirectory } from "../support/temporary-directory";
import { userErrorOf } from "../support/user-error";

const hub: RuleInput = { upstream: "docker-hub", credential: { username: "acme-bot" } };
const dev = anEnvironment({ name: "dev", rules: [hub] });
const prod = anEnvironment({ name: "prod", account: "222222222222" });

const withApp = <Result>(environments: readonly Environment[], action: (app: CacheApp) => Result) =>
  inTemporaryDirectory((outdir) => action(new CacheApp(environments, { outdir })));

const stacksOf = (...environments: readonly Environment[]) =>
  withApp(environments, ({ stacks }) => stacks.map(({ node }) => node.id));

test("an app has a cache stack for each environment, after a credentials stack where a secret is created", () => {
  const existing = { username: "acme-bot", secretName: "ecr-pullthroughcache/hub" } as const;
  expect(stacksOf(dev, prod)).toEqual(["dev-credentials", "dev", "prod"]);
  expect(stacksOf(anEnvironment({ rules: [{ ...hub, credential: existing }] }))).toEqual(["dev"]);
});

test("an app of environments that conflict is refused before its folder is created", () => {
  inTemporaryDirectory((directory) => {
    const outdir = join(directory, "cdktf.out");
    expect(userErrorOf(() => new CacheApp([dev, dev], { outdir }))).toMatch(
      /^environments\[1\]: name: found "dev"/,
    );
    expect(existsSync(outdir)).toBe(false);
  });
});

describe("`app.cache()`", () => {
  test("hands out the cache of an environment and region, which names images", () => {
    withApp([dev, prod], (app) => {
      const cache = app.cache("dev", "us-east-1");
      expect([cache.account, cache.region]).toEqual(["111111111111", "us-east-1"]);
      expect(cache.imageUri("nginx:1.27")).toBe(
        "111111111111.dkr.ecr.us-east-1.amazonaws.com/docker-hub/library/nginx:1.27",
      );
    });
  });

  test("names the environments, the regions, or the reason, for what there is not", () => {
    withApp([dev, prod], (app) => {
      expect(userErrorOf(() => app.cache("stagign", "us-east-1"))).toBe(
        "cache: found environment stagign; allowed: dev, prod",
      );
      expect(userErrorOf(() => app.cache("dev", "eu-west-1"))).toBe(
        "environment dev: found region eu-west-1; allowed: us-east-1",
      );
      expect(userErrorOf(() => app.cache("dev", "us-east-1").imageUri("quay.io/a/b"))).toMatch(
        /^image quay\.io\/a\/b: found no cache name; .+$/,
      );
    });
  });
});

describe("a stack of a user's own in the app", () => {
  const addTo = (app: CacheApp) => {
    const stack = new TerraformStack(app, "web");
    new AwsProvider(stack, "aws", { region: "us-east-1" });
    new S3Backend(stack, { bucket: "acme-terraform-state", key: "web", region: "us-east-1" });
    stack.addOverride("terraform.backend.s3.use_lockfile", true);
    const role = new IamRole(stack, "role", { assumeRolePolicy: "{}" });
    app.cache("dev", "us-east-1").grantPull(role);
    return stack;
  };

  const backendIn = (app: CacheApp, stack: string) => {
    app.synth();
    const file = join(app.outdir, "stacks", stack, "cdk.tf.json");
    const { terraform } = JSON.parse(readFileSync(file, "utf8")) as { terraform: object };
    return (terraform as { backend: object }).backend;
  };

  test("is listed after those of the environments, and depends only on the one that it pulls through", () => {
    withApp([dev, prod], (app) => {
      const web = addTo(app);
      expect(app.stacks.map(({ node }) => node.id)).toEqual([
        ...["dev-credentials", "dev", "prod"],
        "web",
      ]);
      expect(web.dependencies.map(({ node }) => node.id)).toEqual(["dev"]);
    });
  });

  test("keeps its state in its own backend", () => {
    withApp([dev], (app) => {
      addTo(app);
      expect(backendIn(app, "web")).toEqual({
        s3: {
          bucket: "acme-terraform-state",
          key: "web",
          region: "us-east-1",
          use_lockfile: true,
        },
      });
    });
  });

  test("keeps the state of a deployment to the sandbox beside the sandbox, whatever its backend", () => {
    process.env.ECR_CACHE_STATE_DIRECTORY = "/sandbox";
    process.env.AWS_ENDPOINT_URL = "http://127.0.0.1:4566";
    try {
      withApp([dev], (app) => {
        addTo(app);
        expect(backendIn(app, "web")).toEqual({
          local: { path: "/sandbox/terraform.web.tfstate" },
        });
      });
    } finally {
      delete process.env.ECR_CACHE_STATE_DIRECTORY;
      delete process.env.AWS_ENDPOINT_URL;
    }
  });
});
