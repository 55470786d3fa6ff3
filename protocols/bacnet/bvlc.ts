/** The virtual link layer over UDP (ASHRAE 135-2020, annex J.2). */
import { unsignedAt } from './reader.ts';

export const BACNET_PORT = 47_808;
/** First octet of every message over IPv4. */
export const BVLC_TYPE = 0x81;

export const BVLC = {
  result: 0,
  writeBdt: 1,
  readBdt: 2,
  readBdtAck: 3,
  forwarded: 4,
  registerForeign: 5,
  readFdt: 6,
  readFdtAck: 7,
  deleteFdt: 8,
  distribute: 9,
  unicast: 10,
  broadcast: 11,
  secure: 12,
} as const;

/** What a device that is none for broadcasts answers; the function's number × 16. */
export const BVLC_RESULT = {
  done: 0,
  writeBdt: 0x10,
  readBdt: 0x20,
  registerForeign: 0x30,
  readFdt: 0x40,
  deleteFdt: 0x50,
  distribute: 0x60,
} as const;

/** An entry of a broadcast distribution table. */
export interface BdtEntry {
  readonly address: number;
  readonly port: number;
  readonly mask: number;
}

/** A foreign device and the seconds that it asked for and that are left. */
export interface FdtEntry {
  readonly address: number;
  readonly port: number;
  readonly ttl: number;
  readonly remaining: number;
}

/** `illegal` is against the standard, `unsupported` is nothing that we know. */
export type BacnetProblem = {
  readonly kind: 'illegal' | 'unsupported';
  readonly text: string;
};

export const illegal = (text: string): BacnetProblem => ({ kind: 'illegal', text });
export const unsupported = (text: string): BacnetProblem => ({ kind: 'unsupported', text });

/** A message of the virtual link. The range of the network's message is empty where it has none. */
export interface BvlcMessage {
  readonly function: number;
  /** Of the network's message. */
  readonly start: number;
  readonly end: number;
  /** BVLC-Result. */
  readonly result?: number;
  /** Whoever sent a forwarded message. */
  readonly origin?: { readonly address: number; readonly port: number };
  /** Register-Foreign-Device, in seconds. */
  readonly ttl?: number;
  readonly bdt?: readonly BdtEntry[];
  readonly fdt?: readonly FdtEntry[];
  /** Delete-Foreign-Device-Table-Entry. */
  readonly entry?: { readonly address: number; readonly port: number };
}

const HEADER = 4;

/**
 * Reads `buffer[start..end)`, one datagram.
 * @param lengths `trusted`: who watches reads on where a message gives another length than it has (`length` says which); devices do not
 */
export function decodeBvlc(
  buffer: Uint8Array,
  start: number,
  end: number,
  lengths: 'checked' | 'trusted' = 'checked',
): BvlcMessage | BacnetProblem {
  if (end - start < HEADER) return illegal('shorter than its header');
  if (buffer[start] !== BVLC_TYPE) return unsupported(`virtual link type 0x${(buffer[start] ?? 0).toString(16)}`);
  const code = buffer[start + 1] as number;
  const length = ((buffer[start + 2] as number) << 8) | (buffer[start + 3] as number);
  if (length !== end - start && lengths === 'checked') return illegal(`says ${length} octets, has ${end - start}`);
  const at = start + HEADER;
  const size = end - at;
  const none = { function: code, start: end, end };
  switch (code) {
    case BVLC.unicast:
    case BVLC.broadcast:
    case BVLC.distribute:
      return { function: code, start: at, end };
    case BVLC.forwarded:
      if (size < 6) return illegal('a forwarded message without its origin');
      return { function: code, start: at + 6, end, origin: endpointAt(buffer, at) };
    case BVLC.result:
      return size === 2 ? { ...none, result: unsignedAt(buffer, at, 2) } : illegal('a result is two octets');
    case BVLC.registerForeign:
      return size === 2 ? { ...none, ttl: unsignedAt(buffer, at, 2) } : illegal('a registration is two octets');
    case BVLC.deleteFdt:
      return size === 6 ? { ...none, entry: endpointAt(buffer, at) } : illegal('an entry to delete is six octets');
    case BVLC.readBdt:
    case BVLC.readFdt:
      return size === 0 ? none : illegal('a request for a table has nothing behind it');
    case BVLC.writeBdt:
    case BVLC.readBdtAck: {
      if (size % 10 !== 0) return illegal('an entry for broadcasts is ten octets');
      const bdt: BdtEntry[] = [];
      for (let i = at; i < end; i += 10) bdt.push({ ...endpointAt(buffer, i), mask: unsignedAt(buffer, i + 6, 4) });
      return { ...none, bdt };
    }
    case BVLC.readFdtAck: {
      if (size % 10 !== 0) return illegal('an entry of a foreign device is ten octets');
      const fdt: FdtEntry[] = [];
      for (let i = at; i < end; i += 10)
        fdt.push({
          ...endpointAt(buffer, i),
          ttl: unsignedAt(buffer, i + 6, 2),
          remaining: unsignedAt(buffer, i + 8, 2),
        });
      return { ...none, fdt };
    }
    default:
      return unsupported(`virtual link function ${code}`);
  }
}

export const isProblem = (decoded: object): decoded is BacnetProblem => 'kind' in decoded;

function endpointAt(buffer: Uint8Array, at: number): { address: number; port: number } {
  return { address: unsignedAt(buffer, at, 4), port: unsignedAt(buffer, at + 4, 2) };
}

/** A message of the virtual link around `payload`. */
export function encodeBvlc(code: number, payload: Uint8Array): Uint8Array {
  const octets = new Uint8Array(HEADER + payload.length);
  octets[0] = BVLC_TYPE;
  octets[1] = code;
  octets[2] = octets.length >> 8;
  octets[3] = octets.length;
  octets.set(payload, HEADER);
  return octets;
}

/** Address and port as they stand in messages. */
export function endpointOctets({ address, port }: { readonly address: number; readonly port: number }): number[] {
  return [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255, port >> 8, port & 255];
}

export const encodeResult = (result: number): Uint8Array =>
  encodeBvlc(BVLC.result, Uint8Array.of(result >> 8, result & 255));

export const encodeRegistration = (seconds: number): Uint8Array =>
  encodeBvlc(BVLC.registerForeign, Uint8Array.of(seconds >> 8, seconds & 255));

/** @param code `BVLC.writeBdt` or `BVLC.readBdtAck` */
export const encodeBdt = (code: number, entries: readonly BdtEntry[]): Uint8Array =>
  encodeBvlc(
    code,
    Uint8Array.from(
      entries.flatMap((entry) => [
        ...endpointOctets(entry),
        ...[entry.mask >>> 24, (entry.mask >>> 16) & 255, (entry.mask >>> 8) & 255, entry.mask & 255],
      ]),
    ),
  );

export const encodeFdt = (entries: readonly FdtEntry[]): Uint8Array =>
  encodeBvlc(
    BVLC.readFdtAck,
    Uint8Array.from(
      entries.flatMap((entry) => [
        ...endpointOctets(entry),
        ...[entry.ttl >> 8, entry.ttl & 255, entry.remaining >> 8, entry.remaining & 255],
      ]),
    ),
  );
