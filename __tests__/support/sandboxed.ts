import { findMoto } from "../../sandbox/moto";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox";
import { findTerraform } from "../../host/terraform";
import { requireOrSkip } from "./require-or-skip";
import { Deployment } from "./deployment";

/** Long enough for a machine that does several things at once. */
export const TIMEOUT = 600_000;

/** What the tests of a file share. */
export interface Sandboxed {
  readonly sandbox: Sandbox;
  readonly deployment: Deployment;
}

/**
 * Describes tests of deployments: one sandbox for the file, and for each test, or with `once` for all of them, an empty
 * account and a project of its own. Skipped, with the reason, where Terraform or moto is missing.
 */
export function describeDeployments(
  name: string,
  account: string,
  tests: (shared: Sandboxed) => void,
  { once = false }: { readonly once?: boolean } = {},
): void {
  const terraform = findTerraform();
  requireOrSkip(terraform.ok ? findMoto() : terraform, name, () => {
    jest.setTimeout(TIMEOUT);
    let sandbox: Sandbox;
    let deployment: Deployment;
    const begin = () => {
      deployment = new Deployment(sandbox);
    };
    const end = async () => {
      deployment.remove();
      await sandbox.reset();
    };

    beforeAll(async () => {
      sandbox = await startSandbox({ account });
      if (once) begin();
    }, TIMEOUT);
    afterAll(async () => {
      if (once) await end();
      await sandbox.stop();
    });
    if (!once) {
      beforeEach(begin);
      afterEach(end);
    }

    tests({
      get sandbox() {
        return sandbox;
      },
      get deployment() {
        return deployment;
      },
    });
  });
}
