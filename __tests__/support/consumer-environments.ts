import { defineEnvironment } from "../../ecr/environment";

/** A consumer whose stack is deployed with credentials that are given from outside. */
export const team = { account: "222222222222", roles: ["tasks", "ci"] };

/** A consumer whose stack is deployed with credentials that the environment names. */
export const withOwnCredentials = {
  account: "333333333333",
  roles: ["tasks"],
  assumeRole: { roleArn: "arn:aws:iam::333333333333:role/deployer" },
};

/** An environment with two consumers. */
export const environments = [
  defineEnvironment({
    name: "shop",
    account: "111111111111",
    regions: ["us-east-1"],
    rules: [{ upstream: "quay" }],
    access: { consumers: [team, withOwnCredentials], registryStatements: [] },
  }),
];
