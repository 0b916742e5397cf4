import { verifyJson } from "../../../cli/verify/json";
import { defineEnvironment } from "../../../ecr/environment";
import { formatPolicy, policyDocument, type PolicyStatement } from "../../../ecr/policies";
import { repositoryKeyUses, topicKeyUses } from "../../../ecr/policies/keys";
import { useAccount } from "../../support/account";
import { parseJson } from "../../support/contracts";
import { run } from "../../support/run";

const REGION = "us-east-1";
const KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts";

const encrypted = defineEnvironment({
  name: "encrypted",
  account: "123456789012",
  regions: [REGION],
  rules: [{ upstream: "quay", encryption: { type: "KMS", kmsKey: KEY } }, { upstream: "k8s" }],
  maintenance: { notifications: { topicArn: TOPIC } },
  rolePath: "/platform/",
});
const mockEnvironments = [encrypted];
jest.mock("../../../environments", () => ({
  get environments() {
    return mockEnvironments;
  },
}));

const account = useAccount(encrypted);

/** The policy that the AWS console sets by default. */
const DELEGATED: PolicyStatement = {
  Effect: "Allow",
  Principal: { AWS: "arn:aws:iam::123456789012:root" },
  Action: "kms:*",
  Resource: "*",
};
const ecr = repositoryKeyUses(encrypted, REGION).map(({ statement }) => statement);
const topic = topicKeyUses(encrypted, REGION).map(({ statement }) => statement);
const policy = (...statements: readonly object[]) =>
  formatPolicy(policyDocument(...(statements as PolicyStatement[])));

async function keyChecks() {
  const { stdout } = await run("verify", "--env", encrypted.name, "--json");
  return parseJson(verifyJson, stdout).filter(({ check }) => check === "key");
}

/** What is found of the key of the repositories. */
async function stateOfKey(settings: Parameters<ReturnType<typeof account.keys>["create"]>[1]) {
  account.keys(REGION).create(KEY, settings);
  const checks = await keyChecks();
  const { state, detail } = checks.find(({ subject }) => subject === KEY)!;
  return detail === null ? state : `${state}: ${detail}`;
}

const ROLE = "arn:aws:iam::123456789012:role/platform/ecr-cache-encrypted-template";
const LACKS_ALL = `failed: the key policy does not allow kms:CreateGrant for ${ROLE}; kms:DescribeKey, kms:RetireGrant for ${ROLE}`;

test.each<[string, string, string]>([
  ["leaves access to the IAM policies of the account", policy(DELEGATED), "ok"],
  ["has what docs/permissions.md says", policy(...ecr), "ok"],
  [
    "lets everyone of the account use it through ECR, as AWS's samples do",
    policy({
      Effect: "Allow",
      Principal: { AWS: "*" },
      Action: ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
      Resource: "*",
      Condition: {
        StringEquals: {
          "kms:ViaService": "ecr.us-east-1.amazonaws.com",
          "kms:CallerAccount": "123456789012",
        },
      },
    }),
    "ok",
  ],
  [
    "is for another service",
    policy({
      ...DELEGATED,
      Condition: { StringEquals: { "kms:ViaService": "s3.us-east-1.amazonaws.com" } },
    }),
    LACKS_ALL,
  ],
  [
    "lets nobody create grants",
    policy(DELEGATED, {
      Effect: "Deny",
      Principal: "*",
      Action: "kms:CreateGrant",
      Resource: "*",
    }),
    `failed: the key policy does not allow kms:CreateGrant for ${ROLE}`,
  ],
  [
    "names another account",
    policy({ ...DELEGATED, Principal: { AWS: "arn:aws:iam::999999999999:root" } }),
    LACKS_ALL,
  ],
])("`verify` reads a key policy that %s", async (_what, keyPolicy, expected) => {
  expect(await stateOfKey({ policy: keyPolicy })).toBe(expected);
});

test("`verify` prints the statements that a key policy lacks", async () => {
  account.keys(REGION).create(KEY, { policy: policy() });
  const [check] = await keyChecks();
  for (const statement of ecr) expect(check?.remedy).toContain(JSON.stringify(statement));
});

test.each([
  ["Disabled", "failed: the key is disabled"],
  ["PendingDeletion", "failed: the key is scheduled for deletion"],
  ["PendingImport", "failed: the key is in the state PendingImport"],
])("`verify` finds a key in the state %s", async (state, expected) => {
  expect(await stateOfKey({ policy: policy(DELEGATED), state })).toBe(expected);
});

test("`verify` finds a key that encrypts nothing", async () => {
  const rsa = { policy: policy(DELEGATED), spec: "RSA_2048", usage: "SIGN_VERIFY" };
  expect(await stateOfKey(rsa)).toBe("failed: the key is for SIGN_VERIFY with RSA_2048");
});

test("`verify` says that a key is missing", async () => {
  const [check] = await keyChecks();
  expect(check).toMatchObject({ state: "failed", detail: `there is no key ${KEY}` });
});

test.each(["DescribeKey", "GetKeyPolicy"])(
  "`verify` does not check a key without the permission kms:%s, and says so",
  async (action) => {
    account.faults.add({ kind: "deny", service: "kms", action });
    const found = await stateOfKey({ policy: policy(DELEGATED) });
    expect(found).toMatch(new RegExp(`^not-checked: .*kms:${action}`));
  },
);

describe("the key of an existing topic", () => {
  const check = async (topicKey: string, keyPolicy?: string) => {
    account.keys(REGION).create(KEY, { policy: policy(DELEGATED) });
    account.setTopicKey(TOPIC, topicKey);
    if (keyPolicy !== undefined) account.keys(REGION).create(ALERTS, { policy: keyPolicy });
    const checks = await keyChecks();
    const { state, detail } = checks.find(({ subject }) => subject === TOPIC)!;
    return `${state}: ${detail}`;
  };
  const ALERTS = "arn:aws:kms:us-east-1:123456789012:key/aaaaaaaa-0000-0000-0000-000000000000";
  const ID = "aaaaaaaa-0000-0000-0000-000000000000";
  const NOTIFY = "arn:aws:iam::123456789012:role/platform/ecr-cache-encrypted-us-east-1-notify";
  const ACTIONS = "kms:Decrypt, kms:GenerateDataKey*";

  test.each<[string, string, string | undefined, string]>([
    ["is absent", "", undefined, "ok: the topic is not encrypted"],
    [
      "is AWS's",
      "alias/aws/sns",
      undefined,
      "failed: the topic is encrypted with alias/aws/sns, whose policy cannot allow CloudWatch",
    ],
    ["allows both publishers", ID, policy(...topic), "ok: null"],
    [
      "leaves access to the account's IAM policies, which services do not have",
      ALERTS,
      policy(DELEGATED),
      `failed: the key policy does not allow ${ACTIONS} for cloudwatch.amazonaws.com; ${ACTIONS} for ${NOTIFY}`,
    ],
  ])("`verify` reads one that %s", async (_what, key, keyPolicy, expected) => {
    expect(await check(key, keyPolicy)).toBe(expected);
  });

  test("`verify` does not read the policy of another account's key, which only that account can", async () => {
    const foreign = "arn:aws:kms:us-east-1:999999999999:key/aaaaaaaa-0000-0000-0000-000000000000";
    account.keys(REGION).create(foreign, { policy: policy() });
    expect(await check(foreign)).toBe(
      "not-checked: only account 999999999999 can read the policy of this key",
    );
  });
});
