import { App, type TerraformElement } from "cdktf";
import { CacheStack } from "../../stacks/cache-stack";
import { CredentialsStack } from "../../stacks/credentials-stack";
import { maximal } from "./environments";

/*
 * A program: prints what the installed bindings of hashicorp/aws say of every argument that the stacks of the maximal
 * environment have: its type, and whether it is a block.
 */

/** What the bindings say of an argument. */
interface Argument {
  readonly value?: unknown;
  readonly isBlock?: boolean;
  readonly type?: string;
  readonly storageClassType?: string;
}

/** Arguments without their values, in which tokens have numbers of their own; blocks with what they hold. */
function typesOf(argumentsByName: object): object {
  return Object.fromEntries(
    Object.entries(argumentsByName).map(([name, argument]) => {
      const { value, isBlock, type, storageClassType } = argument as Argument;
      const blocks = (Array.isArray(value) ? value : [value]) as (object | undefined)[];
      const held = isBlock ? blocks.map((block) => typesOf(block ?? {})) : undefined;
      return [name, { isBlock, type, storageClassType, held }];
    }),
  );
}

const app = new App();
const stacks = [new CredentialsStack(app, maximal), new CacheStack(app, maximal)];
const entries = stacks.flatMap((stack) =>
  stack.node.findAll().flatMap((node) => {
    const element = node as TerraformElement & {
      terraformResourceType?: string;
      synthesizeHclAttributes?: () => object;
    };
    const { node: place, terraformResourceType: type } = element;
    if (type === undefined || !element.synthesizeHclAttributes) return [];
    return [[`${type} ${place.path}`, typesOf(element.synthesizeHclAttributes())] as const];
  }),
);

console.log(
  JSON.stringify({
    bindings: Object.fromEntries(entries),
    terraform: stacks.map((stack) => stack.toTerraform() as object),
  }),
);
