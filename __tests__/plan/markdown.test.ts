import { formatReview } from "../../plan/markdown";
import { parsePlan } from "../../plan/plan";
import { reviewPlan } from "../../plan/review";
import {
  type Change,
  keep,
  planJson,
  review,
  rule,
  TEMPLATE,
  template,
} from "../support/plan-builder";

const inIreland = (change: Change): Change => ({
  ...change,
  address: change.address.replace("us-east-1", "eu-west-1"),
});

test("a review lists the risks first, each once for all its subjects, then regions with equal changes together", () => {
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

**2 risks.** 1 created, 4 changed, 2 destroyed; 1 unchanged.

### Risks

- **Rule destroyed**: rule \`quay\` in us-east-1, eu-west-1 is **destroyed**. Images that are not cached can no longer be pulled, and nothing is refreshed; the repositories remain and cost money (\`ecr-cache purge\`)
- **Retention tightened**: template \`quay\`, \`ghcr\` in us-east-1, eu-west-1 changes its lifecycle policy: it now keeps the last 5 images instead of 10. This applies to new repositories, and to existing ones once they are reconciled

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

test("a review has a section for each region whose changes differ", () => {
  const created = rule({ actions: ["create"], before: null });
  const text = formatReview(
    review([created, inIreland(rule({ actions: ["delete"], after: null }))]),
    "shop",
  );
  expect(text.match(/^### .*$/gm)).toEqual(["### Risks", "### us-east-1", "### eu-west-1"]);
});

test("a review has one line for other resources with the same changes", () => {
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

test("a review of a plan without changes says that nothing changes", () => {
  expect(formatReview(review([rule({ actions: ["no-op"] })]), "shop")).toBe(
    "## Plan: `shop`\n\nNothing changes; 1 unchanged.\n",
  );
});

test("a review of one region names it in the title", () => {
  expect(formatReview(review([], {}, { region: "eu-west-1" }), "shop")).toMatch(
    /^## Plan: `shop`, eu-west-1 only\n/,
  );
});

test("a review has a section for drift", () => {
  const drift = [rule({ actions: ["delete"], after: null })];
  expect(formatReview(review([], { drift }), "shop")).toContain(
    "\n### Drift\n\n- us-east-1: rule `quay` no longer exists\n",
  );
});

test("a review escapes backquotes and line breaks in values", () => {
  const change = rule({
    actions: ["create"],
    before: null,
    after: { ecr_repository_prefix: "a`b\n# c", upstream_registry_url: "quay.io" },
  });
  expect(formatReview(review([change]), "shop")).toContain("- `a'b # c`\n  - rule is **created**");
});

test("a review shows a region, an attribute and a lifecycle policy of a hostile plan as code", () => {
  const link = "[x](http://evil.example)";
  const json = planJson([
    {
      address: "aws_sns_topic.x",
      actions: ["update"],
      before: { [link]: 1 },
      after: { [link]: 2 },
    },
    template({
      actions: ["create"],
      before: null,
      after: {
        ...TEMPLATE,
        lifecycle_policy: JSON.stringify({
          rules: [
            {
              rulePriority: 1,
              selection: {
                tagStatus: "tagged",
                tagPatternList: [link],
                countType: "imageCountMoreThan",
                countNumber: 1,
              },
              action: { type: "expire" },
            },
          ],
        }),
      },
    }),
  ]);
  const plan = parsePlan(
    json.replaceAll('"constant_value":"us-east-1"', `"constant_value":"${link}"`),
    "x",
  );
  const text = formatReview(reviewPlan(plan), "shop");
  expect(text).toContain(`### \`${link}\``);
  expect(text.replaceAll(/`[^`]*`/g, "CODE")).not.toContain("evil");
  expect(text).toContain(link);
});
