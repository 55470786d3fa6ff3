/**
 * A Modbus TCP server: one `ModbusServer` for a device, one `ModbusSession` for a connection to it. Checks come in the order of the
 * state diagrams of the MODBUS Application Protocol V1.1b3 (clause 6): function 01, quantity and form 03, address 02, value 03,
 * execution 04.
 */
import {
  type ByteSink,
  type DeviceIdentity,
  type FileAccess,
  type Instant,
  NEVER,
  type PointAccess,
  type StreamMachine,
  UsageError,
  type Writer,
} from '@penstock/core';
import { Outbox, read16, write16 } from '../exchange/bytes.ts';
import { AduReader, type AduSink, MAX_ADU, MBAP_LENGTH, writeHeader } from './adu.ts';
import { Diagnostics } from './diagnostics.ts';
import { readFileRecords, writeFileRecords } from './file-records.ts';
import { IdentificationObjects } from './identification.ts';
import type { RegisterMap } from './map.ts';
import {
  EXCEPTION_BIT,
  GATEWAY_TARGET_FAILED_TO_RESPOND,
  ILLEGAL_DATA_ADDRESS,
  ILLEGAL_DATA_VALUE,
  ILLEGAL_FUNCTION,
  isWrite,
  MAX_FIFO_COUNT,
  MAX_READ_BITS,
  MAX_READ_REGISTERS,
  MAX_READ_WRITE_REGISTERS,
  MAX_WRITE_BITS,
  MAX_WRITE_REGISTERS,
  MEI_READ_DEVICE_IDENTIFICATION,
  SERIAL_FUNCTIONS,
  USUAL_FUNCTIONS,
} from './tables.ts';

export interface ModbusServerOptions {
  readonly map: RegisterMap;
  readonly points: PointAccess;
  readonly identity: DeviceIdentity;
  /** Programs and configuration for FC 20 and 21; without it every file is unknown (exception 02). */
  readonly files?: FileAccess | undefined;
  /**
   * As `functions` of a service in `plant.yaml`: codes out of 7, 8, 11 and 17 alone come on top of the usual ones; any other list is
   * all that the device answers.
   */
  readonly functions?: readonly number[] | undefined;
  /** Unit ids that it answers to; default 1 and 255. */
  readonly units?: readonly number[] | undefined;
  /** What another unit id gets: exception 0x0B, as of a gateway whose target does not answer (default), or nothing. */
  readonly unknownUnit?: 'exception' | 'silent' | undefined;
  /** The queue behind a FIFO pointer address (FC 24), undefined where there is none. */
  readonly fifo?: ((address: number) => readonly number[] | undefined) | undefined;
  /** The eight coils of FC 7. */
  readonly exceptionStatus?: (() => number) | undefined;
  /** Whether the program runs, as FC 17 tells. */
  readonly running?: (() => boolean) | undefined;
  /** Objects 0x80 and above of 43/14, by number. */
  readonly extendedIdentity?: ReadonlyMap<number, string> | undefined;
}

/** How many requests a device got and what it made of them. */
export interface ServerCounters {
  requests: number;
  exceptions: number;
  unanswered: number;
}

/**
 * Unsent bytes beyond which a connection is ended. A chunk of 64 KiB full of the shortest requests with the longest answers stays below; its
 * owner takes the answers after every chunk.
 */
const MAX_UNSENT = 4 * 1024 * 1024;

export class ModbusServer {
  readonly map: RegisterMap;
  readonly points: PointAccess;
  readonly diagnostics = new Diagnostics();
  readonly #files: FileAccess | undefined;
  readonly #enabled = new Uint8Array(128);
  readonly #units = new Uint8Array(256);
  readonly #answersUnknown: boolean;
  readonly #identification: IdentificationObjects;
  readonly #fifo: ((address: number) => readonly number[] | undefined) | undefined;
  readonly #exceptionStatus: () => number;
  readonly #running: () => boolean;
  readonly #identity: ModbusServerOptions['identity'];
  readonly #mask = new Uint8Array(2);

  /** @throws UsageError `modbus.function` for a function code that is not implemented, `modbus.unit` for a unit beyond 255. */
  constructor(options: ModbusServerOptions) {
    this.map = options.map;
    this.points = options.points;
    this.#files = options.files;
    for (const code of functionSet(options.functions)) this.#enabled[code] = 1;
    for (const unit of options.units ?? [1, 255]) {
      if (!Number.isInteger(unit) || unit < 0 || unit > 255)
        throw new UsageError('modbus.unit', `a unit id is 0 to 255, not ${unit}`);
      this.#units[unit] = 1;
    }
    this.#answersUnknown = options.unknownUnit !== 'silent';
    this.#identification = new IdentificationObjects(options.identity, options.extendedIdentity);
    this.#fifo = options.fifo;
    this.#exceptionStatus = options.exceptionStatus ?? (() => 0);
    this.#running = options.running ?? (() => true);
    this.#identity = options.identity;
  }

  /**
   * A connection from `address`:`port`. Every write through it names that writer. With `onRefused` it may only read: functions that
   * change something get exception 01, which is what a server says to an action that it does not allow (V1.1b3, clause 7), and are told.
   */
  session(address: string, port: number, onRefused?: (functionCode: number) => void): ModbusSession {
    return new ModbusSession(this, { protocol: 'modbus', address, port }, onRefused);
  }

  /**
   * Carries out the request PDU `request[start..end)` for `unit` and writes the response PDU at `out[at…]`, which has room for 253 bytes.
   * @param mayWrite false: functions that change something are refused with exception 01
   * @returns where the response ends; `at` when there is none
   */
  respond(
    unit: number,
    request: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    at: number,
    writer: Writer,
    mayWrite = true,
  ): number {
    const diagnostics = this.diagnostics;
    diagnostics.busMessages++;
    const code = request[start] as number;
    if (this.#units[unit] !== 1) {
      if (!this.#answersUnknown) return at;
      out[at] = code | EXCEPTION_BIT;
      out[at + 1] = GATEWAY_TARGET_FAILED_TO_RESPOND;
      return at + 2;
    }
    diagnostics.serverMessages++;
    if (diagnostics.listenOnly && !diagnostics.wakes(request, start, end, this.#enabled)) {
      diagnostics.unanswered++;
      return at;
    }
    const next =
      code < EXCEPTION_BIT && this.#enabled[code] === 1 && (mayWrite || !isWrite(code))
        ? this.#execute(code, request, start, end, out, at, writer)
        : -ILLEGAL_FUNCTION;
    if (next < 0) {
      diagnostics.exceptions++;
      out[at] = code | EXCEPTION_BIT;
      out[at + 1] = -next;
      return at + 2;
    }
    if (code !== 11) diagnostics.events = (diagnostics.events + 1) & 0xffff;
    if (next === at) diagnostics.unanswered++;
    return next;
  }

  /** As `respond`, but an exception comes back as its negative code. */
  #execute(
    code: number,
    request: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    at: number,
    writer: Writer,
  ): number {
    const length = end - start;
    out[at] = code;
    switch (code) {
      case 1:
        return this.#readBits(this.map.coil, request, start, length, out, at);
      case 2:
        return this.#readBits(this.map.discrete, request, start, length, out, at);
      case 3:
        return this.#readRegisters(this.map.holding, request, start, length, out, at);
      case 4:
        return this.#readRegisters(this.map.input, request, start, length, out, at);
      case 5: {
        if (length !== 5) return -ILLEGAL_DATA_VALUE;
        const value = read16(request, start + 3);
        if (value !== 0 && value !== 0xff00) return -ILLEGAL_DATA_VALUE;
        this.#mask[0] = value === 0 ? 0 : 1;
        const failed = this.map.writeCoils(read16(request, start + 1), 1, this.#mask, 0, this.points, writer);
        return failed !== 0 ? -failed : echo(request, start, end, out, at);
      }
      case 6: {
        if (length !== 5) return -ILLEGAL_DATA_VALUE;
        const failed = this.map.writeRegisters(read16(request, start + 1), 1, request, start + 3, this.points, writer);
        return failed !== 0 ? -failed : echo(request, start, end, out, at);
      }
      case 7:
        if (length !== 1) return -ILLEGAL_DATA_VALUE;
        out[at + 1] = this.#exceptionStatus();
        return at + 2;
      case 8:
        return this.diagnostics.respond(request, start, end, out, at);
      case 11:
        if (length !== 1) return -ILLEGAL_DATA_VALUE;
        write16(out, at + 1, 0);
        write16(out, at + 3, this.diagnostics.events);
        return at + 5;
      case 15:
        return this.#writeCoils(request, start, length, out, at, writer);
      case 16:
        return this.#writeRegisters(request, start, length, out, at, writer);
      case 17:
        if (length !== 1) return -ILLEGAL_DATA_VALUE;
        return this.#reportId(out, at);
      case 20:
        return readFileRecords(this.#files, request, start, end, out, at);
      case 21: {
        const failed = writeFileRecords(this.#files, request, start, end, writer);
        return failed !== 0 ? -failed : echo(request, start, end, out, at);
      }
      case 22:
        return this.#maskWrite(request, start, end, out, at, writer);
      case 23:
        return this.#readWrite(request, start, length, out, at, writer);
      case 24:
        return this.#readFifo(request, start, length, out, at);
      default:
        if (length < 2 || request[start + 1] !== MEI_READ_DEVICE_IDENTIFICATION) return -ILLEGAL_FUNCTION;
        return this.#identification.respond(request, start, end, out, at);
    }
  }

  /** Function 17: who the device is at the moment, and whether it runs. */
  #reportId(out: Uint8Array, at: number): number {
    const { vendor, productCode, revision } = this.#identity;
    const id = new TextEncoder().encode(`${vendor} ${productCode} ${revision}`).subarray(0, 200);
    out[at + 1] = id.length + 1;
    out.set(id, at + 2);
    out[at + 2 + id.length] = this.#running() ? 0xff : 0;
    return at + 3 + id.length;
  }

  #readBits(
    table: RegisterMap['coil'],
    request: Uint8Array,
    start: number,
    length: number,
    out: Uint8Array,
    at: number,
  ): number {
    if (length !== 5) return -ILLEGAL_DATA_VALUE;
    const quantity = read16(request, start + 3);
    if (quantity < 1 || quantity > MAX_READ_BITS) return -ILLEGAL_DATA_VALUE;
    if (!table.readBits(read16(request, start + 1), quantity, this.points, out, at + 2)) return -ILLEGAL_DATA_ADDRESS;
    const bytes = (quantity + 7) >> 3;
    out[at + 1] = bytes;
    return at + 2 + bytes;
  }

  #readRegisters(
    table: RegisterMap['coil'],
    request: Uint8Array,
    start: number,
    length: number,
    out: Uint8Array,
    at: number,
  ): number {
    if (length !== 5) return -ILLEGAL_DATA_VALUE;
    const quantity = read16(request, start + 3);
    if (quantity < 1 || quantity > MAX_READ_REGISTERS) return -ILLEGAL_DATA_VALUE;
    const address = read16(request, start + 1);
    if (!table.readRegisters(address, quantity, this.points, out, at + 2)) return -ILLEGAL_DATA_ADDRESS;
    out[at + 1] = 2 * quantity;
    return at + 2 + 2 * quantity;
  }

  #writeCoils(request: Uint8Array, start: number, length: number, out: Uint8Array, at: number, writer: Writer): number {
    if (length < 6) return -ILLEGAL_DATA_VALUE;
    const quantity = read16(request, start + 3);
    const bytes = (quantity + 7) >> 3;
    if (quantity < 1 || quantity > MAX_WRITE_BITS || request[start + 5] !== bytes || length !== 6 + bytes)
      return -ILLEGAL_DATA_VALUE;
    const address = read16(request, start + 1);
    const failed = this.map.writeCoils(address, quantity, request, start + 6, this.points, writer);
    return failed !== 0 ? -failed : echo(request, start, start + 5, out, at);
  }

  #writeRegisters(
    request: Uint8Array,
    start: number,
    length: number,
    out: Uint8Array,
    at: number,
    writer: Writer,
  ): number {
    if (length < 6) return -ILLEGAL_DATA_VALUE;
    const quantity = read16(request, start + 3);
    if (
      quantity < 1 ||
      quantity > MAX_WRITE_REGISTERS ||
      request[start + 5] !== 2 * quantity ||
      length !== 6 + 2 * quantity
    )
      return -ILLEGAL_DATA_VALUE;
    const address = read16(request, start + 1);
    const failed = this.map.writeRegisters(address, quantity, request, start + 6, this.points, writer);
    return failed !== 0 ? -failed : echo(request, start, start + 5, out, at);
  }

  #maskWrite(request: Uint8Array, start: number, end: number, out: Uint8Array, at: number, writer: Writer): number {
    if (end - start !== 7) return -ILLEGAL_DATA_VALUE;
    const address = read16(request, start + 1);
    const mask = this.#mask;
    if (!this.map.holding.readRegisters(address, 1, this.points, mask, 0)) return -ILLEGAL_DATA_ADDRESS;
    const and = read16(request, start + 3);
    const or = read16(request, start + 5);
    write16(mask, 0, (read16(mask, 0) & and) | (or & ~and));
    const failed = this.map.writeRegisters(address, 1, mask, 0, this.points, writer);
    return failed !== 0 ? -failed : echo(request, start, end, out, at);
  }

  /** The write comes before the read (clause 6.17); neither happens unless both may. */
  #readWrite(request: Uint8Array, start: number, length: number, out: Uint8Array, at: number, writer: Writer): number {
    if (length < 10) return -ILLEGAL_DATA_VALUE;
    const readQuantity = read16(request, start + 3);
    const writeQuantity = read16(request, start + 7);
    if (
      readQuantity < 1 ||
      readQuantity > MAX_READ_REGISTERS ||
      writeQuantity < 1 ||
      writeQuantity > MAX_READ_WRITE_REGISTERS ||
      request[start + 9] !== 2 * writeQuantity ||
      length !== 10 + 2 * writeQuantity
    )
      return -ILLEGAL_DATA_VALUE;
    const readAddress = read16(request, start + 1);
    const writeAddress = read16(request, start + 5);
    if (!this.map.holding.covers(readAddress, readQuantity)) return -ILLEGAL_DATA_ADDRESS;
    const failed = this.map.writeRegisters(writeAddress, writeQuantity, request, start + 10, this.points, writer);
    if (failed !== 0) return -failed;
    this.map.holding.readRegisters(readAddress, readQuantity, this.points, out, at + 2);
    out[at + 1] = 2 * readQuantity;
    return at + 2 + 2 * readQuantity;
  }

  #readFifo(request: Uint8Array, start: number, length: number, out: Uint8Array, at: number): number {
    if (length !== 3) return -ILLEGAL_DATA_VALUE;
    const queue = this.#fifo?.(read16(request, start + 1));
    if (queue === undefined) return -ILLEGAL_DATA_ADDRESS;
    if (queue.length > MAX_FIFO_COUNT) return -ILLEGAL_DATA_VALUE;
    write16(out, at + 1, 2 + 2 * queue.length);
    write16(out, at + 3, queue.length);
    for (let i = 0; i < queue.length; i++) write16(out, at + 5 + 2 * i, queue[i] as number);
    return at + 5 + 2 * queue.length;
  }
}

function functionSet(functions: readonly number[] | undefined): readonly number[] {
  if (functions === undefined) return USUAL_FUNCTIONS;
  for (const code of functions)
    if (!USUAL_FUNCTIONS.includes(code) && !SERIAL_FUNCTIONS.includes(code))
      throw new UsageError(
        'modbus.function',
        `function ${code} is not implemented; choose from ${[...USUAL_FUNCTIONS, ...SERIAL_FUNCTIONS].join(', ')}`,
      );
  return functions.every((code) => SERIAL_FUNCTIONS.includes(code)) ? [...USUAL_FUNCTIONS, ...functions] : functions;
}

/** Copies the request's bytes up to `end`, which are the response. */
function echo(request: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  for (let i = start; i < end; i++) out[at++] = request[i] as number;
  return at;
}

/** One connection to a server. Requests are carried out in the order in which they come and answered in that order. */
export class ModbusSession implements StreamMachine, AduSink {
  readonly writer: Writer;
  readonly counters: ServerCounters = { requests: 0, exceptions: 0, unanswered: 0 };
  readonly #server: ModbusServer;
  readonly #reader = new AduReader(this);
  readonly #outbox = new Outbox();
  readonly #onRefused: ((functionCode: number) => void) | undefined;
  #closing = false;

  constructor(server: ModbusServer, writer: Writer, onRefused?: (functionCode: number) => void) {
    this.#server = server;
    this.writer = writer;
    this.#onRefused = onRefused;
  }

  /** Set when the stream cannot be followed any more, or its answers are not taken. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Frames of another protocol id, which are skipped. */
  get foreign(): number {
    return this.#reader.foreign;
  }

  receive(bytes: Uint8Array, _now: Instant): void {
    this.receiveRange(bytes, 0, bytes.length);
  }

  receiveRange(buffer: Uint8Array, start: number, end: number): void {
    if (this.#closing) return;
    this.#reader.receive(buffer, start, end);
    if (this.#reader.broken || this.#outbox.length > MAX_UNSENT) this.#closing = true;
  }

  adu(buffer: Uint8Array, start: number, end: number): void {
    const outbox = this.#outbox;
    if (outbox.length > MAX_UNSENT) return;
    outbox.reserve(MAX_ADU);
    const at = outbox.length;
    const out = outbox.buffer;
    const unit = buffer[start + 6] as number;
    const pdu = at + MBAP_LENGTH;
    const request = start + MBAP_LENGTH;
    const refused = this.#onRefused;
    const next = this.#server.respond(unit, buffer, request, end, out, pdu, this.writer, refused === undefined);
    if (refused !== undefined && isWrite(buffer[request] as number)) refused(buffer[request] as number);
    const counters = this.counters;
    counters.requests++;
    if (next === pdu) {
      counters.unanswered++;
      return;
    }
    if ((out[pdu] as number) >= EXCEPTION_BIT) counters.exceptions++;
    writeHeader(out, at, read16(buffer, start), unit, next - pdu);
    outbox.length = next;
  }

  due(): Instant {
    return NEVER;
  }

  tick(_now: Instant): void {}

  take(): Uint8Array | undefined {
    return this.#outbox.take();
  }

  takeTo(sink: ByteSink): boolean {
    return this.#outbox.takeTo(sink);
  }
}
