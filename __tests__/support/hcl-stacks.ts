import { App } from "cdktf";
import fc from "fast-check";
import { defineEnvironment, type Environment, type EnvironmentInput } from "../../ecr/environment";
import { CacheStack } from "../../stacks/cache-stack";
import { CredentialsStack } from "../../stacks/credentials-stack";
import { maximal } from "./environments";

/*
 * Stacks in both of Terraform's syntaxes.
 */

export interface BothSyntaxes {
  readonly json: object;
  readonly hcl: string;
}

const base: EnvironmentInput = {
  name: "test",
  account: "012345678901",
  regions: ["us-east-1"],
  rules: [
    { upstream: "docker-hub", credential: { username: "acme-bot" } },
    { upstream: "quay", retention: [{ tagPatternList: ["v*"], keepImages: 3 }] },
  ],
};

/** The stacks of an environment in both syntaxes. */
function bothSyntaxes(environment: Environment) {
  return [CredentialsStack, CacheStack].map((Stack) => {
    const stack = new Stack(new App(), environment);
    return { json: stack.toTerraform() as object, hcl: stack.toHclTerraform().hcl };
  });
}

const stacksOf = (input: EnvironmentInput) => bothSyntaxes(defineEnvironment(input));

const retention = (description: string) => [{ keepImages: 3, description }];

/** Environments whose HCL cdktf 0.21 renders wrongly. */
const hard: readonly Partial<EnvironmentInput>[] = [
  // the backend `remote`
  {
    backend: { type: "remote", organization: "acme", workspacePrefix: "ecr-" },
  },
  // HCP Terraform with a project
  {
    backend: { type: "cloud", organization: "acme", project: "p q" },
  },
  // account ids with a leading zero
  {
    backend: {
      type: "s3",
      bucket: "state",
      region: "us-east-1",
      allowedAccountIds: ["012345678901"],
    },
  },
  // a policy in the backend's settings
  {
    backend: {
      type: "s3",
      bucket: "state",
      region: "us-east-1",
      assumeRole: {
        roleArn: "arn:aws:iam::012345678901:role/x",
        policy: '{"Version":"2012-10-17"}',
      },
    },
  },
  // a certificate of several lines
  {
    backend: {
      type: "http",
      address: "https://state.example",
      clientCaCertificatePem: "-----BEGIN\nAAAA\n-----END\n",
    },
  },
  // a tag called `provider`
  { tags: { provider: "aws.eu-west-1", for: "x", "-x": "y" } },
  // a directory with a backslash
  { backend: { type: "local", directory: "st\\new" } },
  // a prefix that is a word of the language
  {
    rules: [
      { upstream: "quay", prefix: "null" },
      { upstream: "k8s", prefix: "1k8s" },
    ],
  },
  // quotes and braces in a description
  { retention: retention("keep {x} [y] provider = aws.x") },
];

/** The stacks of the environments whose HCL is hard to print, and of one with every option. */
export const hardStacks = (): BothSyntaxes[] => [
  ...hard.flatMap((changes) => stacksOf({ ...base, ...changes })),
  ...bothSyntaxes(maximal),
];

/** The stacks of environments with generated tags, names and descriptions, as far as they are not refused. */
export function generatedStacks(environments: number): BothSyntaxes[] {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
  const inputs = fc.record({
    tags: fc.dictionary(text, text, { maxKeys: 4 }),
    username: text,
    description: text,
  });
  return fc.sample(inputs, environments).flatMap(({ tags, username, description }) => {
    try {
      return stacksOf({
        ...base,
        tags,
        rules: [{ upstream: "docker-hub", credential: { username } }],
        retention: retention(description),
      });
    } catch (error) {
      if ((error as Error).name !== "UserError") throw error;
      return [];
    }
  });
}
