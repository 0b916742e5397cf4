import { defineEnvironment, type Environment, type EnvironmentInput } from "../ecr/environment";

/** The shape that the benchmark counts in: two regions, nine rules, five of them with a token. */
function input(index: number): EnvironmentInput {
  const credential = { username: "acme-bot" };
  return {
    name: `env-${index}`,
    account: String(100_000_000_000 + index),
    regions: ["us-east-1", "eu-west-1"],
    tags: { team: "platform", environment: `env-${index}` },
    rules: [
      { upstream: "docker-hub", credential },
      { upstream: "ecr-public" },
      { upstream: "quay" },
      { upstream: "k8s" },
      { upstream: "github-container-registry", credential },
      { upstream: "gitlab-container-registry", credential },
      { upstream: "chainguard", credential },
      { upstream: "azure-container-registry", registry: "acme5.azurecr.io", credential },
      { upstream: "ecr", registry: "999999999999.dkr.ecr.us-east-1.amazonaws.com" },
    ],
    access: { roles: ["ecsTaskExecutionRole"], accounts: ["888888888888"] },
  };
}

/** As many environments of that shape, each in an account of its own. */
export function scenario(count: number): Environment[] {
  return Array.from({ length: count }, (_, index) => defineEnvironment(input(index)));
}
