/** A device and a client on an imaginary wire: what one sends the other receives, at instants that the test chooses. */
import { type Instant, seconds, type WriteOutcome, type Writer } from '@penstock/core';
import {
  BacnetClient,
  BacnetServer,
  type ClientHandler,
  type Peer,
  type PointObjectSpec,
  type ServerOptions,
} from '../index.ts';

export const SERVER: Peer = { address: 0x0a140110, port: 47_808 };
export const CLIENT: Peer = { address: 0x0a140120, port: 47_808 };

const text = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

/** The ventilation of a room where hypochlorite is kept. */
const POINTS: readonly PointObjectSpec[] = [
  {
    ...{ kind: 'analog-input', instance: 1, name: 'AIT901', point: 0, units: 96, covIncrement: 0.1, range: [0, 10] },
    alarm: { notificationClass: 1, delay: 2, notify: 'alarm', high: 0.5, low: undefined, deadBand: 0.1 },
  },
  {
    kind: 'analog-output',
    instance: 1,
    name: 'SC901',
    point: 1,
    units: 98,
    covIncrement: 1,
    relinquishDefault: 40,
    range: [0, 100],
  },
  {
    kind: 'binary-output',
    instance: 1,
    name: 'FAN901',
    point: 2,
    states: ['stopped', 'running'],
    relinquishDefault: 1,
  },
  { kind: 'analog-value', instance: 1, name: 'SP901', point: 3, units: 98, covIncrement: 0.5 },
  { kind: 'multi-state-value', instance: 1, name: 'MODE901', point: 4, states: ['off', 'supply', 'exhaust'] },
  {
    kind: 'binary-input',
    instance: 1,
    name: 'DP901',
    point: 5,
    states: ['low', 'normal'],
    alarm: { notificationClass: 1, delay: 0, notify: 'alarm', values: [0] },
  },
];

export class Station {
  now = 0 as Instant;
  readonly memory = [0.1, 40, 1, 30, 1, 1];
  readonly writes: { point: number; value: number; writer: Writer }[] = [];
  readonly restarts: string[] = [];
  readonly notices: string[] = [];
  epoch = Date.UTC(2026, 10, 21, 8) * 1000;
  /** What the memory answers to writes. */
  outcome: WriteOutcome = 'done';
  readonly server: BacnetServer;
  readonly client: BacnetClient;
  /** Datagrams as they went over the wire, oldest first. */
  readonly wire: { from: 'client' | 'server'; octets: Uint8Array; isBroadcast: boolean }[] = [];
  /** Datagrams of the server that get lost from now on. */
  lose = 0;

  constructor(options: Partial<ServerOptions> = {}, handler: ClientHandler = {}) {
    this.server = new BacnetServer({
      instance: 901,
      name: 'ventilation',
      identity: {
        vendor: 'Penstock Air',
        productCode: 'PA-VC2',
        revision: '2.1.0',
        productName: 'Ventilation controller',
        modelName: 'VC2',
      },
      vendor: 260,
      points: POINTS,
      access: {
        read: (point) => this.memory[point] as number,
        write: (point, value, writer) => {
          if (this.outcome !== 'done') return this.outcome;
          this.memory[point] = value;
          this.writes.push({ point, value, writer });
          return 'done';
        },
      },
      classes: [
        {
          instance: 1,
          name: 'life safety',
          priorities: [10, 20, 200],
          ackRequired: [true, false, false],
          recipients: [{ device: 77, process: 5, confirmed: true, transitions: [true, true, true] }],
        },
      ],
      clock: {
        now: () => this.epoch + this.now,
        set: (micros) => {
          this.epoch = micros - this.now;
          return 'done';
        },
      },
      link: { port: SERVER.port, address: SERVER.address },
      devices: new Map([[77, CLIENT]]),
      restart: (kind) => {
        this.restarts.push(kind);
        return true;
      },
      notice: (what) => this.notices.push(what),
      addressText: text,
      ...options,
    });
    this.client = new BacnetClient({ link: { port: CLIENT.port, address: CLIENT.address }, handler });
  }

  /** Carries everything to and fro until nobody has anything to say. */
  settle(): void {
    for (let rounds = 0; rounds < 1000; rounds++) {
      let moved = false;
      for (let out = this.client.take(); out !== undefined; out = this.client.take()) {
        moved = true;
        this.wire.push({ from: 'client', octets: out.octets, isBroadcast: out.address === undefined });
        this.server.datagram(out.octets, CLIENT.address, CLIENT.port, this.now);
      }
      for (let out = this.server.take(); out !== undefined; out = this.server.take()) {
        moved = true;
        this.wire.push({ from: 'server', octets: out.octets, isBroadcast: out.address === undefined });
        if (this.lose > 0) this.lose--;
        else this.client.receive(out.octets, 0, out.octets.length, SERVER.address, SERVER.port, this.now);
      }
      if (!moved) return;
    }
    throw new Error('the two never stop talking');
  }

  /** Time goes on, with every tick that somebody asked for. */
  pass(length: number): void {
    const until = this.now + seconds(length);
    for (;;) {
      this.settle();
      const due = Math.min(this.client.due(), this.server.due());
      if (due > until) break;
      this.now = Math.max(this.now, due) as Instant;
      this.client.tick(this.now);
      this.server.tick(this.now);
    }
    this.now = until as Instant;
    this.settle();
  }
}
