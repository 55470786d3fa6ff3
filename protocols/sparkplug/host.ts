/**
 * A Sparkplug B host application (specification 3.0.0, 5.3 and 6.4.25) on an MQTT client: says that it is there, follows births, data and
 * deaths, asks for a rebirth where it missed something, and commands.
 */
import type { Instant } from '@penstock/core';
import { type Answer, MqttClient, type MqttClientOptions, type MqttMessage } from '../mqtt/index.ts';
import { BirthBook, type NodeBook, type ReadMetric } from './book.ts';
import { decodePayload, encodePayload, type Metric } from './payload.ts';
import { encodeState, formatTopic, NAMESPACE, parseTopic, type SparkplugTopic, stateTopic } from './topic.ts';

export interface HostOptions {
  /** Under which it says that it is there. */
  readonly id: string;
  /** Groups that it follows; all when left out. */
  readonly groups?: readonly string[] | undefined;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly mqtt: Omit<MqttClientOptions, 'will' | 'onMessage' | 'onConnected' | 'onDisconnected'>;
  readonly onMetric?: ((topic: SparkplugTopic, metric: ReadMetric, now: Instant) => void) | undefined;
  /** A node, or a device of one, came or went. */
  readonly onLife?: ((topic: SparkplugTopic, isThere: boolean, now: Instant) => void) | undefined;
}

/** A node is asked for a rebirth no more often, microseconds. */
const ASK_EVERY = 10e6;

export class SparkplugHost {
  readonly client: MqttClient;
  readonly book = new BirthBook();
  readonly #options: HostOptions;
  readonly #asked = new Map<string, Instant>();

  constructor(options: HostOptions) {
    this.#options = options;
    this.client = new MqttClient({
      ...options.mqtt,
      will: () => ({ topic: stateTopic(options.id), payload: this.#state(false), qos: 1, retain: true }),
      onMessage: (message, now) => this.#message(message, now),
      onConnected: ({ code }, now) => {
        if (code === 0) this.#connected(now);
      },
    });
  }

  /** Writes a metric of a device, or of a node where `device` is left out. @returns whether it went out or is kept until it can */
  command(
    target: { readonly group: string; readonly node: string; readonly device?: string | undefined },
    metric: Metric,
    now: Instant,
    done?: (answer: Answer, now: Instant) => void,
  ): boolean {
    const { group, node, device } = target;
    const topic = formatTopic({ group, type: device === undefined ? 'NCMD' : 'DCMD', node, device });
    const timestamp = this.#options.clock();
    const payload = encodePayload({ timestamp, metrics: [{ timestamp, ...metric }] });
    return this.client.publish({ topic, payload, qos: 1 }, now, done);
  }

  /** Asks a node to tell everything anew. */
  requestRebirth({ group, node }: Pick<NodeBook, 'group' | 'node'>, now: Instant): void {
    const key = `${group}/${node}`;
    const before = this.#asked.get(key);
    if (before !== undefined && now - before < ASK_EVERY) return;
    if (before === undefined && this.#asked.size >= 1024) return;
    this.#asked.set(key, now);
    this.command({ group, node }, { name: 'Node Control/Rebirth', type: 'Boolean', value: true }, now);
  }

  /** Says goodbye and that it is no longer there. */
  close(now: Instant): void {
    const payload = this.#state(false);
    if (this.client.connected)
      this.client.publish({ topic: stateTopic(this.#options.id), payload, qos: 0, retain: true }, now);
    this.client.close(now);
  }

  #state(online: boolean): Uint8Array {
    return encodeState({ online, timestamp: this.#options.clock() });
  }

  #connected(now: Instant): void {
    const { id, groups } = this.#options;
    const filters = groups?.map((group) => `${NAMESPACE}/${group}/#`) ?? [`${NAMESPACE}/#`];
    this.client.subscribe(
      [...filters, stateTopic(id)].map((filter) => ({ filter, qos: 1 })),
      now,
    );
    this.client.publish({ topic: stateTopic(id), payload: this.#state(true), qos: 1, retain: true }, now);
  }

  #message({ topic: name, payload: bytes }: MqttMessage, now: Instant): void {
    const topic = parseTopic(name);
    const payload = topic === undefined || topic.type.endsWith('CMD') ? undefined : decodePayload(bytes);
    if (topic === undefined || payload === undefined) return;
    const read = this.book.read(topic, payload);
    const { type } = topic;
    if (read.isStale) return;
    if (type === 'NBIRTH' || type === 'DBIRTH') this.#options.onLife?.(topic, true, now);
    if (type === 'NDEATH' || type === 'DDEATH') {
      this.#options.onLife?.(topic, false, now);
      return;
    }
    if (read.isUnborn || read.isOutOfSequence || read.metrics.some((metric) => metric.name === undefined))
      this.requestRebirth(topic, now);
    for (const metric of read.metrics) if (metric.name !== undefined) this.#options.onMetric?.(topic, metric, now);
  }
}
