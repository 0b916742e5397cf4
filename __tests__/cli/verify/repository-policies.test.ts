import { checkRepositoryPolicies } from "../../../cli/verify/repository-policies";
import { defineEnvironment, type EnvironmentInput } from "../../../ecr/environment";
import { formatPolicy, repositoryPolicy } from "../../../ecr/policies";
import { exception, InProcessEcr } from "../../support/in-process-ecr";

const ACCOUNT = "111111111111";
const REGION = "us-east-1";
const [GONE, STAYS] = ["444444444444", "333333333333"];

const environmentFor = (accounts: readonly string[], rest: Partial<EnvironmentInput> = {}) =>
  defineEnvironment({
    name: "prod",
    account: ACCOUNT,
    regions: [REGION],
    rules: [{ upstream: "quay" }],
    access: { accounts, roles: ["puller"] },
    ...rest,
  });

/** What the template of an environment with these accounts gave to repositories. */
const policyFor = (...accounts: readonly string[]) =>
  formatPolicy(repositoryPolicy(environmentFor(accounts), REGION)!);

const allow = (Principal: object | string, Action: string | string[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal, Action }] });

const ROLE = (account: string, name: string) => `arn:aws:iam::${account}:role/${name}`;

function check(ecr: InProcessEcr, accounts: readonly string[], own = ["quay"]) {
  return checkRepositoryPolicies(ecr.client, environmentFor(accounts), REGION, { own, others: [] });
}

/** Checks one repository with a policy. */
function checkPolicy(repositoryPolicy: string, accounts: readonly string[] = []) {
  const ecr = new InProcessEcr();
  ecr.add("quay/app", { repositoryPolicy });
  return check(ecr, accounts);
}

test("policies that grant what the environment grants, or less, are ok", async () => {
  const ecr = new InProcessEcr();
  ecr.add("quay/none");
  ecr.add("quay/all", { repositoryPolicy: policyFor(STAYS, GONE) });
  ecr.add("quay/less", { repositoryPolicy: policyFor(STAYS) });
  ecr.add("other/app", { repositoryPolicy: allow("*", "ecr:*") });
  expect(await check(ecr, [GONE, STAYS])).toEqual({ state: "ok", detail: "3 repositories" });
  expect(ecr.callsAbout("other/app")).toEqual([]);
});

test.each([
  ["the only account", [], [GONE]],
  ["one of two accounts", [STAYS], [STAYS, GONE]],
])(
  "after %s was removed, the account is reported with the repositories that still grant it",
  async (_, accounts, before) => {
    const ecr = new InProcessEcr();
    for (const name of ["a", "b", "c", "d"]) {
      ecr.add(`quay/${name}`, { repositoryPolicy: policyFor(...before) });
    }
    expect(await check(ecr, accounts)).toEqual({
      state: "failed",
      detail:
        "the environment does not grant ecr:BatchGetImage, ecr:GetDownloadUrlForLayer for 444444444444; 4 repositories do: quay/a, quay/b, quay/c, …",
      remedy:
        "once the environment is deployed: ecr-cache lifecycle --apply --env prod --region us-east-1",
    });
  },
);

test.each([
  ["everyone", "*", "ecr:BatchGetImage", "ecr:BatchGetImage for everyone"],
  ["more for a named account", { AWS: STAYS }, "ecr:PutImage", "ecr:PutImage for 333333333333"],
  [
    "a service",
    { Service: "lambda.amazonaws.com" },
    "ecr:BatchGetImage",
    "ecr:BatchGetImage for Service:lambda.amazonaws.com",
  ],
  [
    "a role of another account",
    { AWS: ROLE(GONE, "puller") },
    "ecr:BatchGetImage",
    "ecr:BatchGetImage for arn:aws:iam::444444444444:role/puller",
  ],
  [
    "another role of the own account",
    { AWS: ROLE(ACCOUNT, "ci") },
    "ecr:BatchGetImage",
    "ecr:BatchGetImage for arn:aws:iam::111111111111:role/ci",
  ],
  [
    "a named role that may do more than pull",
    { AWS: ROLE(ACCOUNT, "puller") },
    "ecr:PutImage",
    "ecr:PutImage for arn:aws:iam::111111111111:role/puller",
  ],
])("a policy that lets in %s is reported", async (_, principal, action, words) => {
  const { state, detail } = await checkPolicy(allow(principal, action), [STAYS]);
  expect({ state, detail }).toEqual({
    state: "failed",
    detail: `the environment does not grant ${words}; 1 repository does: quay/app`,
  });
});

test.each([
  ["the own account", { AWS: `arn:aws:iam::${ACCOUNT}:root` }],
  ["a role that the environment names", { AWS: ROLE(ACCOUNT, "path/puller") }],
])("a policy that lets %s pull is ok", async (_, principal) => {
  expect(await checkPolicy(allow(principal, "ecr:BatchGetImage"))).toMatchObject({ state: "ok" });
});

test("a policy that reconciling keeps has a remedy of its own", async () => {
  const { remedy } = await checkPolicy(allow({ AWS: GONE }, "ecr:BatchGetImage"));
  expect(remedy).toBe(
    "the policy of quay/app is not one that the cache writes, or nothing proves that the repository is the cache's; to revoke what it grants: aws ecr delete-repository-policy --region us-east-1 --repository-name quay/app",
  );
});

test("of what only ROOT covers, unproven repositories are reported only for policies that the project wrote", async () => {
  const ecr = new InProcessEcr();
  const proof = { "ecr-cache:applied": "origin=cache" };
  ecr.add("team/app", { repositoryPolicy: allow({ AWS: GONE }, "ecr:BatchGetImage") });
  ecr.add("team/plain");
  expect(await check(ecr, [], ["ROOT"])).toMatchObject({ state: "ok" });
  expect(ecr.callsAbout("team/plain")).toEqual(["GetRepositoryPolicy"]);

  ecr.add("team/left", { repositoryPolicy: policyFor(GONE) });
  ecr.add("cached/app", { repositoryPolicy: policyFor(GONE), tags: proof });
  const { detail, remedy } = await check(ecr, [], ["ROOT"]);
  expect(detail).toMatch(/2 repositories do: (cached\/app, team\/left|team\/left, cached\/app)$/);
  expect(remedy).toContain("lifecycle --apply");
  expect(remedy).toContain("--repository-name team/left");
});

test("a repository that is deleted meanwhile is not a failure, and a refused call is an error", async () => {
  const ecr = new InProcessEcr();
  ecr.add("quay/app");
  ecr.intercept = (name) => {
    if (name === "GetRepositoryPolicy") throw exception("RepositoryNotFoundException");
  };
  expect(await check(ecr, [])).toMatchObject({ state: "ok" });
  ecr.intercept = (name) => {
    if (name === "GetRepositoryPolicy") throw exception("AccessDeniedException");
  };
  await expect(check(ecr, [])).rejects.toThrow("AccessDeniedException");
});

test("2,000 repositories are two pages and a call each, ten at a time, a call in ten throttled", async () => {
  const ecr = new InProcessEcr();
  for (let index = 0; index < 2_000; index += 1) {
    ecr.add(`quay/${index}`, { repositoryPolicy: policyFor(index % 2 === 0 ? GONE : STAYS) });
  }
  const begun = new Map<string, number>();
  let calls = 0;
  let throttled = 0;
  ecr.intercept = (name, repository = "") => {
    if (name !== "GetRepositoryPolicy") return;
    calls += 1;
    // The calls of the last ten repositories may be under way; none before them may still be asked about.
    begun.set(repository, begun.get(repository) ?? begun.size);
    expect(begun.size - begun.get(repository)!).toBeLessThanOrEqual(10);
    if (calls % 10 !== 0) return;
    throttled += 1;
    throw exception("ThrottlingException", "Rate exceeded");
  };

  const { detail } = await check(ecr, [STAYS]);

  expect(detail).toContain("; 1000 repositories do: quay/0, quay/10, quay/100, …");
  expect(ecr.count("DescribeRepositories")).toBe(2);
  expect(throttled).toBeGreaterThan(100);
  expect(ecr.count("GetRepositoryPolicy")).toBe(2_000 + throttled);
  expect(ecr.writes).toBe(0);
}, 60_000);
