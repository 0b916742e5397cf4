import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildApp } from "../app";
import { managedRules, tokenVariable } from "../ecr/environment";
import { stackName } from "../ecr/environment/stack-name";
import { environments } from "../environments/index";
import { inTemporaryDirectory } from "./support/temporary-directory";

/*
 * What must hold for the environments of this project, whatever they are. That Terraform accepts them is tested in
 * terraform/, that they can be deployed in e2e/deploy.test.ts.
 */

interface Statement {
  readonly Effect: string;
  readonly Principal?: unknown;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: object;
}

interface Stack {
  readonly provider: { readonly aws: readonly Readonly<Record<string, unknown>>[] };
  readonly variable?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The actions that AWS does not let you scope to a resource. */
const UNSCOPABLE = [
  "ecr:DescribePullThroughCacheRules",
  "ecr:DescribeRepositoryCreationTemplates",
  "ecr:GetAuthorizationToken",
];

const TOKEN = "dckr_pat_c2FtcGxl";

/** Sets variables until the action is done. */
function withVariables<Result>(variables: Readonly<Record<string, string>>, action: () => Result) {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    return action();
  } finally {
    process.env = before;
  }
}

/** The JSON of every stack by its name, synthesized where the tokens are set. */
const synthesized = inTemporaryDirectory((outdir) => {
  const tokens = environments
    .flatMap(managedRules)
    .map(({ prefix }) => [`TF_VAR_${tokenVariable(prefix)}`, TOKEN] as const);
  withVariables({ ...Object.fromEntries(tokens), CDKTF_OUTDIR: outdir }, () => buildApp().synth());
  const directory = join(outdir, "stacks");
  const read = (stack: string) => readFileSync(join(directory, stack, "cdk.tf.json"), "utf8");
  return new Map(readdirSync(directory).map((stack) => [stack, read(stack)]));
});

const stacksOf = environments.flatMap((environment) =>
  (["credentials", "cache"] as const)
    .map((kind) => stackName(environment, kind))
    .filter((name) => synthesized.has(name))
    .map((name) => ({ name, environment, text: synthesized.get(name)! })),
);

const listOf = (value: string | readonly string[] = []) => [value].flat();

/** The statements of every policy document in a stack: each is JSON in a string. */
function statementsIn(text: string): Statement[] {
  const found: Statement[] = [];
  JSON.parse(text, (_, value: unknown) => {
    if (typeof value === "string" && value.startsWith('{"Version":"2012-10-17"')) {
      found.push(...(JSON.parse(value) as { Statement: Statement[] }).Statement);
    }
    return value;
  });
  return found;
}

test.each(environments)("the environment $name has a cache stack", (environment) => {
  expect(stacksOf.map(({ name }) => name)).toContain(stackName(environment, "cache"));
});

test.each(environments)("the environment $name has policies in its cache stack", (environment) => {
  const { text } = stacksOf.find(({ name }) => name === stackName(environment, "cache"))!;
  expect(statementsIn(text)).not.toEqual([]);
});

test.each(stacksOf)("no policy of the stack $name has an action with a wildcard", ({ text }) => {
  const actions = statementsIn(text).flatMap(({ Action }) => listOf(Action));
  expect(actions.filter((action) => action.includes("*"))).toEqual([]);
});

test.each(stacksOf)(
  "the stack $name has the resource `*` only for actions that can't be scoped",
  ({ text }) => {
    const unscoped = statementsIn(text).filter(({ Resource }) => listOf(Resource).includes("*"));
    const actions = unscoped.flatMap(({ Action }) => listOf(Action));
    expect(actions.filter((action) => !UNSCOPABLE.includes(action))).toEqual([]);
  },
);

test.each(stacksOf)("no policy of the stack $name lets everybody in", ({ text }) => {
  const open = statementsIn(text).filter(
    ({ Principal, Condition }) => JSON.stringify(Principal ?? "").includes('"*"') && !Condition,
  );
  expect(open).toEqual([]);
});

test.each(stacksOf)("the stack $name touches only its environment's account", (stack) => {
  const { provider } = JSON.parse(stack.text) as Stack;
  for (const { allowed_account_ids } of provider.aws) {
    expect(allowed_account_ids).toEqual([stack.environment.account]);
  }
});

test.each(stacksOf)("the stack $name holds no token", ({ text }) => {
  expect(text).not.toContain(TOKEN);
  expect(text).not.toContain('"secret_string"');
  const { variable = {} } = JSON.parse(text) as Stack;
  for (const each of Object.values(variable)) {
    // The empty default is refused by a validation: without a token, cdktf stops at once instead of asking for one.
    expect(each).toMatchObject({ sensitive: true, ephemeral: true, default: "" });
  }
});

test.each(stacksOf)(
  "the stack $name creates no repository whose tags are immutable",
  ({ text }) => {
    expect(text).not.toContain("IMMUTABLE");
  },
);
