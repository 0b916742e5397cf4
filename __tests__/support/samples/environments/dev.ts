import { defineEnvironment } from "../../../../ecr/environment";

/** One region, a local state, and only upstreams that require no token: deployable as it is. */
export default defineEnvironment({
  name: "dev",
  account: "111111111111",
  regions: ["us-east-1"],
  tags: { team: "platform", environment: "dev" },

  rules: [{ upstream: "ecr-public" }, { upstream: "quay" }, { upstream: "k8s" }],

  access: { roles: ["ecsTaskExecutionRole"] },
});
