/** What the engine keeps of a step while it acts or waits. */
import type { Instant } from '@penstock/core';
import type { Meter } from './caps.ts';
import type { Condition } from './conditions.ts';
import type { Phase } from './host.ts';
import type { StepSpec } from './scenario.ts';

/** A step that acts, with what it sent so far and what it holds open. */
export interface Running {
  readonly step: StepSpec;
  readonly phase: Phase;
  readonly meter: Meter;
  readonly sessions: { release(): void }[];
  active: boolean;
}

/** A step whose condition has not come true. */
export interface Waiting {
  readonly step: StepSpec;
  readonly condition: Condition;
  readonly deadline: Instant;
}
