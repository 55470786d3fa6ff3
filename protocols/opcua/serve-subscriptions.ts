/** Subscriptions and monitored items (OPC 10000-4, 5.12 and 5.13). */
import { type Duration, milliseconds } from '@penstock/core';
import type { Node } from './address-space.ts';
import { type ExtensionObject, isNullNode, NO_OBJECT } from './builtin.ts';
import type { RequestOf } from './messages.ts';
import { type DataFilter, isNumeric, MonitoredItem } from './monitored-item.ts';
import { OBJECT } from './objects.ts';
import type { Served } from './serve.ts';
import { refusalOf } from './serve-attributes.ts';
import type { ServiceCall } from './server-connection.ts';
import type { Session } from './server-session.ts';
import { STATUS } from './status.ts';
import type { MonitoredItemCreate, MonitoredItemCreateResult, MonitoringParameters } from './structures.ts';
import type { Subscription } from './subscription.ts';
import { ATTRIBUTE } from './tables.ts';

const FASTEST_SAMPLE = 50;
const SLOWEST = 3_600_000;
const LONGEST_QUEUE = 1000;
const MOST_CYCLES = 100_000;
const MOST_SELECTED = 64;
const DEFAULT_FILTER: DataFilter = { trigger: 1, deadband: 0 };

const within = (value: number, low: number, high: number): number =>
  Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : high;

interface Times {
  readonly interval: Duration;
  readonly lifetimeCount: number;
  readonly keepAliveCount: number;
}

function revised(
  { server }: ServiceCall,
  asked: Pick<
    RequestOf<'CreateSubscription'>,
    'requestedPublishingInterval' | 'requestedLifetimeCount' | 'requestedMaxKeepAliveCount'
  >,
): Times {
  const fastest = server.limits.publishingInterval / 1000;
  const interval = within(asked.requestedPublishingInterval, fastest, SLOWEST);
  const keepAliveCount = within(asked.requestedMaxKeepAliveCount || 10, 1, MOST_CYCLES / 3);
  return {
    interval: milliseconds(interval),
    keepAliveCount,
    // Three signs of life at least must be missed (OPC 10000-4, 5.13.2.2).
    lifetimeCount: within(asked.requestedLifetimeCount, keepAliveCount * 3, MOST_CYCLES),
  };
}

const answerOf = ({ interval, lifetimeCount, keepAliveCount }: Times) => ({
  revisedPublishingInterval: interval / 1000,
  revisedLifetimeCount: lifetimeCount,
  revisedMaxKeepAliveCount: keepAliveCount,
});

export function createSubscription(
  call: ServiceCall,
  body: RequestOf<'CreateSubscription'>,
): Served<'CreateSubscription'> {
  const session = call.session as Session;
  if (session.subscriptions.size >= call.server.limits.subscriptions) return STATUS.badTooManySubscriptions;
  const times = revised(call, body);
  const { maxNotificationsPerPublish: maxNotifications, publishingEnabled: enabled, priority } = body;
  const subscription = session.subscribe({ ...times, maxNotifications, enabled, priority }, call.now);
  return { subscriptionId: subscription.id, ...answerOf(times) };
}

export function modifySubscription(
  call: ServiceCall,
  body: RequestOf<'ModifySubscription'>,
): Served<'ModifySubscription'> {
  const subscription = subscriptionOf(call, body.subscriptionId);
  if (subscription === undefined) return STATUS.badSubscriptionIdInvalid;
  const times = revised(call, body);
  const { maxNotificationsPerPublish: maxNotifications, priority } = body;
  Object.assign(subscription.settings, times, { maxNotifications, priority });
  subscription.heard();
  subscription.reschedule(call.now);
  return answerOf(times);
}

function subscriptionOf(call: ServiceCall, id: number): Subscription | undefined {
  const subscription = (call.session as Session).subscriptions.get(id);
  subscription?.heard();
  return subscription;
}

/** One result for each of a list of ids. */
function each(call: ServiceCall, ids: readonly number[], act: (id: number) => number) {
  if (ids.length === 0) return STATUS.badNothingToDo;
  if (ids.length > call.server.limits.nodes) return STATUS.badTooManyOperations;
  return { results: ids.map(act), diagnosticInfos: [] };
}

export function setPublishingMode(
  call: ServiceCall,
  { publishingEnabled, subscriptionIds }: RequestOf<'SetPublishingMode'>,
): Served<'SetPublishingMode'> {
  return each(call, subscriptionIds, (id) => {
    const subscription = subscriptionOf(call, id);
    if (subscription === undefined) return STATUS.badSubscriptionIdInvalid;
    subscription.settings.enabled = publishingEnabled;
    return STATUS.good;
  });
}

export function deleteSubscriptions(
  call: ServiceCall,
  { subscriptionIds }: RequestOf<'DeleteSubscriptions'>,
): Served<'DeleteSubscriptions'> {
  const session = call.session as Session;
  const answer = each(call, subscriptionIds, (id) =>
    session.subscriptions.delete(id) ? STATUS.good : STATUS.badSubscriptionIdInvalid,
  );
  session.unsubscribed();
  return answer;
}

export function createMonitoredItems(
  call: ServiceCall,
  { subscriptionId, timestampsToReturn, itemsToCreate }: RequestOf<'CreateMonitoredItems'>,
): Served<'CreateMonitoredItems'> {
  const subscription = subscriptionOf(call, subscriptionId);
  if (subscription === undefined) return STATUS.badSubscriptionIdInvalid;
  if (timestampsToReturn > 3) return STATUS.badTimestampsToReturnInvalid;
  if (itemsToCreate.length === 0) return STATUS.badNothingToDo;
  if (itemsToCreate.length > call.server.limits.nodes) return STATUS.badTooManyOperations;
  return {
    results: itemsToCreate.map((item) => createItem(call, subscription, item, timestampsToReturn)),
    diagnosticInfos: [],
  };
}

const refusedItem = (statusCode: number): MonitoredItemCreateResult => ({
  ...{ statusCode, monitoredItemId: 0, revisedSamplingInterval: 0, revisedQueueSize: 0, filterResult: NO_OBJECT },
});

function createItem(
  { server, now }: ServiceCall,
  subscription: Subscription,
  { itemToMonitor, monitoringMode, requestedParameters }: MonitoredItemCreate,
  timestamps: number,
): MonitoredItemCreateResult {
  const refusal = refusalOf(server, itemToMonitor);
  if (refusal !== STATUS.good) return refusedItem(refusal);
  if (monitoringMode > 2) return refusedItem(STATUS.badMonitoringModeInvalid);
  if (subscription.items.size >= server.limits.monitoredItems) return refusedItem(STATUS.badTooManyMonitoredItems);
  const node = server.space.find(itemToMonitor.nodeId) as Node;
  const { attributeId } = itemToMonitor;
  const parts = partsOf(node, attributeId, requestedParameters, subscription);
  if (typeof parts === 'number') return refusedItem(parts);
  const item = new MonitoredItem(
    subscription.items.size === 0 ? 1 : Math.max(...subscription.items.keys()) + 1,
    node,
    attributeId,
    { clientHandle: requestedParameters.clientHandle, mode: monitoringMode, timestamps, ...parts },
    now,
  );
  subscription.items.set(item.id, item);
  return {
    ...{ statusCode: STATUS.good, monitoredItemId: item.id, revisedSamplingInterval: parts.every / 1000 },
    ...{ revisedQueueSize: parts.queueSize, filterResult: NO_OBJECT },
  };
}

function partsOf(
  node: Node,
  attribute: number,
  { samplingInterval, filter, queueSize, discardOldest }: MonitoringParameters,
  { settings }: Subscription,
) {
  const publishing = settings.interval / 1000;
  const every = milliseconds(samplingInterval < 0 ? publishing : within(samplingInterval, FASTEST_SAMPLE, SLOWEST));
  const common = { every, queueSize: within(queueSize, 1, LONGEST_QUEUE), discardOldest };
  if (attribute === ATTRIBUTE.EventNotifier) {
    if (node.eventNotifier === undefined) return STATUS.badAttributeIdInvalid;
    if (node.eventNotifier === 0) return STATUS.badNotSupported;
    const wanted = OBJECT.eventFilter.unpack(filter);
    if (wanted === undefined || wanted.selectClauses.length === 0) return STATUS.badEventFilterInvalid;
    if (wanted.selectClauses.length > MOST_SELECTED) return STATUS.badEventFilterInvalid;
    if (wanted.whereClause.length > 0) return STATUS.badMonitoredItemFilterUnsupported;
    const room = queueSize <= 1 ? LONGEST_QUEUE : common.queueSize;
    return { ...common, queueSize: room, filter: DEFAULT_FILTER, select: wanted.selectClauses };
  }
  const data = dataFilter(node, attribute, filter);
  return typeof data === 'number' ? data : { ...common, filter: data, select: undefined };
}

function dataFilter(node: Node, attribute: number, filter: ExtensionObject): DataFilter | number {
  if (filter.encoding === 0 && isNullNode(filter.typeId)) return DEFAULT_FILTER;
  const wanted = OBJECT.dataChangeFilter.unpack(filter);
  if (wanted === undefined) return STATUS.badMonitoredItemFilterUnsupported;
  if (attribute !== ATTRIBUTE.Value) return STATUS.badFilterNotAllowed;
  const { trigger, deadbandType, deadbandValue } = wanted;
  if (trigger > 2 || deadbandType > 2) return STATUS.badMonitoredItemFilterInvalid;
  if (deadbandType === 0) return { trigger, deadband: 0 };
  if (!isNumeric(node.variable?.builtIn ?? 0)) return STATUS.badFilterNotAllowed;
  if (!(deadbandValue >= 0)) return STATUS.badDeadbandFilterInvalid;
  if (deadbandType === 1) return { trigger, deadband: deadbandValue };
  if (deadbandValue > 100) return STATUS.badDeadbandFilterInvalid;
  const range = node.references.find(({ target }) => target.browseName.name === 'EURange')?.target.variable;
  const span = range && OBJECT.range.unpack(range.read(0).value.value as ExtensionObject);
  if (span === undefined) return STATUS.badMonitoredItemFilterUnsupported;
  return { trigger, deadband: ((span.high - span.low) * deadbandValue) / 100 };
}

export function modifyMonitoredItems(
  call: ServiceCall,
  { subscriptionId, timestampsToReturn, itemsToModify }: RequestOf<'ModifyMonitoredItems'>,
): Served<'ModifyMonitoredItems'> {
  const subscription = subscriptionOf(call, subscriptionId);
  if (subscription === undefined) return STATUS.badSubscriptionIdInvalid;
  if (timestampsToReturn > 3) return STATUS.badTimestampsToReturnInvalid;
  if (itemsToModify.length === 0) return STATUS.badNothingToDo;
  if (itemsToModify.length > call.server.limits.nodes) return STATUS.badTooManyOperations;
  const refused = (statusCode: number) => ({
    ...{ statusCode, revisedSamplingInterval: 0, revisedQueueSize: 0, filterResult: NO_OBJECT },
  });
  const results = itemsToModify.map(({ monitoredItemId, requestedParameters }) => {
    const item = subscription.items.get(monitoredItemId);
    if (item === undefined) return refused(STATUS.badMonitoredItemIdInvalid);
    const parts = partsOf(item.node, item.attribute, requestedParameters, subscription);
    if (typeof parts === 'number') return refused(parts);
    const { clientHandle } = requestedParameters;
    Object.assign(item.settings, parts, { clientHandle, timestamps: timestampsToReturn });
    item.values.splice(0, Math.max(0, item.values.length - parts.queueSize));
    if (parts.select === undefined) item.nextSample = call.now;
    return {
      ...{ statusCode: STATUS.good, revisedSamplingInterval: parts.every / 1000, revisedQueueSize: parts.queueSize },
      filterResult: NO_OBJECT,
    };
  });
  return { results, diagnosticInfos: [] };
}

export function setMonitoringMode(
  call: ServiceCall,
  { subscriptionId, monitoringMode, monitoredItemIds }: RequestOf<'SetMonitoringMode'>,
): Served<'SetMonitoringMode'> {
  const subscription = subscriptionOf(call, subscriptionId);
  if (subscription === undefined) return STATUS.badSubscriptionIdInvalid;
  if (monitoringMode > 2) return STATUS.badMonitoringModeInvalid;
  return each(call, monitoredItemIds, (id) => {
    const item = subscription.items.get(id);
    if (item === undefined) return STATUS.badMonitoredItemIdInvalid;
    if (monitoringMode === 0) item.drop();
    else if (item.settings.mode === 0) item.forget(call.now);
    item.settings.mode = monitoringMode;
    return STATUS.good;
  });
}

export function deleteMonitoredItems(
  call: ServiceCall,
  { subscriptionId, monitoredItemIds }: RequestOf<'DeleteMonitoredItems'>,
): Served<'DeleteMonitoredItems'> {
  const subscription = subscriptionOf(call, subscriptionId);
  if (subscription === undefined) return STATUS.badSubscriptionIdInvalid;
  return each(call, monitoredItemIds, (id) =>
    subscription.items.delete(id) ? STATUS.good : STATUS.badMonitoredItemIdInvalid,
  );
}

export function publish(call: ServiceCall, { subscriptionAcknowledgements }: RequestOf<'Publish'>): Served<'Publish'> {
  const session = call.session as Session;
  if (session.subscriptions.size === 0) return STATUS.badNoSubscription;
  if (subscriptionAcknowledgements.length > call.server.limits.nodes) return STATUS.badTooManyOperations;
  const results = subscriptionAcknowledgements.map(({ subscriptionId, sequenceNumber }) => {
    const subscription = session.subscriptions.get(subscriptionId);
    if (subscription === undefined) return STATUS.badSubscriptionIdInvalid;
    return subscription.acknowledge(sequenceNumber) ? STATUS.good : STATUS.badSequenceNumberUnknown;
  });
  session.publish(call.pending, results);
  return undefined;
}

export function republish(
  call: ServiceCall,
  { subscriptionId, retransmitSequenceNumber }: RequestOf<'Republish'>,
): Served<'Republish'> {
  const subscription = subscriptionOf(call, subscriptionId);
  if (subscription === undefined) return STATUS.badSubscriptionIdInvalid;
  const notificationMessage = subscription.kept(retransmitSequenceNumber);
  return notificationMessage === undefined ? STATUS.badMessageNotAvailable : { notificationMessage };
}
