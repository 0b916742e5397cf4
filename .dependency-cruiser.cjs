/*
 * Which module may import which, checked by `npm run lint`: for `import`, `import()`, `require` and imports of types alike.
 */

const terraform = ["cdktf", "constructs", "@cdktf"];

/**
 * The folders that a folder may import from, besides itself (arrows point one way), and the packages that it must not
 * load: a command must not pay for cdktf, and what has no I/O must not reach for it. `typesFor` names the files that may
 * import types from these packages.
 */
const layers = {
  launch: { knows: [], packages: [...terraform, "@aws-sdk", "commander"] },
  ecr: {
    knows: [],
    packages: [...terraform, "@aws-sdk", "commander"],
    builtins: ["fs"],
    // The settings of Terraform's backends have cdktf's types, which are erased: nothing is loaded.
    typesFor: "environment/backend",
  },
  environments: { knows: ["ecr"], packages: [...terraform, "@aws-sdk"] },
  rewrite: { knows: ["ecr"], packages: [...terraform, "@aws-sdk"], builtins: ["fs"] },
  registry: { knows: ["ecr"], packages: terraform },
  reconcile: { knows: ["ecr", "registry", "launch"], packages: terraform },
  plan: {
    knows: ["ecr", "registry"],
    packages: [...terraform, "@aws-sdk", "commander"],
    builtins: ["fs"],
  },
  hcl: { knows: [], packages: [...terraform, "@aws-sdk"], builtins: ["fs"] },
  constructs: { knows: ["ecr", "hcl", "reconcile/lambda"], packages: ["@aws-sdk"] },
  stacks: { knows: ["ecr", "constructs"], packages: ["@aws-sdk"] },
  cli: {
    knows: ["ecr", "environments", "rewrite", "registry", "reconcile", "plan", "host", "launch"],
    packages: terraform,
  },
  host: { knows: ["ecr"], packages: [...terraform, "@aws-sdk"] },
  sandbox: { knows: ["ecr", "environments", "host", "reconcile"], packages: terraform },
};

const folders = [...Object.keys(layers), "bench", "__tests__", "docs", "package"];
const anyOf = (names) => `(${names.join("|")})`;

/** The programs that the layers make up, and the folders and files that each may import from. */
const programs = {
  "app.ts": ["environments/", "stacks/", "constructs/", "ecr/"],
  "main.ts": ["app.ts"],
  "sandbox/demo-app.ts": ["stacks/", "sandbox/demo-environment.ts"],
  "synth.ts": ["app.ts", "stacks/", "ecr/", "cli/shell/", "host/"],
};

const programPaths = `^${anyOf(Object.keys(programs))}$`;

const programRules = Object.entries(programs).map(([program, knows]) => ({
  name: `${program} imports from ${knows.join(", ")} only`,
  severity: "error",
  from: { path: `^${program}$` },
  to: { path: `^(${anyOf(folders)}/|[^/]+\\.ts$)`, pathNot: `^${anyOf(knows)}` },
}));

const unwanted = (packages, builtins) =>
  `^node_modules/${anyOf(packages)}/|^${anyOf(["-", ...builtins])}(/|$)`;

const layerRules = Object.entries(layers).flatMap(
  ([folder, { knows, packages, builtins = [], typesFor }]) => [
    {
      name: `${folder} imports from ${["itself", ...knows].join(", ")} only`,
      severity: "error",
      from: { path: `^${folder}/`, pathNot: programPaths },
      to: {
        path: `^(${anyOf(folders)}/|[^/]+\\.ts$)`,
        pathNot: `^${anyOf([folder, ...knows])}/`,
      },
    },
    {
      name: `${folder} must not load ${[...packages, ...builtins].join(", ")}`,
      severity: "error",
      from: {
        path: `^${folder}/`,
        pathNot: [programPaths, ...(typesFor ? [`^${folder}/${typesFor}`] : [])],
      },
      to: { path: unwanted(packages, builtins) },
    },
    ...(typesFor
      ? [
          {
            name: `${folder}/${typesFor} imports types only from ${[...packages, ...builtins].join(", ")}`,
            severity: "error",
            from: { path: `^${folder}/${typesFor}` },
            to: { path: unwanted(packages, builtins), dependencyTypesNot: ["type-only"] },
          },
        ]
      : []),
  ],
);

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    ...layerRules,
    ...programRules,
    {
      name: "a command knows no other command",
      severity: "error",
      from: { path: "^cli/([^/]+)/", pathNot: "^cli/shell/" },
      to: { path: "^cli/[^/]+/", pathNot: "^cli/($1|shell)/" },
    },
    {
      name: "the shell knows no command",
      severity: "error",
      from: { path: "^cli/shell/" },
      to: { path: "^cli/", pathNot: "^cli/shell/" },
    },
    {
      name: "only tests of whatever environments a project has know them; the others have their own",
      severity: "error",
      from: {
        path: "^__tests__/",
        pathNot:
          "^__tests__/(environments[.]test|node-versions|e2e/deploy[.]test|support/validate)[.]ts$",
      },
      to: { path: "^environments/" },
    },
    {
      name: "no cycles",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "the provider's barrel costs seconds and a gigabyte: import @cdktf/provider-aws/lib/… instead",
      severity: "error",
      from: {},
      to: { path: "^node_modules/@cdktf/provider-aws/lib/index" },
    },
  ],
  options: {
    doNotFollow: { path: "^node_modules/" },
    exclude: { path: "/fixtures/|^dist/|^cdktf\\.out/|^\\.gen/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
