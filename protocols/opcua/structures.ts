/** The structures that services carry (OPC 10000-4; encodings OPC 10000-6, annex A). */
import {
  dataValue,
  diagnosticInfo,
  expandedNodeId,
  extensionObject,
  localizedText,
  nodeId,
  qualifiedName,
  variant,
} from './builtin.ts';
import { array, arrayOrNull, boolean, byteString, f64, type Of, string, struct, time, u8, u32 } from './types.ts';

export const strings = arrayOrNull(string);
export const numbers = array(u32);
export const statuses = array(u32);
export const diagnostics = arrayOrNull(diagnosticInfo);

export const requestHeader = struct({
  authenticationToken: nodeId,
  timestamp: time,
  requestHandle: u32,
  returnDiagnostics: u32,
  auditEntryId: string,
  timeoutHint: u32,
  additionalHeader: extensionObject,
});
export type RequestHeader = Of<typeof requestHeader>;

export const responseHeader = struct({
  timestamp: time,
  requestHandle: u32,
  serviceResult: u32,
  serviceDiagnostics: diagnosticInfo,
  stringTable: strings,
  additionalHeader: extensionObject,
});
export type ResponseHeader = Of<typeof responseHeader>;

export const applicationDescription = struct({
  applicationUri: string,
  productUri: string,
  applicationName: localizedText,
  /** 0 server, 1 client, 2 both, 3 discovery server. */
  applicationType: u32,
  gatewayServerUri: string,
  discoveryProfileUri: string,
  discoveryUrls: arrayOrNull(string),
});
export type ApplicationDescription = Of<typeof applicationDescription>;

export const userTokenPolicy = struct({
  policyId: string,
  tokenType: u32,
  issuedTokenType: string,
  issuerEndpointUrl: string,
  securityPolicyUri: string,
});
export type UserTokenPolicy = Of<typeof userTokenPolicy>;

export const endpointDescription = struct({
  endpointUrl: string,
  server: applicationDescription,
  serverCertificate: byteString,
  securityMode: u32,
  securityPolicyUri: string,
  userIdentityTokens: array(userTokenPolicy),
  transportProfileUri: string,
  securityLevel: u8,
});
export type EndpointDescription = Of<typeof endpointDescription>;

export const signatureData = struct({ algorithm: string, signature: byteString });
export const signedSoftwareCertificate = struct({ certificateData: byteString, signature: byteString });

export const readValueId = struct({
  nodeId,
  attributeId: u32,
  indexRange: string,
  dataEncoding: qualifiedName,
});
export type ReadValueId = Of<typeof readValueId>;

export const writeValue = struct({ nodeId, attributeId: u32, indexRange: string, value: dataValue });
export type WriteValue = Of<typeof writeValue>;

export const viewDescription = struct({ viewId: nodeId, timestamp: time, viewVersion: u32 });
export const browseDescription = struct({
  nodeId,
  browseDirection: u32,
  referenceTypeId: nodeId,
  includeSubtypes: boolean,
  nodeClassMask: u32,
  resultMask: u32,
});
export type BrowseDescription = Of<typeof browseDescription>;
export const referenceDescription = struct({
  referenceTypeId: nodeId,
  isForward: boolean,
  nodeId: expandedNodeId,
  browseName: qualifiedName,
  displayName: localizedText,
  nodeClass: u32,
  typeDefinition: expandedNodeId,
});
export type ReferenceDescription = Of<typeof referenceDescription>;
export const browseResult = struct({
  statusCode: u32,
  continuationPoint: byteString,
  references: array(referenceDescription),
});
export type BrowseResult = Of<typeof browseResult>;

export const relativePathElement = struct({
  referenceTypeId: nodeId,
  isInverse: boolean,
  includeSubtypes: boolean,
  targetName: qualifiedName,
});
export const browsePath = struct({ startingNode: nodeId, relativePath: array(relativePathElement) });
export type BrowsePath = Of<typeof browsePath>;
export const browsePathResult = struct({
  statusCode: u32,
  targets: array(struct({ targetId: expandedNodeId, remainingPathIndex: u32 })),
});

export const callMethodRequest = struct({ objectId: nodeId, methodId: nodeId, inputArguments: array(variant) });
export type CallMethodRequest = Of<typeof callMethodRequest>;
export const callMethodResult = struct({
  statusCode: u32,
  inputArgumentResults: arrayOrNull(u32),
  inputArgumentDiagnosticInfos: diagnostics,
  outputArguments: arrayOrNull(variant),
});
export type CallMethodResult = Of<typeof callMethodResult>;

export const monitoringParameters = struct({
  clientHandle: u32,
  samplingInterval: f64,
  filter: extensionObject,
  queueSize: u32,
  discardOldest: boolean,
});
export type MonitoringParameters = Of<typeof monitoringParameters>;
export const monitoredItemCreate = struct({
  itemToMonitor: readValueId,
  monitoringMode: u32,
  requestedParameters: monitoringParameters,
});
export type MonitoredItemCreate = Of<typeof monitoredItemCreate>;
export const monitoredItemModify = struct({ monitoredItemId: u32, requestedParameters: monitoringParameters });
export const revised = { revisedSamplingInterval: f64, revisedQueueSize: u32, filterResult: extensionObject };
export const monitoredItemCreateResult = struct({ statusCode: u32, monitoredItemId: u32, ...revised });
export type MonitoredItemCreateResult = Of<typeof monitoredItemCreateResult>;
export const monitoredItemModifyResult = struct({ statusCode: u32, ...revised });

export const notificationMessage = struct({
  sequenceNumber: u32,
  publishTime: time,
  notificationData: array(extensionObject),
});
export type NotificationMessage = Of<typeof notificationMessage>;

export const historyReadValueId = struct({
  nodeId,
  indexRange: string,
  dataEncoding: qualifiedName,
  continuationPoint: byteString,
});
export type HistoryReadValueId = Of<typeof historyReadValueId>;
export const historyReadResult = struct({
  statusCode: u32,
  continuationPoint: byteString,
  historyData: extensionObject,
});
export type HistoryReadResult = Of<typeof historyReadResult>;

export const addNodesItem = struct({
  parentNodeId: expandedNodeId,
  referenceTypeId: nodeId,
  requestedNewNodeId: expandedNodeId,
  browseName: qualifiedName,
  nodeClass: u32,
  nodeAttributes: extensionObject,
  typeDefinition: expandedNodeId,
});
export const addReferencesItem = struct({
  sourceNodeId: nodeId,
  referenceTypeId: nodeId,
  isForward: boolean,
  targetServerUri: string,
  targetNodeId: expandedNodeId,
  targetNodeClass: u32,
});
export const deleteNodesItem = struct({ nodeId, deleteTargetReferences: boolean });
export const deleteReferencesItem = struct({
  sourceNodeId: nodeId,
  referenceTypeId: nodeId,
  isForward: boolean,
  targetNodeId: expandedNodeId,
  deleteBidirectional: boolean,
});

/** HEL and ACK have the same numbers; a HEL adds the URL (OPC 10000-6, 7.1.2). */
export const limits = struct({
  protocolVersion: u32,
  receiveBufferSize: u32,
  sendBufferSize: u32,
  maxMessageSize: u32,
  maxChunkCount: u32,
});
export type Limits = Of<typeof limits>;
export const tcpError = struct({ error: u32, reason: string });
export const asymmetricHeader = struct({
  securityPolicyUri: string,
  senderCertificate: byteString,
  receiverThumbprint: byteString,
});
