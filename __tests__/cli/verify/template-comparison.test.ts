import type { RepositoryCreationTemplate } from "@aws-sdk/client-ecr";
import { defineEnvironment, type EnvironmentInput } from "../../../ecr/environment";
import { formatLifecyclePolicy, lifecyclePolicy } from "../../../ecr/lifecycle-policy";
import { formatPolicy, repositoryPolicy } from "../../../ecr/policies";
import { templateDifferences } from "../../../cli/verify/template-comparison";

const REGION = "us-east-1";
const KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const ROLE = "arn:aws:iam::123456789012:role/ecr-cache-shop-template";

const define = (more: Partial<EnvironmentInput> = {}) =>
  defineEnvironment({
    name: "shop",
    account: "123456789012",
    regions: [REGION],
    rules: [{ upstream: "quay" }],
    ...more,
  });

const plain: RepositoryCreationTemplate = {
  prefix: "quay",
  appliedFor: ["PULL_THROUGH_CACHE"],
  imageTagMutability: "MUTABLE",
  encryptionConfiguration: { encryptionType: "AES256" },
  lifecyclePolicy: formatLifecyclePolicy(lifecyclePolicy({ keepImages: 10 })),
};

const differences = (template: RepositoryCreationTemplate, environment = define()) =>
  templateDifferences(environment, REGION, environment.rules[0]!, template);

test("a template as the stacks make it differs in nothing", () => {
  expect(differences(plain)).toEqual([]);

  const rich = define({
    tags: { team: "platform" },
    access: { accounts: ["210987654321"] },
    rules: [{ upstream: "quay", encryption: { type: "KMS", kmsKey: KEY } }],
  });
  expect(
    differences(
      {
        ...plain,
        appliedFor: ["REPLICATION", "PULL_THROUGH_CACHE"],
        encryptionConfiguration: { encryptionType: "KMS", kmsKey: KEY },
        repositoryPolicy: formatPolicy(repositoryPolicy(rich, REGION)!),
        resourceTags: [{ Key: "team", Value: "platform" }],
        customRoleArn: ROLE,
      },
      rich,
    ),
  ).toEqual([]);
});

test.each<[string, RepositoryCreationTemplate, string]>([
  [
    "use",
    { ...plain, appliedFor: ["REPLICATION"] },
    "it is for REPLICATION, not for PULL_THROUGH_CACHE",
  ],
  [
    "lifecycle policy",
    { ...plain, lifecyclePolicy: formatLifecyclePolicy(lifecyclePolicy({ keepImages: 3 })) },
    "its lifecycle policy keeps the last 3 images, where it keeps the last 10 images in the environment",
  ],
  [
    "absent lifecycle policy",
    { ...plain, lifecyclePolicy: undefined },
    "its lifecycle policy keeps everything, where it keeps the last 10 images in the environment",
  ],
  [
    "mutability",
    { ...plain, imageTagMutability: "IMMUTABLE" },
    "its tags are IMMUTABLE, so the 24-hour refresh can't move them",
  ],
  [
    "repository policy",
    { ...plain, repositoryPolicy: '{"Statement":[]}' },
    "it has a repository policy, and needs none",
  ],
  [
    "tags",
    { ...plain, resourceTags: [{ Key: "owner", Value: "me" }] },
    "its tags have owner too much",
  ],
  [
    "encryption",
    { ...plain, encryptionConfiguration: { encryptionType: "KMS", kmsKey: KEY } },
    `it encrypts with KMS with ${KEY}, where the environment has AES256`,
  ],
  ["role", { ...plain, customRoleArn: ROLE }, `it has the role ${ROLE}, and needs none`],
])("a difference in the %s is said", (_, template, difference) => {
  expect(differences(template)).toEqual([difference]);
});

test("a template without what the environment needs lacks all of it", () => {
  const environment = define({
    tags: { team: "platform" },
    access: { accounts: ["210987654321"] },
  });
  expect(differences(plain, environment)).toEqual([
    "it has no repository policy, so other accounts can't pull",
    "its tags lack team=platform",
    "it has no role, without which ECR makes no repository that has tags or a KMS key",
  ]);
  expect(differences({ ...plain, repositoryPolicy: '{"Statement":[]}' }, environment)).toContain(
    "its repository policy is not the environment's",
  );
});
