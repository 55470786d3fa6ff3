/** Services by their messages (OPC 10000-4; numbers OPC 10000-6, annex A). Everything is a table that one interpreter reads. */
import { dataValue, extensionObject, NO_OBJECT, NULL_NODE, nodeId, numericId } from './builtin.ts';
import type { Writer } from './bytes.ts';
import {
  addNodesItem,
  addReferencesItem,
  applicationDescription,
  browseDescription,
  browsePath,
  browsePathResult,
  browseResult,
  callMethodRequest,
  callMethodResult,
  deleteNodesItem,
  deleteReferencesItem,
  diagnostics,
  endpointDescription,
  historyReadResult,
  historyReadValueId,
  monitoredItemCreate,
  monitoredItemCreateResult,
  monitoredItemModify,
  monitoredItemModifyResult,
  notificationMessage,
  numbers,
  type RequestHeader,
  type ResponseHeader,
  readValueId,
  requestHeader,
  responseHeader,
  signatureData,
  signedSoftwareCertificate,
  statuses,
  strings,
  viewDescription,
  writeValue,
} from './structures.ts';
import {
  array,
  arrayOrNull,
  boolean,
  byteString,
  type Fields,
  f64,
  type Of,
  type Structure,
  string,
  struct,
  type Type,
  time,
  u8,
  u32,
} from './types.ts';

const nothing = {};
const results = { results: statuses, diagnosticInfos: diagnostics };
const subscriptionTimes = {
  revisedPublishingInterval: f64,
  revisedLifetimeCount: u32,
  revisedMaxKeepAliveCount: u32,
};

/** Of each service: numbers of the encodings of request and response, and what stands behind the header of each. */
const TABLE = {
  FindServers: service(
    [422, 425],
    { endpointUrl: string, localeIds: strings, serverUris: strings },
    { servers: array(applicationDescription) },
  ),
  GetEndpoints: service(
    [428, 431],
    { endpointUrl: string, localeIds: strings, profileUris: strings },
    { endpoints: array(endpointDescription) },
  ),
  OpenSecureChannel: service(
    [446, 449],
    {
      clientProtocolVersion: u32,
      requestType: u32,
      securityMode: u32,
      clientNonce: byteString,
      requestedLifetime: u32,
    },
    {
      serverProtocolVersion: u32,
      channelId: u32,
      tokenId: u32,
      createdAt: time,
      revisedLifetime: u32,
      serverNonce: byteString,
    },
  ),
  CloseSecureChannel: service([452, 455], nothing, nothing),
  CreateSession: service(
    [461, 464],
    {
      clientDescription: applicationDescription,
      serverUri: string,
      endpointUrl: string,
      sessionName: string,
      clientNonce: byteString,
      clientCertificate: byteString,
      requestedSessionTimeout: f64,
      maxResponseMessageSize: u32,
    },
    {
      sessionId: nodeId,
      authenticationToken: nodeId,
      revisedSessionTimeout: f64,
      serverNonce: byteString,
      serverCertificate: byteString,
      serverEndpoints: array(endpointDescription),
      serverSoftwareCertificates: arrayOrNull(signedSoftwareCertificate),
      serverSignature: signatureData,
      maxRequestMessageSize: u32,
    },
  ),
  ActivateSession: service(
    [467, 470],
    {
      clientSignature: signatureData,
      clientSoftwareCertificates: arrayOrNull(signedSoftwareCertificate),
      localeIds: strings,
      userIdentityToken: extensionObject,
      userTokenSignature: signatureData,
    },
    { serverNonce: byteString, results: arrayOrNull(u32), diagnosticInfos: diagnostics },
  ),
  CloseSession: service([473, 476], { deleteSubscriptions: boolean }, nothing),
  Cancel: service([479, 482], { cancelledHandle: u32 }, { cancelCount: u32 }),
  AddNodes: service(
    [488, 491],
    { nodesToAdd: array(addNodesItem) },
    { results: array(struct({ statusCode: u32, addedNodeId: nodeId })), diagnosticInfos: diagnostics },
  ),
  AddReferences: service([494, 497], { referencesToAdd: array(addReferencesItem) }, results),
  DeleteNodes: service([500, 503], { nodesToDelete: array(deleteNodesItem) }, results),
  DeleteReferences: service([506, 509], { referencesToDelete: array(deleteReferencesItem) }, results),
  Browse: service(
    [527, 530],
    { view: viewDescription, requestedMaxReferencesPerNode: u32, nodesToBrowse: array(browseDescription) },
    { results: array(browseResult), diagnosticInfos: diagnostics },
  ),
  BrowseNext: service(
    [533, 536],
    { releaseContinuationPoints: boolean, continuationPoints: array(byteString) },
    { results: array(browseResult), diagnosticInfos: diagnostics },
  ),
  TranslateBrowsePathsToNodeIds: service(
    [554, 557],
    { browsePaths: array(browsePath) },
    { results: array(browsePathResult), diagnosticInfos: diagnostics },
  ),
  RegisterNodes: service([560, 563], { nodesToRegister: array(nodeId) }, { registeredNodeIds: array(nodeId) }),
  UnregisterNodes: service([566, 569], { nodesToUnregister: array(nodeId) }, nothing),
  Read: service(
    [631, 634],
    { maxAge: f64, timestampsToReturn: u32, nodesToRead: array(readValueId) },
    { results: array(dataValue), diagnosticInfos: diagnostics },
  ),
  HistoryRead: service(
    [664, 667],
    {
      historyReadDetails: extensionObject,
      timestampsToReturn: u32,
      releaseContinuationPoints: boolean,
      nodesToRead: array(historyReadValueId),
    },
    { results: array(historyReadResult), diagnosticInfos: diagnostics },
  ),
  Write: service([673, 676], { nodesToWrite: array(writeValue) }, results),
  HistoryUpdate: service(
    [700, 703],
    { historyUpdateDetails: array(extensionObject) },
    {
      results: array(struct({ statusCode: u32, operationResults: arrayOrNull(u32), diagnosticInfos: diagnostics })),
      diagnosticInfos: diagnostics,
    },
  ),
  Call: service(
    [712, 715],
    { methodsToCall: array(callMethodRequest) },
    { results: array(callMethodResult), diagnosticInfos: diagnostics },
  ),
  CreateMonitoredItems: service(
    [751, 754],
    { subscriptionId: u32, timestampsToReturn: u32, itemsToCreate: array(monitoredItemCreate) },
    { results: array(monitoredItemCreateResult), diagnosticInfos: diagnostics },
  ),
  ModifyMonitoredItems: service(
    [763, 766],
    { subscriptionId: u32, timestampsToReturn: u32, itemsToModify: array(monitoredItemModify) },
    { results: array(monitoredItemModifyResult), diagnosticInfos: diagnostics },
  ),
  SetMonitoringMode: service(
    [769, 772],
    { subscriptionId: u32, monitoringMode: u32, monitoredItemIds: numbers },
    results,
  ),
  DeleteMonitoredItems: service([781, 784], { subscriptionId: u32, monitoredItemIds: numbers }, results),
  CreateSubscription: service(
    [787, 790],
    {
      requestedPublishingInterval: f64,
      requestedLifetimeCount: u32,
      requestedMaxKeepAliveCount: u32,
      maxNotificationsPerPublish: u32,
      publishingEnabled: boolean,
      priority: u8,
    },
    { subscriptionId: u32, ...subscriptionTimes },
  ),
  ModifySubscription: service(
    [793, 796],
    {
      subscriptionId: u32,
      requestedPublishingInterval: f64,
      requestedLifetimeCount: u32,
      requestedMaxKeepAliveCount: u32,
      maxNotificationsPerPublish: u32,
      priority: u8,
    },
    subscriptionTimes,
  ),
  SetPublishingMode: service([799, 802], { publishingEnabled: boolean, subscriptionIds: numbers }, results),
  Publish: service(
    [826, 829],
    {
      subscriptionAcknowledgements: array(struct({ subscriptionId: u32, sequenceNumber: u32 })),
    },
    {
      subscriptionId: u32,
      availableSequenceNumbers: array(u32),
      moreNotifications: boolean,
      notificationMessage,
      results: arrayOrNull(u32),
      diagnosticInfos: diagnostics,
    },
  ),
  Republish: service([832, 835], { subscriptionId: u32, retransmitSequenceNumber: u32 }, { notificationMessage }),
  DeleteSubscriptions: service([847, 850], { subscriptionIds: numbers }, results),
} as const;

/** A service with both of its structures. */
interface Service<Q, R> {
  readonly requestId: number;
  readonly responseId: number;
  readonly request: Type<Q>;
  readonly response: Type<R>;
}

function service<Q extends Fields, R extends Fields>(
  [requestId, responseId]: readonly [number, number],
  request: Q,
  response: R,
): Service<Structure<Q>, Structure<R>> {
  return { requestId, responseId, request: struct(request), response: struct(response) };
}

type Table = typeof TABLE;
export type ServiceName = keyof Table;
export type RequestOf<N extends ServiceName> = Of<Table[N]['request']>;
export type ResponseOf<N extends ServiceName> = Of<Table[N]['response']>;
export const SERVICES: { readonly [N in ServiceName]: Service<RequestOf<N>, ResponseOf<N>> } = TABLE as never;

/** The answer to a request that could not be dealt with at all; it is a response header and nothing else. */
export const SERVICE_FAULT = 397;

/** Services that we know by name only: their number, and whether it is a request. */
const NAMES_ONLY: readonly (readonly [string, number, number])[] = [
  ['RegisterServer', 437, 440],
  ['QueryFirst', 615, 618],
  ['QueryNext', 621, 624],
  ['SetTriggering', 775, 778],
  ['TransferSubscriptions', 841, 844],
  ['FindServersOnNetwork', 12_208, 12_209],
  ['RegisterServer2', 12_211, 12_212],
];

/** What a message's first node id means. `service` is undefined for those that we know by name only. */
export interface MessageKind {
  /** `ReadRequest`. */
  readonly text: string;
  readonly base: string;
  readonly service: ServiceName | undefined;
  readonly isRequest: boolean;
}
const KINDS = new Map<number, MessageKind>();
for (const [name, { requestId, responseId }] of Object.entries(SERVICES)) {
  const known = { base: name, service: name as ServiceName };
  KINDS.set(requestId, { ...known, text: `${name}Request`, isRequest: true });
  KINDS.set(responseId, { ...known, text: `${name}Response`, isRequest: false });
}
for (const [name, requestId, responseId] of NAMES_ONLY) {
  KINDS.set(requestId, { base: name, service: undefined, text: `${name}Request`, isRequest: true });
  KINDS.set(responseId, { base: name, service: undefined, text: `${name}Response`, isRequest: false });
}
KINDS.set(SERVICE_FAULT, { base: 'ServiceFault', service: undefined, text: 'ServiceFault', isRequest: false });

export const kindOf = (encodingId: number): MessageKind | undefined => KINDS.get(encodingId);

/** A decoded service message. `body` is undefined where the service is known by name only, or is a fault. */
export interface RequestMessage {
  readonly kind: MessageKind;
  readonly header: RequestHeader;
  readonly body: RequestOf<ServiceName> | undefined;
}

export const NO_HEADER: RequestHeader = {
  authenticationToken: NULL_NODE,
  timestamp: 0,
  requestHandle: 0,
  returnDiagnostics: 0,
  auditEntryId: undefined,
  timeoutHint: 0,
  additionalHeader: NO_OBJECT,
};

/** A request with its type in front, as it stands behind the sequence header. */
export function encodeRequest<N extends ServiceName>(
  writer: Writer,
  name: N,
  header: RequestHeader,
  body: RequestOf<N>,
): void {
  const { requestId, request } = SERVICES[name];
  nodeId.write(writer, numericId(requestId));
  requestHeader.write(writer, header);
  request.write(writer, body);
}

export function encodeResponse<N extends ServiceName>(
  writer: Writer,
  name: N,
  header: ResponseHeader,
  body: ResponseOf<N>,
): void {
  const { responseId, response } = SERVICES[name];
  nodeId.write(writer, numericId(responseId));
  responseHeader.write(writer, header);
  response.write(writer, body);
}

export function encodeFault(writer: Writer, header: ResponseHeader): void {
  nodeId.write(writer, numericId(SERVICE_FAULT));
  responseHeader.write(writer, header);
}
