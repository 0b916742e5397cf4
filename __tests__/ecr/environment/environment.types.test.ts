import { defineEnvironment, type EnvironmentInput, type RuleInput } from "../../../ecr/environment";
import type { Retention } from "../../../ecr/lifecycle-policy";
import type { Backend } from "../../../ecr/environment/backend";
import { userErrorOf } from "../../support/user-error";

/*
 * What the compiler refuses before anything runs. Each `@ts-expect-error` fails the type check (`npm run build`) where
 * the line below it would compile. What JavaScript gets past it is refused at run time, as asserted here.
 */

const credential = { username: "acme-bot" };
const existing = { ...credential, secretName: "ecr-pullthroughcache/hub" } as const;

const wrongRules: RuleInput[] = [
  // @ts-expect-error Docker Hub takes no rule without a credential.
  { upstream: "docker-hub" },
  // @ts-expect-error Nor does GitHub.
  { upstream: "github-container-registry" },
  // @ts-expect-error Nor does GitLab.
  { upstream: "gitlab-container-registry" },
  // @ts-expect-error Nor does Chainguard.
  { upstream: "chainguard" },
  // @ts-expect-error Nor does Azure.
  { upstream: "azure-container-registry", registry: "acme.azurecr.io" },
  // @ts-expect-error A credential has a user name.
  { upstream: "docker-hub", credential: {} },
  // @ts-expect-error The token is in no file.
  { upstream: "docker-hub", credential: { username: "acme-bot", accessToken: "x" } },
  // @ts-expect-error A version is a number.
  { upstream: "docker-hub", credential: { username: "acme-bot", version: "2" } },
  // @ts-expect-error A secret that exists already is not written here.
  { upstream: "docker-hub", credential: { ...existing, version: 2 } },
  // @ts-expect-error ECR reads no secret of another name.
  { upstream: "docker-hub", credential: { username: "acme-bot", secretName: "docker-hub" } },
  // @ts-expect-error ECR Public is pulled from without a credential.
  { upstream: "ecr-public", credential },
  // @ts-expect-error So is Quay.
  { upstream: "quay", credential },
  // @ts-expect-error So is Kubernetes.
  { upstream: "k8s", credential },
  // @ts-expect-error So is a private ECR registry.
  { upstream: "ecr", registry: "444444444444.dkr.ecr.us-east-1.amazonaws.com", credential },
  // @ts-expect-error Quay is one registry.
  { upstream: "quay", registry: "quay.io" },
  // @ts-expect-error Docker Hub is one registry.
  { upstream: "docker-hub", registry: "registry-1.docker.io", credential },
  // @ts-expect-error Azure has one registry for each customer.
  { upstream: "azure-container-registry", credential },
  // @ts-expect-error It is a login server of Azure.
  { upstream: "azure-container-registry", registry: "acme.example", credential },
  // @ts-expect-error Private ECR has one registry for each account.
  { upstream: "ecr" },
  // @ts-expect-error It is a private registry's host.
  { upstream: "ecr", registry: "public.ecr.aws" },
  // @ts-expect-error AWS calls it docker-hub.
  { upstream: "dockerhub", credential },
  // @ts-expect-error A rule has an upstream.
  { prefix: "quay" },
  // @ts-expect-error A rule has no such key.
  { upstream: "quay", url: "quay.io" },
  // @ts-expect-error An immutable tag could not be refreshed.
  { upstream: "quay", imageTagMutability: "IMMUTABLE" },
  // @ts-expect-error KMS takes a key.
  { upstream: "quay", encryption: { type: "KMS" } },
  // @ts-expect-error AES256 takes none.
  { upstream: "quay", encryption: { type: "AES256", kmsKey: "arn:aws:kms:us-east-1:1:key/x" } },
  // @ts-expect-error ECR has no such encryption here.
  { upstream: "quay", encryption: { type: "KMS_DSSE" } },
  // @ts-expect-error Nothing of that kind is made.
  { upstream: "quay", adopt: ["repository"] },
];

const wrongRetentions: Retention[] = [
  // @ts-expect-error A lifecycle rule has an action.
  {},
  // @ts-expect-error It has one action.
  { keepImages: 10, expireAfterDays: 10 },
  // @ts-expect-error ECR can't expire by last pull.
  { expireAfterDaysUnpulled: 10 },
  // @ts-expect-error `tagged` takes a tag list.
  { tagStatus: "tagged", keepImages: 10 },
  // @ts-expect-error A tag list means `tagged`.
  { tagStatus: "untagged", tagPrefixList: ["v"], keepImages: 10 },
  // @ts-expect-error A rule takes one of the tag lists.
  { tagPatternList: ["v*"], tagPrefixList: ["v"], keepImages: 10 },
  // @ts-expect-error A tag list is not empty.
  { tagPatternList: [], keepImages: 10 },
];

const wrongBackends: Backend[] = [
  // @ts-expect-error Terraform has no such backend any more.
  { type: "swift" },
  // @ts-expect-error S3 takes a bucket.
  { type: "s3", region: "us-east-1" },
  // @ts-expect-error A key is of one stack: keyPrefix, or stacks.
  { type: "s3", bucket: "acme", region: "us-east-1", key: "x" },
  // @ts-expect-error Secrets are in no file.
  { type: "s3", bucket: "acme", region: "us-east-1", secretKey: "x" },
  // @ts-expect-error This is another backend's setting.
  { type: "local", bucket: "acme" },
  // @ts-expect-error The stacks are `cache` and `credentials`.
  { type: "local", stacks: { dev: { path: "x" } } },
];

/** Settings whose kind the compiler alone checks: Terraform refuses them when it initializes the backend. */
const wrongKinds: Backend[] = [
  // @ts-expect-error A flag is a boolean.
  { type: "s3", bucket: "acme", region: "us-east-1", useLockfile: "yes" },
  // @ts-expect-error This is a number.
  { type: "s3", bucket: "acme", region: "us-east-1", maxRetries: "3" },
  // @ts-expect-error This is a list.
  { type: "s3", bucket: "acme", region: "us-east-1", allowedAccountIds: "111111111111" },
  // @ts-expect-error A role has an ARN.
  { type: "s3", bucket: "acme", region: "us-east-1", assumeRole: {} },
  // @ts-expect-error The settings of one stack have the same kinds.
  { type: "s3", bucket: "acme", region: "us-east-1", stacks: { cache: { encrypt: "yes" } } },
];

const sound: EnvironmentInput = {
  name: "dev",
  account: "111111111111",
  regions: ["us-east-1"],
  rules: [{ upstream: "quay" }],
};

const wrongEnvironments: EnvironmentInput[] = [
  // @ts-expect-error An account is a text: a number would lose leading zeros.
  { ...sound, account: 111111111111 },
  // @ts-expect-error Regions are a list.
  { ...sound, regions: "us-east-1" },
  // @ts-expect-error An environment has no such key.
  { ...sound, region: "us-east-1" },
  // @ts-expect-error Access has no such key.
  { ...sound, access: { users: [] } },
  // @ts-expect-error A tag's value is a text.
  { ...sound, tags: { replicas: 3 } },
];

const environments: [what: string, input: EnvironmentInput][] = [
  ...wrongRules.map((rule): [string, EnvironmentInput] => ["rule", { ...sound, rules: [rule] }]),
  ...wrongRetentions.map((retention): [string, EnvironmentInput] => [
    "retention",
    { ...sound, retention },
  ]),
  ...wrongBackends.map((backend): [string, EnvironmentInput] => ["backend", { ...sound, backend }]),
  ...wrongEnvironments.map((input): [string, EnvironmentInput] => ["environment", input]),
];

test.each(environments)(
  "a %s that the compiler refuses is refused at synthesis too: %j",
  (_, input) => {
    expect(userErrorOf(() => defineEnvironment(input))).toMatch(/^environment dev: [^\n]+$/);
  },
);

test.each(wrongKinds)(
  "the kind of a backend's setting is left to Terraform at run time: %j",
  (backend) => {
    expect(defineEnvironment({ ...sound, backend }).backend).toEqual(backend);
  },
);
