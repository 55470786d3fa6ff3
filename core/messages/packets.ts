/** Packets of the tap: rows of a list, and one of them down to the byte. */
import { z } from 'zod';
import { runTime } from './common.ts';

/** One row. Numbers count from 1 as in the run's `capture.pcap`. */
export const packetRow = z.strictObject({
  number: z.int().positive(),
  time: runTime,
  source: z.string(),
  destination: z.string(),
  protocol: z.string(),
  length: z.int(),
  info: z.string(),
  tags: z.array(z.string()),
});
export type PacketRow = z.output<typeof packetRow>;

/**
 * GET /api/packets?from=N&count=M&filter=…: rows in order. `filter` is words that must all match (`modbus`, `dosing-plc`, `AIC301_SP`, `write`,
 * `alert:12`, `10.40.10.11`, `port:502`); `first` and `last` bound what is kept, `next` is where to go on.
 */
export const packetsMessage = z.strictObject({
  first: z.int(),
  last: z.int(),
  total: z.int(),
  rows: z.array(packetRow),
  next: z.int().nullable(),
});
export type PacketsMessage = z.output<typeof packetsMessage>;

export interface PacketField {
  /** `Transaction identifier` */
  name: string;
  /** `4711`, `AIC301_SP = 11.1 mg/L` */
  value: string;
  /** Place in the frame, bytes. */
  start: number;
  end: number;
  /** The tag that this field carries. */
  tag: string | null;
  children: PacketField[];
}
export const packetField: z.ZodType<PacketField> = z.lazy(() =>
  z.strictObject({
    name: z.string(),
    value: z.string(),
    start: z.int(),
    end: z.int(),
    tag: z.string().nullable(),
    children: z.array(packetField),
  }),
);

/** GET /api/packets/N */
export const packetMessage = z.strictObject({
  row: packetRow,
  /** Hexadecimal, two digits a byte. */
  bytes: z.string(),
  tree: z.array(packetField),
  /** Alerts that carry this packet. */
  alerts: z.array(z.int()),
});
export type PacketMessage = z.output<typeof packetMessage>;
// GET /api/packets.pcap?from=N&count=M&filter=… and GET /api/alerts/N/packets (rows), GET /api/alerts/N/evidence.pcap
