/** Follows BACnet/IP from anywhere in its middle, and says what it saw (`events.ts`). Never throws. */
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { credentialEvent } from '../credentials/index.ts';
import { type Apdu, CONFIRMED, decodeApdu, PDU } from './apdu.ts';
import {
  BACNET_PORT,
  type BacnetProblem,
  BVLC,
  BVLC_RESULT,
  BVLC_TYPE,
  type BvlcMessage,
  decodeBvlc,
  illegal,
  isProblem,
} from './bvlc.ts';
import { dissectConfirmed, dissectUnconfirmed, readingEvents, type Written, writeEvent } from './dissect-services.ts';
import type { BacnetEvent, DeviceControlEvent, LinkEvent, ViolationEvent } from './events.ts';
import {
  ABORT_REASONS,
  BVLC_FUNCTIONS,
  CONFIRMED_SERVICES,
  ERROR_CLASSES,
  ERROR_CODES,
  NETWORK_MESSAGES,
  REJECT_REASONS,
  UNCONFIRMED_SERVICES,
} from './names.ts';
import { decodeNpdu, type Npdu } from './npdu.ts';
import { TAG, TagReader } from './reader.ts';

/** A request that waits for its answer. */
interface Asked {
  readonly service: number;
  readonly time: number;
  readonly writes: readonly Written[];
  /** Of control of the device: what was asked for, and the password that was sent. */
  readonly state: string | undefined;
  readonly password: string | undefined;
  parts: Uint8Array[];
  size: number;
}

/** Requests that wait at a time in one conversation, and octets of an answer in segments. */
const MOST_ASKED = 256;
const MOST_OCTETS = 0x4_0000;
const MOST_ADDRESSES = 64;
const TYPES = [
  'CONFIRMED_REQUEST',
  'UNCONFIRMED_REQUEST',
  'SIMPLE_ACK',
  'COMPLEX_ACK',
  'SEGMENT_ACK',
  'ERROR_PDU',
  'REJECT_PDU',
  'ABORT_PDU',
];

/** `read-property` as the logs have it: `read_property`. Made once for each number. */
function underscored(names: { name(value: number): string }): (value: number) => string {
  const made: string[] = [];
  return (value) => (made[value] ??= names.name(value).replaceAll('-', '_'));
}
const confirmedName = underscored(CONFIRMED_SERVICES);
const unconfirmedName = underscored(UNCONFIRMED_SERVICES);
const networkName = underscored(NETWORK_MESSAGES);
/** As ICSNPP writes them. */
const LINK_NAMES = [
  'BVLC_Result',
  'Write_Broadcast_Table',
  'Read_Broadcast_Table',
  'Read_Broadcast_Table_ACK',
  'Forwarded_NPDU',
  'Register_Foreign_Device',
  'Read_Foreign_Device_Table',
  'Read_Foreign_Device_Table_ACK',
  'Delete_Foreign_Device_Table_Entry',
  'Distribute_Broadcast_to_Network',
  'Original_Unicast_NPDU',
  'Original_Broadcast_NPDU',
];

class BacnetDissector implements Dissector {
  unparsedBytes = 0;
  violations = 0;
  readonly #emit: (event: ProtocolEvent) => void;
  /** By who asked (0 the originator, 256 the responder) and invoke id. */
  readonly #asked = new Map<number, Asked>();
  readonly #reader = new TagReader(new Uint8Array(0), 0, 0);

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
  }

  data(isOrig: boolean, time: number, buffer: Uint8Array, start: number, end: number): void {
    const message = decodeBvlc(buffer, start, end, 'trusted');
    if (isProblem(message)) {
      this.unparsedBytes += end - start;
      this.#violation(isOrig, time, 'link', message);
      return;
    }
    const length = lengthOf(buffer, start);
    if (length !== end - start)
      this.#violation(isOrig, time, 'link', illegal(`says ${length} octets, has ${end - start}`));
    if (message.start === message.end) {
      this.#link(isOrig, time, message);
      return;
    }
    const npdu = decodeNpdu(buffer, message.start, message.end);
    if ('kind' in npdu) {
      this.unparsedBytes += message.end - message.start;
      this.#violation(isOrig, time, 'network', npdu);
      return;
    }
    if (npdu.message !== undefined) {
      const pdu = { pdu_type: 'NPDU', pdu_service: networkName(npdu.message), invoke_id: undefined };
      this.#message(isOrig, time, message, npdu, { ...pdu, result_code: undefined, error_class: undefined });
      return;
    }
    const apdu = decodeApdu(buffer, npdu.start, npdu.end);
    if ('kind' in apdu) {
      this.unparsedBytes += npdu.end - npdu.start;
      this.#violation(isOrig, time, 'application', apdu);
      return;
    }
    this.#application(isOrig, time, message, npdu, apdu, buffer);
  }

  gap(): void {}

  end(): void {
    for (const [key, asked] of this.#asked) this.#unanswered(key, asked);
    this.#asked.clear();
  }

  #application(isOrig: boolean, time: number, message: BvlcMessage, npdu: Npdu, apdu: Apdu, buffer: Uint8Array): void {
    const { type, invokeId, service } = apdu;
    const key = (isOrig === (type === PDU.confirmed) ? 0 : 256) + invokeId;
    if (apdu.segmented) {
      const whole = this.#assembled(key, apdu, buffer, time);
      if (whole === undefined) return;
      this.#application(isOrig, time, message, npdu, { ...apdu, segmented: false, start: 0, end: whole.length }, whole);
      return;
    }
    const reader = this.#reader.reset(buffer, apdu.start, apdu.end);
    const isError = type === PDU.error;
    let errorClass: number | undefined;
    let errorCode: number | undefined;
    if (isError) {
      if (reader.isOpening(0)) reader.open(0);
      errorClass = reader.applicationUnsigned(TAG.enumerated);
      errorCode = reader.applicationUnsigned(TAG.enumerated);
    }
    const isUnconfirmed = type === PDU.unconfirmed;
    this.#message(isOrig, time, message, npdu, {
      pdu_type: TYPES[type] as string,
      pdu_service: serviceText(apdu),
      invoke_id: isUnconfirmed ? undefined : invokeId,
      result_code: isError && !reader.failed ? ERROR_CODES.name(errorCode as number) : resultText(apdu),
      error_class: isError && !reader.failed ? ERROR_CLASSES.name(errorClass as number) : undefined,
    });
    switch (type) {
      case PDU.confirmed:
        this.#request(isOrig, time, apdu, reader, key);
        return;
      case PDU.unconfirmed:
        if (!dissectUnconfirmed(this.#emit, isOrig, time, service, reader)) this.#misshapen(isOrig, time, apdu);
        return;
      case PDU.segmentAck:
        return;
      default:
        this.#answer(isOrig, time, apdu, reader, key, errorCode);
    }
  }

  #request(isOrig: boolean, time: number, apdu: Apdu, reader: TagReader, key: number): void {
    const { service, invokeId } = apdu;
    const told = dissectConfirmed(this.#emit, isOrig, time, invokeId, service, reader);
    if (told === undefined) {
      this.#misshapen(isOrig, time, apdu);
      return;
    }
    const before = this.#asked.get(key);
    // A request that is sent again is the same one.
    if (before !== undefined && before.service !== service) this.#unanswered(key, before);
    this.#asked.delete(key);
    if (this.#asked.size >= MOST_ASKED) {
      const [oldest, asked] = this.#asked.entries().next().value as [number, Asked];
      this.#unanswered(oldest, asked);
      this.#asked.delete(oldest);
    }
    const { writes, state, password } = told;
    this.#asked.set(key, { service, time, writes, state, password, parts: [], size: 0 });
  }

  #answer(
    isOrig: boolean,
    time: number,
    apdu: Apdu,
    reader: TagReader,
    key: number,
    errorCode: number | undefined,
  ): void {
    const { type, service, invokeId } = apdu;
    const asked = this.#asked.get(key);
    const isService = asked !== undefined && (type >= PDU.reject || asked.service === service);
    if (isService) this.#asked.delete(key);
    if (type === PDU.complexAck && !readingEvents(this.#emit, isOrig, time, invokeId, service, reader))
      this.#misshapen(isOrig, time, apdu);
    const code = errorCode === undefined ? resultText(apdu) : ERROR_CODES.name(errorCode);
    if (isService)
      for (const written of asked.writes)
        this.#emit(writeEvent(written, !isOrig, asked.time, invokeId, asked.service, code ?? 'done'));
    const asks = isService ? asked.service : service;
    if (asks !== CONFIRMED.reinitializeDevice && asks !== CONFIRMED.deviceCommunicationControl) return;
    if (type >= PDU.reject && !isService) return;
    if (asked?.password !== undefined && isService)
      this.#emit(credentialEvent('bacnet', time, undefined, asked.password, code === undefined));
    const event: DeviceControlEvent = {
      ...{ name: 'bacnet_device_control', time, is_orig: isOrig, invoke_id: invokeId },
      pdu_service: confirmedName(asks),
      ...{ time_duration: undefined, device_state: undefined, password: undefined },
      result: type === PDU.simpleAck ? 'SUCCESS' : (TYPES[type] as string).replace('_PDU', ''),
      result_code: code,
      requested: isService ? asked.state : undefined,
    };
    this.#emit(event);
  }

  /** The whole of a message in segments when its last one is there. */
  #assembled(key: number, apdu: Apdu, buffer: Uint8Array, time: number): Uint8Array | undefined {
    // Requests in segments are kept under keys of their own.
    const place = apdu.type === PDU.confirmed ? key + 512 : key;
    let asked = this.#asked.get(place);
    if (asked === undefined || apdu.sequence === 0) {
      const { service = apdu.service, writes = [], state, password } = asked ?? {};
      if (asked === undefined && this.#asked.size >= MOST_ASKED) return undefined;
      asked = { service, time, writes, state, password, parts: [], size: 0 };
      this.#asked.set(place, asked);
    }
    // What came twice, or after something that was missed.
    if (apdu.sequence !== (asked.parts.length & 255)) return undefined;
    asked.size += apdu.end - apdu.start;
    if (asked.size > MOST_OCTETS) {
      this.#asked.delete(place);
      return undefined;
    }
    asked.parts.push(buffer.slice(apdu.start, apdu.end));
    if (apdu.more) return undefined;
    const whole = new Uint8Array(asked.size);
    let at = 0;
    for (const part of asked.parts) {
      whole.set(part, at);
      at += part.length;
    }
    if (place !== key) this.#asked.delete(place);
    return whole;
  }

  #unanswered(key: number, { service, writes, time }: Asked): void {
    for (const written of writes)
      this.#emit(writeEvent(written, (key & 256) === 0, time, key & 255, service, undefined));
  }

  #message(
    isOrig: boolean,
    time: number,
    message: BvlcMessage,
    { priority, source, destination }: Npdu,
    pdu: Pick<BacnetEvent, 'pdu_type' | 'pdu_service' | 'invoke_id' | 'result_code' | 'error_class'>,
  ): void {
    const event: BacnetEvent = {
      ...{ name: 'bacnet', time, is_orig: isOrig },
      bvlc_function: linkName(message.function),
      pdu_type: pdu.pdu_type,
      pdu_service: pdu.pdu_service,
      invoke_id: pdu.invoke_id,
      result_code: pdu.result_code,
      error_class: pdu.error_class,
      network_priority: priority,
      source_network: source?.network,
      destination_network: destination?.network,
    };
    this.#emit(event);
  }

  #link(isOrig: boolean, time: number, { function: code, result, ttl, bdt, fdt, entry }: BvlcMessage): void {
    const places = bdt ?? fdt ?? (entry === undefined ? undefined : [entry]);
    const event: LinkEvent = {
      ...{ name: 'bacnet_link', time, is_orig: isOrig },
      bvlc_function: linkName(code),
      result: result === undefined ? undefined : resultOfLink(result),
      ttl,
      entries: places?.length,
      addresses: places?.slice(0, MOST_ADDRESSES).map(({ address, port }) => `${dotted(address)}:${port}`),
    };
    this.#emit(event);
  }

  #misshapen(isOrig: boolean, time: number, apdu: Apdu): void {
    const text = `${serviceText(apdu) ?? 'message'} whose parameters do not read`;
    this.unparsedBytes += apdu.end - apdu.start;
    this.#violation(isOrig, time, 'service', { kind: 'illegal', text });
  }

  #violation(isOrig: boolean, time: number, layer: string, { kind, text }: BacnetProblem): void {
    if (kind !== 'illegal') return;
    this.violations++;
    const event: ViolationEvent = { name: 'bacnet_violation', time, is_orig: isOrig, layer, reason: text };
    this.#emit(event);
  }
}

function serviceText({ type, service }: Apdu): string | undefined {
  if (type === PDU.segmentAck) return undefined;
  if (type === PDU.reject) return 'reject';
  if (type === PDU.abort) return 'abort';
  return type === PDU.unconfirmed ? unconfirmedName(service) : confirmedName(service);
}

function resultText({ type, service }: Apdu): string | undefined {
  if (type === PDU.reject) return REJECT_REASONS.name(service);
  return type === PDU.abort ? ABORT_REASONS.name(service) : undefined;
}

const linkName = (code: number): string => LINK_NAMES[code] ?? BVLC_FUNCTIONS.name(code);

/** By the result, which is no function's number: what was refused (annex J.2.1). */
const REFUSED: Readonly<Record<number, string>> = {
  [BVLC_RESULT.writeBdt]: 'write-broadcast-table',
  [BVLC_RESULT.readBdt]: 'read-broadcast-table',
  [BVLC_RESULT.registerForeign]: 'register-foreign-device',
  [BVLC_RESULT.readFdt]: 'read-foreign-device-table',
  [BVLC_RESULT.deleteFdt]: 'delete-foreign-device-table-entry',
  [BVLC_RESULT.distribute]: 'distribute-broadcast-to-network',
};
const resultOfLink = (result: number): string =>
  result === 0 ? 'done' : `${REFUSED[result] ?? `0x${result.toString(16)}`}-refused`;

const dotted = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

const lengthOf = (buffer: Uint8Array, start: number): number =>
  ((buffer[start + 2] as number) << 8) | (buffer[start + 3] as number);

/** How sure a virtual link with a network behind it is; other ports than the usual one need more to go by. */
const LINK_ONLY = 0.6;
const WHOLE = 0.9;
const WRONG_LENGTH = 0.4;

export const bacnetDissector: DissectorFactory = {
  protocol: 'bacnet',
  transport: 'udp',
  ports: [BACNET_PORT],
  probe(buffer, start, end) {
    if (buffer[start] !== BVLC_TYPE) return 0;
    const message = decodeBvlc(buffer, start, end, 'trusted');
    if (isProblem(message)) return 0;
    const isWrong = lengthOf(buffer, start) !== end - start;
    if (message.function < BVLC.forwarded || message.start === message.end) return LINK_ONLY;
    const npdu = decodeNpdu(buffer, message.start, message.end);
    if ('kind' in npdu) return 0;
    return isWrong ? WRONG_LENGTH : WHOLE;
  },
  create: (emit) => new BacnetDissector(emit),
};
