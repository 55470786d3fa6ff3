/** Read, Write and HistoryRead (OPC 10000-4, 5.10; OPC 10000-11). */
import type { Node } from './address-space.ts';
import { BUILT_IN, type DataValue, NO_OBJECT, NULL_NODE, numericId, type Scalar, type Variant } from './builtin.ts';
import type { RequestOf } from './messages.ts';
import { OBJECT } from './objects.ts';
import type { Served } from './serve.ts';
import type { OpcUaOutcome, OpcUaServer } from './server.ts';
import type { ServiceCall } from './server-connection.ts';
import type { Session } from './server-session.ts';
import { isBad, STATUS } from './status.ts';
import type { HistoryReadResult, HistoryReadValueId, ReadValueId, WriteValue } from './structures.ts';
import { ACCESS, ATTRIBUTE, NODE_CLASS } from './tables.ts';

const OUTCOMES: Readonly<Record<OpcUaOutcome, number>> = {
  done: STATUS.good,
  'read-only': STATUS.badNotWritable,
  locked: STATUS.badInvalidState,
  range: STATUS.badOutOfRange,
  fault: STATUS.badDeviceFailure,
  'no-answer': STATUS.badNoCommunication,
};
export const statusOfOutcome = (outcome: OpcUaOutcome): number => OUTCOMES[outcome];

const plain = (type: number, value: Scalar | readonly Scalar[]): Variant => ({ type, value });

/** An attribute other than Value; undefined where nodes of that class have none of it. */
function attributeOf(session: Session, node: Node, attribute: number): Variant | undefined {
  const { variable, nodeClass } = node;
  const { Boolean: bool, Byte, Int32, UInt32, NodeId, QualifiedName, LocalizedText, Double } = BUILT_IN;
  const isType = nodeClass === NODE_CLASS.ObjectType || nodeClass === NODE_CLASS.VariableType;
  switch (attribute) {
    case ATTRIBUTE.NodeId:
      return plain(NodeId, node.id);
    case ATTRIBUTE.NodeClass:
      return plain(Int32, nodeClass);
    case ATTRIBUTE.BrowseName:
      return plain(QualifiedName, node.browseName);
    case ATTRIBUTE.DisplayName:
      return plain(LocalizedText, node.displayName);
    case ATTRIBUTE.Description:
      return plain(LocalizedText, node.description ?? {});
    case ATTRIBUTE.WriteMask:
    case ATTRIBUTE.UserWriteMask:
      return plain(UInt32, 0);
    case ATTRIBUTE.IsAbstract:
      return isType || nodeClass === NODE_CLASS.ReferenceType || nodeClass === NODE_CLASS.DataType
        ? plain(bool, false)
        : undefined;
    case ATTRIBUTE.Symmetric:
      return nodeClass === NODE_CLASS.ReferenceType ? plain(bool, false) : undefined;
    case ATTRIBUTE.InverseName:
      return nodeClass === NODE_CLASS.ReferenceType ? plain(LocalizedText, {}) : undefined;
    case ATTRIBUTE.EventNotifier:
      return node.eventNotifier === undefined ? undefined : plain(Byte, node.eventNotifier);
    case ATTRIBUTE.Executable:
      return nodeClass === NODE_CLASS.Method ? plain(bool, true) : undefined;
    case ATTRIBUTE.UserExecutable:
      return nodeClass === NODE_CLASS.Method ? plain(bool, session.may('engineer')) : undefined;
  }
  if (nodeClass === NODE_CLASS.VariableType) {
    if (attribute === ATTRIBUTE.DataType) return plain(NodeId, numericId(24));
    if (attribute === ATTRIBUTE.ValueRank) return plain(Int32, -2);
    return undefined;
  }
  if (variable === undefined) return undefined;
  switch (attribute) {
    case ATTRIBUTE.DataType:
      return plain(NodeId, variable.dataType === 0 ? NULL_NODE : numericId(variable.dataType));
    case ATTRIBUTE.ValueRank:
      return plain(Int32, variable.valueRank);
    case ATTRIBUTE.ArrayDimensions:
      return plain(UInt32, variable.valueRank === 1 ? [0] : []);
    case ATTRIBUTE.AccessLevel:
      return plain(Byte, variable.access);
    case ATTRIBUTE.UserAccessLevel:
      return plain(Byte, session.may('operator') ? variable.access : variable.access & ~ACCESS.write);
    case ATTRIBUTE.MinimumSamplingInterval:
      return plain(Double, variable.minimumSamplingInterval ?? 0);
    case ATTRIBUTE.Historizing:
      return plain(bool, (variable.access & ACCESS.historyRead) !== 0);
  }
  return undefined;
}

/** An attribute with the timestamps that were asked for. `now`: microseconds since 1970. */
export function readItem(session: Session, node: Node, attribute: number, timestamps: number, now: number): DataValue {
  const serverTimestamp = timestamps === 1 || timestamps === 2 ? now : undefined;
  if (attribute === ATTRIBUTE.Value && node.variable !== undefined) {
    const reading = node.variable.read(now);
    const status = reading.status ?? STATUS.good;
    const withSource = timestamps === 0 || timestamps === 2;
    return {
      value: isBad(status) ? undefined : reading.value,
      status: status === STATUS.good ? undefined : status,
      sourceTimestamp: withSource ? (reading.sourceTimestamp ?? now) : undefined,
      serverTimestamp,
    };
  }
  const value = attributeOf(session, node, attribute);
  return value === undefined ? { status: STATUS.badAttributeIdInvalid, serverTimestamp } : { value, serverTimestamp };
}

/** Why a node's attribute cannot be read as was asked; good when it can. */
export function refusalOf(server: OpcUaServer, { nodeId, indexRange, dataEncoding, attributeId }: ReadValueId): number {
  const node = server.space.find(nodeId);
  if (node === undefined) return STATUS.badNodeIdUnknown;
  if (attributeId < ATTRIBUTE.NodeId || attributeId > 27) return STATUS.badAttributeIdInvalid;
  if (dataEncoding.name)
    return attributeId === ATTRIBUTE.Value ? STATUS.badDataEncodingUnsupported : STATUS.badDataEncodingInvalid;
  if (indexRange) return /^\d+(:\d+)?(,\d+(:\d+)?)*$/.test(indexRange) ? STATUS.good : STATUS.badIndexRangeInvalid;
  return STATUS.good;
}

function readOne(call: ServiceCall, session: Session, id: ReadValueId, timestamps: number, now: number): DataValue {
  const { server } = call;
  const refusal = refusalOf(server, id);
  if (refusal !== STATUS.good) return { status: refusal };
  const node = server.space.find(id.nodeId) as Node;
  const value = readItem(session, node, id.attributeId, timestamps, now);
  return id.indexRange && value.value !== undefined ? ranged(value, id.indexRange) : value;
}

/** Some elements of an array, or characters of a string, as `2` or `1:3` says. */
function ranged(value: DataValue, range: string): DataValue {
  const content = value.value?.value;
  const [first, last] = range.split(':').map(Number) as [number, number | undefined];
  const end = last ?? first;
  if (range.includes(',') || (last !== undefined && last <= first)) return { status: STATUS.badIndexRangeInvalid };
  const isSliced = Array.isArray(content) || typeof content === 'string' || content instanceof Uint8Array;
  if (!isSliced || first >= content.length) return { status: STATUS.badIndexRangeNoData };
  return { ...value, value: { ...(value.value as Variant), value: content.slice(first, end + 1) as Scalar } };
}

export function read(
  call: ServiceCall,
  { maxAge, timestampsToReturn, nodesToRead }: RequestOf<'Read'>,
): Served<'Read'> {
  const session = call.session as Session;
  if (nodesToRead.length === 0) return STATUS.badNothingToDo;
  if (nodesToRead.length > call.server.limits.nodes) return STATUS.badTooManyOperations;
  if (maxAge < 0) return STATUS.badMaxAgeInvalid;
  if (timestampsToReturn > 3) return STATUS.badTimestampsToReturnInvalid;
  const now = call.server.now();
  const results: DataValue[] = [];
  for (const id of nodesToRead) results.push(readOne(call, session, id, timestampsToReturn, now));
  return { results, diagnosticInfos: [] };
}

export function write(call: ServiceCall, { nodesToWrite }: RequestOf<'Write'>): Served<'Write'> {
  if (nodesToWrite.length === 0) return STATUS.badNothingToDo;
  if (nodesToWrite.length > call.server.limits.nodes) return STATUS.badTooManyOperations;
  const results: number[] = new Array(nodesToWrite.length).fill(STATUS.good);
  let open = nodesToWrite.length;
  const done = (i: number, status: number): void => {
    results[i] = status;
    if (--open === 0) call.pending.answer('Write', { results, diagnosticInfos: [] });
  };
  nodesToWrite.forEach((item, i) => {
    writeOne(call, item, (status) => done(i, status));
  });
  return undefined;
}

function writeOne(
  call: ServiceCall,
  { nodeId, attributeId, indexRange, value }: WriteValue,
  done: (status: number) => void,
): void {
  const { server } = call;
  const session = call.session as Session;
  const node = server.space.find(nodeId);
  const refusal =
    node === undefined ? STATUS.badNodeIdUnknown : writeRefusal(session, node, attributeId, indexRange, value);
  const finish = (status: number): void => {
    if (node?.variable?.item !== undefined)
      server.events.written(session, node, value, status, call.header.auditEntryId);
    done(status);
  };
  if (refusal !== STATUS.good) {
    finish(refusal);
    return;
  }
  const { item } = (node as Node).variable as { item: number };
  const content = value.value?.value;
  const number = typeof content === 'boolean' ? Number(content) : (content as number);
  server.options.access.write(item, number, session.writer, (outcome) => finish(statusOfOutcome(outcome)));
}

function writeRefusal(
  session: Session,
  node: Node,
  attribute: number,
  indexRange: string | undefined,
  { value, status, sourceTimestamp, serverTimestamp }: DataValue,
): number {
  const { variable } = node;
  if (attribute < ATTRIBUTE.NodeId || attribute > 27) return STATUS.badAttributeIdInvalid;
  if (attribute !== ATTRIBUTE.Value)
    return attributeOf(session, node, attribute) === undefined ? STATUS.badAttributeIdInvalid : STATUS.badNotWritable;
  if (variable === undefined) return STATUS.badAttributeIdInvalid;
  if (variable.item === undefined || (variable.access & ACCESS.write) === 0) return STATUS.badNotWritable;
  if (!session.may('operator')) return STATUS.badUserAccessDenied;
  if (indexRange) return STATUS.badWriteNotSupported;
  if (status !== undefined || sourceTimestamp !== undefined || serverTimestamp !== undefined)
    return STATUS.badWriteNotSupported;
  if (value === undefined || value.type !== variable.builtIn || Array.isArray(value.value))
    return STATUS.badTypeMismatch;
  return typeof value.value === 'number' && !Number.isFinite(value.value) ? STATUS.badOutOfRange : STATUS.good;
}

/** Where a history goes on. */
interface HistoryPlace {
  readonly kind: 'history';
  readonly item: number;
  readonly from: number;
  readonly to: number;
  readonly timestamps: number;
}

const NO_HISTORY = (statusCode: number): HistoryReadResult => ({
  ...{ statusCode, continuationPoint: undefined, historyData: NO_OBJECT },
});

export function historyRead(
  call: ServiceCall,
  { historyReadDetails, timestampsToReturn, releaseContinuationPoints, nodesToRead }: RequestOf<'HistoryRead'>,
): Served<'HistoryRead'> {
  const session = call.session as Session;
  if (nodesToRead.length === 0) return STATUS.badNothingToDo;
  if (nodesToRead.length > call.server.limits.nodes) return STATUS.badTooManyOperations;
  if (releaseContinuationPoints) {
    for (const { continuationPoint } of nodesToRead) session.takeUp(continuationPoint);
    return { results: nodesToRead.map(() => NO_HISTORY(STATUS.good)), diagnosticInfos: [] };
  }
  if (timestampsToReturn >= 3) return STATUS.badTimestampsToReturnInvalid;
  const details = OBJECT.readRawModifiedDetails.unpack(historyReadDetails);
  if (details === undefined || details.isReadModified) return STATUS.badHistoryOperationUnsupported;
  const { startTime, endTime, numValuesPerNode } = details;
  if (startTime === 0 && endTime === 0) return STATUS.badHistoryOperationInvalid;
  const results = nodesToRead.map((id) =>
    historyOf(call, session, id, timestampsToReturn, startTime, endTime, numValuesPerNode),
  );
  return { results, diagnosticInfos: [] };
}

function historyOf(
  { server }: ServiceCall,
  session: Session,
  { nodeId, continuationPoint }: HistoryReadValueId,
  timestamps: number,
  startTime: number,
  endTime: number,
  count: number,
): HistoryReadResult {
  const node = server.space.find(nodeId);
  if (node === undefined) return NO_HISTORY(STATUS.badNodeIdUnknown);
  const { history } = server;
  const item = node.variable?.item;
  if (history === undefined || item === undefined || !history.keeps(item))
    return NO_HISTORY(STATUS.badHistoryOperationUnsupported);
  let place: HistoryPlace = { kind: 'history', item, from: startTime, to: endTime, timestamps };
  if (continuationPoint !== undefined) {
    const kept = session.takeUp(continuationPoint) as HistoryPlace | undefined;
    if (kept?.kind !== 'history' || kept.item !== item) return NO_HISTORY(STATUS.badContinuationPointInvalid);
    place = kept;
  }
  const most = Math.min(count === 0 ? server.limits.nodes : count, server.limits.nodes);
  const { values, next } = history.read(item, place.from, place.to, most);
  const dataValues = values.map(({ time, value }) => ({
    value: value as Variant,
    sourceTimestamp: timestamps === 1 ? undefined : time,
    serverTimestamp: timestamps === 0 ? undefined : time,
  }));
  return {
    statusCode: dataValues.length === 0 ? STATUS.goodNoData : STATUS.good,
    continuationPoint: next === undefined ? undefined : session.keep({ ...place, from: next }),
    historyData: OBJECT.historyData.pack({ dataValues }),
  };
}
