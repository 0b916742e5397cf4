import * as z from "zod";
import { hidePasswords, type Problem, show, showKind } from "../problem";
import { noSuchKind, strictObject, text } from "../schema";
import { type BackendDefinition, backendDefinitions } from "./backend-definitions";
import { valuesIn } from "./values";

/* Where Terraform keeps its state. Every stack gets a place of its own, derived from its name. */

type Definitions = typeof backendDefinitions;

/** The type of a backend, by Terraform's name. */
export type BackendType = keyof Definitions;

export const backendTypes = Object.keys(backendDefinitions) as BackendType[];

/** The kinds of stacks of an environment. */
const stackKinds = ["cache", "credentials", "consumer"] as const;

export type StackKind = (typeof stackKinds)[number];

type ConfigOf<Entry> = Entry extends { readonly config?: infer Config }
  ? NonNullable<Config>
  : never;

type Listed<Entry, List extends keyof BackendDefinition<unknown>> = List extends keyof Entry
  ? Entry[List] extends readonly (infer Key)[]
    ? Key
    : never
  : never;

type Settings<Entry, Keys> = Pick<ConfigOf<Entry>, Keys & keyof ConfigOf<Entry>>;

type BackendOf<Type extends BackendType, Entry = Definitions[Type]> = {
  /** The backend, by Terraform's name. */
  readonly type: Type;
} & Required<Settings<Entry, Listed<Entry, "required">>> &
  Partial<Settings<Entry, Listed<Entry, "where" | "settings">>> &
  z.input<z.ZodObject<Definitions[Type]["naming"]>> & {
    /** Settings of single stacks, over those of the environment: for a state that exists already. */
    readonly stacks?: Readonly<
      Partial<
        Record<StackKind, Partial<Settings<Entry, Listed<Entry, "where" | "settings" | "place">>>>
      >
    >;
  };

/** Where an environment's state is: one of Terraform's backends and its settings. */
export type Backend = { [Type in BackendType]: BackendOf<Type> }[BackendType];

/** A definition without the literal types of the table. */
const definitionOf = (type: BackendType): BackendDefinition<Readonly<Record<string, unknown>>> =>
  backendDefinitions[type];

function schemaOf(type: BackendType) {
  const { where = [], settings = [], required = [], place, naming, ...other } = definitionOf(type);
  const { secrets = {}, withoutPassword = {} } = other;
  // The kinds of values are for the compiler and Terraform to check.
  const check = (key: string): z.ZodType =>
    withoutPassword[key] ?? (required.includes(key) || place.includes(key) ? text() : z.unknown());
  const checks = (keys: readonly string[]): z.ZodRawShape =>
    Object.fromEntries(
      keys.map((key) => [key, required.includes(key) ? check(key) : check(key).optional()]),
    );
  const shared = checks([...where, ...settings]);
  const secretKey = (key: string) =>
    Object.hasOwn(secrets, key)
      ? `no secret in a file; Terraform reads it from ${secrets[key]}`
      : undefined;
  const placeKey = (key: string) =>
    place.includes(key)
      ? `${Object.keys(naming).join(", ")}, or ${stackKinds.map((kind) => `stacks.${kind}.${key}`).join(", ")}: each stack has a state of its own`
      : undefined;
  const allowed = `settings of a ${type} backend`;
  const override = strictObject({ ...shared, ...checks(place) }, allowed, secretKey)
    .partial()
    .optional();
  return strictObject(
    {
      type: z.literal(type),
      ...shared,
      ...naming,
      stacks: strictObject(
        Object.fromEntries(stackKinds.map((kind) => [kind, override])),
        `{ ${stackKinds.map((kind) => `${kind}: { … }`).join(", ")} }`,
      ).optional(),
    },
    allowed,
    (key) => secretKey(key) ?? placeKey(key),
  );
}

const [firstSchema, ...otherSchemas] = backendTypes.map(schemaOf);

export const backendSchema = z.discriminatedUnion("type", [firstSchema!, ...otherSchemas], {
  error: noSuchKind("a backend, { type: … }", backendTypes),
});

const NO_SECRET = "no secret in a file; Terraform reads secrets from its environment";

/**
 * What is a secret in any string of a backend's settings, at any depth: by its key, or by what it or its key looks like.
 *
 * @param at Where the backend is.
 */
export function backendSecretProblems(backend: unknown, at: readonly PropertyKey[]): Problem[] {
  return [...valuesIn(backend, at)].flatMap(({ path, value }) => {
    const key = String(path.at(-1));
    if (hidePasswords(key) !== key) {
      return [{ path, found: `the key ${show(key)}`, allowed: NO_SECRET }];
    }
    if (typeof value !== "string") return [];
    const isSecret = /(token|password|secret)$/i.test(key);
    return isSecret || hidePasswords(value) !== value
      ? [{ path, found: isSecret ? showKind(value) : show(value), allowed: NO_SECRET }]
      : [];
  });
}

/**
 * What Terraform or the service would refuse, or cut, in the place of a stack's state.
 *
 * @param at Where the backend is.
 */
export function statePlaceProblems(
  backend: Backend,
  at: readonly PropertyKey[],
  stacks: readonly { readonly kind: StackKind; readonly name: string }[],
): Problem[] {
  const limits: Partial<Record<string, readonly [form: RegExp, allowed: string]>> = {
    // Source: https://www.postgresql.org/docs/current/sql-syntax-lexical.html: longer names are cut, and then alike.
    schemaName: [/^[\0-\x7f]{1,63}$/, "a schema of at most 63 ASCII characters"],
    // Source: https://developer.hashicorp.com/terraform/cloud-docs/workspaces/create
    workspace: [/^[A-Za-z0-9_-]{1,90}$/, "a workspace of at most 90 letters, digits, _ and -"],
    ...(backend.type === "s3" && { key: [/^[^/](.*[^/])?$/s, "a key without / at its ends"] }),
  };
  return stacks.flatMap(({ kind, name: stack }) =>
    Object.entries(stackBackend(backend, kind, stack).settings).flatMap(([name, value]) => {
      const [form, allowed] = limits[name] ?? [];
      return form && allowed && !form.test(String(value))
        ? [{ path: at, found: `${show(value)} for stack ${stack}`, allowed }]
        : [];
    }),
  );
}

/** The backend of one stack, ready to be written. */
export interface StackBackend {
  readonly type: BackendType;
  /** Terraform's arguments in cdktf's spelling. For `local`, `path` counts from the project's folder. */
  readonly settings: Readonly<Record<string, unknown>>;
}

function placeOf(backend: Backend, kind: StackKind, stack: string): Record<string, unknown> {
  switch (backend.type) {
    case "local":
      return { path: [backend.directory, `terraform.${stack}.tfstate`].filter(Boolean).join("/") };
    case "s3":
    case "azurerm":
      return { key: `${prefixOf(backend)}/${stack}.tfstate` };
    case "gcs":
      return { prefix: `${prefixOf(backend)}/${stack}` };
    case "consul":
      return { path: `${prefixOf(backend)}/${stack}` };
    case "cos":
    case "oss":
      return { prefix: prefixOf(backend), key: `${stack}.tfstate` };
    case "http": {
      const address =
        backend.stacks?.[kind]?.address ?? `${backend.address.replace(/\/+$/, "")}/${stack}`;
      const lockAddress = `${address}${backend.lockSuffix ?? ""}`;
      return { address, lockAddress, unlockAddress: lockAddress };
    }
    case "pg":
      return { schemaName: `${backend.schemaPrefix ?? "ecr_cache_"}${stack}` };
    case "remote":
    case "cloud":
      return { workspace: `${backend.workspacePrefix ?? "ecr-cache-"}${stack}` };
  }
}

function prefixOf(backend: { keyPrefix?: string | undefined }): string {
  return (backend.keyPrefix ?? "ecr-cache").replace(/\/+$/, "");
}

/** The settings that say where a state is; all others say how it is reached and written. */
const LOCATION = [
  ...new Set(
    backendTypes.map(definitionOf).flatMap(({ where = [], place }) => [...where, ...place]),
  ),
].sort();

/** Where a stack's state is, as a string that is the same for the same place. */
export function stateLocation({ type, settings }: StackBackend): string {
  return JSON.stringify([type, ...LOCATION.map((name) => settings[name] ?? null)]);
}

/** The backend of one stack of an environment: the shared settings, its own place, and what overrides either. */
export function stackBackend(backend: Backend, kind: StackKind, stack: string): StackBackend {
  // What only names the places of all stacks is no argument of Terraform's.
  const naming = ["type", "stacks", ...Object.keys(definitionOf(backend.type).naming)];
  const shared = Object.entries(backend).filter(([key]) => !naming.includes(key));
  return {
    type: backend.type,
    settings: {
      ...Object.fromEntries(shared),
      ...(backend.type === "s3" && { useLockfile: backend.useLockfile ?? true }),
      ...placeOf(backend, kind, stack),
      ...backend.stacks?.[kind],
    },
  };
}
