import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { project } from "../support/documentation";
import { findPackage } from "../support/npm-registry";
import { skip } from "../support/require-or-skip";

/*
 * The npm package: packed, installed in an empty project, and used there as a library and as a command.
 */

const TITLE = "the npm package";

const ENVIRONMENTS = `import { defineEnvironment } from "ecr-pull-through-cache";

export const environments = [
  defineEnvironment({
    name: "shop",
    account: "999999999999",
    regions: ["eu-central-1"],
    rules: [{ upstream: "docker-hub", credential: { username: "acme" } }, { upstream: "quay" }],
    maintenance: {},
  }),
];
`;

const APP = `import { buildApp, cacheOf, cacheUri, type Environment } from "ecr-pull-through-cache";
import { environments } from "./environments";

const [shop] = environments as [Environment];
console.log(cacheUri("nginx", cacheOf(shop, "eu-central-1", environments)).cacheUri);
buildApp(environments).synth();
`;

const CACHED = "999999999999.dkr.ecr.eu-central-1.amazonaws.com/docker-hub/library/nginx";

const tests = () =>
  describe(TITLE, () => {
    jest.setTimeout(300_000);

    const directory = mkdtempSync(join(tmpdir(), "ecr-cache-package-"));
    const write = (path: string, text: string) => writeFileSync(join(directory, path), text);
    const read = (path: string) => readFileSync(join(directory, path), "utf8");
    const run = (program: string, ...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(program, args, {
        cwd: directory,
        encoding: "utf8",
        env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
      });
      return { status, stdout, stderr };
    };
    const ecrCache = (...args: string[]) => run("node_modules/.bin/ecr-cache", ...args);

    beforeAll(() => {
      execFileSync("npm", ["pack", "--silent", "--pack-destination", directory], {
        cwd: project,
        stdio: ["ignore", "ignore", "pipe"],
      });
      const [tarball = ""] = readdirSync(directory);
      write("package.json", "{}");
      execFileSync(
        "npm",
        ["install", "--no-audit", "--no-fund", "--prefer-offline", `./${tarball}`],
        { cwd: directory, stdio: ["ignore", "ignore", "pipe"] },
      );
      mkdirSync(join(directory, "environments"));
      write("environments/index.ts", ENVIRONMENTS);
      write("main.ts", APP);
      const compilerOptions = {
        ...{ strict: true, module: "node16", target: "es2022", outDir: "built" },
        ...{ types: ["node"], typeRoots: [join(project, "node_modules/@types")] },
      };
      write("tsconfig.json", JSON.stringify({ compilerOptions }));
    }, 600_000);
    afterAll(() => rmSync(directory, { recursive: true }));

    test("an app with its own environments is type-checked against the package, and synthesizes with it", () => {
      const tsc = join(project, "node_modules/typescript/bin/tsc");
      expect(run(process.execPath, tsc, "-p", ".")).toEqual({ status: 0, stdout: "", stderr: "" });
      expect(run(process.execPath, "built/main.js")).toMatchObject({
        status: 0,
        stdout: `${CACHED}\n`,
      });
      const stack = read("cdktf.out/stacks/shop/cdk.tf.json");
      expect(stack).toContain('"eu-central-1_docker-hub"');
      const [, asset = ""] = /"filename": "([^"]+)"/.exec(stack) ?? [];
      const built = readFileSync(join(project, "dist/maintenance.zip"));
      expect(readFileSync(join(directory, "cdktf.out/stacks/shop", asset)).equals(built)).toBe(
        true,
      );
    });

    test("`ecr-cache --config` maps and rewrites images by the environments of a folder", () => {
      const options = ["--config", "./environments", "--env", "shop"];
      expect(ecrCache("map", "nginx", ...options)).toEqual({
        status: 0,
        stdout: `${CACHED}\n`,
        stderr: "",
      });
      write("Dockerfile", "FROM nginx\n");
      expect(ecrCache("rewrite", "Dockerfile", "--write", ...options).status).toBe(0);
      expect(read("Dockerfile")).toBe(`FROM ${CACHED}\n`);
    });

    test("`ecr-cache` of the package takes the folder `environments` where --config is not given", () => {
      expect(ecrCache("map", "nginx", "--env", "shop").stdout).toBe(`${CACHED}\n`);
      expect(ecrCache("map", "nginx", "--env", "shop", "--config", "none")).toEqual({
        status: 2,
        stdout: "",
        stderr:
          "ecr-cache: --config: found no index.ts in none; allowed: a folder whose index.ts exports environments\n",
      });
    });
  });

const registry = findPackage("cdktf");
if (registry.ok) tests();
else skip(registry.reason, TITLE, tests);
