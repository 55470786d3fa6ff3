/**
 * Who reaches the process from an office by way of others: sessions that follow each other in time, each from the host that the one before
 * ended at. Nothing but times and addresses is needed, so that it works for encrypted sessions too.
 */
import type { Host } from '../hosts.ts';

/** Ports at which somebody can sit down at a host: file, terminal, web, desktop. */
const ENTRANCES: ReadonlySet<number> = new Set([21, 22, 23, 80, 443, 445, 3389, 5900, 5938, 5985, 5986, 8080, 8443]);
/** From here on down is the process, from there on up the office. */
const PROCESS_LEVEL = 2;
const OFFICE_LEVEL = 4;
/** So long after a session ended somebody may still go on from its end. */
const AFTERWARDS = 600e6;
/** Sessions that are thought to stand, where nobody saw them end. */
const LONGEST = 12 * 3600e6;
const MOST_HOSTS = 4096;

interface Entry {
  /** Hosts on the way, the office's first. */
  readonly way: readonly Host[];
  readonly since: number;
  /** Sessions that stand. */
  open: number;
  until: number;
}

export interface Chain {
  /** Hosts on the way, with both ends. */
  readonly way: readonly Host[];
  /** Seconds between the first session's begin and now. */
  readonly seconds: number;
}

export class Hops {
  dropped = 0;
  readonly #entries = new Map<string, Entry>();

  /** A connection begins. @returns the way by which it reaches the process from an office, with at least one host between */
  opened(src: Host, dst: Host, transport: string, port: number, time: number): Chain | undefined {
    if (transport !== 'tcp' || src.level === undefined || dst.level === undefined || src === dst) return undefined;
    const before = this.#active(src.address, time);
    const way = src.level >= OFFICE_LEVEL ? [src] : before?.way;
    if (way === undefined || dst.level >= src.level || way.includes(dst)) return undefined;
    const whole = [...way, dst];
    if (ENTRANCES.has(port)) this.#enter(dst.address, whole, before?.since ?? time, time);
    if (dst.level > PROCESS_LEVEL || whole.length < 3) return undefined;
    return { way: whole, seconds: (time - (before?.since ?? time)) / 1e6 };
  }

  /** A connection ended. */
  ended(dst: Host, port: number, time: number): void {
    const entry = ENTRANCES.has(port) ? this.#entries.get(dst.address) : undefined;
    if (entry === undefined) return;
    entry.open = Math.max(0, entry.open - 1);
    entry.until = Math.max(entry.until, time);
  }

  #enter(address: string, way: readonly Host[], since: number, time: number): void {
    const known = this.#active(address, time);
    if (known !== undefined) {
      known.open++;
      known.until = time;
      return;
    }
    this.#entries.delete(address);
    if (this.#entries.size >= MOST_HOSTS) {
      this.#entries.delete(this.#entries.keys().next().value as string);
      this.dropped++;
    }
    this.#entries.set(address, { way, since, open: 1, until: time });
  }

  #active(address: string, time: number): Entry | undefined {
    const entry = this.#entries.get(address);
    if (entry === undefined) return undefined;
    return time - entry.until <= (entry.open > 0 ? LONGEST : AFTERWARDS) ? entry : undefined;
  }
}
