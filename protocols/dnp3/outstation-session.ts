/** One connection to an outstation: link and transport below, the outstation's associations above. */
import type { Instant, StreamMachine, Writer } from '@penstock/core';
import type { AssociationPort } from './association-types.ts';
import { type LinkOptions, LinkSession, type LinkUser } from './link-session.ts';
import type { Dnp3Outstation } from './outstation.ts';

/** One connection to an outstation, as a stream (TCP) or in datagrams (UDP; see `LinkOptions.datagrams`). */
export class OutstationSession implements StreamMachine, LinkUser, AssociationPort {
  readonly link: LinkSession;
  readonly writer: Writer;
  readonly #outstation: Dnp3Outstation;
  readonly #onRefused: ((code: number) => void) | undefined;
  readonly #onOutput: (() => void) | undefined;
  #busy = false;

  constructor(
    outstation: Dnp3Outstation,
    link: Omit<LinkOptions, 'role'>,
    writer: Writer,
    onRefused: ((code: number) => void) | undefined,
    onOutput: (() => void) | undefined,
  ) {
    this.#outstation = outstation;
    this.#onRefused = onRefused;
    this.#onOutput = onOutput;
    this.writer = writer;
    this.link = new LinkSession({ ...link, role: 'outstation' }, this);
  }

  get closing(): boolean {
    return this.link.closing;
  }

  get mayWrite(): boolean {
    return this.#onRefused === undefined;
  }

  /** The connection stands; masters that are not connected otherwise are told that the device is there. */
  opened(now: Instant): void {
    this.#busy = true;
    this.link.opened(this.#outstation.association()?.master, now);
    this.#outstation.opened(this, now);
    this.#busy = false;
  }

  /** The connection is gone. */
  closed(): void {
    this.#outstation.closed(this);
    this.link.reset();
  }

  receive(bytes: Uint8Array, now: Instant): void {
    this.receiveRange(bytes, 0, bytes.length, now);
  }

  receiveRange(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    this.#busy = true;
    this.link.receiveRange(buffer, start, end, now);
    this.#busy = false;
  }

  due(): Instant {
    return Math.min(this.link.due(), this.#outstation.due()) as Instant;
  }

  tick(now: Instant): void {
    this.#busy = true;
    this.#outstation.tick(now);
    this.link.tick(now);
    this.#busy = false;
  }

  take(): Uint8Array | undefined {
    return this.link.take();
  }

  accepts(source: number): boolean {
    return this.#outstation.accepts(source);
  }

  fragment(fragment: Uint8Array, source: number, destination: number, now: Instant): void {
    this.#outstation.receive(fragment, source, destination, this, now);
  }

  refused(code: number): void {
    this.#outstation.counters.refused++;
    this.#onRefused?.(code);
  }

  send(fragment: Uint8Array, destination: number): void {
    this.link.send(fragment, destination);
    if (!this.#busy) this.#onOutput?.();
  }
}
