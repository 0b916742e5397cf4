import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy";
import { SnsTopicSubscription } from "@cdktf/provider-aws/lib/sns-topic-subscription";
import { Construct } from "constructs";
import type { Environment } from "../../ecr/environment";
import { maintenanceName } from "../../ecr/maintenance-resources";
import { formatPolicy, topicPolicy } from "../../ecr/policies";
import { logicalId } from "../../ecr/logical-id";
import { withLogicalId } from "../logical-id";

export interface MaintenanceTopicProps {
  /** An environment with maintenance. */
  readonly environment: Environment;
  readonly region: string;
  readonly provider: AwsProvider;
}

/**
 * The topic for notifications, with the environment's e-mail addresses subscribed to it; created here unless the
 * environment names one.
 *
 * It is not encrypted with a key: alarms can't publish to a topic under SNS's default key, and what they say is no
 * secret.
 */
export class MaintenanceTopic extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, props: MaintenanceTopicProps) {
    super(scope, id);
    const { environment, region, provider } = props;
    const { emails = [], topicArns = {} } = environment.maintenance?.notifications ?? {};
    this.arn = topicArns[region] ?? this.addTopic(props);
    for (const endpoint of emails) {
      withLogicalId(
        new SnsTopicSubscription(this, logicalId(endpoint), {
          provider,
          topicArn: this.arn,
          protocol: "email",
          endpoint,
        }),
        region,
        endpoint,
      );
    }
  }

  private addTopic({ environment, region, provider }: MaintenanceTopicProps): string {
    const topic = withLogicalId(
      new SnsTopic(this, "topic", {
        provider,
        name: maintenanceName(environment),
        displayName: `ECR cache ${environment.name}`,
      }),
      region,
    );
    withLogicalId(
      new SnsTopicPolicy(this, "policy", {
        provider,
        arn: topic.arn,
        policy: formatPolicy(topicPolicy(environment, region)),
      }),
      region,
    );
    return topic.arn;
  }
}
