/**
 * What somebody in the middle does to Modbus/TCP between two parties: listens, keeps a window of readings, and later puts those in the
 * place of the true ones. Responses keep their transaction id and length, and everything but the named tags is passed on as it is.
 * Works on whole frames within a TCP segment; what is cut in two is passed on untouched and counted.
 */
import type { Duration, Instant } from '@penstock/core';
import { type Block, encodeValue, type MapEntry, type RegisterMap, type TableName } from '@penstock/protocols/modbus';
import type { InterposedPacket } from '@penstock/simulator/kernel';

/** A Modbus server whose answers pass. */
export interface RelayedServer {
  readonly address: number;
  readonly port: number;
  readonly map: RegisterMap;
  /** Points whose readings are replayed. */
  readonly replay: readonly MapEntry[];
  /** Points whose readings are replaced by another value. */
  readonly change: readonly { readonly entry: MapEntry; readonly value: number }[];
}

export interface RelayOptions {
  /** Holds every packet of the two up. */
  readonly hold?: Duration | undefined;
  /** Frames that are not passed on: what asks, what answers, or only what writes. */
  readonly drop?: 'requests' | 'responses' | 'writes' | undefined;
  /** A tag's true reading, as it passes. */
  readonly seen: (tag: string, value: number) => void;
}

interface Asked {
  readonly table: TableName;
  readonly address: number;
  readonly quantity: number;
  readonly at: Instant;
  /** Which snapshot answered it; a retransmitted response must say the same again. */
  snapshot: number;
}

/** Readings of one block of addresses, in the order in which they came. */
interface Track {
  readonly block: Block;
  readonly watched: readonly MapEntry[];
  readonly snapshots: Uint8Array[];
  next: number;
}

const TABLE_OF: readonly (TableName | undefined)[] = [undefined, 'coil', 'discrete', 'holding', 'input'];
const WRITES = new Set([5, 6, 15, 16, 21, 22, 23]);
/** Requests that are remembered until their answer comes, snapshots of a block, and blocks. */
const MOST_ASKED = 1024;
const MOST_SNAPSHOTS = 7200;
const MOST_TRACKS = 64;
/** A transaction id that comes again within this time is the same request, sent again. */
const SAME = 5e6;

export class ModbusRelay {
  /** Frames that could not be looked into, and readings that were not kept for want of room. */
  skipped = 0;
  unkept = 0;
  readonly #servers: readonly RelayedServer[];
  readonly #options: RelayOptions;
  readonly #asked = new Map<number, Asked>();
  readonly #tracks = new Map<string, Track>();
  readonly #values = new Float64Array(256);
  readonly #bytes = new Uint8Array(4);
  /** What a tag was last made to read, for reads of another shape than those that were recorded. */
  readonly #last = new Map<MapEntry, number>();
  #replaying = false;

  constructor(servers: readonly RelayedServer[], options: RelayOptions) {
    this.#servers = servers;
    this.#options = options;
  }

  /** Tags of which no reading has passed yet. */
  missing(): string[] {
    const seen = new Set([...this.#tracks.values()].flatMap((t) => (t.snapshots.length > 0 ? t.watched : [])));
    return this.#servers.flatMap(({ replay }) => replay.filter((entry) => !seen.has(entry)).map(({ tag }) => tag));
  }

  /** Readings of the window that was recorded. */
  get recorded(): number {
    let sum = 0;
    for (const { snapshots } of this.#tracks.values()) sum += snapshots.length;
    return sum;
  }

  /** From now on the recorded readings are given for the true ones, from the first on and round again. */
  replay(): void {
    this.#replaying = true;
  }

  /** A packet between the parties. False: it is not passed on. */
  packet(packet: InterposedPacket, now: Instant): boolean {
    const { drop, hold } = this.#options;
    if (hold !== undefined) packet.delay = hold;
    for (let i = 0; i < this.#servers.length; i++) {
      const server = this.#servers[i] as RelayedServer;
      if (packet.destination === server.address && packet.destinationPort === server.port)
        return this.#requests(packet, i, now);
      if (packet.source === server.address && packet.sourcePort === server.port) {
        this.#responses(packet, i, now);
        return drop !== 'responses' || packet.end === packet.payload;
      }
    }
    return true;
  }

  /** Remembers what is asked; false when the packet is one to drop. */
  #requests(packet: InterposedPacket, server: number, now: Instant): boolean {
    const { buffer, end } = packet;
    const { drop } = this.#options;
    let pass = drop !== 'requests' || end === packet.payload;
    for (let at = packet.payload; at < end; ) {
      const next = frameEnd(buffer, at, end);
      if (next < 0) {
        this.skipped++;
        return pass;
      }
      const code = buffer[at + 7] as number;
      if (drop === 'writes' && WRITES.has(code)) pass = false;
      const table = TABLE_OF[code];
      if (table !== undefined && next - at === 12) {
        const key = keyOf(server, packet.sourcePort, u16(buffer, at));
        const address = u16(buffer, at + 8);
        const quantity = u16(buffer, at + 10);
        const before = this.#asked.get(key);
        const again =
          before?.table === table &&
          before.address === address &&
          before.quantity === quantity &&
          now - before.at < SAME;
        if (!again) this.#remember(key, { table, address, quantity, at: now, snapshot: -1 });
      }
      at = next;
    }
    return pass;
  }

  #remember(key: number, asked: Asked): void {
    this.#asked.delete(key);
    this.#asked.set(key, asked);
    if (this.#asked.size > MOST_ASKED) this.#asked.delete(this.#asked.keys().next().value as number);
  }

  #responses(packet: InterposedPacket, server: number, now: Instant): void {
    const { buffer, end } = packet;
    for (let at = packet.payload; at < end; ) {
      const next = frameEnd(buffer, at, end);
      if (next < 0) {
        this.skipped++;
        return;
      }
      const asked = this.#asked.get(keyOf(server, packet.destinationPort, u16(buffer, at)));
      const table = TABLE_OF[buffer[at + 7] as number];
      if (
        asked !== undefined &&
        table === asked.table &&
        now - asked.at < SAME &&
        buffer[at + 8] === bytesOf(asked) &&
        next - at === 9 + bytesOf(asked)
      )
        this.#answer(packet, at + 9, server, asked);
      at = next;
    }
  }

  /** `at`: where the bits or registers of the response begin. */
  #answer(packet: InterposedPacket, at: number, index: number, asked: Asked): void {
    const server = this.#servers[index] as RelayedServer;
    const track = this.#track(index, server, asked);
    const { buffer } = packet;
    if (track !== undefined && track.watched.length > 0) {
      track.block.decode(buffer, at, this.#values);
      for (let i = 0; i < track.block.entries.length; i++) {
        const entry = track.block.entries[i] as MapEntry;
        if (track.watched.includes(entry)) this.#options.seen(entry.tag, this.#values[i] as number);
      }
      if (this.#replaying) this.#putBack(packet, at, track, asked);
      else if (asked.snapshot < 0) this.#keep(track, buffer.slice(at, at + bytesOf(asked)), asked);
    }
    for (const { entry, value } of server.change) this.#put(packet, at, asked, entry, value);
  }

  #keep(track: Track, bytes: Uint8Array, asked: Asked): void {
    if (track.snapshots.length >= MOST_SNAPSHOTS) this.unkept++;
    else asked.snapshot = track.snapshots.push(bytes) - 1;
  }

  #putBack(packet: InterposedPacket, at: number, track: Track, asked: Asked): void {
    const { snapshots, block } = track;
    if (snapshots.length === 0) {
      for (const entry of track.watched) {
        const value = this.#last.get(entry);
        if (value !== undefined) this.#put(packet, at, asked, entry, value);
      }
      return;
    }
    if (asked.snapshot < 0) {
      asked.snapshot = track.next;
      track.next = (track.next + 1) % snapshots.length;
    }
    const snapshot = snapshots[asked.snapshot % snapshots.length] as Uint8Array;
    block.decode(snapshot, 0, this.#values);
    for (let i = 0; i < block.entries.length; i++) {
      const entry = block.entries[i] as MapEntry;
      if (!track.watched.includes(entry)) continue;
      this.#last.set(entry, this.#values[i] as number);
      this.#copy(packet, at, asked, entry, snapshot);
    }
  }

  /** Bytes of one point out of a snapshot of the same block. */
  #copy(packet: InterposedPacket, at: number, asked: Asked, entry: MapEntry, snapshot: Uint8Array): void {
    const offset = entry.address - asked.address;
    if (isBit(asked.table)) {
      this.#putBit(packet, at, offset, ((snapshot[offset >> 3] as number) >> (offset & 7)) & 1);
      return;
    }
    for (let i = 2 * offset; i < 2 * (offset + entry.width); i++) this.#putByte(packet, at + i, snapshot[i] as number);
  }

  #put(packet: InterposedPacket, at: number, asked: Asked, entry: MapEntry, value: number): void {
    const offset = entry.address - asked.address;
    if (entry.table !== asked.table || offset < 0 || offset + entry.width > asked.quantity) return;
    if (isBit(asked.table)) {
      this.#putBit(packet, at, offset, value === 0 ? 0 : 1);
      return;
    }
    encodeValue(entry, value, this.#bytes, 0);
    for (let i = 0; i < 2 * entry.width; i++) this.#putByte(packet, at + 2 * offset + i, this.#bytes[i] as number);
  }

  #putBit(packet: InterposedPacket, at: number, offset: number, bit: number): void {
    const place = at + (offset >> 3);
    const mask = 1 << (offset & 7);
    const byte = packet.buffer[place] as number;
    this.#putByte(packet, place, bit === 1 ? byte | mask : byte & ~mask & 0xff);
  }

  #putByte(packet: InterposedPacket, place: number, byte: number): void {
    if (packet.buffer[place] === byte) return;
    packet.buffer[place] = byte;
    packet.changed = true;
  }

  /** The readings of a block; undefined where there are too many blocks. */
  #track(index: number, server: RelayedServer, { table, address, quantity }: Asked): Track | undefined {
    const key = `${index}|${table}|${address}|${quantity}`;
    let track = this.#tracks.get(key);
    if (track === undefined && this.#tracks.size < MOST_TRACKS) {
      const block = server.map.block(table, address, quantity);
      const watched = block.entries.filter((entry) => server.replay.includes(entry));
      track = { block, watched, snapshots: [], next: 0 };
      this.#tracks.set(key, track);
    }
    return track;
  }
}

/** End of the frame that begins at `at`; negative when it is not whole or no Modbus/TCP. */
function frameEnd(buffer: Uint8Array, at: number, end: number): number {
  if (end - at < 8 || u16(buffer, at + 2) !== 0) return -1;
  const length = u16(buffer, at + 4);
  return length < 2 || length > 254 || at + 6 + length > end ? -1 : at + 6 + length;
}

const u16 = (buffer: Uint8Array, at: number): number => ((buffer[at] as number) << 8) | (buffer[at + 1] as number);
const keyOf = (server: number, port: number, transaction: number): number =>
  (server * 0x1_0000 + port) * 0x1_0000 + transaction;
const isBit = (table: TableName): boolean => table === 'coil' || table === 'discrete';
const bytesOf = ({ table, quantity }: Asked): number => (isBit(table) ? (quantity + 7) >> 3 : 2 * quantity);
