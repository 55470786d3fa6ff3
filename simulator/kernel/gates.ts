/**
 * Loopback listeners through which real tools join the wire: each device at an address of its own in 127.0.0.0/8, with the
 * ports of its services. Bytes from outside become outside events, and are handed to the journal.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { type Instant, PenstockError } from '@penstock/core';
import { formatIpv4, parseIpv4 } from '@penstock/protocols/ethernet';
import type { OutsideEntry } from './clock.ts';
import type { Cause } from './foothold.ts';
import { GateEntrance, type GateOutlet, type GateRecord, type GateTarget } from './gate-entrance.ts';
import type { CloseReason } from './tcp-inbox.ts';
import type { Wire } from './wire.ts';

/** A TCP service of a device that gets a gate. */
export interface GateService {
  /** Device id. */
  readonly device: string;
  /** Name of the protocol, for the table. */
  readonly service: string;
  /** Address on the plant's network. */
  readonly address: string;
  readonly port: number;
}

/** Where a real tool reaches a service. */
export interface GateAddress {
  /** `dosing-plc:502` */
  readonly gate: string;
  readonly device: string;
  readonly service: string;
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
  /** Connections at once; more are reset. */
  readonly limit?: number;
}

const LIMIT = 512;
/** Added to a privileged port that this process may not bind. */
const UNPRIVILEGED = 10_000;
/** First port where the system has no loopback address but 127.0.0.1. */
const SHARED_FIRST = 20_000;

/** The loopback address of a plant address: 10.20.1.13 becomes 127.20.1.13. */
export const loopbackOf = (address: string): string =>
  formatIpv4(((parseIpv4(address) & 0x00ff_ffff) | 0x7f00_0000) >>> 0);

export class Gates {
  /** Where everything listens; print it. */
  readonly table: readonly GateAddress[];
  /** Host on the wire that new connections come from; the run may move the trainee to another zone. */
  from: string;
  readonly #options: GateOptions;
  readonly #entrance: GateEntrance;
  readonly #servers: readonly Server[];
  readonly #open = new Map<number, GateConnection>();
  #connections = 0;
  #closing = false;

  private constructor(
    options: GateOptions,
    entrance: GateEntrance,
    table: readonly GateAddress[],
    servers: readonly Server[],
  ) {
    this.#options = options;
    this.#entrance = entrance;
    this.table = table;
    this.#servers = servers;
    this.from = options.from;
    servers.forEach((server, i) => {
      const { gate } = table[i] as GateAddress;
      server.on('connection', (socket: Socket) => this.#welcome(gate, socket));
    });
  }

  /**
   * Opens a gate for each service.
   * @throws PenstockError `gate.taken` when a port is in use, `gate.bind` when the system refuses for another reason; nothing is left
   * listening then.
   */
  static async open(options: GateOptions): Promise<Gates> {
    options.wire.host(options.from);
    const table: GateAddress[] = [];
    const servers: Server[] = [];
    try {
      for (const [index, service] of options.services.entries()) {
        const server = createServer({ allowHalfOpen: true, noDelay: true });
        const place = await bind(server, service, index, options.addresses ?? 'own');
        servers.push(server);
        table.push({ gate: gateOf(service), device: service.device, service: service.service, ...place });
      }
    } catch (error) {
      await Promise.all(servers.map(closeServer));
      throw error;
    }
    return new Gates(options, gateEntrance(options.wire, options.services), table, servers);
  }

  /** Connections that tools hold now. */
  get connections(): number {
    return this.#open.size;
  }

  /** Ends every connection and listens no more. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const connection of this.#open.values()) connection.destroy();
    this.#open.clear();
    await Promise.all(this.#servers.map(closeServer));
  }

  #welcome(gate: string, socket: Socket): void {
    socket.on('error', () => {}); // 'close' follows, and tells the wire
    if (this.#closing || this.#open.size >= (this.#options.limit ?? LIMIT)) {
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
    (service): GateTarget => ({ gate: gateOf(service), address: parseIpv4(service.address), port: service.port }),
  );
  return new GateEntrance(wire, targets);
}

const gateOf = (service: GateService): string => `${service.device}:${service.port}`;

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

/** Finds a place for a gate: see `GateOptions.addresses`, and the fallbacks in DESIGN.md. */
async function bind(
  server: Server,
  service: GateService,
  index: number,
  addresses: 'own' | 'picked',
): Promise<{ host: string; port: number }> {
  if (addresses === 'picked') return listen(server, '127.0.0.1', 0);
  const own = loopbackOf(service.address);
  try {
    return await listen(server, own, service.port);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EACCES' && service.port < 1024)
      return listenOrExplain(server, service, own, service.port + UNPRIVILEGED);
    // Systems that know no loopback address but the first (macOS, BSD).
    if (code === 'EADDRNOTAVAIL') return listenOrExplain(server, service, '127.0.0.1', SHARED_FIRST + index);
    throw explain(error, service, own, service.port);
  }
}

async function listenOrExplain(server: Server, service: GateService, host: string, port: number) {
  try {
    return await listen(server, host, port);
  } catch (error) {
    throw explain(error, service, host, port);
  }
}

function explain(error: unknown, service: GateService, host: string, port: number): PenstockError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const what = `the gate of '${service.device}' (${service.service}) at ${host}:${port}`;
  return code === 'EADDRINUSE'
    ? new PenstockError(
        'gate.taken',
        `${what} is in use; another range of this plant may be running on this machine: stop it, or start this one without gates`,
        undefined,
        error,
      )
    : new PenstockError('gate.bind', `${what} could not be opened: ${code}`, undefined, error);
}

function listen(server: Server, host: string, port: number): Promise<{ host: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.removeListener('error', reject);
      const address = server.address();
      resolve({ host, port: address !== null && typeof address === 'object' ? address.port : port });
    });
  });
}

const closeServer = (server: Server): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));
