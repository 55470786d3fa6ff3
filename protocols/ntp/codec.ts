/** NTP version 4 packets (RFC 5905 clause 7.3), without extension fields or authentication. Times are microseconds since 1970. */

export const NTP_PORT = 123;
export const NTP_LENGTH = 48;
export const MODE_CLIENT = 3;
export const MODE_SERVER = 4;

/** Seconds from 1900, where NTP begins, to 1970. */
const ERA = 2_208_988_800;

export interface NtpPacket {
  /** 0 no warning, 3 clock not synchronised. */
  leap: number;
  version: number;
  mode: number;
  stratum: number;
  /** Log2 of the seconds between polls. */
  poll: number;
  precision: number;
  rootDelaySeconds: number;
  rootDispersionSeconds: number;
  /** IPv4 address of the server's own source, or four letters (stratum 1). */
  referenceId: number;
  /** 0 where unknown. */
  referenceTime: number;
  originTime: number;
  receiveTime: number;
  transmitTime: number;
}

export function encodeNtp(packet: NtpPacket): Uint8Array {
  const bytes = new Uint8Array(NTP_LENGTH);
  const view = new DataView(bytes.buffer);
  bytes[0] = (packet.leap << 6) | (packet.version << 3) | packet.mode;
  bytes[1] = packet.stratum;
  view.setInt8(2, packet.poll);
  view.setInt8(3, packet.precision);
  view.setUint32(4, Math.round(packet.rootDelaySeconds * 65_536));
  view.setUint32(8, Math.round(packet.rootDispersionSeconds * 65_536));
  view.setUint32(12, packet.referenceId);
  putTime(view, 16, packet.referenceTime);
  putTime(view, 24, packet.originTime);
  putTime(view, 32, packet.receiveTime);
  putTime(view, 40, packet.transmitTime);
  return bytes;
}

/** The packet at `start`, or undefined when it is too short or its version is not 1 to 4. */
export function decodeNtp(buffer: Uint8Array, start: number, end: number): NtpPacket | undefined {
  if (end - start < NTP_LENGTH) return undefined;
  const view = new DataView(buffer.buffer, buffer.byteOffset + start, NTP_LENGTH);
  const first = view.getUint8(0);
  const version = (first >> 3) & 7;
  if (version < 1 || version > 4) return undefined;
  return {
    leap: first >> 6,
    version,
    mode: first & 7,
    stratum: view.getUint8(1),
    poll: view.getInt8(2),
    precision: view.getInt8(3),
    rootDelaySeconds: view.getUint32(4) / 65_536,
    rootDispersionSeconds: view.getUint32(8) / 65_536,
    referenceId: view.getUint32(12),
    referenceTime: getTime(view, 16),
    originTime: getTime(view, 24),
    receiveTime: getTime(view, 32),
    transmitTime: getTime(view, 40),
  };
}

function putTime(view: DataView, at: number, microseconds: number): void {
  if (microseconds === 0) return;
  const seconds = Math.floor(microseconds / 1e6);
  view.setUint32(at, (seconds + ERA) % 2 ** 32);
  view.setUint32(at + 4, Math.floor(((microseconds - seconds * 1e6) / 1e6) * 2 ** 32 + 0.5));
}

function getTime(view: DataView, at: number): number {
  const seconds = view.getUint32(at);
  const fraction = view.getUint32(at + 4);
  if (seconds === 0 && fraction === 0) return 0;
  // Below 2^31 the seconds belong to the era that begins in 2036 (RFC 4330 clause 3).
  const since1900 = seconds < 2 ** 31 ? seconds + 2 ** 32 : seconds;
  return (since1900 - ERA) * 1e6 + Math.round((fraction / 2 ** 32) * 1e6);
}

/** What a server answers: its own clock, at the moment of the request and of the reply. */
export function answerNtp(request: NtpPacket, referenceId: number, received: number, sent: number): NtpPacket {
  return {
    leap: 0,
    version: request.version,
    mode: MODE_SERVER,
    stratum: 2,
    poll: request.poll,
    precision: -20,
    rootDelaySeconds: 0.015,
    rootDispersionSeconds: 0.03,
    referenceId,
    referenceTime: received - (received % 64e6),
    originTime: request.transmitTime,
    receiveTime: received,
    transmitTime: sent,
  };
}

/** A client's question; `transmitTime` comes back as the answer's origin and ties the two together. */
export const askNtp = (transmitTime: number): NtpPacket => ({
  leap: 0,
  version: 4,
  mode: MODE_CLIENT,
  stratum: 0,
  poll: 6,
  precision: -20,
  rootDelaySeconds: 0,
  rootDispersionSeconds: 0,
  referenceId: 0,
  referenceTime: 0,
  originTime: 0,
  receiveTime: 0,
  transmitTime,
});
