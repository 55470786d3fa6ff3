/**
 * From wire addresses to a device's points. The four tables are separate address spaces (MODBUS Application Protocol V1.1b3,
 * clause 4.3). An address without a point does not exist: reading or writing it is exception 02.
 */
import { type ModbusPoint, PenstockError, type PointAccess, type PointSpec, type Writer } from '@penstock/core';
import { read16 } from '../exchange/bytes.ts';
import {
  engineeringOf,
  KIND_BOOL,
  KIND_FLOAT32,
  kindOf,
  rawOf,
  registersOf,
  scalingOf,
} from '../exchange/raw-values.ts';
import { ILLEGAL_DATA_ADDRESS, ILLEGAL_DATA_VALUE, SERVER_DEVICE_FAILURE } from './tables.ts';

export type TableName = ModbusPoint['table'];

/** One point on the wire. `point` is its index in the device's list. */
export interface MapEntry {
  readonly point: number;
  readonly tag: string;
  readonly table: TableName;
  readonly address: number;
  readonly kind: number;
  /** Registers (or bits) that it takes: 1 or 2. */
  readonly width: number;
  /** The low word comes first. */
  readonly little: boolean;
  readonly multiply: number;
  readonly divide: number;
  readonly writable: boolean;
  readonly low: number;
  readonly high: number;
}

/** Exception 0 stands for success. */
const SUCCESS = 0;
/** Registers or coils of the largest write, FC 15. */
const MOST_WRITES = 1968;

/** One of the four address spaces: entries by address. */
export class AddressTable {
  readonly name: TableName;
  readonly entries: readonly MapEntry[];
  readonly #base: number;
  /** Per address from `#base` on: 2 × index of the entry, plus 1 for its second register; -1 where there is none. */
  readonly #slots: Int32Array;

  constructor(name: TableName, entries: readonly MapEntry[], owner: string) {
    this.name = name;
    this.entries = [...entries].sort((a, b) => a.address - b.address);
    const last = this.entries.at(-1);
    this.#base = this.entries[0]?.address ?? 0;
    this.#slots = new Int32Array(last === undefined ? 0 : last.address + last.width - this.#base).fill(-1);
    this.entries.forEach((entry, index) => {
      for (let half = 0; half < entry.width; half++) {
        const at = entry.address + half - this.#base;
        const taken = this.#slots[at] as number;
        if (taken >= 0) {
          const other = this.entries[taken >> 1] as MapEntry;
          throw new PenstockError(
            'modbus.map',
            `${owner}: ${entry.tag} and ${other.tag} both take ${name} ${entry.address + half}; give each an address of its own`,
          );
        }
        this.#slots[at] = 2 * index + half;
      }
    });
  }

  /** Slot of an address, -1 where there is no point. */
  slot(address: number): number {
    const at = address - this.#base;
    return at >= 0 && at < this.#slots.length ? (this.#slots[at] as number) : -1;
  }

  /** Whether every address of the block has a point. */
  covers(address: number, quantity: number): boolean {
    const from = address - this.#base;
    const slots = this.#slots;
    if (from < 0 || from + quantity > slots.length) return false;
    for (let i = from; i < from + quantity; i++) if ((slots[i] as number) < 0) return false;
    return true;
  }

  /** Packs `quantity` bits into `out` from `at` on, the first in bit 0. False where an address has no point. */
  readBits(address: number, quantity: number, points: PointAccess, out: Uint8Array, at: number): boolean {
    const from = address - this.#base;
    const slots = this.#slots;
    if (from < 0 || from + quantity > slots.length) return false;
    let byte = 0;
    for (let i = 0; i < quantity; i++) {
      const slot = slots[from + i] as number;
      if (slot < 0) return false;
      const value = points.read((this.entries[slot >> 1] as MapEntry).point);
      if (value !== 0 && !Number.isNaN(value)) byte |= 1 << (i & 7);
      if ((i & 7) === 7) {
        out[at++] = byte;
        byte = 0;
      }
    }
    if ((quantity & 7) !== 0) out[at] = byte;
    return true;
  }

  /** Writes `quantity` registers into `out` from `at` on, high byte first. False where an address has no point. */
  readRegisters(address: number, quantity: number, points: PointAccess, out: Uint8Array, at: number): boolean {
    const from = address - this.#base;
    const slots = this.#slots;
    const entries = this.entries;
    if (from < 0 || from + quantity > slots.length) return false;
    for (let i = 0; i < quantity; i++) {
      const slot = slots[from + i] as number;
      if (slot < 0) return false;
      const entry = entries[slot >> 1] as MapEntry;
      const raw = rawOf(entry.kind, points.read(entry.point), entry.multiply, entry.divide);
      if (entry.width === 1) {
        out[at++] = raw >>> 8;
        out[at++] = raw;
        continue;
      }
      const first = entry.little ? raw & 0xffff : raw >>> 16;
      const second = entry.little ? raw >>> 16 : raw & 0xffff;
      if ((slot & 1) === 0) {
        out[at++] = first >>> 8;
        out[at++] = first;
        if (++i === quantity) break;
      }
      out[at++] = second >>> 8;
      out[at++] = second;
    }
    return true;
  }
}

/** A device's points by table and address. */
export class RegisterMap {
  readonly coil: AddressTable;
  readonly discrete: AddressTable;
  readonly input: AddressTable;
  readonly holding: AddressTable;
  readonly #entries: readonly (MapEntry | undefined)[];
  /** A write that is being checked. */
  readonly #pendingPoints = new Int32Array(MOST_WRITES);
  readonly #pendingValues = new Float64Array(MOST_WRITES);

  /**
   * @param points the device's list; points without `modbus` are not reachable here
   * @param owner whose they are, for messages
   * @throws PenstockError `modbus.map` when two points overlap, a bit table holds a number, a point ends beyond address 65535, or one
   * is writable in a table that cannot be written.
   */
  constructor(points: readonly PointSpec[], owner = 'device') {
    this.#entries = points.map((point, index) =>
      point.modbus ? entryOf(point, point.modbus, index, owner) : undefined,
    );
    const of = (name: TableName) =>
      new AddressTable(name, this.#entries.filter((entry) => entry?.table === name) as MapEntry[], owner);
    this.coil = of('coil');
    this.discrete = of('discrete');
    this.input = of('input');
    this.holding = of('holding');
  }

  table(name: TableName): AddressTable {
    return this[name];
  }

  /** Where a point is; undefined for one that Modbus does not reach. */
  entry(point: number): MapEntry | undefined {
    return this.#entries[point];
  }

  /** The points that lie wholly in a block, and how its response decodes. */
  block(table: TableName, address: number, quantity: number): Block {
    const whole = this.table(table).entries.filter(
      (entry) => entry.address >= address && entry.address + entry.width <= address + quantity,
    );
    return new Block(table, address, quantity, whole);
  }

  /**
   * Writes coils from packed bits. Nothing is written unless every address has a writable point and the device, if it can say so
   * beforehand (`PointAccess.check`), would take every value.
   * @returns 0, or the exception code: 02 no or read-only point, 03 refused value, 04 locked or fault
   */
  writeCoils(
    address: number,
    quantity: number,
    bits: Uint8Array,
    at: number,
    points: PointAccess,
    writer: Writer,
  ): number {
    const table = this.coil;
    for (let i = 0; i < quantity; i++) {
      const slot = table.slot(address + i);
      if (slot < 0) return ILLEGAL_DATA_ADDRESS;
      const entry = table.entries[slot >> 1] as MapEntry;
      if (!entry.writable) return ILLEGAL_DATA_ADDRESS;
      this.#pendingPoints[i] = entry.point;
      this.#pendingValues[i] = ((bits[at + (i >> 3)] as number) >> (i & 7)) & 1;
    }
    for (let i = 0; i < quantity; i++) {
      const entry = this.#entries[this.#pendingPoints[i] as number] as MapEntry;
      const value = this.#pendingValues[i] as number;
      if (value < entry.low || value > entry.high) return ILLEGAL_DATA_VALUE;
    }
    return this.#commit(quantity, points, writer);
  }

  /**
   * Writes holding registers, high byte first. As `writeCoils`; also exception 03 for a boolean that is neither 0 nor 1 and a float32
   * that is not finite. A write that covers one register of a 32-bit point combines it with what the other holds at that moment, as a
   * device whose memory is registers would.
   */
  writeRegisters(
    address: number,
    quantity: number,
    data: Uint8Array,
    at: number,
    points: PointAccess,
    writer: Writer,
  ): number {
    const table = this.holding;
    for (let i = 0; i < quantity; i++) {
      const slot = table.slot(address + i);
      if (slot < 0 || !(table.entries[slot >> 1] as MapEntry).writable) return ILLEGAL_DATA_ADDRESS;
    }
    let count = 0;
    for (let i = 0; i < quantity; i++) {
      const slot = table.slot(address + i);
      const entry = table.entries[slot >> 1] as MapEntry;
      let raw = read16(data, at + 2 * i);
      if (entry.width === 2) {
        const second = (slot & 1) === 1;
        if (!second && i + 1 < quantity) {
          const next = read16(data, at + 2 * ++i);
          raw = entry.little ? next * 0x10000 + raw : raw * 0x10000 + next;
        } else raw = combined(entry, second, raw, points);
      }
      const value = engineeringOf(entry.kind, raw, entry.multiply, entry.divide);
      if (entry.kind === KIND_BOOL && raw > 1) return ILLEGAL_DATA_VALUE;
      if (entry.kind === KIND_FLOAT32 && !Number.isFinite(value)) return ILLEGAL_DATA_VALUE;
      if (value < entry.low || value > entry.high) return ILLEGAL_DATA_VALUE;
      this.#pendingPoints[count] = entry.point;
      this.#pendingValues[count++] = value;
    }
    return this.#commit(count, points, writer);
  }

  #commit(count: number, points: PointAccess, writer: Writer): number {
    const at = this.#pendingPoints;
    const values = this.#pendingValues;
    if (points.check !== undefined)
      for (let i = 0; i < count; i++) {
        const exception = exceptionOf(points.check(at[i] as number, values[i] as number, writer));
        if (exception !== SUCCESS) return exception;
      }
    for (let i = 0; i < count; i++) {
      const exception = exceptionOf(points.write(at[i] as number, values[i] as number, writer));
      if (exception !== SUCCESS) return exception;
    }
    return SUCCESS;
  }
}

/** The 32-bit content when one of its two registers takes a new word. */
function combined(entry: MapEntry, second: boolean, word: number, points: PointAccess): number {
  const present = rawOf(entry.kind, points.read(entry.point), entry.multiply, entry.divide);
  const isLow = second !== entry.little;
  return isLow ? (present >>> 16) * 0x10000 + word : word * 0x10000 + (present & 0xffff);
}

/**
 * The standard leaves refusals by the application open. Here a read-only point has no address for writing (02), a refused value is an
 * illegal one (03), and a key switch, a force or a fault is a device that fails to do what is asked (04).
 */
function exceptionOf(outcome: ReturnType<PointAccess['write']>): number {
  switch (outcome) {
    case 'done':
      return SUCCESS;
    case 'read-only':
      return ILLEGAL_DATA_ADDRESS;
    case 'range':
      return ILLEGAL_DATA_VALUE;
    default:
      return SERVER_DEVICE_FAILURE;
  }
}

function entryOf(spec: PointSpec, modbus: ModbusPoint, point: number, owner: string): MapEntry {
  const kind = kindOf(modbus.type);
  const width = registersOf(kind);
  const { table, address } = modbus;
  const bits = table === 'coil' || table === 'discrete';
  const wrong = (problem: string) => new PenstockError('modbus.map', `${owner}: ${spec.tag} ${problem}`);
  if (bits && kind !== KIND_BOOL)
    throw wrong(`is ${modbus.type} in table ${table}, which holds bits; use bool, or table input or holding`);
  if (address + width > 0x10000) throw wrong(`at ${table} ${address} ends beyond address 65535`);
  if (spec.writable && (table === 'discrete' || table === 'input'))
    throw wrong(`is writable in table ${table}, which cannot be written; use coil or holding`);
  return {
    point,
    tag: spec.tag,
    table,
    address,
    kind,
    width,
    little: modbus.wordOrder === 'little',
    ...scalingOf(modbus.scale),
    writable: spec.writable,
    low: spec.accepts?.[0] ?? Number.NEGATIVE_INFINITY,
    high: spec.accepts?.[1] ?? Number.POSITIVE_INFINITY,
  };
}

/** A block that is read again and again: which points it holds, and their values out of each response. */
export class Block {
  readonly table: TableName;
  readonly address: number;
  readonly quantity: number;
  /** In the order of addresses. */
  readonly entries: readonly MapEntry[];

  constructor(table: TableName, address: number, quantity: number, entries: readonly MapEntry[]) {
    this.table = table;
    this.address = address;
    this.quantity = quantity;
    this.entries = entries;
  }

  /**
   * Engineering values of all entries, in their order, into `values`.
   * @param data buffer with the bits or registers of a response
   * @param at where they start, behind function code and byte count
   */
  decode(data: Uint8Array, at: number, values: Float64Array): void {
    const bits = this.table === 'coil' || this.table === 'discrete';
    for (let i = 0; i < this.entries.length; i++) {
      const entry = this.entries[i] as MapEntry;
      const offset = entry.address - this.address;
      if (bits) {
        values[i] = ((data[at + (offset >> 3)] as number) >> (offset & 7)) & 1;
        continue;
      }
      const first = read16(data, at + 2 * offset);
      let raw = first;
      if (entry.width === 2) {
        const second = read16(data, at + 2 * offset + 2);
        raw = entry.little ? second * 0x10000 + first : first * 0x10000 + second;
      }
      values[i] = engineeringOf(entry.kind, raw, entry.multiply, entry.divide);
    }
  }
}

/** The registers of a point for an engineering value, high byte first, into `into`; returns how many (1 or 2). */
export function encodeValue(entry: MapEntry, value: number, into: Uint8Array, at: number): number {
  const raw = rawOf(entry.kind, value, entry.multiply, entry.divide);
  const high = entry.width === 2 && !entry.little ? raw >>> 16 : raw & 0xffff;
  into[at] = high >>> 8;
  into[at + 1] = high;
  if (entry.width === 1) return 1;
  const next = entry.little ? raw >>> 16 : raw & 0xffff;
  into[at + 2] = next >>> 8;
  into[at + 3] = next;
  return 2;
}
