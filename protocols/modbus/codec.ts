/** Protocol data units to bytes and back (MODBUS Application Protocol V1.1b3, clause 6). Pure; nothing here keeps state. */
import { read16 } from '../exchange/bytes.ts';
import { type Decoded, illegal, ok } from '../exchange/decoded.ts';
import {
  decodeFileData,
  decodeIdentification,
  decodeMei,
  decodeReadFile,
  decodeWriteFile,
  fileReference,
  identification,
  writeFile,
} from './codec-records.ts';
import type { Request, Response } from './messages.ts';
import {
  bytes,
  count,
  packBits,
  packRegisters,
  refused,
  unpackBits,
  unpackRegisters,
  unsupported,
  words,
  wrongLength,
} from './primitives.ts';
import {
  EXCEPTION_BIT,
  FILE_REFERENCE_TYPE,
  MAX_FIFO_COUNT,
  MAX_PDU,
  MAX_READ_BITS,
  MAX_READ_REGISTERS,
  MAX_READ_WRITE_REGISTERS,
  MAX_WRITE_BITS,
  MAX_WRITE_REGISTERS,
  MEI_CANOPEN,
  MEI_READ_DEVICE_IDENTIFICATION,
} from './tables.ts';

/**
 * Bytes of a request's PDU.
 * @throws PenstockError `modbus.encode` when a quantity, address or value is outside what the standard allows. Forbidden requests,
 * as an attack or a test sends them, are built as bytes.
 */
export function encodeRequest(request: Request): Uint8Array {
  switch (request.function) {
    case 1:
    case 2:
      count(request.quantity, 1, MAX_READ_BITS, 'quantity');
      return words(request.function, request.address, request.quantity);
    case 3:
    case 4:
      count(request.quantity, 1, MAX_READ_REGISTERS, 'quantity');
      return words(request.function, request.address, request.quantity);
    case 5:
      return words(5, request.address, request.value ? 0xff00 : 0);
    case 6:
      return words(6, request.address, request.value);
    case 7:
    case 11:
    case 12:
    case 17:
      return Uint8Array.of(request.function);
    case 8:
      return diagnostics(request.subfunction, request.data);
    case 15: {
      count(request.values.length, 1, MAX_WRITE_BITS, 'number of coils');
      const pdu = new Uint8Array(6 + ((request.values.length + 7) >> 3));
      pdu.set(words(15, request.address, request.values.length));
      pdu[5] = pdu.length - 6;
      packBits(request.values, pdu, 6);
      return pdu;
    }
    case 16: {
      count(request.values.length, 1, MAX_WRITE_REGISTERS, 'number of registers');
      const pdu = new Uint8Array(6 + 2 * request.values.length);
      pdu.set(words(16, request.address, request.values.length));
      pdu[5] = pdu.length - 6;
      packRegisters(request.values, pdu, 6);
      return pdu;
    }
    case 20: {
      count(request.references.length, 1, 35, 'number of file references');
      const pdu = new Uint8Array(2 + 7 * request.references.length);
      pdu[0] = 20;
      pdu[1] = pdu.length - 2;
      request.references.forEach((reference, i) => {
        fileReference(reference.file, reference.record, reference.length, pdu, 2 + 7 * i);
      });
      return pdu;
    }
    case 21:
      return writeFile(request.records);
    case 22:
      return words(22, request.address, request.andMask, request.orMask);
    case 23: {
      count(request.readQuantity, 1, MAX_READ_REGISTERS, 'quantity to read');
      count(request.values.length, 1, MAX_READ_WRITE_REGISTERS, 'number of registers to write');
      const pdu = new Uint8Array(10 + 2 * request.values.length);
      pdu.set(words(23, request.readAddress, request.readQuantity, request.writeAddress, request.values.length));
      pdu[9] = pdu.length - 10;
      packRegisters(request.values, pdu, 10);
      return pdu;
    }
    case 24:
      return words(24, request.address);
    case 43:
      if (request.mei === MEI_CANOPEN) return bytes(43, MEI_CANOPEN, request.data);
      return Uint8Array.of(43, MEI_READ_DEVICE_IDENTIFICATION, request.access, request.object);
  }
}

/** Bytes of a response's PDU. @throws PenstockError `modbus.encode` as `encodeRequest`. */
export function encodeResponse(response: Response): Uint8Array {
  if ('exception' in response) return Uint8Array.of(response.function | EXCEPTION_BIT, response.exception);
  switch (response.function) {
    case 1:
    case 2: {
      const pdu = new Uint8Array(2 + ((response.bits.length + 7) >> 3));
      count(response.bits.length, 1, MAX_READ_BITS, 'number of bits');
      pdu[0] = response.function;
      pdu[1] = pdu.length - 2;
      packBits(response.bits, pdu, 2);
      return pdu;
    }
    case 3:
    case 4:
    case 23: {
      count(response.registers.length, 1, MAX_READ_REGISTERS, 'number of registers');
      const pdu = new Uint8Array(2 + 2 * response.registers.length);
      pdu[0] = response.function;
      pdu[1] = pdu.length - 2;
      packRegisters(response.registers, pdu, 2);
      return pdu;
    }
    case 5:
      return words(5, response.address, response.value ? 0xff00 : 0);
    case 6:
      return words(6, response.address, response.value);
    case 7:
      return Uint8Array.of(7, response.status);
    case 8:
      return diagnostics(response.subfunction, response.data);
    case 11:
      return words(11, response.status, response.count);
    case 12: {
      count(response.events.length, 0, 64, 'number of events');
      const head = words(12, 0, response.status, response.eventCount, response.messageCount);
      const pdu = new Uint8Array(8 + response.events.length);
      pdu[0] = 12;
      pdu[1] = pdu.length - 2;
      pdu.set(head.subarray(3), 2);
      pdu.set(response.events, 8);
      return pdu;
    }
    case 15:
    case 16:
      return words(response.function, response.address, response.quantity);
    case 17:
      return bytes(17, response.data.length, response.data);
    case 20: {
      const length = response.data.reduce((sum, data) => sum + 2 + data.length, 0);
      count(length, 0, 0xf5, 'number of bytes');
      const pdu = new Uint8Array(2 + length);
      pdu[0] = 20;
      pdu[1] = length;
      let at = 2;
      for (const data of response.data) {
        pdu[at] = data.length + 1;
        pdu[at + 1] = FILE_REFERENCE_TYPE;
        pdu.set(data, at + 2);
        at += 2 + data.length;
      }
      return pdu;
    }
    case 21:
      return writeFile(response.records);
    case 22:
      return words(22, response.address, response.andMask, response.orMask);
    case 24: {
      count(response.registers.length, 0, MAX_FIFO_COUNT, 'number of registers');
      const pdu = new Uint8Array(5 + 2 * response.registers.length);
      pdu.set(words(24, pdu.length - 3, response.registers.length));
      packRegisters(response.registers, pdu, 5);
      return pdu;
    }
    case 43:
      return 'data' in response ? bytes(43, MEI_CANOPEN, response.data) : identification(response);
    default:
      throw refused(`function ${(response as { function: number }).function} has no response of its own`);
  }
}

/** Reads the request PDU `buffer[start..end)`. Byte arrays in the result are copies. */
export function decodeRequest(buffer: Uint8Array, start = 0, end = buffer.length): Decoded<Request> {
  const length = end - start;
  if (length < 1 || length > MAX_PDU) return illegal(`a PDU has 1 to ${MAX_PDU} bytes, not ${length}`);
  const code = buffer[start] as number;
  const at = start + 1;
  if (code === 0 || code >= EXCEPTION_BIT) return illegal(`${code} is not a function code of a request`);
  switch (code) {
    case 1:
    case 2:
    case 3:
    case 4: {
      if (length !== 5) return wrongLength(code, 5, length);
      const quantity = read16(buffer, at + 2);
      const most = code <= 2 ? MAX_READ_BITS : MAX_READ_REGISTERS;
      if (quantity < 1 || quantity > most) return illegal(`quantity ${quantity} is outside 1 to ${most}`);
      return ok({ function: code, address: read16(buffer, at), quantity });
    }
    case 5:
      return decodeCoil(buffer, at, length);
    case 6:
      if (length !== 5) return wrongLength(code, 5, length);
      return ok({ function: 6, address: read16(buffer, at), value: read16(buffer, at + 2) });
    case 7:
    case 11:
    case 12:
    case 17:
      return length === 1 ? ok({ function: code }) : wrongLength(code, 1, length);
    case 8:
      return decodeDiagnostics(buffer, at, end);
    case 15: {
      if (length < 6) return wrongLength(code, 7, length);
      const quantity = read16(buffer, at + 2);
      if (quantity < 1 || quantity > MAX_WRITE_BITS)
        return illegal(`quantity ${quantity} is outside 1 to ${MAX_WRITE_BITS}`);
      const byteCount = (quantity + 7) >> 3;
      if (buffer[at + 4] !== byteCount || length !== 6 + byteCount)
        return illegal(`${quantity} coils take ${byteCount} bytes, not ${buffer[at + 4]} (${length - 6} present)`);
      return ok({ function: 15, address: read16(buffer, at), values: unpackBits(buffer, at + 5, quantity) });
    }
    case 16: {
      if (length < 6) return wrongLength(code, 8, length);
      const quantity = read16(buffer, at + 2);
      if (quantity < 1 || quantity > MAX_WRITE_REGISTERS)
        return illegal(`quantity ${quantity} is outside 1 to ${MAX_WRITE_REGISTERS}`);
      if (buffer[at + 4] !== 2 * quantity || length !== 6 + 2 * quantity)
        return illegal(`${quantity} registers take ${2 * quantity} bytes, not ${buffer[at + 4]}`);
      return ok({ function: 16, address: read16(buffer, at), values: unpackRegisters(buffer, at + 5, quantity) });
    }
    case 20:
      return decodeReadFile(buffer, at, end);
    case 21:
      return decodeWriteFile(buffer, at, end);
    case 22:
      return decodeMaskWrite(buffer, at, length);
    case 23:
      return decodeReadWrite(buffer, at, length);
    case 24:
      return length === 3 ? ok({ function: 24, address: read16(buffer, at) }) : wrongLength(code, 3, length);
    case 43:
      return decodeMei(buffer, at, end, (from) => {
        if (length !== 4) return wrongLength(code, 4, length);
        const access = buffer[from] as number;
        if (access < 1 || access > 4) return illegal(`read device id code ${access} is outside 1 to 4`);
        return ok({ function: 43, mei: 14, access, object: buffer[from + 1] as number });
      });
    default:
      return unsupported(code);
  }
}

/** Reads the response PDU `buffer[start..end)`. Byte arrays in the result are copies. */
export function decodeResponse(buffer: Uint8Array, start = 0, end = buffer.length): Decoded<Response> {
  const length = end - start;
  if (length < 1 || length > MAX_PDU) return illegal(`a PDU has 1 to ${MAX_PDU} bytes, not ${length}`);
  const code = buffer[start] as number;
  const at = start + 1;
  if (code >= EXCEPTION_BIT)
    return length === 2
      ? ok({ function: code & ~EXCEPTION_BIT, exception: buffer[at] as number })
      : wrongLength(code, 2, length);
  const byteCount = length >= 2 ? (buffer[at] as number) : 0;
  switch (code) {
    case 0:
      return illegal('0 is not a function code');
    case 1:
    case 2:
      if (length < 3 || length !== 2 + byteCount) return wrongLength(code, 2 + byteCount, length);
      return ok({ function: code, bits: unpackBits(buffer, at + 1, 8 * byteCount) });
    case 3:
    case 4:
    case 23:
      if (length < 4 || length !== 2 + byteCount || byteCount % 2 !== 0)
        return wrongLength(code, 2 + byteCount, length);
      return ok({ function: code, registers: unpackRegisters(buffer, at + 1, byteCount >> 1) });
    case 5:
      return decodeCoil(buffer, at, length);
    case 6:
      if (length !== 5) return wrongLength(code, 5, length);
      return ok({ function: 6, address: read16(buffer, at), value: read16(buffer, at + 2) });
    case 7:
      return length === 2 ? ok({ function: 7, status: byteCount }) : wrongLength(code, 2, length);
    case 8:
      return decodeDiagnostics(buffer, at, end);
    case 11:
      if (length !== 5) return wrongLength(code, 5, length);
      return ok({ function: 11, status: read16(buffer, at), count: read16(buffer, at + 2) });
    case 12:
      if (length < 8 || length !== 2 + byteCount) return wrongLength(code, 2 + byteCount, length);
      return ok({
        function: 12,
        status: read16(buffer, at + 1),
        eventCount: read16(buffer, at + 3),
        messageCount: read16(buffer, at + 5),
        events: buffer.slice(at + 7, end),
      });
    case 15:
    case 16:
      if (length !== 5) return wrongLength(code, 5, length);
      return ok({ function: code, address: read16(buffer, at), quantity: read16(buffer, at + 2) });
    case 17:
      if (length !== 2 + byteCount) return wrongLength(code, 2 + byteCount, length);
      return ok({ function: 17, data: buffer.slice(at + 1, end) });
    case 20:
      return decodeFileData(buffer, at, end);
    case 21:
      return decodeWriteFile(buffer, at, end);
    case 22:
      return decodeMaskWrite(buffer, at, length);
    case 24: {
      if (length < 5) return wrongLength(code, 5, length);
      const quantity = read16(buffer, at + 2);
      if (quantity > MAX_FIFO_COUNT || read16(buffer, at) !== 2 + 2 * quantity || length !== 5 + 2 * quantity)
        return illegal(`a FIFO count of ${quantity} does not fit the ${length} bytes`);
      return ok({ function: 24, registers: unpackRegisters(buffer, at + 4, quantity) });
    }
    case 43:
      return decodeMei(buffer, at, end, (from) => decodeIdentification(buffer, from, end));
    default:
      return unsupported(code);
  }
}

function decodeCoil(buffer: Uint8Array, at: number, length: number): Decoded<Extract<Request, { function: 5 }>> {
  if (length !== 5) return wrongLength(5, 5, length);
  const value = read16(buffer, at + 2);
  if (value !== 0 && value !== 0xff00) return illegal(`a coil is written with 0x0000 or 0xff00, not ${value}`);
  return ok({ function: 5, address: read16(buffer, at), value: value !== 0 });
}

function decodeDiagnostics(buffer: Uint8Array, at: number, end: number): Decoded<Extract<Request, { function: 8 }>> {
  if (end - at < 2) return wrongLength(8, 3, end - at + 1);
  return ok({ function: 8, subfunction: read16(buffer, at), data: buffer.slice(at + 2, end) });
}

function decodeMaskWrite(buffer: Uint8Array, at: number, length: number): Decoded<Extract<Request, { function: 22 }>> {
  if (length !== 7) return wrongLength(22, 7, length);
  return ok({
    function: 22,
    address: read16(buffer, at),
    andMask: read16(buffer, at + 2),
    orMask: read16(buffer, at + 4),
  });
}

function decodeReadWrite(buffer: Uint8Array, at: number, length: number): Decoded<Request> {
  if (length < 10) return wrongLength(23, 12, length);
  const readQuantity = read16(buffer, at + 2);
  const quantity = read16(buffer, at + 6);
  if (readQuantity < 1 || readQuantity > MAX_READ_REGISTERS)
    return illegal(`quantity ${readQuantity} to read is outside 1 to ${MAX_READ_REGISTERS}`);
  if (quantity < 1 || quantity > MAX_READ_WRITE_REGISTERS)
    return illegal(`quantity ${quantity} to write is outside 1 to ${MAX_READ_WRITE_REGISTERS}`);
  if (buffer[at + 8] !== 2 * quantity || length !== 10 + 2 * quantity)
    return illegal(`${quantity} registers take ${2 * quantity} bytes, not ${buffer[at + 8]}`);
  return ok({
    function: 23,
    readAddress: read16(buffer, at),
    readQuantity,
    writeAddress: read16(buffer, at + 4),
    values: unpackRegisters(buffer, at + 9, quantity),
  });
}

function diagnostics(subfunction: number, data: Uint8Array): Uint8Array {
  count(data.length, 0, MAX_PDU - 3, 'number of data bytes');
  const pdu = new Uint8Array(3 + data.length);
  pdu.set(words(8, subfunction));
  pdu.set(data, 3);
  return pdu;
}
