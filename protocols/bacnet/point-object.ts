/**
 * An input, output or value of a device as an object (ASHRAE 135-2020, clauses 12.2 to 12.4, 12.6 to 12.8, 12.18 to 12.20). Its value is the
 * device's memory; what is kept here is what the protocol is about: who commanded what at which priority, whether it is out of service, what was
 * told last.
 */
import type { BacnetPoint, Instant, PointAccess, WriteOutcome, Writer } from '@penstock/core';
import { type AlarmSpec, AlarmState, EVENT_STATE } from './alarm.ts';
import { type BacnetError, ERROR_CLASS, ERROR_CODE } from './apdu.ts';
import { OBJECT_TYPES } from './names.ts';
import {
  array,
  completed,
  DENIED,
  errorOf,
  fault,
  fixed,
  OUT_OF_RANGE,
  type Property,
  propertyFault,
  type ServedObject,
  single,
  WRONG_TYPE,
  type Write,
  writableFlag,
  writableNumber,
} from './objects.ts';
import { PROPERTY } from './property-ids.ts';
import { type BacnetValue, bits, enumerated, NULL, objectId, real, text, unsigned } from './values.ts';

export type PointKind = BacnetPoint['kind'];

export interface PointObjectSpec {
  readonly kind: PointKind;
  readonly instance: number;
  readonly name: string;
  readonly description?: string | undefined;
  /** Index of the point in the device's memory. */
  readonly point: number;
  /** BACnetEngineeringUnits; 95 (none) when left out. */
  readonly units?: number | undefined;
  /** A change that is told to subscribers, of analog objects. */
  readonly covIncrement?: number | undefined;
  readonly range?: readonly [number, number] | undefined;
  /** Names of the states of binary (two) and multi-state objects. */
  readonly states?: readonly string[] | undefined;
  /** It has a priority array; outputs always have. */
  readonly commandable?: boolean | undefined;
  readonly writable?: boolean | undefined;
  /** What holds when nobody commands; needed where it is commandable. */
  readonly relinquishDefault?: number | undefined;
  readonly alarm?: AlarmSpec | undefined;
}

const PRIORITIES = 16;
/** Kept for the minimum on and off times (clause 19.2.3). */
const MINIMUM_TIMES = 6;
const NO_UNITS = 95;
const NO_FAULT = 0;
const UNRELIABLE = 7;

export class PointObject implements ServedObject {
  readonly id: number;
  readonly name: string;
  readonly properties: ReadonlyMap<number, Property>;
  readonly alarm: AlarmState | undefined;
  readonly #spec: PointObjectSpec;
  readonly #access: PointAccess;
  readonly #family: 'analog' | 'binary' | 'multi-state';
  readonly #isInput: boolean;
  readonly #isCommandable: boolean;
  readonly #priorities: (number | undefined)[] = new Array<number | undefined>(PRIORITIES).fill(undefined);
  #outOfService = false;
  /** What it shows while it is out of service. */
  #held = 0;
  #covIncrement: number;
  readonly #states: readonly string[];

  constructor(spec: PointObjectSpec, access: PointAccess) {
    const { kind, instance, name } = spec;
    this.id = objectId(OBJECT_TYPES.find(kind) as number, instance);
    this.name = name;
    this.#spec = spec;
    this.#access = access;
    this.#family = kind.startsWith('analog') ? 'analog' : kind.startsWith('binary') ? 'binary' : 'multi-state';
    this.#isInput = kind.endsWith('input');
    this.#isCommandable = kind.endsWith('output') || (kind.endsWith('value') && spec.commandable === true);
    this.#covIncrement = spec.covIncrement ?? 0;
    this.#states = spec.states ?? [];
    this.alarm = spec.alarm && new AlarmState(this.id, spec.alarm);
    this.properties = completed(this.id, name, this.#own());
  }

  /** As the network counts it: states of multi-state objects from 1 on. */
  get value(): number {
    if (this.#outOfService) return this.#held;
    const value = this.#access.read(this.#spec.point);
    if (this.#family === 'multi-state') return value + 1;
    return this.#family === 'binary' ? (value === 0 ? 0 : 1) : value;
  }

  get presentValue(): BacnetValue {
    return this.#valueOf(this.value);
  }

  get covIncrement(): number {
    return this.#covIncrement;
  }

  /** In alarm, fault, overridden, out of service (clause 12.2.7). */
  get statusFlags(): readonly boolean[] {
    const isAlarm = this.alarm !== undefined && this.alarm.state !== EVENT_STATE.normal;
    return [isAlarm, this.#reliability !== NO_FAULT, false, this.#outOfService];
  }

  /** The status flags as a number, to see whether they changed. */
  get status(): number {
    return this.statusFlags.reduce((sum, flag) => sum * 2 + (flag ? 1 : 0), 0);
  }

  /** A cold start forgets what was commanded. */
  restart(): void {
    this.#priorities.fill(undefined);
    this.#outOfService = false;
    this.#covIncrement = this.#spec.covIncrement ?? 0;
    this.alarm?.restart();
  }

  get #reliability(): number {
    return Number.isFinite(this.value) ? NO_FAULT : UNRELIABLE;
  }

  #valueOf(value: number): BacnetValue {
    if (this.#family === 'analog') return real(value);
    return this.#family === 'binary' ? enumerated(value) : unsigned(value);
  }

  /** What a write says, in the network's count; an error where it is of another type or beyond what there is. */
  #numberOf(values: readonly BacnetValue[]): number | BacnetError {
    const kind = this.#family === 'analog' ? 'real' : this.#family === 'binary' ? 'enumerated' : 'unsigned';
    const value = single(values, kind)?.value;
    if (value === undefined) return WRONG_TYPE;
    if (this.#family === 'binary' && value > 1) return OUT_OF_RANGE;
    if (this.#family === 'multi-state' && (value < 1 || value > this.#states.length)) return OUT_OF_RANGE;
    if (!Number.isFinite(value)) return OUT_OF_RANGE;
    return value;
  }

  #toMemory(value: number, writer: Writer): WriteOutcome {
    return this.#access.write(this.#spec.point, this.#family === 'multi-state' ? value - 1 : value, writer);
  }

  #command({ values, priority, writer }: Write): BacnetError | undefined {
    if (this.#isInput && !this.#outOfService) return DENIED;
    if (!this.#isCommandable) {
      const value = this.#numberOf(values);
      if (typeof value !== 'number') return value;
      if (this.#outOfService) {
        this.#held = value;
        return undefined;
      }
      return this.#spec.writable === false ? DENIED : errorOf(this.#toMemory(value, writer));
    }
    if (priority === MINIMUM_TIMES) return DENIED;
    const isNull = values.length === 1 && values[0]?.kind === 'null';
    const value = isNull ? undefined : this.#numberOf(values);
    if (typeof value === 'object') return value;
    const before = this.#priorities[priority - 1];
    this.#priorities[priority - 1] = value;
    const refused = this.#apply(writer);
    if (refused !== undefined) this.#priorities[priority - 1] = before;
    return refused;
  }

  /** Writes what the priority array comes to. */
  #apply(writer: Writer): BacnetError | undefined {
    const effective = this.#priorities.find((value) => value !== undefined) ?? this.#default;
    if (this.#outOfService) {
      this.#held = effective;
      return undefined;
    }
    return errorOf(this.#toMemory(effective, writer));
  }

  get #default(): number {
    const { relinquishDefault } = this.#spec;
    return relinquishDefault ?? (this.#family === 'multi-state' ? 1 : 0);
  }

  #setService(isOut: boolean, writer: Writer): BacnetError | undefined {
    if (isOut === this.#outOfService) return undefined;
    this.#held = this.value;
    this.#outOfService = isOut;
    // Back in service, an output gets what is commanded now.
    const isCommanded = this.#priorities.some((value) => value !== undefined);
    return !isOut && this.#isCommandable && isCommanded ? this.#apply(writer) : undefined;
  }

  #own(): (readonly [number, Property])[] {
    const spec = this.#spec;
    const rows: (readonly [number, Property])[] = [
      [
        PROPERTY.presentValue,
        { required: true, read: () => this.presentValue, write: (write) => this.#command(write) },
      ],
      [PROPERTY.statusFlags, fixed(() => bits(this.statusFlags))],
      [PROPERTY.eventState, fixed(() => enumerated(this.alarm?.state ?? EVENT_STATE.normal))],
      [PROPERTY.reliability, fixed(() => enumerated(this.#reliability), false)],
      [
        PROPERTY.outOfService,
        writableFlag(
          () => this.#outOfService,
          (value, { writer }) => this.#setService(value, writer),
        ),
      ],
      [PROPERTY.description, fixed(text(spec.description ?? spec.name), false)],
    ];
    if (this.#family === 'analog') rows.push(...this.#analog());
    else rows.push(...this.#discrete());
    if (this.#isCommandable)
      rows.push(
        [
          PROPERTY.priorityArray,
          array(() => this.#priorities.map((value) => (value === undefined ? NULL : this.#valueOf(value))), true),
        ],
        [PROPERTY.relinquishDefault, fixed(() => this.#valueOf(this.#default))],
        [PROPERTY.currentCommandPriority, fixed(() => this.#currentPriority())],
      );
    if (this.alarm !== undefined) {
      rows.push(...this.alarm.properties());
      if (this.#family !== 'analog') rows.push(this.alarm.alarmValues(this.#family === 'binary'));
    }
    return rows;
  }

  #currentPriority(): BacnetValue {
    const at = this.#priorities.findIndex((value) => value !== undefined);
    return at < 0 ? NULL : unsigned(at + 1);
  }

  #analog(): (readonly [number, Property])[] {
    const { units = NO_UNITS, range, covIncrement } = this.#spec;
    const rows: (readonly [number, Property])[] = [[PROPERTY.units, fixed(enumerated(units))]];
    if (range !== undefined)
      rows.push(
        [PROPERTY.minPresValue, fixed(real(range[0]), false)],
        [PROPERTY.maxPresValue, fixed(real(range[1]), false)],
      );
    if (covIncrement !== undefined)
      rows.push([
        PROPERTY.covIncrement,
        writableNumber(
          'real',
          () => this.#covIncrement,
          (value) => {
            if (!(value >= 0)) return OUT_OF_RANGE;
            this.#covIncrement = value;
            return undefined;
          },
        ),
      ]);
    return rows;
  }

  #discrete(): (readonly [number, Property])[] {
    const states = this.#states;
    if (this.#family === 'multi-state')
      return [
        [PROPERTY.numberOfStates, fixed(unsigned(states.length))],
        [PROPERTY.stateText, array(() => states.map(text))],
      ];
    const rows: (readonly [number, Property])[] = [];
    if (!this.#spec.kind.endsWith('value')) rows.push([PROPERTY.polarity, fixed(enumerated(0))]);
    const [inactive, active] = states;
    if (inactive !== undefined && active !== undefined)
      rows.push(
        [PROPERTY.inactiveText, fixed(text(inactive), false)],
        [PROPERTY.activeText, fixed(text(active), false)],
      );
    return rows;
  }
}

/** There is nothing under that number, or not that property. */
export const UNKNOWN_OBJECT = fault(ERROR_CLASS.object, ERROR_CODE.unknownObject);
export const UNKNOWN_PROPERTY = propertyFault(ERROR_CODE.unknownProperty);
/** Whether changes of an object are worth telling. */
export const changed = (before: number, value: number, increment: number): boolean =>
  Number.isNaN(before) !== Number.isNaN(value) || Math.abs(value - before) >= Math.max(increment, Number.MIN_VALUE);

/** Alarms look at the value as the network counts it. */
export const lookAt = (object: PointObject, now: Instant, time: number): ReturnType<AlarmState['look']> =>
  object.alarm?.look(object.value, now, time);
