/** Requests of an S7 client. */
import { type Instant, PenstockError } from '@penstock/core';
import { read16, write16 } from '../exchange/bytes.ts';
import type { Decoded } from '../exchange/decoded.ts';
import { Exchange, type ExchangeState } from '../exchange/transaction.ts';
import { decodeS7, encodeS7 } from './codec.ts';
import { decodeEntry, encodeEntry, isCounted, type MemoryBlock, type MemoryEntry } from './memory.ts';
import type { AnyAddress, JobBody, S7Message } from './messages.ts';
import { READ_VARIABLE, SUCCESS } from './tables.ts';

/** `done`: items have return codes of their own. `refused`: the server refused the whole of it, see `error`. */
export type S7TransactionState = ExchangeState<'refused'>;

/** What is asked: a job, or user data of a group and function. */
export type S7Request =
  | { readonly job: JobBody }
  | {
      readonly group: number;
      readonly subfunction: number;
      readonly bytes: Uint8Array;
      /** Asks for the next part of an answer. */
      readonly next?: { readonly sequence: number } | undefined;
    };

const JOB = 1;
const ACK = 2;
const ACK_DATA = 3;
const USERDATA = 7;
/** Where a message has its function: behind the header of a job, and of an acknowledgement. */
const JOB_FUNCTION = 10;
const ACK_FUNCTION = 12;

export class S7Transaction extends Exchange<'refused'> {
  /** The S7 message that is sent; the client sets its PDU reference. */
  readonly request: Uint8Array;
  /** Class and code of a refusal; 0 when there is none. */
  error = 0;

  /** Called once for every submission, when `state` is final. */
  onFinished: ((transaction: S7Transaction, now: Instant) => void) | undefined;

  /** @throws PenstockError `s7comm.encode` when the request cannot be written down */
  constructor(request: S7Request | Uint8Array, onFinished?: (transaction: S7Transaction, now: Instant) => void) {
    super();
    this.request = request instanceof Uint8Array ? request : encodeRequest(request);
    if (this.request.length < 10) throw new PenstockError('s7comm.encode', 'an S7 message has at least 10 bytes');
    this.onFinished = onFinished;
  }

  protected override ended(now: Instant): void {
    this.onFinished?.(this, now);
  }

  /** Whether it can change something in the device; what only looks does not. */
  get changes(): boolean {
    const { request } = this;
    if (request[1] === JOB) return CHANGING_JOBS.has(request[JOB_FUNCTION] as number);
    const [group, subfunction] = [(request[15] as number) & 15, request[16] as number];
    return group === 1 || group === 5 || (group === 7 && (subfunction & 1) === 0);
  }

  /** Sets its PDU reference. */
  setReference(reference: number): void {
    this.id = reference;
    write16(this.request, 4, reference);
  }

  /** The answer as an object; `illegal` when there is none. */
  decode(): Decoded<S7Message> {
    return decodeS7(this.response, 0, this.responseLength);
  }

  /** Whether `buffer[start..end)`, whose reference is ours, answers this request; a refusal does. */
  fits(buffer: Uint8Array, start: number, end: number): boolean {
    const { request } = this;
    const kind = buffer[start + 1];
    if (end - start < 10) return false;
    if (request[1] === USERDATA)
      // Group and function behind a fixed head; a response has the upper bits of its group set otherwise.
      return (
        kind === USERDATA &&
        end - start >= 22 &&
        ((buffer[start + 15] as number) & 15) === ((request[15] as number) & 15) &&
        buffer[start + 16] === request[16]
      );
    if (kind === ACK) return true;
    if (kind !== ACK_DATA || end - start < ACK_FUNCTION) return false;
    return read16(buffer, start + 6) === 0 || buffer[start + ACK_FUNCTION] === request[JOB_FUNCTION];
  }
}

/** Functions of jobs that change something: write, download, control, stop. */
const CHANGING_JOBS = new Set([0x05, 0x1a, 0x1b, 0x1c, 0x28, 0x29]);

function encodeRequest(request: S7Request): Uint8Array {
  if ('job' in request) return encodeS7({ rosctr: 'job', reference: 0, body: request.job });
  const { group, subfunction, bytes, next } = request;
  const empty = bytes.length === 0;
  return encodeS7({
    ...{ rosctr: 'userdata', reference: 0, kind: 'request', group, subfunction },
    sequence: next?.sequence ?? 0,
    unit: next && { reference: 0, more: false, error: 0 },
    data: { code: empty ? 0x0a : SUCCESS, transport: empty ? 0 : 9, bytes },
  });
}

const BYTE = 2;
/** Transport sizes of the types that points have. */
const SIZE_OF: Readonly<Record<MemoryEntry['type'], number>> = {
  bool: 1,
  byte: 2,
  char: 3,
  word: 4,
  int: 5,
  dword: 6,
  dint: 7,
  real: 8,
  time: 11,
  s5time: 12,
  counter: 28,
  timer: 29,
};
/** How a write marks its contents: bits, reals, octets, everything else in bits. */
const MARK_OF: Readonly<Record<number, number>> = { 1: 3, 3: 9, 8: 7, 28: 9, 29: 9 };

/** The S7ANY address of exactly one point. */
export const addressOfEntry = (entry: MemoryEntry): AnyAddress => ({
  syntax: 'any',
  transportSize: SIZE_OF[entry.type],
  count: 1,
  db: entry.db,
  area: entry.area,
  address: isCounted(entry.area) ? entry.byte >> 1 : entry.byte * 8 + entry.bit,
});

/** Some bytes of a block; of counters and timers whole elements. */
export const addressOfBytes = (block: Pick<MemoryBlock, 'area' | 'db'>, from: number, count: number): AnyAddress =>
  isCounted(block.area)
    ? { ...block, syntax: 'any', transportSize: block.area, count: count >> 1, address: from >> 1 }
    : { area: block.area, db: block.db, syntax: 'any', transportSize: BYTE, count, address: from * 8 };

/** Reads places again and again. */
export class S7Read extends S7Transaction {
  readonly items: readonly AnyAddress[];

  /** @throws PenstockError `s7comm.encode` for an address that does not fit */
  constructor(items: readonly AnyAddress[], onFinished?: (transaction: S7Transaction, now: Instant) => void) {
    super({ job: { function: 'read', items } }, onFinished);
    this.items = items;
  }

  /**
   * Calls `visit` for each item of the answer with its return code and where its contents lie in `response`. False when the answer has
   * another form.
   */
  results(visit: (item: number, code: number, start: number, end: number) => void): boolean {
    const { response, responseLength } = this;
    if (this.state !== 'done' || response[ACK_FUNCTION] !== READ_VARIABLE) return false;
    let at = ACK_FUNCTION + 2;
    const count = response[ACK_FUNCTION + 1] as number;
    if (count !== this.items.length) return false;
    for (let i = 0; i < count; i++) {
      if (at + 4 > responseLength) return false;
      const [code, transport] = [response[at] as number, response[at + 1] as number];
      const told = read16(response, at + 2);
      const length = transport === 0 ? 0 : transport === 4 || transport === 5 ? (told + 7) >> 3 : told;
      if (at + 4 + length > responseLength) return false;
      visit(i, code, at + 4, at + 4 + length);
      at += 4 + length + (i + 1 < count ? length & 1 : 0);
    }
    return true;
  }
}

/** Engineering value of one point out of the answer to a read of exactly that point; undefined when it has none. */
export function readingOf(read: S7Read, entry: MemoryEntry): number | undefined {
  let value: number | undefined;
  read.results((_, code, start, end) => {
    if (code !== SUCCESS || end - start < entry.bytes) return;
    value =
      entry.type === 'bool'
        ? (read.response[start] as number) & 1
        : decodeEntry(entry, read.response, start, entry.byte);
  });
  return value;
}

/** Writes one point again and again. */
export class S7PointWrite extends S7Transaction {
  readonly #entry: MemoryEntry;

  constructor(entry: MemoryEntry, onFinished?: (transaction: S7Transaction, now: Instant) => void) {
    super(
      {
        job: {
          function: 'write',
          items: [addressOfEntry(entry)],
          data: [{ code: 0, transport: MARK_OF[SIZE_OF[entry.type]] ?? 4, bytes: encodeEntry(entry, 0) }],
        },
      },
      onFinished,
    );
    this.#entry = entry;
  }

  /** Sets the engineering value that the next submission writes; not while `pending`. */
  set(value: number): this {
    const bytes = encodeEntry(this.#entry, value);
    this.request.set(bytes, this.request.length - bytes.length);
    return this;
  }

  /** Return code of the one item; undefined without an answer. */
  get code(): number | undefined {
    return this.state === 'done' ? this.response[ACK_FUNCTION + 2] : undefined;
  }
}
