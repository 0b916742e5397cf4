import { defineEnvironment, type EnvironmentInput } from "../../../ecr/environment";
import { userErrorOf } from "../../support/user-error";

/*
 * A hundred wrong environments that somebody could write, or paste: what is changed in a sound one, and the line that it
 * gives, up to what is allowed.
 */

type Change = Readonly<Record<string, unknown>>;

const rule = (change: Change): Change => ({ rules: [{ upstream: "quay", ...change }] });
const hub = (change: Change) => ({
  upstream: "docker-hub",
  credential: { username: "acme-bot" },
  ...change,
});
const credential = (change: Change): Change => ({
  rules: [hub({ credential: { username: "acme-bot", ...change } })],
});
const ecr = (registry: string): Change => rule({ upstream: "ecr", registry });
const azure = (registry: string): Change => ({
  rules: [hub({ upstream: "azure-container-registry", registry })],
});
const kmsKey = (arn: string): Change => rule({ encryption: { type: "KMS", kmsKey: arn } });
const backend = (settings: Change): Change => ({ backend: settings });
const s3 = (settings: Change): Change =>
  backend({ type: "s3", bucket: "acme", region: "us-east-1", ...settings });
const maintenance = (settings: Change): Change => ({ maintenance: settings });

const cyclic: Record<string, unknown> = { type: "s3", bucket: "acme", region: "us-east-1" };
cyclic.assumeRole = cyclic;

const wrong: readonly (readonly [what: string, change: Change, line: string])[] = [
  [
    "an account with spaces",
    { account: "1111 1111 1111" },
    'environment dev: account: found "1111 1111 1111"',
  ],
  [
    "an account with hyphens",
    { account: "1111-1111-1111" },
    'environment dev: account: found "1111-1111-1111"',
  ],
  [
    "an account in Arabic digits",
    { account: "١١١١١١١١١١١١" },
    'environment dev: account: found "١١١١١١١١١١١١"',
  ],
  [
    "an account as an ARN",
    { account: "arn:aws:iam::111111111111:root" },
    'environment dev: account: found "arn:aws:iam::111111111111:root"',
  ],
  [
    "an account with a line break",
    { account: "111111111111\n" },
    'environment dev: account: found "111111111111\\n"',
  ],
  [
    "an account in a list",
    { account: ["111111111111"] },
    "environment dev: account: found a list of 1",
  ],
  [
    "an account as a bigint",
    { account: 111111111111n },
    "environment dev: account: found a bigint",
  ],
  [
    "a region in capitals",
    { regions: ["US-EAST-1"] },
    'environment dev: regions[0]: found "US-EAST-1"',
  ],
  [
    "a region with a space at its end",
    { regions: ["us-east-1 "] },
    'environment dev: regions[0]: found "us-east-1 "',
  ],
  [
    "a list in the list of regions",
    { regions: [["us-east-1"]] },
    "environment dev: regions[0]: found a list of 1",
  ],
  ["a region that is null", { regions: [null] }, "environment dev: regions[0]: found null"],
  [
    "a local zone as a region",
    { regions: ["us-east-1-bos-1a"] },
    'environment dev: regions[0]: found "us-east-1-bos-1a"',
  ],
  ["every region", { regions: ["*"] }, 'environment dev: regions[0]: found "*"'],
  ["the region global", { regions: ["global"] }, 'environment dev: regions[0]: found "global"'],
  ["a name with a dot", { name: "dev.eu" }, 'environment "dev.eu": name: found "dev.eu"'],
  [
    "a name that leads out of its folder",
    { name: "../dev" },
    'environment "../dev": name: found "../dev"',
  ],
  [
    "a name like that of a credentials stack in another case",
    { name: "dev-Credentials" },
    'environment dev-Credentials: name: found "dev-Credentials"',
  ],
  [
    "a name that every object of JavaScript has",
    { name: "hasOwnProperty" },
    'environment hasOwnProperty: name: found "hasOwnProperty"',
  ],
  [
    "a name with a bidirectional override",
    { name: "dev\u202e" },
    'environment "dev\\u202e": name: found "dev\\u202e"',
  ],
  ["tags that are null", { tags: null }, "environment dev: tags: found null"],
  [
    "tags as a Map",
    { tags: new Map([["a", "b"]]) },
    "environment dev: tags: found an empty object",
  ],
  [
    "a tag's value that is null",
    { tags: { team: null } },
    "environment dev: tags.team: found null",
  ],
  [
    "a tag's value that is an object",
    { tags: { team: { name: "x" } } },
    "environment dev: tags.team: found an object with name",
  ],
  [
    "a tag's value with a tab",
    { tags: { team: "a\tb" } },
    'environment dev: tags.team: found "a\\tb"',
  ],
  [
    "a tag's value with a combining accent",
    { tags: { team: "Ame\u0301lie" } },
    'environment dev: tags.team: found "Ame\\u0301lie"',
  ],
  [
    "a tag's value with half a character",
    { tags: { team: "\ud800" } },
    'environment dev: tags.team: found "\\ud800"',
  ],
  [
    "a tag's value with a line separator",
    { tags: { team: "a\u2028b" } },
    'environment dev: tags.team: found "a\\u2028b"',
  ],
  [
    "the tag of reconciling",
    { tags: { "ecr-cache:applied": "x" } },
    'environment dev: tags["ecr-cache:applied"]: found the key "ecr-cache:applied"',
  ],
  [
    "a tag's value with an emoji",
    { tags: { team: "🚀" } },
    'environment dev: tags.team: found "🚀"',
  ],
  ["a list of rules with a hole", { rules: Array(1) }, "environment dev: rules[0]: found nothing"],
  [
    "a list in the list of rules",
    { rules: [[{ upstream: "quay" }]] },
    "environment dev: rules[0]: found a list of 1",
  ],
  [
    "an upstream in another case",
    rule({ upstream: "Quay" }),
    'environment dev: rules[0].upstream: found "Quay"',
  ],
  [
    "an upstream by its URL",
    rule({ upstream: "quay.io" }),
    'environment dev: rules[0].upstream: found "quay.io"',
  ],
  [
    "the upstream __proto__",
    rule({ upstream: "__proto__" }),
    'environment dev: rules[0].upstream: found "__proto__"',
  ],
  [
    "the upstream constructor",
    rule({ upstream: "constructor" }),
    'environment dev: rules[0].upstream: found "constructor"',
  ],
  [
    "a prefix with two slashes in a row",
    rule({ prefix: "a//b" }),
    'environment dev: rules[0].prefix: found "a//b"',
  ],
  [
    "ROOT with a slash",
    rule({ prefix: "ROOT/" }),
    'environment dev: rules[0].prefix: found "ROOT/"',
  ],
  [
    "a prefix with a template",
    rule({ prefix: "${x}" }),
    'environment dev: rules[0].prefix: found "${x}"',
  ],
  [
    "a prefix with a line break",
    rule({ prefix: "quay\n" }),
    'environment dev: rules[0].prefix: found "quay\\n"',
  ],
  [
    "a prefix that leads out of its folder",
    rule({ prefix: "../quay" }),
    'environment dev: rules[0].prefix: found "../quay"',
  ],
  [
    "a prefix with a Cyrillic letter",
    rule({ prefix: "qu\u0430y" }),
    'environment dev: rules[0].prefix: found "quаy"',
  ],
  [
    "an upstream prefix that begins with a slash",
    rule({ upstreamPrefix: "/team" }),
    'environment dev: rules[0].upstreamPrefix: found "/team"',
  ],
  [
    "a retention with a list in its list",
    { retention: [[{ keepImages: 1 }]] },
    "environment dev: retention[0]: found a list of 1",
  ],
  [
    "a retention with two actions",
    { retention: { keepImages: 1, expireAfterDays: 2 } },
    "environment dev: retention: found keepImages and expireAfterDays",
  ],
  [
    "a retention with an unknown action",
    { retention: { keepLast: 3 } },
    "environment dev: retention.keepLast: found an unknown key",
  ],
  [
    "a retention of infinitely many images",
    { retention: { keepImages: Infinity } },
    "environment dev: retention.keepImages: found Infinity",
  ],
  [
    "a retention whose number is a string",
    { retention: { keepImages: "10" } },
    'environment dev: retention.keepImages: found "10"',
  ],
  [
    "a retention of NaN days",
    { retention: { expireAfterDays: NaN } },
    "environment dev: retention.expireAfterDays: found NaN",
  ],
  [
    "a tag pattern with five wildcards",
    { retention: { tagPatternList: ["*a*b*c*d*"], keepImages: 1 } },
    'environment dev: retention.tagPatternList[0]: found "*a*b*c*d*"',
  ],
  [
    "a tag pattern with a template",
    { retention: { tagPatternList: ["v${x}"], keepImages: 1 } },
    'environment dev: retention.tagPatternList[0]: found "v${x}"',
  ],
  [
    "a tag pattern without a list",
    { retention: { tagPatternList: "v*", keepImages: 1 } },
    'environment dev: retention.tagPatternList: found "v*"',
  ],
  [
    "an empty list of tag patterns",
    { retention: { tagPatternList: [], keepImages: 1 } },
    "environment dev: retention.tagPatternList: found an empty list",
  ],
  [
    "a description with quotes",
    { retention: { keepImages: 1, description: 'the "last" one' } },
    'environment dev: retention.description: found "the \\"last\\" one"',
  ],
  [
    "a description with a carriage return",
    { retention: { keepImages: 1, description: "a\rb" } },
    'environment dev: retention.description: found "a\\rb"',
  ],
  [
    "an empty description",
    { retention: { keepImages: 1, description: "" } },
    'environment dev: retention.description: found ""',
  ],
  [
    "a description with a combining accent",
    { retention: { keepImages: 1, description: "de\u0301jà" } },
    'environment dev: retention.description: found "de\\u0301jà"',
  ],
  [
    "two retentions for one tag prefix",
    {
      retention: [
        { tagPrefixList: ["v"], keepImages: 1 },
        { tagPrefixList: ["v"], expireAfterDays: 1 },
      ],
    },
    'environment dev: retention[1].tagPrefixList: found "v" again',
  ],
  [
    "a retention of more images than a number can count",
    { retention: { keepImages: 2 ** 60 } },
    "environment dev: retention.keepImages: found 1152921504606847000",
  ],
  [
    "a retention of more characters than ECR takes",
    { retention: { keepImages: 1, description: "x".repeat(31000) } },
    "environment dev: retention: found a policy of 31155 characters",
  ],
  [
    "a user name with a bidirectional override",
    credential({ username: "acme\u202ebot" }),
    'environment dev: rules[0].credential.username: found "acme\\u202ebot"',
  ],
  [
    "a user name with a combining accent",
    credential({ username: "Ame\u0301lie" }),
    'environment dev: rules[0].credential.username: found "Ame\\u0301lie"',
  ],
  [
    "a user name with a control character",
    credential({ username: "acme\u0007" }),
    'environment dev: rules[0].credential.username: found "acme\\u0007"',
  ],
  [
    "an infinite version",
    credential({ version: Infinity }),
    "environment dev: rules[0].credential.version: found Infinity",
  ],
  [
    "a secret without a name after its prefix",
    credential({ secretName: "ecr-pullthroughcache/" }),
    'environment dev: rules[0].credential.secretName: found "ecr-pullthroughcache/"',
  ],
  [
    "a secret's name with a template",
    credential({ secretName: "ecr-pullthroughcache/${x}" }),
    'environment dev: rules[0].credential.secretName: found "ecr-pullthroughcache/${x}"',
  ],
  [
    "a credential that is null",
    { rules: [hub({ credential: null })] },
    "environment dev: rules[0].credential: found null",
  ],
  [
    "an ECR registry with a scheme",
    ecr("https://444444444444.dkr.ecr.us-east-1.amazonaws.com"),
    'environment dev: rules[0].registry: found "https://444444444444.dkr.ecr.us-east-1.amazonaws.com"',
  ],
  [
    "an ECR registry with a path",
    ecr("444444444444.dkr.ecr.us-east-1.amazonaws.com/team"),
    'environment dev: rules[0].registry: found "444444444444.dkr.ecr.us-east-1.amazonaws.com/team"',
  ],
  [
    "an ECR registry in capitals",
    ecr("444444444444.DKR.ECR.us-east-1.amazonaws.com"),
    'environment dev: rules[0].registry: found "444444444444.DKR.ECR.us-east-1.amazonaws.com"',
  ],
  [
    "an ECR registry by its FIPS endpoint",
    ecr("444444444444.dkr.ecr-fips.us-east-1.amazonaws.com"),
    'environment dev: rules[0].registry: found "444444444444.dkr.ecr-fips.us-east-1.amazonaws.com"',
  ],
  [
    "an Azure registry with a subdomain",
    azure("team.acme.azurecr.io"),
    'environment dev: rules[0].registry: found "team.acme.azurecr.io"',
  ],
  [
    "an Azure registry with a template",
    azure("${acme}.azurecr.io"),
    'environment dev: rules[0].registry: found "${acme}.azurecr.io"',
  ],
  [
    "AWS's own KMS key by its alias",
    kmsKey("arn:aws:kms:us-east-1:111111111111:alias/aws/ecr"),
    'environment dev: rules[0].encryption.kmsKey: found "arn:aws:kms:us-east-1:111111111111:alias/aws/ecr"',
  ],
  [
    "a KMS key of another region",
    kmsKey("arn:aws:kms:eu-west-1:111111111111:key/1234abcd"),
    "environment dev: rules[0].encryption.kmsKey: found a key in eu-west-1",
  ],
  [
    "every KMS key",
    kmsKey("arn:aws:kms:us-east-1:111111111111:key/*"),
    'environment dev: rules[0].encryption.kmsKey: found "arn:aws:kms:us-east-1:111111111111:key/*"',
  ],
  [
    "AES256 with a KMS key",
    rule({ encryption: { type: "AES256", kmsKey: "x" } }),
    "environment dev: rules[0].encryption.kmsKey: found an unknown key",
  ],
  [
    "the encryption in another case",
    rule({ encryption: { type: "kms" } }),
    'environment dev: rules[0].encryption.type: found "kms"',
  ],
  [
    "what to adopt without a list",
    rule({ adopt: "rule" }),
    'environment dev: rules[0].adopt: found "rule"',
  ],
  [
    "what to adopt as an object",
    rule({ adopt: { rule: true } }),
    "environment dev: rules[0].adopt: found an object with rule",
  ],
  [
    "immutable tags with exclusions",
    rule({ imageTagMutability: "MUTABLE_WITH_EXCLUSION" }),
    'environment dev: rules[0].imageTagMutability: found "MUTABLE_WITH_EXCLUSION"',
  ],
  ["access as a list", { access: ["ci"] }, "environment dev: access: found a list of 1"],
  [
    "a role by its ARN",
    { access: { roles: ["arn:aws:iam::111111111111:role/ci"] } },
    'environment dev: access.roles[0]: found "arn:aws:iam::111111111111:role/ci"',
  ],
  [
    "a role with its path",
    { access: { roles: ["service-role/ci"] } },
    'environment dev: access.roles[0]: found "service-role/ci"',
  ],
  [
    "a service-linked role",
    { access: { roles: ["AWSServiceRoleForECRPullThroughCache"] } },
    'environment dev: access.roles[0]: found "AWSServiceRoleForECRPullThroughCache"',
  ],
  ["every role", { access: { roles: ["*"] } }, 'environment dev: access.roles[0]: found "*"'],
  [
    "roles that differ in case",
    { access: { roles: ["CI", "ci"] } },
    'environment dev: access.roles[1]: found "ci" beside "CI"',
  ],
  [
    "roles whose resources would have one name",
    { access: { roles: ["a.b", "a_-b"] } },
    'environment dev: access.roles[1]: found "a_-b", whose resources would be a_-b in Terraform, as those of "a.b"',
  ],
  [
    "a role of 65 letters",
    { access: { roles: ["x".repeat(65)] } },
    'environment dev: access.roles[0]: found "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"',
  ],
  [
    "an organization among the accounts",
    { access: { accounts: ["o-abc123def4"] } },
    'environment dev: access.accounts[0]: found "o-abc123def4"',
  ],
  [
    "every account",
    { access: { accounts: ["*"] } },
    'environment dev: access.accounts[0]: found "*"',
  ],
  [
    "an account by the ARN of its root",
    { access: { accounts: ["arn:aws:iam::222222222222:root"] } },
    'environment dev: access.accounts[0]: found "arn:aws:iam::222222222222:root"',
  ],
  [
    "access for an unknown kind",
    { access: { role: ["ci"] } },
    "environment dev: access.role: found an unknown key",
  ],
  [
    "a backend in a list",
    { backend: [{ type: "local" }] },
    "environment dev: backend: found a list of 1",
  ],
  [
    "a backend in another case",
    backend({ type: "S3", bucket: "acme" }),
    'environment dev: backend.type: found "S3"',
  ],
  [
    "the backend constructor",
    backend({ type: "constructor" }),
    'environment dev: backend.type: found "constructor"',
  ],
  [
    "a directory of states with a template",
    backend({ type: "local", directory: "${path.module}" }),
    'environment dev: backend.directory: found "${path.module}"',
  ],
  [
    "a directory of states with a NUL",
    backend({ type: "local", directory: "a\0b" }),
    'environment dev: backend.directory: found "a\\u0000b"',
  ],
  [
    "a state's key that begins with a slash",
    s3({ stacks: { cache: { key: "/a" } } }),
    'environment dev: backend: found "/a" for stack dev',
  ],
  [
    "a state's key that ends with a slash",
    s3({ stacks: { cache: { key: "a/" } } }),
    'environment dev: backend: found "a/" for stack dev',
  ],
  [
    "a web identity token",
    s3({
      assumeRoleWithWebIdentity: {
        roleArn: "arn:aws:iam::111111111111:role/x",
        webIdentityToken: "eyJ",
      },
    }),
    "environment dev: backend.assumeRoleWithWebIdentity.webIdentityToken: found a string",
  ],
  [
    "an endpoint with a password",
    s3({ endpoints: { s3: "https://a:hunter2@minio.example" } }),
    'environment dev: backend.endpoints.s3: found "https://a:…@minio.example"',
  ],
  [
    "a backend's setting that is a function",
    s3({ profile: () => "x" }),
    "environment dev: backend.profile: found a function",
  ],
  [
    "a backend within itself",
    backend(cyclic),
    "environment dev: backend.assumeRole: found an object within itself",
  ],
  [
    "a backend's setting that is a date",
    s3({ profile: new Date(0) }),
    "environment dev: backend.profile: found an object",
  ],
  [
    "a backend's setting that is NaN",
    s3({ maxRetries: NaN }),
    "environment dev: backend.maxRetries: found NaN",
  ],
  [
    "an FTP address of the state",
    backend({ type: "http", address: "ftp://state.example" }),
    'environment dev: backend.address: found "ftp://state.example"',
  ],
  [
    "an address of the state without a scheme",
    backend({ type: "http", address: "state.example" }),
    'environment dev: backend.address: found "state.example"',
  ],
  [
    "an address of the state with a user name",
    backend({ type: "http", address: "https://acme@state.example" }),
    'environment dev: backend.address: found "https://…@state.example"',
  ],
  [
    "an address of the state with a token",
    backend({ type: "http", address: "https://state.example/s?private_token=hunter2" }),
    'environment dev: backend.address: found "https://state.example/s?…"',
  ],
  [
    "an address of the state with a signature",
    backend({ type: "http", address: "https://s.example/x?sv=2024&sig=hunter2" }),
    'environment dev: backend.address: found "https://s.example/x?…"',
  ],
  [
    "a private key in place of a certificate",
    backend({
      type: "http",
      address: "https://state.example",
      clientCertificatePem: "-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----",
    }),
    'environment dev: backend.clientCertificatePem: found "-----BEGIN EC PRIVATE KEY-----…"',
  ],
  [
    "a password in the query of a connection",
    backend({ type: "pg", connStr: "postgres://db/x?password=hunter2" }),
    'environment dev: backend.connStr: found "postgres://db/x?password=…"',
  ],
  [
    "the password of a client's key",
    backend({ type: "pg", connStr: "host=db sslpassword='hunter2'" }),
    'environment dev: backend.connStr: found "host=db sslpassword=…"',
  ],
  [
    "a schema whose name PostgreSQL would cut",
    backend({ type: "pg", connStr: "postgres://db/x", schemaPrefix: "x".repeat(61) }),
    'environment dev: backend: found "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxdev" for stack dev',
  ],
  [
    "Consul's address with a password",
    backend({ type: "consul", address: "https://acme:hunter2@consul.example" }),
    'environment dev: backend.address: found "https://acme:…@consul.example"',
  ],
  [
    "a workspace with a slash",
    backend({ type: "cloud", organization: "acme", workspacePrefix: "my caches/" }),
    'environment dev: backend: found "my caches/dev" for stack dev',
  ],
  [
    "an empty prefix of the states' keys",
    s3({ keyPrefix: "" }),
    'environment dev: backend.keyPrefix: found ""',
  ],
  [
    "maintenance as a list",
    { maintenance: [] },
    "environment dev: maintenance: found an empty list",
  ],
  [
    "a schedule for once",
    maintenance({ schedule: "at(2026-01-01T00:00:00)" }),
    'environment dev: maintenance.schedule: found "at(2026-01-01T00:00:00)"',
  ],
  [
    "a schedule of five fields",
    maintenance({ schedule: "cron(0 3 * * *)" }),
    'environment dev: maintenance.schedule: found "cron(0 3 * * *)"',
  ],
  [
    "an e-mail address with a name",
    maintenance({ notifications: { emails: ["Platform <platform@acme.example>"] } }),
    'environment dev: maintenance.notifications.emails[0]: found "Platform <platform@acme.example>"',
  ],
  [
    "an e-mail address twice, in another case",
    maintenance({ notifications: { emails: ["a@acme.example", "A@acme.example"] } }),
    'environment dev: maintenance.notifications.emails[1]: found "A@acme.example" again',
  ],
  [
    "a topic by a URL",
    maintenance({ notifications: { topicArn: "https://hooks.example/x" } }),
    'environment dev: maintenance.notifications.topicArn: found "https://hooks.example/x"',
  ],
  [
    "a constraint that no provider meets",
    { awsProviderVersion: ">= 6.0.0, < 5.100.0" },
    'environment dev: awsProviderVersion: found ">= 6.0.0, < 5.100.0"',
  ],
  [
    "a constraint with a line break",
    { awsProviderVersion: "\n~> 6.28" },
    'environment dev: awsProviderVersion: found "\\n~> 6.28"',
  ],
  [
    "a provider's prerelease",
    { awsProviderVersion: "6.0.0-beta1" },
    'environment dev: awsProviderVersion: found "6.0.0-beta1"',
  ],
  [
    "a constraint in npm's grammar",
    { awsProviderVersion: "5.100.0 || 6.0.0" },
    'environment dev: awsProviderVersion: found "5.100.0 || 6.0.0"',
  ],
  [
    "an unknown key that every object has",
    { toString: "x" },
    "environment dev: toString: found an unknown key",
  ],
  [
    "an unknown key with a line separator",
    { "a\u2028b": 1 },
    'environment dev: ["a\\u2028b"]: found an unknown key',
  ],
  [
    "a variable of IAM's policies after another $, which Terraform would take for an escape",
    {
      access: {
        registryStatements: [
          {
            Effect: "Deny",
            Principal: "*",
            Action: "*",
            Resource: "*",
            Condition: { StringEquals: { "aws:PrincipalArn": "$${aws:PrincipalArn}" } },
          },
        ],
      },
    },
    'environment dev: access.registryStatements[0].Condition.StringEquals["aws:PrincipalArn"]: found "$${aws:PrincipalArn}"',
  ],
  [
    "an unknown key with a secret",
    { "password=hunter2": 1 },
    'environment dev: ["password=…"]: found an unknown key',
  ],
  [
    "a tag whose key has a secret, which IAM refuses",
    { tags: { "token=hunter2,": "x" } },
    'environment dev: tags["token=…"]: found the key "token=…"',
  ],
  [
    "a backend with a secret in the key of a tag",
    {
      backend: {
        type: "s3",
        bucket: "acme",
        region: "us-east-1",
        assumeRole: {
          roleArn: "arn:aws:iam::111111111111:role/state",
          tags: { "token=hunter2": "x" },
        },
      },
    },
    'environment dev: backend.assumeRole.tags["token=…"]: found the key "token=…"',
  ],
  [
    "an object with a secret in a key, where a string belongs",
    { profile: { "https://acme:hunter2@acme.example": 1 } },
    'environment dev: profile: found an object with "https://acme:…@acme.example"',
  ],
  [
    "former regions that are null",
    { formerRegions: null },
    "environment dev: formerRegions: found null",
  ],
];

test.each(wrong)(
  "an environment is refused in one line, without a stack trace: %s",
  (_what, change, line) => {
    const input = {
      name: "dev",
      account: "111111111111",
      regions: ["us-east-1"],
      rules: [{ upstream: "quay" }],
      ...change,
    };
    const message = userErrorOf(() => defineEnvironment(input as unknown as EnvironmentInput));
    const [found, allowed, ...rest] = message.split("; allowed: ");
    expect(found).toBe(line);
    expect(allowed).toMatch(/^\S.*$/);
    expect(rest).toEqual([]);
    expect(message).not.toMatch(/hunter2|\n/);
  },
);

test("there are a hundred wrong environments, all different", () => {
  expect(new Set(wrong.map(([what]) => what)).size).toBeGreaterThanOrEqual(100);
});
