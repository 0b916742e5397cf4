import ts from "typescript";

/* What an editor shows on hovering over a field of an environment. */

const FILE = "ecr/environment/input.ts";
const program = ts.createProgram([FILE], {
  strict: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.Preserve,
});
const checker = program.getTypeChecker();

/** Every field that an environment can have at any depth, with its text; without cdktf's own of backends. */
function fieldsOf(type: ts.Type, path = "", done = new Set<ts.Type>()): [string, string][] {
  if (done.has(type)) return [];
  done.add(type);
  const within = type.isUnion()
    ? type.types
    : checker.isArrayType(type)
      ? checker.getTypeArguments(type as ts.TypeReference)
      : undefined;
  if (within) return within.flatMap((each) => fieldsOf(each, path, done));
  if (!(type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection))) return [];
  return type.getProperties().flatMap((field): [string, string][] => {
    const file = field.declarations?.[0]?.getSourceFile().fileName ?? "node_modules";
    if (file.includes("node_modules")) return [];
    const name = `${path}.${field.name}`;
    const text = ts.displayPartsToString(field.getDocumentationComment(checker));
    return [[name, text], ...fieldsOf(checker.getTypeOfSymbol(field), name, done)];
  });
}

test("every field of an environment has a text that an editor shows on hovering", () => {
  const source = checker.getSymbolAtLocation(program.getSourceFile(FILE)!)!;
  const input = checker.getExportsOfModule(source).find(({ name }) => name === "EnvironmentInput")!;
  const fields = fieldsOf(checker.getDeclaredTypeOfSymbol(input));

  expect(fields.map(([name]) => name)).toEqual(
    expect.arrayContaining([
      ".rules.upstream",
      ".rules.credential.username",
      ".rules.retention.keepImages",
    ]),
  );
  expect(fields.filter(([, text]) => text === "").map(([name]) => name)).toEqual([]);
});
