/** Quotes a word for a POSIX shell. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * The commands that turn one environment into another in a POSIX shell.
 *
 * @param absent variables that the other environment must not have, whichever shell runs the commands
 */
export function exportLines(
  from: Readonly<Record<string, string | undefined>>,
  to: Readonly<Record<string, string>>,
  absent: readonly string[] = [],
): string[] {
  const gone = Object.keys(from).filter((name) => from[name] !== undefined);
  const unset = new Set([...gone, ...absent].filter((name) => to[name] === undefined));
  return [
    ...Object.entries(to)
      .filter(([name, value]) => from[name] !== value)
      .map(([name, value]) => `export ${name}=${quote(value)}`),
    ...(unset.size > 0 ? [`unset ${[...unset].join(" ")}`] : []),
  ];
}
