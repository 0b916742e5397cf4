import { ECRClient, type RepositoryCreationTemplate } from "@aws-sdk/client-ecr";
import { type HttpRequest, HttpResponse } from "@smithy/core/protocols";
import { PacedRetryStrategy } from "../../registry/aws/retry-strategy";
import type { PullThroughCacheEvent, Secret } from "../../sandbox/ecr/context";
import { EcrService } from "../../sandbox/ecr/service";
import { newRepository, type Repository } from "../../sandbox/ecr/state";

/** What ECR finds in the rest of its account, and what it tells it. */
export interface Surroundings {
  /** By ARN; an ARN that is not there is absent. */
  readonly secrets: Map<string, Secret>;
  /** The services that may assume a role, by ARN. */
  readonly roles: Map<string, string[]>;
  /** The policies of roles, as JSON strings, by the role's name. Default: none. */
  readonly policies?: Map<string, string[]>;
  readonly events: PullThroughCacheEvent[];
}

/** The sandbox's ECR in an account that is played by maps. */
export function ecrService(
  account: string,
  { secrets, roles, policies, events }: Surroundings,
): EcrService {
  return new EcrService(account, () => ({
    readSecret: (arn) => Promise.resolve(secrets.get(arn) ?? { state: "absent" }),
    rolePolicies: (_, role) => Promise.resolve(policies?.get(role) ?? []),
    trustedServices: (arn) => Promise.resolve(roles.get(arn)),
    ensureServiceLinkedRole: () => Promise.resolve(),
    putEvent: (event) => {
      events.push(event);
      return Promise.resolve();
    },
  }));
}

/** Something that ECR answers instead of doing what it was asked. */
export function exception(name: string, message = name): Error {
  return Object.assign(new Error(message), { name });
}

/** A call as it reached ECR. */
interface Call {
  readonly action: string;
  readonly repository?: string;
}

/** What reading a repository takes, and changing it. */
const READS = ["ListTagsForResource", "GetLifecyclePolicy", "GetRepositoryPolicy"];
const WRITES = [
  "PutLifecyclePolicy",
  "DeleteLifecyclePolicy",
  "SetRepositoryPolicy",
  "DeleteRepositoryPolicy",
  "PutImageTagMutability",
  "TagResource",
];

/** A repository as it is in ECR; what is assigned to it has been changed by hand. */
export interface RepositoryView {
  readonly name: string;
  lifecyclePolicy?: string;
  repositoryPolicy?: string;
  readonly imageTagMutability: string;
  readonly imageTagMutabilityExclusionFilters: NonNullable<
    Repository["imageTagMutabilityExclusionFilters"]
  >;
  readonly tags: Readonly<Record<string, string>>;
}

const ACCOUNT = "111111111111";
const REGION = "us-east-1";

/**
 * The sandbox's ECR without HTTP, and a client of it: calls are counted, and can be made to fail. It lists a rule or a
 * template a page, so that whoever does not page sees the first only.
 */
export class InProcessEcr {
  readonly service = ecrService(ACCOUNT, { secrets: new Map(), roles: new Map(), events: [] });
  readonly calls: Call[] = [];
  /** Repositories on a page. Default: what is asked for. */
  pageSize?: number;
  /** Called before each call; what it throws is ECR's answer. */
  intercept: (action: string, repository?: string) => void = () => undefined;
  /** It waits for nothing. */
  readonly client = new ECRClient({
    region: REGION,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    // Half of the time of a call would go into a signature that nobody looks at.
    signer: { sign: (request) => Promise.resolve(request) },
    retryStrategy: new PacedRetryStrategy({ random: () => 0 }),
    requestHandler: { handle: (request: HttpRequest) => this.handle(request) },
  });
  private readonly registry = this.service.registry(REGION);

  addRule(ecrRepositoryPrefix: string): void {
    this.registry.rules.set(ecrRepositoryPrefix, { ecrRepositoryPrefix });
  }

  addTemplate(prefix: string, template: Partial<RepositoryCreationTemplate> = {}): void {
    this.registry.templates.set(prefix, {
      prefix,
      appliedFor: ["PULL_THROUGH_CACHE"],
      imageTagMutability: "MUTABLE",
      ...template,
    });
  }

  add(
    name: string,
    { lifecyclePolicy, repositoryPolicy, tags = {}, ...rest }: Partial<RepositoryView> = {},
  ): RepositoryView {
    const repository = newRepository(name, this.service.clock.now(), {
      ...(rest as Partial<Repository>),
      tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    });
    this.registry.repositories.set(name, repository);
    const view = viewOf(repository);
    if (lifecyclePolicy !== undefined) view.lifecyclePolicy = lifecyclePolicy;
    if (repositoryPolicy !== undefined) view.repositoryPolicy = repositoryPolicy;
    return view;
  }

  get repositories(): Map<string, Repository> {
    return this.registry.repositories;
  }

  repository(name: string): RepositoryView {
    return viewOf(this.repositories.get(name)!);
  }

  /** All repositories as strings, to be compared before and after. */
  dump(): Record<string, string> {
    return Object.fromEntries(
      [...this.repositories].map(([name, one]) => [name, JSON.stringify(viewOf(one))]),
    );
  }

  count(...actions: readonly string[]): number {
    return this.calls.filter(({ action }) => actions.includes(action)).length;
  }

  get reads(): number {
    return this.count(...READS);
  }

  get writes(): number {
    return this.count(...WRITES);
  }

  /** The calls about one repository, in order. */
  callsAbout(repository: string): string[] {
    return this.calls.filter((call) => call.repository === repository).map(({ action }) => action);
  }

  forgetCalls(): void {
    this.calls.length = 0;
  }

  private async handle({ headers, body }: HttpRequest): Promise<{ response: HttpResponse }> {
    const action = headers["x-amz-target"]?.split(".").at(-1) ?? "";
    const input = JSON.parse(new TextDecoder().decode(body as Uint8Array) || "{}") as Readonly<
      Record<string, unknown>
    >;
    const arn = input.resourceArn as string | undefined;
    const repository =
      (input.repositoryName as string | undefined) ?? arn?.split(":repository/").at(-1);
    this.calls.push({ action, ...(repository !== undefined && { repository }) });
    // A call takes a turn of the event loop, as one over a network would.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      this.intercept(action, repository);
    } catch (error) {
      const { name, message } = error as Error;
      return respond(400, JSON.stringify({ __type: name, message }));
    }
    const answer = await this.service.call(
      REGION,
      action,
      JSON.stringify({ ...input, ...this.page(action, input.repositoryNames === undefined) }),
    );
    return respond(answer.status, answer.body);
  }

  private page(action: string, isListing: boolean): { readonly maxResults?: number } {
    if (/^Describe(PullThroughCacheRules|RepositoryCreationTemplates)$/.test(action)) {
      return { maxResults: 1 };
    }
    const isPaged = action === "DescribeRepositories" && isListing && this.pageSize !== undefined;
    return isPaged ? { maxResults: this.pageSize! } : {};
  }
}

function respond(statusCode: number, body: string): { response: HttpResponse } {
  const headers = { "content-type": "application/x-amz-json-1.1" };
  return { response: new HttpResponse({ statusCode, headers, body: Buffer.from(body) }) };
}

/** The values are read when they are looked at. */
function viewOf(repository: Repository): RepositoryView {
  return {
    name: repository.name,
    get lifecyclePolicy() {
      return repository.lifecyclePolicy?.text;
    },
    set lifecyclePolicy(text) {
      if (text === undefined) delete repository.lifecyclePolicy;
      else repository.lifecyclePolicy = { text, rules: [], lastEvaluatedAt: new Date(0) };
    },
    get repositoryPolicy() {
      return repository.policy;
    },
    set repositoryPolicy(text) {
      if (text === undefined) delete repository.policy;
      else repository.policy = text;
    },
    get imageTagMutability() {
      return repository.imageTagMutability;
    },
    get imageTagMutabilityExclusionFilters() {
      return repository.imageTagMutabilityExclusionFilters ?? [];
    },
    get tags() {
      return Object.fromEntries(repository.tags);
    },
  };
}
