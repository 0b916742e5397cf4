import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { run } from "../../support/run";

const folders: string[] = [];
afterEach(() => {
  for (const each of folders.splice(0)) rmSync(each, { recursive: true });
});

const MODEL = resolve(__dirname, "../../../ecr/environment");

function folder(text: string): string {
  // In the project, so that its packages are found from there.
  const cache = resolve(__dirname, "../../../node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, "config-"));
  folders.push(directory);
  writeFileSync(join(directory, "index.ts"), text);
  return directory;
}

const environment = `import { defineEnvironment } from ${JSON.stringify(MODEL)};
export const environments: unknown[] = [defineEnvironment({
  name: "shop", account: "999999999999", regions: ["eu-west-3"], rules: [{ upstream: "quay" }],
})];
`;

test("`--config` names the folder that the environments are from, for one run", async () => {
  const map = ["map", "quay.io/a/b", "--env", "shop"];
  expect(await run(...map, "--config", folder(environment))).toEqual({
    stdout: "999999999999.dkr.ecr.eu-west-3.amazonaws.com/quay/a/b\n",
    stderr: "",
    exitCode: 0,
  });
  expect((await run(...map)).stderr).toContain('found "shop"; allowed: dev, staging, prod');
});

test("ECR_CACHE_CONFIG names the folder where `--config` does not", async () => {
  process.env.ECR_CACHE_CONFIG = folder(environment);
  expect((await run("map", "quay.io/a/b", "--env", "shop")).exitCode).toBe(0);
  delete process.env.ECR_CACHE_CONFIG;
});

test("`--config` reports a mistake in the sources, with file and line", async () => {
  const { stderr, exitCode } = await run(
    "map",
    "a",
    "--env",
    "x",
    "--config",
    folder("\nexport ("),
  );
  expect(stderr).toMatch(/^ecr-cache: \S*index\.ts:2: /);
  expect(exitCode).toBe(2);
});

test("`--config` reports a folder without environments", async () => {
  expect((await run("map", "a", "--env", "x", "--config", "none")).stderr).toBe(
    "ecr-cache: --config: found no index.ts in none; allowed: a folder whose index.ts exports environments\n",
  );
  const { stderr } = await run("map", "a", "--env", "x", "--config", folder("export const a = 1;"));
  expect(stderr).toMatch(
    /^ecr-cache: --config: found no environments in index\.ts of .*; allowed: /,
  );
});

test("`review` of an environment does not plan the project's where `--config` names others", async () => {
  const { stderr, exitCode } = await run("review", "shop", "--config", folder(environment));
  expect(stderr).toContain("needs a clone");
  expect(exitCode).toBe(2);
});
