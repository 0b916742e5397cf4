import { App } from "cdktf";
import fc from "fast-check";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment, EnvironmentInput } from "../../ecr/environment";
import { findTerraform, terraformEnvironment } from "../../host/terraform";
import { CacheStack } from "../../stacks/cache-stack";
import { CredentialsStack } from "../../stacks/credentials-stack";
import { accepted, base, tamperedFrom } from "../support/hostile-strings";
import { requireOrSkip } from "../support/require-or-skip";

/*
 * What arrives in Terraform of the strings of an environment. The stacks of many environments are modules of one
 * configuration, which is planned once, without AWS: the provider makes no call to plan what it creates.
 */

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Body = Record<string, Json>;

interface Configuration {
  readonly resource: Record<string, Record<string, Body>>;
  readonly variable?: Record<string, Body>;
}

/** A stack in both syntaxes, and as modules of this test. */
interface Module {
  readonly configuration: Configuration;
  readonly files: Readonly<Record<string, string>>;
}

/** How many environments there are, and how often a string of each is changed; about a third of the changes is accepted. */
const ENVIRONMENTS = 6;
const CHANGES = 150;
const ALIASES = ["aws.us-east-1", "aws.eu-west-1"];
/** Without regions that the provider does not know. */
const planned: EnvironmentInput = {
  ...base,
  regions: ["us-east-1"],
  formerRegions: ["eu-west-1"],
  rules: base.rules.map((rule) => ({
    ...rule,
    adopt: false,
    ...("encryption" in rule &&
      rule.encryption.type === "KMS" && {
        encryption: { type: "KMS", kmsKey: rule.encryption.kmsKey[0] },
      }),
  })),
  adopt: [],
  maintenance: { ...base.maintenance, notifications: { emails: ["platform@acme.example"] } },
};
const terraformBlock = {
  required_providers: { aws: { source: "hashicorp/aws", configuration_aliases: ALIASES } },
};

/** An environment without what its cache stack looks up in AWS, which no plan without AWS can do: secrets. */
const withoutLookups = (environment: Environment): Environment => ({
  ...environment,
  rules: environment.rules.filter(({ credential }) => !credential),
});

/** A module of a stack's JSON: its providers are given, it has no backend, and its variables are as good as any. */
function jsonModule(configuration: object, secrets: readonly string[]): string {
  const { provider: _, ...rest } = configuration as Body;
  return JSON.stringify({
    ...rest,
    terraform: terraformBlock,
    output: { written: { value: secrets, sensitive: true } },
  }).replaceAll(',"ephemeral":true', "");
}

/** The same of a stack's HCL. */
function hclModule(hcl: string): string {
  const kept = hcl
    .replace(/^(terraform|provider "aws") \{\n[^]*?\n\}$/gm, "")
    .replace(/^ +ephemeral += true\n/gm, "");
  const secrets = [...hcl.matchAll(/secret_string_wo += (jsonencode\(\{[^]*?\n? *\}\))/g)];
  const values = secrets.map(([, secret]) => `${secret},\n`).join("");
  const output = `output "written" {\nvalue = [\n${values}]\nsensitive = true\n}\n`;
  const aliases = `[${ALIASES.join(", ")}]`;
  return `terraform {\nrequired_providers {\naws = {\nsource = "hashicorp/aws"\nconfiguration_aliases = ${aliases}\n}\n}\n}\n${kept}\n${output}`;
}

function modulesOf(environment: Environment): Module[] {
  const stacks = [
    new CacheStack(new App(), withoutLookups(environment)),
    new CredentialsStack(new App(), environment),
  ];
  return stacks.map((stack) => {
    const configuration = JSON.parse(JSON.stringify(stack.toTerraform())) as Configuration;
    const versions = Object.values(configuration.resource.aws_secretsmanager_secret_version ?? {});
    const secrets = versions.map(({ secret_string_wo: secret }) => secret as string);
    return {
      configuration,
      files: {
        "main.tf.json": jsonModule(configuration, secrets),
        "main.tf": hclModule(stack.toHclTerraform().hcl),
      },
    };
  });
}

/** An expression of ours, which only Terraform knows the value of; what is escaped is none. */
const isReference = (value: Json) => /(?<![$])[$]\{/.test(JSON.stringify(value));

/**
 * A value in one form: of a list of one block the block, of several blocks, which Terraform may keep as a set, a sorted list,
 * of a document what it says, without what is not set.
 */
function normalize(value: Json): Json {
  if (typeof value === "string" && value.startsWith("{")) {
    return JSON.parse(value.replace(/([$%])\1\{/g, "$1{")) as Json;
  }
  if (Array.isArray(value)) {
    const [only] = value;
    const isBlock = value.length === 1 && typeof only === "object" && only !== null;
    if (isBlock) return normalize(only);
    const items = value.map(normalize);
    return typeof only === "object"
      ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
      : items;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, normalize(inner)]));
}

const META = new Set(["//", "provider", "depends_on", "lifecycle", "for_each", "count"]);

interface PlannedModule {
  readonly address?: string;
  readonly resources?: readonly { readonly address: string; readonly values: Body }[];
  readonly child_modules?: readonly PlannedModule[];
}

interface Plan {
  readonly planned_values: {
    readonly root_module: PlannedModule;
    readonly outputs?: Record<string, { readonly value: readonly string[] }>;
  };
  readonly configuration: {
    readonly root_module: {
      readonly module_calls: Record<
        string,
        { readonly module: { readonly variables?: Record<string, { description?: string }> } }
      >;
    };
  };
}

const terraform = findTerraform();

requireOrSkip(terraform, "hostile strings in the evaluated configuration", () => {
  jest.setTimeout(300_000);

  const directory = mkdtempSync(join(tmpdir(), "ecr-cache-strings-"));
  const environments = Array.from({ length: ENVIRONMENTS }, () => {
    let [input, environment] = [planned, accepted(planned)];
    for (let change = 0; change < CHANGES; change += 1) {
      const [changed] = fc.sample(tamperedFrom(input), 1);
      const result = accepted(changed!.input);
      if (!("length" in result)) [input, environment] = [changed!.input, result];
    }
    return environment as Environment;
  });
  const modules = environments.flatMap(modulesOf);
  const calls = modules.flatMap((module, index) =>
    Object.entries(module.files).map(([file, text]) => ({
      name: `m${index}_${file === "main.tf" ? "hcl" : "json"}`,
      module,
      file,
      text,
    })),
  );
  let plan: Plan;

  beforeAll(() => {
    for (const { name, file, text } of calls) {
      mkdirSync(join(directory, name));
      writeFileSync(join(directory, name, file), text);
    }
    const provider = ALIASES.map((alias) => ({
      alias: alias.replace("aws.", ""),
      region: alias.replace("aws.", ""),
      access_key: "none",
      secret_key: "none",
      skip_credentials_validation: true,
      skip_requesting_account_id: true,
      skip_metadata_api_check: true,
      skip_region_validation: true,
    }));
    const root = {
      terraform: { required_providers: { aws: { source: "hashicorp/aws" } } },
      provider: { aws: provider },
      module: Object.fromEntries(
        calls.map(({ name, module }) => [
          name,
          {
            source: `./${name}`,
            providers: Object.fromEntries(ALIASES.map((alias) => [alias, alias])),
            ...Object.fromEntries(
              Object.keys(module.configuration.variable ?? {}).map((each) => [each, "token"]),
            ),
          },
        ]),
      ),
      output: Object.fromEntries(
        calls
          .filter(({ module }) => module.configuration.variable)
          .map(({ name }) => [name, { value: `\${module.${name}.written}`, sensitive: true }]),
      ),
    };
    writeFileSync(join(directory, "main.tf.json"), JSON.stringify(root));
    const env = terraformEnvironment(process.env, terraform.mirror);
    const run = (...args: string[]) =>
      execFileSync("terraform", args, {
        cwd: directory,
        env,
        encoding: "utf8",
        maxBuffer: 1 << 30,
      });
    run("init", "-input=false", "-no-color");
    run("plan", "-input=false", "-no-color", "-out=plan", "-parallelism=4");
    plan = JSON.parse(run("show", "-json", "plan")) as Plan;
  });

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  test("every string of an accepted environment arrives in Terraform unchanged, from JSON and from HCL", () => {
    const planned = new Map(
      (plan.planned_values.root_module.child_modules ?? []).flatMap(({ resources = [] }) =>
        resources.map(({ address, values }) => [address, values] as const),
      ),
    );
    let compared = 0;
    for (const { name, module } of calls) {
      for (const [type, byName] of Object.entries(module.configuration.resource)) {
        for (const [id, body] of Object.entries(byName)) {
          const values = planned.get(`module.${name}.${type}.${id}`);
          expect(values).toBeDefined();
          for (const [argument, written] of Object.entries(body)) {
            const value = values?.[argument] ?? null;
            if (META.has(argument) || isReference(written) || value === null) continue;
            expect([name, type, id, argument, normalize(value)]).toEqual([
              name,
              type,
              id,
              argument,
              normalize(written),
            ]);
            compared += 1;
          }
        }
      }
    }
    expect(compared).toBeGreaterThan(100 * environments.length);
  });

  test("the user name of every accepted environment arrives in the secret unchanged, from JSON and from HCL", () => {
    let compared = 0;
    for (const { name, module } of calls) {
      const call = plan.configuration.root_module.module_calls[name];
      const variables = Object.entries(module.configuration.variable ?? {});
      for (const [variable, { description }] of variables) {
        expect(call?.module.variables?.[variable]?.description).toBe(description);
      }
      const written = (plan.planned_values.outputs?.[name]?.value ?? []).map(
        (secret) => JSON.parse(secret) as { username: string; accessToken: string },
      );
      expect(written.map(({ accessToken }) => accessToken)).toEqual(variables.map(() => "token"));
      const users = variables.map(([, { description }]) =>
        (description as string).replace(/^The .*? of (.*) at [A-Z].*$/, "$1"),
      );
      expect(written.map(({ username }) => username).sort()).toEqual(users.sort());
      compared += users.length;
    }
    expect(compared).toBe(4 * environments.length);
  });
});
