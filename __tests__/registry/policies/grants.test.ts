import {
  describeGrants,
  isBroad,
  isNarrow,
  policyCovers,
  widening,
} from "../../../registry/policies/grants";

type Statement = Record<string, unknown>;
const policy = (...Statement: Statement[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const allow = (Action: unknown, Resource?: unknown, more: Statement = {}) => ({
  Effect: "Allow",
  Action,
  ...(Resource !== undefined && { Resource }),
  ...more,
});

const REPOSITORY = "arn:aws:ecr:us-east-1:123456789012:repository";
const root = (account: string) => ({ Principal: { AWS: `arn:aws:iam::${account}:root` } });

/** What is wider, in words. */
const wider = (before: string | undefined, after: string | undefined) =>
  describeGrants(widening(before, after).grants);

describe("a policy is not wider than", () => {
  test.each([
    [
      "itself, whatever the order, the case and the names",
      [
        policy(
          allow(["ecr:PutImage", "ecr:BatchGetImage"], ["b", "a"], { Sid: "One" }),
          allow("s3:GetObject", "*"),
        ),
        policy(
          allow("s3:GetObject", "*"),
          allow(["ECR:batchgetimage", "ecr:PutImage"], ["a", "b"]),
        ),
      ],
    ],
    [
      "one with the same in fewer statements",
      [
        policy(allow(["a:X", "a:Y"], ["r", "s"])),
        policy(allow("a:X", "r"), allow("a:X", "s"), allow("a:Y", ["r", "s"])),
      ],
    ],
    [
      "one with wildcards that match",
      [
        policy(allow("ecr:*", `${REPOSITORY}/*`)),
        policy(allow("ecr:PutImage", `${REPOSITORY}/quay/*`)),
      ],
    ],
    [
      "one for everyone",
      [
        policy(allow("a:X", "*", { Principal: "*" })),
        policy(allow("a:X", "*", root("123456789012"))),
      ],
    ],
    [
      "one for the same account by its id",
      [
        policy(allow("a:X", "*", { Principal: { AWS: ["123456789012"] } })),
        policy(allow("a:X", "*", root("123456789012"))),
      ],
    ],
    [
      "one without the condition",
      [
        policy(allow("a:X", "*")),
        policy(allow("a:X", "*", { Condition: { Bool: { "aws:SecureTransport": "true" } } })),
      ],
    ],
  ])("%s", (_, [before, after]) => {
    expect(isNarrow(widening(before, after))).toBe(true);
    expect(policyCovers(before!, after!)).toBe(true);
  });
});

describe("a policy is wider by", () => {
  test("actions and resources, those of one kind together", () => {
    expect(
      wider(
        policy(allow(["a:X"], ["r"])),
        policy(allow(["a:X", "a:Y"], ["r"]), allow(["a:X", "a:Y"], ["s", "t"])),
      ),
    ).toEqual(["a:Y on r", "a:X, a:Y on s, t"]);
  });

  test("wildcards, which a single name does not match", () => {
    expect(wider(policy(allow("ecr:PutImage", "r")), policy(allow("ecr:Put*", "r")))).toEqual([
      "ecr:Put* on r",
    ]);
    expect(wider(policy(allow("a:X", "r?")), policy(allow("a:X", "r*")))).toEqual(["a:X on r*"]);
  });

  test("a principal", () => {
    expect(
      wider(
        policy(allow("a:X", undefined, root("123456789012"))),
        policy(
          allow("a:X", undefined, {
            Principal: { AWS: ["123456789012", "210987654321"], Service: "ecr.amazonaws.com" },
          }),
        ),
      ),
    ).toEqual(["a:X for 210987654321", "a:X for Service:ecr.amazonaws.com"]);
    expect(wider(policy(), policy(allow("a:X", "r", { Principal: { AWS: "*" } })))).toEqual([
      "a:X on r for everyone",
    ]);
  });

  test("a condition that goes or becomes another", () => {
    const condition = (value: string) => ({ Condition: { StringEquals: { "aws:x": value } } });
    expect(wider(policy(allow("a:X", "r", condition("1"))), policy(allow("a:X", "r")))).toEqual([
      "a:X on r",
    ]);
    expect(
      wider(policy(allow("a:X", "r", condition("1"))), policy(allow("a:X", "r", condition("2")))),
    ).toEqual(['a:X on r if {"StringEquals":{"aws:x":"2"}}']);
  });

  test("everything, where there was none before", () => {
    expect(wider(undefined, policy(allow("a:X", "r")))).toEqual(["a:X on r"]);
    expect(wider("", undefined)).toEqual([]);
  });

  test("a denial that goes", () => {
    const deny = { Effect: "Deny", Action: "a:Y", Resource: "*" };
    const { lostDenials, grants } = widening(
      policy(allow("a:*", "*"), { Sid: "No", ...deny }),
      policy(allow("a:*", "*")),
    );
    expect({ lostDenials, grants }).toEqual({
      lostDenials: ['{"Action":"a:Y","Effect":"Deny","Resource":"*"}'],
      grants: [],
    });
    expect(isNarrow(widening(policy(deny), policy({ Sid: "Other", ...deny })))).toBe(true);
  });

  test("a statement by exceptions, which can't be compared", () => {
    const but = (action: string) => ({ Effect: "Allow", NotAction: action, Resource: "*" });
    expect(widening(policy(but("a:X")), policy(but("a:Y"))).opaque).toEqual([
      '{"Effect":"Allow","NotAction":"a:Y","Resource":"*"}',
    ]);
    expect(isNarrow(widening(policy(but("a:X")), policy(but("a:X"))))).toBe(true);
  });
});

test("what is no policy covers nothing", () => {
  expect(policyCovers("nonsense", policy(allow("a:X", "r")))).toBe(false);
});

test.each([
  [allow("ecr:*", "r"), true],
  [allow("ecr:PutImage", "*"), true],
  [allow("ecr:PutImage", `${REPOSITORY}/quay/*`), false],
  [allow("ecr:GetAuthorizationToken", "*"), false],
  [allow("ecr:DescribeRepositories", "*"), false],
  [allow("ecr:Describe*", "*"), true],
  [allow("cloudwatch:PutMetricData", "*", { Condition: { Bool: { a: "true" } } }), false],
  [allow("ecr:PutImage", "r", { Principal: "*" }), true],
  [allow("ecr:PutImage", undefined, root("123456789012")), false],
])("%j is broad: %j", (statement, broad) => {
  const { grants } = widening(undefined, policy(statement));
  expect(grants.map(isBroad)).toEqual([broad]);
});
