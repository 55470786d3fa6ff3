/** A door's port: takes so many connections of those who are on its list, and runs a machine on each. */
import type { StreamMachine } from '@penstock/core';
import type { Connection, Listening, MachineLink } from '@penstock/simulator/kernel';
import { AccessList } from '../access-list.ts';
import { CausedLink } from '../caused-link.ts';
import type { DeviceContext, Part } from '../context.ts';

/** Connections at once; devices of this kind have few. */
const MOST_CONNECTIONS = 8;

/** Makes what runs on a connection; `pump` sends what it has to say of its own accord. */
type Make = (connection: Connection, pump: () => void) => StreamMachine & { ended?(): void };

export class DoorListener implements Part {
  readonly #context: DeviceContext;
  readonly #port: number;
  readonly #list: AccessList;
  readonly #make: Make;
  readonly #links = new Set<MachineLink>();
  #listener: Listening | undefined;

  constructor(
    context: DeviceContext,
    spec: { readonly port: number; readonly allow?: readonly string[] | undefined },
    make: Make,
  ) {
    this.#context = context;
    this.#port = spec.port;
    this.#list = new AccessList(context, spec);
    this.#make = make;
  }

  start(): void {
    this.#listener ??= this.#context.host.listen(this.#port, (connection) => this.#accept(connection));
  }

  stop(): void {
    this.#listener?.close();
    this.#listener = undefined;
    this.#links.clear();
  }

  #accept(connection: Connection): MachineLink | undefined {
    if (this.#links.size >= MOST_CONNECTIONS || !this.#list.admits(connection.remoteAddress)) return undefined;
    const machine = this.#make(connection, () => link.pump());
    const link: MachineLink = new CausedLink(this.#context, machine, () => {
      this.#links.delete(link);
      machine.ended?.();
    }).attach(connection);
    this.#links.add(link);
    // Whoever greets first does so once the connection stands.
    this.#context.queue.at(this.#context.queue.now, { run: () => link.pump() });
    return link;
  }
}
