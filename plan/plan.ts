import * as z from "zod";
import { UserError } from "../ecr/user-error";
import type { Action } from "./actions";

/*
 * A Terraform plan as `terraform show -json` prints it.
 *
 * Source: https://developer.hashicorp.com/terraform/internals/json-format
 */

/** The attributes of a resource; absent, empty and null ones are the same to the provider. */
export type Attributes = Readonly<Record<string, unknown>>;

const attributes = z.record(z.string(), z.unknown()).nullish();

const changeSchema = z.object({
  address: z.string(),
  mode: z.string(),
  type: z.string(),
  name: z.string(),
  action_reason: z.string().optional(),
  change: z.object({
    actions: z.array(z.string()),
    before: attributes,
    after: attributes,
    after_unknown: z.union([attributes, z.boolean()]).optional(),
    before_sensitive: z.union([attributes, z.boolean()]).optional(),
    after_sensitive: z.union([attributes, z.boolean()]).optional(),
    importing: z.object({ id: z.string().optional() }).nullish(),
    replace_paths: z.array(z.array(z.union([z.string(), z.number()]))).optional(),
  }),
});

const constant = z.object({ constant_value: z.unknown().optional() }).optional();

const planSchema = z.object({
  format_version: z.string(),
  terraform_version: z.string().optional(),
  resource_changes: z.array(changeSchema).optional(),
  resource_drift: z.array(changeSchema).optional(),
  configuration: z
    .object({
      provider_config: z
        .record(
          z.string(),
          z.object({
            expressions: z
              .object({ region: constant, allowed_account_ids: constant })
              .partial()
              .optional(),
          }),
        )
        .optional(),
      root_module: z
        .object({
          resources: z
            .array(
              z.object({
                address: z.string(),
                provider_config_key: z.string().optional(),
                expressions: z.record(z.string(), z.unknown()).optional(),
              }),
            )
            .optional(),
        })
        .optional(),
    })
    .optional(),
  errored: z.boolean().optional(),
  applyable: z.boolean().optional(),
  complete: z.boolean().optional(),
});

/** One resource of a plan. */
export interface ResourceChange {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly action: Action;
  /** Its region, by its provider; if it is no longer in the configuration, by its name. Null: unknown. */
  readonly region: string | null;
  /** The region in its name, if there is one. */
  readonly namedRegion: string | null;
  readonly before: Attributes;
  readonly after: Attributes;
  /** Attributes that are known only after the apply. */
  readonly unknown: ReadonlySet<string>;
  /** Attributes that must not be shown. */
  readonly sensitive: ReadonlySet<string>;
  /** Attributes that the configuration sets. */
  readonly configured: ReadonlySet<string>;
  /** Whether it is replaced because its creation could not be finished. */
  readonly isTainted: boolean;
  /** Attributes whose change requires the replacement. */
  readonly replacedFor: readonly string[];
}

/** A provider of a plan's configuration. */
export interface Provider {
  /** Such as `aws.us-east-1`. */
  readonly key: string;
  readonly region: string | null;
  /** The accounts that it is restricted to; undefined: none. */
  readonly accounts?: readonly string[];
}

export interface Plan {
  readonly terraformVersion: string | null;
  readonly changes: readonly ResourceChange[];
  /** What drifted since the last apply. */
  readonly drift: readonly ResourceChange[];
  readonly providers: readonly Provider[];
  /** Whether Terraform could not finish it. */
  readonly isErrored: boolean;
  /** Whether applying it would do anything. */
  readonly isApplicable: boolean;
}

type RawChange = z.infer<typeof changeSchema>;

function actionOf({ change }: RawChange): Action {
  const { actions, importing } = change;
  const has = (action: string) => actions.includes(action);
  if (has("delete") && has("create")) return "replace";
  if (has("create") && has("forget")) return "replace";
  if (has("create")) return "create";
  if (has("delete")) return "destroy";
  if (has("forget")) return "forget";
  if (importing) return "import";
  return has("update") ? "update" : "none";
}

/** The names of the attributes that a mask covers, wholly or in part. */
function masked(mask: unknown): Set<string> {
  const isSet = (value: unknown): boolean =>
    value === true ||
    (typeof value === "object" && value !== null && Object.values(value).some(isSet));
  return new Set(
    typeof mask === "object" && mask !== null
      ? Object.entries(mask)
          .filter(([, value]) => isSet(value))
          .map(([name]) => name)
      : [],
  );
}

/** Whether a mask covers the whole resource. */
const isWhole = (mask: unknown): boolean => mask === true;

const REGION = /^([a-z]{2,}(?:-[a-z]+)+-[0-9]+)(?:_|$)/;

/** What the configuration says about a resource. */
interface Configured {
  readonly region: string | null;
  readonly attributes: ReadonlySet<string>;
}

function toChange(raw: RawChange, configured: ReadonlyMap<string, Configured>): ResourceChange {
  const { address, type, name, change } = raw;
  const namedRegion = REGION.exec(name)?.[1] ?? null;
  const [before, after] = [change.before ?? {}, change.after ?? {}];
  const masks = [change.before_sensitive, change.after_sensitive];
  const sensitive = masks.some(isWhole)
    ? new Set([...Object.keys(before), ...Object.keys(after)])
    : new Set(masks.flatMap((mask) => [...masked(mask)]));
  return {
    address,
    type,
    name,
    action: actionOf(raw),
    region: configured.get(address)?.region ?? namedRegion,
    namedRegion,
    before,
    after,
    unknown: masked(change.after_unknown),
    sensitive,
    configured: configured.get(address)?.attributes ?? new Set(),
    isTainted: raw.action_reason === "replace_because_tainted",
    replacedFor: [...new Set((change.replace_paths ?? []).map(([first]) => String(first)))],
  };
}

function toProvider(
  key: string,
  expressions: {
    region?: { constant_value?: unknown };
    allowed_account_ids?: { constant_value?: unknown };
  } = {},
): Provider {
  const { region, allowed_account_ids: accounts } = expressions;
  const list = accounts?.constant_value;
  return {
    key,
    region: typeof region?.constant_value === "string" ? region.constant_value : null,
    ...(Array.isArray(list) && { accounts: list.map(String) }),
  };
}

/** The first characters of a ZIP file, which a saved plan is. */
const ZIP = "PK";

const ALLOWED = "the output of terraform show -json PLAN";

function parseJson(text: string, where: string): unknown {
  if (text.startsWith(ZIP)) {
    throw new UserError(`${where}: found a saved plan; allowed: ${ALLOWED}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    const found = text.trimStart().startsWith('{"@level"')
      ? "the output of terraform plan -json"
      : text.trim() === ""
        ? "nothing"
        : "text that is not JSON";
    throw new UserError(`${where}: found ${found}; allowed: ${ALLOWED}`);
  }
}

/**
 * Reads a plan.
 *
 * @param where Where it is from, for messages.
 * @throws UserError if it is not a plan.
 */
export function parsePlan(text: string, where: string): Plan {
  const json = parseJson(text, where);
  const parsed = planSchema.safeParse(json);
  if (!parsed.success || !parsed.data.format_version.startsWith("1.")) {
    const version = parsed.data?.format_version;
    const found = version === undefined ? "JSON that is not a plan" : `a plan in format ${version}`;
    throw new UserError(`${where}: found ${found}; allowed: ${ALLOWED}, in format 1`);
  }
  const plan = parsed.data;
  if (plan.resource_changes === undefined && plan.configuration === undefined) {
    throw new UserError(`${where}: found a state; allowed: ${ALLOWED}`);
  }
  const { provider_config: providerConfig = {}, root_module: root } = plan.configuration ?? {};
  const providers = Object.entries(providerConfig).map(([key, { expressions }]) =>
    toProvider(key, expressions),
  );
  const regionOf = new Map(providers.map(({ key, region }) => [key, region]));
  const resources = new Map(
    (root?.resources ?? []).map(
      ({ address, provider_config_key: key = "", expressions = {} }): [string, Configured] => [
        address,
        { region: regionOf.get(key) ?? null, attributes: new Set(Object.keys(expressions)) },
      ],
    ),
  );
  const managed = (list: readonly RawChange[] = []) =>
    list.filter(({ mode }) => mode === "managed").map((raw) => toChange(raw, resources));
  const changes = managed(plan.resource_changes);
  return {
    terraformVersion: plan.terraform_version ?? null,
    changes,
    drift: managed(plan.resource_drift),
    // The provider without an alias is not configured, and not used.
    providers: providers.filter(({ key }) => key !== "aws" || regionOf.get(key) !== null),
    isErrored: plan.errored === true,
    // OpenTofu does not say it.
    isApplicable: plan.applyable ?? changes.some(({ action }) => action !== "none"),
  };
}
