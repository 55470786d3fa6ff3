/** Puts fragmented IP packets together (RFC 791 section 3.2, RFC 8200 section 4.5), with bounded memory and event time only. */
import type { Packet } from './packet.ts';

/** RFC 8200 gives a sender 60 s; RFC 791 suggests 15 s; Zeek and Linux keep fragments for 30 s. */
const TIMEOUT = 30e6;
const MAX_DATAGRAMS = 1024;
const MAX_LENGTH = 65_535;

interface Datagram {
  key: string;
  started: number;
  bytes: Uint8Array;
  /** Which 8-byte units have arrived. */
  arrived: Uint8Array;
  received: number;
  /** Length of the data, known once the last fragment is there. */
  length: number;
  /** Length of the IP header, so that the whole has the length that one unfragmented packet would have. */
  header: number;
  protocol: number;
}

export class Fragments {
  /** Fragments taken in, packets made of them, given up (time, memory, contradictions), and bytes that overlapped. */
  fragments = 0;
  reassembled = 0;
  dropped = 0;
  overlappingBytes = 0;
  readonly #waiting = new Map<string, Datagram>();

  /**
   * Takes one fragment. True when the packet is complete now: `packet` then holds the whole transport payload.
   * Overlapping data: what came first stays.
   */
  add(packet: Packet, time: number): boolean {
    this.fragments++;
    this.#expire(time);
    const length = packet.payloadEnd - packet.payload;
    const offset = packet.fragmentOffset;
    // A fragment that the capture cut, one whose length is no multiple of 8 without being the last, one beyond the largest packet.
    const broken =
      packet.payloadEnd < packet.wireEnd ||
      length <= 0 ||
      offset + length > MAX_LENGTH ||
      (packet.moreFragments && (length & 7) !== 0);
    if (broken) {
      this.dropped++;
      return false;
    }
    const datagram = this.#datagram(packet, time);
    this.#insert(datagram, packet, offset, length);
    if (!packet.moreFragments) datagram.length = offset + length;
    if (offset === 0) {
      datagram.header = packet.ipLength - (packet.wireEnd - packet.payload);
      datagram.protocol = packet.protocol;
    }
    if (datagram.length < 0 || datagram.received < datagram.length) return false;
    this.#waiting.delete(datagram.key);
    this.reassembled++;
    packet.buffer = datagram.bytes;
    packet.payload = 0;
    packet.payloadEnd = datagram.length;
    packet.wireEnd = datagram.length;
    packet.ipLength = datagram.header + datagram.length;
    packet.protocol = datagram.protocol;
    packet.isFragment = false;
    return true;
  }

  #datagram(packet: Packet, time: number): Datagram {
    const protocol = packet.version === 4 ? packet.protocol : 0;
    const key =
      `${packet.identification},${protocol},${packet.source3},${packet.destination3},${packet.source0},${packet.source1},` +
      `${packet.source2},${packet.destination0},${packet.destination1},${packet.destination2},${packet.version}`;
    const known = this.#waiting.get(key);
    if (known !== undefined) return known;
    if (this.#waiting.size >= MAX_DATAGRAMS) this.#drop(this.#waiting.keys().next().value as string);
    const datagram: Datagram = {
      key,
      started: time,
      bytes: new Uint8Array(2048),
      arrived: new Uint8Array(8192),
      received: 0,
      length: -1,
      header: 20,
      protocol: packet.protocol,
    };
    this.#waiting.set(key, datagram);
    return datagram;
  }

  #insert(datagram: Datagram, packet: Packet, offset: number, length: number): void {
    if (offset + length > datagram.bytes.length) {
      const larger = new Uint8Array(Math.min(65_536, 2 * (offset + length)));
      larger.set(datagram.bytes);
      datagram.bytes = larger;
    }
    for (let unit = offset; unit < offset + length; unit += 8) {
      const size = Math.min(8, offset + length - unit);
      const mark = unit >> 3;
      const had = datagram.arrived[mark] as number;
      if (had < size) {
        for (let i = had; i < size; i++) datagram.bytes[unit + i] = packet.buffer[packet.payload + unit - offset + i];
        datagram.arrived[mark] = size;
        datagram.received += size - had;
      }
      this.overlappingBytes += Math.min(had, size);
    }
  }

  #expire(time: number): void {
    for (const [key, datagram] of this.#waiting) {
      // The map is in order of arrival: the first that is young enough ends the search.
      if (time - datagram.started < TIMEOUT) return;
      this.#drop(key);
    }
  }

  #drop(key: string): void {
    this.#waiting.delete(key);
    this.dropped++;
  }

  /** Forgets everything that is incomplete. */
  flush(): void {
    this.dropped += this.#waiting.size;
    this.#waiting.clear();
  }
}
