/** Topics of Sparkplug B (specification 3.0.0, chapter 4): `spBv1.0/GROUP/TYPE/NODE[/DEVICE]` and `spBv1.0/STATE/HOST`. */

export const NAMESPACE = 'spBv1.0';
const MESSAGE_TYPES = ['NBIRTH', 'NDEATH', 'DBIRTH', 'DDEATH', 'NDATA', 'DDATA', 'NCMD', 'DCMD'] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

export interface SparkplugTopic {
  readonly group: string;
  readonly type: MessageType;
  readonly node: string;
  /** Of the D messages. */
  readonly device: string | undefined;
}

const TYPES: ReadonlySet<string> = new Set(MESSAGE_TYPES);

/** What a topic says; undefined for one that is not of this namespace, or of none of its messages. */
export function parseTopic(topic: string): SparkplugTopic | undefined {
  const [namespace, group, type, node, device, ...more] = topic.split('/');
  if (namespace !== NAMESPACE || !group || !node || type === undefined || !TYPES.has(type) || more.length > 0)
    return undefined;
  if (type.startsWith('D') !== (device !== undefined && device !== '')) return undefined;
  return { group, type: type as MessageType, node, device };
}

export const formatTopic = ({ group, type, node, device }: SparkplugTopic): string =>
  [NAMESPACE, group, type, node, ...(device === undefined ? [] : [device])].join('/');

/** Where a host application says whether it is there. */
export const stateTopic = (host: string): string => `${NAMESPACE}/STATE/${host}`;

export interface HostState {
  readonly online: boolean;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

export const encodeState = ({ online, timestamp }: HostState): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ online, timestamp }));

/** What a STATE message says; undefined for one that says nothing of the kind. */
export function decodeState(payload: Uint8Array): HostState | undefined {
  if (payload.length > 1024) return undefined;
  try {
    const state: unknown = JSON.parse(new TextDecoder().decode(payload));
    if (typeof state !== 'object' || state === null) return undefined;
    const { online, timestamp } = state as Record<string, unknown>;
    return typeof online === 'boolean' ? { online, timestamp: Number(timestamp) || 0 } : undefined;
  } catch {
    return undefined;
  }
}
