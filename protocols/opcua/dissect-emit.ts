/** Rows of events out of decoded messages. */
import type { ProtocolEvent } from '@penstock/core';
import {
  BUILT_IN_NAMES,
  type DataValue,
  dataValueMask,
  encodingOf,
  isNullNode,
  type NodeId,
  nodeIdText,
  type Scalar,
  type Variant,
} from './builtin.ts';
import type { AnyOpcUaEvent, EndpointEvent, NodeColumns, OpcUaValueEvent, UserTokenEvent } from './events.ts';
import type { RequestOf, ResponseOf } from './messages.ts';
import { isGood, STATUS, statusName } from './status.ts';
import type { EndpointDescription } from './structures.ts';
import { ATTRIBUTE_NAMES, MONITORING_MODES } from './tables.ts';

export type Emit = (event: AnyOpcUaEvent & ProtocolEvent) => void;

const LONGEST_TEXT = 256;
const LONGEST_BYTES = 24;
/** Rows of one kind that one message may make. */
export const MOST_ROWS = 256;

export const hex = (value: number, digits = 2): string => `0x${value.toString(16).padStart(digits, '0')}`;
export const short = (text: string | undefined): string | undefined =>
  text === undefined || text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}…`;
/** The first bytes, as ICSNPP writes them. */
export const bytesText = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined
    ? undefined
    : `0x${Buffer.from(bytes.subarray(0, LONGEST_BYTES)).toString('hex')}${bytes.length > LONGEST_BYTES ? '...' : ''}`;
export const statusText = (status: number | undefined): string | undefined =>
  status === undefined ? undefined : hex(status, 8);

const MASKS = ['0x00', '0x01', '0x02', '0x03', '0x04', '0x05'];

/** A node id in columns; the namespace of the shortest form is not on the wire. */
export function columnsOf(id: NodeId): NodeColumns {
  const encoding = encodingOf(id);
  return {
    encoding_mask: MASKS[encoding] as string,
    namespace_idx: encoding === 0 ? undefined : id.namespace,
    numeric: id.kind === 'numeric' ? id.value : undefined,
    string: id.kind === 'string' ? short(id.value) : undefined,
    guid: id.kind === 'guid' ? id.value : undefined,
    opaque: id.kind === 'opaque' ? bytesText(id.value) : undefined,
  };
}

/** The same columns under longer names. */
function prefixed<P extends string>(
  prefix: P,
  id: NodeId,
): { [K in keyof NodeColumns as `${P}_${K}`]: NodeColumns[K] } {
  const row: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(columnsOf(id))) row[`${prefix}_${key}`] = value;
  return row as never;
}

const SEVERITIES = ['Severity_Good', 'Severity_Uncertain', 'Severity_Bad', 'Severity_Bad'] as const;

/** A status that is not good; good ones are not told. */
export function emitStatus(emit: Emit, time: number, source: string, status: number): void {
  if (isGood(status)) return;
  const severity = status >>> 30;
  emit({
    name: 'opcua_binary_status_code_detail',
    time,
    is_orig: false,
    source_str: source,
    status_code: hex(status, 8),
    severity,
    severity_str: SEVERITIES[severity] as string,
    sub_code: (status >>> 16) & 0xfff,
    sub_code_str: statusName(status),
    structure_changed: (status & 0x8000) !== 0,
    semantics_changed: (status & 0x4000) !== 0,
  });
}

export function emitEndpoints(
  emit: Emit,
  time: number,
  during: 'get_endpoints' | 'create_session',
  endpoints: readonly EndpointDescription[],
): void {
  const name: EndpointEvent['name'] =
    during === 'get_endpoints' ? 'opcua_binary_get_endpoints_description' : 'opcua_binary_create_session_endpoints';
  const tokens: UserTokenEvent['name'] =
    during === 'get_endpoints' ? 'opcua_binary_get_endpoints_user_token' : 'opcua_binary_create_session_user_token';
  for (const endpoint of endpoints.slice(0, MOST_ROWS)) {
    const { server, serverCertificate } = endpoint;
    const { locale, text } = server.applicationName;
    emit({
      name,
      time,
      is_orig: false,
      endpoint_uri: short(endpoint.endpointUrl),
      application_uri: short(server.applicationUri),
      product_uri: short(server.productUri),
      encoding_mask: (locale === undefined ? 0 : 1) | (text === undefined ? 0 : 2),
      locale: short(locale),
      text: short(text),
      application_type: server.applicationType,
      gateway_server_uri: short(server.gatewayServerUri),
      discovery_profile_uri: short(server.discoveryProfileUri),
      cert_size: serverCertificate?.length || undefined,
      message_security_mode: endpoint.securityMode,
      security_policy_uri: short(endpoint.securityPolicyUri),
      transport_profile_uri: short(endpoint.transportProfileUri),
      security_level: endpoint.securityLevel,
    });
    for (const token of endpoint.userIdentityTokens.slice(0, MOST_ROWS))
      emit({
        name: tokens,
        time,
        is_orig: false,
        user_token_policy_id: short(token.policyId),
        user_token_type: token.tokenType,
        user_token_issued_type: short(token.issuedTokenType),
        user_token_endpoint_url: short(token.issuerEndpointUrl),
        user_token_sec_policy_uri: short(token.securityPolicyUri),
      });
  }
}

const DIRECTIONS = ['FWD', 'INV', 'BOTH'] as const;

export function emitBrowse(emit: Emit, time: number, { nodesToBrowse }: RequestOf<'Browse'>): void {
  for (const description of nodesToBrowse.slice(0, MOST_ROWS)) {
    const { numeric, encoding_mask, namespace_idx } = columnsOf(description.referenceTypeId);
    emit({
      name: 'opcua_binary_browse_description',
      time,
      is_orig: true,
      ...prefixed('browse_description', description.nodeId),
      browse_direction: DIRECTIONS[description.browseDirection] ?? `${description.browseDirection}`,
      browse_description_ref_encoding_mask: encoding_mask,
      browse_description_ref_namespace_idx: namespace_idx,
      browse_description_ref_numeric: numeric,
      browse_description_include_subtypes: description.includeSubtypes,
      browse_node_class_mask: description.nodeClassMask === 0 ? 'All' : hex(description.nodeClassMask, 8),
      browse_result_mask: hex(description.resultMask, 8),
    });
  }
}

export function emitRead(emit: Emit, time: number, { nodesToRead }: RequestOf<'Read'>): void {
  for (const { nodeId, attributeId, indexRange, dataEncoding } of nodesToRead.slice(0, MOST_ROWS)) {
    // Servers are read all the time: what `prefixed` does is written out.
    const { encoding_mask, namespace_idx, numeric, string, guid, opaque } = columnsOf(nodeId);
    emit({
      name: 'opcua_binary_read_nodes_to_read',
      time,
      is_orig: true,
      node_id_encoding_mask: encoding_mask,
      node_id_namespace_idx: namespace_idx,
      node_id_numeric: numeric,
      node_id_string: string,
      node_id_guid: guid,
      node_id_opaque: opaque,
      attribute_id: attributeId,
      attribute_id_str: ATTRIBUTE_NAMES[attributeId],
      index_range: short(indexRange),
      data_encoding_name_idx: dataEncoding.namespace,
      data_encoding_name: short(dataEncoding.name),
    });
  }
}

export function emitWrite(emit: Emit, time: number, { nodesToWrite }: RequestOf<'Write'>): void {
  for (const { nodeId, attributeId, indexRange, value } of nodesToWrite.slice(0, MOST_ROWS))
    emit({
      name: 'opcua_binary_write',
      time,
      is_orig: true,
      ...prefixed('node_id', nodeId),
      attribute_id: attributeId,
      attribute_id_str: ATTRIBUTE_NAMES[attributeId],
      index_range: short(indexRange),
      data_value_encoding_mask: hex(dataValueMask(value)),
    });
}

export function emitSubscription(
  emit: Emit,
  time: number,
  request: RequestOf<'CreateSubscription'> | undefined,
  response: ResponseOf<'CreateSubscription'> | undefined,
): void {
  emit({
    name: 'opcua_binary_create_subscription',
    time,
    is_orig: request !== undefined,
    requested_publishing_interval: request?.requestedPublishingInterval,
    requested_lifetime_count: request?.requestedLifetimeCount,
    requested_max_keep_alive_count: request?.requestedMaxKeepAliveCount,
    max_notifications_per_publish: request?.maxNotificationsPerPublish,
    publishing_enabled: request?.publishingEnabled,
    priority: request?.priority,
    subscription_id: response?.subscriptionId,
    revised_publishing_interval: response?.revisedPublishingInterval,
    revised_lifetime_count: response?.revisedLifetimeCount,
    revised_max_keep_alive_count: response?.revisedMaxKeepAliveCount,
  });
}

export function emitItems(emit: Emit, time: number, request: RequestOf<'CreateMonitoredItems'>): void {
  for (const { itemToMonitor, monitoringMode, requestedParameters } of request.itemsToCreate.slice(0, MOST_ROWS))
    emit({
      name: 'opcua_binary_create_monitored_items_create_item',
      time,
      is_orig: true,
      ...prefixed('item_to_monitor_node_id', itemToMonitor.nodeId),
      item_to_monitor_attribute_id: ATTRIBUTE_NAMES[itemToMonitor.attributeId],
      monitoring_mode: MONITORING_MODES[monitoringMode],
      monitoring_parameters_client_handle: requestedParameters.clientHandle,
      monitoring_parameters_sampling_interval: requestedParameters.samplingInterval,
      monitoring_parameters_queue_size: requestedParameters.queueSize,
      monitoring_parameters_discard_oldest: requestedParameters.discardOldest,
      subscription_id: request.subscriptionId,
    });
}

/** A value as text, not longer than a line. */
export function variantText(variant: Variant | undefined): string | undefined {
  if (variant === undefined || variant.type === 0) return undefined;
  const { value } = variant;
  if (Array.isArray(value)) return short(`[${value.slice(0, 64).map(scalarText).join(', ')}]`);
  return short(scalarText(value as Scalar));
}

function scalarText(value: Scalar): string {
  if (value === undefined) return '';
  if (value instanceof Uint8Array) return bytesText(value) as string;
  if (typeof value !== 'object') return String(value);
  if ('kind' in value) return nodeIdText(value);
  if ('text' in value) return value.text ?? '';
  if ('name' in value && 'namespace' in value) return `${value.namespace}:${value.name ?? ''}`;
  if ('typeId' in value) return `${nodeIdText(value.typeId)} ${bytesText(value.body)}`;
  return '…';
}

function numberOf(variant: Variant | undefined): number | undefined {
  const value = variant?.value;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'number' && variant?.type !== 13 ? value : undefined;
}

/** One value of a node. `status` is that of a write's result; else the value has its own. */
export function emitValue(
  emit: Emit,
  time: number,
  requestId: number,
  service: OpcUaValueEvent['service'],
  nodeId: string | undefined,
  attributeId: number,
  value: DataValue | undefined,
  status: number | undefined,
): void {
  const known = status ?? (service === 'Write' ? undefined : value && (value.status ?? STATUS.good));
  emit({
    name: 'opcua_value',
    time,
    is_orig: true,
    request_id: requestId,
    service,
    node_id: short(nodeId),
    attribute: ATTRIBUTE_NAMES[attributeId] ?? `${attributeId}`,
    data_type: value?.value === undefined ? undefined : BUILT_IN_NAMES[value.value.type],
    value: variantText(value?.value),
    number: numberOf(value?.value),
    status_code: statusText(known),
    status_code_name: known === undefined ? undefined : statusName(known),
    source_timestamp: value?.sourceTimestamp,
    matched: known !== undefined,
  });
}

export const nodeText = (id: NodeId | undefined): string | undefined =>
  id === undefined || isNullNode(id) ? undefined : short(nodeIdText(id));
