/** A device's Modbus TCP server on the wire: its points, its identity, and what it lets whom do. */
import type { ModbusServiceSpec } from '@penstock/core';
import { formatIpv4, parseIpv4 } from '@penstock/protocols/ethernet';
import { functionName, ModbusServer, RegisterMap } from '@penstock/protocols/modbus';
import { type Connection, type Listening, MachineLink } from '@penstock/simulator/kernel';
import type { DeviceContext, Part } from '../context.ts';
import { Seldom } from '../seldom.ts';

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
  /** Addresses on the device's access control list: who may connect, and who may write. */
  readonly #allowed: ReadonlySet<number> | undefined;
  readonly #writers: ReadonlySet<number> | undefined;
  readonly #seldom = new Seldom();
  #listener: Listening | undefined;

  constructor(context: DeviceContext, spec: ModbusServiceSpec) {
    const { controller, points } = context;
    this.#context = context;
    this.#spec = spec;
    const addresses = (ids: readonly string[] | undefined) =>
      ids && new Set(ids.map((id) => parseIpv4(context.device(id).address)));
    this.#allowed = addresses(spec.allow);
    this.#writers = addresses(spec.writers);
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
    this.#listener ??= this.#context.host.listen(this.#spec.port, (connection) => this.#accept(connection));
  }

  stop(): void {
    this.#listener?.close();
    this.#listener = undefined;
  }

  /**
   * The list is looked at when a connection stands, and one that is not on it is reset: the access control module of the MODBUS
   * Messaging on TCP/IP Implementation Guide V1.0b (4.2.3) sits behind the socket layer's accept.
   */
  #accept(connection: Connection): MachineLink | undefined {
    const { remoteAddress, remotePort } = connection;
    const source = formatIpv4(remoteAddress);
    if (this.#allowed?.has(remoteAddress) === false) {
      this.#denied(source, 'connection', `connection from ${source} refused`);
      return undefined;
    }
    const onRefused =
      this.#writers?.has(remoteAddress) === false
        ? (code: number) => this.#denied(source, 'write', `${functionName(code)} from ${source} refused`)
        : undefined;
    return new CausedLink(this.#context, this.#server.session(source, remotePort, onRefused)).attach(connection);
  }

  #denied(source: string, what: 'connection' | 'write', text: string): void {
    const { queue } = this.#context;
    if (!this.#seldom.tells(`${what} ${source}`, queue.now)) return;
    this.#context.log({
      severity: 4,
      id: 'access-denied',
      text: `${text}: not on the access control list`,
      parameters: { src: source, dport: String(this.#spec.port), what },
    });
  }
}

export function modbusService(context: DeviceContext): Part | undefined {
  const spec = context.spec.services.find((s) => s.protocol === 'modbus');
  return spec === undefined ? undefined : new ModbusService(context, spec as ModbusServiceSpec);
}
