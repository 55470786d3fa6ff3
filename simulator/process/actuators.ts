/**
 * Final elements: demand → travel limits → stiction → slew → stuck → leak → process input. A structure of arrays, one entry an
 * actuator. Tags with two states (contactors, solenoids) take any demand from one half on as 1.
 */
import { type TagSpec, UsageError } from '@penstock/core';
import { ACTUATOR_FAULTS, type ActuatorFault } from './faults.ts';

export interface ActuatorPlace {
  readonly tag: TagSpec;
  /** Number of the tag among all of the plant. */
  readonly index: number;
  readonly input: number;
}

const NO_LIMIT = Number.MAX_VALUE;

export class ActuatorBank {
  readonly count: number;
  readonly #tags: Int32Array;
  readonly #inputs: Int32Array;
  readonly #names: string[];
  readonly #span: Float64Array;
  readonly #twoStates: Uint8Array;
  readonly #ownLow: Float64Array;
  readonly #ownHigh: Float64Array;
  readonly #ownSlew: Float64Array;
  readonly #ownBand: Float64Array;
  readonly #step: number;
  // What follows changes during a run and is saved.
  readonly #demand: Float64Array;
  readonly #stem: Float64Array;
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  /** Largest move in one step. */
  readonly #slew: Float64Array;
  /** Half-width of the dead zone in which the stem does not move, and whether it moves now. */
  readonly #band: Float64Array;
  readonly #moving: Float64Array;
  readonly #stuck: Float64Array;
  readonly #leak: Float64Array;

  constructor(places: readonly ActuatorPlace[], step: number) {
    const count = places.length;
    this.count = count;
    this.#step = step;
    this.#tags = Int32Array.from(places, (place) => place.index);
    this.#inputs = Int32Array.from(places, (place) => place.input);
    this.#names = places.map((place) => place.tag.id);
    this.#span = Float64Array.from(places, ({ tag }) => tag.range[1] - tag.range[0]);
    this.#twoStates = Uint8Array.from(places, ({ tag }) => (tag.states === undefined ? 0 : 1));
    this.#ownLow = Float64Array.from(places, ({ tag }) => tag.actuator?.travel?.[0] ?? tag.range[0]);
    this.#ownHigh = Float64Array.from(places, ({ tag }) => tag.actuator?.travel?.[1] ?? tag.range[1]);
    this.#ownSlew = Float64Array.from(places, ({ tag }, i) =>
      tag.actuator?.slew === undefined ? NO_LIMIT : tag.actuator.slew * this.#span[i] * step,
    );
    this.#ownBand = Float64Array.from(places, ({ tag }, i) => (tag.actuator?.stiction ?? 0) * this.#span[i]);
    this.#demand = new Float64Array(count);
    this.#stem = new Float64Array(count);
    this.#low = this.#ownLow.slice();
    this.#high = this.#ownHigh.slice();
    this.#slew = this.#ownSlew.slice();
    this.#band = this.#ownBand.slice();
    this.#moving = new Float64Array(count);
    this.#stuck = new Float64Array(count);
    this.#leak = new Float64Array(count).fill(-NO_LIMIT);
  }

  /** Starts every element at the process input's value at rest, demand and stem alike. */
  settle(inputs: Float64Array, truth: Float64Array): void {
    for (let i = 0; i < this.count; i++) {
      const value = Math.min(this.#high[i], Math.max(this.#low[i], inputs[this.#inputs[i]]));
      this.#demand[i] = value;
      this.#stem[i] = value;
    }
    this.publish(inputs, truth);
  }

  /**
   * Demand on an actuator of this bank; whether it is another than before. A demand that is not a number (a REAL gone wrong) is the low
   * end, as an output card gives.
   */
  command(actuator: number, value: number): boolean {
    const before = this.#demand[actuator];
    if (this.#twoStates[actuator] === 1) this.#demand[actuator] = value >= 0.5 ? 1 : 0;
    else this.#demand[actuator] = Number.isNaN(value) ? this.#ownLow[actuator] : value;
    return this.#demand[actuator] !== before;
  }

  demand(actuator: number): number {
    return this.#demand[actuator];
  }

  /** One step of every element; writes positions into the process inputs and at the tags' numbers. */
  move(inputs: Float64Array, truth: Float64Array): void {
    const stem = this.#stem;
    for (let i = 0; i < this.count; i++) {
      if (this.#stuck[i] === 0) {
        const low = this.#low[i];
        const high = this.#high[i];
        const demand = this.#demand[i];
        const target = demand < low ? low : demand > high ? high : demand;
        const way = target - stem[i];
        if (way !== 0 && (this.#moving[i] === 1 || Math.abs(way) > this.#band[i])) {
          const most = this.#slew[i];
          stem[i] = way > most ? stem[i] + most : way < -most ? stem[i] - most : target;
          // Once it has broken loose it goes on to its target, and sticks again there.
          this.#moving[i] = stem[i] === target ? 0 : 1;
        }
      }
      const leak = this.#leak[i];
      const position = stem[i] > leak ? stem[i] : leak;
      inputs[this.#inputs[i]] = position;
      truth[this.#tags[i]] = position;
    }
  }

  publish(inputs: Float64Array, truth: Float64Array): void {
    for (let i = 0; i < this.count; i++) {
      const position = Math.max(this.#stem[i], this.#leak[i]);
      inputs[this.#inputs[i]] = position;
      truth[this.#tags[i]] = position;
    }
  }

  /** Sets a fault; one of the same kind is replaced. `actuator` is the number in this bank. */
  fault(actuator: number, fault: ActuatorFault): void {
    switch (fault.kind) {
      case 'stuck':
        if (fault.position !== undefined) this.#stem[actuator] = this.#inTravel(actuator, fault.position);
        this.#stuck[actuator] = 1;
        break;
      case 'leak':
        this.#leak[actuator] = this.#inTravel(actuator, fault.minimum);
        break;
      case 'stiction':
        this.#band[actuator] = this.#positive(actuator, fault.band, 'band') * this.#span[actuator];
        break;
      case 'slow':
        this.#slew[actuator] = this.#positive(actuator, fault.perSecond, 'speed') * this.#span[actuator] * this.#step;
        break;
      case 'travel':
        if (!(fault.low <= fault.high))
          throw new UsageError(
            'process.fault-value',
            `the travel of ${this.#names[actuator]} goes from ${fault.low} to ${fault.high}; the first must not be above the second`,
          );
        this.#low[actuator] = this.#inTravel(actuator, fault.low);
        this.#high[actuator] = this.#inTravel(actuator, fault.high);
        break;
      default:
        throw new UsageError(
          'process.fault-kind',
          `the actuator ${this.#names[actuator]} cannot have the fault '${(fault as { kind: string }).kind}'; actuators know ${ACTUATOR_FAULTS.join(', ')}`,
        );
    }
  }

  /** Clears one kind of fault, or all. */
  clear(actuator: number, kind?: ActuatorFault['kind']): void {
    if (kind === undefined || kind === 'stuck') this.#stuck[actuator] = 0;
    if (kind === undefined || kind === 'leak') this.#leak[actuator] = -NO_LIMIT;
    if (kind === undefined || kind === 'stiction') this.#band[actuator] = this.#ownBand[actuator];
    if (kind === undefined || kind === 'slow') this.#slew[actuator] = this.#ownSlew[actuator];
    if (kind === undefined || kind === 'travel') {
      this.#low[actuator] = this.#ownLow[actuator];
      this.#high[actuator] = this.#ownHigh[actuator];
    }
  }

  /** Arrays that a snapshot holds. */
  get memory(): readonly Float64Array[] {
    return [
      this.#demand,
      this.#stem,
      this.#low,
      this.#high,
      this.#slew,
      this.#band,
      this.#moving,
      this.#stuck,
      this.#leak,
    ];
  }

  #inTravel(actuator: number, value: number): number {
    if (value >= this.#ownLow[actuator] && value <= this.#ownHigh[actuator]) return value;
    throw new UsageError(
      'process.fault-value',
      `${this.#names[actuator]} travels from ${this.#ownLow[actuator]} to ${this.#ownHigh[actuator]}; ${value} is not on the way`,
    );
  }

  #positive(actuator: number, value: number, what: string): number {
    if (value >= 0 && Number.isFinite(value)) return value;
    throw new UsageError(
      'process.fault-value',
      `the ${what} of ${this.#names[actuator]} must be 0 or more, not ${value}`,
    );
  }
}
