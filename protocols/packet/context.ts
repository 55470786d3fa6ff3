import type { Dnp3Point, PacketField } from '@penstock/core';
import type { MapEntry, TableName } from '../modbus/index.ts';
import type { MemoryEntry } from '../s7comm/index.ts';

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
  /** Points that begin in some bytes of a device's S7 memory, by address, with their tags' units. `db`: 0 outside data blocks. */
  s7Points(server: string, area: number, db: number, from: number, bytes: number): readonly KnownS7Point[];
  /** The S7 message of the job that an acknowledgement answers, if it was seen. */
  s7Job(packet: S7Answer): Uint8Array | undefined;
  /** A point of the outstation with a link address. */
  dnp3Point(outstation: number, kind: Dnp3Point['kind'], index: number): KnownDnp3Point | undefined;
}

export interface ModbusAnswer {
  readonly client: string;
  readonly clientPort: number;
  readonly server: string;
  readonly transaction: number;
}

export interface S7Answer {
  readonly client: string;
  readonly clientPort: number;
  readonly server: string;
  /** PDU reference. */
  readonly reference: number;
}

export interface KnownS7Point {
  readonly entry: MemoryEntry;
  readonly unit: string;
}

/** Engineering value = value on the wire × scale + offset. */
export interface KnownDnp3Point {
  readonly tag: string;
  readonly unit: string;
  readonly scale: number;
  readonly offset: number;
}

export const NO_CONTEXT: PacketContext = {
  name: () => undefined,
  point: () => undefined,
  request: () => undefined,
  s7Points: () => [],
  s7Job: () => undefined,
  dnp3Point: () => undefined,
};

/** What an application's reader made of a payload. */
export interface Reading {
  readonly protocol: string;
  readonly info: string;
  readonly tags: readonly string[];
  readonly field: PacketField;
}

/** Ends of the connection that a payload belongs to. */
export interface Ends {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}
