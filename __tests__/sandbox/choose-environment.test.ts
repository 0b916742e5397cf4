import { defineEnvironment } from "../../ecr/environment";
import { chooseEnvironment } from "../../sandbox/choose-environment";

const environment = (name: string, account: string) =>
  defineEnvironment({
    name,
    account,
    regions: ["us-east-1"],
    rules: [{ upstream: "docker-hub", credential: { username: "acme-bot" } }],
    access: { consumers: [{ account: "444444444444", roles: ["tasks"] }] },
  });

const dev = environment("dev", "111111111111");
const prod = environment("prod", "222222222222");

test.each([
  ["npx cdktf deploy prod", ["npx", "cdktf", "deploy", "prod"], prod],
  ["npx cdktf deploy prod-credentials", ["npx", "cdktf", "deploy", "prod-credentials"], prod],
  ["a consumer's stack", ["npx", "cdktf", "deploy", "prod-consumer-444444444444"], prod],
  ["the first of several", ["npx", "cdktf", "deploy", "prod", "dev"], prod],
  ["a command for a shell", ["sh", "-c", "npx cdktf deploy prod && terraform output"], prod],
  ["--env prod", ["npx", "ecr-cache", "status", "--env", "prod"], prod],
  ["no name at all", ["terraform", "version"], dev],
  ["a word that only begins like a name", ["deploy", "production"], dev],
  ["no words", [], dev],
])("%s", (_, words, expected) => {
  expect(chooseEnvironment(words, [dev, prod])).toBe(expected);
});

test("`chooseEnvironment` prefers the name that is given, and refuses one of no environment", () => {
  expect(chooseEnvironment(["npx", "cdktf", "deploy", "dev"], [dev, prod], "prod")).toBe(prod);
  expect(() => chooseEnvironment([], [dev, prod], "staging")).toThrow(
    "--env: found staging; allowed: dev, prod",
  );
});

test("`chooseEnvironment` refuses a project without environments", () => {
  expect(() => chooseEnvironment(["x"], [])).toThrow(
    "environments/index.ts: found no environment; allowed: one or more",
  );
});
