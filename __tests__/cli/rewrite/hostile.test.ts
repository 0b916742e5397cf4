import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { hostileFiles } from "../../support/hostile-files";
import { run } from "../../support/run";

/** In lines or levels: enough to hang or to overflow; how the time grows, `npm run bench:rewrite` measures. */
const SIZE = 300;

const HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com";

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "ecr-cache-hostile-"));
});

afterEach(() => fs.rmSync(folder, { recursive: true }));

function write(file: string, text: string): void {
  const target = path.join(folder, file);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, text);
}

// Loads what the command loads, so that no test has to.
beforeAll(() => run("rewrite", __filename, "--registry", HOST));

test("there are a hundred hostile files", () => {
  expect(hostileFiles.length).toBeGreaterThanOrEqual(100);
});

describe("`rewrite` copes with", () => {
  test.each(hostileFiles.map((file) => [`a ${file.path} with ${file.name}`, file] as const))(
    "%s",
    async (_, { path: file, text, beside = {} }) => {
      const before = text(SIZE);
      write(`m/${file}`, before);
      for (const [name, textBeside] of Object.entries(beside)) write(`m/${name}`, textBeside(SIZE));
      write("a/Dockerfile", "FROM nginx\n");
      write("z/Dockerfile", "FROM nginx\n");

      const files = [`m/${file}`, "a/Dockerfile", "z/Dockerfile"].map((name) =>
        path.join(folder, name),
      );
      const shown = await run("rewrite", files[0]!, "--registry", HOST);
      const { stderr } = await run("rewrite", ...files, "--registry", HOST, "--write");

      // Neither a stack nor a defect, and the other files are rewritten.
      expect((shown.stderr + stderr).slice(0, 10_000)).not.toMatch(/\n +at |defect/);
      for (const name of files.slice(1)) {
        expect(fs.readFileSync(name, "utf8")).toBe(`FROM ${HOST}/docker-hub/library/nginx\n`);
      }
      // What is not a name is as it was.
      const after = fs.readFileSync(files[0]!, "utf8");
      const names = new RegExp(
        `${HOST}/docker-hub(/library)?/|(\r?\n|\r) *newName: .*|, newName: [^}]*|docker\\.io|${HOST}`,
        "g",
      );
      const bare = (whole: string) => whole.replace(names, "").replace(/docker-hub\//g, "");
      const isSame = bare(after) === bare(before) || file === "kustomization.yaml";
      expect(isSame).toBe(true);
      expect(after.length).toBeGreaterThanOrEqual(before.length);

      // Lets the timeout of this test see how long it took.
      await new Promise((resolve) => setTimeout(resolve, 1));
    },
    2_000,
  );
});
