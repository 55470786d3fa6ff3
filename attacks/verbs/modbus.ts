/** What the verbs that speak Modbus share: a device's map, its unit, and what a reply says. */
import type { DeviceSpec, ModbusServiceSpec, PlantSpec, TagSpec } from '@penstock/core';
import { decodeResponse, type MapEntry, RegisterMap } from '@penstock/protocols/modbus';
import type { Reply } from '@penstock/simulator/kernel';
import { ScopeError, type ScopeGuard } from '../scope.ts';
import type { StepResult } from './context.ts';

/** A point of a device that is in scope, and how it is reached. */
export interface Target {
  readonly device: DeviceSpec;
  readonly unit: number;
  readonly entry: MapEntry;
  readonly map: RegisterMap;
}

/** @throws ScopeError for a role or tag that is out of scope, or a point without a Modbus address */
export function targetOf(guard: ScopeGuard, plant: PlantSpec, role: string, tag: string): Target {
  const { device } = guard.point(role, tag);
  const spec = specOf(plant, device.id);
  const map = new RegisterMap(spec.points, spec.id);
  const entry = map.entry(spec.points.findIndex((point) => point.tag === tag));
  if (entry === undefined) throw new ScopeError('scope.no-point', `'${tag}' of '${role}' has no Modbus address`);
  return { device: spec, unit: unitOf(spec), entry, map };
}

export const specOf = (plant: PlantSpec, id: string): DeviceSpec =>
  plant.devices.find((device) => device.id === id) as DeviceSpec;

const modbusOf = ({ services }: DeviceSpec): ModbusServiceSpec | undefined =>
  services.find((service): service is ModbusServiceSpec => service.protocol === 'modbus');

/** The unit that a device's Modbus server answers to. */
export const unitOf = (spec: DeviceSpec): number => modbusOf(spec)?.units[0] ?? 1;

/** Port of a device's Modbus server; undefined where it has none. */
export const modbusPortOf = (spec: DeviceSpec): number | undefined => modbusOf(spec)?.port;

export function resultOf(reply: Reply, what: string): StepResult {
  if (reply.outcome !== 'answered') return { outcome: 'failed', detail: `${what}: ${reply.outcome}` };
  const response = decodeResponse(reply.pdu);
  if (response.status !== 'ok') return { outcome: 'failed', detail: `${what}: ${response.reason}` };
  if ('exception' in response.message)
    return { outcome: 'failed', detail: `${what}: exception ${response.message.exception}` };
  return { outcome: 'done', detail: what };
}

/** Engineering value of one point out of the response to a read of exactly its registers or bit. */
export function readingOf({ map, entry }: Pick<Target, 'map' | 'entry'>, pdu: Uint8Array): number {
  const values = new Float64Array(1);
  map.block(entry.table, entry.address, entry.width).decode(pdu, 2, values);
  return values[0] as number;
}

export const addressOf = ({ table, address }: MapEntry): string => `${table} ${address}`;

/** A value as people write it: `11100 mg/L`, `0 (manual)`. */
export function shownValue(plant: PlantSpec, tag: string, value: number): string {
  const spec = plant.tags.find((t) => t.id === tag) as TagSpec;
  const word = spec.states?.[value];
  return word === undefined ? `${Number(value.toPrecision(6))} ${spec.unit}`.trim() : `${value} (${word})`;
}

/** A device as people write it: `dosing-plc (10.40.10.13)`. */
export const shownDevice = (guard: ScopeGuard, role: string): string => `${role} (${guard.device(role).address})`;
