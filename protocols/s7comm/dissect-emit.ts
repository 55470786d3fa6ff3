/** Events of whole S7 messages. */
import { blockFileName } from './codec.ts';
import type { AnyS7Event } from './events.ts';
import { addressText, areaName, itemValues } from './items.ts';
import type { BlockFile, ItemAddress, ItemData, S7Message, UserdataMessage } from './messages.ts';
import {
  BLOCK_TYPES,
  DOWNLOAD_BLOCK,
  DOWNLOAD_ENDED,
  END_UPLOAD,
  ERROR_CLASSES,
  FILESYSTEMS,
  FUNCTIONS,
  PI_SERVICES,
  REQUEST_DOWNLOAD,
  RETURN_CODES,
  ROSCTR,
  START_UPLOAD,
  SZL_NAMES,
  TRANSPORT_SIZES,
  UPLOAD,
  USERDATA_GROUPS,
  USERDATA_SUBFUNCTIONS,
} from './tables.ts';

export type Emit = (event: AnyS7Event) => void;

/** Items of one message, and elements of one item, that are told. */
const MAX_ITEMS = 64;
const MAX_VALUES = 1024;

export const hex = (value: number, digits = 2): string => `0x${value.toString(16).padStart(digits, '0')}`;

/** The peer counts in its own byte order, mostly the lower byte first; ICSNPP tells it so. */
const reference = (value: number): number => ((value & 0xff) << 8) | (value >> 8);

/** The row of `s7comm`. `code`: the function's; undefined where the message has no parameters. */
export function emitHeader(
  emit: Emit,
  time: number,
  isOrig: boolean,
  message: S7Message,
  code: number | undefined,
): void {
  if (message.rosctr === 'userdata') {
    emitUserdataHeader(emit, time, isOrig, message);
    return;
  }
  const rosctr = message.rosctr === 'job' ? 1 : message.rosctr === 'ack' ? 2 : 3;
  const service =
    message.rosctr === 'job' && message.body.function === 'plc-control' ? message.body.service : undefined;
  const error = message.rosctr === 'job' ? undefined : message.error;
  emit({
    name: 's7comm',
    time,
    is_orig: isOrig,
    rosctr_code: rosctr,
    rosctr_name: ROSCTR[rosctr] as string,
    pdu_reference: reference(message.reference),
    function_code: code === undefined ? undefined : hex(code),
    function_name: code === undefined ? undefined : (FUNCTIONS[code] ?? 'unknown'),
    subfunction_code: service,
    subfunction_name: service === undefined ? undefined : (PI_SERVICES[service] ?? 'unknown'),
    error_class:
      error === undefined ? undefined : (ERROR_CLASSES[error >> 8] ?? `Unknown error class-${hex(error >> 8)}`),
    error_code: error === undefined ? undefined : hex(error & 0xff),
  });
}

function emitUserdataHeader(emit: Emit, time: number, isOrig: boolean, message: UserdataMessage): void {
  const { kind, group, subfunction, unit } = message;
  const error = kind === 'response' ? unit?.error : undefined;
  const kindCode = kind === 'request' ? 4 : kind === 'response' ? 8 : 0;
  const kindName = kind === 'request' ? 'Request' : kind === 'response' ? 'Response' : 'Push';
  emit({
    name: 's7comm',
    time,
    is_orig: isOrig,
    rosctr_code: 7,
    rosctr_name: 'User-Data',
    pdu_reference: reference(message.reference),
    function_code: hex((kindCode << 4) | group),
    function_name: `${kindName}: ${USERDATA_GROUPS[group] ?? 'unknown'}`,
    subfunction_code: hex(subfunction),
    subfunction_name: USERDATA_SUBFUNCTIONS[group]?.[subfunction] ?? 'unknown',
    error_class: error === undefined ? undefined : error === 0 ? 'No error' : 'Parameter Error',
    error_code: error === undefined ? undefined : hex(error, error === 0 ? 2 : 4),
  });
}

/** The row of `s7comm_read_szl`, for a request or the first part of a response. */
export function emitSzl(emit: Emit, time: number, isOrig: boolean, message: UserdataMessage): void {
  const { group, subfunction, kind, data, unit } = message;
  if (group !== 4 || subfunction !== 1 || data === undefined || data.bytes.length < 4) return;
  // Later parts have no identification of their own.
  if (unit !== undefined && unit.reference !== 0 && !unit.more) return;
  const { bytes } = data;
  const id = ((bytes[0] as number) << 8) | (bytes[1] as number);
  emit({
    name: 's7comm_read_szl',
    time,
    is_orig: isOrig,
    pdu_reference: reference(message.reference),
    method: kind === 'request' ? 'Request' : 'Response',
    szl_id: hex(id, 4),
    szl_id_name: SZL_NAMES[id & 0xff] ?? 'Unknown',
    szl_index: hex(((bytes[2] as number) << 8) | (bytes[3] as number), 4),
    return_code: hex(data.code),
    return_code_name: RETURN_CODES[data.code] ?? 'Unknown',
  });
}

const TRANSFERS = new Set([REQUEST_DOWNLOAD, DOWNLOAD_BLOCK, DOWNLOAD_ENDED, START_UPLOAD, UPLOAD, END_UPLOAD]);

/** The row of `s7comm_upload_download`. `status` is the byte behind the function, where there is one. */
export function emitTransfer(
  emit: Emit,
  time: number,
  isOrig: boolean,
  message: Extract<S7Message, { rosctr: 'job' | 'ack-data' }>,
  code: number | undefined,
  status: number | undefined,
): void {
  if (code === undefined || !TRANSFERS.has(code)) return;
  const isJob = message.rosctr === 'job';
  const body = message.body as { file?: BlockFile; session?: number; length?: number; loadLength?: number } & {
    data?: Uint8Array;
  };
  const { file } = body;
  emit({
    name: 's7comm_upload_download',
    time,
    is_orig: isOrig,
    rosctr: isJob ? 'Job-Request' : 'ACK-Data',
    pdu_reference: reference(message.reference),
    function_name: FUNCTIONS[code] as string,
    function_status: status === undefined ? undefined : hex(status),
    session_id: body.session ?? (isJob ? 0 : undefined),
    blocklength: isJob ? body.loadLength : (body.length ?? body.data?.length),
    filename: file && blockFileName(file),
    block_type: file && (BLOCK_TYPES[file.type] ?? 'Unknown'),
    block_number: file && String(file.number).padStart(5, '0'),
    destination_filesystem: file && (FILESYSTEMS[file.filesystem] ?? 'Unknown'),
  });
}

/** A read or write that waits for its response. */
export interface PendingItems {
  readonly reference: number;
  readonly isWrite: boolean;
  readonly items: readonly ItemAddress[];
  readonly data: readonly ItemData[];
}

/** One row of `s7comm_items` for each item. `codes` and `data` are undefined when no response was seen, empty when it refused all. */
export function emitItems(
  emit: Emit,
  time: number,
  isOrig: boolean,
  pending: PendingItems,
  codes: readonly number[] | undefined,
  data: readonly ItemData[],
): void {
  const items = pending.items.length;
  for (let i = 0; i < items && i < MAX_ITEMS; i++) {
    const item = pending.items[i] as ItemAddress;
    const any = item.syntax === 'any' ? item : undefined;
    const content = data[i];
    const code = codes?.[i];
    emit({
      name: 's7comm_items',
      time,
      is_orig: isOrig,
      pdu_reference: reference(pending.reference),
      function_name: pending.isWrite ? 'Write Variable' : 'Read Variable',
      item: i,
      items,
      area: any && areaName(any.area),
      db: any?.db,
      address: any && addressText(any),
      type: any && (TRANSPORT_SIZES[any.transportSize]?.name ?? hex(any.transportSize)),
      quantity: any?.count,
      values:
        any && content && content.bytes.length > 0
          ? itemValues(any.transportSize, content.bytes, MAX_VALUES)
          : undefined,
      return_code: code === undefined ? undefined : hex(code),
      return_code_name: code === undefined ? undefined : (RETURN_CODES[code] ?? 'Unknown'),
      matched: codes !== undefined,
    });
  }
}
