/** Somebody at a device of the plant who reads and writes one tag of another over a protocol of their choice, for tests. */
import { type BacnetPoint, type DeviceSpec, edgePoints, type ModbusPoint } from '@penstock/core';
import { enumerated, OBJECT_TYPES, objectId, PROPERTY, real } from '@penstock/protocols/bacnet';
import { latch, rangeOf, setPoint } from '@penstock/protocols/dnp3';
import { decodeResponse, PointWrite, RegisterMap, readTransaction } from '@penstock/protocols/modbus';
import { BUILT_IN, isGood, PLANT_NAMESPACE, readRequest, stringId, writeBody } from '@penstock/protocols/opcua';
import {
  addressOfEntry,
  decodeS7,
  type MemoryEntry,
  readingOf,
  S7Memory,
  S7PointWrite,
  S7Read,
} from '@penstock/protocols/s7comm';
import {
  BirthBook,
  decodePayload,
  encodePayload,
  formatTopic,
  numberOf,
  parseTopic,
} from '@penstock/protocols/sparkplug';
import type {
  BacnetSession,
  Dnp3Session,
  Foothold,
  ModbusSession,
  MqttSession,
  OpcUaSession,
  S7Session,
} from '@penstock/simulator/kernel';
import type { Range } from '../index.ts';

export type Protocol = 'modbus' | 's7' | 'dnp3' | 'opcua' | 'bacnet' | 'mqtt';
export const CAUSE = { actor: 'test', step: 'look' };

/** Groups of states (IEEE 1815-2012, annex A). */
export const GROUPS = {
  ...{ binary: 1, 'double-bit': 3, 'binary-output': 10 },
  ...{ counter: 20, analog: 30, 'analog-output': 40 },
} as const;
/** Digits of a 32-bit float, as a part of the value. */
const FLOAT = 2 ** -23;

export class WireTool {
  readonly #foothold: Foothold;
  readonly #device: DeviceSpec;
  readonly #map: RegisterMap;
  readonly #memory: S7Memory;
  readonly #modbus: ModbusSession | undefined;
  readonly #s7: S7Session | undefined;
  readonly #dnp3: Dnp3Session | undefined;
  readonly #opcua: OpcUaSession | undefined;
  readonly #bacnet: BacnetSession | undefined;
  readonly #mqtt: MqttSession | undefined;
  readonly #book = new BirthBook();
  readonly #born = new Map<string, ((value: number) => void)[]>();
  /** Hears every value that the device publishes. */
  heard: (tag: string, value: number) => void = () => {};

  /**
   * @param over protocols that it speaks; a session of each stands from now on
   * @param login who it is where somebody asks
   */
  constructor(
    range: Range,
    from: string,
    to: string,
    over: readonly Protocol[],
    login?: { readonly name: string; readonly password: string },
  ) {
    this.#foothold = range.foothold(from);
    this.#device = range.spec.devices.find(({ id }) => id === to) as DeviceSpec;
    this.#map = new RegisterMap(this.#device.points, to);
    this.#memory = new S7Memory(this.#device.points, to);
    this.#modbus = over.includes('modbus') ? this.#foothold.modbus(to) : undefined;
    this.#s7 = over.includes('s7') ? this.#foothold.s7?.(to) : undefined;
    this.#dnp3 = over.includes('dnp3') ? this.#foothold.dnp3?.(to, CAUSE) : undefined;
    this.#opcua = over.includes('opcua') ? this.#foothold.opcua?.(to, CAUSE, { user: login }) : undefined;
    this.#bacnet = over.includes('bacnet') ? this.#foothold.bacnet?.(to, CAUSE) : undefined;
    const broker = this.#device.sparkplug?.edge?.broker;
    if (!over.includes('mqtt') || broker === undefined) return;
    const { name: user, password } = login ?? {};
    this.#mqtt = this.#foothold.mqtt?.(broker, { clientId: 'tool', user, password }, CAUSE);
    this.#mqtt?.connect(() => this.#listen());
  }

  /** By how much a value that was read over the protocol may differ from the one that the controller holds: half a step of its number. */
  step(tag: string, protocol: Protocol, value: number): number {
    const { modbus, s7, dnp3 } = this.#point(tag);
    // What the controller holds are 32-bit floats.
    const float = Math.abs(value) * FLOAT;
    switch (protocol) {
      case 'modbus':
        return modbus?.type === 'float32' ? float : (modbus?.scale ?? 1) / 2 + 1e-9;
      case 's7':
        return s7?.type === 'real' ? float : (s7?.scale ?? 1) / 2 + 1e-9;
      case 'dnp3':
        return dnp3?.variation === undefined || dnp3.kind === 'counter' ? float : dnp3.scale / 2 + 1e-9;
      default:
        return float;
    }
  }

  /** Reads the engineering value of a tag; `done` hears it. */
  read(tag: string, protocol: Protocol, done: (value: number) => void): void {
    switch (protocol) {
      case 'modbus':
        this.#readModbus(tag, done);
        return;
      case 's7':
        this.#readS7(tag, done);
        return;
      case 'dnp3':
        this.#readDnp3(tag, done);
        return;
      case 'opcua':
        this.#readOpcUa(tag, done);
        return;
      case 'bacnet':
        this.#readBacnet(tag, done);
        return;
      case 'mqtt':
        this.#readMqtt(tag, done);
    }
  }

  /** Writes one; over DNP3 by SELECT and OPERATE. */
  write(tag: string, value: number, protocol: Protocol, done: (taken: boolean) => void): void {
    switch (protocol) {
      case 'modbus': {
        const write = new PointWrite(1, this.#register(tag)).set(value);
        this.#modbus?.request(1, write.request.slice(), CAUSE, (reply) =>
          done(reply.outcome === 'answered' && (reply.pdu[0] as number) < 0x80),
        );
        return;
      }
      case 's7': {
        const write = new S7PointWrite(this.#entry(tag)).set(value);
        this.#s7?.request(write.request.slice(), CAUSE, (reply) => {
          const message = reply.outcome === 'answered' ? decodeS7(reply.pdu, 0, reply.pdu.length) : undefined;
          const body =
            message?.status === 'ok' && message.message.rosctr === 'ack-data' ? message.message.body : undefined;
          done(body?.function === 'write' && 'codes' in body && body.codes[0] === 0xff);
        });
        return;
      }
      case 'dnp3': {
        const { dnp3 } = this.#point(tag);
        if (dnp3 === undefined) throw new Error(`'${tag}' has no DNP3 index`);
        const { index, kind, scale, offset } = dnp3;
        const command = {
          index,
          value: kind === 'binary-output' ? latch(value !== 0) : setPoint((value - offset) / scale),
        };
        this.#dnp3?.command(command, 'select', CAUSE, ({ outcome }) => done(outcome === 'done'));
        return;
      }
      case 'opcua': {
        const isBit = this.#point(tag).modbus?.type === 'bool';
        const content = isBit ? { type: BUILT_IN.Boolean, value: value !== 0 } : { type: BUILT_IN.Double, value };
        this.#opcua?.request(
          'Write',
          writeBody([[stringId(tag, PLANT_NAMESPACE), content]]),
          CAUSE,
          (response, status) => done(isGood(response?.results[0] ?? status)),
        );
        return;
      }
      case 'bacnet': {
        const { kind } = this.#object(tag);
        const content = kind.startsWith('binary') ? enumerated(value) : real(value);
        this.#bacnet?.write(this.#presentValue(tag), content, undefined, CAUSE, ({ outcome }) =>
          done(outcome === 'done'),
        );
        return;
      }
      case 'mqtt': {
        const isBit = this.#point(tag).modbus?.type === 'bool';
        const { group, node, device } = this.#metric(tag);
        const command = isBit
          ? { name: tag, type: 'Boolean' as const, value: value !== 0 }
          : { name: tag, type: 'Double' as const, value };
        const topic = formatTopic({ group, type: 'DCMD', node, device });
        this.#mqtt?.publish({ topic, payload: encodePayload({ metrics: [command] }), qos: 1 }, (code) =>
          done(code === 0),
        );
      }
    }
  }

  #point(tag: string) {
    const point = this.#device.points.find((one) => one.tag === tag);
    if (point === undefined) throw new Error(`'${this.#device.id}' has no point for '${tag}'`);
    return point;
  }

  #number = (tag: string): number => this.#device.points.indexOf(this.#point(tag));

  #register(tag: string) {
    const entry = this.#map.entry(this.#number(tag));
    if (entry === undefined) throw new Error(`'${tag}' has no register`);
    return entry;
  }

  #entry(tag: string): MemoryEntry {
    const entry = this.#memory.entry(this.#number(tag));
    if (entry === undefined) throw new Error(`'${tag}' has no place in the memory`);
    return entry;
  }

  #readModbus(tag: string, done: (value: number) => void): void {
    const { table, address, type, scale } = this.#point(tag).modbus as ModbusPoint;
    const request = readTransaction(1, table, address, this.#register(tag).width).request;
    this.#modbus?.request(1, request, CAUSE, (reply) => {
      const answer = reply.outcome === 'answered' ? decodeResponse(reply.pdu, 0, reply.pdu.length) : undefined;
      if (reply.outcome !== 'answered' || answer?.status !== 'ok') throw new Error(`${tag}: ${reply.outcome}`);
      const data = new DataView(reply.pdu.buffer, reply.pdu.byteOffset + 2);
      if (type === 'bool') done(data.getUint8(0) & 1);
      else if (type === 'uint16') done(data.getUint16(0) * scale);
      else if (type === 'uint32') done(data.getUint32(0) * scale);
      else if (type === 'float32') done(data.getFloat32(0) * scale);
      else throw new Error(`${tag} is of type ${type}, which no plant of these tests has`);
    });
  }

  #readS7(tag: string, done: (value: number) => void): void {
    const entry = this.#entry(tag);
    const read = new S7Read([addressOfEntry(entry)]);
    this.#s7?.request(read.request.slice(), CAUSE, (reply) => {
      if (reply.outcome !== 'answered') throw new Error(`${tag}: ${reply.outcome}`);
      read.keep(reply.pdu, 0, reply.pdu.length);
      read.state = 'done';
      const value = readingOf(read, entry);
      if (value === undefined) throw new Error(`${tag} is not answered`);
      done(value);
    });
  }

  #readDnp3(tag: string, done: (value: number) => void): void {
    const { dnp3 } = this.#point(tag);
    if (dnp3 === undefined) throw new Error(`'${tag}' has no DNP3 index`);
    const { kind, index, scale, offset } = dnp3;
    this.#dnp3?.read([rangeOf(GROUPS[kind], 0, index, index)], CAUSE, ({ outcome, values }) => {
      const found = values.find((one) => one.group === GROUPS[kind] && one.index === index);
      if (outcome !== 'done' || found === undefined) throw new Error(`${tag}: ${outcome}`);
      done(found.value * scale + offset);
    });
  }

  #readOpcUa(tag: string, done: (value: number) => void): void {
    this.#opcua?.request('Read', readRequest([stringId(tag, PLANT_NAMESPACE)]).body, CAUSE, (response, status) => {
      const content = response?.results[0]?.value?.value;
      if (typeof content !== 'number' && typeof content !== 'boolean') throw new Error(`${tag}: ${status}`);
      done(Number(content));
    });
  }

  #object(tag: string): BacnetPoint {
    const { bacnet } = this.#point(tag);
    if (bacnet === undefined) throw new Error(`'${tag}' is no object`);
    return bacnet;
  }

  #presentValue(tag: string) {
    const { kind, instance } = this.#object(tag);
    return { object: objectId(OBJECT_TYPES.find(kind) as number, instance), property: PROPERTY.presentValue };
  }

  #readBacnet(tag: string, done: (value: number) => void): void {
    this.#bacnet?.read(this.#presentValue(tag), CAUSE, ({ outcome, values: [value] }) => {
      if (value?.kind !== 'real' && value?.kind !== 'enumerated') throw new Error(`${tag}: ${outcome}`);
      done(value.value);
    });
  }

  #metric(tag: string) {
    const point = edgePoints(this.#device).find((one) => one.tag === tag);
    if (point === undefined) throw new Error(`'${tag}' is no metric`);
    return point.sparkplug;
  }

  #listen(): void {
    const { group = '' } = this.#device.sparkplug?.edge ?? {};
    this.#mqtt?.subscribe(
      [`spBv1.0/${group}/#`],
      () => this.#rebirth(),
      (name, bytes) => {
        const topic = parseTopic(name);
        const payload = decodePayload(bytes);
        if (topic === undefined || payload === undefined || topic.type.endsWith('CMD')) return;
        const { metrics } = this.#book.read(topic, payload);
        if (topic.device === undefined) return;
        for (const { name: tag = '', value } of metrics) {
          const number = numberOf(value);
          if (number === undefined) continue;
          this.heard(tag, number);
          if (topic.type !== 'DBIRTH') continue;
          for (const done of this.#born.get(tag) ?? []) done(number);
          this.#born.delete(tag);
        }
      },
    );
  }

  #rebirth(): void {
    const { group = '', node = this.#device.id } = this.#device.sparkplug?.edge ?? {};
    const topic = formatTopic({ group, type: 'NCMD', node, device: undefined });
    const metrics = [{ name: 'Node Control/Rebirth', type: 'Boolean' as const, value: true }];
    this.#mqtt?.publish({ topic, payload: encodePayload({ metrics }), qos: 1 }, () => {});
  }

  /** An edge node tells everything when it is asked to be born again. */
  #readMqtt(tag: string, done: (value: number) => void): void {
    this.#metric(tag);
    const waiting = this.#born.get(tag);
    if (waiting === undefined) this.#born.set(tag, [done]);
    else waiting.push(done);
    this.#rebirth();
  }
}
