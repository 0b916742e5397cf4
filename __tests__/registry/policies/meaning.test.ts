import {
  fingerprint,
  normalLifecyclePolicy,
  normalRepositoryPolicy,
} from "../../../registry/policies/meaning";

const lifecycle = (...rules: unknown[]) => JSON.stringify({ rules });
const keep10 = {
  rulePriority: 1,
  description: "Keep the last 10 images",
  selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 10 },
  action: { type: "expire" },
};

describe("normalLifecyclePolicy", () => {
  const same: [string, string, string][] = [
    [
      "white space and the order of keys",
      lifecycle(keep10),
      `{
        "rules": [ { "action": {"type":"expire"},
          "selection": {"countNumber": 10, "countType": "imageCountMoreThan", "tagStatus": "any"},
          "description": "Keep the last 10 images", "rulePriority": 1 } ]
      }`,
    ],
    ["descriptions", lifecycle(keep10), lifecycle({ ...keep10, description: "whatever" })],
    ["an absent description", lifecycle(keep10), lifecycle({ ...keep10, description: undefined })],
    ["null for an absent key", lifecycle(keep10), lifecycle({ ...keep10, description: null })],
    [
      "the default storage class",
      lifecycle(keep10),
      lifecycle({ ...keep10, selection: { ...keep10.selection, storageClass: "standard" } }),
    ],
    [
      "gaps between priorities, and the order in which rules are written",
      lifecycle({ ...keep10, rulePriority: 1 }, { ...tagged(["v*", "x"]), rulePriority: 2 }),
      lifecycle({ ...tagged(["v*", "x"]), rulePriority: 20 }, { ...keep10, rulePriority: 10 }),
    ],
    ["the order of tag patterns", lifecycle(tagged(["a*", "b"])), lifecycle(tagged(["b", "a*"]))],
  ];
  test.each(same)("does not tell apart what differs in %s", (_, left, right) => {
    expect(normalLifecyclePolicy(right)).toBe(normalLifecyclePolicy(left));
  });

  const different: [string, string, string][] = [
    [
      "a count",
      lifecycle(keep10),
      lifecycle({ ...keep10, selection: { ...keep10.selection, countNumber: 11 } }),
    ],
    [
      "the order of priorities",
      lifecycle({ ...keep10, rulePriority: 1 }, { ...tagged(["v*"]), rulePriority: 2 }),
      lifecycle({ ...keep10, rulePriority: 2 }, { ...tagged(["v*"]), rulePriority: 1 }),
    ],
    [
      "a further rule",
      lifecycle(keep10),
      lifecycle(keep10, { ...tagged(["v*"]), rulePriority: 2 }),
    ],
    [
      "the storage class",
      lifecycle(keep10),
      lifecycle({ ...keep10, selection: { ...keep10.selection, storageClass: "archive" } }),
    ],
    ["a tag pattern", lifecycle(tagged(["a"])), lifecycle(tagged(["a", "b"]))],
    ["the case of a tag pattern", lifecycle(tagged(["a"])), lifecycle(tagged(["A"]))],
    ["an action", lifecycle(keep10), lifecycle({ ...keep10, action: { type: "transition" } })],
  ];
  test.each(different)("tells apart what differs in %s", (_, left, right) => {
    expect(normalLifecyclePolicy(right)).not.toBe(normalLifecyclePolicy(left));
  });

  test.each(["no JSON", "[]", "null", '{"rules":{}}', '{"rules":[null]}', '{"rules":[{}]}'])(
    "takes %s without complaint",
    (text) => {
      expect(typeof normalLifecyclePolicy(text)).toBe("string");
    },
  );
});

function tagged(tagPatternList: string[]) {
  return {
    rulePriority: 1,
    selection: {
      tagStatus: "tagged",
      tagPatternList,
      countType: "sinceImagePushed",
      countUnit: "days",
      countNumber: 30,
    },
    action: { type: "expire" },
  };
}

const policy = (...Statement: unknown[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const pull = {
  Sid: "PullFromCache",
  Effect: "Allow",
  Principal: { AWS: ["arn:aws:iam::333333333333:root", "arn:aws:iam::444444444444:root"] },
  Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
};

describe("normalRepositoryPolicy", () => {
  const same: [string, string, string][] = [
    [
      "account ids for the ARNs of account roots",
      policy(pull),
      policy({ ...pull, Principal: { AWS: ["333333333333", "444444444444"] } }),
    ],
    [
      "the order of principals and actions",
      policy(pull),
      policy({
        ...pull,
        Principal: { AWS: [...pull.Principal.AWS].reverse() },
        Action: [...pull.Action].reverse(),
      }),
    ],
    [
      "the case of actions",
      policy(pull),
      policy({ ...pull, Action: ["ecr:batchgetimage", "ECR:GetDownloadURLForLayer"] }),
    ],
    ["Sid", policy(pull), policy({ ...pull, Sid: "Other" })],
    ["Id", policy(pull), JSON.stringify({ ...(JSON.parse(policy(pull)) as object), Id: "x" })],
    [
      "one statement for a list of one",
      policy(pull),
      JSON.stringify({ Statement: pull, Version: "2012-10-17" }),
    ],
    [
      "a text for a list of one",
      policy({ ...pull, Action: ["ecr:BatchGetImage"], Principal: { AWS: ["333333333333"] } }),
      policy({ ...pull, Action: "ecr:BatchGetImage", Principal: { AWS: "333333333333" } }),
    ],
    [
      "the order of statements",
      policy(pull, { ...pull, Effect: "Deny" }),
      policy({ ...pull, Effect: "Deny" }, pull),
    ],
    [
      "everybody, written in two ways",
      policy({ ...pull, Principal: "*" }),
      policy({ ...pull, Principal: { AWS: "*" } }),
    ],
    [
      "the case of condition keys, and a value for a list of one",
      policy({ ...pull, Condition: { StringEquals: { "aws:PrincipalOrgID": "o-1" } } }),
      policy({ ...pull, Condition: { StringEquals: { "aws:principalorgid": ["o-1"] } } }),
    ],
    [
      "true as a text",
      policy({ ...pull, Condition: { Bool: { "aws:SecureTransport": true } } }),
      policy({ ...pull, Condition: { Bool: { "aws:SecureTransport": "true" } } }),
    ],
  ];
  test.each(same)("does not tell apart what differs in %s", (_, left, right) => {
    expect(normalRepositoryPolicy(right)).toBe(normalRepositoryPolicy(left));
  });

  const different: [string, string, string][] = [
    ["an account", policy(pull), policy({ ...pull, Principal: { AWS: ["333333333333"] } })],
    [
      "a role for its account",
      policy({ ...pull, Principal: { AWS: "arn:aws:iam::333333333333:role/root" } }),
      policy({ ...pull, Principal: { AWS: "333333333333" } }),
    ],
    [
      "the kind of principal",
      policy({ ...pull, Principal: { Service: "lambda.amazonaws.com" } }),
      policy({ ...pull, Principal: { AWS: "lambda.amazonaws.com" } }),
    ],
    ["an action", policy(pull), policy({ ...pull, Action: "ecr:BatchGetImage" })],
    ["NotAction", policy(pull), policy({ ...pull, Action: undefined, NotAction: pull.Action })],
    ["the effect", policy(pull), policy({ ...pull, Effect: "Deny" })],
    ["a condition", policy(pull), policy({ ...pull, Condition: { Bool: { "aws:x": "true" } } })],
    [
      "the case of a condition's value",
      policy({ ...pull, Condition: { StringEquals: { "aws:x": "a" } } }),
      policy({ ...pull, Condition: { StringEquals: { "aws:x": "A" } } }),
    ],
    [
      "the version, which decides whether variables are read",
      policy(pull),
      JSON.stringify({ Statement: [pull] }),
    ],
  ];
  test.each(different)("tells apart what differs in %s", (_, left, right) => {
    expect(normalRepositoryPolicy(right)).not.toBe(normalRepositoryPolicy(left));
  });
});

describe("fingerprint", () => {
  // In the marker of every repository: a change of these would make each of them look changed by hand.
  test("is the same in every release", () => {
    expect(fingerprint(normalLifecyclePolicy(lifecycle(keep10, tagged(["b*", "a"]))))).toBe(
      "3b50fc1faefe524b",
    );
    expect(fingerprint(normalRepositoryPolicy(policy(pull)))).toBe("3a7500252a2af50c");
  });
});
