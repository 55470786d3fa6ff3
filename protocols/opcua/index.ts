export * from './address-space.ts';
export * from './builtin.ts';
export { Reader as OpcUaReader, Writer as OpcUaWriter } from './bytes.ts';
export { type ChunkHeader, chunkHeader, MESSAGE_HEADERS, type MessageType } from './chunks.ts';
export { OpcUaClient } from './client.ts';
export type { OpcUaClientOptions } from './client-logon.ts';
export {
  browseBody,
  type OpcUaClientCounters,
  OpcUaRequest,
  type OpcUaRequestState,
  readRequest,
  type SubscriptionSpec,
  writeBody,
  writeRequest,
} from './client-request.ts';
export { opcuaDissector } from './dissector.ts';
export type * from './events.ts';
export * from './messages.ts';
export * from './objects.ts';
export { type OpcUaItem, type OpcUaMethod, PLANT_NAMESPACE } from './plant-space.ts';
export {
  type OpcUaItems,
  type OpcUaNotice,
  type OpcUaOutcome,
  type OpcUaRole,
  OpcUaServer,
  type OpcUaServerCounters,
  type OpcUaServerOptions,
  type OpcUaUser,
} from './server.ts';
export { OpcUaConnection } from './server-connection.ts';
export { isBad, isGood, STATUS, statusName } from './status.ts';
export * from './structures.ts';
export * from './tables.ts';
