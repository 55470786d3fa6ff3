/**
 * What the dissector says: the columns of ICSNPP's `cotp`, `s7comm`, `s7comm_read_szl`, `s7comm_upload_download` and `s7comm_plus` logs, and two
 * events of our own: the items that are read and written, and broken messages. The monitor adds the connection's columns.
 */
import type { ProtocolEvent } from '@penstock/core';

type Text = string | undefined;

interface DirectedEvent extends ProtocolEvent {
  readonly is_orig: boolean;
}

/** One transport protocol data unit. */
export interface CotpEvent extends DirectedEvent {
  readonly name: 'cotp';
  readonly pdu_code: string;
  readonly pdu_name: string;
}

/** One S7 message. Refusals without parameters (`ACK`) have no function; ICSNPP leaves them out. */
export interface S7commEvent extends DirectedEvent {
  readonly name: 's7comm';
  readonly rosctr_code: number;
  readonly rosctr_name: string;
  readonly pdu_reference: number;
  readonly function_code: Text;
  readonly function_name: Text;
  readonly subfunction_code: Text;
  readonly subfunction_name: Text;
  readonly error_class: Text;
  readonly error_code: Text;
}

export interface ReadSzlEvent extends DirectedEvent {
  readonly name: 's7comm_read_szl';
  readonly pdu_reference: number;
  readonly method: 'Request' | 'Response';
  readonly szl_id: string;
  readonly szl_id_name: string;
  readonly szl_index: string;
  readonly return_code: string;
  readonly return_code_name: string;
}

export interface UploadDownloadEvent extends DirectedEvent {
  readonly name: 's7comm_upload_download';
  readonly rosctr: string;
  readonly pdu_reference: number;
  readonly function_name: string;
  readonly function_status: Text;
  readonly session_id: number | undefined;
  readonly blocklength: number | undefined;
  readonly filename: Text;
  readonly block_type: Text;
  readonly block_number: Text;
  readonly destination_filesystem: Text;
}

export interface S7commPlusEvent extends DirectedEvent {
  readonly name: 's7comm_plus';
  readonly version: number;
  readonly opcode: string;
  readonly opcode_name: string;
  readonly function_code: Text;
  readonly function_name: Text;
}

/** Ours: one item of Read Variable or Write Variable, request and response joined. At most 64 items of a message are told. */
export interface S7ItemsEvent extends DirectedEvent {
  readonly name: 's7comm_items';
  readonly pdu_reference: number;
  readonly function_name: 'Read Variable' | 'Write Variable';
  /** Place in the message, from 0, and how many items that has. */
  readonly item: number;
  readonly items: number;
  /** Undefined for an address in another syntax than S7ANY. */
  readonly area: Text;
  readonly db: number | undefined;
  readonly address: Text;
  readonly type: Text;
  readonly quantity: number | undefined;
  /** The first 1024 elements, of what was read or is to be written. */
  readonly values: readonly number[] | undefined;
  readonly return_code: Text;
  readonly return_code_name: Text;
  /** Whether the response was seen. */
  readonly matched: boolean;
}

/** Ours: a block that was loaded or read to its end. `is_orig`: the client asked for it. */
export interface S7BlockEvent extends DirectedEvent {
  readonly name: 's7comm_block';
  readonly direction: 'upload' | 'download';
  readonly filename: string;
  readonly block_type: string;
  readonly block_number: number;
  /** Bytes, header and trailer included. */
  readonly length: number;
  /** SHA-256 of what lies between header and trailer, hexadecimal; undefined where the block is not whole. */
  readonly content_hash: Text;
}

/** Ours: a name that a controller gives itself in its status lists. */
export interface S7IdentityEvent extends DirectedEvent {
  readonly name: 's7comm_identity';
  /** `ProductCode`, `MajorMinorRevision`, `ModelName`, `StationName`, … */
  readonly object: string;
  readonly value: string;
}

/** Ours: bytes that break a layer. `truncated`: the stream ended or broke off within a packet. */
export interface S7ViolationEvent extends DirectedEvent {
  readonly name: 's7comm_violation';
  readonly layer: 'tpkt' | 'cotp' | 's7comm';
  readonly reason: 'header' | 'form' | 'length' | 'truncated';
}

export type AnyS7Event =
  | CotpEvent
  | S7commEvent
  | ReadSzlEvent
  | UploadDownloadEvent
  | S7commPlusEvent
  | S7ItemsEvent
  | S7BlockEvent
  | S7IdentityEvent
  | S7ViolationEvent;
