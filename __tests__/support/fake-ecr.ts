import type {
  PullThroughCacheRule,
  Repository,
  RepositoryCreationTemplate,
  Tag,
} from "@aws-sdk/client-ecr";
import type { EcrApi } from "../../registry/aws/ecr-api";

/** An error as the SDK throws it. */
export function exception(name: string, message = name): Error {
  return Object.assign(new Error(message), { name });
}

export interface FakeRepository {
  name: string;
  lifecyclePolicy?: string;
  repositoryPolicy?: string;
  imageTagMutability: NonNullable<Repository["imageTagMutability"]>;
  imageTagMutabilityExclusionFilters: NonNullable<Repository["imageTagMutabilityExclusionFilters"]>;
  tags: Record<string, string>;
}

type CallName = keyof EcrApi;

const READS: readonly CallName[] = [
  "listTagsForResource",
  "getLifecyclePolicy",
  "getRepositoryPolicy",
];
const WRITES: readonly CallName[] = [
  "putLifecyclePolicy",
  "deleteLifecyclePolicy",
  "setRepositoryPolicy",
  "deleteRepositoryPolicy",
  "putImageTagMutability",
  "tagResource",
  "untagResource",
];

const ARN = "arn:aws:ecr:us-east-1:111111111111:repository/";

/** A registry in memory that answers as ECR does, counts the calls, and fails where it is told to. */
export class FakeEcr implements EcrApi {
  readonly repositories = new Map<string, FakeRepository>();
  readonly templates: RepositoryCreationTemplate[] = [];
  readonly rules: PullThroughCacheRule[] = [];
  readonly calls: { readonly name: CallName; readonly repository?: string }[] = [];
  /** Repositories on a page, whatever is asked for. Default: what is asked for, at most 1,000. */
  pageSize?: number;
  /** Called before each call is answered; what it throws is the answer. */
  intercept: (name: CallName, repository?: string) => void = () => undefined;

  add(name: string, repository: Partial<FakeRepository> = {}): FakeRepository {
    const made: FakeRepository = {
      name,
      imageTagMutability: "MUTABLE",
      imageTagMutabilityExclusionFilters: [],
      tags: {},
      ...repository,
    };
    this.repositories.set(name, made);
    return made;
  }

  addTemplate(prefix: string, template: Partial<RepositoryCreationTemplate> = {}): void {
    this.templates.push({
      prefix,
      appliedFor: ["PULL_THROUGH_CACHE"],
      imageTagMutability: "MUTABLE",
      ...template,
    });
  }

  addRule(ecrRepositoryPrefix: string): void {
    this.rules.push({ ecrRepositoryPrefix });
  }

  /** All repositories as one text, to be compared before and after. */
  dump(): Record<string, string> {
    return Object.fromEntries(
      [...this.repositories].map(([name, repository]) => [name, JSON.stringify(repository)]),
    );
  }

  count(...names: readonly CallName[]): number {
    return this.calls.filter(({ name }) => names.includes(name)).length;
  }

  get reads(): number {
    return this.count(...READS);
  }

  get writes(): number {
    return this.count(...WRITES);
  }

  /** The calls about one repository, in order. */
  callsAbout(repository: string): CallName[] {
    return this.calls.filter((call) => call.repository === repository).map(({ name }) => name);
  }

  forgetCalls(): void {
    this.calls.length = 0;
  }

  private async record(name: CallName, repository?: string): Promise<void> {
    this.calls.push({ name, ...(repository !== undefined && { repository }) });
    // A call takes a turn of the event loop, as one over a network would.
    await new Promise((resolve) => setImmediate(resolve));
    this.intercept(name, repository);
  }

  private find(name = ""): FakeRepository {
    const repository = this.repositories.get(name);
    if (!repository) throw exception("RepositoryNotFoundException");
    return repository;
  }

  private async about(call: CallName, name: string | undefined): Promise<FakeRepository> {
    await this.record(call, name);
    return this.find(name);
  }

  private byArn(call: CallName, arn = ""): Promise<FakeRepository> {
    return this.about(call, arn.slice(ARN.length));
  }

  describeRepositoryCreationTemplates: EcrApi["describeRepositoryCreationTemplates"] = async ({
    nextToken,
  }) => {
    await this.record("describeRepositoryCreationTemplates");
    // One a page, so that who does not page sees the first only.
    const index = Number(nextToken ?? 0);
    return {
      repositoryCreationTemplates: this.templates.slice(index, index + 1),
      nextToken: index + 1 < this.templates.length ? String(index + 1) : undefined,
    };
  };

  describePullThroughCacheRules: EcrApi["describePullThroughCacheRules"] = async ({
    nextToken,
  }) => {
    await this.record("describePullThroughCacheRules");
    const index = Number(nextToken ?? 0);
    return {
      pullThroughCacheRules: this.rules.slice(index, index + 1),
      nextToken: index + 1 < this.rules.length ? String(index + 1) : undefined,
    };
  };

  describeRepositories: EcrApi["describeRepositories"] = async (input) => {
    await this.record("describeRepositories");
    const describe = ({ name, ...rest }: FakeRepository): Repository => ({
      repositoryName: name,
      repositoryArn: `${ARN}${name}`,
      imageTagMutability: rest.imageTagMutability,
      imageTagMutabilityExclusionFilters: rest.imageTagMutabilityExclusionFilters,
    });
    if (input.repositoryNames) {
      return { repositories: input.repositoryNames.map((name) => describe(this.find(name))) };
    }
    const size = this.pageSize ?? Math.min(input.maxResults ?? 100, 1_000);
    if (input.nextToken !== undefined && !/^page-\d+$/.test(input.nextToken)) {
      throw exception("InvalidParameterException", "Invalid nextToken");
    }
    const start = Number(input.nextToken?.slice("page-".length) ?? 0);
    const all = [...this.repositories.values()];
    return {
      repositories: all.slice(start, start + size).map(describe),
      nextToken: start + size < all.length ? `page-${start + size}` : undefined,
    };
  };

  listTagsForResource: EcrApi["listTagsForResource"] = async ({ resourceArn }) => {
    const { tags } = await this.byArn("listTagsForResource", resourceArn);
    return { tags: Object.entries(tags).map(([Key, Value]): Tag => ({ Key, Value })) };
  };

  getLifecyclePolicy: EcrApi["getLifecyclePolicy"] = async ({ repositoryName }) => {
    const { lifecyclePolicy } = await this.about("getLifecyclePolicy", repositoryName);
    if (lifecyclePolicy === undefined) throw exception("LifecyclePolicyNotFoundException");
    return { lifecyclePolicyText: lifecyclePolicy };
  };

  getRepositoryPolicy: EcrApi["getRepositoryPolicy"] = async ({ repositoryName }) => {
    const { repositoryPolicy } = await this.about("getRepositoryPolicy", repositoryName);
    if (repositoryPolicy === undefined) throw exception("RepositoryPolicyNotFoundException");
    return { policyText: repositoryPolicy };
  };

  putLifecyclePolicy: EcrApi["putLifecyclePolicy"] = async (input) => {
    const repository = await this.about("putLifecyclePolicy", input.repositoryName);
    repository.lifecyclePolicy = input.lifecyclePolicyText;
    return {};
  };

  deleteLifecyclePolicy: EcrApi["deleteLifecyclePolicy"] = async ({ repositoryName }) => {
    delete (await this.about("deleteLifecyclePolicy", repositoryName)).lifecyclePolicy;
    return {};
  };

  setRepositoryPolicy: EcrApi["setRepositoryPolicy"] = async ({ repositoryName, policyText }) => {
    (await this.about("setRepositoryPolicy", repositoryName)).repositoryPolicy = policyText;
    return {};
  };

  deleteRepositoryPolicy: EcrApi["deleteRepositoryPolicy"] = async ({ repositoryName }) => {
    delete (await this.about("deleteRepositoryPolicy", repositoryName)).repositoryPolicy;
    return {};
  };

  putImageTagMutability: EcrApi["putImageTagMutability"] = async (input) => {
    const repository = await this.about("putImageTagMutability", input.repositoryName);
    repository.imageTagMutability = input.imageTagMutability ?? "MUTABLE";
    repository.imageTagMutabilityExclusionFilters = input.imageTagMutabilityExclusionFilters ?? [];
    return {};
  };

  tagResource: EcrApi["tagResource"] = async ({ resourceArn, tags = [] }) => {
    const repository = await this.byArn("tagResource", resourceArn);
    for (const { Key = "", Value = "" } of tags) repository.tags[Key] = Value;
    return {};
  };

  untagResource: EcrApi["untagResource"] = async ({ resourceArn, tagKeys = [] }) => {
    const repository = await this.byArn("untagResource", resourceArn);
    for (const key of tagKeys) delete repository.tags[key];
    return {};
  };
}
