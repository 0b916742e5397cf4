import { SqsQueue } from "@cdktf/provider-aws/lib/sqs-queue";
import { SqsQueuePolicy } from "@cdktf/provider-aws/lib/sqs-queue-policy";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Construct } from "constructs";
import type { Environment } from "../../ecr/environment";
import { declaredPrefixes } from "../../ecr/environment/declared-prefixes";
import { deadLetterQueueName, topicArn } from "../../ecr/maintenance-resources";
import {
  deadLetterQueuePolicy,
  formatPolicy,
  notifyPolicy,
  reconcilePolicy,
} from "../../ecr/policies";
import { formatPrune } from "../../reconcile/lambda/prune-variable";
import type { LambdaVariables } from "../../reconcile/lambda/variables";
import { withLogicalId } from "../logical-id";
import { MaintenanceAlarms } from "./alarms";
import { type FunctionCode, MaintenanceFunction } from "./function";
import { MaintenanceTriggers } from "./triggers";
import { MaintenanceTopic } from "./topic";

export interface RegionMaintenanceProps {
  /** An environment with maintenance. */
  readonly environment: Environment;
  /** All environments: what belongs to another one in the same registry is left to it. */
  readonly environments: readonly Environment[];
  /** One of its regions. */
  readonly region: string;
  /** The provider of that region. */
  readonly provider: AwsProvider;
  readonly code: FunctionCode;
}

/** The longest timeout that Lambda allows. */
const LONGEST_TIMEOUT_SECONDS = 900;

/** How long unprocessed events are kept: SQS's longest retention. */
const DEAD_LETTERS_KEPT_SECONDS = 14 * 24 * 60 * 60;

/** The maintenance of one region. */
export class RegionMaintenance extends Construct {
  constructor(scope: Construct, id: string, props: RegionMaintenanceProps) {
    super(scope, id);
    const { environment, environments, region, provider, code } = props;
    const { maintenance } = environment;
    if (!maintenance) throw new Error(`environment ${environment.name} has no maintenance`);

    const { own, neighbours } = declaredPrefixes(environment, region, environments);
    const topic = new MaintenanceTopic(this, "topic", { environment, region, provider });
    const deadLetterQueue = this.addDeadLetterQueue(props);
    const { runtime } = maintenance;
    const common = { environment, region, provider, runtime, code, deadLetterQueue };

    const reconcile = new MaintenanceFunction(this, "reconcile", {
      ...common,
      name: "reconcile",
      description: "Applies creation templates to existing cached repositories",
      policy: reconcilePolicy(environment, region),
      memoryMegabytes: 512,
      timeoutSeconds: LONGEST_TIMEOUT_SECONDS,
      // One for a run over all repositories, and one for the events meanwhile and for the run to continue.
      concurrency: 2,
      variables: {
        ENVIRONMENT: environment.name,
        PREFIXES: own.join(","),
        ...(neighbours.length > 0 && { NEIGHBOUR_PREFIXES: neighbours.join(",") }),
        EXISTING_POLICIES: maintenance.existingPolicies,
        ...(environment.prune && { PRUNE: formatPrune(environment.prune) }),
      } satisfies LambdaVariables["reconcile"],
    });
    const notify = new MaintenanceFunction(this, "notify", {
      ...common,
      name: "notify",
      description: "Reports failed pulls through the cache to the SNS topic",
      policy: notifyPolicy(environment, region),
      memoryMegabytes: 256,
      timeoutSeconds: 30,
      // It remembers in memory what it has reported lately.
      concurrency: 1,
      variables: {
        ENVIRONMENT: environment.name,
        TOPIC_ARN: topicArn(environment, region),
      } satisfies LambdaVariables["notify"],
    });
    new MaintenanceTriggers(this, "rules", {
      environment,
      region,
      provider,
      reconcile,
      notify,
      deadLetterQueue,
    });
    new MaintenanceAlarms(this, "alarms", { environment, region, provider, topic });
  }

  private addDeadLetterQueue({ environment, region, provider }: RegionMaintenanceProps): SqsQueue {
    const queue = withLogicalId(
      new SqsQueue(this, "dead-letters", {
        provider,
        name: deadLetterQueueName(environment),
        messageRetentionSeconds: DEAD_LETTERS_KEPT_SECONDS,
        sqsManagedSseEnabled: true,
      }),
      region,
      "dead-letters",
    );
    withLogicalId(
      new SqsQueuePolicy(this, "dead-letters-policy", {
        provider,
        queueUrl: queue.id,
        policy: formatPolicy(deadLetterQueuePolicy(environment, region)),
      }),
      region,
      "dead-letters",
    );
    return queue;
  }
}
