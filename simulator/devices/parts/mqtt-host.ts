/** A Sparkplug host application: what edge nodes tell becomes what its device displays. */
import { type HostApplicationSpec, type Instant, PenstockError } from '@penstock/core';
import { numberOf, SparkplugHost } from '@penstock/protocols/sparkplug';
import type { DeviceContext, Part } from '../context.ts';
import { MqttPeer } from '../mqtt-peer.ts';
import { clientOptions } from './mqtt-edge.ts';

export class MqttHost implements Part {
  readonly peer: MqttPeer;
  readonly host: SparkplugHost;
  /** Tags by metric name; undefined for a metric that is none. */
  readonly #tags = new Map<string, number | undefined>();

  constructor(context: DeviceContext, spec: HostApplicationSpec) {
    const { spec: device, clock, store } = context;
    this.host = new SparkplugHost({
      id: spec.id,
      groups: spec.groups,
      clock: () => Math.floor(clock.now() / 1000),
      mqtt: clientOptions(device.id, spec),
      onMetric: (_, { name, value }, now) => {
        const tag = name === undefined ? undefined : this.#tag(context, name);
        const number = numberOf(value);
        if (tag !== undefined && number !== undefined) store.put(tag, number, now);
      },
    });
    this.peer = new MqttPeer(context, context.device(spec.broker), this.host.client);
  }

  start(): void {
    this.peer.start();
  }

  stop(now: Instant): void {
    this.peer.stop(now);
  }

  #tag(context: DeviceContext, name: string): number | undefined {
    if (this.#tags.has(name)) return this.#tags.get(name);
    let tag: number | undefined;
    try {
      tag = context.tagIndex(name);
    } catch (error) {
      if (!(error instanceof PenstockError)) throw error;
    }
    // As many names as a book of births holds.
    if (this.#tags.size < 10_000) this.#tags.set(name, tag);
    return tag;
  }
}

export function mqttHost(context: DeviceContext): Part | undefined {
  const spec = context.spec.sparkplug?.host;
  return spec && new MqttHost(context, spec);
}
