import { InvalidArgumentError, Option } from "commander";

/** Reads an option that is a whole number. For commander, which puts the option before the message. */
export function wholeNumberFrom(least: number, most = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = /^[0-9]+$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      most === Number.MAX_SAFE_INTEGER
        ? `allowed: a whole number from ${least}`
        : `allowed: a whole number from ${least} to ${most}`,
    );
  };
}

/** Collects an option that may be repeated. For commander. */
export function repeatable(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** `--exclude`, of the commands that read files as rewrite does. */
export function excludeOption(): Option {
  return new Option(
    "--exclude <pattern>",
    "leave files alone, by a pattern as in .gitignore; may be repeated",
  )
    .argParser(repeatable)
    .default([] as readonly string[]);
}
