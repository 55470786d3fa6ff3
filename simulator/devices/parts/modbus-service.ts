/** A device's Modbus TCP server on the wire: its points, its identity, and what it lets whom do. */
import type { ModbusServiceSpec } from '@penstock/core';
import { formatIpv4, parseIpv4 } from '@penstock/protocols/ethernet';
import { ModbusServer, RegisterMap } from '@penstock/protocols/modbus';
import { type Listener, MachineLink, type TcpConnection } from '@penstock/simulator/kernel';
import type { DeviceContext, Part } from '../context.ts';

/** A link that tells the device whose bytes it is handling, so that a write's cause reaches the journal. */
class CausedLink extends MachineLink {
  readonly #context: DeviceContext;

  constructor(context: DeviceContext, machine: ConstructorParameters<typeof MachineLink>[1]) {
    super(context.queue, machine);
    this.#context = context;
  }

  override data(buffer: Uint8Array, start: number, end: number, now: Parameters<MachineLink['data']>[3]): void {
    this.#context.causedBy(this.connection);
    super.data(buffer, start, end, now);
    this.#context.causedBy(undefined);
  }
}

class ModbusService implements Part {
  readonly #context: DeviceContext;
  readonly #spec: ModbusServiceSpec;
  readonly #server: ModbusServer;
  readonly #allowed: ReadonlySet<number> | undefined;
  #listener: Listener | undefined;

  constructor(context: DeviceContext, spec: ModbusServiceSpec) {
    const { controller, points } = context;
    this.#context = context;
    this.#spec = spec;
    this.#allowed = spec.allow && new Set(spec.allow.map((id) => parseIpv4(context.device(id).address)));
    this.#server = new ModbusServer({
      map: new RegisterMap(context.spec.points, context.spec.id),
      points: points ?? { read: () => 0, write: () => 'read-only' },
      identity: context.spec.identity,
      files: controller,
      functions: spec.functions,
      units: spec.units,
      running: () => controller?.mode === 'running',
    });
  }

  start(): void {
    const { host } = this.#context;
    const allowed = this.#allowed;
    this.#listener ??= host.listen(this.#spec.port, (connection) => this.#accept(connection), {
      ...(allowed && { admit: (address: number) => allowed.has(address) }),
    });
  }

  stop(): void {
    this.#listener?.close();
    this.#listener = undefined;
  }

  #accept(connection: TcpConnection): MachineLink {
    const session = this.#server.session(formatIpv4(connection.remoteAddress), connection.remotePort);
    return new CausedLink(this.#context, session).attach(connection);
  }
}

export function modbusService(context: DeviceContext): Part | undefined {
  const spec = context.spec.services.find((s) => s.protocol === 'modbus');
  return spec === undefined ? undefined : new ModbusService(context, spec as ModbusServiceSpec);
}
