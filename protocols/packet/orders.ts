/** Whether what a client sends changes something at a device, told by as few bytes as will do: it is asked of every packet. */
import { BVLC_TYPE, CONFIRMED, decodeBvlc, decodeNpdu, isProblem, PDU } from '../bacnet/index.ts';
import { FUNCTION } from '../dnp3/tables.ts';
import { isWrite } from '../modbus/index.ts';
import { packetLength } from '../mqtt/plausibility.ts';
import { PACKET_TYPES } from '../mqtt/tables.ts';
import { isCommandTopic } from '../mqtt/topics.ts';
import { chunkHeader, MESSAGE_HEADERS } from '../opcua/chunks.ts';
import { SERVICES, type ServiceName } from '../opcua/messages.ts';
import { PLC_CONTROL, PLC_STOP, REQUEST_DOWNLOAD, S7_PROTOCOL, WRITE_VARIABLE } from '../s7comm/tables.ts';
import { decodeSnmp } from '../snmp/index.ts';
import { looksLikeDnp3 } from './dnp3.ts';
import { looksLikeOpcUa } from './opcua.ts';
import { STANDARD_PORTS } from './ports.ts';
import { looksLikeS7 } from './s7comm.ts';

/** After the seven bytes of an MBAP header. */
const MODBUS_FUNCTION = 7;
/** After TPKT and COTP (7 bytes): the header of a job is ten bytes long. */
const S7_MESSAGE = 7;
const S7_JOB = 1;
const S7_FUNCTION = 17;
const S7_ORDERS: ReadonlySet<number> = new Set([WRITE_VARIABLE, REQUEST_DOWNLOAD, PLC_CONTROL, PLC_STOP]);
/** After the link header (10 bytes) and the transport octet come the application's control and function. */
const DNP3_TRANSPORT = 10;
const DNP3_FIRST = 0x40;
const DNP3_FUNCTION = 12;
/** SELECT only announces what OPERATE does. */
const DNP3_ORDERS: ReadonlySet<number> = new Set([
  FUNCTION.write,
  FUNCTION.operate,
  FUNCTION.directOperate,
  FUNCTION.directOperateNoAck,
]);
/** Services by the numbers of their requests' encodings. */
const OPCUA_ORDERS: ReadonlySet<number> = new Set(
  (
    [
      'Write',
      'HistoryUpdate',
      'Call',
      'AddNodes',
      'AddReferences',
      'DeleteNodes',
      'DeleteReferences',
    ] satisfies ServiceName[]
  ).map((name) => SERVICES[name].requestId),
);
/** The node id of a service in four bytes: the form, namespace 0, a number (OPC 10000-6, 5.2.2.9). */
const FOUR_BYTES = 1;
const BACNET_ORDERS: ReadonlySet<number> = new Set([
  CONFIRMED.atomicWriteFile,
  CONFIRMED.addListElement,
  CONFIRMED.removeListElement,
  CONFIRMED.createObject,
  CONFIRMED.deleteObject,
  CONFIRMED.writeProperty,
  CONFIRMED.writePropertyMultiple,
  CONFIRMED.deviceCommunicationControl,
  CONFIRMED.reinitializeDevice,
  CONFIRMED.lifeSafetyOperation,
]);
/** Of a confirmed request's first octet: it comes in segments. */
const SEGMENTED = 0x08;
/** Control packets that are looked at in one payload. */
const MOST_PACKETS = 16;
/** A topic that is longer orders nothing that we know. */
const LONGEST_TOPIC = 1024;
/** What changes files of a device (RFC 959, 4.1.3). */
const FTP_ORDERS = /^(STOR|STOU|APPE|DELE|RNTO|RMD|MKD|SITE)\b/i;
/** Forms of a device's pages; programs that tell each other values send other content. */
const FORM =
  /^(PUT|PATCH|DELETE) |^POST [\s\S]*\r\ncontent-type: *(application\/x-www-form-urlencoded|multipart\/form-data)/i;
const LONGEST_HEAD = 1024;
const LATIN = new TextDecoder('latin1');

/**
 * Whether the payload `bytes[start..end)`, sent to `port` of a server, orders something: a value, a command, a program, a restart. Looks at
 * the first message of the payload, of MQTT at all. What is encrypted, and what somebody types at a console letter by letter, is not told.
 */
export function isOrder(bytes: Uint8Array, start: number, end: number, port: number): boolean {
  if (start >= end) return false;
  const octet = (at: number): number => (start + at < end ? (bytes[start + at] as number) : -1);
  if (looksLikeDnp3(bytes, start, end))
    return (octet(DNP3_TRANSPORT) & DNP3_FIRST) !== 0 && DNP3_ORDERS.has(octet(DNP3_FUNCTION));
  if (looksLikeS7(bytes, start, end))
    return octet(S7_MESSAGE) === S7_PROTOCOL && octet(S7_MESSAGE + 1) === S7_JOB && S7_ORDERS.has(octet(S7_FUNCTION));
  if (looksLikeOpcUa(bytes, start, end)) return isOpcUaOrder(bytes, start, end);
  return AT_PORTS.get(port)?.(bytes, start, end) ?? false;
}

type Ask = (bytes: Uint8Array, start: number, end: number) => boolean;

/** What content alone does not tell. */
const AT_PORTS: ReadonlyMap<number, Ask> = new Map<number, Ask>([
  [
    STANDARD_PORTS.modbus,
    (bytes, start, end) => start + MODBUS_FUNCTION < end && isWrite(bytes[start + MODBUS_FUNCTION] as number),
  ],
  [STANDARD_PORTS.bacnet, isBacnetOrder],
  [STANDARD_PORTS.mqtt, isMqttOrder],
  [STANDARD_PORTS.snmp, isSnmpOrder],
  [STANDARD_PORTS.ftp, (bytes, start, end) => FTP_ORDERS.test(beginning(bytes, start, end, 5))],
  [STANDARD_PORTS.http, (bytes, start, end) => FORM.test(beginning(bytes, start, end, LONGEST_HEAD))],
]);

const beginning = (bytes: Uint8Array, start: number, end: number, longest: number): string =>
  LATIN.decode(bytes.subarray(start, Math.min(end, start + longest)));

function isOpcUaOrder(bytes: Uint8Array, start: number, end: number): boolean {
  const at = start + MESSAGE_HEADERS;
  if (at + 4 > end || chunkHeader(bytes, start)?.type !== 'MSG') return false;
  if (bytes[at] !== FOUR_BYTES || bytes[at + 1] !== 0) return false;
  return OPCUA_ORDERS.has((bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8));
}

function isBacnetOrder(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== BVLC_TYPE) return false;
  const link = decodeBvlc(bytes, start, end);
  if (isProblem(link)) return false;
  const npdu = decodeNpdu(bytes, link.start, link.end);
  if (isProblem(npdu) || npdu.message !== undefined || npdu.start >= npdu.end) return false;
  const first = bytes[npdu.start] as number;
  if (first >> 4 !== PDU.confirmed) return false;
  const isSegmented = (first & SEGMENTED) !== 0;
  // Flags, sizes, invoke id; of segments their number and the window too (ASHRAE 135-2020, 20.1.2). Later ones are no new order.
  if (isSegmented && bytes[npdu.start + 3] !== 0) return false;
  const at = npdu.start + (isSegmented ? 5 : 3);
  return at < npdu.end && BACNET_ORDERS.has(bytes[at] as number);
}

function isMqttOrder(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  for (let packets = 0; at < end && packets < MOST_PACKETS; packets++) {
    const size = packetLength(bytes, at, end);
    if (size === undefined) return false;
    if ((bytes[at] as number) >> 4 === PACKET_TYPES.publish && size.from + 2 <= end) {
      const topic = size.from + 2;
      const length = ((bytes[size.from] as number) << 8) | (bytes[size.from + 1] as number);
      if (length <= LONGEST_TOPIC && topic + length <= Math.min(end, size.to)) {
        if (isCommandTopic(LATIN.decode(bytes.subarray(topic, topic + length)))) return true;
      }
    }
    at = size.to;
  }
  return false;
}

function isSnmpOrder(bytes: Uint8Array, start: number, end: number): boolean {
  const decoded = decodeSnmp(bytes, start, end);
  return decoded.status === 'ok' && decoded.message.type === 'set-request';
}
