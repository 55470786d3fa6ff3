/** A tag that an edge node tells: read by asking the node for a rebirth, written with a Sparkplug command, through the broker. */
import { type DeviceSpec, type EdgePoint, edgePoints, type PlantSpec } from '@penstock/core';
import {
  decodePayload,
  encodePayload,
  formatTopic,
  type Metric,
  numberOf,
  parseTopic,
} from '@penstock/protocols/sparkplug';
import type { Cause, MqttLogin, MqttSession } from '@penstock/simulator/kernel';
import { ScopeError, type ScopeGuard } from '../scope.ts';
import type { StepResult } from './context.ts';
import { nobody } from './dnp3.ts';
import { specOf } from './modbus.ts';
import { named, type PointLine, type PointTarget, type Read } from './point.ts';

/** The broker that a role is. @throws ScopeError for a role that is out of scope, `scope.no-broker` for one that is none */
export function brokerOf(guard: ScopeGuard, plant: PlantSpec, role: string): DeviceSpec {
  const device = specOf(plant, guard.device(role).id);
  if (!device.services.some(({ protocol }) => protocol === 'mqtt'))
    throw new ScopeError('scope.no-broker', `'${role}' is no MQTT broker`);
  return device;
}

/**
 * The login of a device at a broker, as whoever read its configuration has it.
 * @throws ScopeError `scope.no-account` for a device that has none there
 */
export function loginOf(guard: ScopeGuard, plant: PlantSpec, role: string, broker: DeviceSpec): MqttLogin {
  const { sparkplug, id } = specOf(plant, guard.device(role).id);
  const client = [sparkplug?.edge, sparkplug?.host].find((one) => one?.broker === broker.id);
  if (client === undefined) throw new ScopeError('scope.no-account', `'${role}' has no account at '${broker.role}'`);
  const { clientId = id, user, password, version } = client;
  return { clientId, user, password, version: version === '5' ? 5 : 4 };
}

/** Whose account is used at which broker; a tool's client has a name of its own. */
export interface OverBroker {
  readonly broker: string;
  readonly account: string;
}

export class SparkplugPoint implements PointTarget {
  readonly device: DeviceSpec;
  readonly tag: string;
  readonly place: string;
  readonly #metric: EdgePoint['sparkplug'];
  readonly #broker: string;
  readonly #login: MqttLogin;
  readonly #isBit: boolean;

  /** @throws ScopeError as `brokerOf` and `loginOf`; `scope.no-point` for a tag that nobody tells that broker */
  constructor(guard: ScopeGuard, plant: PlantSpec, role: string, tag: string, { broker: at, account }: OverBroker) {
    const broker = brokerOf(guard, plant, at);
    this.device = specOf(plant, guard.device(role).id);
    const point = plant.devices
      .filter(({ sparkplug }) => sparkplug?.edge?.broker === broker.id)
      .flatMap((edge) =>
        edgePoints(edge).filter(({ source }) => source === this.device.id || edge.id === this.device.id),
      )
      .find((one) => one.tag === tag);
    if (point === undefined)
      throw new ScopeError('scope.no-point', `nobody tells '${tag}' of '${role}' to the broker '${at}'`);
    const login = loginOf(guard, plant, account, broker);
    this.tag = tag;
    this.#metric = point.sparkplug;
    this.place = `${point.sparkplug.group}/${point.sparkplug.node}/${point.sparkplug.device}`;
    this.#broker = broker.id;
    this.#login = { ...login, clientId: `tool-${login.clientId}` };
    this.#isBit = plant.tags.find(({ id }) => id === tag)?.states !== undefined;
  }

  same(a: number, b: number): boolean {
    return this.#isBit ? (a !== 0) === (b !== 0) : Math.fround(a) === Math.fround(b);
  }

  read(line: PointLine, cause: Cause, done: Read): void {
    const what = `read ${this.tag}`;
    const { group, node, device, metric } = this.#metric;
    this.#open(line, cause, (session, why) => {
      if (session === undefined) {
        done(undefined, `${what}: ${why}`);
        return;
      }
      let isOver = false;
      const end = (value: number | undefined, detail: string): void => {
        if (isOver) return;
        isOver = true;
        session.release();
        done(value, detail);
      };
      session.subscribe(
        [formatTopic({ group, type: 'DBIRTH', node, device })],
        (codes) => {
          if (codes === 'closed' || (codes[0] ?? 0x80) >= 0x80) end(undefined, `${what}: the broker refuses it`);
          else this.#rebirth(session);
        },
        (topic, payload) => {
          if (parseTopic(topic)?.type !== 'DBIRTH') return;
          const value = numberOf(decodePayload(payload)?.metrics.find(({ name }) => name === metric)?.value);
          if (value === undefined) end(undefined, `${what}: the node does not tell it`);
          else end(value, what);
        },
      );
    });
  }

  write(line: PointLine, value: number, cause: Cause, done: (result: StepResult) => void): void {
    const what = named(this.tag, value);
    const { group, node, device, metric } = this.#metric;
    const command: Metric = this.#isBit
      ? { name: metric, type: 'Boolean', value: value !== 0 }
      : { name: metric, type: 'Double', value };
    this.#open(line, cause, (session, why) => {
      if (session === undefined) {
        done({ outcome: 'failed', detail: `${what}: ${why}` });
        return;
      }
      const topic = formatTopic({ group, type: 'DCMD', node, device });
      session.publish({ topic, payload: encodePayload({ metrics: [command] }), qos: 1 }, (answer) => {
        session.release();
        const isTaken = answer !== 'closed' && answer < 0x80;
        done(
          isTaken
            ? { outcome: 'done', detail: what }
            : { outcome: 'failed', detail: `${what}: ${answer === 'closed' ? answer : `code ${answer}`}` },
        );
      });
    });
  }

  #rebirth(session: MqttSession): void {
    const { group, node } = this.#metric;
    const metrics: Metric[] = [{ name: 'Node Control/Rebirth', type: 'Boolean', value: true }];
    const topic = formatTopic({ group, type: 'NCMD', node, device: undefined });
    session.publish({ topic, payload: encodePayload({ metrics }), qos: 1 }, () => {});
  }

  #open(line: PointLine, cause: Cause, done: (session: MqttSession | undefined, why: string) => void): void {
    const session = line.mqtt(this.#broker, this.#login, cause);
    if (session === undefined) {
      done(undefined, nobody(line.from, 'MQTT'));
      return;
    }
    session.connect((code) => {
      if (code === 0) done(session, '');
      else done(undefined, code === 'closed' ? 'closed' : `refused with code ${code}`);
    });
  }
}
