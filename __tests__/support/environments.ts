import { type Environment, defineEnvironment, type RuleInput } from "../../ecr/environment";
import { type UpstreamName, upstreamNames, upstreamOf } from "../../ecr/upstreams";

/** A rule for an upstream with what it must have, and nothing else. */
export function exampleRule(name: UpstreamName): RuleInput {
  const { registry, credential } = upstreamOf(name);
  return {
    upstream: name,
    ...(registry && { registry: registry.example }),
    ...(credential === "required" && { credential: { username: "acme-bot" } }),
  } as RuleInput;
}

const rules: readonly RuleInput[] = [
  {
    upstream: "docker-hub",
    credential: { username: "acme-bot", version: 3 },
    retention: [
      { keepImages: 25 },
      { tagPatternList: ["v*", "*-slim"], expireAfterDays: 180 },
      { tagPrefixList: ["nightly-"], archiveAfterDays: 30 },
      { tagStatus: "untagged", expireAfterDays: 90 },
      { expireArchivedAfterDays: 120 },
    ],
    adopt: true,
  },
  {
    upstream: "ecr-public",
    retention: { archiveAfterDaysUnpulled: 60 },
    adopt: [{ kinds: ["rule", "template"], regions: ["eu-central-1"] }],
  },
  { upstream: "quay", prefix: "mirrors/quay.io", only: ["prometheus/*", "argoproj/argocd"] },
  { upstream: "k8s", prefix: "ROOT", imageTagMutability: "MUTABLE" },
  {
    upstream: "github-container-registry",
    credential: { username: "acme-bot", secretName: "ecr-pullthroughcache/team/ghcr" },
  },
  { upstream: "gitlab-container-registry", credential: { username: "deploy-token-1" } },
  { upstream: "chainguard", credential: { username: "acme/0f0f" } },
  {
    upstream: "azure-container-registry",
    registry: "acmeimages.azurecr.io",
    prefix: "acme-azure",
    credential: { username: "puller" },
    encryption: {
      type: "KMS",
      kmsKey: [
        "arn:aws:kms:us-east-1:555555555555:key/11111111-2222-3333-4444-555555555555",
        "arn:aws:kms:eu-central-1:555555555555:key/66666666-7777-8888-9999-000000000000",
      ],
    },
  },
  {
    upstream: "ecr",
    registry: "666666666666.dkr.ecr.us-east-1.amazonaws.com",
    prefix: "shared",
    upstreamPrefix: "team-a",
  },
];

/** Everything an environment can ask for: all upstreams, every option, two regions. */
export const maximal: Environment = defineEnvironment({
  name: "maximal",
  account: "555555555555",
  regions: ["us-east-1", "eu-central-1"],
  formerRegions: ["ap-southeast-2"],
  backend: {
    type: "s3",
    bucket: "acme-terraform-state",
    region: "us-east-1",
    keyPrefix: "caches",
    encrypt: true,
    stacks: { credentials: { key: "legacy/upstream-secrets.tfstate" } },
  },
  tags: { team: "platform", "cost-center": "4711" },
  awsProviderVersion: ">= 5.100.0, < 6.90.0",
  rules: [
    ...rules,
    ...upstreamNames
      .filter((name) => !rules.some(({ upstream }) => upstream === name))
      .map(exampleRule),
  ],
  retention: { keepImages: 12 },
  access: {
    roles: ["ecsTaskExecutionRole", "codebuild-ci", "team+puller@acme"],
    accounts: ["777777777777", "888888888888"],
    consumers: [
      {
        account: "444444444444",
        roles: ["ecsTaskExecutionRole", "ci+puller@acme"],
        backend: { type: "gcs", bucket: "team-terraform-state" },
        profile: "acme-team",
        assumeRole: {
          roleArn: "arn:aws:iam::444444444444:role/deployers/ecr-cache",
          externalId: "acme:consumer",
        },
      },
    ],
    organizations: ["o-abc123def4"],
    organizationPaths: ["o-zyx987wvu6/r-ab12/ou-ab12-11111111/*"],
    registryStatements: [
      {
        Sid: "Replication",
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::999999999999:root" },
        Action: ["ecr:ReplicateImage", "ecr:CreateRepository"],
        Resource: "arn:aws:ecr:us-east-1:555555555555:repository/*",
        Condition: { StringEquals: { "aws:PrincipalTag/team": "${aws:ResourceTag/team}" } },
      },
      {
        Effect: "Deny",
        Principal: "*",
        Action: "ecr:DeleteRepository",
        NotResource: "arn:aws:ecr:*:555555555555:repository/scratch/*",
      },
    ],
  },
  profile: "acme-prod",
  assumeRole: {
    roleArn: "arn:aws:iam::555555555555:role/deployers/ecr-cache",
    externalId: "acme:caches",
    sessionName: "ecr-cache-maximal",
  },
  permissionsBoundary: "arn:aws:iam::555555555555:policy/boundaries/platform",
  rolePath: "/platform/caches/",
  adopt: ["registry-policy", "scanning"],
  maintenance: {
    enabled: true,
    schedule: "cron(0 3 ? * MON-FRI *)",
    existingPolicies: "replace",
    notifications: {
      emails: ["platform@acme.example", "on-call+ecr@acme.example"],
      topicArn: [
        "arn:aws:sns:us-east-1:555555555555:alerts",
        "arn:aws:sns:eu-central-1:555555555555:alerts",
      ],
    },
  },
  scanning: {
    type: "ENHANCED",
    frequency: "CONTINUOUS",
    otherRules: [
      { frequency: "ON_PUSH", filters: ["apps/*", "base"] },
      { frequency: "CONTINUOUS", filters: ["payments/*"] },
    ],
  },
  prune: {
    unpulledForDays: 120,
    keepAtLeast: 2,
    dryRun: false,
    pullTimeUpdateExclusions: ["arn:aws:iam::555555555555:role/security/image-scanner"],
  },
});
