import { answers, perform } from "./actions";
import { Clock } from "./clock";
import type { Services } from "./context";
import { EcrException } from "./exceptions";
import { runLifecyclePolicy } from "./lifecycle-evaluation";
import { emptyRegistry, type Registry } from "./state";
import { FakeUpstream } from "./upstream";

/** What the service answers over HTTP. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The part of ECR that the sandbox implements: an account's registries, one for each region, in memory. */
export class EcrService {
  readonly clock = new Clock();
  readonly upstream = new FakeUpstream();
  private readonly registries = new Map<string, Registry>();

  constructor(
    private readonly account: string,
    private readonly servicesOf: (region: string) => Services,
  ) {}

  /** Whether an action is implemented here; moto implements the others. */
  answers(action: string): boolean {
    return answers(action);
  }

  /** Answers one call, by the JSON 1.1 protocol of the API. */
  async call(region: string, action: string, text: string): Promise<Answer> {
    try {
      const input = parse(text);
      const { registryId } = input as { registryId?: string };
      if (registryId !== undefined && registryId !== this.account) {
        throw new EcrException(
          "AccessDeniedException",
          `User: arn:aws:iam::${this.account}:root is not authorized to perform: ecr:${action} on the registry with id '${registryId}'`,
        );
      }
      const output = await perform(action, input, {
        registry: this.registry(region),
        now: this.clock.now(),
        services: this.servicesOf(region),
        upstream: this.upstream,
      });
      return { status: 200, body: format(output) };
    } catch (error) {
      if (!(error instanceof EcrException)) throw error;
      return {
        status: 400,
        body: JSON.stringify({ __type: error.code, message: error.message }),
      };
    }
  }

  /**
   * Advances the clock, and runs the lifecycle policies, as ECR does within 24 hours.
   * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
   */
  advanceClock(milliseconds: number): void {
    this.clock.advance(milliseconds);
    for (const { repositories } of this.registries.values()) {
      for (const repository of repositories.values()) {
        runLifecyclePolicy(repository, this.clock.now());
      }
    }
  }

  /** Empties the account, and resets the upstreams and the clock. */
  reset(): void {
    this.registries.clear();
    this.upstream.reset();
    this.clock.reset();
  }

  /** What the account has in a region. */
  registry(region: string): Registry {
    const registry = this.registries.get(region) ?? emptyRegistry(this.account, region);
    this.registries.set(region, registry);
    return registry;
  }
}

function parse(text: string): object {
  let input: unknown;
  try {
    input = text === "" ? {} : JSON.parse(text);
  } catch {
    input = undefined;
  }
  if (typeof input === "object" && input !== null && !Array.isArray(input)) return input;
  throw new EcrException("SerializationException", "The request is not a JSON object");
}

/** JSON 1.1 has times as seconds since 1970. */
function format(output: unknown): string {
  return JSON.stringify(output, function (this: Record<string, unknown>, key, value: unknown) {
    const plain = this[key];
    return plain instanceof Date ? plain.getTime() / 1000 : value;
  });
}
