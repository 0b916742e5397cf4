import { App } from "cdktf";
import fc from "fast-check";
import type { EnvironmentInput, RuleInput } from "../../ecr/environment";
import { CacheStack } from "../../stacks/cache-stack";
import { CredentialsStack } from "../../stacks/credentials-stack";
import { environmentOptions, optionsIn } from "../support/options";
import { accepted, bases, tampered } from "../support/hostile-strings";
import { anEnvironment, Template } from "../support/template";

const PRINTABLE_LINE =
  /^environment [^\p{Cc}\p{Zl}\p{Zp}]+: found [^\p{Cc}\p{Zl}\p{Zp}]+; allowed: .+$/u;

const hub = (prefix: string): RuleInput => ({
  upstream: "docker-hub",
  prefix,
  credential: { username: "acme-bot" },
});
const shared = (prefix: string): RuleInput => ({
  upstream: "ecr",
  prefix,
  registry: "444444444444.dkr.ecr.us-east-1.amazonaws.com",
});

test.each<[string, RuleInput[]]>([
  ["a credential and the prefix all", [hub("all")]],
  [
    "credentials and prefixes that every object of JavaScript has",
    [hub("constructor"), hub("valueof")],
  ],
  [
    "upstream registries of another account whose prefixes look like a role and its policy",
    [shared("xx"), shared("xx_policy")],
  ],
])("an environment is synthesized with %s", (_what, rules) => {
  const environment = anEnvironment({ rules });
  for (const { prefix } of rules) {
    expect(
      Template.ofCache(environment).resource(`aws_ecr_pull_through_cache_rule.us-east-1_${prefix}`),
    ).toMatchObject({
      ecr_repository_prefix: prefix,
    });
  }
});

test("strings are changed in every option of an environment", () => {
  const covered = new Set(bases.flatMap(optionsIn));
  expect(environmentOptions().filter((option) => !covered.has(option))).toEqual([]);
});

test.each(
  bases.map((input): [string, EnvironmentInput] => [
    input.backend?.type ?? "of the default",
    input,
  ]),
)("an environment with a backend %s and every option is accepted as it is", (_type, input) => {
  expect(accepted(input)).toMatchObject({ name: "dev" });
});

test("any string in any field of an environment is accepted, or refused in one printable line without a secret", () => {
  fc.assert(
    fc.property(tampered, ({ input }) => {
      const environment = accepted(input);
      if (!("length" in environment)) return;
      for (const line of environment) expect(line).toMatch(PRINTABLE_LINE);
      expect(environment.join("\n")).not.toContain("s3cr3t");
    }),
    { numRuns: 1500 },
  );
});

test("an environment that is accepted is synthesized, whatever its strings, without a secret of its backend", () => {
  fc.assert(
    fc.property(tampered, ({ place, input }) => {
      const environment = accepted(input);
      fc.pre(!("length" in environment));
      const synthesized = [CacheStack, CredentialsStack].map((Stack) =>
        JSON.stringify(new Stack(new App(), environment).toTerraform()),
      );
      if (place.startsWith("backend.")) expect(synthesized.join("")).not.toContain("s3cr3t");
    }),
    { numRuns: 30 },
  );
});
