/** Quotes a word for a POSIX shell. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The commands of a POSIX shell that turn one environment into another. */
export function exportLines(
  from: Readonly<Record<string, string | undefined>>,
  to: Readonly<Record<string, string>>,
): string[] {
  return [
    ...Object.entries(to)
      .filter(([name, value]) => from[name] !== value)
      .map(([name, value]) => `export ${name}=${quote(value)}`),
    ...Object.keys(from)
      .filter((name) => from[name] !== undefined && to[name] === undefined)
      .map((name) => `unset ${name}`),
  ];
}
