import { ECRClient } from "@aws-sdk/client-ecr";
import type { Environment } from "../../ecr/environment";
import { CallLog } from "../../sandbox/calls";
import { EcrService } from "../../sandbox/ecr/service";
import type { FakeUpstream } from "../../sandbox/ecr/upstream";
import { Faults } from "../../sandbox/faults";
import { startFront } from "../../sandbox/front";
import { sandboxVariables } from "../../sandbox/command-environment";
import { watchCalls } from "./permitted-calls";
import { PacedRetryStrategy } from "../../registry/aws/retry-strategy";
import { type Keys, type SecretsManager, startMotoStandIn } from "./moto-stand-in";

/**
 * An AWS account in this process, for the tests of commands: the sandbox with a stand-in for moto, which starts at once.
 */
export interface TestAccount {
  readonly service: EcrService;
  readonly upstream: FakeUpstream;
  readonly faults: Faults;
  readonly calls: CallLog;
  /** The environment variables that lead the SDK here. */
  readonly variables: Readonly<Record<string, string>>;
  /** Secrets Manager in a region, past the faults and the call log. */
  secrets(region?: string): SecretsManager;
  /** KMS in a region, past the faults and the call log. */
  keys(region: string): Keys;
  /** Encrypts an SNS topic with a key. */
  setTopicKey(topic: string, key: string): void;
  /** Makes a call of ECR's API, past the faults and the call log. */
  call(action: ApiAction, input: object, region?: string): Promise<Record<string, never>>;
  /** Makes the rules of an environment. */
  makeRules(environment: Environment, region?: string): Promise<void>;
  reset(): void;
  close(): Promise<void>;
}

type ApiAction =
  | "CreatePullThroughCacheRule"
  | "CreateRepositoryCreationTemplate"
  | "CreateRepository"
  | "PutLifecyclePolicy"
  | "TagResource"
  | "GetLifecyclePolicy"
  | "DescribeImages"
  | "DescribeRepositories"
  | "BatchGetImage"
  | "PutImage"
  | "BatchDeleteImage"
  | "ListTagsForResource";

const REGION = "us-east-1";

/** Starts it on a free port. */
export async function startAccount(account: string): Promise<TestAccount> {
  const standIn = await startMotoStandIn(account);
  const ecr = new EcrService(account, (region) => standIn.services(region));
  const faults = new Faults();
  const calls = new CallLog();
  const reset = () => {
    ecr.reset();
    faults.clear();
    calls.reset();
    standIn.reset();
  };
  const front = await startFront(
    {
      account,
      ecr,
      faults,
      calls,
      moto: { url: standIn.url, account },
      reset: () => Promise.resolve(reset()),
    },
    0,
  );

  const call = async (action: ApiAction, input: object, region = REGION) => {
    const { status, body } = await ecr.call(region, action, JSON.stringify(input));
    if (status !== 200) throw new Error(`${action}: ${body}`);
    return JSON.parse(body) as Record<string, never>;
  };

  const secrets = (region = REGION) => standIn.secrets(region);
  return {
    service: ecr,
    upstream: ecr.upstream,
    faults,
    calls,
    secrets,
    keys: (region) => standIn.keys(region),
    setTopicKey: (topic, key) => void standIn.topicKeys.set(topic, key),
    variables: sandboxVariables(front.url, REGION),
    call,
    makeRules: async (environment, region = REGION) => {
      for (const { prefix, upstreamUrl, upstreamPrefix, credential } of environment.rules) {
        const { ARN } = credential
          ? secrets(region).CreateSecret({
              Name: credential.secretName,
              SecretString: JSON.stringify({
                username: credential.username,
                accessToken: "a-secret-token",
              }),
            })
          : {};
        await call(
          "CreatePullThroughCacheRule",
          {
            ecrRepositoryPrefix: prefix,
            upstreamRegistryUrl: upstreamUrl,
            ...(upstreamPrefix && { upstreamRepositoryPrefix: upstreamPrefix }),
            ...(ARN !== undefined && { credentialArn: ARN }),
          },
          region,
        );
      }
    },
    reset,
    close: async () => {
      await front.close();
      await standIn.stop();
    },
  };
}

/** An attempt at a call, as far as tests look at it. */
export interface Attempt {
  readonly action: string;
  readonly input: {
    readonly imageIds?: readonly { readonly imageTag?: string; readonly imageDigest?: string }[];
    readonly imageTag?: string;
  };
}

/** What an attempt is answered with, or fails with; `pass` has ECR answer it. */
export type Answer = (attempt: Attempt, pass: () => Promise<object>) => Promise<object>;

/** A client of ECR in an account, which waits for nothing before it retries a call. */
export function ecrClientOf(
  { variables }: TestAccount,
  answer: Answer = (_, pass) => pass(),
): ECRClient {
  const client = new ECRClient({
    endpoint: variables.AWS_ENDPOINT_URL!,
    region: REGION,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    retryStrategy: new PacedRetryStrategy({ random: () => 0 }),
  });
  client.middlewareStack.add(
    (next, { commandName = "" }) =>
      async (args) => {
        const action = commandName.replace(/Command$/, "");
        const input = args.input as Attempt["input"];
        const output = await answer({ action, input }, async () => (await next(args)).output ?? {});
        return { response: {}, output: { $metadata: {}, ...output } };
      },
    { step: "deserialize", name: "answer", priority: "high" },
  );
  return client;
}

/**
 * An account for the tests of a file, which a command finds as it would find AWS. Before each test it is as new, with the
 * rules of the environment unless that is not wanted.
 */
export function useAccount(environment: Environment, { withRules = true } = {}): TestAccount {
  let account: TestAccount;
  let restore: () => void;
  beforeAll(async () => {
    account = await startAccount(environment.account);
    watchCalls(account.calls);
    restore = useVariables(account.variables);
  });
  afterAll(async () => {
    restore();
    watchCalls(undefined);
    await account.close();
  });
  beforeEach(async () => {
    account.reset();
    if (withRules) await account.makeRules(environment);
  });
  // It is there when the tests run, not yet when they are described.
  return new Proxy({} as TestAccount, { get: (_, name) => Reflect.get(account, name) as unknown });
}

/** Sets environment variables; the function returned sets them back. */
export function useVariables(variables: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

/** A call of ECR's API as the sandbox gets it. */
export interface ReceivedCall {
  readonly region: string;
  readonly action: string;
  /** Its input as JSON. */
  readonly text: string;
}

/** Has ECR refuse the calls that match, with status 400, which no client retries. The function returned ends that. */
export function refuseCalls(
  { service }: TestAccount,
  error: { readonly __type: string; readonly message: string },
  matches: (call: ReceivedCall) => boolean,
): () => void {
  const call = service.call.bind(service);
  const spy = jest
    .spyOn(service, "call")
    .mockImplementation((region, action, text, origin) =>
      matches({ region, action, text })
        ? Promise.resolve({ status: 400, body: JSON.stringify(error) })
        : call(region, action, text, origin),
    );
  return () => spy.mockRestore();
}
