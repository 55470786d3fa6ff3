/** SNMP messages of versions 1 (RFC 1157) and 2c (RFC 1901, 3416). Version 3 is legal and not read: its content is usually encrypted. */
import { type Decoded, illegal, ok, unsupported } from '../exchange/decoded.ts';
import { BerReader, BerWriter, type Oid, TAGS } from './ber.ts';

export const SNMP_PORT = 161;
export const TRAP_PORT = 162;

export const PDU_TYPES = {
  'get-request': 0xa0,
  'get-next-request': 0xa1,
  response: 0xa2,
  'set-request': 0xa3,
  trap: 0xa4,
  'get-bulk-request': 0xa5,
  'inform-request': 0xa6,
  'trap-v2': 0xa7,
  report: 0xa8,
} as const;
export type PduType = keyof typeof PDU_TYPES;
const PDU_NAMES = new Map(Object.entries(PDU_TYPES).map(([name, tag]) => [tag as number, name as PduType]));

/** RFC 3416, clause 3; the first six are version 1's. */
export const ERRORS = {
  noError: 0,
  tooBig: 1,
  noSuchName: 2,
  badValue: 3,
  readOnly: 4,
  genErr: 5,
  noAccess: 6,
  wrongType: 7,
  wrongValue: 10,
  notWritable: 17,
} as const;

export type SnmpValue =
  | { readonly type: 'integer' | 'counter32' | 'gauge32' | 'timeticks' | 'counter64'; readonly value: number }
  | { readonly type: 'octets' | 'ip' | 'opaque'; readonly value: Uint8Array }
  | { readonly type: 'oid'; readonly value: Oid }
  | { readonly type: 'null' | 'noSuchObject' | 'noSuchInstance' | 'endOfMibView' };

export interface Binding {
  readonly oid: Oid;
  readonly value: SnmpValue;
}

export interface SnmpMessage {
  /** 1, or 2 for version 2c. */
  readonly version: 1 | 2;
  readonly community: string;
  readonly type: PduType;
  readonly requestId: number;
  /** Of a get-bulk-request: how many of the bindings are asked for once. */
  readonly errorStatus: number;
  /** Of a get-bulk-request: how often the others. */
  readonly errorIndex: number;
  /** Of a trap of version 1 only those that it carries beside its own words. */
  readonly bindings: readonly Binding[];
}

export type SnmpDecoded = Decoded<SnmpMessage>;

export const MOST_BINDINGS = 128;
const LONGEST_COMMUNITY = 255;
const LATIN = new TextDecoder('latin1');

/** Reads one datagram. Never throws. */
export function decodeSnmp(buffer: Uint8Array, start = 0, end = buffer.length): SnmpDecoded {
  const outer = new BerReader(buffer, start, end);
  const message = outer.value(TAGS.sequence);
  if (outer.broken) return illegal('no sequence');
  if (outer.left > 0) return illegal('bytes after the message');
  const version = message.value(TAGS.integer).number(true);
  if (message.broken) return illegal('no version');
  if (version === 3) return unsupported('version 3');
  if (version !== 0 && version !== 1) return illegal(`version ${version}`);
  const community = message.value(TAGS.octets);
  if (message.broken || community.left > LONGEST_COMMUNITY) return illegal('no community');
  const type = PDU_NAMES.get(message.tag);
  if (type === undefined) return illegal('no PDU');
  const pdu = message.value(-1);
  const head = { version: version === 0 ? 1 : 2, community: LATIN.decode(community.bytes()), type } as const;
  return type === 'trap' ? decodeTrap(pdu, head) : decodePdu(pdu, head);
}

type MessageHead = Pick<SnmpMessage, 'version' | 'community' | 'type'>;

function decodePdu(pdu: BerReader, head: MessageHead): SnmpDecoded {
  const requestId = pdu.value(TAGS.integer).number(true);
  const errorStatus = pdu.value(TAGS.integer).number(true);
  const errorIndex = pdu.value(TAGS.integer).number(true);
  const bindings = decodeBindings(pdu);
  if (pdu.broken || bindings === undefined) return illegal('a PDU that is not whole');
  return ok({ ...head, requestId, errorStatus, errorIndex, bindings });
}

/** RFC 1157, clause 4.1.6: enterprise, agent's address, generic and specific kind, time, bindings. */
function decodeTrap(pdu: BerReader, head: MessageHead): SnmpDecoded {
  pdu.value(TAGS.oid);
  pdu.value(TAGS.ip);
  const generic = pdu.value(TAGS.integer).number(true);
  const specific = pdu.value(TAGS.integer).number(true);
  pdu.value(TAGS.timeticks);
  const bindings = decodeBindings(pdu);
  if (pdu.broken || bindings === undefined) return illegal('a trap that is not whole');
  return ok({ ...head, requestId: 0, errorStatus: generic, errorIndex: specific, bindings });
}

function decodeBindings(pdu: BerReader): Binding[] | undefined {
  const list = pdu.value(TAGS.sequence);
  const bindings: Binding[] = [];
  while (list.left > 0) {
    if (bindings.length >= MOST_BINDINGS) return undefined;
    const one = list.value(TAGS.sequence);
    const oid = one.value(TAGS.oid).oid();
    const value = decodeValue(one);
    if (list.broken || one.broken || value === undefined || oid.length === 0) return undefined;
    bindings.push({ oid, value });
  }
  return list.broken ? undefined : bindings;
}

function decodeValue(reader: BerReader): SnmpValue | undefined {
  const { tag } = reader;
  const content = reader.value(-1);
  switch (tag) {
    case TAGS.integer:
      return broken(content, { type: 'integer', value: content.number(true) });
    case TAGS.counter32:
      return broken(content, { type: 'counter32', value: content.number(false) });
    case TAGS.gauge32:
      return broken(content, { type: 'gauge32', value: content.number(false) });
    case TAGS.timeticks:
      return broken(content, { type: 'timeticks', value: content.number(false) });
    case TAGS.counter64:
      return broken(content, { type: 'counter64', value: content.number(false) });
    case TAGS.octets:
      return { type: 'octets', value: content.bytes() };
    case TAGS.ip:
      return { type: 'ip', value: content.bytes() };
    case TAGS.opaque:
      return { type: 'opaque', value: content.bytes() };
    case TAGS.oid:
      return broken(content, { type: 'oid', value: content.oid() });
    case TAGS.null:
      return { type: 'null' };
    case TAGS.noSuchObject:
      return { type: 'noSuchObject' };
    case TAGS.noSuchInstance:
      return { type: 'noSuchInstance' };
    case TAGS.endOfMibView:
      return { type: 'endOfMibView' };
    default:
      return undefined;
  }
}

const broken = (content: BerReader, value: SnmpValue): SnmpValue | undefined => (content.broken ? undefined : value);

export function encodeSnmp(message: SnmpMessage): Uint8Array {
  const writer = new BerWriter();
  for (let i = message.bindings.length - 1; i >= 0; i--) writeBinding(writer, message.bindings[i] as Binding);
  writer.wrap(TAGS.sequence, 0);
  writer.number(TAGS.integer, message.errorIndex);
  writer.number(TAGS.integer, message.errorStatus);
  writer.number(TAGS.integer, message.requestId);
  writer.wrap(PDU_TYPES[message.type], 0);
  writer.bytes(TAGS.octets, Buffer.from(message.community, 'latin1'));
  writer.number(TAGS.integer, message.version - 1);
  writer.wrap(TAGS.sequence, 0);
  return writer.finish();
}

function writeBinding(writer: BerWriter, { oid, value }: Binding): void {
  const from = writer.size;
  const tag = TAGS[value.type];
  switch (value.type) {
    case 'integer':
    case 'counter32':
    case 'gauge32':
    case 'timeticks':
    case 'counter64':
      writer.number(tag, value.value);
      break;
    case 'octets':
    case 'ip':
    case 'opaque':
      writer.bytes(tag, value.value);
      break;
    case 'oid': {
      writer.oid(value.value);
      break;
    }
    default:
      writer.wrap(tag, writer.size);
  }
  writer.oid(oid);
  writer.wrap(TAGS.sequence, from);
}

export const octets = (text: string): SnmpValue => ({ type: 'octets', value: new TextEncoder().encode(text) });

/** A value as people read it. */
export function valueText(value: SnmpValue): string {
  switch (value.type) {
    case 'octets':
    case 'opaque':
    case 'ip':
      return value.type === 'ip' ? [...value.value].join('.') : new TextDecoder('latin1').decode(value.value);
    case 'oid':
      return value.value.join('.');
    case 'null':
    case 'noSuchObject':
    case 'noSuchInstance':
    case 'endOfMibView':
      return value.type;
    default:
      return String(value.value);
  }
}
