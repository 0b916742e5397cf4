import { describeDeployments } from "../support/sandboxed";

/* One provider for a plan and the deployment after it. */

const ACCOUNT = "333333333333";
const LOCK = "providers.lock/locked.hcl";
const STACK_LOCK = "cdktf.out/stacks/locked/.terraform.lock.hcl";

describeDeployments("the lock files of providers", ACCOUNT, (shared) => {
  test("`npm run lock` writes a lock file with which `cdktf deploy` and plain Terraform work, and with which another provider is refused", async () => {
    const { deployment } = shared;
    deployment.setEnvironments({
      name: "locked",
      account: ACCOUNT,
      regions: ["us-east-1"],
      rules: [{ upstream: "quay" }],
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

    deployment.write(LOCK, lock.replace(/"h1:[^"]*"/, `"h1:${"A".repeat(43)}="`));
    deployment.remove("cdktf.out");
    const other = await deployment.cdktf(["diff", "locked"]);
    expect(other.code).toBe(1);
    expect(other.stdout + other.stderr).toContain("checksums");
  });
});
