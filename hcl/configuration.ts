import {
  indentation,
  type Json,
  printExpression,
  printItems,
  printJsonDocument,
  printNames,
} from "./expression";

/*
 * A Terraform configuration in JSON, as HCL: what it evaluates to is the same, and `terraform fmt` has nothing to change.
 * Source: https://developer.hashicorp.com/terraform/language/syntax/json
 */

export type Body = Readonly<Record<string, Json>>;

/** The arguments of a body that are blocks, by name, and theirs in turn. JSON does not distinguish them from objects. */
export interface Blocks {
  readonly [name: string]: Blocks;
}

/** The blocks of a resource, a data source or a provider, as its schema has them. */
export type BlocksOf = (kind: "resource" | "data" | "provider", type: string) => Blocks;

/** A top-level block of the configuration. */
export interface TopLevelBlock {
  /** `terraform`, `provider`, `variable`, `import`, `data`, `resource`, `output`, … */
  readonly kind: string;
  /** The provider that it is of, such as `aws.eu-west-1`; absent for one that has none. */
  readonly provider?: string;
  readonly text: string;
}

const CONDITION: Blocks = { precondition: {}, postcondition: {} };
/** The blocks that the language itself has in resources and data sources. */
const META_BLOCKS: Blocks = {
  lifecycle: CONDITION,
  provisioner: { connection: {} },
  connection: {},
};

/** The blocks in the other top-level blocks. */
const BLOCKS: Readonly<Record<string, Blocks>> = {
  variable: { validation: {} },
  output: CONDITION,
  check: { assert: {} },
  terraform: { required_providers: {}, cloud: { workspaces: {} } },
};

/** The blocks in a backend's settings. */
const BACKEND_BLOCKS: Readonly<Record<string, Blocks>> = {
  remote: { workspaces: {} },
  cos: { assume_role: {} },
  oss: { assume_role: {} },
};

/** Arguments whose values are names of things, and not strings. */
const NAMES = new Set([
  "depends_on",
  "ignore_changes",
  "replace_triggered_by",
  "provider",
  "to",
  "from",
]);

/** Arguments whose values are JSON documents, which providers compare by what they mean. */
const DOCUMENTS = new Set([
  "policy",
  "assume_role_policy",
  "lifecycle_policy",
  "repository_policy",
  "event_pattern",
  "dashboard_body",
]);

function printArgument(kind: string, name: string, value: Json, depth: number): string {
  if (kind === "variable" && name === "type") return value as string;
  if (NAMES.has(name)) {
    return Array.isArray(value) ? printNames(value as string[], depth) : (value as string);
  }
  // The settings of a backend may call no function.
  if (kind !== "terraform" && typeof value === "string" && DOCUMENTS.has(name)) {
    const document = printJsonDocument(value, depth);
    if (document !== undefined) return document;
  }
  return printExpression(value, depth);
}

/** The bodies of a block's argument, which may be one or a list of them. */
const bodiesOf = (value: Json) => (Array.isArray(value) ? value : [value]) as readonly Body[];

function printBody(kind: string, body: Body, blocks: Blocks, depth: number): string {
  // A key of that name is a comment.
  const all = Object.entries(body).filter(([name]) => name !== "//");
  const isBlock = ([name, value]: [string, Json]) =>
    Object.hasOwn(blocks, name) && typeof value === "object" && value !== null;
  const items = all
    .filter((entry) => !isBlock(entry))
    .map(([name, value]) => [name, printArgument(kind, name, value, depth)] as const);
  const nested = all
    .filter(isBlock)
    .flatMap(([name, value]) =>
      bodiesOf(value).map((inner) => printBlock(kind, name, inner, blocks[name]!, depth)),
    );
  return [...(items.length > 0 ? [printItems(items, depth)] : []), ...nested].join("\n\n");
}

function printBlock(kind: string, head: string, body: Body, blocks: Blocks, depth = 0): string {
  const inner = printBody(kind, body, blocks, depth + 1);
  const indent = indentation(depth);
  return inner === "" ? `${indent}${head} {}` : `${indent}${head} {\n${inner}\n${indent}}`;
}

function printTerraform(body: Body): string {
  const { backend, ...rest } = body;
  const inner = [
    printBody("terraform", rest, BLOCKS.terraform!, 1),
    ...Object.entries((backend ?? {}) as Record<string, Body>).map(([type, settings]) =>
      printBlock("terraform", `backend "${type}"`, settings, BACKEND_BLOCKS[type] ?? {}, 1),
    ),
  ];
  return `terraform {\n${inner.filter(Boolean).join("\n\n")}\n}`;
}

/**
 * The blocks of a configuration, in the order in which a person reads them.
 *
 * @param configuration What `cdk.tf.json` holds.
 */
export function printBlocks(configuration: Body, blocksOf: BlocksOf): TopLevelBlock[] {
  const { terraform, provider, variable, locals, import: imports, output, ...rest } = configuration;
  const entries = (value: Json | undefined) =>
    Object.entries((value ?? {}) as Readonly<Record<string, Json>>);
  const labels = (...names: string[]) => names.map((name) => ` "${name}"`).join("");
  const blocks: TopLevelBlock[] = [];
  const add = (kind: string, head: string, body: Body, inner: Blocks = {}) => {
    const of = body.provider;
    blocks.push({
      kind,
      ...(typeof of === "string" && { provider: of }),
      text: printBlock(kind, head, body, inner),
    });
  };

  if (terraform) blocks.push({ kind: "terraform", text: printTerraform(terraform as Body) });
  for (const [type, bodies] of entries(provider)) {
    for (const body of bodiesOf(bodies)) {
      add("provider", `provider${labels(type)}`, body, blocksOf("provider", type));
    }
  }
  for (const [name, body] of entries(variable)) {
    add("variable", `variable${labels(name)}`, body as Body, BLOCKS.variable);
  }
  if (locals) add("locals", "locals", locals as Body);
  for (const body of bodiesOf(imports ?? [])) add("import", "import", body);
  for (const kind of ["data", "resource"] as const) {
    for (const [type, byName] of entries(rest[kind])) {
      for (const [name, body] of entries(byName)) {
        add(kind, `${kind}${labels(type, name)}`, body as Body, {
          ...blocksOf(kind, type),
          ...META_BLOCKS,
        });
      }
    }
  }
  for (const kind of ["module", "check"]) {
    for (const [name, body] of entries(rest[kind])) {
      add(kind, `${kind}${labels(name)}`, body as Body, BLOCKS[kind]);
    }
  }
  for (const kind of ["moved", "removed"]) {
    for (const body of bodiesOf(rest[kind] ?? [])) add(kind, kind, body, META_BLOCKS);
  }
  for (const [name, body] of entries(output)) {
    add("output", `output${labels(name)}`, body as Body, BLOCKS.output);
  }
  return blocks;
}
