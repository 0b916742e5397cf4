import { environments } from "./environments";
import { CacheApp } from "../../../stacks/cache-app";

/** The app: the stacks of every environment. Add stacks of your own here (docs/images.md shows one). */
export function buildApp(): CacheApp {
  const app = new CacheApp(environments);
  return app;
}
