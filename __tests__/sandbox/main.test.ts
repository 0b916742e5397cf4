import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** The program as `npm run sandbox` starts it; __tests__/e2e/sandbox-command.test.ts has it run commands. */
function run(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["launch.mjs", "sandbox/main.ts", ...args],
    { cwd: join(__dirname, "../.."), env, encoding: "utf8" },
  );
  return { code: status, stdout, stderr };
}

describe("wrong use", () => {
  test.each([
    [["--account", "1234"], "allowed: the 12 digits of an account id"],
    [["--moto-url", "localhost"], "allowed: a URL such as http://127.0.0.1:5000"],
    [["--port", "70000"], "allowed: a port from 0 (a free one) to 65535"],
    [["--acount", "1"], "unknown option '--acount'"],
  ])("%j is refused with code 2", (args, message) => {
    const { code, stdout, stderr } = run(args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stdout).toBe("");
  });

  test("`--help` ends with 0", () => {
    const { code, stdout } = run(["--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("[OPTION…] [COMMAND…]");
  });

  test("without a moto_server, one line says how to install it", () => {
    const { code, stderr } = run(["true"], { ...process.env, PATH: "/nowhere" });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^moto_server: found no such program; allowed: .*pip install.*\n$/);
  });
});
