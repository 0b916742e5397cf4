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
} from "../../support/plan-builder";

const REPOSITORY = `arn:aws:ecr:us-east-1:${ACCOUNT}:repository`;
const statement = (more: Attributes) => ({ Effect: "Allow", ...more });
const policy = (...Statement: Attributes[]) => JSON.stringify({ Version: "2012-10-17", Statement });

describe("a rule", () => {
  test("that is created is no risk, and says where its images come from", () => {
    const change = rule({
      actions: ["create"],
      before: null,
      after: {
        ecr_repository_prefix: "ROOT",
        upstream_registry_url: "quay.io",
        upstream_repository_prefix: "team-a",
      },
    });
    expect(words([change])).toEqual(["rule ROOT: is **created**: `*` comes from `quay.io/team-a`"]);
    expect(risks([change])).toEqual([]);
  });

  test("that is replaced says why, and what comes of it", () => {
    expect(
      risks([
        rule({
          actions: ["delete", "create"],
          after: { ecr_repository_prefix: "quay", upstream_registry_url: "public.ecr.aws" },
          replacePaths: [["upstream_registry_url"]],
        }),
      ]),
    ).toEqual([
      "rule-replaced: is **replaced**: it changes its upstream to `public.ecr.aws` (was `quay.io`). pulls of what is not cached fail meanwhile; what is cached under `quay/*` stays as it came from the earlier upstream",
    ]);
  });

  test("that goes is a risk, destroyed or forgotten", () => {
    expect(risks([rule({ actions: ["delete"], after: null })])).toEqual([
      "rule-destroyed: is **destroyed**. what is not cached can't be pulled any more, and nothing is refreshed; the repositories stay and cost (`ecr-cache purge`)",
    ]);
    expect(risks([rule({ actions: ["forget"], after: null })])).toEqual([
      "rule-destroyed: is **forgotten** by Terraform. it stays in ECR",
    ]);
  });

  test("that is taken over is not made anew, and says what becomes different", () => {
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
      "rule quay: exists, and is **taken over**",
      "rule quay: changes its credential to `ecr-pullthroughcache/new` (was `ecr-pullthroughcache/old`)",
    ]);
  });

  test("that would lose its credential can't, which the apply would only find out", () => {
    const before = { ecr_repository_prefix: "quay", credential_arn: "arn:x", custom_role_arn: "" };
    expect(
      risks([rule({ actions: ["update"], before, after: { ...before, credential_arn: null } })]),
    ).toEqual([
      "apply-fails: loses its credential `arn:x`. ECR takes none away from a rule that exists: replace the rule (terraform apply -replace)",
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

describe("a template", () => {
  const update = (after: Attributes, before = TEMPLATE) =>
    template({ actions: ["update"], before, after: { ...before, ...after } });

  test("that keeps less is a risk, and one that keeps more is none", () => {
    expect(risks([update({ lifecycle_policy: keep(5) })])).toEqual([
      "retention-tightened: changes its lifecycle policy: it now keeps the last 5 images instead of 10. this is for repositories made from now on, and for those that exist once they are reconciled",
    ]);
    const looser = update({ lifecycle_policy: keep(20) });
    expect(risks([looser])).toEqual([]);
    expect(words([looser])).toEqual([
      "template quay: changes its lifecycle policy: it now keeps the last 20 images instead of 10",
    ]);
  });

  test.each([["update"], ["create"]])("that makes tags immutable is a risk, on %s", (action) => {
    const after = { ...TEMPLATE, image_tag_mutability: "IMMUTABLE" };
    expect(
      risks([
        template({ actions: [action], before: action === "create" ? null : TEMPLATE, after }),
      ]),
    ).toEqual([
      "tags-immutable: makes tags `IMMUTABLE`. the 24-hour refresh can't move them, so the cache goes stale",
    ]);
  });

  test("that lets another account pull is a risk", () => {
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

  test("says what else of new repositories changes", () => {
    expect(words([update({ resource_tags: { team: "a" }, description: "new" })])).toEqual([
      "template quay: changes its description to `new` (was none)",
      'template quay: changes the tags of new repositories to `{"team":"a"}` (was none)',
    ]);
  });

  test("that goes is a risk unless its rule goes too", () => {
    const gone = template({ actions: ["delete"], after: null });
    expect(risks([gone])).toEqual([
      "template-destroyed: is **destroyed**. new repositories keep every image, and other accounts can't pull from them",
    ]);
    expect(risks([gone, rule({ actions: ["delete"], after: null })])).toEqual([
      expect.stringMatching(/^rule-destroyed/),
    ]);
  });
});

describe("a secret", () => {
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

  test("whose token rotates is no risk, and nothing of it is shown", () => {
    const changes = [secret({ actions: ["no-op"] }), version({ actions: ["delete", "create"] })];
    expect(words(changes)).toEqual([
      `secret ${NAME}: **rotates its token** (version \`1\` to \`2\`)`,
    ]);
    expect(risks(changes)).toEqual([]);
    expect(JSON.stringify(review(changes))).not.toContain("never-to-be-seen");
  });

  test("that is destroyed or replaced is a risk, with the days that its name is taken", () => {
    const gone = "ECR can't pull with it any more: nothing new is cached, and nothing is refreshed";
    expect(risks([secret({ actions: ["delete"], after: null })])).toEqual([
      `secret-destroyed: is **destroyed**. ${gone}; its name is taken for 7 days`,
    ]);
    expect(
      risks([
        secret({
          actions: ["delete", "create"],
          before: { name: NAME, recovery_window_in_days: 0 },
        }),
      ]),
    ).toEqual([`secret-replaced: is **replaced**. ${gone}, until the rule has the new one`]);
    expect(risks([secret({ actions: ["no-op"] }), version({ actions: ["delete"] })])).toEqual([
      "secret-destroyed: loses its **token**. ECR can't pull with it any more",
    ]);
  });

  test("under a key of one's own is a risk: ECR can't read it", () => {
    const key = "arn:aws:kms:us-east-1:123456789012:key/1";
    expect(
      risks([secret({ actions: ["update"], after: { name: NAME, kms_key_id: key } })]),
    ).toEqual([
      `secret-unreadable: is under the key \`${key}\`. ECR reads only secrets under \`aws/secretsmanager\``,
    ]);
  });
});

describe("the registry policy", () => {
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

  test("that is created may take the place of another one", () => {
    expect(risks([registry({ actions: ["create"], before: null })])).toEqual([
      "registry-policy-overwritten: is **created**. a registry has one policy, and this one takes the place of whatever is there: look first (`aws ecr get-registry-policy`)",
    ]);
  });

  test("loses what others have put there, and says which statements", () => {
    expect(
      risks([registry({ actions: ["update"], before: { policy: policy(OURS, THEIRS) } })]),
    ).toEqual([
      "registry-policy-overwritten: loses what is not of this project: `Replication`. whoever has put it there misses it",
    ]);
    expect(
      risks([
        registry({ actions: ["delete"], before: { policy: policy(OURS, THEIRS) }, after: null }),
      ]).map((risk) => risk.split(":")[0]),
    ).toEqual(["registry-policy-overwritten", "access-lost"]);
  });

  test("covers a new rule for those who are in it, which is no risk; a new account is one", () => {
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

describe("access of this account", () => {
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

  test("gets wider by an action, a resource or a wildcard, and narrower without a risk", () => {
    expect(risks([updated(PULL, statement({ Action: "ecr:PutImage", Resource: "*" }))])).toEqual([
      "wider-access: now allows `ecr:PutImage on *`",
    ]);
    expect(risks([updated({ ...PULL, Action: "ecr:*" })])).toEqual([
      "wider-access: now allows `ecr:* on quay/* in us-east-1`",
    ]);
    expect(risks([updated()])).toEqual([]);
    expect(words([updated()])).toEqual([
      "IAM policy ecr-cache-shop-pull: does not allow any more: `ecr:BatchGetImage on quay/* in us-east-1`",
    ]);
  });

  test("gets wider by a denial that goes, and by what can't be compared", () => {
    const deny = { Effect: "Deny", Action: "ecr:PutImage", Resource: "*" };
    const before = { name: "p", arn: ARN, policy: policy(PULL, deny) };
    expect(
      risks([
        iamPolicy({ actions: ["update"], before, after: { ...before, policy: policy(PULL) } }),
      ]),
    ).toEqual([
      'wider-access: does not deny any more: `{"Action":"ecr:PutImage","Effect":"Deny","Resource":"*"}`',
    ]);
    expect(risks([updated(PULL, { Effect: "Allow", NotAction: "a:X", Resource: "*" })])).toEqual([
      expect.stringMatching(/^wider-access: has a statement that only a person can compare/),
    ]);
    expect(risks([iamPolicy({ actions: ["update"], after: { policy: "nonsense" } })])).toEqual([
      "wider-access: changes its policy, which is no JSON and can't be compared",
    ]);
    expect(risks([iamPolicy({ actions: ["update"], unknown: { policy: true } })])).toEqual([
      "wider-access: changes its policy to one that is known only after the apply",
    ]);
  });

  test("the repositories of another account are shown with it", () => {
    const foreign = "arn:aws:ecr:us-east-1:999999999999:repository/x/*";
    expect(risks([updated({ ...PULL, Resource: [foreign] })])).toEqual([
      `wider-access: now allows \`ecr:BatchGetImage on ${foreign}\``,
    ]);
  });

  test("a role that gets a policy which is there already is a risk, one that gets a new one is not", () => {
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

  test("a role that loses a policy can't pull any more; when the policy goes, that says it", () => {
    const loses = attachment({ actions: ["delete"], after: null });
    expect(risks([iamPolicy({ actions: ["no-op"] }), loses])).toEqual([
      "access-lost: loses `ecr-cache-shop-pull`. it may not do any more what the policy allows",
    ]);
    expect(risks([iamPolicy({ actions: ["delete"], after: null }), loses])).toEqual([
      "access-lost: is **destroyed**. those who have it may not do any more what it allows",
    ]);
  });

  test("a policy that is created is a risk only where it is for everything", () => {
    const created = (text: string) =>
      iamPolicy({ actions: ["create"], before: null, after: { name: "p", policy: text } });
    expect(risks([created(policy(PULL))])).toEqual([]);
    expect(risks([created(policy({ ...PULL, Action: "ecr:*" }))])).toEqual([
      "wider-access: allows `ecr:* on quay/* in us-east-1`",
    ]);
  });

  test("whom a role trusts is compared too, and a policy is named by the role that it is part of", () => {
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
      "IAM role ecr-cache-shop-template: does not allow any more: `sts:AssumeRole for Service:ecr.amazonaws.com`",
      "IAM role ecr-cache-shop-template: gets its permissions",
    ]);
  });
});

describe("the account", () => {
  test("that is not the environment's, or not that of what exists, is a risk of each provider", () => {
    const [one, other] = risks([rule({ actions: ["no-op"] })], {}, { account: "999999999999" });
    expect([one, other]).toEqual(
      Array(2).fill(
        "account-changed: works in the account `123456789012`, and the environment is for `999999999999`",
      ),
    );
    const before = { ecr_repository_prefix: "quay", registry_id: "111111111111" };
    expect(risks([rule({ actions: ["no-op"], before })])).toEqual(
      Array(2).fill(
        "account-changed: works in the account `123456789012`, and what exists is in `111111111111`",
      ),
    );
    const arn = "arn:aws:iam::111111111111:policy/x";
    expect(
      risks([{ address: "aws_iam_policy.pull", actions: ["no-op"], before: { arn } }]),
    ).toHaveLength(2);
  });

  test("that no provider is held to is a risk", () => {
    expect(risks([], { accounts: null })).toEqual(
      Array(2).fill(
        "provider-changed: is held to no account (`allowed_account_ids`). whichever credentials are there decide where it works",
      ),
    );
  });

  test("a resource in another region than its name says is a risk", () => {
    expect(risks([rule({ actions: ["no-op"], provider: "eu-west-1" })])).toEqual([
      "provider-changed: goes to the region `eu-west-1`, by its provider, and not to the one in its name",
    ]);
  });
});

test("a plan that Terraform could not finish is a risk, the first of all", () => {
  const kinds = risks([rule({ actions: ["delete"], after: null })], { errored: true });
  expect(kinds.map((risk) => risk.split(":")[0])).toEqual(["incomplete-plan", "rule-destroyed"]);
});

test("what is not of the cache itself is named by its address, and a policy of it is compared", () => {
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
    "resource aws_cloudwatch_log_group.us-east-1_reconcile: is replaced, because of its name",
    "resource aws_sns_topic.us-east-1: is destroyed",
  ]);
});

test("tags are told with those of the provider, once", () => {
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

test("nothing that Terraform calls sensitive is shown", () => {
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

test("--region leaves out other regions, and nothing that is one for the account", () => {
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

describe("what was changed outside Terraform", () => {
  const drift = (...changes: Change[]) =>
    review([], { drift: changes }).drift.map(({ subject, notes }) => [
      subject.name,
      notes.map(({ text }) => text),
    ]);

  test("is shown where the configuration has a say in it", () => {
    expect(
      drift(
        template({ actions: ["update"], after: { ...TEMPLATE, lifecycle_policy: "" } }),
        rule({ actions: ["delete"], after: null }),
      ),
    ).toEqual([
      ["quay", [`was changed: it changes its lifecycle policy to none (was \`${keep(10)}\`)`]],
      ["quay", ["is gone"]],
    ]);
  });

  test("is not shown where nothing really changed", () => {
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
