// Registers cdktf's jest matchers (toHaveResource and the like) without loading cdktf for tests that don't use it.
const { setupJest } = require("cdktf/lib/testing/adapters/jest");

setupJest();
