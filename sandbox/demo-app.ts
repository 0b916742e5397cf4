import { CacheApp } from "../stacks/cache-app";
import { demo } from "./demo-environment";

/* The cdktf app of `npm run demo`. */
new CacheApp([demo]).synth();
