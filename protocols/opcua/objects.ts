/** Structures that stand in extension objects, and their packing (OPC 10000-6, 5.2.2.15). */
import {
  dataValue,
  diagnosticInfo,
  type ExtensionObject,
  extensionObject,
  localizedText,
  nodeId,
  numericId,
  qualifiedName,
  variant,
} from './builtin.ts';
import { Reader, Writer } from './bytes.ts';
import { diagnostics } from './structures.ts';
import {
  array,
  arrayOrNull,
  boolean,
  byteString,
  type Fields,
  f64,
  i32,
  type Of,
  type Structure,
  string,
  struct,
  type Type,
  time,
  u32,
} from './types.ts';

/** Structures that stand in extension objects: the number of their binary encoding, and their fields. */
const anonymousIdentityToken = extension(321, { policyId: string });
const userNameIdentityToken = extension(324, {
  policyId: string,
  userName: string,
  password: byteString,
  encryptionAlgorithm: string,
});
const x509IdentityToken = extension(327, { policyId: string, certificateData: byteString });
const issuedIdentityToken = extension(940, { policyId: string, tokenData: byteString, encryptionAlgorithm: string });
export const TOKEN = { anonymousIdentityToken, userNameIdentityToken, x509IdentityToken, issuedIdentityToken };

const simpleAttributeOperand = struct({
  typeDefinitionId: nodeId,
  browsePath: array(qualifiedName),
  attributeId: u32,
  indexRange: string,
});
export type SimpleAttributeOperand = Of<typeof simpleAttributeOperand>;
const contentFilterElement = struct({ filterOperator: u32, filterOperands: array(extensionObject) });

export const OBJECT = {
  range: extension(886, { low: f64, high: f64 }),
  euInformation: extension(889, {
    namespaceUri: string,
    unitId: i32,
    displayName: localizedText,
    description: localizedText,
  }),
  argument: extension(298, {
    name: string,
    dataType: nodeId,
    valueRank: i32,
    arrayDimensions: arrayOrNull(u32),
    description: localizedText,
  }),
  buildInfo: extension(340, {
    productUri: string,
    manufacturerName: string,
    productName: string,
    softwareVersion: string,
    buildNumber: string,
    buildDate: time,
  }),
  serverStatus: extension(864, {
    startTime: time,
    currentTime: time,
    state: u32,
    buildInfo: struct({
      productUri: string,
      manufacturerName: string,
      productName: string,
      softwareVersion: string,
      buildNumber: string,
      buildDate: time,
    }),
    secondsTillShutdown: u32,
    shutdownReason: localizedText,
  }),
  dataChangeFilter: extension(724, { trigger: u32, deadbandType: u32, deadbandValue: f64 }),
  eventFilter: extension(727, {
    selectClauses: array(simpleAttributeOperand),
    whereClause: array(contentFilterElement),
  }),
  dataChangeNotification: extension(811, {
    monitoredItems: array(struct({ clientHandle: u32, value: dataValue })),
    diagnosticInfos: diagnostics,
  }),
  eventNotificationList: extension(916, {
    events: array(struct({ clientHandle: u32, eventFields: array(variant) })),
  }),
  statusChangeNotification: extension(820, { status: u32, diagnosticInfo }),
  readRawModifiedDetails: extension(649, {
    isReadModified: boolean,
    startTime: time,
    endTime: time,
    numValuesPerNode: u32,
    returnBounds: boolean,
  }),
  historyData: extension(658, { dataValues: array(dataValue) }),
} as const;

/** Packs into and out of extension objects. */
export interface Extension<T> {
  readonly id: number;
  pack(value: T): ExtensionObject;
  /** Undefined for another type, another encoding, or bytes that do not hold it. */
  unpack(object: ExtensionObject): T | undefined;
}
export type ExtensionOf<X> = X extends Extension<infer T> ? T : never;

function extension<F extends Fields>(id: number, fields: F): Extension<Structure<F>> {
  const type = struct(fields) as unknown as Type<Structure<F>>;
  const typeId = numericId(id);
  return {
    id,
    pack: (value) => {
      const writer = new Writer();
      type.write(writer, value);
      return { typeId, encoding: 1, body: writer.take() };
    },
    unpack: ({ typeId: given, encoding, body }) => {
      if (given.kind !== 'numeric' || given.value !== id || given.namespace !== 0 || encoding !== 1) return undefined;
      const reader = new Reader(body);
      const value = type.read(reader);
      return reader.bad ? undefined : value;
    },
  };
}
