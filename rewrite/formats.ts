import type { Format, Place } from "./format";

/*
 * The formats of YAML and JSON files in which images are named. A new one is an entry in the table at the end.
 *
 * The order matters: a document is of the first format that it is recognised as.
 */

const githubActions: Format = {
  name: "github-actions",
  recognised: [
    { file: /(^|\/)\.(github|gitea|forgejo)\/workflows\/[^/]+\.ya?ml$/ },
    { file: /(^|\/)action\.ya?ml$/, has: ["runs.using"] },
  ],
  places: [
    { at: "jobs.*.container" },
    { at: "jobs.*.container.image" },
    { at: "jobs.*.services.*.image" },
    { at: "(jobs).*.steps.[].uses", reads: "image-url" },
    { at: "jobs.*.steps.[].run", reads: "commands" },
    { at: "runs.image", reads: "image-url" },
    { at: "runs.steps.[].uses", reads: "image-url" },
    { at: "runs.steps.[].run", reads: "commands" },
  ],
};

/** Keys at the top of a GitLab file that are not jobs. */
const NO_GITLAB_JOB = "!(default|include|stages|variables|workflow|spec|image|services)";

const gitlabCi: Format = {
  name: "gitlab-ci",
  recognised: [
    { file: /(^|\/)[^/]*\.?gitlab-ci[^/]*\.ya?ml$/ },
    { file: /(^|\/)\.gitlab\/([^/]+\/)*[^/]+\.ya?ml$/, has: ["*.(script|trigger|extends|image)"] },
  ],
  places: ["", "default.", `${NO_GITLAB_JOB}.`].flatMap((job): Place[] => [
    { at: `${job}image` },
    { at: `${job}image.name` },
    { at: `${job}services.[]` },
    { at: `${job}services.[].name` },
    { at: `${job}(before_script|script|after_script)`, reads: "commands" },
  ]),
};

const kustomize: Format = {
  name: "kustomize",
  recognised: [
    { file: /(^|\/)([Kk]ustomization|kustomization\.ya?ml)$/ },
    { has: [{ at: "apiVersion", like: /^kustomize\.config\.k8s\.io\// }] },
  ],
  places: [{ at: "images.[]", reads: "kustomize-image" }],
};

/** The images of a pod, from its `spec`. */
const podSpec = (path: string): string[] => [
  `${path}.(containers|initContainers|ephemeralContainers).[].image`,
  `${path}.volumes.[].image.reference`,
];

/** The images of an Argo workflow, from its `templates`. */
const argoTemplates = (path: string): string[] => [
  `${path}.[].(container|script).image`,
  `${path}.[].(initContainers|sidecars).[].image`,
  `${path}.[].containerSet.containers.[].image`,
];

/** Places of some kinds of Kubernetes resources. `kind` is the form of the kind's name. */
function kubernetesPlaces(kind: RegExp, paths: readonly string[]): Place[] {
  return paths.map((at) => ({ at, where: { kind } }));
}

/** The workloads of Kubernetes itself, with the paths to their images. */
const workloads: Readonly<Record<string, readonly string[]>> = {
  Pod: podSpec("spec"),
  PodTemplate: podSpec("template.spec"),
  "Deployment|DaemonSet|StatefulSet|ReplicaSet|ReplicationController|Job":
    podSpec("spec.template.spec"),
  CronJob: podSpec("spec.jobTemplate.spec.template.spec"),
};

/** Kinds of widespread operators, with the paths to their images. */
export const customResources: Readonly<Record<string, readonly string[]>> = {
  // Argo
  Rollout: podSpec("spec.template.spec"),
  "Workflow|WorkflowTemplate|ClusterWorkflowTemplate": argoTemplates("spec.templates"),
  CronWorkflow: argoTemplates("spec.workflowSpec.templates"),
  // Tekton
  "Task|ClusterTask": ["spec.(steps|sidecars).[].image", "spec.stepTemplate.image"],
  // Knative; a Service of the core API has no template
  "Service|Configuration": podSpec("spec.template.spec"),
  // Prometheus Operator
  "Prometheus|Alertmanager|ThanosRuler|PrometheusAgent": [
    "spec.image",
    "spec.thanos.image",
    "spec.(containers|initContainers).[].image",
  ],
};

/** Where a kind of Kubernetes resource names an image. */
export interface ImagePath {
  /** The kind's name, such as `Prometheus`. */
  readonly kind: string;
  /** The path from the resource (path.ts), such as `spec.image`. */
  readonly path: string;
}

const kubernetes: Format = {
  name: "kubernetes",
  recognised: [{ has: ["apiVersion", "kind"] }],
  units: ["", "items.[]"],
  places: [
    ...Object.entries({ ...workloads, ...customResources }).flatMap(([kind, paths]) =>
      kubernetesPlaces(new RegExp(`^(${kind})$`), paths),
    ),
    {
      at: "!(items).**.image",
      reads: "stray-image",
      where: { kind: new RegExp(`^(?!(${Object.keys(workloads).join("|")})$)`) },
    },
  ],
};

const helmValues: Format = {
  name: "helm-values",
  recognised: [
    { file: /(^|\/)[^/]*values[^/]*\.ya?ml$/i },
    { file: /(^|\/)values\/([^/]+\/)*[^/]+\.ya?ml$/ },
  ],
  places: [
    { at: "**", reads: "image-map" },
    { at: "**.image" },
    { at: "**.*Image", reads: "likely-image" },
  ],
};

const compose: Format = {
  name: "compose",
  recognised: [
    { file: /(^|\/)(docker-|podman-)?compose([._-][^/]*)?\.ya?ml$/ },
    { has: ["services.*.(image|build)"] },
  ],
  places: [
    { at: "services.*.image", builtBy: "build" },
    { at: "services.*.build.args", reads: "build-arguments" },
    { at: "services.*.build.dockerfile_inline", reads: "dockerfile" },
    { at: "services.*.build.additional_contexts.*", reads: "image-url" },
  ],
};

const ecsTaskDefinition: Format = {
  name: "ecs-task-definition",
  recognised: [
    { has: ["(containerDefinitions).[].image"] },
    { has: ["taskDefinition.containerDefinitions.[].image"] },
    // The container definitions alone, as the console and Terraform's templates have them.
    {
      has: [
        "[].name",
        "[].image",
        "[].(essential|portMappings|cpu|memory|memoryReservation|environment|secrets|logConfiguration|mountPoints|command|entryPoint|healthCheck)",
      ],
    },
  ],
  places: [
    { at: "containerDefinitions.[].image" },
    { at: "taskDefinition.containerDefinitions.[].image" },
    { at: "[].image" },
  ],
};

const imageDefinitions: Format = {
  name: "ecs-image-definitions",
  recognised: [
    { file: /(^|\/)[^/]*imagedefinitions[^/]*\.json$/i },
    { has: ["[].name", "[].imageUri"] },
  ],
  places: [{ at: "[].imageUri" }],
};

const buildspec: Format = {
  name: "codebuild-buildspec",
  recognised: [
    { file: /(^|\/)[^/]*buildspec[^/]*\.ya?ml$/i },
    { has: ["version", "phases.*.commands"] },
  ],
  places: [
    { at: "phases.*.(commands|finally)", reads: "commands" },
    { at: "batch.(build-list|build-graph).[].env.image" },
    { at: "batch.build-matrix.(static|dynamic).env.image" },
    { at: "batch.build-matrix.dynamic.env.image.[]" },
  ],
};

const codeBuildProject: Format = {
  name: "codebuild-project",
  recognised: [
    { has: ["environment.image", "environment.computeType"] },
    { has: ["environment.image", "serviceRole"] },
    { has: ["projects.[].environment.image"] },
  ],
  units: ["", "projects.[]"],
  places: [
    { at: "environment.image" },
    { at: "source.buildspec", reads: "yaml", format: "codebuild-buildspec" },
  ],
};

const resource = (type: RegExp, ...places: Place[]): Place[] =>
  places.map((place) => ({ ...place, where: { Type: type } }));

const cloudFormation: Format = {
  name: "cloudformation",
  recognised: [
    { has: [{ at: "Resources.*.Type", like: /^(AWS|Alexa|Custom)::/ }] },
    { has: ["AWSTemplateFormatVersion", "Resources"] },
  ],
  units: ["Resources.*"],
  places: [
    ...resource(/^AWS::ECS::TaskDefinition$/, {
      at: "Properties.ContainerDefinitions.[].Image",
    }),
    ...resource(
      /^AWS::CodeBuild::Project$/,
      { at: "Properties.Environment.Image" },
      { at: "Properties.Source.BuildSpec", reads: "yaml", format: "codebuild-buildspec" },
    ),
    ...resource(
      /^AWS::Batch::JobDefinition$/,
      { at: "Properties.ContainerProperties.Image" },
      { at: "Properties.NodeProperties.NodeRangeProperties.[].Container.Image" },
      { at: "Properties.EcsProperties.TaskProperties.[].Containers.[].Image" },
      { at: "Properties.EksProperties.PodProperties.(Containers|InitContainers).[].Image" },
    ),
    ...resource(/^AWS::Lambda::Function$/, {
      at: "Properties.Code.ImageUri",
      reads: "lambda-image",
    }),
    ...resource(/^AWS::Serverless::Function$/, {
      at: "Properties.ImageUri",
      reads: "lambda-image",
    }),
  ],
};

const batchContainer: Format = {
  name: "batch-container",
  recognised: [],
  places: [{ at: "image" }],
};

const terraformJson: Format = {
  name: "terraform-json",
  recognised: [{ file: /\.tf\.json$/ }],
  places: [{ at: "", reads: "terraform" }],
};

const unknown: Format = {
  name: "unknown",
  recognised: [{}],
  places: [{ at: "**.image", reads: "stray-image" }],
};

/** Every format, in the order in which they are looked for. */
const formats: readonly Format[] = [
  githubActions,
  gitlabCi,
  kustomize,
  terraformJson,
  imageDefinitions,
  buildspec,
  kubernetes,
  cloudFormation,
  ecsTaskDefinition,
  codeBuildProject,
  helmValues,
  compose,
  batchContainer,
  unknown,
];

/** Every format, with more places in Kubernetes resources. */
export function formatsWith(imagePaths: readonly ImagePath[]): readonly Format[] {
  const more = imagePaths.flatMap(({ kind, path }) =>
    kubernetesPlaces(new RegExp(`^${kind}$`), [path]),
  );
  return formats.map((format) =>
    format === kubernetes ? { ...format, places: [...more, ...format.places] } : format,
  );
}
