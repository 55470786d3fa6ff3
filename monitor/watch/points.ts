/** The owner's point list made ready for decoding, and the state of each point as far as the wire has shown it. */
import type { Hosts } from '../hosts.ts';
import type { KnownPoint, KnownTag } from '../knowledge.ts';
import type { PointFacts } from '../subject.ts';
import { BacnetPlaces } from './bacnet-places.ts';
import type { Trace } from './blocks.ts';
import { Dnp3Places } from './dnp3-places.ts';
import type { ModbusTable, Table } from './modbus-functions.ts';
import { OpcUaPlaces } from './opcua-places.ts';
import { type Coding, S7Places } from './s7-places.ts';
import { SparkplugPlaces } from './sparkplug-places.ts';

/** Where a point stands in a table that people know under another name. */
export interface Place {
  readonly table: Exclude<Table, ModbusTable>;
  readonly address: number;
  readonly coding: Coding;
  /** How people name the place: `DB10` and a byte, `g30` and an index. */
  readonly area: string;
  readonly at: number;
}

export type PointLevel = 'normal' | 'alarm' | 'unsafe' | 'out-of-range';

/** A write that the next readings of its point have to show. */
export interface PendingWrite {
  readonly value: number;
  readonly time: number;
}

export class Point {
  readonly device: string;
  readonly tag: KnownTag;
  readonly point: KnownPoint;
  readonly table: Table;
  readonly address: number;
  readonly coding: Coding;
  /** Registers (or bits) that it takes. */
  readonly length: 1 | 2;
  /** Raw registers as last seen, -1 before. */
  raw0 = -1;
  raw1 = -1;
  /** Engineering value as last seen in a poll or an accepted write; NaN before. */
  value = Number.NaN;
  /** Microseconds since 1970 at which the value was last seen to change. */
  changed = Number.NEGATIVE_INFINITY;
  level: PointLevel = 'normal';
  /** What the device says that its value is worth. */
  quality = 'good';
  /** So far it may move without being reported, in its unit. */
  readonly deadBand: number;
  pending: PendingWrite | undefined = undefined;
  /** Newest poll that covered it. */
  polled: { time: number } | undefined = undefined;
  /** What the client that watches most of the plant is told of it: the displayed value. */
  view: Trace | undefined = undefined;
  readonly #decode: Decoder;
  // The tag's limits, an open end for one that it does not have, and what coming back takes.
  readonly #low: number;
  readonly #high: number;
  readonly #safeLow: number;
  readonly #safeHigh: number;
  readonly #alarmLow: number;
  readonly #alarmHigh: number;
  readonly #margin: number;

  /** The same tag of the same device over other protocols, and of devices that tell it on. */
  siblings: readonly Point[] = [];
  /** A server tells on what another device holds, whose points are listed as well. */
  relays = false;
  /** How people name its place, where the table's own address says nothing to them. */
  readonly #shown: Place | undefined;

  /** @param place in S7 memory or an outstation; a point of Modbus without it */
  constructor(device: string, tag: KnownTag, point: KnownPoint, place?: Place) {
    const { table, address, ...coding } =
      place === undefined ? (point.modbus as Modbus) : { ...place, ...place.coding };
    this.device = device;
    this.tag = tag;
    this.point = point;
    this.#shown = place;
    this.table = table;
    this.address = address;
    this.coding = coding;
    this.deadBand = this.table === 'dnp3' ? (point.dnp3?.deadBand ?? 0) : 0;
    this.length = /32$/.test(coding.type) ? 2 : 1;
    this.#decode = new Decoder(coding);
    const { range, safe, alarms } = tag;
    [this.#low, this.#high] = range;
    [this.#safeLow, this.#safeHigh] = safe ?? EVERYTHING;
    this.#alarmLow = alarms === undefined ? Number.NEGATIVE_INFINITY : lowest(alarms);
    this.#alarmHigh = alarms === undefined ? Number.POSITIVE_INFINITY : highest(alarms);
    this.#margin = 0.005 * (range[1] - range[0]);
  }

  /** Engineering value of raw registers; NaN while one of them is unknown (-1). */
  decode(raw0: number, raw1: number): number {
    if (raw0 < 0 || (this.length === 2 && raw1 < 0)) return Number.NaN;
    return this.#decode.value(raw0, raw1);
  }

  /** Somebody orders it; it does not move by itself. */
  get ordered(): boolean {
    return this.point.writable && (this.tag.kind === 'setpoint' || this.tag.kind === 'mode');
  }

  /** The process or the controller moves it, within what physics allows. */
  get moves(): boolean {
    const { kind } = this.tag;
    return this.coding.type !== 'bool' && (kind === 'measurement' || kind === 'calculated' || kind === 'actuator');
  }

  /** It was written over another protocol: its next reading has to show that, and is no change by itself. */
  writtenElsewhere(value: number, time: number): void {
    this.pending = { value, time };
    this.value = Number.NaN;
    this.changed = time;
  }

  /** It has a value, and what several protocols tell was heard last over this one. */
  get speaks(): boolean {
    if (Number.isNaN(this.value)) return false;
    return !this.siblings.some(
      (other) => !Number.isNaN(other.value) && (other.relays === this.relays ? other.time > this.time : this.relays),
    );
  }

  /** It is told on, and who holds it was heard as well: what is to be judged is judged there. */
  get isSecondHand(): boolean {
    return this.relays && this.siblings.some((other) => !other.relays && !Number.isNaN(other.value));
  }

  /** When its value was last confirmed. */
  get time(): number {
    return Math.max(this.changed, this.polled?.time ?? Number.NEGATIVE_INFINITY);
  }

  /** Where a value stands against the limits. Coming back takes half a percent of the span more, or noise would flutter. */
  classify(value: number): PointLevel {
    if (value < this.#low || value > this.#high) return 'out-of-range';
    const { level } = this;
    const fromUnsafe = level === 'normal' || level === 'alarm' ? 0 : this.#margin;
    if (value < this.#safeLow + fromUnsafe || value > this.#safeHigh - fromUnsafe) return 'unsafe';
    const fromAlarm = level === 'normal' ? 0 : this.#margin;
    if (value < this.#alarmLow + fromAlarm || value > this.#alarmHigh - fromAlarm) return 'alarm';
    return 'normal';
  }

  /** Tells `facts` everything that the lists know of this point and `value`. */
  describe(facts: PointFacts, value: number | undefined, oldValue: number | undefined): void {
    const { tag, point } = this;
    const [low, high] = tag.range;
    const span = high - low;
    facts.tag = tag.id;
    facts.name = tag.name;
    facts.kind = tag.kind;
    facts.unit = tag.unit;
    facts.matters = tag.matters;
    facts.states = tag.states;
    facts.table = this.#shown?.area ?? this.table;
    facts.address = this.#shown?.at ?? this.address;
    facts.value = value;
    facts.oldValue = oldValue;
    facts.listed = true;
    facts.writable = point.writable;
    facts.low = low;
    facts.high = high;
    facts.safeLow = tag.safe?.[0];
    facts.safeHigh = tag.safe?.[1];
    if (value === undefined) return;
    // A float32 that carries 0.1 is not the double 0.1: limits hold to the precision of the wire.
    const slack = 1e-6 * Math.max(Math.abs(low), Math.abs(high), span);
    const within = (from: number, to: number): boolean => value >= from - slack && value <= to + slack;
    facts.inRange = within(low, high);
    facts.inSafe = tag.safe === undefined ? undefined : within(tag.safe[0], tag.safe[1]);
    facts.inAlarmLimits = tag.alarms === undefined ? undefined : within(lowest(tag.alarms), highest(tag.alarms));
    facts.inAccepted = point.accepts === undefined ? undefined : within(point.accepts[0], point.accepts[1]);
    if (span > 0) {
      facts.rangeExcess = facts.inRange ? 0 : Math.max(low - value, value - high) / span;
      facts.changeOfRange = oldValue === undefined ? undefined : Math.abs(value - oldValue) / span;
    }
  }
}

type Modbus = NonNullable<KnownPoint['modbus']>;
const EVERYTHING = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;

type Alarms = NonNullable<KnownTag['alarms']>;
const lowest = (alarms: Alarms): number => alarms.low ?? alarms.lowLow ?? Number.NEGATIVE_INFINITY;
const highest = (alarms: Alarms): number => alarms.high ?? alarms.highHigh ?? Number.POSITIVE_INFINITY;

const scratch = new DataView(new ArrayBuffer(4));

/** How the registers of one point become its engineering value. */
class Decoder {
  readonly #type: Coding['type'];
  readonly #big: boolean;
  /** A scale of 0.01 is no double; dividing by 100 gives the value that a person would write. */
  readonly #divides: boolean;
  readonly #factor: number;

  constructor(point: Coding) {
    const inverse = Math.round(1 / point.scale);
    this.#type = point.type;
    this.#big = point.wordOrder === 'big';
    this.#divides = inverse > 1 && Math.abs(inverse * point.scale - 1) < 1e-12;
    this.#factor = this.#divides ? inverse : point.scale;
  }

  value(raw0: number, raw1: number): number {
    const type = this.#type;
    if (type === 'bool') return raw0 === 0 ? 0 : 1;
    const raw = this.#raw(type, raw0, raw1);
    return this.#divides ? raw / this.#factor : raw * this.#factor;
  }

  #raw(type: Coding['type'], raw0: number, raw1: number): number {
    if (type === 'uint16') return raw0;
    if (type === 'int16') return (raw0 << 16) >> 16;
    scratch.setUint16(0, this.#big ? raw0 : raw1);
    scratch.setUint16(2, this.#big ? raw1 : raw0);
    if (type === 'uint32') return scratch.getUint32(0);
    return type === 'int32' ? scratch.getInt32(0) : scratch.getFloat32(0);
  }
}

/** Engineering value of one point from its registers as they stand on the wire (16 bits each, most significant byte first). */
export const decodeRaw = (point: Coding, raw0: number, raw1: number): number => new Decoder(point).value(raw0, raw1);

/** All points of one device by table and address. */
export class PointTable {
  readonly points: readonly Point[];
  /** Where they are in S7 memory, for a device that has such. */
  readonly s7: S7Places | undefined;
  /** The same of a DNP3 outstation. */
  readonly dnp3: Dnp3Places | undefined;
  /** The same of an edge node. */
  readonly sparkplug: SparkplugPlaces | undefined;
  /** The same of a BACnet device. */
  readonly bacnet: BacnetPlaces | undefined;
  /** The same of an OPC UA server. */
  readonly opcua: OpcUaPlaces | undefined;
  readonly #byAddress = new Map<number, Point>();

  constructor(
    points: readonly Point[],
    s7?: S7Places,
    dnp3?: Dnp3Places,
    sparkplug?: SparkplugPlaces,
    bacnet?: BacnetPlaces,
    opcua?: OpcUaPlaces,
  ) {
    this.points = points;
    this.s7 = s7;
    this.dnp3 = dnp3;
    this.sparkplug = sparkplug;
    this.bacnet = bacnet;
    this.opcua = opcua;
    for (const same of Map.groupBy(points, (point) => point.tag.id).values())
      if (same.length > 1) for (const point of same) point.siblings = same.filter((other) => other !== point);
    for (const point of points)
      for (let i = 0; i < point.length; i++) {
        const key = registerKey(point.table, point.address + i);
        if (!this.#byAddress.has(key)) this.#byAddress.set(key, point);
      }
  }

  at(table: Table, address: number, station: number): Point | undefined {
    const point = this.#byAddress.get(registerKey(table, address));
    return point?.point.unit === undefined || point.point.unit === station ? point : undefined;
  }
}

const TABLES: Record<Table, number> = {
  coil: 0,
  discrete: 1,
  input: 2,
  holding: 3,
  s7: 4,
  dnp3: 5,
  sparkplug: 6,
  bacnet: 7,
  opcua: 8,
};
export const registerKey = (table: Table, address: number): number => TABLES[table] * 65_536 + address;

/** The point tables of all listed devices, by address on the network. */
export function pointTables(hosts: Hosts): Map<string, PointTable> {
  const { knowledge } = hosts;
  const tags = new Map(knowledge.tags.map((tag) => [tag.id, tag]));
  const byDevice = Map.groupBy(knowledge.points, (point) => point.device);
  const tables = new Map(
    [...byDevice].map(([device, all]): [string, PointTable] => {
      const points = all.flatMap((point) => {
        const tag = tags.get(point.tag);
        return tag === undefined || point.modbus === undefined ? [] : [new Point(device, tag, point)];
      });
      const inMemory = all.filter(({ s7 }) => s7 !== undefined);
      const places = inMemory.length === 0 ? undefined : new S7Places(inMemory, device);
      inMemory.forEach((point, i) => {
        const tag = tags.get(point.tag);
        if (tag !== undefined && places !== undefined) points.push(new Point(device, tag, point, places.place(i)));
      });
      const ofOutstation = all.filter(({ dnp3, tag }) => dnp3 !== undefined && tags.has(tag));
      const outstation = ofOutstation.length === 0 ? undefined : new Dnp3Places(ofOutstation);
      ofOutstation.forEach((point, i) => {
        points.push(new Point(device, tags.get(point.tag) as KnownTag, point, outstation?.all[i]));
      });
      const ofEdge = all.filter(({ sparkplug, tag }) => sparkplug !== undefined && tags.has(tag));
      const edge = ofEdge.length === 0 ? undefined : new SparkplugPlaces(ofEdge);
      ofEdge.forEach((point, i) => {
        points.push(new Point(device, tags.get(point.tag) as KnownTag, point, edge?.all[i]));
      });
      const ofObjects = all.filter(({ bacnet, tag }) => bacnet !== undefined && tags.has(tag));
      const objects = ofObjects.length === 0 ? undefined : new BacnetPlaces(ofObjects);
      ofObjects.forEach((point, i) => {
        points.push(new Point(device, tags.get(point.tag) as KnownTag, point, objects?.all[i]));
      });
      const ofServer = all.filter(({ opcua, tag }) => opcua !== undefined && tags.has(tag));
      const nodes = ofServer.length === 0 ? undefined : new OpcUaPlaces(ofServer);
      ofServer.forEach((point, i) => {
        points.push(new Point(device, tags.get(point.tag) as KnownTag, point, nodes?.all[i]));
      });
      return [hosts.addressOf(device), new PointTable(points, places, outstation, edge, objects, nodes)];
    }),
  );
  alike(tables);
  return tables;
}

/** What an edge node or an OPC UA server tells is what another device holds: a write to the one is seen at the other. */
function alike(tables: ReadonlyMap<string, PointTable>): void {
  const all = [...tables.values()].flatMap(({ points }) => points);
  for (const same of Map.groupBy(all, (point) => point.tag.id).values()) {
    if (same.length < 2 || !same.some(isToldOn)) continue;
    const holders = new Set(same.filter((point) => !isToldOn(point)).map(({ device }) => device));
    for (const point of same) {
      // Of two that hold a tag, one may be a copy that takes its time.
      const isNear = (other: Point): boolean => other.device === point.device || isToldOn(other) || isToldOn(point);
      point.siblings = same.filter((other) => other !== point && isNear(other));
      point.relays = point.table === 'opcua' && holders.size > 0 && !holders.has(point.device);
    }
  }
}

const isToldOn = ({ table }: Point): boolean => table === 'sparkplug' || table === 'opcua';
