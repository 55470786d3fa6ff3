/** Runs the detector modules on event time, over the polls that are going on. */
import type { AlertBook } from '../alerts/index.ts';
import type { Calendar, Host } from '../hosts.ts';
import type { Detector, DetectorFinding, DetectorModule, Happening, Poll, Reception } from './detector.ts';

const MAX_POLLS = 16_384;
/** When nothing at all comes for so long, it is the sensor that sees nothing; microseconds. */
const BLIND = 10e6;

interface Entry {
  readonly module: DetectorModule;
  readonly detector: Detector;
  due: number;
}

export class DetectorRunner {
  /** Polls that found no room. */
  dropped = 0;
  /** Nothing is to be done before this time. */
  due = Number.NEGATIVE_INFINITY;
  readonly #alerts: AlertBook;
  readonly #calendar: Calendar;
  readonly #entries: readonly Entry[];
  readonly #polls = new Map<string, Poll>();

  constructor(modules: readonly DetectorModule[], alerts: AlertBook, calendar: Calendar) {
    this.#alerts = alerts;
    this.#calendar = calendar;
    this.#entries = modules.map((module) => ({ module, detector: module.create(), due: Number.NEGATIVE_INFINITY }));
  }

  /** The standing conversation of two hosts. Whoever sees a request of it sets `last` and counts it. */
  poll(source: Host, destination: Host, time: number): Poll {
    const key = `${source.address}|${destination.address}`;
    const known = this.#polls.get(key);
    if (known !== undefined) return known;
    const poll: Poll = { source, destination, first: time, last: time, requests: 0 };
    if (this.#polls.size < MAX_POLLS) this.#polls.set(key, poll);
    else this.dropped++;
    return poll;
  }

  happened(happening: Happening): void {
    for (const { detector } of this.#entries) detector.happened?.(happening);
  }

  /** Event time went on by `passed` without anything on the network. */
  passed(passed: number): void {
    if (passed <= BLIND) return;
    for (const poll of this.#polls.values()) {
      poll.first += passed;
      poll.last += passed;
    }
  }

  run(time: number): void {
    this.due = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries) {
      if (time >= entry.due) {
        entry.due = time + entry.module.every;
        entry.detector.check(time, this.#polls.values(), (finding) => this.#report(time, entry.module, finding));
      }
      if (entry.due < this.due) this.due = entry.due;
    }
  }

  #report(epoch: number, module: DetectorModule, finding: DetectorFinding): Reception {
    const { device, source, message, why } = finding;
    const explained = this.#calendar.explains(device.address, source.address);
    if (explained !== undefined) return explained;
    this.#alerts.report(
      {
        epoch,
        rule: module,
        techniques: module.techniques,
        device,
        source,
        tag: undefined,
        detail: undefined,
        oldValue: undefined,
        newValue: undefined,
        unit: undefined,
        message,
        why,
      },
      [],
      () => [],
    );
    return 'told';
  }
}
