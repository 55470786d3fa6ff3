/** Detections that Sigma cannot say, such as that something stopped happening. One module each, registered in `registry.ts`. */
import type { Host } from '../hosts.ts';
import type { Level } from '../sigma/schema.ts';

/** A standing conversation: one client that asks one server. */
export interface Poll {
  readonly source: Host;
  readonly destination: Host;
  /**
   * Microseconds since 1970 of the first and the newest request, and how many there were. Time in which nothing at all was seen on
   * the network does not count: both move on by it.
   */
  first: number;
  last: number;
  requests: number;
}

export interface DetectorFinding {
  readonly source: Host;
  readonly device: Host;
  readonly message: string;
  readonly why: string;
}

/**
 * What became of a finding: `told`; or why the work-order calendar keeps it back: the work that it comes from `ends` by itself, or one of
 * the two is worked on and the conversation `pauses`.
 */
export type Reception = 'told' | 'ends' | 'pauses';

/**
 * Something that detectors may put together with other things: a program that was written (FC 21), or that a device says has changed; an
 * outstation that is told not to report of its own accord, or to do so again.
 */
export interface Happening {
  readonly kind: 'program-written' | 'program-logged' | 'reports-disabled' | 'reports-enabled';
  readonly time: number;
  readonly device: Host;
  readonly source: Host;
  /** The device keeps a log: it has sent lines in this run, or did while learning. */
  readonly logs: boolean;
}

export interface Detector {
  /** Called when one of these happens. */
  happened?(happening: Happening): void;
  /** Looks at all polls. Called about every `every` microseconds of event time. */
  check(now: number, polls: Iterable<Poll>, report: (finding: DetectorFinding) => Reception): void;
}

export interface DetectorModule {
  /** Stands beside the rules' names in alerts and lists. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly level: Level;
  readonly techniques: readonly string[];
  readonly falsePositives: readonly string[];
  /** Microseconds between checks, and within which repetitions are only counted. */
  readonly every: number;
  readonly suppress: number;
  create(): Detector;
}
