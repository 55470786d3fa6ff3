export { engineeringOf, KIND_FLOAT32 } from '../exchange/raw-values.ts';
export {
  type Adu,
  AduReader,
  type AduSink,
  decodeAdu,
  encodeAdu,
  MAX_ADU,
  MAX_LENGTH_FIELD,
  MBAP_LENGTH,
} from './adu.ts';
export { type ClientCounters, ModbusClient, type ModbusClientOptions } from './client.ts';
export { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from './codec.ts';
export { modbusDissector } from './dissector.ts';
export type * from './events.ts';
export { AddressTable, Block, encodeValue, type MapEntry, RegisterMap, type TableName } from './map.ts';
export type * from './messages.ts';
export { ModbusServer, type ModbusServerOptions, type ModbusSession, type ServerCounters } from './server.ts';
export * from './tables.ts';
export { ModbusTransaction, PointWrite, readTransaction, type TransactionState } from './transaction.ts';
