/** The events of a message, made in one place each so that all of a name have one shape, and the request that a response is joined with. */
import type { ProtocolEvent } from '@penstock/core';
import { read16 } from '../exchange/bytes.ts';
import { type FileReferenceSeen, hexByte } from './dissect-values.ts';
import type {
  DeviceIdentificationEvent,
  FileRecordEvent,
  MaskWriteEvent,
  ModbusDetailedEvent,
  ModbusViolationEvent,
  ReadWriteEvent,
  ViolationReason,
} from './events.ts';
import { conformityName, functionName } from './tables.ts';

export type Emit = (event: ProtocolEvent) => void;
/** What is wrong with a message; undefined: nothing. */
export type Reason = ViolationReason | undefined;

/** Gives ids that join the rows of a transaction; unique within the connection. */
export interface Links {
  nextLink(): string;
}

/** Functions whose requests and responses make one row; the others a row each (ICSNPP's `handled_modbus_funct_list`). */
const PAIRED = new Uint8Array(256);
for (const code of [1, 2, 3, 4, 5, 6, 8, 15, 16, 20, 21, 22, 23, 24, 43]) PAIRED[code] = 1;

/** A request that waits for its response. Objects are used again. */
export class PendingRequest {
  time = 0;
  tid = 0;
  unit = 0;
  code = 0;
  isPaired = false;
  address: number | undefined = undefined;
  quantity: number | undefined = undefined;
  values: number[] | undefined = undefined;
  link: string | undefined = undefined;
  subfunction: string | undefined = undefined;
  data: string | undefined = undefined;
  mei: string | undefined = undefined;
  files: readonly FileReferenceSeen[] | undefined = undefined;

  start(time: number, tid: number, unit: number, code: number): void {
    this.time = time;
    this.tid = tid;
    this.unit = unit;
    this.code = code;
    this.isPaired = PAIRED[code] === 1;
    this.address = undefined;
    this.quantity = undefined;
    this.values = undefined;
    this.link = undefined;
    this.subfunction = undefined;
    this.data = undefined;
    this.mei = undefined;
    this.files = undefined;
  }

  emitUnanswered(emit: Emit, time: number): void {
    emitDetailed(emit, time, this, false, undefined, undefined, undefined, undefined);
  }
}

export function emitViolation(
  emit: Emit,
  time: number,
  isOriginator: boolean,
  tid: number | undefined,
  unit: number | undefined,
  func: string | undefined,
  reason: ViolationReason,
): void {
  const event: ModbusViolationEvent = {
    name: 'modbus_violation',
    time,
    is_orig: isOriginator,
    tid,
    unit,
    func,
    reason,
  };
  emit(event);
}

export function emitDetailed(
  emit: Emit,
  time: number,
  request: PendingRequest,
  matched: boolean | undefined,
  responseValues: readonly number[] | undefined,
  responseSubfunction: string | undefined,
  responseData: string | undefined,
  exception: string | undefined,
): void {
  const event: ModbusDetailedEvent = {
    name: 'modbus_detailed',
    time,
    tid: request.tid,
    unit: request.unit,
    func: functionName(request.code),
    address: request.address,
    quantity: request.quantity,
    request_values: request.values,
    response_values: responseValues,
    modbus_detailed_link_id: request.link,
    matched,
    request_subfunction_code: request.subfunction,
    response_subfunction_code: responseSubfunction,
    request_data: request.data,
    response_data: responseData,
    exception_code: exception,
    mei_type: request.mei,
  };
  emit(event);
}

export function emitMaskWrite(
  emit: Emit,
  time: number,
  request: PendingRequest,
  isRequest: boolean,
  buffer: Uint8Array,
  data: number,
  link: string,
): void {
  const event: MaskWriteEvent = {
    name: 'modbus_mask_write_register',
    time,
    is_orig: isRequest,
    modbus_detailed_link_id: link,
    tid: request.tid,
    unit: request.unit,
    func: functionName(22),
    request_response: isRequest ? 'REQUEST' : 'RESPONSE',
    address: read16(buffer, data),
    and_mask: read16(buffer, data + 2),
    or_mask: read16(buffer, data + 4),
  };
  emit(event);
}

export function emitReadWrite(
  emit: Emit,
  time: number,
  request: PendingRequest,
  isRequest: boolean,
  link: string,
  writeAddress: number | undefined,
  written: readonly number[] | undefined,
  readAddress: number | undefined,
  readQuantity: number | undefined,
  read: readonly number[] | undefined,
): void {
  const event: ReadWriteEvent = {
    name: 'modbus_read_write_multiple_registers',
    time,
    is_orig: isRequest,
    modbus_detailed_link_id: link,
    tid: request.tid,
    unit: request.unit,
    func: functionName(23),
    request_response: isRequest ? 'REQUEST' : 'RESPONSE',
    write_start_address: writeAddress,
    write_registers: written,
    read_start_address: readAddress,
    read_quantity: readQuantity,
    read_registers: read,
  };
  emit(event);
}

export function emitIdentification(
  emit: Emit,
  time: number,
  request: PendingRequest,
  isRequest: boolean,
  link: string,
  conformity: number | undefined,
  access: number,
  object: number,
  objectName: string,
  value: string | undefined,
): void {
  const event: DeviceIdentificationEvent = {
    name: 'modbus_read_device_identification',
    time,
    is_orig: isRequest,
    modbus_detailed_link_id: link,
    tid: request.tid,
    unit: request.unit,
    func: functionName(43),
    request_response: isRequest ? 'REQUEST' : 'RESPONSE',
    mei_type: 'READ-DEVICE-IDENTIFICATION',
    conformity_level_code: conformity === undefined ? undefined : hexByte(conformity),
    conformity_level: conformity === undefined ? undefined : conformityName(conformity),
    device_id_code: access,
    object_id_code: hexByte(object),
    object_id: objectName,
    object_value: value,
  };
  emit(event);
}

export function emitFileRecord(
  emit: Emit,
  time: number,
  request: PendingRequest,
  isRequest: boolean,
  file: number | undefined,
  record: number | undefined,
  length: number,
  data: string | undefined,
): void {
  const event: FileRecordEvent = {
    name: 'modbus_file_record',
    time,
    is_orig: isRequest,
    tid: request.tid,
    unit: request.unit,
    func: functionName(request.code),
    request_response: isRequest ? 'REQUEST' : 'RESPONSE',
    file,
    record,
    length,
    data,
  };
  emit(event);
}
