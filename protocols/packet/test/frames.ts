/** Frames around payloads, and what was read of them as flat lists. */
import type { PacketField } from '@penstock/core';
import { expect } from 'vitest';

export const bytesOf = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16));

/** Ethernet, IPv4 (10.0.0.1 → 10.0.0.2) and TCP or UDP headers before a payload. */
export function frame(payload: Uint8Array, sourcePort: number, destinationPort: number, protocol = 6): Uint8Array {
  const port = (n: number) => n.toString(16).padStart(4, '0');
  const header = protocol === 6 ? 20 : 8;
  const ip = `45 00 ${port(20 + header + payload.length)} 0001 4000 40 ${protocol.toString(16).padStart(2, '0')} 0000 0a000001 0a000002`;
  const transport =
    protocol === 6
      ? `${port(sourcePort)} ${port(destinationPort)} 00000001 00000002 50 18 2000 0000 0000`
      : `${port(sourcePort)} ${port(destinationPort)} ${port(8 + payload.length)} 0000`;
  return Uint8Array.of(...bytesOf(`0200000000 02 020000000001 0800 ${ip} ${transport}`), ...payload);
}

/** Where a TCP payload of `frame` begins. */
export const TCP_PAYLOAD = 54;

export const walk = (fields: readonly PacketField[]): PacketField[] => fields.flatMap((f) => [f, ...walk(f.children)]);

/** Value, begin and end of fields by name, counted from the TCP payload; the last of a name. */
export const places = (tree: readonly PacketField[]): Record<string, [string, number, number]> =>
  Object.fromEntries(
    walk(tree).map(({ name, value, start, end }) => [name, [value, start - TCP_PAYLOAD, end - TCP_PAYLOAD]]),
  );

/** Expects that fields lie in their parents, in order, and within the frame. */
export function checkPlaces(fields: readonly PacketField[], start: number, end: number): void {
  expect(misplaced(fields, start, end)).toEqual([]);
}

const misplaced = (fields: readonly PacketField[], start: number, end: number): PacketField[] =>
  fields.flatMap((field) =>
    field.start < start || field.end > end || field.end < field.start
      ? [field]
      : misplaced(field.children, field.start, field.end),
  );
