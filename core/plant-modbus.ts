/** Modbus in `plant.yaml`: points by table and address, a server's service, a client's standing conversation. */
import { z } from 'zod';
import { id, pollCommon } from './plant-words.ts';

const table = z.enum(['coil', 'discrete', 'input', 'holding']);

export const modbusPointSchema = z.strictObject({
  table,
  /** Wire address, counted from 0. */
  address: z.int().min(0).max(65_535),
  type: z.enum(['bool', 'uint16', 'int16', 'uint32', 'int32', 'float32']),
  /** Order of the two registers of a 32-bit value: `big` puts the high word first. */
  wordOrder: z.enum(['big', 'little']).default('big'),
  /** Engineering value = raw × scale. */
  scale: z.number().positive().default(1),
});
export type ModbusPoint = z.output<typeof modbusPointSchema>;

export const modbusServiceSchema = z.strictObject({
  protocol: z.literal('modbus'),
  port: z.int().default(502),
  units: z.array(z.int().min(0).max(255)).default([1, 255]),
  /** Function codes beyond the usual ones that this device answers (7, 8, 11, 17), or a shorter list than usual. */
  functions: z.array(z.int().min(1).max(127)).optional(),
  /** Only these devices may open a connection (the controller's own allow-list); everybody when left out. */
  allow: z.array(id).optional(),
  /** Only these devices may write (functions that change something get exception 01 from others); everybody when left out. */
  writers: z.array(id).optional(),
});
export type ModbusServiceSpec = z.output<typeof modbusServiceSchema>;

export const modbusPollSchema = z.strictObject({
  ...pollCommon,
  protocol: z.literal('modbus'),
  unit: z.int().min(0).max(255).default(1),
  /** Blocks of the server's tables that are read; every point in them updates the displayed value of its tag. */
  reads: z
    .array(
      z.strictObject({
        table,
        address: z.int(),
        count: z.int().min(1),
      }),
    )
    .default([]),
});
export type ModbusPollSpec = z.output<typeof modbusPollSchema>;
