import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { loadAll } from "js-yaml";
import { valuesIn } from "../../ecr/environment/values";
import { CACHE_ACTIONS, PULL_ACTIONS } from "../../ecr/policies";
import { findProgram } from "../../host/find-program";
import { CacheStack } from "../../stacks/cache-stack";
import { CredentialsStack } from "../../stacks/credentials-stack";
import { codeBlocks, pages, project } from "../support/documentation";
import { jq } from "../support/jq";
import { requireOrSkip } from "../support/require-or-skip";
import { maximal } from "../support/environments";
import { run } from "../support/run";
import { Template } from "../support/template";
import prod from "../support/samples/environments/prod";

/* What docs/ shows of other programs' files must be what those programs read, as far as this machine can tell. */

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}

interface Job {
  environment?: string;
  permissions?: Record<string, string>;
  needs?: string | string[];
  steps: Step[];
}

interface Workflow {
  name: string;
  on: unknown;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const all = pages();

const parsed = (language: "yaml" | "json") =>
  all.flatMap((page) =>
    codeBlocks(page, language).map(({ code }) => ({
      page: page.path,
      code,
      value: language === "yaml" ? loadAll(code) : [JSON.parse(code) as unknown],
    })),
  );

describe("every block of the documentation parses:", () => {
  test.each(["yaml", "json"] as const)("%s", (language) => {
    expect(parsed(language).length).toBeGreaterThan(5);
  });

  const scripts = all.flatMap((page) => [
    ...codeBlocks(page, "sh").map(({ code }) => [page.path, code] as const),
  ]);

  test.each(scripts)("the shell script in %s", (_, code) => {
    const { status, stderr } = spawnSync("bash", ["-n", "-c", code], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});

const workflows = all.flatMap((page) =>
  codeBlocks(page, "yaml")
    .flatMap(({ code }) => loadAll(code))
    .filter((value): value is Workflow => typeof value === "object" && "jobs" in value!)
    .map((workflow) => ({ page: page.path, workflow })),
);
const jobs = workflows.flatMap(({ page, workflow }) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({
    name: `${page}: ${workflow.name}: ${name}`,
    workflow,
    job,
  })),
);

describe("the workflow", () => {
  test.each(
    workflows.map(({ page, workflow }) => [`${page}: ${workflow.name}`, workflow] as const),
  )("%s grants nothing by default but reading", (_, { permissions }) => {
    const granted = Object.entries(permissions).filter(([, access]) => access !== "read");
    // A workflow with a single job may ask for an identity at the top.
    expect(granted.filter(([permission]) => permission !== "id-token")).toEqual([]);
  });

  test.each(jobs.map(({ name, job }) => [name, job] as const))(
    "%s uses actions by their commit, with the version beside it",
    (name, { steps }) => {
      const uses = steps.flatMap(({ uses }) => uses ?? []);
      expect(uses.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(action))).toEqual([]);
      const text = all.find(({ path }) => name.startsWith(path))!.text;
      for (const action of uses)
        expect(text).toMatch(new RegExp(`${action} # v\\d+\\.\\d+\\.\\d+`));
    },
  );

  test.each(jobs.map(({ name, job }) => [name, job] as const))(
    "%s does not leave its token in the checkout",
    (_, { steps }) => {
      for (const { uses = "", with: options } of steps) {
        if (uses.startsWith("actions/checkout@")) {
          expect(options).toMatchObject({ "persist-credentials": false });
        }
      }
    },
  );

  test.each(
    jobs.flatMap(({ name, job }) =>
      (job.steps ?? []).flatMap(({ run: script }) =>
        script === undefined ? [] : [[name, script] as const],
      ),
    ),
  )("%s has scripts that parse", (_, script) => {
    // GitHub replaces its expressions before the shell sees them.
    const { status, stderr } = spawnSync("bash", ["-n", "-c", script], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(script).not.toMatch(/\$\{\{ *(github\.event|github\.head_ref|matrix)/);
  });
});

describe("the review of pull requests on GitHub", () => {
  const named = (name: string) =>
    workflows.find(
      ({ page, workflow }) => page.endsWith("github-actions.md") && workflow.name === name,
    )!.workflow;

  test("runs the pull request's code without credentials", () => {
    const { on, permissions, jobs: found } = named("Synthesize");
    expect(on).toBe("pull_request");
    expect(permissions).toEqual({ contents: "read" });
    expect(JSON.stringify(found)).not.toMatch(/id-token|secrets|role-to-assume/);
    expect(Object.values(found).flatMap((job) => Object.keys(job))).not.toContain("permissions");
  });

  test("runs every other job by the definition and the code of the main branch", () => {
    const { on, permissions, jobs: found } = named("Review");
    expect(on).toEqual({ workflow_run: { workflows: ["Synthesize"], types: ["completed"] } });
    expect(permissions).toEqual({});
    for (const { steps } of Object.values(found)) {
      for (const { uses = "", with: options } of steps) {
        // A checkout without a ref is that of the main branch here.
        if (uses.startsWith("actions/checkout@")) expect(options).not.toHaveProperty("ref");
      }
    }
  });

  test("gives credentials to the job that plans only, and the right to write to the last only", () => {
    const { jobs: found } = named("Review");
    expect(
      Object.fromEntries(Object.entries(found).map(([name, job]) => [name, job.permissions])),
    ).toEqual({
      plan: { actions: "read", contents: "read", "id-token": "write" },
      review: { contents: "read" },
      report: { "pull-requests": "write", statuses: "write" },
    });
    expect(found.plan?.environment).toBe("plan-${{ matrix.environment }}");
  });
});

describe("the pipeline for GitLab", () => {
  interface GitlabJob {
    script?: string[];
    id_tokens?: object;
    variables?: Record<string, string>;
  }

  const pipeline = parsed("yaml").find(({ page }) => page.endsWith("gitlab-ci.md"))!
    .value[0] as Record<string, GitlabJob>;
  const gitlabJobs = Object.entries(pipeline).filter(([, job]) => job.script !== undefined);

  test("runs the merge request's code without an ID token, and all else by the main branch's code", () => {
    // What checks out the merge request runs its code.
    const checkedOut = gitlabJobs.filter(([, job]) => job.variables?.GIT_STRATEGY !== "none");
    expect(checkedOut.map(([name]) => name)).toEqual(["synthesize"]);
    expect(pipeline.synthesize).not.toHaveProperty("id_tokens");
    expect(JSON.stringify(pipeline.trusted)).toContain("$CI_DEFAULT_BRANCH");
  });

  test("gives an ID token only to the jobs that run Terraform", () => {
    const withToken = gitlabJobs.filter(([, job]) => job.id_tokens !== undefined);
    expect(withToken.map(([name]) => name)).toEqual(["plan", "apply"]);
    expect(withToken.map(([, { script = [] }]) => script.join("\n"))).not.toContainEqual(
      expect.stringMatching(/\bnpm\b|\bnpx\b|\bnode\b/),
    );
  });

  test.each(gitlabJobs.flatMap(([name, { script = [] }]) => script.map((line) => [name, line])))(
    "has a script in %s that parses: %s",
    (_, line) => {
      const { status, stderr } = spawnSync("bash", ["-n", "-c", line], { encoding: "utf8" });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    },
  );
});

requireOrSkip(jq, "what may be planned with credentials", () => {
  type Stack = Record<string, Record<string, unknown>>;

  function mayBePlanned(stack: object): boolean {
    const { status } = spawnSync(
      "jq",
      ["-e", "-f", join(project, "docs/recipes/planned-stack.jq")],
      {
        input: JSON.stringify(stack),
      },
    );
    return status === 0;
  }

  const synthesized = (environment: typeof prod) => ({
    cache: Template.of((app) => new CacheStack(app, environment)).text,
    credentials: Template.of((app) => new CredentialsStack(app, environment)).text,
  });
  const stacks = Object.entries({ prod, maximal }).flatMap(([name, environment]) =>
    Object.entries(synthesized(environment)).map(
      ([kind, text]) => [`${name} ${kind}`, JSON.parse(text) as Stack] as const,
    ),
  );

  test.each(stacks)("includes the stacks of this project: %s", (_, stack) => {
    expect(mayBePlanned(stack)).toBe(true);
  });

  const cache = stacks[0]![1];
  const hostile: Record<string, (stack: Stack) => void> = {
    "a module": (stack) => (stack.module = { x: { source: "./x" } }),
    "another provider": (stack) => (stack.provider!.external = [{}]),
    "another source of the provider": (stack) =>
      (stack.terraform!.required_providers = { aws: { source: "evil.example/x/aws" } }),
    "one more required provider": (stack) =>
      Object.assign(stack.terraform!.required_providers!, { http: { source: "hashicorp/http" } }),
    "an implied provider": (stack) => (stack.resource!.null_resource = { x: {} }),
    "a data source that runs a program": (stack) =>
      (stack.data = { external: { x: { program: ["sh"] } } }),
    "a data source that reads a token": (stack) =>
      (stack.data = { aws_secretsmanager_secret_version: { x: { secret_id: "x" } } }),
    "another endpoint": (stack) =>
      (stack.provider!.aws = [{ endpoints: [{ sts: "https://evil.example" }] }]),
    "a function that reads files": (stack) =>
      (stack.output!.x = { value: '${file("/proc/self/environ")}' }),
    "a function that reads files, in a template": (stack) =>
      (stack.output!.x = { value: '%{if true}${filebase64 ("x")}%{endif}' }),
    "a provisioner": (stack) =>
      (stack.resource!.aws_iam_role = { x: { provisioner: [{ "local-exec": {} }] } }),
    "an unknown block": (stack) => (stack.ephemeral = { aws_secretsmanager_secret_version: {} }),
  };

  test.each(Object.entries(hostile))("does not include %s", (_, change) => {
    const stack = structuredClone(cache);
    change(stack);
    expect(mayBePlanned(stack)).toBe(false);
  });
});

describe("the policies of the recipes", () => {
  test("for VPC endpoints allow the actions of pullers, and no others", () => {
    const [endpoint] = parsed("json").filter(({ page }) => page.endsWith("vpc-endpoints.md"));
    const { Statement } = endpoint!.value[0] as { Statement: { Action: string | string[] }[] };
    expect(Statement.flatMap(({ Action }) => Action).sort()).toEqual(
      ["ecr:GetAuthorizationToken", ...PULL_ACTIONS, ...CACHE_ACTIONS].sort(),
    );
  });

  const trusts = parsed("json")
    .flatMap(({ page, value }) => value.map((policy) => ({ page, text: JSON.stringify(policy) })))
    .filter(({ text }) => text.includes("sts:AssumeRoleWithWebIdentity"));

  test.each(trusts.map(({ page, text }) => [page, text] as const))(
    "in %s trust an identity provider for one audience and one project only",
    (_, text) => {
      const { Statement } = JSON.parse(text) as {
        Statement: { Condition: Record<string, Record<string, string>> }[];
      };
      for (const { Condition } of Statement) {
        const conditions = Object.values(Condition).flatMap((one) => Object.entries(one));
        expect(conditions.map(([key]) => key.replace(/^.*:/, "")).sort()).toEqual(["aud", "sub"]);
        const subject = conditions.find(([key]) => key.endsWith(":sub"))?.[1];
        expect(subject).toMatch(/acme/);
        expect(subject).not.toMatch(/^\*|:\*:|acme\*/);
      }
    },
  );
});

test("the examples name images by the cache, so that `rewrite` has nothing to change", async () => {
  const directory = mkdtempSync(join(tmpdir(), "ecr-cache-recipes-"));
  const files = all
    .filter(({ path }) => path.startsWith("docs/recipes/"))
    .flatMap((page) => codeBlocks(page).map((block, index) => ({ ...block, page, index })))
    .flatMap(({ page, index, language, code }) => {
      const folder = join(directory, `${page.path}.${index}`);
      if (language === "dockerfile") return [{ file: join(folder, "Dockerfile"), code }];
      if (language === "json") return [{ file: join(folder, "file.json"), code }];
      if (language !== "yaml" || page.path.endsWith("gitlab-ci.md")) return [];
      const name = code.startsWith("name:") ? ".github/workflows/file.yml" : "buildspec.yml";
      return [{ file: join(folder, name), code }];
    });
  for (const { file, code } of files) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
  try {
    const { stdout } = await run("rewrite", directory, "--env", "prod", "--json");
    const references = JSON.parse(stdout) as { image: string | null; cacheUri: string | null }[];
    expect(references.filter(({ cacheUri }) => cacheUri !== null)).toEqual([]);
    // In task definitions, pods, Dockerfiles, buildspecs and workflows.
    const cached = references.filter(({ image }) => image?.includes(".dkr.ecr."));
    expect(cached.length).toBeGreaterThanOrEqual(5);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

describe("a pipeline that applies", () => {
  /** The scripts of every pipeline of the documentation. */
  const scripts = parsed("yaml").flatMap(({ page, value }) =>
    [...valuesIn(value)].flatMap(({ value: text }) =>
      typeof text === "string" && /\bapply\b.*tfplan/.test(text) ? [{ page, text }] : [],
    ),
  );

  test("the pipelines of the documentation deploy with Terraform, which cdktf does not wait for", () => {
    expect(scripts.map(({ page }) => page)).toEqual([
      "docs/recipes/github-actions.md",
      "docs/recipes/gitlab-ci.md",
    ]);
    const texts = parsed("yaml").map(({ code }) => code);
    expect(texts.filter((text) => /cdktf (deploy|destroy)/.test(text))).toEqual([]);
  });

  const shell = findProgram("bash");
  const setsid = findProgram("setsid");
  const hasBoth =
    shell !== undefined && setsid !== undefined
      ? ({ ok: true } as const)
      : { ok: false as const, reason: "no bash or no setsid" };

  requireOrSkip(hasBoth, "the script of a pipeline that is canceled", () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "ecr-cache-pipeline-"));
      writeFileSync(
        join(folder, "terraform"),
        `#!/bin/bash
[ "$1" = apply ] || exit 0
signals=0
trap 'signals=$((signals + 1))' INT TERM
echo begun >> log
until [ -e end ]; do sleep 0.05; done
echo "signals: $signals" >> log
exit "$(cat end)"
`,
        { mode: 0o755 },
      );
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    const log = () => {
      const path = join(folder, "log");
      return existsSync(path) ? readFileSync(path, "utf8") : "";
    };
    const until = async (isTrue: () => boolean) => {
      while (!isTrue()) await wait(20);
    };
    const start = (text: string) => {
      mkdirSync(join(folder, "planned"), { recursive: true });
      const pipeline = spawn("bash", ["-eo", "pipefail", "-c", text], {
        cwd: folder,
        env: { PATH: `${folder}:${process.env.PATH}` },
        stdio: "ignore",
        // As the runners start it: signals reach its process group.
        detached: true,
      });
      return { pipeline, ended: once(pipeline, "exit") as Promise<[number | null]> };
    };

    test.each(scripts.map(({ page, text }) => [page, text] as const))(
      "the script of %s passes one signal on to Terraform, waits for it, and ends as it does",
      async (_page, text) => {
        const { pipeline, ended } = start(text);
        await until(() => log().includes("begun"));
        for (const signal of ["SIGINT", "SIGTERM", "SIGTERM"] as const) {
          process.kill(-pipeline.pid!, signal);
          await wait(200);
        }
        expect(pipeline.exitCode).toBeNull();
        writeFileSync(join(folder, "end"), "3");
        expect(await ended).toEqual([3, null]);
        expect(log()).toBe("begun\nsignals: 1\n");
      },
    );

    test.each(scripts.map(({ page, text }) => [page, text] as const))(
      "the script of %s succeeds if Terraform does",
      async (_page, text) => {
        writeFileSync(join(folder, "end"), "0");
        expect(await start(text).ended).toEqual([0, null]);
      },
    );
  });
});
