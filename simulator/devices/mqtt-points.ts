/** Tags that a host application commands through an edge node, and a session with a broker for who has none. */
import { type DeviceSpec, edgePoints, PenstockError } from '@penstock/core';
import { MqttClient } from '@penstock/protocols/mqtt';
import type { Cause, MqttLogin, MqttSession, PointSession } from '@penstock/simulator/kernel';
import { MqttPeer, type MqttStation } from './mqtt-peer.ts';
import type { MqttHost } from './parts/mqtt-host.ts';

type Metrics = ReturnType<typeof edgePoints>;

/** Points of `target`, or of what stands behind it where it is an edge node, over Sparkplug. */
export class SparkplugPoints implements PointSession {
  readonly #host: MqttHost;
  readonly #target: string;
  readonly #points: Metrics;
  readonly #cause: Cause;

  constructor(host: MqttHost, target: string, points: Metrics, cause: Cause) {
    this.#host = host;
    this.#target = target;
    this.#points = points;
    this.#cause = cause;
  }

  write(tag: string, value: number, done?: (accepted: boolean) => void): void {
    const point = sparkplugPoint(this.#target, this.#points, tag);
    const { group, node, device, metric } = point.sparkplug;
    const type = this.#host.host.book.node(group, node)?.devices.get(device)?.get(metric)?.type;
    const isSent = this.#host.peer.speak(
      (_, now) =>
        this.#host.host.command(
          { group, node, device },
          { name: metric, type: type ?? 'Double', value: type === 'Boolean' ? value !== 0 : value },
          now,
          (answer) => done?.(typeof answer === 'number' && answer < 0x80),
        ),
      this.#cause,
    );
    if (!isSent) done?.(false);
  }

  release(): void {}
}

/** The metric of a tag. @throws PenstockError `operator.point` for a tag that no edge node tells */
export function sparkplugPoint(target: string, points: Metrics, tag: string): Metrics[number] {
  const point = points.find((one) => one.tag === tag);
  if (point === undefined)
    throw new PenstockError('operator.point', `'${target}' has no Sparkplug metric for '${tag}'`);
  return point;
}

/** Metrics through which a host application reaches a device: those of an edge node that has the device's broker, or of its sources. */
export const metricsOf = (devices: readonly DeviceSpec[], broker: string, target: string): Metrics =>
  devices
    .filter(({ sparkplug }) => sparkplug?.edge?.broker === broker)
    .flatMap((device) => edgePoints(device).filter(({ source }) => device.id === target || source === target));

/** A client of somebody's own on a broker. */
export class PeerMqttSession implements MqttSession {
  readonly #peer: MqttPeer;
  readonly #client: MqttClient;
  readonly #context: MqttStation;
  #connected: ((code: number | 'closed') => void) | undefined;
  #heard: ((topic: string, payload: Uint8Array) => void) | undefined;

  /** @throws PenstockError `device.no-mqtt` */
  constructor(context: MqttStation, target: DeviceSpec, login: MqttLogin, cause: Cause) {
    this.#context = context;
    this.#client = new MqttClient({
      ...{ clientId: login.clientId, version: login.version ?? 4, username: login.user, password: login.password },
      onConnected: ({ code }) => this.#tell(code),
      onMessage: ({ topic, payload }) => this.#heard?.(topic, payload),
    });
    this.#peer = new MqttPeer(context, target, this.#client, cause);
  }

  connect(done: (code: number | 'closed') => void): void {
    this.#connected = done;
    this.#peer.dial(() => this.#tell('closed'));
  }

  publish(message: Parameters<MqttSession['publish']>[0], done: (answer: number | 'closed') => void): void {
    const isSent = this.#peer.speak((client, now) => client.publish(message, now, (answer) => done(answer)));
    if (!isSent) done('closed');
  }

  subscribe(
    filters: readonly string[],
    done: (codes: readonly number[] | 'closed') => void,
    heard: (topic: string, payload: Uint8Array) => void,
  ): void {
    this.#heard = heard;
    this.#peer.speak((client, now) =>
      client.subscribe(
        filters.map((filter) => ({ filter, qos: 0 })),
        now,
        (codes) => done(codes),
      ),
    );
  }

  raw(bytes: Uint8Array): void {
    this.#peer.speak((client) => client.sendRaw(bytes));
  }

  release(): void {
    this.#peer.close(this.#context.queue.now);
  }

  #tell(code: number | 'closed'): void {
    const told = this.#connected;
    this.#connected = undefined;
    told?.(code);
  }
}
