export {
  type AppControl,
  type AppFault,
  type AppFragment,
  type AppProblem,
  type DecodedFragment,
  decodeAppControl,
  decodeFragment,
  encodeFragment,
  type ObjectBlock,
  type ObjectItem,
} from './application.ts';
export { ALL_ATTRIBUTES, ATTRIBUTE_LIST, ATTRIBUTE_NAMES } from './attributes.ts';
export { allOf, countOf, indexed, rangeOf, sized, valuesFrom, valuesOf } from './blocks.ts';
export { dnp3Dissector, dnp3UdpDissector } from './dissector.ts';
export type * from './events.ts';
export {
  ADDRESS,
  crc16,
  decodeControl,
  encodeLinkFrame,
  isBroadcast,
  isFrameStart,
  isReserved,
  type LinkControl,
  type LinkFrame,
  type LinkHeader,
  LinkParser,
  LinkReader,
  type LinkResult,
  type LinkSink,
  MAX_FRAME,
  MAX_PAYLOAD,
  PRIMARY,
  PRIMARY_NAMES,
  SECONDARY,
  SECONDARY_NAMES,
} from './link.ts';
export { isKnownGroup, type ObjectForm, type ObjectType, objectType } from './objects.ts';
export { type ObjectRange, QUALIFIER, qualifierForm, smallestQualifier } from './qualifiers.ts';
export * from './tables.ts';
export {
  decodeSegmentHeader,
  MAX_SEGMENT,
  type SegmentFault,
  type SegmentHeader,
  type SegmentResult,
  segment,
  TransportReassembler,
} from './transport.ts';
export * from './values.ts';
