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
export { type LinkCounters, type LinkOptions, LinkSession, type LinkUser } from './link-session.ts';
export { Dnp3Master } from './master.ts';
export { type FileRequest, type FileResult, FileTask } from './master-files.ts';
export type { MasterCounters, MasterHandler, MasterOptions, MasterPoll } from './master-options.ts';
export {
  type Command,
  type CommandResult,
  CommandTask,
  latch,
  type MasterRequest,
  MasterTask,
  PlainTask,
  PRIORITY,
  pulse,
  setPoint,
  type TaskOutcome,
  tripClose,
} from './master-tasks.ts';
export type { PointUpdate } from './master-updates.ts';
export { isKnownGroup, type ObjectForm, type ObjectType, objectType } from './objects.ts';
export {
  Dnp3Outstation,
  type OutstationCounters,
  type OutstationOptions,
  type OutstationSnapshot,
} from './outstation.ts';
export type {
  ApplicationAction,
  FileEntry,
  OutstationClock,
  OutstationDevice,
  OutstationFiles,
  RestartKind,
} from './outstation-device.ts';
export type {
  EventKind,
  OutputModel,
  OutstationPoint,
  PointClass,
  StaticKind,
} from './outstation-points.ts';
export type { OutstationSession } from './outstation-session.ts';
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
