/**
 * From a request to its events. What ICSNPP prints of each function decides which columns are filled (its `main.zeek`); bounds come from
 * the MODBUS Application Protocol V1.1b3, clause 6.
 */
import { read16 } from '../exchange/bytes.ts';
import { MBAP_LENGTH } from './adu.ts';
import {
  type Emit,
  emitDetailed,
  emitFileRecord,
  emitIdentification,
  emitMaskWrite,
  emitReadWrite,
  type Links,
  type PendingRequest,
  type Reason,
} from './dissect-emit.ts';
import {
  bitValues,
  characters,
  meiName,
  readFileReferences,
  registerValues,
  splitFileRecords,
} from './dissect-values.ts';
import {
  diagnosticName,
  MAX_READ_BITS,
  MAX_READ_REGISTERS,
  MAX_READ_WRITE_REGISTERS,
  MAX_WRITE_BITS,
  MAX_WRITE_REGISTERS,
  MEI_READ_DEVICE_IDENTIFICATION,
} from './tables.ts';

/**
 * Reads the request at `at` into `request` and emits what needs no response.
 * @returns what is wrong with it; it waits for its response all the same, with the columns that could be read
 */
export function readRequest(
  emit: Emit,
  request: PendingRequest,
  time: number,
  buffer: Uint8Array,
  at: number,
  end: number,
  links: Links,
): Reason {
  const code = buffer[at + MBAP_LENGTH] as number;
  const data = at + MBAP_LENGTH + 1;
  const length = end - data;
  request.start(time, read16(buffer, at), buffer[at + 6] as number, code);
  switch (code) {
    case 1:
    case 2:
    case 3:
    case 4:
      if (length < 4) return 'length';
      request.address = read16(buffer, data);
      request.quantity = read16(buffer, data + 2);
      if (length !== 4) return 'length';
      return within(request.quantity, code <= 2 ? MAX_READ_BITS : MAX_READ_REGISTERS);
    case 5:
    case 6: {
      if (length < 4) return 'length';
      const value = read16(buffer, data + 2);
      request.address = read16(buffer, data);
      request.quantity = 1;
      request.values = [code === 5 && value === 0xff00 ? 1 : value];
      if (length !== 4) return 'length';
      return code === 5 && value !== 0 && value !== 0xff00 ? 'value' : undefined;
    }
    case 8:
      if (length < 2) return 'length';
      request.subfunction = diagnosticName(read16(buffer, data));
      request.data = characters(buffer, data + 2, end);
      return length === 4 || read16(buffer, data) === 0 ? undefined : 'length';
    case 15:
    case 16:
      return readWriteMany(request, code, buffer, data, length);
    case 20: {
      const files = readFileReferences(buffer, data, end);
      request.quantity = files.length;
      request.files = files;
      for (const { file, record, length: count } of files)
        emitFileRecord(emit, time, request, true, file, record, count, undefined);
      return length >= 8 && length === 1 + 7 * files.length ? undefined : 'length';
    }
    case 21: {
      const records = splitFileRecords(buffer, data, end);
      if (records === undefined) return 'length';
      request.quantity = records.length;
      for (const { file, record, length: count, data: text } of records)
        emitFileRecord(emit, time, request, true, file, record, count, text);
      return length < 10 ? 'length' : undefined;
    }
    case 22:
      if (length < 6) return 'length';
      request.address = read16(buffer, data);
      request.link = links.nextLink();
      emitMaskWrite(emit, time, request, true, buffer, data, request.link);
      return length === 6 ? undefined : 'length';
    case 23: {
      if (length < 9) return 'length';
      const readQuantity = read16(buffer, data + 2);
      const writeQuantity = read16(buffer, data + 6);
      const count = Math.min(writeQuantity, (length - 9) >> 1);
      request.link = links.nextLink();
      const values = registerValues(buffer, data + 9, count);
      const reading = read16(buffer, data);
      const writing = read16(buffer, data + 4);
      emitReadWrite(emit, time, request, true, request.link, writing, values, reading, readQuantity, undefined);
      if (buffer[data + 8] !== 2 * writeQuantity || length !== 9 + 2 * writeQuantity) return 'length';
      return within(readQuantity, MAX_READ_REGISTERS) ?? within(writeQuantity, MAX_READ_WRITE_REGISTERS);
    }
    case 24:
      if (length < 2) return 'length';
      request.address = read16(buffer, data);
      return length === 2 ? undefined : 'length';
    case 43:
      return readMeiRequest(emit, request, time, buffer, data, end, links);
    default:
      emitDetailed(emit, time, request, undefined, undefined, undefined, undefined, undefined);
      return (code === 7 || code === 11 || code === 12 || code === 17) && length !== 0 ? 'length' : undefined;
  }
}

function readWriteMany(
  request: PendingRequest,
  code: number,
  buffer: Uint8Array,
  data: number,
  length: number,
): Reason {
  if (length < 5) return 'length';
  const quantity = read16(buffer, data + 2);
  request.address = read16(buffer, data);
  request.quantity = quantity;
  const bytes = code === 15 ? (quantity + 7) >> 3 : 2 * quantity;
  const present = length - 5;
  request.values =
    code === 15
      ? bitValues(buffer, data + 5, Math.min(quantity, 8 * present))
      : registerValues(buffer, data + 5, Math.min(quantity, present >> 1));
  const wrong = within(quantity, code === 15 ? MAX_WRITE_BITS : MAX_WRITE_REGISTERS);
  if (wrong !== undefined) return wrong;
  return buffer[data + 4] === bytes && present === bytes ? undefined : 'length';
}

function readMeiRequest(
  emit: Emit,
  request: PendingRequest,
  time: number,
  buffer: Uint8Array,
  data: number,
  end: number,
  links: Links,
): Reason {
  if (data >= end) return 'length';
  request.mei = meiName(buffer[data] as number, 'invalid');
  request.link = links.nextLink();
  if (buffer[data] !== MEI_READ_DEVICE_IDENTIFICATION) return undefined;
  if (end - data < 3) return 'length';
  const object = buffer[data + 2] as number;
  const name = READ_OBJECT_NAMES[object] ?? 'Unknown';
  const access = buffer[data + 1] as number;
  emitIdentification(emit, time, request, true, request.link, undefined, access, object, name, undefined);
  if (end - data !== 3) return 'length';
  return access < 1 || access > 4 ? 'value' : undefined;
}

/** ICSNPP names the object of a request by this list, although it is the first object that is asked for. */
const READ_OBJECT_NAMES = [
  'Basic Device Identification',
  'Regular Device Identification',
  'Extended Device Identification',
  'Specific Device Identification',
];

const within = (quantity: number, most: number): Reason => (quantity >= 1 && quantity <= most ? undefined : 'quantity');
