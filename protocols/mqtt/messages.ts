/** MQTT control packets as objects. Texts are UTF-8 on the wire; codes are reason codes of 5.0, or return codes before it. */
import type { PacketName, PROPERTIES, Qos, Version } from './tables.ts';

type Row = (typeof PROPERTIES)[number];
interface ValueOf {
  byte: number;
  two: number;
  four: number;
  variable: number;
  text: string;
  binary: Uint8Array;
  pair: readonly [string, string];
}

/** Properties of a packet of version 5, by their names in `PROPERTIES`. */
export type Properties = {
  readonly [R in Row as R['name']]?:
    | (R extends { many: true } ? readonly ValueOf[R['type']][] : ValueOf[R['type']])
    | undefined;
};

export interface Will {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties?: Properties | undefined;
}

export interface Connect {
  readonly type: 'connect';
  /** `MQTT`, or `MQIsdp` of version 3.1. */
  readonly protocolName: string;
  /** As it stands there; a version that there is not is kept. */
  readonly version: number;
  /** `Clean Session` before version 5. */
  readonly cleanStart: boolean;
  /** Seconds; 0 for none. */
  readonly keepAlive: number;
  readonly clientId: string;
  readonly will?: Will | undefined;
  readonly username?: string | undefined;
  readonly password?: Uint8Array | undefined;
  readonly properties?: Properties | undefined;
}

export interface Connack {
  readonly type: 'connack';
  readonly sessionPresent: boolean;
  readonly code: number;
  readonly properties?: Properties | undefined;
}

export interface Publish {
  readonly type: 'publish';
  /** Empty where an alias stands for it. */
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 with QoS 0. */
  readonly id: number;
  readonly properties?: Properties | undefined;
}

export interface Ack {
  readonly type: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp';
  readonly id: number;
  readonly code: number;
  readonly properties?: Properties | undefined;
}

export interface Filter {
  readonly filter: string;
  readonly qos: Qos;
  /** Of version 5: own messages do not come back, `retain` is passed on as published, when retained messages are sent. */
  readonly noLocal?: boolean;
  readonly retainAsPublished?: boolean;
  readonly retainHandling?: 0 | 1 | 2;
}

export interface Subscribe {
  readonly type: 'subscribe';
  readonly id: number;
  readonly filters: readonly Filter[];
  readonly properties?: Properties | undefined;
}

export interface Unsubscribe {
  readonly type: 'unsubscribe';
  readonly id: number;
  readonly filters: readonly string[];
  readonly properties?: Properties | undefined;
}

export interface Suback {
  readonly type: 'suback' | 'unsuback';
  readonly id: number;
  /** One for each filter; none in UNSUBACK before version 5. */
  readonly codes: readonly number[];
  readonly properties?: Properties | undefined;
}

export interface Ping {
  readonly type: 'pingreq' | 'pingresp';
}

export interface Disconnect {
  readonly type: 'disconnect' | 'auth';
  readonly code: number;
  readonly properties?: Properties | undefined;
}

export type Packet = Connect | Connack | Publish | Ack | Subscribe | Unsubscribe | Suback | Ping | Disconnect;

/** What breaks the standard in a packet: the reason code that answers it, and a word for logs. */
export interface Fault {
  readonly code: number;
  readonly reason: FaultReason;
}

export type FaultReason =
  | 'flags'
  | 'length'
  | 'truncated'
  | 'text'
  | 'property'
  | 'property-place'
  | 'property-twice'
  | 'topic'
  | 'filter'
  | 'packet-id'
  | 'qos'
  | 'options'
  | 'empty'
  | 'code'
  | 'protocol-name'
  | 'version'
  | 'trailing'
  | 'type'
  | 'size';

/**
 * What came of reading a packet. Without `packet` its form is broken; with both it can be read, and breaks a rule all the same
 * (a wildcard in a topic name, a property where it does not belong).
 */
export interface Decoded {
  readonly packet?: Packet | undefined;
  readonly fault?: Fault | undefined;
}

export type { PacketName, Qos, Version };
