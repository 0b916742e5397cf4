import type { TopLevelBlock } from "./configuration";

/** Where what has no provider goes, by the kind of its block. */
const FILES: Readonly<Record<string, string>> = {
  terraform: "terraform",
  provider: "terraform",
  variable: "variables",
  output: "outputs",
};

/**
 * The files of a configuration that a person is to read, by name: what Terraform itself needs, variables, outputs, and one for
 * each alias of a provider, such as a region.
 */
export function filesOf(blocks: readonly TopLevelBlock[]): Readonly<Record<string, string>> {
  const texts = new Map<string, string[]>();
  for (const { kind, provider, text } of blocks) {
    const name = `${FILES[kind] ?? provider?.split(".")[1] ?? "main"}.tf`;
    texts.set(name, [...(texts.get(name) ?? []), text]);
  }
  return Object.fromEntries([...texts].map(([name, list]) => [name, `${list.join("\n\n")}\n`]));
}
