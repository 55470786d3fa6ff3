/** S7 in `plant.yaml`: points by area, block and byte, a CPU's service, a client's standing conversation. */
import { z } from 'zod';
import { id, pollCommon } from './plant-words.ts';
import { S7_AREAS, S7_TYPE_NAMES } from './s7-types.ts';

export const s7PointSchema = z.strictObject({
  area: z.enum(S7_AREAS).default('DB'),
  /** Number of the data block; of area DB only. */
  db: z.int().min(1).max(65_535).optional(),
  /** First byte in its area; the number of a counter or timer. */
  byte: z.int().min(0).max(65_535),
  /** Of a bool. */
  bit: z.int().min(0).max(7).optional(),
  type: z.enum(S7_TYPE_NAMES),
  /** Engineering value = raw × scale; times are raw milliseconds. */
  scale: z.number().positive().default(1),
});
export type S7Point = z.output<typeof s7PointSchema>;

export const s7ServiceSchema = z.strictObject({
  protocol: z.literal('s7'),
  port: z.int().default(102),
  /** Where the CPU sits; connections to another slot are refused. */
  rack: z.int().min(0).max(7).default(0),
  slot: z.int().min(0).max(31).default(2),
  /** Longest PDU that it agrees to, bytes. */
  pduLength: z.int().min(240).max(960).default(480),
  /** Connections at once; what comes beyond is turned away. */
  connections: z.int().min(1).max(64).default(16),
  /** 1: none. 2: changing program, mode and clock needs the password. 3: reading the program too. */
  protection: z
    .strictObject({ level: z.int().min(1).max(3), password: z.string().min(1).max(8).optional() })
    .default({ level: 1 }),
  /** As of a Modbus service. */
  allow: z.array(id).optional(),
  writers: z.array(id).optional(),
});
export type S7ServiceSpec = z.output<typeof s7ServiceSchema>;

export const s7PollSchema = z.strictObject({
  ...pollCommon,
  protocol: z.literal('s7'),
  /** Areas that are read, in bytes (counters and timers: in elements); every point in them updates the displayed value of its tag. */
  reads: z
    .array(
      z.strictObject({
        area: z.enum(S7_AREAS).default('DB'),
        db: z.int().min(1).max(65_535).optional(),
        byte: z.int().min(0).max(65_535),
        count: z.int().min(1).max(65_535),
      }),
    )
    .default([]),
});
export type S7PollSpec = z.output<typeof s7PollSchema>;
