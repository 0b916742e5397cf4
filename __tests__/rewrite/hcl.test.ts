import { readHcl } from "../../rewrite/hcl";
import { parseHcl } from "../../rewrite/hcl-tree";
import { templateParts, tokenize } from "../../rewrite/hcl-tokens";
import { SyntaxProblem } from "../../rewrite/tree";
import { brief, rewriteWith } from "../support/rewritten";

const rewrite = (text: string) => rewriteWith((source) => readHcl(source, () => []), text);

/** The tokens of a text as kinds and texts. */
function tokens(text: string): string[] {
  return tokenize(text).map(({ kind, start, end }) => `${kind} ${text.slice(start, end)}`.trim());
}

describe("HCL tokens", () => {
  test("are identifiers, numbers, marks, strings and new lines, without comments and space", () => {
    expect(tokens('a-b = 1.5e3 # "x"\n// y\n/* {\n */ c { d = [e.0, "f"] } => ... != ü')).toEqual([
      "identifier a-b",
      "punctuation =",
      "number 1.5e3",
      "newline",
      "newline",
      "identifier c",
      "punctuation {",
      "identifier d",
      "punctuation =",
      "punctuation [",
      "identifier e",
      "punctuation .",
      "number 0",
      "punctuation ,",
      'template "f"',
      "punctuation ]",
      "punctuation }",
      "punctuation =>",
      "punctuation ...",
      "punctuation !=",
      "identifier ü",
      "end",
    ]);
  });

  test.each([
    ['"a\\"b"', ['template "a\\"b"', "end"]],
    ['"a # b // c"', ['template "a # b // c"', "end"]],
    ['"${a["b"]}" c', ['template "${a["b"]}"', "identifier c", "end"]],
    ['"${"${"x"}"}" c', ['template "${"${"x"}"}"', "identifier c", "end"]],
    ['"${ {a = "}"} }" c', ['template "${ {a = "}"} }"', "identifier c", "end"]],
    [
      '"%{ if x ~}a%{ else }b%{ endif }" c',
      ['template "%{ if x ~}a%{ else }b%{ endif }"', "identifier c", "end"],
    ],
    ['"$${a" c', ['template "$${a"', "identifier c", "end"]],
    ['"%%{a" c', ['template "%%{a"', "identifier c", "end"]],
    ['"$" c', ['template "$"', "identifier c", "end"]],
    ['"${<<A\n}"\nA\n}" c', ['template "${<<A\n}"\nA\n}"', "identifier c", "end"]],
    ['<<EOT\n a "b\n EOT\nc', ['heredoc <<EOT\n a "b\n EOT', "newline", "identifier c", "end"]],
    [
      "<<-E-T\n EOT\n${a}\n\tE-T\r\nc",
      ["heredoc <<-E-T\n EOT\n${a}\n\tE-T", "newline", "identifier c", "end"],
    ],
    ["<<EOT\nEOT", ["heredoc <<EOT\nEOT", "end"]],
    ["<<EOT\n$${\nEOT\n", ["heredoc <<EOT\n$${\nEOT", "newline", "end"]],
    ["a < b", ["identifier a", "punctuation <", "identifier b", "end"]],
    ["\ufeffa", ["identifier a", "end"]],
  ])("of %j", (text, expected) => {
    expect(tokens(text)).toEqual(expected);
  });

  test.each([
    ['"a', "a string is not closed", 0],
    ['x = "a\n"', "a string is not closed", 4],
    ['"${a', "a brace is not closed", 1],
    ["<<EOT\nx\n", "a heredoc is not closed", 0],
    ["a /* b", "a comment is not closed", 2],
    ["a ` b", 'unexpected "`"', 2],
  ])("there are none in %j", (text, message, offset) => {
    expect(() => tokenize(text)).toThrow(new SyntaxProblem(message));
    try {
      tokenize(text);
    } catch (error) {
      expect(error).toMatchObject({ offset });
    }
  });
});

test("a template's parts are what is written and what is filled in", () => {
  const text = 'a${b["}"]}c$${d}%{ if e }';
  expect(templateParts(text).map(({ kind, start, end }) => [kind, text.slice(start, end)])).toEqual(
    [
      ["literal", "a"],
      ["filled", '${b["}"]}'],
      ["literal", "c$${d}"],
      ["filled", "%{ if e }"],
    ],
  );
});

describe("the tree of an HCL file", () => {
  test("has blocks with labels, attributes, and the strings of expressions", () => {
    const body = parseHcl(
      'a = 1\nb "c" d {\n  e = f(g, ["h", { i : "j", (k) = l, "m" = n ? "o" : "p" }])\n  q {}\n}\nr { s = t }\n',
    );
    expect(body).toMatchObject({
      attributes: [{ name: "a", value: { kind: "computed", items: [] } }],
      blocks: [
        {
          type: "b",
          labels: ["c", "d"],
          body: {
            attributes: [
              {
                name: "e",
                value: {
                  kind: "call",
                  name: "f",
                  items: [
                    { kind: "computed" },
                    {
                      kind: "list",
                      items: [
                        { kind: "text" },
                        {
                          kind: "object",
                          items: [
                            { key: "i", value: { kind: "text" } },
                            { key: "", value: { kind: "computed" } },
                            {
                              key: "m",
                              value: {
                                kind: "computed",
                                items: [{ kind: "text" }, { kind: "text" }],
                              },
                            },
                          ],
                        },
                      ],
                    },
                  ],
                },
              },
            ],
            blocks: [{ type: "q", labels: [], body: { attributes: [], blocks: [] } }],
          },
        },
        { type: "r" },
      ],
    });
  });

  test.each([
    ['x "y" = 1', "found = where = or { should be"],
    ["x { y = 1", "found the end where } should be"],
    ["x = [1", "found the end where ] should be"],
    ["x = {a 1}", "found } where = or : should be"],
    ["x = (1", "found the end where ) should be"],
    ["}", "found } where an attribute or a block should be"],
    ["x = 1)", "found ) where a value should be"],
    ["= 1", "found = where an attribute or a block should be"],
    [`x = ${"[".repeat(300)}`, "it is nested too deeply"],
  ])("of %j does not exist", (text, message) => {
    expect(() => parseHcl(text)).toThrow(new SyntaxProblem(message));
  });

  test.each([
    "a = [for x in y : { image = x } if x != null]",
    'a = { for k, v in y : k => merge(v, { b = "c" })... }',
    "a = b[*].c[0].d.*.e",
    "a = -b + (c - 1) % 2 >= 3 && !d || e ? f : g",
    "a = [\n  1, # x\n  2,\n]",
    "a = f(\n  b,\n  c...\n)",
    'a = {\n  b = 1, c = 2\n\n  "d.e" = 3\n}',
    "a = <<EOT\nx\nEOT\nb = 1",
    "a = provider::x::f(1)",
    'a {\n  dynamic "b" {\n    for_each = c\n    content { d = b.value }\n  }\n}',
    "",
    "# only a comment",
  ])("of %j exists", (text) => {
    expect(() => parseHcl(text)).not.toThrow();
  });
});

const ecs = (text: string) => `resource "aws_ecs_task_definition" "t" {\n  ${text}\n}\n`;

describe("an image in HCL is", () => {
  test.each([
    [
      "bare in what is known to be a container",
      ecs('container_definitions = jsonencode([{ image = "nginx" }])'),
      ecs(
        'container_definitions = jsonencode([{ image = "cache.test/docker-hub/library/nginx" }])',
      ),
    ],
    [
      "bare in jsonencode, wherever that is",
      'locals { x = jsonencode(concat([{ image = "nginx" }], var.y)) }',
      'locals { x = jsonencode(concat([{ image = "cache.test/docker-hub/library/nginx" }], var.y)) }',
    ],
    [
      "bare in the container definitions of a module",
      'module "m" {\n  container_definitions = { a = { image = "nginx" } }\n}',
      'module "m" {\n  container_definitions = { a = { image = "cache.test/docker-hub/library/nginx" } }\n}',
    ],
    [
      "written with escapes",
      ecs('container_definitions = jsonencode([{ image = "docker.io\\u002fnginx:1" }])'),
      ecs(
        'container_definitions = jsonencode([{ image = "cache.test/docker-hub/library/nginx:1" }])',
      ),
    ],
    [
      "in the object of a loop",
      'module "m" {\n  x = { for k in y : k => { image = "a/b:${k}" } }\n}',
      'module "m" {\n  x = { for k in y : k => { image = "cache.test/docker-hub/a/b:${k}" } }\n}',
    ],
    [
      "the default of a variable called like one",
      'variable "app_image" {\n  default = "a/b:1"\n}\nvariable "name" {\n  default = "a/b:1"\n}',
      'variable "app_image" {\n  default = "cache.test/docker-hub/a/b:1"\n}\nvariable "name" {\n  default = "a/b:1"\n}',
    ],
  ])("%s", (_, text, expected) => {
    expect(rewrite(text).text).toBe(expected);
    expect(rewrite(expected).text).toBe(expected);
  });

  test.each([
    ["not the disk of a machine", 'resource "hcloud_server" "s" {\n  image = "ubuntu:22.04"\n}'],
    ["not a comment", '# image = "nginx:1"\n'],
    ["not in a text", 'x = "image = nginx:1"\n'],
    ["not a picture", 'module "m" {\n  image = "logo.png"\n}'],
    ["not empty", ecs('container_definitions = jsonencode([{ image = "" }])')],
    ["not an attribute of another name", 'module "m" {\n  imagery = "nginx:1"\n}'],
  ])("%s", (_, text) => {
    expect(rewrite(text)).toMatchObject({ text, references: [] });
  });

  test.each([
    [
      "a name without a tag may be something else",
      'module "m" {\n  image = "a/b"\n}',
      ["2:12 a/b (ambiguous)"],
    ],
    [
      "a choice",
      ecs('container_definitions = jsonencode([{ image = var.x ? "a:1" : "b:1" }])'),
      ['2:49 var.x ? "a:1" : "b:1" (variable)'],
    ],
    [
      "a function",
      ecs('container_definitions = jsonencode([{ image = format("a:%s", var.x) }])'),
      ['2:49 format("a:%s", var.x) (variable)'],
    ],
    [
      "a variable in the name",
      ecs('container_definitions = jsonencode([{ image = "${var.r}/a:1" }])'),
      ["2:50 ${var.r}/a:1 (variable)"],
    ],
  ])("reported where %s", (_, text, expected) => {
    expect(brief(rewrite(text).references)).toEqual(expected);
  });
});
