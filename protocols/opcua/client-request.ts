/** What a client is asked to do: one service call with its outcome. Owners keep the object and submit it again. */
import { type Instant, NEVER } from '@penstock/core';
import type { DataValue, NodeId, Variant } from './builtin.ts';
import type { RequestOf, ResponseOf, ServiceName } from './messages.ts';
import { ATTRIBUTE } from './tables.ts';

/** `refused`: the server answered with a fault, whose status is `status`. `closed`: there is no session any more. */
export type OpcUaRequestState = 'idle' | 'queued' | 'sent' | 'done' | 'refused' | 'timeout' | 'closed';

export class OpcUaRequest<N extends ServiceName = ServiceName> {
  readonly service: N;
  body: RequestOf<N>;
  state: OpcUaRequestState = 'idle';
  /** Of the service as a whole; single results stand in the response. */
  status = 0;
  response: ResponseOf<N> | undefined;
  deadline: Instant = NEVER;
  readonly onFinished: ((request: OpcUaRequest<N>, now: Instant) => void) | undefined;

  constructor(
    service: N,
    body: RequestOf<N>,
    onFinished?: ((request: OpcUaRequest<N>, now: Instant) => void) | undefined,
  ) {
    this.service = service;
    this.body = body;
    this.onFinished = onFinished;
  }

  get pending(): boolean {
    return this.state === 'queued' || this.state === 'sent';
  }
}

export interface OpcUaClientCounters {
  sent: number;
  done: number;
  refused: number;
  timeouts: number;
  /** Answers that belong to no call, or could not be read. */
  unknown: number;
}

const NO_ENCODING = { namespace: 0, name: undefined };

/** Reads an attribute of nodes; their values when left out. */
export function readRequest(
  nodeIds: readonly NodeId[],
  onFinished?: (request: OpcUaRequest<'Read'>, now: Instant) => void,
  attributeId: number = ATTRIBUTE.Value,
): OpcUaRequest<'Read'> {
  const nodesToRead = nodeIds.map((nodeId) => ({
    ...{ nodeId, attributeId, indexRange: undefined, dataEncoding: NO_ENCODING },
  }));
  return new OpcUaRequest('Read', { maxAge: 0, timestampsToReturn: 2, nodesToRead }, onFinished);
}

/** What a Write asks for: values without timestamps, as servers want them. */
export const writeBody = (values: readonly (readonly [NodeId, Variant])[]): RequestOf<'Write'> => ({
  nodesToWrite: values.map(([nodeId, value]) => ({
    ...{ nodeId, attributeId: ATTRIBUTE.Value, indexRange: undefined, value: { value } },
  })),
});

export const writeRequest = (
  values: readonly (readonly [NodeId, Variant])[],
  onFinished?: (request: OpcUaRequest<'Write'>, now: Instant) => void,
): OpcUaRequest<'Write'> => new OpcUaRequest('Write', writeBody(values), onFinished);

/** All forward references of a node. */
export const browseBody = (nodeIds: readonly NodeId[], most = 0): RequestOf<'Browse'> => ({
  view: { viewId: { namespace: 0, kind: 'numeric', value: 0 }, timestamp: 0, viewVersion: 0 },
  requestedMaxReferencesPerNode: most,
  nodesToBrowse: nodeIds.map((nodeId) => ({
    ...{ nodeId, browseDirection: 0, referenceTypeId: { namespace: 0, kind: 'numeric', value: 33 } as const },
    ...{ includeSubtypes: true, nodeClassMask: 0, resultMask: 63 },
  })),
});

/** What a subscription of a client hears. */
export interface SubscriptionSpec {
  readonly items: readonly NodeId[];
  /** Milliseconds. */
  readonly publishingInterval: number;
  /** Milliseconds; as often as is published when left out. */
  readonly samplingInterval?: number | undefined;
  /** In the values' unit. */
  readonly deadband?: number | undefined;
  readonly onData: (item: number, value: DataValue, now: Instant) => void;
  /** Something was heard, if only that it lives: values that were not told are as they were. */
  readonly onAlive?: ((now: Instant) => void) | undefined;
  /** It stands, or it ended: of each item whether the server has it. */
  readonly onState?: ((statuses: readonly number[] | undefined, now: Instant) => void) | undefined;
}
