/**
 * The attack box: a host of its own on a zone's bridge, with rights that no device has. The scenario engine acts from here over real
 * sockets and, to stand between two parties, with frames of its own making; the scope guard holds as anywhere.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { PenstockError, type PlantSpec } from '@penstock/core';
import { BACNET_PORT } from '@penstock/protocols/bacnet';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import {
  type BacnetStation,
  bacnetSession,
  DeviceClock,
  DeviceDoorSession,
  type Dnp3Station,
  dnp3Session,
  engineeringSession,
  ModbusPeer,
  type MqttStation,
  type OpcUaStation,
  onlyBetween,
  opcuaSession,
  PeerMqttSession,
  PeerSession,
  s7Session,
  tryPort,
} from '@penstock/simulator/devices';
import {
  type BacnetSession,
  type Cause,
  type Dnp3Session,
  type DoorSession,
  type EngineeringSession,
  type Foothold,
  type Interposed,
  type InterpositionOptions,
  type Mark,
  type ModbusSession,
  type MqttLogin,
  type MqttSession,
  type OpcUaLogin,
  type OpcUaSession,
  type PortAnswer,
  Random,
  type S7Session,
  SocketHost,
} from '@penstock/simulator/kernel';
import type { Reach, ReachContext } from '../adversary/adversary.ts';
import { note } from '../output.ts';
import { ATTACK_BOX, ATTACK_SOCKET, type AttackBoxLayout, broadcastIn } from './layout.ts';
import { encodeLine } from './link.ts';
import { ping } from './ping.ts';
import { onRadio } from './radio.ts';
import { RawNetwork } from './raw-link.ts';
import { wallMicroseconds } from './wall.ts';

/** Marks are gathered for so long, so that each connection does not cost a request. */
const MARKS_EVERY_MS = 20;

/** Where the range left the token for who acts from here. @throws PenstockError `attack-box.range` where there is no range */
export function attackManagement(): string {
  const file = join(dirname(ATTACK_SOCKET), 'token');
  if (!existsSync(file))
    throw new PenstockError(
      'attack-box.range',
      'no range has left word here; is it running, and is this its attack box?',
    );
  return `unix:${ATTACK_SOCKET}#token=${readFileSync(file, 'utf8').trim()}`;
}

/** The way to the devices from a box on a zone's bridge. `tell` hears who caused what of its traffic. */
export function boxReach(
  box: AttackBoxLayout,
  tell: (marks: readonly Mark[]) => void,
): (inside: ReachContext) => Reach {
  return ({ plant, queue, clock }) => {
    let marks: Mark[] = [];
    const onMark = (mark: Mark): void => void marks.push(mark);
    const teller = setInterval(() => {
      if (marks.length > 0) tell(marks);
      marks = [];
    }, MARKS_EVERY_MS);
    const broadcast = broadcastIn(plant, box.zone);
    const sockets = new SocketHost({
      id: ATTACK_BOX,
      queue,
      clock,
      addresses: [box.address],
      ...(broadcast !== undefined && { broadcast }),
      ping,
      onMark,
      onTrouble: note,
    });
    const host = onRadio(sockets, plant, box.zone, { queue, seed: 0 });
    let raw: RawNetwork | undefined;
    const inside: Inside = {
      ...{ plant, queue, host, zone: box.zone },
      spec: { ...LAPTOP, zone: box.zone, address: box.address },
      // It has no controller whose writes could be somebody's.
      causedBy: () => {},
      hasBacnet: false,
      // Its own clock, which nobody has set to the plant's.
      clock: new DeviceClock(queue, wallMicroseconds() - queue.now),
      random: new Random(0, ATTACK_BOX),
      raw: () => {
        raw ??= RawNetwork.open({
          address: box.address,
          mac: box.mac,
          subnet: subnetOf(plant, box.zone),
          queue,
          clock,
          onMark,
          note,
        });
        return raw;
      },
    };
    const footholds = new Map<string, BoxFoothold>();
    return {
      foothold: (device) => {
        const foothold = footholds.get(device) ?? new BoxFoothold(device, inside);
        footholds.set(device, foothold);
        return foothold;
      },
      close: async () => {
        clearInterval(teller);
        if (marks.length > 0) tell(marks);
        await Promise.all([sockets.close(), raw?.close()]);
      },
    };
  };
}

/** What its clients say of themselves, which a laptop of the maker of its network card would say. */
const LAPTOP: OpcUaStation['spec'] = {
  id: 'laptop',
  name: 'Laptop',
  identity: { vendor: 'Dell', productCode: 'LAT', revision: '1', productName: 'Latitude', modelName: 'Latitude' },
};

interface Inside extends Dnp3Station, MqttStation, OpcUaStation, BacnetStation {
  readonly plant: PlantSpec;
  readonly zone: string;
  readonly spec: OpcUaStation['spec'] & BacnetStation['spec'];
  /** Somebody has the port of BACnet already. */
  hasBacnet: boolean;
  raw(): RawNetwork;
}

/** Whoever a step says that it acts from: here it is the box. */
class BoxFoothold implements Foothold {
  readonly device: string;
  readonly #inside: Inside;

  constructor(device: string, inside: Inside) {
    this.device = device;
    this.#inside = inside;
  }

  modbus(target: string): ModbusSession {
    const { queue, host } = this.#inside;
    return new PeerSession(queue, new ModbusPeer(queue, host, this.#spec(target)), true);
  }

  s7(target: string): S7Session {
    return s7Session(this.#inside, this.#spec(target));
  }

  dnp3(target: string, cause: Cause, as?: number): Dnp3Session {
    return dnp3Session(this.#inside, this.#spec(target), cause, as);
  }

  bacnet(target: string, _cause: Cause): BacnetSession {
    const inside = this.#inside;
    const isFirst = !inside.hasBacnet;
    const session = bacnetSession(inside, this.#spec(target), isFirst ? BACNET_PORT : 0);
    if (!isFirst) return session;
    inside.hasBacnet = true;
    const release = session.release.bind(session);
    session.release = () => {
      inside.hasBacnet = false;
      release();
    };
    return session;
  }

  mqtt(target: string, login: MqttLogin, cause: Cause): MqttSession {
    return new PeerMqttSession(this.#inside, this.#spec(target), login, cause);
  }

  opcua(target: string, cause: Cause, login?: OpcUaLogin): OpcUaSession {
    return opcuaSession(this.#inside, this.#spec(target), cause, login);
  }

  doors(target: string, cause: Cause): DoorSession {
    const inside = this.#inside;
    return new DeviceDoorSession(inside, this.#spec(target), inside.plant.network.domain, cause);
  }

  engineer(target: string, cause: Cause): EngineeringSession {
    return engineeringSession(this, this.#inside, this.#spec(target), cause);
  }

  ping(target: string, cause: Cause, done: (answered: boolean) => void): void {
    this.#inside.host.ping(this.#address(target), (roundTrip) => done(roundTrip !== undefined), 56, cause);
  }

  connect(target: string, port: number, cause: Cause, done: (answer: PortAnswer) => void): void {
    tryPort(this.#inside.host, this.#address(target), port, cause, done);
  }

  interpose(near: string, far: readonly string[], options: InterpositionOptions): Interposed {
    const { zone } = this.#inside;
    if (this.#spec(near).zone !== zone)
      throw new PenstockError('interposition.segment', `the attack box is in zone '${zone}', '${near}' is not`);
    const here = far.filter((id) => this.#spec(id).zone === zone);
    if (here.length > 0 && far.length > 1)
      throw new PenstockError(
        'interposition.segment',
        `the attack box can stand between '${near}' and one neighbour, or between '${near}' and its gateway, not both`,
      );
    const first = this.#address(near);
    const others = new Set(far.map((id) => this.#address(id)));
    const hook = options.hook && onlyBetween(first, others, options.hook);
    const second = here[0] === undefined ? undefined : this.#address(here[0]);
    return this.#inside.raw().interpose(first, second, { ...options, ...(hook && { hook }) });
  }

  #address(id: string): number {
    return parseIpv4(this.#spec(id).address);
  }

  #spec(id: string): PlantSpec['devices'][number] {
    const found = this.#inside.plant.devices.find((device) => device.id === id);
    if (found === undefined) throw new PenstockError('attack-box.device', `the plant has no device '${id}'`);
    return found;
  }
}

const subnetOf = (plant: PlantSpec, zone: string): string =>
  (plant.zones.find(({ id }) => id === zone) as PlantSpec['zones'][number]).subnet;

/** Tells the range who caused what, over the socket that it shares with the box. */
export function tellMarks(marks: readonly Mark[]): void {
  const token = new URL(attackManagement()).hash.replace('#token=', '');
  const asked = request({
    ...{ socketPath: ATTACK_SOCKET, method: 'POST', path: '/api/attack-box/marks' },
    headers: { Host: 'localhost', Authorization: `Bearer ${token}`, 'Content-Type': 'text/plain' },
  });
  asked.on('error', (error: NodeJS.ErrnoException) => note(`the range did not hear who caused what (${error.code})`));
  asked.on('response', (response) => response.resume());
  asked.end(encodeLine(marks));
}

/** Keeps the box's agent there for who acts through it: `penstock adversary … --box`. */
export function startAttackBox(plant: string, zone: string, alive: string): { stop(): void; ended: Promise<void> } {
  note(`The attack box is in zone ${zone} of ${plant}. Act from it: penstock adversary SCENARIO --box ${zone}`);
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const ticker = setInterval(() => writeFileSync(alive, ''), 1000);
  return {
    ended,
    stop: () => {
      clearInterval(ticker);
      end();
    },
  };
}
