/**
 * A plant's network for captures: says in the words of a test who speaks to whom, and writes it down as frames that a capture would
 * hold, with handshakes, sequence numbers and checksums. Hosts have a card each; what is sent between them is seen once.
 */
import { type FrameSink, LINKTYPE_ETHERNET } from '@penstock/core';
import { ARP_REPLY, ARP_REQUEST } from '@penstock/protocols/ethernet';
import { encodeSyslog, type SyslogMessage } from '@penstock/protocols/syslog';
import { concat } from './frames.ts';

export interface Captured {
  readonly time: number;
  readonly bytes: Uint8Array;
}

/** Monday 2026-01-05 08:00 UTC, microseconds. */
const MORNING = Date.parse('2026-01-05T08:00:00Z') * 1000;

export interface Card {
  readonly ip: string;
  readonly mac: string;
  readonly ttl: number;
}

type Bytes = Uint8Array | readonly number[];

const FIN = 1;
const SYN = 2;
const RST = 4;
const PUSH = 8;
const ACK = 16;
/** MSS 1460, SACK permitted, no-op, window scale 7: as a Linux host opens. */
const SYN_OPTIONS = [2, 4, 5, 0xb4, 4, 2, 1, 3, 3, 7, 1, 1];

const u16 = (n: number): number[] => [(n >>> 8) & 255, n & 255];
const u32 = (n: number): number[] => [...u16(n >>> 16), ...u16(n & 0xffff)];
const address = (ip: string): number[] => ip.split('.').map(Number);
const card = (mac: string): number[] => mac.split(':').map((part) => Number.parseInt(part, 16));

/** RFC 1071. */
function checksum(...parts: Bytes[]): number {
  const all = concat(...parts);
  let sum = 0;
  for (let i = 0; i < all.length; i += 2) sum += ((all[i] as number) << 8) | (all[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export class Lan {
  readonly frames: Captured[] = [];
  time = MORNING;
  #ports = 40_000;
  #ids = 0;
  readonly #cards: ReadonlyMap<string, string>;
  readonly #ttls: ReadonlyMap<string, number>;

  /** @param cards MAC addresses by IP address; the others get one of their own */
  constructor(cards: Readonly<Record<string, string>> = {}, ttls: Readonly<Record<string, number>> = {}) {
    this.#cards = new Map(Object.entries(cards));
    this.#ttls = new Map(Object.entries(ttls));
  }

  host(ip: string): Card {
    const own = `02:00:${address(ip)
      .map((part) => part.toString(16).padStart(2, '0'))
      .join(':')}`;
    return { ip, mac: this.#cards.get(ip) ?? own, ttl: this.#ttls.get(ip) ?? 64 };
  }

  wait(seconds: number): this {
    this.time += Math.round(seconds * 1e6);
    return this;
  }

  play(sink: FrameSink): void {
    for (const { time, bytes } of this.frames) sink.frame(time, bytes, 0, bytes.length, LINKTYPE_ETHERNET);
  }

  /** Puts a frame on the network as it is. */
  put(bytes: Uint8Array): void {
    this.frames.push({ time: this.time, bytes });
    this.time += 250;
  }

  ethernet(from: Card, to: Card, type: number, payload: Bytes): void {
    const padding = Math.max(0, 46 - payload.length);
    this.put(concat(card(to.mac), card(from.mac), u16(type), payload, new Uint8Array(padding)));
  }

  ip(from: Card, to: Card, protocol: number, payload: Bytes): void {
    const head = [0x45, 0, ...u16(20 + payload.length), ...u16(++this.#ids & 0xffff), 0x40, 0, from.ttl, protocol];
    const ends = [...address(from.ip), ...address(to.ip)];
    const sum = checksum([...head, 0, 0, ...ends]);
    this.ethernet(from, to, 0x0800, concat([...head, ...u16(sum), ...ends], payload));
  }

  tcp(
    from: Card,
    to: Card,
    ports: readonly [number, number],
    seq: number,
    ack: number,
    flags: number,
    data: Bytes,
  ): void {
    const options = (flags & SYN) !== 0 ? SYN_OPTIONS : [];
    const head = [
      ...u16(ports[0]),
      ...u16(ports[1]),
      ...u32(seq),
      ...u32(ack),
      ((20 + options.length) / 4) << 4,
      flags,
    ];
    const segment = concat([...head, ...u16(64_240), 0, 0, 0, 0, ...options], data);
    const pseudo = [...address(from.ip), ...address(to.ip), 0, 6, ...u16(segment.length)];
    segment.set(u16(checksum(pseudo, segment)), 16);
    this.ip(from, to, 6, segment);
  }

  udp(from: string, to: string, ports: readonly [number, number], data: Bytes): void {
    const [source, target] = [this.host(from), this.host(to)];
    const datagram = concat([...u16(ports[0]), ...u16(ports[1]), ...u16(8 + data.length), 0, 0], data);
    const pseudo = [...address(from), ...address(to), 0, 17, ...u16(datagram.length)];
    datagram.set(u16(checksum(pseudo, datagram)), 6);
    this.ip(source, target, 17, datagram);
  }

  ping(from: string, to: string): void {
    const message = [8, 0, 0, 0, 0, 1, 0, 1, ...new Array<number>(32).fill(0x61)];
    const sum = checksum(message);
    message.splice(2, 2, ...u16(sum));
    this.ip(this.host(from), this.host(to), 1, message);
  }

  /** `sender` asks who has `target`; with `answer` that one says it. */
  ask(sender: string, target: string, answer = true): void {
    const from = this.host(sender);
    this.arp(ARP_REQUEST, from, { ip: target, mac: '00:00:00:00:00:00' }, 'ff:ff:ff:ff:ff:ff');
    if (answer) this.reply(this.host(target), from);
  }

  reply(from: Pick<Card, 'ip' | 'mac'>, to: Pick<Card, 'ip' | 'mac'>, frameMac = from.mac): void {
    this.arp(ARP_REPLY, from, to, to.mac, frameMac);
  }

  /** A host announces itself. */
  announce(from: Pick<Card, 'ip' | 'mac'>): void {
    this.arp(ARP_REQUEST, from, { ip: from.ip, mac: '00:00:00:00:00:00' }, 'ff:ff:ff:ff:ff:ff');
  }

  arp(
    operation: number,
    from: Pick<Card, 'ip' | 'mac'>,
    to: Pick<Card, 'ip' | 'mac'>,
    toMac: string,
    fromMac = from.mac,
  ): void {
    const body = [
      0,
      1,
      8,
      0,
      6,
      4,
      ...u16(operation),
      ...card(from.mac),
      ...address(from.ip),
      ...card(to.mac),
      ...address(to.ip),
    ];
    this.ethernet({ ...this.host(from.ip), mac: fromMac }, { ...this.host(to.ip), mac: toMac }, 0x0806, body);
  }

  connect(from: string, to: string, port: number): Session {
    const session = new Session(this, this.host(from), this.host(to), [++this.#ports, port]);
    session.open();
    return session;
  }

  modbus(from: string, to: string, port = 502): ModbusLine {
    return new ModbusLine(this.connect(from, to, port));
  }

  /** A connection attempt that is refused, or that nobody answers. */
  attempt(from: string, to: string, port: number, answer: 'refused' | 'none' = 'refused'): void {
    const ports: [number, number] = [++this.#ports, port];
    this.tcp(this.host(from), this.host(to), ports, 1000, 0, SYN, []);
    if (answer === 'refused') this.tcp(this.host(to), this.host(from), [port, ports[0]], 0, 1001, RST | ACK, []);
  }

  /** A log line to the plant's log server. */
  log(from: string, server: string, message: Partial<SyslogMessage> & Pick<SyslogMessage, 'text'>): void {
    const whole: SyslogMessage = {
      facility: 16,
      severity: 5,
      time: this.time,
      host: '',
      application: 'plc',
      messageId: '',
      parameters: {},
      ...message,
    };
    this.udp(from, server, [50_514, 514], encodeSyslog(whole));
  }

  text(from: string, server: string, message: string): void {
    this.udp(from, server, [50_514, 514], new TextEncoder().encode(message));
  }
}

/** One TCP connection. */
export class Session {
  readonly client: Card;
  readonly server: Card;
  readonly lan: Lan;
  readonly ports: readonly [number, number];
  clientSequence = 0x1000_0000;
  serverSequence = 0x2000_0000;

  constructor(lan: Lan, client: Card, server: Card, ports: readonly [number, number]) {
    this.lan = lan;
    this.client = client;
    this.server = server;
    this.ports = ports;
  }

  open(): void {
    this.#toServer(SYN, []);
    this.clientSequence++;
    this.#toClient(SYN | ACK, []);
    this.serverSequence++;
    this.#toServer(ACK, []);
  }

  /** @param relay a second card from which the same segment comes again, and what it says then */
  send(data: Bytes, relay?: Relay): void {
    this.#toServer(PUSH | ACK, data);
    if (relay) this.#toServer(PUSH | ACK, relay.data ?? data, relay);
    this.clientSequence += data.length;
  }

  answer(data: Bytes, relay?: Relay): void {
    this.#toClient(PUSH | ACK, data);
    if (relay) this.#toClient(PUSH | ACK, relay.data ?? data, relay);
    this.serverSequence += data.length;
  }

  close(): void {
    this.#toServer(FIN | ACK, []);
    this.clientSequence++;
    this.#toClient(FIN | ACK, []);
    this.serverSequence++;
    this.#toServer(ACK, []);
  }

  #toServer(flags: number, data: Bytes, relay?: Relay): void {
    const { client, server, ports, clientSequence: seq, serverSequence: ack } = this;
    this.lan.tcp({ ...client, ...relay }, server, ports, seq, (flags & ACK) === 0 ? 0 : ack, flags, data);
  }

  #toClient(flags: number, data: Bytes, relay?: Relay): void {
    const { client, server, ports, clientSequence: ack, serverSequence: seq } = this;
    this.lan.tcp({ ...server, ...relay }, client, [ports[1], ports[0]], seq, ack, flags, data);
  }
}

export interface Relay {
  readonly mac?: string;
  readonly ttl?: number;
  readonly data?: Bytes;
}

/** Modbus requests with their answers on one connection. */
export class ModbusLine {
  readonly session: Session;
  #transaction = 0;

  constructor(session: Session) {
    this.session = session;
  }

  /** @param answer the response PDU; undefined leaves the request without one */
  ask(pdu: readonly number[], answer: readonly number[] | undefined, unit = 1): void {
    this.#transaction++;
    this.session.send(this.adu(pdu, unit));
    if (answer !== undefined) this.session.answer(this.adu(answer, unit));
  }

  adu(pdu: readonly number[], unit = 1): number[] {
    return [...u16(this.#transaction), 0, 0, ...u16(pdu.length + 1), unit, ...pdu];
  }

  read(table: 'coil' | 'discrete' | 'holding' | 'input', at: number, values: readonly number[], unit = 1): void {
    const code = { coil: 1, discrete: 2, holding: 3, input: 4 }[table];
    const data = code <= 2 ? packed(values) : values.flatMap(u16);
    this.ask([code, ...u16(at), ...u16(values.length)], [code, data.length, ...data], unit);
  }

  write(at: number, values: readonly number[], unit = 1): void {
    const head = [16, ...u16(at), ...u16(values.length)];
    this.ask([...head, values.length * 2, ...values.flatMap(u16)], head, unit);
  }

  coil(at: number, on: boolean): void {
    const pdu = [5, ...u16(at), on ? 0xff : 0, 0];
    this.ask(pdu, pdu);
  }

  refuse(pdu: readonly number[], exception: number, unit = 1): void {
    this.ask(pdu, [(pdu[0] as number) | 0x80, exception], unit);
  }
}

function packed(values: readonly number[]): number[] {
  const bytes = new Array<number>(Math.ceil(values.length / 8)).fill(0);
  values.forEach((value, i) => {
    if (value !== 0) bytes[i >> 3] = (bytes[i >> 3] as number) | (1 << (i & 7));
  });
  return bytes;
}
