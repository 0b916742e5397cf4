import fs from "node:fs";
import path from "node:path";
import { loadAll } from "js-yaml";
import { WebService } from "../../docs/ecs-service";
import staging from "../../environments/staging";
import { CacheStack } from "../../stacks/cache-stack";
import { run } from "../support/run";
import { Template } from "../support/template";

/* What docs/images.md shows must work. */

const folder = path.join(__dirname, "../../docs");
const page = fs.readFileSync(path.join(folder, "images.md"), "utf8");

/** The code blocks of a language. */
function blocks(language: string): string[] {
  return [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter(([, found]) => found === language)
    .map(([, , code]) => code ?? "");
}

interface Hooks {
  repos: { hooks: { entry: string; files: string }[] }[];
}

interface Workflow {
  jobs: { images: { steps: { run?: string }[] } };
}

const yaml = blocks("yaml").flatMap((block) => loadAll(block));
const [hook] = yaml.flatMap((document) => (document as Partial<Hooks>).repos ?? [])[0]?.hooks ?? [];
const workflow = yaml.find((document) => "jobs" in (document as object)) as Workflow;

test("the class is the one that is compiled with the project", () => {
  expect(blocks("ts")).toEqual([fs.readFileSync(path.join(folder, "ecs-service.ts"), "utf8")]);
});

test("its task definition names images by the cache", () => {
  const registry = "222222222222.dkr.ecr.us-east-1.amazonaws.com";
  const { text: synthesized } = Template.of(
    (app) => new WebService(app, "web", new CacheStack(app, staging)),
  );
  expect(synthesized).toContain(`${registry}/docker-hub/library/nginx:1.27`);
  expect(synthesized).toContain(`${registry}/ecr-public/datadog/agent:7`);
});

describe("every command is one that there is:", () => {
  const commands = [
    ...blocks("sh").flatMap((block) => block.trim().split("\n")),
    `${hook?.entry} Dockerfile`,
    ...workflow.jobs.images.steps.flatMap(({ run: script = "" }) => script.split("\n")),
  ]
    .map((line) => /(?:npx ecr-cache|ecr-cache\.mjs) ([^#>|]*)/.exec(line)?.[1]?.trim())
    .filter((line) => line !== undefined)
    // Nothing that this page shows may change this project.
    .filter((line) => !line.includes("--write"));

  const before = process.cwd();
  beforeEach(() => process.chdir(fs.mkdtempSync(path.join(process.env.TMPDIR ?? "/tmp", "docs-"))));
  afterEach(() => {
    const made = process.cwd();
    process.chdir(before);
    fs.rmSync(made, { recursive: true });
  });

  test.each(commands)("%s", async (command) => {
    fs.writeFileSync("Dockerfile", "FROM scratch\n");
    const { stderr, exitCode } = await run(...command.split(/\s+/));
    expect(stderr).not.toMatch(/^ecr-cache: /m);
    expect(exitCode).toBe(0);
  });

  test("and there are some", () => {
    expect(commands.length).toBeGreaterThanOrEqual(7);
  });
});

test("the hook looks at the files in which names may be", () => {
  const files = new RegExp(hook?.files ?? "^$");
  const looked = ["Dockerfile", "a/Containerfile", "a.yml", "b/compose.yaml", "t.json", "m.tf"];
  expect(looked.filter((file) => !files.test(file))).toEqual([]);
  expect(files.test("main.ts")).toBe(false);
});

test("the workflow fails as the command fails, and its remarks are those of GitHub", () => {
  const script = workflow.jobs.images.steps.at(-1)?.run ?? "";
  expect(script).toMatch(/--check --json > \S+ \|\| status=\$\?/);
  expect(script).toMatch(/::error file=\\\(\.file\),line=\\\(\.line\),col=\\\(\.column\)::/);
  expect(script).toMatch(/exit \$\{status:-0\}\s*$/);
});
