/** What can happen in a normal week, by kind. Each acts as its people would: over a session of the plant's network, or by hand. */
import { type ActivitySpec, type Duration, type Instant, milliseconds, minutes, parseDuration, seconds, UsageError } from '@penstock/core';
import { RegisterAccess } from '@penstock/simulator/devices';
import type { Cause, Random } from '@penstock/simulator/kernel';
import type { Range } from '../range.ts';

export interface ActivityContext {
  readonly range: Range;
  readonly random: Random;
  readonly activity: ActivitySpec;
  readonly cause: Cause;
}

type Activity = (context: ActivityContext, now: Instant) => void;

