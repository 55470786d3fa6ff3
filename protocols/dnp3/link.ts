/**
 * The data link layer (IEEE 1815-2012, clause 9): FT3 frames of up to 250 octets of user data, in blocks of 16 with a checksum
 * each. Octet streams lose and invent octets, so a reader looks for the start octets again after whatever is no frame.
 */
import { refused, whole } from './bytes.ts';

/** Checksums of single octets: polynomial x¹⁶+x¹³+x¹²+x¹¹+x¹⁰+x⁸+x⁶+x⁵+x²+1 (clause 9.2.4), lowest bit first. */
const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, octet) => {
  let crc = octet;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa6bc : crc >>> 1;
  return crc;
});

/** The checksum of `bytes[start..end)`; it is sent with the lower octet first. */
export function crc16(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let crc = 0;
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ (bytes[i] as number)) & 0xff] as number);
  return ~crc & 0xffff;
}

/** Frames of the station that began a link transaction (clause 9.2.4). */
export const PRIMARY = {
  resetLinkStates: 0,
  /** Obsolete. */
  resetUserProcess: 1,
  testLinkStates: 2,
  confirmedUserData: 3,
  unconfirmedUserData: 4,
  requestLinkStatus: 9,
} as const;

/** Frames that answer. */
export const SECONDARY = { ack: 0, nack: 1, linkStatus: 11, notFunctioning: 14, notSupported: 15 } as const;

/** What tools call link functions, by their code. */
export const PRIMARY_NAMES: Readonly<Record<number, string>> = {
  0: 'RESET_LINK_STATES',
  1: 'RESET_USER_PROCESS',
  2: 'TEST_LINK_STATES',
  3: 'CONFIRMED_USER_DATA',
  4: 'UNCONFIRMED_USER_DATA',
  9: 'REQUEST_LINK_STATUS',
};

export const SECONDARY_NAMES: Readonly<Record<number, string>> = {
  0: 'ACK',
  1: 'NACK',
  11: 'LINK_STATUS',
  14: 'NOT_FUNCTIONING',
  15: 'NOT_SUPPORTED',
};

/** Addresses with a meaning of their own (clause 9.2.5). A broadcast is confirmed by the application, unless it says otherwise. */
export const ADDRESS = {
  /** The highest address that a device can have. */
  highest: 0xffef,
  /** 0xFFF0 to 0xFFFB are reserved. */
  reservedFirst: 0xfff0,
  reservedLast: 0xfffb,
  /** A device that allows it answers to this one with its own address as the source. */
  self: 0xfffc,
  /** For all; no confirmation wanted. */
  broadcastNoConfirm: 0xfffd,
  /** For all; confirmation wanted, to clear the broadcast bit. */
  broadcastConfirm: 0xfffe,
  /** For all; the device decides whether it wants confirmation. */
  broadcastOptional: 0xffff,
} as const;

export const isBroadcast = (address: number): boolean => address >= ADDRESS.broadcastNoConfirm;
export const isReserved = (address: number): boolean =>
  address >= ADDRESS.reservedFirst && address <= ADDRESS.reservedLast;

interface Control {
  /** From a master. */
  readonly dir: boolean;
  /** 0 to 15: `PRIMARY` or `SECONDARY`. */
  readonly function: number;
}

export type LinkControl =
  /** `fcb` alternates with confirmed frames and counts when `fcv` is set. */
  | (Control & { readonly prm: true; readonly fcb: boolean; readonly fcv: boolean })
  /** `dfc`: do not send more user data now. */
  | (Control & { readonly prm: false; readonly dfc: boolean });

export interface LinkFrame {
  readonly control: LinkControl;
  /** 0 to 65535. */
  readonly destination: number;
  readonly source: number;
  /** User data without checksums, up to 250 octets; only functions 3 and 4 have any. */
  readonly payload: Uint8Array;
}

export const MAX_PAYLOAD = 250;
const HEADER = 10;
const BLOCK = 16;
/** Header, 250 octets and their 16 checksums. */
export const MAX_FRAME = 292;

const frameLength = (payload: number): number => HEADER + payload + 2 * Math.ceil(payload / BLOCK);

export function decodeControl(octet: number): LinkControl {
  const dir = (octet & 0x80) !== 0;
  const code = octet & 0x0f;
  return (octet & 0x40) !== 0
    ? { dir, prm: true, fcb: (octet & 0x20) !== 0, fcv: (octet & 0x10) !== 0, function: code }
    : { dir, prm: false, dfc: (octet & 0x10) !== 0, function: code };
}

function encodeControl(control: LinkControl): number {
  const code = whole(control.function, 0, 15, 'link function') | (control.dir ? 0x80 : 0);
  return control.prm
    ? code | 0x40 | (control.fcb ? 0x20 : 0) | (control.fcv ? 0x10 : 0)
    : code | (control.dfc ? 0x10 : 0);
}

/** The frame on the wire. @throws PenstockError `dnp3.encode` for more than 250 octets, or an address that is none. */
export function encodeLinkFrame(frame: LinkFrame): Uint8Array {
  const { payload } = frame;
  if (payload.length > MAX_PAYLOAD) throw refused(`a link frame carries ${MAX_PAYLOAD} octets, not ${payload.length}`);
  whole(frame.destination, 0, 0xffff, 'destination address');
  whole(frame.source, 0, 0xffff, 'source address');
  const bytes = new Uint8Array(frameLength(payload.length));
  bytes[0] = 0x05;
  bytes[1] = 0x64;
  bytes[2] = 5 + payload.length;
  bytes[3] = encodeControl(frame.control);
  bytes[4] = frame.destination;
  bytes[5] = frame.destination >>> 8;
  bytes[6] = frame.source;
  bytes[7] = frame.source >>> 8;
  putCrc(bytes, 0, 8);
  let at = HEADER;
  for (let from = 0; from < payload.length; from += BLOCK) {
    const block = payload.subarray(from, from + BLOCK);
    bytes.set(block, at);
    putCrc(bytes, at, at + block.length);
    at += block.length + 2;
  }
  return bytes;
}

function putCrc(bytes: Uint8Array, start: number, end: number): void {
  const crc = crc16(bytes, start, end);
  bytes[end] = crc;
  bytes[end + 1] = crc >>> 8;
}

const hasCrc = (bytes: Uint8Array, start: number, end: number): boolean =>
  crc16(bytes, start, end) === ((bytes[end] as number) | ((bytes[end + 1] as number) << 8));

/** Whether a frame's header starts here: false, or undefined while too few octets have come to tell. */
export function isFrameStart(bytes: Uint8Array, at: number, end: number): boolean | undefined {
  if (at < end && bytes[at] !== 0x05) return false;
  if (at + 1 < end && bytes[at + 1] !== 0x64) return false;
  if (at + 2 < end && (bytes[at + 2] as number) < 5) return false;
  return at + HEADER > end ? undefined : hasCrc(bytes, at, at + 8);
}

/** Who sent a frame whose header holds, though its data does not. */
export type LinkHeader = Omit<LinkFrame, 'payload'>;

export interface LinkSink {
  frame(frame: LinkFrame): void;
  /** Start octets whose header has a wrong checksum, or a length below 5. */
  badHeader(reason: 'checksum' | 'length'): void;
  /** A header that holds, and a block (counted from 0) that does not: the frame is dropped. */
  badData(header: LinkHeader, block: number): void;
  /** Octets that belong to no frame, told when the next one begins. */
  skipped(octets: number): void;
}

/** Cuts a stream into frames. Holds less than one frame, whatever comes. */
export class LinkReader {
  readonly #sink: LinkSink;
  readonly #held = new Uint8Array(MAX_FRAME);
  #heldLength = 0;
  #skipped = 0;

  constructor(sink: LinkSink) {
    this.#sink = sink;
  }

  /** Octets of a frame that is not whole yet. */
  get held(): number {
    return this.#heldLength;
  }

  receive(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    let from = start;
    // What was held is completed piece by piece, so that the rest is read in place.
    while (this.#heldLength > 0 && from < end) {
      const count = Math.min(this.#missing(), end - from);
      this.#held.set(bytes.subarray(from, from + count), this.#heldLength);
      this.#heldLength += count;
      from += count;
      const read = this.#consume(this.#held, 0, this.#heldLength);
      this.#held.copyWithin(0, read, this.#heldLength);
      this.#heldLength -= read;
    }
    if (from === end) return;
    const rest = this.#consume(bytes, from, end);
    this.#held.set(bytes.subarray(rest, end));
    this.#heldLength = end - rest;
  }

  /** Gives up what is held: octets were lost, or the connection is over. */
  lose(): void {
    this.#skip(this.#heldLength);
    this.#heldLength = 0;
    this.#tellSkipped();
  }

  /** Octets until the held part can be judged: its header, then its frame. */
  #missing(): number {
    const length = this.#heldLength < HEADER ? HEADER : frameLength((this.#held[2] as number) - 5);
    return length - this.#heldLength;
  }

  #consume(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const start = findStart(bytes, at, end);
      this.#skip(start - at);
      at = start;
      if (end - at < HEADER) return at;
      const length = bytes[at + 2] as number;
      if (length < 5 || !hasCrc(bytes, at, at + 8)) {
        at = this.#giveUp(at);
        this.#sink.badHeader(length < 5 ? 'length' : 'checksum');
        continue;
      }
      if (at + frameLength(length - 5) > end) return at;
      at = this.#frame(bytes, at, length - 5);
    }
    return at;
  }

  #frame(bytes: Uint8Array, at: number, length: number): number {
    const header: LinkHeader = {
      control: decodeControl(bytes[at + 3] as number),
      destination: (bytes[at + 4] as number) | ((bytes[at + 5] as number) << 8),
      source: (bytes[at + 6] as number) | ((bytes[at + 7] as number) << 8),
    };
    const payload = new Uint8Array(length);
    let from = at + HEADER;
    for (let done = 0; done < length; done += BLOCK) {
      const count = Math.min(BLOCK, length - done);
      if (!hasCrc(bytes, from, from + count)) {
        // An octet may be missing, so the next frame may begin inside of this one.
        const next = this.#giveUp(at);
        this.#sink.badData(header, done / BLOCK);
        return next;
      }
      for (let i = 0; i < count; i++) payload[done + i] = bytes[from + i] as number;
      from += count + 2;
    }
    this.#tellSkipped();
    this.#sink.frame({ ...header, payload });
    return from;
  }

  /** Past the start octets that began no frame. */
  #giveUp(at: number): number {
    this.#skip(2);
    return at + 2;
  }

  #skip(octets: number): void {
    this.#skipped += octets;
  }

  #tellSkipped(): void {
    if (this.#skipped > 0) this.#sink.skipped(this.#skipped);
    this.#skipped = 0;
  }
}

/** Where start octets, or what can still become them, begin; `end` without either. */
function findStart(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) if (bytes[at] === 0x05 && (at + 1 === end || bytes[at + 1] === 0x64)) return at;
  return end;
}

export type LinkResult =
  | { readonly kind: 'frame'; readonly frame: LinkFrame }
  | { readonly kind: 'bad-header'; readonly reason: 'checksum' | 'length' }
  | { readonly kind: 'bad-data'; readonly header: LinkHeader; readonly block: number }
  | { readonly kind: 'skipped'; readonly octets: number };

/** Results that wait for `take`; later ones are dropped and counted. */
const MAX_RESULTS = 4096;

/** `LinkReader` for a station: `push` what came, `take` what it was, in order. */
export class LinkParser {
  /** Results that nobody took in time. */
  dropped = 0;
  #results: LinkResult[] = [];
  readonly #reader = new LinkReader({
    frame: (frame) => this.#add({ kind: 'frame', frame }),
    badHeader: (reason) => this.#add({ kind: 'bad-header', reason }),
    badData: (header, block) => this.#add({ kind: 'bad-data', header, block }),
    skipped: (octets) => this.#add({ kind: 'skipped', octets }),
  });

  push(bytes: Uint8Array): void {
    this.#reader.receive(bytes);
  }

  take(): LinkResult[] {
    const results = this.#results;
    this.#results = [];
    return results;
  }

  /** The connection began anew: what is held of a frame will not be completed. */
  reset(): void {
    this.#reader.lose();
  }

  #add(result: LinkResult): void {
    if (this.#results.length < MAX_RESULTS) this.#results.push(result);
    else this.dropped++;
  }
}
