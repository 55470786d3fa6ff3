/** The built-in types beyond numbers and strings (OPC 10000-6, 5.1.2 and 5.2.2). */
import { MAX_DEPTH, type Reader, refused, type Writer } from './bytes.ts';
import { array, type Of, string, struct, type Type, u16 } from './types.ts';

export type Identifier =
  | { readonly kind: 'numeric'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'guid'; readonly value: string }
  | { readonly kind: 'opaque'; readonly value: Uint8Array };
export type NodeId = Identifier & { readonly namespace: number };
export type ExpandedNodeId = NodeId & {
  readonly namespaceUri?: string | undefined;
  readonly serverIndex?: number | undefined;
};

export const NULL_NODE: NodeId = { namespace: 0, kind: 'numeric', value: 0 };
export const numericId = (value: number, namespace = 0): NodeId => ({ namespace, kind: 'numeric', value });
export const stringId = (value: string, namespace: number): NodeId => ({ namespace, kind: 'string', value });
export const isNullNode = (id: NodeId): boolean => id.namespace === 0 && id.kind === 'numeric' && id.value === 0;

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** `i=85`, `ns=2;s=LIT101`: as OPC 10000-6, 5.3.1.10 writes node ids. */
export function nodeIdText(id: NodeId): string {
  const place = id.namespace === 0 ? '' : `ns=${id.namespace};`;
  switch (id.kind) {
    case 'numeric':
      return `${place}i=${id.value}`;
    case 'string':
      return `${place}s=${id.value}`;
    case 'guid':
      return `${place}g=${id.value}`;
    case 'opaque':
      return `${place}b=${Buffer.from(id.value).toString('base64')}`;
  }
}

export function parseNodeId(text: string): NodeId | undefined {
  const match = /^(?:ns=(\d{1,5});)?([isgb])=(.*)$/s.exec(text);
  if (match === null) return undefined;
  const namespace = Number(match[1] ?? 0);
  const value = match[3] as string;
  switch (match[2]) {
    case 'i':
      return /^\d{1,10}$/.test(value) ? numericId(Number(value), namespace) : undefined;
    case 's':
      return stringId(value, namespace);
    case 'g':
      return { namespace, kind: 'guid', value: value.toLowerCase() };
    default:
      return { namespace, kind: 'opaque', value: new Uint8Array(Buffer.from(value, 'base64')) };
  }
}

/** `72962b91-fa75-4ae6-8d28-b404dc7daf63`: the first three groups are numbers and little-endian on the wire. */
function readGuid(reader: Reader): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const first = `${hex(reader.u32(), 8)}-${hex(reader.u16(), 4)}-${hex(reader.u16(), 4)}`;
  const rest = hexOf(reader.bytes(8)).padStart(16, '0');
  return `${first}-${rest.slice(0, 4)}-${rest.slice(4)}`;
}

function writeGuid(writer: Writer, guid: string): void {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(guid)) throw refused(`'${guid}' is no GUID`);
  const [a, b, c, d, e] = guid.split('-') as [string, string, string, string, string];
  writer.u32(Number.parseInt(a, 16));
  writer.u16(Number.parseInt(b, 16));
  writer.u16(Number.parseInt(c, 16));
  writer.bytes(Buffer.from(d + e, 'hex'));
}

function readIdentifier(reader: Reader, form: number): NodeId {
  switch (form) {
    case 0:
      return numericId(reader.u8());
    case 1: {
      const namespace = reader.u8();
      return numericId(reader.u16(), namespace);
    }
    case 2: {
      const namespace = reader.u16();
      return numericId(reader.u32(), namespace);
    }
    case 3: {
      const namespace = reader.u16();
      return stringId(reader.string() ?? '', namespace);
    }
    case 4: {
      const namespace = reader.u16();
      return { namespace, kind: 'guid', value: readGuid(reader) };
    }
    case 5: {
      const namespace = reader.u16();
      return { namespace, kind: 'opaque', value: reader.byteString() ?? new Uint8Array(0) };
    }
    default:
      reader.bad = true;
      return NULL_NODE;
  }
}

/** The form that a node id is written in: the shortest that holds it. */
export function encodingOf(id: NodeId): number {
  switch (id.kind) {
    case 'numeric':
      return id.namespace === 0 && id.value <= 0xff ? 0 : id.namespace <= 0xff && id.value <= 0xffff ? 1 : 2;
    case 'string':
      return 3;
    case 'guid':
      return 4;
    case 'opaque':
      return 5;
  }
}

function writeIdentifier(writer: Writer, id: NodeId, flags: number): void {
  const form = encodingOf(id);
  writer.u8(form | flags);
  if (form === 0) writer.u8(id.value as number);
  else if (form === 1) {
    writer.u8(id.namespace);
    writer.u16(id.value as number);
  } else {
    writer.u16(id.namespace);
    if (id.kind === 'numeric') writer.u32(id.value);
    else if (id.kind === 'string') writer.string(id.value);
    else if (id.kind === 'guid') writeGuid(writer, id.value);
    else writer.byteString(id.value);
  }
}

export const nodeId: Type<NodeId> = {
  read: (reader) => readIdentifier(reader, reader.u8()),
  write: (writer, value) => writeIdentifier(writer, value, 0),
};

export const expandedNodeId: Type<ExpandedNodeId> = {
  read: (reader) => {
    const form = reader.u8();
    const id = readIdentifier(reader, form & 0x3f);
    if ((form & 0xc0) === 0) return id;
    const namespaceUri = (form & 0x80) !== 0 ? reader.string() : undefined;
    const serverIndex = (form & 0x40) !== 0 ? reader.u32() : undefined;
    return { ...id, namespaceUri, serverIndex };
  },
  write: (writer, value) => {
    const { namespaceUri, serverIndex } = value;
    writeIdentifier(writer, value, (namespaceUri === undefined ? 0 : 0x80) | (serverIndex === undefined ? 0 : 0x40));
    if (namespaceUri !== undefined) writer.string(namespaceUri);
    if (serverIndex !== undefined) writer.u32(serverIndex);
  },
};

export const qualifiedName = struct({ namespace: u16, name: string });
export type QualifiedName = Of<typeof qualifiedName>;

export interface LocalizedText {
  readonly locale?: string | undefined;
  readonly text?: string | undefined;
}
export const localizedText: Type<LocalizedText> = {
  read: (reader) => {
    const mask = reader.u8();
    const locale = (mask & 1) !== 0 ? reader.string() : undefined;
    const text = (mask & 2) !== 0 ? reader.string() : undefined;
    return { locale, text };
  },
  write: (writer, { locale, text }) => {
    writer.u8((locale === undefined ? 0 : 1) | (text === undefined ? 0 : 2));
    if (locale !== undefined) writer.string(locale);
    if (text !== undefined) writer.string(text);
  },
};

/** A structure in its bytes: its type is that of its encoding, not of the structure. */
export interface ExtensionObject {
  readonly typeId: NodeId;
  /** 0: no body, 1: binary, 2: XML. */
  readonly encoding: number;
  readonly body: Uint8Array;
}
const NO_BYTES = new Uint8Array(0);
export const NO_OBJECT: ExtensionObject = { typeId: NULL_NODE, encoding: 0, body: NO_BYTES };
export const extensionObject: Type<ExtensionObject> = {
  read: (reader) => {
    const typeId = nodeId.read(reader);
    const encoding = reader.u8();
    if (encoding > 2) reader.bad = true;
    const body = encoding === 0 ? NO_BYTES : (reader.byteString() ?? NO_BYTES);
    return typeId.kind === 'numeric' && typeId.value === 0 && encoding === 0 ? NO_OBJECT : { typeId, encoding, body };
  },
  write: (writer, { typeId, encoding, body }) => {
    nodeId.write(writer, typeId);
    writer.u8(encoding);
    if (encoding !== 0) writer.byteString(body);
  },
};

export interface DiagnosticInfo {
  readonly symbolicId?: number | undefined;
  readonly namespaceUri?: number | undefined;
  readonly locale?: number | undefined;
  readonly localizedText?: number | undefined;
  readonly additionalInfo?: string | undefined;
  readonly innerStatusCode?: number | undefined;
  readonly inner?: DiagnosticInfo | undefined;
}
/** Reads what may hold more of its kind. */
function deeper<T>(reader: Reader, otherwise: T, read: () => T): T {
  if (reader.depth >= MAX_DEPTH) {
    reader.bad = true;
    return otherwise;
  }
  reader.depth++;
  const value = read();
  reader.depth--;
  return value;
}
export const NO_DIAGNOSTICS: DiagnosticInfo = {};
export const diagnosticInfo: Type<DiagnosticInfo> = {
  read: (reader) => {
    const mask = reader.u8();
    if (mask === 0) return NO_DIAGNOSTICS;
    return {
      symbolicId: (mask & 0x01) !== 0 ? reader.i32() : undefined,
      namespaceUri: (mask & 0x02) !== 0 ? reader.i32() : undefined,
      locale: (mask & 0x08) !== 0 ? reader.i32() : undefined,
      localizedText: (mask & 0x04) !== 0 ? reader.i32() : undefined,
      additionalInfo: (mask & 0x10) !== 0 ? reader.string() : undefined,
      innerStatusCode: (mask & 0x20) !== 0 ? reader.u32() : undefined,
      inner: (mask & 0x40) !== 0 ? deeper(reader, NO_DIAGNOSTICS, () => diagnosticInfo.read(reader)) : undefined,
    };
  },
  write: (writer, value) => {
    const { symbolicId, namespaceUri, locale, localizedText: text, additionalInfo, innerStatusCode, inner } = value;
    writer.u8(diagnosticMask(value));
    if (symbolicId !== undefined) writer.i32(symbolicId);
    if (namespaceUri !== undefined) writer.i32(namespaceUri);
    if (locale !== undefined) writer.i32(locale);
    if (text !== undefined) writer.i32(text);
    if (additionalInfo !== undefined) writer.string(additionalInfo);
    if (innerStatusCode !== undefined) writer.u32(innerStatusCode);
    if (inner !== undefined) diagnosticInfo.write(writer, inner);
  },
};
/** Which fields of it there are, as its first byte says. */
export const diagnosticMask = (value: DiagnosticInfo): number =>
  (value.symbolicId === undefined ? 0 : 0x01) |
  (value.namespaceUri === undefined ? 0 : 0x02) |
  (value.localizedText === undefined ? 0 : 0x04) |
  (value.locale === undefined ? 0 : 0x08) |
  (value.additionalInfo === undefined ? 0 : 0x10) |
  (value.innerStatusCode === undefined ? 0 : 0x20) |
  (value.inner === undefined ? 0 : 0x40);

/** Numbers of the built-in types, which are those of their nodes too. */
export const BUILT_IN = {
  Null: 0,
  Boolean: 1,
  SByte: 2,
  Byte: 3,
  Int16: 4,
  UInt16: 5,
  Int32: 6,
  UInt32: 7,
  Int64: 8,
  UInt64: 9,
  Float: 10,
  Double: 11,
  String: 12,
  DateTime: 13,
  Guid: 14,
  ByteString: 15,
  XmlElement: 16,
  NodeId: 17,
  ExpandedNodeId: 18,
  StatusCode: 19,
  QualifiedName: 20,
  LocalizedText: 21,
  ExtensionObject: 22,
  DataValue: 23,
  Variant: 24,
  DiagnosticInfo: 25,
} as const;
export const BUILT_IN_NAMES: readonly string[] = Object.keys(BUILT_IN);

/** An element: number, bigint, boolean, string, … by its type. */
export type Scalar =
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | NodeId
  | ExpandedNodeId
  | QualifiedName
  | LocalizedText
  | ExtensionObject
  | DataValue
  | Variant
  | DiagnosticInfo
  | undefined;

export interface Variant {
  /** Of `BUILT_IN`. */
  readonly type: number;
  /** One value, or those of an array in the order of its last dimension. */
  readonly value: Scalar | readonly Scalar[];
  /** Lengths of an array of several dimensions. */
  readonly dimensions?: readonly number[] | undefined;
}
export const NO_VALUE: Variant = { type: 0, value: undefined };

const i64: Type<bigint> = { read: (r) => r.i64(), write: (w, v) => w.u64(BigInt.asUintN(64, v)) };
const ELEMENTS: readonly Type<never>[] = [
  { read: () => undefined, write: () => {} },
  { read: (r: Reader) => r.u8() !== 0, write: (w: Writer, v: boolean) => w.u8(v ? 1 : 0) },
  { read: (r: Reader) => r.i8(), write: (w: Writer, v: number) => w.u8(v) },
  { read: (r: Reader) => r.u8(), write: (w: Writer, v: number) => w.u8(v) },
  { read: (r: Reader) => r.i16(), write: (w: Writer, v: number) => w.u16(v) },
  { read: (r: Reader) => r.u16(), write: (w: Writer, v: number) => w.u16(v) },
  { read: (r: Reader) => r.i32(), write: (w: Writer, v: number) => w.u32(v) },
  { read: (r: Reader) => r.u32(), write: (w: Writer, v: number) => w.u32(v) },
  i64,
  { read: (r: Reader) => r.u64(), write: (w: Writer, v: bigint) => w.u64(v) },
  { read: (r: Reader) => r.f32(), write: (w: Writer, v: number) => w.f32(v) },
  { read: (r: Reader) => r.f64(), write: (w: Writer, v: number) => w.f64(v) },
  string,
  { read: (r: Reader) => r.time(), write: (w: Writer, v: number) => w.time(v) },
  { read: readGuid, write: writeGuid },
  { read: (r: Reader) => r.byteString(), write: (w: Writer, v: Uint8Array) => w.byteString(v) },
  string,
  nodeId,
  expandedNodeId,
  { read: (r: Reader) => r.u32(), write: (w: Writer, v: number) => w.u32(v) },
  qualifiedName,
  localizedText,
  extensionObject,
  { read: (r: Reader) => dataValue.read(r), write: (w: Writer, v: DataValue) => dataValue.write(w, v) },
  { read: (r: Reader) => variant.read(r), write: (w: Writer, v: Variant) => variant.write(w, v) },
  diagnosticInfo,
] as unknown as readonly Type<never>[];

const IS_ARRAY = 0x80;
const HAS_DIMENSIONS = 0x40;
const dimensionsType = array({ read: (r: Reader) => r.i32(), write: (w: Writer, v: number) => w.i32(v) });

export const variant: Type<Variant> = {
  read: (reader) =>
    deeper(reader, NO_VALUE, () => {
      const mask = reader.u8();
      const type = mask & 0x3f;
      if (type === 0) return NO_VALUE;
      // Numbers 26 to 31 are kept for later types, which are read as byte strings.
      const element = (ELEMENTS[type] ?? (type < 32 ? ELEMENTS[BUILT_IN.ByteString] : undefined)) as
        | Type<Scalar>
        | undefined;
      if (element === undefined) {
        reader.bad = true;
        return NO_VALUE;
      }
      if ((mask & IS_ARRAY) === 0) return { type, value: element.read(reader) };
      const value = array(element).read(reader);
      if ((mask & HAS_DIMENSIONS) === 0) return { type, value };
      return { type, value, dimensions: dimensionsType.read(reader) };
    }),
  write: (writer, { type, value, dimensions }) => {
    const element = ELEMENTS[type] as Type<Scalar> | undefined;
    if (element === undefined) throw refused(`there is no built-in type ${type}`);
    if (!Array.isArray(value)) {
      writer.u8(type);
      element.write(writer, value as Scalar);
      return;
    }
    writer.u8(type | IS_ARRAY | (dimensions === undefined ? 0 : HAS_DIMENSIONS));
    array(element).write(writer, value);
    if (dimensions !== undefined) dimensionsType.write(writer, dimensions);
  },
};

export interface DataValue {
  readonly value?: Variant | undefined;
  /** Good when left out. */
  readonly status?: number | undefined;
  /** Microseconds since 1970. */
  readonly sourceTimestamp?: number | undefined;
  readonly sourcePicoseconds?: number | undefined;
  readonly serverTimestamp?: number | undefined;
  readonly serverPicoseconds?: number | undefined;
}
export const dataValueMask = (value: DataValue): number =>
  (value.value === undefined ? 0 : 0x01) |
  (value.status === undefined ? 0 : 0x02) |
  (value.sourceTimestamp === undefined ? 0 : 0x04) |
  (value.serverTimestamp === undefined ? 0 : 0x08) |
  (value.sourcePicoseconds === undefined ? 0 : 0x10) |
  (value.serverPicoseconds === undefined ? 0 : 0x20);

export const dataValue: Type<DataValue> = {
  read: (reader) => {
    const mask = reader.u8();
    return {
      value: (mask & 0x01) !== 0 ? deeper(reader, NO_VALUE, () => variant.read(reader)) : undefined,
      status: (mask & 0x02) !== 0 ? reader.u32() : undefined,
      sourceTimestamp: (mask & 0x04) !== 0 ? reader.time() : undefined,
      sourcePicoseconds: (mask & 0x10) !== 0 ? reader.u16() : undefined,
      serverTimestamp: (mask & 0x08) !== 0 ? reader.time() : undefined,
      serverPicoseconds: (mask & 0x20) !== 0 ? reader.u16() : undefined,
    };
  },
  write: (writer, value) => {
    writer.u8(dataValueMask(value));
    if (value.value !== undefined) variant.write(writer, value.value);
    if (value.status !== undefined) writer.u32(value.status);
    if (value.sourceTimestamp !== undefined) writer.time(value.sourceTimestamp);
    if (value.sourcePicoseconds !== undefined) writer.u16(value.sourcePicoseconds);
    if (value.serverTimestamp !== undefined) writer.time(value.serverTimestamp);
    if (value.serverPicoseconds !== undefined) writer.u16(value.serverPicoseconds);
  },
};
