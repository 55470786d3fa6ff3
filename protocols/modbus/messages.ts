/**
 * Requests and responses as objects, one shape a function (MODBUS Application Protocol V1.1b3, clause 6). Addresses count from 0 as on the
 * wire; registers are unsigned 16-bit numbers; file data is bytes, two a record.
 */

export interface ReadRequest {
  readonly function: 1 | 2 | 3 | 4;
  readonly address: number;
  readonly quantity: number;
}

export interface WriteCoilMessage {
  readonly function: 5;
  readonly address: number;
  readonly value: boolean;
}

export interface WriteRegisterMessage {
  readonly function: 6;
  readonly address: number;
  readonly value: number;
}

/** Functions whose request is the code alone. */
export interface BareRequest {
  readonly function: 7 | 11 | 12 | 17;
}

export interface DiagnosticsMessage {
  readonly function: 8;
  readonly subfunction: number;
  readonly data: Uint8Array;
}

export interface WriteCoilsRequest {
  readonly function: 15;
  readonly address: number;
  readonly values: readonly boolean[];
}

export interface WriteRegistersRequest {
  readonly function: 16;
  readonly address: number;
  readonly values: readonly number[];
}

export interface FileReference {
  readonly file: number;
  readonly record: number;
  /** Records of 16 bits. */
  readonly length: number;
}

export interface FileRecord {
  readonly file: number;
  readonly record: number;
  readonly data: Uint8Array;
}

export interface ReadFileRequest {
  readonly function: 20;
  readonly references: readonly FileReference[];
}

export interface WriteFileMessage {
  readonly function: 21;
  readonly records: readonly FileRecord[];
}

/** Result = (register AND andMask) OR (orMask AND NOT andMask). */
export interface MaskWriteMessage {
  readonly function: 22;
  readonly address: number;
  readonly andMask: number;
  readonly orMask: number;
}

export interface ReadWriteRequest {
  readonly function: 23;
  readonly readAddress: number;
  readonly readQuantity: number;
  readonly writeAddress: number;
  readonly values: readonly number[];
}

export interface ReadFifoRequest {
  readonly function: 24;
  readonly address: number;
}

/** `access`: 1 basic, 2 regular, 3 extended stream, 4 one object. */
export interface ReadIdentificationRequest {
  readonly function: 43;
  readonly mei: 14;
  readonly access: number;
  readonly object: number;
}

/** MEI type 13 (CANopen), carried as it is. */
export interface CanopenMessage {
  readonly function: 43;
  readonly mei: 13;
  readonly data: Uint8Array;
}

export type Request =
  | ReadRequest
  | WriteCoilMessage
  | WriteRegisterMessage
  | BareRequest
  | DiagnosticsMessage
  | WriteCoilsRequest
  | WriteRegistersRequest
  | ReadFileRequest
  | WriteFileMessage
  | MaskWriteMessage
  | ReadWriteRequest
  | ReadFifoRequest
  | ReadIdentificationRequest
  | CanopenMessage;

/** The bits of whole bytes: the response does not tell how many of the last byte were asked for. */
export interface ReadBitsResponse {
  readonly function: 1 | 2;
  readonly bits: readonly boolean[];
}

export interface ReadRegistersResponse {
  readonly function: 3 | 4 | 23;
  readonly registers: readonly number[];
}

export interface ExceptionStatusResponse {
  readonly function: 7;
  readonly status: number;
}

export interface EventCounterResponse {
  readonly function: 11;
  readonly status: number;
  readonly count: number;
}

export interface EventLogResponse {
  readonly function: 12;
  readonly status: number;
  readonly eventCount: number;
  readonly messageCount: number;
  readonly events: Uint8Array;
}

export interface WriteManyResponse {
  readonly function: 15 | 16;
  readonly address: number;
  readonly quantity: number;
}

/** Server id, run indicator and more, as the device makes them up: their bounds are device specific. */
export interface ServerIdResponse {
  readonly function: 17;
  readonly data: Uint8Array;
}

export interface ReadFileResponse {
  readonly function: 20;
  readonly data: readonly Uint8Array[];
}

export interface FifoResponse {
  readonly function: 24;
  readonly registers: readonly number[];
}

export interface IdentificationObject {
  readonly object: number;
  /** Usually ASCII. */
  readonly value: Uint8Array;
}

export interface IdentificationResponse {
  readonly function: 43;
  readonly mei: 14;
  readonly access: number;
  readonly conformity: number;
  readonly moreFollows: boolean;
  readonly nextObject: number;
  readonly objects: readonly IdentificationObject[];
}

/** `function` is that of the request, without the exception bit. */
export interface ExceptionResponse {
  readonly function: number;
  readonly exception: number;
}

export type Response =
  | ReadBitsResponse
  | ReadRegistersResponse
  | WriteCoilMessage
  | WriteRegisterMessage
  | ExceptionStatusResponse
  | DiagnosticsMessage
  | EventCounterResponse
  | EventLogResponse
  | WriteManyResponse
  | ServerIdResponse
  | ReadFileResponse
  | WriteFileMessage
  | MaskWriteMessage
  | FifoResponse
  | IdentificationResponse
  | CanopenMessage
  | ExceptionResponse;
