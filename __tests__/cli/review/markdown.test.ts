import { formatReview } from "../../../cli/review/markdown";
import { type Change, keep, review, rule, TEMPLATE, template } from "../../support/plan-builder";

const inIreland = (change: Change): Change => ({
  ...change,
  address: change.address.replace("us-east-1", "eu-west-1"),
});

test("risks come first, each once for all that it happens to; then regions in which the same happens", () => {
  const gone = rule({ actions: ["delete"], after: null });
  const tighter = template({
    actions: ["update"],
    after: { ...TEMPLATE, lifecycle_policy: keep(5) },
  });
  const other = (change: Change, prefix: string): Change => ({
    ...change,
    address: change.address.replace("quay", prefix),
    before: { ...change.before, prefix },
    after: { ...change.after, prefix },
  });
  const changes = [gone, tighter, other(tighter, "ghcr")];
  expect(
    formatReview(
      review([
        ...changes,
        ...changes.map(inIreland),
        { address: "aws_iam_policy.pull", actions: ["create"], after: { name: "pull" } },
        { address: "aws_iam_role.template", actions: ["no-op"], after: { name: "template" } },
      ]),
      "shop",
    ),
  ).toBe(`## Plan: \`shop\`

**2 risks.** 1 created, 4 changed, 2 destroyed; 1 as they are.

### Risks

- **Rule destroyed**: rule \`quay\` in us-east-1, eu-west-1 is **destroyed**. What is not cached can't be pulled any more, and nothing is refreshed; the repositories stay and cost (\`ecr-cache purge\`)
- **Retention tightened**: template \`quay\`, \`ghcr\` in us-east-1, eu-west-1 changes its lifecycle policy: it now keeps the last 5 images instead of 10. This is for repositories made from now on, and for those that exist once they are reconciled

### us-east-1, eu-west-1

- \`ghcr\`
  - template changes its lifecycle policy: it now keeps the last 5 images instead of 10 ⚠️
- \`quay\`
  - rule is **destroyed** ⚠️
  - template changes its lifecycle policy: it now keeps the last 5 images instead of 10 ⚠️

### Account

- IAM policy \`pull\` is **created**
`);
});

test("regions in which different things happen have sections of their own", () => {
  const created = rule({ actions: ["create"], before: null });
  const text = formatReview(
    review([created, inIreland(rule({ actions: ["delete"], after: null }))]),
    "shop",
  );
  expect(text.match(/^### .*$/gm)).toEqual(["### Risks", "### us-east-1", "### eu-west-1"]);
});

test("resources that are not of the cache itself share a line where the same happens to them", () => {
  const topic = (name: string, actions: string[]): Change => ({
    address: `aws_sns_topic.us-east-1_${name}`,
    actions,
    after: {},
  });
  const text = formatReview(
    review([topic("a", ["create"]), topic("b", ["delete"]), topic("c", ["create"])]),
    "shop",
  );
  expect(text).toContain(
    "### us-east-1\n\n- resources `aws_sns_topic.us-east-1_a`, `aws_sns_topic.us-east-1_c`: each is created\n- resource `aws_sns_topic.us-east-1_b` is destroyed\n",
  );
});

test("a plan without changes says so", () => {
  expect(formatReview(review([rule({ actions: ["no-op"] })]), "shop")).toBe(
    "## Plan: `shop`\n\nNothing changes; 1 as they are.\n",
  );
});

test("a review of one region says so", () => {
  expect(formatReview(review([], {}, { region: "eu-west-1" }), "shop")).toMatch(
    /^## Plan: `shop`, eu-west-1 only\n/,
  );
});

test("what was changed outside Terraform has a section", () => {
  const drift = [rule({ actions: ["delete"], after: null })];
  expect(formatReview(review([], { drift }), "shop")).toContain(
    "\n### Changed outside Terraform\n\n- us-east-1: rule `quay` is gone\n",
  );
});

test("no value ends the code that it stands in", () => {
  const change = rule({
    actions: ["create"],
    before: null,
    after: { ecr_repository_prefix: "a`b\n# c", upstream_registry_url: "quay.io" },
  });
  expect(formatReview(review([change]), "shop")).toContain("- `a'b # c`\n  - rule is **created**");
});
