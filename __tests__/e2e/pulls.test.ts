import {
  BatchGetImageCommand,
  ECRClient,
  GetLifecyclePolicyCommand,
  GetRepositoryPolicyCommand,
  ListTagsForResourceCommand,
} from "@aws-sdk/client-ecr";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import type { AwsCredentialIdentity } from "@smithy/types";
import { defineEnvironment, type EnvironmentInput } from "../../ecr/environment";
import { formatLifecyclePolicy } from "../../ecr/lifecycle-policy";
import { repositoryPolicy } from "../../ecr/policies";
import { seedAccount } from "../../sandbox/seed-account";
import { ecrOf, repositoriesIn } from "../support/clients";
import { describeDeployments } from "../support/sandboxed";

const REGION = "us-east-1";
const CONSUMER = "303030303030";
const CONSUMER_STACK = `pulling-consumer-${CONSUMER}`;

const input: EnvironmentInput = {
  name: "pulling",
  account: "171717171717",
  regions: [REGION],
  tags: { team: "platform" },
  rules: [
    { upstream: "quay", retention: { keepImages: 4 }, only: ["prometheus/prometheus", "new/*"] },
  ],
  access: {
    accounts: ["272727272727"],
    consumers: [
      {
        account: CONSUMER,
        roles: ["tasks"],
        assumeRole: { roleArn: `arn:aws:iam::${CONSUMER}:role/deployer` },
      },
    ],
    organizations: ["o-abc123def4"],
    organizationPaths: ["o-zyx987wvu6/r-ab12/ou-ab12-11111111/*"],
    registryStatements: [],
  },
};

describeDeployments("a first pull through a deployed cache", "171717171717", (shared) => {
  test("makes a repository as the template says, which outlives the cache", async () => {
    const { sandbox, deployment } = shared;
    const environment = defineEnvironment(input);
    await seedAccount(sandbox, [environment]);
    deployment.setEnvironments(input);
    const deployed = await deployment.cdktf([
      ...["deploy", "pulling", CONSUMER_STACK, "--auto-approve"],
    ]);
    expect(deployed).toMatchObject({ code: 0 });
    expect(await deployment.isUpToDate(CONSUMER_STACK)).toBe(true);

    const repositoryName = "quay/prometheus/prometheus";
    const ecr = ecrOf(sandbox, REGION);
    const { images } = await ecr.send(
      new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: "v3.0.0" }] }),
    );
    expect(images).toHaveLength(1);

    const [repository, ...others] = await repositoriesIn(sandbox, REGION);
    expect(others).toEqual([]);
    expect(repository).toMatchObject({
      repositoryName,
      imageTagMutability: "MUTABLE",
      encryptionConfiguration: { encryptionType: "AES256" },
    });
    const lifecycle = await ecr.send(new GetLifecyclePolicyCommand({ repositoryName }));
    expect(JSON.parse(lifecycle.lifecyclePolicyText ?? "")).toEqual(
      JSON.parse(formatLifecyclePolicy(environment.rules[0]!.lifecyclePolicy)),
    );
    const policy = await ecr.send(new GetRepositoryPolicyCommand({ repositoryName }));
    expect(JSON.parse(policy.policyText ?? "")).toEqual(repositoryPolicy(environment, REGION));
    const { tags } = await ecr.send(
      new ListTagsForResourceCommand({ resourceArn: repository?.repositoryArn }),
    );
    expect(tags).toEqual([{ Key: "team", Value: "platform" }]);

    // Another account's credentials, by real calls: an account's id is its administrator's access key.
    const at = (path: string) => ({ organization: path.split("/")[0]!, path });
    sandbox.memberships.set("373737373737", at("o-abc123def4/r-cd34/"));
    sandbox.memberships.set("474747474747", at("o-zyx987wvu6/r-ab12/ou-ab12-11111111/"));
    sandbox.memberships.set("575757575757", at("o-zyx987wvu6/r-ab12/ou-ab12-22222222/"));
    const administrator = (account: string) => ({
      accessKeyId: account,
      secretAccessKey: "sandbox",
    });
    const pullAs = async (credentials: AwsCredentialIdentity, name: string) => {
      const other = new ECRClient({ endpoint: sandbox.url, region: REGION, credentials });
      const answer = await other
        .send(
          new BatchGetImageCommand({
            registryId: input.account,
            repositoryName: name,
            imageIds: [{ imageTag: "v3.0.0" }],
          }),
        )
        .catch(({ name: code }: Error) => code);
      return typeof answer === "string" ? answer : answer.images?.length;
    };
    const pull = (account: string, name: string) => pullAs(administrator(account), name);
    const accounts = [
      "272727272727",
      "373737373737",
      "474747474747",
      "575757575757",
      "676767676767",
      CONSUMER,
    ];
    const pulled = async (name: (account: string) => string) =>
      Promise.all(accounts.map((account) => pull(account, name(account))));
    const denied = "AccessDeniedException";
    expect(await pulled(() => repositoryName)).toEqual([1, 1, 1, denied, denied, 1]);
    const missing = "RepositoryNotFoundException";
    expect(await pulled((account) => `quay/new/${account}`)).toEqual([
      ...[1, 1, 1, missing, missing, 1],
    ]);

    // Roles of the consumer's account: the stack has given one of them the policy.
    const assume = async (role: string) => {
      const sts = new STSClient({
        endpoint: sandbox.url,
        region: REGION,
        credentials: administrator(CONSUMER),
      });
      const { Credentials } = await sts.send(
        new AssumeRoleCommand({
          RoleArn: `arn:aws:iam::${CONSUMER}:role/${role}`,
          RoleSessionName: "pull",
        }),
      );
      return {
        accessKeyId: Credentials?.AccessKeyId ?? "",
        secretAccessKey: Credentials?.SecretAccessKey ?? "",
        sessionToken: Credentials?.SessionToken,
      };
    };
    const [tasks, batch] = [await assume("tasks"), await assume("batch")];
    expect(await pullAs(tasks, repositoryName)).toBe(1);
    expect(await pullAs(tasks, "quay/new/tasks")).toBe(1);
    expect(await pullAs(batch, repositoryName)).toBe(denied);

    // What `only` does not list is for nobody.
    const unlisted = (account: string) => pull(account, `quay/other/${account}`);
    expect(await Promise.all(accounts.map(unlisted))).toEqual(accounts.map(() => missing));
    expect(await pullAs(tasks, "quay/prometheus/prometheus-fork")).toBe(missing);
    expect(await pullAs(batch, "quay/new/batch")).toBe(missing);
    await deployment.destroy(CONSUMER_STACK);
    expect(await pullAs(tasks, repositoryName)).toBe(denied);

    const remaining = await repositoriesIn(sandbox, REGION);
    await deployment.destroy("pulling");
    expect(remaining).toContainEqual(repository);
    expect(await repositoriesIn(sandbox, REGION)).toEqual(remaining);
  });
});
