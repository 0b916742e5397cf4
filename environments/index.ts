import type { Environment } from "../ecr/environment";
import dev from "./dev";
import prod from "./prod";
import staging from "./staging";

/** Every environment. A new one is a file in this folder and a line here. */
export const environments: Environment[] = [dev, staging, prod];
