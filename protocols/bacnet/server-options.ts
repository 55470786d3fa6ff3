/** What a BACnet server is told of its device. */
import type { DeviceIdentity, Duration, Instant, PointAccess, WriteOutcome, Writer } from '@penstock/core';
import type { LinkOptions } from './link.ts';
import type { NotificationClassSpec } from './notification-class.ts';
import type { PointObjectSpec } from './point-object.ts';
import type { TrendLogSpec } from './trend-log.ts';

export interface ServerClock {
  /** Microseconds since 1970, local time. */
  now(): number;
  set(micros: number, writer: Writer): WriteOutcome;
}

export interface ServerOptions {
  readonly instance: number;
  readonly name: string;
  readonly identity: DeviceIdentity;
  /** As ASHRAE gave it out. */
  readonly vendor: number;
  readonly location?: string | undefined;
  readonly serialNumber?: string | undefined;
  readonly points: readonly PointObjectSpec[];
  readonly access: PointAccess;
  readonly classes?: readonly NotificationClassSpec[] | undefined;
  /** Trend logs, and which point (by its place in `points`) each is of. */
  readonly trends?: readonly (TrendLogSpec & { readonly of: number })[] | undefined;
  readonly clock: ServerClock;
  readonly link: LinkOptions;
  /** Octets of an APDU that it takes and sends; 1476 when left out. */
  readonly maxApdu?: number | undefined;
  /** Whether answers may go in segments; they may when left out. */
  readonly segmentation?: boolean | undefined;
  /** Of ReinitializeDevice and DeviceCommunicationControl; without one everybody may. */
  readonly password?: string | undefined;
  /** How often changes and alarms are looked for. */
  readonly scanEvery?: Duration | undefined;
  /** Where other devices are that notifications name by instance. */
  readonly devices?: ReadonlyMap<number, { readonly address: number; readonly port: number }> | undefined;
  /** Whether a station may change anything; everybody when left out. */
  readonly mayWrite?: ((address: number) => boolean) | undefined;
  /** The device goes away and comes back. False: it does not. Left out: it cannot. */
  readonly restart?: ((kind: 'cold' | 'warm', writer: Writer, now: Instant) => boolean) | undefined;
  /** Hears of passwords that were wrong, and of what was switched off. */
  readonly notice?:
    | ((what: 'password-failure' | 'communication-disabled' | 'refused', writer: Writer) => void)
    | undefined;
  /** Which address in words. */
  readonly addressText: (address: number) => string;
}

export interface ServerCounters {
  requests: number;
  errors: number;
  rejects: number;
  aborts: number;
  notifications: number;
  /** What reached it while its communication was switched off. */
  unheard: number;
}
