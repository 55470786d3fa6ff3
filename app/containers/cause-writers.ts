/** On whose behalf somebody writes to controllers: what it told last, until that is answered. */
import type { Cause } from '@penstock/simulator/kernel';

/** A controller has done what a request asks for so soon after the request was told, at the latest; microseconds. */
const WRITES_WITHIN = 2e6;
/** So long after the answer has left, a controller's write is not of that request any more. */
const WRITES_AFTER = 50e3;

interface Writer {
  /** Whose the whole conversation is. */
  owner: Cause | undefined;
  /** Whose the last act is, when it was told, and when its answer left. */
  cause: Cause | undefined;
  at: number;
  answeredAt: number;
}

export class Writers {
  readonly #most: number;
  readonly #all = new Map<string, Writer>();

  /** @param most writers that are known at once; the one that was quiet the longest goes */
  constructor(most: number) {
    this.#most = most;
  }

  own(address: string, port: number, cause: Cause): void {
    this.#writer(address, port).owner = cause;
  }

  /** A new conversation from a port whose last one belonged to somebody. */
  disown(address: string, port: number): void {
    const writer = this.#all.get(`${address}:${port}`);
    if (writer !== undefined) writer.owner = undefined;
  }

  act(address: string, port: number, cause: Cause, at: number): void {
    const writer = this.#writer(address, port);
    Object.assign(writer, { owner: undefined, cause, at, answeredAt: Number.POSITIVE_INFINITY });
  }

  /** The answer to what was asked for was on its way then. */
  answered(address: string, port: number, cause: Cause, time: number): void {
    const writer = this.#all.get(`${address}:${port}`);
    // Each mark has a cause of its own, also where two say the same.
    if (writer?.cause === cause) writer.answeredAt = Math.min(writer.answeredAt, time);
  }

  causeOf(address: string, port: number, now: number): Cause | undefined {
    const writer = this.#all.get(`${address}:${port}`);
    if (writer === undefined) return undefined;
    if (writer.owner !== undefined) return writer.owner;
    if (Math.abs(now - writer.at) > WRITES_WITHIN || now > writer.answeredAt + WRITES_AFTER) return undefined;
    return writer.cause;
  }

  #writer(address: string, port: number): Writer {
    const key = `${address}:${port}`;
    const known = this.#all.get(key) ?? {
      ...{ owner: undefined, cause: undefined, at: 0, answeredAt: Number.POSITIVE_INFINITY },
    };
    this.#all.delete(key);
    this.#all.set(key, known);
    if (this.#all.size > this.#most) this.#all.delete(this.#all.keys().next().value as string);
    return known;
  }
}
