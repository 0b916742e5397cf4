import { formatPolicy, repositoryPolicy } from "../../../ecr/policies";
import { isOwnRepositoryPolicy } from "../../../registry/policies/own-policy";
import { maximal } from "../../support/environments";

const statement = {
  Sid: "PullFromCache",
  Effect: "Allow",
  Principal: { AWS: ["arn:aws:iam::333333333333:root"] },
  Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
};
const policy = (...Statement: readonly object[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement });

test("what an environment with every option gives to repositories is known as the project's own", () => {
  const text = formatPolicy(repositoryPolicy(maximal, maximal.regions[0]!)!);
  expect(isOwnRepositoryPolicy(text)).toBe(true);
});

const organization = (operator: string, key: string, value: string) => ({
  ...statement,
  Sid: "PullFromCacheOrganizations",
  Principal: "*",
  Condition: { [operator]: { [key]: value } },
});

test.each([
  [
    "for an organization",
    policy(organization("StringEquals", "aws:PrincipalOrgID", "o-abc123def4")),
  ],
  ["as ECR may return it", policy({ ...statement, Principal: { AWS: "333333333333" } })],
  [
    "in another partition",
    policy({ ...statement, Principal: { AWS: "arn:aws-cn:iam::333333333333:root" } }),
  ],
  [
    "in several statements",
    policy(statement, { ...statement, Principal: { AWS: "444444444444" } }),
  ],
  [
    "with its actions in another order",
    policy({ ...statement, Action: [...statement.Action].reverse() }),
  ],
])("a policy that the project wrote is known %s", (_, text) => {
  expect(isOwnRepositoryPolicy(text)).toBe(true);
});

test.each([
  ["another statement id", policy({ ...statement, Sid: "Pull" })],
  ["no statement id", policy({ ...statement, Sid: undefined })],
  ["another effect", policy({ ...statement, Effect: "Deny" })],
  ["one more action", policy({ ...statement, Action: [...statement.Action, "ecr:PutImage"] })],
  ["one action less", policy({ ...statement, Action: "ecr:BatchGetImage" })],
  [
    "a role as principal",
    policy({ ...statement, Principal: { AWS: "arn:aws:iam::333333333333:role/ci" } }),
  ],
  ["everyone as principal", policy({ ...statement, Principal: "*" })],
  [
    "everyone among its principals",
    policy({ ...statement, Principal: { AWS: ["333333333333", "*"] } }),
  ],
  ["no principal", policy({ ...statement, Principal: { AWS: [] } })],
  [
    "a service beside the accounts",
    policy({
      ...statement,
      Principal: { ...statement.Principal, Service: "lambda.amazonaws.com" },
    }),
  ],
  ["a condition", policy({ ...statement, Condition: { Bool: { "aws:SecureTransport": "true" } } })],
  [
    "everyone of any organization as principal",
    policy(organization("StringEquals", "aws:PrincipalOrgID", "*")),
  ],
  [
    "another condition on the organization",
    policy(organization("StringLike", "aws:PrincipalOrgID", "o-abc123def4")),
  ],
  ["a statement of others", policy(statement, { ...statement, Sid: "Other" })],
  ["no statement", policy()],
  ["another element", JSON.stringify({ ...(JSON.parse(policy(statement)) as object), Id: "x" })],
  ["no JSON", "{"],
])("a policy with %s is not the project's own", (_, text) => {
  expect(isOwnRepositoryPolicy(text)).toBe(false);
});
