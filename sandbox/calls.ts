import type { AwsCall } from "./aws-request";

/** How often an action of a service was called in a region. */
export interface CallCount {
  readonly service: string;
  readonly region: string;
  readonly action: string;
  readonly count: number;
}

/** The calls that reached the sandbox, including failed ones. */
export class CallLog {
  private readonly counts = new Map<string, CallCount>();

  record({ service, region, action }: AwsCall): void {
    const key = [service, region, action].join(" ");
    const count = (this.counts.get(key)?.count ?? 0) + 1;
    this.counts.set(key, { service, region, action, count });
  }

  /** Every kind of call, in the order of its first occurrence. */
  list(): CallCount[] {
    return [...this.counts.values()];
  }

  /** How many calls match: `count({ service: "ecr", action: "BatchGetImage" })`. */
  count(match: Partial<Omit<CallCount, "count">> = {}): number {
    return this.list()
      .filter((entry) =>
        (Object.keys(match) as (keyof typeof match)[]).every((key) => entry[key] === match[key]),
      )
      .reduce((sum, { count }) => sum + count, 0);
  }

  reset(): void {
    this.counts.clear();
  }
}
