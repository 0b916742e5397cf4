// Parses HCL with HashiCorp's own parser: a JSON array of texts on standard input, an array of what they say on standard
// output. A process of its own, since the parser's runtime never ends by itself.
const { parse } = require("@cdktf/hcl2json");
const { readFileSync } = require("node:fs");

Promise.all(JSON.parse(readFileSync(0, "utf8")).map((text) => parse("main.tf", text))).then(
  (parsed) => process.stdout.write(JSON.stringify(parsed), () => process.exit(0)),
  (error) => {
    process.stderr.write(`${error.message}\n`, () => process.exit(1));
  },
);
