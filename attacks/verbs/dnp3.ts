/** What the verbs that speak DNP3 share: the outstation that they are about, and the link address that they speak under. */
import type { DeviceSpec, Dnp3PollSpec, Dnp3ServiceSpec, PlantSpec } from '@penstock/core';
import type { Dnp3Reply } from '@penstock/simulator/kernel';
import { ScopeError, type ScopeGuard } from '../scope.ts';
import type { StepResult } from './context.ts';
import { specOf } from './modbus.ts';

export interface Outstation {
  readonly device: DeviceSpec;
  readonly service: Dnp3ServiceSpec;
}

/** @throws ScopeError for a role that is out of scope; `scope.no-outstation` for a device without a DNP3 outstation */
export function outstationOf(guard: ScopeGuard, plant: PlantSpec, role: string): Outstation {
  const device = specOf(plant, guard.device(role).id);
  const service = dnp3Of(device);
  if (service === undefined) throw new ScopeError('scope.no-outstation', `'${role}' has no DNP3 outstation`);
  return { device, service };
}

const dnp3Of = ({ services }: DeviceSpec): Dnp3ServiceSpec | undefined =>
  services.find((service): service is Dnp3ServiceSpec => service.protocol === 'dnp3');

const pollOf = ({ polls }: DeviceSpec, outstation: string): Dnp3PollSpec | undefined =>
  polls.find((poll): poll is Dnp3PollSpec => poll.protocol === 'dnp3' && poll.device === outstation);

/**
 * The link address under which the device of a role masters an outstation.
 * @throws ScopeError for a role that is out of scope; `scope.no-master` for one that is no master of it
 */
export function masterAddress(
  guard: ScopeGuard,
  plant: PlantSpec,
  role: string,
  { device, service }: Outstation,
): number {
  const poll = pollOf(specOf(plant, guard.device(role).id), device.id);
  if (poll === undefined) throw new ScopeError('scope.no-master', `'${role}' is no master of '${device.role}'`);
  return poll.address ?? (service.masters[0] as number);
}

/** How a host commands an outstation where nobody says otherwise: as it always does, or as the outstation asks for. */
export function usualWay(plant: PlantSpec, from: string, { device, service }: Outstation): 'select' | 'direct' {
  return pollOf(specOf(plant, from), device.id)?.commands ?? (service.selectRequired ? 'select' : 'direct');
}

export function outcomeOf({ outcome }: Dnp3Reply, what: string): StepResult {
  return outcome === 'done' ? { outcome: 'done', detail: what } : { outcome: 'failed', detail: `${what}: ${outcome}` };
}

export const nobody = (from: string, protocol: string): string => `from '${from}' nobody can speak ${protocol}`;
