/**
 * The passive view of a Modbus TCP connection: bytes of both directions in, events out. Follows the messages, pairs requests with
 * responses by transaction id and function, finds its place again after gaps and garbage. The originator is the client.
 */
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { read16 } from '../exchange/bytes.ts';
import { MAX_ADU, MAX_LENGTH_FIELD, MBAP_LENGTH, MIN_LENGTH_FIELD } from './adu.ts';
import { type Emit, emitViolation, PendingRequest } from './dissect-emit.ts';
import { readRequest } from './dissect-request.ts';
import { readResponse } from './dissect-response.ts';
import type { ModbusEvent, ViolationReason } from './events.ts';
import { IMPLAUSIBLE, LONGEST_FOLLOWED, MIN_MESSAGE, POSSIBLE, plausible, UNDECIDED } from './plausibility.ts';
import { EXCEPTION_BIT, exceptionName, functionName } from './tables.ts';

/** Requests that wait for a response; beyond that the oldest counts as unanswered. */
const MAX_PENDING = 64;
/** Event time, in microseconds, after which a request counts as unanswered. */
const PENDING_FOR = 60e6;

/** One direction's place in its stream. */
class Direction {
  /** Start of a message that is not whole yet. */
  held: Uint8Array | undefined;
  heldLength = 0;
  /** The next byte starts a message. */
  synced = true;
  /** Bytes that belong to a message which a gap tore. */
  skip = 0;
}

class ModbusDissector implements Dissector {
  unparsedBytes = 0;
  violations = 0;
  readonly #emit: Emit;
  readonly #client = new Direction();
  readonly #server = new Direction();
  /** The first `#waiting` are in use, oldest first; the rest are spare. */
  readonly #pending: PendingRequest[] = [new PendingRequest()];
  #waiting = 0;
  #links = 0;

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
  }

  data(fromOriginator: boolean, time: number, buffer: Uint8Array, start: number, end: number): void {
    const direction = fromOriginator ? this.#client : this.#server;
    if (this.#waiting > 0 && (this.#pending[0] as PendingRequest).time < time - PENDING_FOR) this.#expire(time);
    if (direction.heldLength === 0 && direction.synced && direction.skip === 0) {
      const rest = this.#consume(direction, fromOriginator, time, buffer, start, end);
      if (rest < end) this.#hold(direction, buffer, rest, end);
      return;
    }
    this.#slow(direction, fromOriginator, time, buffer, start, end);
  }

  gap(fromOriginator: boolean, time: number, missing: number): void {
    const direction = fromOriginator ? this.#client : this.#server;
    const torn = this.#tear(direction, fromOriginator, time) + direction.skip;
    direction.synced = torn > missing;
    direction.skip = torn > missing ? torn - missing : 0;
  }

  end(time: number): void {
    this.#tear(this.#client, true, time);
    this.#tear(this.#server, false, time);
    while (this.#waiting > 0) this.#unanswered(time);
  }

  /** Bytes after a message that is not whole, in a torn message, or before the next message has been found. */
  #slow(
    direction: Direction,
    fromOriginator: boolean,
    time: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void {
    let bytes = buffer;
    let from = start;
    let to = end;
    if (direction.skip > 0) {
      const skipped = Math.min(direction.skip, to - from);
      direction.skip -= skipped;
      this.unparsedBytes += skipped;
      from += skipped;
      if (from === to) return;
    }
    // A message that fills its segment is a better guess than one that would start in what is left of the last segment.
    if (!direction.synced && fills(bytes, from, to, fromOriginator)) {
      this.unparsedBytes += direction.heldLength;
      direction.heldLength = 0;
    }
    if (direction.heldLength > 0) {
      const held = direction.held as Uint8Array;
      bytes = new Uint8Array(direction.heldLength + to - from);
      bytes.set(held.subarray(0, direction.heldLength));
      bytes.set(buffer.subarray(from, to), direction.heldLength);
      direction.heldLength = 0;
      from = 0;
      to = bytes.length;
    }
    const rest = this.#consume(direction, fromOriginator, time, bytes, from, to);
    if (rest < to) this.#hold(direction, bytes, rest, to);
  }

  /** Takes whole messages; returns where the first one starts that is not whole. */
  #consume(
    direction: Direction,
    fromOriginator: boolean,
    time: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): number {
    let at = start;
    while (at < end) {
      if (!direction.synced) {
        const found = search(buffer, at, end, fromOriginator);
        this.unparsedBytes += found - at;
        at = found;
        if (end - at < MIN_MESSAGE) return at;
        direction.synced = true;
      }
      if (end - at < 6) return at;
      const length = read16(buffer, at + 4);
      const next = at + 6 + length;
      if (length > MAX_LENGTH_FIELD && end - at < MIN_MESSAGE) return at;
      if (
        length < MIN_LENGTH_FIELD ||
        (length > MAX_LENGTH_FIELD && plausible(buffer, at, end, fromOriginator) === IMPLAUSIBLE)
      ) {
        this.#lost(direction, fromOriginator, time, 'header');
        at++;
        this.unparsedBytes++;
      } else if (buffer[at + 2] !== 0 || buffer[at + 3] !== 0) {
        // A server skips such a message whole, if it is one: something must follow where it ends, or nothing yet.
        if (next > end || (next < end && plausible(buffer, next, end, fromOriginator) === IMPLAUSIBLE)) {
          this.#lost(direction, fromOriginator, time, 'protocol');
          at++;
          this.unparsedBytes++;
        } else {
          this.#violation(fromOriginator, time, buffer, at, 'protocol');
          this.unparsedBytes += next - at;
          at = next;
        }
      } else {
        if (next > end) return at;
        this.#message(fromOriginator, time, buffer, at, next);
        at = next;
      }
    }
    return at;
  }

  #hold(direction: Direction, buffer: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (direction.held === undefined || direction.held.length < length)
      direction.held = new Uint8Array(length <= MAX_ADU ? MAX_ADU : 6 + LONGEST_FOLLOWED);
    direction.heldLength = length;
    direction.held.set(buffer.subarray(start, end));
  }

  #lost(direction: Direction, fromOriginator: boolean, time: number, reason: ViolationReason): void {
    direction.synced = false;
    this.violations++;
    emitViolation(this.#emit, time, fromOriginator, undefined, undefined, undefined, reason);
  }

  #violation(fromOriginator: boolean, time: number, buffer: Uint8Array, at: number, reason: ViolationReason): void {
    this.violations++;
    const func = functionName(buffer[at + 7] as number);
    emitViolation(this.#emit, time, fromOriginator, read16(buffer, at), buffer[at + 6] as number, func, reason);
  }

  /** Gives up a message that will not become whole; returns how many of its bytes are missing. */
  #tear(direction: Direction, fromOriginator: boolean, time: number): number {
    const { held, heldLength } = direction;
    direction.heldLength = 0;
    if (held === undefined || heldLength === 0) return 0;
    this.unparsedBytes += heldLength;
    if (!direction.synced || heldLength < 6) return 0;
    if (heldLength >= MIN_MESSAGE) {
      const code = held[MBAP_LENGTH] as number;
      if (code < EXCEPTION_BIT) this.#header(fromOriginator, time, held, 0, undefined);
      this.#violation(fromOriginator, time, held, 0, 'truncated');
    }
    return 6 + read16(held, 4) - heldLength;
  }

  #header(fromOriginator: boolean, time: number, buffer: Uint8Array, at: number, exception: string | undefined): void {
    const event: ModbusEvent = {
      name: 'modbus',
      time,
      tid: read16(buffer, at),
      unit: buffer[at + 6] as number,
      func: functionName(buffer[at + MBAP_LENGTH] as number),
      pdu_type: fromOriginator ? 'REQ' : 'RESP',
      exception,
    };
    this.#emit(event);
  }

  #message(fromOriginator: boolean, time: number, buffer: Uint8Array, at: number, end: number): void {
    const code = buffer[at + MBAP_LENGTH] as number;
    if (fromOriginator) {
      this.#header(true, time, buffer, at, undefined);
      this.#request(time, buffer, at, end);
      return;
    }
    const isException = code >= EXCEPTION_BIT && at + MBAP_LENGTH + 1 < end;
    this.#header(
      false,
      time,
      buffer,
      at,
      isException ? exceptionName(buffer[at + MBAP_LENGTH + 1] as number) : undefined,
    );
    const request = this.#match(read16(buffer, at), code & ~EXCEPTION_BIT);
    const wrong = readResponse(this.#emit, request, time, buffer, at, end, this) ?? tooLong(at, end);
    if (wrong !== undefined) this.#violation(false, time, buffer, at, wrong);
    else if (request === undefined && this.#isAskedOtherwise(read16(buffer, at)))
      this.#violation(false, time, buffer, at, 'function');
  }

  #request(time: number, buffer: Uint8Array, at: number, end: number): void {
    if (this.#waiting === MAX_PENDING) this.#unanswered(time);
    if (this.#waiting === this.#pending.length) this.#pending.push(new PendingRequest());
    const request = this.#pending[this.#waiting] as PendingRequest;
    const wrong = readRequest(this.#emit, request, time, buffer, at, end, this) ?? tooLong(at, end);
    if (request.isPaired) this.#waiting++;
    if (wrong !== undefined) this.#violation(true, time, buffer, at, wrong);
  }

  nextLink(): string {
    return (++this.#links).toString(36);
  }

  /** Takes the oldest request with this id and function out of those that wait. */
  #match(tid: number, code: number): PendingRequest | undefined {
    const pending = this.#pending;
    for (let i = 0; i < this.#waiting; i++) {
      const request = pending[i] as PendingRequest;
      if (request.tid !== tid || request.code !== code) continue;
      this.#remove(i);
      return request;
    }
    return undefined;
  }

  #isAskedOtherwise(tid: number): boolean {
    for (let i = 0; i < this.#waiting; i++) if ((this.#pending[i] as PendingRequest).tid === tid) return true;
    return false;
  }

  /** Moves the entry behind those in use; it stays readable until the next request. */
  #remove(index: number): void {
    const pending = this.#pending;
    const last = --this.#waiting;
    if (index === last) return;
    const removed = pending[index] as PendingRequest;
    for (let i = index; i < last; i++) pending[i] = pending[i + 1] as PendingRequest;
    pending[last] = removed;
  }

  #expire(time: number): void {
    while (this.#waiting > 0 && (this.#pending[0] as PendingRequest).time < time - PENDING_FOR) this.#unanswered(time);
  }

  #unanswered(time: number): void {
    const request = this.#pending[0] as PendingRequest;
    this.#remove(0);
    request.emitUnanswered(this.#emit, time);
  }
}

const tooLong = (at: number, end: number): ViolationReason | undefined => (end - at > MAX_ADU ? 'length' : undefined);

/**
 * Where the next message starts: a likely one that ends with the bytes, or is followed by another, or is not whole; at the very start,
 * as segments tend to begin with a message, also a whole one of an unknown function. Without one, where bytes begin
 * that could still become the header of one.
 */
function search(buffer: Uint8Array, start: number, end: number, isRequest: boolean): number {
  for (let at = start; at < end; at++) {
    const score = plausible(buffer, at, end, isRequest);
    if (score === UNDECIDED) return at;
    if (score === IMPLAUSIBLE) continue;
    const next = at + 6 + read16(buffer, at + 4);
    if (score === POSSIBLE) {
      if (at === start && next <= end && plausible(buffer, next, end, isRequest) !== IMPLAUSIBLE) return at;
      continue;
    }
    if (next >= end || plausible(buffer, next, end, isRequest) !== IMPLAUSIBLE) return at;
  }
  return end;
}

/** Whether the bytes could be exactly one message. */
const fills = (buffer: Uint8Array, start: number, end: number, isRequest: boolean): boolean =>
  end - start >= MIN_MESSAGE &&
  start + 6 + read16(buffer, start + 4) === end &&
  plausible(buffer, start, end, isRequest) !== IMPLAUSIBLE;

/** How surely bytes that start like this are Modbus TCP. */
const CERTAINTY = { whole: 0.95, likely: 0.8, possible: 0.3 } as const;

export const modbusDissector: DissectorFactory = {
  protocol: 'modbus',
  transport: 'tcp',
  ports: [502],
  probe(buffer, start, end, fromOriginator) {
    const score = plausible(buffer, start, end, fromOriginator);
    if (score === UNDECIDED) return undefined;
    if (score === IMPLAUSIBLE) return 0;
    if (score === POSSIBLE) return CERTAINTY.possible;
    const next = start + 6 + read16(buffer, start + 4);
    if (next === end) return CERTAINTY.whole;
    if (next > end) return CERTAINTY.likely;
    return plausible(buffer, next, end, fromOriginator) === IMPLAUSIBLE ? CERTAINTY.possible : CERTAINTY.whole;
  },
  create: (emit) => new ModbusDissector(emit),
};
