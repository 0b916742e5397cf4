import type { Environment } from "../ecr/environment";
import dev from "./dev";
import prod from "./prod";
import staging from "./staging";

/** Every environment. To add one, create a file in this directory and list it here. */
export const environments: Environment[] = [dev, staging, prod];
