/** What the verbs share that go through a device's doors: which door, and the user with the password that the vendor delivers. */
import type { DeviceSpec, PlantSpec, ServiceSpec } from '@penstock/core';
import type { Credentials, DoorSession } from '@penstock/simulator/kernel';
import { z } from 'zod';
import { ScopeError, type ScopeGuard } from '../scope.ts';
import { roleName } from '../words.ts';
import type { StepResult, VerbContext } from './context.ts';
import { specOf } from './modbus.ts';

export type DoorProtocol = 'web' | 'telnet' | 'ftp' | 'snmp';

/** What every step through a door says. */
export const throughDoor = {
  from: roleName,
  to: roleName,
  /** An account whose password the vendor delivers, by its user; the first such account when left out. No other password can be spelled. */
  user: z
    .string()
    .regex(/^[\x21-\x39\x3b-\x7e]{1,32}$/)
    .optional(),
};

/**
 * The registered device of `role`, which has the door.
 * @throws ScopeError for a role that is out of scope, `scope.no-door` for a device without it
 */
export function doorOf<P extends DoorProtocol>(
  guard: ScopeGuard,
  plant: PlantSpec,
  role: string,
  protocol: P,
): { readonly device: DeviceSpec; readonly service: Extract<ServiceSpec, { protocol: P }> } {
  const device = specOf(plant, guard.device(role).id);
  const service = device.services.find((one) => one.protocol === protocol);
  if (service === undefined) {
    const others = plant.devices.filter((one) => one.services.some((s) => s.protocol === protocol));
    const hint =
      others.length === 0 ? 'no device of this plant has' : `${others.map((one) => one.role).join(', ')} have`;
    throw new ScopeError('scope.no-door', `'${role}' has no ${protocol} service; ${hint}`);
  }
  return { device, service: service as Extract<ServiceSpec, { protocol: P }> };
}

/**
 * User and password as the vendor delivers them.
 * @throws ScopeError `scope.no-account` for a user who is not there, or whose password is the owner's
 */
export function deliveredLogin(device: DeviceSpec, user: string | undefined): Credentials {
  const accounts = device.accounts ?? [];
  const account = accounts.find((one) => one.vendorDefault && (user === undefined || one.user === user));
  if (account === undefined) {
    const known = accounts.filter((one) => one.vendorDefault).map((one) => one.user);
    throw new ScopeError(
      'scope.no-account',
      `'${device.role}' has no ${user === undefined ? 'account' : `account '${user}'`} with the password that its vendor delivers; such accounts: ${known.join(', ') || 'none'}`,
    );
  }
  return { user: account.user, password: account.password };
}

/** A way to the doors of `device`; undefined where whoever acts has none, and the step has ended. */
export function atDoors(
  context: VerbContext,
  from: string,
  device: DeviceSpec,
  end: (result: StepResult) => void,
): DoorSession | undefined {
  const session = context.foothold(context.guard.device(from).id).doors?.(device.id, context.cause);
  if (session === undefined)
    end({ outcome: 'failed', detail: `from '${from}' nobody can come in by doors: this is no host on the wire` });
  return session;
}
