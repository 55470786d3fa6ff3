/**
 * What the passive view of MQTT tells. `mqtt_connect`, `mqtt_publish` and `mqtt_subscribe` have the columns of Zeek's logs of these
 * names, and some of ours behind them; what Sparkplug says in their payloads has events of its own.
 */
import type { ProtocolEvent } from '@penstock/core';
import type { ContentKind } from './content.ts';
import type { FaultReason } from './messages.ts';

type Text = string | undefined;

/** CONNECT with its CONNACK. */
export interface ConnectEvent extends ProtocolEvent {
  readonly name: 'mqtt_connect';
  readonly proto_name: string;
  /** `3.1`, `3.1.1`, `5.0`. */
  readonly proto_version: string;
  /** The one that the broker assigned, where the client had none. */
  readonly client_id: string;
  /** The code of CONNACK in words; undefined where none was seen. */
  readonly connect_status: Text;
  readonly will_topic: Text;
  readonly will_payload: Text;
  readonly username: Text;
  /** Masked. */
  readonly password: Text;
  readonly clean_start: boolean;
  /** Seconds. */
  readonly keep_alive: number;
  readonly session_present: boolean | undefined;
  readonly accepted: boolean | undefined;
}

export interface PublishEvent extends ProtocolEvent {
  readonly name: 'mqtt_publish';
  readonly from_client: boolean;
  readonly retain: boolean;
  /** `at most once`, `at least once`, `exactly once`. */
  readonly qos: string;
  /** `ok`, or `incomplete_qos` where an acknowledgement was not seen. */
  readonly status: string;
  readonly topic: string;
  /** The first bytes, one character each. */
  readonly payload: string;
  readonly payload_len: number;
  /** What the payload looks like. */
  readonly content: ContentKind;
  /** SHA-256 of what looks like firmware or a file and was seen whole. */
  readonly content_hash: Text;
  /** The code of the acknowledgement, where it was a refusal. */
  readonly refused: Text;
}

export interface SubscribeEvent extends ProtocolEvent {
  readonly name: 'mqtt_subscribe';
  readonly action: 'MQTT::SUBSCRIBE' | 'MQTT::UNSUBSCRIBE';
  readonly topics: readonly string[];
  readonly qos_levels: readonly number[] | undefined;
  /** Of the first topic, as Zeek has it; 128 and more is a refusal. */
  readonly granted_qos_level: number | undefined;
  readonly ack: boolean;
  /** A filter with a wildcard in its first two levels. */
  readonly wide: boolean;
  readonly refused: boolean;
}

/** Ours: one side says goodbye, or why it does not go on. */
export interface DisconnectEvent extends ProtocolEvent {
  readonly name: 'mqtt_disconnect';
  readonly from_client: boolean;
  readonly reason_code: number;
  readonly reason: string;
}

/** Ours: a packet that breaks the standard, or that nobody may say now. `truncated`: the stream broke off within one. */
export interface MqttViolationEvent extends ProtocolEvent {
  readonly name: 'mqtt_violation';
  readonly is_orig: boolean;
  readonly packet: Text;
  readonly reason: FaultReason | 'order' | 'direction' | 'receive-maximum';
}

/** Ours: one Sparkplug B message. */
export interface SparkplugMessageEvent extends ProtocolEvent {
  readonly name: 'sparkplug_message';
  readonly from_client: boolean;
  readonly group: string;
  readonly message_type: string;
  readonly edge_node: string;
  readonly device: Text;
  readonly seq: number | undefined;
  readonly bd_seq: number | undefined;
  /** Metrics in it. */
  readonly metrics: number;
  /** `sequence`: one before it was missed. `unborn`: no birth was seen. `stale`: a death of an older connection. `payload`: no payload. */
  readonly problem: Text;
}

/** Ours: one metric of a Sparkplug B message, by its name where a birth told it. */
export interface SparkplugMetricEvent extends ProtocolEvent {
  readonly name: 'sparkplug_metric';
  readonly from_client: boolean;
  readonly group: string;
  readonly message_type: string;
  readonly edge_node: string;
  readonly device: Text;
  readonly metric: Text;
  readonly alias: number | undefined;
  readonly datatype: Text;
  /** As a number, booleans 0 and 1. */
  readonly value: number | undefined;
  /** What is no number. */
  readonly text: Text;
  readonly is_null: boolean;
}

/** Ours: a host application says whether it is there. */
export interface SparkplugStateEvent extends ProtocolEvent {
  readonly name: 'sparkplug_state';
  readonly from_client: boolean;
  readonly host: string;
  readonly online: boolean;
}
