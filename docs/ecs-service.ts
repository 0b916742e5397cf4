import { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Fn, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import type { CacheStack } from "../stacks/cache-stack";

/** A task whose images are pulled through the cache: they are written as everywhere else, and named by it. */
export class WebService extends TerraformStack {
  constructor(scope: Construct, id: string, cacheStack: CacheStack) {
    super(scope, id);
    const region = "us-east-1";
    const cache = cacheStack.cache(region);
    new AwsProvider(this, "aws", { region });

    new EcsTaskDefinition(this, "web", {
      family: "web",
      requiresCompatibilities: ["FARGATE"],
      networkMode: "awsvpc",
      cpu: "256",
      memory: "512",
      // A role of the environment's access.roles: it is the one that pulls.
      executionRoleArn: "arn:aws:iam::222222222222:role/ecsTaskExecutionRole",
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
