import { TerraformElement, type TerraformProvider, type TerraformResource } from "cdktf";

export interface ImportBlockProps {
  /** The resource that the import is for. */
  readonly to: TerraformResource;
  /** What the provider knows the existing one by; may refer to a data source. */
  readonly id: string;
  readonly provider: TerraformProvider;
}

/**
 * An `import` block: the next apply takes an existing resource into the state instead of making one.
 *
 * cdktf's own `importFrom` writes the same, but runs the Terraform binary at synthesis, which must work without one.
 */
export class ImportBlock extends TerraformElement {
  constructor(private readonly props: ImportBlockProps) {
    super(props.to, "import");
  }

  private get target(): string {
    return `${this.props.to.terraformResourceType}.${this.props.to.friendlyUniqueId}`;
  }

  override toTerraform(): unknown {
    return { import: [{ to: this.target, id: this.props.id, provider: this.props.provider.fqn }] };
  }

  override toHclTerraform(): unknown {
    const argument = (value: string, storageClassType: "reference" | "string") => ({
      value,
      type: "simple",
      storageClassType,
    });
    return {
      import: [
        {
          to: argument(this.target, "reference"),
          id: argument(this.props.id, "string"),
          provider: argument(this.props.provider.fqn, "reference"),
        },
      ],
    };
  }
}
