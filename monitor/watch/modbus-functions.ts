/** What each Modbus function does to which table, by the names that Zeek gives them (Modbus Application Protocol V1.1b3, section 6). */

export type ModbusTable = 'coil' | 'discrete' | 'input' | 'holding';
/**
 * Where a point is followed: a table of Modbus, or one in which points of S7 memory, of a DNP3 outstation, metrics of Sparkplug, objects of
 * BACnet or nodes of OPC UA stand (`…-places.ts`).
 */
export type Table = ModbusTable | 's7' | 'dnp3' | 'sparkplug' | 'bacnet' | 'opcua';
/** Some of it that stands together. */
export interface WatchedRange {
  readonly table: Table;
  readonly address: number;
  readonly quantity: number;
}
export type RequestKind = 'read' | 'write' | 'other';

export interface ModbusFunction {
  readonly code: number;
  readonly kind: RequestKind;
  /** The table that it reads or writes; undefined where it is none. */
  readonly table: ModbusTable | undefined;
}

export const MODBUS_FUNCTIONS: ReadonlyMap<string, ModbusFunction> = new Map([
  ['READ_COILS', { code: 1, kind: 'read', table: 'coil' }],
  ['READ_DISCRETE_INPUTS', { code: 2, kind: 'read', table: 'discrete' }],
  ['READ_HOLDING_REGISTERS', { code: 3, kind: 'read', table: 'holding' }],
  ['READ_INPUT_REGISTERS', { code: 4, kind: 'read', table: 'input' }],
  ['WRITE_SINGLE_COIL', { code: 5, kind: 'write', table: 'coil' }],
  ['WRITE_SINGLE_REGISTER', { code: 6, kind: 'write', table: 'holding' }],
  ['WRITE_MULTIPLE_COILS', { code: 15, kind: 'write', table: 'coil' }],
  ['WRITE_MULTIPLE_REGISTERS', { code: 16, kind: 'write', table: 'holding' }],
  ['READ_FILE_RECORD', { code: 20, kind: 'other', table: undefined }],
  // Its effect is a write, to the device's program or files.
  ['WRITE_FILE_RECORD', { code: 21, kind: 'write', table: undefined }],
  ['MASK_WRITE_REGISTER', { code: 22, kind: 'write', table: undefined }],
  ['READ_WRITE_MULTIPLE_REGISTERS', { code: 23, kind: 'write', table: undefined }],
] as const);

const OTHER: ModbusFunction = { code: 0, kind: 'other', table: undefined };

export function modbusFunction(name: string | undefined): ModbusFunction {
  return (name === undefined ? undefined : MODBUS_FUNCTIONS.get(name)) ?? OTHER;
}
