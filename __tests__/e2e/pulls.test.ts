import {
  BatchGetImageCommand,
  GetLifecyclePolicyCommand,
  GetRepositoryPolicyCommand,
  ListTagsForResourceCommand,
} from "@aws-sdk/client-ecr";
import { defineEnvironment, type EnvironmentInput } from "../../ecr/environment";
import { formatLifecyclePolicy } from "../../ecr/lifecycle-policy";
import { repositoryPolicy } from "../../ecr/policies";
import { ecrOf, repositoriesIn } from "../support/clients";
import { describeDeployments } from "../support/sandboxed";

const REGION = "us-east-1";

const input: EnvironmentInput = {
  name: "pulling",
  account: "171717171717",
  regions: [REGION],
  tags: { team: "platform" },
  rules: [{ upstream: "quay", retention: { keepImages: 4 } }],
  access: { accounts: ["272727272727"], registryStatements: [] },
};

describeDeployments("a first pull through a deployed cache", "171717171717", (shared) => {
  test("makes a repository as the template says, which outlives the cache", async () => {
    const { sandbox, deployment } = shared;
    const environment = defineEnvironment(input);
    deployment.synthesize(input);
    await deployment.init("pulling");
    await deployment.apply("pulling");

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

    await deployment.destroy("pulling");
    expect(await repositoriesIn(sandbox, REGION)).toEqual([repository]);
  });
});
