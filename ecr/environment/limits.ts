/** Cache rules in one registry, that is, in one account and region; AWS does not raise this quota. */
export const MAX_RULES_PER_REGISTRY = 50;

/** Tags of a resource. Source: https://docs.aws.amazon.com/general/latest/gr/aws_tagging.html */
export const MAX_TAGS = 50;
