/** Masters and outstations of DNP3 as they were learned: which host speaks under which link address, and how it commands. */
import type { BaselineData } from './format.ts';

type Entry = { -readonly [K in keyof BaselineData['associations'][number]]: BaselineData['associations'][number][K] };

export type CommandWay = 'select' | 'direct';

const MAX_ASSOCIATIONS = 16_384;
/** Commands of one way, and hardly any of the other, that make it the custom. */
const ENOUGH = 3;
const HARDLY = 0.05;

export class Associations {
  /** What did not fit. */
  dropped = 0;
  readonly #entries = new Map<string, Entry>();
  /** Entries by outstation. */
  readonly #outstations = new Map<string, Entry[]>();

  /** @param way of a command that was carried out */
  learn(source: string, destination: string, master: number, outstation: number, way?: CommandWay): void {
    const entry = this.#entry(source, destination, master, outstation);
    if (entry === undefined) return;
    if (way === 'select') entry.selected++;
    else if (way === 'direct') entry.direct++;
  }

  knows(source: string, destination: string, master: number, outstation: number): boolean {
    return this.#entries.has(keyOf(source, destination, master, outstation));
  }

  /** The hosts that speak to an outstation under a master's link address. */
  holders(destination: string, master: number, outstation: number): string[] {
    const entries = this.#outstations.get(`${destination}|${outstation}`) ?? [];
    return entries.filter((entry) => entry.master === master).map(({ source }) => source);
  }

  /** How an outstation is commanded, whoever does it; undefined where that is not to be told. */
  custom(destination: string, outstation: number): CommandWay | undefined {
    let [selected, direct] = [0, 0];
    for (const entry of this.#outstations.get(`${destination}|${outstation}`) ?? []) {
      selected += entry.selected;
      direct += entry.direct;
    }
    if (selected >= ENOUGH && direct <= HARDLY * selected) return 'select';
    return direct >= ENOUGH && selected <= HARDLY * direct ? 'direct' : undefined;
  }

  absorb(entries: BaselineData['associations']): void {
    for (const { source, destination, master, outstation, selected, direct } of entries) {
      const entry = this.#entry(source, destination, master, outstation);
      if (entry === undefined) continue;
      entry.selected += selected;
      entry.direct += direct;
    }
  }

  toJSON(): BaselineData['associations'] {
    return [...this.#entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, entry]) => ({ ...entry }));
  }

  #entry(source: string, destination: string, master: number, outstation: number): Entry | undefined {
    const key = keyOf(source, destination, master, outstation);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    if (this.#entries.size >= MAX_ASSOCIATIONS) {
      this.dropped++;
      return undefined;
    }
    const entry: Entry = { source, destination, master, outstation, selected: 0, direct: 0 };
    this.#entries.set(key, entry);
    const place = `${destination}|${outstation}`;
    const others = this.#outstations.get(place);
    if (others === undefined) this.#outstations.set(place, [entry]);
    else others.push(entry);
    return entry;
  }
}

const keyOf = (source: string, destination: string, master: number, outstation: number): string =>
  `${source}|${destination}|${master}|${outstation}`;
