import type * as Zod from "zod";

/**
 * What a command prints with `--json`, as a zod schema in the `json.ts` beside its `run.ts`: the types, the shape in the
 * help and the tests follow from it. The schema gets zod as an argument, because `--help` must not load it.
 */
export type JsonContract = (z: typeof Zod) => Zod.ZodType;

type Immutable<Value> = Value extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Immutable<Value[Key]> }
    : Value;

/** The type of what a contract describes. */
export type JsonOf<Contract extends JsonContract> = Immutable<Zod.infer<ReturnType<Contract>>>;

/** One element of what a contract describes, which is an array. */
export type JsonItem<Contract extends JsonContract> =
  JsonOf<Contract> extends readonly (infer Item)[] ? Item : never;

const STRING = "string";

/** The longest list of values that is shown, in characters; a longer one is shown as what it is, a string. */
const MAX_VALUES = 90;

/** The longest line of a shape, in characters. */
const MAX_WIDTH = 78;

/** A string as lines that fit, all but the first indented further. */
function breakAtSpaces(text: string, indent: string): string[] {
  return text.split(" ").reduce<string[]>((lines, word) => {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length === 0) return [indent + word];
    return longer.length <= MAX_WIDTH
      ? [...lines.slice(0, -1), longer]
      : [...lines, `${indent}  ${word}`];
  }, []);
}

/** A schema as text: of an object, what is before, in and behind its braces; of anything else, all of it in `open`. */
class Shape {
  constructor(
    readonly open: string,
    readonly fields: readonly Shape[] = [],
    readonly close = "",
    readonly isOptional = false,
  ) {}

  nullable = () => this.with("", " | null");
  optional = () => new Shape(this.open, this.fields, this.close, true);
  // What only narrows a type is not shown.
  nonnegative = () => this;
  regex = () => this;

  get text(): string {
    return this.open + this.fields.map(({ text }) => text).join(", ") + this.close;
  }

  /** The same with text around it. */
  with(before: string, after: string): Shape {
    const [open, close] =
      this.close === "" ? [this.open + after, ""] : [this.open, this.close + after];
    return new Shape(before + open, this.fields, close, this.isOptional);
  }

  lines(indent = ""): string[] {
    if (indent.length + this.text.length <= MAX_WIDTH) return [indent + this.text];
    if (this.fields.length === 0) return breakAtSpaces(this.text, indent);
    const lines: string[] = [];
    for (const [at, field] of this.fields.entries()) {
      const [first = "", ...rest] = field
        .with("", at === this.fields.length - 1 ? "" : ",")
        .lines(`${indent}  `);
      const joined = `${lines.at(-1)} ${first.trimStart()}`;
      const isJoined =
        lines.at(-1)?.endsWith(",") && rest.length === 0 && joined.length <= MAX_WIDTH;
      if (isJoined) lines.splice(-1, 1, joined);
      else lines.push(first, ...rest);
    }
    return [indent + this.open.trimEnd(), ...lines, indent + this.close.trimStart()];
  }
}

/** A field of an object; its name alone says that it is a string. */
function field([name, shape]: [string, Shape]): Shape {
  const key = shape.isOptional ? `${name}?` : name;
  return shape.open.startsWith(STRING)
    ? new Shape(key + shape.open.slice(STRING.length))
    : shape.with(`${key}: `, "");
}

/** The functions of zod that contracts may use; others end in an error when the help is shown, as a test does. */
const shapes = {
  string: () => new Shape(STRING),
  number: () => new Shape("number"),
  int: () => new Shape("number"),
  boolean: () => new Shape("boolean"),
  iso: { datetime: () => new Shape("time") },
  enum: (values: readonly string[]) => {
    const text = values.map((value) => JSON.stringify(value)).join(" | ");
    return new Shape(text.length > MAX_VALUES ? STRING : text);
  },
  array: (item: Shape) => item.with("[", "]"),
  record: (keys: Shape, value: Shape) => value.with(`{ [${keys.text}]: `, " }"),
  union: (members: readonly Shape[]) => new Shape(members.map(({ text }) => text).join(" | ")),
  strictObject: (members: Readonly<Record<string, Shape>>) =>
    new Shape("{ ", Object.entries(members).map(field), " }"),
};

/**
 * The shape of what a contract describes, in lines: `[{ image, sizeBytes: number, lastPulledAt: time | null }]`. A field
 * without a type is a string.
 */
export function shapeOf(contract: JsonContract): readonly string[] {
  return (contract(shapes as unknown as typeof Zod) as unknown as Shape).lines();
}
