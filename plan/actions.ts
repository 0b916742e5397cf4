/** What a plan does with a resource, and how the summary says it. */
export const ACTIONS = {
  create: "created",
  import: "imported",
  update: "changed",
  replace: "replaced",
  destroy: "destroyed",
  forget: "forgotten",
  none: "unchanged",
} as const;

export type Action = keyof typeof ACTIONS;

export const actions = Object.keys(ACTIONS) as [Action, ...Action[]];
