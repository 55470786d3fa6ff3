/** A device's S7 server on the wire: its memory, its program, its clock, and what it lets whom do. */
import type { S7ServiceSpec } from '@penstock/core';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { S7Memory, type S7Notice, S7Server } from '@penstock/protocols/s7comm';
import type { Connection, Listening, MachineLink } from '@penstock/simulator/kernel';
import { AccessList } from '../access-list.ts';
import { CausedLink } from '../caused-link.ts';
import type { DeviceContext, Part } from '../context.ts';

class S7Service implements Part {
  readonly #context: DeviceContext;
  readonly #spec: S7ServiceSpec;
  readonly #server: S7Server;
  readonly #list: AccessList;
  #listener: Listening | undefined;

  constructor(context: DeviceContext, spec: S7ServiceSpec) {
    const { controller, points, epoch, identity } = context;
    const { id, name, mac } = context.spec;
    const { rack, slot, pduLength, connections, protection } = spec;
    this.#context = context;
    this.#spec = spec;
    this.#list = new AccessList(context, spec);
    this.#server = new S7Server({
      memory: new S7Memory(context.spec.points, id),
      points: points ?? { read: () => 0, write: () => 'read-only' },
      identity,
      cpu: controller,
      clock: context.clock,
      // A warm start goes on with the controller's own time, which the buffer counts in.
      epochOf: (time) => epoch + time - context.controllerTime(0 as Parameters<DeviceContext['controllerTime']>[0]),
      stationName: name,
      plantName: context.plant.name,
      serialNumber: `S ${mac.replaceAll(':', '').toUpperCase()}`,
      ...{ rack, slot, pduLength, connections, protection },
      onNotice: (notice, { address }) => this.#notice(notice, address),
    });
  }

  start(): void {
    this.#listener ??= this.#context.host.listen(this.#spec.port, (connection) => this.#accept(connection));
  }

  stop(): void {
    this.#listener?.close();
    this.#listener = undefined;
  }

  #accept(connection: Connection): MachineLink | undefined {
    const { remoteAddress, remotePort } = connection;
    if (!this.#list.admits(remoteAddress)) return undefined;
    const session = this.#server.session(formatIpv4(remoteAddress), remotePort, this.#list.mayWrite(remoteAddress));
    return new CausedLink(this.#context, session, () => session.ended()).attach(connection);
  }

  #notice(notice: S7Notice, source: string): void {
    if (notice === 'write-refused') {
      this.#list.denied(source, 'write', `a change from ${source} refused`);
      return;
    }
    const wrong = notice === 'password-wrong';
    this.#context.log({
      severity: wrong ? 4 : 5,
      id: wrong ? 'logon-failed' : 'logon',
      text: `${wrong ? 'wrong password' : 'logon'} from ${source} over S7`,
      parameters: { src: source, dport: String(this.#spec.port) },
    });
  }
}

export function s7Service(context: DeviceContext): Part | undefined {
  const spec = context.spec.services.find((s): s is S7ServiceSpec => s.protocol === 's7');
  return spec && new S7Service(context, spec);
}
