/** Numbers and their names as short text. */

/** The name of a number, and the number of a name. */
export interface Names {
  /** `unknown-N`, or as the table says, for a number that the standard does not name. */
  name(value: number): string;
  find(name: string): number | undefined;
  readonly entries: ReadonlyMap<number, string>;
}

/** Lines of a first number and the names from there on. */
export function names(text: string, unknown = 'unknown'): Names {
  const entries = new Map<number, string>();
  for (const line of text.trim().split('\n')) {
    const [first, rest] = line.split(':') as [string, string];
    for (const [i, name] of rest.trim().split(' ').entries()) entries.set(Number(first) + i, name);
  }
  const numbers = new Map([...entries].map(([value, name]) => [name, value]));
  return { name: (value) => entries.get(value) ?? `${unknown}-${value}`, find: (name) => numbers.get(name), entries };
}
