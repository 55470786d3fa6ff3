/** What two stations said to each other, out of a capture: octets in the order in which they went over the wire. */
import { readFileSync } from 'node:fs';

export interface Said {
  readonly fromMaster: boolean;
  /** Seconds since the first packet. */
  readonly time: number;
  readonly octets: Uint8Array;
}

/** The TCP conversations to port 20000 in a capture of link type 0 (loopback) or 1 (Ethernet); segments that came twice are left out. */
export function captureStreams(file: string): Said[][] {
  const bytes = readFileSync(file);
  const streams = new Map<number, { said: Said[]; next: Map<boolean, number> }>();
  const linkType = bytes.length < 24 ? 0 : bytes.readUInt32LE(20);
  let start: number | undefined;
  for (let at = 24; at + 16 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    const time = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) / 1e6;
    start ??= time;
    const packet = bytes.subarray(at + 16 + (linkType === 1 ? 14 : 4), at + 16 + length);
    at += 16 + length;
    if (packet.length < 40 || (packet[0] as number) >> 4 !== 4 || packet[9] !== 6) continue;
    const tcp = packet.subarray(((packet[0] as number) & 15) * 4, packet.readUInt16BE(2));
    const ports = [tcp.readUInt16BE(0), tcp.readUInt16BE(2)];
    const fromMaster = ports[1] === 20_000;
    const octets = tcp.subarray(((tcp[12] as number) >> 4) * 4);
    const key = fromMaster ? ports[0] : ports[1];
    let stream = streams.get(key as number);
    if (stream === undefined) {
      stream = { said: [], next: new Map() };
      streams.set(key as number, stream);
    }
    const sequence = tcp.readUInt32BE(4);
    if (octets.length === 0 || sequence < (stream.next.get(fromMaster) ?? 0)) continue;
    stream.next.set(fromMaster, sequence + octets.length);
    stream.said.push({ fromMaster, time: time - start, octets });
  }
  return [...streams.values()].map(({ said }) => said);
}
