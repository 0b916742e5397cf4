/**
 * The tag that marks a repository as one that follows its creation template. Its value holds the fingerprints of the
 * policies that came from there (registry/applied.ts).
 */
export const MARKER_TAG = "ecr-cache:applied";
