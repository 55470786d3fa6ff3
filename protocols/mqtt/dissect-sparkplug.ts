/** Sparkplug B in the messages of one MQTT connection. */
import type { ProtocolEvent } from '@penstock/core';
import { BirthBook, numberOf, type ReadMetric } from '../sparkplug/book.ts';
import { decodePayload, type MetricValue } from '../sparkplug/payload.ts';
import { decodeState, NAMESPACE, parseTopic, type SparkplugTopic } from '../sparkplug/topic.ts';
import type { SparkplugMessageEvent, SparkplugMetricEvent, SparkplugStateEvent } from './events.ts';

/** Metrics of one message that are told each by itself; births of large nodes have more. */
const MOST_TOLD = 512;
const LONGEST = 256;
const STATE = `${NAMESPACE}/STATE/`;

export class SparkplugWatch {
  readonly #emit: (event: ProtocolEvent) => void;
  readonly #book = new BirthBook();

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
  }

  /** A message of the namespace. @returns whether its payload is what its topic says */
  message(time: number, fromClient: boolean, name: string, bytes: Uint8Array): boolean {
    if (name.startsWith(STATE)) {
      const state = decodeState(bytes);
      if (state === undefined) return false;
      const host = name.slice(STATE.length, STATE.length + LONGEST);
      const event: SparkplugStateEvent = {
        name: 'sparkplug_state',
        time,
        from_client: fromClient,
        host,
        online: state.online,
      };
      this.#emit(event);
      return true;
    }
    const topic = parseTopic(name);
    if (topic === undefined) return false;
    const payload = decodePayload(bytes);
    if (payload === undefined) {
      this.#tell(time, fromClient, topic, undefined, undefined, 0, 'payload');
      return false;
    }
    const read = this.#book.read(topic, payload);
    const isCommand = topic.type.endsWith('CMD');
    const problem = read.isStale
      ? 'stale'
      : read.isUnborn && !isCommand && topic.type !== 'NDEATH'
        ? 'unborn'
        : read.isOutOfSequence
          ? 'sequence'
          : undefined;
    this.#tell(time, fromClient, topic, payload.seq, read.bdSeq, payload.metrics.length, problem);
    const told = Math.min(MOST_TOLD, read.metrics.length);
    for (let i = 0; i < told; i++) this.#metric(time, fromClient, topic, read.metrics[i] as ReadMetric);
    return true;
  }

  #tell(
    time: number,
    fromClient: boolean,
    { group, type, node, device }: SparkplugTopic,
    seq: number | undefined,
    bdSeq: number | undefined,
    metrics: number,
    problem: string | undefined,
  ): void {
    const event: SparkplugMessageEvent = {
      name: 'sparkplug_message',
      time,
      from_client: fromClient,
      group,
      message_type: type,
      edge_node: node,
      device,
      seq,
      bd_seq: bdSeq,
      metrics,
      problem,
    };
    this.#emit(event);
  }

  #metric(time: number, fromClient: boolean, { group, type, node, device }: SparkplugTopic, metric: ReadMetric): void {
    const { name, alias, type: datatype, value } = metric;
    const number = numberOf(value);
    const event: SparkplugMetricEvent = {
      name: 'sparkplug_metric',
      time,
      from_client: fromClient,
      group,
      message_type: type,
      edge_node: node,
      device,
      metric: name,
      alias,
      datatype,
      value: number,
      text: number === undefined && value !== undefined ? shown(value) : undefined,
      is_null: value === undefined,
    };
    this.#emit(event);
  }
}

const shown = (value: MetricValue): string =>
  typeof value === 'string'
    ? value.slice(0, LONGEST)
    : value instanceof Uint8Array
      ? `${value.length} bytes`
      : `${value}`;
