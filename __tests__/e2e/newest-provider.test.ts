import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { project } from "../support/documentation";
import { ProjectCopy } from "../support/project-copy";
import { skip } from "../support/require-or-skip";

/*
 * The newest hashicorp/aws that npm has bindings of, which are those of CDK Terrain: they describe every argument that the
 * stacks have as the installed bindings do. The provider itself is not run.
 */

const BINDINGS = "@cdktn/provider-aws";

const PROGRAM = "__tests__/support/print-bindings.ts";

/** What the program printed. */
interface Printed {
  readonly bindings: Readonly<Record<string, object>>;
  readonly terraform: readonly Readonly<Record<string, unknown>>[];
}

/** The modules of the bindings that the stacks import, and what the provider's imports. */
function importedModules(): string[] {
  const sources = ["constructs", "stacks"].flatMap((folder) =>
    readdirSync(join(project, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(join(project, folder, file), "utf8")),
  );
  const imported = sources.flatMap((text) =>
    [...text.matchAll(/"@cdktf\/provider-aws\/(lib\/[\w-]+)"/g)].map(([, path]) => path!),
  );
  return [...new Set([...imported, "lib/provider-functions"])];
}

/** The newest version, whatever Node.js it is for. */
function newestVersion(): string | undefined {
  const { status, stdout } = spawnSync("npm", ["view", BINDINGS, "dist-tags.latest"], {
    encoding: "utf8",
  });
  return status === 0 ? stdout.trim() : undefined;
}

/** Unpacks files of a package into a folder: all, or those below some paths. */
function unpack(specifier: string, folder: string, paths: readonly string[] = []): void {
  const directory = mkdtempSync(join(tmpdir(), "ecr-cache-package-"));
  try {
    const args = ["pack", specifier, "--silent", "--pack-destination", directory];
    execFileSync("npm", [...args, "--prefer-offline"], { stdio: ["ignore", "ignore", "pipe"] });
    mkdirSync(folder, { recursive: true });
    const [tarball = ""] = readdirSync(directory);
    const files = paths.map((path) => `package/${path}`);
    execFileSync("tar", ["-xzf", join(directory, tarball), "--strip-components=1", ...files], {
      cwd: folder,
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Replaces cdktf and its bindings in a copy of the project. */
function useNewest(copy: ProjectCopy, version: string): void {
  const packages = join(copy.directory, "node_modules");
  copy.remove("node_modules/cdktf");
  copy.remove("node_modules/@cdktf");
  const bindings = join(packages, "@cdktf/provider-aws");
  unpack(`${BINDINGS}@${version}`, bindings, ["package.json", ...importedModules()]);
  const { peerDependencies } = JSON.parse(readFileSync(join(bindings, "package.json"), "utf8")) as {
    peerDependencies: { cdktn: string };
  };
  unpack(`cdktn@${peerDependencies.cdktn}`, join(packages, "cdktf"));
  symlinkSync("cdktf", join(packages, "cdktn"));
}

function print(copy: ProjectCopy): Printed {
  // In CI, no bundle is kept: the packages are exchanged under it.
  const { status, stdout, stderr } = copy.launch([PROGRAM], { CI: "true" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Printed;
}

const TITLE = "the newest bindings of hashicorp/aws";

const tests = (version: string) =>
  describe(TITLE, () => {
    const copy = new ProjectCopy();
    let installed: Printed;
    let newest: Printed;

    beforeAll(() => {
      for (const path of [PROGRAM, "__tests__/support/environments.ts"]) {
        copy.write(path, readFileSync(join(project, path), "utf8"));
      }
      installed = print(copy);
      useNewest(copy, version);
      newest = print(copy);
    }, 300_000);
    afterAll(() => copy.remove());

    test("the newest bindings describe every argument that is synthesized as the installed ones do", () => {
      expect(newest.bindings).toEqual(installed.bindings);
      expect(Object.keys(installed.bindings).length).toBeGreaterThan(100);
    });

    test("the newest bindings synthesize what the installed ones do", () => {
      const withoutMetadata = ({ terraform }: Printed) =>
        terraform.map(({ "//": _, ...content }) => content);
      expect(withoutMetadata(newest)).toEqual(withoutMetadata(installed));
    });
  });

const version = newestVersion();
if (version !== undefined) tests(version);
else skip(`the npm registry has no ${BINDINGS}, or does not answer`, TITLE, () => tests(""));
