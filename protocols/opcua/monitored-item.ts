/** One monitored item: when it is sampled, what counts as a change, and what waits to be told (OPC 10000-4, 5.12 and 7.22). */
import { type Duration, type Instant, NEVER } from '@penstock/core';
import type { Node } from './address-space.ts';
import { BUILT_IN, type DataValue, type Scalar, type Variant } from './builtin.ts';
import type { SimpleAttributeOperand } from './objects.ts';

/** Bits of a status that say: a value was lost because the queue was full (OPC 10000-4, 7.39.1). */
const OVERFLOW = 0x0480;

export interface DataFilter {
  /** 0 status, 1 status or value, 2 status, value or time. */
  readonly trigger: number;
  /** In the value's unit; a percentage of the range has been made one. */
  readonly deadband: number;
}

export interface ItemSettings {
  clientHandle: number;
  /** 0 disabled, 1 sampling, 2 reporting. */
  mode: number;
  /** Microseconds between samples. */
  every: Duration;
  queueSize: number;
  discardOldest: boolean;
  filter: DataFilter;
  /** Of an item that hears events. */
  select: readonly SimpleAttributeOperand[] | undefined;
  /** As in Read: 0 source, 1 server, 2 both, 3 neither. */
  timestamps: number;
}

export class MonitoredItem {
  readonly id: number;
  readonly node: Node;
  readonly attribute: number;
  readonly settings: ItemSettings;
  nextSample: Instant;
  /** Values, or fields of events, oldest first. */
  readonly values: DataValue[] = [];
  readonly events: Variant[][] = [];
  #last: DataValue | undefined;

  constructor(id: number, node: Node, attribute: number, settings: ItemSettings, now: Instant) {
    this.id = id;
    this.node = node;
    this.attribute = attribute;
    this.settings = settings;
    this.nextSample = settings.select === undefined ? now : NEVER;
  }

  get waiting(): number {
    return this.settings.mode === 2 ? this.values.length + this.events.length : 0;
  }

  /** The next sample is told whatever it is. */
  forget(now: Instant): void {
    this.#last = undefined;
    if (this.settings.select === undefined) this.nextSample = now;
  }

  drop(): void {
    this.values.length = 0;
    this.events.length = 0;
  }

  sample(value: DataValue): void {
    if (!this.#isChange(value)) return;
    this.#last = value;
    this.#put(this.values, value, (kept) => ({ ...kept, status: ((kept.status ?? 0) | OVERFLOW) >>> 0 }));
  }

  heard(fields: Variant[]): void {
    this.#put(this.events, fields, (kept) => kept);
  }

  #put<T>(queue: T[], value: T, marked: (kept: T) => T): void {
    const { queueSize, discardOldest } = this.settings;
    if (queue.length < queueSize) {
      queue.push(value);
      return;
    }
    // With room for one, the newest is all that is wanted and nothing is marked.
    if (queueSize === 1) queue[0] = discardOldest ? value : (queue[0] as T);
    else if (discardOldest) {
      queue.shift();
      queue.push(value);
      queue[0] = marked(queue[0] as T);
    } else queue[queue.length - 1] = marked(value);
  }

  #isChange(value: DataValue): boolean {
    const last = this.#last;
    if (last === undefined) return true;
    if ((last.status ?? 0) !== (value.status ?? 0)) return true;
    const { trigger, deadband } = this.settings.filter;
    if (trigger === 0) return false;
    if (trigger === 2 && last.sourceTimestamp !== value.sourceTimestamp) return true;
    const [was, is] = [last.value?.value, value.value?.value];
    if (deadband > 0 && typeof was === 'number' && typeof is === 'number') return Math.abs(is - was) > deadband;
    return !isSame(was, is);
  }
}

function isSame(a: Scalar | readonly Scalar[], b: Scalar | readonly Scalar[]): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  return JSON.stringify(a, plain) === JSON.stringify(b, plain);
}

const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

export const isNumeric = (builtIn: number): boolean =>
  builtIn >= BUILT_IN.SByte && builtIn <= BUILT_IN.Double && builtIn !== BUILT_IN.Int64 && builtIn !== BUILT_IN.UInt64;
