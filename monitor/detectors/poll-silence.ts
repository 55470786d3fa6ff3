/** A client that asked a device regularly has stopped, while the rest of the network goes on. */
import type { Detector, DetectorModule, Poll } from './detector.ts';

/** Requests after which a rhythm is a rhythm. */
const ENOUGH = 20;
/** Mean intervals that may pass; a reconnecting client needs a few. */
const PATIENCE = 10;
const AT_LEAST = 30e6;

class PollSilence implements Detector {
  /** When each poll was already reported; forgotten as soon as it goes on. */
  readonly #reported = new Map<Poll, number>();

  check(now: number, polls: Iterable<Poll>, report: Parameters<Detector['check']>[2]): void {
    for (const poll of polls) {
      if (poll.requests < ENOUGH) continue;
      const interval = (poll.last - poll.first) / (poll.requests - 1);
      const silence = now - poll.last;
      if (silence <= Math.max(PATIENCE * interval, AT_LEAST)) {
        this.#reported.delete(poll);
        continue;
      }
      if (this.#reported.get(poll) === poll.last) continue;
      this.#reported.set(poll, poll.last);
      const { source, destination } = poll;
      report({
        source,
        device: destination,
        message: `${source.label} has not asked ${destination.label} for ${Math.round(silence / 1e6)} s; before, it did about every ${showInterval(interval)}`,
        why: `Whoever watches the process through ${source.label} sees old values of ${destination.label}, and alarms that come from them stay away.`,
      });
    }
  }
}

const showInterval = (interval: number): string =>
  interval < 1e6 ? `${Math.round(interval / 1e3)} ms` : `${(interval / 1e6).toFixed(1)} s`;

export const pollSilence: DetectorModule = {
  name: 'poll-silence',
  title: 'Regular polling of a device has stopped',
  description:
    'A client that asked a device in a steady rhythm has been silent for ten intervals and at least 30 s while other traffic goes on.',
  level: 'medium',
  techniques: ['T1691.002', 'T0815'],
  falsePositives: [
    'A client that is restarted or switched off',
    'A lost link',
    'A device that is taken out of service',
  ],
  every: 5e6,
  suppress: 3600e6,
  create: () => new PollSilence(),
};
