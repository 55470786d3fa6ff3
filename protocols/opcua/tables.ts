/** Numbers of OPC UA that have names: attributes, node classes, well-known nodes, modes (OPC 10000-3, -4, -6). */

/** The port of OPC UA's TCP transport. */
export const OPCUA_PORT = 4840;
/** A header of a message: type, chunk, size. */
export const HEADER = 8;
/** Smallest buffers that both sides must have (OPC 10000-6, 7.1.2.3). */
export const SMALLEST_BUFFER = 8192;

export const POLICY_NONE = 'http://opcfoundation.org/UA/SecurityPolicy#None';
export const TRANSPORT_PROFILE = 'http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary';
/** Policies that are no longer regarded as secure (OPC 10000-7), beside None. */
export const WEAK_POLICIES: readonly string[] = [
  'http://opcfoundation.org/UA/SecurityPolicy#Basic128Rsa15',
  'http://opcfoundation.org/UA/SecurityPolicy#Basic256',
];

export const SECURITY_MODES = ['Invalid', 'None', 'Sign', 'SignAndEncrypt'] as const;
export const TOKEN_TYPES = ['Anonymous', 'UserName', 'Certificate', 'IssuedToken'] as const;
export const MONITORING_MODES = ['Disabled', 'Sampling', 'Reporting'] as const;
export const TIMESTAMPS_TO_RETURN = ['Source', 'Server', 'Both', 'Neither'] as const;
export const BROWSE_DIRECTIONS = ['Forward', 'Inverse', 'Both'] as const;

export const ATTRIBUTE = {
  NodeId: 1,
  NodeClass: 2,
  BrowseName: 3,
  DisplayName: 4,
  Description: 5,
  WriteMask: 6,
  UserWriteMask: 7,
  IsAbstract: 8,
  Symmetric: 9,
  InverseName: 10,
  ContainsNoLoops: 11,
  EventNotifier: 12,
  Value: 13,
  DataType: 14,
  ValueRank: 15,
  ArrayDimensions: 16,
  AccessLevel: 17,
  UserAccessLevel: 18,
  MinimumSamplingInterval: 19,
  Historizing: 20,
  Executable: 21,
  UserExecutable: 22,
} as const;
export const ATTRIBUTE_NAMES: readonly string[] = ['', ...Object.keys(ATTRIBUTE)];

export const NODE_CLASS = {
  Object: 1,
  Variable: 2,
  Method: 4,
  ObjectType: 8,
  VariableType: 16,
  ReferenceType: 32,
  DataType: 64,
  View: 128,
} as const;
const CLASS_NAMES = new Map<number, string>(Object.entries(NODE_CLASS).map(([name, mask]) => [mask, name]));
export const nodeClassName = (nodeClass: number): string => CLASS_NAMES.get(nodeClass) ?? 'Unspecified';

/** Nodes of namespace 0 that we speak of by number. */
export const NODE = {
  References: 31,
  NonHierarchicalReferences: 32,
  HierarchicalReferences: 33,
  HasChild: 34,
  Organizes: 35,
  HasEventSource: 36,
  HasTypeDefinition: 40,
  GeneratesEvent: 41,
  Aggregates: 44,
  HasSubtype: 45,
  HasProperty: 46,
  HasComponent: 47,
  HasNotifier: 48,
  HasCondition: 9006,
  BaseObjectType: 58,
  FolderType: 61,
  BaseVariableType: 62,
  BaseDataVariableType: 63,
  PropertyType: 68,
  RootFolder: 84,
  ObjectsFolder: 85,
  TypesFolder: 86,
  ViewsFolder: 87,
  ObjectTypesFolder: 88,
  VariableTypesFolder: 89,
  DataTypesFolder: 90,
  ReferenceTypesFolder: 91,
  Argument: 296,
  BuildInfo: 338,
  ServerState: 852,
  ServerStatusDataType: 862,
  Range: 884,
  EUInformation: 887,
  ServerType: 2004,
  ServerCapabilitiesType: 2013,
  BaseEventType: 2041,
  AuditEventType: 2052,
  AuditWriteUpdateEventType: 2100,
  ServerStatusType: 2138,
  BuildInfoType: 3051,
  Server: 2253,
  Server_ServerArray: 2254,
  Server_NamespaceArray: 2255,
  Server_ServerStatus: 2256,
  Server_ServiceLevel: 2267,
  Server_ServerCapabilities: 2268,
  Server_Auditing: 2994,
  DataItemType: 2365,
  AnalogItemType: 2368,
  DiscreteItemType: 2372,
  TwoStateDiscreteType: 2373,
  ConditionType: 2782,
  RefreshStartEventType: 2787,
  RefreshEndEventType: 2788,
  AcknowledgeableConditionType: 2881,
  AlarmConditionType: 2915,
  LimitAlarmType: 2955,
  ConditionType_ConditionRefresh: 3875,
  AcknowledgeableConditionType_Acknowledge: 9111,
  ExclusiveLimitAlarmType: 9341,
  ExclusiveLevelAlarmType: 9482,
  OffNormalAlarmType: 10_637,
  BaseAnalogType: 15_318,
} as const;

/** Bits of AccessLevel (OPC 10000-3, 8.57). */
export const ACCESS = { read: 1, write: 2, historyRead: 4 } as const;

/** Reasons of an event filter's simplest path: fields of events by their browse path. */
export const SERVER_STATES = ['Running', 'Failed', 'NoConfiguration', 'Suspended', 'Shutdown', 'Test'] as const;
