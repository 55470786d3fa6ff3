/**
 * The scope guard: the only way from a name in a scenario to a device that frames are sent to. It resolves a role among the
 * devices that registered for this run over the management channel, and refuses everything else. It has no override.
 */
import { nearest, PenstockError, type PlantSpec, type PointSpec } from '@penstock/core';
import type { TableName } from '@penstock/protocols/modbus';
import type { DeviceRegistry, RegisteredDevice } from '@penstock/simulator/kernel';
import type { ScenarioSpec } from './scenario.ts';

export type ScopeRefusal =
  | 'scope.address'
  | 'scope.unknown-role'
  | 'scope.other-run'
  | 'scope.other-plant'
  | 'scope.unsealed'
  | 'scope.edited'
  | 'scope.outside'
  | 'scope.unknown-tag'
  | 'scope.no-point'
  | 'scope.no-controller'
  | 'scope.no-outstation'
  | 'scope.no-master'
  | 'scope.no-bacnet'
  | 'scope.no-alarm'
  | 'scope.no-broker'
  | 'scope.no-door'
  | 'scope.no-account'
  | 'scope.no-method'
  | 'scope.no-opcua'
  | 'scope.no-firmware'
  | 'scope.unknown-zone'
  | 'scope.range';

/** A refusal: nothing was sent. The message names what was asked for and what would be in scope. */
export class ScopeError extends PenstockError {
  constructor(id: ScopeRefusal, message: string) {
    super(id, message);
    this.name = 'ScopeError';
  }
}

/** A point of a device that is in scope. */
export interface ScopedPoint {
  readonly device: RegisteredDevice;
  readonly point: PointSpec;
}

/** A block of wire addresses of a device that is in scope. */
export interface ScopedRange {
  readonly device: RegisteredDevice;
  readonly table: TableName;
  readonly address: number;
  readonly count: number;
}

/** Registers or bits of one range: what a sweep may try in one step. */
export const MOST_REGISTERS = 2000;

const TABLES: readonly string[] = ['coil', 'discrete', 'holding', 'input'];

export class ScopeGuard {
  readonly #run: string;
  readonly #plant: PlantSpec;
  readonly #registry: DeviceRegistry;
  readonly #fingerprint: string;

  /**
   * @throws ScopeError `scope.other-plant` when the scenario is written for another plant, `scope.unsealed` when devices may still
   * register: the set of targets must be fixed before the first step.
   */
  constructor(run: string, plant: PlantSpec, registry: DeviceRegistry, scenario: ScenarioSpec) {
    if (scenario.plant !== plant.id)
      throw new ScopeError(
        'scope.other-plant',
        `scenario '${scenario.id}' is for plant '${scenario.plant}', this run is '${plant.id}'`,
      );
    if (!registry.sealed)
      throw new ScopeError(
        'scope.unsealed',
        'the device registry of this run is still open; attacks start once it is sealed',
      );
    this.#run = run;
    this.#plant = plant;
    this.#registry = registry;
    this.#fingerprint = fingerprint(registry);
  }

  /**
   * The registered device of this run that has `role`.
   * @throws ScopeError with the reason; nothing was sent.
   */
  device(role: string): RegisteredDevice {
    if (looksLikeAddress(role))
      throw new ScopeError('scope.address', `'${role}' is an address; name the device by its role (${this.#roles()})`);
    if (fingerprint(this.#registry) !== this.#fingerprint)
      throw new ScopeError('scope.edited', 'the device registry changed after the run started; start a new run');
    const device = this.#registry.byRole(role);
    if (device === undefined) {
      const near = nearest(
        role,
        this.#registry.devices.map((d) => d.role),
      );
      throw new ScopeError(
        'scope.unknown-role',
        `no device of this run has the role '${role}'${near ? `; did you mean '${near}'?` : ` (${this.#roles()})`}`,
      );
    }
    if (device.run !== this.#run)
      throw new ScopeError(
        'scope.other-run',
        `'${role}' is registered for run '${device.run}', this is run '${this.#run}'`,
      );
    const spec = this.#plant.devices.find((d) => d.id === device.id);
    const zone = this.#plant.zones.find((z) => z.id === device.zone);
    if (
      spec === undefined ||
      zone === undefined ||
      spec.address !== device.address ||
      !inSubnet(device.address, zone.subnet)
    )
      throw new ScopeError(
        'scope.outside',
        `'${role}' at ${device.address} is not where plant '${this.#plant.id}' declares it`,
      );
    if (!isPrivate(device.address))
      throw new ScopeError(
        'scope.outside',
        `'${role}' has the public address ${device.address}; attacks stay inside the range`,
      );
    return device;
  }

  /** The point of `role` that carries `tag`. @throws ScopeError */
  point(role: string, tag: string): ScopedPoint {
    const device = this.device(role);
    if (!this.#plant.tags.some((t) => t.id === tag)) {
      const near = nearest(
        tag,
        this.#plant.tags.map((t) => t.id),
      );
      throw new ScopeError(
        'scope.unknown-tag',
        `plant '${this.#plant.id}' has no tag '${tag}'${near ? `; did you mean '${near}'?` : ''}`,
      );
    }
    const points = (this.#plant.devices.find((d) => d.id === device.id) as PlantSpec['devices'][number]).points;
    const point = points.find((p) => p.tag === tag);
    if (point === undefined) {
      const holder = this.#plant.devices.find((d) => d.points.some((p) => p.tag === tag));
      throw new ScopeError(
        'scope.no-point',
        `'${role}' has no point for '${tag}'${holder ? `; '${holder.role}' has` : ''}`,
      );
    }
    return { device, point };
  }

  /**
   * The registered device of `role`, which is a controller with a service to program it by.
   * @throws ScopeError as `device`; `scope.no-controller` for one that cannot be programmed over the network
   */
  controller(role: string): RegisteredDevice {
    const device = this.device(role);
    const spec = this.#plant.devices.find((d) => d.id === device.id);
    const programmable = spec?.services.some(({ protocol }) => protocol === 's7' || protocol === 'modbus');
    if (spec?.controller === undefined || !programmable)
      throw new ScopeError(
        'scope.no-controller',
        `'${role}' has no controller that is programmed over the network; controllers of this run: ${this.#controllers()}`,
      );
    return device;
  }

  /**
   * The registered devices of a zone, without those that pass frames on (a firewall has an address in every zone). A zone's subnet is
   * never swept: an address that nobody registered is nobody's.
   * @throws ScopeError
   */
  zone(zone: string): readonly RegisteredDevice[] {
    if (looksLikeAddress(zone))
      throw new ScopeError('scope.address', `'${zone}' is an address; name the zone by its id (${this.#zones()})`);
    if (!this.#plant.zones.some((z) => z.id === zone))
      throw new ScopeError('scope.unknown-zone', `plant '${this.#plant.id}' has no zone '${zone}' (${this.#zones()})`);
    return this.#registry.devices
      .filter((device) => device.zone === zone && device.kind !== 'firewall')
      .map((device) => this.device(device.role));
  }

  /**
   * A block of a device's wire addresses, whether or not points are there.
   * @throws ScopeError `scope.range` for what is no block of at most `MOST_REGISTERS` addresses from 0 to 65535, or a device without Modbus
   */
  range(role: string, table: string, address: number, count: number): ScopedRange {
    const device = this.device(role);
    const wrong = (why: string): never => {
      throw new ScopeError('scope.range', `${table} ${address}, ${count} of '${role}' ${why}`);
    };
    if (!TABLES.includes(table)) wrong(`is in no table; there are ${TABLES.join(', ')}`);
    if (!Number.isInteger(address) || address < 0) wrong('does not begin at an address from 0 on');
    if (!Number.isInteger(count) || count < 1 || count > MOST_REGISTERS)
      wrong(`is not 1 to ${MOST_REGISTERS} addresses long`);
    if (address + count > 0x1_0000) wrong('ends beyond address 65535');
    const spec = this.#plant.devices.find((d) => d.id === device.id);
    if (!spec?.services.some((service) => service.protocol === 'modbus')) wrong('has no Modbus server');
    return { device, table: table as TableName, address, count };
  }

  #controllers(): string {
    const roles = this.#plant.devices.filter((d) => d.controller !== undefined).map((d) => d.role);
    return roles.join(', ') || 'none';
  }

  #zones(): string {
    return `zones: ${this.#plant.zones.map((z) => z.id).join(', ')}`;
  }

  #roles(): string {
    return `roles of this run: ${this.#registry.devices.map((d) => d.role).join(', ')}`;
  }
}

/** Whether a name could be taken for a network address or host name: IPv4, IPv6, MAC, `host:port`, a domain, a bare number. */
export function looksLikeAddress(name: string): boolean {
  return /[.:/@[\]%\\]/.test(name) || /^\s*(0x[0-9a-f]+|\d+)\s*$/i.test(name);
}

function fingerprint(registry: DeviceRegistry): string {
  return registry.devices.map((d) => [d.run, d.id, d.role, d.kind, d.zone, d.address].join('|')).join('\n');
}

const toNumber = (address: string): number => address.split('.').reduce((n, byte) => n * 256 + Number(byte), 0);

/** Whether an IPv4 address lies in a subnet in CIDR notation. */
export function inSubnet(address: string, cidr: string): boolean {
  const [base, bits] = cidr.split('/') as [string, string];
  const size = 2 ** (32 - Number(bits));
  return Math.floor(toNumber(address) / size) === Math.floor(toNumber(base) / size);
}

/** RFC 1918 and loopback. Everything else is somebody's. */
export function isPrivate(address: string): boolean {
  return ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '127.0.0.0/8'].some((cidr) => inSubnet(address, cidr));
}
