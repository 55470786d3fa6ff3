/**
 * What the dissector says. `dnp3`, `dnp3_objects` and `dnp3_control` have the columns of Zeek's and ICSNPP's logs first; then ours: link
 * addresses, sequences, indices, values, flags, times. `dnp3_file`, `dnp3_attribute`, `dnp3_time`, `dnp3_link` and `dnp3_violation` are
 * ours. The monitor adds the connection's columns, and from `is_orig` source and destination. Times in lists are seconds since 1970.
 */
import type { ProtocolEvent } from '@penstock/core';

type Text = string | undefined;
type Count = number | undefined;

/**
 * A request with the answer to it, one row for each fragment of the answer (`fc_request` with the first one); a request without one; an
 * answer whose request nobody saw; an unsolicited response. A confirmation is a row of its own.
 */
export interface Dnp3Event extends ProtocolEvent {
  readonly name: 'dnp3';
  readonly fc_request: Text;
  readonly fc_reply: Text;
  readonly iin: Count;
  readonly iin_flags: readonly string[] | undefined;
  /** Whether the master is who began the connection; an outstation may, too. */
  readonly master_is_orig: boolean;
  /** Link addresses. */
  readonly master: number;
  readonly outstation: number;
  /** Of the application: that of the request, or of an answer without one. */
  readonly sequence: number;
  /** An unsolicited response, or the confirmation of one. */
  readonly unsolicited: boolean;
  /** Of an answer in several fragments, from 0. */
  readonly fragment: Count;
  /** The answer asks to be confirmed. */
  readonly confirm: boolean | undefined;
  /** Object headers of the request and of the answer. */
  readonly request_objects: Count;
  readonly reply_objects: Count;
  /** Seconds between request and answer. */
  readonly delay: number | undefined;
}

interface StationEvent extends ProtocolEvent {
  readonly is_orig: boolean;
  readonly function_code: string;
}

interface LinkColumns {
  readonly link_source: number;
  readonly link_destination: number;
  readonly sequence: number;
}

/** One object header of a fragment. */
export interface ObjectsEvent extends StationEvent, LinkColumns {
  readonly name: 'dnp3_objects';
  readonly object_type: string;
  /** Objects that the header speaks of; undefined where it asks for all. */
  readonly object_count: Count;
  /** The lowest and highest index. */
  readonly range_low: Count;
  readonly range_high: Count;
  readonly group: number;
  readonly variation: number;
  readonly qualifier: number;
  /** Where indices do not just go up from `range_low`. */
  readonly indices: readonly number[] | undefined;
  /** Of points and times; bits and double bits as numbers. */
  readonly values: readonly number[] | undefined;
  readonly flags: readonly number[] | undefined;
  /** Of events; relative ones made absolute where the fragment says to what. */
  readonly times: readonly number[] | undefined;
  /** Of octet strings. */
  readonly texts: readonly string[] | undefined;
}

/** One control block: a relay output, a pattern, or (not in ICSNPP) an analog output with its `value`. */
export interface ControlEvent extends StationEvent, LinkColumns {
  readonly name: 'dnp3_control';
  readonly block_type: string;
  readonly index_number: number;
  readonly trip_control_code: Text;
  readonly operation_type: Text;
  readonly clear_bit: boolean | undefined;
  readonly execute_count: Count;
  readonly on_time: Count;
  readonly off_time: Count;
  /** Of answers. */
  readonly status_code: Text;
  readonly value: number | undefined;
  /** Of OPERATE: whether the request before it selected the very same. */
  readonly selected: boolean | undefined;
}

/** One file control object. */
export interface FileEvent extends StationEvent, LinkColumns {
  readonly name: 'dnp3_file';
  readonly object_type: string;
  /** As the object says, or as was said when the handle was given out. */
  readonly file_name: Text;
  readonly handle: Count;
  readonly size: Count;
  readonly mode: Text;
  readonly block: Count;
  readonly last_block: boolean | undefined;
  /** Octets of the file in this object. */
  readonly octets: Count;
  readonly status: Text;
  readonly request_id: Count;
  readonly user: Text;
}

/** One device attribute (g0) that is told or set. */
export interface AttributeEvent extends StationEvent, LinkColumns {
  readonly name: 'dnp3_attribute';
  readonly attribute_set: number;
  readonly variation: number;
  readonly attribute: string;
  readonly data_type: string;
  readonly value: string;
}

/** A master sets a clock, or a time for a freeze. */
export interface TimeEvent extends StationEvent, LinkColumns {
  readonly name: 'dnp3_time';
  readonly object_type: string;
  /** Microseconds since 1970. */
  readonly written: number;
  /** Seconds by which that is ahead of the packet (for g50v3: of the request to record the time). */
  readonly offset: number;
  readonly interval: number | undefined;
}

/** A link frame that is no unconfirmed user data. */
export interface LinkEvent extends ProtocolEvent {
  readonly name: 'dnp3_link';
  readonly is_orig: boolean;
  readonly link_source: number;
  readonly link_destination: number;
  readonly link_function: string;
  readonly from_master: boolean;
  readonly fcb: boolean | undefined;
  readonly fcv: boolean | undefined;
  readonly dfc: boolean | undefined;
}

/** Something that the protocol does not allow. */
export interface ViolationEvent extends ProtocolEvent {
  readonly name: 'dnp3_violation';
  readonly is_orig: boolean;
  readonly layer: 'link' | 'transport' | 'application';
  /** `truncated` where octets are missing that the sensor may have lost. */
  readonly reason: string;
  readonly link_source: Count;
  readonly link_destination: Count;
  readonly function_code: Text;
  readonly group: Count;
  readonly variation: Count;
}

export type AnyDnp3Event =
  | Dnp3Event
  | ObjectsEvent
  | ControlEvent
  | FileEvent
  | AttributeEvent
  | TimeEvent
  | LinkEvent
  | ViolationEvent;
