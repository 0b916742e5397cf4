/*
 * What a lifecycle rule can do: the one table that the schema, the policy document, descriptions, estimates and the
 * sandbox follow. Another action is an entry here.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
 */

/** The times of an image, as `DescribeImages` reports them. */
interface ImageTimes {
  readonly pushedAt: Date;
  readonly lastPulledAt?: Date;
  readonly lastArchivedAt?: Date;
  /** When the image was last restored from archive storage. */
  readonly lastActivatedAt?: Date;
}

/** ECR's count types: when the days of a rule start for an image; undefined where a rule counts images. */
const countTypes = {
  imageCountMoreThan: undefined,
  sinceImagePushed: ({ pushedAt }: ImageTimes) => pushedAt,
  sinceImagePulled: ({ pushedAt, lastPulledAt = pushedAt, lastActivatedAt }: ImageTimes) =>
    lastActivatedAt && lastActivatedAt > lastPulledAt ? lastActivatedAt : lastPulledAt,
  sinceImageTransitioned: ({ pushedAt, lastArchivedAt = pushedAt }: ImageTimes) => lastArchivedAt,
};

export type CountType = keyof typeof countTypes;

export const countTypeNames = Object.keys(countTypes) as CountType[];

/** When the days of a rule start for an image; undefined for a count type that counts images instead of days. */
export function dayCounter(countType: CountType): ((image: ImageTimes) => Date) | undefined {
  return countTypes[countType];
}

const EXPIRE = { type: "expire" } as const;
const ARCHIVE = { type: "transition", targetStorageClass: "archive" } as const;

/** The `action` of a rule in ECR's policy document. */
export type PolicyAction = typeof EXPIRE | typeof ARCHIVE;

interface LifecycleAction {
  readonly countType: CountType;
  readonly action: PolicyAction;
  /** The storage class of the images that the rule selects. Default: `standard`. */
  readonly storageClass?: "archive";
  /** The smallest count that ECR accepts, and why. Default: 1. */
  readonly minimum?: { readonly count: number; readonly reason: string };
  /** What the action does, in words: the verb, and what it is done to. */
  readonly verb: string;
  readonly object: (images: string, count: number) => string;
}

/** What a rule can do, by the key of an environment's `retention`. */
export const lifecycleActions = {
  keepImages: {
    countType: "imageCountMoreThan",
    action: EXPIRE,
    verb: "keep",
    object: (images, count) => `the last ${count} ${images}`,
  },
  expireAfterDays: {
    countType: "sinceImagePushed",
    action: EXPIRE,
    verb: "expire",
    object: (images, count) => `${images} ${count} days after they were cached`,
  },
  archiveBeyondImages: {
    countType: "imageCountMoreThan",
    action: ARCHIVE,
    verb: "archive",
    object: (images, count) => `all but the last ${count} ${images}`,
  },
  archiveAfterDays: {
    countType: "sinceImagePushed",
    action: ARCHIVE,
    verb: "archive",
    object: (images, count) => `${images} ${count} days after they were cached`,
  },
  archiveAfterDaysUnpulled: {
    countType: "sinceImagePulled",
    action: ARCHIVE,
    verb: "archive",
    object: (images, count) => `${images} not pulled for ${count} days`,
  },
  expireArchivedAfterDays: {
    countType: "sinceImageTransitioned",
    storageClass: "archive",
    action: EXPIRE,
    minimum: { count: 90, reason: "archived images are kept that many days" },
    verb: "expire",
    object: (images, count) => `${images} ${count} days after they were archived`,
  },
} as const satisfies Record<string, LifecycleAction>;

export type LifecycleActionName = keyof typeof lifecycleActions;

export const lifecycleActionNames = Object.keys(lifecycleActions) as LifecycleActionName[];

/** The table's entry of an action, without its literal types. */
export function lifecycleActionOf(name: LifecycleActionName): LifecycleAction {
  return lifecycleActions[name];
}

/** What an action does, as an imperative sentence: `Keep the last 10 images`. */
export function instruct({ verb, object }: LifecycleAction, count: number): string {
  return `${verb.charAt(0).toUpperCase()}${verb.slice(1)} ${object("images", count)}`;
}

/** What a rule of a policy document does, as a phrase: `keeps the last 10 images`; undefined for one that ECR refuses. */
export function describeAction(
  countType: string | undefined,
  actionType: string | undefined,
  images: string,
  count: number,
): string | undefined {
  const name = lifecycleActionNames.find((candidate) => {
    const { countType: counts, action } = lifecycleActionOf(candidate);
    return counts === countType && action.type === actionType;
  });
  if (name === undefined) return undefined;
  const { verb, object } = lifecycleActionOf(name);
  return `${verb}s ${object(images, count)}`;
}
