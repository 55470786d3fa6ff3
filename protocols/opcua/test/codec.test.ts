import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BUILT_IN,
  chunkHeader,
  type DataValue,
  dataValue,
  diagnosticInfo,
  expandedNodeId,
  extensionObject,
  type NodeId,
  nodeId,
  nodeIdText,
  OpcUaReader,
  OpcUaWriter,
  parseNodeId,
  SERVICES,
  type ServiceName,
  type Variant,
  variant,
} from '../index.ts';
import type { Type } from '../types.ts';

function bytesOf<T>(type: Type<T>, value: T): Uint8Array {
  const writer = new OpcUaWriter();
  type.write(writer, value);
  return writer.take();
}

function decoded<T>(type: Type<T>, bytes: Uint8Array): { value: T; whole: boolean } {
  const reader = new OpcUaReader(bytes);
  const value = type.read(reader);
  return { value, whole: !reader.bad && reader.left === 0 };
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

const name = fc.string({ maxLength: 12, unit: 'binary' }).map((text) => text.toWellFormed());
const guid = fc.uuid().map((text) => text.toLowerCase());
const bytes = fc.uint8Array({ maxLength: 24 });
const namespace = fc.nat({ max: 0xffff });
const anyNode: fc.Arbitrary<NodeId> = fc.oneof(
  fc.record({ namespace, kind: fc.constant('numeric' as const), value: fc.nat({ max: 0xffff_ffff }) }),
  fc.record({ namespace, kind: fc.constant('string' as const), value: name }),
  fc.record({ namespace, kind: fc.constant('guid' as const), value: guid }),
  fc.record({ namespace, kind: fc.constant('opaque' as const), value: bytes }),
);
/** Whole microseconds of the years 1601 to 9999; 0 is no time. */
const time = fc.integer({ min: -11_644_473_599_000_000, max: 253_402_300_799_000_000 / 1.001 }).map(Math.floor);
const SCALARS: Readonly<Record<number, fc.Arbitrary<unknown>>> = {
  [BUILT_IN.Boolean]: fc.boolean(),
  [BUILT_IN.SByte]: fc.integer({ min: -128, max: 127 }),
  [BUILT_IN.Byte]: fc.nat({ max: 255 }),
  [BUILT_IN.Int16]: fc.integer({ min: -32_768, max: 32_767 }),
  [BUILT_IN.UInt16]: fc.nat({ max: 65_535 }),
  [BUILT_IN.Int32]: fc.integer(),
  [BUILT_IN.UInt32]: fc.nat({ max: 0xffff_ffff }),
  [BUILT_IN.Int64]: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  [BUILT_IN.UInt64]: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  [BUILT_IN.Float]: fc.float({ noNaN: true }),
  [BUILT_IN.Double]: fc.double({ noNaN: true }),
  [BUILT_IN.String]: fc.option(name, { nil: undefined }),
  [BUILT_IN.DateTime]: fc.integer({ min: 1, max: 4_000_000_000_000_000 }),
  [BUILT_IN.Guid]: guid,
  [BUILT_IN.ByteString]: fc.option(bytes, { nil: undefined }),
  [BUILT_IN.NodeId]: anyNode,
  [BUILT_IN.StatusCode]: fc.nat({ max: 0xffff_ffff }),
  [BUILT_IN.QualifiedName]: fc.record({ namespace, name }),
  [BUILT_IN.LocalizedText]: fc.record({ locale: fc.option(name, { nil: undefined }), text: name }),
  [BUILT_IN.ExtensionObject]: fc.record({
    typeId: anyNode.filter((id) => id.kind !== 'numeric' || id.value !== 0),
    encoding: fc.constant(1),
    body: bytes,
  }),
};
const anyVariant: fc.Arbitrary<Variant> = fc.constantFrom(...Object.keys(SCALARS).map(Number)).chain((type) => {
  const scalar = SCALARS[type] as fc.Arbitrary<never>;
  return fc.oneof(
    scalar.map((value) => ({ type, value })),
    fc.array(scalar, { maxLength: 5 }).map((value) => ({ type, value })),
    fc.array(scalar, { minLength: 4, maxLength: 4 }).map((value) => ({ type, value, dimensions: [2, 2] })),
  );
});
const anyDataValue: fc.Arbitrary<DataValue> = fc.record({
  value: fc.option(anyVariant, { nil: undefined }),
  status: fc.option(fc.nat({ max: 0xffff_ffff }), { nil: undefined }),
  sourceTimestamp: fc.option(fc.integer({ min: 1, max: 4e15 }), { nil: undefined }),
  sourcePicoseconds: fc.option(fc.nat({ max: 9999 }), { nil: undefined }),
  serverTimestamp: fc.option(fc.integer({ min: 1, max: 4e15 }), { nil: undefined }),
  serverPicoseconds: fc.option(fc.nat({ max: 9999 }), { nil: undefined }),
});

describe('values of OPC UA', () => {
  // Examples of OPC 10000-6, 5.2.2.9 and 5.2.2.6.
  it.each([
    ['i=72', nodeId, '00 48'],
    ['ns=5;i=1025', nodeId, '01 05 01 04'],
    ['ns=1;s=Hot水', nodeId, '03 01 00 06 00 00 00 48 6f 74 e6 b0 b4'],
    ['ns=0;g=72962b91-fa75-4ae6-8d28-b404dc7daf63', nodeId, '04 00 00 91 2b 96 72 75 fa e6 4a 8d 28 b4 04 dc 7d af 63'],
  ] as const)('%s is written as the standard shows', (text, type, wire) => {
    const id = parseNodeId(text) as NodeId;
    expect(bytesOf(type, id)).toEqual(hex(wire));
    expect(decoded(type, hex(wire))).toEqual({ value: id, whole: true });
    expect(nodeIdText(id)).toBe(text.replace('ns=0;', ''));
  });

  it('writes a time as 100 ns since 1601', () => {
    const writer = new OpcUaWriter();
    writer.time(Date.UTC(2026, 0, 1) * 1000);
    expect(new OpcUaReader(writer.take()).u64()).toBe(134_116_992_000_000_000n);
    fc.assert(
      fc.property(time, (at) => {
        const out = new OpcUaWriter();
        out.time(at);
        expect(new OpcUaReader(out.take()).time()).toBe(at);
      }),
    );
  });

  it('reads every value that it writes', () => {
    fc.assert(
      fc.property(anyDataValue, (value) => {
        expect(decoded(dataValue, bytesOf(dataValue, value))).toEqual({ value, whole: true });
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(
        anyNode,
        fc.option(name, { nil: undefined }),
        fc.option(fc.nat(), { nil: undefined }),
        (id, uri, index) => {
          const value =
            uri === undefined && index === undefined ? id : { ...id, namespaceUri: uri, serverIndex: index };
          expect(decoded(expandedNodeId, bytesOf(expandedNodeId, value))).toEqual({ value, whole: true });
        },
      ),
    );
  });

  it('takes a diagnosis within a diagnosis so deep and no deeper', () => {
    let inner = {};
    for (let i = 0; i < 8; i++) inner = { symbolicId: i, inner };
    expect(decoded(diagnosticInfo, bytesOf(diagnosticInfo, inner)).whole).toBe(true);
    expect(decoded(diagnosticInfo, new Uint8Array(200).fill(0x40)).whole).toBe(false);
    expect(decoded(variant, new Uint8Array(200).fill(24)).whole).toBe(false);
  });

  it('refuses an array that is longer than what there is', () => {
    expect(decoded(variant, hex('8b ff ff ff 7f 00')).whole).toBe(false);
    expect(decoded(extensionObject, hex('00 01 05')).whole).toBe(false);
  });

  it('never throws on any bytes, in any structure', () => {
    const names = Object.keys(SERVICES) as ServiceName[];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.uint8Array({ maxLength: 200 }), (service, content) => {
        for (const type of [SERVICES[service].request, SERVICES[service].response] as Type<unknown>[])
          expect(() => type.read(new OpcUaReader(content))).not.toThrow();
        expect(() => content.length >= 8 && chunkHeader(content, 0)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});
