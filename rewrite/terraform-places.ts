import type { Reading } from "./format";

/*
 * Where Terraform configuration names images, in HCL (hcl.ts) and in JSON (terraform-json.ts). Other HCL files, such
 * as those of Nomad and of Docker's Bake, are read by the same table.
 */

/** How the value of an attribute is read: as in any format, or not at all because it only has the name of an image. */
export type TerraformReading =
  | Extract<
      Reading,
      "image" | "likely-image" | "lambda-image" | "image-url" | "built-image" | "json" | "yaml"
    >
  | "nothing";

/** A place in Terraform configuration where images are named, or something else under the same name. */
export interface TerraformPlace {
  /**
   * Matches the outermost block's type and first label, separated by a dot: `resource.aws_ecs_task_definition`; the empty
   * string at the top of a file. Default: any.
   */
  readonly block?: RegExp;
  /** Matches the name of the attribute or object key, at any depth in the block. */
  readonly attribute: RegExp;
  /** Matches the name of an attribute, nested block or function around it. Default: none is required. */
  readonly within?: RegExp;
  /** Whether the attribute must be the block's own, and not of a block or object in it. Default: at any depth. */
  readonly isOwn?: true;
  /** A block beside it that makes it the name of what is built, not of what is pulled. */
  readonly builtBy?: string;
  readonly reads: TerraformReading;
  /** The format of a string that is read as `json` or `yaml`, by its name in formats.ts. Default: it is recognised. */
  readonly format?: string;
}

/** Where a value is: its outermost block, and the names of the attributes, nested blocks and functions around it. */
export interface TerraformContext {
  readonly block: string;
  readonly names: readonly string[];
}

/** Resources whose `image` is the disk of a machine, or a file. */
const MACHINES =
  /^(resource|data)\.(google_compute|digitalocean|hcloud|linode|openstack|vultr|scaleway|ibm|yandex|alicloud|azurerm_(linux|windows)_virtual|lxd|incus|libvirt|proxmox|vsphere|equinix|ovh|upcloud|exoscale|civo|aws_(imagebuilder|instance|ami|sagemaker|launch|workspaces|appstream))/;

/** Resources whose `image` is a container's. */
const CONTAINERS =
  /^resource\.(aws_(ecs|codebuild|batch)_|kubernetes_|docker_|azurerm_container_(group|app)|google_cloud_run|nomad_)/;

/** Every place; the first that matches decides. */
const terraformPlaces: readonly TerraformPlace[] = [
  { block: /^resource\.aws_lambda_function$/, attribute: /^image_uri$/, reads: "lambda-image" },
  {
    block: /^(resource|data)\.(docker_image|docker_registry_image)$/,
    attribute: /^name$/,
    isOwn: true,
    builtBy: "build",
    reads: "image",
  },
  // Nomad
  { block: /^job\./, attribute: /^image$/, within: /^config$/, reads: "image" },
  // Docker's Bake
  { block: /^target\./, attribute: /^tags$/, reads: "built-image" },
  { block: /^target\./, attribute: /./, within: /^contexts$/, reads: "image-url" },
  {
    block: /^target\./,
    attribute: /(image|img|image_?name)$|^(base|from)$/i,
    within: /^args$/,
    reads: "likely-image",
  },
  { block: MACHINES, attribute: /image/i, reads: "nothing" },
  {
    attribute: /^container_definitions$/,
    reads: "json",
    format: "ecs-task-definition",
  },
  {
    block: /^resource\.aws_batch_job_definition$/,
    attribute: /^container_properties$/,
    reads: "json",
    format: "container",
  },
  {
    block: /^resource\.aws_codebuild_project$/,
    attribute: /^buildspec$/,
    reads: "yaml",
    format: "codebuild-buildspec",
  },
  { block: /^resource\.kubectl_manifest$/, attribute: /^yaml_body$/, reads: "yaml" },
  {
    block: /^resource\.helm_release$/,
    attribute: /^values$/,
    reads: "yaml",
    format: "helm-values",
  },
  { block: CONTAINERS, attribute: /^image$/, reads: "image" },
  {
    attribute: /^image$/i,
    within: /^(jsonencode|container_definitions|container_properties)$/,
    reads: "image",
  },
  { block: /^variable\..*image/i, attribute: /^default$/, reads: "likely-image" },
  { attribute: /^(\w+_)?image$|^image_(name|uri)$/, reads: "likely-image" },
];

/** The place that an attribute is; undefined for one of no interest. */
export function terraformPlaceOf(
  name: string,
  { block, names }: TerraformContext,
): TerraformPlace | undefined {
  return terraformPlaces.find(
    (place) =>
      place.attribute.test(name) &&
      (place.block?.test(block) ?? true) &&
      (!place.isOwn || names.length === 1) &&
      (place.within === undefined || names.some((around) => place.within!.test(around))),
  );
}
