/** What the MQTT standards number: packet types, properties and reason codes (OASIS MQTT 3.1.1 and 5.0). */

/** Protocol levels as CONNECT has them: 3 is MQTT 3.1, 4 is 3.1.1. */
export type Version = 3 | 4 | 5;
export type Qos = 0 | 1 | 2;

/** Control packet types (5.0, 2.1.2), by number. */
export const PACKET_NAMES = [
  undefined,
  'connect',
  'connack',
  'publish',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'subscribe',
  'suback',
  'unsubscribe',
  'unsuback',
  'pingreq',
  'pingresp',
  'disconnect',
  'auth',
] as const;
export type PacketName = Exclude<(typeof PACKET_NAMES)[number], undefined>;
export const PACKET_TYPES = Object.fromEntries(
  PACKET_NAMES.flatMap((name, type) => (name === undefined ? [] : [[name, type]])),
) as Readonly<Record<PacketName, number>>;

/** Packets that the client sends only, and that the server sends only (5.0, table 2-1). */
export const ONLY_CLIENT: ReadonlySet<PacketName> = new Set(['connect', 'subscribe', 'unsubscribe', 'pingreq']);
export const ONLY_SERVER: ReadonlySet<PacketName> = new Set(['connack', 'suback', 'unsuback', 'pingresp']);

export type PropertyType = 'byte' | 'two' | 'four' | 'variable' | 'text' | 'binary' | 'pair';

export interface PropertyRow {
  readonly id: number;
  readonly name: string;
  readonly type: PropertyType;
  /** Packets that may have it; `will` are the properties of a will. */
  readonly in: readonly (PacketName | 'will')[];
  /** May stand more than once. */
  readonly many?: true;
  /** Only 0 and 1 are allowed. */
  readonly flag?: true;
  /** 0 is a protocol error. */
  readonly positive?: true;
}

const ACKS = ['connack', 'puback', 'pubrec', 'pubrel', 'pubcomp', 'suback', 'unsuback', 'disconnect', 'auth'] as const;

/** 5.0, table 2-4. */
export const PROPERTIES = [
  { id: 0x01, name: 'payloadFormat', type: 'byte', in: ['publish', 'will'], flag: true },
  { id: 0x02, name: 'messageExpiry', type: 'four', in: ['publish', 'will'] },
  { id: 0x03, name: 'contentType', type: 'text', in: ['publish', 'will'] },
  { id: 0x08, name: 'responseTopic', type: 'text', in: ['publish', 'will'] },
  { id: 0x09, name: 'correlationData', type: 'binary', in: ['publish', 'will'] },
  { id: 0x0b, name: 'subscriptionIds', type: 'variable', in: ['publish', 'subscribe'], many: true, positive: true },
  { id: 0x11, name: 'sessionExpiry', type: 'four', in: ['connect', 'connack', 'disconnect'] },
  { id: 0x12, name: 'assignedClientId', type: 'text', in: ['connack'] },
  { id: 0x13, name: 'serverKeepAlive', type: 'two', in: ['connack'] },
  { id: 0x15, name: 'authenticationMethod', type: 'text', in: ['connect', 'connack', 'auth'] },
  { id: 0x16, name: 'authenticationData', type: 'binary', in: ['connect', 'connack', 'auth'] },
  { id: 0x17, name: 'requestProblem', type: 'byte', in: ['connect'], flag: true },
  { id: 0x18, name: 'willDelay', type: 'four', in: ['will'] },
  { id: 0x19, name: 'requestResponse', type: 'byte', in: ['connect'], flag: true },
  { id: 0x1a, name: 'responseInformation', type: 'text', in: ['connack'] },
  { id: 0x1c, name: 'serverReference', type: 'text', in: ['connack', 'disconnect'] },
  { id: 0x1f, name: 'reason', type: 'text', in: ACKS },
  { id: 0x21, name: 'receiveMaximum', type: 'two', in: ['connect', 'connack'], positive: true },
  { id: 0x22, name: 'topicAliasMaximum', type: 'two', in: ['connect', 'connack'] },
  { id: 0x23, name: 'topicAlias', type: 'two', in: ['publish'] },
  { id: 0x24, name: 'maximumQos', type: 'byte', in: ['connack'], flag: true },
  { id: 0x25, name: 'retainAvailable', type: 'byte', in: ['connack'], flag: true },
  {
    id: 0x26,
    name: 'userProperties',
    type: 'pair',
    in: ['connect', 'publish', 'will', 'subscribe', 'unsubscribe', ...ACKS],
    many: true,
  },
  { id: 0x27, name: 'maximumPacketSize', type: 'four', in: ['connect', 'connack'], positive: true },
  { id: 0x28, name: 'wildcardAvailable', type: 'byte', in: ['connack'], flag: true },
  { id: 0x29, name: 'subscriptionIdsAvailable', type: 'byte', in: ['connack'], flag: true },
  { id: 0x2a, name: 'sharedAvailable', type: 'byte', in: ['connack'], flag: true },
] as const satisfies readonly PropertyRow[];

/** Reason codes (5.0, 2.4) that this code sends or asks about. */
export const REASON = {
  success: 0x00,
  disconnectWithWill: 0x04,
  noMatchingSubscribers: 0x10,
  noSubscription: 0x11,
  unspecified: 0x80,
  malformed: 0x81,
  protocolError: 0x82,
  implementation: 0x83,
  unsupportedVersion: 0x84,
  clientIdInvalid: 0x85,
  badCredentials: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  takenOver: 0x8e,
  filterInvalid: 0x8f,
  topicInvalid: 0x90,
  packetIdInUse: 0x91,
  packetIdUnknown: 0x92,
  receiveMaximum: 0x93,
  aliasInvalid: 0x94,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  qosUnsupported: 0x9b,
} as const;

/** Reason codes in words (5.0, table 2-6); those of 0 that have another name elsewhere are `Success`. */
export const REASON_NAMES: Readonly<Record<number, string>> = {
  0: 'Success',
  1: 'Granted QoS 1',
  2: 'Granted QoS 2',
  4: 'Disconnect with Will Message',
  16: 'No matching subscribers',
  17: 'No subscription existed',
  24: 'Continue authentication',
  25: 'Re-authenticate',
  128: 'Unspecified error',
  129: 'Malformed Packet',
  130: 'Protocol Error',
  131: 'Implementation specific error',
  132: 'Unsupported Protocol Version',
  133: 'Client Identifier not valid',
  134: 'Bad User Name or Password',
  135: 'Not authorized',
  136: 'Server unavailable',
  137: 'Server busy',
  138: 'Banned',
  139: 'Server shutting down',
  140: 'Bad authentication method',
  141: 'Keep Alive timeout',
  142: 'Session taken over',
  143: 'Topic Filter invalid',
  144: 'Topic Name invalid',
  145: 'Packet Identifier in use',
  146: 'Packet Identifier not found',
  147: 'Receive Maximum exceeded',
  148: 'Topic Alias invalid',
  149: 'Packet too large',
  150: 'Message rate too high',
  151: 'Quota exceeded',
  152: 'Administrative action',
  153: 'Payload format invalid',
  154: 'Retain not supported',
  155: 'QoS not supported',
  156: 'Use another server',
  157: 'Server moved',
  158: 'Shared Subscriptions not supported',
  159: 'Connection rate exceeded',
  160: 'Maximum connect time',
  161: 'Subscription Identifiers not supported',
  162: 'Wildcard Subscriptions not supported',
};

/** Return codes of CONNACK before version 5 (3.1.1, table 3.1), in the words of Zeek's log. */
export const RETURN_NAMES = [
  'Connection Accepted',
  'Connection Refused: unacceptable protocol version',
  'Connection Refused: identifier rejected',
  'Connection Refused: server unavailable',
  'Connection Refused: bad user name or password',
  'Connection Refused: not authorized',
] as const;

/** The return code of 3.1.1 that says what a reason code of 5.0 says in CONNACK. */
export const RETURN_CODES: Readonly<Record<number, number>> = {
  [REASON.success]: 0,
  [REASON.unsupportedVersion]: 1,
  [REASON.clientIdInvalid]: 2,
  [REASON.serverUnavailable]: 3,
  [REASON.quotaExceeded]: 3,
  [REASON.badCredentials]: 4,
  [REASON.notAuthorized]: 5,
};
