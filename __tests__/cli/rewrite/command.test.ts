import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { rewriteJson } from "../../../cli/rewrite/json";
import { parseJson } from "../../support/contracts";
import { run, type Run } from "../../support/run";

const STAGING = "222222222222.dkr.ecr.us-east-1.amazonaws.com";
const HUB = `${STAGING}/docker-hub`;
const DIGEST = `sha256:${"0".repeat(64)}`;

let folder: string;
const before = process.cwd();

beforeEach(() => {
  folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "ecr-cache-rewrite-")));
  process.chdir(folder);
});

afterEach(() => {
  jest.restoreAllMocks();
  process.chdir(before);
  fs.rmSync(folder, { recursive: true });
});

function write(files: Readonly<Record<string, string | Buffer>>): void {
  for (const [file, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
}

const read = (file: string) => fs.readFileSync(file, "utf8");

/** Every file of the folder, with its text. */
function everything(): Record<string, string> {
  const files = fs
    .readdirSync(".", { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  return Object.fromEntries(files.sort().map((file) => [file, read(file)]));
}

const rewrite = (...args: readonly string[]): Promise<Run> => run("rewrite", ...args);

async function json(...args: readonly string[]) {
  const { stdout } = await rewrite(...args, "--json");
  return parseJson(rewriteJson, stdout);
}

describe("`rewrite` looks at a code base as a whole:", () => {
  test("what one file builds, no file pulls", async () => {
    write({
      "build.md": "docker build -t acme/docs .\n",
      "compose.yaml":
        "services:\n  a: { build: ., image: acme/app:dev }\n  b: { image: 'acme/tools:${TAG}', build: . }\n",
      "pod.yaml":
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n" +
        ["acme/app:dev", "acme/app:1", "docker.io/acme/tools:2", "acme/docs"]
          .map((image) => `  - image: ${image}\n`)
          .join(""),
    });
    const references = await json(".", "--env", "staging");
    const pod = references.filter(({ file }) => file === "pod.yaml");
    expect(pod.map(({ image, cacheUri }) => [image, cacheUri])).toEqual([
      ["acme/app:dev", null],
      ["acme/app:1", `${HUB}/acme/app:1`],
      ["docker.io/acme/tools:2", null],
      ["acme/docs", `${HUB}/acme/docs`],
    ]);
    expect(pod[0]?.reason).toBe("it names what is built here");
    await rewrite(".", "--env", "staging", "--write");
    expect(read("pod.yaml")).toContain("- image: acme/app:dev\n");
  });

  test("strings in programs are read where they are asked for", async () => {
    const text = [
      'new PostgreSQLContainer<>("postgres:16");',
      'DockerImageName.parse("redis:7");',
      'const image = "quay.io/acme/app:1";',
      'print("quay.io/acme/app:1 is here");',
      'parse("nginx:1");',
    ].join("\n");
    write({ "src/Test.java": text });
    await rewrite(".", "--env", "staging", "--write");
    expect(read("src/Test.java")).toBe(text);
    await rewrite(".", "--env", "staging", "--write", "--include-source");
    expect(read("src/Test.java")).toBe(
      [
        `new PostgreSQLContainer<>("${HUB}/library/postgres:16");`,
        `DockerImageName.parse("${HUB}/library/redis:7");`,
        `const image = "${STAGING}/quay/acme/app:1";`,
        'print("quay.io/acme/app:1 is here");',
        'parse("nginx:1");',
      ].join("\n"),
    );
  });

  test("a name with the host of a registry is reported in any text", async () => {
    write({
      "README.md":
        "Run quay.io/acme/app:1.2, not https://quay.io/acme/app or me@quay.io/x.\n`docker://quay.io/acme/x`\n",
      "main.go": 'const image = "docker.io/acme/app"\n',
      "logo.png": "quay.io/acme/app",
      data: "\0quay.io/acme/app",
      "values.yaml": "# quay.io/acme/old\nimage: quay.io/acme/app:1\n",
    });
    const { stderr } = await rewrite(".", "--env", "staging", "--check");
    expect(stderr).toContain(
      [
        "names of images where no known format has any; look at these yourself:",
        "  README.md: 2 names",
        "  main.go: 1 name",
        "  values.yaml: 1 name",
        "",
      ].join("\n"),
    );
    const references = await json(".", "--env", "staging");
    expect(
      references.map(({ file, line, column, image }) => `${file}:${line}:${column} ${image}`),
    ).toEqual([
      "README.md:1:5 quay.io/acme/app:1.2",
      "README.md:2:11 quay.io/acme/x",
      "main.go:1:16 docker.io/acme/app",
      "values.yaml:1:3 quay.io/acme/old",
      "values.yaml:2:8 quay.io/acme/app:1",
    ]);
    expect(references[0]).toMatchObject({ cacheUri: null });
  });
});

describe("`rewrite` without options", () => {
  test("changes nothing, shows a diff, and sums up", async () => {
    write({
      Dockerfile: "# web\nFROM nginx:1.25\nFROM ${R}/x\nRUN true\n",
      "k8s/pod.yaml":
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: localhost/x\n  - image: redis:7",
      "notes.txt": "FROM nginx\n",
    });
    const files = everything();
    expect(await rewrite(".", "--env", "staging")).toEqual({
      stdout: [
        "--- a/Dockerfile",
        "+++ b/Dockerfile",
        "@@ -1,4 +1,4 @@",
        " # web",
        "-FROM nginx:1.25",
        `+FROM ${HUB}/library/nginx:1.25`,
        " FROM ${R}/x",
        " RUN true",
        "--- a/k8s/pod.yaml",
        "+++ b/k8s/pod.yaml",
        "@@ -3,4 +3,4 @@",
        " spec:",
        "   containers:",
        "   - image: localhost/x",
        "-  - image: redis:7",
        "\\ No newline at end of file",
        `+  - image: ${HUB}/library/redis:7`,
        "\\ No newline at end of file",
        "",
      ].join("\n"),
      stderr: [
        "Dockerfile:3:6: ${R}/x: left alone: the name depends on ${R}",
        "3 files read, 2 to change; 4 references: 2 to rewrite, 2 left alone",
        "  1  the name depends on ${R}",
        "  1  private registry localhost",
        "",
      ].join("\n"),
      exitCode: 0,
    });
    expect(everything()).toEqual(files);
  });

  test("shows a diff that git can apply, with which the files are as with --write", async () => {
    write({
      "a b/Dockerfile": "FROM nginx:1\r\nRUN a\r\nFROM redis:7",
      "compose.yaml": "services: {a: {image: 'quay.io/a/b:1'}}\n",
    });
    const { stdout } = await rewrite(".", "--env", "staging");
    const { status, stderr } = spawnSync("git", ["apply", "-"], {
      input: stdout,
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const applied = everything();
    const { exitCode } = await rewrite(".", "--env", "staging", "--check");
    expect(exitCode).toBe(0);
    expect(applied).toEqual({
      "a b/Dockerfile": `FROM ${HUB}/library/nginx:1\r\nRUN a\r\nFROM ${HUB}/library/redis:7`,
      "compose.yaml": `services: {a: {image: '${STAGING}/quay/a/b:1'}}\n`,
    });
  });
});

describe("`rewrite --write`", () => {
  test("changes the files in place, keeps their mode, and leaves nothing else behind", async () => {
    write({ Dockerfile: "FROM nginx:1.25\n", "other.yaml": "image: x\n" });
    fs.chmodSync("Dockerfile", 0o751);
    const untouched = fs.statSync("other.yaml");
    expect(await rewrite(".", "--env", "staging", "--write")).toMatchObject({
      stdout: `Dockerfile:1:6: nginx:1.25 -> ${HUB}/library/nginx:1.25\n`,
      stderr: expect.stringContaining(
        "2 files read, 1 changed; 1 reference: 1 rewritten, 0 left alone\n",
      ) as string,
      exitCode: 0,
    });
    expect(everything()).toEqual({
      Dockerfile: `FROM ${HUB}/library/nginx:1.25\n`,
      "other.yaml": "image: x\n",
    });
    expect(fs.statSync("Dockerfile").mode & 0o7777).toBe(0o751);
    expect(fs.statSync("other.yaml").mtimeMs).toBe(untouched.mtimeMs);
  });

  test("done twice changes nothing the second time", async () => {
    write({ Dockerfile: "FROM nginx:1.25\n" });
    await rewrite(".", "--env", "staging", "--write");
    const { mtimeMs, ino } = fs.statSync("Dockerfile");
    const { stdout, exitCode } = await rewrite(".", "--env", "staging", "--write");
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 0 });
    expect(fs.statSync("Dockerfile")).toMatchObject({ mtimeMs, ino });
  });

  test("changes the file that a named link leads to, and keeps the link", async () => {
    write({ "real/Dockerfile": "FROM nginx:1\n" });
    fs.symlinkSync("real/Dockerfile", "Dockerfile");
    await rewrite("Dockerfile", "--env", "staging", "--write");
    expect(read("real/Dockerfile")).toBe(`FROM ${HUB}/library/nginx:1\n`);
    expect(fs.lstatSync("Dockerfile").isSymbolicLink()).toBe(true);
  });

  test("that fails leaves the file whole and nothing beside it, says so, and ends with 1", async () => {
    write({ Dockerfile: "FROM nginx:1\n", "other/Dockerfile": "FROM redis:7\n" });
    const rename = fs.renameSync;
    jest.spyOn(fs, "renameSync").mockImplementation((from, to) => {
      if (String(to).includes("other")) throw Object.assign(new Error("no"), { code: "EACCES" });
      rename(from, to);
    });
    const { stderr, exitCode } = await rewrite(".", "--env", "staging", "--write");
    expect(stderr).toContain("other/Dockerfile: no permission to write it or beside it\n");
    expect(exitCode).toBe(1);
    expect(everything()).toEqual({
      Dockerfile: `FROM ${HUB}/library/nginx:1\n`,
      "other/Dockerfile": "FROM redis:7\n",
    });
  });

  test("does not overwrite what someone else writes meanwhile", async () => {
    write({ Dockerfile: "FROM nginx:1\n" });
    jest
      .spyOn(fs, "fsyncSync")
      .mockImplementation(() => fs.writeFileSync("Dockerfile", "FROM theirs\n"));
    const { stderr } = await rewrite(".", "--env", "staging", "--write");
    expect(stderr).toContain("Dockerfile: it has changed since it was read; left as it is\n");
    expect(everything()).toEqual({ Dockerfile: "FROM theirs\n" });
  });
});

describe("`rewrite --check`", () => {
  test("ends with 1 and names the places if a file would change, and changes none", async () => {
    write({ Dockerfile: "FROM nginx:1\n" });
    expect(await rewrite(".", "--env", "staging", "--check")).toMatchObject({
      stdout: `Dockerfile:1:6: nginx:1 -> ${HUB}/library/nginx:1\n`,
      exitCode: 1,
    });
    expect(everything()).toEqual({ Dockerfile: "FROM nginx:1\n" });
  });

  test("ends with 0 if none would, whatever is left alone", async () => {
    write({ Dockerfile: `FROM ${HUB}/library/nginx:1\nFROM gcr.io/a/b:1\nFROM $X\n` });
    expect(await rewrite(".", "--env", "staging", "--check")).toMatchObject({
      stdout: "",
      exitCode: 0,
    });
  });
});

describe("`rewrite --json`", () => {
  test("lists every reference: file, line, column, image, cache name or reason, and warnings", async () => {
    write({
      Dockerfile: `FROM nginx:1.25\nFROM redis:7@${DIGEST}\nFROM a/b\nFROM \${X}\n`,
      "t/task.json":
        '{"containerDefinitions": [\n  {"image": "gcr.io/a/b:1"}, {"image": "localhost/a"}]}',
      "fn.tf": 'resource "aws_lambda_function" "f" {\n  image_uri = "a/b:1"\n}\n',
    });
    expect(await json(".", "--env", "staging")).toEqual([
      {
        file: "Dockerfile",
        line: 1,
        column: 6,
        image: "nginx:1.25",
        cacheUri: `${HUB}/library/nginx:1.25`,
      },
      {
        file: "Dockerfile",
        line: 2,
        column: 6,
        image: `redis:7@${DIGEST}`,
        cacheUri: `${HUB}/library/redis:7@${DIGEST}`,
        warnings: [
          {
            kind: "digest-first-pull",
            message:
              "the first pull through the cache fails by digest; pull it once by tag before (ecr-cache warm redis:7)",
          },
        ],
      },
      {
        file: "Dockerfile",
        line: 3,
        column: 6,
        image: "a/b",
        cacheUri: `${HUB}/a/b`,
        warnings: [
          {
            kind: "floating-tag",
            message:
              "the tag latest moves, and the cache asks the upstream for it every 24 hours only",
          },
        ],
      },
      {
        file: "Dockerfile",
        line: 4,
        column: 6,
        image: "${X}",
        cacheUri: null,
        reason: "ARG X has no default before the first FROM",
      },
      {
        file: "fn.tf",
        line: 2,
        column: 16,
        image: "a/b:1",
        cacheUri: null,
        reason: "Lambda can't pull an image through a cache",
        warnings: [
          {
            kind: "lambda",
            message:
              "Lambda pulls no image through a cache; its image must be in a repository of your own",
          },
        ],
      },
      {
        file: "t/task.json",
        line: 2,
        column: 14,
        image: "gcr.io/a/b:1",
        cacheUri: null,
        reason: "ECR can't cache Google Container Registry (gcr.io): aws/containers-roadmap#1581",
        warnings: [
          {
            kind: "uncacheable-registry",
            message:
              "ECR can't cache Google Container Registry (gcr.io): aws/containers-roadmap#1581",
          },
        ],
      },
      {
        file: "t/task.json",
        line: 2,
        column: 41,
        image: "localhost/a",
        cacheUri: null,
        reason: "private registry localhost",
      },
    ]);
  });

  test("warns that Bitnami's charts refuse other names, unless the values allow them", async () => {
    const image = "image: { registry: docker.io, repository: bitnami/redis, tag: 7.2.0 }\n";
    write({
      "a/values.yaml": image,
      "b/values.yaml": `${image}global: { security: { allowInsecureImages: true } }\n`,
    });
    const found = await json(".", "--env", "staging");
    expect(found.map(({ file, warnings }) => [file, warnings?.map(({ kind }) => kind)])).toEqual([
      ["a/values.yaml", ["bitnami-check"]],
      ["b/values.yaml", undefined],
    ]);
  });

  test("is an empty list if there is nothing", async () => {
    expect(await json(".", "--env", "staging")).toEqual([]);
  });

  test("goes with --check and --write", async () => {
    write({ Dockerfile: "FROM nginx:1\n" });
    const check = await rewrite(".", "--env", "staging", "--json", "--check");
    expect(check.exitCode).toBe(1);
    const done = await rewrite(".", "--env", "staging", "--json", "--write");
    expect(done).toMatchObject({ stdout: check.stdout, exitCode: 0 });
    expect(read("Dockerfile")).toBe(`FROM ${HUB}/library/nginx:1\n`);
  });
});

test("`rewrite` prints nothing of a file that a terminal or a CI system would act on", async () => {
  const hostile = "ng\u001b[2J\u001b]0;pwned\u0007inx:1";
  write({
    [`a\u001b[2J.yaml`]: "image: {",
    "compose.yaml": `services:\n  a:\n    image: "x\\n::error::pwned"\n  b:\n    image: nginx:1\n# ${hostile}\n# ##[error]x\n`,
    Dockerfile: `FROM ${hostile}\nFROM nginx\n::error::pwned\n`,
  });
  for (const options of [[], ["--check"], ["--json"]]) {
    const { stdout, stderr } = await rewrite(".", "--env", "staging", ...options);
    expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]|^\W*::|##\[/mu);
    expect(stdout + stderr).toContain("pwned");
  }
});

test("`rewrite` prints a warning once for an image, with the places", async () => {
  write({ Dockerfile: "FROM nginx\nFROM nginx\nFROM nginx\nFROM nginx\nFROM nginx\n" });
  const { stderr } = await rewrite(".", "--env", "staging");
  expect(stderr).toMatch(
    /^warning: nginx: the tag latest moves, .* \(Dockerfile:1:6, Dockerfile:2:6, Dockerfile:3:6 and 2 more\)$/m,
  );
  expect(stderr.match(/warning:/g)).toHaveLength(1);
});

test("the summary of `rewrite` counts the names that are left alone by their reasons, the most frequent first", async () => {
  write({ Dockerfile: "FROM ghcr.io/a/b:1\nFROM localhost/x\nFROM localhost/y\n" });
  const { stderr } = await rewrite(".", "--env", "staging");
  expect(stderr).toContain(
    "left alone\n  2  private registry localhost\n  1  environment staging has no rule for GitHub Container Registry (ghcr.io)\n",
  );
});

test("a tag that a variable decides may be a version, and is not warned of", async () => {
  write({
    "compose.yaml": 'services: { a: { image: "nginx:${TAG}" } }\n',
    "values.yaml": "image: redis:{{ .Values.tag }}\n",
  });
  const { stderr } = await rewrite(".", "--env", "staging");
  expect(stderr).toMatch(/^2 files read, 2 to change/m);
  expect(stderr).not.toContain("warning:");
});

describe("`rewrite --registry`", () => {
  beforeEach(() =>
    write({ Dockerfile: "FROM nginx:1\nFROM ghcr.io/a/b:1\nFROM registry.k8s.io/x:1\n" }),
  );

  test("without --env has every upstream under its default prefix", async () => {
    const found = await json(
      ".",
      "--registry",
      "https://999999999999.dkr.ecr.eu-west-1.amazonaws.com/",
    );
    expect(found.map(({ cacheUri }) => cacheUri)).toEqual([
      "999999999999.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1",
      "999999999999.dkr.ecr.eu-west-1.amazonaws.com/ghcr/a/b:1",
      "999999999999.dkr.ecr.eu-west-1.amazonaws.com/kubernetes/x:1",
    ]);
  });

  test("with --env has the environment's rules", async () => {
    const found = await json(".", "--registry", "127.0.0.1:5000", "--env", "prod");
    expect(found.map(({ cacheUri }) => cacheUri)).toEqual([
      "127.0.0.1:5000/docker-hub/library/nginx:1",
      "127.0.0.1:5000/ghcr/a/b:1",
      null,
    ]);
  });

  test("leaves the names of every environment's cache alone", async () => {
    write({ Dockerfile: `FROM ${HUB}/library/nginx:1\n` });
    expect(await json(".", "--registry", "r.example")).toMatchObject([
      { cacheUri: null, reason: "already a cache name (environment staging)" },
    ]);
  });
});

describe("wrong use of `rewrite` is one line and exit code 2, and changes nothing:", () => {
  test.each([
    [["."], "rewrite needs --env or --registry, or both"],
    [[".", "--env", "qa"], '--env: found "qa"; allowed: dev, staging, prod'],
    [
      [".", "--env", "prod", "--region", "x"],
      '--region: found "x"; allowed: us-east-1, eu-west-1 (the regions of environment prod)',
    ],
    [
      [".", "--registry", "https://x/y"],
      '--registry: found "https://x/y"; allowed: a registry\'s host, such as 111111111111.dkr.ecr.us-east-1.amazonaws.com',
    ],
    [
      [".", "--registry", "x", "--region", "us-east-1"],
      "option '--registry <url>' cannot be used with option '--region <region>'",
    ],
    [
      [".", "--env", "dev", "--write", "--check"],
      "option '--write' cannot be used with option '--check'",
    ],
    [
      [".", "--env", "dev", "--image-path", "spec.image"],
      '--image-path: found "spec.image"; allowed: KIND=PATH, such as Prometheus=spec.image or Task=spec.steps.[].image',
    ],
    [["--env", "dev"], "rewrite needs files and folders, or --stdin, and not both"],
  ])("%j", async (args, message) => {
    write({ Dockerfile: "FROM quay.io/a/b:1\n" });
    expect(await rewrite(...args)).toEqual({
      stdout: "",
      stderr: `ecr-cache: ${message}\n`,
      exitCode: 2,
    });
    expect(everything()).toEqual({ Dockerfile: "FROM quay.io/a/b:1\n" });
  });
});

describe("`rewrite` reads", () => {
  const changed = async (...args: readonly string[]) =>
    [...new Set((await json(...args, "--env", "staging")).map(({ file }) => file))].sort();
  const FROM = "FROM nginx:1\n";

  test("a folder without the files that git ignores, by the rules of the folders around and within", async () => {
    fs.mkdirSync(".git");
    write({
      // The last rule is about folders of that name.
      ".gitignore": "/build/\n*.dockerfile\nkeep/x\nDockerfile/\n",
      "build/Dockerfile": FROM,
      "src/build/Dockerfile": FROM,
      "src/a.dockerfile": FROM,
      "src/.gitignore": "!a.dockerfile\nsecret\n",
      "src/secret/Dockerfile": FROM,
      "src/keep/x/Dockerfile": FROM,
      "src/keep/b.dockerfile": FROM,
      "b.dockerfile": FROM,
    });
    expect(await changed(".")).toEqual([
      "src/a.dockerfile",
      "src/build/Dockerfile",
      "src/keep/x/Dockerfile",
    ]);
    process.chdir("src");
    expect(await changed(".")).toEqual(["a.dockerfile", "build/Dockerfile", "keep/x/Dockerfile"]);
    expect(await changed("../src/keep")).toEqual(["../src/keep/x/Dockerfile"]);
  });

  describe("files that git tracks though it ignores them,", () => {
    const git = (...args: readonly string[]) =>
      execFileSync("git", ["-c", "core.fsmonitor=false", ...args]);
    const track = (...options: readonly string[]) => {
      git("init", "-q", ...options);
      write({
        ".gitignore": "/build/\n*.dockerfile\n",
        "build/deep/é/Dockerfile": FROM,
        "build/deep/Dockerfile": FROM,
        "build/Dockerfile": FROM,
        "a.dockerfile": FROM,
        "b.dockerfile": FROM,
        "src/Dockerfile": FROM,
      });
      git("add", "-f", ".gitignore", "build/deep", "a.dockerfile");
    };
    const found = [
      "a.dockerfile",
      "build/deep/Dockerfile",
      "build/deep/é/Dockerfile",
      "src/Dockerfile",
    ];

    test.each(["2", "3", "4"])("from an index of version %s", async (version) => {
      track();
      // An entry that is only intended to be added has flags that version 2 has no place for.
      if (version === "3") git("add", "-f", "-N", "b.dockerfile");
      git("update-index", "--index-version", version);
      expect(await changed(".")).toEqual(
        version === "3" ? [found[0], "b.dockerfile", ...found.slice(1)] : found,
      );
    });

    test("in a repository with SHA-256", async () => {
      track("--object-format=sha256");
      expect(await changed(".")).toEqual(found);
    });

    test("from an index in two parts", async () => {
      track();
      git("update-index", "--split-index");
      git("add", "-f", "b.dockerfile");
      expect(await changed(".")).toEqual([found[0], "b.dockerfile", ...found.slice(1)]);
    });

    test("in a worktree, whose index is elsewhere", async () => {
      track();
      git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a");
      git("worktree", "add", "-q", "tree");
      process.chdir("tree");
      expect(await changed(".")).toEqual(found.slice(0, 3));
    });

    test("without running what the configuration of the repository names", async () => {
      track();
      git("config", "core.fsmonitor", "touch ran");
      expect(await changed(".")).toEqual(found);
      expect(fs.existsSync("ran")).toBe(false);
    });

    test.each([
      ["cut off", (index: Buffer) => index.subarray(0, 100)],
      ["of another kind", () => Buffer.from("not an index".repeat(10))],
      ["empty", () => Buffer.alloc(0)],
      [
        "of numbers that are too large",
        (index: Buffer) => Buffer.concat([index.subarray(0, 8), Buffer.alloc(200, 255)]),
      ],
    ])("not from an index that is %s", async (_, change) => {
      track();
      fs.writeFileSync(".git/index", change(fs.readFileSync(".git/index")));
      expect(await changed(".")).toEqual(["src/Dockerfile"]);
    });
  });

  test("a folder without node_modules, .git and .terraform", async () => {
    write({
      "node_modules/a/Dockerfile": FROM,
      "packages/b/node_modules/a/Dockerfile": FROM,
      ".git/hooks/Dockerfile": FROM,
      ".terraform/modules/x/Dockerfile": FROM,
      "packages/b/Dockerfile": FROM,
    });
    expect(await changed(".")).toEqual(["packages/b/Dockerfile"]);
  });

  test("a file that is named, though git ignores it; each file once", async () => {
    fs.mkdirSync(".git");
    write({ ".gitignore": "*\n", Dockerfile: FROM, "a/Dockerfile": FROM });
    expect(await changed("Dockerfile", "./Dockerfile")).toEqual(["Dockerfile"]);
    expect(await json("Dockerfile", "./Dockerfile", "--env", "staging")).toHaveLength(1);
    fs.rmSync(".gitignore");
    expect(await json("a", ".", "a/Dockerfile", "--env", "staging")).toHaveLength(2);
  });

  test("a workflow is known by its folders, from wherever the command runs", async () => {
    fs.mkdirSync(".git");
    write({ ".github/workflows/ci.yml": "jobs: {a: {container: node:20}}\n" });
    expect(await changed(".")).toEqual([".github/workflows/ci.yml"]);
    process.chdir(".github/workflows");
    expect(await changed("ci.yml")).toEqual(["ci.yml"]);
  });
});

describe("`rewrite` reports a file that it can't read, leaves it as it is, and goes on:", () => {
  const good = { "z/Dockerfile": "FROM nginx:1\n" };
  const bomb = [
    "a0: &a0 {image: nginx:1}",
    ...Array.from({ length: 9 }, (_, at) => {
      const aliases = Array.from({ length: 9 }, () => `*a${at}`).join(", ");
      return `a${at + 1}: &a${at + 1} [${aliases}]`;
    }),
    "",
  ].join("\n");

  test.each<[string, string, string | Buffer, string]>([
    [
      "YAML that is none",
      "compose.yaml",
      "services:\n  a:\n    image: [nginx\n",
      "compose.yaml:4:1: invalid YAML: unexpected end of the stream within a flow collection",
    ],
    [
      "YAML that is none, and no template either",
      "ci.yaml",
      "image: ${{ a }}\nb: [\n",
      "ci.yaml:3:1: invalid YAML: unexpected end of the stream within a flow collection",
    ],
    [
      "JSON that is none",
      "task.json",
      '{"containerDefinitions": [{"image": "nginx:1"}',
      "task.json:1:47: invalid JSON: close bracket expected",
    ],
    [
      "HCL that is none",
      "main.tf",
      'resource "x" {\n  image = "nginx:1\n}\n',
      "main.tf:2:11: invalid HCL: a string is not closed",
    ],
    [
      "aliases that stand for too much",
      "bomb.yaml",
      bomb,
      "bomb.yaml:1:1: invalid YAML: its aliases expand to more than 200000 values",
    ],
    [
      "an alias of what it is in",
      "loop.yaml",
      "a: &a [*a, {image: nginx:1}]\n",
      "loop.yaml:1:1: invalid YAML: its aliases expand to more than 200000 values",
    ],
    ["a binary file", "data.yaml", Buffer.from("image: a\0b"), "data.yaml: a binary file"],
    [
      "another encoding",
      "latin.yaml",
      Buffer.from("image: \xe4", "latin1"),
      "latin.yaml: not in UTF-8",
    ],
    [
      "a large file",
      "large.json",
      Buffer.alloc(50 * 1024 * 1024, " "),
      "large.json: larger than 10 megabytes; not read",
    ],
    [
      "deep nesting",
      "deep.json",
      `{"image": ${"[".repeat(20_000)}`,
      "deep.json:1:110: invalid JSON: it is nested too deeply",
    ],
  ])("%s", async (_, file, content, message) => {
    write({ ...good, [file]: content });
    const { stderr, exitCode } = await rewrite(".", "--env", "staging", "--write");
    expect(stderr).toContain(`${message}\n`);
    expect(stderr).toContain("1 problem with files; they are as they were\n");
    expect(exitCode).toBe(0);
    expect(fs.readFileSync(file).equals(Buffer.from(content))).toBe(true);
    expect(read("z/Dockerfile")).toBe(`FROM ${HUB}/library/nginx:1\n`);
  });

  test("no file in which the character for what can't be read is written as such", async () => {
    write({ "odd.dockerfile": "FROM nginx:1\n# \ufffd\n" });
    await rewrite(".", "--env", "staging", "--write");
    expect(read("odd.dockerfile")).toBe(`FROM ${HUB}/library/nginx:1\n# \ufffd\n`);
  });

  test("links that lead nowhere or in circles", async () => {
    write(good);
    fs.symlinkSync("self", "self");
    fs.symlinkSync("..", "z/up");
    fs.symlinkSync("gone", "Dockerfile");
    fs.symlinkSync("gone", "other");
    fs.symlinkSync("z", "elsewhere");
    const { stderr, exitCode } = await rewrite(".", "--env", "staging", "--write");
    expect(stderr.split("\n").slice(0, 4)).toEqual([
      "Dockerfile: a symbolic link to nothing",
      "self: a symbolic link that leads to itself",
      "z/up: a symbolic link to a folder that it is in; not followed",
      "1 file read, 1 changed; 1 reference: 1 rewritten, 0 left alone",
    ]);
    expect(exitCode).toBe(0);
  });

  test("files and folders that may not be read", async () => {
    write({ ...good, "a/Dockerfile": "FROM a\n", "b/Dockerfile": "FROM b\n" });
    const denied = (name: string) => Object.assign(new Error(name), { code: "EACCES" });
    const { readFileSync, readdirSync } = fs;
    jest.spyOn(fs, "readFileSync").mockImplementation(((file: string, options: "utf8") => {
      if (file === "a/Dockerfile") throw denied("open");
      return readFileSync(file, options);
    }) as typeof readFileSync);
    jest.spyOn(fs, "readdirSync").mockImplementation(((
      file: string,
      options: { withFileTypes: true },
    ) => {
      if (file.endsWith("/b")) throw denied("scandir");
      return readdirSync(file, options);
    }) as typeof readdirSync);
    const { stderr, exitCode } = await rewrite(".", "--env", "staging", "--check");
    expect(stderr).toContain("a/Dockerfile: no permission to read it\n");
    expect(stderr).toContain("b: no permission to read it\n");
    expect(exitCode).toBe(1);
  });

  test("with its place in --json, without an image", async () => {
    write({ "compose.yaml": "services: [", ...good });
    expect(await json(".", "--env", "staging")).toMatchObject([
      {
        file: "compose.yaml",
        line: 1,
        column: 12,
        image: null,
        cacheUri: null,
        reason: "invalid YAML: unexpected end of the stream within a flow collection",
      },
      { file: "z/Dockerfile", image: "nginx:1" },
    ]);
  });

  test("and only if there is nothing else to work on, the exit code is 2", async () => {
    write({ "compose.yaml": "services: [" });
    expect(await rewrite(".", "gone", "--env", "staging")).toMatchObject({
      stderr: [
        "compose.yaml:1:12: invalid YAML: unexpected end of the stream within a flow collection",
        "gone: no such file or folder",
        "0 files read, 0 to change; 0 references: 0 to rewrite, 0 left alone",
        "2 problems with files; they are as they were",
        "",
      ].join("\n"),
      exitCode: 2,
    });
    write(good);
    expect(await rewrite(".", "gone", "--env", "staging")).toMatchObject({ exitCode: 0 });
  });

  test("unless nothing says that it names an image", async () => {
    write({ ...good, "other.yaml": "a: [", "other.json": "{", "a.tf": "x = {" });
    expect((await rewrite(".", "--env", "staging")).stderr).not.toContain("other");
    expect((await rewrite("other.json", "--env", "staging")).stderr).toContain(
      "other.json:1:2: invalid JSON",
    );
  });
});

test("a Dockerfile says which build arguments of a Compose service are images", async () => {
  write({
    "compose.yaml":
      "services:\n  a:\n    build:\n      context: app\n      args:\n        RUNTIME: debian:12\n        BASE_IMAGE: not:used\n        REDIS: redis:7\n",
    "app/Dockerfile": "ARG RUNTIME=alpine:3\nARG REDIS\nFROM ${RUNTIME}\nFROM ${REDIS}\n",
  });
  const found = await json("compose.yaml", "--env", "staging");
  expect(found.map(({ line, image, cacheUri }) => [line, image, cacheUri])).toEqual([
    [6, "debian:12", `${HUB}/library/debian:12`],
    [8, "redis:7", `${HUB}/library/redis:7`],
  ]);
});

test("`rewrite --image-path` says where a kind of resource names images", async () => {
  write({
    "cluster.yaml":
      "apiVersion: a/v1\nkind: Cluster\nspec:\n  picture: redis:7\n  parts: [{name: a, picture: nginx:1}]\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: a/v1, kind: Cluster, spec: {picture: busybox:1}}\n",
  });
  expect(await json(".", "--env", "staging")).toEqual([]);
  const found = await json(
    ...[".", "--env", "staging", "--image-path", "Cluster=spec.picture"],
    ...["--image-path", "Cluster=spec.parts.[].picture"],
  );
  expect(found.map(({ cacheUri }) => cacheUri)).toEqual([
    `${HUB}/library/redis:7`,
    `${HUB}/library/nginx:1`,
    `${HUB}/library/busybox:1`,
  ]);
});
