/** Discovery and sessions (OPC 10000-4, 5.5 and 5.7). */
import { numericId } from './builtin.ts';
import type { RequestOf } from './messages.ts';
import { TOKEN } from './objects.ts';
import type { Served } from './serve.ts';
import type { OpcUaRole, OpcUaServer } from './server.ts';
import type { ServiceCall } from './server-connection.ts';
import { Session } from './server-session.ts';
import { STATUS } from './status.ts';
import { TRANSPORT_PROFILE } from './tables.ts';

/** Shortest that a session may sleep, milliseconds. */
const SHORTEST_TIMEOUT = 10_000;
const NONCE = 32;
const DECODER = new TextDecoder();

export function findServers(
  { server }: ServiceCall,
  { endpointUrl, serverUris }: RequestOf<'FindServers'>,
): Served<'FindServers'> {
  const { applicationUri } = server.options;
  return {
    servers: serverUris.length === 0 || serverUris.includes(applicationUri) ? [server.application(endpointUrl)] : [],
  };
}

export function getEndpoints(
  { server }: ServiceCall,
  { endpointUrl, profileUris }: RequestOf<'GetEndpoints'>,
): Served<'GetEndpoints'> {
  return {
    endpoints: profileUris.length === 0 || profileUris.includes(TRANSPORT_PROFILE) ? server.endpoints(endpointUrl) : [],
  };
}

export function createSession(
  { server, connection, now }: ServiceCall,
  body: RequestOf<'CreateSession'>,
): Served<'CreateSession'> {
  server.sweep(now);
  const { limits, sessions, options } = server;
  if (sessions.size >= limits.sessions && !server.makeRoom()) {
    server.counters.turnedAway++;
    return STATUS.badTooManySessions;
  }
  const longest = limits.sessionTimeout / 1000;
  const asked = body.requestedSessionTimeout;
  const timeout = Math.min(longest, Math.max(SHORTEST_TIMEOUT, asked > 0 ? asked : longest));
  const ids = {
    id: numericId(new DataView(options.random(4).buffer).getUint32(0, true), 1),
    token: { namespace: 0, kind: 'opaque', value: options.random(NONCE) },
    name: (body.sessionName ?? '').slice(0, 256),
  } as const;
  const session = new Session(server, ids, connection, timeout * 1000, now);
  sessions.set(session.key, session);
  connection.adopt(session);
  return {
    ...{ sessionId: ids.id, authenticationToken: ids.token, revisedSessionTimeout: timeout },
    ...{
      serverNonce: options.random(NONCE),
      serverCertificate: undefined,
      serverEndpoints: server.endpoints(body.endpointUrl),
    },
    ...{ serverSoftwareCertificates: [], serverSignature: { algorithm: undefined, signature: undefined } },
    maxRequestMessageSize: limits.messageSize,
  };
}

export function activateSession(
  { server, session, connection }: ServiceCall,
  body: RequestOf<'ActivateSession'>,
): Served<'ActivateSession'> {
  const mine = session as Session;
  // Before somebody has logged on, a session stays on the channel that it was made on.
  if (mine.role === undefined && mine.channelId !== connection.channelId) return STATUS.badSecureChannelIdInvalid;
  const identity = identify(server, body);
  if (typeof identity === 'number') {
    server.notice('logon-failed', connection.writer, `logon refused${nameIn(body)}`);
    return identity;
  }
  const isNew = mine.role === undefined || mine.user !== identity.user;
  mine.role = identity.role;
  mine.user = identity.user;
  if (mine.connection !== connection) mine.connection?.release(mine);
  mine.moved(connection);
  connection.adopt(mine);
  if (isNew) server.notice('logon', connection.writer, `session '${mine.name}' of ${mine.user || 'anonymous'}`);
  return { serverNonce: server.options.random(NONCE), results: [], diagnosticInfos: [] };
}

function nameIn({ userIdentityToken }: RequestOf<'ActivateSession'>): string {
  const name = TOKEN.userNameIdentityToken.unpack(userIdentityToken)?.userName;
  return name === undefined ? '' : ` for '${name.slice(0, 64)}'`;
}

function identify(
  { options }: OpcUaServer,
  { userIdentityToken }: RequestOf<'ActivateSession'>,
): { readonly role: OpcUaRole; readonly user: string } | number {
  const { anonymous = 'observer', users = [] } = options;
  const isNone = userIdentityToken.encoding === 0 && userIdentityToken.body.length === 0;
  if (isNone || TOKEN.anonymousIdentityToken.unpack(userIdentityToken) !== undefined)
    return anonymous === 'none' ? STATUS.badIdentityTokenRejected : { role: anonymous, user: '' };
  const named = TOKEN.userNameIdentityToken.unpack(userIdentityToken);
  if (named === undefined) return STATUS.badIdentityTokenInvalid;
  if (users.length === 0) return STATUS.badIdentityTokenRejected;
  // Under a policy without encryption the password stands as it is.
  if (named.encryptionAlgorithm) return STATUS.badIdentityTokenInvalid;
  const password = named.password && DECODER.decode(named.password);
  const user = users.find(({ name }) => name === named.userName);
  return user === undefined || user.password !== password
    ? STATUS.badUserAccessDenied
    : { role: user.role, user: user.name };
}

export function closeSession({ server, session, connection }: ServiceCall): Served<'CloseSession'> {
  const mine = session as Session;
  if (mine.channelId !== connection.channelId) return STATUS.badSecureChannelIdInvalid;
  connection.release(mine);
  server.close(mine);
  server.notice('logoff', connection.writer, `session '${mine.name}' of ${mine.user || 'anonymous'} closed`);
  return {};
}

export function cancel({ session }: ServiceCall, { cancelledHandle }: RequestOf<'Cancel'>): Served<'Cancel'> {
  return { cancelCount: (session as Session).cancel(cancelledHandle) };
}
