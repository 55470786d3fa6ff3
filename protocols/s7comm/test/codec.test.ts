import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AnyAddress,
  decodeBlockArgument,
  decodeContent,
  decodeCotp,
  decodeS7,
  encodeBlockArgument,
  encodeContent,
  encodeCotp,
  encodeS7,
  encodeTpkt,
  type ItemAddress,
  type S7Clock,
  type S7Message,
  TpktReader,
  type UserdataContent,
  type UserdataMessage,
} from '../index.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hexOf = (data: Uint8Array): string => Buffer.from(data).toString('hex');
const prove = process.env.PENSTOCK_PROVE === '1';
const FRAMES = prove ? 1_000_000 : 20_000;

const item = (transportSize: number, count: number, db: number, area: number, address: number): AnyAddress => ({
  syntax: 'any',
  transportSize,
  count,
  db,
  area,
  address,
});
const file = (type: string, number: number, filesystem: string) => ({ type, number, filesystem });

// Job, answer and user data as controllers and engineering tools send them.
const MESSAGES: readonly [string, S7Message][] = [
  [
    '32010000000000080000 f0000001000101e0',
    { rosctr: 'job', reference: 0, body: { function: 'setup', maxCalling: 1, maxCalled: 1, pduLength: 480 } },
  ],
  [
    '320300000000000800000000 f0000001000100f0',
    {
      rosctr: 'ack-data',
      reference: 0,
      error: 0,
      body: { function: 'setup', maxCalling: 1, maxCalled: 1, pduLength: 240 },
    },
  ],
  [
    '320100001900000e0000 0401120a10080001000083000080',
    { rosctr: 'job', reference: 0x1900, body: { function: 'read', items: [item(8, 1, 0, 0x83, 128)] } },
  ],
  [
    '32030000190000020008 0000 0401 ff07000400000000',
    {
      rosctr: 'ack-data',
      reference: 0x1900,
      error: 0,
      body: { function: 'read', results: [{ code: 255, transport: 7, bytes: bytes('00000000') }] },
    },
  ],
  [
    '320100001800000e0008 0501120a10080001000083000080 0007000479e9f642',
    {
      rosctr: 'job',
      reference: 0x1800,
      body: {
        function: 'write',
        items: [item(8, 1, 0, 0x83, 128)],
        data: [{ code: 0, transport: 7, bytes: bytes('79e9f642') }],
      },
    },
  ],
  [
    '320300001a000002000500000505 ffffff0303',
    { rosctr: 'ack-data', reference: 0x1a00, error: 0, body: { function: 'write', codes: [255, 255, 255, 3, 3] } },
  ],
  ['32020000150000000000d20c', { rosctr: 'ack', reference: 0x1500, error: 0xd20c }],
  [
    '320100001c0000100000 2900000000000950 5f50524f4752414d'.replace('0950 5f', '09505f'),
    { rosctr: 'job', reference: 0x1c00, body: { function: 'plc-stop', service: 'P_PROGRAM' } },
  ],
  [
    '320100001f0000160000 28000000000000fd0002432009505f50524f4752414d',
    {
      rosctr: 'job',
      reference: 0x1f00,
      body: { function: 'plc-control', service: 'P_PROGRAM', argument: bytes('4320') },
    },
  ],
  [
    '320300000a000001000000001f',
    { rosctr: 'ack-data', reference: 0xa00, error: 0, body: { function: 'done', code: 0x1f } },
  ],
  [
    '32010000080000120000 1d00000000000000095f3042303030303041',
    { rosctr: 'job', reference: 0x800, body: { function: 'start-upload', file: file('0B', 0, 'A') } },
  ],
  [
    '320300000800001000000000 1d000100000000070730303030323136',
    { rosctr: 'ack-data', reference: 0x800, error: 0, body: { function: 'start-upload', session: 7, length: 216 } },
  ],
  [
    '32010000090000080000 1e00000000000007',
    { rosctr: 'job', reference: 0x900, body: { function: 'upload', session: 7 } },
  ],
  [
    '32010000090000080000 1f00000000000007',
    { rosctr: 'job', reference: 0x900, body: { function: 'end-upload', error: 0, session: 7 } },
  ],
  [
    '32030000090000020006 0000 1e01 000200fb7070',
    { rosctr: 'ack-data', reference: 0x900, error: 0, body: { function: 'upload', more: true, data: bytes('7070') } },
  ],
  [
    '32010000010000200000 1a00010000000000095f30383030303031500d31303030323136303030313830',
    {
      rosctr: 'job',
      reference: 0x100,
      body: { function: 'request-download', file: file('08', 1, 'P'), loadLength: 216, codeLength: 180 },
    },
  ],
  [
    '32010000010000120000 1b00000000000000095f3038303030303150',
    { rosctr: 'job', reference: 0x100, body: { function: 'download-block', file: file('08', 1, 'P') } },
  ],
  [
    '32010000010000120000 1c00000000000000095f3038303030303150',
    { rosctr: 'job', reference: 0x100, body: { function: 'download-ended', error: 0, file: file('08', 1, 'P') } },
  ],
];

const userdata = (
  kind: 'request' | 'response',
  group: number,
  subfunction: number,
  data: Uint8Array,
): UserdataMessage => ({
  rosctr: 'userdata',
  reference: 1,
  kind,
  group,
  subfunction,
  sequence: 0,
  unit: kind === 'response' ? { reference: 0, more: false, error: 0 } : undefined,
  data: { code: 0xff, transport: 9, bytes: data },
});

const clock: S7Clock = {
  year: 2016,
  month: 2,
  day: 8,
  hour: 14,
  minute: 51,
  second: 37,
  millisecond: 916,
  weekday: 2,
};

const CONTENTS: readonly ['request' | 'response', number, number, string, UserdataContent][] = [
  ['request', 4, 1, '00110000', { is: 'szl-request', id: 0x11, index: 0 }],
  [
    'response',
    4,
    1,
    '001100000002000241424344',
    { is: 'szl', id: 0x11, index: 0, recordLength: 2, records: [bytes('4142'), bytes('4344')] },
  ],
  [
    'response',
    3,
    1,
    '3038000130450000',
    {
      is: 'block-counts',
      counts: [
        { type: '08', count: 1 },
        { type: '0E', count: 0 },
      ],
    },
  ],
  ['request', 3, 2, '3041', { is: 'block-type', type: '0A' }],
  ['response', 3, 2, '00012205', { is: 'block-list', blocks: [{ number: 1, flags: 0x22, language: 5 }] }],
  ['request', 3, 3, '3041303030303041', { is: 'block-query', type: '0A', number: 0, filesystem: 'A' }],
  ['response', 7, 1, '00191602081451379162', { is: 'clock', clock }],
  // The password 'secret' as eight bytes, each hidden with 0x55 and the one two before.
  ['request', 5, 1, '2630101720365543', { is: 'password', password: 'secret' }],
];

describe('S7 messages', () => {
  it.each(MESSAGES)('%s both ways', (hex, message) => {
    expect(decodeS7(bytes(hex))).toEqual({ status: 'ok', message });
    expect(hexOf(encodeS7(message))).toBe(hex.replaceAll(' ', ''));
  });

  it('user data both ways', () => {
    const hex = '320700000100000800080001120411440100ff09000400110000';
    const message = { ...userdata('request', 4, 1, bytes('00110000')), reference: 0x100 };
    expect(decodeS7(bytes(hex))).toEqual({ status: 'ok', message });
    expect(hexOf(encodeS7(message))).toBe(hex);
  });

  it.each(CONTENTS)('%s of group %i/%i: %s both ways', (kind, group, subfunction, hex, content) => {
    expect(decodeContent(userdata(kind, group, subfunction, bytes(hex)))).toEqual({ status: 'ok', message: content });
    expect(hexOf(encodeContent(content))).toBe(hex);
  });

  it('block information of 78 bytes both ways', () => {
    const content: UserdataContent = {
      is: 'block-info',
      info: {
        ...{ type: 0x41, flags: 1, language: 5, subtype: 10, number: 7, loadLength: 200, security: 0 },
        ...{ codeTime: { milliseconds: 5000, day: 11_000 }, interfaceTime: { milliseconds: 1, day: 11_001 } },
        ...{ ssbLength: 20, addLength: 0, localLength: 2, codeLength: 90, author: 'plant   ', family: 'filters ' },
        ...{ name: 'wash    ', version: 0x11, checksum: 0xbeef },
      },
    };
    const encoded = encodeContent(content);
    expect(encoded.length).toBe(78);
    expect(decodeContent(userdata('response', 3, 3, encoded))).toEqual({ status: 'ok', message: content });
  });

  it('lists the blocks that _INSE and _DELE are about', () => {
    const blocks = [file('08', 1, 'P'), file('0A', 12, 'B')];
    expect(hexOf(encodeBlockArgument(blocks.slice(0, 1)))).toBe('01003038303030303150');
    expect(decodeBlockArgument(encodeBlockArgument(blocks))).toEqual({ status: 'ok', message: blocks });
    expect(decodeBlockArgument(bytes('0200')).status).toBe('illegal');
  });

  it('keeps an address in another syntax as not supported', () => {
    const other: ItemAddress = { syntax: 'unsupported', id: 0xb2, bytes: bytes('ff0000') };
    const message: S7Message = {
      rosctr: 'job',
      reference: 1,
      body: { function: 'read', items: [other, item(2, 1, 1, 0x84, 0)] },
    };
    expect(decodeS7(encodeS7(message))).toEqual({ status: 'ok', message });
  });

  it('refuses to encode what does not fit, and says why', () => {
    expect(() => encodeS7({ rosctr: 'ack', reference: 70_000, error: 0 })).toThrow(
      'PDU reference must be a whole number',
    );
    expect(() => encodeContent({ is: 'password', password: 'much too long' })).toThrow('must have 8 characters');
  });

  it('any items and contents come back as they were', () => {
    const address = fc.record({
      syntax: fc.constant('any' as const),
      transportSize: fc.nat(255),
      count: fc.nat(65_535),
      db: fc.nat(65_535),
      area: fc.nat(255),
      address: fc.nat(0xffffff),
    });
    const other = fc.record({
      syntax: fc.constant('unsupported' as const),
      id: fc.integer({ min: 0x80, max: 255 }),
      bytes: fc.uint8Array({ maxLength: 20 }),
    });
    const content = fc.record({
      code: fc.nat(255),
      transport: fc.constantFrom(3, 4, 5, 6, 7, 9),
      bytes: fc.uint8Array({ maxLength: 40 }),
    });
    const pairs = fc.array(fc.tuple(fc.oneof(address, other), content), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(pairs, fc.nat(65_535), (list, reference) => {
        const [items, data] = [list.map(([first]) => first), list.map(([, second]) => second)];
        const job: S7Message = { rosctr: 'job', reference, body: { function: 'write', items, data } };
        expect(decodeS7(encodeS7(job))).toEqual({ status: 'ok', message: job });
        const answer: S7Message = {
          rosctr: 'ack-data',
          reference,
          error: 0,
          body: { function: 'read', results: data },
        };
        expect(decodeS7(encodeS7(answer))).toEqual({ status: 'ok', message: answer });
      }),
    );
  });
});

describe('COTP', () => {
  it.each([
    '11e00000000100c0010ac1020100c2020101',
    '11d00001000100c0010ac1020100c2020101',
    '02f080320100',
    '02f000aabb',
    '068000010002 80',
  ])('%s both ways', (hex) => {
    const decoded = decodeCotp(bytes(hex));
    expect(decoded.status).toBe('ok');
    if (decoded.status === 'ok') expect(hexOf(encodeCotp(decoded.message))).toBe(hex.replaceAll(' ', ''));
  });

  it('tells broken from not supported', () => {
    expect(decodeCotp(bytes('10f080')).status).toBe('illegal');
    expect(decodeCotp(bytes('021001')).status).toBe('unsupported');
  });
});

describe('TPKT', () => {
  function read(parts: readonly Uint8Array[]): { tpdus: string[]; faults: string[]; reader: TpktReader } {
    const tpdus: string[] = [];
    const faults: string[] = [];
    const reader = new TpktReader({
      tpdu: (buffer, start, end) => tpdus.push(hexOf(buffer.subarray(start, end))),
      fault: (fault) => faults.push(fault),
    });
    for (const part of parts) reader.receive(part);
    return { tpdus, faults, reader };
  }

  const packet = (hex: string): Uint8Array => encodeTpkt(bytes(hex));

  it('finds the same packets however the stream is cut', () => {
    const list = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(list, fc.infiniteStream(fc.integer({ min: 1, max: 20 })), (datas, cuts) => {
        const tpdus = datas.map((data) => encodeCotp({ type: 'data', endOfMessage: true, number: 0, data }));
        const stream = Uint8Array.from(tpdus.flatMap((tpdu) => [...encodeTpkt(tpdu)]));
        const parts: Uint8Array[] = [];
        for (let at = 0; at < stream.length; ) {
          const next = at + (cuts.next().value as number);
          parts.push(stream.subarray(at, next));
          at = next;
        }
        expect(read(parts).tpdus).toEqual(tpdus.map(hexOf));
      }),
    );
  });

  it('finds its place again behind garbage and wrong lengths', () => {
    const { tpdus, faults, reader } = read([
      packet('02f08001'),
      bytes('ffee0300'),
      packet('02f08002'),
      bytes('03000002'),
      packet('02f08003'),
    ]);
    expect(tpdus).toEqual(['02f08001', '02f08002', '02f08003']);
    expect(faults).toEqual(['version', 'length']);
    expect(reader.skipped).toBe(8);
  });
});

describe('random and broken messages', () => {
  it(`none of ${FRAMES} makes the codec throw`, { timeout: 300_000 }, () => {
    let state = 1;
    const below = (limit: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    const seeds = [
      ...MESSAGES.map(([hex]) => bytes(hex)),
      ...CONTENTS.map(([kind, group, sub, hex]) => encodeS7(userdata(kind, group, sub, bytes(hex)))),
    ];
    const counts = { ok: 0, illegal: 0, unsupported: 0 };
    for (let i = 0; i < FRAMES; i++) {
      const frame = Uint8Array.from(seeds[below(seeds.length)] as Uint8Array);
      for (let n = below(4); n > 0; n--) frame[below(frame.length)] = below(256);
      const cut = below(8) === 0 ? frame.subarray(0, below(frame.length)) : frame;
      const decoded = decodeS7(cut);
      counts[decoded.status]++;
      decodeCotp(cut);
      if (decoded.status !== 'ok') continue;
      if (decoded.message.rosctr === 'userdata') decodeContent(decoded.message);
      if (decoded.message.rosctr === 'ack') expect(decodeS7(encodeS7(decoded.message))).toEqual(decoded);
    }
    expect(counts.ok).toBeGreaterThan(FRAMES / 10);
    expect(counts.illegal).toBeGreaterThan(FRAMES / 10);
  });
});
