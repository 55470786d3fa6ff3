/**
 * A foothold of sockets: what somebody in another process can do in a running range, which is to open sessions through its gates. On
 * the plant's network they come from the guest's host, past the firewall like anybody else. It is no host on the wire, so it can
 * neither ping nor stand between others, and of ports it only finds those that a gate leads to.
 */
import { connect, createServer, type Socket } from 'node:net';
import type { GateScope, ListedGate } from '@penstock/attacks';
import { type Instant, NEVER, PenstockError, seconds } from '@penstock/core';
import { ModbusClient, ModbusTransaction } from '@penstock/protocols/modbus';
import { replyOf } from '@penstock/simulator/devices';
import type { Cause, Foothold, ModbusSession, OutsideEntry, PortAnswer, Reply } from '@penstock/simulator/kernel';
import type { Reach } from './adversary.ts';
import type { Management } from './management.ts';

/** Real time: a range that runs ten times as fast still answers at once. */
const ANSWER_WITHIN = seconds(10);
const CONNECT_WITHIN_MS = 10_000;
/** Ports that were free a moment ago may be taken; so many are tried. */
const TRIES = 5;

export interface GateDoor {
  readonly scope: GateScope;
  readonly management: Management;
  /** Answers enter the engine's queue here. */
  readonly clock: OutsideEntry;
  /** Told what makes going on senseless: a list that changed, a range that is gone. */
  failed(error: unknown): void;
}

/** The way through a range's gates. */
export function gateReach(door: GateDoor): Reach {
  const footholds = new Map<string, GateFoothold>();
  return {
    foothold: (id) => {
      const foothold = footholds.get(id) ?? new GateFoothold(id, door);
      footholds.set(id, foothold);
      return foothold;
    },
    close: () => {
      for (const foothold of footholds.values()) foothold.close();
      return Promise.resolve();
    },
  };
}

class GateFoothold implements Foothold {
  readonly device: string;
  readonly #door: GateDoor;
  readonly #sessions = new Set<GateSession>();

  constructor(device: string, door: GateDoor) {
    this.device = device;
    this.#door = door;
  }

  modbus(target: string): ModbusSession {
    const session = new GateSession(target, this.#door, () => this.#sessions.delete(session));
    this.#sessions.add(session);
    return session;
  }

  connect(target: string, port: number, cause: Cause, done: (answer: PortAnswer) => void): void {
    const { scope, clock, failed } = this.#door;
    const answer = (what: PortAnswer): void => {
      clock.outside({ run: () => done(what) });
    };
    const service = scope.serviceAt(target, port);
    if (service === undefined) {
      answer('silent');
      return;
    }
    openGate(this.#door, target, service, cause)
      .then((socket) => {
        socket.on('error', () => {});
        socket.end();
        answer('open');
      })
      .catch((error: unknown) => {
        answer('silent');
        failed(error);
      });
  }

  /** Ends what is open. */
  close(): void {
    for (const session of this.#sessions) session.end();
  }
}

interface Asked {
  readonly transaction: ModbusTransaction;
  readonly done: (reply: Reply, now: Instant) => void;
}

/** One connection, opened for the step that asks first. */
class GateSession implements ModbusSession {
  readonly #target: string;
  readonly #door: GateDoor;
  readonly #onEnd: () => void;
  readonly #client = new ModbusClient({ timeout: ANSWER_WITHIN, depth: 4 });
  #waiting: Asked[] = [];
  #socket: Socket | undefined;
  #opening = false;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(target: string, door: GateDoor, onEnd: () => void) {
    this.#target = target;
    this.#door = door;
    this.#onEnd = onEnd;
  }

  request(unit: number, pdu: Uint8Array, cause: Cause, done: (reply: Reply, now: Instant) => void): void {
    const transaction = new ModbusTransaction(unit, pdu, (ended) => this.#answer(done, replyOf(ended)));
    if (this.#ended) {
      this.#answer(done, { outcome: 'closed' });
      return;
    }
    this.#waiting.push({ transaction, done });
    if (this.#socket !== undefined) this.#send();
    else if (!this.#opening) {
      this.#opening = true;
      this.#open(cause).catch((error: unknown) => {
        this.end('refused');
        this.#door.failed(error);
      });
    }
  }

  release(): void {
    this.end();
  }

  /** Hangs up; what still waits for an answer hears `outcome`. */
  end(outcome: 'closed' | 'refused' = 'closed'): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#socket?.end();
    this.#client.disconnected(wallNow());
    for (const { done } of this.#waiting.splice(0)) this.#answer(done, { outcome });
    this.#onEnd();
  }

  async #open(cause: Cause): Promise<void> {
    this.#take(await openGate(this.#door, this.#target, 'modbus', cause));
  }

  #take(socket: Socket): void {
    if (this.#ended) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#client.receive(bytes, wallNow());
      this.#pump();
    });
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => this.end());
    this.#send();
  }

  #send(): void {
    for (const { transaction, done } of this.#waiting.splice(0))
      if (!this.#client.submit(transaction, wallNow())) this.#answer(done, { outcome: 'closed' });
    this.#pump();
  }

  #pump(): void {
    const bytes = this.#client.take();
    if (bytes !== undefined) this.#socket?.write(bytes);
    clearTimeout(this.#timer);
    const due = this.#client.due();
    if (due === NEVER || this.#ended) return;
    this.#timer = setTimeout(
      () => {
        this.#client.tick(wallNow());
        this.#pump();
      },
      Math.max(1, (due - wallNow()) / 1000),
    );
  }

  #answer(done: (reply: Reply, now: Instant) => void, reply: Reply): void {
    this.#door.clock.outside({ run: (now) => done(reply, now) });
  }
}

/**
 * A connection through the gate to a service, of which the range was told before it comes.
 * @throws ScopeError as `GateScope.gate`; PenstockError `adversary.gate` when the gate lets nobody in
 */
async function openGate(
  { scope, management }: GateDoor,
  target: string,
  service: string,
  cause: Cause,
): Promise<Socket> {
  for (let tries = 1; ; tries++) {
    // The list is asked for anew before each connection: what was right at the start need not be right now.
    const gate = scope.gate(target, service, await management.describe());
    const port = await freePort();
    await management.report({
      do: 'connect',
      ...{ device: gate.device, service: gate.service, port, step: cause.step },
      twin: cause.actor.startsWith('twin:'),
    });
    try {
      return await dial(gate, port);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE' && tries < TRIES) continue;
      if (code === undefined) throw error;
      throw new PenstockError(
        'adversary.gate',
        `the gate of '${gate.device}' at ${gate.host}:${gate.port} lets nobody in (${code}); is the range still running?`,
        undefined,
        error,
      );
    }
  }
}

const wallNow = (): Instant => Math.floor(performance.now() * 1000) as Instant;

/** A port of this machine that nobody uses, so that the range can be told of a connection before it comes. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}

function dial({ host, port }: ListedGate, localPort: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, localPort, noDelay: true });
    socket.setTimeout(CONNECT_WITHIN_MS, () =>
      socket.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })),
    );
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeListener('error', reject);
      resolve(socket);
    });
  });
}
