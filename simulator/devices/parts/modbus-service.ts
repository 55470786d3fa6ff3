/** A device's Modbus TCP server on the wire: its points, its identity, and what it lets whom do. */
import type { ModbusServiceSpec } from '@penstock/core';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { functionName, ModbusServer, RegisterMap } from '@penstock/protocols/modbus';
import type { Connection, Listening, MachineLink } from '@penstock/simulator/kernel';
import { AccessList } from '../access-list.ts';
import { CausedLink } from '../caused-link.ts';
import type { DeviceContext, Part } from '../context.ts';

class ModbusService implements Part {
  readonly #context: DeviceContext;
  readonly #spec: ModbusServiceSpec;
  readonly #server: ModbusServer;
  readonly #list: AccessList;
  #listener: Listening | undefined;

  constructor(context: DeviceContext, spec: ModbusServiceSpec) {
    const { controller, points } = context;
    this.#context = context;
    this.#spec = spec;
    this.#list = new AccessList(context, spec);
    this.#server = new ModbusServer({
      map: new RegisterMap(context.spec.points, context.spec.id),
      points: points ?? { read: () => 0, write: () => 'read-only' },
      identity: context.identity,
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
    const list = this.#list;
    if (!list.admits(remoteAddress)) return undefined;
    const source = formatIpv4(remoteAddress);
    const onRefused = list.mayWrite(remoteAddress)
      ? undefined
      : (code: number) => list.denied(source, 'write', `${functionName(code)} from ${source} refused`);
    return new CausedLink(this.#context, this.#server.session(source, remotePort, onRefused)).attach(connection);
  }
}

export function modbusService(context: DeviceContext): Part | undefined {
  const spec = context.spec.services.find((s) => s.protocol === 'modbus');
  return spec === undefined ? undefined : new ModbusService(context, spec as ModbusServiceSpec);
}
