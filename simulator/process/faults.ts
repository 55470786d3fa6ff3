/** Failure modes of instruments and final elements, set and cleared at run time by tag. */

export type SensorFault =
  /** Reads wrong by `value`, in the tag's unit. */
  | { readonly kind: 'bias'; readonly value: number }
  /** Drifts away by so much an hour from when the fault is set. */
  | { readonly kind: 'drift'; readonly perHour: number }
  /** Standard deviation of noise on top of the instrument's own. */
  | { readonly kind: 'noise'; readonly deviation: number }
  /** Frozen at `value`, or at what it read when the fault was set. */
  | { readonly kind: 'stuck'; readonly value?: number }
  /** Signal lost: the last reading stays and its quality is bad. */
  | { readonly kind: 'dropout' };

export type ActuatorFault =
  /** Jammed at `position` (where it stands when left out). */
  | { readonly kind: 'stuck'; readonly position?: number }
  /** Passes at least `minimum` whatever the command: a valve that does not seat, a welded contact (`minimum: 1`). */
  | { readonly kind: 'leak'; readonly minimum: number }
  /** Moves only when command and position part by more than `band`, a fraction of the tag's range. */
  | { readonly kind: 'stiction'; readonly band: number }
  /** Moves no faster than this fraction of the tag's range per second. */
  | { readonly kind: 'slow'; readonly perSecond: number }
  /** Travel is limited to these positions. */
  | { readonly kind: 'travel'; readonly low: number; readonly high: number };

export type Fault = SensorFault | ActuatorFault;

export const SENSOR_FAULTS = ['bias', 'drift', 'noise', 'stuck', 'dropout'] as const;
export const ACTUATOR_FAULTS = ['stuck', 'leak', 'stiction', 'slow', 'travel'] as const;
