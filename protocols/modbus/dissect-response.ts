/** From a response, and the request that it answers, to their events; columns as ICSNPP fills them. */
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
  PendingRequest,
  type Reason,
} from './dissect-emit.ts';
import {
  bitValues,
  characters,
  meiName,
  paddingText,
  registerValues,
  splitFileData,
  splitFileRecords,
} from './dissect-values.ts';
import {
  diagnosticName,
  EXCEPTION_BIT,
  exceptionName,
  identificationObjectName,
  MEI_READ_DEVICE_IDENTIFICATION,
} from './tables.ts';

/** Stands for the request of a response that came without one. */
const nobody = new PendingRequest();

/**
 * Emits what the response at `at` says, joined with its request where there is one.
 * @returns what is wrong with it; a response that cannot be read leaves its request unanswered
 */
export function readResponse(
  emit: Emit,
  asked: PendingRequest | undefined,
  time: number,
  buffer: Uint8Array,
  at: number,
  end: number,
  links: Links,
): Reason {
  const code = buffer[at + MBAP_LENGTH] as number;
  const data = at + MBAP_LENGTH + 1;
  const length = end - data;
  const isMatched = asked !== undefined;
  const request = asked ?? nobody;
  if (!isMatched) request.start(time, read16(buffer, at), buffer[at + 6] as number, code);
  if (code >= EXCEPTION_BIT) {
    const exception = length > 0 ? exceptionName(buffer[data] as number) : undefined;
    const matched = isMatched ? true : undefined;
    emitDetailed(emit, time, request, matched, undefined, undefined, undefined, exception);
    return length === 1 ? undefined : 'length';
  }
  const byteCount = length > 0 ? (buffer[data] as number) : 0;
  switch (code) {
    case 1:
    case 2: {
      if (length < 2 || length !== 1 + byteCount) break;
      const present = 8 * byteCount;
      const quantity = request.quantity ?? present;
      const count = Math.min(quantity, present);
      request.quantity = quantity;
      const values = bitValues(buffer, data + 1, count);
      const padding = present > count ? paddingText(buffer, data + 1, count, present) : undefined;
      emitDetailed(emit, time, request, isMatched, values, undefined, padding, undefined);
      return (quantity + 7) >> 3 === byteCount ? undefined : 'mismatch';
    }
    case 3:
    case 4: {
      if (length !== 1 + byteCount || byteCount % 2 !== 0) break;
      const count = byteCount >> 1;
      const quantity = request.quantity ?? count;
      request.quantity = quantity;
      const values = registerValues(buffer, data + 1, count);
      emitDetailed(emit, time, request, isMatched, values, undefined, undefined, undefined);
      return quantity === count ? undefined : 'mismatch';
    }
    case 5:
    case 6:
      if (length !== 4) break;
      return writtenOne(emit, request, isMatched, time, code, read16(buffer, data), read16(buffer, data + 2));
    case 8: {
      if (length < 2) break;
      const subfunction = diagnosticName(read16(buffer, data));
      const text = characters(buffer, data + 2, end);
      emitDetailed(emit, time, request, isMatched, undefined, subfunction, text, undefined);
      return isMatched && request.subfunction !== subfunction ? 'mismatch' : undefined;
    }
    case 15:
    case 16: {
      if (length !== 4) break;
      const address = read16(buffer, data);
      const quantity = read16(buffer, data + 2);
      const fits = !isMatched || (request.address === address && request.quantity === quantity);
      request.address ??= address;
      request.quantity ??= quantity;
      emitDetailed(emit, time, request, isMatched, undefined, undefined, undefined, undefined);
      return fits ? undefined : 'mismatch';
    }
    case 20:
      return readFiles(emit, request, isMatched, time, buffer, data, end);
    case 21:
      return wroteFiles(emit, request, isMatched, time, buffer, data, end);
    case 22: {
      if (length !== 6) break;
      request.link ??= links.nextLink();
      const fits = request.address === undefined || request.address === read16(buffer, data);
      request.address ??= read16(buffer, data);
      emitDetailed(emit, time, request, isMatched, undefined, undefined, undefined, undefined);
      emitMaskWrite(emit, time, request, false, buffer, data, request.link);
      return fits ? undefined : 'mismatch';
    }
    case 23: {
      if (length !== 1 + byteCount || byteCount % 2 !== 0) break;
      request.link ??= links.nextLink();
      const values = registerValues(buffer, data + 1, byteCount >> 1);
      emitDetailed(emit, time, request, isMatched, undefined, undefined, undefined, undefined);
      emitReadWrite(emit, time, request, false, request.link, undefined, undefined, undefined, undefined, values);
      return undefined;
    }
    case 24: {
      const count = length >= 4 ? read16(buffer, data + 2) : -1;
      if (length !== 4 + 2 * count || read16(buffer, data) !== 2 + 2 * count) break;
      request.quantity = count;
      const values = count > 0 ? registerValues(buffer, data + 4, count) : undefined;
      emitDetailed(emit, time, request, isMatched, values, undefined, undefined, undefined);
      return undefined;
    }
    case 43:
      return readMeiResponse(emit, request, isMatched, time, buffer, data, end, links);
    default:
      emitDetailed(emit, time, request, undefined, undefined, undefined, undefined, undefined);
      return undefined;
  }
  if (isMatched) request.emitUnanswered(emit, time);
  return 'length';
}

function writtenOne(
  emit: Emit,
  request: PendingRequest,
  isMatched: boolean,
  time: number,
  code: number,
  address: number,
  raw: number,
): Reason {
  const value = code === 5 && raw === 0xff00 ? 1 : raw;
  const fits = !isMatched || (request.address === address && request.values?.[0] === value);
  request.address ??= address;
  request.quantity ??= 1;
  emitDetailed(emit, time, request, isMatched, [value], undefined, undefined, undefined);
  return fits ? undefined : 'mismatch';
}

function readFiles(
  emit: Emit,
  request: PendingRequest,
  isMatched: boolean,
  time: number,
  buffer: Uint8Array,
  data: number,
  end: number,
): Reason {
  const parts = splitFileData(buffer, data, end);
  if (parts === undefined) {
    if (isMatched) request.emitUnanswered(emit, time);
    return 'length';
  }
  const text = parts
    .map((part) => `[file_len=${part.length + 1}, ref_type=${part.type}, record_data=${part.data}]`)
    .join(' | ');
  emitDetailed(emit, time, request, isMatched, undefined, undefined, text || undefined, undefined);
  const { files } = request;
  parts.forEach((part, i) => {
    const reference = files?.[i];
    emitFileRecord(emit, time, request, false, reference?.file, reference?.record, part.length >> 1, part.data);
  });
  if (files === undefined) return undefined;
  const fits = files.length === parts.length && files.every(({ length }, i) => 2 * length === parts[i]?.length);
  return fits ? undefined : 'mismatch';
}

function wroteFiles(
  emit: Emit,
  request: PendingRequest,
  isMatched: boolean,
  time: number,
  buffer: Uint8Array,
  data: number,
  end: number,
): Reason {
  const records = splitFileRecords(buffer, data, end);
  if (records === undefined) {
    if (isMatched) request.emitUnanswered(emit, time);
    return 'length';
  }
  const text = records
    .map(
      (part) =>
        `[ref_type=${part.type}, file_num=${part.file}, record_num=${part.record}, word_count=${part.length}, register_value=${part.data}]`,
    )
    .join(' | ');
  emitDetailed(emit, time, request, isMatched, undefined, undefined, text || undefined, undefined);
  for (const { file, record, length: count } of records)
    emitFileRecord(emit, time, request, false, file, record, count, undefined);
  return isMatched && request.quantity !== records.length ? 'mismatch' : undefined;
}

function readMeiResponse(
  emit: Emit,
  request: PendingRequest,
  isMatched: boolean,
  time: number,
  buffer: Uint8Array,
  data: number,
  end: number,
  links: Links,
): Reason {
  if (data >= end) {
    if (isMatched) request.emitUnanswered(emit, time);
    return 'length';
  }
  const mei = buffer[data] as number;
  const name = meiName(mei, 'unknown');
  const fits = request.mei === undefined || request.mei === name;
  request.mei = fits ? name : `${request.mei} and ${name}`;
  request.link ??= links.nextLink();
  emitDetailed(emit, time, request, isMatched, undefined, undefined, undefined, undefined);
  if (mei !== MEI_READ_DEVICE_IDENTIFICATION) return fits ? undefined : 'mismatch';
  if (end - data < 6) return 'length';
  let from = data + 6;
  for (let left = buffer[data + 5] as number; left > 0; left--) {
    const next = from + 2 + (from + 1 < end ? (buffer[from + 1] as number) : 0);
    if (from + 2 > end || next > end) return 'length';
    const object = buffer[from] as number;
    const value = characters(buffer, from + 2, next);
    emitIdentification(
      emit,
      time,
      request,
      false,
      request.link,
      buffer[data + 2] as number,
      buffer[data + 1] as number,
      object,
      identificationObjectName(object),
      value,
    );
    from = next;
  }
  return fits ? undefined : 'mismatch';
}
