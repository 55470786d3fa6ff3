/**
 * The scope of an adversary in another process: the scope guard over the list that a running range handed out, and the only way from a
 * device to the gate that a socket is opened to. Loopback, registered, of this run and this plant; everything else is refused.
 */
import type { AdversaryRunMessage, PlantSpec } from '@penstock/core';
import { DeviceRegistry, loopbackOf, type RegisteredDevice } from '@penstock/simulator/kernel';
import type { ScenarioSpec } from './scenario.ts';
import { ScopeError, ScopeGuard } from './scope.ts';
import { modbusPortOf, specOf } from './verbs/modbus.ts';

/** What a range hands out of itself over the management channel. */
export type ListedRun = Pick<AdversaryRunMessage, 'instance' | 'run' | 'plant' | 'devices' | 'gates'>;
export type ListedGate = AdversaryRunMessage['gates'][number];

export class GateScope {
  /** The devices of the run, sealed. */
  readonly registry: DeviceRegistry;
  readonly #guard: ScopeGuard;
  readonly #plant: PlantSpec;
  readonly #listed: ListedRun;
  readonly #fingerprint: string;

  /**
   * @param plant our own copy, which `hash` is of; what the range says of itself is held against it
   * @throws ScopeError `scope.other-plant` for a range of another plant or of another state of this one, `scope.other-run` for a device
   * that is registered for another run; PenstockError `registry.taken` where a name means two devices
   */
  constructor(scenario: ScenarioSpec, plant: PlantSpec, hash: string, listed: ListedRun) {
    if (listed.plant.id !== plant.id)
      throw new ScopeError(
        'scope.other-plant',
        `scenario '${scenario.id}' is for plant '${scenario.plant}', the range runs '${listed.plant.id}'`,
      );
    if (listed.plant.hash !== hash)
      throw new ScopeError(
        'scope.other-plant',
        `the range runs another state of plant '${plant.id}' than the files here; start it again`,
      );
    this.registry = new DeviceRegistry(listed.run);
    for (const device of listed.devices) {
      if (device.run !== listed.run)
        throw new ScopeError(
          'scope.other-run',
          `device '${device.id}' is registered for run '${device.run}', this is run '${listed.run}'`,
        );
      this.registry.register(device as RegisteredDevice);
    }
    this.registry.seal();
    this.#guard = new ScopeGuard(listed.run, plant, this.registry, scenario);
    this.#plant = plant;
    this.#listed = structuredClone(listed);
    this.#fingerprint = fingerprint(listed);
  }

  /**
   * The service behind a TCP port of a registered device that has a gate; undefined where no gate leads to the port, so that nothing can be
   * known of it. @throws ScopeError as `ScopeGuard.device`
   */
  serviceAt(deviceId: string, port: number): string | undefined {
    const device = this.#guard.device(this.registry.byId(deviceId)?.role ?? deviceId);
    const isModbus = modbusPortOf(specOf(this.#plant, device.id)) === port;
    const listed = this.#listed.gates.some((gate) => gate.device === device.id && gate.service === 'modbus');
    return isModbus && listed ? 'modbus' : undefined;
  }

  /** @throws ScopeError `scope.edited` when the list that the range hands out now is not what it was at the start */
  unedited(now: ListedRun): void {
    if (fingerprint(now) !== this.#fingerprint)
      throw new ScopeError(
        'scope.edited',
        'the range hands out another list of devices than at the start; join it anew',
      );
  }

  /**
   * The gate to a service of a registered device, in the list that the range hands out now.
   * @throws ScopeError `scope.edited` when that list is not what it was, `scope.other-run` for a gate of another run, `scope.outside` for
   * a gate that is not there or not on this machine's loopback; and all that the scope guard refuses. Nothing was opened.
   */
  gate(deviceId: string, service: string, now: ListedRun): ListedGate {
    this.unedited(now);
    const role = this.registry.byId(deviceId)?.role ?? deviceId;
    const device = this.#guard.device(role);
    const gates = this.#listed.gates.filter((gate) => gate.device === device.id && gate.service === service);
    const [gate] = gates;
    if (gate === undefined)
      throw new ScopeError(
        'scope.outside',
        `the range has no ${service} gate for '${role}'; only its gates may be used`,
      );
    if (gate.run !== this.#listed.run)
      throw new ScopeError(
        'scope.other-run',
        `the gate of '${role}' belongs to run '${gate.run}', this is run '${this.#listed.run}'`,
      );
    if (gates.length > 1)
      throw new ScopeError('scope.outside', `the range has ${gates.length} ${service} gates for '${role}', not one`);
    if (
      !isGateAddress(gate.host, device.address) ||
      !Number.isInteger(gate.port) ||
      gate.port < 1 ||
      gate.port > 65_535
    )
      throw new ScopeError(
        'scope.outside',
        `the gate of '${role}' at ${gate.host}:${gate.port} is not on this machine's loopback, where gates are`,
      );
    return gate;
  }
}

/** Where gates of a device can be: its own loopback address, or the one that every system has. */
const isGateAddress = (host: string, address: string): boolean =>
  host === '127.0.0.1' || (host === loopbackOf(address) && /^127\.\d+\.\d+\.\d+$/.test(host));

function fingerprint({ instance, run, plant, devices, gates }: ListedRun): string {
  return JSON.stringify([
    [instance, run, plant.id, plant.hash],
    devices.map((d) => [d.run, d.id, d.role, d.kind, d.zone, d.address]),
    gates.map((g) => [g.run, g.device, g.service, g.host, g.port]),
  ]);
}
