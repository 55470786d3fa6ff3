/** What birth certificates said: names and types behind the aliases of data and command messages. Bounded. */
import { type DataType, type Metric, type MetricValue, type Payload, typed } from './payload.ts';
import type { SparkplugTopic } from './topic.ts';

export interface KnownMetric {
  readonly name: string;
  readonly type: DataType;
  readonly alias: number | undefined;
}

export class NodeBook {
  readonly group: string;
  readonly node: string;
  online = false;
  bdSeq: number | undefined;
  /** Sequence number of the last message, 0 to 255. */
  seq: number | undefined;
  /** Metrics by device; the node's own under the empty name. */
  readonly devices = new Map<string, Map<string, KnownMetric>>();
  /** Aliases are the node's: no two of its metrics share one (6.4.5). */
  readonly aliases = new Map<number, { readonly device: string; readonly metric: KnownMetric }>();

  constructor(group: string, node: string) {
    this.group = group;
    this.node = node;
  }
}

/** A metric with what its birth said of it. */
export interface ReadMetric {
  readonly name: string | undefined;
  readonly alias: number | undefined;
  readonly type: DataType | undefined;
  readonly value: MetricValue | undefined;
  readonly timestamp: number | undefined;
  readonly properties: Metric['properties'];
}

export interface ReadMessage {
  readonly topic: SparkplugTopic;
  readonly payload: Payload;
  readonly metrics: readonly ReadMetric[];
  /** bdSeq of births and deaths of nodes. */
  readonly bdSeq: number | undefined;
  /** A message was missed, or none of this node's births was seen. */
  readonly isOutOfSequence: boolean;
  readonly isUnborn: boolean;
  /** A death certificate of another connection than the newest (6.4.19): it says nothing. */
  readonly isStale: boolean;
}

const MAX_NODES = 512;
const MAX_METRICS = 10_000;
const MAX_DEVICES = 256;
const COMMANDS: ReadonlySet<string> = new Set(['NCMD', 'DCMD']);

export class BirthBook {
  /** Nodes and metrics that found no room. */
  dropped = 0;
  readonly #nodes = new Map<string, NodeBook>();

  get nodes(): Iterable<NodeBook> {
    return this.#nodes.values();
  }

  node(group: string, node: string): NodeBook | undefined {
    return this.#nodes.get(`${group}/${node}`);
  }

  /** Takes a message in, and gives back what it says. */
  read(topic: SparkplugTopic, payload: Payload): ReadMessage {
    const { type, device = '' } = topic;
    const node = this.#node(topic);
    const bdSeq = numberOf(payload.metrics.find(({ name }) => name === 'bdSeq')?.value);
    const isDeath = type === 'NDEATH';
    const isStale = isDeath && node?.bdSeq !== undefined && bdSeq !== undefined && bdSeq !== node.bdSeq;
    const isUnborn = node === undefined || (!node.online && type !== 'NBIRTH' && !isDeath);
    let isOutOfSequence = false;
    if (node !== undefined && !COMMANDS.has(type) && !isDeath) {
      const { seq } = payload;
      if (type !== 'NBIRTH' && node.online && seq !== undefined && node.seq !== undefined)
        isOutOfSequence = seq !== (node.seq + 1) % 256;
      if (seq !== undefined) node.seq = seq;
    }
    if (node !== undefined && type === 'NBIRTH') {
      node.devices.clear();
      node.aliases.clear();
      node.online = true;
      node.bdSeq = bdSeq;
    }
    if (node !== undefined && isDeath && !isStale) node.online = false;
    if (node !== undefined && (type === 'NBIRTH' || type === 'DBIRTH')) this.#born(node, device, payload.metrics);
    if (node !== undefined && type === 'DDEATH') node.devices.delete(device);
    const metrics = payload.metrics.map((metric) => resolve(node, device, metric));
    return { topic, payload, metrics, bdSeq, isOutOfSequence, isUnborn, isStale };
  }

  #node({ group, node }: SparkplugTopic): NodeBook | undefined {
    const key = `${group}/${node}`;
    let known = this.#nodes.get(key);
    if (known !== undefined) return known;
    if (this.#nodes.size >= MAX_NODES) {
      this.dropped++;
      return undefined;
    }
    known = new NodeBook(group, node);
    this.#nodes.set(key, known);
    return known;
  }

  #born(node: NodeBook, device: string, metrics: readonly Metric[]): void {
    if (!node.devices.has(device) && node.devices.size >= MAX_DEVICES) {
      this.dropped++;
      return;
    }
    const known = new Map<string, KnownMetric>();
    node.devices.set(device, known);
    for (const { name, alias, type = 'Unknown' } of metrics) {
      if (name === undefined) continue;
      if (known.size >= MAX_METRICS) {
        this.dropped++;
        continue;
      }
      const metric = { name, alias, type };
      known.set(name, metric);
      if (alias !== undefined && node.aliases.size < MAX_METRICS) node.aliases.set(alias, { device, metric });
    }
  }
}

function resolve(node: NodeBook | undefined, device: string, metric: Metric): ReadMetric {
  const { name, alias, type, value, timestamp, properties } = metric;
  const known =
    name !== undefined
      ? node?.devices.get(device)?.get(name)
      : alias !== undefined
        ? node?.aliases.get(alias)?.metric
        : undefined;
  const meant = type ?? known?.type;
  return {
    name: name ?? known?.name,
    alias: alias ?? known?.alias,
    type: meant,
    value: value === undefined ? undefined : typed(value, meant),
    ...{ timestamp, properties },
  };
}

/** A value as a number: booleans 0 and 1; undefined for what is none. */
export function numberOf(value: MetricValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'bigint' ? Number(value) : undefined;
}
