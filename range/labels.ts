/**
 * `labels.csv`: which packet and which second belongs to which step of a scenario. Packets are numbered as in `capture.pcap`, from 1;
 * a second belongs to the step that began last, from the first malicious packet to the end of the revert.
 */
import { createHash } from 'node:crypto';
import type { StepRecord } from '@penstock/attacks';
import { type Instant, inSeconds } from '@penstock/core';
import type { Cause, CauseListener } from '@penstock/simulator/kernel';

interface LabelledPacket {
  readonly number: number;
  readonly at: Instant;
  readonly cause: Cause;
  readonly response: boolean;
}

/** Packets that are kept for labels; beyond it only the count grows. A flood is known by its first million. */
const LIMIT = 1_000_000;

export class Labels implements CauseListener {
  readonly #packets: LabelledPacket[] = [];
  /** Actors whose packets are labelled: a scenario or its twin; normal operation is not. */
  readonly #isLabelled: (actor: string) => boolean;
  #firstAt: Instant | undefined;
  #count = 0;

  constructor(isLabelled: (actor: string) => boolean) {
    this.#isLabelled = isLabelled;
  }

  caused(frame: number, time: Instant, cause: Cause, response: boolean): void {
    if (!this.#isLabelled(cause.actor)) return;
    this.#count++;
    if (!response) this.#firstAt ??= time;
    if (this.#packets.length < LIMIT) this.#packets.push({ number: frame, at: time, cause, response });
  }

  /** Time of the first packet that the scenario sent. */
  get firstAt(): Instant | undefined {
    return this.#firstAt;
  }

  get count(): number {
    return this.#count;
  }

  /** The file's text. `end` is the end of the revert, or of the run. */
  csv(steps: readonly StepRecord[], end: Instant): string {
    const lines = ['kind,number,time,phase,step,techniques,actor,response'];
    const stepOf = new Map(steps.filter((s) => s.event === 'start').map((s) => [s.step, s]));
    for (const { number, at, cause, response } of this.#packets) {
      const step = stepOf.get(cause.step);
      lines.push(
        [
          'packet',
          number,
          inSeconds(at).toFixed(6),
          step?.phase ?? '',
          cause.step,
          step?.techniques.join(' ') ?? '',
          cause.actor,
          response,
        ].join(','),
      );
    }
    const starts = steps.filter((s) => s.event === 'start');
    if (this.#firstAt !== undefined)
      for (let second = Math.floor(inSeconds(this.#firstAt)); second < inSeconds(end); second++) {
        const step = starts.findLast((s) => inSeconds(s.at) < second + 1);
        if (step)
          lines.push(['second', second, second, step.phase, step.step, step.techniques.join(' '), '', ''].join(','));
      }
    return `${lines.join('\n')}\n`;
  }
}

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
