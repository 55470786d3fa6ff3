/**
 * What a passive dissector makes of packets, and how the monitor asks for it. Dissectors live beside their codec in
 * `protocols/`, know nothing of rules or assets, and never throw on any input.
 */

/** A value of an event's field, as Zeek's logs have them; undefined is Zeek's `-`. */
export type FieldValue = string | number | boolean | readonly number[] | readonly string[] | undefined;

/**
 * One decoded protocol transaction. `name` is the Zeek or ICSNPP log it belongs to (`modbus_detailed`); the other keys are that
 * log's columns. Events of one name always have the same keys in the same order. The connection's columns (uid, id.orig_h, …) are the
 * monitor's to add.
 */
export interface ProtocolEvent {
  readonly name: string;
  /** Microseconds since 1970 of the packet that completed it. */
  readonly time: number;
}

/** Reads one connection (or one UDP conversation). `fromOriginator` tells the direction. Bytes are valid only during the call. */
export interface Dissector {
  data(fromOriginator: boolean, time: number, buffer: Uint8Array, start: number, end: number): void;
  /** `missing` bytes of this direction will never come; carry on at the next recognisable message. */
  gap(fromOriginator: boolean, time: number, missing: number): void;
  /** The connection ended or was given up; requests without response become events now. */
  end(time: number): void;
  /** Bytes that no message could be made of, and messages that broke the protocol. */
  readonly unparsedBytes: number;
  readonly violations: number;
}

export interface DissectorFactory {
  readonly protocol: string;
  readonly transport: 'tcp' | 'udp';
  /** Ports that the protocol usually has; content decides, ports break ties. */
  readonly ports: readonly number[];
  /** How surely these first bytes of a direction are this protocol: 0 no, 1 beyond doubt; undefined: too few bytes to tell. */
  probe(buffer: Uint8Array, start: number, end: number, fromOriginator: boolean): number | undefined;
  create(emit: (event: ProtocolEvent) => void): Dissector;
}
