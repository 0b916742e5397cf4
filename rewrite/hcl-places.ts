/*
 * Where Terraform's and other HCL files name images: data, on top of the engine in hcl.ts.
 */

/** How an attribute's value is read. */
export type HclReading =
  /** An image name. */
  | "image"
  /** An image name if it can be nothing else; if it may be one, it is reported. */
  | "likely-image"
  /** The image of a Lambda function: reported, never changed. */
  | "lambda-image"
  /** A text that is JSON or YAML of a format of formats.ts. */
  | "json"
  | "yaml"
  /** Something else that is called the same. */
  | "nothing";

/** A place in HCL where images are named, or something that is called the same. */
export interface HclPlace {
  /**
   * The form of the outermost block's type and first label, parted by a dot: `resource.aws_ecs_task_definition`; the
   * empty text at the top of a file. Default: any.
   */
  readonly block?: RegExp;
  /** The form of the attribute's or object key's name, at any depth in the block. */
  readonly attribute: RegExp;
  /** The form of the name of an attribute or function that it must be in. Default: none. */
  readonly within?: RegExp;
  readonly reads: HclReading;
  /** The name of the format of a text that is read as `json` or `yaml`. Default: it is recognised. */
  readonly format?: string;
}

/** Resources whose `image` is the disk of a machine, or a file. */
const MACHINES =
  /^(resource|data)\.(google_compute|digitalocean|hcloud|linode|openstack|vultr|scaleway|ibm|yandex|alicloud|azurerm_(linux|windows)_virtual|lxd|incus|libvirt|proxmox|vsphere|equinix|ovh|upcloud|exoscale|civo|aws_(imagebuilder|instance|ami|sagemaker|launch|workspaces|appstream))/;

/** Resources whose `image` is a container's. */
const CONTAINERS =
  /^resource\.(aws_(ecs|codebuild|batch)_|kubernetes_|docker_|azurerm_container_(group|app)|google_cloud_run|nomad_)/;

/** Every place, in the order in which they are looked for: the first that fits decides. */
export const hclPlaces: readonly HclPlace[] = [
  { block: /^resource\.aws_lambda_function$/, attribute: /^image_uri$/, reads: "lambda-image" },
  {
    block: /^(resource|data)\.(docker_image|docker_registry_image)$/,
    attribute: /^name$/,
    reads: "image",
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
    format: "batch-container",
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
