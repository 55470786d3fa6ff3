/** Requests of a Modbus client. */
import { type Instant, PenstockError } from '@penstock/core';
import { read16, write16 } from '../exchange/bytes.ts';
import type { Decoded } from '../exchange/decoded.ts';
import { Exchange, type ExchangeState } from '../exchange/transaction.ts';
import { decodeResponse, encodeRequest } from './codec.ts';
import { encodeValue, type MapEntry, type TableName } from './map.ts';
import type { Request, Response } from './messages.ts';
import { DIAGNOSTICS, ENCAPSULATED_INTERFACE_TRANSPORT, EXCEPTION_BIT, MAX_PDU } from './tables.ts';

/** `exception`: the server refused, see `exception`. */
export type TransactionState = ExchangeState<'exception'>;

export class ModbusTransaction extends Exchange<'exception'> {
  readonly unit: number;
  /** The PDU that is sent. */
  readonly request: Uint8Array;
  /** Exception code of the server; 0 when there is none. */
  exception = 0;

  /** Called once for every submission, when `state` is final. */
  onFinished: ((transaction: ModbusTransaction, now: Instant) => void) | undefined;

  /**
   * @param unit 0 to 255
   * @param request what is asked; bytes go out as they are, so that a test or an attack can send what the standard forbids
   * @throws PenstockError `modbus.encode` when the request cannot be written down
   */
  constructor(
    unit: number,
    request: Request | Uint8Array,
    onFinished?: (transaction: ModbusTransaction, now: Instant) => void,
  ) {
    super();
    if (!Number.isInteger(unit) || unit < 0 || unit > 255)
      throw new PenstockError('modbus.encode', `a unit id is 0 to 255, not ${unit}`);
    this.unit = unit;
    this.request = request instanceof Uint8Array ? request : encodeRequest(request);
    if (this.request.length < 1 || this.request.length > MAX_PDU)
      throw new PenstockError('modbus.encode', `a PDU has 1 to ${MAX_PDU} bytes, not ${this.request.length}`);
    this.onFinished = onFinished;
  }

  protected override ended(now: Instant): void {
    this.onFinished?.(this, now);
  }

  /** Register `index` of a response to FC 3, 4 or 23. */
  register(index: number): number {
    return read16(this.response, 2 + 2 * index);
  }

  /** Bit `index` of a response to FC 1 or 2. */
  bit(index: number): boolean {
    return (((this.response[2 + (index >> 3)] as number) >> (index & 7)) & 1) === 1;
  }

  /** The response as an object; `illegal` when there is none. */
  decode(): Decoded<Response> {
    return decodeResponse(this.response, 0, this.responseLength);
  }

  /** Whether the response PDU is one to this request, by what the standard lets a client check. */
  fits(buffer: Uint8Array, start: number, end: number): boolean {
    const { request } = this;
    const length = end - start;
    const code = request[0] as number;
    if (buffer[start] === (code | EXCEPTION_BIT)) return length === 2;
    if (buffer[start] !== code) return false;
    switch (code) {
      case 1:
      case 2: {
        const bytes = (read16(request, 3) + 7) >> 3;
        return buffer[start + 1] === (bytes & 0xff) && length === 2 + bytes;
      }
      case 3:
      case 4:
      case 23: {
        const bytes = 2 * read16(request, 3);
        return buffer[start + 1] === (bytes & 0xff) && length === 2 + bytes;
      }
      case 5:
      case 6:
      case 21:
      case 22:
        return length === request.length && this.#echoes(buffer, start, length);
      case 15:
      case 16:
        return length === 5 && this.#echoes(buffer, start, 5);
      case 20:
        return this.#fitsFiles(buffer, start, length);
      case DIAGNOSTICS:
        return length >= 3 && this.#echoes(buffer, start, 3);
      case ENCAPSULATED_INTERFACE_TRANSPORT:
        return length >= 2 && buffer[start + 1] === request[1] && decodeResponse(buffer, start, end).status === 'ok';
      default:
        return decodeResponse(buffer, start, end).status !== 'illegal';
    }
  }

  #echoes(buffer: Uint8Array, start: number, length: number): boolean {
    for (let i = 0; i < length; i++) if (buffer[start + i] !== this.request[i]) return false;
    return true;
  }

  #fitsFiles(buffer: Uint8Array, start: number, length: number): boolean {
    const { request } = this;
    let at = start + 2;
    for (let reference = 2; reference + 7 <= request.length; reference += 7) {
      const bytes = 2 * read16(request, reference + 5);
      if (buffer[at] !== bytes + 1) return false;
      at += 2 + bytes;
    }
    return length >= 2 && at === start + length && buffer[start + 1] === length - 2;
  }
}

const READ_FUNCTION: Record<TableName, 1 | 2 | 3 | 4> = { coil: 1, discrete: 2, holding: 3, input: 4 };

/** Reads a block of one table. @throws PenstockError `modbus.encode` when `quantity` is beyond 2000 bits or 125 registers. */
export function readTransaction(
  unit: number,
  table: TableName,
  address: number,
  quantity: number,
  onFinished?: (transaction: ModbusTransaction, now: Instant) => void,
): ModbusTransaction {
  return new ModbusTransaction(unit, { function: READ_FUNCTION[table], address, quantity }, onFinished);
}

/** Writes one point again and again: FC 5 for a coil, FC 6 for one register, FC 16 for two. */
export class PointWrite extends ModbusTransaction {
  readonly #entry: MapEntry;

  /** @throws PenstockError `modbus.read-only` for a point of a table that cannot be written */
  constructor(unit: number, entry: MapEntry, onFinished?: (transaction: ModbusTransaction, now: Instant) => void) {
    super(unit, blankWrite(entry), onFinished);
    this.#entry = entry;
  }

  /** Sets the engineering value that the next submission writes; not while `pending`. */
  set(value: number): this {
    const { request } = this;
    if (this.#entry.table === 'coil') write16(request, 3, value === 0 ? 0 : 0xff00);
    else encodeValue(this.#entry, value, request, this.#entry.width === 2 ? 6 : 3);
    return this;
  }
}

function blankWrite(entry: MapEntry): Request {
  const { address } = entry;
  if (entry.table === 'coil') return { function: 5, address, value: false };
  if (entry.table !== 'holding')
    throw new PenstockError('modbus.read-only', `${entry.tag} is in table ${entry.table}, which cannot be written`);
  return entry.width === 2 ? { function: 16, address, values: [0, 0] } : { function: 6, address, value: 0 };
}
