import { type JsonContract, shapeOf } from "../../../cli/shell/json-contract";

const shape = (contract: JsonContract) => shapeOf(contract).join("\n");

test("the shape of a contract names fields, and the types of those that are not strings", () => {
  expect(
    shape((z) =>
      z.array(
        z.strictObject({
          image: z.string().regex(/x/),
          tag: z.string().nullable(),
          reason: z.string().optional(),
          sizeBytes: z.int().nonnegative(),
          usd: z.number(),
          managed: z.boolean(),
          pushedAt: z.iso.datetime().nullable(),
          status: z.enum(["kept", "deleted"]).nullable(),
          digests: z.array(z.string()),
          check: z.strictObject({ count: z.int() }).nullable(),
        }),
      ),
    ),
  ).toBe(
    [
      "[{",
      "  image, tag | null, reason?, sizeBytes: number, usd: number,",
      '  managed: boolean, pushedAt: time | null, status: "kept" | "deleted" | null,',
      "  digests: [string], check: { count: number } | null",
      "}]",
    ].join("\n"),
  );
});

test("the shape of a contract has unions and records", () => {
  expect(
    shape((z) =>
      z.strictObject({
        counts: z.record(z.enum(["a", "b"]), z.int()),
        preview: z.union([
          z.strictObject({ ok: z.boolean() }),
          z.strictObject({ why: z.string() }),
        ]),
      }),
    ),
  ).toBe('{ counts: { ["a" | "b"]: number }, preview: { ok: boolean } | { why } }');
});

test("the shape of a contract is broken into lines where it is long, object by object", () => {
  const long = (name: string) => name.repeat(20);
  expect(
    shape((z) => {
      const inner = z.strictObject({ [long("a")]: z.string(), [long("b")]: z.int() });
      return z.strictObject({ first: z.string(), second: inner, third: z.array(inner) });
    }),
  ).toBe(
    [
      "{",
      `  first, second: { ${long("a")}, ${long("b")}: number },`,
      `  third: [{ ${long("a")}, ${long("b")}: number }]`,
      "}",
    ].join("\n"),
  );
});

test("the shape of a contract shows a list of many values as a string", () => {
  const values = Array.from({ length: 20 }, (_, at) => `value-${at}`);
  expect(shape((z) => z.strictObject({ kind: z.enum(values).nullable() }))).toBe("{ kind | null }");
});
