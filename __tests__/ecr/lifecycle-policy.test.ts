import fc from "fast-check";
import { readFileSync } from "node:fs";
import { lifecycleActionNames } from "../../ecr/lifecycle-actions";
import {
  DEFAULT_RETENTION,
  formatLifecyclePolicy,
  type LifecycleRule,
  lifecyclePolicy,
  lifecycleProblems,
  MIN_LIFECYCLE_POLICY_LENGTH,
  type Retention,
} from "../../ecr/lifecycle-policy";
import { formatProblem } from "../../ecr/problem";
import { parseLifecyclePolicy } from "../../sandbox/ecr/lifecycle-grammar";
import { userErrorOf } from "../support/user-error";

const EXPIRE = { type: "expire" };
const ARCHIVE = { type: "transition", targetStorageClass: "archive" };

describe("each action becomes the rule that ECR has for it", () => {
  const actions: [retention: Retention, description: string, selection: object, action: object][] =
    [
      [
        { keepImages: 10 },
        "Keep the last 10 images",
        { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 10 },
        EXPIRE,
      ],
      [
        { expireAfterDays: 30 },
        "Expire images 30 days after they were cached",
        { tagStatus: "any", countType: "sinceImagePushed", countUnit: "days", countNumber: 30 },
        EXPIRE,
      ],
      [
        { archiveBeyondImages: 5 },
        "Archive all but the last 5 images",
        { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 5 },
        ARCHIVE,
      ],
      [
        { archiveAfterDays: 60 },
        "Archive images 60 days after they were cached",
        { tagStatus: "any", countType: "sinceImagePushed", countUnit: "days", countNumber: 60 },
        ARCHIVE,
      ],
      [
        { archiveAfterDaysUnpulled: 90 },
        "Archive images not pulled for 90 days",
        { tagStatus: "any", countType: "sinceImagePulled", countUnit: "days", countNumber: 90 },
        ARCHIVE,
      ],
      [
        { expireArchivedAfterDays: 90 },
        "Expire images 90 days after they were archived",
        {
          tagStatus: "any",
          storageClass: "archive",
          countType: "sinceImageTransitioned",
          countUnit: "days",
          countNumber: 90,
        },
        EXPIRE,
      ],
    ];

  test.each(actions)(
    "the retention %j becomes the lifecycle rule that ECR has for it",
    (retention, description, selection, action) => {
      expect(lifecyclePolicy(retention)).toStrictEqual({
        rules: [{ rulePriority: 1, description, selection, action }],
      });
    },
  );
});

test("the default retention keeps the last 10 images", () => {
  expect(DEFAULT_RETENTION).toEqual({ keepImages: 10 });
});

describe("the images that a rule is about", () => {
  test.each<[LifecycleRule, object]>([
    [{ tagStatus: "any", keepImages: 1 }, { tagStatus: "any" }],
    [{ tagStatus: "untagged", keepImages: 1 }, { tagStatus: "untagged" }],
    [
      { tagPatternList: ["v*", "*"], keepImages: 1 },
      { tagStatus: "tagged", tagPatternList: ["v*", "*"] },
    ],
    [
      { tagStatus: "tagged", tagPrefixList: ["v1."], keepImages: 1 },
      { tagStatus: "tagged", tagPrefixList: ["v1."] },
    ],
  ])("the rule %j selects images as ECR does", (rule, selection) => {
    expect(lifecyclePolicy(rule).rules[0]?.selection).toStrictEqual({
      ...selection,
      countType: "imageCountMoreThan",
      countNumber: 1,
    });
  });

  test("a lifecycle rule may have the user's own description", () => {
    expect(
      lifecyclePolicy({ keepImages: 1, description: "Nur das letzte — für Tests" }).rules[0],
    ).toMatchObject({ description: "Nur das letzte — für Tests" });
  });
});

test("lifecycle rules have priorities in their order, with those for any image moved to the end", () => {
  const { rules } = lifecyclePolicy([
    { keepImages: 25 },
    { tagPrefixList: ["v"], keepImages: 50 },
    { expireArchivedAfterDays: 365 },
    { tagStatus: "untagged", expireAfterDays: 90 },
    { tagPatternList: ["*-slim"], archiveAfterDays: 30 },
  ]);
  expect(
    rules.map(({ rulePriority, description, selection }) => [
      rulePriority,
      selection.tagStatus,
      description,
    ]),
  ).toEqual([
    [1, "tagged", "Keep the last 50 images"],
    [2, "untagged", "Expire images 90 days after they were cached"],
    [3, "tagged", "Archive images 30 days after they were cached"],
    [4, "any", "Keep the last 25 images"],
    [5, "any", "Expire images 365 days after they were archived"],
  ]);
});

test("the JSON of a lifecycle policy has its keys in one order, however the rule is written, and no white space", () => {
  const text =
    '{"rules":[{"rulePriority":1,"description":"Old","selection":{"tagStatus":"tagged","tagPrefixList":["v"],' +
    '"storageClass":"archive","countType":"sinceImageTransitioned","countUnit":"days","countNumber":90},' +
    '"action":{"type":"expire"}}]}';
  expect(
    formatLifecyclePolicy(
      lifecyclePolicy({ expireArchivedAfterDays: 90, tagPrefixList: ["v"], description: "Old" }),
    ),
  ).toBe(text);
  expect(
    formatLifecyclePolicy(
      lifecyclePolicy([
        {
          description: "Old",
          tagStatus: "tagged",
          tagPatternList: undefined,
          tagPrefixList: ["v"],
          expireArchivedAfterDays: 90,
          keepImages: undefined,
        },
      ]),
    ),
  ).toBe(text);
});

test("the shortest lifecycle policy is long enough for PutLifecyclePolicy", () => {
  const text = formatLifecyclePolicy(lifecyclePolicy({ keepImages: 1, description: "x" }));
  expect(text.length).toBeGreaterThanOrEqual(MIN_LIFECYCLE_POLICY_LENGTH);
});

const COUNT = "a whole number from 1";
const ACTIONS =
  "exactly one of keepImages, expireAfterDays, archiveBeyondImages, archiveAfterDays, archiveAfterDaysUnpulled, expireArchivedAfterDays";
const RULE = "a lifecycle rule such as { keepImages: 10 }, or a list of them";
const RULE_KEYS =
  "tagStatus, tagPatternList, tagPrefixList, description, keepImages, expireAfterDays, archiveBeyondImages, archiveAfterDays, archiveAfterDaysUnpulled, expireArchivedAfterDays";
const prefixRules = (number: number, letters: number) =>
  Array.from({ length: number }, (_, index) => ({
    tagPrefixList: [`${"x".repeat(letters)}${index}`],
    keepImages: 1,
  }));

describe("what ECR would refuse gives a line with the reason", () => {
  test.each<[what: string, retention: unknown, lines: string | string[]]>([
    ["no rule", undefined, `found nothing; allowed: ${RULE}`],
    ["a number", 10, `found 10; allowed: ${RULE}`],
    ["no rules", [], "found an empty list; allowed: 1 to 50 lifecycle rules"],
    ["51 rules", prefixRules(51, 1), "found 51 rules; allowed: 1 to 50 lifecycle rules"],
    ["no action", {}, `found no action; allowed: ${ACTIONS}`],
    [
      "two actions",
      { keepImages: 1, expireAfterDays: 1 },
      `found keepImages and expireAfterDays; allowed: ${ACTIONS}`,
    ],
    ["a count of zero", { keepImages: 0 }, `keepImages: found 0; allowed: ${COUNT}`],
    [
      "a negative count",
      { archiveBeyondImages: -1 },
      `archiveBeyondImages: found -1; allowed: ${COUNT}`,
    ],
    ["half a day", { expireAfterDays: 0.5 }, `expireAfterDays: found 0.5; allowed: ${COUNT}`],
    [
      "a count as a text",
      { archiveAfterDays: "30" },
      `archiveAfterDays: found "30"; allowed: ${COUNT}`,
    ],
    ["a count that is null", { keepImages: null }, `keepImages: found null; allowed: ${COUNT}`],
    [
      "days without end",
      { archiveAfterDaysUnpulled: Infinity },
      `archiveAfterDaysUnpulled: found Infinity; allowed: ${COUNT}`,
    ],
    [
      "archived images that go too early",
      { expireArchivedAfterDays: 89 },
      "expireArchivedAfterDays: found 89; allowed: a whole number from 90: archived images are kept that many days",
    ],
    [
      "an action that ECR has not",
      { expireAfterDaysUnpulled: 30 },
      `expireAfterDaysUnpulled: found an unknown key; allowed: ${RULE_KEYS}`,
    ],
    [
      "the policy's own spelling",
      { rulePriority: 1, keepImages: 1 },
      `rulePriority: found an unknown key; allowed: ${RULE_KEYS}`,
    ],
    [
      "a status that ECR has not",
      { tagStatus: "all", keepImages: 1 },
      'tagStatus: found "all"; allowed: any, tagged or untagged',
    ],
    [
      "tagged without a list",
      { tagStatus: "tagged", keepImages: 1 },
      'found tagStatus "tagged" alone; allowed: tagStatus "tagged" with a tagPatternList (["*"] for every tag) or a tagPrefixList',
    ],
    [
      "untagged with a list",
      { tagStatus: "untagged", tagPrefixList: ["v"], keepImages: 1 },
      'tagStatus: found "untagged"; allowed: "tagged", since the rule has a tag list',
    ],
    [
      "any with a list",
      { tagStatus: "any", tagPatternList: ["v*"], keepImages: 1 },
      'tagStatus: found "any"; allowed: "tagged", since the rule has a tag list',
    ],
    [
      "both lists",
      { tagPatternList: ["v*"], tagPrefixList: ["v"], keepImages: 1 },
      "found tagPatternList and tagPrefixList; allowed: one of the two in a rule",
    ],
    [
      "an empty list of tags",
      { tagPrefixList: [], keepImages: 1 },
      "tagPrefixList: found an empty list; allowed: at least one entry",
    ],
    [
      "tags as a text",
      { tagPatternList: "v*", keepImages: 1 },
      'tagPatternList: found "v*"; allowed: a list of strings',
    ],
    [
      "five wildcards",
      { tagPatternList: ["*", "*a*b*c*d*"], keepImages: 1 },
      'tagPatternList[1]: found "*a*b*c*d*"; allowed: at most 4 wildcards (*) in a pattern',
    ],
    [
      "a pattern with a slash",
      { tagPatternList: ["v/1"], keepImages: 1 },
      'tagPatternList[0]: found "v/1"; allowed: a tag with * for any characters',
    ],
    [
      "a wildcard in a prefix",
      { tagPrefixList: ["v*"], keepImages: 1 },
      'tagPrefixList[0]: found "v*"; allowed: the beginning of a tag',
    ],
    [
      "a prefix that is empty",
      { tagPrefixList: [""], keepImages: 1 },
      'tagPrefixList[0]: found ""; allowed: the beginning of a tag',
    ],
    [
      "a description of two lines",
      { keepImages: 1, description: "a\nb" },
      'description: found "a\\nb"; allowed: a line without " and \\, ${ and %{',
    ],
    [
      "a description with a template",
      { keepImages: 1, description: "${x}" },
      'description: found "${x}"; allowed: a line without " and \\, ${ and %{',
    ],
    [
      "two rules for any image",
      [{ keepImages: 1 }, { archiveAfterDays: 1 }],
      '[1]: found another rule for tagStatus "any"; allowed: one such rule for standard storage: such a rule must come last, so there is room for one',
    ],
    [
      "two rules for any archived image",
      [{ expireArchivedAfterDays: 90 }, { expireArchivedAfterDays: 91 }],
      '[1]: found another rule for tagStatus "any"; allowed: one such rule for archive storage: such a rule must come last, so there is room for one',
    ],
    [
      "two rules for untagged images",
      [
        { tagStatus: "untagged", keepImages: 1 },
        { tagStatus: "untagged", expireAfterDays: 1 },
      ],
      '[1]: found another rule for tagStatus "untagged"; allowed: one such rule for standard storage: ECR takes one',
    ],
    [
      "one prefix in two rules",
      [
        { tagPrefixList: ["a", "v"], keepImages: 1 },
        { tagPrefixList: ["v"], keepImages: 2 },
      ],
      '[1].tagPrefixList: found "v" again; allowed: a tag prefix once among the rules for standard storage',
    ],
    [
      "one prefix twice in a rule",
      [{ tagPrefixList: ["v", "v"], keepImages: 1 }],
      '[0].tagPrefixList: found "v" again; allowed: a tag prefix once among the rules for standard storage',
    ],
    [
      "a policy that is too long",
      prefixRules(50, 500),
      "found a policy of 34642 characters; allowed: 100 to 30720 characters",
    ],
    [
      "several faults, all at once",
      [{ keepImages: 0, tagStatus: "all" }, { expireAfterDays: 1 }, "x"],
      [
        '[0].tagStatus: found "all"; allowed: any, tagged or untagged',
        `[0].keepImages: found 0; allowed: ${COUNT}`,
        `[2]: found "x"; allowed: ${RULE}`,
      ],
    ],
  ])("a retention is refused with a line for each problem: %s", (_what, retention, lines) => {
    const expected = [lines]
      .flat()
      .map((line) => `lifecycle policy: ${line}`)
      .join("\n");
    expect(userErrorOf(() => lifecyclePolicy(retention as Retention))).toBe(expected);
  });

  test("a problem of a retention is reported at the place that the caller names", () => {
    expect(
      lifecycleProblems([{ keepImages: 1 }, {}], ["rules", 2, "retention"]).map((problem) =>
        formatProblem(problem, "environment dev"),
      ),
    ).toEqual([`environment dev: rules[2].retention[1]: found no action; allowed: ${ACTIONS}`]);
  });
});

test("two lifecycle rules may select the same images in different storage classes", () => {
  expect(
    lifecycleProblems([
      { tagPrefixList: ["v"], keepImages: 1 },
      { tagPrefixList: ["v"], expireArchivedAfterDays: 90 },
      { tagStatus: "untagged", keepImages: 1 },
      { tagStatus: "untagged", expireArchivedAfterDays: 90 },
      { archiveAfterDays: 1 },
      { expireArchivedAfterDays: 90 },
    ]),
  ).toEqual([]);
});

// Mostly sound rules, and enough that are not; what they must keep to together comes by chance.
const tagPrefix = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,5}$/);
const tagPattern = fc.stringMatching(/^[a-z0-9.*-]{1,9}$/);
const selection = fc.oneof(
  fc.constant({}),
  fc.record({ tagStatus: fc.constantFrom("any", "tagged", "untagged") }),
  fc.record({ tagPrefixList: fc.array(tagPrefix, { maxLength: 3 }) }),
  fc.record(
    {
      tagStatus: fc.constant("tagged"),
      tagPatternList: fc.array(tagPattern, { minLength: 1, maxLength: 3 }),
      tagPrefixList: fc.constant(undefined),
      description: fc.string(),
    },
    { requiredKeys: ["tagPatternList"] },
  ),
);
const anyCount = fc.oneof(
  fc.integer({ min: -1, max: 200 }),
  fc.constantFrom(89, 90, 0.5, undefined),
);
const action = fc.oneof(
  ...[
    "keepImages",
    "expireAfterDays",
    "archiveBeyondImages",
    "archiveAfterDays",
    "archiveAfterDaysUnpulled",
    "expireArchivedAfterDays",
  ].map((name) => anyCount.map((count) => ({ [name]: count }))),
);
const anyRule = fc
  .tuple(selection, action, fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, action))
  .map((parts): object => Object.assign({}, ...parts) as object);
const anyRetention = fc.oneof(anyRule, fc.array(anyRule, { maxLength: 6 }));

test("every accepted retention gives a lifecycle policy that ECR accepts, in the order of its priorities", () => {
  let accepted = 0;
  fc.assert(
    fc.property(anyRetention, (retention) => {
      if (lifecycleProblems(retention).length > 0) return;
      accepted += 1;
      const document = lifecyclePolicy(retention as Retention);
      const text = formatLifecyclePolicy(document);
      // The sandbox reads ECR's grammar by itself, from the other end, and throws where ECR would.
      expect(parseLifecyclePolicy(text)).toEqual(document.rules);
      expect(text.length).toBeGreaterThanOrEqual(MIN_LIFECYCLE_POLICY_LENGTH);
    }),
    { numRuns: 1000 },
  );
  // The property says nothing where nothing is accepted.
  expect(accepted).toBeGreaterThan(50);
});

test("docs/environments.md lists the lifecycle actions", () => {
  const page = readFileSync("docs/environments.md", "utf8");
  const [, section = ""] = page.split("\n## Retention\n");
  const [table = ""] = section.split("\n\nA rule selects");
  expect([...table.matchAll(/^\| `(\w+): n`/gm)].map(([, name]) => name)).toEqual(
    lifecycleActionNames,
  );
});
