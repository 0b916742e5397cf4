import { TerraformElement } from "cdktf";
import type { Construct } from "constructs";

export interface ForgetBlockProps {
  /** The address of the resource, which is in the configuration no more. */
  readonly from: string;
}

/** A `removed` block: the next apply takes a resource out of the state, if it is there, and destroys nothing. */
export class ForgetBlock extends TerraformElement {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: ForgetBlockProps,
  ) {
    super(scope, id);
  }

  override toTerraform(): unknown {
    return { removed: [{ from: this.props.from, lifecycle: { destroy: false } }] };
  }
}
