import { defineEnvironment } from "../ecr/environment";

/** The environment of `npm run demo`: a project's own are its user's. */
export const demo = defineEnvironment({
  name: "demo",
  account: "111111111111",
  regions: ["us-east-1"],
  tags: { team: "platform", environment: "demo" },
  rules: [{ upstream: "ecr-public" }, { upstream: "quay" }, { upstream: "k8s" }],
  access: { roles: ["ecsTaskExecutionRole"] },
});
