/** Values of every object in the library, for property tests. */
import fc from 'fast-check';
import type { ObjectBlock, ObjectItem, ObjectRange, ObjectValue } from '../index.ts';
import type { NumberForm, ObjectForm, ObjectType } from '../objects.ts';

const u8 = fc.nat(255);
const u16 = fc.nat(65_535);
const u32 = fc.nat(0xffff_ffff);
const u48 = fc.nat(0xffff_ffff_ffff);
const octets = fc.uint8Array({ maxLength: 20 });
/** Octets as characters 0 to 255. */
const text = octets.map((list) => String.fromCharCode(...list));

const NUMBERS: Record<NumberForm, fc.Arbitrary<number>> = {
  u8,
  u16,
  u32,
  i16: u16.map((value) => (value << 16) >> 16),
  i32: u32.map((value) => value | 0),
  f32: fc.float({ noNaN: true }),
  f64: fc.double({ noNaN: true }),
};

const as = <T extends string, F extends object>(type: T, fields: { [K in keyof F]: fc.Arbitrary<F[K]> }) =>
  fc.record({ type: fc.constant(type), ...fields } as never) as unknown as fc.Arbitrary<ObjectValue>;

const block = { handle: u32, block: fc.nat(0x7fff_ffff), last: fc.boolean() };

const attribute: fc.Arbitrary<ObjectValue> = fc.oneof(
  as('attribute', { dataType: fc.constant('text'), value: text }),
  as('attribute', { dataType: fc.constantFrom('octets', 'bits'), value: octets }),
  ...([1, 2, 4] as const).flatMap((size) => {
    const signed = { 1: u8.map((v) => (v << 24) >> 24), 2: NUMBERS.i16, 4: NUMBERS.i32 }[size];
    const unsigned = { 1: u8, 2: u16, 4: u32 }[size];
    return [
      as('attribute', { dataType: fc.constant('unsigned'), size: fc.constant(size), value: unsigned }),
      as('attribute', { dataType: fc.constant('signed'), size: fc.constant(size), value: signed }),
    ];
  }),
  as('attribute', { dataType: fc.constant('float'), size: fc.constant(4), value: NUMBERS.f32 }),
  as('attribute', { dataType: fc.constant('float'), size: fc.constant(8), value: NUMBERS.f64 }),
  as('attribute', { dataType: fc.constant('time'), value: u48 }),
  as('attribute', {
    dataType: fc.constant('list'),
    value: fc.array(fc.record({ variation: u8, properties: u8 }), { maxLength: 250 }),
  }),
  as('attribute', { dataType: fc.constant('other'), code: fc.integer({ min: 8, max: 253 }), value: octets }),
);

function ofForm(form: ObjectForm, variation: number): fc.Arbitrary<ObjectValue> {
  switch (form.kind) {
    case 'packed':
      return form.bits === 1 ? as('binary', { value: fc.boolean() }) : as('double-bit', { value: fc.nat(3) });
    case 'point': {
      const state = form.type === 'binary' ? fc.boolean() : form.type === 'double-bit' ? fc.nat(3) : undefined;
      const flags = form.type === 'binary' ? fc.nat(127) : form.type === 'double-bit' ? fc.nat(63) : u8;
      return as(form.type, {
        value: state ?? NUMBERS[form.number as NumberForm],
        ...(form.flags ? { flags } : {}),
        ...(form.time === 'absolute' ? { time: u48 } : {}),
        ...(form.time === 'relative' ? { relativeTime: u16 } : {}),
      } as { value: fc.Arbitrary<unknown> });
    }
    case 'analog-command':
      return as(form.kind, { value: NUMBERS[form.number], status: u8 });
    case 'binary-command-event':
      return as(form.kind, { value: fc.boolean(), status: fc.nat(127), ...(form.time ? { time: u48 } : {}) });
    case 'analog-command-event':
      return as(form.kind, { value: NUMBERS[form.number], status: u8, ...(form.time ? { time: u48 } : {}) });
    case 'crob':
      return as(form.kind, {
        ...{ operation: fc.nat(15), queue: fc.boolean(), clear: fc.boolean(), tripClose: fc.nat(3) },
        ...{ count: u8, onTime: u32, offTime: u32, status: fc.nat(127) },
      });
    case 'time':
      return as('time', { time: u48 });
    case 'time-interval':
      return as('time-interval', { time: u48, interval: u32 });
    case 'time-interval-units':
      return as('time-interval', { time: u48, interval: u32, units: u8 });
    case 'delay':
      return as('delay', { delay: u16 });
    case 'buffer-status':
      return as(form.kind, { overflow: u8, group: u8, variation: u8 });
    case 'private':
      return as(form.kind, { vendor: fc.constant('ABCD'), id: u16, octets });
    case 'security-statistic':
      return as(form.kind, { flags: u8, association: u16, value: u32, ...(form.time ? { time: u48 } : {}) });
    case 'bcd':
      return as(form.kind, {
        digits: fc
          .uint8Array({ minLength: form.octets, maxLength: form.octets })
          .map((list) => Buffer.from(list).toString('hex').toUpperCase()),
      });
    case 'unsigned':
      return as(form.kind, { value: NUMBERS[form.number] });
    case 'octets': {
      const length = form.octets === 'variation' ? variation : form.octets;
      return as(form.kind, {
        octets: length === 'prefix' ? octets : fc.uint8Array({ minLength: length, maxLength: length }),
      });
    }
    case 'attribute':
      return attribute;
    case 'file-authentication':
      return as(form.kind, { user: text, password: text, key: u32 });
    case 'file-command':
      return as(form.kind, {
        ...{
          name: text,
          created: u48,
          permissions: u16,
          key: u32,
          size: u32,
          mode: u16,
          maxBlock: u16,
          requestId: u16,
        },
      });
    case 'file-status':
      return as(form.kind, { handle: u32, size: u32, maxBlock: u16, requestId: u16, status: u8, text });
    case 'file-transport':
      return as(form.kind, { ...block, octets });
    case 'file-transport-status':
      return as(form.kind, { ...block, status: u8, text });
    case 'file-descriptor':
      return as(form.kind, {
        name: text,
        fileType: fc.oneof(fc.constantFrom('directory', 'file'), fc.integer({ min: 2, max: 65_535 })),
        ...{ size: u32, created: u48, permissions: u16, requestId: u16 },
      });
    case 'name':
      return as(form.kind, { name: text });
    case 'activation-status':
      return as(form.kind, { delay: u32, elements: fc.array(fc.record({ status: u8, octets }), { maxLength: 5 }) });
    case 'none':
      throw new Error('there is no such object');
  }
}

/** Blocks with one to eight objects of a type, under a qualifier of each kind that they may have. */
export function blocksOf(type: ObjectType, variation: number): fc.Arbitrary<ObjectBlock> {
  const value = ofForm(type.form, variation);
  const { kind } = type.form;
  const isPacked = kind === 'packed';
  const isSelfSized = type.octets !== undefined || isPacked || kind === 'attribute' || kind === 'private';
  const needsPrefix = !isSelfSized && !(type.form.kind === 'octets' && type.form.octets === 'variation');
  const qualifiers: readonly number[] = needsPrefix
    ? [0x4b, 0x5b, 0x6b]
    : isPacked
      ? [0, 1, 2, 7, 8, 9]
      : [0, 1, 2, 7, 8, 9, 0x17, 0x28, 0x39, 0x5b];
  const values = fc.array(value, { minLength: 1, maxLength: 8 });
  return fc
    .tuple(fc.constantFrom(...qualifiers), values, fc.nat(200), fc.array(fc.nat(255), { minLength: 8, maxLength: 8 }))
    .map(([qualifier, list, first, indices]) => {
      const low = qualifier & 0x0f;
      const range: ObjectRange =
        low <= 2
          ? { kind: 'start-stop', start: first, stop: first + list.length - 1 }
          : qualifier >= 0x40
            ? { kind: 'sized' }
            : qualifier >= 0x10
              ? { kind: 'indices' }
              : { kind: 'count', count: list.length };
      const index = (i: number): number =>
        range.kind === 'start-stop' ? first + i : range.kind === 'indices' ? (indices[i] as number) : i;
      const items: ObjectItem[] = list.map((item, i) => ({ index: index(i), value: item }));
      return { group: type.group, variation, qualifier, range, items };
    });
}
