import { CacheApp } from "../stacks/cache-app";
import { scenario } from "./scenario";

/* The app at the size that BENCH_ENVIRONMENTS says. */
new CacheApp(scenario(Number(process.env.BENCH_ENVIRONMENTS))).synth();
