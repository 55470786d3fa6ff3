/** Passwords that equipment is delivered with: `defaults.yml`, and whether one that was seen is among them. */
import { openYaml } from '@penstock/core';
import { z } from 'zod';

const entrySchema = z.strictObject({
  /** Whose equipment; `many` for what is delivered alike by many. */
  vendor: z.string().min(1),
  user: z.string().optional(),
  protocols: z.array(z.string()).optional(),
  passwords: z.array(z.string().max(64)).min(1),
  /** Where it is printed. */
  source: z.string().min(1),
});
const fileSchema = z.strictObject({ version: z.literal(1), entries: z.array(entrySchema).min(1) });
export type DefaultEntry = z.output<typeof entrySchema>;

export class DefaultCredentials {
  readonly #byPassword: ReadonlyMap<string, readonly DefaultEntry[]>;

  constructor(entries: readonly DefaultEntry[]) {
    const byPassword = new Map<string, DefaultEntry[]>();
    for (const entry of entries)
      for (const password of entry.passwords) byPassword.set(password, [...(byPassword.get(password) ?? []), entry]);
    this.#byPassword = byPassword;
  }

  /** The entry that has this user with this password; undefined for none. Users are compared without case, as many devices do. */
  find(protocol: string, user: string | undefined, password: string): DefaultEntry | undefined {
    return this.#byPassword
      .get(password)
      ?.find(
        (entry) =>
          (entry.protocols?.includes(protocol) ?? true) &&
          (entry.user === undefined || entry.user.toLowerCase() === user?.toLowerCase()),
      );
  }
}

let shipped: DefaultCredentials | undefined;

/** The list that comes with the monitor, read once. @throws FileError when the file is not what it should be */
export function defaultCredentials(): DefaultCredentials {
  shipped ??= new DefaultCredentials(openYaml(new URL('defaults.yml', import.meta.url), fileSchema).value.entries);
  return shipped;
}
