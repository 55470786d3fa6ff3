/** BACnet/IP between a host and a device on the network of a capture: client and server are those of the protocol. */
import type { Instant } from '@penstock/core';
import { BACNET_PORT, BacnetClient, BacnetServer, type Peer, type PointObjectSpec } from '@penstock/protocols/bacnet';
import { formatIpv4, parseIpv4 } from '@penstock/protocols/ethernet';
import type { Lan } from './lan.ts';

const POINTS: readonly PointObjectSpec[] = [
  {
    ...{ kind: 'analog-input', instance: 1, name: 'AIT901', point: 0, units: 96, covIncrement: 0.05 },
    alarm: { notificationClass: 1, delay: 5, notify: 'alarm', high: 0.5, deadBand: 0.1 },
  },
  {
    kind: 'multi-state-output',
    instance: 1,
    name: 'HS901',
    point: 1,
    states: ['off', 'supply', 'exhaust'],
    relinquishDefault: 3,
  },
  {
    kind: 'analog-value',
    instance: 1,
    name: 'SC901',
    point: 2,
    units: 98,
    covIncrement: 1,
    commandable: true,
    relinquishDefault: 40,
  },
];

/** The ventilation's controller. */
export class Ventilation {
  readonly memory = [0.1, 2, 40];
  readonly server: BacnetServer;

  constructor(password?: string) {
    this.server = new BacnetServer({
      ...{ instance: 901, name: 'ventilation', vendor: 24, points: POINTS, password, location: 'Chemical building' },
      identity: {
        ...{ vendor: 'Automated Logic Corporation', productCode: 'OF1628', revision: '6.5.12' },
        ...{ productName: 'Equipment controller', modelName: 'OF1628' },
      },
      access: {
        read: (point) => this.memory[point] as number,
        write: (point, value) => {
          this.memory[point] = value;
          return 'done';
        },
      },
      classes: [
        { instance: 1, name: 'alarms 1', priorities: [10, 20, 200], ackRequired: [true, true, false], recipients: [] },
      ],
      clock: { now: () => Date.UTC(2026, 0, 5, 8) * 1000, set: () => 'done' },
      link: { port: BACNET_PORT, bbmd: { peers: [], acceptsForeign: true, writable: true } },
      restart: () => true,
      addressText: formatIpv4,
    });
  }
}

export class BacnetTool {
  readonly to: Peer;
  readonly device: Ventilation;
  readonly #lan: Lan;
  readonly #from: string;
  readonly #target: string;
  readonly #client: BacnetClient;

  constructor(lan: Lan, from: string, target: string, device = new Ventilation()) {
    this.#lan = lan;
    this.#from = from;
    this.#target = target;
    this.device = device;
    this.to = { address: parseIpv4(target), port: BACNET_PORT };
    this.#client = new BacnetClient({ link: { port: BACNET_PORT, address: parseIpv4(from) } });
  }

  /** Does something as a client, and carries it to and fro until nobody has anything to say. */
  say(act: (client: BacnetClient, now: Instant) => void): this {
    act(this.#client, this.#now);
    const from = parseIpv4(this.#from);
    for (let isOver = false; !isOver; ) {
      isOver = true;
      for (let out = this.#client.take(); out !== undefined; out = this.#client.take()) {
        isOver = false;
        this.raw(out.octets, out.address === undefined);
      }
      const { server } = this.device;
      for (let out = server.take(); out !== undefined; out = server.take()) {
        isOver = false;
        const to = out.address === undefined ? broadcastOf(this.#target) : formatIpv4(out.address);
        this.#lan.udp(this.#target, to, [BACNET_PORT, out.port], out.octets);
        if (out.address === from)
          this.#client.receive(out.octets, 0, out.octets.length, this.to.address, BACNET_PORT, this.#now);
      }
    }
    return this;
  }

  /** A datagram as it is, to the device or to everybody. */
  raw(octets: Uint8Array, isForAll = false): void {
    const to = isForAll ? broadcastOf(this.#from) : this.#target;
    this.#lan.udp(this.#from, to, [BACNET_PORT, BACNET_PORT], octets);
    this.device.server.datagram(octets, parseIpv4(this.#from), BACNET_PORT, this.#now);
  }

  get #now(): Instant {
    return (this.#lan.time % 1e12) as Instant;
  }
}

/** Of a network of 256 addresses. */
const broadcastOf = (address: string): string => address.replace(/\d+$/, '255');
