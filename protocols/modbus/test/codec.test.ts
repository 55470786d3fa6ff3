import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharedPath } from '../../../tests/judges.ts';
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  functionName,
  type Request,
  type Response,
} from '../index.ts';
import { bytes, hex } from './device.ts';

// Examples of the specification (V1.1b3, clause 6), request and response of every function.
const REQUESTS: readonly [string, Request][] = [
  ['01 0013 0013', { function: 1, address: 19, quantity: 19 }],
  ['02 00c4 0016', { function: 2, address: 196, quantity: 22 }],
  ['03 006b 0003', { function: 3, address: 107, quantity: 3 }],
  ['04 0008 0001', { function: 4, address: 8, quantity: 1 }],
  ['05 00ac ff00', { function: 5, address: 172, value: true }],
  ['06 0001 0003', { function: 6, address: 1, value: 3 }],
  ['07', { function: 7 }],
  ['08 0000 a537', { function: 8, subfunction: 0, data: bytes('a537') }],
  ['0b', { function: 11 }],
  ['0c', { function: 12 }],
  ['0f 0013 000a 02 cd01', { function: 15, address: 19, values: [...'1011001110'].map((c) => c === '1') }],
  ['10 0001 0002 04 000a 0102', { function: 16, address: 1, values: [10, 258] }],
  ['11', { function: 17 }],
  [
    '14 0e 06 0004 0001 0002 06 0003 0009 0002',
    {
      function: 20,
      references: [
        { file: 4, record: 1, length: 2 },
        { file: 3, record: 9, length: 2 },
      ],
    },
  ],
  [
    '15 0d 06 0004 0007 0003 06af 04be 100d',
    { function: 21, records: [{ file: 4, record: 7, data: bytes('06af04be100d') }] },
  ],
  ['16 0004 00f2 0025', { function: 22, address: 4, andMask: 0xf2, orMask: 0x25 }],
  [
    '17 0003 0006 000e 0003 06 00ff 00ff 00ff',
    { function: 23, readAddress: 3, readQuantity: 6, writeAddress: 14, values: [255, 255, 255] },
  ],
  ['18 04de', { function: 24, address: 0x4de }],
  ['2b 0e 01 00', { function: 43, mei: 14, access: 1, object: 0 }],
  ['2b 0d 0102', { function: 43, mei: 13, data: bytes('0102') }],
];

const RESPONSES: readonly [string, Response][] = [
  ['01 01 cd', { function: 1, bits: [...'10110011'].map((c) => c === '1') }],
  ['03 06 022b 0000 0064', { function: 3, registers: [555, 0, 100] }],
  ['05 00ac ff00', { function: 5, address: 172, value: true }],
  ['06 0001 0003', { function: 6, address: 1, value: 3 }],
  ['07 6d', { function: 7, status: 0x6d }],
  ['08 0000 a537', { function: 8, subfunction: 0, data: bytes('a537') }],
  ['0b ffff 0108', { function: 11, status: 0xffff, count: 264 }],
  ['0c 08 0000 0108 0121 2000', { function: 12, status: 0, eventCount: 264, messageCount: 289, events: bytes('2000') }],
  ['0f 0013 000a', { function: 15, address: 19, quantity: 10 }],
  ['10 0001 0002', { function: 16, address: 1, quantity: 2 }],
  ['11 03 0102ff', { function: 17, data: bytes('0102ff') }],
  ['14 0c 05 06 0dfe 0020 05 06 33cd 0040', { function: 20, data: [bytes('0dfe0020'), bytes('33cd0040')] }],
  [
    '15 0d 06 0004 0007 0003 06af 04be 100d',
    { function: 21, records: [{ file: 4, record: 7, data: bytes('06af04be100d') }] },
  ],
  ['16 0004 00f2 0025', { function: 22, address: 4, andMask: 0xf2, orMask: 0x25 }],
  ['17 0c 00fe 0acd 0001 0003 000d 00ff', { function: 23, registers: [254, 2765, 1, 3, 13, 255] }],
  ['18 0006 0002 01b8 1284', { function: 24, registers: [440, 4740] }],
  [
    '2b 0e 01 01 00 00 01 00 03 414243',
    {
      function: 43,
      mei: 14,
      access: 1,
      conformity: 1,
      moreFollows: false,
      nextObject: 0,
      objects: [{ object: 0, value: bytes('414243') }],
    },
  ],
  ['83 02', { function: 3, exception: 2 }],
];

describe('Modbus codec', () => {
  it.each(REQUESTS)('request %s both ways', (text, message) => {
    expect(hex(encodeRequest(message))).toBe(text.replaceAll(' ', ''));
    expect(decodeRequest(bytes(text))).toEqual({ status: 'ok', message });
  });

  it.each(RESPONSES)('response %s both ways', (text, message) => {
    expect(hex(encodeResponse(message))).toBe(text.replaceAll(' ', ''));
    expect(decodeResponse(bytes(text))).toEqual({ status: 'ok', message });
  });

  it.each([
    ['00', 'not a function code'],
    ['81 02', 'not a function code'],
    ['01 0000 0000', 'quantity 0'],
    ['01 0000 07d1', 'quantity 2001'],
    ['03 0000 007e', 'quantity 126'],
    ['03 0000', 'takes 5 bytes'],
    ['05 0000 0001', '0x0000 or 0xff00'],
    ['0f 0000 07b1 f7 00', 'quantity 1969'],
    ['0f 0000 0009 01 00', '9 coils take 2 bytes'],
    ['10 0000 007c f8 0000', 'quantity 124'],
    ['10 0000 0002 02 0000', 'take 4 bytes'],
    ['14 07 05 0001 0000 0001', 'reference type 5'],
    ['14 07 06 0000 0000 0001', 'numbered from 1'],
    ['14 07 06 0001 2710 0001', 'beyond 9999'],
    ['14 06 06 0001 0000 00', 'announced as 6'],
    ['15 09 06 0001 0000 0002 0000', 'longer than the request'],
    ['17 0000 007e 0000 0001 02 0000', 'quantity 126 to read'],
    ['17 0000 0001 0000 007a f4 0000', 'quantity 122 to write'],
    ['2b', 'MEI type is missing'],
    ['2b 0f', 'MEI type 15 is reserved'],
    ['2b 0e 05 00', 'read device id code 5'],
  ])('calls the request %s illegal', (text, reason) => {
    expect(decodeRequest(bytes(text))).toEqual({ status: 'illegal', reason: expect.stringContaining(reason) });
  });

  it.each(['41 00', '5a 0010', '64', '09 01'])('calls the request %s unsupported, which is another thing', (text) => {
    expect(decodeRequest(bytes(text)).status).toBe('unsupported');
    expect(decodeResponse(bytes(text)).status).toBe('unsupported');
  });

  it('refuses to encode what the standard forbids, saying what would be right', () => {
    expect(() => encodeRequest({ function: 3, address: 0, quantity: 126 })).toThrow(
      'quantity must be a whole number of 1 to 125, not 126',
    );
    expect(() => encodeRequest({ function: 6, address: 0, value: 65_536 })).toThrow('0 to 65535, not 65536');
    expect(() => encodeRequest({ function: 16, address: 0, values: [] })).toThrow('1 to 123, not 0');
  });

  it('returns a result for any bytes, and what it accepts encodes to the same bytes again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 253 }), fc.integer({ min: 1, max: 43 }), (data, code) => {
        if (data.length > 0) data[0] = code;
        const request = decodeRequest(data);
        if (request.status === 'ok') expect(hex(encodeRequest(request.message))).toBe(hex(data));
        decodeResponse(data);
      }),
      { numRuns: 5000 },
    );
  });

  it('encodes and decodes random reads, writes and masks', () => {
    const u16 = fc.nat(0xffff);
    const arbitrary: fc.Arbitrary<Request> = fc.oneof(
      fc.record({
        function: fc.constantFrom(1 as const, 2 as const),
        address: u16,
        quantity: fc.integer({ min: 1, max: 2000 }),
      }),
      fc.record({
        function: fc.constantFrom(3 as const, 4 as const),
        address: u16,
        quantity: fc.integer({ min: 1, max: 125 }),
      }),
      fc.record({
        function: fc.constant(15 as const),
        address: u16,
        values: fc.array(fc.boolean(), { minLength: 1, maxLength: 1968 }),
      }),
      fc.record({
        function: fc.constant(16 as const),
        address: u16,
        values: fc.array(u16, { minLength: 1, maxLength: 123 }),
      }),
      fc.record({ function: fc.constant(22 as const), address: u16, andMask: u16, orMask: u16 }),
      fc.record({
        function: fc.constant(23 as const),
        readAddress: u16,
        readQuantity: fc.integer({ min: 1, max: 125 }),
        writeAddress: u16,
        values: fc.array(u16, { minLength: 1, maxLength: 121 }),
      }),
    );
    fc.assert(
      fc.property(arbitrary, (message) => {
        expect(decodeRequest(encodeRequest(message))).toEqual({ status: 'ok', message });
      }),
    );
  });

  it('names functions as Zeek does', () => {
    expect([1, 17, 43, 0x83, 29, 156].map(functionName)).toEqual([
      'READ_COILS',
      'REPORT_SLAVE_ID',
      'ENCAP_INTERFACE_TRANSPORT',
      'READ_HOLDING_REGISTERS_EXCEPTION',
      'unknown-29',
      'unknown-156',
    ]);
  });

  const names = sharedPath('captures/cisagov+icsnpp-modbus/testing/baseline/analyzer.basic/modbus.log');
  it.skipIf(names === undefined)('knows every name in a log of Zeek', () => {
    const known = new Set(Array.from({ length: 256 }, (_, code) => functionName(code)));
    for (const line of readFileSync(names as string, 'utf8').split('\n'))
      if (line && !line.startsWith('#')) expect(known).toContain(line.split('\t')[6]);
  });
});
