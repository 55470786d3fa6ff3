import type { PacketField } from '@penstock/core';
import type { MapEntry, TableName } from '../modbus/index.ts';

/** What is known beside the bytes; a packet of a strange network is read without. */
export interface PacketContext {
  /** A host's name by its address: `dosing-plc`. */
  name(address: string): string | undefined;
  /** The point that covers an address in a device's table, with its tag's unit. */
  point(
    server: string,
    table: TableName,
    address: number,
  ): { readonly entry: MapEntry; readonly unit: string } | undefined;
  /** PDU of the request that a Modbus response answers, if it was seen. */
  request(packet: ModbusAnswer): Uint8Array | undefined;
}

export interface ModbusAnswer {
  readonly client: string;
  readonly clientPort: number;
  readonly server: string;
  readonly transaction: number;
}

export const NO_CONTEXT: PacketContext = { name: () => undefined, point: () => undefined, request: () => undefined };

/** What an application's reader made of a payload. */
export interface Reading {
  readonly protocol: string;
  readonly info: string;
  readonly tags: readonly string[];
  readonly field: PacketField;
}
