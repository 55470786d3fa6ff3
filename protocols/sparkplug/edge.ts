/**
 * A Sparkplug B edge node (specification 3.0.0, chapters 5 and 6) on an MQTT client: births and deaths, data by exception, commands
 * that act. The owner runs `client` on its connections, calls `scan` as often as changes are to be told, and does what is commanded.
 */
import type { Instant } from '@penstock/core';
import { MqttClient, type MqttClientOptions, type MqttMessage } from '../mqtt/index.ts';
import { numberOf } from './book.ts';
import { type DataType, decodePayload, encodePayload, type Metric, type MetricValue } from './payload.ts';
import { decodeState, formatTopic, type MessageType, NAMESPACE, parseTopic, stateTopic } from './topic.ts';

export interface EdgeMetric {
  readonly name: string;
  readonly type: DataType;
  /** The value now; NaN while it is not known. Booleans are 0 and 1. */
  read(): number;
  /** Does what is commanded; a metric without it cannot be written. */
  write?(value: number, now: Instant): void;
  /** A change must be more than this to be told. */
  readonly deadBand?: number | undefined;
  /** Told in births: `engUnit`, `engLow`, `engHigh`. */
  readonly properties?: Metric['properties'];
}

export interface EdgeDevice {
  readonly id: string;
  readonly metrics: readonly EdgeMetric[];
  /** Whether it answers its edge node. */
  alive(): boolean;
}

export interface EdgeOptions {
  readonly group: string;
  readonly node: string;
  readonly devices: readonly EdgeDevice[];
  /** Whether data messages name metrics by alias only; they do where it is left out. */
  readonly aliases?: boolean | undefined;
  /** Births are held back until this host application says that it is there. */
  readonly primaryHost?: string | undefined;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly mqtt: Omit<MqttClientOptions, 'will' | 'onMessage' | 'onConnected' | 'onDisconnected'>;
  /** What the node says of itself in its birth, by the name of the property: `Hardware Model`, `Firmware Version`. */
  readonly properties?: (() => Readonly<Record<string, string>>) | undefined;
  /** Where files for the node are published, and who takes them. */
  readonly updates?: { readonly topic: string; take(payload: Uint8Array, now: Instant): void } | undefined;
  /** A command that was not done: nobody knows the metric, or it is not written. */
  readonly onRefused?: ((metric: string, now: Instant) => void) | undefined;
}

const REBIRTH = 'Node Control/Rebirth';
/** Before the names of what a node says of itself, as the examples of births in specification 3.0.0 have its hardware. */
const PROPERTIES = 'Properties/';

/** A metric with what was told of it last. */
interface Told {
  readonly metric: EdgeMetric;
  readonly alias: number;
  value: number;
}

interface DeviceState {
  readonly device: EdgeDevice;
  readonly metrics: readonly Told[];
  born: boolean;
}

export class SparkplugEdge {
  readonly client: MqttClient;
  readonly #options: EdgeOptions;
  readonly #devices: readonly DeviceState[];
  readonly #byAlias = new Map<number, Told>();
  /** Number of the connection, 0 to 255: it tells which birth a death belongs to. */
  #bdSeq = -1;
  #seq = 0;
  #born = false;
  #hostOnline = false;

  constructor(options: EdgeOptions) {
    this.#options = options;
    let alias = 1;
    this.#devices = options.devices.map((device) => ({
      device,
      metrics: device.metrics.map((metric) => ({ metric, alias: alias++, value: Number.NaN })),
      born: false,
    }));
    for (const { metrics } of this.#devices) for (const told of metrics) this.#byAlias.set(told.alias, told);
    this.client = new MqttClient({
      ...options.mqtt,
      will: () => this.#will(),
      onMessage: (message, now) => this.#message(message, now),
      onConnected: ({ code }, now) => {
        if (code === 0) this.#connected(now);
      },
      onDisconnected: () => {
        this.#born = false;
        this.#hostOnline = false;
        for (const state of this.#devices) state.born = false;
      },
    });
  }

  /** Whether its birth was told. */
  get born(): boolean {
    return this.#born;
  }

  /** Tells what has changed, and devices that came or went. */
  scan(now: Instant): void {
    if (!this.#born) return;
    for (const state of this.#devices) {
      const alive = state.device.alive();
      if (alive && !state.born) this.#deviceBirth(state, now);
      else if (!alive && state.born) this.#deviceDeath(state, now);
      else if (alive) this.#data(state, now);
    }
  }

  /** Everything anew: a host asked for it, or an operator. */
  rebirth(now: Instant): void {
    const { clock, group, node, properties } = this.#options;
    if (!this.client.connected) return;
    const timestamp = clock();
    this.#seq = 0;
    const metrics: Metric[] = [
      { name: 'bdSeq', timestamp, type: 'Int64', value: this.#bdSeq },
      { name: REBIRTH, timestamp, type: 'Boolean', value: false },
      ...Object.entries(properties?.() ?? {}).map(
        ([name, value]): Metric => ({ name: `${PROPERTIES}${name}`, timestamp, type: 'String', value }),
      ),
    ];
    this.#born = true;
    const payload = encodePayload({ timestamp, seq: 0, metrics });
    const topic = formatTopic({ group, type: 'NBIRTH', node, device: undefined });
    this.client.publish({ topic, payload }, now);
    for (const state of this.#devices) {
      state.born = false;
      if (state.device.alive()) this.#deviceBirth(state, now);
    }
  }

  /** Says goodbye: the death certificate is published by itself, since a broker does not after a goodbye. */
  close(now: Instant): void {
    const will = this.#will(false);
    if (this.#born) this.client.publish(will, now);
    this.#born = false;
    this.client.close(now);
  }

  #will(isNew = true): { topic: string; payload: Uint8Array; qos: 1; retain: false } {
    const { group, node, clock } = this.#options;
    if (isNew) this.#bdSeq = (this.#bdSeq + 1) % 256;
    const timestamp = clock();
    const metrics: Metric[] = [{ name: 'bdSeq', timestamp, type: 'Int64', value: this.#bdSeq }];
    const topic = formatTopic({ group, type: 'NDEATH', node, device: undefined });
    return { topic, payload: encodePayload({ timestamp, metrics }), qos: 1, retain: false };
  }

  #connected(now: Instant): void {
    const { group, node, primaryHost, updates } = this.#options;
    const filters = [`${NAMESPACE}/${group}/NCMD/${node}`, `${NAMESPACE}/${group}/DCMD/${node}/#`];
    if (primaryHost !== undefined) filters.push(stateTopic(primaryHost));
    if (updates !== undefined) filters.push(updates.topic);
    this.client.subscribe(
      filters.map((filter) => ({ filter, qos: 1 })),
      now,
    );
    if (primaryHost === undefined || this.#hostOnline) this.rebirth(now);
  }

  #next(): number {
    this.#seq = (this.#seq + 1) % 256;
    return this.#seq;
  }

  #publish(type: MessageType, device: string, metrics: readonly Metric[], now: Instant): void {
    const { group, node, clock } = this.#options;
    const payload = encodePayload({ timestamp: clock(), seq: this.#next(), metrics });
    this.client.publish({ topic: formatTopic({ group, type, node, device }), payload }, now);
  }

  #deviceBirth(state: DeviceState, now: Instant): void {
    const timestamp = this.#options.clock();
    const metrics = state.metrics.map((told): Metric => {
      const { name, type, properties } = told.metric;
      told.value = told.metric.read();
      return {
        ...{ name, timestamp, type, properties },
        ...((this.#options.aliases ?? true) && { alias: told.alias }),
        ...(Number.isNaN(told.value) ? { isNull: true } : { value: onWire(told.value, type) }),
      };
    });
    state.born = true;
    this.#publish('DBIRTH', state.device.id, metrics, now);
  }

  #deviceDeath(state: DeviceState, now: Instant): void {
    state.born = false;
    this.#publish('DDEATH', state.device.id, [], now);
  }

  #data(state: DeviceState, now: Instant): void {
    let metrics: Metric[] | undefined;
    for (const told of state.metrics) {
      const { metric, value: before } = told;
      const value = metric.read();
      if (Object.is(value, before) || Math.abs(value - before) <= (metric.deadBand ?? 0)) continue;
      told.value = value;
      metrics ??= [];
      metrics.push({
        ...((this.#options.aliases ?? true) ? { alias: told.alias } : { name: metric.name }),
        ...{ timestamp: this.#options.clock(), type: metric.type },
        ...(Number.isNaN(value) ? { isNull: true } : { value: onWire(value, metric.type) }),
      });
    }
    if (metrics !== undefined) this.#publish('DDATA', state.device.id, metrics, now);
  }

  #message({ topic, payload }: MqttMessage, now: Instant): void {
    const { primaryHost, updates } = this.#options;
    if (topic === updates?.topic) {
      updates.take(payload, now);
      return;
    }
    if (primaryHost !== undefined && topic === stateTopic(primaryHost)) {
      const state = decodeState(payload);
      if (state === undefined) return;
      const came = state.online && !this.#hostOnline;
      this.#hostOnline = state.online;
      if (came) this.rebirth(now);
      return;
    }
    const command = parseTopic(topic);
    const metrics = command === undefined ? undefined : decodePayload(payload)?.metrics;
    if (command === undefined || metrics === undefined) return;
    for (const metric of metrics) this.#command(command.type, command.device, metric, now);
  }

  #command(type: MessageType, device: string | undefined, { name, alias, value }: Metric, now: Instant): void {
    if (type === 'NCMD' && name === REBIRTH) {
      if (value === true) this.rebirth(now);
      return;
    }
    const state = this.#devices.find((one) => one.device.id === device);
    const told =
      name === undefined && alias !== undefined
        ? this.#byAlias.get(alias)
        : state?.metrics.find((one) => one.metric.name === name);
    const number = numberOf(value);
    if (type === 'DCMD' && told?.metric.write !== undefined && state?.metrics.includes(told) && number !== undefined)
      told.metric.write(number, now);
    else this.#options.onRefused?.(name ?? `alias ${alias}`, now);
  }
}

const onWire = (value: number, type: DataType): MetricValue => (type === 'Boolean' ? value !== 0 : value);
