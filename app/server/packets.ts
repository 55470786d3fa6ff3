/** Packets for the page: rows, filters, one packet down to the byte, and captures of a selection. */
import {
  type DeviceSpec,
  LINKTYPE_ETHERNET,
  type PacketMessage,
  type PacketRow,
  type PacketsMessage,
  type PlantSpec,
  UsageError,
} from '@penstock/core';
import { PcapWriter } from '@penstock/monitor';
import { RegisterMap } from '@penstock/protocols/modbus';
import { type PacketContext, type ReadPacket, readPacket } from '@penstock/protocols/packet';
import { S7_PROTOCOL, S7Memory } from '@penstock/protocols/s7comm';
import type { FrameRing, KeptFrame } from './frame-ring.ts';

/** Frames looked at for one request under a filter: about a tenth of a second. */
const SCANNED = 5000;
export const MOST_ROWS = 1000;
/** Frames back in which the request of a response is looked for. */
const REQUEST_WITHIN = 400;
const ETHERNET = 14;

export interface PacketQuery {
  readonly from: number;
  readonly count: number;
  readonly filter: string;
}

/** Where alerts and packets meet. */
export interface AlertPackets {
  packetsOf(alert: number): readonly number[];
  alertsOf(packet: number): readonly number[];
}

type Test = (packet: ReadPacket, frame: KeptFrame) => boolean;

export class Packets {
  readonly #ring: FrameRing;
  readonly #alerts: AlertPackets;
  /** Microseconds since 1970 of the run's start. */
  readonly #epoch: number;
  readonly #names: ReadonlyMap<string, string>;
  readonly #addresses: ReadonlyMap<string, string>;
  readonly #maps: ReadonlyMap<string, RegisterMap>;
  readonly #memories: ReadonlyMap<string, S7Memory>;
  /** DNP3 points by link address, kind and index. */
  readonly #outstations: ReadonlyMap<string, { readonly tag: string; readonly scale: number; readonly offset: number }>;
  readonly #units: ReadonlyMap<string, string>;

  constructor(ring: FrameRing, plant: PlantSpec, epoch: number, alerts: AlertPackets) {
    this.#ring = ring;
    this.#alerts = alerts;
    this.#epoch = epoch;
    this.#names = new Map(plant.devices.map(({ address, id }) => [address, id]));
    this.#addresses = new Map(plant.devices.map(({ address, id }) => [id, address]));
    this.#maps = new Map(plant.devices.map(({ address, points, id }) => [address, new RegisterMap(points, id)]));
    this.#memories = new Map(plant.devices.map(({ address, points, id }) => [address, new S7Memory(points, id)]));
    this.#outstations = new Map(plant.devices.flatMap(dnp3Points));
    this.#units = new Map(plant.tags.map((tag) => [tag.id, tag.states ? '' : tag.unit]));
  }

  /**
   * Rows from a number on, in order. A filter is words that must all match; under one, a request may end before `count` rows with `next` set,
   * so that none takes long. @throws UsageError `packets.filter` for a word that means nothing
   */
  rows({ from, count, filter }: PacketQuery): PacketsMessage {
    const { first, last } = this.#ring;
    const { tests, only } = this.#tests(filter);
    const rows: PacketRow[] = [];
    const start = Math.max(first, from);
    const stop = Math.min(last, only === undefined && tests.length === 0 ? start + count - 1 : start + SCANNED - 1);
    let number = start;
    for (; number <= stop && rows.length < count; number++) {
      if (only && !only.has(number)) continue;
      const frame = this.#ring.at(number) as KeptFrame;
      const packet = this.#read(frame);
      if (tests.every((test) => test(packet, frame))) rows.push(this.#row(frame, packet));
    }
    return { first, last, total: last, rows, next: number <= last && count > 0 ? number : null };
  }

  /** One packet as tree and bytes; undefined when it is not kept. */
  packet(number: number): PacketMessage | undefined {
    const frame = this.#ring.at(number);
    if (!frame) return undefined;
    const copy = {
      ...frame,
      buffer: frame.buffer.slice(frame.start, frame.end),
      start: 0,
      end: frame.end - frame.start,
    };
    const packet = this.#read(copy);
    return {
      row: this.#row(copy, packet),
      bytes: Buffer.from(copy.buffer).toString('hex'),
      tree: [...packet.tree],
      alerts: [...this.#alerts.alertsOf(number)],
    };
  }

  /** A capture of all that match, at most `count` of them. @throws UsageError `packets.filter` */
  *capture({ from, count, filter }: PacketQuery): Generator<Uint8Array> {
    const pending: Uint8Array[] = [];
    const writer = new PcapWriter((bytes) => pending.push(bytes.slice()), LINKTYPE_ETHERNET);
    const { tests, only } = this.#tests(filter);
    let left = count;
    for (let number = Math.max(this.#ring.first, from); number <= this.#ring.last && left > 0; number++) {
      const frame = this.#ring.at(number);
      if (frame && (only === undefined || only.has(number)) && this.#passes(frame, tests)) {
        writer.frame(frame.time, frame.buffer, frame.start, frame.end, LINKTYPE_ETHERNET);
        left--;
      }
      if (number % SCANNED === 0) {
        writer.flush();
        yield* pending.splice(0);
      }
    }
    writer.flush();
    yield* pending;
  }

  #passes(frame: KeptFrame, tests: readonly Test[]): boolean {
    if (tests.length === 0) return true;
    const packet = this.#read(frame);
    return tests.every((test) => test(packet, frame));
  }

  #row({ number, time, start, end }: KeptFrame, packet: ReadPacket): PacketRow {
    const { source, destination, protocol, info, tags } = packet;
    return {
      ...{
        number,
        time: Math.max(0, (time - this.#epoch) / 1e6),
        length: end - start,
        protocol,
        info,
        tags: [...tags],
      },
      source: this.#names.get(source) ?? source,
      destination: this.#names.get(destination) ?? destination,
    };
  }

  #read(frame: KeptFrame): ReadPacket {
    const context: PacketContext = {
      name: (address) => this.#names.get(address),
      point: (server, table, address) => {
        const points = this.#maps.get(server)?.table(table);
        const slot = points?.slot(address) ?? -1;
        const entry = points?.entries[slot >> 1];
        return slot < 0 || !entry ? undefined : { entry, unit: this.#units.get(entry.tag) ?? '' };
      },
      request: ({ clientPort, transaction }) =>
        this.#before(frame.number, clientPort, (bytes, start, end) =>
          start + 8 <= end && word(bytes, start) === transaction ? bytes.subarray(start + 7, end) : undefined,
        ),
      s7Points: (server, area, db, from, count) =>
        (this.#memories.get(server)?.block(area, db)?.entries ?? [])
          .filter(({ byte }) => byte >= from && byte < from + count)
          .map((entry) => ({ entry, unit: this.#units.get(entry.tag) ?? '' })),
      s7Job: ({ clientPort, reference }) =>
        this.#before(frame.number, clientPort, (bytes, start, end) => jobOf(bytes, start, end, reference)),
      dnp3Point: (outstation, kind, index) => {
        const point = this.#outstations.get(`${outstation} ${kind} ${index}`);
        return point && { ...point, unit: this.#units.get(point.tag) ?? '' };
      },
    };
    return readPacket(frame.buffer, frame.start, frame.end, context);
  }

  /** What `find` finds in the newest TCP payload before `number` that comes from a client's port. */
  #before(
    number: number,
    clientPort: number,
    find: (bytes: Uint8Array, start: number, end: number) => Uint8Array | undefined,
  ): Uint8Array | undefined {
    const oldest = Math.max(this.#ring.first, number - REQUEST_WITHIN);
    for (let earlier = number - 1; earlier >= oldest; earlier--) {
      const { buffer, start, end } = this.#ring.at(earlier) as KeptFrame;
      const ip = start + ETHERNET;
      if (buffer[start + 12] !== 8 || buffer[start + 13] !== 0 || buffer[ip + 9] !== 6) continue;
      const tcp = ip + 4 * ((buffer[ip] as number) & 15);
      if (word(buffer, tcp) !== clientPort) continue;
      const found = find(buffer, tcp + 4 * ((buffer[tcp + 12] as number) >> 4), end);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #tests(filter: string): { tests: Test[]; only: ReadonlySet<number> | undefined } {
    const tests: Test[] = [];
    let only: ReadonlySet<number> | undefined;
    for (const word of filter.split(/\s+/).filter(Boolean)) {
      const [, key, value] = /^(alert|port):(.*)$/.exec(word) ?? [];
      if (key === 'alert') only = new Set(this.#alerts.packetsOf(whole(word, value as string)));
      else if (key === 'port') {
        const port = whole(word, value as string);
        tests.push(({ sourcePort, destinationPort }) => sourcePort === port || destinationPort === port);
      } else tests.push(this.#word(word));
    }
    return { tests, only };
  }

  /** A protocol, a device, an address, a tag, or any part of what a packet says. */
  #word(word: string): Test {
    const address = this.#addresses.get(word) ?? word;
    const text = word.toLowerCase();
    const tag = word.replace('-', '').toUpperCase();
    return ({ source, destination, protocol, info, tags }) =>
      protocol === text ||
      source === address ||
      destination === address ||
      tags.includes(tag) ||
      info.toLowerCase().includes(text);
  }
}

const word = (bytes: Uint8Array, at: number): number => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);

/** The S7 job with a PDU reference among the packets (TPKT and COTP, 7 bytes) of a payload. */
function jobOf(bytes: Uint8Array, start: number, end: number, reference: number): Uint8Array | undefined {
  for (let at = start; at + 17 <= end && bytes[at] === 3; at += Math.max(7, word(bytes, at + 2))) {
    const message = at + 7;
    if (bytes[message] === S7_PROTOCOL && bytes[message + 1] === 1 && word(bytes, message + 4) === reference)
      return bytes.subarray(message, Math.min(end, at + word(bytes, at + 2)));
  }
  return undefined;
}

function dnp3Points({ services, points }: DeviceSpec): [string, { tag: string; scale: number; offset: number }][] {
  return services.flatMap((service) =>
    service.protocol !== 'dnp3'
      ? []
      : points.flatMap(({ tag, dnp3 }): [string, { tag: string; scale: number; offset: number }][] =>
          dnp3 === undefined
            ? []
            : [[`${service.address} ${dnp3.kind} ${dnp3.index}`, { tag, scale: dnp3.scale, offset: dnp3.offset }]],
        ),
  );
}

function whole(word: string, text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text))
    throw new UsageError('packets.filter', `'${word}' wants a whole number behind the colon, for example port:502`);
  return number;
}
