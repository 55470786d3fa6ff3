/** What an outstation needs of the device that it speaks for, beyond its points: all of it may be left out. */
import type { Duration, Instant, PointAccess, WriteOutcome, Writer } from '@penstock/core';
import { COMMAND_STATUS } from './values.ts';

export type RestartKind = 'cold' | 'warm';

/** Functions 15 to 19 and 31 of the application layer. */
export type ApplicationAction =
  | 'initialize-data'
  | 'initialize-application'
  | 'start-application'
  | 'stop-application'
  | 'save-configuration'
  | 'activate-configuration';

export interface OutstationDevice extends PointAccess {
  /** Quality of a point as flags of DNP3 (`FLAG`), without state bits; on line when left out. */
  flags?(point: number): number;
  /** An octet string, 1 to 255 octets. */
  octets?(point: number): Uint8Array;
  writeOctets?(point: number, octets: Uint8Array, writer: Writer): WriteOutcome;
  /**
   * The device is asked to restart; how long it will not be there, or undefined when it refuses. The answer is sent before; whoever
   * restarts it calls `Dnp3Outstation.restarted` when it is there again.
   */
  restart?(kind: RestartKind, writer: Writer, now: Instant): Duration | undefined;
  /** @param names of the applications or files that are meant; empty for all */
  application?(action: ApplicationAction, names: readonly string[], writer: Writer): WriteOutcome;
  /** Conditions that the device reports of its own: `IIN.localControl`, `deviceTrouble` and `configurationCorrupt`. */
  conditions?(): number;
}

/** A device's clock in milliseconds since 1970. */
export interface OutstationClock {
  read(now: Instant): number;
  set(time: number, now: Instant, writer: Writer): WriteOutcome;
}

/** A clock of the outstation's own, which masters set. */
export class SettableClock implements OutstationClock {
  /** Milliseconds since 1970 at the start of the run. */
  #origin: number;

  constructor(origin = 0) {
    this.#origin = origin;
  }

  read(now: Instant): number {
    return Math.floor(this.#origin + now / 1000);
  }

  set(time: number, now: Instant): WriteOutcome {
    this.#origin = time - now / 1000;
    return 'done';
  }
}

/** A file as a directory shows it. */
export interface FileEntry {
  readonly name: string;
  /** Octets. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly writable: boolean;
}

/** The files of a device: its configuration, its logs. Names have no folders. */
export interface OutstationFiles {
  list(): readonly FileEntry[];
  read(name: string): Uint8Array | undefined;
  /** Replaces the whole file. */
  write(name: string, octets: Uint8Array, writer: Writer): WriteOutcome;
  remove(name: string, writer: Writer): WriteOutcome;
  /** With it, opening and deleting need a key that a right name and password get. */
  authenticate?(user: string, password: string, writer: Writer): boolean;
}

/** What became of a write, as a command's status says it (IEEE 1815-2012, table A-4). */
export function statusOf(outcome: WriteOutcome): number {
  switch (outcome) {
    case 'done':
      return COMMAND_STATUS.success;
    case 'read-only':
      return COMMAND_STATUS.notSupported;
    case 'locked':
      return COMMAND_STATUS.local;
    case 'range':
      return COMMAND_STATUS.outOfRange;
    case 'fault':
      return COMMAND_STATUS.hardwareError;
  }
}
