import { ECR } from "@aws-sdk/client-ecr";
import { CallLog } from "../../sandbox/calls";
import type { PullThroughCacheEvent, Secret } from "../../sandbox/ecr/context";
import type { EcrService } from "../../sandbox/ecr/service";
import { Faults } from "../../sandbox/faults";
import { startFront } from "../../sandbox/front";
import { ecrService } from "./in-process-ecr";

export const ACCOUNT = "123456789012";
export const REGION = "eu-west-1";

/** A secret's ARN in the test's account and region. */
export function secretArn(name = "ecr-pullthroughcache/docker-hub-AbCdEf"): string {
  return `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}`;
}

export const GOOD_SECRET: Secret = {
  state: "present",
  text: JSON.stringify({ username: "bot", accessToken: "not a token" }),
};

/** The front over HTTP with ECR behind it, and the rest of the account played by maps instead of moto. */
export interface TestEcr {
  readonly ecr: ECR;
  readonly service: EcrService;
  /** By ARN; an ARN that is not there is absent. */
  readonly secrets: Map<string, Secret>;
  /** The services that may assume a role, by ARN. */
  readonly roles: Map<string, string[]>;
  /** The policies of roles, as JSON strings, by the role's name. */
  readonly policies: Map<string, string[]>;
  readonly events: PullThroughCacheEvent[];
  readonly faults: Faults;
  readonly calls: CallLog;
  readonly url: string;
  clientIn(region: string): ECR;
  stop(): Promise<void>;
}

export async function startTestEcr(): Promise<TestEcr> {
  const secrets = new Map<string, Secret>();
  const roles = new Map<string, string[]>();
  const policies = new Map<string, string[]>();
  const events: PullThroughCacheEvent[] = [];
  const service = ecrService(ACCOUNT, { secrets, roles, policies, events });
  const faults = new Faults();
  const calls = new CallLog();
  const front = await startFront(
    {
      account: ACCOUNT,
      region: REGION,
      ecr: service,
      faults,
      calls,
      moto: { url: "http://127.0.0.1:1", account: ACCOUNT },
      reset: () => Promise.resolve(),
    },
    0,
  );
  const clients: ECR[] = [];
  const clientIn = (region: string) => {
    const client = new ECR({
      endpoint: front.url,
      region,
      maxAttempts: 1,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
    clients.push(client);
    return client;
  };
  return {
    ecr: clientIn(REGION),
    service,
    secrets,
    roles,
    policies,
    events,
    faults,
    calls,
    url: front.url,
    clientIn,
    stop: async () => {
      for (const client of clients) client.destroy();
      await front.close();
    },
  };
}

/** A policy text as ECR takes it, around one rule. */
export function lifecyclePolicyOf(...rules: object[]): string {
  return JSON.stringify({ rules });
}

export const KEEP_TEN = lifecyclePolicyOf({
  rulePriority: 1,
  description: "Keep the last 10 images",
  selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 10 },
  action: { type: "expire" },
});

export const DAY = 24 * 60 * 60 * 1000;
