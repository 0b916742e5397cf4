import fc from "fast-check";
import { readFileSync } from "node:fs";
import { defineEnvironment, type Environment, type EnvironmentInput } from "../../ecr/environment";
import {
  formatPolicy,
  MAX_MANAGED_POLICY_LENGTH,
  MAX_REGISTRY_POLICY_LENGTH,
  MAX_ROLE_POLICY_LENGTH,
  needsTemplateRole,
  needsUpstreamRole,
  type PolicyDocument,
  policyDocument,
  pulledRepositories,
  pullerPolicies,
  registryPolicy,
  repositoriesArn,
  type RegistryStatement,
  repositoryPolicy,
  TEMPLATE_ROLE_TRUST,
  templateRolePolicy,
  UPSTREAM_ROLE_TRUST,
  upstreamRolePolicy,
} from "../../ecr/policies";
import { isAllowed } from "../../ecr/only";
import { permissionPolicies } from "../../ecr/policies/permissions";
import { evaluate } from "../../ecr/policies/evaluate";
import { maximal } from "../support/environments";

const define = (change: Partial<EnvironmentInput> = {}) =>
  defineEnvironment({
    name: "dev",
    account: "111111111111",
    regions: ["us-east-1"],
    rules: [{ upstream: "quay" }, { upstream: "k8s" }],
    ...change,
  });

const kmsKey = (region: string) => `arn:aws:kms:${region}:111111111111:key/1234abcd`;

/** Every policy that an environment gives rise to. */
function policiesOf(environment: Environment): PolicyDocument<RegistryStatement>[] {
  return [
    ...pullerPolicies(environment),
    templateRolePolicy(environment),
    ...environment.rules
      .filter((rule) => needsUpstreamRole(environment, rule))
      .map((rule) => upstreamRolePolicy(environment, rule)),
    ...environment.regions.flatMap((region) => [
      registryPolicy(environment, region),
      repositoryPolicy(environment, region),
    ]),
  ].filter((policy) => policy !== undefined);
}

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : [value].flat();

describe("the policy of pullers", () => {
  test("the pullers' policy allows a token, and pulling through the cache in every region", () => {
    expect(pullerPolicies(define({ regions: ["us-east-1", "eu-west-1"] }))).toEqual([
      {
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "GetToken",
            Effect: "Allow",
            Action: "ecr:GetAuthorizationToken",
            Resource: "*",
          },
          {
            Sid: "PullThroughCache",
            Effect: "Allow",
            Action: [
              "ecr:BatchGetImage",
              "ecr:GetDownloadUrlForLayer",
              "ecr:BatchImportUpstreamImage",
              "ecr:CreateRepository",
            ],
            Resource: [
              "arn:aws:ecr:us-east-1:111111111111:repository/quay/*",
              "arn:aws:ecr:us-east-1:111111111111:repository/kubernetes/*",
              "arn:aws:ecr:eu-west-1:111111111111:repository/quay/*",
              "arn:aws:ecr:eu-west-1:111111111111:repository/kubernetes/*",
            ],
          },
        ],
      },
    ]);
  });

  test("the pullers' policy is for every repository where the prefix is ROOT", () => {
    const [policy] = pullerPolicies(
      define({ rules: [{ upstream: "quay", prefix: "ROOT", allowPublicRoot: true }] }),
    );
    expect(policy?.Statement[1]?.Resource).toEqual([
      "arn:aws:ecr:us-east-1:111111111111:repository/*",
    ]);
  });

  test("the pullers' policy is split before it exceeds IAM's limit, and the first part allows a token", () => {
    const environment = define({
      regions: ["us-east-1", "eu-west-1"],
      rules: Array.from({ length: 50 }, (_, index) => ({
        upstream: "quay" as const,
        prefix: `mirrors/quay.io/team-${index}`,
      })),
    });
    const policies = pullerPolicies(environment);
    expect(policies.map(({ Statement }) => Statement.map(({ Sid }) => Sid))).toEqual([
      ["GetToken", "PullThroughCache"],
      ["PullThroughCache"],
    ]);
    // As full as can be: one more resource would not have gone into the first.
    const [first, second] = policies.map((policy) => formatPolicy(policy).length);
    expect(first).toBeLessThanOrEqual(MAX_MANAGED_POLICY_LENGTH);
    expect(
      first! + `,"${String(policies[1]?.Statement[0]?.Resource?.[0])}"`.length,
    ).toBeGreaterThan(MAX_MANAGED_POLICY_LENGTH);
    expect(second).toBeLessThan(MAX_MANAGED_POLICY_LENGTH);
  });

  test("the pullers' policies are within IAM's limit and complete, whatever the rules and regions", () => {
    const prefixes = fc.uniqueArray(
      fc.stringMatching(/^[a-z][a-z0-9]{1,8}(\/[a-z0-9]{1,8}){0,2}$/),
      { minLength: 1, maxLength: 50, size: "max" },
    );
    const regions = fc.shuffledSubarray(
      [
        "us-east-1",
        "eu-west-1",
        "ap-southeast-2",
        "eu-central-1",
        "sa-east-1",
        "me-central-1",
      ] as const,
      { minLength: 1 },
    );
    let parted = 0;
    fc.assert(
      fc.property(prefixes, regions, (names, places) => {
        const environment = define({
          regions: places,
          rules: names.map((prefix) => ({ upstream: "quay", prefix })),
        });
        const policies = pullerPolicies(environment);
        if (policies.length > 1) parted += 1;
        for (const policy of policies) {
          expect(formatPolicy(policy).length).toBeLessThanOrEqual(6_144);
        }
        const resources = policies.flatMap(({ Statement }) =>
          Statement.filter(({ Sid }) => Sid === "PullThroughCache").flatMap(({ Resource }) =>
            listOf(Resource),
          ),
        );
        expect(resources).toEqual(
          places.flatMap((region) =>
            names.map((name) => `arn:aws:ecr:${region}:111111111111:repository/${name}/*`),
          ),
        );
      }),
      { numRuns: 50 },
    );
    // The property says little where one policy is enough.
    expect(parted).toBeGreaterThan(5);
  });
});

describe("of a rule with `only`", () => {
  const environment = define({
    regions: ["us-east-1", "eu-west-1"],
    rules: [
      { upstream: "quay", only: ["prometheus/*", "argoproj/argocd"] },
      { upstream: "k8s" },
      { upstream: "ecr-public", prefix: "ROOT", only: ["docker/library/*"] },
    ],
    access: { accounts: ["222222222222"] },
  });
  const repositories = (region: string) =>
    ["quay/prometheus/*", "quay/argoproj/argocd", "kubernetes/*", "docker/library/*"].map(
      (name) => `arn:aws:ecr:${region}:111111111111:repository/${name}`,
    );

  test("the policy of pullers names the repositories that `only` lists", () => {
    expect(pullerPolicies(environment).flatMap(({ Statement }) => Statement)[1]).toMatchObject({
      Sid: "PullThroughCache",
      Resource: [...repositories("us-east-1"), ...repositories("eu-west-1")],
    });
  });

  test("the registry policy names the repositories that `only` lists", () => {
    expect(registryPolicy(environment, "eu-west-1")?.Statement).toMatchObject([
      { Resource: repositories("eu-west-1") },
    ]);
  });

  test("`isAllowed` means what IAM means by the ARNs", () => {
    const part = fc.stringMatching(/^[a-c]{1,2}$/);
    const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
    const pattern = fc
      .tuple(fc.constantFrom("a", "b", "ab"), fc.stringMatching(/^([a-c*]|\/[a-c*]){0,4}$/))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 3 }), name, (only, below) => {
        const rule = { prefix: "quay", only };
        const Resource = pulledRepositories({ account: "111111111111" }, "us-east-1", rule);
        const statement = { Effect: "Allow" as const, Action: "ecr:CreateRepository", Resource };
        const repository = `quay/${below}`;
        expect(isAllowed(rule, repository)).toBe(
          evaluate(
            [formatPolicy(policyDocument(statement))],
            "ecr:CreateRepository",
            `arn:aws:ecr:us-east-1:111111111111:repository/${repository}`,
          ) === "allowed",
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe("for accounts that pull", () => {
  const environment = define({ access: { accounts: ["222222222222", "333333333333"] } });
  const roots = {
    AWS: ["arn:aws:iam::222222222222:root", "arn:aws:iam::333333333333:root"],
  };

  test("the registry policy lets other accounts fill the cache, and no more", () => {
    expect(registryPolicy(environment, "us-east-1")).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "FillPullThroughCache",
          Effect: "Allow",
          Principal: roots,
          Action: ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
          Resource: [
            "arn:aws:ecr:us-east-1:111111111111:repository/quay/*",
            "arn:aws:ecr:us-east-1:111111111111:repository/kubernetes/*",
          ],
        },
      ],
    });
  });

  test("the repository policy lets other accounts pull, and no more", () => {
    expect(repositoryPolicy(environment, "us-east-1")).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "PullFromCache",
          Effect: "Allow",
          Principal: roots,
          Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        },
      ],
    });
  });

  test("there is no registry or repository policy where no other account pulls", () => {
    expect(registryPolicy(define(), "us-east-1")).toBeUndefined();
    expect(repositoryPolicy(define(), "us-east-1")).toBeUndefined();
  });

  test("the repository policy is always shorter than the registry policy, which is kept within ECR's limit", () => {
    const many = define({
      access: { accounts: Array.from({ length: 300 }, (_, index) => `${200_000_000_000 + index}`) },
    });
    const length = formatPolicy(registryPolicy(many, "us-east-1")!).length;
    expect(length).toBeLessThanOrEqual(MAX_REGISTRY_POLICY_LENGTH);
    expect(formatPolicy(repositoryPolicy(many, "us-east-1")!).length).toBeLessThan(length);
  });
});

describe("the role of creation templates", () => {
  test("the templates' role is assumed by ECR", () => {
    expect(TEMPLATE_ROLE_TRUST).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "ecr.amazonaws.com" },
          Action: "sts:AssumeRole",
        },
      ],
    });
  });

  test("the templates' role is not needed without tags and KMS", () => {
    const environment = define();
    expect(environment.rules.map((rule) => needsTemplateRole(environment, rule))).toEqual([
      false,
      false,
    ]);
    expect(templateRolePolicy(environment)).toBeUndefined();
  });

  test("the templates' role is needed by every rule where there are tags, and may not use keys", () => {
    const environment = define({ tags: { team: "platform" } });
    expect(environment.rules.every((rule) => needsTemplateRole(environment, rule))).toBe(true);
    expect(templateRolePolicy(environment)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "CreateRepositories",
          Effect: "Allow",
          Action: ["ecr:CreateRepository", "ecr:TagResource"],
          Resource: [
            "arn:aws:ecr:us-east-1:111111111111:repository/quay/*",
            "arn:aws:ecr:us-east-1:111111111111:repository/kubernetes/*",
          ],
        },
      ],
    });
  });

  test("the templates' role is needed only by the rules that have a key where there are no tags, and may use those keys", () => {
    const encryption = {
      type: "KMS" as const,
      kmsKey: [kmsKey("us-east-1"), kmsKey("eu-west-1")],
    };
    const environment = define({
      regions: ["us-east-1", "eu-west-1"],
      rules: [
        { upstream: "quay" },
        { upstream: "k8s", encryption },
        { upstream: "ecr-public", encryption },
      ],
    });
    expect(environment.rules.map((rule) => needsTemplateRole(environment, rule))).toEqual([
      false,
      true,
      true,
    ]);
    expect(templateRolePolicy(environment)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "CreateRepositories",
          Effect: "Allow",
          Action: ["ecr:CreateRepository", "ecr:TagResource"],
          Resource: [
            "arn:aws:ecr:us-east-1:111111111111:repository/kubernetes/*",
            "arn:aws:ecr:us-east-1:111111111111:repository/ecr-public/*",
            "arn:aws:ecr:eu-west-1:111111111111:repository/kubernetes/*",
            "arn:aws:ecr:eu-west-1:111111111111:repository/ecr-public/*",
          ],
        },
        {
          Sid: "GrantKeysToEcr",
          Effect: "Allow",
          Action: "kms:CreateGrant",
          Resource: [kmsKey("us-east-1"), kmsKey("eu-west-1")],
          Condition: {
            StringLike: { "kms:ViaService": ["ecr.us-east-1.*", "ecr.eu-west-1.*"] },
            Bool: { "kms:GrantIsForAWSResource": "true" },
          },
        },
        {
          Sid: "EncryptRepositories",
          Effect: "Allow",
          Action: ["kms:DescribeKey", "kms:RetireGrant"],
          Resource: [kmsKey("us-east-1"), kmsKey("eu-west-1")],
          Condition: {
            StringLike: { "kms:ViaService": ["ecr.us-east-1.*", "ecr.eu-west-1.*"] },
          },
        },
      ],
    });
  });
});

describe("the role for another account's registry", () => {
  const upstream = (registry: string, upstreamPrefix?: string) =>
    define({
      rules: [
        {
          upstream: "ecr",
          registry: `${registry}.amazonaws.com` as "x.dkr.ecr.x.amazonaws.com",
          prefix: "shared",
          upstreamPrefix,
        },
      ],
    });

  test("the upstream's role is assumed by ECR's pull-through cache", () => {
    expect(UPSTREAM_ROLE_TRUST).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "pullthroughcache.ecr.amazonaws.com" },
          Action: "sts:AssumeRole",
        },
      ],
    });
  });

  test.each([
    ["another account's registry", "444444444444.dkr.ecr.us-east-1", true],
    ["this account's registry in another region", "111111111111.dkr.ecr.eu-west-1", false],
  ])("whether a role is needed for %s (%s): %s", (_what, registry, needed) => {
    const environment = upstream(registry);
    expect(needsUpstreamRole(environment, environment.rules[0]!)).toBe(needed);
  });

  test("the upstream's role is not needed by upstreams other than ECR", () => {
    const environment = define();
    expect(environment.rules.some((rule) => needsUpstreamRole(environment, rule))).toBe(false);
  });

  test("the upstream's role may read below the upstream prefix and write below the rule's", () => {
    const environment = upstream("444444444444.dkr.ecr.eu-west-1", "team-a");
    const cached = "arn:aws:ecr:us-east-1:111111111111:repository/shared/*";
    expect(upstreamRolePolicy(environment, environment.rules[0]!)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "GetToken",
          Effect: "Allow",
          Action: "ecr:GetAuthorizationToken",
          Resource: "*",
        },
        {
          Sid: "ReadUpstream",
          Effect: "Allow",
          Action: [
            "ecr:BatchGetImage",
            "ecr:BatchImportUpstreamImage",
            "ecr:GetDownloadUrlForLayer",
            "ecr:GetImageCopyStatus",
          ],
          Resource: ["arn:aws:ecr:eu-west-1:444444444444:repository/team-a/*", cached],
        },
        {
          Sid: "WriteCache",
          Effect: "Allow",
          Action: [
            "ecr:CompleteLayerUpload",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
          ],
          Resource: [cached],
        },
      ],
    });
  });

  test("the upstream's role may read all of the upstream where there is no upstream prefix", () => {
    const environment = upstream("444444444444.dkr.ecr.eu-west-1");
    const policy = upstreamRolePolicy(environment, environment.rules[0]!);
    expect(policy.Statement[1]?.Resource).toContain(
      "arn:aws:ecr:eu-west-1:444444444444:repository/*",
    );
  });

  test("docs/upstreams.md has the statement for the other account, with the actions of the role", () => {
    const page = readFileSync("docs/upstreams.md", "utf8");
    const [, example = "null"] =
      /```json\n([^`]*PullThroughCacheUpstream[^`]*)```/.exec(page) ?? [];
    const { rules } = maximal;
    const policy = upstreamRolePolicy(
      maximal,
      rules.find(({ upstream }) => upstream === "ecr")!,
    );
    expect(JSON.parse(example)).toMatchObject({
      Effect: "Allow",
      Action: policy.Statement.find(({ Sid }) => Sid === "ReadUpstream")?.Action,
    });
  });
});

describe("the policies of an environment with every option", () => {
  const policies = policiesOf(maximal);
  const statements = policies.flatMap(({ Statement }) => Statement);

  test("every kind of policy is among those that are tested for least privilege", () => {
    // Pullers, the template role, one upstream role, and two policies in each of two regions.
    expect(policies).toHaveLength(7);
  });

  test("no policy has the resource `*`, but for the token, which has no resource", () => {
    const everything = statements.filter(({ Resource }) => listOf(Resource).includes("*"));
    expect(new Set(everything.flatMap(({ Action }) => listOf(Action)))).toEqual(
      new Set(["ecr:GetAuthorizationToken"]),
    );
  });

  test("no policy has an action with a wildcard", () => {
    expect(
      statements.flatMap(({ Action }) => listOf(Action)).filter((it) => it.includes("*")),
    ).toEqual([]);
  });

  test("no policy lets anybody in", () => {
    const principals = statements
      .filter(({ Effect, Condition = {} }) => {
        const isOfOrganization =
          /^(\{"StringEquals":\{"aws:PrincipalOrgID"|\{"ForAnyValue:StringLike":\{"aws:PrincipalOrgPaths")/;
        return Effect === "Allow" && !isOfOrganization.test(JSON.stringify(Condition));
      })
      .flatMap(({ Principal }) => Object.values(Principal ?? {}).flatMap(listOf));
    expect(principals.filter((principal) => principal.includes("*"))).toEqual([]);
  });

  test("no policy is longer than its kind may be", () => {
    expect(formatPolicy(templateRolePolicy(maximal)!).length).toBeLessThanOrEqual(
      MAX_ROLE_POLICY_LENGTH,
    );
    for (const policy of pullerPolicies(maximal)) {
      expect(formatPolicy(policy).length).toBeLessThanOrEqual(MAX_MANAGED_POLICY_LENGTH);
    }
  });

  test("no policy has two statements of one name", () => {
    for (const { Statement } of policies) {
      const names = Statement.map(({ Sid }) => Sid);
      expect(names).toEqual([...new Set(names)]);
    }
  });
});

test.each([
  ["us-east-1", "aws"],
  ["cn-north-1", "aws-cn"],
  ["us-gov-west-1", "aws-us-gov"],
  ["us-iso-east-1", "aws-iso"],
  ["us-isob-east-1", "aws-iso-b"],
  ["eu-isoe-west-1", "aws-iso-e"],
  ["us-isof-south-1", "aws-iso-f"],
  ["eusc-de-east-1", "aws-eusc"],
])("the ARNs of policies in %s are of the partition %s", (region, partition) => {
  expect(repositoriesArn({ account: "111111111111" }, region, "quay")).toBe(
    `arn:${partition}:ecr:${region}:111111111111:repository/quay/*`,
  );
});

test("the principals of policies are of the region's partition", () => {
  const environment = define({
    regions: ["eusc-de-east-1"],
    access: { accounts: ["222222222222"] },
  });
  const principal = { AWS: ["arn:aws-eusc:iam::222222222222:root"] };
  expect(registryPolicy(environment, "eusc-de-east-1")?.Statement[0]?.Principal).toEqual(principal);
  expect(repositoryPolicy(environment, "eusc-de-east-1")?.Statement[0]?.Principal).toEqual(
    principal,
  );
});

describe("the policy of deployers", () => {
  const boundary = "arn:aws:iam::111111111111:policy/platform";
  const statementsFor = (change: Partial<EnvironmentInput>, action: string) =>
    permissionPolicies(define(change), "deploy")
      .flatMap(({ Statement }) => Statement)
      .filter(({ Action }) => Action.includes(action));

  test.each(["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"])(
    "a deployer may call %s only for roles with the environment's boundary, where it has one",
    (action) => {
      expect(statementsFor({ permissionsBoundary: boundary }, action)).toMatchObject([
        { Condition: { StringEquals: { "iam:PermissionsBoundary": boundary } } },
      ]);
    },
  );

  test("no deployer may remove a boundary", () => {
    const change = { permissionsBoundary: boundary };
    expect(statementsFor(change, "iam:DeleteRolePermissionsBoundary")).toEqual([]);
  });

  test.each(["iam:CreateRole", "iam:DeleteRole", "iam:GetRole", "iam:PassRole"])(
    "a deployer may call %s only for roles below the environment's path",
    (action) => {
      const roles = "arn:aws:iam::111111111111:role/platform/ecr-cache-dev-*";
      expect(statementsFor({ rolePath: "/platform/" }, action)).toMatchObject([
        { Resource: [roles] },
      ]);
    },
  );
});

describe("organizations", () => {
  const access = {
    organizations: ["o-abc123def4", "o-def123abc4"],
    organizationPaths: ["o-zyx987wvu6/r-ab12/ou-ab12-11111111/*"],
  };
  const conditions = [
    { StringEquals: { "aws:PrincipalOrgID": access.organizations } },
    { "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": access.organizationPaths } },
  ];
  const pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

  test("organizations fill the cache and read by the registry policy, and read by that of repositories", () => {
    const environment = define({ access });
    expect(registryPolicy(environment, "us-east-1")?.Statement).toEqual(
      ["Organizations", "OrganizationPaths"].map((suffix, index) => ({
        Sid: `FillPullThroughCache${suffix}`,
        Effect: "Allow",
        Principal: "*",
        Action: [...pull, "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
        Resource: ["quay", "kubernetes"].map(
          (prefix) => `arn:aws:ecr:us-east-1:111111111111:repository/${prefix}/*`,
        ),
        Condition: conditions[index],
      })),
    );
    expect(repositoryPolicy(environment, "us-east-1")?.Statement).toEqual(
      ["Organizations", "OrganizationPaths"].map((suffix, index) => ({
        Sid: `PullFromCache${suffix}`,
        Effect: "Allow",
        Principal: "*",
        Action: pull,
        Condition: conditions[index],
      })),
    );
  });
});
