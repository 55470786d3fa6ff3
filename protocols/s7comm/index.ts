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
export type * from './events.ts';
export { addressText, areaName, itemValues } from './items.ts';
export type * from './messages.ts';
export * from './tables.ts';
export { encodeTpkt, MAX_TPKT, MIN_TPKT, type TpktFault, TpktReader, type TpktSink } from './tpkt.ts';
export { type BlockInfo, decodeContent, encodeContent, type S7Clock, type UserdataContent } from './userdata.ts';
