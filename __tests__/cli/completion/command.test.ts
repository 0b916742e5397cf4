import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import type * as Samples from "../../support/samples/environments";
import { run } from "../../support/run";

let areBroken = false;
jest.mock("../../../environments", () => ({
  get environments() {
    if (areBroken) throw new Error("broken");
    return jest.requireActual<typeof Samples>("../../support/samples/environments").environments;
  },
}));

beforeEach(() => {
  areBroken = false;
});

/** What the last word may become. */
async function words(...given: string[]): Promise<string[]> {
  const { stdout, stderr, exitCode } = await run("completion", "bash", "--", ...given);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  return stdout.split("\n").slice(0, -1);
}

test("`completion` knows the commands, and those of `credentials`", async () => {
  expect(await words("rew")).toEqual(["rewrite"]);
  expect(await words("credentials", "")).toEqual(["put", "status"]);
});

test("`completion` knows the options of a command", async () => {
  expect(await words("images", "--un")).toEqual(["--untagged"]);
  expect(await words("images", "nginx", "--env", "dev", "--s")).toEqual(["--sort", "--stale"]);
  expect(await words("--v")).toEqual(["--version"]);
});

test("`completion` knows the values of an option, and of an argument", async () => {
  expect(await words("images", "--sort", "p")).toEqual(["pulled", "pushed"]);
  expect(await words("completion", "")).toEqual(["bash", "fish", "zsh"]);
});

test("`completion` knows the environments and their regions", async () => {
  expect(await words("map", "--env", "")).toEqual(["dev", "prod", "staging"]);
  expect(await words("map", "--region", "")).toEqual(["eu-west-1", "us-east-1"]);
  expect(await words("map", "--env", "dev", "--region", "")).toEqual(["us-east-1"]);
});

test("`completion` leaves files and images to the shell", async () => {
  expect(await words("rewrite", "")).toEqual([]);
  expect(await words("map", "--env", "dev", "ng")).toEqual([]);
});

test("`completion` prints no environments, and no error, where one of them is wrong", async () => {
  areBroken = true;
  expect(await words("map", "--env", "")).toEqual([]);
});

test("`completion` refuses a shell that it has no script for", async () => {
  const { stderr, exitCode } = await run("completion", "tcsh");
  expect(stderr).toContain("Allowed choices are bash, zsh, fish");
  expect(exitCode).toBe(2);
});

test.each([
  ["bash", "complete -o default -F _ecr_cache ecr-cache"],
  ["zsh", "compdef _ecr_cache ecr-cache"],
  ["fish", "complete -c ecr-cache"],
])("`completion %s` prints a script that registers itself", async (shell, line) => {
  const { stdout } = await run("completion", shell);
  expect(stdout).toContain(`\n${line}`);
});

test("the script for bash completes a command line, up to the cursor", () => {
  const program = resolve(__dirname, "../../../cli/ecr-cache.mjs");
  const script = `
    ecr-cache() { "$NODE" "$PROGRAM" "$@"; }
    eval "$(ecr-cache completion bash)"
    COMP_WORDS=(ecr-cache images --so ignored)
    COMP_CWORD=2
    _ecr_cache
    printf '%s\\n' "\${COMPREPLY[@]}"
    complete -p ecr-cache
  `;
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", script], {
    encoding: "utf8",
    env: { ...process.env, NODE: process.execPath, PROGRAM: program },
  });
  expect({ stdout, stderr }).toEqual({
    stdout: "--sort\ncomplete -o default -F _ecr_cache ecr-cache\n",
    stderr: "",
  });
});
