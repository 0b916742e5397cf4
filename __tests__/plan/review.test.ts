import {
  ACCOUNT,
  type Attributes,
  type Change,
  keep,
  review,
  risks,
  rule,
  TEMPLATE,
  template,
  words,
} from "../support/plan-builder";

const NOBODY = { roles: [], accounts: [], consumers: [], organizations: [], organizationPaths: [] };
const REPOSITORY = `arn:aws:ecr:us-east-1:${ACCOUNT}:repository`;
const statement = (more: Attributes) => ({ Effect: "Allow", ...more });
const policy = (...Statement: Attributes[]) => JSON.stringify({ Version: "2012-10-17", Statement });

describe("review of a rule", () => {
  test("a created rule is not a risk, and its note names the upstream", () => {
    const change = rule({
      actions: ["create"],
      before: null,
      after: {
        ecr_repository_prefix: "ROOT",
        upstream_registry_url: "quay.io",
        upstream_repository_prefix: "team-a",
      },
    });
    expect(words([change])).toEqual([
      "rule ROOT: is **created**: `*` is pulled from `quay.io/team-a`",
    ]);
    expect(risks([change])).toEqual([]);
  });

  test("a replaced rule is a risk that names the reason and the consequence", () => {
    expect(
      risks([
        rule({
          actions: ["delete", "create"],
          after: { ecr_repository_prefix: "quay", upstream_registry_url: "public.ecr.aws" },
          replacePaths: [["upstream_registry_url"]],
        }),
      ]),
    ).toEqual([
      "rule-replaced: is **replaced**: it changes its upstream to `public.ecr.aws` (was `quay.io`). images that are not cached can't be pulled during the apply; images cached under `quay/*` stay as the earlier upstream had them",
    ]);
  });

  test("a rule that is destroyed or forgotten is a risk", () => {
    expect(risks([rule({ actions: ["delete"], after: null })])).toEqual([
      "rule-destroyed: is **destroyed**. images that are not cached can no longer be pulled, and nothing is refreshed; the repositories remain and cost money (`ecr-cache purge`)",
    ]);
    expect(risks([rule({ actions: ["forget"], after: null })])).toEqual([
      "rule-destroyed: is **forgotten** by Terraform. it remains in ECR",
    ]);
  });

  test("an imported rule is not a risk, and its notes say what changes", () => {
    const arn = (name: string) =>
      `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:ecr-pullthroughcache/${name}-AbCdEf`;
    const after = { ecr_repository_prefix: "quay", upstream_registry_url: "quay.io" };
    const change = rule({
      actions: ["update"],
      importing: { id: "quay" },
      before: { ...after, credential_arn: arn("old") },
      after: { ...after, credential_arn: arn("new") },
    });
    expect(words([change])).toEqual([
      "rule quay: exists, and is **imported**",
      "rule quay: changes its credential to `ecr-pullthroughcache/new` (was `ecr-pullthroughcache/old`)",
    ]);
  });

  test("a rule that loses its credential is a risk, because the apply will fail", () => {
    const before = { ecr_repository_prefix: "quay", credential_arn: "arn:x", custom_role_arn: "" };
    expect(
      risks([rule({ actions: ["update"], before, after: { ...before, credential_arn: null } })]),
    ).toEqual([
      "apply-fails: loses its credential `arn:x`. ECR can't remove the credential of an existing rule: replace the rule (terraform apply -replace)",
    ]);
    expect(
      risks([
        rule({
          actions: ["update"],
          before,
          after: { ...before, credential_arn: null },
          unknown: { credential_arn: true },
        }),
      ]),
    ).toEqual([]);
  });
});

describe("review of a template", () => {
  const update = (after: Attributes, before = TEMPLATE) =>
    template({ actions: ["update"], before, after: { ...before, ...after } });

  test("a template that keeps fewer images is a risk, and one that keeps more is not", () => {
    expect(risks([update({ lifecycle_policy: keep(5) })])).toEqual([
      "retention-tightened: changes its lifecycle policy: it now keeps the last 5 images instead of 10. this applies to new repositories, and to existing ones once they are reconciled",
    ]);
    const looser = update({ lifecycle_policy: keep(20) });
    expect(risks([looser])).toEqual([]);
    expect(words([looser])).toEqual([
      "template quay: changes its lifecycle policy: it now keeps the last 20 images instead of 10",
    ]);
  });

  test.each([["update"], ["create"]])(
    "a template that makes tags immutable is a risk (%s)",
    (action) => {
      const after = { ...TEMPLATE, image_tag_mutability: "IMMUTABLE" };
      expect(
        risks([
          template({ actions: [action], before: action === "create" ? null : TEMPLATE, after }),
        ]),
      ).toEqual([
        "tags-immutable: changes the mutability of tags to `IMMUTABLE`. ECR's refresh can't move them, so the cache goes stale",
      ]);
    },
  );

  test("a template that lets another account pull is a risk", () => {
    const pull = (...AWS: string[]) =>
      policy(statement({ Principal: { AWS }, Action: ["ecr:BatchGetImage"] }));
    expect(
      risks([
        update(
          { repository_policy: pull("111111111111", "222222222222") },
          { ...TEMPLATE, repository_policy: pull("111111111111") },
        ),
      ]),
    ).toEqual(["wider-access: now allows `ecr:BatchGetImage for 222222222222`"]);
  });

  test("a template's notes say what else changes for new repositories", () => {
    expect(words([update({ resource_tags: { team: "a" }, description: "new" })])).toEqual([
      "template quay: changes its description to `new` (was none)",
      'template quay: changes the tags of new repositories to `{"team":"a"}` (was none)',
    ]);
  });

  test("a destroyed template is a risk unless its rule is destroyed too", () => {
    const gone = template({ actions: ["delete"], after: null });
    expect(risks([gone])).toEqual([
      "template-destroyed: is **destroyed**. new repositories keep every image, and other accounts can't pull from them",
    ]);
    expect(risks([gone, rule({ actions: ["delete"], after: null })])).toEqual([
      expect.stringMatching(/^rule-destroyed/),
    ]);
  });
});

describe("review of a secret", () => {
  const NAME = "ecr-pullthroughcache/docker-hub";
  const secret = (more: Partial<Change> & Pick<Change, "actions">): Change => ({
    address: "aws_secretsmanager_secret.us-east-1_docker-hub",
    before: { name: NAME, recovery_window_in_days: 7, kms_key_id: "" },
    after: { name: NAME, recovery_window_in_days: 7, kms_key_id: "" },
    ...more,
  });
  const version = (more: Partial<Change> & Pick<Change, "actions">): Change => ({
    address: "aws_secretsmanager_secret_version.us-east-1_docker-hub",
    before: { secret_string_wo_version: 1, secret_string: "never-to-be-seen" },
    after: { secret_string_wo_version: 2, secret_string: "never-to-be-seen" },
    sensitive: { secret_string: true, secret_string_wo: true },
    ...more,
  });

  test("a secret whose token rotates is not a risk, and the token is not shown", () => {
    const changes = [secret({ actions: ["no-op"] }), version({ actions: ["delete", "create"] })];
    expect(words(changes)).toEqual([
      `secret ${NAME}: **rotates its token** (version \`1\` to \`2\`)`,
    ]);
    expect(risks(changes)).toEqual([]);
    expect(JSON.stringify(review(changes))).not.toContain("never-to-be-seen");
  });

  test("a destroyed or replaced secret is a risk that says how long its name can't be reused", () => {
    const gone =
      "ECR can no longer authenticate with it: nothing new is cached, and nothing is refreshed";
    expect(risks([secret({ actions: ["delete"], after: null })])).toEqual([
      `secret-destroyed: is **destroyed**. ${gone}; its name can't be reused for 7 days`,
    ]);
    expect(
      risks([
        secret({
          actions: ["delete", "create"],
          before: { name: NAME, recovery_window_in_days: 0 },
        }),
      ]),
    ).toEqual([`secret-replaced: is **replaced**. ${gone} until the rule has the new secret`]);
    expect(risks([secret({ actions: ["no-op"] }), version({ actions: ["delete"] })])).toEqual([
      "secret-destroyed: loses its **token**. ECR can no longer authenticate with it",
    ]);
  });

  test("a secret that is encrypted with a key of one's own is a risk", () => {
    const key = "arn:aws:kms:us-east-1:123456789012:key/1";
    expect(
      risks([secret({ actions: ["update"], after: { name: NAME, kms_key_id: key } })]),
    ).toEqual([
      `secret-unreadable: is encrypted with the key \`${key}\`. ECR reads only secrets that are encrypted with \`aws/secretsmanager\``,
    ]);
  });
});

describe("review of the registry policy", () => {
  const OURS = statement({
    Sid: "FillPullThroughCache",
    Principal: { AWS: ["111111111111"] },
    Action: ["ecr:CreateRepository"],
    Resource: [`${REPOSITORY}/quay/*`],
  });
  const registry = (more: Partial<Change> & Pick<Change, "actions">): Change => ({
    address: "aws_ecr_registry_policy.us-east-1",
    before: { policy: policy(OURS) },
    after: { policy: policy(OURS) },
    ...more,
  });
  const THEIRS = statement({
    Sid: "Replication",
    Principal: { AWS: "222222222222" },
    Action: "ecr:ReplicateImage",
    Resource: `${REPOSITORY}/*`,
  });

  test("a created registry policy is a risk, because it may replace another one", () => {
    expect(risks([registry({ actions: ["create"], before: null })])).toEqual([
      'registry-policy-overwritten: is **created**. a registry has one policy, and this one replaces any policy that exists: look first (`aws ecr get-registry-policy`), or adopt it (`adopt: ["registry-policy"]`)',
    ]);
  });

  test("a created registry policy is no risk where the plan compares it with what exists", () => {
    const existing: Change = {
      ...registry({ actions: ["no-op"], importing: { id: "1" } }),
      address: "aws_ecr_registry_policy.us-east-1_existing",
      before: { policy: policy(THEIRS) },
    };
    const created = registry({ actions: ["create"], before: null });
    expect(words([created, existing])).toEqual([
      "registry policy: is **created**",
      "registry policy: allows `ecr:CreateRepository on quay/* for 111111111111`",
    ]);
    expect(risks([created, { ...existing, actions: ["delete"], importing: undefined }])).toEqual([
      expect.stringContaining("registry-policy-overwritten"),
    ]);
  });

  test("a registry policy that changes a statement of others but not its name is a risk", () => {
    expect(
      risks([
        registry({
          actions: ["update"],
          before: { policy: policy(OURS, { ...THEIRS, Action: "ecr:*" }) },
          after: { policy: policy(OURS, THEIRS) },
        }),
      ]),
    ).toEqual([
      expect.stringContaining("loses statements that are not this project's: `Replication`"),
      "access-lost: no longer allows `ecr:* for 222222222222`",
    ]);
  });

  test("a registry policy that loses statements of others is a risk that names them", () => {
    expect(
      risks([registry({ actions: ["update"], before: { policy: policy(OURS, THEIRS) } })]),
    ).toEqual([
      "registry-policy-overwritten: loses statements that are not this project's: `Replication`. whoever relies on them loses that access",
      "access-lost: no longer allows `ecr:ReplicateImage for 222222222222`",
    ]);
    expect(
      risks([
        registry({ actions: ["delete"], before: { policy: policy(OURS, THEIRS) }, after: null }),
      ]).map((risk) => risk.split(":")[0]),
    ).toEqual(["registry-policy-overwritten", "access-lost"]);
  });

  test("a registry policy that covers a new rule is not a risk, and one that adds an account is", () => {
    const wider = (accounts: string[]) =>
      registry({
        actions: ["update"],
        after: {
          policy: policy({
            ...OURS,
            Principal: { AWS: accounts },
            Resource: [`${REPOSITORY}/quay/*`, `${REPOSITORY}/ghcr/*`],
          }),
        },
      });
    const newRule = rule({
      address: "aws_ecr_pull_through_cache_rule.us-east-1_ghcr",
      actions: ["create"],
      before: null,
      after: { ecr_repository_prefix: "ghcr", upstream_registry_url: "ghcr.io" },
    });
    const expected = [wider(["111111111111"]), newRule];
    expect(risks(expected)).toEqual([]);
    expect(words(expected)).toContain(
      "registry policy: covers the new rules: `ecr:CreateRepository on ghcr/* for 111111111111`",
    );
    // Without that rule, nobody asked for it.
    expect(risks([wider(["111111111111"])])).toEqual([
      "wider-access: now allows `ecr:CreateRepository on ghcr/* for 111111111111`",
    ]);
    expect(risks([wider(["111111111111", "333333333333"]), newRule])).toEqual([
      "wider-access: now allows `ecr:CreateRepository on quay/*, ghcr/* for 333333333333`",
    ]);
  });
});

describe("review of `only`", () => {
  const pulling = (...names: string[]) => ({
    policy: policy(
      statement({
        Action: ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
        Resource: names.map((name) => `${REPOSITORY}/${name}`),
      }),
    ),
    name: "ecr-cache-shop-pull",
  });
  const changed = (before: readonly string[], after: readonly string[], ...more: Change[]) =>
    risks([
      {
        address: "aws_iam_policy.pull",
        actions: ["update"],
        before: pulling(...before),
        after: pulling(...after),
      },
      ...more,
    ]);
  const ACTIONS = "ecr:BatchImportUpstreamImage, ecr:CreateRepository";

  test("a wider `only` is a risk, and a narrower one loses access", () => {
    expect(changed(["quay/org/a"], ["quay/org/a", "quay/org/b"])).toEqual([
      `wider-access: now allows \`${ACTIONS} on quay/org/b in us-east-1\``,
    ]);
    expect(changed(["quay/org/a", "quay/org/b"], ["quay/org/a"])).toEqual([
      `access-lost: no longer allows \`${ACTIONS} on quay/org/b in us-east-1\``,
    ]);
    expect(changed(["quay/org/a"], ["quay/*"])).toEqual([
      `wider-access: now allows \`${ACTIONS} on quay/* in us-east-1\``,
    ]);
    expect(changed(["quay/org/*"], ["quay/org/a", "quay/org/*"])).toEqual([]);
  });

  test("what moves to another part of the policy is neither gained nor lost, and a new part is wider access", () => {
    const part = (name: string, before: readonly string[] | null, after: readonly string[]) => ({
      address: `aws_iam_policy.${name}`,
      actions: [before ? "update" : "create"],
      before: before && pulling(...before),
      after: pulling(...after),
    });
    expect(
      risks([
        part("pull", ["quay/a", "quay/b"], ["quay/a", "quay/c"]),
        part("pull-2", ["quay/c"], ["quay/b"]),
      ]),
    ).toEqual([]);
    expect(
      risks([
        part("pull", ["quay/a", "quay/b"], ["quay/a"]),
        part("pull-2", null, ["quay/b", "quay/d"]),
      ]),
    ).toEqual([`wider-access: now allows \`${ACTIONS} on quay/d in us-east-1\``]);
    expect(
      risks([
        part("pull", ["quay/a", "quay/b"], ["quay/a"]),
        part("pull-2", ["quay/c"], ["quay/c", "quay/d"]),
      ]),
    ).toEqual([
      `wider-access: now allows \`${ACTIONS} on quay/d in us-east-1\``,
      `access-lost: no longer allows \`${ACTIONS} on quay/b in us-east-1\``,
    ]);
  });

  test("the `only` of a new rule is no wider access", () => {
    const rule: Change = {
      address: "aws_ecr_pull_through_cache_rule.us-east-1_ghcr",
      actions: ["create"],
      before: null,
      after: { ecr_repository_prefix: "ghcr", upstream_registry_url: "ghcr.io" },
    };
    expect(changed(["quay/org/a"], ["quay/org/a", "ghcr/org/b"], rule)).toEqual([]);
    expect(changed(["quay/org/a"], ["quay/org/a", "ghcr/org/b"])).toHaveLength(1);
  });
});

describe("review of permissions in the account", () => {
  const PULL = statement({ Action: "ecr:BatchGetImage", Resource: [`${REPOSITORY}/quay/*`] });
  const ARN = `arn:aws:iam::${ACCOUNT}:policy/ecr-cache-shop-pull`;
  const iamPolicy = (more: Partial<Change> & Pick<Change, "actions">): Change => ({
    address: "aws_iam_policy.pull",
    before: { name: "ecr-cache-shop-pull", arn: ARN, policy: policy(PULL) },
    after: { name: "ecr-cache-shop-pull", arn: ARN, policy: policy(PULL) },
    ...more,
  });
  const attachment = (more: Partial<Change> & Pick<Change, "actions">): Change => ({
    address: "aws_iam_role_policy_attachment.pull_ci",
    before: { role: "ci", policy_arn: ARN },
    after: { role: "ci", policy_arn: ARN },
    ...more,
  });
  const updated = (...statements: Attributes[]) =>
    iamPolicy({
      actions: ["update"],
      after: { name: "ecr-cache-shop-pull", arn: ARN, policy: policy(...statements) },
    });

  test("a policy that gains an action, a resource or a wildcard is a risk, and so is one that loses them", () => {
    expect(risks([updated(PULL, statement({ Action: "ecr:PutImage", Resource: "*" }))])).toEqual([
      "wider-access: now allows `ecr:PutImage on *`",
    ]);
    expect(risks([updated({ ...PULL, Action: "ecr:*" })])).toEqual([
      "wider-access: now allows `ecr:* on quay/* in us-east-1`",
    ]);
    expect(risks([updated()])).toEqual([
      "access-lost: no longer allows `ecr:BatchGetImage on quay/* in us-east-1`",
    ]);
  });

  test("a policy that loses a denial, or can't be compared, is a risk", () => {
    const deny = { Effect: "Deny", Action: "ecr:PutImage", Resource: "*" };
    const before = { name: "p", arn: ARN, policy: policy(PULL, deny) };
    expect(
      risks([
        iamPolicy({ actions: ["update"], before, after: { ...before, policy: policy(PULL) } }),
      ]),
    ).toEqual([
      'wider-access: no longer denies: `{"Action":"ecr:PutImage","Effect":"Deny","Resource":"*"}`',
    ]);
    expect(risks([updated(PULL, { Effect: "Allow", NotAction: "a:X", Resource: "*" })])).toEqual([
      expect.stringMatching(/^wider-access: has a statement that only a person can compare/),
    ]);
    expect(risks([iamPolicy({ actions: ["update"], after: { policy: "nonsense" } })])).toEqual([
      "wider-access: changes its policy, which is not JSON and can't be compared",
    ]);
    expect(risks([iamPolicy({ actions: ["update"], unknown: { policy: true } })])).toEqual([
      "wider-access: changes its policy to one that is known only after the apply",
    ]);
  });

  test("a policy's note shows the account of another account's repositories", () => {
    const foreign = "arn:aws:ecr:us-east-1:999999999999:repository/x/*";
    expect(risks([updated({ ...PULL, Resource: [foreign] })])).toEqual([
      `wider-access: now allows \`ecr:BatchGetImage on ${foreign}\``,
      "access-lost: no longer allows `ecr:BatchGetImage on quay/* in us-east-1`",
    ]);
  });

  test("a role that gets an existing policy is a risk, and one that gets a new policy is not", () => {
    const gets = attachment({ actions: ["create"], before: null });
    expect(risks([iamPolicy({ actions: ["no-op"] }), gets])).toEqual([
      "wider-access: gets `ecr-cache-shop-pull`",
    ]);
    const made = [
      iamPolicy({
        actions: ["create"],
        before: null,
        after: { name: "ecr-cache-shop-pull", policy: policy(PULL) },
        unknown: { arn: true },
      }),
      attachment({
        actions: ["create"],
        before: null,
        after: { role: "ci" },
        unknown: { policy_arn: true },
      }),
    ];
    expect(risks(made)).toEqual([]);
    expect(words(made)).toEqual([
      "IAM policy ecr-cache-shop-pull: is **created**",
      "IAM role ci: gets `ecr-cache-shop-pull`",
    ]);
  });

  test("a role that loses a policy is a risk, unless the policy itself is destroyed", () => {
    const loses = attachment({ actions: ["delete"], after: null });
    expect(risks([iamPolicy({ actions: ["no-op"] }), loses])).toEqual([
      "access-lost: loses `ecr-cache-shop-pull`. it can no longer do what the policy allows",
    ]);
    expect(risks([iamPolicy({ actions: ["delete"], after: null }), loses])).toEqual([
      "access-lost: is **destroyed**. those who have it lose what it allows",
    ]);
  });

  test("a created policy is a risk only if it allows everything", () => {
    const created = (text: string) =>
      iamPolicy({ actions: ["create"], before: null, after: { name: "p", policy: text } });
    expect(risks([created(policy(PULL))])).toEqual([]);
    expect(risks([created(policy({ ...PULL, Action: "ecr:*" }))])).toEqual([
      "wider-access: allows `ecr:* on quay/* in us-east-1`",
    ]);
  });

  test("a role's trust policy is compared, and an inline policy is named by its role", () => {
    const trust = (service: string) =>
      policy(statement({ Principal: { Service: service }, Action: "sts:AssumeRole" }));
    const role: Change = {
      address: "aws_iam_role.template",
      actions: ["update"],
      before: { name: "ecr-cache-shop-template", assume_role_policy: trust("ecr.amazonaws.com") },
      after: { name: "ecr-cache-shop-template", assume_role_policy: trust("ec2.amazonaws.com") },
    };
    const part: Change = {
      address: "aws_iam_role_policy.template",
      actions: ["create"],
      after: { policy: policy(PULL) },
      unknown: { role: true },
    };
    expect(words([role, part])).toEqual([
      "IAM role ecr-cache-shop-template: now allows `sts:AssumeRole for Service:ec2.amazonaws.com`",
      "IAM role ecr-cache-shop-template: no longer allows `sts:AssumeRole for Service:ecr.amazonaws.com`",
      "IAM role ecr-cache-shop-template: gets its permissions",
    ]);
  });
});

describe("review of who gains and loses access", () => {
  const root = (account: string) => `arn:aws:iam::${account}:root`;
  const pull = (...accounts: string[]) =>
    statement({
      Sid: "PullFromCache",
      Principal: { AWS: accounts.map(root) },
      Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    });
  const repositories = (...statements: Attributes[]) => ({
    ...TEMPLATE,
    repository_policy: policy(...statements),
  });
  const created = (...statements: Attributes[]) =>
    template({ actions: ["create"], before: null, after: repositories(...statements) });
  const named = (...accounts: string[]) => ({
    environment: { account: ACCOUNT, access: { ...NOBODY, accounts } },
  });
  const ALLOWS = "allows `ecr:BatchGetImage, ecr:GetDownloadUrlForLayer for 222222222222`";

  test("a created policy lists each other account, which is a risk if the environment does not name it", () => {
    const change = created(pull("222222222222", ACCOUNT));
    expect(words([change])).toEqual([
      "template quay: is **created**; it keeps the last 10 images",
      `template quay: ${ALLOWS}`,
    ]);
    expect(risks([change])).toEqual([]);
    expect(risks([change], {}, named("222222222222"))).toEqual([]);
    expect(risks([change], {}, named("333333333333"))).toEqual([`wider-access: ${ALLOWS}`]);
  });

  test("a created policy that allows another account more than pulling is a risk", () => {
    const more = { ...pull("222222222222"), Action: ["ecr:BatchGetImage", "ecr:PutImage"] };
    expect(risks([created(more)], {}, named("222222222222"))).toEqual([
      "wider-access: allows `ecr:PutImage for 222222222222`",
    ]);
    expect(
      risks([created({ Effect: "Allow", NotPrincipal: { AWS: "222222222222" }, Action: "ecr:*" })]),
    ).toEqual([expect.stringMatching(/^wider-access: has a statement that only a person can/)]);
  });

  const inOrganizations = (key: string, ...values: string[]) =>
    statement({
      Principal: "*",
      Action: ["ecr:BatchGetImage"],
      Condition: {
        [key.endsWith("ID") ? "StringEquals" : "ForAnyValue:StringLike"]: { [key]: values },
      },
    });
  const IDS = "aws:PrincipalOrgID";
  const PATHS = "aws:PrincipalOrgPaths";

  test("an organization and a path in it are principals, which the environment names or not", () => {
    const change = created(
      inOrganizations(IDS, "o-abc123def4"),
      inOrganizations(PATHS, "o-zyx987wvu6/r-ab12/*"),
    );
    const access = {
      ...NOBODY,
      organizations: ["o-abc123def4"],
      organizationPaths: ["o-zyx987wvu6/r-ab12/*"],
    };
    expect(risks([change], {}, { environment: { account: ACCOUNT, access } })).toEqual([]);
    expect(risks([change], {}, named())).toEqual([
      "wider-access: allows `ecr:BatchGetImage for organization o-abc123def4`; `ecr:BatchGetImage for organization path o-zyx987wvu6/r-ab12/*`",
    ]);
    // Any organization is everyone.
    expect(risks([created(inOrganizations(PATHS, "*"))], {}, named())).toEqual([
      expect.stringContaining("for everyone"),
    ]);
  });

  test("a path in an organization that gets wider is a risk, and one that gets narrower loses access", () => {
    const [unit, root] = ["o-abc123def4/r-ab12/ou-ab12-11111111/*", "o-abc123def4/r-ab12/*"];
    const changed = (before: Attributes, after: Attributes) =>
      risks([
        template({
          actions: ["update"],
          before: repositories(before),
          after: repositories(after),
        }),
      ]).map((line) => line.replace(/\..*/, ""));
    const wider = `wider-access: now allows \`ecr:BatchGetImage for organization path ${root}\``;
    const lost = `access-lost: no longer allows \`ecr:BatchGetImage for organization path ${root}\``;
    expect(changed(inOrganizations(PATHS, unit), inOrganizations(PATHS, root))).toEqual([wider]);
    expect(changed(inOrganizations(PATHS, root), inOrganizations(PATHS, unit))).toEqual([lost]);
    expect(changed(inOrganizations(PATHS, unit), inOrganizations(IDS, "o-abc123def4"))).toEqual([
      "wider-access: now allows `ecr:BatchGetImage for organization o-abc123def4`",
    ]);
  });

  test("statements of others that the environment lists are not a risk", () => {
    const theirs = {
      Effect: "Allow" as const,
      Principal: { AWS: root("444444444444") },
      Action: "ecr:ReplicateImage",
      Resource: "*",
    };
    const registry: Change = {
      address: "aws_ecr_registry_policy.us-east-1",
      actions: ["create"],
      after: { policy: policy(theirs) },
    };
    const access = { ...NOBODY, registryStatements: [theirs] };
    const kinds = (options?: Parameters<typeof risks>[2]) =>
      risks([registry], {}, options).map((line) => line.split(":")[0]);
    expect(kinds({ environment: { account: ACCOUNT, access } })).toEqual([
      "registry-policy-overwritten",
    ]);
    expect(kinds(named())).toEqual(["registry-policy-overwritten", "wider-access"]);
  });

  test("a created role that an AWS principal may assume is a risk, also one of the own account", () => {
    const role = (principal: Attributes): Change => ({
      address: "aws_iam_role.x",
      actions: ["create"],
      after: {
        name: "x",
        assume_role_policy: policy(statement({ Principal: principal, Action: "sts:AssumeRole" })),
      },
    });
    expect(risks([role({ Service: "ecr.amazonaws.com" })])).toEqual([]);
    expect(risks([role({ AWS: root(ACCOUNT) })])).toEqual([
      `wider-access: allows \`sts:AssumeRole for ${ACCOUNT}\``,
    ]);
  });

  test("each principal that loses or gains a grant of a policy that changes is named as a risk", () => {
    const change = template({
      actions: ["update"],
      before: repositories(pull("222222222222", "333333333333")),
      after: repositories(pull("222222222222", "444444444444")),
    });
    expect(risks([change], {}, named("222222222222", "444444444444"))).toEqual([
      "wider-access: now allows `ecr:BatchGetImage, ecr:GetDownloadUrlForLayer for 444444444444`",
      "access-lost: no longer allows `ecr:BatchGetImage, ecr:GetDownloadUrlForLayer for 333333333333`. repositories that exist allow it until they are reconciled",
    ]);
  });

  test("a grant that goes with its rule is not a risk of its own, and a destroyed registry policy names who loses", () => {
    const fill = (...prefixes: string[]) =>
      policy(
        statement({
          Sid: "FillPullThroughCache",
          Principal: { AWS: root("222222222222") },
          Action: "ecr:CreateRepository",
          Resource: prefixes.map((prefix) => `${REPOSITORY}/${prefix}/*`),
        }),
      );
    const registry = (after: Attributes | null): Change => ({
      address: "aws_ecr_registry_policy.us-east-1",
      actions: [after ? "update" : "delete"],
      before: { policy: fill("quay", "ghcr") },
      after,
    });
    const shrinks = [
      rule({ actions: ["delete"], after: null }),
      registry({ policy: fill("ghcr") }),
    ];
    expect(risks(shrinks).map((line) => line.split(":")[0])).toEqual(["rule-destroyed"]);
    expect(risks([registry({ policy: fill("ghcr") })])).toEqual([
      "access-lost: no longer allows `ecr:CreateRepository on quay/* for 222222222222`",
    ]);
    expect(risks([registry(null)])).toEqual([
      "access-lost: is **destroyed**. `222222222222` can no longer fill the cache",
    ]);
  });
});

describe("review of the account", () => {
  test("a provider whose account is not the environment's, or not that of existing resources, is a risk", () => {
    const [one, other] = risks(
      [rule({ actions: ["no-op"] })],
      {},
      {
        environment: { account: "999999999999", access: NOBODY },
      },
    );
    expect([one, other]).toEqual(
      Array(2).fill(
        "account-changed: works in account `123456789012`, but the environment is for `999999999999`",
      ),
    );
    const before = { ecr_repository_prefix: "quay", registry_id: "111111111111" };
    expect(risks([rule({ actions: ["no-op"], before })])).toEqual(
      Array(2).fill(
        "account-changed: works in account `123456789012`, but existing resources are in `111111111111`",
      ),
    );
    const arn = "arn:aws:iam::111111111111:policy/x";
    expect(
      risks([{ address: "aws_iam_policy.pull", actions: ["no-op"], before: { arn } }]),
    ).toHaveLength(2);
  });

  test("a provider that is not restricted to an account is a risk", () => {
    expect(risks([], { accounts: null })).toEqual(
      Array(2).fill(
        "provider-changed: is not restricted to an account (`allowed_account_ids`). the credentials that it finds decide where it works",
      ),
    );
  });

  test("a resource in another region than its name says is a risk", () => {
    expect(risks([rule({ actions: ["no-op"], provider: "eu-west-1" })])).toEqual([
      "provider-changed: is created in region `eu-west-1` by its provider, not in the region in its name",
    ]);
  });
});

test("an unfinished plan is a risk, and comes first", () => {
  const kinds = risks([rule({ actions: ["delete"], after: null })], { errored: true });
  expect(kinds.map((risk) => risk.split(":")[0])).toEqual(["incomplete-plan", "rule-destroyed"]);
});

test("other resources are named by their addresses, and their policies are compared", () => {
  const address = "aws_sqs_queue_policy.us-east-1";
  const changes: Change[] = [
    {
      address,
      actions: ["update"],
      before: { policy: policy() },
      after: {
        policy: policy(statement({ Principal: "*", Action: "sqs:SendMessage", Resource: "*" })),
      },
    },
    { address: "aws_lambda_function.us-east-1_reconcile", actions: ["create"], after: {} },
    {
      address: "aws_cloudwatch_log_group.us-east-1_reconcile",
      actions: ["delete", "create"],
      replacePaths: [["name"]],
    },
    { address: "aws_sns_topic.us-east-1", actions: ["delete"], before: {} },
  ];
  expect(words(changes)).toEqual([
    `resource ${address}: changes its policy`,
    `resource ${address}: now allows \`sqs:SendMessage for everyone\``,
    "resource aws_lambda_function.us-east-1_reconcile: is created",
    "resource aws_cloudwatch_log_group.us-east-1_reconcile: is replaced because its name changes",
    "resource aws_sns_topic.us-east-1: is destroyed",
  ]);
});

test("tags of a resource and its provider are reported once", () => {
  const changed = (address: string): Change => ({
    address,
    actions: ["update"],
    before: { name: "p", tags: { a: "1" }, tags_all: { a: "1", b: "2" } },
    after: { name: "p", tags: null, tags_all: { b: "2" } },
  });
  expect(words([changed("aws_iam_policy.pull"), changed("aws_sns_topic.us-east-1")])).toEqual([
    'IAM policy p: changes its tags to `{"b":"2"}` (was `{"a":"1","b":"2"}`)',
    "resource aws_sns_topic.us-east-1: changes its tags",
  ]);
  expect(review([], { drift: [changed("aws_iam_policy.pull")] }).drift).toHaveLength(1);
});

test("values that Terraform marks as sensitive are not shown", () => {
  const changes: Change[] = [
    template({
      actions: ["update"],
      after: { ...TEMPLATE, description: "never-to-be-seen" },
      sensitive: { description: true },
    }),
    {
      address: "aws_iam_policy.pull",
      actions: ["update"],
      before: { name: "p", policy: policy(statement({ Action: "never:ToBeSeen", Resource: "r" })) },
      after: { name: "p", policy: policy() },
      sensitive: { policy: true },
    },
  ];
  expect(words(changes)).toEqual([
    "template quay: changes its description to (sensitive) (was (sensitive))",
    "IAM policy p: may change its policy, which is sensitive",
  ]);
});

test("`review --region` shows that region and the account", () => {
  const changes = [
    rule({ actions: ["delete"], after: null }),
    rule({
      address: "aws_ecr_pull_through_cache_rule.eu-west-1_quay",
      actions: ["delete"],
      after: null,
    }),
    { address: "aws_iam_policy.pull", actions: ["delete"], before: { name: "p" } },
  ];
  const { changes: found, counts } = review(changes, {}, { region: "eu-west-1" });
  expect(found.map(({ address }) => address)).toEqual([
    "aws_ecr_pull_through_cache_rule.eu-west-1_quay",
    "aws_iam_policy.pull",
  ]);
  expect(counts).toMatchObject({ destroy: 2, none: 0 });
});

describe("review of drift", () => {
  const drift = (...changes: Change[]) =>
    review([], { drift: changes }).drift.map(({ subject, notes }) => [
      subject.name,
      notes.map(({ text }) => text),
    ]);

  test("drift is shown for attributes that the configuration sets", () => {
    expect(
      drift(
        template({ actions: ["update"], after: { ...TEMPLATE, lifecycle_policy: "" } }),
        rule({ actions: ["delete"], after: null }),
      ),
    ).toEqual([
      ["quay", [`has another lifecycle policy: none (was \`${keep(10)}\`)`]],
      ["quay", ["no longer exists"]],
    ]);
  });

  test("drift is not shown if nothing really changed", () => {
    const spelled = JSON.stringify(JSON.parse(keep(10)), null, 2);
    expect(
      drift(
        template({
          actions: ["update"],
          before: { ...TEMPLATE, resource_tags: null, applied_for: [] },
          after: { ...TEMPLATE, resource_tags: {}, applied_for: null, lifecycle_policy: spelled },
        }),
      ),
    ).toEqual([]);
  });
});

describe("review of what the scheduled run prunes", () => {
  const of = (prune?: object) => ({
    function_name: "ecr-cache-prod-reconcile",
    environment: [
      { variables: { PREFIXES: "quay", ...(prune && { PRUNE: JSON.stringify(prune) }) } },
    ],
  });
  const change = (before: object | undefined, after: object | undefined) =>
    ({
      address: "aws_lambda_function.us-east-1_reconcile",
      actions: ["update"],
      before: of(before),
      after: of(after),
    }) satisfies Change;
  const ninety = { unpulledForDays: 90, keepAtLeast: 2, dryRun: false };

  test("images that are deleted earlier than before are a risk", () => {
    const words = (days: number, images: number) =>
      `retention-tightened: deletes images that nobody has pulled for \`${days}\` days, but \`${images}\` in each repository`;
    expect(risks([change(undefined, ninety)])).toEqual([words(90, 2)]);
    expect(risks([change({ ...ninety, dryRun: true }, ninety)])).toEqual([words(90, 2)]);
    expect(risks([change(ninety, { ...ninety, unpulledForDays: 30 })])).toEqual([
      `${words(30, 2)} (was \`90\` days, \`2\` images)`,
    ]);
    expect(risks([change(ninety, { ...ninety, keepAtLeast: 1 })])).toHaveLength(1);
  });

  test("images that stay longer than before, or are only counted, are none", () => {
    expect(risks([change(ninety, { ...ninety, unpulledForDays: 180 })])).toEqual([]);
    expect(risks([change(ninety, { ...ninety, dryRun: true })])).toEqual([]);
    expect(risks([change(ninety, undefined)])).toEqual([]);
    expect(risks([change(undefined, { ...ninety, dryRun: true })])).toEqual([]);
  });
});
