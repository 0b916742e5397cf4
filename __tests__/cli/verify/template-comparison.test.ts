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
    "it applies to REPLICATION, not to PULL_THROUGH_CACHE",
  ],
  [
    "lifecycle policy",
    { ...plain, lifecyclePolicy: formatLifecyclePolicy(lifecyclePolicy({ keepImages: 3 })) },
    "its lifecycle policy keeps the last 3 images, but the environment's keeps the last 10 images",
  ],
  [
    "absent lifecycle policy",
    { ...plain, lifecyclePolicy: undefined },
    "its lifecycle policy keeps everything, but the environment's keeps the last 10 images",
  ],
  [
    "mutability",
    { ...plain, imageTagMutability: "IMMUTABLE" },
    "its image tags are IMMUTABLE, so ECR's refresh can't move them",
  ],
  [
    "repository policy",
    { ...plain, repositoryPolicy: '{"Statement":[]}' },
    "it has a repository policy, which the environment does not",
  ],
  [
    "tags",
    { ...plain, resourceTags: [{ Key: "owner", Value: "me" }] },
    "its tags have owner, which the environment does not",
  ],
  [
    "encryption",
    { ...plain, encryptionConfiguration: { encryptionType: "KMS", kmsKey: KEY } },
    `it encrypts with KMS (${KEY}), but the environment with AES256`,
  ],
  [
    "role",
    { ...plain, customRoleArn: ROLE },
    `it has the role ${ROLE}, which the environment does not`,
  ],
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
    "it has no role, which ECR needs to create repositories with tags or a KMS key",
  ]);
  expect(differences({ ...plain, repositoryPolicy: '{"Statement":[]}' }, environment)).toContain(
    "its repository policy is not the environment's",
  );
});
