// Registers cdktf's Jest matchers (such as toHaveResource) without loading cdktf for tests that do not use it.
const { setupJest } = require("cdktf/lib/testing/adapters/jest");

setupJest();
