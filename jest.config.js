/**
 * Three projects that the npm scripts run separately: `unit` needs only Node.js, `terraform` also Terraform and the AWS
 * provider, and `e2e` also moto_server.
 */
const { mkdirSync } = require("node:fs");
const { makeRunFolder } = require("./__tests__/support/run-folder.js");

/** Caches that would otherwise be written outside of the clone. */
const cache = `${__dirname}/node_modules/.cache`;

// For the workers and every program that a test starts.
Object.assign(process.env, {
  TMPDIR: makeRunFolder(),
  SWC_NATIVE_BINDING_CACHE: `${cache}/swc`,
  // Terraform does not check for new versions, nor store in the user's home that it did.
  CHECKPOINT_DISABLE: "1",
  // Terraform and its providers decode 14 MB of schema with each start; a third less time goes by without tidying up after it.
  GOGC: "400",
  // The SDK's notice about Node.js 20 concerns the maintainers of this project, not the tests.
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
});

// The npm scripts write Jest's reports here for .ci/run; Jest does not create directories.
mkdirSync(`${__dirname}/.test-results`, { recursive: true });

const common = {
  rootDir: __dirname,
  cacheDirectory: `${cache}/jest`,
  clearMocks: true,
  testEnvironment: "node",
  transform: {
    "^.+\\.ts$": ["@swc/jest", { jsc: { target: "es2022", parser: { syntax: "typescript" } } }],
    "/@marcbachmann/.+\\.js$": ["@swc/jest", { jsc: { target: "es2022" } }],
  },
  // An ES module without a CommonJS one, which Jest does not load as it is.
  transformIgnorePatterns: ["/node_modules/(?!@marcbachmann/)"],
  // The environments of a project are its user's, so the tests have their own; `environments/index` is the user's.
  moduleNameMapper: {
    "^(\\.\\./)+environments$": "<rootDir>/__tests__/support/samples/environments",
  },
  setupFilesAfterEnv: ["<rootDir>/setup.js"],
};

/** @type {import("jest").Config} */
module.exports = {
  // Jest's default leaves one processor idle, which halves the speed on a machine with two.
  maxWorkers: "100%",
  // No test asserts a time, and a busy machine must not fail one.
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
