import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { LambdaFunction } from "@cdktf/provider-aws/lib/lambda-function";
import { LambdaFunctionEventInvokeConfig } from "@cdktf/provider-aws/lib/lambda-function-event-invoke-config";
import type { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { SqsQueue } from "@cdktf/provider-aws/lib/sqs-queue";
import { Construct } from "constructs";
import type { Environment } from "../../ecr/environment";
import type { LambdaRuntime } from "../../ecr/environment/lambda-runtime";
import {
  logGroupName,
  type MaintenanceFunctionName,
  maintenanceName,
} from "../../ecr/maintenance-resources";
import { FUNCTION_TRUST, formatPolicy, type PolicyDocument } from "../../ecr/policies";
import { LAMBDA_HANDLERS } from "../../reconcile/lambda/bundle";
import type { LambdaVariables } from "../../reconcile/lambda/variables";
import { withLogicalId } from "../logical-id";
import { roleSettings } from "../role-settings";

/** A zip file with code. */
export interface FunctionCode {
  /** Its path from the stack's folder. */
  readonly path: string;
  /** Its SHA-256 in base64. */
  readonly hash: string;
}

export interface MaintenanceFunctionProps {
  readonly environment: Environment;
  readonly region: string;
  readonly provider: AwsProvider;
  readonly name: MaintenanceFunctionName;
  readonly description: string;
  readonly runtime: LambdaRuntime;
  readonly code: FunctionCode;
  /** What the function may do. */
  readonly policy: PolicyDocument;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  /** The reserved concurrency: at most so many instances run at a time, and no other function can use them. */
  readonly concurrency: number;
  readonly variables: LambdaVariables[MaintenanceFunctionName];
  /** Receives the events that the function failed to process, with the error. */
  readonly deadLetterQueue: SqsQueue;
}

const LOGS_KEPT_DAYS = 30;

/** How often and for how long Lambda retries an event that a function failed to process: its maximum. */
const RETRIES = 2;
const EVENT_KEPT_SECONDS = 6 * 60 * 60;

/** One of the maintenance functions with its role and its log. */
export class MaintenanceFunction extends Construct {
  readonly arn: string;
  readonly functionName: string;

  constructor(scope: Construct, id: string, props: MaintenanceFunctionProps) {
    super(scope, id);
    const { environment, region, provider, name } = props;
    const logGroup = withLogicalId(
      new CloudwatchLogGroup(this, "log", {
        provider,
        name: logGroupName(environment, name),
        retentionInDays: LOGS_KEPT_DAYS,
      }),
      region,
      name,
    );
    // Roles are global to the account, hence the region in the name.
    const role = withLogicalId(
      new IamRole(this, "role", {
        provider,
        ...roleSettings(environment, maintenanceName(environment, region, name)),
        description: props.description,
        assumeRolePolicy: formatPolicy(FUNCTION_TRUST),
      }),
      "maintenance",
      region,
      name,
    );
    const policy = withLogicalId(
      new IamRolePolicy(this, "policy", {
        provider,
        name: "ecr-cache-maintenance",
        role: role.id,
        policy: formatPolicy(props.policy),
      }),
      "maintenance",
      region,
      name,
    );
    const lambda = withLogicalId(
      new LambdaFunction(this, "function", {
        provider,
        functionName: maintenanceName(environment, name),
        description: props.description,
        runtime: props.runtime,
        architectures: ["arm64"],
        handler: LAMBDA_HANDLERS[name],
        filename: props.code.path,
        sourceCodeHash: props.code.hash,
        role: role.arn,
        memorySize: props.memoryMegabytes,
        timeout: props.timeoutSeconds,
        reservedConcurrentExecutions: props.concurrency,
        environment: { variables: { ...props.variables } },
        dependsOn: [logGroup, policy],
      }),
      region,
      name,
    );
    withLogicalId(
      new LambdaFunctionEventInvokeConfig(this, "invoke-config", {
        provider,
        functionName: lambda.functionName,
        maximumRetryAttempts: RETRIES,
        maximumEventAgeInSeconds: EVENT_KEPT_SECONDS,
        // Unlike the function's own dead-letter setting, this includes the error with the event.
        destinationConfig: { onFailure: { destination: props.deadLetterQueue.arn } },
      }),
      region,
      name,
    );
    this.arn = lambda.arn;
    this.functionName = lambda.functionName;
  }
}
