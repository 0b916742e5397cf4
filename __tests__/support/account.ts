import { ECRClient } from "@aws-sdk/client-ecr";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Environment } from "../../ecr/environment";
import { CallLog } from "../../sandbox/calls";
import { EcrService } from "../../sandbox/ecr/service";
import { Faults } from "../../sandbox/faults";
import { startFront } from "../../sandbox/front";
import { sandboxVariables } from "../../sandbox/command-environment";
import { PacedRetryStrategy } from "../../registry/aws/retry-strategy";

/** The sandbox's ECR behind HTTP, and of the rest of AWS just what the inventory asks for. It needs no moto. */
export interface TestAccount {
  readonly ecr: EcrService;
  readonly faults: Faults;
  readonly calls: CallLog;
  /** By name: the text of each secret. */
  readonly secrets: Map<string, string>;
  /** The environment variables that lead the SDK here. */
  readonly variables: Readonly<Record<string, string>>;
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

function secretArn(account: string, name: string, region: string): string {
  return `arn:aws:secretsmanager:${region}:${account}:secret:${name}-AbCdEf`;
}

async function answer(
  account: string,
  secrets: ReadonlyMap<string, string>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = await text(incoming);
  const target = incoming.headers["x-amz-target"];
  if (target === "secretsmanager.GetSecretValue") {
    const { SecretId } = JSON.parse(body) as { SecretId: string };
    const SecretString = secrets.get(SecretId);
    outgoing
      .writeHead(SecretString === undefined ? 400 : 200, {
        "content-type": "application/x-amz-json-1.1",
      })
      .end(
        JSON.stringify(
          SecretString === undefined
            ? {
                __type: "ResourceNotFoundException",
                message: "Secrets Manager can't find the specified secret.",
              }
            : { Name: SecretId, SecretString },
        ),
      );
    return;
  }
  if (new URLSearchParams(body).get("Action") === "GetCallerIdentity") {
    outgoing
      .writeHead(200, { "content-type": "text/xml" })
      .end(
        `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::${account}:user/operator</Arn><UserId>AIDA</UserId><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
      );
    return;
  }
  outgoing.writeHead(501).end(`unexpected call: ${String(target)} ${body}`);
}

/** Starts it on a free port. */
export async function startAccount(account: string): Promise<TestAccount> {
  const secrets = new Map<string, string>();
  const ecr = new EcrService(account, () => ({
    readSecret: (arn) => {
      const name = /:secret:(.*)-[A-Za-z0-9]{6}$/.exec(arn)?.[1] ?? "";
      const value = secrets.get(name);
      return Promise.resolve(
        value === undefined ? { state: "absent" } : { state: "present", text: value },
      );
    },
    trustedServices: () => Promise.resolve(["ecr.amazonaws.com"]),
    ensureServiceLinkedRole: () => Promise.resolve(),
    putEvent: () => Promise.resolve(),
  }));
  const rest = createServer((incoming, outgoing) => {
    void answer(account, secrets, incoming, outgoing);
  });
  await new Promise<void>((resolve) => rest.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(rest.address() as AddressInfo).port}`;
  const faults = new Faults();
  const calls = new CallLog();
  const reset = () => {
    ecr.reset();
    faults.clear();
    calls.reset();
    secrets.clear();
  };
  const front = await startFront(
    {
      account,
      ecr,
      faults,
      calls,
      moto: { url, account },
      reset: () => Promise.resolve(reset()),
    },
    0,
  );

  const call = async (action: ApiAction, input: object, region = REGION) => {
    const { status, body } = await ecr.call(region, action, JSON.stringify(input));
    if (status !== 200) throw new Error(`${action}: ${body}`);
    return JSON.parse(body) as Record<string, never>;
  };

  return {
    ecr,
    faults,
    calls,
    secrets,
    variables: sandboxVariables(front.url, REGION),
    call,
    makeRules: async (environment, region = REGION) => {
      for (const { prefix, upstreamUrl, upstreamPrefix, credential } of environment.rules) {
        if (credential) {
          secrets.set(
            credential.secretName,
            JSON.stringify({ username: credential.username, accessToken: "a-secret-token" }),
          );
        }
        await call(
          "CreatePullThroughCacheRule",
          {
            ecrRepositoryPrefix: prefix,
            upstreamRegistryUrl: upstreamUrl,
            ...(upstreamPrefix && { upstreamRepositoryPrefix: upstreamPrefix }),
            ...(credential && {
              credentialArn: secretArn(account, credential.secretName, region),
            }),
          },
          region,
        );
      }
    },
    reset,
    close: async () => {
      await front.close();
      rest.closeAllConnections();
      await new Promise((resolve) => rest.close(resolve));
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
    restore = useVariables(account.variables);
  });
  afterAll(async () => {
    restore();
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
