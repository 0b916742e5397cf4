const { dirname } = require("node:path");

/** The project's directory. Programs find their files from here, from wherever they are started. */
exports.projectDirectory = dirname(__dirname);
