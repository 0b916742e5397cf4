import { printBlocks } from "../../hcl/configuration";
import { readHcl, readJson } from "../support/hcl";
import { generatedStacks, hardStacks } from "../support/hcl-stacks";

test("the HCL of a stack says what its JSON says, by HashiCorp's own parser", () => {
  const stacks = [...hardStacks(), ...generatedStacks(50)];

  expect(readHcl(stacks.map(({ hcl }) => hcl))).toEqual(stacks.map(({ json }) => readJson(json)));
});

describe("printed HCL", () => {
  const print = (configuration: Parameters<typeof printBlocks>[0]) =>
    printBlocks(configuration, () => ({ rule: { action: {} } })).map(({ text }) => text);

  test("has references without quotes, and blocks for what the schema calls blocks", () => {
    expect(
      print({
        resource: {
          x: {
            y: {
              provider: "aws.eu",
              depends_on: ["a.b", "c.d"],
              rule: [{ action: { name: "${x.y.name}" } }, {}],
              tags: { "//": "a tag", for: "x" },
              lifecycle: { ignore_changes: ["tags"], postcondition: [{ condition: "${true}" }] },
              "//": { metadata: {} },
            },
          },
        },
      }),
    ).toEqual([
      `resource "x" "y" {
  provider = aws.eu
  depends_on = [
    a.b,
    c.d,
  ]
  tags = {
    "//"  = "a tag"
    "for" = "x"
  }

  rule {
    action {
      name = x.y.name
    }
  }

  rule {}

  lifecycle {
    ignore_changes = [tags]

    postcondition {
      condition = true
    }
  }
}`,
    ]);
  });

  test("keeps code within strings as it is, and escapes what only looks like code", () => {
    expect(
      print({
        locals: {
          a: 'say "${join(", ", ["{", "}"])}" and $${not} %%{this}',
          b: '${{"a" = "}", "b" = "${var.x}"}}',
          c: "line\r\n\ttab\\ \u0007\u2028",
          d: "${var.x}${var.y}",
          e: "$${x}",
        },
      }),
    ).toEqual([
      String.raw`locals {
  a = "say \"${"$"}{join(", ", ["{", "}"])}\" and $$${"{"}not} %%{this}"
  b = { "a" = "}", "b" = "${"$"}{var.x}" }
  c = "line\r\n\ttab\\ \u0007\u2028"
  d = "${"$"}{var.x}${"$"}{var.y}"
  e = "$$${"{"}x}"
}`,
    ]);
  });

  test("has JSON documents as objects, unless code is in them", () => {
    expect(
      print({
        resource: {
          p: {
            a: { policy: '{"Resource":"$${aws:username}","n":[1]}' },
            b: { policy: '{"x":"${y.z}"}' },
          },
        },
      }),
    ).toEqual([
      String.raw`resource "p" "a" {
  policy = jsonencode({
    Resource = "$$${"{"}aws:username}"
    n        = [1]
  })
}`,
      String.raw`resource "p" "b" {
  policy = "{\"x\":\"${"$"}{y.z}\"}"
}`,
    ]);
  });

  test("has a backend's settings as Terraform takes them: `workspaces` as a block, `assume_role` of S3 as an object", () => {
    const backend = (settings: Parameters<typeof printBlocks>[0]) =>
      print({ terraform: { backend: settings } });

    expect(backend({ remote: { workspaces: { name: "x" } } })).toEqual([
      'terraform {\n  backend "remote" {\n    workspaces {\n      name = "x"\n    }\n  }\n}',
    ]);
    expect(backend({ s3: { assume_role: { policy: "{}" } } })).toEqual([
      'terraform {\n  backend "s3" {\n    assume_role = {\n      policy = "{}"\n    }\n  }\n}',
    ]);
  });
});
