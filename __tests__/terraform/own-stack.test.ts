import "cdktf/lib/testing/adapters/jest";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebService } from "../../docs/ecs-service";
import { findTerraform, terraformEnvironment } from "../../host/terraform";
import { CacheApp } from "../../stacks/cache-app";
import { requireOrSkip } from "../support/require-or-skip";
import { anEnvironment } from "../support/template";

const terraform = findTerraform();

requireOrSkip(terraform, "docs/ecs-service.ts with the real AWS provider", () => {
  jest.setTimeout(120_000);

  test("the stack of docs/ecs-service.ts is valid Terraform, beside that of an environment", () => {
    Object.assign(process.env, terraformEnvironment(process.env, terraform.mirror));
    const outdir = mkdtempSync(join(tmpdir(), "ecr-cache-own-stack-"));
    const secretName = "ecr-pullthroughcache/hub";
    const environment = anEnvironment({
      rules: [
        { upstream: "docker-hub", credential: { username: "acme-bot", secretName } },
        { upstream: "ecr-public" },
      ],
    });
    const app = new CacheApp([environment], { outdir });
    new WebService(app, "web", app.cache("dev", "us-east-1"));
    app.synth();
    expect(outdir).toBeValidTerraform();
  });
});
