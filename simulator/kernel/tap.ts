/**
 * The tap: every frame once, as it leaves its original sender. What a frame shows goes to the sinks; who caused it goes to the
 * truth listener, which no monitor ever is.
 */
import { type FrameSink, type Instant, LINKTYPE_ETHERNET } from '@penstock/core';
import type { Cause } from './foothold.ts';
import type { Frame } from './frame.ts';

/** Hears of the frames that somebody caused, for the truth journal and the labels of a capture. */
export interface CauseListener {
  /**
   * `frame` counts the tap's frames from 1, as Wireshark numbers them in a capture of the whole run; `response` tells an answer
   * from the act itself.
   */
  caused(frame: number, time: Instant, cause: Cause, response: boolean): void;
}

export class Tap {
  /** Microseconds since 1970 of the run's start. */
  readonly epoch: number;
  #sinks: FrameSink[] = [];
  #listener: CauseListener | undefined;
  #frames = 0;
  #bytes = 0;

  constructor(epoch: number) {
    this.epoch = epoch;
  }

  get frames(): number {
    return this.#frames;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** `sink` gets every frame from now on, in order of time. */
  attach(sink: FrameSink): void {
    this.#sinks = [...this.#sinks, sink];
  }

  detach(sink: FrameSink): void {
    this.#sinks = this.#sinks.filter((s) => s !== sink);
  }

  /** One listener a run; undefined ends listening. */
  listen(listener: CauseListener | undefined): void {
    this.#listener = listener;
  }

  pass(frame: Frame, now: Instant): void {
    frame.seen = true;
    this.observe(frame.buffer, frame.start, frame.end, now, frame.cause, frame.response);
  }

  /** A frame that went past elsewhere: on a bridge of the operating system. */
  observe(buffer: Uint8Array, start: number, end: number, now: Instant, cause?: Cause, response = false): void {
    this.#frames++;
    this.#bytes += end - start;
    const sinks = this.#sinks;
    for (let i = 0; i < sinks.length; i++)
      (sinks[i] as FrameSink).frame(this.epoch + now, buffer, start, end, LINKTYPE_ETHERNET);
    if (cause !== undefined) this.#listener?.caused(this.#frames, now, cause, response);
  }
}
