/** One point of a device, whichever protocol reaches it: read it, write it, compare two of its values. */
import type { DeviceSpec, PlantSpec } from '@penstock/core';
import { encodeValue, type MapEntry, PointWrite, readTransaction } from '@penstock/protocols/modbus';
import {
  addressOfEntry,
  addressText,
  decodeS7,
  encodeEntry,
  type MemoryEntry,
  RETURN_CODES,
  readingOf as readingOfS7,
  S7Memory,
  S7PointWrite,
  S7Read,
} from '@penstock/protocols/s7comm';
import type {
  BacnetSession,
  Cause,
  Dnp3Session,
  DoorSession,
  Foothold,
  ModbusSession,
  MqttLogin,
  MqttSession,
  OpcUaLogin,
  OpcUaSession,
  Reply,
  S7Session,
} from '@penstock/simulator/kernel';
import { ScopeError, type ScopeGuard } from '../scope.ts';
import { type BacnetManner, ObjectPoint } from './bacnet-point.ts';
import type { StepResult, Way } from './context.ts';
import { masterAddress, nobody, type Outstation, outstationOf, usualWay } from './dnp3.ts';
import { OutstationPoint } from './dnp3-point.ts';
import { doorPoint } from './door-point.ts';
import { addressOf, readingOf, resultOf, specOf, type Target, targetOf } from './modbus.ts';
import { type OverBroker, SparkplugPoint } from './mqtt-point.ts';
import { NodePoint, offersOpcUa } from './node-point.ts';

export type Read = (value: number | undefined, detail: string) => void;

/** Sessions from a foothold to one device, opened when a point first needs one and shared by all points. */
export class PointLine {
  readonly #foothold: Foothold;
  readonly #device: string;
  #modbus: ModbusSession | undefined;
  #s7: S7Session | undefined;
  #dnp3: Dnp3Session | undefined;
  #bacnet: BacnetSession | undefined;
  #doors: DoorSession | undefined;
  readonly #as: number | undefined;
  /** How DNP3 outputs are commanded where nobody says otherwise. */
  readonly usualWay: 'select' | 'direct';

  constructor(foothold: Foothold, device: string, { as, usualWay = 'direct' }: Dnp3Manner = {}) {
    this.#foothold = foothold;
    this.#device = device;
    this.#as = as;
    this.usualWay = usualWay;
  }

  get from(): string {
    return this.#foothold.device;
  }

  get modbus(): ModbusSession {
    this.#modbus ??= this.#foothold.modbus(this.#device);
    return this.#modbus;
  }

  /** Undefined where nobody at the foothold can speak S7. */
  get s7(): S7Session | undefined {
    this.#s7 ??= this.#foothold.s7?.(this.#device);
    return this.#s7;
  }

  /** Undefined where nobody at the foothold can speak DNP3. */
  dnp3(cause: Cause): Dnp3Session | undefined {
    this.#dnp3 ??= this.#foothold.dnp3?.(this.#device, cause, this.#as);
    return this.#dnp3;
  }

  /** A client of its own on a broker, for one piece of work; undefined where nobody at the foothold can speak MQTT. */
  mqtt(broker: string, login: MqttLogin, cause: Cause): MqttSession | undefined {
    return this.#foothold.mqtt?.(broker, login, cause);
  }

  /** A session of its own with an OPC UA server, for one piece of work; undefined where nobody at the foothold can speak it. */
  opcua(server: string, login: OpcUaLogin, cause: Cause): OpcUaSession | undefined {
    return this.#foothold.opcua?.(server, cause, login);
  }

  /** Undefined where nobody at the foothold can speak BACnet. */
  bacnet(cause: Cause): BacnetSession | undefined {
    this.#bacnet ??= this.#foothold.bacnet?.(this.#device, cause);
    return this.#bacnet;
  }

  /** Undefined where nobody at the foothold can come in by doors. */
  doors(cause: Cause): DoorSession | undefined {
    this.#doors ??= this.#foothold.doors?.(this.#device, cause);
    return this.#doors;
  }

  release(): void {
    this.#dnp3?.release();
    this.#bacnet?.release();
    this.#modbus?.release();
    this.#s7?.release();
  }
}

/** How somebody speaks DNP3 to an outstation. */
export interface Dnp3Manner {
  /** Link address, where it is not the host's own. */
  readonly as?: number | undefined;
  readonly usualWay?: 'select' | 'direct' | undefined;
}

/**
 * How the host of `from` speaks to a device: under the link address of the master `as`, where a step names one.
 * @throws ScopeError for a role that is out of scope, `scope.no-outstation` and `scope.no-master` where a step names one
 */
export function mannerOf(guard: ScopeGuard, plant: PlantSpec, from: string, to: string, as?: string): Dnp3Manner {
  const device = specOf(plant, guard.device(to).id);
  if (as === undefined && !device.services.some(({ protocol }) => protocol === 'dnp3')) return {};
  const outstation: Outstation = outstationOf(guard, plant, to);
  return {
    usualWay: usualWay(plant, guard.device(from).id, outstation),
    ...(as !== undefined && { as: masterAddress(guard, plant, as, outstation) }),
  };
}

export interface PointTarget {
  readonly device: DeviceSpec;
  readonly tag: string;
  /** Where it is, for people: `holding 10`, `DB10.DBX4.0`. */
  readonly place: string;
  /** Whether two values are the same on the wire: a scaled register or a 32-bit float holds no more digits. */
  same(a: number, b: number): boolean;
  read(line: PointLine, cause: Cause, done: Read): void;
  write(line: PointLine, value: number, cause: Cause, done: (result: StepResult) => void): void;
}

/**
 * The point of `role` that carries `tag`: over Modbus where it has an address there, else over S7, DNP3 or BACnet; over DNP3 or BACnet where a step
 * says how it is to be commanded there.
 * @throws ScopeError for a role or tag that is out of scope, or a point that no protocol reaches
 */
export function pointOf(
  guard: ScopeGuard,
  plant: PlantSpec,
  role: string,
  tag: string,
  over: {
    readonly way?: Way | undefined;
    readonly as?: string | undefined;
    readonly through?: OverBroker | undefined;
    /** Whether the step says whose account it is. */
    readonly named?: boolean | undefined;
  } & BacnetManner = {},
): PointTarget {
  if (over.through !== undefined) {
    const { broker, account } = over.through;
    // What a step calls the broker is whoever passes things on: of messages, or an OPC UA server.
    if (!offersOpcUa(guard, plant, broker)) return new SparkplugPoint(guard, plant, role, tag, over.through);
    return new NodePoint(guard, plant, role, tag, {
      server: broker,
      account: over.named === true ? account : undefined,
    });
  }
  const { device, point } = guard.point(role, tag);
  const spec = specOf(plant, device.id);
  const { modbus, s7 } = point;
  const byDoor = doorPoint(spec, point, over.way);
  if (byDoor !== undefined) return byDoor;
  const { dnp3 } = point;
  const { bacnet } = point;
  const isBacnet = over.priority !== undefined || over.relinquish === true;
  if (isBacnet && bacnet === undefined)
    throw new ScopeError('scope.no-point', `'${tag}' of '${role}' is no BACnet object`);
  if (bacnet !== undefined && (isBacnet || (modbus === undefined && s7 === undefined && dnp3 === undefined)))
    return new ObjectPoint(spec, tag, bacnet, over);
  const isDnp3 = over.way !== undefined || over.as !== undefined;
  if (isDnp3 && dnp3 === undefined) throw new ScopeError('scope.no-point', `'${tag}' of '${role}' has no DNP3 index`);
  if (dnp3 !== undefined && (isDnp3 || (point.modbus === undefined && point.s7 === undefined)))
    return new OutstationPoint(spec, tag, dnp3, over.way as 'select' | 'direct' | undefined);
  if (point.modbus !== undefined || point.s7 === undefined) return new ModbusPoint(targetOf(guard, plant, role, tag));
  const memory = new S7Memory(spec.points, spec.id);
  const entry = memory.entry(spec.points.indexOf(point));
  if (entry === undefined) throw new ScopeError('scope.no-point', `'${tag}' of '${role}' has no S7 address`);
  return new S7Point(spec, entry);
}

export const named = (tag: string, value: number): string => `${tag} := ${Number(value.toPrecision(7))}`;

class ModbusPoint implements PointTarget {
  readonly device: DeviceSpec;
  readonly tag: string;
  readonly place: string;
  readonly #target: Target;

  constructor(target: Target) {
    this.device = target.device;
    this.tag = target.entry.tag;
    this.place = addressOf(target.entry);
    this.#target = target;
  }

  same(a: number, b: number): boolean {
    const { entry } = this.#target;
    if (entry.table === 'coil' || entry.table === 'discrete') return (a !== 0) === (b !== 0);
    return equal(registersOf(entry, a), registersOf(entry, b));
  }

  read(line: PointLine, cause: Cause, done: Read): void {
    const target = this.#target;
    const { entry, unit } = target;
    const { request } = readTransaction(0, entry.table, entry.address, entry.width);
    line.modbus.request(unit, request, cause, (reply) => {
      const { outcome, detail } = resultOf(reply, `read ${entry.tag}`);
      if (outcome === 'failed' || reply.outcome !== 'answered') done(undefined, detail);
      else done(readingOf(target, reply.pdu), detail);
    });
  }

  write(line: PointLine, value: number, cause: Cause, done: (result: StepResult) => void): void {
    const { entry, unit } = this.#target;
    const { request } = new PointWrite(0, entry).set(value);
    line.modbus.request(unit, request, cause, (reply) => done(resultOf(reply, named(entry.tag, value))));
  }
}

function registersOf(entry: MapEntry, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  encodeValue(entry, value, bytes, 0);
  return bytes;
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i]);

class S7Point implements PointTarget {
  readonly device: DeviceSpec;
  readonly tag: string;
  readonly place: string;
  readonly #entry: MemoryEntry;

  constructor(device: DeviceSpec, entry: MemoryEntry) {
    this.device = device;
    this.tag = entry.tag;
    this.place = addressText(addressOfEntry(entry));
    this.#entry = entry;
  }

  same(a: number, b: number): boolean {
    return equal(encodeEntry(this.#entry, a), encodeEntry(this.#entry, b));
  }

  read({ s7, from }: PointLine, cause: Cause, done: Read): void {
    const entry = this.#entry;
    const read = new S7Read([addressOfEntry(entry)]);
    if (s7 === undefined) {
      done(undefined, nobody(from, 'S7'));
      return;
    }
    s7.request(read.request, cause, (reply) => {
      const detail = refusalOf(reply, `read ${entry.tag}`);
      if (detail !== undefined || reply.outcome !== 'answered') {
        done(undefined, detail ?? reply.outcome);
        return;
      }
      read.state = 'done';
      read.keep(reply.pdu, 0, reply.pdu.length);
      done(readingOfS7(read, entry), `read ${entry.tag}`);
    });
  }

  write({ s7, from }: PointLine, value: number, cause: Cause, done: (result: StepResult) => void): void {
    const what = named(this.tag, value);
    if (s7 === undefined) {
      done({ outcome: 'failed', detail: `${what}: ${nobody(from, 'S7')}` });
      return;
    }
    s7.request(new S7PointWrite(this.#entry).set(value).request, cause, (reply) => {
      const detail = refusalOf(reply, what);
      done(detail === undefined ? { outcome: 'done', detail: what } : { outcome: 'failed', detail });
    });
  }
}

/** Why an answer is none to a read or write of one item; undefined when it is one. */
function refusalOf(reply: Reply, what: string): string | undefined {
  if (reply.outcome !== 'answered') return `${what}: ${reply.outcome}`;
  const decoded = decodeS7(reply.pdu);
  if (decoded.status !== 'ok' || !('error' in decoded.message)) return `${what}: an answer of another form`;
  const { message } = decoded;
  if (message.error !== 0) return `${what}: error 0x${message.error.toString(16)}`;
  const body = message.rosctr === 'ack-data' ? message.body : undefined;
  const code = body?.function === 'read' ? body.results[0]?.code : body?.function === 'write' ? body.codes[0] : 0;
  return code === 0xff ? undefined : `${what}: ${RETURN_CODES[code ?? 0] ?? `return code ${code}`}`;
}

/** How a step says that a point is reached. */
export const overOf = (step: {
  readonly from: string;
  readonly command?: Way | undefined;
  readonly as?: string | undefined;
  readonly priority?: number | undefined;
  readonly relinquish?: boolean | undefined;
  readonly broker?: string | undefined;
  readonly account?: string | undefined;
}): NonNullable<Parameters<typeof pointOf>[4]> => ({
  way: step.command,
  as: step.as,
  priority: step.priority,
  relinquish: step.relinquish,
  through: step.broker === undefined ? undefined : { broker: step.broker, account: step.account ?? step.from },
  named: step.account !== undefined,
});
