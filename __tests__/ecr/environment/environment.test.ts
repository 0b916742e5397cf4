import fc from "fast-check";
import { checkEnvironments } from "../../../ecr/environment/conflicts";
import {
  defineEnvironment,
  type EnvironmentInput,
  managedRules,
  tokenVariable,
} from "../../../ecr/environment";
import { lifecyclePolicy } from "../../../ecr/lifecycle-policy";
import { environmentWarnings } from "../../../ecr/environment/warnings";
import { registryHost } from "../../../ecr/region";
import { upstreamNames, upstreamOf } from "../../../ecr/upstreams";
import { exampleRule, maximal } from "../../support/environments";
import { environments } from "../../support/samples/environments";
import { userErrorOf } from "../../support/user-error";

type Change = Readonly<Record<string, unknown>>;

const sound = {
  name: "dev",
  account: "111111111111",
  regions: ["us-east-1"],
  rules: [{ upstream: "quay" }],
};

/** A sound environment with a change, as plain JavaScript would have it: not checked by the compiler. */
const define = (change: Change = {}) =>
  defineEnvironment({ ...sound, ...change } as unknown as EnvironmentInput);

const messageOf = (change: Change) => userErrorOf(() => define(change));

const rule = (change: Change): Change => ({ rules: [{ upstream: "quay", ...change }] });
const hub = (change: Change = {}): Change => ({
  upstream: "docker-hub",
  credential: { username: "acme-bot" },
  ...change,
});
const credential = (change: Change): Change => ({
  rules: [hub({ credential: { username: "acme-bot", ...change } })],
});
const quays = (number: number) =>
  Array.from({ length: number }, (_, index) => ({ upstream: "quay", prefix: `quay-${index}` }));
const kmsKey = (region: string) => `arn:aws:kms:${region}:111111111111:key/1234abcd-12ab-34cd`;
const kms = (keys: unknown): Change => rule({ encryption: { type: "KMS", kmsKey: keys } });
const accounts = (number: number) =>
  Array.from({ length: number }, (_, index) => String(200_000_000_000 + index));

const KEYS =
  "name, account, regions, formerRegions, backend, tags, rules, retention, access, adopt, maintenance, prune, scanning, profile, assumeRole, permissionsBoundary, rolePath, awsProviderVersion";
/** Access with a statement of others in the registry policy. */
const others = (change: Change): Change => ({
  access: {
    registryStatements: [
      {
        Sid: "Replication",
        Effect: "Allow",
        Principal: { AWS: "222222222222" },
        Action: "ecr:ReplicateImage",
        Resource: "*",
        ...change,
      },
    ],
  },
});

const S3 = { type: "s3", bucket: "acme", region: "us-east-1" };
const consumer = (change: object = {}) => ({
  account: "222222222222",
  roles: ["tasks"],
  ...change,
});

const NAME =
  "a letter, then at most 31 letters, digits, _ and -; not ending in -credentials or -consumer-ACCOUNT";
const BACKENDS = "one of local, s3, gcs, azurerm, consul, cos, oss, http, pg, remote, cloud";
const TAG_KEY =
  "a key of 1 to 128 letters, digits, spaces and _ . : / = + - @, not beginning with aws:";
const TAG_VALUE = "a string of at most 256 letters, digits, spaces and _ . : / = + - @";
const UPSTREAMS =
  "one of docker-hub, ecr-public, quay, k8s, github-container-registry, gitlab-container-registry, chainguard, azure-container-registry, ecr";
const PREFIX = "2 to 30 lower-case letters and digits, separated by single . _ - or /, or ROOT";
const USERNAME = 'the user name at the upstream registry, without white space and " \\ $ % { }';
const SECRET_NAME =
  "a name that begins with ecr-pullthroughcache/ (ECR may read no other secret), then letters, digits and / _ + = . @ -";
const LIFECYCLE_RULE = "a lifecycle rule such as { keepImages: 10 }, or a list of them";
const ENCRYPTION =
  '{ type: "AES256" } or { type: "KMS", kmsKey: an ARN, or a list of one ARN for each region }';
const KMS_KEY =
  "a key's full ARN, arn:PARTITION:kms:REGION:ACCOUNT:key/ID; ECR takes no alias, and only a key of the same region";
const ADOPT =
  "true, false, or a list out of rule, template, secret and { kinds: […], regions: […] }";
const MUTABLE =
  "MUTABLE: the 24-hour refresh can't move an immutable tag, so an immutable cache goes stale";
const RULE_KEYS =
  "upstream, prefix, upstreamPrefix, only, allowPublicRoot, retention, encryption, adopt, imageTagMutability, registry, credential";
const ONLY =
  "a repository's name below the prefix, such as library/nginx, or with * for any characters, such as grafana/*; the first character is a letter or digit";
const NO_OPEN_ROOT =
  "nothing: it is for the prefix ROOT without only, over an upstream where anybody can register a name";
const ROLE = "the name of an IAM role (not its ARN): 1 to 64 letters, digits and + = , . @ _ -";
const PROVIDER = 'a version constraint inside >= 5.100.0, < 7.0.0, such as "~> 6.28"';

/** A wrong environment, and the one line that it gives: what is wrong, the change to a sound one, the line's end. */
const wrong: readonly (readonly [what: string, change: Change, line: string])[] = [
  // account and regions
  [
    "an account that is too short",
    { account: "1111" },
    'account: found "1111"; allowed: 12 digits, as text',
  ],
  [
    "an account as a number",
    { account: 111111111111 },
    "account: found 111111111111; allowed: 12 digits, as text",
  ],
  ["no regions", { regions: undefined }, "regions: found nothing; allowed: a list of regions"],
  [
    "an empty list of regions",
    { regions: [] },
    "regions: found an empty list; allowed: at least one region",
  ],
  [
    "regions as a text",
    { regions: "us-east-1" },
    'regions: found "us-east-1"; allowed: a list of regions',
  ],
  [
    "an availability zone",
    { regions: ["us-east-1a"] },
    'regions[0]: found "us-east-1a"; allowed: one of us-east-1, us-east-2, us-west-1, us-west-2, or { unlisted: … } for a region that this version does not know',
  ],
  [
    "a misspelled region",
    { regions: ["eu-wset-1"] },
    'regions[0]: found "eu-wset-1"; allowed: one of eu-central-1, eu-central-2, eu-north-1, eu-south-1, eu-south-2, eu-west-1, eu-west-2, eu-west-3, or { unlisted: … } for a region that this version does not know',
  ],
  [
    "a misspelled former region of GovCloud",
    { formerRegions: ["us-gov-wset-1"] },
    'formerRegions[0]: found "us-gov-wset-1"; allowed: one of us-gov-east-1, us-gov-west-1, or { unlisted: … } for a region that this version does not know',
  ],
  [
    "an unlisted region that cannot be one",
    { regions: [{ unlisted: "Frankfurt" }] },
    'regions[0].unlisted: found "Frankfurt"; allowed: the name of a region, such as us-east-1',
  ],
  [
    "a former region of another partition",
    { formerRegions: ["us-gov-west-1"] },
    "regions: found us-east-1 of the partition aws and us-gov-west-1 of aws-us-gov; allowed: regions of one partition: an account is in one",
  ],
  [
    "an ECR registry of another partition",
    rule({ upstream: "ecr", registry: "444444444444.dkr.ecr.cn-north-1.amazonaws.com.cn" }),
    "rules[0].registry: found a registry in the partition aws-cn; allowed: one in aws, as the environment: ECR pulls from ECR within a partition only",
  ],
  [
    "an ECR registry in another partition's domain",
    rule({ upstream: "ecr", registry: "444444444444.dkr.ecr.cn-north-1.amazonaws.com" }),
    'rules[0].registry: found "444444444444.dkr.ecr.cn-north-1.amazonaws.com"; allowed: a private registry\'s host, such as "444444444444.dkr.ecr.us-east-1.amazonaws.com"',
  ],
  [
    "a region to adopt in that is not the environment's",
    rule({ adopt: [{ kinds: ["rule"], regions: ["eu-west-1"] }] }),
    'rules[0].adopt[0].regions[0]: found "eu-west-1"; allowed: regions of the environment: us-east-1',
  ],
  [
    "kinds to adopt without regions",
    rule({ adopt: [{ kinds: ["rule"] }] }),
    "rules[0].adopt[0].regions: found nothing; allowed: a list of regions",
  ],
  [
    "a region twice",
    { regions: ["us-east-1", "eu-west-1", "us-east-1"] },
    'regions[2]: found "us-east-1" again; allowed: each region once',
  ],
  [
    "a former region twice",
    { formerRegions: ["eu-west-1", "eu-west-1"] },
    'formerRegions[1]: found "eu-west-1" again; allowed: each region once',
  ],
  [
    "a region that is former too",
    { formerRegions: ["us-east-1"] },
    'formerRegions[0]: found "us-east-1", which is in regions; allowed: regions that the cache was removed from',
  ],
  [
    "regions of two partitions",
    { regions: ["us-east-1", "eusc-de-east-1"] },
    "regions: found us-east-1 of the partition aws and eusc-de-east-1 of aws-eusc; allowed: regions of one partition: an account is in one",
  ],

  // backend (each type's own settings: backend.test.ts)
  [
    "a backend that Terraform has not",
    { backend: { type: "etcd" } },
    `backend.type: found "etcd"; allowed: ${BACKENDS}`,
  ],
  [
    "a backend without a type",
    { backend: { bucket: "acme" } },
    `backend.type: found nothing; allowed: ${BACKENDS}`,
  ],
  [
    "a backend as a text",
    { backend: "s3" },
    'backend: found "s3"; allowed: a backend, { type: … }',
  ],

  // tags
  ["tags as a list", { tags: [] }, "tags: found an empty list; allowed: an object of tags"],
  ["a tag's value as a number", { tags: { team: 1 } }, `tags.team: found 1; allowed: ${TAG_VALUE}`],
  [
    "a tag's value with braces",
    { tags: { team: "${x}" } },
    `tags.team: found "\${x}"; allowed: ${TAG_VALUE}`,
  ],
  [
    "a tag's value of 257 letters",
    { tags: { team: "x".repeat(257) } },
    `tags.team: found "${"x".repeat(99)}… (259 characters); allowed: ${TAG_VALUE}`,
  ],
  [
    "a tag of AWS's own",
    { tags: { "AWS:team": "x" } },
    `tags["AWS:team"]: found the key "AWS:team"; allowed: ${TAG_KEY}`,
  ],
  ["a tag without a key", { tags: { "": "x" } }, `tags[""]: found the key ""; allowed: ${TAG_KEY}`],
  [
    "a tag's key of two lines",
    { tags: { "a\nb": "x" } },
    `tags["a\\nb"]: found the key "a\\nb"; allowed: ${TAG_KEY}`,
  ],
  [
    "a tag's key of 129 letters",
    { tags: { ["k".repeat(129)]: "x" } },
    `tags.${"k".repeat(129)}: found the key "${"k".repeat(99)}… (131 characters); allowed: ${TAG_KEY}`,
  ],
  [
    "tags that IAM takes for one",
    { tags: { Team: "a", team: "b" } },
    'tags.team: found the key "team" beside "Team"; allowed: keys that differ in more than case, which IAM ignores',
  ],
  [
    "51 tags",
    { tags: Object.fromEntries(quays(51).map(({ prefix }) => [prefix, "x"])) },
    "tags: found 51 tags; allowed: at most 50 tags",
  ],

  // rules
  ["no rules", { rules: undefined }, "rules: found nothing; allowed: a list of rules"],
  [
    "an empty list of rules",
    { rules: [] },
    "rules: found an empty list; allowed: at least one rule",
  ],
  [
    "rules as an object",
    { rules: { quay: {} } },
    "rules: found an object with quay; allowed: a list of rules",
  ],
  [
    "a rule as a text",
    { rules: ["quay"] },
    'rules[0]: found "quay"; allowed: a rule, { upstream: … }',
  ],
  [
    "a rule that is null",
    { rules: [null] },
    "rules[0]: found null; allowed: a rule, { upstream: … }",
  ],
  [
    "51 rules",
    { rules: quays(51) },
    "rules: found a list of 51; allowed: at most 50 rules, ECR's quota for an account and region",
  ],
  [
    "an upstream that ECR has not",
    rule({ upstream: "dockerhub" }),
    `rules[0].upstream: found "dockerhub"; allowed: ${UPSTREAMS}`,
  ],
  [
    "a rule without an upstream",
    rule({ upstream: undefined }),
    `rules[0].upstream: found nothing; allowed: ${UPSTREAMS}`,
  ],

  // prefixes
  [
    "a prefix of one letter",
    rule({ prefix: "q" }),
    `rules[0].prefix: found "q"; allowed: ${PREFIX}`,
  ],
  [
    "a prefix of one letter and a slash",
    rule({ prefix: "q/" }),
    `rules[0].prefix: found "q/"; allowed: ${PREFIX}`,
  ],
  [
    "a prefix of 31 letters",
    rule({ prefix: "q".repeat(31) }),
    `rules[0].prefix: found "${"q".repeat(31)}"; allowed: ${PREFIX}`,
  ],
  [
    "a prefix with an upper-case letter",
    rule({ prefix: "Quay" }),
    `rules[0].prefix: found "Quay"; allowed: ${PREFIX}`,
  ],
  [
    "a prefix that only ECR's API takes",
    rule({ prefix: "a--b" }),
    `rules[0].prefix: found "a--b"; allowed: ${PREFIX}`,
  ],
  [
    "a prefix that begins with a slash",
    rule({ prefix: "/quay" }),
    `rules[0].prefix: found "/quay"; allowed: ${PREFIX}`,
  ],
  ["a prefix that is empty", rule({ prefix: "" }), `rules[0].prefix: found ""; allowed: ${PREFIX}`],
  [
    "an upstream prefix with an underscore at its end",
    rule({ upstreamPrefix: "team_" }),
    `rules[0].upstreamPrefix: found "team_"; allowed: ${PREFIX}`,
  ],
  [
    "a prefix twice, once by default and once with a slash",
    { rules: [{ upstream: "quay" }, { upstream: "ecr-public", prefix: "quay/" }] },
    'rules[1].prefix: found "quay", as in rules[0]; allowed: a prefix once in an environment',
  ],
  [
    "prefixes with one token variable",
    { rules: [hub(), hub({ upstream: "chainguard", prefix: "docker.hub" })] },
    'rules[1].prefix: found "docker.hub", whose token variable docker_hub_access_token is also that of rules[0]; allowed: prefixes that differ in more than their separators',
  ],
  [
    "ROOT with an upstream prefix",
    { rules: [{ upstream: "k8s", prefix: "ROOT", upstreamPrefix: "team" }] },
    'rules[0].upstreamPrefix: found "team"; allowed: nothing with the prefix ROOT: ECR maps ROOT to all of the upstream',
  ],
  ...(
    [
      ["ecr-public", {}, "Amazon ECR Public"],
      ["quay", {}, "Quay"],
      ["docker-hub", { credential: { username: "acme-bot" } }, "Docker Hub"],
      [
        "github-container-registry",
        { credential: { username: "acme-bot" } },
        "GitHub Container Registry",
      ],
      [
        "gitlab-container-registry",
        { credential: { username: "acme-bot" }, allowPublicRoot: false },
        "GitLab Container Registry",
      ],
    ] as const
  ).map(
    ([upstream, rest, title]) =>
      [
        `ROOT over ${title}, where anybody can register a name`,
        { rules: [{ upstream, prefix: "ROOT", ...rest }] },
        `rules[0].prefix: found "ROOT" over ${title}, where anybody can register the name of an image of yours; allowed: another prefix; or ROOT with only, or with allowPublicRoot: true, see Dependency confusion in docs/upstreams.md`,
      ] as const,
  ),
  [
    "allowPublicRoot without ROOT",
    rule({ allowPublicRoot: true }),
    `rules[0].allowPublicRoot: found true; allowed: ${NO_OPEN_ROOT}`,
  ],
  [
    "allowPublicRoot with ROOT over an upstream whose names are its owner's",
    { rules: [{ upstream: "k8s", prefix: "ROOT", allowPublicRoot: true }] },
    `rules[0].allowPublicRoot: found true; allowed: ${NO_OPEN_ROOT}`,
  ],
  [
    "allowPublicRoot beside only",
    {
      rules: [{ upstream: "quay", prefix: "ROOT", only: ["prometheus/*"], allowPublicRoot: true }],
    },
    `rules[0].allowPublicRoot: found true; allowed: ${NO_OPEN_ROOT}`,
  ],
  [
    "only without entries",
    rule({ only: [] }),
    "rules[0].only: found an empty list; allowed: at least one repository; without only, all may be pulled",
  ],
  ...["*", "*/nginx", "org/", "org//app", "Org/app", "org/app:1", "docker.io/", "a/../b", "?"].map(
    (name) =>
      [
        `only with ${name}`,
        rule({ only: [name] }),
        `rules[0].only[0]: found "${name}"; allowed: ${ONLY}`,
      ] as const,
  ),
  [
    "only with an official image of Docker Hub without library/",
    { rules: [hub({ only: ["library/redis", "nginx"] })] },
    'rules[0].only[1]: found "nginx"; allowed: "library/nginx", as ECR names Docker Hub\'s official image',
  ],
  [
    "only with an entry twice",
    rule({ only: ["org/app", "org/app"] }),
    'rules[0].only[1]: found "org/app" again; allowed: each repository once',
  ],
  [
    "only with more entries than a registry policy can have",
    {
      ...rule({ only: Array.from({ length: 200 }, (_, index) => `organization-${index}/*`) }),
      access: { accounts: ["222222222222"] },
    },
    "access: found a registry policy of 14509 characters in us-east-1, with the 200 entries of only; allowed: at most 10240: fewer accounts, consumers, organizationPaths or registryStatements, or fewer or shorter prefixes, or fewer entries of only, such as grafana/* for several",
  ],
  [
    "only with more entries than the policies of a role can have",
    rule({ only: Array.from({ length: 900 }, (_, index) => `organization-${index}/*`) }),
    "rules: found 11 policies for each role that pulls, with the 900 entries of only; allowed: at most 10 of 6144 characters, IAM's quota for a role: fewer regions in one environment, or fewer or shorter prefixes, or fewer entries of only, such as grafana/* for several",
  ],
  [
    "allowPublicRoot that is neither true nor false",
    rule({ prefix: "ROOT", allowPublicRoot: "yes" }),
    'rules[0].allowPublicRoot: found "yes"; allowed: true or false',
  ],

  // credentials
  ...(
    [
      ["docker-hub", "Docker Hub"],
      ["github-container-registry", "GitHub Container Registry"],
      ["gitlab-container-registry", "GitLab Container Registry"],
      ["chainguard", "Chainguard"],
    ] as const
  ).map(
    ([upstream, title]) =>
      [
        `${title} without a credential`,
        rule({ upstream }),
        `rules[0].credential: found nothing; allowed: { username: … }: ECR takes no rule for ${title} without a credential`,
      ] as const,
  ),
  [
    "Azure without a credential",
    rule({ upstream: "azure-container-registry", registry: "acme.azurecr.io" }),
    "rules[0].credential: found nothing; allowed: { username: … }: ECR takes no rule for Azure Container Registry without a credential",
  ],
  ...(
    [
      ["ecr-public", "Amazon ECR Public"],
      ["quay", "Quay"],
      ["k8s", "Kubernetes"],
    ] as const
  ).map(
    ([upstream, title]) =>
      [
        `${title} with a credential`,
        rule({ upstream, credential: { username: "x" } }),
        `rules[0].credential: found an object with username; allowed: nothing: ECR pulls from ${title} without a credential`,
      ] as const,
  ),
  [
    "a private ECR registry with a credential",
    rule({
      upstream: "ecr",
      registry: "222222222222.dkr.ecr.us-east-1.amazonaws.com",
      credential: { username: "x" },
    }),
    "rules[0].credential: found an object with username; allowed: nothing: ECR pulls from Amazon ECR private registry without a credential",
  ],
  [
    "a credential without a user name",
    credential({ username: undefined }),
    `rules[0].credential.username: found nothing; allowed: ${USERNAME}`,
  ],
  [
    "a user name with a space",
    credential({ username: "acme bot" }),
    `rules[0].credential.username: found "acme bot"; allowed: ${USERNAME}`,
  ],
  [
    "a user name with a template",
    credential({ username: "${var.user}" }),
    `rules[0].credential.username: found "\${var.user}"; allowed: ${USERNAME}`,
  ],
  [
    "a version of zero",
    credential({ version: 0 }),
    "rules[0].credential.version: found 0; allowed: a whole number from 1",
  ],
  [
    "a version with a fraction",
    credential({ version: 1.5 }),
    "rules[0].credential.version: found 1.5; allowed: a whole number from 1",
  ],
  [
    "a recovery window of a day",
    credential({ recoveryWindowInDays: 1 }),
    "rules[0].credential.recoveryWindowInDays: found 1; allowed: 0, or a whole number of days from 7 to 30",
  ],
  [
    "a recovery window of more than 30 days",
    credential({ recoveryWindowInDays: 31 }),
    "rules[0].credential.recoveryWindowInDays: found 31; allowed: 0, or a whole number of days from 7 to 30",
  ],
  [
    "a version of a secret that exists already",
    credential({ version: 2, secretName: "ecr-pullthroughcache/x" }),
    "rules[0].credential.version: found 2; allowed: nothing beside secretName: the credentials stack makes no secret for this rule",
  ],
  [
    "a recovery window of a secret that exists already",
    credential({ recoveryWindowInDays: 0, secretName: "ecr-pullthroughcache/x" }),
    "rules[0].credential.recoveryWindowInDays: found 0; allowed: nothing beside secretName: the credentials stack makes no secret for this rule",
  ],
  [
    "a secret that ECR may not read",
    credential({ secretName: "docker-hub" }),
    `rules[0].credential.secretName: found "docker-hub"; allowed: ${SECRET_NAME}`,
  ],
  [
    "a secret whose name has a space",
    credential({ secretName: "ecr-pullthroughcache/a b" }),
    `rules[0].credential.secretName: found "ecr-pullthroughcache/a b"; allowed: ${SECRET_NAME}`,
  ],
  [
    "a secret by its ARN",
    credential({ secretName: "arn:aws:secretsmanager:us-east-1:1:secret:x" }),
    `rules[0].credential.secretName: found "arn:aws:secretsmanager:us-east-1:1:secret:x"; allowed: ${SECRET_NAME}`,
  ],

  // registries
  [
    "a registry for Quay",
    rule({ registry: "quay.acme.example" }),
    'rules[0].registry: found "quay.acme.example"; allowed: nothing: the registry of Quay is always quay.io',
  ],
  [
    "Azure without a registry",
    { rules: [hub({ upstream: "azure-container-registry" })] },
    'rules[0].registry: found nothing; allowed: the registry\'s login server, such as "acme.azurecr.io"',
  ],
  [
    "Azure with a registry of Azure China",
    { rules: [hub({ upstream: "azure-container-registry", registry: "acme.azurecr.cn" })] },
    'rules[0].registry: found "acme.azurecr.cn"; allowed: the registry\'s login server, such as "acme.azurecr.io"',
  ],
  [
    "Azure with a URL",
    { rules: [hub({ upstream: "azure-container-registry", registry: "https://acme.azurecr.io" })] },
    'rules[0].registry: found "https://acme.azurecr.io"; allowed: the registry\'s login server, such as "acme.azurecr.io"',
  ],
  [
    "private ECR without a registry",
    rule({ upstream: "ecr" }),
    'rules[0].registry: found nothing; allowed: a private registry\'s host, such as "444444444444.dkr.ecr.us-east-1.amazonaws.com"',
  ],
  [
    "private ECR with ECR Public",
    rule({ upstream: "ecr", registry: "public.ecr.aws" }),
    'rules[0].registry: found "public.ecr.aws"; allowed: a private registry\'s host, such as "444444444444.dkr.ecr.us-east-1.amazonaws.com"',
  ],
  [
    "its own registry as upstream",
    rule({ upstream: "ecr", registry: "111111111111.dkr.ecr.us-east-1.amazonaws.com" }),
    'rules[0].registry: found "111111111111.dkr.ecr.us-east-1.amazonaws.com", a registry of this environment; allowed: a registry of another account or region',
  ],

  // retention (the whole grammar: lifecycle-policy.test.ts)
  [
    "a retention of no images",
    { retention: { keepImages: 0 } },
    "retention.keepImages: found 0; allowed: a whole number from 1",
  ],
  [
    "a retention as a text",
    { retention: "10" },
    `retention: found "10"; allowed: ${LIFECYCLE_RULE}`,
  ],
  [
    "a retention that is null",
    { retention: null },
    `retention: found null; allowed: ${LIFECYCLE_RULE}`,
  ],
  [
    "a rule's retention with two rules for any image",
    rule({ retention: [{ keepImages: 1 }, { expireAfterDays: 1 }] }),
    'rules[0].retention[1]: found another rule for tagStatus "any"; allowed: one such rule for standard storage: such a rule must come last, so there is room for one',
  ],

  // encryption
  [
    "encryption as a text",
    rule({ encryption: "KMS" }),
    `rules[0].encryption: found "KMS"; allowed: ${ENCRYPTION}`,
  ],
  [
    "encryption of GovCloud",
    rule({ encryption: { type: "KMS_DSSE" } }),
    `rules[0].encryption.type: found "KMS_DSSE"; allowed: ${ENCRYPTION}`,
  ],
  [
    "KMS without a key",
    kms(undefined),
    `rules[0].encryption.kmsKey: found nothing; allowed: ${KMS_KEY}`,
  ],
  [
    "KMS with an alias",
    kms("arn:aws:kms:us-east-1:111111111111:alias/acme"),
    `rules[0].encryption.kmsKey: found "arn:aws:kms:us-east-1:111111111111:alias/acme"; allowed: ${KMS_KEY}`,
  ],
  [
    "KMS with a bare id in a list",
    kms([kmsKey("us-east-1"), "1234abcd"]),
    `rules[0].encryption.kmsKey[1]: found "1234abcd"; allowed: ${KMS_KEY}`,
  ],
  [
    "KMS with an empty list",
    kms([]),
    `rules[0].encryption.kmsKey: found an empty list; allowed: ${KMS_KEY}`,
  ],
  [
    "a key of another partition",
    kms("arn:aws-cn:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd"),
    "rules[0].encryption.kmsKey: found a key in the partition aws-cn; allowed: aws, the partition of us-east-1",
  ],
  [
    "a key of another region",
    kms(kmsKey("eu-west-1")),
    "rules[0].encryption.kmsKey: found a key in eu-west-1; allowed: one key in each region: us-east-1",
  ],
  [
    "two keys of one region",
    kms([kmsKey("us-east-1"), kmsKey("us-east-1")]),
    "rules[0].encryption.kmsKey: found keys in us-east-1, us-east-1; allowed: one key in each region: us-east-1",
  ],
  [
    "one key for two regions",
    { ...kms(kmsKey("eu-west-1")), regions: ["us-east-1", "eu-west-1"] },
    "rules[0].encryption.kmsKey: found a key in eu-west-1; allowed: one key in each region: eu-west-1, us-east-1",
  ],
  [
    "a key without KMS",
    rule({ encryption: { type: "AES256", kmsKey: kmsKey("us-east-1") } }),
    "rules[0].encryption.kmsKey: found an unknown key; allowed: type",
  ],

  // adoption and tags of images
  ["adopt as a text", rule({ adopt: "yes" }), `rules[0].adopt: found "yes"; allowed: ${ADOPT}`],
  [
    "adopt with what is not made",
    rule({ adopt: ["repository"] }),
    `rules[0].adopt[0]: found "repository"; allowed: ${ADOPT}`,
  ],
  [
    "adopt of a secret where none is made",
    rule({ adopt: ["rule", "secret"] }),
    'rules[0].adopt: found "secret"; allowed: rule and template: the credentials stack makes no secret for this rule',
  ],
  [
    "adopt of a secret that is somebody else's",
    {
      rules: [
        hub({
          adopt: ["secret"],
          credential: { username: "x", secretName: "ecr-pullthroughcache/x" },
        }),
      ],
    },
    'rules[0].adopt: found "secret"; allowed: rule and template: the credentials stack makes no secret for this rule',
  ],
  [
    "immutable tags",
    rule({ imageTagMutability: "IMMUTABLE" }),
    `rules[0].imageTagMutability: found "IMMUTABLE"; allowed: ${MUTABLE}`,
  ],
  [
    "immutable tags with exceptions",
    rule({ imageTagMutability: "IMMUTABLE_WITH_EXCLUSION" }),
    `rules[0].imageTagMutability: found "IMMUTABLE_WITH_EXCLUSION"; allowed: ${MUTABLE}`,
  ],

  // access
  [
    "access as a list",
    { access: ["codebuild"] },
    "access: found a list of 1; allowed: { roles: […], accounts: […], consumers: […], organizations: […], organizationPaths: […], registryStatements: […] }",
  ],
  [
    "roles as a text",
    { access: { roles: "codebuild" } },
    'access.roles: found "codebuild"; allowed: a list of role names',
  ],
  [
    "a role by its ARN",
    { access: { roles: ["arn:aws:iam::111111111111:role/x"] } },
    `access.roles[0]: found "arn:aws:iam::111111111111:role/x"; allowed: ${ROLE}`,
  ],
  [
    "a role of 65 letters",
    { access: { roles: ["r".repeat(65)] } },
    `access.roles[0]: found "${"r".repeat(65)}"; allowed: ${ROLE}`,
  ],
  [
    "a role twice",
    { access: { roles: ["ci", "ci"] } },
    'access.roles[1]: found "ci" again; allowed: each role once, whatever its case',
  ],
  [
    "another account that is none",
    { access: { accounts: ["222"] } },
    'access.accounts[0]: found "222"; allowed: 12 digits, as text',
  ],
  [
    "another account twice",
    { access: { accounts: ["222222222222", "222222222222"] } },
    'access.accounts[1]: found "222222222222" again; allowed: each account once',
  ],
  [
    "its own account as another",
    { access: { accounts: ["111111111111"] } },
    'access.accounts[0]: found "111111111111", the environment\'s own account; allowed: other accounts; roles of this account go into access.roles',
  ],
  [
    "more accounts than a registry policy holds",
    { access: { accounts: accounts(310) } },
    "access: found a registry policy of 10471 characters in us-east-1; allowed: at most 10240: fewer accounts, consumers, organizationPaths or registryStatements, or fewer or shorter prefixes",
  ],
  [
    "statements of others that are too long for a registry policy",
    others({ Principal: { AWS: accounts(700) } }),
    "access: found a registry policy of 10644 characters in us-east-1; allowed: at most 10240: fewer accounts, consumers, organizationPaths or registryStatements, or fewer or shorter prefixes",
  ],
  [
    "a statement of others that is the project's own",
    others({ Sid: "FillPullThroughCache" }),
    'access.registryStatements[0].Sid: found "FillPullThroughCache"; allowed: another one: this is one of the project\'s own statements',
  ],
  [
    "a statement of others without a principal",
    others({ Principal: undefined }),
    "access.registryStatements[0].Principal: found nothing; allowed: either Principal or NotPrincipal",
  ],
  [
    "a statement of others with actions and exceptions",
    others({ NotAction: "ecr:*" }),
    "access.registryStatements[0].Action: found Action and NotAction; allowed: either Action or NotAction",
  ],
  [
    "a statement of others about another registry",
    others({ Resource: "arn:aws:ecr:us-east-1:222222222222:repository/*" }),
    'access.registryStatements[0].Resource: found "arn:aws:ecr:us-east-1:222222222222:repository/*"; allowed: repositories of the account 111111111111',
  ],
  [
    "a statement of others about another region",
    others({ Resource: "arn:aws:ecr:eu-west-1:111111111111:repository/*" }),
    'access.registryStatements[0].Resource: found "arn:aws:ecr:eu-west-1:111111111111:repository/*"; allowed: repositories in us-east-1',
  ],
  [
    "a statement of others with another service's action",
    others({ Action: "s3:GetObject" }),
    'access.registryStatements[0].Action: found "s3:GetObject"; allowed: actions of ECR, such as "ecr:ReplicateImage", or "*"',
  ],
  [
    "an organization that is an account",
    { access: { organizations: ["222222222222"] } },
    'access.organizations[0]: found "222222222222"; allowed: an organization\'s id, such as o-abc123def4',
  ],
  [
    "a path in an organization that ends in the middle of a unit's name",
    { access: { organizationPaths: ["o-abc123def4/r-ab12/ou-ab12-1111*"] } },
    'access.organizationPaths[0]: found "o-abc123def4/r-ab12/ou-ab12-1111*"; allowed: a path in an organization that ends with / or /*, such as o-abc123def4/r-ab12/ou-ab12-11111111/*',
  ],
  [
    "a path in any organization",
    { access: { organizationPaths: ["*/r-ab12/*"] } },
    'access.organizationPaths[0]: found "*/r-ab12/*"; allowed: a path in an organization that ends with / or /*, such as o-abc123def4/r-ab12/ou-ab12-11111111/*',
  ],
  [
    "a path in an organization that may pull as a whole",
    {
      access: {
        organizations: ["o-abc123def4"],
        organizationPaths: ["o-abc123def4/r-ab12/ou-ab12-11111111/*"],
      },
    },
    'access.organizationPaths[0]: found "o-abc123def4/r-ab12/ou-ab12-11111111/*", whose organization is in access.organizations; allowed: paths of other organizations',
  ],
  [
    "the adoption of a registry policy that the environment does not have",
    { adopt: ["registry-policy"] },
    'adopt: found "registry-policy"; allowed: nothing: without others in access and access.registryStatements there is no registry policy',
  ],
  [
    "more repositories than a role's policy holds",
    {
      tags: { team: "x" },
      regions: ["us-east-1", "us-east-2", "us-west-1", "us-west-2"],
      rules: quays(50),
    },
    "regions: found a policy of 11709 characters for the role that makes repositories; allowed: at most 10240: fewer regions in one environment, or fewer or shorter prefixes",
  ],

  // unknown keys
  [
    "a key that environments have not",
    { region: "us-east-1" },
    `region: found an unknown key; allowed: ${KEYS}`,
  ],
  [
    "a key that rules have not",
    rule({ url: "quay.io" }),
    `rules[0].url: found an unknown key; allowed: ${RULE_KEYS}`,
  ],
  [
    "a consumer that is text",
    { access: { consumers: ["222222222222"] } },
    'access.consumers[0]: found "222222222222"; allowed: a consumer, { account: …, roles: […] }',
  ],
  [
    "a consumer without roles",
    { access: { consumers: [{ account: "222222222222", roles: [] }] } },
    "access.consumers[0].roles: found an empty list; allowed: at least one role; an account without a stack is one of access.accounts",
  ],
  [
    "a consumer that is the environment's own account",
    { access: { consumers: [consumer({ account: "111111111111" })] } },
    'access.consumers[0].account: found "111111111111", the environment\'s own account; allowed: other accounts; roles of this account go into access.roles',
  ],
  [
    "a consumer twice",
    { access: { consumers: [consumer(), consumer({ roles: ["ci"] })] } },
    'access.consumers[1].account: found "222222222222" again; allowed: each account once, with all of its roles',
  ],
  [
    "a consumer that is in access.accounts too",
    { access: { accounts: ["222222222222"], consumers: [consumer()] } },
    'access.consumers[0].account: found "222222222222", which is in access.accounts; allowed: an account in one of the two: a consumer may pull',
  ],
  [
    "a role of a consumer twice",
    { access: { consumers: [consumer({ roles: ["tasks", "Tasks"] })] } },
    'access.consumers[0].roles[1]: found "Tasks" beside "tasks"; allowed: each role once, whatever its case',
  ],
  [
    "a consumer with a role of another account",
    {
      access: {
        consumers: [
          consumer({ assumeRole: { roleArn: "arn:aws:iam::111111111111:role/deployer" } }),
        ],
      },
    },
    "access.consumers[0].assumeRole.roleArn: found a role of 111111111111 in the partition aws; allowed: a role of account 222222222222 in the partition aws: the provider refuses every other account",
  ],
  [
    "a secret in the backend of a consumer",
    { access: { consumers: [consumer({ backend: { ...S3, endpoints: { token: "s3cr3t" } } })] } },
    "access.consumers[0].backend.endpoints.token: found a string; allowed: no secret in a file; Terraform reads secrets from its environment",
  ],
  [
    "another stack's settings in the backend of a consumer",
    { access: { consumers: [consumer({ backend: { ...S3, stacks: { cache: { key: "x" } } } })] } },
    "access.consumers[0].backend.stacks.cache: found settings of a stack that is not the consumer's; allowed: consumer",
  ],
  [
    "a schema that is too long for a consumer's stack",
    {
      backend: { type: "pg", schemaPrefix: "terraform_states_of_the_acme_platform_team_" },
      access: { consumers: [consumer()] },
    },
    'backend: found "terraform_states_of_the_acme_platform_team_dev-consumer-222222222222" for stack dev-consumer-222222222222; allowed: a schema of at most 63 ASCII characters',
  ],
  [
    "a key that access has not",
    { access: { users: [] } },
    "access.users: found an unknown key; allowed: roles, accounts, consumers, organizations, organizationPaths, registryStatements",
  ],

  // versions of the provider
  [
    "a provider that is too old",
    { awsProviderVersion: "~> 5.80" },
    `awsProviderVersion: found "~> 5.80"; allowed: ${PROVIDER}`,
  ],
  [
    "a provider without an upper bound",
    { awsProviderVersion: ">= 6.0" },
    `awsProviderVersion: found ">= 6.0"; allowed: ${PROVIDER}`,
  ],
  [
    "a provider that is no constraint",
    { awsProviderVersion: "latest" },
    `awsProviderVersion: found "latest"; allowed: ${PROVIDER}`,
  ],
  [
    "a provider that is empty",
    { awsProviderVersion: "" },
    `awsProviderVersion: found ""; allowed: ${PROVIDER}`,
  ],
  [
    "a role to assume by its name",
    { assumeRole: { roleArn: "deployer" } },
    'assumeRole.roleArn: found "deployer"; allowed: the ARN of an IAM role, arn:PARTITION:iam::ACCOUNT:role/NAME',
  ],
  [
    "a role to assume of another account",
    { assumeRole: { roleArn: "arn:aws:iam::222222222222:role/deployer" } },
    "assumeRole.roleArn: found a role of 222222222222 in the partition aws; allowed: a role of account 111111111111 in the partition aws: the provider refuses every other account",
  ],
  [
    "a session name with a space",
    {
      assumeRole: { roleArn: "arn:aws:iam::111111111111:role/deployer", sessionName: "a b" },
    },
    'assumeRole.sessionName: found "a b"; allowed: 2 to 64 letters, digits and + = , . @ _ -',
  ],
  [
    "a profile's section",
    { profile: "[profile acme]" },
    'profile: found "[profile acme]"; allowed: the name of a profile, without white space and [ ]',
  ],
  [
    "a boundary by its name",
    { permissionsBoundary: "platform" },
    'permissionsBoundary: found "platform"; allowed: the ARN of an IAM policy, arn:PARTITION:iam::ACCOUNT:policy/NAME',
  ],
  [
    "a boundary of another account",
    { permissionsBoundary: "arn:aws:iam::222222222222:policy/platform" },
    "permissionsBoundary: found a policy of 222222222222 in the partition aws; allowed: a policy of account 111111111111 in the partition aws, or one of AWS's there",
  ],
  [
    "a boundary of another partition",
    { permissionsBoundary: "arn:aws-cn:iam::aws:policy/PowerUserAccess" },
    "permissionsBoundary: found a policy of aws in the partition aws-cn; allowed: a policy of account 111111111111 in the partition aws, or one of AWS's there",
  ],
  [
    "a path of roles without its last slash",
    { rolePath: "/platform" },
    'rolePath: found "/platform"; allowed: a path of at most 512 letters, digits and + = , . @ _ - / that begins and ends with /',
  ],
  [
    "a provider as a number",
    { awsProviderVersion: 6 },
    `awsProviderVersion: found 6; allowed: ${PROVIDER}`,
  ],
];

describe("a wrong environment", () => {
  test.each(wrong)("an environment is refused in one line: %s", (_what, change, line) => {
    expect(messageOf(change)).toBe(`environment dev: ${line}`);
  });

  test.each([
    ["nothing", undefined, "environment without a name", "nothing"],
    ["a number", 7, "environment without a name", "7"],
    ["a name that is empty", "", "environment without a name", '""'],
    ["a name that begins with a digit", "2nd", "environment 2nd", '"2nd"'],
    [
      "a name of 33 letters",
      "x".repeat(33),
      `environment ${"x".repeat(33)}`,
      `"${"x".repeat(33)}"`,
    ],
    ["a name of two lines", "a\nb", 'environment "a\\nb"', '"a\\nb"'],
    [
      "the name of another's credentials stack",
      "dev-credentials",
      "environment dev-credentials",
      '"dev-credentials"',
    ],
  ])("the name of an environment is refused in one line: %s", (_what, name, where, found) => {
    expect(messageOf({ name })).toBe(`${where}: name: found ${found}; allowed: ${NAME}`);
  });

  test.each([
    ["null", null, "null"],
    ["a list", [sound], "a list of 1"],
    ["a text", "dev", '"dev"'],
  ])("an environment that is %s is refused in one line", (_what, input, found) => {
    expect(userErrorOf(() => defineEnvironment(input as unknown as EnvironmentInput))).toBe(
      `environment without a name: found ${found}; allowed: an environment, { name, account, regions, rules, … }`,
    );
  });

  test("all problems of an environment are reported together, a line for each", () => {
    const message = messageOf({
      account: "1",
      regions: ["us-east-1", "us-east-1"],
      tags: { "aws:a": "x" },
      rules: [
        { upstream: "docker-hub" },
        { upstream: "quay", prefix: "Q", registry: "quay.io" },
        { upstream: "ecr-public", retention: { keepImages: -1 } },
        { upstream: "ecr-public", adopt: ["secret"] },
      ],
      access: { accounts: ["x"] },
      extra: true,
    });
    expect(message.split("\n").map((line) => line.split("; allowed: ")[0])).toEqual([
      'environment dev: account: found "1"',
      "environment dev: rules[0].credential: found nothing",
      'environment dev: rules[1].prefix: found "Q"',
      'environment dev: rules[1].registry: found "quay.io"',
      'environment dev: access.accounts[0]: found "x"',
      "environment dev: extra: found an unknown key",
      'environment dev: regions[1]: found "us-east-1" again',
      'environment dev: rules[3].prefix: found "ecr-public", as in rules[2]',
      "environment dev: rules[2].retention.keepImages: found -1",
      'environment dev: tags["aws:a"]: found the key "aws:a"',
      'environment dev: rules[3].adopt: found "secret"',
    ]);
  });

  test("every unknown key of an object is a problem of its own", () => {
    expect(messageOf(rule({ url: 1, host: 2 })).split("\n")).toEqual([
      `environment dev: rules[0].url: found an unknown key; allowed: ${RULE_KEYS}`,
      `environment dev: rules[0].host: found an unknown key; allowed: ${RULE_KEYS}`,
    ]);
  });

  const TOKEN = "dckr_pat_s3cr3t";
  test.each<[string, Change, string[]]>([
    [
      "a token in a credential",
      credential({ accessToken: TOKEN, note: "x" }),
      [
        "rules[0].credential.accessToken: found an unknown key; allowed: username, version, recoveryWindowInDays, secretName; the token is in no file: it is a variable of the credentials stack",
        "rules[0].credential.note: found an unknown key; allowed: username, version, recoveryWindowInDays, secretName",
      ],
    ],
    [
      "a token as a credential",
      rule({ upstream: "docker-hub", credential: TOKEN }),
      [
        "rules[0].credential: found a string; allowed: { username: … }: ECR takes no rule for Docker Hub without a credential",
      ],
    ],
    [
      "a token in a list",
      rule({ upstream: "docker-hub", credential: ["acme", TOKEN] }),
      [
        "rules[0].credential: found a list of 2; allowed: { username: … }: ECR takes no rule for Docker Hub without a credential",
      ],
    ],
    [
      "a token as a version",
      credential({ version: TOKEN }),
      ["rules[0].credential.version: found a string; allowed: a whole number from 1"],
    ],
    [
      "a token where none is taken",
      rule({ credential: TOKEN }),
      [
        "rules[0].credential: found a string; allowed: nothing: ECR pulls from Quay without a credential",
      ],
    ],
    [
      "a token in an unknown key",
      { token: TOKEN },
      [`token: found an unknown key; allowed: ${KEYS}`],
    ],
    [
      "a backend's secret",
      { backend: { type: "s3", bucket: "b", region: "us-east-1", secretKey: TOKEN } },
      [
        "backend.secretKey: found an unknown key; allowed: no secret in a file; Terraform reads it from AWS_SECRET_ACCESS_KEY or a profile",
      ],
    ],
    [
      "a password in a URL",
      { backend: { type: "pg", connStr: `postgres://acme:${TOKEN}/p@ss@db.acme.example/state` } },
      [
        'backend.connStr: found "postgres://acme:…@db.acme.example/state"; allowed: a connection without a password; Terraform reads it from PGPASSWORD or PG_CONN_STR',
      ],
    ],
    [
      "a password in a connection string",
      { backend: { type: "pg", connStr: `host=db password = 'my ${TOKEN}' user=acme` } },
      [
        'backend.connStr: found "host=db password = … user=acme"; allowed: a connection without a password; Terraform reads it from PGPASSWORD or PG_CONN_STR',
      ],
    ],
    [
      "a password in an address",
      { backend: { type: "http", address: `https://acme:${TOKEN}@state.acme.example` } },
      [
        'backend.address: found "https://acme:…@state.acme.example"; allowed: an http or https address without user name, password and query; Terraform reads credentials from TF_HTTP_USERNAME and TF_HTTP_PASSWORD',
      ],
    ],
  ])("the message about a wrong environment does not repeat %s", (_what, change, lines) => {
    const message = messageOf(change);
    expect(message.split("\n")).toEqual(lines.map((line) => `environment dev: ${line}`));
    expect(message).not.toContain("s3cr3t");
  });

  test("a wrong environment gives a UserError of one line a problem, whatever JavaScript it is", () => {
    const anyEnvironment = fc.record(
      {
        name: fc.oneof(fc.constant("dev"), fc.anything()),
        account: fc.oneof(fc.constant("111111111111"), fc.anything()),
        regions: fc.oneof(fc.constant(["us-east-1"]), fc.array(fc.anything()), fc.anything()),
        formerRegions: fc.oneof(fc.array(fc.anything()), fc.anything()),
        backend: fc.oneof(fc.record({ type: fc.anything() }), fc.anything()),
        tags: fc.oneof(fc.dictionary(fc.string(), fc.anything()), fc.anything()),
        rules: fc.oneof(
          fc.array(
            fc.record(
              {
                upstream: fc.oneof(fc.constantFrom(...upstreamNames), fc.anything()),
                prefix: fc.anything(),
                upstreamPrefix: fc.anything(),
                registry: fc.anything(),
                credential: fc.oneof(fc.record({ username: fc.anything() }), fc.anything()),
                retention: fc.oneof(
                  fc.record({ keepImages: fc.anything(), tagPrefixList: fc.anything() }),
                  fc.anything(),
                ),
                encryption: fc.oneof(
                  fc.record({ type: fc.constant("KMS"), kmsKey: fc.anything() }),
                  fc.anything(),
                ),
                adopt: fc.anything(),
              },
              { requiredKeys: ["upstream"] },
            ),
          ),
          fc.anything(),
        ),
        access: fc.oneof(
          fc.record({ roles: fc.anything(), accounts: fc.array(fc.anything()) }),
          fc.anything(),
        ),
        awsProviderVersion: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anyEnvironment, (input) => {
        try {
          defineEnvironment(input as unknown as EnvironmentInput);
        } catch (error) {
          expect(error).toMatchObject({ name: "UserError" });
          for (const line of (error as Error).message.split("\n")) {
            expect(line).toMatch(/^environment [^\n]*: found [^\n]+; allowed: [^\n]+$/);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("an environment", () => {
  test("an environment has every default filled in", () => {
    expect(define()).toEqual({
      name: "dev",
      account: "111111111111",
      adopt: [],
      regions: ["us-east-1"],
      formerRegions: [],
      rolePath: "/",
      backend: { type: "local" },
      tags: {},
      rules: [
        {
          upstream: "quay",
          prefix: "quay",
          upstreamUrl: "quay.io",
          lifecyclePolicy: lifecyclePolicy({ keepImages: 10 }),
          encryption: { type: "AES256" },
          adopt: { rule: [], template: [], secret: [] },
        },
      ],
      access: { roles: [], accounts: [], consumers: [], organizations: [], organizationPaths: [] },
      awsProviderVersion: ">= 5.100.0, < 7.0.0",
    });
  });

  test("a consumer has the environment's backend and, to assume its role, the environment's profile", () => {
    const assumeRole = { roleArn: "arn:aws:iam::222222222222:role/deployer" };
    const { access } = define({
      backend: S3,
      profile: "acme",
      access: {
        consumers: [
          consumer({ assumeRole }),
          consumer({ account: "333333333333" }),
          consumer({ account: "444444444444", profile: "team", backend: { type: "local" } }),
        ],
      },
    });
    expect(access.consumers).toEqual([
      {
        account: "222222222222",
        roles: ["tasks"],
        backend: S3,
        profile: "acme",
        assumeRole: { ...assumeRole, sessionName: "ecr-cache" },
      },
      { account: "333333333333", roles: ["tasks"], backend: S3 },
      {
        account: "444444444444",
        roles: ["tasks"],
        backend: { type: "local" },
        profile: "team",
      },
    ]);
  });

  test("a rule has its upstream's URL and default prefix", () => {
    const { rules } = define({ rules: upstreamNames.map(exampleRule) });
    expect(
      rules.map(({ upstream, upstreamUrl, prefix }) => [upstream, upstreamUrl, prefix]),
    ).toEqual(
      upstreamNames.map((name) => {
        const { url, registry, defaultPrefix } = upstreamOf(name);
        return [name, url ?? registry?.example, defaultPrefix];
      }),
    );
  });

  test("the secret of a credential is named by the prefix, unless it exists already", () => {
    const environment = define({
      rules: [
        hub(),
        hub({
          prefix: "team/hub",
          credential: { username: "acme-bot", version: 4, recoveryWindowInDays: 0 },
        }),
        hub({
          upstream: "chainguard",
          credential: { username: "acme", secretName: "ecr-pullthroughcache/shared/cgr" },
        }),
        { upstream: "quay" },
      ],
    });
    expect(environment.rules.map((each) => each.credential)).toEqual([
      {
        username: "acme-bot",
        version: 1,
        secretName: "ecr-pullthroughcache/docker-hub",
        managed: true,
      },
      {
        username: "acme-bot",
        version: 4,
        recoveryWindowInDays: 0,
        secretName: "ecr-pullthroughcache/team/hub",
        managed: true,
      },
      {
        username: "acme",
        version: 1,
        secretName: "ecr-pullthroughcache/shared/cgr",
        managed: false,
      },
      undefined,
    ]);
    expect(managedRules(environment).map(({ prefix }) => prefix)).toEqual([
      "docker-hub",
      "team/hub",
    ]);
  });

  test("a prefix has no trailing slash, which ECR implies, and ROOT is no upstream prefix", () => {
    const { rules } = define({
      rules: [
        { upstream: "quay", prefix: "mirrors/quay.io/", upstreamPrefix: "team-a/" },
        { upstream: "k8s", upstreamPrefix: "ROOT" },
        { upstream: "ecr-public", prefix: "ROOT", only: ["docker/library/*", "a-b_c.d/*-x"] },
      ],
    });
    expect(rules.map((each) => [each.prefix, each.upstreamPrefix])).toEqual([
      ["mirrors/quay.io", "team-a"],
      ["kubernetes", undefined],
      ["ROOT", undefined],
    ]);
  });

  test("the retention of an environment is that of every rule without one of its own", () => {
    const { rules } = define({
      retention: { keepImages: 3 },
      rules: [{ upstream: "quay" }, { upstream: "k8s", retention: { expireAfterDays: 30 } }],
    });
    expect(rules.map((each) => each.lifecyclePolicy)).toEqual([
      lifecyclePolicy({ keepImages: 3 }),
      lifecyclePolicy({ expireAfterDays: 30 }),
    ]);
  });

  test("the KMS keys of a rule are listed by region", () => {
    const both = [kmsKey("eu-west-1"), kmsKey("us-east-1")];
    expect(
      define({ ...kms(both), regions: ["us-east-1", "eu-west-1"] }).rules[0]?.encryption,
    ).toEqual({
      type: "KMS",
      kmsKeys: { "us-east-1": kmsKey("us-east-1"), "eu-west-1": kmsKey("eu-west-1") },
    });
    expect(define(kms(kmsKey("us-east-1"))).rules[0]?.encryption).toEqual({
      type: "KMS",
      kmsKeys: { "us-east-1": kmsKey("us-east-1") },
    });
  });

  test.each([
    [undefined, [], []],
    [false, [], []],
    [true, ["us-east-1", "eu-west-1"], ["us-east-1", "eu-west-1"]],
    [["rule"], ["us-east-1", "eu-west-1"], []],
    [[{ kinds: ["rule"], regions: ["eu-west-1"] }], ["eu-west-1"], []],
    [
      ["template", { kinds: ["rule", "template"], regions: ["eu-west-1"] }],
      ["eu-west-1"],
      ["us-east-1", "eu-west-1"],
    ],
  ])(
    "with `adopt: %j`, a rule is imported in %j and its template in %j",
    (adopt, rules, templates) => {
      const regions = ["us-east-1", "eu-west-1"];
      const {
        rules: [found],
      } = define({ regions, ...rule({ adopt }) });
      expect(found?.adopt).toMatchObject({ rule: rules, template: templates });
    },
  );

  test.each(["cn-north-1", "us-gov-west-1", "eusc-de-east-1"])(
    "an environment is accepted in %s, with an ECR registry of its partition as upstream",
    (name) => {
      const registry = registryHost("444444444444", name);
      const { rules, regions } = define({
        regions: [name],
        ...rule({ upstream: "ecr", registry }),
      });
      expect(regions).toEqual([name]);
      expect(rules[0]?.upstreamUrl).toBe(registry);
    },
  );

  test("an environment is accepted in a region that this version does not know, if it says so", () => {
    const unlisted = { unlisted: "eu-wset-1" };
    const { regions, formerRegions } = define({
      regions: ["us-east-1", unlisted],
      formerRegions: [{ unlisted: "eu-wset-2" }],
    });
    expect([...regions, ...formerRegions]).toEqual(["us-east-1", "eu-wset-1", "eu-wset-2"]);
    expect(messageOf({ regions: ["eu-west-1", { unlisted: "eu-west-1" }] })).toBe(
      'environment dev: regions[1]: found "eu-west-1" again; allowed: each region once',
    );
  });

  test("an environment in China is accepted with a warning, and others are without one", () => {
    expect(environmentWarnings(define({ regions: ["cn-north-1"] }))).toEqual([
      "environment dev: AWS has not announced ECR's pull-through cache for its China regions; pull an image through each rule in cn-north-1 before you rely on it",
    ]);
    expect(environmentWarnings(define())).toEqual([]);
  });

  test.each([
    "~> 6",
    "~> 6.0",
    "~> 6.28.1",
    ">= 5.100.0, < 6.0.0",
    ">= 5.100.0, < 7.0.0",
    ">= 6.21, < 7",
    "6.28.0",
    "= 6.1",
    "~> 6.0, != 6.3.0",
    "~> 5.100",
  ])("an environment may narrow the versions of the provider to %s", (awsProviderVersion) => {
    expect(define({ awsProviderVersion }).awsProviderVersion).toBe(awsProviderVersion);
  });

  test.each([
    "~> 5",
    "~> 5.99",
    "> 5.100.0",
    ">= 5.100.0, <= 7.0.0",
    "!= 6.0.0",
    "~> 7.0",
    "6.0.0-beta1",
    "~> 6.0,",
  ])("an environment may not widen the versions of the provider to %s", (awsProviderVersion) => {
    expect(messageOf({ awsProviderVersion })).toBe(
      `environment dev: awsProviderVersion: found "${awsProviderVersion}"; allowed: ${PROVIDER}`,
    );
  });

  test("an environment just within every limit is accepted", () => {
    expect(() => define({ rules: quays(50) })).not.toThrow();
    expect(() =>
      define({ access: { accounts: accounts(300), roles: ["r".repeat(64)] } }),
    ).not.toThrow();
    expect(() => define({ name: "x".repeat(32) })).not.toThrow();
    expect(() => define(rule({ prefix: "q".repeat(30) }))).not.toThrow();
    expect(() => define(rule({ prefix: "qu" }))).not.toThrow();
    expect(() =>
      define({ tags: { ["k".repeat(128)]: "v".repeat(256), "Kosten Stelle:/=+-@_.": "" } }),
    ).not.toThrow();
    expect(() =>
      define(rule({ upstream: "ecr", registry: "111111111111.dkr.ecr.eu-west-1.amazonaws.com" })),
    ).not.toThrow();
  });

  test("an environment shares nothing with its input that could still change", () => {
    const input = {
      ...sound,
      regions: ["us-east-1"],
      tags: { team: "platform" },
      access: { roles: ["ci"] },
    };
    const environment = define(input);
    input.regions.push("eu-west-1");
    input.tags.team = "other";
    input.access.roles.push("other");
    expect(environment).toMatchObject({
      regions: ["us-east-1"],
      tags: { team: "platform" },
      access: { roles: ["ci"] },
    });
  });
});

describe("a token variable", () => {
  test.each([
    ["docker-hub", "docker_hub_access_token"],
    ["mirrors/quay.io", "mirrors_quay_io_access_token"],
    ["ROOT", "root_access_token"],
    ["2nd-hub", "upstream_2nd_hub_access_token"],
  ])("the variable for the token of the prefix %s is %s", (prefix, variable) => {
    expect(tokenVariable(prefix)).toBe(variable);
  });
});

describe("environments together", () => {
  const other = (change: Change) =>
    define({ name: "other", rules: [{ upstream: "k8s" }], ...change });
  const linesOf = (...all: ReturnType<typeof define>[]) =>
    userErrorOf(() => checkEnvironments(all)).split("\n");

  test("the sample environments are accepted together, and beside one with every option", () => {
    expect(() => checkEnvironments([...environments, maximal])).not.toThrow();
  });

  test("two environments may share a prefix in different accounts or regions", () => {
    expect(() =>
      checkEnvironments([
        define(),
        define({ name: "elsewhere", regions: ["eu-west-1"] }),
        define({ name: "theirs", account: "222222222222" }),
      ]),
    ).not.toThrow();
  });

  test("two environments must not share a name, not even in another case", () => {
    expect(
      linesOf(define(), other({ name: "DEV" }), other({ name: "dev", account: "222222222222" })),
    ).toEqual([
      'environments[1]: name: found "DEV", beside "dev" in environments[0]; allowed: a name once, whatever its case',
      'environments[2]: name: found "dev", beside "dev" in environments[0]; allowed: a name once, whatever its case',
    ]);
  });

  test("two environments must not share a prefix in one account and region", () => {
    expect(
      linesOf(
        define({ regions: ["us-east-1", "eu-west-1"] }),
        other({ regions: ["eu-west-1"], rules: [{ upstream: "ecr-public", prefix: "quay" }] }),
      ),
    ).toEqual([
      'environment other: rules: found prefix "quay", which environment dev has too for account 111111111111 in eu-west-1; allowed: a prefix in one environment of an account and region',
    ]);
  });

  test("environments must not have more than 50 rules in one account and region together", () => {
    const of = (name: string, start: number, length: number) =>
      define({
        name,
        rules: Array.from({ length }, (_, index) => ({
          upstream: "quay",
          prefix: `quay-${start + index}`,
        })),
      });
    expect(() => checkEnvironments([of("a", 0, 25), of("b", 25, 25)])).not.toThrow();
    expect(linesOf(of("a", 0, 25), of("b", 25, 26))).toEqual([
      "environments a, b: rules: found 51 rules for account 111111111111 in us-east-1; allowed: at most 50, ECR's quota",
    ]);
  });

  test("two environments must not both own the registry policy of one account and region", () => {
    const access = { accounts: ["222222222222"] };
    expect(() => checkEnvironments([define({ access }), other({})])).not.toThrow();
    expect(() =>
      checkEnvironments([define({ access }), other({ access, regions: ["eu-west-1"] })]),
    ).not.toThrow();
    expect(linesOf(define({ access }), other({ access }))).toEqual([
      "environments dev, other: access: found a registry policy in each for account 111111111111 in us-east-1 (accounts, consumers, organizations or registryStatements); allowed: in one of them, since a registry has one",
    ]);
  });

  test("two environments must not share a state", () => {
    const backend = (key: string, change: Change = {}) => ({
      backend: {
        type: "s3",
        bucket: "acme",
        region: "us-east-1",
        stacks: { cache: { key } },
        ...change,
      },
    });
    expect(() => checkEnvironments([define(backend("a")), other(backend("b"))])).not.toThrow();
    expect(() =>
      checkEnvironments([define(backend("a")), other(backend("a", { bucket: "else" }))]),
    ).not.toThrow();
    expect(linesOf(define(backend("a")), other(backend("a", { encrypt: true })))).toEqual([
      "environment other: backend: found the state of stack dev also for stack other; allowed: a state of its own for each stack",
    ]);
  });

  test("the two stacks of an environment must not share a state", () => {
    const stacks = { cache: { path: "state.tfstate" }, credentials: { path: "state.tfstate" } };
    expect(linesOf(define({ backend: { type: "local", stacks }, rules: [hub()] }))).toEqual([
      "environment dev: backend: found the state of stack dev-credentials also for stack dev; allowed: a state of its own for each stack",
    ]);
    expect(
      linesOf(
        define({
          backend: { type: "local", stacks: { consumer: { path: "state.tfstate" } } },
          access: { consumers: [consumer(), consumer({ account: "333333333333" })] },
        }),
      ),
    ).toEqual([
      "environment dev: backend: found the state of stack dev-consumer-222222222222 also for stack dev-consumer-333333333333; allowed: a state of its own for each stack",
    ]);
    // Without a secret to make there is no second stack.
    expect(() => checkEnvironments([define({ backend: { type: "local", stacks } })])).not.toThrow();
  });

  test("all conflicts between environments are reported together", () => {
    expect(linesOf(define(), define(), other({ rules: [{ upstream: "quay" }] }))).toHaveLength(3);
  });
});
