import { names } from "./official-images.json";

/** The names below Docker Hub's `library/`; `npm run official-images` updates them. */
const NAMES: ReadonlySet<string> = new Set(names);

/** Whether a name is that of an official image of Docker Hub, by a list that nobody but Docker can add to. */
export function isOfficial(name: string): boolean {
  return NAMES.has(name);
}
