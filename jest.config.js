/**
 * Three projects, run separately by the npm scripts: `unit` needs only Node; `terraform` needs Terraform and the AWS
 * provider; `e2e` needs those and moto_server.
 */
const { mkdirSync } = require("node:fs");
const { makeRunFolder } = require("./__tests__/support/run-folder.js");

/** What would else be written outside of the clone stays in here. */
const cache = `${__dirname}/node_modules/.cache`;

// For the workers, and for every program that a test starts.
Object.assign(process.env, {
  TMPDIR: makeRunFolder(),
  SWC_NATIVE_BINDING_CACHE: `${cache}/swc`,
  // Terraform asks nobody for news, nor does it keep in the user's home that it has.
  CHECKPOINT_DISABLE: "1",
  // The SDK's notice about Node 20 is for those who maintain this project.
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
});

// Where the npm scripts have Jest leave its reports for .ci/run; it makes no folders itself.
mkdirSync(`${__dirname}/.test-results`, { recursive: true });

const common = {
  rootDir: __dirname,
  cacheDirectory: `${cache}/jest`,
  clearMocks: true,
  testEnvironment: "node",
  transform: {
    "^.+\\.ts$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } } }],
  },
  setupFilesAfterEnv: ["<rootDir>/setup.js"],
};

/** @type {import("jest").Config} */
module.exports = {
  // Jest's default leaves a processor idle, which on two of them halves the speed.
  maxWorkers: "100%",
  // No test is about speed; a busy machine must not fail one.
  testTimeout: 60_000,
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["<rootDir>/__tests__/**/*.test.ts"],
      testPathIgnorePatterns: [
        "/node_modules/",
        "<rootDir>/__tests__/terraform/",
        "<rootDir>/__tests__/e2e/",
      ],
    },
    {
      ...common,
      displayName: "terraform",
      testMatch: ["<rootDir>/__tests__/terraform/**/*.test.ts"],
    },
    { ...common, displayName: "e2e", testMatch: ["<rootDir>/__tests__/e2e/**/*.test.ts"] },
  ],
};
