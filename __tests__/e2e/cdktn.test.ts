import { spawnSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { defineEnvironment, type EnvironmentInput, tokenVariable } from "../../ecr/environment";
import { seedAccount } from "../../sandbox/seed-account";
import { Deployment } from "../support/deployment";
import { codeBlocks, project, readPage } from "../support/documentation";
import { installNode, pathWith } from "../support/install-node";
import { findPackage } from "../support/npm-registry";
import { skip } from "../support/require-or-skip";
import { describeDeployments } from "../support/sandboxed";

/*
 * CDK Terrain in cdktf's place, by the change of package.json in docs/exits.md: it synthesizes the same, and plans nothing
 * on what cdktf deployed.
 */

const ACCOUNT = "181818181818";

/** What cdktn-cli requires. */
const NODE = "22";

const TOKENS = {
  [`TF_VAR_${tokenVariable("docker-hub")}`]: "dckr_pat_Y2RrdGVycmFpbg",
};

/** Maintenance, whose zip file other packages would change; a secret, whose arguments are write-only. */
const environment = (stateDirectory: string): EnvironmentInput => ({
  name: "moved",
  account: ACCOUNT,
  regions: ["us-east-1"],
  backend: { type: "local", directory: stateDirectory },
  tags: { team: "platform" },
  rules: [{ upstream: "docker-hub", credential: { username: "acme-bot" } }, { upstream: "k8s" }],
  access: { roles: ["ecsTaskExecutionRole"], accounts: ["777777777777"], registryStatements: [] },
  maintenance: { notifications: { emails: ["platform@acme.example"] } },
});

type Manifest = Record<string, Record<string, unknown>>;

/** package.json as docs/exits.md has its reader change it. */
function withCdktn(manifest: Manifest): Manifest {
  const [block] = codeBlocks(readPage("docs/exits.md"), "json");
  const changes = JSON.parse(block!.code) as Manifest;
  const merged = Object.entries(changes).map(([section, entries]) => [
    section,
    { ...manifest[section], ...entries },
  ]);
  return { ...manifest, ...(Object.fromEntries(merged) as Manifest) };
}

const run = (program: string, args: readonly string[], cwd: string, path?: string) => {
  const env = { ...process.env, ...(path !== undefined && { PATH: path }) };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stdout}${stderr}`);
};

/** Gives a copy of the project packages of its own, and changes them as docs/exits.md says. */
function moveToCdktn(copy: Deployment, path: string): void {
  const { directory } = copy;
  rmSync(join(directory, "node_modules"), { recursive: true });
  // Links to the same files are enough: npm replaces what it changes, except for its own list.
  const packages = join(project, "node_modules");
  const list = ".package-lock.json";
  run("sh", ["-c", `cp -al "$0" . 2>/dev/null || cp -a "$0" .`, packages], directory);
  rmSync(join(directory, "node_modules/.cache"), { recursive: true, force: true });
  rmSync(join(directory, "node_modules", list));
  copyFileSync(join(packages, list), join(directory, "node_modules", list));

  const manifest = withCdktn(JSON.parse(copy.read("package.json")) as Manifest);
  copy.write("package.json", JSON.stringify(manifest));
  run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline"], directory, path);
}

/** What was synthesized, without what names the program that did. */
const synthesized = (deployment: Deployment): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(deployment.files("cdktf.out")).map(([path, text]): [string, unknown] => {
      if (!path.endsWith(".json")) return [path, text];
      const { "//": metadata, ...content } = JSON.parse(text) as Record<string, unknown>;
      return [path, { ...content, hasMetadata: metadata !== undefined, version: undefined }];
    }),
  );

const tests = () =>
  describeDeployments(
    "cdktn in the place of cdktf",
    ACCOUNT,
    (shared) => {
      let moved: Deployment;
      let env: Readonly<Record<string, string>>;

      beforeAll(() => {
        moved = new Deployment(shared.sandbox);
        env = { ...TOKENS, PATH: pathWith(installNode(NODE)) };
        moveToCdktn(moved, env.PATH!);
      }, 600_000);
      afterAll(() => moved.remove());

      const synthesize = async (...inputs: readonly EnvironmentInput[]) => {
        if (inputs.length > 0) moved.setEnvironments(...inputs);
        const { code, stdout, stderr } = await moved.start("node", ["launch.mjs", "synth.ts"], {
          env,
        }).outcome;
        if (code !== 0) throw new Error(`${stdout}${stderr}`);
      };

      test("cdktn synthesizes the samples as cdktf does, to the byte of the maintenance functions, but for metadata", async () => {
        const { code } = await shared.deployment.start(process.execPath, ["launch.mjs", "synth.ts"])
          .outcome;
        expect(code).toBe(0);
        await synthesize();
        const files = synthesized(moved);
        expect(files).toEqual(synthesized(shared.deployment));
        expect(Object.keys(files).filter((path) => path.endsWith("maintenance.zip"))).not.toEqual(
          [],
        );
        expect(moved.read("cdktf.out/stacks/dev/cdk.tf.json")).toContain('"version": "0.24');
      });

      test("cdktn plans nothing on what cdktf deployed", async () => {
        const { sandbox, deployment } = shared;
        const input = environment(deployment.directory);
        await seedAccount(sandbox, [defineEnvironment(input)]);
        deployment.synthesize(input);
        for (const stack of ["moved-credentials", "moved"]) {
          await deployment.init(stack);
          await deployment.apply(stack, TOKENS);
        }

        await synthesize(input);
        await moved.init("moved-credentials");
        expect(await moved.isUpToDate("moved-credentials", TOKENS)).toBe(true);
        const diff = await moved.start("node_modules/.bin/cdktn", ["diff", "moved"], { env })
          .outcome;
        expect(diff.stdout + diff.stderr).toContain("No changes.");
        expect(diff.code).toBe(0);
      });
    },
    { once: true },
  );

const cdktn = findPackage("cdktn");
if (cdktn.ok) tests();
else skip(cdktn.reason, "cdktn in the place of cdktf", tests);
