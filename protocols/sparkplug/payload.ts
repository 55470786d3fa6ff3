/**
 * Sparkplug B's payload: metrics with names, aliases, types and values (Eclipse Sparkplug Specification 3.0.0, chapter 6, and its
 * Protocol Buffers schema). Data sets and templates are legal and not read: their metrics say so.
 */
import { ProtoReader, ProtoWriter } from './protobuf.ts';

/** Data types (6.4.16), by number. */
export const DATA_TYPES = [
  'Unknown',
  'Int8',
  'Int16',
  'Int32',
  'Int64',
  'UInt8',
  'UInt16',
  'UInt32',
  'UInt64',
  'Float',
  'Double',
  'Boolean',
  'String',
  'DateTime',
  'Text',
  'UUID',
  'DataSet',
  'Bytes',
  'File',
  'Template',
  'PropertySet',
  'PropertySetList',
  'Int8Array',
  'Int16Array',
  'Int32Array',
  'Int64Array',
  'UInt8Array',
  'UInt16Array',
  'UInt32Array',
  'UInt64Array',
  'FloatArray',
  'DoubleArray',
  'BooleanArray',
  'StringArray',
  'DateTimeArray',
] as const;
export type DataType = (typeof DATA_TYPES)[number];

/** What a metric holds; whole numbers beyond 2⁵³ are bigints. */
export type MetricValue = number | bigint | boolean | string | Uint8Array;

export interface Metric {
  readonly name?: string | undefined;
  readonly alias?: number | undefined;
  /** Milliseconds since 1970. */
  readonly timestamp?: number | undefined;
  /** Left out in data messages, where the birth said it. */
  readonly type?: DataType | undefined;
  readonly historical?: boolean | undefined;
  readonly transient?: boolean | undefined;
  /** Undefined: null, or of a type that is not read. */
  readonly value?: MetricValue | undefined;
  readonly isNull?: boolean | undefined;
  /** Properties of simple types: `engUnit`, `engLow`, `Quality`. */
  readonly properties?: Readonly<Record<string, number | string | boolean>> | undefined;
}

export interface Payload {
  /** Milliseconds since 1970. */
  readonly timestamp?: number | undefined;
  readonly seq?: number | undefined;
  readonly uuid?: string | undefined;
  readonly metrics: readonly Metric[];
  /** Metrics beyond `MOST_METRICS`, which were left out. */
  readonly omitted?: number | undefined;
}

const MOST_METRICS = 10_000;
const MOST_PROPERTIES = 64;
const NAME_LENGTH = 1024;

/** Reads a payload; undefined for bytes that are none. Never throws. */
export function decodePayload(bytes: Uint8Array): Payload | undefined {
  const reader = new ProtoReader(bytes);
  const metrics: Metric[] = [];
  let timestamp: number | undefined;
  let seq: number | undefined;
  let uuid: string | undefined;
  let omitted = 0;
  while (reader.next()) {
    const { field, wire } = reader;
    if (field === 1 && wire === 0) timestamp = reader.varint();
    else if (field === 2 && wire === 2) {
      const part = reader.message();
      if (metrics.length >= MOST_METRICS) omitted++;
      else {
        const metric = readMetric(part);
        if (metric === undefined) return undefined;
        metrics.push(metric);
      }
    } else if (field === 3 && wire === 0) seq = reader.varint();
    else if (field === 4 && wire === 2) uuid = reader.text();
    else reader.skip();
  }
  if (reader.broken) return undefined;
  return { timestamp, seq, uuid, metrics, ...(omitted > 0 && { omitted }) };
}

function readMetric(reader: ProtoReader): Metric | undefined {
  let name: string | undefined;
  let alias: number | undefined;
  let timestamp: number | undefined;
  let code: number | undefined;
  let value: MetricValue | undefined;
  const flags = { historical: false, transient: false, isNull: false };
  let properties: Metric['properties'];
  while (reader.next()) {
    switch (reader.field * 8 + reader.wire) {
      case 0x0a:
        name = reader.text().slice(0, NAME_LENGTH);
        break;
      case 0x10:
        alias = reader.varint();
        break;
      case 0x18:
        timestamp = reader.varint();
        break;
      case 0x20:
        code = reader.varint();
        break;
      case 0x28:
        flags.historical = reader.varint() !== 0;
        break;
      case 0x30:
        flags.transient = reader.varint() !== 0;
        break;
      case 0x38:
        flags.isNull = reader.varint() !== 0;
        break;
      case 0x4a:
        properties = readProperties(reader.message());
        break;
      case 0x50:
        value = reader.varint();
        break;
      case 0x58:
        value = reader.varint64();
        break;
      case 0x65:
        value = reader.float();
        break;
      case 0x69:
        value = reader.double();
        break;
      case 0x70:
        value = reader.varint() !== 0;
        break;
      case 0x7a:
        value = reader.text();
        break;
      case 0x82:
        value = reader.bytes();
        break;
      default:
        reader.skip();
    }
  }
  if (reader.broken) return undefined;
  const type = code === undefined ? undefined : (DATA_TYPES[code] ?? 'Unknown');
  return {
    ...{ name, alias, timestamp, type },
    value: value === undefined ? undefined : typed(value, type),
    ...(flags.historical && { historical: true }),
    ...(flags.transient && { transient: true }),
    ...(flags.isNull && { isNull: true }),
    ...(properties !== undefined && { properties }),
  };
}

/** Whole numbers stand on the wire without a sign (6.4.16): a data message's value is read again when its type is known. */
export function typed(value: MetricValue, type: DataType | undefined): MetricValue {
  if (typeof value === 'number') {
    if (type === 'Int8') return (value << 24) >> 24;
    if (type === 'Int16') return (value << 16) >> 16;
    if (type === 'Int32') return value | 0;
  }
  if (type === 'Int64' && typeof value === 'bigint') {
    const signed = BigInt.asIntN(64, value);
    return signed >= BigInt(Number.MIN_SAFE_INTEGER) && signed <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(signed)
      : signed;
  }
  return value;
}

function readProperties(reader: ProtoReader): Metric['properties'] {
  const keys: string[] = [];
  const values: (number | string | boolean | undefined)[] = [];
  while (reader.next()) {
    if (reader.field === 1 && reader.wire === 2) {
      const key = reader.text();
      if (keys.length < MOST_PROPERTIES) keys.push(key);
    } else if (reader.field === 2 && reader.wire === 2) {
      const value = readPropertyValue(reader.message());
      if (values.length < MOST_PROPERTIES) values.push(value);
    } else reader.skip();
  }
  const pairs = keys.flatMap((key, i) => (values[i] === undefined ? [] : [[key, values[i]] as const]));
  return Object.fromEntries(pairs) as Metric['properties'];
}

function readPropertyValue(reader: ProtoReader): number | string | boolean | undefined {
  let value: number | string | boolean | undefined;
  while (reader.next()) {
    switch (reader.field * 8 + reader.wire) {
      case 0x18:
      case 0x20:
        value = reader.varint();
        break;
      case 0x2d:
        value = reader.float();
        break;
      case 0x31:
        value = reader.double();
        break;
      case 0x38:
        value = reader.varint() !== 0;
        break;
      case 0x42:
        value = reader.text();
        break;
      default:
        reader.skip();
    }
  }
  return value;
}

export function encodePayload({ timestamp, seq, uuid, metrics }: Payload): Uint8Array {
  const writer = new ProtoWriter();
  if (timestamp !== undefined) writer.varint(1, timestamp);
  for (const metric of metrics) writer.block(2, encodeMetric(metric));
  if (seq !== undefined) writer.varint(3, seq);
  if (uuid !== undefined) writer.text(4, uuid);
  return writer.bytes;
}

function encodeMetric(metric: Metric): Uint8Array {
  const { name, alias, timestamp, type, historical, transient, isNull, properties, value } = metric;
  const writer = new ProtoWriter();
  if (name !== undefined) writer.text(1, name);
  if (alias !== undefined) writer.varint(2, alias);
  if (timestamp !== undefined) writer.varint(3, timestamp);
  if (type !== undefined) writer.varint(4, DATA_TYPES.indexOf(type));
  if (historical) writer.flag(5, true);
  if (transient) writer.flag(6, true);
  if (isNull) writer.flag(7, true);
  if (properties !== undefined) writer.block(9, encodeProperties(properties));
  if (value !== undefined) writeValue(writer, value, type);
  return writer.bytes;
}

const LONG: ReadonlySet<DataType> = new Set(['Int64', 'UInt64', 'DateTime']);

function writeValue(writer: ProtoWriter, value: MetricValue, type: DataType | undefined): void {
  if (typeof value === 'string') writer.text(15, value);
  else if (typeof value === 'boolean') writer.flag(14, value);
  else if (value instanceof Uint8Array) writer.block(16, value);
  else if (type === 'Boolean') writer.flag(14, value !== 0 && value !== 0n);
  else if (typeof value === 'bigint' || (type !== undefined && LONG.has(type))) writer.varint(11, value);
  else if (type === 'Float') writer.float(12, value);
  else if (type === 'Double' || type === undefined || !Number.isInteger(value)) writer.double(13, value);
  else writer.varint(10, value >>> 0);
}

function encodeProperties(properties: NonNullable<Metric['properties']>): Uint8Array {
  const writer = new ProtoWriter();
  for (const key of Object.keys(properties)) writer.text(1, key);
  for (const value of Object.values(properties)) {
    const one = new ProtoWriter();
    if (typeof value === 'string') one.varint(1, DATA_TYPES.indexOf('String')).text(8, value);
    else if (typeof value === 'boolean') one.varint(1, DATA_TYPES.indexOf('Boolean')).flag(7, value);
    else if (Number.isInteger(value) && Math.abs(value) < 2 ** 31)
      one.varint(1, DATA_TYPES.indexOf('Int32')).varint(3, value >>> 0);
    else one.varint(1, DATA_TYPES.indexOf('Double')).double(6, value);
    writer.block(2, one.bytes);
  }
  return writer.bytes;
}
