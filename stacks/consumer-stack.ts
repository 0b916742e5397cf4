import type { Construct } from "constructs";
import { EnvironmentStack } from "../constructs/environment-stack";
import { PullerAccess } from "../constructs/puller-access";
import type { Consumer, Environment } from "../ecr/environment";
import { consumerStack } from "../ecr/environment/stack-name";

/** `ENV-consumer-ACCOUNT`: what lets the roles of another account pull, in that account. */
export class ConsumerStack extends EnvironmentStack {
  constructor(
    scope: Construct,
    environment: Environment,
    readonly consumer: Consumer,
  ) {
    super(scope, environment, consumerStack(environment, consumer));
    const access = new PullerAccess(this, "access", {
      environment,
      provider: this.globalProvider,
      roles: consumer.roles,
    });
    this.addPolicyOutput(access, "the roles of the consumer");
  }
}
