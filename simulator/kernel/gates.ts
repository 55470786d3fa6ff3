/**
 * Loopback listeners through which real tools join the wire: each device at an address of its own in 127.0.0.0/8, with the
 * ports of its services. Bytes from outside become outside events, and are handed to the journal.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Instant } from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import type { OutsideEntry } from './clock.ts';
import type { Cause } from './foothold.ts';
import { DatagramGate } from './gate-datagrams.ts';
import { GateEntrance, type GateOutlet, type GateRecord, type GateTarget } from './gate-entrance.ts';
import { type GateService, gatePlace, type Place } from './gate-place.ts';
import type { CloseReason } from './tcp-inbox.ts';
import type { Wire } from './wire.ts';

/** Where a real tool reaches a service. */
export interface GateAddress {
  /** `dosing-plc:502`, `services:123/udp` */
  readonly gate: string;
  readonly device: string;
  readonly service: string;
  readonly transport: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
}

/** Where a real tool reaches everybody of a network who offers a service, as a broadcast would. */
export interface EverybodyAddress {
  readonly service: string;
  /** The network's broadcast address on the plant. */
  readonly broadcast: string;
  readonly host: string;
  readonly port: number;
}

export interface GateOptions {
  readonly clock: OutsideEntry;
  readonly wire: Wire;
  readonly services: readonly GateService[];
  /** Id of the host on the wire that connections come from. */
  readonly from: string;
  /** Who is known to open a connection to `gate` from the port `remotePort` of this machine; a tool that nobody knows when undefined. */
  readonly causeOf?: (gate: string, remotePort: number) => Cause | undefined;
  /** Journals what came in, as it takes effect. */
  readonly onRecord?: (record: GateRecord) => void;
  /** `own`: each device its own loopback address and port; `picked`: 127.0.0.1 and ports that the system picks. */
  readonly addresses?: 'own' | 'picked';
  /** Connections and flows of datagrams at once; more connections are reset, datagrams of more flows dropped. */
  readonly limit?: number;
}

const LIMIT = 512;

export class Gates {
  /** Where everything listens; print it. */
  readonly table: readonly GateAddress[];
  readonly everybody: readonly EverybodyAddress[];
  /** Host on the wire that new connections come from; the run may move the trainee to another zone. */
  from: string;
  readonly #options: GateOptions;
  readonly #entrance: GateEntrance;
  readonly #servers: readonly Server[];
  readonly #datagrams: readonly DatagramGate[];
  readonly #open = new Map<number, GateConnection>();
  #connections = 0;
  #closing = false;

  private constructor(options: GateOptions, opened: readonly Opened[], spread: readonly Spread[]) {
    this.#options = options;
    this.#entrance = gateEntrance(options.wire, options.services);
    this.table = opened.map(({ service, place: { host, port } }) => {
      const { device, service: protocol, transport = 'tcp' } = service;
      return { gate: gateOf(service), device, service: protocol, transport, host, port };
    });
    this.everybody = spread.map(({ service, broadcast, place }) => ({ service, broadcast, ...place }));
    this.from = options.from;
    this.#servers = opened.flatMap(({ listener }) => (listener instanceof DatagramGate ? [] : [listener]));
    this.#datagrams = [
      ...opened.flatMap(({ listener }) => (listener instanceof DatagramGate ? [listener] : [])),
      ...spread.map(({ listener }) => listener),
    ];
    for (const { service, listener } of opened) {
      const gate = gateOf(service);
      if (listener instanceof DatagramGate) this.#receive(gate, listener);
      else listener.on('connection', (socket: Socket) => this.#welcome(gate, socket));
    }
  }

  /**
   * Opens a gate for each service.
   * @throws PenstockError `gate.taken` when a port is in use, `gate.bind` when the system refuses for another reason; nothing is left
   * listening then.
   */
  static async open(options: GateOptions): Promise<Gates> {
    options.wire.host(options.from);
    const opened: Opened[] = [];
    const spread: Spread[] = [];
    try {
      for (const [index, service] of options.services.entries())
        opened.push(await openGate(service, index, options.addresses ?? 'own'));
      await openSpreads(opened, options.addresses ?? 'own', spread);
    } catch (error) {
      await Promise.all([...opened, ...spread].map(({ listener }) => closeListener(listener)));
      throw error;
    }
    return new Gates(options, opened, spread);
  }

  /** Connections that tools hold now, and flows of datagrams that are not forgotten yet. */
  get connections(): number {
    return this.#datagrams.reduce((sum, gate) => sum + gate.flows, this.#open.size);
  }

  /** Datagrams that found no room for a flow of their own. */
  get dropped(): number {
    return this.#datagrams.reduce((sum, gate) => sum + gate.dropped, 0);
  }

  /** Ends every connection and listens no more. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const connection of this.#open.values()) connection.destroy();
    this.#open.clear();
    await Promise.all([...this.#servers, ...this.#datagrams].map(closeListener));
  }

  get #isFull(): boolean {
    return this.#closing || this.connections >= (this.#options.limit ?? LIMIT);
  }

  /** Lets the datagrams of one gate in. */
  #receive(gate: string, listener: DatagramGate): void {
    const { clock, onRecord, causeOf } = this.#options;
    listener.receive({
      isFull: () => this.#isFull,
      first: (remotePort) => {
        const cause = causeOf?.(gate, remotePort);
        const opens = { kind: 'open', gate, from: this.from, ...(cause && { cause }) } as const;
        return { number: ++this.#connections, opens };
      },
      enter: (number, entry, outlet) =>
        void clock.outside({
          run: (now) => {
            const record = { time: now, connection: number, ...entry } as GateRecord;
            onRecord?.(record);
            this.#entrance.apply(record, outlet);
          },
        }),
    });
  }

  #welcome(gate: string, socket: Socket): void {
    socket.on('error', () => {}); // 'close' follows, and tells the wire
    if (this.#isFull) {
      socket.resetAndDestroy();
      return;
    }
    const number = ++this.#connections;
    const connection = new GateConnection(number, socket, this.#options, this.#entrance, () =>
      this.#open.delete(number),
    );
    this.#open.set(number, connection);
    const cause = this.#options.causeOf?.(gate, socket.remotePort ?? 0);
    connection.enter({ kind: 'open', gate, from: this.from, ...(cause && { cause }) });
  }
}

/** The wire's side of gates alone: what a replay of their journal needs. */
export function gateEntrance(wire: Wire, services: readonly GateService[]): GateEntrance {
  const targets = services.map(
    (service): GateTarget => ({
      gate: gateOf(service),
      address: parseIpv4(service.address),
      port: service.port,
      transport: service.transport ?? 'tcp',
    }),
  );
  return new GateEntrance(wire, targets);
}

const gateOf = ({ device, port, transport }: GateService): string =>
  `${device}:${port}${transport === 'udp' ? '/udp' : ''}`;

/** A gate that listens. */
interface Opened {
  readonly service: GateService;
  readonly place: Place;
  readonly listener: Server | DatagramGate;
}

async function openGate(service: GateService, index: number, addresses: 'own' | 'picked'): Promise<Opened> {
  if (service.transport === 'udp') {
    let gate: DatagramGate | undefined;
    const place = await gatePlace(service, index, addresses, async (host, port) => {
      const opened = await DatagramGate.open(host, port);
      gate = opened.gate;
      return opened.place;
    });
    return { service, place, listener: gate as DatagramGate };
  }
  const listener = createServer({ allowHalfOpen: true, noDelay: true });
  return {
    service,
    place: await gatePlace(service, index, addresses, (host, port) => listen(listener, host, port)),
    listener,
  };
}

/** A place whose datagrams go to several gates. */
interface Spread {
  readonly service: string;
  readonly broadcast: string;
  readonly place: Place;
  readonly listener: DatagramGate;
}

/** One place for each network and port where somebody is asked by asking everybody. */
async function openSpreads(opened: readonly Opened[], addresses: 'own' | 'picked', spreads: Spread[]): Promise<void> {
  const groups = new Map<string, Opened[]>();
  for (const one of opened) {
    const { broadcast, port, transport } = one.service;
    if (broadcast === undefined || transport !== 'udp') continue;
    const key = `${broadcast}:${port}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  for (const group of groups.values()) {
    const { service, broadcast, port } = (group[0] as Opened).service;
    const pseudo = {
      device: `everybody at ${broadcast}`,
      service,
      address: broadcast as string,
      port,
      transport: 'udp',
    };
    const { place, listener } = await openGate(pseudo as GateService, opened.length + spreads.length, addresses);
    const members = group.flatMap((one) => (one.listener instanceof DatagramGate ? [one.listener] : []));
    (listener as DatagramGate).spread(members);
    spreads.push({ service, broadcast: broadcast as string, place, listener: listener as DatagramGate });
  }
}

type Entry =
  | { readonly kind: 'open'; readonly gate: string; readonly from: string; readonly cause?: Cause }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' | 'reset' | 'hold' | 'release' };

/** One tool's connection: its socket on this side, the wire's connection behind the entrance. */
class GateConnection implements GateOutlet {
  readonly #number: number;
  readonly #socket: Socket;
  readonly #options: GateOptions;
  readonly #entrance: GateEntrance;
  readonly #onGone: () => void;
  #held = false;
  #wireOver = false;
  #leaving = false;

  constructor(number: number, socket: Socket, options: GateOptions, entrance: GateEntrance, onGone: () => void) {
    this.#number = number;
    this.#socket = socket;
    this.#options = options;
    this.#entrance = entrance;
    this.#onGone = onGone;
    socket.on('data', (bytes: Buffer) => this.enter({ kind: 'data', bytes }));
    socket.on('end', () => this.enter({ kind: 'end' }));
    socket.on('drain', () => this.#release());
    socket.on('close', (failed) => this.#gone(failed));
  }

  /** Brings something into the run. */
  enter(entry: Entry): void {
    if (this.#wireOver || this.#leaving) return;
    this.#options.clock.outside({ run: (now) => this.#take(entry, now) });
  }

  /** The range ends: nothing more enters the run. */
  destroy(): void {
    this.#leaving = true;
    this.#socket.destroy();
  }

  data(buffer: Uint8Array, start: number, end: number): void {
    if (this.#socket.destroyed) return;
    const room = this.#socket.write(Buffer.from(buffer.subarray(start, end)));
    if (!room && !this.#held) {
      this.#held = true;
      this.enter({ kind: 'hold' });
    }
  }

  ended(): void {
    this.#socket.end();
  }

  drained(): void {
    this.#socket.resume();
  }

  closed(reason: CloseReason): void {
    this.#wireOver = true;
    if (reason === 'closed') {
      this.#socket.end();
      // What the tool may still send has nowhere to go.
      this.#socket.resume();
    } else if (!this.#socket.destroyed) this.#socket.resetAndDestroy();
  }

  #take(entry: Entry, now: Instant): void {
    const record = { time: now, connection: this.#number, ...entry } as GateRecord;
    this.#options.onRecord?.(record);
    if (!this.#entrance.apply(record, this)) this.#socket.pause();
  }

  #release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.enter({ kind: 'release' });
  }

  #gone(failed: boolean): void {
    this.#onGone();
    // After a goodbye from both sides the wire's connection ends by itself; anything else is a tool that went away.
    const parted = !failed && this.#socket.readableEnded && this.#socket.writableFinished;
    if (!parted && !this.#leaving) this.enter({ kind: 'reset' });
  }
}

function listen(server: Server, host: string, port: number): Promise<Place> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.removeListener('error', reject);
      const address = server.address();
      resolve({ host, port: address !== null && typeof address === 'object' ? address.port : port });
    });
  });
}

const closeListener = (listener: Server | DatagramGate): Promise<void> =>
  listener instanceof DatagramGate ? listener.close() : new Promise((resolve) => void listener.close(() => resolve()));
