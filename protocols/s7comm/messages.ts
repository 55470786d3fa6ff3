/** S7 messages as objects. Numbers are unsigned and in the wire's units; byte arrays are copies. */

/** An address in S7ANY form. `address` counts bits (byte × 8 + bit), but elements for counters and timers. */
export interface AnyAddress {
  readonly syntax: 'any';
  readonly transportSize: number;
  readonly count: number;
  /** 0 outside data blocks. */
  readonly db: number;
  readonly area: number;
  readonly address: number;
}

/** An address in a syntax that this codec does not take apart: a server answers it as not supported, not as broken. */
export interface UnsupportedAddress {
  readonly syntax: 'unsupported';
  readonly id: number;
  readonly bytes: Uint8Array;
}

export type ItemAddress = AnyAddress | UnsupportedAddress;

/** One item's contents. `transport`: 0 null, 3 bit, 4 byte/word/dword, 5 integer, 6 dint, 7 real, 9 octets. */
export interface ItemData {
  /** In a write request 0. */
  readonly code: number;
  readonly transport: number;
  readonly bytes: Uint8Array;
}

/** `_0800001P`: block type as two characters, number, and the file system (P passive, A active, B both). */
export interface BlockFile {
  readonly type: string;
  readonly number: number;
  readonly filesystem: string;
}

export interface SetupBody {
  readonly function: 'setup';
  readonly maxCalling: number;
  readonly maxCalled: number;
  /** Longest PDU in bytes, S7 header included. */
  readonly pduLength: number;
}

interface OtherBody {
  readonly function: 'other';
  readonly code: number;
  readonly parameters: Uint8Array;
  readonly data: Uint8Array;
}

export type JobBody =
  | SetupBody
  | { readonly function: 'read'; readonly items: readonly ItemAddress[] }
  | { readonly function: 'write'; readonly items: readonly ItemAddress[]; readonly data: readonly ItemData[] }
  /** Lengths in bytes: of the block in load memory and of its code. */
  | {
      readonly function: 'request-download';
      readonly file: BlockFile;
      readonly loadLength: number;
      readonly codeLength: number;
    }
  | { readonly function: 'download-block'; readonly file: BlockFile }
  | { readonly function: 'download-ended'; readonly error: number; readonly file: BlockFile }
  | { readonly function: 'start-upload'; readonly file: BlockFile }
  | { readonly function: 'upload'; readonly session: number }
  | { readonly function: 'end-upload'; readonly error: number; readonly session: number }
  /** A program invocation: `P_PROGRAM` starts, `_INSE` activates and `_DELE` deletes the blocks that the argument lists. */
  | { readonly function: 'plc-control'; readonly service: string; readonly argument: Uint8Array }
  | { readonly function: 'plc-stop'; readonly service: string }
  /** A function that this codec does not take apart. */
  | OtherBody;

export type AckBody =
  | SetupBody
  | { readonly function: 'read'; readonly results: readonly ItemData[] }
  | { readonly function: 'write'; readonly codes: readonly number[] }
  | { readonly function: 'start-upload'; readonly session: number; readonly length: number }
  | { readonly function: 'upload' | 'download-block'; readonly more: boolean; readonly data: Uint8Array }
  /** The function's code alone, as most functions acknowledge and every refusal does. */
  | { readonly function: 'done'; readonly code: number }
  | OtherBody;

export interface UserdataMessage {
  readonly rosctr: 'userdata';
  readonly reference: number;
  readonly kind: 'push' | 'request' | 'response';
  readonly group: number;
  readonly subfunction: number;
  readonly sequence: number;
  /** In responses and in requests for the rest of one; `more` when further units follow. */
  readonly unit: { readonly reference: number; readonly more: boolean; readonly error: number } | undefined;
  readonly data: { readonly code: number; readonly transport: number; readonly bytes: Uint8Array } | undefined;
}

export type S7Message =
  | { readonly rosctr: 'job'; readonly reference: number; readonly body: JobBody }
  | { readonly rosctr: 'ack'; readonly reference: number; readonly error: number }
  /** `error`: class × 256 + code; without a body when the whole job is refused. */
  | {
      readonly rosctr: 'ack-data';
      readonly reference: number;
      readonly error: number;
      readonly body: AckBody | undefined;
    }
  | UserdataMessage;
