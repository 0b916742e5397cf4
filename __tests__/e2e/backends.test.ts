import type { Backend } from "../../ecr/environment/backend";
import type { EnvironmentInput } from "../../ecr/environment";
import { findMoto } from "../../sandbox/moto";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox";
import { findTerraform } from "../../host/terraform";
import { requireOrSkip } from "../support/require-or-skip";
import { Deployment } from "../support/deployment";
import { startHttpStateServer } from "../support/http-state-server";
import { findPostgres, startPostgres } from "../support/postgres";

jest.setTimeout(600_000);

const ACCOUNT = "121212121212";
const BUCKET = "acme-terraform-state";

const environment = (backend: Backend): EnvironmentInput => ({
  name: "stateful",
  account: ACCOUNT,
  regions: ["us-east-1"],
  backend,
  rules: [{ upstream: "quay" }],
});

const terraform = findTerraform();
const moto = findMoto();

requireOrSkip(terraform.ok ? moto : terraform, "state in a real backend", () => {
  let sandbox: Sandbox;
  let deployment: Deployment;

  beforeAll(async () => {
    sandbox = await startSandbox({ account: ACCOUNT });
  });

  beforeEach(() => {
    deployment = new Deployment(sandbox);
  });

  afterEach(async () => {
    deployment.remove();
    await sandbox.reset();
  });

  afterAll(async () => {
    await sandbox.stop();
  });

  /**
   * From nothing to a deployed stack, to an empty plan, and down again; meanwhile a second apply is refused.
   *
   * @param readState The state's text, from where the backend should have put it.
   */
  async function expectToWork(
    backend: Backend,
    readState: () => string | Promise<string>,
  ): Promise<void> {
    deployment.synthesize(environment(backend));
    await deployment.init("stateful");

    sandbox.faults.setLatency(500);
    const first = deployment.startTerraform("stateful", ["apply", "-auto-approve", "-no-color"]);
    await once(first, "Plan:");
    const second = await deployment.tryTerraform("stateful", ["apply", "-auto-approve"]);
    const { code, stderr } = await first.outcome;
    sandbox.faults.setLatency(0);

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(second.code).toBe(1);
    expect(second.stderr).toContain("Error acquiring the state lock");

    expect(await deployment.isUpToDate("stateful")).toBe(true);
    expect(await readState()).toContain('"us-east-1_quay"');

    await deployment.destroy("stateful");
    expect(await readState()).not.toContain('"us-east-1_quay"');
  }

  /** Waits until a program prints something; it holds the lock then, and the calls to AWS lie before it. */
  function once({ process }: ReturnType<Deployment["startTerraform"]>, words: string) {
    return new Promise<void>((resolve) => {
      let log = "";
      process.stdout?.on("data", (text: Buffer) => {
        log += String(text);
        if (log.includes(words)) resolve();
      });
    });
  }

  test("works with local", async () => {
    await expectToWork({ type: "local", directory: "states" }, () =>
      deployment.read("states/terraform.stateful.tfstate"),
    );
  });

  test("keeps a local state when cdktf.out is deleted", async () => {
    deployment.synthesize(environment({ type: "local" }));
    await deployment.init("stateful");
    await deployment.apply("stateful");
    deployment.remove("cdktf.out");

    deployment.synthesize(environment({ type: "local" }));
    await deployment.init("stateful");
    expect(await deployment.isUpToDate("stateful")).toBe(true);
    await deployment.destroy("stateful");
  });

  test("works with http, with LOCK and UNLOCK", async () => {
    const server = await startHttpStateServer();
    try {
      await expectToWork(
        { type: "http", address: `${server.url}/states` },
        () => server.states.get("/states/stateful") ?? "",
      );
    } finally {
      await server.stop();
    }
  });

  test("works with s3, with use_lockfile", async () => {
    const authorization = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request";
    const request = async (path: string, method = "GET") => {
      const headers = { authorization };
      const response = await fetch(`${sandbox.url}/${path}`, { method, headers });
      expect(response.ok).toBe(true);
      return response.text();
    };
    await request(BUCKET, "PUT");
    await expectToWork(
      // Path style, since no name below 127.0.0.1 leads anywhere.
      { type: "s3", bucket: BUCKET, region: "us-east-1", usePathStyle: true },
      () => request(`${BUCKET}/ecr-cache/stateful.tfstate`),
    );
    const left = await request(BUCKET);
    expect(left).not.toContain(".tflock");
  });

  requireOrSkip(findPostgres(), "on a real PostgreSQL", () => {
    test("works with pg", async () => {
      const postgres = await startPostgres();
      try {
        await expectToWork({ type: "pg", connStr: postgres.url }, () =>
          postgres.query("SELECT data FROM ecr_cache_stateful.states"),
        );
      } finally {
        await postgres.stop();
      }
    });
  });
});
