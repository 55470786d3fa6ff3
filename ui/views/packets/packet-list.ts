/**
 * Rows of the tap's packets, fetched as they come into sight. Without a filter a row's place follows from its number, so that any
 * part of a long list can be fetched first; with one, rows are gathered from the beginning.
 */
import type { PacketRow, PacketsMessage } from '@penstock/core/messages';
import { api } from '../../store/api.ts';

/** Rows in a request. */
const PAGE = 500;
/** Rows that are gathered under a filter before somebody has to ask for more. */
const GATHERED = 20_000;
/** Pages kept of the unfiltered list. */
const KEPT_PAGES = 400;

type Fetch = (path: string, body: undefined, signal: AbortSignal) => Promise<PacketsMessage>;

export class PacketList {
  /** Rows in the list. */
  count = 0;
  /** All that match were not fetched. */
  more = false;
  /** Number before the first row that is kept; what came earlier the range has let go. */
  #base = 0;
  #next = 1;
  #limit = GATHERED;
  #gathering = false;
  readonly #rows: PacketRow[] = [];
  readonly #pages = new Map<number, readonly PacketRow[] | 'asked'>();
  readonly #filter: string;
  readonly #changed: () => void;
  readonly #failed: (error: Error) => void;
  readonly #fetch: Fetch;
  readonly #abort = new AbortController();

  constructor(filter: string, changed: () => void, failed: (error: Error) => void, fetch: Fetch = api) {
    this.#filter = filter;
    this.#changed = changed;
    this.#failed = failed;
    this.#fetch = fetch;
  }

  get filtered(): boolean {
    return this.#filter !== '';
  }

  row(place: number): PacketRow | undefined {
    if (this.filtered) return this.#rows[place];
    const page = this.#pages.get(Math.floor(place / PAGE));
    return typeof page === 'object' ? page[place % PAGE] : undefined;
  }

  /** Place of a packet's number in the list, as far as it is known. */
  placeOf(number: number): number {
    if (this.filtered) return this.#rows.findIndex((row) => row.number === number);
    return number > this.#base && number <= this.#base + this.count ? number - this.#base - 1 : -1;
  }

  /** Learns how long the list is by now; under a filter, gathers what is new. */
  async refresh(): Promise<void> {
    if (this.filtered) return this.#gather();
    const head = await this.#get(1, 0);
    if (!head) return;
    if (this.count === 0) this.#base = Math.max(0, head.first - 1);
    const before = this.count;
    this.count = Math.max(0, head.last - this.#base);
    // The last page was fetched when it was shorter.
    if (this.count > before) this.#pages.delete(Math.floor(Math.max(0, before - 1) / PAGE));
    if (this.count !== before) this.#changed();
  }

  /** Rows `from` to `to` come into sight. */
  want(from: number, to: number): void {
    if (this.filtered) return;
    for (let page = Math.floor(from / PAGE); page <= Math.floor(to / PAGE); page++) {
      if (this.#pages.has(page) || page * PAGE >= this.count) continue;
      this.#pages.set(page, 'asked');
      void this.#page(page);
    }
  }

  /** Gathers as many again. */
  wantMore(): void {
    this.#limit += GATHERED;
    void this.#gather();
  }

  end(): void {
    this.#abort.abort();
  }

  async #page(page: number): Promise<void> {
    const message = await this.#get(this.#base + 1 + page * PAGE, PAGE);
    if (!message) {
      this.#pages.delete(page);
      return;
    }
    this.#pages.set(page, message.rows);
    for (const old of this.#pages.keys()) {
      if (this.#pages.size <= KEPT_PAGES) break;
      if (old !== page) this.#pages.delete(old);
    }
    this.#changed();
  }

  async #gather(): Promise<void> {
    if (this.#gathering) return;
    this.#gathering = true;
    try {
      while (this.#rows.length < this.#limit) {
        const message = await this.#get(this.#next, PAGE);
        if (!message) return;
        this.#rows.push(...message.rows);
        this.count = this.#rows.length;
        this.#changed();
        this.#next = message.next ?? message.last + 1;
        if (message.next === null) {
          this.more = false;
          return;
        }
      }
      this.more = true;
      this.#changed();
    } finally {
      this.#gathering = false;
    }
  }

  async #get(from: number, count: number): Promise<PacketsMessage | undefined> {
    const query = new URLSearchParams({ from: String(from), count: String(count), filter: this.#filter });
    try {
      return await this.#fetch(`packets?${query}`, undefined, this.#abort.signal);
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#failed(error as Error);
      return undefined;
    }
  }
}
