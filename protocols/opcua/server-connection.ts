/** One connection to a server: hello, secure channel of policy None, and the services in the order in which they are asked for. */
import {
  type ByteSink,
  type Duration,
  type Instant,
  NEVER,
  type StreamMachine,
  seconds,
  type Writer,
} from '@penstock/core';
import { Outbox } from '../exchange/bytes.ts';
import { NO_DIAGNOSTICS, NO_OBJECT, nodeId, nodeIdText } from './builtin.ts';
import { Writer as BodyWriter, Reader } from './bytes.ts';
import {
  Assembly,
  type ChannelNumbers,
  type ChunkHeader,
  ChunkReader,
  type ChunkSink,
  isNextSequence,
  MESSAGE_HEADERS,
  nextSequence,
  read32,
  writeMessage,
  writeOpen,
  writePlain,
} from './chunks.ts';
import {
  encodeFault,
  encodeResponse,
  kindOf,
  type RequestOf,
  type ResponseOf,
  SERVICES,
  type ServiceName,
} from './messages.ts';
import { HANDLERS } from './serve.ts';
import type { OpcUaServer } from './server.ts';
import type { Session } from './server-session.ts';
import { STATUS, statusName } from './status.ts';
import {
  asymmetricHeader,
  limits as helloLimits,
  type Limits,
  type RequestHeader,
  type ResponseHeader,
  requestHeader,
  tcpError,
} from './structures.ts';
import { HEADER, POLICY_NONE, SMALLEST_BUFFER } from './tables.ts';

/** A connection that has not opened a channel by then is ended. */
const OPEN_WITHIN: Duration = seconds(10);
/** A channel may live so long: at least, at most, and a quarter longer until its renewal is given up. */
const SHORTEST_LIFE = 10_000;
const LONGEST_LIFE = 3_600_000;
const MAX_UNSENT = 8 * 1024 * 1024;
const LONGEST_URL = 4096;
const PROTOCOL_VERSION = 0;

/** A request that is answered now or later. */
export interface Pending {
  readonly handle: number;
  answer<N extends ServiceName>(name: N, body: ResponseOf<N>): void;
  fault(status: number): void;
}

/** What a service's code sees. */
export interface ServiceCall {
  readonly server: OpcUaServer;
  readonly connection: OpcUaConnection;
  /** Undefined for services that need none. */
  readonly session: Session | undefined;
  readonly header: RequestHeader;
  readonly pending: Pending;
  readonly now: Instant;
}

export class OpcUaConnection implements StreamMachine, ChunkSink {
  readonly writer: Writer;
  readonly mayWrite: boolean;
  readonly #server: OpcUaServer;
  readonly #reader: ChunkReader;
  readonly #assembly = new Assembly();
  readonly #outbox = new Outbox();
  readonly #body = new BodyWriter();
  readonly #numbers: ChannelNumbers & { channelId: number; tokenId: number } = {
    channelId: 0,
    tokenId: 0,
    sequence: 0,
  };
  #state: 'waiting' | 'greeted' | 'open' = 'waiting';
  #chunkSize = SMALLEST_BUFFER;
  /** The client's bounds of a response, 0 for none. */
  #peerMessageSize = 0;
  #peerChunks = 0;
  /** The token before the one that is valid now, until that is used. */
  #oldToken = 0;
  #heardSequence = 0;
  #until: Instant = NEVER;
  #now = 0 as Instant;
  #closing = false;
  readonly #sessions = new Set<Session>();

  constructor(server: OpcUaServer, writer: Writer, mayWrite: boolean) {
    this.#server = server;
    this.writer = writer;
    this.mayWrite = mayWrite;
    this.#reader = new ChunkReader(this, server.limits.chunkSize);
    server.open++;
    if (server.open > server.limits.connections) {
      server.counters.turnedAway++;
      this.#error(STATUS.badTcpNotEnoughResources, 'too many connections');
    }
  }

  get closing(): boolean {
    return this.#closing;
  }

  get channelId(): number {
    return this.#numbers.channelId;
  }

  receive(bytes: Uint8Array, now: Instant): void {
    this.receiveRange(bytes, 0, bytes.length, now);
  }

  receiveRange(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    if (this.#closing) return;
    this.#now = now;
    if (this.#until === NEVER && this.#state !== 'open') this.#until = (now + OPEN_WITHIN) as Instant;
    this.#reader.receive(buffer, start, end);
    if (this.#outbox.length > MAX_UNSENT) this.#close();
  }

  due(): Instant {
    if (this.#closing) return NEVER;
    let due = this.#until;
    for (const session of this.#sessions) {
      const at = session.due();
      if (at < due) due = at;
    }
    return due;
  }

  tick(now: Instant): void {
    if (this.#closing) return;
    this.#now = now;
    if (this.#until <= now) {
      this.#error(STATUS.badTimeout, this.#state === 'open' ? 'the channel was not renewed' : 'no channel was opened');
      return;
    }
    for (const session of this.#sessions)
      if (session.expires <= now) {
        this.#server.close(session);
        this.#sessions.delete(session);
      } else session.tick(now);
  }

  take(): Uint8Array | undefined {
    return this.#outbox.take();
  }

  takeTo(sink: ByteSink): boolean {
    return this.#outbox.takeTo(sink);
  }

  /** The connection is gone. */
  ended(): void {
    this.#close();
  }

  adopt(session: Session): void {
    this.#sessions.add(session);
  }

  release(session: Session): void {
    this.#sessions.delete(session);
  }

  lost(why: 'type' | 'size'): void {
    this.#server.counters.broken++;
    this.#error(
      why === 'type' ? STATUS.badTcpMessageTypeInvalid : STATUS.badTcpMessageTooLarge,
      why === 'type' ? 'no such message' : 'a chunk is longer than was agreed on',
    );
  }

  chunk(header: ChunkHeader, buffer: Uint8Array, start: number, end: number): void {
    if (this.#closing) return;
    switch (header.type) {
      case 'HEL':
        this.#hello(buffer, start, end);
        return;
      case 'OPN':
        this.#open(buffer, start, end);
        return;
      case 'MSG':
        this.#message(header, buffer, start, end);
        return;
      case 'CLO':
        if (this.#isOurs(buffer, start, end)) this.#close();
        return;
      default:
        this.#broken(STATUS.badTcpMessageTypeInvalid, 'that is a message of servers');
    }
  }

  #hello(buffer: Uint8Array, start: number, end: number): void {
    const reader = new Reader(buffer, start + HEADER, end);
    const asked = helloLimits.read(reader);
    const url = reader.string();
    if (reader.bad || this.#state !== 'waiting') {
      this.#broken(STATUS.badTcpMessageTypeInvalid, 'a hello comes once, and whole');
      return;
    }
    if (url !== undefined && url.length > LONGEST_URL) {
      this.#broken(STATUS.badTcpEndpointUrlInvalid, 'the endpoint URL is too long');
      return;
    }
    if (asked.receiveBufferSize < SMALLEST_BUFFER || asked.sendBufferSize < SMALLEST_BUFFER) {
      this.#broken(STATUS.badTcpNotEnoughResources, 'buffers have at least 8192 bytes');
      return;
    }
    const { chunkSize, messageSize, chunks } = this.#server.limits;
    this.#state = 'greeted';
    this.#chunkSize = Math.min(asked.receiveBufferSize, chunkSize);
    this.#peerMessageSize = asked.maxMessageSize;
    this.#peerChunks = asked.maxChunkCount;
    this.#reader.limit = Math.min(asked.sendBufferSize, chunkSize);
    const granted: Limits = {
      ...{ protocolVersion: PROTOCOL_VERSION, receiveBufferSize: this.#reader.limit, sendBufferSize: this.#chunkSize },
      ...{ maxMessageSize: messageSize, maxChunkCount: chunks },
    };
    const body = new BodyWriter();
    helloLimits.write(body, granted);
    writePlain(this.#outbox, 'ACK', body.view());
  }

  #open(buffer: Uint8Array, start: number, end: number): void {
    if (this.#state === 'waiting') {
      this.#broken(STATUS.badTcpMessageTypeInvalid, 'a hello comes first');
      return;
    }
    const reader = new Reader(buffer, start + HEADER, end);
    const channelId = reader.u32();
    const asymmetric = asymmetricHeader.read(reader);
    const sequence = reader.u32();
    const requestId = reader.u32();
    if (!reader.bad && asymmetric.securityPolicyUri !== POLICY_NONE) {
      this.#broken(STATUS.badSecurityPolicyRejected, 'this server has no security');
      return;
    }
    const type = nodeId.read(reader);
    const header = requestHeader.read(reader);
    const body = SERVICES.OpenSecureChannel.request.read(reader);
    if (reader.bad || type.kind !== 'numeric' || type.value !== SERVICES.OpenSecureChannel.requestId) {
      this.#broken(STATUS.badDecodingError, 'no request to open a channel');
      return;
    }
    const numbers = this.#numbers;
    const isRenewal = body.requestType === 1;
    if (isRenewal !== (this.#state === 'open') || (isRenewal && channelId !== numbers.channelId)) {
      this.#broken(STATUS.badTcpSecureChannelUnknown, 'that channel is not open');
      return;
    }
    if (isRenewal && !isNextSequence(this.#heardSequence, sequence)) {
      this.#broken(STATUS.badSequenceNumberInvalid, 'a message is missing');
      return;
    }
    this.#heardSequence = sequence;
    const lifetime = Math.min(LONGEST_LIFE, Math.max(SHORTEST_LIFE, body.requestedLifetime || LONGEST_LIFE));
    const refused = body.securityMode !== 1;
    if (!refused) {
      if (!isRenewal) numbers.channelId = this.#server.nextChannel();
      this.#oldToken = numbers.tokenId;
      numbers.tokenId++;
      this.#state = 'open';
      this.#until = (this.#now + lifetime * 1250) as Instant;
    }
    const out = this.#body;
    out.length = 0;
    if (refused) encodeFault(out, this.#responseHeader(header, STATUS.badSecurityModeRejected));
    else
      encodeResponse(out, 'OpenSecureChannel', this.#responseHeader(header, STATUS.good), {
        ...{ serverProtocolVersion: PROTOCOL_VERSION, channelId: numbers.channelId, tokenId: numbers.tokenId },
        ...{ createdAt: this.#server.now(), revisedLifetime: lifetime, serverNonce: undefined },
      });
    const head = new BodyWriter();
    asymmetricHeader.write(head, {
      ...{ securityPolicyUri: POLICY_NONE, senderCertificate: undefined, receiverThumbprint: undefined },
    });
    numbers.sequence = nextSequence(numbers.sequence);
    writeOpen(this.#outbox, numbers.channelId, head.view(), numbers.sequence, requestId, out.view());
    if (refused) this.#close();
  }

  /** Channel, token and sequence of a MSG or CLO. What does not fit ends the connection. */
  #isOurs(buffer: Uint8Array, start: number, end: number): boolean {
    if (this.#state !== 'open' || end - start < MESSAGE_HEADERS) {
      this.#broken(STATUS.badTcpMessageTypeInvalid, 'no channel is open');
      return false;
    }
    const { channelId, tokenId } = this.#numbers;
    if (read32(buffer, start + 8) !== channelId) {
      this.#broken(STATUS.badTcpSecureChannelUnknown, 'that channel is not open');
      return false;
    }
    const token = read32(buffer, start + 12);
    if (token !== tokenId && (token !== this.#oldToken || token === 0)) {
      this.#broken(STATUS.badSecureChannelTokenUnknown, 'that token is not valid');
      return false;
    }
    if (token === tokenId) this.#oldToken = 0;
    const sequence = read32(buffer, start + 16);
    if (!isNextSequence(this.#heardSequence, sequence)) {
      this.#broken(STATUS.badSequenceNumberInvalid, 'a message is missing');
      return false;
    }
    this.#heardSequence = sequence;
    return true;
  }

  #message({ chunk }: ChunkHeader, buffer: Uint8Array, start: number, end: number): void {
    if (!this.#isOurs(buffer, start, end)) return;
    const requestId = read32(buffer, start + 20);
    const assembly = this.#assembly;
    if (chunk === 'A') {
      assembly.reset();
      return;
    }
    if (chunk === 'F' && assembly.isEmpty) {
      this.#request(requestId, buffer, start + MESSAGE_HEADERS, end);
      return;
    }
    // Chunks of several requests are not mixed, and a request has a bounded size.
    const { messageSize, chunks } = this.#server.limits;
    if (!assembly.isEmpty && assembly.requestId !== requestId) {
      this.#broken(STATUS.badDecodingError, 'chunks of two requests are mixed');
      return;
    }
    if (assembly.length + end - start > messageSize || assembly.chunks >= chunks) {
      this.#broken(STATUS.badTcpMessageTooLarge, 'the request is too long');
      return;
    }
    assembly.add(requestId, buffer.subarray(start + MESSAGE_HEADERS, end));
    if (chunk !== 'F') return;
    const whole = assembly.take();
    this.#request(requestId, whole, 0, whole.length);
  }

  #request(requestId: number, buffer: Uint8Array, start: number, end: number): void {
    const server = this.#server;
    server.counters.requests++;
    const reader = new Reader(buffer, start, end);
    const type = nodeId.read(reader);
    const header = requestHeader.read(reader);
    const pending = this.#pending(requestId, header);
    if (reader.bad) {
      pending.fault(STATUS.badDecodingError);
      return;
    }
    const kind = type.kind === 'numeric' && type.namespace === 0 ? kindOf(type.value) : undefined;
    const name = kind?.isRequest ? kind.service : undefined;
    const handler = name && HANDLERS[name];
    if (name === undefined || handler === undefined) {
      server.notice('refused', this.writer, `${kind?.text ?? nodeIdText(type)} is no service of this server`);
      pending.fault(STATUS.badServiceUnsupported);
      return;
    }
    const session =
      handler.needs === 'nothing' ? undefined : server.sessions.get(nodeIdText(header.authenticationToken));
    const wrong = handler.needs === 'nothing' ? STATUS.good : this.#wrongSession(session, handler.needs);
    if (wrong !== STATUS.good) {
      pending.fault(wrong);
      return;
    }
    session?.used(this.#now);
    const body = SERVICES[name].request.read(reader);
    if (reader.bad) {
      pending.fault(STATUS.badDecodingError);
      return;
    }
    const call: ServiceCall = { server, connection: this, session, header, pending, now: this.#now };
    const answer = (handler.serve as (call: ServiceCall, body: RequestOf<ServiceName>) => unknown)(call, body);
    if (typeof answer === 'number') pending.fault(answer);
    else if (answer !== undefined) pending.answer(name, answer as ResponseOf<typeof name>);
  }

  #wrongSession(session: Session | undefined, needs: 'session' | 'activated'): number {
    if (session === undefined) return STATUS.badSessionIdInvalid;
    if (needs === 'session') return STATUS.good;
    if (session.role === undefined) return STATUS.badSessionNotActivated;
    return session.channelId === this.#numbers.channelId && session.connection === this
      ? STATUS.good
      : STATUS.badSecureChannelIdInvalid;
  }

  #pending(requestId: number, header: RequestHeader): Pending {
    return {
      handle: header.requestHandle,
      answer: (name, body) => {
        if (this.#closing) return;
        const out = this.#body;
        out.length = 0;
        encodeResponse(out, name, this.#responseHeader(header, STATUS.good), body);
        this.#send(requestId, header, out.view());
      },
      fault: (status) => {
        if (this.#closing) return;
        this.#server.counters.faults++;
        this.#fault(requestId, header, status);
      },
    };
  }

  #fault(requestId: number, header: RequestHeader, status: number): void {
    const out = this.#body;
    out.length = 0;
    encodeFault(out, this.#responseHeader(header, status));
    writeMessage(this.#outbox, 'MSG', this.#numbers, requestId, out.view(), this.#chunkSize);
  }

  #send(requestId: number, header: RequestHeader, body: Uint8Array): void {
    const chunks = Math.ceil(body.length / (this.#chunkSize - MESSAGE_HEADERS));
    const isTooLong =
      (this.#peerMessageSize !== 0 && body.length > this.#peerMessageSize) ||
      (this.#peerChunks !== 0 && chunks > this.#peerChunks);
    if (isTooLong) {
      this.#server.counters.faults++;
      this.#fault(requestId, header, STATUS.badResponseTooLarge);
    } else writeMessage(this.#outbox, 'MSG', this.#numbers, requestId, body, this.#chunkSize);
  }

  #responseHeader({ requestHandle }: RequestHeader, serviceResult: number): ResponseHeader {
    return {
      ...{ timestamp: this.#server.now(), requestHandle, serviceResult, serviceDiagnostics: NO_DIAGNOSTICS },
      ...{ stringTable: [], additionalHeader: NO_OBJECT },
    };
  }

  #broken(status: number, reason: string): void {
    this.#server.counters.broken++;
    this.#error(status, reason);
  }

  #error(status: number, reason: string): void {
    const body = new BodyWriter();
    tcpError.write(body, { error: status, reason: `${statusName(status)}: ${reason}` });
    writePlain(this.#outbox, 'ERR', body.view());
    this.#close();
  }

  #close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#server.open--;
    for (const session of this.#sessions) if (session.connection === this) session.disconnected();
    this.#sessions.clear();
  }
}
