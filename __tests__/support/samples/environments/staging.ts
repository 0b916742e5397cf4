import { defineEnvironment } from "../../../../ecr/environment";

/** Docker Hub, which requires a token, and a state in S3. */
export default defineEnvironment({
  name: "staging",
  account: "222222222222",
  regions: ["us-east-1"],
  backend: { type: "s3", bucket: "acme-terraform-state", region: "us-east-1" },
  tags: { team: "platform", environment: "staging" },

  rules: [
    { upstream: "docker-hub", credential: { username: "acme-bot" } },
    { upstream: "ecr-public" },
    { upstream: "quay" },
    { upstream: "k8s" },
  ],

  access: { roles: ["ecsTaskExecutionRole", "codebuild-ci"] },
});
