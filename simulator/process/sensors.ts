/**
 * Instruments: true value → first-order lag, or what an analyser drew in a period ago → sample and hold → bias, drift and noise → range clamp → stuck or dropout.
 * A structure of arrays, one entry a sensor, so that a step touches no object but the sensors' random streams.
 */
import { inSeconds, type TagSpec, UsageError } from '@penstock/core';
import { Random } from '@penstock/simulator/kernel';
import { SENSOR_FAULTS, type SensorFault } from './faults.ts';

const STUCK = 1;
const DROPOUT = 2;

/** One sensor by tag: which tag it serves and which process output it measures. */
export interface SensorPlace {
  readonly tag: TagSpec;
  /** Number of the tag among all of the plant. */
  readonly index: number;
  readonly output: number;
}

export class SensorBank {
  readonly count: number;
  readonly #tags: Int32Array;
  readonly #sources: Int32Array;
  readonly #names: string[];
  readonly #streams: Random[];
  /** Share of the way to the true value in one step; 1 without lag, 0 for an analyser that holds what it drew in until its next value. */
  readonly #approach: Float64Array;
  readonly #ownNoise: Float64Array;
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #period: Int32Array;
  readonly #hours: number;
  // What follows changes during a run and is saved.
  readonly #lagged: Float64Array;
  readonly #wait: Float64Array;
  readonly #bias: Float64Array;
  readonly #driftPerHour: Float64Array;
  readonly #drifted: Float64Array;
  readonly #addedNoise: Float64Array;
  readonly #reading: Float64Array;
  readonly #flags: Float64Array;

  constructor(places: readonly SensorPlace[], step: number, seed: number) {
    const count = places.length;
    this.count = count;
    this.#tags = Int32Array.from(places, (place) => place.index);
    this.#sources = Int32Array.from(places, (place) => place.output);
    this.#names = places.map((place) => place.tag.id);
    this.#streams = places.map((place) => new Random(seed, `sensor/${place.tag.id}`));
    const lag = (tag: TagSpec) => inSeconds(tag.sensor?.lag ?? (0 as never));
    this.#approach = Float64Array.from(places, ({ tag }) =>
      tag.sensor?.analysis === true ? 0 : lag(tag) > 0 ? -Math.expm1(-step / lag(tag)) : 1,
    );
    this.#ownNoise = Float64Array.from(places, ({ tag }) => tag.sensor?.noise ?? 0);
    this.#low = Float64Array.from(places, ({ tag }) => tag.range[0]);
    this.#high = Float64Array.from(places, ({ tag }) => tag.range[1]);
    this.#period = Int32Array.from(places, ({ tag }) =>
      Math.max(1, Math.round(inSeconds(tag.sensor?.updates ?? (0 as never)) / step)),
    );
    this.#hours = step / 3600;
    this.#lagged = new Float64Array(count);
    this.#wait = new Float64Array(count);
    this.#bias = new Float64Array(count);
    this.#driftPerHour = new Float64Array(count);
    this.#drifted = new Float64Array(count);
    this.#addedNoise = new Float64Array(count);
    this.#reading = new Float64Array(count);
    this.#flags = new Float64Array(count);
  }

  /** First reading: every instrument has settled on the truth. */
  settle(outputs: Float64Array, truth: Float64Array, readings: Float64Array, good: Uint8Array): void {
    for (let i = 0; i < this.count; i++) {
      const value = outputs[this.#sources[i]];
      this.#lagged[i] = value;
      this.#wait[i] = this.#period[i];
      this.#reading[i] = value < this.#low[i] ? this.#low[i] : value > this.#high[i] ? this.#high[i] : value;
    }
    this.publish(outputs, truth, readings, good);
  }

  /** One step of every instrument; writes true values, readings and qualities at the tags' numbers. */
  sample(outputs: Float64Array, truth: Float64Array, readings: Float64Array, good: Uint8Array): void {
    const count = this.count;
    const tags = this.#tags;
    const sources = this.#sources;
    const lagged = this.#lagged;
    const approach = this.#approach;
    const wait = this.#wait;
    const reading = this.#reading;
    const flags = this.#flags;
    const period = this.#period;
    const bias = this.#bias;
    const driftPerHour = this.#driftPerHour;
    const drifted = this.#drifted;
    const ownNoise = this.#ownNoise;
    const addedNoise = this.#addedNoise;
    const low = this.#low;
    const high = this.#high;
    const streams = this.#streams;
    for (let i = 0; i < count; i++) {
      const tag = tags[i];
      const value = outputs[sources[i]];
      truth[tag] = value;
      const followed = lagged[i] + (value - lagged[i]) * approach[i];
      lagged[i] = followed;
      if (driftPerHour[i] !== 0) drifted[i] += driftPerHour[i] * this.#hours;
      if (--wait[i] <= 0) {
        wait[i] = period[i];
        // A stuck instrument goes on drawing, so that what it reads afterwards is what it would have read without the fault.
        const own = ownNoise[i];
        const added = addedNoise[i];
        let read = followed + bias[i] + drifted[i];
        if (added > 0) read += Math.sqrt(own * own + added * added) * streams[i].normal();
        else if (own > 0) read += own * streams[i].normal();
        if (approach[i] === 0) lagged[i] = value;
        if (flags[i] === 0) reading[i] = read < low[i] ? low[i] : read > high[i] ? high[i] : read;
      }
      readings[tag] = reading[i];
      good[tag] = flags[i] >= DROPOUT ? 0 : 1;
    }
  }

  /** Writes the present readings without a step; after a load. */
  publish(outputs: Float64Array, truth: Float64Array, readings: Float64Array, good: Uint8Array): void {
    for (let i = 0; i < this.count; i++) {
      truth[this.#tags[i]] = outputs[this.#sources[i]];
      readings[this.#tags[i]] = this.#reading[i];
      good[this.#tags[i]] = this.#flags[i] >= DROPOUT ? 0 : 1;
    }
  }

  /** Sets a fault; one of the same kind is replaced. `sensor` is the number in this bank. */
  fault(sensor: number, fault: SensorFault): void {
    switch (fault.kind) {
      case 'bias':
        this.#bias[sensor] = this.#finite(sensor, fault.value, 'bias');
        break;
      case 'drift':
        this.#driftPerHour[sensor] = this.#finite(sensor, fault.perHour, 'drift');
        break;
      case 'noise':
        this.#addedNoise[sensor] = Math.abs(this.#finite(sensor, fault.deviation, 'noise'));
        break;
      case 'stuck':
        if (fault.value !== undefined) {
          const value = this.#finite(sensor, fault.value, 'stuck');
          this.#reading[sensor] = Math.min(this.#high[sensor], Math.max(this.#low[sensor], value));
        }
        this.#flags[sensor] = (this.#flags[sensor] & ~STUCK) | STUCK;
        break;
      case 'dropout':
        this.#flags[sensor] = (this.#flags[sensor] & ~DROPOUT) | DROPOUT;
        break;
      default:
        throw new UsageError(
          'process.fault-kind',
          `the sensor ${this.#names[sensor]} cannot have the fault '${(fault as { kind: string }).kind}'; sensors know ${SENSOR_FAULTS.join(', ')}`,
        );
    }
  }

  /** Clears one kind of fault, or all. The instrument follows again from the next sample on. */
  clear(sensor: number, kind?: SensorFault['kind']): void {
    if (kind === undefined || kind === 'bias') this.#bias[sensor] = 0;
    if (kind === undefined || kind === 'drift') {
      this.#driftPerHour[sensor] = 0;
      this.#drifted[sensor] = 0;
    }
    if (kind === undefined || kind === 'noise') this.#addedNoise[sensor] = 0;
    if (kind === undefined || kind === 'stuck') this.#flags[sensor] &= ~STUCK;
    if (kind === undefined || kind === 'dropout') this.#flags[sensor] &= ~DROPOUT;
  }

  /** Arrays that a snapshot holds, and the streams beside them. */
  get memory(): readonly Float64Array[] {
    return [
      this.#lagged,
      this.#wait,
      this.#bias,
      this.#driftPerHour,
      this.#drifted,
      this.#addedNoise,
      this.#reading,
      this.#flags,
    ];
  }

  get streams(): readonly Random[] {
    return this.#streams;
  }

  #finite(sensor: number, value: number, kind: string): number {
    if (Number.isFinite(value)) return value;
    throw new UsageError(
      'process.fault-value',
      `the ${kind} of the sensor ${this.#names[sensor]} must be a finite number, not ${value}`,
    );
  }
}
