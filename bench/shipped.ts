import { environments } from "../environments";
import { CacheApp } from "../stacks/cache-app";

/* The shipped environments without maintenance, whose functions are bundled at synthesis: the floor has no such work. */
new CacheApp(
  environments.map((environment) => ({ ...environment, maintenance: undefined })),
).synth();
