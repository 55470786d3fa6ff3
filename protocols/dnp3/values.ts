/** What objects hold, as values. Times are milliseconds since 1970 (UTC), as DNP3 counts them; octets are copies. */

/** Bits of the flag octet (IEEE 1815-2012, clause 11.6); bits 5 to 7 depend on the type. */
export const FLAG = {
  online: 0x01,
  restart: 0x02,
  commLost: 0x04,
  remoteForced: 0x08,
  localForced: 0x10,
  /** Binary and double-bit inputs. */
  chatterFilter: 0x20,
  /** Counters; obsolete, use two polls. */
  rollover: 0x20,
  /** Counters. */
  discontinuity: 0x40,
  /** Analogs. */
  overRange: 0x20,
  /** Analogs. */
  referenceError: 0x40,
} as const;

/** States of a double-bit input. */
export const DOUBLE_BIT = { intermediate: 0, off: 1, on: 2, indeterminate: 3 } as const;

/** A point that may have flags and a time; which of them there are is the variation's. */
interface Point {
  /** Without the state bits of binaries. Undefined where the variation has none: the point is on line. */
  readonly flags?: number | undefined;
  readonly time?: number | undefined;
  /** Milliseconds after the common time of occurrence (g51) before it in the fragment: g2v3 and g4v3. */
  readonly relativeTime?: number | undefined;
}

/** g1, g2, g10, g11. Packed bits (g1v1, g10v1, g80v1, g12v3) are this too. */
export interface BinaryValue extends Point {
  readonly type: 'binary';
  readonly value: boolean;
}

/** g3, g4; `value` is one of `DOUBLE_BIT`. */
export interface DoubleBitValue extends Point {
  readonly type: 'double-bit';
  readonly value: number;
}

/** g20 to g23; unsigned. */
export interface CounterValue extends Point {
  readonly type: 'counter';
  readonly value: number;
}

/** g30 to g33, g40, g42, and dead bands (g34); signed, or a float. */
export interface AnalogValue extends Point {
  readonly type: 'analog';
  readonly value: number;
}

/** g41, with a status of `COMMAND_STATUS`: 0 in a request. */
export interface AnalogCommand {
  readonly type: 'analog-command';
  readonly value: number;
  readonly status: number;
}

/** g13 and g43: what somebody commanded, and how it ended. */
export interface BinaryCommandEvent {
  readonly type: 'binary-command-event';
  readonly value: boolean;
  readonly status: number;
  readonly time?: number | undefined;
}

export interface AnalogCommandEvent {
  readonly type: 'analog-command-event';
  readonly value: number;
  readonly status: number;
  readonly time?: number | undefined;
}

/** g12v1 and v2: the control code taken apart, number of executions, times in milliseconds. */
export interface ControlRelayOutput {
  readonly type: 'crob';
  /** 0 to 15: `OPERATION`. */
  readonly operation: number;
  /** Obsolete. */
  readonly queue: boolean;
  /** Cancel what runs, and what waits. */
  readonly clear: boolean;
  /** 0 to 3: `TRIP_CLOSE`. */
  readonly tripClose: number;
  readonly count: number;
  readonly onTime: number;
  readonly offTime: number;
  readonly status: number;
}

/** Operation types of a control code. */
export const OPERATION = { nul: 0, pulseOn: 1, pulseOff: 2, latchOn: 3, latchOff: 4 } as const;
export const TRIP_CLOSE = { nul: 0, close: 1, trip: 2, reserved: 3 } as const;

/** How a command ended (IEEE 1815-2012, annex A, group 12). */
export const COMMAND_STATUS = {
  success: 0,
  timeout: 1,
  noSelect: 2,
  formatError: 3,
  notSupported: 4,
  alreadyActive: 5,
  hardwareError: 6,
  local: 7,
  tooManyOperations: 8,
  notAuthorized: 9,
  automationInhibit: 10,
  processingLimited: 11,
  outOfRange: 12,
  downstreamLocal: 13,
  alreadyComplete: 14,
  blocked: 15,
  canceled: 16,
  blockedOtherMaster: 17,
  downstreamFail: 18,
  nonParticipating: 126,
  undefined: 127,
} as const;

/** g50v1 and v3, g51. */
export interface TimeValue {
  readonly type: 'time';
  readonly time: number;
}

/** g50v2 (interval in milliseconds), and g50v4 (in `units`: 0 none, 1 ms … 10 seasons). */
export interface TimeInterval {
  readonly type: 'time-interval';
  readonly time: number;
  readonly interval: number;
  readonly units?: number | undefined;
}

/** g52: seconds (v1) or milliseconds (v2), up to 65535 of them. */
export interface DelayValue {
  readonly type: 'delay';
  readonly delay: number;
}

/** g110 to g113, and objects that this codec carries without taking them apart. */
export interface OctetsValue {
  readonly type: 'octets';
  readonly octets: Uint8Array;
}

/** g101, as its decimal digits with leading zeros; nibbles above 9 appear as A to F. */
export interface BcdValue {
  readonly type: 'bcd';
  readonly digits: string;
}

/** g102. */
export interface UnsignedValue {
  readonly type: 'unsigned';
  readonly value: number;
}

/** g81v1: the object whose buffer overflows, and how full it is. */
export interface BufferStatus {
  readonly type: 'buffer-status';
  readonly overflow: number;
  readonly group: number;
  readonly variation: number;
}

/** g83: an object of a vendor's own. */
export interface PrivateValue {
  readonly type: 'private';
  readonly vendor: string;
  readonly id: number;
  readonly octets: Uint8Array;
}

/** g121, g122. */
export interface SecurityStatistic extends Point {
  readonly type: 'security-statistic';
  readonly association: number;
  readonly value: number;
}

/** g0: one attribute of the device (IEEE 1815-2012, annex A, group 0). */
export type DeviceAttribute =
  /** Data type codes 1, 5 and 6: text, octets, bits. */
  | { readonly type: 'attribute'; readonly dataType: 'text'; readonly value: string }
  | { readonly type: 'attribute'; readonly dataType: 'octets' | 'bits'; readonly value: Uint8Array }
  /** Codes 2 and 3 in 1, 2 or 4 octets (`size`). */
  | {
      readonly type: 'attribute';
      readonly dataType: 'unsigned' | 'signed';
      readonly size: number;
      readonly value: number;
    }
  /** Code 4 in 4 or 8 octets. */
  | { readonly type: 'attribute'; readonly dataType: 'float'; readonly size: number; readonly value: number }
  /** Code 7. */
  | { readonly type: 'attribute'; readonly dataType: 'time'; readonly value: number }
  /** Any other code, and lengths that its type does not have. */
  | { readonly type: 'attribute'; readonly dataType: 'other'; readonly code: number; readonly value: Uint8Array }
  /** Codes 254 and 255: the attributes that there are; bit 0 of `properties`: it may be written. */
  | {
      readonly type: 'attribute';
      readonly dataType: 'list';
      readonly value: readonly { readonly variation: number; readonly properties: number }[];
    };

/** g70v2: who wants to open a file; the outstation answers with the key. */
export interface FileAuthentication {
  readonly type: 'file-authentication';
  readonly user: string;
  readonly password: string;
  readonly key: number;
}

/** g70v3: open or delete. */
export interface FileCommand {
  readonly type: 'file-command';
  readonly name: string;
  /** When it was made. */
  readonly created: number;
  /** As the mode of a file in Unix. */
  readonly permissions: number;
  readonly key: number;
  readonly size: number;
  /** `FILE_MODE`. */
  readonly mode: number;
  readonly maxBlock: number;
  readonly requestId: number;
}

export const FILE_MODE = { nul: 0, read: 1, write: 2, append: 3 } as const;

/** g70v4: answer to open, close, abort and delete, and the request to close or abort. */
export interface FileCommandStatus {
  readonly type: 'file-status';
  readonly handle: number;
  readonly size: number;
  readonly maxBlock: number;
  readonly requestId: number;
  /** `FILE_STATUS`. */
  readonly status: number;
  readonly text: string;
}

/** Codes of g70v4 and v6 (IEEE 1815-2012, annex A, group 70); those from 16 are for transport only. */
export const FILE_STATUS = {
  success: 0,
  permissionDenied: 1,
  invalidMode: 2,
  notFound: 3,
  locked: 4,
  tooManyOpen: 5,
  invalidHandle: 6,
  blockSize: 7,
  commLost: 8,
  cannotAbort: 9,
  notOpened: 16,
  handleExpired: 17,
  bufferOverrun: 18,
  fatal: 19,
  blockSequence: 20,
  undefined: 255,
} as const;

/** g70v5: a block of a file; without octets it asks for one. */
export interface FileTransport {
  readonly type: 'file-transport';
  readonly handle: number;
  /** From 0; 31 bits. */
  readonly block: number;
  readonly last: boolean;
  readonly octets: Uint8Array;
}

/** g70v6: a block was taken, or not. */
export interface FileTransportStatus {
  readonly type: 'file-transport-status';
  readonly handle: number;
  readonly block: number;
  readonly last: boolean;
  readonly status: number;
  readonly text: string;
}

/** g70v7: one file, or one line of a directory that is read as a file. */
export interface FileDescriptor {
  readonly type: 'file-descriptor';
  readonly name: string;
  readonly fileType: 'directory' | 'file' | number;
  /** Octets; of a directory, its files. */
  readonly size: number;
  readonly created: number;
  readonly permissions: number;
  readonly requestId: number;
}

/** g70v8: which configuration to activate; and g90v1, the application that is meant. */
export interface NameValue {
  readonly type: 'name';
  readonly name: string;
}

/** g91v1: how the activation of a configuration goes on. */
export interface ActivationStatus {
  readonly type: 'activation-status';
  /** Milliseconds until it is done. */
  readonly delay: number;
  readonly elements: readonly { readonly status: number; readonly octets: Uint8Array }[];
}

export type ObjectValue =
  | BinaryValue
  | DoubleBitValue
  | CounterValue
  | AnalogValue
  | AnalogCommand
  | BinaryCommandEvent
  | AnalogCommandEvent
  | ControlRelayOutput
  | TimeValue
  | TimeInterval
  | DelayValue
  | OctetsValue
  | BcdValue
  | UnsignedValue
  | BufferStatus
  | PrivateValue
  | SecurityStatistic
  | DeviceAttribute
  | FileAuthentication
  | FileCommand
  | FileCommandStatus
  | FileTransport
  | FileTransportStatus
  | FileDescriptor
  | NameValue
  | ActivationStatus;
