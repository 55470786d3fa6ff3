import type { PlantSpec } from '@penstock/core';
import type { Cause, Foothold } from '@penstock/simulator/kernel';
import type { Quantity } from '../scenario.ts';
import type { ScopeGuard } from '../scope.ts';

/** What a verb may use: names in, sessions out. There is no way to an address from here. */
export interface VerbContext {
  readonly guard: ScopeGuard;
  readonly plant: PlantSpec;
  readonly cause: Cause;
  /** The foothold at a device that the guard let through. */
  foothold(deviceId: string): Foothold;
  /** The number of a quantity: itself, or the scenario's input of that name. */
  value(quantity: Quantity): number;
}

/** How a step ended. `detail` is one line for the journal, for example the exception that came back. */
export interface StepResult {
  readonly outcome: 'done' | 'failed';
  readonly detail: string;
}

/** Starts the step; `end` is called once, from within the event queue. Throws a ScopeError before anything was sent. */
export type VerbRun<Step> = (step: Step, context: VerbContext, end: (result: StepResult) => void) => void;
