import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { chromium, loadPage } from "../../support/chromium";
import { requireOrSkip } from "../../support/require-or-skip";
import { run, type Run } from "../../support/run";

const HUB = "222222222222.dkr.ecr.us-east-1.amazonaws.com/docker-hub";

let folder: string;
const before = process.cwd();
const variables = { ...process.env };

beforeEach(() => {
  folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "ecr-cache-reports-")));
  fs.mkdirSync(path.join(folder, ".git"));
  process.chdir(folder);
  delete process.env.GITHUB_STEP_SUMMARY;
});

afterEach(() => {
  process.chdir(before);
  process.env = { ...variables };
  fs.rmSync(folder, { recursive: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
}

const rewrite = (...args: readonly string[]): Promise<Run> =>
  run("rewrite", ...args, "--env", "staging");

const pods = (number: number, image: string) =>
  Array.from(
    { length: number },
    (_, at) =>
      `apiVersion: v1\nkind: Pod\nmetadata: {name: p${at}}\nspec: {containers: [{image: "${image}"}]}\n`,
  ).join("---\n");

describe("exclusions of `rewrite`", () => {
  const files = {
    "a/Dockerfile": "FROM nginx:1\n",
    "a/vendor/Dockerfile": "FROM nginx:1\n",
    "b/Dockerfile": "FROM nginx:1\n",
  };
  const listed = ({ stdout }: Run) => stdout.match(/^[^:]+/gm) ?? [];

  test("`--exclude` leaves files alone by patterns as in .gitignore, named ones too", async () => {
    write(files);
    expect(listed(await rewrite(".", "--check", "--exclude", "vendor/"))).toEqual([
      "a/Dockerfile",
      "b/Dockerfile",
    ]);
    expect(
      listed(await rewrite("a/Dockerfile", "b/Dockerfile", "--check", "--exclude", "/a")),
    ).toEqual(["b/Dockerfile"]);
  });

  test("`.ecr-cache-ignore` excludes files of its folder and below, named ones too", async () => {
    write({ ...files, ".ecr-cache-ignore": "b\n", "a/.ecr-cache-ignore": "vendor\n" });
    expect(listed(await rewrite(".", "--check"))).toEqual(["a/Dockerfile"]);
    expect(await rewrite("b/Dockerfile", "--check")).toMatchObject({ stdout: "", exitCode: 0 });
  });

  test.each([
    [
      "Dockerfile",
      "FROM nginx:1\nFROM redis:7 # ecr-cache: ignore\n# ecr-cache: ignore\nFROM a/b:1\n",
    ],
    [
      "main.tf",
      'resource "docker_image" "a" {\n  name = "nginx:1"\n}\nresource "docker_image" "b" {\n  name = "redis:7" // ecr-cache: ignore\n}\n',
    ],
    [
      "compose.yaml",
      "services:\n  a: {image: nginx:1}\n  b:\n    # ecr-cache: ignore\n    image: redis:7\n",
    ],
  ])(
    "A comment `ecr-cache: ignore` exempts the name beside or below it in %s",
    async (file, text) => {
      write({ [file]: text });
      const { stdout, stderr } = await rewrite(".", "--check");
      expect(stdout).toMatch(new RegExp(`^${file}:\\d+:\\d+: nginx:1 -> \\S+\n$`));
      expect(stderr).toContain("a comment says `ecr-cache: ignore`\n");
    },
  );

  test("A comment `ecr-cache: ignore-file` exempts every name of its file", async () => {
    write({ Dockerfile: "FROM nginx:1\n# ecr-cache: ignore-file\nFROM redis:7\n" });
    const { stdout, stderr } = await rewrite(".", "--check");
    expect(stdout).toBe("");
    expect(stderr).toContain("  2  a comment says `ecr-cache: ignore-file`\n");
  });

  test("The words `ecr-cache: ignore` outside of a comment exempt nothing", async () => {
    write({ Dockerfile: 'FROM nginx:1\nRUN echo "ecr-cache: ignore-file"\n' });
    expect((await rewrite(".", "--check")).exitCode).toBe(1);
  });
});

describe("files that `rewrite` can't read", () => {
  const invalid = "image: [nginx:1\n";

  test.each([
    ["an invalid file of any kind", { "pod.yaml": invalid }, [], 0],
    ["an invalid file of any kind, strictly", { "pod.yaml": invalid }, ["--strict"], 2],
    ["an invalid file that names images by its own name", { "compose.yaml": invalid }, [], 2],
    [
      "a workflow with expressions",
      { ".github/workflows/a.yml": `a: \${{ b }}\n${invalid}` },
      [],
      2,
    ],
  ] as const)("`--check` of %s ends with its exit code", async (_, files, options, expected) => {
    write(files);
    const [name = ""] = Object.keys(files);
    const { stderr, exitCode } = await rewrite(name, "--check", ...options);
    expect(exitCode).toBe(expected);
    expect(stderr).toContain(`${name}:`);
    expect(stderr).toContain("1 problem with files; they are as they were\n");
  });

  test("A file that is not there is a failure, with or without `--strict`", async () => {
    expect(await rewrite("missing", "--check")).toMatchObject({ exitCode: 2 });
  });
});

describe("what `rewrite` says of a large code base", () => {
  test("Places to look at are counted by folder and reason, so that they are one screen", async () => {
    const folders = Array.from({ length: 30 }, (_, at) => `charts/c${at}/templates/pods.yaml`);
    write({
      ...Object.fromEntries(folders.map((file) => [file, pods(2, "${REGISTRY}/app")])),
      "k8s/pods.yaml": pods(40, "acme-base"),
    });
    const { stderr } = await rewrite(".");
    expect(stderr.split("\n").slice(0, 3)).toEqual([
      "To look at (--verbose lists each place):",
      "  60  charts/: a variable decides which image it is",
      "  40  k8s/: neither a registry's nor an official image",
    ]);
    expect(stderr.split("\n").length).toBeLessThan(12);
    const { stderr: verbose } = await rewrite(".", "--verbose");
    expect(verbose.match(/left alone: /g)).toHaveLength(100);
  });

  test("Of many reasons the frequent ones are named, and the others counted", async () => {
    write({
      "k8s/pods.yaml": Array.from({ length: 15 }, (_, at) => pods(1, `host${at}.local/a`)).join(
        "---\n",
      ),
    });
    const { stderr } = await rewrite(".");
    expect(stderr).toContain("  5  5 other reasons (--verbose)\n");
    expect((await rewrite(".", "--verbose")).stderr).not.toContain("other reasons");
  });
});

describe("`rewrite --format`", () => {
  test("`github` annotates ten names, prints the others, and lists all in the job's summary", async () => {
    process.env.GITHUB_STEP_SUMMARY = path.join(folder, "summary.md");
    write({ "a,b:c/Dockerfile": "FROM nginx:1\n".repeat(12) });
    const { stdout, exitCode } = await rewrite(".", "--check", "--format", "github");
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(12);
    expect(lines[0]).toBe(
      `::error file=a%2Cb%3Ac/Dockerfile,line=1,col=6::nginx:1 bypasses the cache; its name there is ${HUB}/library/nginx:1`,
    );
    expect(lines.filter((line) => line.startsWith("::error "))).toHaveLength(10);
    expect(fs.readFileSync("summary.md", "utf8").match(/^- <code>/gm)).toHaveLength(12);
    expect(exitCode).toBe(1);
  });

  test("`github` lets no file say a workflow command or Markdown of its own", async () => {
    process.env.GITHUB_STEP_SUMMARY = path.join(folder, "summary.md");
    write({ "x\n::stop-commands::y<img src=a>/compose.yaml": "image: [nginx:1\n" });
    const { stdout } = await rewrite(".", "--check", "--format", "github");
    expect(stdout).toMatch(
      /^::warning file=x%0A%3A%3Astop-commands%3A%3Ay<img src=a>\/compose\.yaml,/,
    );
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(fs.readFileSync("summary.md", "utf8")).not.toMatch(/<img|^::/m);
  });

  test("`gitlab` prints a Code Quality report whose fingerprints survive a moved line", async () => {
    interface Issue {
      fingerprint: string;
      location: { path: string; lines: { begin: number } };
    }
    const report = async () =>
      JSON.parse((await rewrite(".", "--check", "--format", "gitlab")).stdout) as Issue[];
    write({ Dockerfile: "FROM nginx:1\nFROM nginx:1\n" });
    const first = await report();
    expect(first[1]).toEqual({
      description: `nginx:1 bypasses the cache; its name there is ${HUB}/library/nginx:1`,
      check_name: "image-bypasses-cache",
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      severity: "major",
      location: { path: "Dockerfile", lines: { begin: 2 } },
    });
    write({ Dockerfile: "# moved\nFROM nginx:1\nFROM nginx:1\n" });
    const fingerprints = (issues: readonly Issue[]) => issues.map(({ fingerprint }) => fingerprint);
    expect(fingerprints(await report())).toEqual(fingerprints(first));
    expect(new Set(fingerprints(first)).size).toBe(2);
  });

  test("`sarif` prints SARIF 2.1.0 with names that bypass the cache and files that were not checked", async () => {
    write({ "a b/Dockerfile": "FROM nginx:1\n", "compose.yaml": "image: [nginx:1\n" });
    const { stdout } = await rewrite(".", "--check", "--format", "sarif");
    const { version, runs } = JSON.parse(stdout) as {
      version: string;
      runs: { results: unknown[] }[];
    };
    expect(version).toBe("2.1.0");
    expect(runs[0]?.results).toMatchObject([
      { ruleId: "file-not-checked", level: "warning" },
      {
        ruleId: "image-bypasses-cache",
        level: "error",
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: "a%20b/Dockerfile" },
              region: { startLine: 1, startColumn: 6 },
            },
          },
        ],
      },
    ]);
  });

  test("`--format` and `--json` exclude each other", async () => {
    expect(await rewrite(".", "--format", "sarif", "--json")).toMatchObject({ exitCode: 2 });
  });
});

describe("`rewrite --report`", () => {
  const files = {
    "apps/web/Dockerfile": "FROM nginx:1\nRUN true\nFROM <script>alert(1)</script>\n",
    "apps/api/compose.yaml": "services: {a: {image: quay.io/a/b:1}, b: {image: '${X}/y'}}\n",
    "broken.tf": 'image = "nginx:1\n',
  };

  test("writes a page with figures, diffs and reasons, in which foreign text is only text", async () => {
    write(files);
    expect(await rewrite(".", "--report", "page.html")).toMatchObject({ exitCode: 0 });
    const page = fs.readFileSync("page.html", "utf8");
    expect(page).not.toContain("<script");
    expect(page).toContain("&lt;script&gt;");
    expect(page).toContain(`<span class="added">+FROM ${HUB}/library/nginx:1</span>`);
    expect(page).toContain('<th scope="row">apps/web/</th><td>1</td>');
    expect(page).toContain('<th scope="row">quay.io</th><td>1</td>');
    expect(page).toContain('<th scope="row">Dockerfile</th><td>1</td>');
    expect(page).toContain("<summary>a file that could not be read (1)</summary>");
  });

  test("to a folder that does not exist is one line, and nothing is written", async () => {
    write(files);
    const { stderr, exitCode } = await rewrite(".", "--report", "none/page.html");
    expect(stderr).toContain('--report: "none/page.html" can\'t be written (ENOENT).');
    expect(exitCode).toBe(2);
  });

  requireOrSkip(chromium, "the page of `rewrite --report`", () => {
    test.each(["light", "dark"] as const)(
      "loads in Chromium (%s) without a complaint",
      async (scheme) => {
        write(files);
        await rewrite(".", "--report", "page.html");
        const { dom, console } = loadPage(path.join(folder, "page.html"), scheme);
        expect(console).toEqual([]);
        expect(dom).toContain("Names to rewrite");
      },
    );
  });
});
