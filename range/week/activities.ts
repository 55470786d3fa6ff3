/** What can happen in a normal week, by kind. Each acts as its people would: over a session of the plant's network, or by hand. */
import type { ActivitySpec, Instant } from '@penstock/core';
import type { Cause, Random } from '@penstock/simulator/kernel';
import type { Range } from '../range.ts';

export interface ActivityContext {
  readonly range: Range;
  readonly random: Random;
  readonly activity: ActivitySpec;
  readonly cause: Cause;
}

type Activity = (context: ActivityContext, now: Instant) => void;

export const ACTIVITIES: Readonly<Record<string, Activity | undefined>> = {};
