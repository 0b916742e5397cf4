import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { load, loadAll } from "js-yaml";
import { codeBlocks, readPage } from "../support/documentation";
import { ProjectCopy } from "../support/project-copy";
import { run } from "../support/run";
import { inTemporaryDirectory } from "../support/temporary-directory";

/* What docs/images.md shows must work. */

const page = readPage("docs/images.md");
const blocks = (language: string) => codeBlocks(page, language).map(({ code }) => code);

interface Workflow {
  jobs: { images: { steps: { run?: string }[] } };
}

interface Hook {
  id: string;
  entry: string;
  files: string;
  args?: string[];
}

const yaml = blocks("yaml").flatMap((block) => loadAll(block));
const workflow = yaml.find((document) => "jobs" in (document as object)) as Workflow;
const used = yaml.flatMap(
  (document) => (document as { repos?: { hooks: Hook[] }[] }).repos ?? [],
)[0]?.hooks[0];
const [hook] = load(fs.readFileSync(".pre-commit-hooks.yaml", "utf8")) as Hook[];

describe("every command of docs/images.md runs:", () => {
  const commands = [
    ...blocks("sh").flatMap((block) => block.trim().split("\n")),
    `${hook?.entry} ${used?.args?.join(" ")} Dockerfile`,
    ...workflow.jobs.images.steps.flatMap(({ run: script = "" }) => script.split("\n")),
  ]
    .map((line) =>
      /(?:npx --no ecr-cache|ecr-cache\.mjs|^ecr-cache) ([^#>|]*)/.exec(line)?.[1]?.trim(),
    )
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

test("The documented pre-commit hook is one that this repository offers, for the files that may name images", () => {
  expect(used?.id).toBe(hook?.id);
  const files = new RegExp(hook?.files.replace("(?i)", "") ?? "^$", "i");
  const checked = ["Dockerfile", "a/Containerfile", "a.yml", "b/compose.yaml", "t.json", "m.tf"];
  expect(checked.filter((file) => !files.test(file))).toEqual([]);
  expect(files.test("main.ts")).toBe(false);
});

describe("the last step of the workflow of docs/images.md", () => {
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
      const listed = fs.existsSync(summary) ? fs.readFileSync(summary, "utf8") : "";
      return { status, stdout, summary: listed };
    });
  }

  test("annotates each name and fails, whatever the file is called", () => {
    const { status, stdout, summary } = runStep({
      "odd\n::error::name,a:b/Dockerfile": "FROM nginx:1.27\n",
    });
    const cacheUri = "333333333333.dkr.ecr.us-east-1.amazonaws.com/docker-hub/library/nginx:1.27";
    expect(stdout).toBe(
      `::error file=odd%0A%3A%3Aerror%3A%3Aname%2Ca%3Ab/Dockerfile,line=1,col=6::nginx:1.27 bypasses the cache; its name there is ${cacheUri}\n`,
    );
    expect(summary).toMatch(
      /^- <code>odd[^:<\n]*Dockerfile[^<\n]*<\/code>: <code>nginx[^<\n]*<\/code>\n$/,
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
