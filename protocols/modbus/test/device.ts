/** A device for tests: values in an array, one writer's log, a shadow that says what may have changed. */
import type { FileAccess, PointAccess, PointSpec, WriteOutcome, Writer } from '@penstock/core';
import { ModbusServer, type ModbusServerOptions, RegisterMap } from '../index.ts';

type Modbus = NonNullable<PointSpec['modbus']>;

export function point(tag: string, writable: boolean, modbus: Partial<Modbus>, accepts?: [number, number]): PointSpec {
  return {
    tag,
    writable,
    ...(accepts && { accepts }),
    modbus: { table: 'holding', address: 0, type: 'uint16', wordOrder: 'big', scale: 1, ...modbus },
  };
}

/**
 * Coils 0–2047 (writable but 70), discrete inputs 10–19, input registers 0–199, holding registers 0–199 as single words with 50 read-only and
 * 60 accepting 0 to 500 only, and from 300 on one point of every type in both word orders.
 */
export function testPoints(): PointSpec[] {
  const points: PointSpec[] = [];
  for (let i = 0; i < 2048; i++) points.push(point(`C${i}`, i !== 70, { table: 'coil', address: i, type: 'bool' }));
  for (let i = 10; i < 20; i++) points.push(point(`D${i}`, false, { table: 'discrete', address: i, type: 'bool' }));
  for (let i = 0; i < 200; i++) points.push(point(`I${i}`, false, { table: 'input', address: i }));
  for (let i = 0; i < 200; i++) points.push(point(`H${i}`, i !== 50, { address: i }, i === 60 ? [0, 500] : undefined));
  let address = 300;
  for (const type of ['uint32', 'int32', 'float32'] as const)
    for (const wordOrder of ['big', 'little'] as const) {
      points.push(point(`${type}-${wordOrder}`, true, { address, type, wordOrder }));
      address += 2;
    }
  points.push(point('int16', true, { address: address++, type: 'int16', scale: 0.1 }));
  points.push(point('bool', true, { address: address++, type: 'bool' }));
  return points;
}

export interface WrittenPoint {
  readonly point: number;
  readonly value: number;
  readonly writer: Writer;
}

export class TestDevice implements PointAccess, FileAccess {
  readonly points: readonly PointSpec[];
  readonly values: Float64Array;
  readonly written: WrittenPoint[] = [];
  readonly files = new Map<number, Uint8Array>([[1, Uint8Array.from({ length: 400 }, (_, i) => i)]]);
  readonly fileWrites: { file: number; record: number; bytes: Uint8Array; writer: Writer }[] = [];
  outcome: WriteOutcome = 'done';
  /** Outcome for single tags. */
  readonly outcomes = new Map<string, WriteOutcome>();

  constructor(points: readonly PointSpec[] = testPoints()) {
    this.points = points;
    this.values = Float64Array.from(points, (_, i) => i % 2);
  }

  index(tag: string): number {
    const index = this.points.findIndex((candidate) => candidate.tag === tag);
    if (index < 0) throw new Error(`no point ${tag}`);
    return index;
  }

  value(tag: string): number {
    return this.values[this.index(tag)] as number;
  }

  set(tag: string, value: number): void {
    this.values[this.index(tag)] = value;
  }

  read(index: number): number {
    return this.values[index] as number;
  }

  check(index: number): WriteOutcome {
    return this.outcomes.get((this.points[index] as PointSpec).tag) ?? this.outcome;
  }

  write(index: number, value: number, writer: Writer): WriteOutcome {
    const outcome = this.check(index);
    if (outcome !== 'done') return outcome;
    this.values[index] = value;
    this.written.push({ point: index, value, writer });
    return 'done';
  }

  readFile(file: number, record: number, count: number): Uint8Array | undefined {
    const bytes = this.files.get(file);
    return bytes && 2 * (record + count) <= bytes.length ? bytes.slice(2 * record, 2 * (record + count)) : undefined;
  }

  writeFile(file: number, record: number, bytes: Uint8Array, writer: Writer): WriteOutcome {
    const present = this.files.get(file);
    if (present === undefined) return 'read-only';
    if (2 * record + bytes.length > present.length) return 'range';
    if (this.outcome !== 'done') return this.outcome;
    present.set(bytes, 2 * record);
    this.fileWrites.push({ file, record, bytes, writer });
    return 'done';
  }
}

export const IDENTITY = {
  vendor: 'Weir & Sons',
  productCode: 'WS-340',
  revision: 'V2.8',
  productName: 'Dosing controller',
  modelName: 'WS 340-20',
  vendorUrl: 'https://weir.example',
  application: 'Lye dosing',
};

export function testServer(device: TestDevice, options: Partial<ModbusServerOptions> = {}): ModbusServer {
  return new ModbusServer({
    map: new RegisterMap(device.points, 'test device'),
    points: device,
    files: device,
    identity: IDENTITY,
    ...options,
  });
}

const WRITER: Writer = { protocol: 'modbus', address: '10.20.2.10', port: 50_000 };

/** Sends the PDU's bytes (hex, spaces allowed) to unit 1 and returns the response PDU as hex, empty for none. */
export function ask(server: ModbusServer, pdu: string | Uint8Array, unit = 1): string {
  const request = typeof pdu === 'string' ? bytes(pdu) : pdu;
  const out = new Uint8Array(260);
  return hex(out.subarray(0, server.respond(unit, request, 0, request.length, out, 0, WRITER)));
}

export const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
export const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');
export const word = (value: number): string => value.toString(16).padStart(4, '0');
