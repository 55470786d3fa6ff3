/** How a kind of system's network stack shows itself: what passive fingerprints look at. */
import { type Duration, milliseconds } from '@penstock/core';

export interface StackProfile {
  readonly timeToLive: number;
  readonly maximumSegmentSize: number;
  /** Receive window in bytes; a multiple of 2^windowScale, at most 65,535 where there is no scale. */
  readonly window: number;
  /** Shift count offered in a SYN; undefined: the option is not sent. */
  readonly windowScale: number | undefined;
  /** How long an acknowledgement waits for data to go along with; every second segment is acknowledged at once. */
  readonly delayedAck: Duration;
}

/** Servers, gateways, firewalls. */
export const LINUX: StackProfile = {
  timeToLive: 64,
  maximumSegmentSize: 1460,
  window: 64_256,
  windowScale: 7,
  delayedAck: milliseconds(40),
};

/** Workstations, SCADA servers, HMIs, historians. Windows delays by 40 ms since version 10. */
export const WINDOWS: StackProfile = {
  timeToLive: 128,
  maximumSegmentSize: 1460,
  window: 64_256,
  windowScale: 8,
  delayedAck: milliseconds(40),
};

/** Controllers, drives and instruments: small memory, no scaling. */
export const EMBEDDED: StackProfile = {
  timeToLive: 64,
  maximumSegmentSize: 1460,
  window: 17_520,
  windowScale: undefined,
  delayedAck: milliseconds(40),
};
