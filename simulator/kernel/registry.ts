/**
 * The devices of one run, as they registered over the management channel (not over the plant's network). Attacks resolve names
 * here and nowhere else; once sealed, nothing can be added, removed or changed.
 */
import { type DeviceSpec, PenstockError } from '@penstock/core';

export interface RegisteredDevice {
  readonly run: string;
  readonly id: string;
  readonly role: string;
  readonly kind: DeviceSpec['kind'];
  readonly zone: string;
  /** IPv4 address on the plant's network. */
  readonly address: string;
}

export class DeviceRegistry {
  readonly run: string;
  #devices: readonly RegisteredDevice[] = Object.freeze([]);
  #sealed = false;

  constructor(run: string) {
    this.run = run;
  }

  get sealed(): boolean {
    return this.#sealed;
  }

  /** In order of registration. Frozen, and so is every entry. */
  get devices(): readonly RegisteredDevice[] {
    return this.#devices;
  }

  /**
   * @throws PenstockError `registry.sealed` after `seal`, `registry.other-run` for a device of another run, `registry.taken` when id,
   * role or address is registered already: a name must mean one device.
   */
  register(device: RegisteredDevice): void {
    if (this.#sealed)
      throw new PenstockError(
        'registry.sealed',
        `device '${device.id}' came after the registry of run '${this.run}' was sealed; start a new run with it`,
      );
    if (device.run !== this.run)
      throw new PenstockError(
        'registry.other-run',
        `device '${device.id}' belongs to run '${device.run}', this is the registry of run '${this.run}'`,
      );
    for (const key of ['id', 'role', 'address'] as const) {
      const other = this.#devices.find((d) => d[key] === device[key]);
      if (other !== undefined)
        throw new PenstockError(
          'registry.taken',
          `device '${device.id}' has the ${key} '${device[key]}' of '${other.id}'; each must be used once`,
        );
    }
    const { run, id, role, kind, zone, address } = device;
    this.#devices = Object.freeze([...this.#devices, Object.freeze({ run, id, role, kind, zone, address })]);
  }

  /** Fixes the set of devices for the rest of the run. */
  seal(): void {
    this.#sealed = true;
  }

  byId(id: string): RegisteredDevice | undefined {
    return this.#devices.find((d) => d.id === id);
  }

  byRole(role: string): RegisteredDevice | undefined {
    return this.#devices.find((d) => d.role === role);
  }
}
