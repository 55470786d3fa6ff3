/** Intrinsic reporting of one object (ASHRAE 135-2020, clause 13.2 and 13.3): which state it is in, since when, and who knows. */
import { type Instant, seconds } from '@penstock/core';
import type { BacnetError } from './apdu.ts';
import { array, OUT_OF_RANGE, type Property, WRONG_TYPE, writableBits, writableNumber } from './objects.ts';
import { PROPERTY } from './property-ids.ts';
import { bits, constructed, dateTime, unsigned } from './values.ts';

export const EVENT_STATE = { normal: 0, fault: 1, offnormal: 2, highLimit: 3, lowLimit: 4 } as const;
export const EVENT_TYPE = { changeOfState: 1, outOfRange: 5 } as const;

/** What an object reports of its own accord. Limits are in its unit, `value` and `values` are states. */
export interface AlarmSpec {
  readonly notificationClass: number;
  /** Seconds that a condition must hold. */
  readonly delay: number;
  readonly notify: 'alarm' | 'event';
  readonly high?: number | undefined;
  readonly low?: number | undefined;
  readonly deadBand?: number | undefined;
  /** States that are alarms, of binary and multi-state objects. */
  readonly values?: readonly number[] | undefined;
}

/** A change of state, as it is told. */
export interface Transition {
  readonly alarm: AlarmState;
  readonly from: number;
  readonly to: number;
  readonly value: number;
  /** Microseconds since 1970, of the device's clock. */
  readonly time: number;
}

/** Which of the three kinds of transitions leads to a state: to off-normal, to fault, to normal. */
export const transitionOf = (state: number): 0 | 1 | 2 =>
  state === EVENT_STATE.normal ? 2 : state === EVENT_STATE.fault ? 1 : 0;

export class AlarmState {
  readonly object: number;
  readonly kind: 'limits' | 'states';
  state: number = EVENT_STATE.normal;
  /** By transition: whether somebody has acknowledged it, when it was last taken (0: never), and whether it is told. */
  readonly acked = [true, true, true];
  readonly stamps = [0, 0, 0];
  enabled: readonly boolean[] = [true, true, true];
  /** Whether the low and the high limit count. */
  limits: readonly boolean[];
  notificationClass: number;
  high: number;
  low: number;
  deadBand: number;
  delay: number;
  notify: number;
  values: readonly number[];
  #pending: number = EVENT_STATE.normal;
  #since: Instant = 0 as Instant;
  readonly #spec: AlarmSpec;

  constructor(object: number, spec: AlarmSpec) {
    this.object = object;
    this.#spec = spec;
    this.kind = spec.values === undefined ? 'limits' : 'states';
    this.notificationClass = spec.notificationClass;
    this.high = spec.high ?? 0;
    this.low = spec.low ?? 0;
    this.limits = [spec.low !== undefined, spec.high !== undefined];
    this.deadBand = spec.deadBand ?? 0;
    this.delay = spec.delay;
    this.notify = spec.notify === 'alarm' ? 0 : 1;
    this.values = spec.values ?? [];
  }

  /** Looks at a value; a transition where the state changes. @param time of the device's clock, microseconds since 1970 */
  look(value: number, now: Instant, time: number): Transition | undefined {
    const next = this.#condition(value);
    if (next === this.state) {
      this.#pending = next;
      return undefined;
    }
    if (next !== this.#pending) {
      this.#pending = next;
      this.#since = now;
    }
    if (next !== EVENT_STATE.fault && now - this.#since < seconds(this.delay)) return undefined;
    const from = this.state;
    this.state = next;
    this.stamps[transitionOf(next)] = time;
    return { alarm: this, from, to: next, value, time };
  }

  /** The limit that was exceeded. */
  get exceeded(): number {
    return this.#pending === EVENT_STATE.lowLimit || this.state === EVENT_STATE.lowLimit ? this.low : this.high;
  }

  /** Properties of the object that it adds. */
  properties(): (readonly [number, Property])[] {
    const set = (change: () => void): undefined => {
      change();
      return undefined;
    };
    const limit = (read: () => number, change: (value: number) => void): Property =>
      writableNumber('real', read, (value): BacnetError | undefined =>
        Number.isFinite(value) ? set(() => change(value)) : OUT_OF_RANGE,
      );
    const common: (readonly [number, Property])[] = [
      [
        PROPERTY.timeDelay,
        writableNumber(
          'unsigned',
          () => this.delay,
          (value) =>
            set(() => {
              this.delay = value;
            }),
        ),
      ],
      [
        PROPERTY.notificationClass,
        writableNumber(
          'unsigned',
          () => this.notificationClass,
          (value) =>
            set(() => {
              this.notificationClass = value;
            }),
        ),
      ],
      [
        PROPERTY.eventEnable,
        writableBits(
          3,
          () => this.enabled,
          (value) => {
            this.enabled = value;
          },
        ),
      ],
      [PROPERTY.ackedTransitions, { required: false, read: () => bits(this.acked) }],
      [
        PROPERTY.notifyType,
        writableNumber(
          'enumerated',
          () => this.notify,
          (value) =>
            value > 1
              ? OUT_OF_RANGE
              : set(() => {
                  this.notify = value;
                }),
        ),
      ],
      [PROPERTY.eventTimeStamps, array(() => this.stamps.map(timeStamp))],
    ];
    if (this.kind === 'limits')
      return [
        ...common,
        [
          PROPERTY.highLimit,
          limit(
            () => this.high,
            (value) => {
              this.high = value;
            },
          ),
        ],
        [
          PROPERTY.lowLimit,
          limit(
            () => this.low,
            (value) => {
              this.low = value;
            },
          ),
        ],
        [
          PROPERTY.deadband,
          limit(
            () => this.deadBand,
            (value) => {
              this.deadBand = value;
            },
          ),
        ],
        [
          PROPERTY.limitEnable,
          writableBits(
            2,
            () => this.limits,
            (value) => {
              this.limits = value;
            },
          ),
        ],
      ];
    return common;
  }

  /** Alarm values as the object's kind has them. @param isBinary one enumerated value, and not a list of states */
  alarmValues(isBinary: boolean): readonly [number, Property] {
    if (isBinary)
      return [
        PROPERTY.alarmValue,
        writableNumber(
          'enumerated',
          () => this.values[0] ?? 1,
          (value) => {
            if (value > 1) return OUT_OF_RANGE;
            this.values = [value];
            return undefined;
          },
        ),
      ];
    return [
      PROPERTY.alarmValues,
      {
        required: false,
        read: () => this.values.map(unsigned),
        write: ({ values }) => {
          const states = values.flatMap((value) => (value.kind === 'unsigned' ? [value.value] : []));
          if (states.length !== values.length || states.length > 64) return WRONG_TYPE;
          this.values = states;
          return undefined;
        },
      },
    ];
  }

  /** As it was before anybody changed or saw anything. */
  restart(): void {
    const spec = this.#spec;
    this.state = EVENT_STATE.normal;
    this.#pending = EVENT_STATE.normal;
    for (let i = 0; i < 3; i++) {
      this.acked[i] = true;
      this.stamps[i] = 0;
    }
    this.enabled = [true, true, true];
    this.limits = [spec.low !== undefined, spec.high !== undefined];
  }

  #condition(value: number): number {
    if (!Number.isFinite(value)) return EVENT_STATE.fault;
    if (this.kind === 'states') return this.values.includes(value) ? EVENT_STATE.offnormal : EVENT_STATE.normal;
    const { high, low, deadBand, limits, state } = this;
    // Coming back takes the dead band more (clause 13.3.6).
    if (limits[1] === true && value > high - (state === EVENT_STATE.highLimit ? deadBand : 0))
      return EVENT_STATE.highLimit;
    if (limits[0] === true && value < low + (state === EVENT_STATE.lowLimit ? deadBand : 0))
      return EVENT_STATE.lowLimit;
    return EVENT_STATE.normal;
  }
}

/** A date and a time as a time stamp; all octets 255 where there is none yet. */
export function timeStamp(micros: number): ReturnType<typeof constructed> {
  if (micros > 0) return constructed(2, dateTime(micros));
  return constructed(2, [
    { kind: 'date', year: 255, month: 255, day: 255, weekday: 255 },
    { kind: 'time', hour: 255, minute: 255, second: 255, hundredths: 255 },
  ]);
}
