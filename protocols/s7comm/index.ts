export { type Block as S7Block, decodeBlock, encodeBlock, LANGUAGE_SCL, PROGRAM_BLOCK } from './blocks.ts';
export { S7Client, type S7ClientCounters, type S7ClientOptions } from './client.ts';
export { blockFileName, decodeBlockArgument, decodeS7, encodeBlockArgument, encodeS7 } from './codec.ts';
export {
  Assembly,
  type ConnectionTpdu,
  type DataTpdu,
  type DisconnectTpdu,
  decodeCotp,
  encodeCotp,
  type Tpdu,
  tsapOf,
} from './cotp.ts';
export { s7commDissector } from './dissector.ts';
export { type Outcome, S7Engineer, type S7Line } from './engineering.ts';
export type * from './events.ts';
export { addressText, areaName, itemValues } from './items.ts';
export { AREA_CODES, decodeEntry, encodeEntry, isCounted, MemoryBlock, type MemoryEntry, S7Memory } from './memory.ts';
export type * from './messages.ts';
export { type S7Notice, S7Server, type S7ServerOptions } from './server.ts';
export { S7Session } from './server-session.ts';
export * from './tables.ts';
export { encodeTpkt, isPacketStart, MAX_TPKT, MIN_TPKT, type TpktFault, TpktReader, type TpktSink } from './tpkt.ts';
export {
  addressOfBytes,
  addressOfEntry,
  readingOf,
  S7PointWrite,
  S7Read,
  type S7Request,
  S7Transaction,
  type S7TransactionState,
} from './transaction.ts';
export { type BlockInfo, decodeContent, encodeContent, type S7Clock, type UserdataContent } from './userdata.ts';
