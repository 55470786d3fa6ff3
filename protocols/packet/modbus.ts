/** Modbus/TCP for people: fields named by tag, values in engineering units where the points are known. */
import type { PacketField } from '@penstock/core';
import {
  EXCEPTION_BIT,
  engineeringOf,
  exceptionName,
  functionName,
  identificationObjectName,
  isWrite,
  KIND_FLOAT32,
  type MapEntry,
  MBAP_LENGTH,
  MEI_READ_DEVICE_IDENTIFICATION,
  type TableName,
} from '../modbus/index.ts';
import type { PacketContext, Reading } from './context.ts';
import { FieldReader, group, hex, printable } from './reader.ts';

/** Ends of the conversation that a payload belongs to. */
export interface ModbusEnds {
  readonly client: string;
  readonly clientPort: number;
  readonly server: string;
  readonly fromClient: boolean;
}

const TABLES: Readonly<Record<number, TableName>> = {
  1: 'coil',
  2: 'discrete',
  3: 'holding',
  4: 'input',
  5: 'coil',
  6: 'holding',
  15: 'coil',
  16: 'holding',
  22: 'holding',
  23: 'holding',
};

/** Whether a TCP payload begins like a Modbus/TCP message: protocol identifier 0, a length that can be (Messaging guide V1.0b, 3.1.3). */
export function looksLikeModbus(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < MBAP_LENGTH + 1) return false;
  const length = ((bytes[start + 4] as number) << 8) | (bytes[start + 5] as number);
  return bytes[start + 2] === 0 && bytes[start + 3] === 0 && length >= 2 && length <= 254;
}

/** Every whole message of a payload that begins with one; what is left over is said. */
export function readModbus(
  bytes: Uint8Array,
  start: number,
  end: number,
  ends: ModbusEnds,
  context: PacketContext,
): Reading {
  const messages: Message[] = [];
  const children: PacketField[] = [];
  let at = start;
  while (looksLikeModbus(bytes, at, end)) {
    const length = ((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number);
    const message = new Message(bytes, at, Math.min(end, at + 6 + length), ends, context);
    messages.push(message);
    children.push(message.field);
    at += 6 + length;
  }
  if (at < end)
    children.push({ name: 'Part of a message', value: `${end - at} bytes`, start: at, end, tag: null, children: [] });
  const info = messages.map((message) => message.info).join('; ') || 'part of a message';
  const tags = [...new Set(messages.flatMap((message) => message.tags))];
  const field =
    messages.length === 1 && at >= end ? (children[0] as PacketField) : group('Modbus/TCP', info, start, end, children);
  return { protocol: 'modbus', info, tags, field };
}

class Message {
  readonly field: PacketField;
  readonly tags: string[] = [];
  info = '';
  readonly #reader: FieldReader;
  readonly #ends: ModbusEnds;
  readonly #context: PacketContext;

  constructor(bytes: Uint8Array, start: number, end: number, ends: ModbusEnds, context: PacketContext) {
    this.#ends = ends;
    this.#context = context;
    const reader = new FieldReader(bytes, start, end);
    this.#reader = reader;
    const transaction = reader.number('Transaction identifier', 2);
    reader.number('Protocol identifier', 2);
    reader.number('Length', 2);
    reader.number('Unit identifier', 1);
    const code = reader.number('Function', 1, (value) => `${value} ${functionName(value)}`);
    if (code >= EXCEPTION_BIT) {
      const exception = reader.number('Exception', 1, (value) => `${value} ${exceptionName(value)}`);
      this.info = `${functionName(code)}: ${exceptionName(exception)}`;
    } else if (ends.fromClient) this.#request(code);
    else this.#response(code, transaction);
    reader.rest('Data');
    this.field = group('Modbus/TCP', this.info, start, end, reader.fields);
  }

  #request(code: number): void {
    const reader = this.#reader;
    const name = functionName(code);
    const table = TABLES[code];
    if (code === 43) {
      this.#encapsulated(true);
      return;
    }
    if (table === undefined) {
      this.info = name;
      return;
    }
    const address = reader.number('Address', 2);
    if (code <= 4) {
      const quantity = reader.number('Quantity', 2);
      this.info = `${name} ${address}–${address + quantity - 1}`;
    } else if (code === 5) {
      this.#coils(table, address, 1, [reader.number('State', 2, hex(4)) === 0xff00 ? 1 : 0]);
      this.info = `${name} ${address} ${this.#written()}`;
    } else if (code === 22) {
      const and = reader.number('AND mask', 2, hex(4));
      reader.number('OR mask', 2, hex(4));
      this.#named(table, address);
      this.info = `${name} ${address} ${this.tags.join(' ')} AND ${hex(4)(and)}`;
    } else if (code === 6) {
      this.#registers(table, address, 2);
      this.info = `${name} ${address} ${this.#written()}`;
    } else if (code === 23) {
      const quantity = reader.number('Quantity to read', 2);
      const write = reader.number('Address to write', 2);
      reader.number('Quantity to write', 2);
      this.#registers(table, write, reader.number('Byte count', 1));
      this.info = `${name} reads ${address}–${address + quantity - 1}, writes ${write} ${this.#written()}`;
    } else {
      const quantity = reader.number('Quantity', 2);
      const count = reader.number('Byte count', 1);
      if (code === 15) this.#bits(table, address, quantity, count);
      else this.#registers(table, address, count);
      this.info = `${name} ${address}–${address + quantity - 1} ${this.#written()}`;
    }
  }

  #response(code: number, transaction: number): void {
    const reader = this.#reader;
    const { client, clientPort, server } = this.#ends;
    const request = this.#context.request({ client, clientPort, server, transaction });
    const asked = request !== undefined && request[0] === code && request.length >= 5 ? request : undefined;
    const address = asked ? ((asked[1] as number) << 8) | (asked[2] as number) : Number.NaN;
    const quantity = asked ? ((asked[3] as number) << 8) | (asked[4] as number) : Number.NaN;
    const table = TABLES[code];
    this.info = functionName(code);
    if (code === 43) this.#encapsulated(false);
    else if (table === undefined) return;
    else if (code <= 4 || code === 23) {
      const count = reader.number('Byte count', 1);
      if (code <= 2) this.#bits(table, address, Number.isNaN(quantity) ? 8 * count : quantity, count);
      else this.#registers(table, address, count);
      this.info += Number.isNaN(address) ? ' (request not seen)' : ` ${address}–${address + quantity - 1}`;
    } else if (code === 5 || code === 6) {
      const at = reader.number('Address', 2);
      if (code === 5) this.#coils(table, at, 1, [reader.number('State', 2, hex(4)) === 0xff00 ? 1 : 0]);
      else this.#registers(table, at, 2);
      this.info += ` ${at} ${this.#written()}`;
    } else if (isWrite(code)) {
      const at = reader.number('Address', 2);
      if (code !== 22) this.info += ` ${at}–${at + reader.number('Quantity', 2) - 1}`;
      this.#named(table, at);
    }
  }

  /** Registers one after the other, each point as one field. @param address NaN where it is not known */
  #registers(table: TableName, address: number, count: number): void {
    const reader = this.#reader;
    const end = Math.min(reader.end, reader.at + (Number.isNaN(count) ? 0 : count));
    for (let at = address; reader.at + 2 <= end; ) {
      const found = Number.isNaN(at) ? undefined : this.#context.point(this.#ends.server, table, at);
      const entry = found?.entry;
      const words = entry && entry.address === at && reader.at + 2 * entry.width <= end ? entry.width : 1;
      const raw = rawAt(reader.bytes, reader.at, words, entry);
      const whole = entry !== undefined && entry.address === at && words === entry.width;
      const value = whole
        ? written(entry, engineeringOf(entry.kind, raw, entry.multiply, entry.divide), found?.unit ?? '')
        : String(raw);
      const name = Number.isNaN(at) ? 'Register' : words === 2 ? `Registers ${at}, ${at + 1}` : `Register ${at}`;
      if (entry) this.tags.push(entry.tag);
      reader.add(name, entry ? `${entry.tag} = ${value}` : value, 2 * words, entry?.tag ?? null);
      at += words;
    }
  }

  #bits(table: TableName, address: number, quantity: number, count: number): void {
    const reader = this.#reader;
    const bytes = Math.min(reader.left, Number.isNaN(count) ? 0 : count);
    const states = Array.from(
      { length: Math.min(quantity, 8 * bytes) },
      (_, i) => ((reader.bytes[reader.at + (i >> 3)] as number) >> (i & 7)) & 1,
    );
    for (let byte = 0; byte < bytes; byte++) {
      const start = reader.at;
      const field = reader.add('States', hex(2)(reader.bytes[start] as number), 1);
      for (const [i, state] of states.slice(8 * byte, 8 * byte + 8).entries())
        field.children.push(this.#bit(table, address + 8 * byte + i, state, start));
    }
  }

  #coils(table: TableName, address: number, quantity: number, states: readonly number[]): void {
    const last = this.#reader.fields.at(-1);
    for (let i = 0; i < quantity; i++)
      last?.children.push(this.#bit(table, address + i, states[i] as number, last.start, last.end));
  }

  #bit(table: TableName, address: number, state: number, start: number, end = start + 1): PacketField {
    const entry = Number.isNaN(address) ? undefined : this.#context.point(this.#ends.server, table, address)?.entry;
    if (entry) this.tags.push(entry.tag);
    const value = entry ? `${entry.tag} = ${state}` : String(state);
    return {
      name: Number.isNaN(address) ? 'Bit' : `Bit ${address}`,
      value,
      start,
      end,
      tag: entry?.tag ?? null,
      children: [],
    };
  }

  /** The address field is about a tag, though no value of it is there. */
  #named(table: TableName, address: number): void {
    const entry = this.#context.point(this.#ends.server, table, address)?.entry;
    if (!entry) return;
    this.tags.push(entry.tag);
    const field = this.#reader.fields.find(({ name }) => name === 'Address');
    if (field) field.tag = entry.tag;
  }

  #encapsulated(request: boolean): void {
    const reader = this.#reader;
    const mei = reader.number('MEI type', 1);
    this.info = `${functionName(43)} ${mei}`;
    if (mei !== MEI_READ_DEVICE_IDENTIFICATION) return;
    this.info = 'READ_DEVICE_IDENTIFICATION';
    reader.number('Read device id code', 1);
    if (request) {
      reader.number('Object', 1, (value) => `${value} ${identificationObjectName(value)}`);
      return;
    }
    reader.number('Conformity level', 1, hex(2));
    reader.number('More follows', 1, hex(2));
    reader.number('Next object', 1);
    const objects = reader.number('Number of objects', 1);
    for (let i = 0; i < objects && !reader.short; i++) {
      const id = reader.number('Object', 1, (value) => `${value} ${identificationObjectName(value)}`);
      const length = reader.number('Length', 1);
      const text = printable(reader.raw(identificationObjectName(id), Number.isNaN(length) ? 0 : length, printable));
      this.info += ` ${text}`;
    }
  }

  /** What was written, for the row: `AIC301_SP = 11.1 mg/L`. */
  #written(): string {
    const values = this.#reader.fields.flatMap((field) => [field, ...field.children]).filter(({ tag }) => tag !== null);
    return values
      .slice(0, 3)
      .map(({ value }) => value)
      .join(', ');
  }
}

function rawAt(bytes: Uint8Array, at: number, words: number, entry: MapEntry | undefined): number {
  const word = (i: number) => ((bytes[at + 2 * i] as number) << 8) | (bytes[at + 2 * i + 1] as number);
  if (words === 1) return word(0);
  const [first, second] = [word(0), word(1)];
  return entry?.little ? second * 65536 + first : first * 65536 + second;
}

function written(entry: MapEntry, value: number, unit: string): string {
  const digits = entry.kind === KIND_FLOAT32 ? 6 : 10;
  return `${Number(value.toPrecision(digits))}${unit === '' ? '' : ` ${unit}`}`;
}
