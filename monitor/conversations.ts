/** What the judgement remembers of each flow, and of each kind of request on it. */
import type { ProtocolEvent } from '@penstock/core';
import type { AddressRange } from './baseline/index.ts';
import type { Poll } from './detectors/detector.ts';
import type { Host } from './hosts.ts';
import { Rhythm } from './rhythm.ts';
import { SETTLED_NONE, type Settled } from './sigma/engine.ts';
import type { FlowView } from './subject.ts';
import type { ReadBlock, WatchedDevice } from './watch/index.ts';
import { type ModbusFunction, modbusFunction } from './watch/modbus-functions.ts';

/** The columns of `modbus_detailed` that the judgement reads. */
export interface ModbusEvent extends ProtocolEvent {
  readonly unit?: number | undefined;
  readonly func?: string | undefined;
  readonly address?: number | undefined;
  readonly quantity?: number | undefined;
  readonly request_values?: ArrayLike<number> | undefined;
  readonly response_values?: ArrayLike<number> | undefined;
  readonly matched?: boolean | undefined;
  readonly exception_code?: string | undefined;
}

/** Requests that are the same but for transaction and values. What was once decided about one holds for all, until `epoch` moves on. */
export class RequestShape {
  readonly unit: number | undefined;
  readonly func: string | undefined;
  readonly address: number | undefined;
  readonly quantity: number | undefined;
  readonly matched: boolean | undefined;
  readonly exception: string | undefined;
  /** Function's name and unit id, where an event has them. */
  readonly name: string;
  readonly station: number;
  readonly kind: ModbusFunction;
  /** Addresses that it touches, where its function has some. */
  readonly range: AddressRange | undefined;
  /** Where the answers of a read go. */
  block: ReadBlock | undefined = undefined;
  settled: Settled = SETTLED_NONE;
  epoch = -1;
  functionLearned: boolean | undefined = undefined;
  requestLearned: boolean | undefined = undefined;
  /** How often it came since it was last tallied, and whether the baseline has learned it. */
  readonly rhythm = new Rhythm();
  isLearned = false;
  /** What came after it last time: polls go round. */
  next: RequestShape | undefined = undefined;

  constructor(event: ModbusEvent) {
    this.unit = event.unit;
    this.func = event.func;
    this.address = event.address;
    this.quantity = event.quantity;
    this.matched = event.matched;
    this.exception = event.exception_code;
    this.name = typeof event.func === 'string' ? event.func : 'unknown';
    this.station = typeof event.unit === 'number' ? event.unit : 0;
    this.kind = modbusFunction(this.name);
    const { table } = this.kind;
    const quantity = event.quantity ?? event.request_values?.length ?? event.response_values?.length ?? 1;
    if (table !== undefined && isWhole(event.address) && isWhole(quantity) && quantity >= 1)
      this.range = { table, address: event.address, quantity };
  }

  fits(event: ModbusEvent): boolean {
    return (
      event.address === this.address &&
      event.func === this.func &&
      event.quantity === this.quantity &&
      event.unit === this.unit &&
      event.exception_code === this.exception &&
      event.matched === this.matched
    );
  }
}

/** Shapes of one flow; what a scanner adds beyond that is judged each time anew. */
const MAX_SHAPES = 1024;

export class Conversation {
  readonly flow: FlowView;
  readonly src: Host;
  readonly dst: Host;
  readonly watched: WatchedDevice | undefined;
  poll: Poll | undefined = undefined;
  /** The newest shape. */
  last: RequestShape | undefined = undefined;
  learned: boolean | undefined = undefined;
  writerLearned: boolean | undefined = undefined;
  epoch = -1;
  answered = false;
  violations = 0;
  unparsedBytes = 0;
  /** Shapes that found no room. */
  dropped = 0;
  /** Read part of the newest FC 23 request, by which its answer is understood. */
  readWrite: { readonly address: number; readonly quantity: number; readonly station: number } | undefined = undefined;
  readonly #shapes = new Map<string, RequestShape>();

  constructor(flow: FlowView, src: Host, dst: Host, watched: WatchedDevice | undefined) {
    this.flow = flow;
    this.src = src;
    this.dst = dst;
    this.watched = watched;
  }

  /** Kinds of requests that it has carried. */
  get shapes(): IterableIterator<RequestShape> {
    return this.#shapes.values();
  }

  /** The shape of an event, undefined when it has not been seen on this flow. */
  known(event: ModbusEvent): RequestShape | undefined {
    const guess = this.last?.next;
    if (guess?.fits(event)) {
      this.last = guess;
      return guess;
    }
    const found = this.#shapes.get(keyOf(event));
    if (found !== undefined) this.#follow(found);
    return found;
  }

  add(event: ModbusEvent): RequestShape {
    const shape = new RequestShape(event);
    if (this.#shapes.size < MAX_SHAPES) {
      this.#shapes.set(keyOf(event), shape);
      this.#follow(shape);
    } else this.dropped++;
    return shape;
  }

  #follow(shape: RequestShape): void {
    if (this.last !== undefined) this.last.next = shape;
    this.last = shape;
  }
}

const isWhole = (value: unknown): value is number => Number.isInteger(value);

function keyOf(event: ModbusEvent): string {
  return `${event.unit}|${event.func}|${event.address}|${event.quantity}|${event.matched}|${event.exception_code}`;
}

/** The port that names a conversation's service: the server's; ICMP has none. */
export function servicePort(flow: FlowView): number {
  return flow.transport === 'tcp' || flow.transport === 'udp' ? flow.responderPort : 0;
}

/** Zeek shows a set coil as 1, some tools as 65280 (0xFF00), as it is on the wire. */
export function bits(values: ArrayLike<number>): ArrayLike<number> {
  const result = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = values[i] === 0 ? 0 : 1;
  return result;
}
