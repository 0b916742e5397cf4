import { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Fn, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import type { PullThroughCache } from "../constructs/pull-through-cache";

/** A task whose images are pulled through the cache: they are written as everywhere else, and named by it. */
export class WebService extends TerraformStack {
  constructor(scope: Construct, id: string, cache: PullThroughCache) {
    super(scope, id);
    new AwsProvider(this, "aws", { region: cache.region, allowedAccountIds: [cache.account] });
    // Otherwise exactly one version of the provider is accepted.
    this.addOverride("terraform.required_providers.aws.version", cache.awsProviderVersion);

    const executionRole = new IamRole(this, "execution-role", {
      name: "web-execution",
      assumeRolePolicy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "ecs-tasks.amazonaws.com" },
            Action: "sts:AssumeRole",
          },
        ],
      }),
    });

    new EcsTaskDefinition(this, "task", {
      family: "web",
      requiresCompatibilities: ["FARGATE"],
      networkMode: "awsvpc",
      cpu: "256",
      memory: "512",
      executionRoleArn: executionRole.arn,
      dependsOn: cache.grantPull(executionRole),
      containerDefinitions: Fn.jsonencode([
        { name: "web", image: cache.imageUri("nginx:1.27"), essential: true },
        {
          name: "agent",
          image: cache.imageUri("public.ecr.aws/datadog/agent:7"),
          essential: false,
        },
      ]),
    });
  }
}
