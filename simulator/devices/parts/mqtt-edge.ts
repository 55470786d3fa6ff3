/**
 * A Sparkplug edge node: tells what its device holds or polls to a broker, and does what is commanded through the device's own session
 * with whoever holds the tag.
 */
import { type EdgeSpec, type Instant, NEVER, seconds } from '@penstock/core';
import { formatIpv4 } from '@penstock/protocols/ethernet';
import { type EdgeDevice, type EdgeMetric, SparkplugEdge } from '@penstock/protocols/sparkplug';
import type { DeviceContext, Part } from '../context.ts';
import { Every } from '../every.ts';
import { MqttPeer } from '../mqtt-peer.ts';

/** A source is gone when it was not heard for so many polls, and a little. */
const MISSED_POLLS = 3;
const GRACE = seconds(10);
const KEEP_ALIVE = 30;
const COMMAND = { actor: 'operation:sparkplug', step: 'command' };

type EdgeDeviceSpec = EdgeSpec['devices'][number];

class MqttEdge implements Part {
  readonly peer: MqttPeer;
  readonly edge: SparkplugEdge;
  readonly #context: DeviceContext;
  readonly #every: Every;
  /** When its device lost power last: what it had fetched until then is gone. */
  #lostAt = -NEVER as Instant;

  constructor(context: DeviceContext, spec: EdgeSpec) {
    const { spec: device, clock } = context;
    const { group, node = device.id, devices, primaryHost, aliases, updates } = spec;
    this.#context = context;
    this.edge = new SparkplugEdge({
      ...{ group, node, primaryHost, aliases },
      clock: () => Math.floor(clock.now() / 1000),
      mqtt: clientOptions(device.id, spec),
      devices: devices.map((one) => this.#device(one)),
      ...(device.firmware && {
        properties: () => ({
          'Hardware Make': context.identity.vendor,
          'Hardware Model': context.identity.modelName,
          'Firmware Version': context.identity.revision,
        }),
      }),
      ...(updates !== undefined && { updates: { topic: updates, take: (image) => this.#install(image) } }),
      onRefused: (metric) =>
        context.log({
          severity: 5,
          id: 'command-refused',
          text: `command for ${metric} refused`,
          parameters: { metric },
        }),
    });
    this.peer = new MqttPeer(context, context.device(spec.broker), this.edge.client);
    this.#every = new Every(context, spec.every, () => this.peer.speak((_, now) => this.edge.scan(now)));
  }

  start(): void {
    this.peer.start();
    this.#every.start();
  }

  stop(now: Instant): void {
    this.#lostAt = now;
    this.#every.stop();
    this.peer.stop(now);
  }

  /** An image came by way of the broker, who is all that the device knows of its sender. */
  #install(image: Uint8Array): void {
    const { address, port } = this.peer.place;
    this.#context.doors?.install(image.slice(), { protocol: 'mqtt', address: formatIpv4(address), port });
  }

  #device(spec: EdgeDeviceSpec): EdgeDevice {
    const context = this.#context;
    const { id, source, tags, commands, deadBand } = spec;
    const numbers = tags.map((tag) => context.tagIndex(tag));
    const every = context.spec.polls.filter((poll) => poll.device === source).map((poll) => poll.every as number);
    const patience = MISSED_POLLS * Math.max(0, ...every) + GRACE;
    const own = source === context.spec.id;
    return {
      id,
      metrics: tags.map((tag, i) => this.#metric(source, tag, numbers[i] as number, commands.includes(tag), deadBand)),
      alive: () => {
        if (own) return true;
        const { times } = context.store;
        let newest = Number.NEGATIVE_INFINITY;
        for (const number of numbers) newest = Math.max(newest, times[number] as number);
        return context.queue.now - newest <= patience;
      },
    };
  }

  #metric(source: string, tag: string, number: number, isCommanded: boolean, deadBand: number): EdgeMetric {
    const context = this.#context;
    const { unit, range, states, sensor } = context.plant.tags[number] as (typeof context.plant.tags)[number];
    const { points, store } = context;
    const own = source === context.spec.id ? context.spec.points.findIndex((point) => point.tag === tag) : -1;
    const isFetched = context.spec.polls.some(({ into }) => into?.[tag] !== undefined);
    const isKnown = (): boolean => !isFetched || (store.times[number] as number) >= this.#lostAt;
    return {
      name: tag,
      type: states === undefined ? 'Double' : 'Boolean',
      read:
        own >= 0 && points !== undefined
          ? () => (isKnown() ? points.read(own) : Number.NaN)
          : () => store.values[number] as number,
      deadBand: sensor === undefined ? 0 : deadBand * (range[1] - range[0]),
      properties: states === undefined ? { engUnit: unit, engLow: range[0], engHigh: range[1] } : undefined,
      ...(isCommanded && { write: (value: number) => this.#write(source, tag, own, value) }),
    };
  }

  #write(source: string, tag: string, own: number, value: number): void {
    const context = this.#context;
    const { address, port } = this.peer.place;
    if (own >= 0) {
      context.points?.write(own, value, { protocol: 'mqtt', address: formatIpv4(address), port });
      return;
    }
    const session = context.operate(source, this.peer.heard ?? COMMAND);
    session.write(tag, value, () => session.release());
  }
}

/** How a device's client introduces itself to its broker. */
export function clientOptions(
  id: string,
  spec: Pick<EdgeSpec, 'clientId' | 'version' | 'user' | 'password' | 'keepAlive'>,
) {
  const { clientId = id, version, user, password, keepAlive } = spec;
  return {
    clientId,
    version: version === '5' ? (5 as const) : (4 as const),
    username: user,
    password,
    keepAlive: keepAlive === undefined ? KEEP_ALIVE : Math.max(1, Math.round(keepAlive / 1e6)),
  };
}

export function mqttEdge(context: DeviceContext): Part | undefined {
  const spec = context.spec.sparkplug?.edge;
  return spec && new MqttEdge(context, spec);
}
