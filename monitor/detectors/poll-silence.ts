/** A client that asked a device regularly has stopped, while the rest of the network goes on. */
import type { Detector, DetectorModule, Poll } from './detector.ts';

/** Looks (one every 5 s) that must have found the conversation going on: two minutes of a rhythm are one, a burst is not. */
const ENOUGH_LOOKS = 24;
/** Mean intervals that may pass; a reconnecting client needs a few. */
const PATIENCE = 10;
const AT_LEAST = 30e6;

/** Kinds of hosts that people sit at: they look at something for an hour and go home. */
const COME_AND_GO: ReadonlySet<string | undefined> = new Set(['workstation', 'jump-host']);

/** How a conversation has gone so far. */
interface Rhythm {
  /** Requests at the last look, and looks that found more than before. */
  requests: number;
  looks: number;
  /** Newest request of a silence that was told already. */
  told: number | undefined;
}

class PollSilence implements Detector {
  readonly #rhythms = new Map<Poll, Rhythm>();

  check(now: number, polls: Iterable<Poll>, report: Parameters<Detector['check']>[2]): void {
    for (const poll of polls) {
      if (COME_AND_GO.has(poll.source.kind)) continue;
      let rhythm = this.#rhythms.get(poll);
      if (rhythm === undefined) {
        rhythm = { requests: 0, looks: 0, told: undefined };
        this.#rhythms.set(poll, rhythm);
      }
      if (poll.requests !== rhythm.requests) {
        rhythm.requests = poll.requests;
        rhythm.looks++;
      }
      if (rhythm.looks < ENOUGH_LOOKS || rhythm.told === poll.last) continue;
      const interval = (poll.last - poll.first) / (poll.requests - 1);
      const silence = now - poll.last;
      if (silence <= Math.max(PATIENCE * interval, AT_LEAST)) continue;
      const { source, destination } = poll;
      const reception = report({
        source,
        device: destination,
        message: `${source.label} has not asked ${destination.label} for ${Math.round(silence / 1e6)} s; before, it did about every ${showInterval(interval)}`,
        why: `Whoever watches the process through ${source.label} sees old values of ${destination.label}, and alarms that come from them stay away.`,
      });
      if (reception === 'told') rhythm.told = poll.last;
      else if (reception === 'ends') this.#forget(poll, rhythm);
    }
  }

  /** The conversation begins anew when it begins anew. */
  #forget(poll: Poll, rhythm: Rhythm): void {
    rhythm.looks = 0;
    rhythm.requests = 0;
    poll.requests = 0;
  }
}

const showInterval = (interval: number): string =>
  interval < 1e6 ? `${Math.round(interval / 1e3)} ms` : `${(interval / 1e6).toFixed(1)} s`;

export const pollSilence: DetectorModule = {
  name: 'poll-silence',
  title: 'Regular polling of a device has stopped',
  description:
    'A client that asked a device for minutes on end has been silent for ten of its intervals and at least 30 s, while other traffic goes on and no work order explains it.',
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
