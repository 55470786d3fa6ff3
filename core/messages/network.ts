/** The network as the monitor sees it, and devices with all that is known of them. */
import { z } from 'zod';
import { runTime } from './common.ts';

/** Who talks to whom, over what; every second. Ends are device ids, or addresses of what is in no list. */
export const flowMessage = z.strictObject({
  from: z.string(),
  to: z.string(),
  protocol: z.string(),
  transport: z.string(),
  port: z.int().nullable(),
  /** Since the last message. */
  packets: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  /** Writes seen since the last message. */
  writes: z.int().nonnegative(),
  lastSeen: runTime,
  /** Not in the learned baseline. */
  fresh: z.boolean(),
  /** Tried, and refused or dropped. */
  refused: z.boolean(),
});
export type FlowMessage = z.output<typeof flowMessage>;
export const flowsMessage = z.strictObject({
  time: runTime,
  flows: z.array(flowMessage),
  packets: z.int(),
  devices: z.int(),
});
export type FlowsMessage = z.output<typeof flowsMessage>;

/** GET /api/network */
export const networkMessage = z.strictObject({
  zones: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      level: z.number(),
      subnet: z.string(),
      targetSecurityLevel: z.int(),
    }),
  ),
  conduits: z.array(
    z.strictObject({
      id: z.string(),
      from: z.string(),
      to: z.string(),
      diode: z.boolean(),
      purpose: z.string(),
      allow: z.array(
        z.strictObject({
          from: z.array(z.string()),
          to: z.array(z.string()),
          transport: z.string(),
          port: z.int().nullable(),
        }),
      ),
    }),
  ),
  flows: flowsMessage,
});
export type NetworkMessage = z.output<typeof networkMessage>;

/** GET /api/devices/ID */
export const devicePageMessage = z.strictObject({
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  role: z.string(),
  zone: z.string(),
  address: z.string(),
  mac: z.string(),
  macVendor: z.string().nullable(),
  criticality: z.enum(['low', 'medium', 'high']),
  /** What it says of itself. */
  identity: z.record(z.string(), z.string()),
  /** Role that the monitor guesses from traffic, and what it rests on. */
  guessedRole: z.string().nullable(),
  evidence: z.array(z.string()),
  services: z.array(z.strictObject({ transport: z.string(), port: z.int(), protocol: z.string().nullable() })),
  clientOf: z.array(z.string()),
  serverOf: z.array(z.string()),
  functions: z.array(z.string()),
  firstSeen: runTime.nullable(),
  lastSeen: runTime.nullable(),
  points: z.array(
    z.strictObject({ tag: z.string(), protocol: z.string(), address: z.string(), writable: z.boolean() }),
  ),
  /** Numbers of its alerts. */
  alerts: z.array(z.int()),
  /** Kinds of failure that its instruments and actuators can have. */
  failureModes: z.array(z.string()),
  hasLogic: z.boolean(),
});
export type DevicePageMessage = z.output<typeof devicePageMessage>;
