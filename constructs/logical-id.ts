import type { TerraformElement } from "cdktf";
import { logicalId } from "../ecr/logical-id";

/** Gives an element the name `logicalId(...parts)` in Terraform and returns it. */
export function withLogicalId<Element extends TerraformElement>(
  element: Element,
  ...parts: readonly string[]
): Element {
  element.overrideLogicalId(logicalId(...parts));
  return element;
}
