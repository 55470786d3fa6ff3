/**
 * What somebody who sits at a device can make it send. Normal operation and attacks use the same footholds, so that nothing on
 * the wire tells them apart. A foothold reaches registered devices only; it has no parameter for an address.
 */
import type { Instant } from '@penstock/core';

/** Who made a frame, for the truth journal only. Nothing of it is ever on the wire. */
export interface Cause {
  /** `scenario:lye-setpoint`, `operation:shift-change`, `operator`, `gate:office`, … */
  readonly actor: string;
  readonly step: string;
}

/** The outcome of one request: response bytes, or why there is none. */
export type Reply =
  | { readonly outcome: 'answered'; readonly pdu: Uint8Array }
  | { readonly outcome: 'refused' | 'timeout' | 'closed' };

/** A Modbus session from a foothold to one device: raw protocol data units, so that a verb may send what no client would. */
export interface ModbusSession {
  request(unit: number, pdu: Uint8Array, cause: Cause, done: (reply: Reply, now: Instant) => void): void;
  /** Ends the session if it was opened for this purpose; a standing one stays. */
  release(): void;
}

export interface Foothold {
  /** Id of the device that the actor sits at. */
  readonly device: string;
  /** The device's standing session with `target` (a device id) where it has one, or a new connection from its own address. */
  modbus(target: string): ModbusSession;
}
