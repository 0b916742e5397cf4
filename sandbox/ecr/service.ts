import { answers, perform } from "./actions";
import { administratorOf, Authorization, type Caller, type Membership } from "./authorization";
import { Clock } from "./clock";
import type { Services } from "./context";
import { EcrException } from "./exceptions";
import { runLifecyclePolicy } from "./lifecycle-evaluation";
import { layerUrl } from "./layer-url";
import { emptyRegistry, type Layer, type Registry, repositoryArn } from "./state";
import { FakeUpstream } from "./upstream";

/** What the service answers over HTTP. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Where a call comes from. */
export interface Origin {
  /** Default: the account's administrator. */
  readonly caller?: Caller;
  /** The URL at which the sandbox was called, for the URLs of layers. */
  readonly url?: string;
}

/** The part of ECR that the sandbox implements: an account's registries, one for each region, in memory. */
export class EcrService {
  readonly clock = new Clock();
  readonly upstream = new FakeUpstream(this.clock);
  /** The organizations of accounts, by account. */
  readonly memberships = new Map<string, Membership>();
  private readonly registries = new Map<string, Registry>();

  constructor(
    readonly account: string,
    private readonly servicesOf: (region: string) => Services,
  ) {}

  /** Whether an action is implemented here; moto implements the others. */
  answers(action: string): boolean {
    return answers(action);
  }

  /** Answers one call, by the JSON 1.1 protocol of the API. */
  async call(region: string, action: string, text: string, origin?: Origin): Promise<Answer> {
    try {
      return {
        status: 200,
        body: this.format(await this.perform(region, action, parse(text), origin)),
      };
    } catch (error) {
      if (!(error instanceof EcrException)) throw error;
      return {
        status: 400,
        body: JSON.stringify({ __type: error.code, message: error.message }),
      };
    }
  }

  /** Performs an action, and returns its response. @throws EcrException with the error of ECR. */
  async perform(
    region: string,
    action: string,
    input: object,
    { caller = administratorOf(this.account), url = "" }: Origin = {},
  ): Promise<unknown> {
    const { registryId = caller.account } = input as { registryId?: string };
    if (registryId !== this.account && action !== "GetAuthorizationToken") {
      throw new EcrException(
        "AccessDeniedException",
        `User: ${caller.arn} is not authorized to perform: ecr:${action} on the registry with id '${registryId}'`,
      );
    }
    const registry = this.registry(region);
    const services = this.servicesOf(region);
    const authorization = new Authorization(
      caller,
      registry,
      services.rolePolicies,
      this.memberships.get(caller.account),
    );
    // A pull decides for itself: what it needs depends on what is cached.
    if (action !== "BatchGetImage") {
      for (const resource of resourcesOf(action, input, registry)) {
        await authorization.require(action, resource);
      }
    }
    return perform(action, input, {
      registry,
      now: this.clock.now(),
      services,
      upstream: this.upstream,
      caller,
      authorization,
      layerUrl: (name, digest) => layerUrl(url, region, name, digest),
    });
  }

  /** A layer of a repository. */
  layer(region: string, repositoryName: string, digest: string): Layer | undefined {
    return this.registries.get(region)?.repositories.get(repositoryName)?.layers.get(digest);
  }

  /** How many bytes of a layer's upload were received; 0 where there is no such upload. */
  receivedBytes(region: string, repositoryName: string, uploadId: string): number {
    const repository = this.registries.get(region)?.repositories.get(repositoryName);
    return (repository?.uploads.get(uploadId) ?? []).reduce((sum, { length }) => sum + length, 0);
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
    this.memberships.clear();
    this.upstream.reset();
    this.clock.reset();
  }

  /** JSON 1.1 has times as seconds since 1970. The callers' clocks are the machine's, so that ages are right for them. */
  private format(output: unknown): string {
    const { clock } = this;
    return JSON.stringify(output, function (this: Record<string, unknown>, key, value: unknown) {
      const plain = this[key];
      return plain instanceof Date ? clock.toMachineTime(plain).getTime() / 1000 : value;
    });
  }

  /** What the account has in a region. */
  registry(region: string): Registry {
    const registry = this.registries.get(region) ?? emptyRegistry(this.account, region);
    this.registries.set(region, registry);
    return registry;
  }
}

/** What a call is about: repositories, or the registry. */
function resourcesOf(action: string, input: object, registry: Registry): string[] {
  const { repositoryName, repositoryNames, resourceArn } = input as {
    repositoryName?: string;
    repositoryNames?: string[];
    resourceArn?: string;
  };
  if (resourceArn !== undefined) return [resourceArn];
  const names = repositoryName === undefined ? repositoryNames : [repositoryName];
  if (names?.length) return names.map((name) => repositoryArn(registry, name));
  // A list of all repositories; https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
  return [action === "DescribeRepositories" ? repositoryArn(registry, "*") : "*"];
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
