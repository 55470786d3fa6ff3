import type { Duration, PlantSpec } from '@penstock/core';
import type { Cause, Foothold } from '@penstock/simulator/kernel';
import type { z } from 'zod';
import type { ScopeGuard } from '../scope.ts';
import type { CommonStep, Quantity } from '../words.ts';

/** What a verb may use: names in, sessions out. There is no way to an address from here. */
export interface VerbContext {
  readonly guard: ScopeGuard;
  readonly plant: PlantSpec;
  readonly cause: Cause;
  /** The foothold at a device that the guard let through. What goes out through it is counted against the caps. */
  foothold(deviceId: string): Foothold;
  /** The number of a quantity: itself, the scenario's input of that name, or what stood in the tag before the attack. */
  value(quantity: Quantity, device: string, tag: string): number;
  /** The adversary has learned what a tag reads. */
  learned(tag: string, value: number): void;
  /** A point is written: what stands there is put back in the end. Call before the write is sent … */
  wrote(device: string, tag: string): void;
  /** … and when the device has taken it. */
  accepted(device: string, tag: string): void;
  /** A controller's program or mode is changed: it is put back in the end. Call before the change is sent. */
  reprogrammed(device: string): void;
  /** A device is given a firmware image: what it ran is put back in the end. Call before the image is sent. */
  flashed(device: string): void;
  /** Somebody at the device itself writes the image that it ran before the attack; why not, or undefined when it is done. */
  reflash(device: string): string | undefined;
  /** An outstation is about to be told to report nothing, or has taken it that it is to report again. */
  reports(device: string, state: 'silenced' | 'enabled'): void;
  /** The program that a controller had before the attack; undefined where that is not known. */
  programBefore(device: string): string | undefined;
  /** Runs `act` later, unless the step was ended meanwhile. */
  later(delay: Duration, act: () => void): void;
  /** Something that goes on after the step, until `release` or the revert ends it. One of a device. */
  hold(device: string, held: Held): void;
  /** Ends what is held at a device; undefined when there is nothing. */
  release(device: string): Held | undefined;
}

/** What goes on beside the steps: a place between two parties, an alarm that is kept from being told. */
export interface Held {
  /** Packets that were changed, for the caps. */
  readonly packets: number;
  readonly detail: string;
  stop(): void;
  /** What has to be sent to undo it, from the step that releases it; nothing when left out. */
  undo?(context: VerbContext, end: (result: StepResult) => void): void;
}

/** How a step ended. `detail` is one line for the journal, for example the exception that came back. */
export interface StepResult {
  readonly outcome: 'done' | 'failed';
  readonly detail: string;
}

/** One thing that a step would do, with every name resolved. */
export interface PlanLine {
  readonly from: string;
  readonly to: string;
  /** Where in the device, for example `AIC301_SP (holding 0)`. */
  readonly point: string;
  /** In engineering units; null where nothing is written. */
  readonly value: string | null;
}

/** How a point is written where it can be written in several ways: a DNP3 output by SELECT and OPERATE or at once; by a device's page, or its console. */
export type Way = 'select' | 'direct' | 'page' | 'console';

/** A point that a step may overwrite. */
export interface Overwrite {
  readonly role: string;
  readonly tag: string;
  /** Over DNP3: how, and under which master's link address. */
  readonly way?: Way | undefined;
  readonly as?: string | undefined;
  /** Over Sparkplug: role of the broker, and of the device whose account there is used. */
  readonly broker?: string | undefined;
  readonly account?: string | undefined;
  /** Over BACnet: at which priority. */
  readonly priority?: number | undefined;
}

/** An outstation that is told to report nothing of some classes, and by whom. */
export interface Silences {
  readonly role: string;
  readonly from: string;
  readonly as?: string | undefined;
  readonly classes: readonly (1 | 2 | 3)[];
}

/** What names and numbers mean, without a foothold: for checks and for a dry run. */
export type PlanContext = Pick<VerbContext, 'guard' | 'plant'> & {
  /** The number of a quantity, undefined for what is not known before the run. */
  value(quantity: Quantity): number | undefined;
};

/** A verb: what a step of its kind says, whom it concerns, what it would do, and doing it. */
export interface Verb<Schema extends z.ZodType<CommonStep>> {
  readonly schema: Schema;
  /** Roles that are acted upon. */
  targets(step: z.output<Schema>, plant: PlantSpec): readonly string[];
  /** Tags that the step is about: labels that alerts are held against. */
  tags(step: z.output<Schema>, plant: PlantSpec): readonly string[];
  /** Points that it may overwrite. */
  overwrites(step: z.output<Schema>, plant: PlantSpec): readonly Overwrite[];
  /** Controllers, by role, whose program or mode it may change; none when left out. */
  reprograms?(step: z.output<Schema>): readonly string[];
  /** Devices, by role, whose firmware it may replace; none when left out. */
  flashes?(step: z.output<Schema>): readonly string[];
  /** Outstations that it tells to report nothing of their own accord; none when left out. */
  silences?(step: z.output<Schema>): readonly Silences[];
  /** Resolves every name. @throws ScopeError before anything is sent */
  plan(step: z.output<Schema>, context: PlanContext): readonly PlanLine[];
  /** Starts the step; `end` is called once, from within the event queue. @throws ScopeError before anything was sent */
  run(step: z.output<Schema>, context: VerbContext, end: (result: StepResult) => void): void;
}

/** Keeps a verb's types together. */
export const defineVerb = <Schema extends z.ZodType<CommonStep>>(verb: Verb<Schema>): Verb<Schema> => verb;
