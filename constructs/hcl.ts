/**
 * Mends the HCL that cdktf 0.21 writes, so that Terraform takes it without an error or a warning, and a person can read
 * it: references to providers and dependencies stand without quotes, postconditions are blocks, `required_version` is
 * there (cdktf writes only its name), and nesting is indented.
 */
export function mendHcl(hcl: string, requiredVersion: string): string {
  const mended = hcl
    .split("\n")
    .map((line) => line.trim())
    .join("\n")
    .replace(/^0 = "required_version"$/m, `required_version = "${requiredVersion}"`)
    .replace(/^provider = "(aws\.[\w-]+)"$/gm, "provider = $1")
    .replace(/^depends_on = \[\n((?:"[\w.-]+",?\n)*)\]$/gm, (_, references: string) => {
      return `depends_on = [\n${references.replaceAll('"', "")}]`;
    })
    .replace(/^postcondition = \[\n((?:.*\n)*?)\]$/gm, (_, entries: string) =>
      entries.replace(/^\{$/gm, "postcondition {").replace(/^\},$/gm, "}").trimEnd(),
    );
  return indent(mended);
}

function indent(hcl: string): string {
  let depth = 0;
  const indented = hcl.split("\n").map((line) => {
    if (/^[}\]]/.test(line)) depth -= 1;
    const text = line === "" ? "" : `${"  ".repeat(depth)}${line}`;
    if (/[{[]$/.test(line)) depth += 1;
    return text;
  });
  // One empty line between top-level blocks, none within them.
  return `${indented
    .filter((line) => line !== "")
    .join("\n")
    .replaceAll("\n}\n", "\n}\n\n")}\n`;
}
