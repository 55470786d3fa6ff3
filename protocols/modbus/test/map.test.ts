import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeValue, type MapEntry, RegisterMap } from '../index.ts';
import { point, TestDevice, testPoints } from './device.ts';

const TYPES = ['uint16', 'int16', 'uint32', 'int32', 'float32'] as const;

describe('a register map', () => {
  it.each([
    [
      'two points at one address',
      [point('A', false, { address: 7 }), point('B', false, { address: 7 })],
      'B and A both take holding 7',
    ],
    [
      'a point within a 32-bit one',
      [point('A', false, { address: 7, type: 'float32' }), point('B', false, { address: 8 })],
      'B and A both take holding 8',
    ],
    ['a number in a table of bits', [point('A', false, { table: 'coil' })], 'A is uint16 in table coil'],
    [
      'a point beyond the last address',
      [point('A', false, { address: 65_535, type: 'int32' })],
      'beyond address 65535',
    ],
    ['a writable input', [point('A', true, { table: 'input' })], 'cannot be written'],
  ])('refuses %s and says what would be right', (_, points, message) => {
    expect(() => new RegisterMap(points, 'dosing-plc')).toThrow(message);
    expect(() => new RegisterMap(points, 'dosing-plc')).toThrow('dosing-plc');
  });

  it('keeps tables apart: the same address in each is another point', () => {
    const map = new RegisterMap([
      point('A', false, { address: 1 }),
      point('B', false, { table: 'input', address: 1 }),
      point('C', false, { table: 'coil', address: 1, type: 'bool' }),
      point('D', false, { table: 'discrete', address: 1, type: 'bool' }),
    ]);
    expect([map.holding, map.input, map.coil, map.discrete].map((table) => table.entries[0]?.tag)).toEqual([
      'A',
      'B',
      'C',
      'D',
    ]);
    expect(map.holding.covers(0, 2)).toBe(false);
    expect(map.holding.covers(1, 1)).toBe(true);
  });

  it('takes a point at the last address', () => {
    const map = new RegisterMap([point('A', false, { address: 65_535 })]);
    expect(map.holding.covers(65_535, 1)).toBe(true);
    expect(map.holding.covers(65_535, 2)).toBe(false);
  });

  it('a point without a Modbus address is not there', () => {
    const map = new RegisterMap([{ tag: 'A', writable: false }, point('B', false, { address: 3 })]);
    expect(map.entry(0)).toBeUndefined();
    expect(map.entry(1)?.address).toBe(3);
  });

  it('reads back what was encoded, in every type, word order and scale, as near as the register holds it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TYPES),
        fc.constantFrom('big' as const, 'little' as const),
        fc.constantFrom(1, 0.1, 0.01, 0.001, 10, 0.3),
        fc.double({ min: -3e9, max: 5e9, noNaN: true }),
        (type, wordOrder, scale, value) => {
          const map = new RegisterMap([point('A', true, { address: 5, type, wordOrder, scale })]);
          const entry = map.entry(0) as MapEntry;
          const data = new Uint8Array(4);
          const width = encodeValue(entry, value, data, 0);
          expect(width).toBe(entry.width);
          const out = new Float64Array(1);
          map.block('holding', 5, width).decode(data, 0, out);
          const lowest =
            { uint16: 0, int16: -0x8000, uint32: 0, int32: -0x8000_0000, float32: Number.NEGATIVE_INFINITY }[type] *
            scale;
          const highest =
            {
              uint16: 0xffff,
              int16: 0x7fff,
              uint32: 0xffff_ffff,
              int32: 0x7fff_ffff,
              float32: Number.POSITIVE_INFINITY,
            }[type] * scale;
          const expected = Math.min(highest, Math.max(lowest, value));
          const error = type === 'float32' ? Math.abs(value) * 2 ** -23 + 2 ** -148 * scale : scale / 2;
          expect(Math.abs((out[0] as number) - expected)).toBeLessThanOrEqual(
            error * (1 + 1e-9) + Math.abs(expected) * 1e-12,
          );
        },
      ),
    );
  });

  it('decimal scales give the nearest decimal number', () => {
    const map = new RegisterMap([point('A', false, { scale: 0.1 })]);
    const out = new Float64Array(1);
    map.block('holding', 0, 1).decode(Uint8Array.of(0, 3), 0, out);
    expect(out[0]).toBe(0.3);
  });

  it('a block holds the points that lie wholly in it and decodes what the server encodes', () => {
    const device = new TestDevice();
    for (let i = 0; i < device.values.length; i++) device.values[i] = (i % 7) * 3;
    const map = new RegisterMap(testPoints());
    expect(map.block('holding', 301, 4).entries.map(({ tag }) => tag)).toEqual(['uint32-little']);
    const block = map.block('holding', 300, 14);
    const registers = new Uint8Array(28);
    expect(map.holding.readRegisters(300, 14, device, registers, 0)).toBe(true);
    const values = new Float64Array(block.entries.length);
    block.decode(registers, 0, values);
    expect([...values]).toEqual(
      block.entries.map(({ point: index, tag }) =>
        tag === 'bool' ? Number(device.values[index] !== 0) : device.values[index],
      ),
    );
  });

  it('a block of bits decodes too', () => {
    const device = new TestDevice();
    const map = new RegisterMap(testPoints());
    const block = map.block('discrete', 11, 9);
    const bits = new Uint8Array(2);
    map.discrete.readBits(11, 9, device, bits, 0);
    const values = new Float64Array(9);
    block.decode(bits, 0, values);
    expect([...values]).toEqual(block.entries.map(({ point: index }) => device.values[index]));
  });
});
