import { environments } from "../environments";
import { synthesize } from "../stacks";

/* The shipped environments without maintenance, whose functions are bundled at synthesis: the floor has no such work. */
synthesize(environments.map((environment) => ({ ...environment, maintenance: undefined })));
