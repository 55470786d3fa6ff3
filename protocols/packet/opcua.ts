/**
 * OPC UA in one packet, for people: chunks of UA-TCP, the service in them, its nodes and values where nothing is encrypted
 * (OPC 10000-4; OPC 10000-6, 6.7 and 7.1). A chunk that goes on in the next packet is told as far as it is there.
 */
import type { PacketField } from '@penstock/core';
import { type DataValue, dataValue, extensionObject, type NodeId, nodeId, nodeIdText } from '../opcua/builtin.ts';
import { Reader } from '../opcua/bytes.ts';
import { type ChunkHeader, chunkHeader, read32 } from '../opcua/chunks.ts';
import { variantText } from '../opcua/dissect-emit.ts';
import { kindOf, SERVICES } from '../opcua/messages.ts';
import { OBJECT, TOKEN } from '../opcua/objects.ts';
import { isGood, statusName } from '../opcua/status.ts';
import {
  addNodesItem,
  browseDescription,
  callMethodRequest,
  callMethodResult,
  deleteNodesItem,
  historyReadValueId,
  monitoredItemCreate,
  readValueId,
  requestHeader,
  responseHeader,
  viewDescription,
  writeValue,
} from '../opcua/structures.ts';
import { ATTRIBUTE, ATTRIBUTE_NAMES, HEADER, POLICY_NONE } from '../opcua/tables.ts';
import type { Reading } from './context.ts';
import { FieldReader, group } from './reader.ts';

const MOST_CHUNKS = 64;
/** Parts of a message that get a field of their own. */
const MOST_PARTS = 128;
/** Parts that stand in a line. */
const MOST_SAID = 4;
const TAG = /^[A-Z]{1,6}[0-9]{2,4}[A-Z]?(_[A-Z0-9]+)?$/;

export function looksLikeOpcUa(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start >= HEADER && chunkHeader(bytes, start) !== undefined;
}

/** All chunks of a payload; what is none is told as bytes. */
export function readOpcUa(bytes: Uint8Array, start: number, end: number): Reading {
  const fields: PacketField[] = [];
  const says: string[] = [];
  const tags = new Set<string>();
  let at = start;
  while (fields.length < MOST_CHUNKS && looksLikeOpcUa(bytes, at, end)) {
    const header = chunkHeader(bytes, at) as ChunkHeader;
    const stop = Math.min(end, at + Math.max(HEADER, header.size));
    const { field, info } = readChunk(bytes, at, stop, header, tags);
    fields.push(field);
    says.push(info);
    at = stop;
  }
  if (at < end) fields.push(group('Part of a chunk', `${end - at} bytes`, at, end, []));
  const info = says.join('; ') || `${end - start} bytes of a chunk`;
  return { protocol: 'opcua', info, tags: [...tags], field: group('OPC UA', info, start, end, fields) };
}

const CHUNKS = { F: 'last or only chunk', C: 'more follow', A: 'given up' } as const;

function readChunk(
  bytes: Uint8Array,
  start: number,
  end: number,
  { type, chunk, size }: ChunkHeader,
  tags: Set<string>,
): { field: PacketField; info: string } {
  const reader = new FieldReader(bytes, start, end);
  reader.raw('Type', 4, () => `${type}, ${CHUNKS[chunk]}`);
  number(reader, 'Size');
  let about: string;
  if (type === 'HEL' || type === 'ACK') about = readLimits(reader, type);
  else if (type === 'ERR') {
    const status = statusName(number(reader, 'Error', statusName));
    about = `ERR ${status} ${text(reader, 'Reason') ?? ''}`.trimEnd();
  } else if (type === 'RHE') about = `RHE ${text(reader, 'Server') ?? ''} ${text(reader, 'Endpoint') ?? ''}`.trimEnd();
  else if (type === 'OPN') about = readOpen(reader, tags);
  else {
    for (const name of ['Channel', 'Token', 'Sequence', 'Request']) number(reader, name);
    about = chunk === 'A' ? 'a message that was given up' : readService(reader, tags);
  }
  reader.rest('Content');
  const isWhole = start + size <= end;
  const info = isWhole ? about : `${about}, the first ${end - start} of ${size} bytes`;
  return { field: group(type, info, start, end, reader.fields), info };
}

/** A little-endian number of four bytes; 0 where they are missing. */
function number(reader: FieldReader, name: string, say: (value: number) => string = String): number {
  const bytes = reader.raw(name, 4, (four) => say(read32(four, 0)));
  return bytes.length === 4 ? read32(bytes, 0) : 0;
}

/** A string; undefined for null, and where it is not whole. */
function text(reader: FieldReader, name: string): string | undefined {
  const from = new Reader(reader.bytes, reader.at, reader.end);
  const value = from.string();
  if (!from.bad) reader.add(name, value ?? 'null', from.at - reader.at);
  return from.bad ? undefined : value;
}

function readLimits(reader: FieldReader, type: 'HEL' | 'ACK'): string {
  number(reader, 'Version');
  for (const name of ['Receive buffer', 'Send buffer', 'Largest message', 'Most chunks']) number(reader, name);
  return type === 'HEL' ? `HEL ${text(reader, 'Endpoint') ?? ''}`.trimEnd() : 'ACK';
}

function readOpen(reader: FieldReader, tags: Set<string>): string {
  number(reader, 'Channel');
  const policy = text(reader, 'Security policy');
  for (const name of ['Sender’s certificate', 'Receiver’s thumbprint']) {
    const from = new Reader(reader.bytes, reader.at, reader.end);
    const octets = from.byteString();
    if (from.bad) return 'OPN';
    reader.add(name, octets === undefined ? 'null' : `${octets.length} bytes`, from.at - reader.at);
  }
  if (policy !== POLICY_NONE) return `OPN ${policy?.split('#')[1] ?? ''}, encrypted`;
  number(reader, 'Sequence');
  number(reader, 'Request');
  return readService(reader, tags);
}

/** One element of what a message is about. */
interface Part {
  readonly name: string;
  readonly value?: string | undefined;
  readonly node?: NodeId | undefined;
}

/** How elements of a message are reached and read: what stands before their array, and one of them. */
interface Parts {
  before?(from: Reader): void;
  part(from: Reader): Part;
}

const nodeAnd = (node: NodeId, value: string | undefined): Part => ({ name: nodeIdText(node), value, node });
/** Attributes other than the value are named. */
const attributeOf = (attribute: number): string | undefined =>
  attribute === ATTRIBUTE.Value ? undefined : (ATTRIBUTE_NAMES[attribute] ?? `attribute ${attribute}`);
const shownValue = ({ value, status }: DataValue): string =>
  status === undefined || isGood(status) ? (variantText(value) ?? 'null') : statusName(status);
const statusPart = (from: Reader): Part => ({ name: 'Result', value: statusName(from.u32()) });

const PARTS: Readonly<Record<string, Parts | undefined>> = {
  ReadRequest: {
    before: (from) => from.skip(12),
    part: (from) => {
      const read = readValueId.read(from);
      return nodeAnd(read.nodeId, attributeOf(read.attributeId));
    },
  },
  ReadResponse: { part: (from) => ({ name: 'Value', value: shownValue(dataValue.read(from)) }) },
  WriteRequest: {
    part: (from) => {
      const write = writeValue.read(from);
      const attribute = attributeOf(write.attributeId);
      return nodeAnd(write.nodeId, `${attribute === undefined ? '' : `${attribute} `}${shownValue(write.value)}`);
    },
  },
  WriteResponse: { part: statusPart },
  HistoryReadRequest: {
    before: (from) => {
      extensionObject.read(from);
      from.skip(5);
    },
    part: (from) => nodeAnd(historyReadValueId.read(from).nodeId, undefined),
  },
  CallRequest: {
    part: (from) => {
      const { objectId, methodId, inputArguments } = callMethodRequest.read(from);
      const given = inputArguments.map((argument) => variantText(argument) ?? 'null').join(', ');
      return nodeAnd(methodId, `(${given}) of ${nodeIdText(objectId)}`);
    },
  },
  CallResponse: { part: (from) => ({ name: 'Result', value: statusName(callMethodResult.read(from).statusCode) }) },
  BrowseRequest: {
    before: (from) => {
      viewDescription.read(from);
      from.skip(4);
    },
    part: (from) => nodeAnd(browseDescription.read(from).nodeId, undefined),
  },
  AddNodesRequest: {
    part: (from) => {
      const { browseName, parentNodeId } = addNodesItem.read(from);
      return nodeAnd(parentNodeId, `gets ${browseName.name ?? 'a node'}`);
    },
  },
  DeleteNodesRequest: { part: (from) => nodeAnd(deleteNodesItem.read(from).nodeId, undefined) },
  DeleteNodesResponse: { part: statusPart },
  CreateMonitoredItemsRequest: {
    before: (from) => from.skip(8),
    part: (from) => {
      const { itemToMonitor } = monitoredItemCreate.read(from);
      return nodeAnd(itemToMonitor.nodeId, attributeOf(itemToMonitor.attributeId));
    },
  },
};

/** The service whose message begins here; says it in a line. */
function readService(reader: FieldReader, tags: Set<string>): string {
  const from = new Reader(reader.bytes, reader.at, reader.end);
  const id = nodeId.read(from);
  const kind = !from.bad && id.kind === 'numeric' && id.namespace === 0 ? kindOf(id.value) : undefined;
  // A later chunk of a message, or one under a channel that encrypts.
  if (kind === undefined) return `${reader.left} bytes of a message`;
  reader.add('Service', `${kind.text} (${nodeIdText(id)})`, from.at - reader.at);
  const status = readHeader(reader, from, kind.isRequest);
  if (status === undefined || !isGood(status))
    return `${kind.text} ${status === undefined ? '' : statusName(status)}`.trimEnd();
  const parts = PARTS[kind.text];
  const said = parts === undefined ? aboutOf(kind.text, from) : readParts(reader, from, parts, tags);
  return said === '' ? kind.text : `${kind.text} ${said}`;
}

/** The status of a response, 0 of a request; undefined where the header is not whole. */
function readHeader(reader: FieldReader, from: Reader, isRequest: boolean): number | undefined {
  if (isRequest) {
    const { requestHandle, timeoutHint } = requestHeader.read(from);
    if (from.bad) return undefined;
    reader.add('Header', `handle ${requestHandle}, time-out ${timeoutHint} ms`, from.at - reader.at);
    return 0;
  }
  const { requestHandle, serviceResult } = responseHeader.read(from);
  if (from.bad) return undefined;
  reader.add('Header', `handle ${requestHandle}, ${statusName(serviceResult)}`, from.at - reader.at);
  return serviceResult;
}

function readParts(reader: FieldReader, from: Reader, { before, part }: Parts, tags: Set<string>): string {
  before?.(from);
  const count = from.count();
  if (from.bad) return '';
  reader.add('Parameters', `${count} elements`, from.at - reader.at);
  const said: string[] = [];
  for (let i = 0; i < Math.min(count, MOST_PARTS); i++) {
    const { name, value, node } = part(from);
    if (from.bad) break;
    const tag = node?.kind === 'string' && TAG.test(node.value) ? node.value : null;
    if (tag !== null) tags.add(tag);
    reader.add(name, value ?? '', from.at - reader.at, tag);
    if (i < MOST_SAID) said.push(value === undefined ? name : `${name} ${value}`);
  }
  const more = count - said.length;
  return said.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** What messages say that are no lists: sessions, users (never their password), notifications. */
function aboutOf(kind: string, from: Reader): string {
  if (kind === 'CreateSessionRequest') {
    const { clientDescription, sessionName } = SERVICES.CreateSession.request.read(from);
    return from.bad ? '' : `${sessionName ?? ''} of ${clientDescription.applicationUri ?? 'nobody'}`.trimStart();
  }
  if (kind === 'ActivateSessionRequest') {
    const { userIdentityToken } = SERVICES.ActivateSession.request.read(from);
    const named = TOKEN.userNameIdentityToken.unpack(userIdentityToken);
    if (from.bad) return '';
    return named === undefined ? '' : `user ${named.userName ?? ''}`;
  }
  if (kind === 'PublishResponse') {
    const { subscriptionId, notificationMessage } = SERVICES.Publish.response.read(from);
    if (from.bad) return '';
    const values = notificationMessage.notificationData.flatMap(
      (data) => OBJECT.dataChangeNotification.unpack(data)?.monitoredItems ?? [],
    );
    const said = values
      .slice(0, MOST_SAID)
      .map(({ clientHandle, value }) => `item ${clientHandle} ${shownValue(value)}`);
    const more = values.length - said.length;
    return `subscription ${subscriptionId}${said.length > 0 ? `: ${said.join(', ')}` : ''}${more > 0 ? ` and ${more} more` : ''}`;
  }
  return '';
}
