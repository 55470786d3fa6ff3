/** Headers of the application layer (ASHRAE 135-2020, clause 20.1). */
import { type BacnetProblem, illegal, unsupported } from './bvlc.ts';
import type { TagWriter } from './writer.ts';

export const PDU = {
  confirmed: 0,
  unconfirmed: 1,
  simpleAck: 2,
  complexAck: 3,
  segmentAck: 4,
  error: 5,
  reject: 6,
  abort: 7,
} as const;

export const CONFIRMED = {
  acknowledgeAlarm: 0,
  covNotification: 1,
  eventNotification: 2,
  getAlarmSummary: 3,
  getEnrollmentSummary: 4,
  subscribeCov: 5,
  atomicReadFile: 6,
  atomicWriteFile: 7,
  addListElement: 8,
  removeListElement: 9,
  createObject: 10,
  deleteObject: 11,
  readProperty: 12,
  readPropertyMultiple: 14,
  writeProperty: 15,
  writePropertyMultiple: 16,
  deviceCommunicationControl: 17,
  reinitializeDevice: 20,
  readRange: 26,
  lifeSafetyOperation: 27,
  subscribeCovProperty: 28,
  getEventInformation: 29,
} as const;

export const UNCONFIRMED = {
  iAm: 0,
  iHave: 1,
  covNotification: 2,
  eventNotification: 3,
  privateTransfer: 4,
  textMessage: 5,
  timeSynchronization: 6,
  whoHas: 7,
  whoIs: 8,
  utcTimeSynchronization: 9,
} as const;

export const ERROR_CLASS = { device: 0, object: 1, property: 2, resources: 3, security: 4, services: 5 } as const;

export const ERROR_CODE = {
  other: 0,
  invalidDataType: 9,
  invalidTimestamp: 14,
  noSpaceToAddListElement: 19,
  noSpaceToWriteProperty: 20,
  passwordFailure: 26,
  serviceRequestDenied: 29,
  unknownObject: 31,
  unknownProperty: 32,
  valueOutOfRange: 37,
  writeAccessDenied: 40,
  invalidArrayIndex: 42,
  optionalFunctionalityNotSupported: 45,
  propertyIsNotAList: 22,
  propertyIsNotAnArray: 50,
  invalidEventState: 73,
  noAlarmConfigured: 74,
  parameterOutOfRange: 80,
  busy: 82,
  communicationDisabled: 83,
} as const;

export const REJECT = {
  other: 0,
  invalidParameterDataType: 3,
  invalidTag: 4,
  missingRequiredParameter: 5,
  parameterOutOfRange: 6,
  tooManyArguments: 7,
  undefinedEnumeration: 8,
  unrecognizedService: 9,
} as const;

export const ABORT = {
  other: 0,
  bufferOverflow: 1,
  invalidApduInThisState: 2,
  segmentationNotSupported: 4,
  windowSizeOutOfRange: 7,
  tsmTimeout: 10,
} as const;

/** Class and code of an Error-PDU. */
export interface BacnetError {
  readonly errorClass: number;
  readonly errorCode: number;
}

/** A header and where what follows it is. What a kind of PDU does not have is 0 or false. */
export interface Apdu {
  readonly type: number;
  /** Of a service; for Reject and Abort the reason. */
  readonly service: number;
  readonly invokeId: number;
  readonly segmented: boolean;
  readonly more: boolean;
  /** The client takes answers in segments. */
  readonly takesSegments: boolean;
  /** Segments that it takes; 0: it does not say. 65: more than 64. */
  readonly maxSegments: number;
  /** Octets of an APDU that it takes. */
  readonly maxApdu: number;
  readonly sequence: number;
  readonly window: number;
  /** Of a SegmentACK: something was missing. */
  readonly negative: boolean;
  /** Of Abort and SegmentACK: sent by the server. */
  readonly server: boolean;
  readonly start: number;
  readonly end: number;
}

const SEGMENTS = [0, 2, 4, 8, 16, 32, 64, 65];
const SIZES = [50, 128, 206, 480, 1024, 1476];
/** Largest APDU over IP (clause 12.11.18, annex J). */
export const MAX_APDU = 1476;

/** What an APDU of at most `size` octets is announced as. */
const sizeCode = (size: number): number =>
  Math.max(
    0,
    SIZES.findLastIndex((one) => one <= size),
  );

export function decodeApdu(buffer: Uint8Array, start: number, end: number): Apdu | BacnetProblem {
  if (start >= end) return illegal('no application message');
  const first = buffer[start] as number;
  const type = first >> 4;
  const apdu = {
    ...{ type, service: 0, invokeId: 0, segmented: false, more: false, takesSegments: false, maxSegments: 0 },
    ...{ maxApdu: 0, sequence: 0, window: 0, negative: false, server: false, start, end },
  };
  const short = (): BacnetProblem => illegal('an application header that is cut off');
  const octet = (i: number): number => buffer[start + i] as number;
  const size = end - start;
  switch (type) {
    case PDU.confirmed: {
      apdu.segmented = (first & 8) !== 0;
      apdu.more = (first & 4) !== 0;
      apdu.takesSegments = (first & 2) !== 0;
      const header = apdu.segmented ? 6 : 4;
      if (size < header) return short();
      apdu.maxSegments = SEGMENTS[(octet(1) >> 4) & 7] as number;
      apdu.maxApdu = SIZES[octet(1) & 15] ?? MAX_APDU;
      apdu.invokeId = octet(2);
      if (apdu.segmented) {
        apdu.sequence = octet(3);
        apdu.window = octet(4);
      }
      apdu.service = octet(header - 1);
      apdu.start = start + header;
      return apdu;
    }
    case PDU.unconfirmed:
      if (size < 2) return short();
      apdu.service = octet(1);
      apdu.start = start + 2;
      return apdu;
    case PDU.simpleAck:
      if (size < 3) return short();
      apdu.invokeId = octet(1);
      apdu.service = octet(2);
      apdu.start = start + 3;
      return apdu;
    case PDU.complexAck: {
      apdu.segmented = (first & 8) !== 0;
      apdu.more = (first & 4) !== 0;
      const header = apdu.segmented ? 5 : 3;
      if (size < header) return short();
      apdu.invokeId = octet(1);
      if (apdu.segmented) {
        apdu.sequence = octet(2);
        apdu.window = octet(3);
      }
      apdu.service = octet(header - 1);
      apdu.start = start + header;
      return apdu;
    }
    case PDU.segmentAck:
      if (size < 4) return short();
      apdu.negative = (first & 2) !== 0;
      apdu.server = (first & 1) !== 0;
      apdu.invokeId = octet(1);
      apdu.sequence = octet(2);
      apdu.window = octet(3);
      apdu.start = start + 4;
      return apdu;
    case PDU.error:
    case PDU.reject:
    case PDU.abort:
      if (size < 3) return short();
      apdu.server = type === PDU.abort && (first & 1) !== 0;
      apdu.invokeId = octet(1);
      apdu.service = octet(2);
      apdu.start = start + 3;
      return apdu;
    default:
      return unsupported(`application message of type ${type}`);
  }
}

/** A request's header. */
export interface RequestHeader {
  readonly invokeId: number;
  readonly service: number;
  readonly maxApdu: number;
  /** Segments that an answer may have; 0: none. */
  readonly maxSegments: number;
}

export function writeRequest(writer: TagWriter, header: RequestHeader): TagWriter {
  const { invokeId, service, maxApdu, maxSegments } = header;
  const code = maxSegments === 0 ? 0 : SEGMENTS.findLastIndex((one) => one <= maxSegments);
  return writer
    .octet(maxSegments === 0 ? 0 : 2)
    .octet((code << 4) | sizeCode(maxApdu))
    .octet(invokeId)
    .octet(service);
}

export const writeUnconfirmed = (writer: TagWriter, service: number): TagWriter =>
  writer.octet(PDU.unconfirmed << 4).octet(service);

export const writeSimpleAck = (writer: TagWriter, invokeId: number, service: number): TagWriter =>
  writer
    .octet(PDU.simpleAck << 4)
    .octet(invokeId)
    .octet(service);

export const writeComplexAck = (writer: TagWriter, invokeId: number, service: number): TagWriter =>
  writer
    .octet(PDU.complexAck << 4)
    .octet(invokeId)
    .octet(service);

export const writeError = (writer: TagWriter, invokeId: number, service: number, error: BacnetError): TagWriter =>
  writeErrorBody(
    writer
      .octet(PDU.error << 4)
      .octet(invokeId)
      .octet(service),
    error,
  );

export const writeErrorBody = (writer: TagWriter, { errorClass, errorCode }: BacnetError): TagWriter =>
  writer.applicationEnumerated(errorClass).applicationEnumerated(errorCode);

export const writeReject = (writer: TagWriter, invokeId: number, reason: number): TagWriter =>
  writer
    .octet(PDU.reject << 4)
    .octet(invokeId)
    .octet(reason);

/** @param server whether whoever answers requests sends it */
export const writeAbort = (writer: TagWriter, invokeId: number, reason: number, server: boolean): TagWriter =>
  writer
    .octet((PDU.abort << 4) | (server ? 1 : 0))
    .octet(invokeId)
    .octet(reason);

export function writeSegmentAck(
  writer: TagWriter,
  ack: { negative: boolean; server: boolean; invokeId: number; sequence: number; window: number },
): TagWriter {
  const { negative, server, invokeId, sequence, window } = ack;
  return writer
    .octet((PDU.segmentAck << 4) | (negative ? 2 : 0) | (server ? 1 : 0))
    .octet(invokeId)
    .octet(sequence)
    .octet(window);
}
