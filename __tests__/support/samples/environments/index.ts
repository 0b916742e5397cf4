import type { Environment } from "../../../../ecr/environment";
import dev from "./dev";
import prod from "./prod";
import staging from "./staging";

/*
 * What `environments/` is for the tests, since that of the project is its user's. In this process, jest.config.js puts
 * it there; processes that tests start run in a copy of the project (project-copy.ts), which has it too.
 */

/** Every environment. */
export const environments: Environment[] = [dev, staging, prod];
