/**
 * A gate of a UDP service. Datagrams of one tool (one address and port of this machine) are one flow: they come from one socket of
 * the trainee's host on the wire, and what the service answers goes back to the tool.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Cause } from './foothold.ts';
import type { GateOutlet } from './gate-entrance.ts';
import type { Place } from './gate-place.ts';

type Entry =
  | { readonly kind: 'open'; readonly gate: string; readonly from: string; readonly cause?: Cause }
  | { readonly kind: 'data'; readonly bytes: Uint8Array };

/** What the gates of a range do for one of them. */
export interface DatagramDoor {
  /** Whether there is no room for a further flow. */
  isFull(): boolean;
  /** Number of a new flow, and the record that opens it. */
  first(remotePort: number): { readonly number: number; readonly opens: Entry };
  /** Brings something into the run. */
  enter(number: number, entry: Entry, outlet: GateOutlet): void;
}

interface Flow {
  readonly number: number;
  readonly outlet: GateOutlet;
}

export class DatagramGate {
  /** Datagrams that found no room for a flow of their own. */
  dropped = 0;
  readonly #socket: Socket;
  readonly #flows = new Map<string, Flow>();
  #door: DatagramDoor | undefined;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** @throws the system's error when it refuses the place; nothing is left listening then */
  static async open(host: string, port: number): Promise<{ gate: DatagramGate; place: Place }> {
    // What answers go to is an address already; asking for it by name would cost more than sending.
    const socket = createSocket({ type: 'udp4', lookup: (address, _, done) => done(null, address, 4) });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind({ address: host, port, exclusive: true }, resolve);
    });
    socket.removeAllListeners('error');
    // A tool that has gone shows as an error of a later datagram (ECONNREFUSED); others are not concerned.
    socket.on('error', () => {});
    return { gate: new DatagramGate(socket), place: { host, port: socket.address().port } };
  }

  /** Flows that are not forgotten yet. */
  get flows(): number {
    return this.#flows.size;
  }

  receive(door: DatagramDoor): void {
    this.#door = door;
    this.#socket.on('message', (bytes, from) => this.#take(door, bytes, from));
  }

  /**
   * What comes in here is for everybody behind `members`: each of them takes it as if the tool had sent it there, and answers from its own
   * place, by which the tool tells them apart.
   */
  spread(members: readonly DatagramGate[]): void {
    this.#socket.on('message', (bytes, from) => {
      for (const member of members) if (member.#door !== undefined) member.#take(member.#door, bytes, from);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#flows.clear();
    await new Promise<void>((resolve) => void this.#socket.close(() => resolve()));
  }

  #take(door: DatagramDoor, bytes: Uint8Array, { address, port }: RemoteInfo): void {
    if (this.#closed) return;
    const key = `${address}:${port}`;
    const known = this.#flows.get(key);
    if (known === undefined && door.isFull()) {
      this.dropped++;
      return;
    }
    const flow = known ?? this.#begin(door, key, address, port);
    door.enter(flow.number, { kind: 'data', bytes }, flow.outlet);
  }

  #begin(door: DatagramDoor, key: string, address: string, port: number): Flow {
    const { number, opens } = door.first(port);
    const outlet: GateOutlet = {
      data: (buffer, start, end) => {
        if (!this.#closed) this.#socket.send(Buffer.from(buffer.subarray(start, end)), port, address, () => {});
      },
      ended() {},
      drained() {},
      closed: () => {
        if (this.#flows.get(key)?.number === number) this.#flows.delete(key);
      },
    };
    const flow = { number, outlet };
    this.#flows.set(key, flow);
    door.enter(number, opens, outlet);
    return flow;
  }
}
