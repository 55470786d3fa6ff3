/** What the engine asks of the range that it acts in, and what it tells it. */
import type { Duration, Instant, PlantSpec } from '@penstock/core';
import type { DeviceRegistry, EventQueue, Foothold } from '@penstock/simulator/kernel';
import type { Prerequisite } from './prerequisites.ts';
import type { RevertReport } from './revert.ts';

export type Phase = 'attack' | 'twin' | 'revert';

/** One line of the truth journal about a step. */
export interface StepRecord {
  readonly at: Instant;
  readonly step: string;
  readonly phase: Phase;
  /**
   * `refused`: by the scope guard, nothing was sent. `capped`: a cap ended it. `skipped`: what it waited for did not come true in time.
   * `waiting`: for somebody's approval. `unmet`: a prerequisite, so that nothing begins. `aborted`: the whole scenario, with the reason.
   */
  readonly event: 'waiting' | 'start' | 'done' | 'failed' | 'refused' | 'capped' | 'skipped' | 'unmet' | 'aborted';
  readonly techniques: readonly string[];
  /** Roles and tags that the step is about; the labels that alerts are held against. */
  readonly target: string;
  readonly tags: readonly string[];
  readonly detail: string;
}

/** A device as its panel shows it. */
export interface DeviceState {
  /** Switched on, and its network link up. */
  readonly on: boolean;
  /** Of a controller. */
  readonly key?: string | undefined;
  readonly mode?: string | undefined;
}

/** What firmware a device has. `altered`: not what the vendor made. `dead`: it does not start with it. */
export interface FirmwareState {
  readonly revision: string;
  readonly state: 'runs' | 'altered' | 'dead';
}

export interface EngineHost {
  readonly run: string;
  readonly plant: PlantSpec;
  readonly queue: EventQueue;
  readonly registry: DeviceRegistry;
  foothold(deviceId: string): Foothold;
  disturb(name: string, value: number, over: Duration): void;
  record(record: StepRecord): void;
  /** A controller's program and mode, over the management channel; without it the engine reads the program over the wire. */
  program?(deviceId: string): { readonly source: string; readonly mode: string } | undefined;
  /** Plugs a device in that is usually absent, or takes it away. */
  attach?(deviceId: string, there: boolean): void;
  /** True values by the plant's tag number. An adversary outside the range's process has none. */
  readonly truth?: ArrayLike<number>;
  /** By the plant's tag number what a device last received, NaN where nothing: what somebody who sits at it can see. */
  received?(deviceId: string): ArrayLike<number>;
  device?(deviceId: string): DeviceState;
  /** Undefined for a device whose firmware cannot be replaced. */
  firmware?(deviceId: string): FirmwareState | undefined;
  /** Somebody at the device itself writes the vendor's image of a revision by its service port; why not, or undefined when it is done. */
  reflash?(deviceId: string, revision: string): string | undefined;
  /** What stands in a point of a controller's memory, over the management channel; without it the engine reads over the wire. */
  memory?(deviceId: string, tag: string): number | undefined;
}

export interface EngineOptions {
  /** `twin` plays the legitimate look-alike instead of the attack. */
  readonly variant: 'attack' | 'twin';
  /** Values for the scenario's inputs; defaults for the rest. */
  readonly inputs?: Readonly<Record<string, number>>;
  /** Every step of the attack waits for `approve`; reverts do not. */
  readonly approveEachStep?: boolean;
}

/** What came of the attack as the engine knows it. */
export interface AttackReport {
  readonly prerequisites: readonly Prerequisite[];
  /** Why the scenario was ended before its time. */
  readonly aborted: { readonly at: Instant; readonly reason: string } | null;
  readonly revert: RevertReport;
  readonly packets: number;
  readonly writes: number;
  /** Writes that devices took. */
  readonly taken: number;
}
