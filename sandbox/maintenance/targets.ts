import { type Answer, callJson, type Moto } from "../moto-client";

/** A function as a rule's target. */
export interface FunctionTarget {
  readonly Id: string;
  readonly Arn: string;
  /** What the function gets instead of the event. */
  readonly Input?: string;
}

/** A rule of EventBridge with its targets that are functions. */
interface TargetedRule {
  readonly region: string;
  readonly rule: string;
  readonly targets: ReadonlyMap<string, FunctionTarget>;
}

interface Input {
  readonly Rule?: string;
  readonly Name?: string;
  readonly Targets?: readonly FunctionTarget[];
  readonly Ids?: readonly string[];
}

const NOTHING_FAILED = { ok: true, text: '{"FailedEntryCount":0,"FailedEntries":[]}' };

const isFunction = ({ Arn }: FunctionTarget) => /^arn:[^:]+:lambda:/.test(Arn);

/**
 * The functions that rules of EventBridge invoke. Moto would run them in Docker, and fails without it, so it knows only the
 * other targets of its rules.
 */
export class FunctionTargets {
  private readonly rules = new Map<string, Map<string, FunctionTarget>>();

  constructor(private readonly moto: Moto) {}

  /** Answers a call of EventBridge's API, as far as it is about functions; undefined: moto answers. */
  async answer(region: string, action: string, text: string): Promise<Answer | undefined> {
    const input = JSON.parse(text === "" ? "{}" : text) as Input;
    const rule = input.Rule ?? input.Name ?? "";
    switch (action) {
      case "PutTargets":
        return this.put(region, rule, input);
      case "RemoveTargets":
        return this.remove(region, rule, input);
      case "ListTargetsByRule":
        return this.list(region, rule, input);
      case "DeleteRule":
        return this.of(region, rule).size === 0
          ? undefined
          : {
              ok: false,
              text: JSON.stringify({
                __type: "ValidationException",
                message: "Rule can't be deleted since it has targets.",
              }),
            };
      default:
        return undefined;
    }
  }

  /** The rules that invoke functions. */
  all(): TargetedRule[] {
    return [...this.rules]
      .map(([key, targets]) => {
        const [region = "", rule = ""] = key.split(" ");
        return { region, rule, targets };
      })
      .filter(({ targets }) => targets.size > 0);
  }

  reset(): void {
    this.rules.clear();
  }

  private of(region: string, rule: string): Map<string, FunctionTarget> {
    const key = `${region} ${rule}`;
    const targets = this.rules.get(key) ?? new Map<string, FunctionTarget>();
    this.rules.set(key, targets);
    return targets;
  }

  private events(region: string, action: string, input: object): Promise<Answer> {
    return callJson(this.moto, "events", region, `AWSEvents.${action}`, input);
  }

  private async put(region: string, rule: string, input: Input): Promise<Answer | undefined> {
    const { Targets = [] } = input;
    const own = this.of(region, rule);
    for (const { Id } of Targets) own.delete(Id);
    const functions = Targets.filter(isFunction);
    if (functions.length === 0) return undefined;
    const described = await this.events(region, "DescribeRule", { Name: rule });
    if (!described.ok) return described;
    for (const target of functions) own.set(target.Id, target);
    const others = Targets.filter((target) => !isFunction(target));
    return others.length === 0
      ? NOTHING_FAILED
      : this.events(region, "PutTargets", { ...input, Targets: others });
  }

  private async remove(region: string, rule: string, input: Input): Promise<Answer | undefined> {
    const own = this.of(region, rule);
    const others = (input.Ids ?? []).filter((id) => !own.delete(id));
    return others.length === 0
      ? NOTHING_FAILED
      : this.events(region, "RemoveTargets", { ...input, Ids: others });
  }

  private async list(region: string, rule: string, input: Input): Promise<Answer> {
    const answer = await this.events(region, "ListTargetsByRule", input);
    if (!answer.ok) return answer;
    const listed = JSON.parse(answer.text) as { Targets?: object[] };
    const Targets = [...(listed.Targets ?? []), ...this.of(region, rule).values()];
    return { ok: true, text: JSON.stringify({ ...listed, Targets }) };
  }
}
