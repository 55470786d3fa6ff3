/**
 * The passive view of OPC UA over TCP: bytes of both directions in, events out. Finds its place again after gaps and garbage, puts
 * messages together from their chunks, and joins requests with responses by request id. What is encrypted is told by its outside.
 */
import type { Dissector, DissectorFactory, ProtocolEvent } from '@penstock/core';
import { diagnosticMask, isNullNode, type NodeId, nodeId } from './builtin.ts';
import { Reader } from './bytes.ts';
import { ChunkScanner, mayBegin } from './chunk-scanner.ts';
import { Assembly, type ChunkHeader, chunkHeader, isNextSequence, MESSAGE_HEADERS, read32 } from './chunks.ts';
import { bytesText, columnsOf, type Emit, emitStatus, short, statusText } from './dissect-emit.ts';
import { ServiceWatch } from './dissect-services.ts';
import type { OpcUaBinaryEvent, OpcUaViolationEvent } from './events.ts';
import { kindOf, type MessageKind, type RequestOf, type ResponseOf, SERVICES, type ServiceName } from './messages.ts';
import { statusName } from './status.ts';
import {
  asymmetricHeader,
  limits,
  type RequestHeader,
  type ResponseHeader,
  requestHeader,
  responseHeader,
  tcpError,
} from './structures.ts';
import { HEADER, OPCUA_PORT, POLICY_NONE } from './tables.ts';

/** Requests that wait for a response; beyond that the oldest counts as unanswered. */
const MAX_PENDING = 64;
/** A message is put together up to this. */
const MAX_MESSAGE = 1_048_576;
const MAX_CHUNKS = 64;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Row = Mutable<OpcUaBinaryEvent>;

interface Asked {
  readonly requestId: number;
  readonly row: Row;
  readonly kind: MessageKind | undefined;
  readonly body: RequestOf<ServiceName> | undefined;
}

class Direction {
  readonly isOrig: boolean;
  readonly scanner: ChunkScanner;
  readonly assembly = new Assembly();
  /** Bytes of the chunks that are being put together, headers included. */
  size = 0;
  sequence: number | undefined;

  constructor(isOrig: boolean, dissector: OpcUaDissector) {
    this.isOrig = isOrig;
    this.scanner = new ChunkScanner({
      chunk: (header, buffer, start, end) => dissector.chunk(this, header, buffer, start, end),
      fault: (reason) => dissector.violation(isOrig, 'chunk', reason),
    });
  }

  lose(): void {
    this.scanner.lose();
    this.assembly.reset();
    this.size = 0;
    this.sequence = undefined;
  }
}

class OpcUaDissector implements Dissector {
  violations = 0;
  readonly #emit: Emit;
  readonly #client = new Direction(true, this);
  readonly #server = new Direction(false, this);
  readonly #services: ServiceWatch;
  readonly #pending = new Map<number, Asked>();
  #time = 0;

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
    this.#services = new ServiceWatch(emit);
  }

  get unparsedBytes(): number {
    return this.#client.scanner.skipped + this.#server.scanner.skipped;
  }

  data(fromOriginator: boolean, time: number, buffer: Uint8Array, start: number, end: number): void {
    this.#time = time;
    (fromOriginator ? this.#client : this.#server).scanner.receive(buffer, start, end);
  }

  gap(fromOriginator: boolean, time: number): void {
    this.#time = time;
    this.#lose(fromOriginator ? this.#client : this.#server);
  }

  end(time: number): void {
    this.#time = time;
    this.#lose(this.#client);
    this.#lose(this.#server);
    for (const asked of this.#pending.values()) this.#unanswered(asked);
    this.#pending.clear();
    this.#services.end(time);
  }

  violation(isOrig: boolean, layer: OpcUaViolationEvent['layer'], reason: OpcUaViolationEvent['reason']): void {
    this.violations++;
    this.#emit({ name: 'opcua_violation', time: this.#time, is_orig: isOrig, layer, reason });
  }

  chunk(direction: Direction, header: ChunkHeader, buffer: Uint8Array, start: number, end: number): void {
    const { type, size } = header;
    const { isOrig } = direction;
    switch (type) {
      case 'HEL':
      case 'ACK':
      case 'ERR':
      case 'RHE':
        this.#transport(isOrig, type, buffer, start, end);
        return;
      case 'OPN':
        this.#open(direction, size, buffer, start, end);
        return;
      default:
        this.#message(direction, header, buffer, start, end);
    }
  }

  /** What stands before any channel. */
  #transport(
    isOrig: boolean,
    type: 'HEL' | 'ACK' | 'ERR' | 'RHE',
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void {
    const row = emptyRow(this.#time, type, end - start);
    const reader = new Reader(buffer, start + HEADER, end);
    if (type === 'HEL' || type === 'ACK') {
      const { protocolVersion, receiveBufferSize, sendBufferSize, maxMessageSize, maxChunkCount } = limits.read(reader);
      row.version = protocolVersion;
      row.rcv_buf_size = receiveBufferSize;
      row.snd_buf_size = sendBufferSize;
      row.max_msg_size = maxMessageSize;
      row.max_chunk_cnt = maxChunkCount;
      if (type === 'HEL') row.endpoint_url = short(reader.string());
    } else if (type === 'ERR') {
      const { error, reason } = tcpError.read(reader);
      row.error = error;
      row.reason = short(reason);
    } else {
      reader.string();
      row.endpoint_url = short(reader.string());
    }
    if (reader.bad || (type === 'HEL' ? !isOrig : type !== 'RHE' && isOrig)) this.violation(isOrig, 'message', 'form');
    if (reader.bad) return;
    this.#services.hello(type, row.endpoint_url);
    this.#emit(row);
  }

  #open(direction: Direction, size: number, buffer: Uint8Array, start: number, end: number): void {
    const { isOrig } = direction;
    const reader = new Reader(buffer, start + HEADER, end);
    const channelId = reader.u32();
    const { securityPolicyUri, senderCertificate, receiverThumbprint } = asymmetricHeader.read(reader);
    if (reader.bad) {
      this.violation(isOrig, 'message', 'form');
      return;
    }
    const isPlain = securityPolicyUri === POLICY_NONE || securityPolicyUri === undefined;
    this.#services.policy(securityPolicyUri, isPlain);
    const fill = (row: Row): void => {
      row.sec_channel_id = channelId;
      row.sec_policy_uri_len = securityPolicyUri?.length ?? -1;
      row.sec_policy_uri = short(securityPolicyUri);
      row.snd_cert_len = senderCertificate?.length ?? -1;
      row.snd_cert = bytesText(senderCertificate);
      row.rcv_cert_len = receiverThumbprint?.length ?? -1;
      row.rcv_cert = bytesText(receiverThumbprint);
    };
    if (!isPlain) {
      const row = emptyRow(this.#time, 'OPN', size);
      fill(row);
      this.#emit(row);
      return;
    }
    const sequence = reader.u32();
    const requestId = reader.u32();
    this.#sequenced(direction, sequence);
    this.#decode(direction, 'OPN', channelId, sequence, requestId, size, reader, fill);
  }

  #message(direction: Direction, header: ChunkHeader, buffer: Uint8Array, start: number, end: number): void {
    const { type, chunk, size } = header;
    const { assembly, isOrig } = direction;
    if (size < MESSAGE_HEADERS) {
      this.violation(isOrig, 'chunk', 'size');
      return;
    }
    const channelId = read32(buffer, start + 8);
    if (this.#services.isOpaque) {
      this.#outside(type, channelId, size);
      return;
    }
    const sequence = read32(buffer, start + 16);
    const requestId = read32(buffer, start + 20);
    this.#sequenced(direction, sequence);
    if (chunk === 'A') {
      assembly.reset();
      direction.size = 0;
      return;
    }
    direction.size += size;
    if (chunk === 'F' && assembly.isEmpty) {
      direction.size = 0;
      this.#decode(
        direction,
        type,
        channelId,
        sequence,
        requestId,
        size,
        new Reader(buffer, start + MESSAGE_HEADERS, end),
      );
      return;
    }
    if (!assembly.isEmpty && assembly.requestId !== requestId) {
      this.violation(isOrig, 'message', 'mixed');
      assembly.reset();
      direction.size = size;
      if (chunk === 'F') direction.size = 0;
    }
    if (assembly.chunks >= MAX_CHUNKS || assembly.length + size > MAX_MESSAGE) {
      this.violation(isOrig, 'message', 'size');
      assembly.reset();
      direction.size = 0;
      return;
    }
    assembly.add(requestId, buffer.subarray(start + MESSAGE_HEADERS, end));
    if (chunk !== 'F') return;
    const total = direction.size || size;
    direction.size = 0;
    this.#decode(direction, type, channelId, sequence, requestId, total, new Reader(assembly.take()));
  }

  #sequenced(direction: Direction, sequence: number): void {
    const { sequence: last } = direction;
    if (last !== undefined && !isNextSequence(last, sequence)) this.violation(direction.isOrig, 'channel', 'sequence');
    direction.sequence = sequence;
  }

  /** A message whose content nobody reads. */
  #outside(type: string, channelId: number, size: number): void {
    const row = emptyRow(this.#time, type, size);
    row.sec_channel_id = channelId;
    this.#emit(row);
  }

  #decode(
    direction: Direction,
    type: string,
    channelId: number,
    sequence: number,
    requestId: number,
    size: number,
    reader: Reader,
    fill?: (row: Row) => void,
  ): void {
    const { isOrig } = direction;
    const typeId = nodeId.read(reader);
    const kind = typeId.kind === 'numeric' && typeId.namespace === 0 ? kindOf(typeId.value) : undefined;
    const header = isOrig ? requestHeader.read(reader) : responseHeader.read(reader);
    if (reader.bad || kind === undefined || kind.isRequest !== isOrig) {
      // In the middle of a stream whose channel nobody saw open, this is how encryption looks.
      if (this.#services.isUnknown) {
        this.#services.opaque();
        this.#outside(type, channelId, size);
      } else this.violation(isOrig, 'message', 'form');
      return;
    }
    this.#services.plain();
    const part: Part = { type, channelId, sequence, requestId, size, typeId, kind, fill };
    if (isOrig) this.#request(part, header as RequestHeader, reader);
    else this.#response(part, header as ResponseHeader, reader);
  }

  #request(part: Part, header: RequestHeader, reader: Reader): void {
    const { kind, requestId } = part;
    const body = kind.service === undefined ? undefined : SERVICES[kind.service].request.read(reader);
    if (reader.bad) this.violation(true, 'message', 'form');
    const row = emptyRow(this.#time, part.type, part.size);
    part.fill?.(row);
    requestColumns(row, part, header);
    const asked: Asked = { requestId, row, kind, body: reader.bad ? undefined : body };
    this.#services.asked(this.#time, requestId, kind, header, asked.body);
    if (part.type === 'CLO') {
      this.#emit(row);
      return;
    }
    // An id that is used again means that its first request got no answer.
    const again = this.#pending.get(requestId);
    if (again !== undefined) this.#unanswered(again);
    this.#pending.delete(requestId);
    if (this.#pending.size === MAX_PENDING) {
      const oldest = this.#pending.values().next().value as Asked;
      this.#pending.delete(oldest.requestId);
      this.#unanswered(oldest);
    }
    this.#pending.set(requestId, asked);
  }

  #response(part: Part, header: ResponseHeader, reader: Reader): void {
    const { kind, requestId } = part;
    const body = kind.service === undefined ? undefined : SERVICES[kind.service].response.read(reader);
    if (reader.bad) this.violation(false, 'message', 'form');
    const asked = this.#pending.get(requestId);
    this.#pending.delete(requestId);
    // What answers another service than the one that was asked for is no answer; a fault has none.
    const isOther = asked !== undefined && kind.service !== undefined && kind.service !== asked.kind?.service;
    if (isOther) this.violation(false, 'message', 'mixed');
    const row = asked?.row ?? emptyRow(this.#time, part.type, 0);
    row.time = this.#time;
    row.total_size += part.size;
    part.fill?.(row);
    row.request_id = requestId;
    responseColumns(row, part, header);
    this.#emit(row);
    emitStatus(this.#emit, this.#time, 'ResponseHeader', header.serviceResult);
    const answer = reader.bad || isOther ? undefined : (body as ResponseOf<ServiceName> | undefined);
    this.#services.answered(this.#time, requestId, asked?.kind ?? kind, asked?.body, header, answer);
  }

  #unanswered(asked: Asked): void {
    asked.row.time = this.#time;
    this.#emit(asked.row);
    this.#services.unanswered(this.#time, asked.requestId, asked.kind, asked.body);
  }

  #lose(direction: Direction): void {
    if (direction.scanner.held > 0) this.violation(direction.isOrig, 'chunk', 'truncated');
    direction.lose();
  }
}

interface Part {
  readonly type: string;
  readonly channelId: number;
  readonly sequence: number;
  readonly requestId: number;
  readonly size: number;
  readonly typeId: NodeId;
  readonly kind: MessageKind;
  readonly fill: ((row: Row) => void) | undefined;
}

function requestColumns(row: Row, part: Part, header: RequestHeader): void {
  const token = columnsOf(header.authenticationToken);
  const type = columnsOf(part.typeId);
  row.sec_channel_id = part.channelId;
  row.request_id = part.requestId;
  row.req_msg_size = part.size;
  row.req_seq_number = part.sequence;
  row.req_encoding_mask = Number(type.encoding_mask);
  row.req_namespace_idx = part.typeId.namespace;
  row.req_identifier = type.numeric;
  row.req_identifier_str = part.kind.text;
  row.req_hdr_node_id_type = token.encoding_mask;
  row.req_hdr_node_id_namespace_idx = token.namespace_idx;
  row.req_hdr_node_id_numeric = token.numeric;
  row.req_hdr_node_id_string = token.string;
  row.req_hdr_node_id_guid = token.guid;
  // A token is as good as a password while the session lives: of an opaque one only that it is there is told.
  row.req_hdr_node_id_opaque = isNullNode(header.authenticationToken) ? undefined : token.opaque && '(token)';
  row.req_hdr_timestamp = header.timestamp;
  row.req_hdr_request_handle = header.requestHandle;
  row.req_hdr_return_diag = header.returnDiagnostics;
  row.req_hdr_audit_entry_id = short(header.auditEntryId);
  row.req_hdr_timeout_hint = header.timeoutHint;
  row.readable = true;
}

function responseColumns(row: Row, part: Part, header: ResponseHeader): void {
  row.sec_channel_id = part.channelId;
  row.res_msg_size = part.size;
  row.res_seq_number = part.sequence;
  row.res_encoding_mask = Number(columnsOf(part.typeId).encoding_mask);
  row.res_namespace_idx = part.typeId.namespace;
  row.res_identifier = part.typeId.value as number;
  row.res_identifier_str = part.kind.text;
  row.res_hdr_timestamp = header.timestamp;
  row.res_hdr_request_handle = header.requestHandle;
  row.res_hdr_service_diag_encoding = diagnosticMask(header.serviceDiagnostics);
  row.res_status_code = statusText(header.serviceResult);
  row.res_status_code_str = statusName(header.serviceResult);
  row.readable = true;
}

/** Every event of a name has the same keys in the same order. */
function emptyRow(time: number, type: string, size: number): Row {
  return {
    name: 'opcua_binary',
    time,
    msg_type: type,
    is_final: 'F',
    total_size: size,
    error: undefined,
    reason: undefined,
    version: undefined,
    rcv_buf_size: undefined,
    snd_buf_size: undefined,
    max_msg_size: undefined,
    max_chunk_cnt: undefined,
    endpoint_url: undefined,
    sec_channel_id: undefined,
    sec_policy_uri_len: undefined,
    sec_policy_uri: undefined,
    snd_cert_len: undefined,
    snd_cert: undefined,
    rcv_cert_len: undefined,
    rcv_cert: undefined,
    request_id: undefined,
    req_msg_size: undefined,
    req_seq_number: undefined,
    req_encoding_mask: undefined,
    req_namespace_idx: undefined,
    req_identifier: undefined,
    req_identifier_str: undefined,
    req_hdr_node_id_type: undefined,
    req_hdr_node_id_namespace_idx: undefined,
    req_hdr_node_id_numeric: undefined,
    req_hdr_node_id_string: undefined,
    req_hdr_node_id_guid: undefined,
    req_hdr_node_id_opaque: undefined,
    req_hdr_timestamp: undefined,
    req_hdr_request_handle: undefined,
    req_hdr_return_diag: undefined,
    req_hdr_audit_entry_id: undefined,
    req_hdr_timeout_hint: undefined,
    res_msg_size: undefined,
    res_seq_number: undefined,
    res_encoding_mask: undefined,
    res_namespace_idx: undefined,
    res_identifier: undefined,
    res_identifier_str: undefined,
    res_hdr_timestamp: undefined,
    res_hdr_request_handle: undefined,
    res_hdr_service_diag_encoding: undefined,
    res_status_code: undefined,
    res_status_code_str: undefined,
    readable: type !== 'OPN' && type !== 'MSG' && type !== 'CLO',
  };
}

/** How surely bytes that start like this are OPC UA: a greeting, a message of a channel. */
const CERTAINTY = { greeting: 0.98, message: 0.95 } as const;

export const opcuaDissector: DissectorFactory = {
  protocol: 'opcua-binary',
  transport: 'tcp',
  ports: [OPCUA_PORT],
  probe(buffer, start, end) {
    if (end - start < HEADER) return mayBegin(buffer, start, end) ? undefined : 0;
    const header = chunkHeader(buffer, start);
    if (header === undefined || header.size < HEADER + 4 || header.size > 16_777_216) return 0;
    return header.type === 'MSG' || header.type === 'CLO' ? CERTAINTY.message : CERTAINTY.greeting;
  },
  create: (emit) => new OpcUaDissector(emit),
};
