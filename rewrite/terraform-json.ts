import { type Match } from "./path";
import { type TerraformContext, type TerraformPlace, terraformPlaceOf } from "./terraform-places";
import { dereference, entriesOf, type Node } from "./tree";

/*
 * Terraform's JSON syntax (https://developer.hashicorp.com/terraform/language/syntax/json): the images in it are at the
 * places that HCL has (terraform-places.ts).
 */

/** How many labels the blocks of a type have; others have none. */
const LABELS: Readonly<Record<string, number>> = {
  resource: 2,
  data: 2,
  module: 1,
  variable: 1,
  output: 1,
  provider: 1,
};

/** The values of a node: where Terraform's JSON has a block, it may have a list of them. */
function valuesOf(node: Node): readonly Node[] {
  const value = dereference(node);
  if (!value) return [];
  return value.kind === "list" ? value.items.flatMap(valuesOf) : [value];
}

function* entriesIn(node: Node) {
  for (const value of valuesOf(node)) {
    if (value.kind !== "map") continue;
    for (const entry of entriesOf(value)) yield { ...entry, around: value };
  }
}

/** Reads every place of a document of Terraform's JSON. */
export function readTerraformJson(
  document: Node,
  read: (match: Match, place: TerraformPlace) => void,
): void {
  const readBody = (node: Node, context: TerraformContext): void => {
    for (const { key, value, around } of entriesIn(node)) {
      const place = terraformPlaceOf(key, context);
      if (place) read({ node: value, around, key }, place);
      readBody(value, { ...context, names: [...context.names, key] });
    }
  };
  /** Skips labels; the first of them is part of the block's name. */
  const readBlocks = (node: Node, block: string, type: string, labels: number): void => {
    if (labels === 0) {
      readBody(node, { block, names: [type] });
      return;
    }
    for (const { key, value } of entriesIn(node)) {
      readBlocks(value, block === type ? `${type}.${key}` : block, type, labels - 1);
    }
  };
  for (const { key: type, value } of entriesIn(document)) {
    // `//` is a comment.
    if (type !== "//") readBlocks(value, type, type, LABELS[type] ?? 0);
  }
}
