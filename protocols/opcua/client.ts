/**
 * An OPC UA client without security on one connection: hello, channel, session and logon by itself, then service calls with a deadline
 * each, and subscriptions that are made again on every session. Nothing is sent twice.
 */
import {
  type ByteSink,
  type Duration,
  type Instant,
  NEVER,
  type StreamMachine,
  seconds,
  UsageError,
} from '@penstock/core';
import { Outbox } from '../exchange/bytes.ts';
import { NO_OBJECT, type NodeId, NULL_NODE, nodeId, numericId } from './builtin.ts';
import { Reader, Writer } from './bytes.ts';
import {
  Assembly,
  type ChannelNumbers,
  type ChunkHeader,
  ChunkReader,
  type ChunkSink,
  MESSAGE_HEADERS,
  nextSequence,
  read32,
  writeMessage,
  writeOpen,
  writePlain,
} from './chunks.ts';
import { activateSessionBody, createSessionBody, type OpcUaClientOptions } from './client-logon.ts';
import { type OpcUaClientCounters, OpcUaRequest, readRequest, type SubscriptionSpec } from './client-request.ts';
import { ClientSubscription } from './client-subscription.ts';
import {
  encodeRequest,
  type RequestOf,
  type ResponseOf,
  SERVICE_FAULT,
  SERVICES,
  type ServiceName,
} from './messages.ts';
import { isBad, STATUS } from './status.ts';
import { asymmetricHeader, limits, responseHeader } from './structures.ts';
import { HEADER, POLICY_NONE, SMALLEST_BUFFER } from './tables.ts';

const BUFFER = 65_536;
const MAX_MESSAGE = 16_777_216;
const MAX_CHUNKS = 256;
/** Read to show that the session is used. */
const SERVER_STATE = numericId(2259);
/** Publish requests that are kept at the server. */
const PUBLISH_REQUESTS = 2;
const LONGEST_PUBLISH: Duration = seconds(3600);

/** A call of any service. */
type AnyRequest = OpcUaRequest<ServiceName>;

export class OpcUaClient implements StreamMachine, ChunkSink {
  readonly counters: OpcUaClientCounters = { sent: 0, done: 0, refused: 0, timeouts: 0, unknown: 0 };
  /** Why the last connection came to nothing: a status code. */
  failure: number | undefined;
  readonly #options: OpcUaClientOptions;
  readonly #timeout: Duration;
  readonly #depth: number;
  readonly #capacity: number;
  readonly #reader = new ChunkReader(this, BUFFER);
  readonly #assembly = new Assembly();
  readonly #outbox = new Outbox();
  readonly #body = new Writer();
  readonly #inFlight = new Map<number, AnyRequest>();
  readonly #queue: AnyRequest[] = [];
  readonly #subscriptions: ClientSubscription[] = [];
  #numbers: ChannelNumbers & { channelId: number; tokenId: number } = { channelId: 0, tokenId: 0, sequence: 0 };
  #state: 'connecting' | 'opening' | 'creating' | 'activating' | 'ready' = 'connecting';
  #chunkSize = SMALLEST_BUFFER;
  #token: NodeId = NULL_NODE;
  #lastRequest = 0;
  #handshakeUntil: Instant = NEVER;
  #renewAt: Instant = NEVER;
  #aliveAt: Instant = NEVER;
  /** Longest silence of a session, microseconds. */
  #silence = 0;
  #publishing = 0;
  #now = 0 as Instant;
  #closing = false;

  /** @throws UsageError `opcua.client` for a depth out of bounds or an endpoint URL that is none */
  constructor(options: OpcUaClientOptions) {
    const { depth = 8 } = options;
    if (!Number.isInteger(depth) || depth < 1 || depth > 64)
      throw new UsageError('opcua.client', `a depth is 1 to 64, not ${depth}`);
    if (!options.endpointUrl.startsWith('opc.tcp://'))
      throw new UsageError('opcua.client', `an endpoint URL begins with opc.tcp://, not '${options.endpointUrl}'`);
    this.#options = options;
    this.#timeout = options.timeout ?? seconds(5);
    this.#depth = depth;
    this.#capacity = options.queue ?? 256;
    this.#hello();
  }

  get closing(): boolean {
    return this.#closing;
  }

  /** Somebody is logged on, and calls are sent at once. */
  get ready(): boolean {
    return this.#state === 'ready';
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /**
   * Sends the call now or when there is room; its `onFinished` tells the end.
   * @returns false, and nothing happens, when it is pending already, the queue is full or the connection is closing
   */
  submit<N extends ServiceName>(request: OpcUaRequest<N>, now: Instant): boolean {
    if (this.#closing || request.pending || this.#queue.length >= this.#capacity) return false;
    this.#expectHandshake(now);
    const any = request as unknown as AnyRequest;
    any.state = 'queued';
    any.status = STATUS.good;
    any.response = undefined;
    this.#queue.push(any);
    this.#fill(now);
    return true;
  }

  /** Hears nodes from now on, over every connection that this client has. */
  subscribe(spec: SubscriptionSpec, now: Instant): void {
    const subscription = new ClientSubscription(spec, (request, at) =>
      this.#direct(request as unknown as AnyRequest, at),
    );
    this.#subscriptions.push(subscription);
    if (this.ready) subscription.begin(now, () => this.#keepPublishing(now));
  }

  receive(bytes: Uint8Array, now: Instant): void {
    this.receiveRange(bytes, 0, bytes.length, now);
  }

  receiveRange(buffer: Uint8Array, start: number, end: number, now: Instant): void {
    if (this.#closing) return;
    this.#now = now;
    this.#reader.receive(buffer, start, end);
    if (!this.#closing && this.#queue.length > 0) this.#fill(now);
  }

  due(): Instant {
    if (this.#closing) return NEVER;
    let due = Math.min(this.#handshakeUntil, this.#renewAt, this.#aliveAt);
    for (const { expectedBy } of this.#subscriptions) if (expectedBy < due) due = expectedBy;
    for (const { deadline } of this.#inFlight.values()) if (deadline < due) due = deadline;
    return due as Instant;
  }

  tick(now: Instant): void {
    this.#now = now;
    if (this.#handshakeUntil <= now || this.#subscriptions.some(({ expectedBy }) => expectedBy <= now)) {
      this.#fail(STATUS.badTimeout);
      return;
    }
    for (const [id, request] of this.#inFlight)
      if (request.deadline <= now) {
        this.counters.timeouts++;
        this.#inFlight.delete(id);
        this.#finish(request, 'timeout', STATUS.badTimeout, now);
      }
    if (this.#closing) return;
    if (this.#renewAt <= now) this.#openChannel(1, now);
    if (this.#aliveAt <= now) {
      this.#aliveAt = (now + this.#silence) as Instant;
      this.#direct(readRequest([SERVER_STATE]) as unknown as AnyRequest, now);
    }
    this.#fill(now);
  }

  take(): Uint8Array | undefined {
    return this.#outbox.take();
  }

  takeTo(sink: ByteSink): boolean {
    return this.#outbox.takeTo(sink);
  }

  /** Says goodbye: the session ends with its subscriptions, then the channel. The owner closes the connection once that is sent. */
  close(now: Instant): void {
    if (this.#closing) return;
    this.#now = now;
    if (this.ready) this.#call('CloseSession', { deleteSubscriptions: true });
    if (this.#numbers.channelId !== 0) this.#write('CLO', 'CloseSecureChannel', {}, ++this.#lastRequest);
    this.#abandon(STATUS.badSessionClosed, now);
  }

  /** The connection is gone: everything pending ends as `closed`, and the client can serve a new connection. */
  disconnected(now: Instant): void {
    this.#abandon(STATUS.badConnectionClosed, now);
    this.#closing = false;
    this.#reader.reset();
    this.#reader.limit = BUFFER;
    this.#assembly.reset();
    this.#outbox.length = 0;
    this.#hello();
  }

  lost(): void {
    this.#fail(STATUS.badTcpMessageTypeInvalid);
  }

  chunk({ type, chunk }: ChunkHeader, buffer: Uint8Array, start: number, end: number): void {
    if (this.#closing) return;
    switch (type) {
      case 'ACK':
        if (this.#state === 'connecting') this.#acknowledged(buffer, start, end);
        return;
      case 'ERR':
        this.#fail(end - start >= HEADER + 4 ? read32(buffer, start + HEADER) : STATUS.badUnexpectedError);
        return;
      case 'OPN':
        this.#opened(buffer, start, end);
        return;
      case 'MSG':
        if (end - start >= MESSAGE_HEADERS) this.#message(chunk, buffer, start, end);
        else this.#fail(STATUS.badDecodingError);
        return;
      default:
        this.#fail(STATUS.badTcpMessageTypeInvalid);
    }
  }

  #hello(): void {
    this.#state = 'connecting';
    this.#numbers = { channelId: 0, tokenId: 0, sequence: 0 };
    this.#token = NULL_NODE;
    this.#handshakeUntil = NEVER;
    this.#renewAt = NEVER;
    this.#aliveAt = NEVER;
    this.#publishing = 0;
    const body = new Writer();
    limits.write(body, {
      ...{ protocolVersion: 0, receiveBufferSize: BUFFER, sendBufferSize: BUFFER },
      ...{ maxMessageSize: MAX_MESSAGE, maxChunkCount: MAX_CHUNKS },
    });
    body.string(this.#options.endpointUrl);
    writePlain(this.#outbox, 'HEL', body.view());
  }

  #expectHandshake(now: Instant): void {
    if (!this.ready && this.#handshakeUntil === NEVER) this.#handshakeUntil = (now + 2 * this.#timeout) as Instant;
  }

  #acknowledged(buffer: Uint8Array, start: number, end: number): void {
    const reader = new Reader(buffer, start + HEADER, end);
    const granted = limits.read(reader);
    if (reader.bad || granted.receiveBufferSize < SMALLEST_BUFFER) {
      this.#fail(STATUS.badTcpNotEnoughResources);
      return;
    }
    this.#chunkSize = Math.min(BUFFER, granted.receiveBufferSize);
    this.#state = 'opening';
    this.#openChannel(0, this.#now);
  }

  /** `requestType`: 0 a new channel, 1 a new token for it. */
  #openChannel(requestType: number, now: Instant): void {
    this.#renewAt = NEVER;
    const head = new Writer();
    asymmetricHeader.write(head, {
      ...{ securityPolicyUri: POLICY_NONE, senderCertificate: undefined, receiverThumbprint: undefined },
    });
    const request: OpcUaRequest<'OpenSecureChannel'> = new OpcUaRequest('OpenSecureChannel', {
      ...{ clientProtocolVersion: 0, requestType, securityMode: 1, clientNonce: undefined },
      requestedLifetime: Math.floor((this.#options.channelLifetime ?? seconds(3600)) / 1000),
    });
    const id = ++this.#lastRequest;
    request.state = 'sent';
    request.deadline = (now + this.#timeout) as Instant;
    this.#inFlight.set(id, request as unknown as AnyRequest);
    this.#numbers.sequence = nextSequence(this.#numbers.sequence);
    writeOpen(
      this.#outbox,
      this.#numbers.channelId,
      head.view(),
      this.#numbers.sequence,
      id,
      this.#encoded('OpenSecureChannel', request.body, id),
    );
  }

  #opened(buffer: Uint8Array, start: number, end: number): void {
    const reader = new Reader(buffer, start + HEADER + 4, end);
    asymmetricHeader.read(reader);
    reader.u32();
    const requestId = reader.u32();
    const request = this.#inFlight.get(requestId);
    this.#inFlight.delete(requestId);
    if (reader.bad || request?.service !== 'OpenSecureChannel') {
      this.#fail(STATUS.badUnexpectedError);
      return;
    }
    const type = nodeId.read(reader);
    const header = responseHeader.read(reader);
    if (reader.bad || type.value !== SERVICES.OpenSecureChannel.responseId || isBad(header.serviceResult)) {
      this.#fail(reader.bad ? STATUS.badDecodingError : header.serviceResult || STATUS.badUnexpectedError);
      return;
    }
    const body = SERVICES.OpenSecureChannel.response.read(reader);
    this.#numbers.channelId = body.channelId;
    this.#numbers.tokenId = body.tokenId;
    // Three quarters of a token's life (OPC 10000-4, 5.6.2.1).
    this.#renewAt = (this.#now + body.revisedLifetime * 750) as Instant;
    if (this.#state === 'opening') this.#createSession();
  }

  #createSession(): void {
    this.#state = 'creating';
    this.#call('CreateSession', createSessionBody(this.#options, MAX_MESSAGE), (request) => {
      if (request.response === undefined) this.#fail(request.status);
      else this.#activate(request.response as unknown as ResponseOf<'CreateSession'>);
    });
  }

  #activate({ authenticationToken, revisedSessionTimeout, serverEndpoints }: ResponseOf<'CreateSession'>): void {
    this.#token = authenticationToken;
    this.#silence = Math.max(revisedSessionTimeout, 10_000) * 500;
    this.#state = 'activating';
    const body = activateSessionBody(this.#options, serverEndpoints);
    if (body === undefined) {
      this.#fail(STATUS.badIdentityTokenRejected);
      return;
    }
    this.#call('ActivateSession', body, (request, now) => {
      if (request.response === undefined) this.#fail(request.status);
      else this.#begin(now);
    });
  }

  #begin(now: Instant): void {
    this.#state = 'ready';
    this.failure = undefined;
    this.#handshakeUntil = NEVER;
    this.#aliveAt = (now + this.#silence) as Instant;
    for (const subscription of this.#subscriptions) subscription.begin(now, () => this.#keepPublishing(now));
    this.#fill(now);
  }

  /** Publish requests wait at the server while there is a subscription. */
  #keepPublishing(now: Instant): void {
    while (this.ready && this.#publishing < PUBLISH_REQUESTS && this.#subscriptions.some(({ id }) => id !== 0)) {
      this.#publishing++;
      const subscriptionAcknowledgements = this.#subscriptions.flatMap((subscription) =>
        subscription.acknowledgements(),
      );
      const request: OpcUaRequest<'Publish'> = new OpcUaRequest(
        'Publish',
        { subscriptionAcknowledgements },
        (publish, at) => {
          this.#publishing = Math.max(0, this.#publishing - 1);
          const { response } = publish;
          if (response !== undefined)
            this.#subscriptions
              .find(({ id }) => id === response.subscriptionId)
              ?.heard(response.notificationMessage, at);
          // A server without the subscription forgot it; one that has too many requests gets no more of them.
          else if (publish.state === 'refused' && publish.status === STATUS.badNoSubscription) {
            for (const subscription of this.#subscriptions) subscription.ended(at);
            return;
          } else if (publish.state !== 'done') return;
          this.#keepPublishing(at);
        },
      );
      this.#direct(request as unknown as AnyRequest, now, LONGEST_PUBLISH);
    }
  }

  #message(chunk: string, buffer: Uint8Array, start: number, end: number): void {
    const requestId = read32(buffer, start + 20);
    const assembly = this.#assembly;
    if (chunk === 'A') {
      assembly.reset();
      const request = this.#inFlight.get(requestId);
      this.#inFlight.delete(requestId);
      if (request !== undefined) this.#finish(request, 'refused', STATUS.badResponseTooLarge, this.#now);
      return;
    }
    if (chunk === 'F' && assembly.isEmpty) {
      this.#answer(requestId, new Reader(buffer, start + MESSAGE_HEADERS, end));
      return;
    }
    if (assembly.chunks >= MAX_CHUNKS || assembly.length + end - start > MAX_MESSAGE) {
      this.#fail(STATUS.badResponseTooLarge);
      return;
    }
    assembly.add(requestId, buffer.subarray(start + MESSAGE_HEADERS, end));
    if (chunk === 'F') this.#answer(requestId, new Reader(assembly.take()));
  }

  #answer(requestId: number, reader: Reader): void {
    const request = this.#inFlight.get(requestId);
    if (request === undefined) {
      this.counters.unknown++;
      return;
    }
    this.#inFlight.delete(requestId);
    const type = nodeId.read(reader);
    const header = responseHeader.read(reader);
    const service = SERVICES[request.service];
    if (!reader.bad && type.value === service.responseId && !isBad(header.serviceResult)) {
      request.response = service.response.read(reader);
      if (!reader.bad) {
        this.counters.done++;
        this.#finish(request, 'done', header.serviceResult, this.#now);
        return;
      }
      request.response = undefined;
    }
    const isFault = !reader.bad && (type.value === SERVICE_FAULT || type.value === service.responseId);
    if (isFault) this.counters.refused++;
    else this.counters.unknown++;
    this.#finish(request, 'refused', isFault ? header.serviceResult : STATUS.badDecodingError, this.#now);
  }

  #finish(request: AnyRequest, state: AnyRequest['state'], status: number, now: Instant): void {
    request.state = state;
    request.status = status;
    request.onFinished?.(request, now);
  }

  #fill(now: Instant): void {
    while (
      this.ready &&
      this.#queue.length > 0 &&
      this.#inFlight.size - this.#publishing < this.#depth &&
      !this.#closing
    )
      this.#direct(this.#queue.shift() as AnyRequest, now);
  }

  /** A call of the client's own, past the queue. */
  #call<N extends ServiceName>(
    service: N,
    body: RequestOf<N>,
    onFinished?: (request: AnyRequest, now: Instant) => void,
  ): void {
    this.#direct(new OpcUaRequest(service, body, onFinished as never) as unknown as AnyRequest, this.#now);
  }

  #direct(request: AnyRequest, now: Instant, timeout: Duration = this.#timeout): void {
    this.#lastRequest = (this.#lastRequest % 0xffff_fffe) + 1;
    request.state = 'sent';
    request.deadline = (now + timeout) as Instant;
    this.#inFlight.set(this.#lastRequest, request);
    this.counters.sent++;
    if (this.#silence > 0) this.#aliveAt = (now + this.#silence) as Instant;
    this.#write('MSG', request.service, request.body, this.#lastRequest);
  }

  #write<N extends ServiceName>(type: 'MSG' | 'CLO', service: N, body: RequestOf<N>, id: number): void {
    writeMessage(this.#outbox, type, this.#numbers, id, this.#encoded(service, body, id), this.#chunkSize);
  }

  #encoded<N extends ServiceName>(service: N, body: RequestOf<N>, id: number): Uint8Array {
    const out = this.#body;
    out.length = 0;
    encodeRequest(
      out,
      service,
      {
        ...{ authenticationToken: this.#token, timestamp: this.#options.clock.now(), requestHandle: id },
        ...{ returnDiagnostics: 0, auditEntryId: undefined, timeoutHint: Math.floor(this.#timeout / 1000) },
        additionalHeader: NO_OBJECT,
      },
      body,
    );
    return out.view();
  }

  #fail(status: number): void {
    this.failure = status;
    this.#abandon(status, this.#now);
  }

  /** Ends everything pending; what its listeners submit meanwhile is refused. */
  #abandon(status: number, now: Instant): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#state = 'connecting';
    const pending = [...this.#inFlight.values(), ...this.#queue];
    this.#inFlight.clear();
    this.#queue.length = 0;
    for (const request of pending) this.#finish(request, 'closed', status, now);
    for (const subscription of this.#subscriptions) subscription.ended(now);
  }
}
