/**
 * What the dissector says. `bacnet`, `bacnet_discovery`, `bacnet_property` and `bacnet_device_control` have the columns of ICSNPP's logs first, then
 * ours; `bacnet_write`, `bacnet_cov`, `bacnet_alarm`, `bacnet_link`, `bacnet_time` and `bacnet_violation` are ours. The monitor adds the connection's
 * columns, and from `is_orig` source and destination. Passwords are masked.
 */
import type { ProtocolEvent } from '@penstock/core';

type Text = string | undefined;
type Count = number | undefined;

interface Directed extends ProtocolEvent {
  readonly is_orig: boolean;
}

/** One message of the application layer, or of the network layer (`pdu_type` NPDU). A message in segments is one, when its last one came. */
export interface BacnetEvent extends Directed {
  readonly name: 'bacnet';
  readonly bvlc_function: string;
  readonly pdu_type: string;
  readonly pdu_service: Text;
  readonly invoke_id: Count;
  /** Error code, or why it was rejected or aborted. */
  readonly result_code: Text;
  readonly error_class: Text;
  /** Of the network layer: 0 normal, 1 urgent, 2 critical, 3 life safety. */
  readonly network_priority: number;
  /** Where the message came from and goes to beyond this network. */
  readonly source_network: Count;
  readonly destination_network: Count;
}

/** Who-Is, I-Am, Who-Has and I-Have. */
export interface DiscoveryEvent extends Directed {
  readonly name: 'bacnet_discovery';
  readonly pdu_service: string;
  readonly device_id_type: Text;
  readonly device_id_number: Count;
  readonly object_type: Text;
  readonly instance_number: Count;
  readonly vendor: Text;
  /** `All`, or `LOW-HIGH`. */
  readonly range: Text;
  readonly object_name: Text;
  readonly vendor_id: Count;
  readonly max_apdu: Count;
  readonly low: Count;
  readonly high: Count;
}

/** One property that was asked for, told or written; one row for each element of what was told. */
export interface PropertyEvent extends Directed {
  readonly name: 'bacnet_property';
  readonly invoke_id: Count;
  readonly pdu_service: string;
  readonly object_type: string;
  readonly instance_number: number;
  readonly property: string;
  readonly array_index: Count;
  readonly value: Text;
  /** Numbers, booleans as 0 and 1. */
  readonly number: number | undefined;
  readonly object_id: number;
  readonly property_id: number;
}

/** A write with its answer, one row for each property. */
export interface WriteEvent extends Directed {
  readonly name: 'bacnet_write';
  readonly invoke_id: number;
  readonly pdu_service: string;
  readonly object_type: string;
  readonly instance_number: number;
  readonly property: string;
  readonly array_index: Count;
  readonly value: Text;
  readonly number: number | undefined;
  /** Command priority, 1 (manual life safety) to 16. */
  readonly priority: Count;
  /** A command that is taken back. */
  readonly relinquish: boolean;
  /** `done`, what was wrong, or undefined where no answer was seen. */
  readonly result: Text;
  readonly object_id: number;
  readonly property_id: number;
}

/** ReinitializeDevice and DeviceCommunicationControl: a row for the request and one for its answer. */
export interface DeviceControlEvent extends Directed {
  readonly name: 'bacnet_device_control';
  readonly invoke_id: number;
  readonly pdu_service: string;
  /** Minutes. */
  readonly time_duration: Count;
  readonly device_state: Text;
  /** Masked. */
  readonly password: Text;
  readonly result: Text;
  readonly result_code: Text;
  /** What was asked for, on the answer too. */
  readonly requested: Text;
}

/** A subscription, its end, or a notification of a change. */
export interface CovEvent extends Directed {
  readonly name: 'bacnet_cov';
  readonly invoke_id: Count;
  readonly operation: 'subscribe' | 'cancel' | 'notification';
  readonly process_id: number;
  readonly confirmed: boolean | undefined;
  /** Seconds; what is left of them in a notification. */
  readonly lifetime: Count;
  readonly device: Count;
  readonly object_type: string;
  readonly instance_number: number;
  readonly value: Text;
  readonly number: number | undefined;
  readonly object_id: number;
}

/** An event notification, or an acknowledgement. */
export interface AlarmEvent extends Directed {
  readonly name: 'bacnet_alarm';
  readonly invoke_id: Count;
  readonly operation: 'notification' | 'acknowledge';
  readonly process_id: number;
  readonly device: Count;
  readonly object_type: string;
  readonly instance_number: number;
  readonly notification_class: Count;
  readonly priority: Count;
  readonly event_type: Text;
  readonly notify_type: Text;
  readonly from_state: Text;
  readonly to_state: string;
  readonly message: Text;
}

/** What the virtual link has of its own: tables for broadcasts, foreign devices, results. */
export interface LinkEvent extends Directed {
  readonly name: 'bacnet_link';
  readonly bvlc_function: string;
  readonly result: Text;
  /** Seconds of a registration. */
  readonly ttl: Count;
  /** Entries of a table. */
  readonly entries: Count;
  readonly addresses: readonly string[] | undefined;
}

/** A clock that is set. */
export interface TimeEvent extends Directed {
  readonly name: 'bacnet_time';
  readonly pdu_service: string;
  /** Seconds since 1970. */
  readonly written: number;
  /** Of the packet's own time, seconds. */
  readonly offset: number;
}

export interface ViolationEvent extends Directed {
  readonly name: 'bacnet_violation';
  readonly layer: string;
  readonly reason: string;
}
