import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../host/find-program";
import { terraformBinary } from "../../host/terraform-program";
import { templatesIn } from "../support/clients";
import { describeDeployments } from "../support/sandboxed";

/* One provider for a plan and the deployment after it, also for whoever leaves the project. */

const ACCOUNT = "333333333333";
const LOCK = "providers.lock/locked.hcl";
const STACK_LOCK = "cdktf.out/stacks/locked/.terraform.lock.hcl";

describeDeployments(
  "the lock files of providers, and Terraform without the project",
  ACCOUNT,
  (shared) => {
    /** Goes on in plain Terraform, with no other program on the PATH. */
    async function expectToBeEjected(lock: string): Promise<void> {
      const { deployment, sandbox } = shared;
      const args = ["launch.mjs", "eject.ts", "locked", "plain"];
      const ejected = await deployment.start(process.execPath, args).outcome;
      expect(ejected).toEqual({
        code: 0,
        stdout: "plain: locked. Go on with README.md there.\n",
        stderr: "",
      });
      expect(
        Object.keys(deployment.files("plain/locked")).filter((name) => !name.endsWith("zip")),
      ).toEqual([".terraform.lock.hcl", "outputs.tf", "terraform.tf", "us-east-1.tf"]);
      expect(deployment.read("plain/locked/.terraform.lock.hcl")).toBe(lock);

      const bin = join(deployment.directory, "bin");
      mkdirSync(bin);
      symlinkSync(findProgram(terraformBinary()) ?? "", join(bin, "terraform"));
      const terraform = (...words: readonly string[]) =>
        deployment.start(join(bin, "terraform"), [...words, "-no-color"], {
          cwd: "plain/locked",
          env: { PATH: bin },
        }).outcome;
      const plan = async () => (await terraform("plan", "-detailed-exitcode")).code;

      expect(await terraform("fmt", "-check")).toMatchObject({ code: 0 });
      expect(await terraform("init", "-lockfile=readonly")).toMatchObject({ code: 0 });
      expect(await plan()).toBe(0);

      const region = deployment.read("plain/locked/us-east-1.tf");
      deployment.write(
        "plain/locked/us-east-1.tf",
        region.replace("countNumber = 10", "countNumber = 4"),
      );
      expect(await terraform("apply", "-auto-approve")).toMatchObject({ code: 0 });
      const [template] = await templatesIn(sandbox, "us-east-1");
      expect(template?.lifecyclePolicy).toContain('"countNumber":4');
      expect(await plan()).toBe(0);
      // On the state that the project had.
      expect(existsSync(join(deployment.directory, "plain/locked/terraform.tfstate"))).toBe(false);
    }

    test("`npm run lock` writes a lock file with which `cdktf deploy` and plain Terraform work, and with which another provider is refused; `npm run eject` writes what plain Terraform goes on with", async () => {
      const { deployment } = shared;
      deployment.setEnvironments({
        name: "locked",
        account: ACCOUNT,
        regions: ["us-east-1"],
        rules: [{ upstream: "quay" }],
        maintenance: {},
      });

      const locked = await deployment.start(process.execPath, ["launch.mjs", "lock.ts"]).outcome;
      expect(locked).toMatchObject({
        code: 0,
        stdout: "providers.lock/ locks the providers of 1 stack. Commit the folder.\n",
      });
      const lock = deployment.read(LOCK);
      expect(lock).toMatch(/^provider "registry\.terraform\.io\/hashicorp\/aws" \{$/m);

      const { code, stdout } = await deployment.cdktf(["deploy", "locked", "--auto-approve"]);
      expect({ code, stdout: code === 0 ? "" : stdout }).toEqual({ code: 0, stdout: "" });
      expect(deployment.read(STACK_LOCK)).toBe(lock);
      await deployment.terraform("locked", ["init", "-lockfile=readonly", "-no-color"]);
      expect(await deployment.isUpToDate("locked")).toBe(true);

      await expectToBeEjected(lock);

      deployment.write(LOCK, lock.replace(/"h1:[^"]*"/, `"h1:${"A".repeat(43)}="`));
      deployment.remove("cdktf.out");
      const other = await deployment.cdktf(["diff", "locked"]);
      expect(other.code).toBe(1);
      expect(other.stdout + other.stderr).toContain("checksums");
    });
  },
);
