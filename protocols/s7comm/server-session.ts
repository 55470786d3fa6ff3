/** One connection to an S7 server: transport connection, setup, and jobs in the order in which they come. */
import {
  type ByteSink,
  type Duration,
  type Instant,
  NEVER,
  type StreamMachine,
  seconds,
  type Writer,
} from '@penstock/core';
import { Outbox, read16, write16 } from '../exchange/bytes.ts';
import { decodeS7, encodeS7 } from './codec.ts';
import { Assembly, type ConnectionTpdu, decodeCotp, encodeCotp } from './cotp.ts';
import type { AckBody, JobBody, S7Message, SetupBody } from './messages.ts';
import type { S7Server } from './server.ts';
import { controlPlc, stopPlc } from './server-control.ts';
import { type Answer, Transfers } from './server-transfer.ts';
import { UserdataService } from './server-userdata.ts';
import { BROKEN, readVariables, TOO_LONG, writeVariables } from './server-variables.ts';
import { ERROR, READ_VARIABLE, S7_PROTOCOL, WRITE_VARIABLE } from './tables.ts';
import { TpktReader, type TpktSink } from './tpkt.ts';

/** TPKT and data TPDU in front of every message, and the header of an acknowledgement. */
const TRANSPORT = 7;
const ACK_HEADER = 12;
/** A connection that nobody speaks on is ended when it has not come to a setup by then. */
const SETUP_WITHIN: Duration = seconds(30);
/** Unsent bytes beyond which a connection is ended. */
const MAX_UNSENT = 4 * 1024 * 1024;
/** Exponents of the TPDU sizes that are agreed to: 128 to 1024 bytes. */
const SMALLEST_TPDU = 7;
const LARGEST_TPDU = 10;
/** Reasons of a disconnect request (X.224, 13.5.3): address unknown, congestion at the server. */
const ADDRESS_UNKNOWN = 3;
const CONGESTION = 2;
const NO_REFERENCE = 0;
/** Smallest PDU that a client may ask for, and jobs that it may have open at once. */
const SMALLEST_PDU = 112;
const PARALLEL_JOBS = 8;

export class S7Session implements StreamMachine, TpktSink {
  readonly writer: Writer;
  readonly #server: S7Server;
  readonly #mayWrite: boolean;
  readonly #reader = new TpktReader(this);
  readonly #assembly = new Assembly();
  readonly #outbox = new Outbox();
  readonly #transfers: Transfers;
  readonly #userdata: UserdataService;
  #state: 'waiting' | 'connected' | 'ready' = 'waiting';
  #pduLength = SMALLEST_PDU;
  /** Bytes of a message that one data TPDU carries. */
  #fragment = 1024 - 3;
  #openUntil: Instant = NEVER;
  #now = 0 as Instant;
  #closing = false;
  #counted = false;

  constructor(server: S7Server, writer: Writer, mayWrite: boolean) {
    this.#server = server;
    this.writer = writer;
    this.#mayWrite = mayWrite;
    this.#transfers = new Transfers(server, (reference, body) => this.#send({ rosctr: 'job', reference, body }));
    this.#userdata = new UserdataService(server, writer, mayWrite);
  }

  /** Set when the stream cannot be followed any more, its peer has gone, or its answers are not taken. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Length of the PDU that was agreed on, bytes. */
  get pduLength(): number {
    return this.#pduLength;
  }

  receive(bytes: Uint8Array, now: Instant): void {
    this.receiveRange(bytes, 0, bytes.length, now);
  }

  receiveRange(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    if (this.#closing) return;
    this.#now = now;
    if (this.#openUntil === NEVER && this.#state !== 'ready') this.#openUntil = (now + SETUP_WITHIN) as Instant;
    this.#reader.receive(buffer, start, end);
    if (this.#outbox.length > MAX_UNSENT) this.#close();
  }

  due(): Instant {
    if (this.#closing) return NEVER;
    const { due } = this.#transfers;
    return this.#state !== 'ready' && this.#openUntil < due ? this.#openUntil : due;
  }

  tick(now: Instant): void {
    this.#transfers.tick(now);
    if (this.#state !== 'ready' && this.#openUntil <= now) this.#close();
  }

  take(): Uint8Array | undefined {
    return this.#outbox.take();
  }

  takeTo(sink: ByteSink): boolean {
    return this.#outbox.takeTo(sink);
  }

  /** The connection is gone: what was under way is forgotten. */
  ended(): void {
    this.#close();
  }

  /** A stream that lost its place cannot be answered. */
  fault(): void {
    this.#server.counters.broken++;
    this.#close();
  }

  tpdu(buffer: Uint8Array, start: number, end: number): void {
    if (this.#closing) return;
    // A whole message in one data TPDU, which almost all are, is read where it stands.
    if (
      buffer[start] === 2 &&
      buffer[start + 1] === 0xf0 &&
      (buffer[start + 2] as number) >= 0x80 &&
      this.#assembly.isEmpty
    ) {
      if (this.#state !== 'waiting' && end - start > 3) this.#message(buffer, start + 3, end);
      return;
    }
    const decoded = decodeCotp(buffer, start, end);
    if (decoded.status !== 'ok') {
      this.#server.counters.broken++;
      return;
    }
    const tpdu = decoded.message;
    if (tpdu.type === 'connection-request') this.#connect(tpdu);
    else if (tpdu.type === 'disconnect-request') this.#close();
    else if (tpdu.type === 'data' && this.#state !== 'waiting') {
      const message = this.#assembly.add(tpdu.endOfMessage, tpdu.data);
      if (message !== undefined && message.length > 0) this.#message(message, 0, message.length);
    }
  }

  #connect(request: ConnectionTpdu): void {
    if (this.#state !== 'waiting') return;
    const { calledTsap, callingTsap, sourceReference, tpduSize } = request;
    const server = this.#server;
    const place = calledTsap?.[1];
    const isHere = calledTsap?.length === 2 && place === server.rack * 32 + server.slot;
    if (!isHere || server.open >= server.connections) {
      server.counters.refused++;
      const reason = isHere ? CONGESTION : ADDRESS_UNKNOWN;
      this.#packet(
        encodeCotp({
          ...{ type: 'disconnect-request', destinationReference: sourceReference },
          ...{ sourceReference: NO_REFERENCE, reason },
        }),
      );
      this.#close();
      return;
    }
    server.open++;
    this.#counted = true;
    const size = Math.min(LARGEST_TPDU, Math.max(SMALLEST_TPDU, tpduSize ?? SMALLEST_TPDU));
    this.#fragment = 2 ** size - 3;
    this.#state = 'connected';
    this.#packet(
      encodeCotp({
        ...{ type: 'connection-confirm', destinationReference: sourceReference, sourceReference: server.open },
        ...{ classOption: 0, tpduSize: size, callingTsap, calledTsap },
      }),
    );
  }

  #message(buffer: Uint8Array, start: number, end: number): void {
    const { counters } = this.#server;
    // S7comm-plus and others: this controller does not speak them.
    if (buffer[start] !== S7_PROTOCOL || end - start < 10) {
      counters.broken++;
      return;
    }
    counters.requests++;
    const rosctr = buffer[start + 1] as number;
    const parameters = read16(buffer, start + 6);
    const code = buffer[start + 10];
    const isVariable = rosctr === 1 && (code === READ_VARIABLE || code === WRITE_VARIABLE) && parameters > 0;
    if (isVariable && this.#state === 'ready' && end - start <= this.#pduLength) {
      this.#variables(buffer, start, end, parameters, code === WRITE_VARIABLE);
      return;
    }
    const reference = read16(buffer, start + 4);
    const decoded = decodeS7(buffer, start, end);
    if (decoded.status !== 'ok') {
      counters.broken++;
      if (rosctr === 1) this.#refuse(reference, ERROR.parameter);
      return;
    }
    const { message } = decoded;
    switch (message.rosctr) {
      case 'job':
        if (message.body.function === 'setup') this.#setup(reference, message.body);
        else if (this.#state !== 'ready') this.#refuse(reference, ERROR.noFunction);
        else if (end - start > this.#pduLength) this.#refuse(reference, ERROR.pduSize);
        else this.#job(reference, message.body);
        return;
      case 'userdata':
        if (message.kind === 'request' && this.#state === 'ready')
          this.#send(this.#userdata.answer(message, this.#pduLength));
        return;
      case 'ack-data':
        this.#transfers.answered(reference, message.error, message.body, this.#now);
        return;
      case 'ack':
        this.#transfers.answered(reference, message.error || ERROR.serious, undefined, this.#now);
    }
  }

  #setup(reference: number, { maxCalling, maxCalled, pduLength }: SetupBody): void {
    if (pduLength < SMALLEST_PDU) {
      this.#refuse(reference, ERROR.parameter);
      return;
    }
    this.#state = 'ready';
    this.#openUntil = NEVER;
    this.#pduLength = Math.min(pduLength, this.#server.pduLength);
    const parallel = (wanted: number): number => Math.min(Math.max(wanted, 1), PARALLEL_JOBS);
    this.#acknowledge(reference, {
      function: 'setup',
      maxCalling: parallel(maxCalling),
      maxCalled: parallel(maxCalled),
      pduLength: this.#pduLength,
    });
  }

  #variables(buffer: Uint8Array, start: number, end: number, parameters: number, isWrite: boolean): void {
    const server = this.#server;
    const from = start + 10;
    const middle = from + parameters;
    const outbox = this.#outbox;
    const room = this.#pduLength - ACK_HEADER;
    outbox.reserve(TRANSPORT + this.#pduLength);
    const out = outbox.buffer;
    const head = outbox.length + TRANSPORT;
    const at = head + ACK_HEADER;
    const hasForm = middle + read16(buffer, start + 8) === end && (isWrite || middle === end);
    const next = !hasForm
      ? BROKEN
      : isWrite
        ? writeVariables(
            server.memory,
            server.points,
            buffer,
            from,
            middle,
            end,
            out,
            at,
            room,
            this.writer,
            this.#mayWrite,
          )
        : readVariables(server.memory, server.points, buffer, from, middle, out, at, room);
    const reference = read16(buffer, start + 4);
    if (next < 0) {
      if (next === BROKEN) server.counters.broken++;
      this.#refuse(reference, next === TOO_LONG ? ERROR.pduSize : ERROR.parameter);
      return;
    }
    if (isWrite && !this.#mayWrite) server.onNotice?.('write-refused', this.writer);
    const length = next - head;
    writeAckHeader(out, head, reference, 2, length - ACK_HEADER - 2, 0);
    if (length > this.#fragment) {
      this.#fragments(out.slice(head, next));
      return;
    }
    writeTransport(out, head - TRANSPORT, length);
    outbox.length = next;
  }

  #job(reference: number, body: JobBody): void {
    const made = this.#answer(body);
    if (typeof made === 'number') {
      this.#refuse(reference, made);
      return;
    }
    this.#acknowledge(reference, made);
    if (body.function === 'request-download') this.#transfers.begin(body.file, body.loadLength, this.#now);
  }

  #answer(body: JobBody): Answer {
    const transfers = this.#transfers;
    switch (body.function) {
      case 'start-upload':
        return this.#userdata.allows(3) ? transfers.startUpload(body.file) : ERROR.protection;
      case 'upload':
        return transfers.upload(body.session, this.#pduLength);
      case 'end-upload':
        return transfers.endUpload(body.session);
      case 'request-download':
        return this.#changes(() =>
          this.#server.cpu?.key === 'run' ? ERROR.protection : transfers.requestDownload(body.file, body.loadLength),
        );
      case 'plc-stop':
        return this.#changes(() => stopPlc(this.#server, body.service, this.writer));
      case 'plc-control':
        return this.#changes(() => controlPlc(this.#server, body.service, body.argument, this.writer));
      default:
        return ERROR.noFunction;
    }
  }

  /** Does what changes the controller, where this client may. */
  #changes(act: () => Answer): Answer {
    if (this.#mayWrite && this.#userdata.allows(2)) return act();
    if (!this.#mayWrite) this.#server.onNotice?.('write-refused', this.writer);
    return ERROR.protection;
  }

  #refuse(reference: number, error: number): void {
    this.#server.counters.refused++;
    this.#send({ rosctr: 'ack', reference, error });
  }

  #acknowledge(reference: number, body: AckBody): void {
    this.#send({ rosctr: 'ack-data', reference, error: 0, body });
  }

  #send(message: S7Message): void {
    const bytes = encodeS7(message);
    if (bytes.length > this.#fragment) this.#fragments(bytes);
    else {
      const { length } = this.#outbox;
      this.#outbox.reserve(TRANSPORT + bytes.length);
      writeTransport(this.#outbox.buffer, length, bytes.length);
      this.#outbox.buffer.set(bytes, length + TRANSPORT);
      this.#outbox.length = length + TRANSPORT + bytes.length;
    }
  }

  /** A message that is longer than what one TPDU may carry. */
  #fragments(message: Uint8Array): void {
    for (let at = 0; at < message.length; at += this.#fragment) {
      const data = message.subarray(at, at + this.#fragment);
      this.#packet(encodeCotp({ type: 'data', endOfMessage: at + data.length === message.length, number: 0, data }));
    }
  }

  #packet(tpdu: Uint8Array): void {
    const { length } = this.#outbox;
    this.#outbox.reserve(4 + tpdu.length);
    const { buffer } = this.#outbox;
    buffer[length] = 3;
    buffer[length + 1] = 0;
    write16(buffer, length + 2, 4 + tpdu.length);
    buffer.set(tpdu, length + 4);
    this.#outbox.length = length + 4 + tpdu.length;
  }

  #close(): void {
    this.#closing = true;
    this.#transfers.end();
    if (this.#counted) this.#server.open--;
    this.#counted = false;
  }
}

/** TPKT and the header of a data TPDU that holds a whole message of `length` bytes. */
export function writeTransport(out: Uint8Array, at: number, length: number): void {
  out[at] = 3;
  out[at + 1] = 0;
  write16(out, at + 2, TRANSPORT + length);
  out[at + 4] = 2;
  out[at + 5] = 0xf0;
  out[at + 6] = 0x80;
}

function writeAckHeader(
  out: Uint8Array,
  at: number,
  reference: number,
  parameters: number,
  data: number,
  error: number,
): void {
  out[at] = S7_PROTOCOL;
  out[at + 1] = 3;
  write16(out, at + 2, 0);
  write16(out, at + 4, reference);
  write16(out, at + 6, parameters);
  write16(out, at + 8, data);
  write16(out, at + 10, error);
}
