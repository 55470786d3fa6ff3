/** The diagnostic buffer of a controller: a ring of time-stamped entries, oldest overwritten first. */
import type { Instant } from '@penstock/core';

export type DiagnosticId =
  | 'power-on'
  | 'power-off'
  | 'start'
  | 'stop'
  | 'mode'
  | 'key'
  | 'download'
  | 'download-refused'
  | 'force'
  | 'unforce'
  | 'fault'
  | 'watchdog'
  | 'write-refused'
  | 'input-bad'
  | 'input-good';

export interface DiagnosticEntry {
  readonly time: Instant;
  readonly id: DiagnosticId;
  readonly text: string;
  /** Who caused it over the network, as `protocol address:port`; undefined for what happened at the device. */
  readonly by: string | undefined;
}

const CAPACITY = 200;

export class DiagnosticBuffer {
  readonly #entries: DiagnosticEntry[] = [];
  #next = 0;
  readonly #listener: ((entry: DiagnosticEntry) => void) | undefined;

  /** @param listener hears every entry as it is made, for the device's syslog */
  constructor(listener: ((entry: DiagnosticEntry) => void) | undefined) {
    this.#listener = listener;
  }

  add(time: Instant, id: DiagnosticId, text: string, by?: string): void {
    const entry = { time, id, text, by };
    this.#entries[this.#next] = entry;
    this.#next = (this.#next + 1) % CAPACITY;
    this.#listener?.(entry);
  }

  /** The entries, oldest first. */
  list(): DiagnosticEntry[] {
    return [...this.#entries.slice(this.#next), ...this.#entries.slice(0, this.#next)];
  }

  /** Replaces the entries by saved ones, without telling the listener. */
  load(entries: readonly DiagnosticEntry[]): void {
    this.#entries.length = 0;
    this.#entries.push(...entries.slice(-CAPACITY));
    this.#next = this.#entries.length % CAPACITY;
  }
}
