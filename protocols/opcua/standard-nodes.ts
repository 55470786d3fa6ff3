/** Nodes of namespace 0 that our servers have: the roots, the types that our nodes are of, and the server object (OPC 10000-5). */
import { NODE_CLASS } from './tables.ts';

export interface StandardNode {
  readonly number: number;
  readonly nodeClass: number;
  readonly name: string;
  readonly parent: number | undefined;
  readonly reference: number;
  readonly type: number | undefined;
  readonly dataType: number | undefined;
}

/** Kind, number, name, number of the parent, type of the reference from there, type definition, data type; `-` for none. */
const TABLE = `
O 84 Root - - 61 -
O 85 Objects 84 35 61 -
O 86 Types 84 35 61 -
O 87 Views 84 35 61 -
O 88 ObjectTypes 86 35 61 -
O 89 VariableTypes 86 35 61 -
O 90 DataTypes 86 35 61 -
O 91 ReferenceTypes 86 35 61 -
R 31 References 91 35 - -
R 32 NonHierarchicalReferences 31 45 - -
R 33 HierarchicalReferences 31 45 - -
R 34 HasChild 33 45 - -
R 35 Organizes 33 45 - -
R 36 HasEventSource 33 45 - -
R 40 HasTypeDefinition 32 45 - -
R 41 GeneratesEvent 32 45 - -
R 44 Aggregates 34 45 - -
R 45 HasSubtype 34 45 - -
R 46 HasProperty 44 45 - -
R 47 HasComponent 44 45 - -
R 48 HasNotifier 36 45 - -
R 9006 HasCondition 32 45 - -
T 58 BaseObjectType 88 35 - -
T 61 FolderType 58 45 - -
T 2004 ServerType 58 45 - -
T 2013 ServerCapabilitiesType 58 45 - -
T 2041 BaseEventType 58 45 - -
T 2052 AuditEventType 2041 45 - -
T 2099 AuditUpdateEventType 2052 45 - -
T 2100 AuditWriteUpdateEventType 2099 45 - -
T 2787 RefreshStartEventType 2041 45 - -
T 2788 RefreshEndEventType 2041 45 - -
T 2782 ConditionType 2041 45 - -
T 2881 AcknowledgeableConditionType 2782 45 - -
T 2915 AlarmConditionType 2881 45 - -
T 2955 LimitAlarmType 2915 45 - -
T 9341 ExclusiveLimitAlarmType 2955 45 - -
T 10637 OffNormalAlarmType 2915 45 - -
M 3875 ConditionRefresh 2782 47 - -
M 9111 Acknowledge 2881 47 - -
W 62 BaseVariableType 89 35 - -
W 63 BaseDataVariableType 62 45 - -
W 68 PropertyType 62 45 - -
W 2365 DataItemType 63 45 - -
W 15318 BaseAnalogType 2365 45 - -
W 2368 AnalogItemType 15318 45 - -
W 2372 DiscreteItemType 2365 45 - -
W 2373 TwoStateDiscreteType 2372 45 - -
W 2138 ServerStatusType 63 45 - -
W 3051 BuildInfoType 63 45 - -
D 24 BaseDataType 90 35 - -
D 1 Boolean 24 45 - -
D 12 String 24 45 - -
D 13 DateTime 24 45 - -
D 294 UtcTime 13 45 - -
D 15 ByteString 24 45 - -
D 17 NodeId 24 45 - -
D 21 LocalizedText 24 45 - -
D 26 Number 24 45 - -
D 27 Integer 26 45 - -
D 6 Int32 27 45 - -
D 28 UInteger 26 45 - -
D 3 Byte 28 45 - -
D 5 UInt16 28 45 - -
D 7 UInt32 28 45 - -
D 10 Float 26 45 - -
D 11 Double 26 45 - -
D 290 Duration 11 45 - -
D 29 Enumeration 24 45 - -
D 852 ServerState 29 45 - -
D 22 Structure 24 45 - -
D 296 Argument 22 45 - -
D 338 BuildInfo 22 45 - -
D 862 ServerStatusDataType 22 45 - -
D 884 Range 22 45 - -
D 887 EUInformation 22 45 - -
O 2253 Server 85 47 2004 -
V 2254 ServerArray 2253 46 68 12
V 2255 NamespaceArray 2253 46 68 12
V 2256 ServerStatus 2253 47 2138 862
V 2257 StartTime 2256 47 63 294
V 2258 CurrentTime 2256 47 63 294
V 2259 State 2256 47 63 852
V 2260 BuildInfo 2256 47 3051 338
V 2261 ProductName 2260 47 63 12
V 2262 ProductUri 2260 47 63 12
V 2263 ManufacturerName 2260 47 63 12
V 2264 SoftwareVersion 2260 47 63 12
V 2265 BuildNumber 2260 47 63 12
V 2266 BuildDate 2260 47 63 294
V 2992 SecondsTillShutdown 2256 47 63 7
V 2993 ShutdownReason 2256 47 63 21
V 2267 ServiceLevel 2253 46 68 3
V 2994 Auditing 2253 46 68 1
O 2268 ServerCapabilities 2253 47 2013 -
V 2272 MinSupportedSampleRate 2268 46 68 290
V 2735 MaxBrowseContinuationPoints 2268 46 68 5
V 2737 MaxHistoryContinuationPoints 2268 46 68 5
V 11702 MaxArrayLength 2268 46 68 7
V 11703 MaxStringLength 2268 46 68 7
O 11704 OperationLimits 2268 47 58 -
V 11705 MaxNodesPerRead 11704 46 68 7
V 11707 MaxNodesPerWrite 11704 46 68 7
V 11709 MaxNodesPerMethodCall 11704 46 68 7
V 11710 MaxNodesPerBrowse 11704 46 68 7
V 11714 MaxMonitoredItemsPerCall 11704 46 68 7
`;

const CLASSES: Readonly<Record<string, number>> = {
  O: NODE_CLASS.Object,
  V: NODE_CLASS.Variable,
  M: NODE_CLASS.Method,
  T: NODE_CLASS.ObjectType,
  W: NODE_CLASS.VariableType,
  R: NODE_CLASS.ReferenceType,
  D: NODE_CLASS.DataType,
};
const numberOf = (word: string | undefined): number | undefined => (word === '-' ? undefined : Number(word));

export const STANDARD_NODES: readonly StandardNode[] = TABLE.trim()
  .split('\n')
  .map((line) => {
    const [kind, number, name, parent, reference, type, dataType] = line.split(' ');
    return {
      number: Number(number),
      nodeClass: CLASSES[kind as string] as number,
      name: name as string,
      parent: numberOf(parent),
      reference: numberOf(reference) ?? 0,
      type: numberOf(type),
      dataType: numberOf(dataType),
    };
  });

/** Of a reference type, the one that it is a subtype of. */
export const SUPER_REFERENCE: ReadonlyMap<number, number> = new Map(
  STANDARD_NODES.filter(({ nodeClass, parent }) => nodeClass === NODE_CLASS.ReferenceType && parent !== 91).map(
    ({ number, parent }) => [number, parent as number],
  ),
);
