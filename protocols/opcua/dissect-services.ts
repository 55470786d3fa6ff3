/** What services mean to somebody who listens: sessions, values by node, calls, identities. One for a connection. */

import type { ProtocolEvent } from '@penstock/core';
import { credentialEvent, maskSecret } from '../credentials/index.ts';
import type { DataValue, ExtensionObject } from './builtin.ts';
import { actsOf } from './dissect-acts.ts';
import {
  bytesText,
  type Emit,
  emitBrowse,
  emitEndpoints,
  emitItems,
  emitRead,
  emitStatus,
  emitSubscription,
  emitValue,
  emitWrite,
  hex,
  MOST_ROWS,
  nodeText,
  short,
  statusText,
  variantText,
} from './dissect-emit.ts';
import type { MessageKind, RequestOf, ResponseOf, ServiceName } from './messages.ts';
import { OBJECT, TOKEN } from './objects.ts';
import { isGood, statusName } from './status.ts';
import type { ApplicationDescription, EndpointDescription, RequestHeader, ResponseHeader } from './structures.ts';
import { ATTRIBUTE, SECURITY_MODES } from './tables.ts';

/** Monitored items whose nodes are remembered, of a connection. */
const MAX_HANDLES = 4096;
const IDENTITY_NODES = new Map([
  [2261, 'ProductName'],
  [2262, 'ProductUri'],
  [2263, 'ManufacturerName'],
  [2264, 'SoftwareVersion'],
]);
const TOKEN_NAMES = new Map([
  [TOKEN.anonymousIdentityToken.id, ['AnonymousIdentityToken', 'Anonymous']],
  [TOKEN.userNameIdentityToken.id, ['UserNameIdentityToken', 'UserName']],
  [TOKEN.x509IdentityToken.id, ['X509IdentityToken', 'Certificate']],
  [TOKEN.issuedIdentityToken.id, ['IssuedIdentityToken', 'IssuedToken']],
] as const);
const LATIN = new TextDecoder('latin1');

interface Handle {
  readonly node: string | undefined;
  readonly attribute: number;
}

type Client = Pick<RequestOf<'CreateSession'>, 'clientDescription' | 'sessionName' | 'endpointUrl'>;

export class ServiceWatch {
  readonly #emit: Emit;
  /** Whether messages can be read: until a channel was seen to open nobody knows. */
  #sight: 'unknown' | 'plain' | 'opaque' = 'unknown';
  #policyUri: string | undefined;
  #mode: string | undefined;
  #endpointUrl: string | undefined;
  #client: Client | undefined;
  #bestOffered: string | undefined;
  readonly #handles = new Map<string, Handle>();
  /** What has been told of each side. */
  readonly #told = new Set<string>();

  constructor(emit: (event: ProtocolEvent) => void) {
    this.#emit = emit;
  }

  get isOpaque(): boolean {
    return this.#sight === 'opaque';
  }

  get isUnknown(): boolean {
    return this.#sight === 'unknown';
  }

  plain(): void {
    if (this.#sight === 'unknown') this.#sight = 'plain';
  }

  opaque(): void {
    this.#sight = 'opaque';
  }

  hello(type: string, endpointUrl: string | undefined): void {
    if (type === 'HEL') this.#endpointUrl = endpointUrl;
  }

  policy(uri: string | undefined, isPlain: boolean): void {
    this.#policyUri = uri;
    this.#sight = isPlain ? 'plain' : 'opaque';
    if (isPlain) this.#mode = 'None';
  }

  end(_: number): void {
    this.#handles.clear();
  }

  asked(time: number, _: number, kind: MessageKind, __: RequestHeader, body: RequestOf<ServiceName> | undefined): void {
    if (body === undefined) return;
    const emit = this.#emit;
    switch (kind.service) {
      case 'OpenSecureChannel':
        this.#openAsked(time, body as RequestOf<'OpenSecureChannel'>);
        return;
      case 'CreateSession': {
        const request = body as RequestOf<'CreateSession'>;
        this.#client = request;
        this.#createSession(time, request, undefined);
        this.#identities(time, true, request.clientDescription);
        return;
      }
      case 'ActivateSession':
        this.#activateAsked(time, body as RequestOf<'ActivateSession'>);
        return;
      case 'CloseSession':
        emit({
          name: 'opcua_binary_close_session',
          time,
          is_orig: true,
          del_subscriptions: (body as RequestOf<'CloseSession'>).deleteSubscriptions,
        });
        return;
      case 'Browse':
        emitBrowse(emit, time, body as RequestOf<'Browse'>);
        return;
      case 'Read':
        emitRead(emit, time, body as RequestOf<'Read'>);
        return;
      case 'Write':
        emitWrite(emit, time, body as RequestOf<'Write'>);
        return;
      case 'CreateSubscription':
        emitSubscription(emit, time, body as RequestOf<'CreateSubscription'>, undefined);
        return;
      case 'CreateMonitoredItems':
        emitItems(emit, time, body as RequestOf<'CreateMonitoredItems'>);
    }
  }

  /** `request` is undefined where nobody saw it, `response` where there is none or it is a fault. */
  answered(
    time: number,
    requestId: number,
    kind: MessageKind,
    request: RequestOf<ServiceName> | undefined,
    header: ResponseHeader,
    response: ResponseOf<ServiceName> | undefined,
  ): void {
    const emit = this.#emit;
    const failed = isGood(header.serviceResult) ? undefined : header.serviceResult;
    switch (kind.service) {
      case 'OpenSecureChannel':
        if (response !== undefined) this.#openAnswered(time, response as ResponseOf<'OpenSecureChannel'>);
        return;
      case 'FindServers':
        for (const server of (response as ResponseOf<'FindServers'> | undefined)?.servers ?? [])
          this.#identities(time, false, server);
        return;
      case 'GetEndpoints': {
        const { endpoints = [] } = (response as ResponseOf<'GetEndpoints'> | undefined) ?? {};
        emitEndpoints(emit, time, 'get_endpoints', endpoints);
        this.#offered(time, endpoints);
        return;
      }
      case 'CreateSession':
        if (response !== undefined) this.#sessionCreated(time, response as ResponseOf<'CreateSession'>);
        return;
      case 'ActivateSession':
        this.#activated(
          time,
          request as RequestOf<'ActivateSession'> | undefined,
          header.serviceResult,
          response as ResponseOf<'ActivateSession'> | undefined,
        );
        return;
      case 'CreateSubscription':
        if (response !== undefined)
          emitSubscription(emit, time, undefined, response as ResponseOf<'CreateSubscription'>);
        return;
      case 'CreateMonitoredItems':
        this.#monitored(
          time,
          request as RequestOf<'CreateMonitoredItems'> | undefined,
          response as ResponseOf<'CreateMonitoredItems'> | undefined,
        );
        return;
      case 'Publish':
        if (response !== undefined) this.#published(time, requestId, response as ResponseOf<'Publish'>);
        return;
      case 'Read':
        this.#read(
          time,
          requestId,
          request as RequestOf<'Read'> | undefined,
          (response as ResponseOf<'Read'> | undefined)?.results,
        );
        return;
      case 'Write':
        this.#written(
          time,
          requestId,
          request as RequestOf<'Write'> | undefined,
          (response as ResponseOf<'Write'> | undefined)?.results,
          failed,
        );
        return;
      default:
        this.#acted(time, requestId, kind, request, failed, response);
    }
  }

  unanswered(
    time: number,
    requestId: number,
    kind: MessageKind | undefined,
    request: RequestOf<ServiceName> | undefined,
  ): void {
    if (request === undefined || kind === undefined) return;
    if (kind.service === 'Write') this.#written(time, requestId, request as RequestOf<'Write'>, undefined, undefined);
    else if (kind.service === 'ActivateSession')
      this.#activated(time, request as RequestOf<'ActivateSession'>, undefined, undefined);
    else this.#acted(time, requestId, kind, request, undefined, undefined);
  }

  #openAsked(time: number, body: RequestOf<'OpenSecureChannel'>): void {
    this.#mode = SECURITY_MODES[body.securityMode] ?? `${body.securityMode}`;
    this.#emit({
      ...{ name: 'opcua_binary_opensecure_channel', time, is_orig: true },
      client_proto_ver: body.clientProtocolVersion,
      sec_token_request_type: body.requestType,
      message_security_mode: body.securityMode,
      client_nonce: bytesText(body.clientNonce),
      req_lifetime: body.requestedLifetime,
      ...{ server_proto_ver: undefined, sec_token_sec_channel_id: undefined, sec_token_id: undefined },
      ...{ sec_token_created_at: undefined, sec_token_revised_time: undefined, server_nonce: undefined },
    });
  }

  #openAnswered(time: number, body: ResponseOf<'OpenSecureChannel'>): void {
    this.#emit({
      ...{ name: 'opcua_binary_opensecure_channel', time, is_orig: false },
      ...{ client_proto_ver: undefined, sec_token_request_type: undefined, message_security_mode: undefined },
      ...{ client_nonce: undefined, req_lifetime: undefined },
      server_proto_ver: body.serverProtocolVersion,
      sec_token_sec_channel_id: body.channelId,
      sec_token_id: body.tokenId,
      sec_token_created_at: body.createdAt,
      sec_token_revised_time: body.revisedLifetime,
      server_nonce: bytesText(body.serverNonce),
    });
  }

  #createSession(
    time: number,
    request: RequestOf<'CreateSession'> | undefined,
    response: ResponseOf<'CreateSession'> | undefined,
  ): void {
    const client = request?.clientDescription;
    this.#emit({
      name: 'opcua_binary_create_session',
      time,
      is_orig: request !== undefined,
      application_uri: short(client?.applicationUri),
      product_uri: short(client?.productUri),
      locale: short(client?.applicationName.locale),
      text: short(client?.applicationName.text),
      application_type: client?.applicationType,
      gateway_server_uri: short(client?.gatewayServerUri),
      discovery_profile_uri: short(client?.discoveryProfileUri),
      server_uri: short(request?.serverUri),
      endpoint_url: short(request?.endpointUrl),
      session_name: short(request?.sessionName),
      client_cert_size: request?.clientCertificate?.length || undefined,
      req_session_timeout: request?.requestedSessionTimeout,
      max_res_msg_size: request?.maxResponseMessageSize,
      session_id: nodeText(response?.sessionId),
      revised_session_timeout: response?.revisedSessionTimeout,
      server_cert_size: response?.serverCertificate?.length || undefined,
      max_req_msg_size: response?.maxRequestMessageSize,
    });
  }

  #sessionCreated(time: number, response: ResponseOf<'CreateSession'>): void {
    this.#createSession(time, undefined, response);
    emitEndpoints(this.#emit, time, 'create_session', response.serverEndpoints);
    this.#offered(time, response.serverEndpoints);
  }

  /** What a server offers, and who it is. */
  #offered(time: number, endpoints: readonly EndpointDescription[]): void {
    let best = 0;
    for (const { securityMode, server } of endpoints) {
      if (securityMode > best && securityMode <= 3) best = securityMode;
      this.#identities(time, false, server);
    }
    if (best > 0) this.#bestOffered = SECURITY_MODES[best];
  }

  #identities(time: number, isOrig: boolean, application: ApplicationDescription): void {
    this.#identity(time, isOrig, 'ApplicationUri', application.applicationUri);
    this.#identity(time, isOrig, 'ApplicationName', application.applicationName.text);
    this.#identity(time, isOrig, 'ProductUri', application.productUri);
  }

  #identity(time: number, isOrig: boolean, object: string, value: string | undefined): void {
    if (!value) return;
    const key = `${isOrig} ${object} ${value}`;
    if (this.#told.has(key) || this.#told.size >= 64) return;
    this.#told.add(key);
    this.#emit({ name: 'opcua_identity', time, is_orig: isOrig, object, value: short(value) as string });
  }

  #activateAsked(time: number, { clientSignature, userIdentityToken }: RequestOf<'ActivateSession'>): void {
    const number = tokenNumber(userIdentityToken);
    const named = TOKEN.userNameIdentityToken.unpack(userIdentityToken);
    const known = named ?? TOKEN.anonymousIdentityToken.unpack(userIdentityToken);
    this.#emit({
      ...{ name: 'opcua_binary_activate_session', time, is_orig: true },
      client_algorithm: short(clientSignature.algorithm),
      client_signature: bytesText(clientSignature.signature),
      ext_obj_type_id_encoding_mask: number === undefined ? '0x00' : '0x01',
      ext_obj_type_id_namespace_idx: number === undefined ? undefined : userIdentityToken.typeId.namespace,
      ext_obj_type_id_numeric: number ?? 0,
      ext_obj_type_id_str: number === undefined ? undefined : TOKEN_NAMES.get(number)?.[0],
      ext_obj_encoding: hex(userIdentityToken.encoding),
      ext_obj_policy_id: short(known?.policyId),
      ext_obj_user_name: short(named?.userName),
      ext_obj_password: named?.password && maskedPassword(named.password, named.encryptionAlgorithm),
      ext_obj_encryption_algorithom: short(named?.encryptionAlgorithm),
      server_nonce: undefined,
    });
  }

  #activated(
    time: number,
    request: RequestOf<'ActivateSession'> | undefined,
    status: number | undefined,
    response: ResponseOf<'ActivateSession'> | undefined,
  ): void {
    if (response !== undefined)
      this.#emit({
        ...{ name: 'opcua_binary_activate_session', time, is_orig: false },
        ...{ client_algorithm: undefined, client_signature: undefined, ext_obj_type_id_encoding_mask: undefined },
        ...{ ext_obj_type_id_namespace_idx: undefined, ext_obj_type_id_numeric: undefined },
        ...{ ext_obj_type_id_str: undefined, ext_obj_encoding: undefined, ext_obj_policy_id: undefined },
        ...{ ext_obj_user_name: undefined, ext_obj_password: undefined, ext_obj_encryption_algorithom: undefined },
        server_nonce: bytesText(response.serverNonce),
      });
    if (request === undefined) return;
    const client = this.#client;
    const number = tokenNumber(request.userIdentityToken);
    const named = TOKEN.userNameIdentityToken.unpack(request.userIdentityToken);
    const success = status === undefined ? undefined : isGood(status);
    this.#emit({
      name: 'opcua_session',
      time,
      application_uri: short(client?.clientDescription.applicationUri),
      application_name: short(client?.clientDescription.applicationName.text),
      product_uri: short(client?.clientDescription.productUri),
      session_name: short(client?.sessionName),
      endpoint_url: short(client?.endpointUrl ?? this.#endpointUrl),
      token_type: (number === undefined ? undefined : TOKEN_NAMES.get(number)?.[1]) ?? 'Anonymous',
      user: short(named?.userName),
      security_mode: this.#mode,
      security_policy: this.#policyUri?.split('#').at(-1),
      best_offered: this.#bestOffered,
      success,
      status_code_name: status === undefined ? undefined : statusName(status),
    });
    const isClear = named?.password !== undefined && !named.encryptionAlgorithm;
    if (isClear)
      (this.#emit as (event: ProtocolEvent) => void)(
        credentialEvent('opcua', time, named.userName, LATIN.decode(named.password), success),
      );
  }

  #monitored(
    time: number,
    request: RequestOf<'CreateMonitoredItems'> | undefined,
    response: ResponseOf<'CreateMonitoredItems'> | undefined,
  ): void {
    response?.results.slice(0, MOST_ROWS).forEach(({ statusCode }, i) => {
      emitStatus(this.#emit, time, 'CreateMonitoredItems', statusCode);
      const item = request?.itemsToCreate[i];
      if (item === undefined || !isGood(statusCode) || this.#handles.size >= MAX_HANDLES) return;
      const { nodeId, attributeId } = item.itemToMonitor;
      const key = `${request?.subscriptionId} ${item.requestedParameters.clientHandle}`;
      this.#handles.set(key, { node: nodeText(nodeId), attribute: attributeId });
    });
  }

  #published(time: number, requestId: number, { subscriptionId, notificationMessage }: ResponseOf<'Publish'>): void {
    for (const data of notificationMessage.notificationData) {
      const changes = OBJECT.dataChangeNotification.unpack(data);
      if (changes === undefined) continue;
      for (const { clientHandle, value } of changes.monitoredItems.slice(0, MOST_ROWS)) {
        const handle = this.#handles.get(`${subscriptionId} ${clientHandle}`);
        emitValue(
          this.#emit,
          time,
          requestId,
          'Publish',
          handle?.node,
          handle?.attribute ?? ATTRIBUTE.Value,
          value,
          undefined,
        );
      }
    }
  }

  #read(
    time: number,
    requestId: number,
    request: RequestOf<'Read'> | undefined,
    results: readonly DataValue[] | undefined,
  ): void {
    results?.slice(0, MOST_ROWS).forEach((value, i) => {
      const id = request?.nodesToRead[i];
      emitStatus(this.#emit, time, 'Read', value.status ?? 0);
      emitValue(
        this.#emit,
        time,
        requestId,
        'Read',
        nodeText(id?.nodeId),
        id?.attributeId ?? ATTRIBUTE.Value,
        value,
        undefined,
      );
      const identity =
        id?.nodeId.kind === 'numeric' && id.nodeId.namespace === 0 ? IDENTITY_NODES.get(id.nodeId.value) : undefined;
      if (identity !== undefined && id?.attributeId === ATTRIBUTE.Value)
        this.#identity(time, false, identity, variantText(value.value));
    });
  }

  #written(
    time: number,
    requestId: number,
    request: RequestOf<'Write'> | undefined,
    results: readonly number[] | undefined,
    failed: number | undefined,
  ): void {
    results?.slice(0, MOST_ROWS).forEach((status) => {
      emitStatus(this.#emit, time, 'Write', status);
    });
    request?.nodesToWrite.slice(0, MOST_ROWS).forEach(({ nodeId, attributeId, value }, i) => {
      emitValue(this.#emit, time, requestId, 'Write', nodeText(nodeId), attributeId, value, results?.[i] ?? failed);
    });
  }

  /** Calls, and changes of the address space. */
  #acted(
    time: number,
    requestId: number,
    kind: MessageKind,
    request: RequestOf<ServiceName> | undefined,
    failed: number | undefined,
    response: ResponseOf<ServiceName> | undefined,
  ): void {
    const results = (response as { results?: readonly unknown[] } | undefined)?.results;
    actsOf(kind, request)
      .slice(0, MOST_ROWS)
      .forEach(({ object, method, given }, i) => {
        const status = failed ?? statusOf(results?.[i]);
        if (status !== undefined) emitStatus(this.#emit, time, kind.base, failed === undefined ? status : 0);
        this.#emit({
          ...{ name: 'opcua_call', time, is_orig: true, request_id: requestId, service: kind.base },
          ...{ object_id: object, method_id: method, arguments: given },
          status_code: statusText(status),
          status_code_name: status === undefined ? undefined : statusName(status),
          matched: status !== undefined,
        });
      });
  }
}

const statusOf = (result: unknown): number | undefined =>
  typeof result === 'number' ? result : (result as { statusCode?: number } | undefined)?.statusCode;

const tokenNumber = ({ typeId }: ExtensionObject): number | undefined =>
  typeId.kind === 'numeric' && typeId.namespace === 0 && typeId.value !== 0 ? typeId.value : undefined;

const maskedPassword = (password: Uint8Array, algorithm: string | undefined): string =>
  algorithm ? '(encrypted)' : maskSecret(LATIN.decode(password));
