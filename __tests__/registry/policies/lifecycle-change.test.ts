import { lifecycleActionNames } from "../../../ecr/lifecycle-actions";
import {
  formatLifecyclePolicy,
  type LifecycleRule,
  lifecyclePolicy,
  type Retention,
} from "../../../ecr/lifecycle-policy";
import {
  compareLifecyclePolicies,
  describeLifecyclePolicy,
} from "../../../registry/policies/lifecycle-change";

const text = (retention: Retention) => formatLifecyclePolicy(lifecyclePolicy(retention));

const compare = (before: Retention | undefined, after: Retention | undefined) =>
  compareLifecyclePolicies(before && text(before), after && text(after));

/** All that changes makes things tighter. */
const tighter = (...changes: string[]) => ({ changes, tightened: changes });
const looser = (...changes: string[]) => ({ changes, tightened: [] });

test("a policy is told rule by rule, in the order in which they apply", () => {
  const retention: LifecycleRule[] = [
    { keepImages: 25 },
    { tagPatternList: ["v*", "*-slim"], expireAfterDays: 180 },
    { tagPrefixList: ["nightly-"], archiveAfterDays: 30 },
    { tagStatus: "untagged", expireAfterDays: 90 },
    { expireArchivedAfterDays: 120 },
  ];
  expect(describeLifecyclePolicy(text(retention))).toEqual([
    "expires images tagged *-slim and v* 180 days after they were cached",
    "archives images tagged nightly-* 30 days after they were cached",
    "expires untagged images 90 days after they were cached",
    "keeps the last 25 images",
    "expires images 120 days after they were archived",
  ]);
});

test.each([
  [{ archiveAfterDaysUnpulled: 60 }, "archives images not pulled for 60 days"],
  [{ archiveBeyondImages: 3 }, "archives all but the last 3 images"],
])("%j in words", (rule, words) => {
  expect(describeLifecyclePolicy(text(rule as LifecycleRule))).toEqual([words]);
});

test.each(lifecycleActionNames)("`%s` is described as its policy describes itself", (name) => {
  const policy = lifecyclePolicy({ [name]: 100 } as unknown as LifecycleRule);
  const [words = ""] = describeLifecyclePolicy(formatLifecyclePolicy(policy));
  expect(`${words.charAt(0).toUpperCase()}${words.slice(1)}`.replace("s ", " ")).toBe(
    policy.rules[0]?.description,
  );
});

test.each([
  [undefined, "keeps everything"],
  ["", "keeps everything"],
  ["nonsense", "is no lifecycle policy"],
  ['{"Statement":[]}', "is no lifecycle policy"],
])("%j is not taken for a policy", (policy, words) => {
  expect(describeLifecyclePolicy(policy)).toEqual([words]);
});

describe("comparing", () => {
  test("finds nothing where only spelling, descriptions and the numbers of priorities differ", () => {
    const before = JSON.stringify({
      rules: [
        {
          action: { type: "expire" },
          rulePriority: 7,
          selection: {
            countNumber: 10,
            countType: "imageCountMoreThan",
            storageClass: "standard",
            tagStatus: "any",
          },
        },
      ],
    });
    expect(compareLifecyclePolicies(before, text({ keepImages: 10 }))).toEqual(looser());
  });

  test("tells fewer images and days from more", () => {
    expect(compare({ keepImages: 10 }, { keepImages: 5 })).toEqual(
      tighter("now keeps the last 5 images instead of 10"),
    );
    expect(compare({ keepImages: 5 }, { keepImages: 10 })).toEqual(
      looser("now keeps the last 10 images instead of 5"),
    );
    expect(compare({ archiveAfterDays: 90 }, { archiveAfterDays: 30 })).toEqual(
      tighter("now archives images 30 days after they were cached instead of 90"),
    );
  });

  test("a policy where there was none, and none where there was one", () => {
    expect(compare(undefined, { keepImages: 5 })).toEqual(tighter("now keeps the last 5 images"));
    expect(compare({ keepImages: 5 }, undefined)).toEqual(
      looser("no longer keeps the last 5 images"),
    );
  });

  test("another rule, beside the one that stays", () => {
    expect(
      compare({ keepImages: 5 }, [
        { tagStatus: "untagged", expireAfterDays: 7 },
        { keepImages: 5 },
      ]),
    ).toEqual(tighter("now expires untagged images 7 days after they were cached"));
  });

  test("a rule that goes leaves its images to a rule after it, not to one before it", () => {
    const releases: LifecycleRule = { tagPrefixList: ["v"], keepImages: 50 };
    expect(compare([releases, { keepImages: 10 }], { keepImages: 10 })).toEqual(
      tighter(
        "no longer keeps the last 50 images tagged v*: they fall to the rule that keeps the last 10 images",
      ),
    );
    expect(compare([releases, { keepImages: 10 }], [releases])).toEqual(
      looser("no longer keeps the last 10 images"),
    );
  });

  test("a rule that goes leaves nothing to a rule of the other storage class", () => {
    expect(
      compare([{ archiveAfterDays: 30 }, { expireArchivedAfterDays: 120 }], {
        expireArchivedAfterDays: 120,
      }),
    ).toEqual(looser("no longer archives images 30 days after they were cached"));
  });

  test("rules that change places", () => {
    const [one, other]: LifecycleRule[] = [
      { tagPrefixList: ["a"], keepImages: 1 },
      { tagPrefixList: ["b"], keepImages: 2 },
    ];
    expect(compare([one!, other!], [other!, one!])).toEqual(
      tighter("applies its rules in another order"),
    );
  });

  test("what is no policy is not compared, but said", () => {
    expect(compareLifecyclePolicies("nonsense", text({ keepImages: 5 }))).toEqual(
      tighter("changes to or from something that is no lifecycle policy"),
    );
    expect(compareLifecyclePolicies("nonsense", "nonsense")).toEqual(looser());
  });
});
