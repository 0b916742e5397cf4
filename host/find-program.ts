import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The path of a program, as a shell would find it. */
export function findProgram(
  name: string,
  { PATH = "" }: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  return PATH.split(delimiter)
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
