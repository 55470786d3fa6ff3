/** Frames for tests, built from what a test wants to say; TCP and UDP checksums are right. */

export interface TcpFrame {
  /** `10.0.0.1:1234`. */
  readonly from: string;
  readonly to: string;
  readonly seq: number;
  readonly ack?: number;
  /** Letters of the flags: `S`, `SA`, `A`, `FA`, `R`. `A` when left out. */
  readonly flags?: string;
  readonly data?: Uint8Array | string;
  readonly window?: number;
}

const FLAGS: Record<string, number> = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32 };

const bytesOf = (data: Uint8Array | string | undefined): Uint8Array =>
  typeof data === 'string' ? new TextEncoder().encode(data) : (data ?? new Uint8Array(0));

const parse = (end: string): { address: number[]; port: number } => {
  const [address, port] = end.split(':') as [string, string];
  return { address: address.split('.').map(Number), port: Number(port) };
};

export function concat(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const u16 = (n: number): number[] => [(n >>> 8) & 255, n & 255];
const u32 = (n: number): number[] => [...u16(n >>> 16), ...u16(n & 0xffff)];

/** An IPv4 packet. */
export function ipv4(
  from: number[],
  to: number[],
  protocol: number,
  payload: Uint8Array,
  fragment = 0,
  id = 1,
): Uint8Array {
  return concat(
    [0x45, 0, ...u16(20 + payload.length), ...u16(id), ...u16(fragment), 64, protocol, 0, 0, ...from, ...to],
    payload,
  );
}

/** The same transport header and data with its checksum (RFC 1071) filled in at `at`. */
function withChecksum(from: number[], to: number[], protocol: number, payload: Uint8Array, at: number): Uint8Array {
  const covered = concat(from, to, [0, protocol, ...u16(payload.length)], payload, payload.length % 2 === 1 ? [0] : []);
  let sum = 0;
  for (let i = 0; i < covered.length; i += 2) sum += ((covered[i] as number) << 8) | (covered[i + 1] as number);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  const checked = new Uint8Array(payload);
  checked.set(u16(~sum & 0xffff), at);
  return checked;
}

/** An Ethernet frame whose MAC addresses are made of the last byte of the IP addresses. */
export function ethernet(from: number[], to: number[], type: number, payload: Uint8Array): Uint8Array {
  return concat([2, 0, 0, 0, 0, to.at(-1) ?? 0, 2, 0, 0, 0, 0, from.at(-1) ?? 0, ...u16(type)], payload);
}

function tcpSegment(frame: TcpFrame): Uint8Array {
  let flags = 0;
  for (const letter of frame.flags ?? 'A') flags |= FLAGS[letter] ?? 0;
  return concat(
    [...u16(parse(frame.from).port), ...u16(parse(frame.to).port), ...u32(frame.seq), ...u32(frame.ack ?? 0)],
    [0x50, flags, ...u16(frame.window ?? 8192), 0, 0, 0, 0],
    bytesOf(frame.data),
  );
}

/** A TCP segment in IPv4 in Ethernet. */
export function tcp(frame: TcpFrame): Uint8Array {
  const from = parse(frame.from).address;
  const to = parse(frame.to).address;
  return ethernet(from, to, 0x0800, ipv4(from, to, 6, withChecksum(from, to, 6, tcpSegment(frame), 16)));
}

export function udpDatagram(from: string, to: string, data: Uint8Array | string): Uint8Array {
  const payload = bytesOf(data);
  return concat([...u16(parse(from).port), ...u16(parse(to).port), ...u16(8 + payload.length), 0, 0], payload);
}

/** A UDP datagram in IPv4 in Ethernet. */
export function udp(from: string, to: string, data: Uint8Array | string): Uint8Array {
  const source = parse(from).address;
  const destination = parse(to).address;
  return ethernet(
    source,
    destination,
    0x0800,
    ipv4(source, destination, 17, withChecksum(source, destination, 17, udpDatagram(from, to, data), 6)),
  );
}

/** An ARP message for IPv4 over Ethernet. */
export function arp(operation: number, senderIp: string, targetIp: string, senderMac: number[]): Uint8Array {
  const sender = senderIp.split('.').map(Number);
  const target = targetIp.split('.').map(Number);
  const message = [0, 1, 8, 0, 6, 4, ...u16(operation), ...senderMac, ...sender, 0, 0, 0, 0, 0, 0, ...target];
  return ethernet(sender, target, 0x0806, new Uint8Array(message));
}

/** A classic capture file of frames that are a millisecond apart. */
export function pcapOf(frames: readonly Uint8Array[], linkType = 1): Uint8Array {
  const view = new DataView(new ArrayBuffer(24));
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 262_144, true);
  view.setUint32(20, linkType, true);
  const records = frames.map((frame, i) => {
    const header = new DataView(new ArrayBuffer(16));
    header.setUint32(0, 1_700_000_000 + Math.floor(i / 1000), true);
    header.setUint32(4, (i % 1000) * 1000, true);
    header.setUint32(8, frame.length, true);
    header.setUint32(12, frame.length, true);
    return concat(new Uint8Array(header.buffer), frame);
  });
  return concat(new Uint8Array(view.buffer), ...records);
}
