import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import { ECRClient } from "@aws-sdk/client-ecr";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { EXISTING_POLICIES, type ExistingPolicies } from "../../ecr/existing-policies";
import { isPullThroughCacheEvent } from "./events";
import { ENVIRONMENT_DIMENSION, METRICS_NAMESPACE, SERVICE_NAME } from "./metrics";
import { notifyHandler } from "./notify-handler";
import { type InvocationContext, reconcileHandler } from "./reconcile-handler";
import { parsePrune } from "./prune-variable";
import type { LambdaVariableName } from "./variables";
import { createClient } from "../../registry/aws/clients";

/*
 * The entry of the maintenance functions: `handler` makes repositories follow their templates, `notify` tells people of
 * pulls that did not succeed. What the stack knows comes in environment variables, read with the first event.
 */

function variable(name: LambdaVariableName | "AWS_LAMBDA_FUNCTION_NAME"): string {
  const value = process.env[name];
  if (!value) throw new Error(`environment variable ${name}: found nothing; allowed: a string`);
  return value;
}

function existingPolicies(): ExistingPolicies {
  const value = variable("EXISTING_POLICIES");
  const known = EXISTING_POLICIES.find((one) => one === value);
  if (known) return known;
  throw new Error(
    `environment variable EXISTING_POLICIES: found ${value}; allowed: ${EXISTING_POLICIES.join(", ")}`,
  );
}

const prefixesOf = (list = ""): string[] => list.split(",").filter((prefix) => prefix !== "");

/** What is made once for an instance, when the first event comes. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

const logger = once(() => {
  const made = new Logger({ serviceName: SERVICE_NAME });
  made.appendPersistentKeys({ environment: variable("ENVIRONMENT") });
  return made;
});

const metrics = once(
  () =>
    new Metrics({
      namespace: METRICS_NAMESPACE,
      serviceName: SERVICE_NAME,
      defaultDimensions: { [ENVIRONMENT_DIMENSION]: variable("ENVIRONMENT") },
    }),
);

const reconcile = once(() => {
  const lambda = new LambdaClient({});
  const functionName = variable("AWS_LAMBDA_FUNCTION_NAME");
  const prune = parsePrune(process.env["PRUNE" satisfies LambdaVariableName]);
  return reconcileHandler({
    ecr: createClient(ECRClient),
    options: {
      prefixes: {
        own: variable("PREFIXES").split(","),
        neighbours: prefixesOf(process.env["NEIGHBOUR_PREFIXES" satisfies LambdaVariableName]),
      },
      existingPolicies: existingPolicies(),
    },
    ...(prune && { prune }),
    invokeAgain: (event) =>
      lambda.send(
        new InvokeCommand({
          FunctionName: functionName,
          InvocationType: "Event",
          Payload: JSON.stringify(event),
        }),
      ),
    logger: logger(),
    metrics: metrics(),
  });
});

const notifyPeople = once(() => {
  const sns = new SNSClient({});
  const topicArn = variable("TOPIC_ARN");
  return notifyHandler({
    environment: variable("ENVIRONMENT"),
    publish: ({ subject, message }) =>
      sns.send(new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: message })),
    logger: logger(),
    metrics: metrics(),
  });
});

/** What of Lambda's context says which account the function is in. */
interface FunctionContext {
  readonly invokedFunctionArn: string;
}

/** Whether an event is another account's, whose repositories have the same names: an event bus may receive it. */
function isForeign(event: unknown, { invokedFunctionArn }: FunctionContext): boolean {
  const account = invokedFunctionArn.split(":")[4];
  if (!isPullThroughCacheEvent(event) || event.account === account) return false;
  logger().warn("event of another account ignored", { account: event.account });
  return true;
}

/** Makes repositories follow their templates: one for the event of a pull, all for `{ "action": "reconcile-all" }`. */
export async function handler(
  event: unknown,
  context: InvocationContext & FunctionContext,
): Promise<void> {
  if (isForeign(event, context)) return;
  await reconcile()(event, context);
}

/** Tells people of a pull through the cache that did not succeed. */
export async function notify(event: unknown, context: FunctionContext): Promise<void> {
  if (isForeign(event, context)) return;
  await notifyPeople()(event);
}
