import { randomUUID } from "node:crypto";
import { EVENT_DETAIL_TYPE, EVENT_SOURCE } from "../../reconcile/lambda/events";
import type { PullThroughCacheEvent } from "../ecr/context";
import { type Answer, callJson, type Moto } from "../moto-client";
import { MaintenanceFunctions, type Surroundings } from "./functions";
import { matchesPattern } from "./pattern";
import { type FunctionTarget, FunctionTargets } from "./targets";

/** A message that was published to a topic. */
export interface Notification {
  readonly region: string;
  readonly topicArn: string;
  readonly subject?: string;
  readonly message: string;
}

/** A run of a function. */
export interface Invocation {
  readonly region: string;
  readonly function: string;
  /** The rule that has invoked it. */
  readonly rule: string;
  /** Why it failed; null: it did not. */
  readonly error: string | null;
}

interface EventRule {
  readonly EventPattern?: string;
  readonly ScheduleExpression?: string;
  readonly State?: string;
}

/** What EventBridge, Lambda and SNS do for maintenance, as far as moto does not. */
export class Maintenance {
  private readonly targets: FunctionTargets;
  private readonly functions: MaintenanceFunctions;
  /** What was published, the latest last. */
  readonly notifications: Notification[] = [];
  /** The runs of functions, the latest last. */
  readonly invocations: Invocation[] = [];

  constructor(
    private readonly moto: Moto,
    surroundings: () => Surroundings,
  ) {
    this.targets = new FunctionTargets(moto);
    this.functions = new MaintenanceFunctions(surroundings);
  }

  /** Answers a call of EventBridge's API that moto can't; undefined: moto answers. */
  answerEvents(region: string, action: string, text: string): Promise<Answer | undefined> {
    return this.targets.answer(region, action, text);
  }

  /** Records the call with which a message is published. */
  recordPublish(region: string, form: string): void {
    const input = new URLSearchParams(form);
    const subject = input.get("Subject");
    this.notifications.push({
      region,
      topicArn: input.get("TopicArn") ?? "",
      ...(subject !== null && { subject }),
      message: input.get("Message") ?? "",
    });
  }

  /** Delivers an event to the functions whose rules match it, and waits for them, so that what follows sees their effects. */
  async deliver(region: string, { resources, detail }: PullThroughCacheEvent): Promise<void> {
    const event = {
      version: "0",
      id: randomUUID(),
      "detail-type": EVENT_DETAIL_TYPE,
      source: EVENT_SOURCE,
      account: this.moto.account,
      time: new Date().toISOString(),
      region,
      resources,
      detail,
    };
    await this.invokeWhere(
      ({ EventPattern }) =>
        EventPattern !== undefined && matchesPattern(JSON.parse(EventPattern), event),
      event,
      region,
    );
  }

  /** Invokes the functions of the rules with a schedule, as if their time had come. */
  async runSchedules(): Promise<void> {
    await this.invokeWhere(({ ScheduleExpression }) => ScheduleExpression !== undefined, {
      source: "aws.events",
      "detail-type": "Scheduled Event",
    });
  }

  reset(): void {
    this.targets.reset();
    this.functions.reset();
    this.notifications.length = 0;
    this.invocations.length = 0;
  }

  private async invokeWhere(
    isMeant: (rule: EventRule) => boolean,
    event: object,
    only?: string,
  ): Promise<void> {
    for (const { region, rule, targets } of this.targets.all()) {
      if (only !== undefined && region !== only) continue;
      const described = await callJson(this.moto, "events", region, "AWSEvents.DescribeRule", {
        Name: rule,
      });
      if (!described.ok) continue;
      const found = JSON.parse(described.text) as EventRule;
      if (found.State === "DISABLED" || !isMeant(found)) continue;
      for (const target of targets.values()) await this.invoke(region, rule, target, event);
    }
  }

  private async invoke(
    region: string,
    rule: string,
    { Arn, Input }: FunctionTarget,
    event: object,
  ): Promise<void> {
    let error: string | null = null;
    try {
      await this.functions.invoke(region, Arn, Input === undefined ? event : JSON.parse(Input));
    } catch (failure) {
      error = failure instanceof Error ? failure.message : String(failure);
    }
    this.invocations.push({ region, function: Arn.split(":")[6] ?? Arn, rule, error });
  }
}
