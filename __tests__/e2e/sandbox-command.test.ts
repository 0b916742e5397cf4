import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { findMoto } from "../../sandbox/moto";
import { ProjectCopy } from "../support/project-copy";
import { requireOrSkip } from "../support/require-or-skip";
import dev from "../support/samples/environments/dev";
import prod from "../support/samples/environments/prod";

jest.setTimeout(60_000);

const project = new ProjectCopy();
afterAll(() => project.remove());

/** Where the sandbox puts temporary files. */
let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "ecr-cache-command-"));
});
afterEach(() => {
  // What a failed test has left.
  for (const { pid } of started.splice(0)) if (isRunning(-pid!)) process.kill(-pid!, "SIGKILL");
  rmSync(temporary, { recursive: true });
});

const started: ChildProcess[] = [];

/** The program as `npm run sandbox` starts it, in a process group of its own as from a shell without a terminal. */
function start(args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const child = spawn(process.execPath, ["launch.mjs", "sandbox/main.ts", ...args], {
    cwd: project.directory,
    env: { ...env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  started.push(child);
  return child;
}

async function run(args: readonly string[], env?: NodeJS.ProcessEnv) {
  const child = start(args, env);
  const [stdout, stderr, exit] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, "exit"),
  ]);
  return { code: (exit as [number])[0], stdout, stderr };
}

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Whether a URL is answered; the sandbox is gone where it is not. */
const answers = (url: string) =>
  fetch(`${url}/_sandbox/calls`).then(
    () => true,
    () => false,
  );

requireOrSkip(findMoto(), "npm run sandbox", () => {
  const script = (source: string) => ["node", "-e", source];

  test("runs a command in the sandbox, ends with its code and leaves nothing behind", async () => {
    const { code, stdout, stderr } = await run([
      ...script(
        `console.log(JSON.stringify(process.env)); process.exitCode = 7; console.error("words")`,
      ),
      "--",
      "--auto-approve",
      "--help",
    ]);
    expect(code).toBe(7);
    expect(stderr).toBe("words\n");
    const env = JSON.parse(stdout) as Record<string, string>;
    expect(env).toMatchObject({
      AWS_ACCESS_KEY_ID: "sandbox",
      AWS_REGION: dev.regions[0],
      CHECKPOINT_DISABLE: "1",
    });
    expect(env.CDKTF_OUTPUT).toBe(join(env.ECR_CACHE_STATE_DIRECTORY ?? "", "cdktf.out"));
    expect(await answers(env.AWS_ENDPOINT_URL ?? "")).toBe(false);
    expect(readdirSync(temporary)).toEqual([]);
  });

  const WHO = `fetch(process.env.AWS_ENDPOINT_URL, { method: "POST", body: new URLSearchParams({ Action: "GetCallerIdentity", Version: "2011-06-15" }), headers: { authorization: "AWS4-HMAC-SHA256 Credential=x/20261124/us-east-1/sts/aws4_request, Signature=0" } }).then((answer) => answer.text()).then((xml) => console.log(/<Account>([0-9]*)</.exec(xml)[1]))`;

  test.each([
    ["the first environment's where the command names none", [], [], dev.account],
    ["that of --account", ["--account", "999999999999"], ["prod"], "999999999999"],
  ])("its account is %s", async (_, options, words, account) => {
    const { stdout, code } = await run([...options, ...script(WHO), ...words]);
    expect([code, stdout.trim()]).toEqual([0, account]);
  });

  test("is the account of the environment in the command, with the roles that it names", async () => {
    const roles = WHO.replace("GetCallerIdentity", "ListRoles")
      .replace("2011-06-15", "2010-05-08")
      .replace("/sts/", "/iam/")
      .replace(
        "/<Account>([0-9]*)</.exec(xml)[1]",
        "xml.match(/arn:aws:iam::[^<]*/g).sort().join()",
      );
    const { stdout } = await run([...script(roles), "prod"]);
    expect(stdout.trim()).toBe(
      `arn:aws:iam::${prod.account}:role/codebuild-ci,arn:aws:iam::${prod.account}:role/ecsTaskExecutionRole`,
    );
  });

  test("moto does not see a profile of the shell that is in no configuration file", async () => {
    const { stdout, code } = await run(script(WHO), { ...process.env, AWS_PROFILE: "nowhere" });
    expect([code, stdout.trim()]).toEqual([0, dev.account]);
    const secrets = `fetch(process.env.AWS_ENDPOINT_URL, { method: "POST", body: "{}", headers: { "x-amz-target": "secretsmanager.ListSecrets", "content-type": "application/x-amz-json-1.1", authorization: "AWS4-HMAC-SHA256 Credential=x/20261124/us-east-1/secretsmanager/aws4_request, Signature=0" } }).then((answer) => console.log(answer.status))`;
    expect((await run(script(secrets), { ...process.env, AWS_PROFILE: "nowhere" })).stdout).toBe(
      "200\n",
    );
  });

  test("refuses a mirror in TF_PLUGIN_MIRROR that does not exist", async () => {
    const { code, stderr } = await run(["true"], {
      ...process.env,
      TF_PLUGIN_MIRROR: "/no/such/mirror",
    });
    expect([code, stderr]).toEqual([
      2,
      "TF_PLUGIN_MIRROR: found no registry.terraform.io/hashicorp/aws in /no/such/mirror\n",
    ]);
  });

  test("reports a command that does not exist", async () => {
    const { code, stderr } = await run(["no-such-command"]);
    expect([code, stderr]).toEqual([2, "no-such-command: found no such program\n"]);
  });

  test("reports a port that is in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await run(["--port", String(port), "true"]);
    server.close();
    expect([code, stderr]).toEqual([
      2,
      `--port: found ${port}, which is taken; allowed: a free port, or 0 for any\n`,
    ]);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s to its process group ends the command once, in order, and then the sandbox",
    async (signal) => {
      const child = start(
        script(
          `const url = process.env.AWS_ENDPOINT_URL;
           let signals = 0;
           process.on("${signal}", async () => {
             signals += 1;
             await new Promise((resolve) => setTimeout(resolve, 300));
             const answer = await fetch(url + "/_sandbox/calls");
             console.log("signals " + signals + ", the sandbox answered " + answer.status);
             process.exit(5);
           });
           console.log("ready " + url);
           setInterval(() => {}, 1000);`,
        ),
      );
      const output: string[] = [];
      child.stdout!.setEncoding("utf8").on("data", (chunk: string) => output.push(chunk));
      while (!output.join("").includes("ready")) await once(child.stdout!, "data");
      process.kill(-child.pid!, signal);
      const [code] = (await once(child, "exit")) as [number];
      expect(output.join("")).toContain("signals 1, the sandbox answered 200");
      expect(code).toBe(5);
      const url = /ready (\S+)/.exec(output.join(""))?.[1] ?? "";
      expect(await answers(url)).toBe(false);
    },
  );

  test("returns the exit code of a command that a signal ends as a shell does", async () => {
    const { code } = await run(script(`process.kill(process.pid, "SIGKILL")`));
    expect(code).toBe(137);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "without a command it prints the exports and lives until %s",
    async (signal) => {
      const child = start([]);
      let output = "";
      child.stdout!.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
      while (!output.includes("unset")) await once(child.stdout!, "data");
      const url = /^export AWS_ENDPOINT_URL=(\S+)$/m.exec(output)?.[1] ?? "";
      expect(await answers(url)).toBe(true);
      expect(output).toMatch(
        new RegExp(`^# The account ${dev.account} is on this machine until you press Ctrl-C`),
      );
      expect(output).toContain("export AWS_ACCESS_KEY_ID=sandbox\n");
      expect(output).toContain("export AWS_SECRET_ACCESS_KEY=sandbox\n");
      expect(output).toContain(`export AWS_REGION=${dev.regions[0]}\n`);
      // In the other shell, which is not this one.
      expect(output).toMatch(/^unset (.* )?AWS_PROFILE .*TF_WORKSPACE /m);
      // In CI, the program's own bundle is beside it.
      const workspaces = readdirSync(temporary).filter((name) => name.includes("sandbox"));
      expect(workspaces).toHaveLength(1);

      process.kill(-child.pid!, signal);
      expect(await once(child, "exit")).toEqual([0, null]);
      expect(await answers(url)).toBe(false);
      expect(readdirSync(temporary)).toEqual([]);
    },
  );

  test("ends moto even when it is killed", async () => {
    const child = start(
      script(
        `require("node:child_process").execFile("ps", ["-eo", "pid,ppid,pgid,args"], (_, out) => console.log(out + "done")); setInterval(() => {}, 1000)`,
      ),
    );
    let output = "";
    child.stdout!.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
    while (!output.includes("done")) await once(child.stdout!, "data");
    const rows = output.split("\n").map((line) => /^\s*(\d+)\s+(\d+)\s+\d+\s+(.*)$/.exec(line));
    const children = rows.filter((row) => Number(row?.[2]) === child.pid);
    const moto = Number(children.find((row) => row?.[3]?.includes("moto_server"))?.[1]);
    const command = Number(children.find((row) => row?.[3]?.includes("execFile"))?.[1]);
    expect([isRunning(moto), isRunning(command)]).toEqual([true, true]);
    child.kill("SIGKILL");
    process.kill(command, "SIGKILL");
    for (let wait = 0; wait < 100 && isRunning(moto); wait += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(isRunning(moto)).toBe(false);
  });
});
