import { environments } from "./environments";
import { synthesize } from "./stacks";

synthesize(environments);
