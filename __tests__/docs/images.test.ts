import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { loadAll } from "js-yaml";
import { codeBlocks, readPage } from "../support/documentation";
import { jq } from "../support/jq";
import { ProjectCopy } from "../support/project-copy";
import { requireOrSkip } from "../support/require-or-skip";
import { run } from "../support/run";
import { inTemporaryDirectory } from "../support/temporary-directory";

/* What docs/images.md shows must work. */

const page = readPage("docs/images.md");
const blocks = (language: string) => codeBlocks(page, language).map(({ code }) => code);

interface Hooks {
  repos: { hooks: { entry: string; files: string; exclude: string }[] }[];
}

interface Workflow {
  jobs: { images: { steps: { run?: string }[] } };
}

const yaml = blocks("yaml").flatMap((block) => loadAll(block));
const [hook] = yaml.flatMap((document) => (document as Partial<Hooks>).repos ?? [])[0]?.hooks ?? [];
const workflow = yaml.find((document) => "jobs" in (document as object)) as Workflow;

describe("every command of docs/images.md runs:", () => {
  const commands = [
    ...blocks("sh").flatMap((block) => block.trim().split("\n")),
    `${hook?.entry} Dockerfile`,
    ...workflow.jobs.images.steps.flatMap(({ run: script = "" }) => script.split("\n")),
  ]
    .map((line) => /(?:npx --no ecr-cache|ecr-cache\.mjs) ([^#>|]*)/.exec(line)?.[1]?.trim())
    .filter((line) => line !== undefined)
    // Nothing that this page shows may change this project.
    .filter((line) => !line.includes("--write"));

  const before = process.cwd();
  beforeEach(() => process.chdir(fs.mkdtempSync(path.join(process.env.TMPDIR ?? "/tmp", "docs-"))));
  afterEach(() => {
    const created = process.cwd();
    process.chdir(before);
    fs.rmSync(created, { recursive: true });
  });

  test.each(commands)("the command of docs/images.md runs: %s", async (command) => {
    fs.writeFileSync("Dockerfile", "FROM scratch\n");
    const { stderr, exitCode } = await run(...command.split(/\s+/));
    expect(stderr).not.toMatch(/^ecr-cache: /m);
    expect(exitCode).toBe(0);
  });

  test("docs/images.md has commands", () => {
    expect(commands.length).toBeGreaterThanOrEqual(7);
  });
});

test("the pre-commit hook checks the files that may name images, and no Helm templates", () => {
  const files = new RegExp(hook?.files ?? "^$");
  const exclude = new RegExp(hook?.exclude ?? "");
  const checked = ["Dockerfile", "a/Containerfile", "a.yml", "b/compose.yaml", "t.json", "m.tf"];
  expect(checked.filter((file) => !files.test(file) || exclude.test(file))).toEqual([]);
  expect(files.test("main.ts")).toBe(false);
  expect(exclude.test("chart/templates/deployment.yaml")).toBe(true);
});

requireOrSkip(jq, "the workflow's last step", () => {
  const script = workflow.jobs.images.steps.at(-1)?.run ?? "";

  const copy = new ProjectCopy();
  afterAll(() => copy.remove());

  /** Runs the step as GitHub does, on a checkout with the given files. */
  function runStep(files: Readonly<Record<string, string>>) {
    return inTemporaryDirectory((directory) => {
      const code = path.join(directory, "code");
      for (const [file, text] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(code, file)), { recursive: true });
        fs.writeFileSync(path.join(code, file), text);
      }
      fs.symlinkSync(copy.directory, path.join(directory, "ecr-cache"));
      const summary = path.join(directory, "summary.md");
      const { status, stdout } = spawnSync("bash", ["-e", "-c", script], {
        cwd: code,
        encoding: "utf8",
        env: { ...process.env, GITHUB_STEP_SUMMARY: summary },
      });
      return { status, stdout, summary: fs.readFileSync(summary, "utf8") };
    });
  }

  test("annotates each name and fails, whatever the file is called", () => {
    const { status, stdout, summary } = runStep({
      "odd\n::error::name,a:b/Dockerfile": "FROM nginx:1.27\n",
    });
    const cacheUri = "333333333333.dkr.ecr.us-east-1.amazonaws.com/docker-hub/library/nginx:1.27";
    expect(stdout).toBe(
      `::error file=odd%0A%3A%3Aerror%3A%3Aname%2Ca%3Ab/Dockerfile,line=1,col=6::nginx:1.27 is ${cacheUri} in the cache\n`,
    );
    expect(summary).toBe(
      `- \`"odd\\n::error::name,a:b/Dockerfile"\` line 1: \`nginx:1.27\` is \`${cacheUri}\`\n`,
    );
    expect(status).toBe(1);
  });

  test("passes where every name is a cache name", () => {
    expect(runStep({ Dockerfile: "FROM scratch\n" })).toEqual({
      status: 0,
      stdout: "",
      summary: "",
    });
  });
});
