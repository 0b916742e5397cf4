import type { Metrics } from "@aws-lambda-powertools/metrics";
import { LAMBDA_HANDLERS } from "../../reconcile/lambda/bundle";
import type { InvocationContext } from "../../reconcile/lambda/reconcile-handler";
import type { LambdaVariables } from "../../reconcile/lambda/variables";
import { callQuery, getJson, type Moto } from "../moto-client";

/*
 * The maintenance functions, in this process: the code that is deployed, with the variables and the role of the deployed
 * function.
 */

/** A function as Lambda has it. */
interface DeployedFunction {
  readonly FunctionName: string;
  readonly Handler: string;
  readonly Role: string;
  readonly Timeout: number;
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> };
}

/** What a function is given. */
export interface Surroundings {
  readonly moto: Moto;
  /** The endpoint of every service. */
  readonly url: string;
  /** The sandbox's time, in milliseconds since the epoch. */
  readonly now: () => number;
}

type Handler = (event: unknown, context: InvocationContext) => Promise<void>;

interface Instance {
  /** What it was made of: another configuration makes another instance, as a deployment does. */
  readonly configuration: string;
  readonly handler: Handler;
  readonly timeout: number;
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
/** Nothing reads the metrics of the sandbox. */
const unmeasured = {
  addDimension: () => undefined,
  addMetric: () => undefined,
  publishStoredMetrics: () => undefined,
} as unknown as Pick<Metrics, "addDimension" | "addMetric" | "publishStoredMetrics">;

async function credentialsOf(moto: Moto, RoleArn: string) {
  const { text } = await callQuery(moto, "sts", {
    Action: "AssumeRole",
    Version: "2011-06-15",
    RoleArn,
    RoleSessionName: "sandbox",
  });
  const value = (name: string) => new RegExp(`<${name}>([^<]+)<`).exec(text)?.[1] ?? "";
  return {
    accessKeyId: value("AccessKeyId"),
    secretAccessKey: value("SecretAccessKey"),
    sessionToken: value("SessionToken"),
  };
}

/** The maintenance functions of an account, one instance each, which keeps what it knows between events. */
export class MaintenanceFunctions {
  private readonly instances = new Map<string, Instance>();

  constructor(private readonly surroundings: () => Surroundings) {}

  /**
   * Runs a function to its end.
   *
   * @throws Error where it fails, or is not a function of this project.
   */
  async invoke(region: string, arn: string, event: unknown): Promise<void> {
    const { now } = this.surroundings();
    const { handler, timeout } = await this.instance(region, arn);
    const end = now() + timeout;
    await handler(event, { getRemainingTimeInMillis: () => end - now() });
  }

  reset(): void {
    this.instances.clear();
  }

  private async instance(region: string, arn: string): Promise<Instance> {
    const name = arn.split(":")[6] ?? "";
    const answer = await getJson(
      this.surroundings().moto,
      "lambda",
      region,
      `/2015-03-31/functions/${encodeURIComponent(name)}/configuration`,
    );
    if (!answer.ok) throw new Error(`${name}: found no such function`);
    const deployed = JSON.parse(answer.text) as DeployedFunction;
    const { Handler, Role, Environment } = deployed;
    const configuration = JSON.stringify([Handler, Role, Environment]);
    const known = this.instances.get(arn);
    if (known?.configuration === configuration) return known;
    const instance = {
      configuration,
      handler: await this.handlerOf(region, arn, deployed),
      timeout: deployed.Timeout * 1000,
    };
    this.instances.set(arn, instance);
    return instance;
  }

  private async handlerOf(
    region: string,
    arn: string,
    { FunctionName, Handler, Role, Environment }: DeployedFunction,
  ): Promise<Handler> {
    const { moto, url, now } = this.surroundings();
    const client = {
      region,
      endpoint: url,
      credentials: () => credentialsOf(moto, Role),
    };
    const variables = Environment?.Variables ?? {};
    const common = { logger: silent, metrics: unmeasured, now };
    if (Handler === LAMBDA_HANDLERS.reconcile && "PREFIXES" in variables) {
      const { ECRClient } = await import("@aws-sdk/client-ecr");
      const { reconcileHandler } = await import("../../reconcile/lambda/reconcile-handler");
      const { parsePrune } = await import("../../reconcile/lambda/prune-variable");
      const { PREFIXES, NEIGHBOUR_PREFIXES, EXISTING_POLICIES, PRUNE } =
        variables as unknown as LambdaVariables["reconcile"];
      const prune = parsePrune(PRUNE);
      return reconcileHandler({
        ...common,
        ecr: new ECRClient(client),
        options: {
          prefixes: {
            own: PREFIXES.split(","),
            neighbours: NEIGHBOUR_PREFIXES?.split(",") ?? [],
          },
          existingPolicies: EXISTING_POLICIES,
        },
        ...(prune && { prune }),
        invokeAgain: (event) => this.invoke(region, arn, event),
      });
    }
    if (Handler === LAMBDA_HANDLERS.notify && "TOPIC_ARN" in variables) {
      const { PublishCommand, SNSClient } = await import("@aws-sdk/client-sns");
      const { notifyHandler } = await import("../../reconcile/lambda/notify-handler");
      const { ENVIRONMENT, TOPIC_ARN } = variables as unknown as LambdaVariables["notify"];
      const sns = new SNSClient(client);
      return notifyHandler({
        ...common,
        environment: ENVIRONMENT,
        publish: ({ subject, message }) =>
          sns.send(new PublishCommand({ TopicArn: TOPIC_ARN, Subject: subject, Message: message })),
      });
    }
    throw new Error(`${FunctionName}: the sandbox runs only this project's maintenance functions`);
  }
}
