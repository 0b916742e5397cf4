import { defineEnvironment } from "../ecr/environment";

/** One region, state in a file, and only upstreams that need no token: deployable as it stands. */
export default defineEnvironment({
  name: "dev",
  account: "111111111111",
  regions: ["us-east-1"],
  tags: { team: "platform", environment: "dev" },

  rules: [{ upstream: "ecr-public" }, { upstream: "quay" }, { upstream: "k8s" }],

  access: { roles: ["ecsTaskExecutionRole"] },
});
