import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findMoto } from "../../sandbox/moto";
import { findProgram } from "../../host/find-program";
import { findTerraform } from "../../host/terraform";
import { requireOrSkip } from "../support/require-or-skip";

jest.setTimeout(300_000);

/** Where the demo puts temporary files. */
let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "ecr-cache-demo-"));
});
afterEach(() => rmSync(temporary, { recursive: true }));

function start(): { readonly child: ChildProcess; readonly output: () => string } {
  const child = spawn(process.execPath, ["launch.mjs", "sandbox/demo.ts"], {
    cwd: join(__dirname, "../.."),
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  return { child, output: () => output };
}

const terraform = findTerraform();
const hasSkopeo = findProgram("skopeo") !== undefined && findProgram("openssl") !== undefined;

requireOrSkip(terraform.ok ? findMoto() : terraform, "npm run demo", () => {
  test("deploys, pulls, finds the plan empty, destroys, and leaves nothing behind", async () => {
    const { child, output } = start();
    expect(await once(child, "close")).toEqual([0, null]);
    const steps = output()
      .split("\n")
      .filter((line) => /^[0-9]+\. /.test(line));
    expect(steps).toEqual([
      "1. An AWS account is started on this machine",
      '2. The environment "demo" (sandbox/demo-environment.ts) is deployed',
      "3. An image is pulled through the cache for the first time",
      "4. The pull has created a repository from the template of its rule",
      "5. The repository is not Terraform's: the plan is empty",
      ...(hasSkopeo ? ["6. A container client pulls by the same name, with the login of ECR"] : []),
      `${hasSkopeo ? 7 : 6}. The environment is destroyed`,
    ]);
    if (hasSkopeo) {
      const [, digest = ""] = /^ {3}pulled (sha256:[0-9a-f]{64})$/m.exec(output()) ?? [];
      expect(output()).toContain(`     "Digest": "${digest}",\n`);
    }
    for (const line of [
      /^ {5}aws_ecr_pull_through_cache_rule.us-east-1_quay: Creation complete$/m,
      /^ {5}Apply complete! Resources: [1-9][0-9]* added, 0 changed, 0 destroyed\.$/m,
      /^ {3}111111111111\.dkr\.ecr\.us-east-1\.amazonaws\.com\/ecr-public\/docker\/library\/nginx:1\.27$/m,
      /^ {3}pulled sha256:[0-9a-f]{64}$/m,
      /^ {3}tags {14}environment=demo, team=platform$/m,
      /^ {3}lifecycle policy {2}Keep the last 10 images$/m,
      /^ {3}image {13}sha256:[0-9a-f]{12}… +[0-9]+ MB {2}1\.27$/m,
      /^ {5}No changes\. Your infrastructure matches the configuration\.$/m,
      /^ {5}Destroy complete! Resources: [1-9][0-9]* destroyed\.$/m,
      /^ {5}ecr-public\/docker\/library\/nginx$/m,
      /^That took [0-9]+ s\. The account and all files of the demo are removed\.$/m,
    ]) {
      expect(output()).toMatch(line);
    }
    const url = /answers at (\S+),/.exec(output())?.[1] ?? "";
    await expect(fetch(url)).rejects.toThrow();
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("ends at once, and leaves nothing behind, when it is interrupted", async () => {
    const { child, output } = start();
    while (!output().includes("Creation complete")) await once(child.stdout!, "data");
    process.kill(-child.pid!, "SIGINT");
    expect(await once(child, "close")).toEqual([130, null]);
    expect(output()).not.toContain("3. An image");
    const url = /answers at (\S+),/.exec(output())?.[1] ?? "";
    await expect(fetch(url)).rejects.toThrow();
    expect(readdirSync(temporary)).toEqual([]);
  });
});
