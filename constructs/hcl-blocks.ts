import {
  TerraformDataSource,
  TerraformProvider,
  TerraformResource,
  type TerraformStack,
} from "cdktf";
import type { IConstruct } from "constructs";
import type { Blocks, BlocksOf } from "../hcl/configuration";

/** What cdktf's bindings say of an argument: its value, with the same for what it holds. */
interface HclAttribute {
  readonly value: unknown;
  readonly isBlock?: boolean;
}

/** The blocks in what `synthesizeHclAttributes` returns. */
function blocksIn(attributes: unknown): Blocks {
  const found: Record<string, Blocks> = {};
  for (const [name, attribute] of Object.entries(attributes ?? {})) {
    const { isBlock, value } = (attribute ?? {}) as HclAttribute;
    if (!isBlock) continue;
    const inner = (Array.isArray(value) ? value : [value]).map(blocksIn);
    found[name] = Object.assign({}, found[name], ...inner) as Blocks;
  }
  return found;
}

function keyOf(node: IConstruct): string | undefined {
  if (TerraformResource.isTerraformResource(node)) return `resource ${node.terraformResourceType}`;
  if (TerraformDataSource.isTerraformDataSource(node)) return `data ${node.terraformResourceType}`;
  if (TerraformProvider.isTerraformProvider(node)) return `provider ${node.terraformResourceType}`;
  return undefined;
}

/** Which arguments of a stack's resources, data sources and providers are blocks, as their bindings have it. */
export function blocksOfStack(stack: TerraformStack): BlocksOf {
  const byType = new Map<string, Blocks>();
  for (const node of stack.node.findAll()) {
    const key = keyOf(node);
    if (key === undefined) continue;
    const { synthesizeHclAttributes } = node as { synthesizeHclAttributes?: () => unknown };
    byType.set(key, { ...byType.get(key), ...blocksIn(synthesizeHclAttributes?.call(node)) });
  }
  return (kind, type) => byType.get(`${kind} ${type}`) ?? {};
}
