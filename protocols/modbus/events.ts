/**
 * What the dissector says: the columns of Zeek's `modbus` log and of ICSNPP's four detailed logs, and two of our own for what those leave
 * out (contents of file records, broken messages). The monitor adds the connection's columns (uid, addresses, ports).
 */
import type { ProtocolEvent } from '@penstock/core';

type Direction = 'REQUEST' | 'RESPONSE';
type Numbers = readonly number[] | undefined;
type Text = string | undefined;

/** Zeek's `modbus`: one message. */
export interface ModbusEvent extends ProtocolEvent {
  readonly name: 'modbus';
  readonly tid: number;
  readonly unit: number;
  readonly func: string;
  readonly pdu_type: 'REQ' | 'RESP';
  readonly exception: Text;
}

/**
 * ICSNPP's `modbus_detailed`: a request with its response, or one that stayed alone (`matched` false). Functions that ICSNPP does not pair
 * (7, 11, 12, 17, unknown ones) and exceptions without request have `matched` undefined, as there. Addresses count from 0.
 */
export interface ModbusDetailedEvent extends ProtocolEvent {
  readonly name: 'modbus_detailed';
  readonly tid: number;
  readonly unit: number;
  readonly func: string;
  readonly address: number | undefined;
  readonly quantity: number | undefined;
  readonly request_values: Numbers;
  readonly response_values: Numbers;
  /** Joins the rows of one transaction over the logs of one connection. */
  readonly modbus_detailed_link_id: Text;
  readonly matched: boolean | undefined;
  readonly request_subfunction_code: Text;
  readonly response_subfunction_code: Text;
  /** Bytes as characters 0 to 255. */
  readonly request_data: Text;
  readonly response_data: Text;
  readonly exception_code: Text;
  readonly mei_type: Text;
}

interface DirectedEvent extends ProtocolEvent {
  readonly is_orig: boolean;
  readonly modbus_detailed_link_id: string;
  readonly tid: number;
  readonly unit: number;
  readonly func: string;
  readonly request_response: Direction;
}

/** ICSNPP's `modbus_mask_write_register` (FC 22). */
export interface MaskWriteEvent extends DirectedEvent {
  readonly name: 'modbus_mask_write_register';
  readonly address: number;
  readonly and_mask: number;
  readonly or_mask: number;
}

/** ICSNPP's `modbus_read_write_multiple_registers` (FC 23). */
export interface ReadWriteEvent extends DirectedEvent {
  readonly name: 'modbus_read_write_multiple_registers';
  readonly write_start_address: number | undefined;
  readonly write_registers: Numbers;
  readonly read_start_address: number | undefined;
  readonly read_quantity: number | undefined;
  readonly read_registers: Numbers;
}

/** ICSNPP's `modbus_read_device_identification` (FC 43/14): the request, or one object of a response. */
export interface DeviceIdentificationEvent extends DirectedEvent {
  readonly name: 'modbus_read_device_identification';
  readonly mei_type: 'READ-DEVICE-IDENTIFICATION';
  readonly conformity_level_code: Text;
  readonly conformity_level: Text;
  readonly device_id_code: number;
  readonly object_id_code: string;
  readonly object_id: string;
  readonly object_value: Text;
}

/** Ours: one file record of FC 20 or 21. A response to a read carries data, and so does a request to write. */
export interface FileRecordEvent extends ProtocolEvent {
  readonly name: 'modbus_file_record';
  readonly is_orig: boolean;
  readonly tid: number;
  readonly unit: number;
  readonly func: string;
  readonly request_response: Direction;
  /** Undefined in a response whose request was not seen. */
  readonly file: number | undefined;
  readonly record: number | undefined;
  /** Records of 16 bits. */
  readonly length: number;
  /** Bytes as characters 0 to 255. */
  readonly data: Text;
}

/**
 * Why a message breaks the protocol. `header`: no MBAP header where one should be; `protocol`: protocol id not 0; `length`: the PDU does not
 * have the length that its function demands; `quantity`: outside the function's bounds; `value`: a forbidden value; `function`: the
 * response is to another function than the request; `mismatch`: the response does not fit its request otherwise; `truncated`: the
 * stream ended or broke off within the message.
 */
export type ViolationReason =
  | 'header'
  | 'protocol'
  | 'length'
  | 'quantity'
  | 'value'
  | 'function'
  | 'mismatch'
  | 'truncated';

/** Ours: a message that breaks the protocol. `tid`, `unit` and `func` where there is a header to take them from. */
export interface ModbusViolationEvent extends ProtocolEvent {
  readonly name: 'modbus_violation';
  readonly is_orig: boolean;
  readonly tid: number | undefined;
  readonly unit: number | undefined;
  readonly func: Text;
  readonly reason: ViolationReason;
}

export type AnyModbusEvent =
  | ModbusEvent
  | ModbusDetailedEvent
  | MaskWriteEvent
  | ReadWriteEvent
  | DeviceIdentificationEvent
  | FileRecordEvent
  | ModbusViolationEvent;
