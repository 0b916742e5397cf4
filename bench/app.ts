import { synthesize } from "../stacks";
import { scenario } from "./scenario";

/* The app at the size that BENCH_ENVIRONMENTS says. */
synthesize(scenario(Number(process.env.BENCH_ENVIRONMENTS)));
