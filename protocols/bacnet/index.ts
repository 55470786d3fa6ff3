export { type AlarmSpec, EVENT_STATE } from './alarm.ts';
export {
  type Apdu,
  CONFIRMED,
  decodeApdu,
  ERROR_CLASS,
  ERROR_CODE,
  MAX_APDU,
  PDU,
  UNCONFIRMED,
  writeRequest,
  writeUnconfirmed,
} from './apdu.ts';
export * from './bvlc.ts';
export { BacnetClient, type ClientHandler, type ClientOptions, type ReadDone, type Reading } from './client.ts';
export { bacnetDissector } from './dissector.ts';
export type * from './events.ts';
export { BacnetLink, type LinkOptions, type Outgoing, type Peer } from './link.ts';
export type { Names } from './name-table.ts';
export * from './names.ts';
export { PROPERTIES } from './names-properties.ts';
export { ENGINEERING_UNITS } from './names-units.ts';
export type { NotificationClassSpec, Recipient } from './notification-class.ts';
export { decodeNpdu, encodeNpci, type NetworkAddress, type Npdu } from './npdu.ts';
export type { PointKind, PointObjectSpec } from './point-object.ts';
export { PROPERTY } from './property-ids.ts';
export { TAG, TagReader } from './reader.ts';
export type { Answered, Outcome } from './requests.ts';
export { BacnetServer } from './server.ts';
export type { ServerCounters, ServerOptions } from './server-options.ts';
export * from './services.ts';
export * from './values.ts';
export { vendorName } from './vendors.ts';
export { TagWriter } from './writer.ts';
