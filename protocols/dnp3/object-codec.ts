/** The interpreter of the object library: one object's octets, both ways. Decoding never throws. */

import { decodeAttribute, encodeAttribute } from './attributes.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';
import { refused, whole } from './bytes.ts';
import { decodeFile, encodeFile } from './files.ts';
import type { NumberForm, ObjectForm, ObjectType, PointForm } from './objects.ts';
import type { ControlRelayOutput, ObjectValue } from './values.ts';

function readNumber(reader: ByteReader, form: NumberForm): number {
  switch (form) {
    case 'u8':
      return reader.u8();
    case 'u16':
      return reader.u16();
    case 'u32':
      return reader.u32();
    case 'i16':
      return reader.i16();
    case 'i32':
      return reader.i32();
    case 'f32':
      return reader.f32();
    case 'f64':
      return reader.f64();
  }
}

function writeNumber(writer: ByteWriter, form: NumberForm, value: number): void {
  writer[form](value);
}

/**
 * One object at the reader's place. Undefined when the octets that are there cannot be it; a reader that came short says so in
 * `short`. `size`: octets of the object where a prefix told.
 */
export function decodeObject(
  reader: ByteReader,
  type: ObjectType,
  variation: number,
  size: number | undefined,
): ObjectValue | undefined {
  const { form } = type;
  switch (form.kind) {
    case 'point':
      return decodePoint(reader, form);
    case 'analog-command':
      return { type: 'analog-command', value: readNumber(reader, form.number), status: reader.u8() };
    case 'binary-command-event': {
      const octet = reader.u8();
      const event = { type: 'binary-command-event', value: (octet & 0x80) !== 0, status: octet & 0x7f } as const;
      return form.time ? { ...event, time: reader.u48() } : event;
    }
    case 'analog-command-event': {
      const event = {
        type: 'analog-command-event',
        status: reader.u8(),
        value: readNumber(reader, form.number),
      } as const;
      return form.time ? { ...event, time: reader.u48() } : event;
    }
    case 'crob':
      return decodeControl(reader);
    case 'time':
      return { type: 'time', time: reader.u48() };
    case 'time-interval':
      return { type: 'time-interval', time: reader.u48(), interval: reader.u32() };
    case 'time-interval-units':
      return { type: 'time-interval', time: reader.u48(), interval: reader.u32(), units: reader.u8() };
    case 'delay':
      return { type: 'delay', delay: reader.u16() };
    case 'buffer-status':
      return { type: 'buffer-status', overflow: reader.u8(), group: reader.u8(), variation: reader.u8() };
    case 'private': {
      const vendor = reader.text(4);
      const id = reader.u16();
      return { type: 'private', vendor, id, octets: reader.bytes(reader.u16()) };
    }
    case 'security-statistic': {
      const statistic = {
        type: 'security-statistic',
        flags: reader.u8(),
        association: reader.u16(),
        value: reader.u32(),
      } as const;
      return form.time ? { ...statistic, time: reader.u48() } : statistic;
    }
    case 'bcd':
      return { type: 'bcd', digits: readDigits(reader, form.octets) };
    case 'unsigned':
      return { type: 'unsigned', value: readNumber(reader, form.number) };
    case 'octets':
      return { type: 'octets', octets: reader.bytes(octetsOf(form, variation, size)) };
    case 'attribute':
      return decodeAttribute(reader);
    case 'none':
    case 'packed':
      return undefined;
    default:
      return decodeFile(reader, form.kind, size ?? reader.left);
  }
}

function octetsOf(form: Extract<ObjectForm, { kind: 'octets' }>, variation: number, size: number | undefined): number {
  return form.octets === 'variation' ? variation : form.octets === 'prefix' ? (size ?? 0) : form.octets;
}

function decodePoint(reader: ByteReader, form: PointForm): ObjectValue {
  let flags: number | undefined = form.flags ? reader.u8() : undefined;
  let value: number | boolean;
  if (form.type === 'binary') {
    value = ((flags ?? 0) & 0x80) !== 0;
    flags = (flags ?? 0) & 0x7f;
  } else if (form.type === 'double-bit') {
    value = (flags ?? 0) >> 6;
    flags = (flags ?? 0) & 0x3f;
  } else value = readNumber(reader, form.number as NumberForm);
  const { type } = form;
  // Written out, for these are most of all objects.
  if (form.time === 'absolute') return { type, value, flags, time: reader.u48() } as ObjectValue;
  if (form.time === 'relative') return { type, value, flags, relativeTime: reader.u16() } as ObjectValue;
  return (flags === undefined ? { type, value } : { type, value, flags }) as ObjectValue;
}

function decodeControl(reader: ByteReader): ControlRelayOutput {
  const code = reader.u8();
  return {
    type: 'crob',
    operation: code & 0x0f,
    queue: (code & 0x10) !== 0,
    clear: (code & 0x20) !== 0,
    tripClose: code >> 6,
    count: reader.u8(),
    onTime: reader.u32(),
    offTime: reader.u32(),
    status: reader.u8() & 0x7f,
  };
}

function readDigits(reader: ByteReader, octets: number): string {
  let digits = '';
  for (let i = 0; i < octets; i++) digits = reader.u8().toString(16).padStart(2, '0').toUpperCase() + digits;
  return digits;
}

/** Writes one object. @throws PenstockError `dnp3.encode` for a value of another type than the object has, or outside of its limits. */
export function encodeObject(writer: ByteWriter, type: ObjectType, variation: number, value: ObjectValue): void {
  const { form } = type;
  switch (form.kind) {
    case 'point':
      encodePoint(writer, type, form, value);
      return;
    case 'analog-command': {
      const command = expected(type, value, 'analog-command');
      writeNumber(writer, form.number, command.value);
      writer.u8(command.status, 'status');
      return;
    }
    case 'binary-command-event': {
      const event = expected(type, value, 'binary-command-event');
      writer.u8(whole(event.status, 0, 127, 'status') | (event.value ? 0x80 : 0));
      if (form.time) writer.u48(needed(type, event.time));
      return;
    }
    case 'analog-command-event': {
      const event = expected(type, value, 'analog-command-event');
      writer.u8(event.status, 'status');
      writeNumber(writer, form.number, event.value);
      if (form.time) writer.u48(needed(type, event.time));
      return;
    }
    case 'crob':
      encodeControl(writer, expected(type, value, 'crob'));
      return;
    case 'time':
      writer.u48(expected(type, value, 'time').time);
      return;
    case 'time-interval':
    case 'time-interval-units': {
      const { time, interval, units } = expected(type, value, 'time-interval');
      writer.u48(time).u32(interval, 'interval');
      if (form.kind === 'time-interval-units') writer.u8(needed(type, units, 'units'));
      return;
    }
    case 'delay':
      writer.u16(expected(type, value, 'delay').delay, 'delay');
      return;
    case 'buffer-status': {
      const status = expected(type, value, 'buffer-status');
      writer.u8(status.overflow).u8(status.group).u8(status.variation);
      return;
    }
    case 'private': {
      const { vendor, id, octets } = expected(type, value, 'private');
      if (vendor.length !== 4) throw refused(`a vendor code has 4 characters, not ${vendor.length}`);
      writer.text(vendor).u16(id, 'object id').u16(octets.length, 'length').bytes(octets);
      return;
    }
    case 'security-statistic': {
      const statistic = expected(type, value, 'security-statistic');
      writer
        .u8(statistic.flags ?? 0)
        .u16(statistic.association, 'association')
        .u32(statistic.value);
      if (form.time) writer.u48(needed(type, statistic.time));
      return;
    }
    case 'bcd':
      writeDigits(writer, expected(type, value, 'bcd').digits, form.octets);
      return;
    case 'unsigned':
      writeNumber(writer, form.number, expected(type, value, 'unsigned').value);
      return;
    case 'octets': {
      const { octets } = expected(type, value, 'octets');
      const length = octetsOf(form, variation, octets.length);
      if (octets.length !== length)
        throw refused(`${nameOf(type, variation)} has ${length} octets, not ${octets.length}`);
      writer.bytes(octets);
      return;
    }
    case 'attribute':
      encodeAttribute(writer, expected(type, value, 'attribute'));
      return;
    case 'none':
    case 'packed':
      throw refused(`${nameOf(type, variation)} has no object of its own`);
    default:
      if (value.type !== form.kind) throw wrongType(type, value, form.kind);
      encodeFile(writer, value);
  }
}

function encodePoint(writer: ByteWriter, type: ObjectType, form: PointForm, value: ObjectValue): void {
  if (form.type === 'binary') {
    const point = expected(type, value, 'binary');
    writer.u8(whole(point.flags ?? 1, 0, 0x7f, 'flags') | (point.value ? 0x80 : 0));
    writeTime(writer, type, form, point.time, point.relativeTime);
  } else if (form.type === 'double-bit') {
    const point = expected(type, value, 'double-bit');
    writer.u8(whole(point.flags ?? 1, 0, 0x3f, 'flags') | (whole(point.value, 0, 3, 'double bit') << 6));
    writeTime(writer, type, form, point.time, point.relativeTime);
  } else {
    const point = expected(type, value, form.type);
    if (form.flags) writer.u8(point.flags ?? 1, 'flags');
    writeNumber(writer, form.number as NumberForm, point.value);
    writeTime(writer, type, form, point.time, point.relativeTime);
  }
}

function writeTime(
  writer: ByteWriter,
  type: ObjectType,
  form: PointForm,
  time: number | undefined,
  relative: number | undefined,
): void {
  if (form.time === 'absolute') writer.u48(needed(type, time));
  else if (form.time === 'relative') writer.u16(needed(type, relative, 'relativeTime'), 'relative time');
}

function encodeControl(writer: ByteWriter, control: ControlRelayOutput): void {
  const code =
    whole(control.operation, 0, 15, 'operation') |
    (control.queue ? 0x10 : 0) |
    (control.clear ? 0x20 : 0) |
    (whole(control.tripClose, 0, 3, 'trip/close code') << 6);
  writer.u8(code).u8(control.count, 'count').u32(control.onTime, 'on time').u32(control.offTime, 'off time');
  writer.u8(whole(control.status, 0, 127, 'status'));
}

function writeDigits(writer: ByteWriter, digits: string, octets: number): void {
  if (!new RegExp(`^[0-9A-F]{${octets * 2}}$`).test(digits)) throw refused(`${octets * 2} digits, not '${digits}'`);
  for (let at = digits.length - 2; at >= 0; at -= 2) writer.u8(Number.parseInt(digits.slice(at, at + 2), 16));
}

const nameOf = (type: ObjectType, variation: number): string => `g${type.group}v${variation} (${type.name})`;

const wrongType = (type: ObjectType, value: ObjectValue, right: string): Error =>
  refused(`g${type.group}v${type.variation} (${type.name}) needs a value of type '${right}', not '${value.type}'`);

function expected<T extends ObjectValue['type']>(
  type: ObjectType,
  value: ObjectValue,
  right: T,
): Extract<ObjectValue, { type: T }> {
  if (value.type !== right) throw wrongType(type, value, right);
  return value as Extract<ObjectValue, { type: T }>;
}

function needed(type: ObjectType, value: number | undefined, what = 'time'): number {
  if (value === undefined) throw refused(`g${type.group}v${type.variation} (${type.name}) needs '${what}'`);
  return value;
}
