/* The settings that a registry has only once: our deployment replaces what others have set there. */

/** What we manage of it, and the type of its Terraform resource. */
export const singletons = {
  "registry-policy": { type: "aws_ecr_registry_policy" },
  scanning: { type: "aws_ecr_registry_scanning_configuration" },
} as const satisfies Record<string, { readonly type: string }>;

export type Singleton = keyof typeof singletons;

export const singletonNames = Object.keys(singletons) as [Singleton, ...Singleton[]];

/** The last part of the name of the resource that reads what exists, as in `us-east-1_existing`. */
export const GUARD = "existing";
