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
    { at: "jobs.*.strategy.matrix.(*image*|*Image*|*container*).[]", reads: "likely-image" },
    {
      at: "jobs.*.strategy.matrix.include.[].(*image*|*Image*|*container*)",
      reads: "likely-image",
    },
    // What is loaded into the machine's Docker is not pulled there.
    { at: "jobs.*.steps.[].with.tags", reads: "built-image", beside: { load: /^true$/ } },
    { at: "(env).(*_IMAGE|IMAGE)", reads: "likely-image" },
    { at: "jobs.*.env.(*_IMAGE|IMAGE)", reads: "likely-image" },
    { at: "jobs.*.steps.[].env.(*_IMAGE|IMAGE)", reads: "likely-image" },
    { at: "jobs.*.steps.[].with.image", reads: "stray-image" },
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
    {
      file: /(^|\/)\.gitlab(-ci)?\/([^/]+\/)*[^/]+\.ya?ml$/,
      has: ["*.(script|trigger|extends|image)"],
    },
  ],
  places: ["", "default.", `${NO_GITLAB_JOB}.`].flatMap((job): Place[] => [
    { at: `${job}image` },
    { at: `${job}image.name` },
    { at: `${job}services.[]` },
    { at: `${job}services.[].name` },
    { at: `${job}(before_script|script|after_script)`, reads: "commands" },
    { at: `${job}variables.*IMAGE`, reads: "likely-image" },
    { at: `${job}variables.*IMAGE.value`, reads: "likely-image" },
  ]),
};

const kustomize: Format = {
  name: "kustomize",
  recognised: [
    { file: /(^|\/)([Kk]ustomization|kustomization\.ya?ml)$/ },
    { has: [{ at: "apiVersion", like: /^kustomize\.config\.k8s\.io\// }] },
  ],
  places: [
    { at: "images.[]", reads: "kustomize-image" },
    { at: "patches.[].patch", reads: "yaml", format: "kustomize-patch" },
    { at: "patchesJson6902.[].patch", reads: "yaml", format: "kustomize-patch" },
    { at: "patchesStrategicMerge.[]", reads: "yaml", format: "kustomize-patch" },
    { at: "helmCharts.[].valuesInline", reads: "helm-values" },
  ],
};

/** Places of some kinds of Kubernetes resources. `kind` is the form of the kind's name. */
function kubernetesPlaces(kind: RegExp, places: readonly Place[]): Place[] {
  return places.map((place) => ({ ...place, where: { kind } }));
}

/** What any resource may have: pods, and what Argo and Tekton build from containers. */
const CONTAINERS: readonly Place[] = [
  { at: "**.(containers|initContainers|ephemeralContainers|sidecars|steps).[].image" },
  { at: "**.(container|script|stepTemplate).image" },
  { at: "**.volumes.[].image.reference" },
  { at: "**.relatedImages.[].image" },
  // Argo creates resources.
  { at: "**.resource.manifest", reads: "yaml" },
];

/** Kinds of widespread operators, with what only they have. */
export const customResources: Readonly<Record<string, readonly Place[]>> = {
  // Prometheus Operator
  "Prometheus|Alertmanager|ThanosRuler|PrometheusAgent": [
    { at: "spec.image" },
    { at: "spec.thanos.image" },
  ],
  // Tekton
  StepAction: [{ at: "spec.image" }],
  // Flux
  HelmRelease: [{ at: "spec.values", reads: "helm-values" }],
  // Argo CD
  "Application|ApplicationSet": [
    { at: "**.helm.valuesObject", reads: "helm-values" },
    { at: "**.helm.values", reads: "yaml", format: "helm-values" },
  ],
  // K3s
  "HelmChart|HelmChartConfig": [{ at: "spec.valuesContent", reads: "yaml", format: "helm-values" }],
  ConfigMap: [
    { at: "data.(*image|*Image|*IMAGE)", reads: "unhosted-image" },
    // Argo's plugins
    { at: "data.*container", reads: "yaml", format: "container" },
    { at: "data.*", reads: "yaml" },
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
    ...Object.entries(customResources).flatMap(([kind, places]) =>
      kubernetesPlaces(new RegExp(`^(${kind})$`), places),
    ),
    ...CONTAINERS,
    ...kubernetesPlaces(/^(?!CustomResourceDefinition$)/, [
      { at: "**.(env|params|parameters).[]", reads: "named-image" },
      { at: "!(items|status).**", reads: "hosted-image" },
      // What is in doubt, only after all that is not.
      { at: "!(items).**.image", reads: "stray-image" },
    ]),
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
    // The first version had services at the top of the file.
    { file: /(^|\/)[^/]*compose[^/]*\.ya?ml$/, has: ["*.image"] },
  ],
  places: [
    { at: "!(services|version|volumes|networks|configs|secrets|name).image", builtBy: "build" },
    { at: "services.*.image", builtBy: "build" },
    { at: "services.*.build.tags", reads: "built-image" },
    { at: "services.*.volumes.[].source", beside: { type: /^image$/ } },
    { at: "services.*.build.args", reads: "build-arguments" },
    { at: "services.*.build.dockerfile_inline", reads: "dockerfile" },
    { at: "services.*.build.additional_contexts", reads: "build-contexts" },
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
      // Conditions may be around a container, or around all of them.
      at: "Properties.ContainerDefinitions.**.Image",
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
    ...resource(/^AWS::AppRunner::Service$/, {
      at: "Properties.SourceConfiguration.ImageRepository.ImageIdentifier",
      reads: "stray-image",
    }),
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

/** A container by itself. */
const container: Format = {
  name: "container",
  recognised: [],
  places: [{ at: "image" }],
};

const terraformJson: Format = {
  name: "terraform-json",
  recognised: [{ file: /\.tf\.json$/ }],
  places: [{ at: "", reads: "terraform" }],
};

/** The commands of a continuous integration system, in jobs and steps at any depth. */
const steps = (...keys: string[]): Place[] =>
  keys.map((key) => ({ at: `**.${key}`, reads: "commands" }));

const circleCi: Format = {
  name: "circleci",
  recognised: [{ file: /(^|\/)\.circleci\/([^/]+\/)*[^/]+\.ya?ml$/ }],
  places: [
    { at: "(jobs|executors).*.docker.[].image" },
    { at: "**.parameters.*image*.default", reads: "likely-image" },
    ...steps("run", "run.command"),
  ],
};

const drone: Format = {
  name: "drone",
  recognised: [
    { file: /(^|\/)\.(drone|woodpecker)[^/]*\.ya?ml$/ },
    { file: /(^|\/)\.woodpecker\/([^/]+\/)*[^/]+\.ya?ml$/ },
  ],
  places: [
    { at: "(steps|services|clone|pipeline).[].image" },
    { at: "(steps|services|clone|pipeline).*.image" },
    ...steps("commands"),
  ],
};

const buildkite: Format = {
  name: "buildkite",
  recognised: [
    { file: /(^|\/)\.buildkite\/([^/]+\/)*[^/]+\.ya?ml$/ },
    { file: /(^|\/)buildkite[^/]*\.ya?ml$/ },
  ],
  places: [
    { at: "**.plugins.[].*docker#*.image" },
    { at: "**.plugins.*docker#*.image" },
    { at: "(steps).[].image" },
    ...steps("command", "commands"),
  ],
};

const azurePipelines: Format = {
  name: "azure-pipelines",
  recognised: [
    { file: /(^|\/)[^/]*azure-pipelines?[^/]*\.ya?ml$/i },
    { has: ["resources.containers.[].image"] },
  ],
  places: [
    { at: "resources.containers.[].image" },
    { at: "**.container.image" },
    { at: "**.jobs.[].container", reads: "likely-image" },
    { at: "(container)", reads: "likely-image" },
    { at: "**.services.*", reads: "likely-image" },
    ...steps("script", "bash"),
  ],
};

const bitbucketPipelines: Format = {
  name: "bitbucket-pipelines",
  recognised: [{ file: /(^|\/)bitbucket-pipelines[^/]*\.ya?ml$/ }],
  places: [
    { at: "**.image" },
    { at: "**.image.name" },
    { at: "**.pipe", reads: "image-url" },
    ...steps("script", "after-script"),
  ],
};

const travis: Format = {
  name: "travis",
  recognised: [{ file: /(^|\/)\.travis\.ya?ml$/ }],
  places: steps(
    "before_install",
    "install",
    "before_script",
    "script",
    "after_success",
    "after_script",
    "before_deploy",
  ),
};

const skaffold: Format = {
  name: "skaffold",
  recognised: [{ has: [{ at: "apiVersion", like: /^skaffold\// }] }],
  places: ["", "profiles.[]."].flatMap((config): Place[] => [
    { at: `${config}build.artifacts.[].(image|imageName)`, reads: "built-repository" },
    { at: `${config}build.artifacts.[].docker.buildArgs`, reads: "build-arguments" },
    { at: `${config}build.artifacts.[].(ko|jib).fromImage` },
    { at: `${config}build.artifacts.[].buildpacks.(builder|runImage)` },
    { at: `${config}verify.[].container.image` },
    { at: `${config}customActions.[].containers.[].image` },
  ]),
};

const bake: Format = {
  name: "bake",
  recognised: [{ file: /(^|\/)docker-bake[^/]*\.json$/ }],
  places: [
    { at: "target.*.tags", reads: "built-image" },
    { at: "target.*.contexts", reads: "build-contexts" },
    { at: "target.*.args", reads: "build-arguments" },
  ],
};

const devcontainer: Format = {
  name: "devcontainer",
  recognised: [{ file: /(^|\/)\.?devcontainer\.json$/ }, { file: /(^|\/)\.gitpod\.ya?ml$/ }],
  places: [{ at: "image" }, { at: "build.args", reads: "build-arguments" }],
};

const copilot: Format = {
  name: "copilot",
  recognised: [{ file: /(^|\/)copilot\/([^/]+\/)*manifest\.ya?ml$/ }],
  places: [
    { at: "**.image.location" },
    { at: "**.sidecars.*.image" },
    { at: "**.image.build.args", reads: "build-arguments" },
  ],
};

const ansible: Format = {
  name: "ansible",
  recognised: [
    { file: /(^|\/)(defaults|vars|group_vars|host_vars)\/([^/]+\/)*[^/]+\.ya?ml$/ },
    { file: /(^|\/)(tasks|handlers|roles|playbooks)\/([^/]+\/)*[^/]+\.ya?ml$/, has: ["[].name"] },
    { has: ["[].hosts"] },
    { has: ["[].name", "[].(ansible*|delegate_to|register|become|when|block|import_tasks)"] },
    { has: ["[].(*docker_container|*docker_image|*podman_container|*podman_image)"] },
  ],
  places: [
    { at: "**.(*docker_container|*podman_container|*docker_swarm_service).image" },
    { at: "**.(*docker_image|*podman_image|*docker_image_pull).name", builtBy: "build" },
    { at: "**.(*image|*Image)", reads: "likely-image" },
    ...steps("shell", "command", "*.shell", "*.command", "*.shell.cmd", "*.command.cmd"),
    { at: "**.(definition|resource_definition).**.(containers|initContainers).[].image" },
    { at: "**.(definition|resource_definition|stdin|content)", reads: "yaml" },
  ],
};

/** A patch in place: part of a resource, or a list of operations whose values are. */
const kustomizePatch: Format = {
  name: "kustomize-patch",
  recognised: [],
  places: [
    ...CONTAINERS,
    { at: "[].value", beside: { path: /\/image$/ } },
    { at: "[].value.image", reads: "likely-image" },
    { at: "[].value.[].image" },
  ],
};

const helmfile: Format = {
  name: "helmfile",
  recognised: [{ file: /(^|\/)helmfile[^/]*\.ya?ml$/ }],
  places: [{ at: "releases.[].values.[]", reads: "helm-values" }],
};

const chart: Format = {
  name: "helm-chart",
  recognised: [{ file: /(^|\/)Chart\.ya?ml$/ }],
  places: [
    // As Artifact Hub and Bitnami have them.
    { at: "annotations.(images|*/images)", reads: "yaml", format: "helm-chart-images" },
  ],
};

const chartImages: Format = {
  name: "helm-chart-images",
  recognised: [],
  places: [{ at: "[].image" }],
};

const unknown: Format = {
  name: "unknown",
  recognised: [{}],
  places: [{ at: "**.(image|Image)", reads: "stray-image" }],
};

/** Every format, in the order in which they are looked for. */
const formats: readonly Format[] = [
  githubActions,
  gitlabCi,
  kustomize,
  terraformJson,
  circleCi,
  drone,
  buildkite,
  bitbucketPipelines,
  travis,
  skaffold,
  bake,
  devcontainer,
  copilot,
  helmfile,
  chart,
  imageDefinitions,
  buildspec,
  kubernetes,
  cloudFormation,
  ecsTaskDefinition,
  codeBuildProject,
  azurePipelines,
  helmValues,
  compose,
  ansible,
  chartImages,
  kustomizePatch,
  container,
  unknown,
];

/** Every format, with more places in Kubernetes resources. */
export function formatsWith(imagePaths: readonly ImagePath[]): readonly Format[] {
  const more = imagePaths.flatMap(({ kind, path }) =>
    kubernetesPlaces(new RegExp(`^${kind}$`), [{ at: path }]),
  );
  return formats.map((format) =>
    format === kubernetes ? { ...format, places: [...more, ...format.places] } : format,
  );
}

/** The names of the formats whose documents are recognised. */
export const formatNames: readonly string[] = formats
  .filter((format) => format.recognised.length > 0 && format !== unknown)
  .map(({ name }) => name);
