/**
 * The passive view of S7comm over ISO-on-TCP: bytes of both directions in, events out. Finds its place again after gaps and garbage,
 * puts fragments together, and joins reads and writes with their responses by PDU reference.
 */
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { decodeS7 } from './codec.ts';
import { Assembly, decodeCotp } from './cotp.ts';
import { BlockWatch } from './dissect-blocks.ts';
import { type Emit, emitHeader, emitItems, emitSzl, emitTransfer, hex, type PendingItems } from './dissect-emit.ts';
import type { S7ViolationEvent } from './events.ts';
import type { S7Message } from './messages.ts';
import { COTP_NAMES, PLUS_FUNCTIONS, PLUS_OPCODES, S7_PLUS_PROTOCOL, S7_PROTOCOL } from './tables.ts';
import { isPacketStart, type TpktFault, TpktReader } from './tpkt.ts';

/** Reads and writes that wait for a response; beyond that the oldest counts as unanswered. */
const MAX_PENDING = 64;

class Direction {
  readonly isOrig: boolean;
  readonly reader: TpktReader;
  readonly assembly = new Assembly();

  constructor(isOrig: boolean, dissector: S7Dissector) {
    this.isOrig = isOrig;
    this.reader = new TpktReader({
      tpdu: (buffer, start, end) => dissector.tpdu(this, buffer, start, end),
      fault: (fault: TpktFault) => dissector.violation(isOrig, 'tpkt', fault === 'version' ? 'header' : 'length'),
    });
  }
}

class S7Dissector implements Dissector {
  violations = 0;
  readonly #emit: Emit;
  readonly #client = new Direction(true, this);
  readonly #server = new Direction(false, this);
  readonly #blocks: BlockWatch;
  #pending: PendingItems[] = [];
  #time = 0;

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
    this.#blocks = new BlockWatch(emit);
  }

  get unparsedBytes(): number {
    return this.#client.reader.skipped + this.#server.reader.skipped;
  }

  data(fromOriginator: boolean, time: number, buffer: Uint8Array, start: number, end: number): void {
    this.#time = time;
    (fromOriginator ? this.#client : this.#server).reader.receive(buffer, start, end);
  }

  gap(fromOriginator: boolean, time: number): void {
    this.#time = time;
    this.#lose(fromOriginator ? this.#client : this.#server);
  }

  end(time: number): void {
    this.#time = time;
    this.#lose(this.#client);
    this.#lose(this.#server);
    for (const pending of this.#pending) this.#unanswered(pending);
    this.#pending = [];
  }

  violation(isOrig: boolean, layer: S7ViolationEvent['layer'], reason: S7ViolationEvent['reason']): void {
    this.violations++;
    this.#emit({ name: 's7comm_violation', time: this.#time, is_orig: isOrig, layer, reason });
  }

  tpdu(direction: Direction, buffer: Uint8Array, start: number, end: number): void {
    const { isOrig } = direction;
    const code = (buffer[start + 1] as number) >> 4;
    this.#emit({
      name: 'cotp',
      time: this.#time,
      is_orig: isOrig,
      pdu_code: hex(code),
      pdu_name: COTP_NAMES[code] ?? `Unknown COTP PDU-${hex(code)}`,
    });
    const decoded = decodeCotp(buffer, start, end);
    if (decoded.status === 'illegal') this.violation(isOrig, 'cotp', 'form');
    if (decoded.status !== 'ok') return;
    const tpdu = decoded.message;
    if (tpdu.type !== 'data') {
      direction.assembly.reset();
      return;
    }
    // An empty last fragment ends nothing where nothing was begun (keep-alive).
    const message = direction.assembly.add(tpdu.endOfMessage, tpdu.data);
    if (message === undefined || message.length === 0) return;
    if (message[0] === S7_PROTOCOL) this.#s7(isOrig, message);
    else if (message[0] === S7_PLUS_PROTOCOL) this.#plus(isOrig, message);
  }

  #s7(isOrig: boolean, bytes: Uint8Array): void {
    const decoded = decodeS7(bytes);
    if (decoded.status === 'illegal') this.violation(isOrig, 's7comm', 'form');
    if (decoded.status !== 'ok') return;
    const { message } = decoded;
    const at = message.rosctr === 'ack-data' ? 12 : 10;
    const parameterLength = ((bytes[6] as number) << 8) | (bytes[7] as number);
    const code = message.rosctr === 'ack' || parameterLength === 0 ? undefined : bytes[at];
    emitHeader(this.#emit, this.#time, isOrig, message, code);
    if (message.rosctr === 'userdata') emitSzl(this.#emit, this.#time, isOrig, message);
    if (message.rosctr === 'job' || (message.rosctr === 'ack-data' && message.body !== undefined))
      emitTransfer(this.#emit, this.#time, isOrig, message, code, parameterLength > 1 ? bytes[at + 1] : undefined);
    this.#blocks.message(this.#time, isOrig, message);
    if (isOrig) this.#asked(message);
    else this.#answered(message);
  }

  #asked(message: S7Message): void {
    if (message.rosctr !== 'job') return;
    const { body, reference } = message;
    if (body.function !== 'read' && body.function !== 'write') return;
    const isWrite = body.function === 'write';
    // A reference that is used again means that its first request got no answer.
    const again = this.#pending.findIndex((pending) => pending.reference === reference);
    if (again >= 0) this.#unanswered((this.#pending.splice(again, 1) as [PendingItems])[0]);
    if (this.#pending.length === MAX_PENDING) this.#unanswered(this.#pending.shift() as PendingItems);
    const data = isWrite ? body.data : [];
    this.#pending.push({ reference, isWrite, items: body.items, data });
  }

  #answered(message: S7Message): void {
    if (message.rosctr !== 'ack-data' && message.rosctr !== 'ack') return;
    const index = this.#pending.findIndex(({ reference }) => reference === message.reference);
    if (index < 0) return;
    const [pending] = this.#pending.splice(index, 1) as [PendingItems];
    const body = message.rosctr === 'ack' ? undefined : message.body;
    const results = body?.function === 'read' ? body.results : undefined;
    const codes = body?.function === 'write' ? body.codes : (results?.map(({ code }) => code) ?? []);
    emitItems(this.#emit, this.#time, true, pending, codes, pending.isWrite ? pending.data : (results ?? []));
  }

  #unanswered(pending: PendingItems): void {
    emitItems(this.#emit, this.#time, true, pending, undefined, pending.data);
  }

  #plus(isOrig: boolean, bytes: Uint8Array): void {
    // Version 3 carries a digest before the operation.
    const version = bytes[1] as number;
    const at = version === 3 ? 5 + (bytes[4] ?? 0) : 4;
    const opcode = bytes[at];
    if (opcode === undefined) return;
    const isNotice = opcode !== 0x31 && opcode !== 0x32;
    const code = at + 4 < bytes.length ? ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number) : undefined;
    const known = isNotice ? undefined : code;
    this.#emit({
      name: 's7comm_plus',
      time: this.#time,
      is_orig: isOrig,
      version,
      opcode: hex(opcode),
      opcode_name: PLUS_OPCODES[opcode] ?? `Unknown s7comm-plus opcode-${hex(opcode)}`,
      function_code: known === undefined ? undefined : hex(known, 4),
      function_name:
        known === undefined ? undefined : (PLUS_FUNCTIONS[known] ?? `Unknown s7comm-plus function-${hex(known, 4)}`),
    });
  }

  #lose(direction: Direction): void {
    if (direction.reader.held > 0) this.violation(direction.isOrig, 'tpkt', 'truncated');
    direction.reader.lose();
    direction.assembly.reset();
  }
}

/** How surely bytes that start like this are S7comm: a message, a connection with transport selectors, any other data. */
const CERTAINTY = { message: 0.97, connection: 0.75 } as const;

export const s7commDissector: DissectorFactory = {
  protocol: 's7comm',
  transport: 'tcp',
  ports: [102],
  probe(buffer, start, end) {
    const isStart = isPacketStart(buffer, start, end);
    if (isStart !== true) return isStart === undefined ? undefined : 0;
    if ((buffer[start + 5] as number) >> 4 !== 0xf) {
      const indicator = buffer[start + 4] as number;
      if (start + 5 + indicator > end) return undefined;
      const decoded = decodeCotp(buffer, start + 4, start + 5 + indicator);
      if (decoded.status !== 'ok' || decoded.message.type === 'data') return 0;
      return 'calledTsap' in decoded.message && decoded.message.calledTsap !== undefined ? CERTAINTY.connection : 0;
    }
    if (end - start < 9) return undefined;
    const [protocol, kind] = [buffer[start + 7], buffer[start + 8] as number];
    if (protocol === S7_PLUS_PROTOCOL) return kind >= 1 && kind <= 3 ? CERTAINTY.message : 0;
    return protocol === S7_PROTOCOL && (kind === 7 || (kind >= 1 && kind <= 3)) ? CERTAINTY.message : 0;
  },
  create: (emit) => new S7Dissector(emit),
};
