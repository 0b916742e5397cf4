import { unzipSync } from "fflate";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  bundleLambda,
  LAMBDA_HANDLERS,
  type LambdaBundle,
  makeLambdaZip,
} from "../../../reconcile/lambda/bundle";
import { ProjectCopy } from "../../support/project-copy";

const projectDirectory = join(__dirname, "..", "..", "..");
const zip = Buffer.from(makeLambdaZip());
const directory = mkdtempSync(join(tmpdir(), "ecr-cache-bundle-"));

afterAll(() => rmSync(directory, { recursive: true }));

describe("the zip file of the maintenance functions", () => {
  test("is the same byte for byte when it is made again", () => {
    expect(Buffer.from(makeLambdaZip()).equals(zip)).toBe(true);
  });

  test("says nothing of when and where it was made", () => {
    // The local header of the only entry: time of day, then date, in MS-DOS's way (1980-01-01 is 1 << 5 | 1).
    expect(zip.readUInt32LE(0)).toBe(0x04034b50);
    expect(zip.readUInt16LE(10)).toBe(0);
    expect(zip.readUInt16LE(12)).toBe((1 << 5) | 1);
    const { "index.js": code } = unzipSync(zip);
    expect(Buffer.from(code!).includes(projectDirectory)).toBe(false);
  });

  test("holds one file, which whoever runs it may read", () => {
    expect(Object.keys(unzipSync(zip))).toEqual(["index.js"]);
    const centralDirectory = zip.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
    expect((zip.readUInt32LE(centralDirectory + 38) >>> 16).toString(8)).toBe("100644");
  });

  test("is smaller than 300 kB", () => {
    expect(zip.length).toBeLessThan(300_000);
  });

  test("has all that it needs: it loads where there are no packages, and without any variable", () => {
    const file = join(directory, "index.js");
    writeFileSync(file, unzipSync(zip)["index.js"]!);
    const exported = execFileSync(
      process.execPath,
      ["-p", `JSON.stringify(Object.keys(require(${JSON.stringify(file)})))`],
      { cwd: directory, env: {}, encoding: "utf8" },
    );
    expect((JSON.parse(exported) as string[]).sort()).toEqual(
      Object.values(LAMBDA_HANDLERS)
        .map((handler) => handler.replace("index.", ""))
        .sort(),
    );
  });
});

test("`bundleLambda` gives the file and the hash that Terraform compares", () => {
  const { path, hash } = bundleLambda();
  const content = readFileSync(path);
  expect(content.equals(zip)).toBe(true);
  expect(hash).toBe(createHash("sha256").update(zip).digest("base64"));
});

describe("`bundleLambda` builds the zip file", () => {
  let copy: ProjectCopy;

  beforeAll(() => {
    copy = new ProjectCopy();
    copy.write(
      "bundle-lambda.ts",
      `import { bundleLambda } from "./reconcile/lambda/bundle";
       console.log(JSON.stringify(bundleLambda()));`,
    );
  });

  afterAll(() => copy.remove());

  function bundleInCopy(variables?: Readonly<Record<string, string>>): LambdaBundle {
    const { stdout, stderr } = copy.launch(["bundle-lambda.ts"], variables);
    expect(stderr).toBe("");
    return JSON.parse(stdout) as LambdaBundle;
  }

  test("once for the same sources, whatever changes beside them", () => {
    const first = bundleInCopy();
    copy.write("synth.ts", `${copy.read("synth.ts")}\n`);
    expect(bundleInCopy()).toEqual(first);
  });

  test("again when a module of it has changed", () => {
    const first = bundleInCopy();
    copy.write("reconcile/plan.ts", `${copy.read("reconcile/plan.ts")}\nconsole.log("changed");\n`);
    expect(bundleInCopy().hash).not.toBe(first.hash);
  });

  test.each([
    ["changed", (content: Buffer) => Buffer.from(content).fill(0, 100, 110)],
    ["cut off", (content: Buffer) => content.subarray(0, 1000)],
  ])("again when the one that was kept has been %s", (_, spoil) => {
    const { path, hash } = bundleInCopy();
    const content = readFileSync(path);
    writeFileSync(path, spoil(content));
    const again = bundleInCopy();
    expect(again.hash).toBe(hash);
    expect(readFileSync(again.path).equals(content)).toBe(true);
  });

  test("for itself alone in CI", () => {
    const kept = bundleInCopy();
    writeFileSync(kept.path, "");
    const { path, hash } = bundleInCopy({ CI: "true" });
    expect(path).not.toBe(kept.path);
    expect(hash).toBe(kept.hash);
  });
});
