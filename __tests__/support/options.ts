import type * as z from "zod";
import { environmentSchema } from "../../ecr/environment/schema";
import { valuesIn } from "../../ecr/environment/values";
import { lifecycleRuleSchema } from "../../ecr/lifecycle-policy";

/*
 * The options of an environment, as the schema has them and as an environment has them: `access.roles.*`. The settings of each
 * backend are options of their own.
 */

/** What is used of zod's schemas, which say of what they consist. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly valueType?: z.ZodType;
  readonly values?: readonly unknown[];
}

const definitionOf = (schema: z.ZodType) => schema.def as unknown as Definition;

/** The name of the key below another one; a backend is named by its type. */
const below = (path: string, key: string, type: unknown) =>
  [path === "backend" ? `backend ${String(type)}` : path, key].filter(Boolean).join(".");

/** Where there is one retention or a list of them, of the environment or of a rule. */
const RETENTION = /^(rules[.][*][.])?retention([.][*])?(?=[.]|$)/;
/** What single stacks have of the settings of a backend, and the backend of a consumer, which is like any other. */
const SETTINGS = /^(backend \w+[.]stacks[.]\w+|access[.]consumers[.][*][.]backend)$/;

function optionsOf(schema: z.ZodType, path: string): string[] {
  const { type, shape, innerType, element, options, valueType } = definitionOf(schema);
  if (innerType) return optionsOf(innerType, path);
  if (SETTINGS.test(path)) return [path];
  // Checked apart from the schema.
  if (RETENTION.test(path) && type === "unknown") return optionsOf(lifecycleRuleSchema, path);
  if (shape) {
    const kind = shape.type && definitionOf(shape.type).values?.[0];
    return Object.entries(shape).flatMap(([key, inner]) =>
      optionsOf(inner, below(path, key, kind)),
    );
  }
  if (element) return optionsOf(element, `${path}.*`);
  if (options) return options.flatMap((option) => optionsOf(option, path));
  if (valueType) return optionsOf(valueType, `${path}.*`);
  return ["boolean", "number", "undefined"].includes(type)
    ? []
    : [path.replace(RETENTION, "retention")];
}

/** Every option of an environment that may be a string. */
export const environmentOptions = (): string[] =>
  [...new Set(optionsOf(environmentSchema, ""))].sort();

/** Those that an environment has. */
export function optionsIn(input: { readonly backend?: { readonly type: string } }): string[] {
  const type = input.backend?.type;
  return [...valuesIn(input)].map(({ path }) => {
    const name = path.reduce<string>((at, key) => {
      const isFree = typeof key === "number" || /(^|[.])(tags|Condition|Condition[.][*])$/.test(at);
      return below(at, isFree ? "*" : String(key), type);
    }, "");
    return name.replace(RETENTION, "retention");
  });
}
