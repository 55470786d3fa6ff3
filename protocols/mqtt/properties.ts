/** Properties of MQTT 5.0 packets (2.2.2), read and written by the table. */
import { type Reader, Writer } from './bytes.ts';
import type { PacketName, Properties } from './messages.ts';
import { PROPERTIES, type PropertyRow, REASON } from './tables.ts';

const BY_ID: readonly (PropertyRow | undefined)[] = Array.from({ length: 0x2b }, (_, id) =>
  (PROPERTIES as readonly PropertyRow[]).find((row) => row.id === id),
);
/** User properties and subscription identifiers that are kept of one packet. */
const MOST_OF_A_KIND = 64;
const NO_PROPERTIES: Properties = {};

type Value = number | string | Uint8Array | readonly [string, string];

/** Reads the properties that stand next. What breaks a rule is noted at the reader; what has no form ends it. */
export function readProperties(reader: Reader, of: PacketName | 'will'): Properties | undefined {
  const length = reader.variable();
  if (length === 0) return undefined;
  if (length > reader.left) {
    reader.break('truncated');
    return undefined;
  }
  const packetEnd = reader.end;
  const end = reader.at + length;
  reader.end = end;
  const properties: Record<string, Value | Value[]> = {};
  while (reader.at < end) {
    const row = BY_ID[reader.variable()];
    if (row === undefined) {
      reader.break('property');
      break;
    }
    const value = readValue(reader, row);
    if (reader.broken) break;
    if (!row.in.includes(of)) reader.wrong('property-place', REASON.protocolError);
    if ((row.flag && (value as number) > 1) || (row.positive && value === 0))
      reader.wrong('property', REASON.protocolError);
    const before = properties[row.name];
    if (row.many) {
      if (before === undefined) properties[row.name] = [value];
      else if ((before as Value[]).length < MOST_OF_A_KIND) (before as Value[]).push(value);
    } else {
      if (before !== undefined) reader.wrong('property-twice', REASON.protocolError);
      properties[row.name] = value;
    }
  }
  reader.end = packetEnd;
  return reader.broken ? undefined : (properties as Properties);
}

function readValue(reader: Reader, { type }: PropertyRow): Value {
  switch (type) {
    case 'byte':
      return reader.byte();
    case 'two':
      return reader.two();
    case 'four':
      return reader.four();
    case 'variable':
      return reader.variable();
    case 'text':
      return reader.text();
    case 'binary':
      return reader.binary();
    case 'pair':
      return [reader.text(), reader.text()];
  }
}

const scratch = new Writer();

/** Writes properties with their length. */
export function writeProperties(writer: Writer, properties: Properties = NO_PROPERTIES): void {
  scratch.reset(0);
  for (const row of PROPERTIES as readonly PropertyRow[]) {
    const value = (properties as Record<string, Value | readonly Value[] | undefined>)[row.name];
    if (value === undefined) continue;
    if (row.many) for (const one of value as readonly Value[]) writeValue(scratch, row, one);
    else writeValue(scratch, row, value as Value);
  }
  writer.variable(scratch.at);
  if (scratch.at > 0) writer.bytes(scratch.copy(0));
}

function writeValue(writer: Writer, { id, type }: PropertyRow, value: Value): void {
  writer.byte(id);
  switch (type) {
    case 'byte':
      writer.byte(value as number);
      return;
    case 'two':
      writer.two(value as number);
      return;
    case 'four':
      writer.four(value as number);
      return;
    case 'variable':
      writer.variable(value as number);
      return;
    case 'text':
      writer.text(value as string);
      return;
    case 'binary':
      writer.binary(value as Uint8Array);
      return;
    case 'pair':
      for (const text of value as readonly [string, string]) writer.text(text);
  }
}
