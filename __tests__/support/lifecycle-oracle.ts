/*
 * What ECR refuses in a lifecycle policy, written down a second time and from the other end, the document, so that a
 * mistake in ecr/lifecycle-policy.ts is not made here too.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
 */

interface PolicyRule {
  rulePriority: number;
  selection: {
    tagStatus: string;
    tagPatternList?: string[];
    tagPrefixList?: string[];
    storageClass?: string;
    countType: string;
    countUnit?: string;
    countNumber: number;
  };
  action: { type: string; targetStorageClass?: string };
}

const KEYS = {
  rule: ["rulePriority", "description", "selection", "action"],
  selection: [
    ...["tagStatus", "tagPatternList", "tagPrefixList", "storageClass"],
    ...["countType", "countUnit", "countNumber"],
  ],
  action: ["type", "targetStorageClass"],
};

/** Which count types each action takes. */
const COUNT_TYPES: Readonly<Record<string, readonly string[]>> = {
  expire: ["imageCountMoreThan", "sinceImagePushed", "sinceImageTransitioned"],
  transition: ["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled"],
};

const unique = (values: readonly unknown[]) => new Set(values).size === values.length;

function keyFaults(value: object, allowed: readonly string[]): string[] {
  return Object.entries(value).flatMap(([key, at]) => [
    ...(allowed.includes(key) ? [] : [`unknown key ${key}`]),
    ...(at === null ? ["null"] : []),
  ]);
}

function tagFaults({
  tagStatus,
  tagPatternList,
  tagPrefixList,
}: PolicyRule["selection"]): string[] {
  const lists = [tagPatternList, tagPrefixList].filter((list) => list !== undefined);
  const faults: string[] = [];
  if (!["any", "tagged", "untagged"].includes(tagStatus)) faults.push("unknown tagStatus");
  if (tagStatus === "tagged" && lists.length !== 1) faults.push("tagged needs one list");
  if (tagStatus !== "tagged" && lists.length !== 0) faults.push("list without tagged");
  if (lists.some((list) => list.length === 0)) faults.push("empty list");
  if (tagPatternList?.some((pattern) => pattern.replace(/[^*]/g, "").length > 4)) {
    faults.push("more than 4 wildcards");
  }
  return faults;
}

function countFaults({ selection, action }: PolicyRule): string[] {
  const { countType, countUnit, countNumber, storageClass } = selection;
  const faults: string[] = [];
  if (!COUNT_TYPES[action.type]?.includes(countType))
    faults.push(`${countType} with ${action.type}`);
  if (countType === "imageCountMoreThan" && countUnit !== undefined) {
    faults.push("unit with a count of images");
  }
  if (countType !== "imageCountMoreThan" && countUnit !== "days") faults.push("days without unit");
  const least = countType === "sinceImageTransitioned" ? 90 : 1;
  if (!Number.isInteger(countNumber) || countNumber < least) faults.push("countNumber too small");
  if ((countType === "sinceImageTransitioned") !== (storageClass === "archive")) {
    faults.push("wrong storage class");
  }
  const target = action.type === "transition" ? "archive" : undefined;
  if (action.targetStorageClass !== target) faults.push("wrong target storage class");
  return faults;
}

function ruleFaults(rule: PolicyRule): string[] {
  return [
    ...keyFaults(rule, KEYS.rule),
    ...keyFaults(rule.selection, KEYS.selection),
    ...keyFaults(rule.action, KEYS.action),
    ...(Number.isInteger(rule.rulePriority) && rule.rulePriority >= 1 ? [] : ["wrong priority"]),
    ...tagFaults(rule.selection),
    ...countFaults(rule),
  ];
}

/** Everything that ECR would refuse in the text of a policy; an empty list: nothing. */
export function lifecycleFaults(text: string): string[] {
  const { rules } = JSON.parse(text) as { rules: PolicyRule[] };
  const faults = rules.flatMap((rule, index) =>
    ruleFaults(rule).map((fault) => `rule ${index + 1}: ${fault}`),
  );
  if (rules.length < 1 || rules.length > 50) faults.push(`${rules.length} rules`);
  if (text.length < 100 || text.length > 30_720) faults.push(`${text.length} characters`);
  if (!unique(rules.map(({ rulePriority }) => rulePriority))) {
    faults.push("priorities are not unique");
  }
  for (const storageClass of ["standard", "archive"]) {
    const within = rules.filter(
      ({ selection }) => (selection.storageClass ?? "standard") === storageClass,
    );
    const last = Math.max(...within.map(({ rulePriority }) => rulePriority));
    const withStatus = (status: string) =>
      within.filter(({ selection }) => selection.tagStatus === status);
    if (withStatus("any").some(({ rulePriority }) => rulePriority !== last)) {
      faults.push(`any is not last in ${storageClass}`);
    }
    if (withStatus("untagged").length > 1) faults.push(`untagged twice in ${storageClass}`);
    if (!unique(within.flatMap(({ selection }) => selection.tagPrefixList ?? []))) {
      faults.push(`a prefix twice in ${storageClass}`);
    }
  }
  return faults;
}
