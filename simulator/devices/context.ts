/**
 * What a device is made of. Parts are small capabilities (a Modbus server, a poller, a clock that asks NTP); which of them a device
 * has follows from what `plant.yaml` declares of it, never from its kind.
 */
import type { DeviceIdentity, DeviceSpec, Instant, PlantSpec, PointAccess, WriteOutcome, Writer } from '@penstock/core';
import type { Controller } from '@penstock/simulator/controllers';
import type { Cause, EventQueue, Firewall, NetworkHost, PointSession, Random } from '@penstock/simulator/kernel';
import type { DeviceClock } from './device-clock.ts';
import type { Doors } from './doors/index.ts';
import type { TagStore } from './tag-store.ts';

/** How a device is heard from: its log lines go to the plant's syslog host and to the truth journal. */
export interface LogEntry {
  /** Syslog severity: 3 error, 4 warning, 5 notice, 6 informational. */
  readonly severity: number;
  /** What kind of entry: `key`, `program-download`, `dropped`. */
  readonly id: string;
  readonly text: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The truth's ear: everything that happens to devices, with who caused it. Not a path that a monitor could see. */
export interface DeviceJournal {
  wrote(
    now: Instant,
    device: string,
    tag: string,
    value: number,
    outcome: WriteOutcome,
    writer: Writer,
    cause: Cause | undefined,
  ): void;
  logged(now: Instant, device: string, entry: LogEntry): void;
}

/** The plant's level-0 wiring between controllers and the process, by the plant's tag number. */
export interface Wiring {
  /** Measured value of a tag with an instrument, position of one with an actuator. */
  read(tag: number): number;
  good(tag: number): boolean;
  command(tag: number, value: number): void;
  /** Changes whenever one of these may have become another. */
  version(): number;
}

export interface Surroundings {
  readonly plant: PlantSpec;
  readonly queue: EventQueue;
  readonly wiring: Wiring;
  readonly journal: DeviceJournal;
  /** Structured Text by the path in `plant.yaml`. */
  readonly programs: ReadonlyMap<string, string>;
  /** Where what a firewall dropped is heard of; only a firewall listens. */
  readonly firewall: Pick<Firewall, 'onDrop'> | undefined;
  /** Epoch of the run's start in microseconds since 1970, for clocks that devices show. */
  readonly epoch: number;
  /** Number of a tag. */
  tagIndex(tag: string): number;
  device(id: string): DeviceSpec;
}

/** A device as its parts see it. */
export interface DeviceContext extends Surroundings {
  readonly spec: DeviceSpec;
  readonly host: NetworkHost;
  readonly random: Random;
  readonly store: TagStore;
  readonly controller: Controller | undefined;
  /** The device's memory for protocols; undefined for one without points. */
  readonly points: PointAccess | undefined;
  /** What it says of itself now: firmware that is loaded over the network changes it. */
  readonly identity: DeviceIdentity;
  /** Accounts and firmware; undefined for a device that has neither. */
  readonly doors: Doors | undefined;
  /** What the device shows and stamps with. */
  readonly clock: DeviceClock;
  log(entry: LogEntry): void;
  /** Points of another device as this one's software writes them: over its standing conversation with it. */
  operate(target: string, cause: Cause): PointSession;
  /** The controller's own clock at an instant of the run. */
  controllerTime(now: Instant): Instant;
  /** Sets the cause of what follows while the bytes of a connection or a socket are handled, so that writes can be told to the journal. */
  causedBy(source: { readonly heard?: Cause | undefined } | undefined): void;
}

/** A capability of a device. `start` is called at power-on and may be called again after `stop`. */
export interface Part {
  start(now: Instant): void;
  stop(now: Instant): void;
}

/** Looks at what the device declares and makes the part, or says that it has none of the kind. */
export type PartFactory = (context: DeviceContext) => Part | undefined;
