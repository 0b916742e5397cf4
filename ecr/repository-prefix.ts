export { mostSpecificPrefix, normalizePrefix, prefixCovers, ROOT } from "./prefix";
