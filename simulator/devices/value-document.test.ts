import type { Instant, PlantSpec } from '@penstock/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TagStore } from './tag-store.ts';
import { ValueDocuments } from './value-document.ts';

const TAGS = ['LIT101', 'LIT10', 'AIT402', 'P101', 'XS901', 'FIC103_SP'];
const plant = { tags: TAGS.map((id) => ({ id })) } as unknown as PlantSpec;
const NOW = 12_345_678 as Instant;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (document: Uint8Array): string => new TextDecoder().decode(document);

function side(): { store: TagStore; documents: ValueDocuments } {
  const store = new TagStore(TAGS.length);
  const indexOf = (tag: string) => (TAGS.includes(tag) ? TAGS.indexOf(tag) : undefined);
  return { store, documents: new ValueDocuments(plant, store, indexOf) };
}

const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }), fc.integer());

test('writes what JSON.stringify would, in single precision, without what was never received', () => {
  const { store, documents } = side();
  fc.assert(
    fc.property(
      fc.array(fc.record({ tag: fc.nat(TAGS.length - 1), value }), { maxLength: 4 }),
      fc.array(fc.nat(TAGS.length - 1), { maxLength: 20 }),
      (puts, order) => {
        for (const put of puts) store.put(put.tag, put.value, NOW);
        const parts = order
          .filter((tag) => store.has(tag))
          .map((tag) => `${JSON.stringify(TAGS[tag])}:${JSON.stringify(Math.fround(store.values[tag] as number))}`);
        expect(text(documents.write(order, NOW))).toBe(`{"time":12,"values":{${parts.join(',')}}}`);
      },
    ),
  );
});

test('reads back what was written, in any order of the tags', () => {
  const from = side();
  const to = side();
  fc.assert(
    fc.property(
      fc.array(value, { minLength: TAGS.length, maxLength: TAGS.length }),
      fc.shuffledSubarray(TAGS.map((_, i) => i)),
      (values, order) => {
        for (const [tag, each] of values.entries()) from.store.put(tag, each, NOW);
        to.store.values.fill(Number.NaN);
        expect(to.documents.take(from.documents.write(order, NOW), NOW)).toBeUndefined();
        const expected = TAGS.map((_, tag) => (order.includes(tag) ? Math.fround(values[tag] as number) : Number.NaN));
        // The wire has no negative zero.
        expect([...to.store.values].map((v) => v + 0)).toEqual(expected.map((v) => v + 0));
      },
    ),
  );
});

/** What JSON.parse makes of a body. */
function byParser(body: string): { wrong: boolean; values: Map<string, unknown> } {
  const values = new Map<string, unknown>();
  try {
    const parsed = JSON.parse(body).values;
    if (typeof parsed !== 'object' || parsed === null) return { wrong: true, values };
    for (const [tag, each] of Object.entries(parsed)) {
      if (typeof each !== 'number' || !TAGS.includes(tag)) return { wrong: true, values };
      values.set(tag, each);
    }
    return { wrong: false, values };
  } catch {
    return { wrong: true, values };
  }
}

test('takes of any text what a JSON parser takes, and nothing of a text that is none', () => {
  const whole = '{"time":12,"values":{"LIT101":-2.5e+1,"P101":0,"AIT402":0.125,"LIT101":7}}';
  const piece = fc.constantFrom(
    '"',
    ':',
    ',',
    '}',
    '{',
    ' ',
    '-',
    '.',
    'e',
    '0',
    '01',
    '1e999',
    '+',
    'null',
    '"LIT10"',
    '\u00e4',
  );
  const { store, documents } = side();
  fc.assert(
    fc.property(fc.nat(whole.length), fc.nat(3), piece, (at, cut, inserted) => {
      const body = whole.slice(0, at) + inserted + whole.slice(at + cut);
      store.values.fill(Number.NaN);
      const { wrong, values } = byParser(body);
      expect(documents.take(bytes(body), NOW) !== undefined).toBe(wrong);
      for (const [tag, id] of TAGS.entries()) expect(store.values[tag]).toBe(values.get(id) ?? Number.NaN);
    }),
    { numRuns: 3000 },
  );
});

test('says what is wrong', () => {
  const { documents } = side();
  expect(documents.take(bytes('{"time":1,"values":{"LIT101":1}'), NOW)).toBe('the body is not JSON');
  expect(documents.take(bytes('{"time":1}'), NOW)).toBe("there is no object 'values'");
  expect(documents.take(bytes('{"time":1,"values":{"LIT101":"1"}}'), NOW)).toBe("'LIT101' is no number");
  expect(documents.take(bytes('{"time":1,"values":{"LIT999":1}}'), NOW)).toBe("there is no tag 'LIT999'");
});
