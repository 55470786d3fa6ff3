/** What a rule is asked about: one event with everything that the monitor knows around it. One object is reused for all. */
import type { FieldValue, ProtocolEvent } from '@penstock/core';
import type { Flow } from './flows/flow.ts';
import type { Host } from './hosts.ts';
import type { WorkOrder } from './knowledge.ts';

/** What the judgement needs of a flow; the intake's `Flow` is one. */
export type FlowView = Pick<
  Flow,
  | 'serial'
  | 'transport'
  | 'service'
  | 'originatorAddress'
  | 'originatorPort'
  | 'responderAddress'
  | 'responderPort'
  | 'originatorMac'
  | 'responderMac'
  | 'uid'
  | 'lastPacket'
  | 'dissector'
>;

/** What the learned conversations say without their sources: `address|transport|port` of every service, and who spoke at all. */
export interface Normal {
  readonly services: ReadonlySet<string>;
  readonly speakers: ReadonlySet<string>;
  /** Who sent log lines. */
  readonly loggers: ReadonlySet<string>;
}

/** What the baseline says of the event; undefined where it was not learned, or learning goes on. */
class BaselineView {
  ready = false;
  /** Services that answered anybody, and hosts that spoke, while learning; see `Normal`. */
  normal: Normal | undefined = undefined;
  conversationLearned: boolean | undefined = undefined;
  /** This source has used this function on this device. */
  functionLearned: boolean | undefined = undefined;
  /** This source has read or written all addresses of this request before. */
  requestLearned: boolean | undefined = undefined;
  /** This source has written anything on this device before. */
  writerLearned: boolean | undefined = undefined;
  /** This source has written this point before. */
  pointLearned: boolean | undefined = undefined;
  /** The value lies in what this source has written into this point before, with a margin. */
  valueLearned: boolean | undefined = undefined;

  clear(): void {
    this.ready = false;
    this.normal = undefined;
    this.conversationLearned = undefined;
    this.functionLearned = undefined;
    this.requestLearned = undefined;
    this.writerLearned = undefined;
    this.pointLearned = undefined;
    this.valueLearned = undefined;
  }
}

/** One point in one event: a write, or a reading that changed its state. Values are in engineering units where the point list has it. */
export class PointFacts {
  /** Undefined where no point list has the address. */
  tag: string | undefined = undefined;
  name: string | undefined = undefined;
  kind: string | undefined = undefined;
  unit: string | undefined = undefined;
  matters: string | undefined = undefined;
  states: readonly [string, string] | undefined = undefined;
  table = '';
  address = 0;
  /** Modbus unit id. */
  station = 0;
  /** Undefined when a write does not tell it (a mask on an unknown register). */
  value: number | undefined = undefined;
  oldValue: number | undefined = undefined;
  /** Whether the device's point list has the address; undefined where there is no list for the device. */
  listed: boolean | undefined = undefined;
  writable: boolean | undefined = undefined;
  low: number | undefined = undefined;
  high: number | undefined = undefined;
  safeLow: number | undefined = undefined;
  safeHigh: number | undefined = undefined;
  inRange: boolean | undefined = undefined;
  inSafe: boolean | undefined = undefined;
  inAlarmLimits: boolean | undefined = undefined;
  inAccepted: boolean | undefined = undefined;
  /** How far beyond the range, as a share of its span; 0 inside. */
  rangeExcess: number | undefined = undefined;
  /** Size of the change as a share of the span. */
  changeOfRange: number | undefined = undefined;
  /** `normal`, `alarm`, `unsafe`, `out-of-range`. */
  state: string | undefined = undefined;
  previousState: string | undefined = undefined;
  /** Writes: whether the device answered that it did it; undefined when it did not answer. */
  accepted: boolean | undefined = undefined;

  clear(): void {
    Object.assign(this, BLANK);
  }
}

const BLANK: Readonly<Partial<PointFacts>> = { ...new PointFacts() };

export class Subject {
  /** Microseconds since 1970. */
  time = 0;
  /** Newest packet of the event. */
  packet = 0;
  flow: FlowView | undefined = undefined;
  event: ProtocolEvent | undefined = undefined;
  src: Host | undefined = undefined;
  dst: Host | undefined = undefined;
  /** The work order that covers this source and device. */
  order: WorkOrder | undefined = undefined;
  /** Work orders on either end, whoever works there. */
  srcOrder: WorkOrder | undefined = undefined;
  dstOrder: WorkOrder | undefined = undefined;
  srcMaintenance: boolean | undefined = undefined;
  dstMaintenance: boolean | undefined = undefined;
  readonly baseline = new BaselineView();
  point: PointFacts | undefined = undefined;
  /** Further fields of the monitor's own events, by name. */
  details: Readonly<Record<string, FieldValue>> | undefined = undefined;
}
