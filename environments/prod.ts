import { defineEnvironment } from "../ecr/environment";

/** Two regions, another team's account that pulls through this cache, and maintenance. */
export default defineEnvironment({
  name: "prod",
  account: "333333333333",
  regions: ["us-east-1", "eu-west-1"],
  backend: { type: "s3", bucket: "acme-terraform-state", region: "us-east-1" },
  tags: { team: "platform", environment: "prod" },

  rules: [
    {
      upstream: "docker-hub",
      credential: { username: "acme-bot" },
      retention: [{ tagStatus: "untagged", expireAfterDays: 90 }, { keepImages: 25 }],
    },
    { upstream: "github-container-registry", credential: { username: "acme-bot" } },
    { upstream: "ecr-public" },
    { upstream: "quay" },
  ],

  access: {
    roles: ["ecsTaskExecutionRole", "codebuild-ci"],
    accounts: ["444444444444"],
    // Nobody else has statements in the registry policy; without this line, a deployment looks.
    registryStatements: [],
  },

  maintenance: { notifications: { emails: ["platform@acme.example"] } },
});
