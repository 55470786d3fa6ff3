/** What somebody who sits at a device of the plant can make it send; normal operation and attacks act through the same. */
import { type DeviceSpec, type Instant, PenstockError, seconds } from '@penstock/core';
import { inSubnet, parseIpv4 } from '@penstock/protocols/ethernet';
import { ModbusTransaction } from '@penstock/protocols/modbus';
import { S7Transaction } from '@penstock/protocols/s7comm';
import {
  type BacnetSession,
  type Cause,
  type CloseReason,
  type Dnp3Session,
  type DoorSession,
  type EngineeringSession,
  type EventQueue,
  type Foothold,
  Host,
  type Interposed,
  Interposition,
  type InterpositionOptions,
  type ModbusSession,
  type MqttLogin,
  type MqttSession,
  type NetworkHost,
  type OpcUaLogin,
  type OpcUaSession,
  type PointSession,
  type PortAnswer,
  type RelayHook,
  type Reply,
  type S7Session,
} from '@penstock/simulator/kernel';
import { BacnetPeer, type BacnetStation, bacnetAddress } from './bacnet-peer.ts';
import { BacnetPoints, commandedObject } from './bacnet-points.ts';
import { PeerBacnetSession } from './bacnet-session.ts';
import type { Device } from './device.ts';
import { Dnp3Peer, type Dnp3Station } from './dnp3-peer.ts';
import { Dnp3Points, dnp3Output } from './dnp3-points.ts';
import { PeerDnp3Session } from './dnp3-session.ts';
import { DeviceDoorSession } from './door-session.ts';
import { engineeringSession } from './engineering.ts';
import { ModbusPeer } from './modbus-peer.ts';
import { metricsOf, PeerMqttSession, SparkplugPoints, sparkplugPoint } from './mqtt-points.ts';
import { OpcUaPeer, type OpcUaStation, PeerOpcUaSession } from './opcua-peer.ts';
import { checkOpcUaPoint, OpcUaPoints } from './opcua-points.ts';
import { BacnetPoller } from './parts/bacnet-poller.ts';
import { Dnp3Poller } from './parts/dnp3-poller.ts';
import { ModbusPoller } from './parts/modbus-poller.ts';
import { MqttHost } from './parts/mqtt-host.ts';
import { OpcUaPoller } from './parts/opcua-poller.ts';
import { S7Poller } from './parts/s7-poller.ts';
import { S7Peer } from './s7-peer.ts';
import { checkS7Point, S7Points } from './s7-points.ts';

/** What masters have where nobody set anything else. */
const USUAL_ADDRESS = 1;

export class DeviceFoothold implements Foothold {
  readonly device: string;
  readonly #device: Device;

  constructor(device: Device) {
    this.device = device.spec.id;
    this.#device = device;
  }

  modbus(target: string): ModbusSession {
    const standing = this.#device.part(ModbusPoller)?.peer(target);
    const { queue, host } = this.#device;
    if (standing !== undefined) return new PeerSession(queue, standing, false);
    this.#device.attended();
    return new PeerSession(queue, new ModbusPeer(queue, host, this.#device.device(target)), true);
  }

  points(target: string, cause: Cause): PointSession | undefined {
    const spec = this.#device.device(target);
    const s7 = this.#device.part(S7Poller)?.peer(target);
    if (s7 !== undefined) return new S7Points(this.#device.queue, s7, spec, cause);
    const dnp3 = this.#device.part(Dnp3Poller)?.peer(target);
    const poll = this.#device.spec.polls.find((one) => one.device === target && one.protocol === 'dnp3');
    if (dnp3 !== undefined && poll?.protocol === 'dnp3')
      return new Dnp3Points(new PeerDnp3Session(this.#device.queue, dnp3, false), spec, poll.commands, cause);
    const bacnet = this.#device.spec.polls.find((one) => one.device === target && one.protocol === 'bacnet');
    const objects = this.#device.part(BacnetPoller)?.peer;
    if (objects !== undefined && bacnet?.protocol === 'bacnet')
      return new BacnetPoints(objects, spec, bacnet.priority, cause);
    const opcua = this.#device.part(OpcUaPoller)?.peer(target);
    if (opcua !== undefined) return new OpcUaPoints(this.#device.queue, this.#device.plant, opcua, spec, cause);
    const host = this.#device.part(MqttHost);
    const metrics = host === undefined ? [] : metricsOf(this.#device.plant.devices, host.peer.target, target);
    return host !== undefined && metrics.length > 0 ? new SparkplugPoints(host, target, metrics, cause) : undefined;
  }

  s7(target: string): S7Session {
    const standing = this.#device.part(S7Poller)?.peer(target);
    if (standing !== undefined) return new S7PeerSession(this.#device.queue, standing, false);
    this.#device.attended();
    return s7Session(this.#device, this.#device.device(target));
  }

  bacnet(target: string, _cause: Cause): BacnetSession {
    const device = this.#device;
    const spec = device.device(target);
    const to = bacnetAddress(spec);
    const standing = device.part(BacnetPoller);
    if (standing?.speaksTo(target) === true) return new PeerBacnetSession(device.queue, standing.peer, to, false);
    device.attended();
    // A tool listens where the protocol is, unless something of the device does already.
    const isTaken = standing !== undefined || device.spec.services.some(({ protocol }) => protocol === 'bacnet');
    return bacnetSession(device, spec, isTaken ? 0 : to.port);
  }

  dnp3(target: string, cause: Cause, as?: number): Dnp3Session {
    const device = this.#device;
    const standing = device.part(Dnp3Poller)?.peer(target);
    if (standing !== undefined && (as === undefined || as === standing.address))
      return new PeerDnp3Session(device.queue, standing, false);
    device.attended();
    return dnp3Session(device, device.device(target), cause, as);
  }

  mqtt(target: string, login: MqttLogin, cause: Cause): MqttSession {
    this.#device.attended();
    return new PeerMqttSession(this.#device, this.#device.device(target), login, cause);
  }

  opcua(target: string, cause: Cause, login?: OpcUaLogin): OpcUaSession {
    const device = this.#device;
    const standing = device.part(OpcUaPoller)?.peer(target);
    if (standing !== undefined && login === undefined) return new PeerOpcUaSession(device.queue, standing, false);
    device.attended();
    return opcuaSession(device, device.device(target), cause, login);
  }

  engineer(target: string, cause: Cause): EngineeringSession {
    this.#device.attended();
    return engineeringSession(this, this.#device, this.#device.device(target), cause);
  }

  doors(target: string, cause: Cause): DoorSession {
    const device = this.#device;
    device.attended();
    return new DeviceDoorSession(device, device.device(target), device.plant.network.domain, cause);
  }

  ping(target: string, cause: Cause, done: (answered: boolean) => void): void {
    this.#device.host.ping(this.#address(target), (roundTrip) => done(roundTrip !== undefined), 56, cause);
  }

  connect(target: string, port: number, cause: Cause, done: (answer: PortAnswer) => void): void {
    tryPort(this.#device.host, this.#address(target), port, cause, done);
  }

  /** @throws PenstockError as `Foothold.interpose`; `interposition.host` where the device is no host on the wire */
  interpose(near: string, far: readonly string[], options: InterpositionOptions): Interposed {
    const { host } = this.#device;
    if (!(host instanceof Host))
      throw new PenstockError('interposition.host', `'${this.device}' has sockets only and cannot forge frames`);
    const { subnet, gateway } = host.segment;
    const first = this.#address(near);
    const others = far.map((id) => this.#address(id));
    const here = others.filter((address) => inSubnet(address, subnet));
    if (here.length > 0 && others.length > 1)
      throw new PenstockError(
        'interposition.segment',
        `'${this.device}' can stand between '${near}' and one neighbour, or between '${near}' and its gateway, not both`,
      );
    const second = here[0] ?? gateway;
    return new Interposition(host, first, second, {
      ...options,
      ...(options.hook && { hook: onlyBetween(first, new Set(others), options.hook) }),
    });
  }

  #address(target: string): number {
    return parseIpv4(this.#device.device(target).address);
  }
}

/** An S7 session of its own from a host. @throws PenstockError `device.no-s7` */
export const s7Session = ({ queue, host }: Pick<Dnp3Station, 'queue' | 'host'>, target: DeviceSpec): S7Session =>
  new S7PeerSession(queue, new S7Peer(queue, host, target), true);

/** BACnet of its own from a host, from a port of it. @throws PenstockError `device.no-bacnet` */
export function bacnetSession(station: BacnetStation, target: DeviceSpec, port: number): BacnetSession {
  const to = bacnetAddress(target);
  const peer = new BacnetPeer(station, port, {});
  peer.start();
  return new PeerBacnetSession(station.queue, peer, to, true);
}

/** A session of its own from a host with an OPC UA server. @throws PenstockError `device.no-opcua` */
export const opcuaSession = (
  station: OpcUaStation,
  target: DeviceSpec,
  cause: Cause,
  login: OpcUaLogin | undefined,
): OpcUaSession => new PeerOpcUaSession(station.queue, new OpcUaPeer(station, target, login, cause), true);

/** A DNP3 session of its own from a host, under link address `as`. @throws PenstockError `device.no-dnp3` */
export function dnp3Session(station: Dnp3Station, target: DeviceSpec, cause: Cause, as = USUAL_ADDRESS): Dnp3Session {
  const { queue } = station;
  const tool = { address: as, integrity: undefined, keepAlive: undefined, unsolicited: false };
  const peer = new Dnp3Peer(station, target, tool, {});
  peer.mark(cause);
  peer.start(queue.now);
  return new PeerDnp3Session(queue, peer, true);
}

/**
 * What refuses tags that operators at a device cannot write at `target` over the standing conversation with it, with a PenstockError
 * `operator.point`; undefined where that is Modbus, or there is none.
 */
export function pointCheck(device: Device, target: string): ((tag: string) => void) | undefined {
  const spec = device.device(target);
  if (device.part(S7Poller)?.peer(target) !== undefined) return (tag) => checkS7Point(spec, tag);
  if (device.part(Dnp3Poller)?.peer(target) !== undefined) return (tag) => void dnp3Output(spec, tag);
  if (device.part(BacnetPoller)?.speaksTo(target) === true) return (tag) => void commandedObject(spec, tag);
  if (device.part(OpcUaPoller)?.peer(target) !== undefined) return (tag) => checkOpcUaPoint(spec, tag);
  const broker = device.part(MqttHost)?.peer.target;
  const metrics = broker === undefined ? [] : metricsOf(device.plant.devices, broker, target);
  return metrics.length > 0 ? (tag) => void sparkplugPoint(target, metrics, tag) : undefined;
}

/** One TCP connect from a host, hung up at once where somebody listens. */
export function tryPort(
  host: NetworkHost,
  address: number,
  port: number,
  cause: Cause,
  done: (answer: PortAnswer) => void,
): void {
  const handler = {
    open: () => {
      connection.abort();
      done('open');
    },
    data() {},
    // Once it stands, its end is of our own making.
    closed: (reason: CloseReason) => {
      if (reason !== 'aborted') done(reason === 'refused' || reason === 'reset' ? 'refused' : 'silent');
    },
  };
  const connection = host.connect(address, port, handler, { cause, timeout: CONNECT_TIMEOUT });
}

/** Whoever asks for a port waits as long as scanners do. */
const CONNECT_TIMEOUT = seconds(3);

/** A gateway's neighbour hears more than the two parties: what others tell each other passes as it is. */
export function onlyBetween(near: number, far: ReadonlySet<number>, hook: RelayHook): RelayHook {
  return (packet, now) => {
    const between =
      packet.source === near ? far.has(packet.destination) : packet.destination === near && far.has(packet.source);
    return between ? hook(packet, now) : true;
  };
}

/** Requests over a connection to one device: a standing one, or one of its own that ends with it. */
export class PeerSession implements ModbusSession {
  readonly #queue: EventQueue;
  readonly #peer: ModbusPeer;
  readonly #own: boolean;

  constructor(queue: EventQueue, peer: ModbusPeer, own: boolean) {
    this.#queue = queue;
    this.#peer = peer;
    this.#own = own;
  }

  request(unit: number, pdu: Uint8Array, cause: Cause, done: (reply: Reply, now: Instant) => void): void {
    const queue = this.#queue;
    const transaction = new ModbusTransaction(unit, pdu, (ended, now) => done(replyOf(ended), now));
    if (!this.#peer.submit(transaction, queue.now, cause))
      queue.in(seconds(0), { run: (now) => done({ outcome: 'closed' }, now) });
  }

  release(): void {
    if (this.#own) this.#peer.close();
  }
}

/** The same over S7. */
class S7PeerSession implements S7Session {
  readonly #queue: EventQueue;
  readonly #peer: S7Peer;
  readonly #own: boolean;

  constructor(queue: EventQueue, peer: S7Peer, own: boolean) {
    this.#queue = queue;
    this.#peer = peer;
    this.#own = own;
  }

  request(message: Uint8Array, cause: Cause, done: (reply: Reply, now: Instant) => void): void {
    const queue = this.#queue;
    const transaction = new S7Transaction(message, (ended, now) => {
      const { state, response, responseLength } = ended;
      if (state === 'done' || state === 'refused')
        done({ outcome: 'answered', pdu: response.slice(0, responseLength) }, now);
      else done({ outcome: state === 'timeout' ? 'timeout' : 'closed' }, now);
    });
    if (!this.#peer.submit(transaction, queue.now, cause))
      queue.in(seconds(0), { run: (now) => done({ outcome: 'closed' }, now) });
  }

  release(): void {
    if (this.#own) this.#peer.close();
  }
}

export function replyOf(transaction: ModbusTransaction): Reply {
  switch (transaction.state) {
    case 'done':
    case 'exception':
      return { outcome: 'answered', pdu: transaction.response.slice(0, transaction.responseLength) };
    case 'timeout':
      return { outcome: 'timeout' };
    default:
      return { outcome: 'closed' };
  }
}
