import {
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  type KeyMetadata,
  type KMSClient,
} from "@aws-sdk/client-kms";
import { GetTopicAttributesCommand } from "@aws-sdk/client-sns";
import type { Environment } from "../../ecr/environment";
import { type KeyUse, lackingStatements, topicKeyUses } from "../../ecr/policies/keys";
import { isException } from "../../registry/aws/errors";
import type { Aws } from "../../registry/aws/with-aws";
import { failed, ok, type Outcome } from "../../registry/rule-validation";

/** Where to read what a key policy needs. */
const PAGE = "docs/permissions.md, KMS keys";

/** Why nothing can be encrypted with a key, with what to do; undefined for one that works. */
function unusable({
  Arn = "",
  KeyState,
  KeySpec,
  KeyUsage,
}: Partial<KeyMetadata>): Outcome | undefined {
  const region = Arn.split(":")[3];
  const command = (action: string) => `aws kms ${action} --key-id ${Arn} --region ${region}`;
  switch (KeyState) {
    case "Enabled":
      return KeySpec === "SYMMETRIC_DEFAULT" && KeyUsage === "ENCRYPT_DECRYPT"
        ? undefined
        : failed(
            `the key is for ${KeyUsage} with ${KeySpec}`,
            "use a symmetric encryption key instead",
          );
    case "Disabled":
      return failed("the key is disabled", command("enable-key"));
    case "PendingDeletion":
      return failed(
        "the key is scheduled for deletion",
        `${command("cancel-key-deletion")}; then ${command("enable-key")}`,
      );
    default:
      return failed(`the key is in the state ${KeyState}`, "wait for it, or see its page in KMS");
  }
}

/** Checks that a key works, and that its policy allows what it is used for. */
export async function checkKey(
  kms: KMSClient,
  { account }: Environment,
  key: string,
  uses: readonly KeyUse[],
): Promise<Outcome> {
  let metadata: Partial<KeyMetadata>;
  try {
    metadata = (await kms.send(new DescribeKeyCommand({ KeyId: key }))).KeyMetadata ?? {};
  } catch (error) {
    if (!isException(error, "NotFoundException")) throw error;
    return failed(`there is no key ${key}`, "create the key, or correct its ARN");
  }
  const problem = unusable(metadata);
  if (problem) return problem;
  const { Arn = key } = metadata;
  const owner = Arn.split(":")[4];
  if (owner !== account) {
    // Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html
    return {
      state: "not-checked",
      detail: `only account ${owner} can read the policy of this key`,
      remedy: `compare it with ${PAGE}`,
    };
  }
  const { Policy = "{}" } = await kms.send(new GetKeyPolicyCommand({ KeyId: Arn }));
  const lacking = lackingStatements(Policy, Arn, uses);
  if (lacking.length === 0) return ok();
  const names = lacking.map(
    ({ Principal, Action }) =>
      `${[Action].flat().join(", ")} for ${[Principal?.AWS ?? Principal?.Service].flat().join(", ")}`,
  );
  return failed(
    `the key policy does not allow ${names.join("; ")}`,
    `add to the policy of ${Arn}: ${lacking.map((statement) => JSON.stringify(statement)).join(", ")} (${PAGE})`,
  );
}

/** The ARN of a topic's key, which Amazon SNS keeps as it was given: an ARN, an id or an alias of the topic's account. */
function keyOfTopic(topic: string, key: string): string {
  if (key.startsWith("arn:")) return key;
  const [, partition, , region, account] = topic.split(":");
  return `arn:${partition}:kms:${region}:${account}:${key.startsWith("alias/") ? key : `key/${key}`}`;
}

/** Checks the key of an existing topic of notifications, if it is encrypted. */
export async function checkTopicKey(
  aws: Pick<Aws, "kms" | "sns">,
  environment: Environment,
  region: string,
  topic: string,
): Promise<Outcome> {
  const sns = await aws.sns(region);
  const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: topic }));
  const key = Attributes?.KmsMasterKeyId ?? "";
  if (key === "") return ok("the topic is not encrypted");
  if (key === "alias/aws/sns") {
    return failed(
      "the topic is encrypted with alias/aws/sns, whose policy cannot allow CloudWatch",
      `use a customer managed key, or none: ${PAGE}`,
    );
  }
  return checkKey(
    await aws.kms(region),
    environment,
    keyOfTopic(topic, key),
    topicKeyUses(environment, region),
  );
}
