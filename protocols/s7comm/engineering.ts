/**
 * What an engineering station does with an S7 controller, as sequences of transactions: a block read, a block loaded and put in,
 * start and stop, status lists that come in parts.
 */
import { type Instant, PenstockError } from '@penstock/core';
import { decodeBlock, encodeBlock, LANGUAGE_SCL, PROGRAM_BLOCK } from './blocks.ts';
import type { Offer } from './client.ts';
import { encodeBlockArgument } from './codec.ts';
import type { AckBody, JobBody, UserdataMessage } from './messages.ts';
import { ERROR_CODES } from './tables.ts';
import { type S7Request, S7Transaction } from './transaction.ts';
import { decodeContent, encodeContent, type UserdataContent } from './userdata.ts';

/** What came of it: a value, or why there is none. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: 'refused' | 'timeout' | 'closed' | 'mismatch'; readonly detail: string };

type Done<T> = (outcome: Outcome<T>, now: Instant) => void;

/** How sequences speak: one transaction after the other, and blocks on offer. */
export interface S7Line {
  /** False when the transaction cannot be taken; it is then not heard of again. */
  submit(transaction: S7Transaction, now: Instant): boolean;
  offer(offer: Offer): void;
  withdraw(): void;
}

const failed = <T>(transaction: S7Transaction): Outcome<T> => {
  const { state, error } = transaction;
  if (state === 'refused') return refusal(error);
  const reason = state === 'timeout' || state === 'mismatch' ? state : 'closed';
  return { ok: false, reason, detail: reason };
};

const refusal = <T>(error: number): Outcome<T> => ({
  ok: false,
  reason: 'refused',
  detail: `error 0x${error.toString(16).padStart(4, '0')}${ERROR_CODES[error] ? ` (${ERROR_CODES[error]})` : ''}`,
});

const MISMATCH = { ok: false, reason: 'mismatch', detail: 'an answer of another form' } as const;
/** Blocks longer than this are not read to their end. */
const LARGEST = 1_000_000;
/** Parts of one status list. */
const MOST_PARTS = 256;

export class S7Engineer {
  /** Requests sent so far. */
  requests = 0;
  readonly #line: S7Line;

  constructor(line: S7Line) {
    this.#line = line;
  }

  /** Text of the program that is loaded, or of the one that waits to be put in (`P`). */
  readProgram(now: Instant, done: Done<string>): void {
    this.readBlock(PROGRAM_BLOCK.type, PROGRAM_BLOCK.number, now, (outcome, then) => {
      if (!outcome.ok) {
        done(outcome, then);
        return;
      }
      const block = decodeBlock(outcome.value);
      if (block.status !== 'ok') done({ ...MISMATCH, detail: block.reason }, then);
      else done({ ok: true, value: new TextDecoder().decode(block.message.content) }, then);
    });
  }

  /** A block as it is loaded, header and trailer included. */
  readBlock(type: string, number: number, now: Instant, done: Done<Uint8Array>): void {
    this.#job({ function: 'start-upload', file: { type, number, filesystem: 'A' } }, now, (outcome, then) => {
      if (!outcome.ok) done(outcome, then);
      else if (outcome.value.function !== 'start-upload' || outcome.value.length > LARGEST) done(MISMATCH, then);
      else this.#parts(outcome.value.session, outcome.value.length, then, done);
    });
  }

  #parts(session: number, length: number, begun: Instant, done: Done<Uint8Array>): void {
    const bytes = new Uint8Array(length);
    const next = (at: number, now: Instant): void =>
      this.#job({ function: 'upload', session }, now, (outcome, then) => {
        if (!outcome.ok) {
          done(outcome, then);
          return;
        }
        const body = outcome.value;
        if (body.function !== 'upload' || at + body.data.length > length || (body.more && body.data.length === 0)) {
          done(MISMATCH, then);
          return;
        }
        bytes.set(body.data, at);
        const end = at + body.data.length;
        if (body.more) next(end, then);
        else
          this.#job({ function: 'end-upload', error: 0, session }, then, (ended, last) =>
            done(!ended.ok ? ended : end === length ? { ok: true, value: bytes } : MISMATCH, last),
          );
      });
    next(0, begun);
  }

  /** Loads a program and puts it in. A refusal tells at which of the two. */
  writeProgram(text: string, now: Instant, done: Done<true>): void {
    const bytes = encodeBlock({
      ...{ type: 8, number: PROGRAM_BLOCK.number, language: LANGUAGE_SCL, time: { milliseconds: 0, day: 0 } },
      ...{ author: '', family: '', name: '', content: new TextEncoder().encode(text) },
    });
    const file = { ...PROGRAM_BLOCK, filesystem: 'P' };
    if (bytes.length >= LARGEST)
      throw new PenstockError('s7comm.encode', `a program of ${bytes.length} bytes is too long`);
    let over = false;
    const finish: Done<true> = (outcome, then) => {
      if (over) return;
      over = true;
      this.#line.withdraw();
      done(outcome, then);
    };
    this.#line.offer({
      file,
      bytes,
      onEnded: (error, then) => {
        if (error !== 0) finish(refusal(error), then);
        else this.#control('_INSE', encodeBlockArgument([file]), then, finish);
      },
    });
    const request = { function: 'request-download', file, loadLength: bytes.length, codeLength: bytes.length } as const;
    this.#job(request, now, (outcome, then) => {
      if (!outcome.ok) finish(outcome, then);
    });
  }

  /** Takes the program out of the controller. */
  deleteProgram(now: Instant, done: Done<true>): void {
    this.#control('_DELE', encodeBlockArgument([{ ...PROGRAM_BLOCK, filesystem: 'B' }]), now, done);
  }

  stop(now: Instant, done: Done<true>): void {
    this.#job({ function: 'plc-stop', service: 'P_PROGRAM' }, now, (outcome, then) => done(asTrue(outcome), then));
  }

  start(kind: 'warm' | 'cold', now: Instant, done: Done<true>): void {
    this.#control('P_PROGRAM', new TextEncoder().encode(kind === 'cold' ? 'C ' : ''), now, done);
  }

  /** Logs on with a password of up to 8 characters. */
  logOn(password: string, now: Instant, done: Done<true>): void {
    this.ask(5, 1, { is: 'password', password }, now, (outcome, then) => done(asTrue(outcome), then));
  }

  /**
   * Asks for user data and puts its parts together.
   * @returns in `done` what it says; `empty` where it says nothing
   */
  ask(group: number, subfunction: number, content: UserdataContent, now: Instant, done: Done<UserdataContent>): void {
    const parts: number[] = [];
    const next = (request: S7Request, at: Instant, count: number): void =>
      this.#send(request, at, (transaction, then) => {
        const decoded = transaction.state === 'done' ? transaction.decode() : undefined;
        if (decoded?.status !== 'ok' || decoded.message.rosctr !== 'userdata') {
          done(transaction.state === 'done' ? MISMATCH : failed(transaction), then);
          return;
        }
        const { message } = decoded;
        for (const byte of message.data?.bytes ?? []) parts.push(byte);
        if (message.unit?.more && count < MOST_PARTS)
          next({ group, subfunction, bytes: new Uint8Array(0), next: { sequence: message.sequence } }, then, count + 1);
        else done(this.#whole(message, Uint8Array.from(parts)), then);
      });
    next({ group, subfunction, bytes: encodeContent(content) }, now, 1);
  }

  #whole(message: UserdataMessage, bytes: Uint8Array): Outcome<UserdataContent> {
    const unit = message.unit && { ...message.unit, more: false };
    const data = message.data && { ...message.data, bytes };
    const content = decodeContent({ ...message, unit, data });
    return content.status === 'ok' ? { ok: true, value: content.message } : { ...MISMATCH, detail: content.reason };
  }

  #control(service: string, argument: Uint8Array, now: Instant, done: Done<true>): void {
    this.#job({ function: 'plc-control', service, argument }, now, (outcome, then) => done(asTrue(outcome), then));
  }

  #job(body: JobBody, now: Instant, done: Done<AckBody>): void {
    this.#send({ job: body }, now, (transaction, then) => {
      if (transaction.state !== 'done') {
        done(failed(transaction), then);
        return;
      }
      const decoded = transaction.decode();
      const answer =
        decoded.status === 'ok' && decoded.message.rosctr === 'ack-data' ? decoded.message.body : undefined;
      done(answer === undefined ? MISMATCH : { ok: true, value: answer }, then);
    });
  }

  #send(request: S7Request, now: Instant, done: (transaction: S7Transaction, now: Instant) => void): void {
    const transaction = new S7Transaction(request, done);
    this.requests++;
    if (this.#line.submit(transaction, now)) return;
    transaction.state = 'closed';
    done(transaction, now);
  }
}

const asTrue = (outcome: Outcome<unknown>): Outcome<true> => (outcome.ok ? { ok: true, value: true } : outcome);
