import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AppFragment,
  allOf,
  crc16,
  decodeFragment,
  encodeFragment,
  encodeLinkFrame,
  FUNCTION,
  indexed,
  type LinkFrame,
  LinkParser,
  type LinkResult,
  type ObjectValue,
  objectType,
  rangeOf,
  segment,
  sized,
  TransportReassembler,
  valuesFrom,
  valuesOf,
} from '../index.ts';
import { blocksOf } from './arbitrary.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hexOf = (data: Uint8Array): string => Buffer.from(data).toString('hex');
const FRAMES = process.env.PENSTOCK_PROVE === '1' ? 1_000_000 : 20_000;

const ALONE = { fir: true, fin: true, con: false, uns: false, seq: 0 } as const;
const response = (objects: AppFragment['objects']): AppFragment => ({
  control: ALONE,
  function: FUNCTION.response,
  iin: 0,
  objects,
});
const request = (code: number, objects: AppFragment['objects']): AppFragment => ({
  control: ALONE,
  function: code,
  objects,
});

const LIBRARY = Array.from({ length: 256 * 256 }, (_, key) => [key >> 8, key & 0xff] as const).flatMap(
  ([group, variation]) => {
    const type = objectType(group, variation);
    // Groups whose variation is a length or an attribute are tried with a few of them.
    const isEnough = type?.variation !== 0 || [1, 5, 200, 255].includes(variation);
    return type === undefined || type.form.kind === 'none' || !isEnough || variation === 0 ? [] : [{ type, variation }];
  },
);

describe('link frames', () => {
  // A request for link status, and its answer, as IEEE 1815 stations send them.
  const FRAMES: readonly [string, LinkFrame][] = [
    [
      '0564 05 c9 0100 0004 e421',
      {
        control: { dir: true, prm: true, fcb: false, fcv: false, function: 9 },
        destination: 1,
        source: 1024,
        payload: new Uint8Array(0),
      },
    ],
    [
      '0564 05 0b 0004 0100 0a85',
      {
        control: { dir: false, prm: false, dfc: false, function: 11 },
        destination: 1024,
        source: 1,
        payload: new Uint8Array(0),
      },
    ],
  ];

  it.each(FRAMES)('%s both ways', (hex, frame) => {
    const encoded = encodeLinkFrame(frame);
    expect(hexOf(encoded).slice(0, 16)).toBe(hex.replaceAll(' ', '').slice(0, 16));
    expect(parse([encoded])).toEqual([{ kind: 'frame', frame }]);
  });

  it('have the checksum of the standard', () => {
    // The check value of CRC-16/DNP.
    expect(crc16(Uint8Array.from(Buffer.from('123456789')))).toBe(0xea82);
  });

  function parse(parts: readonly Uint8Array[]): LinkResult[] {
    const parser = new LinkParser();
    const results: LinkResult[] = [];
    for (const part of parts) {
      parser.push(part);
      results.push(...parser.take());
    }
    parser.reset();
    results.push(...parser.take());
    return results;
  }

  const control = fc.oneof(
    fc.record({
      dir: fc.boolean(),
      prm: fc.constant(true as const),
      fcb: fc.boolean(),
      fcv: fc.boolean(),
      function: fc.nat(15),
    }),
    fc.record({ dir: fc.boolean(), prm: fc.constant(false as const), dfc: fc.boolean(), function: fc.nat(15) }),
  );
  const anyFrame: fc.Arbitrary<LinkFrame> = fc.record({
    control,
    destination: fc.nat(65_535),
    source: fc.nat(65_535),
    payload: fc.uint8Array({ maxLength: 250 }),
  });

  it('come back as they were however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 5 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        (list, cuts) => {
          const stream = Uint8Array.from(list.flatMap((frame) => [...encodeLinkFrame(frame)]));
          const parts: Uint8Array[] = [];
          for (let at = 0; at < stream.length; ) {
            const next = at + (cuts.next().value as number);
            parts.push(stream.subarray(at, next));
            at = next;
          }
          expect(parse(parts)).toEqual(list.map((frame) => ({ kind: 'frame', frame })));
        },
      ),
    );
  });

  it('are found again behind noise, and what was wrong is told', () => {
    const [good] = FRAMES[0] as [string, LinkFrame];
    const frame = (payload: string): LinkFrame => ({
      ...(FRAMES[0] as [string, LinkFrame])[1],
      payload: bytes(payload),
    });
    const whole = encodeLinkFrame(frame('c0c001'));
    const badData = whole.slice();
    badData[11] = (badData[11] as number) ^ 1;
    const badHeader = whole.slice();
    badHeader[9] = (badHeader[9] as number) ^ 1;
    const badLength = bytes('0564 04 c9 0100 0004 0000');
    expect(good).toBeDefined();
    const { payload: _, ...header } = frame('');
    expect(parse([bytes('ff05'), whole, badData, whole, badHeader, whole, badLength, whole])).toEqual([
      { kind: 'skipped', octets: 2 },
      { kind: 'frame', frame: frame('c0c001') },
      { kind: 'bad-data', header, block: 0 },
      { kind: 'skipped', octets: 15 },
      { kind: 'frame', frame: frame('c0c001') },
      { kind: 'bad-header', reason: 'checksum' },
      { kind: 'skipped', octets: 15 },
      { kind: 'frame', frame: frame('c0c001') },
      { kind: 'bad-header', reason: 'length' },
      { kind: 'skipped', octets: 10 },
      { kind: 'frame', frame: frame('c0c001') },
    ]);
  });

  it('with a flipped bit are never taken for good ones', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), (frame, place) => {
        const stream = encodeLinkFrame(frame);
        const bit = place % (stream.length * 8);
        stream[bit >> 3] = (stream[bit >> 3] as number) ^ (1 << (bit & 7));
        for (const result of parse([stream])) expect(result.kind).not.toBe('frame');
      }),
    );
  });
});

describe('transport segments', () => {
  it('become the fragment again, whatever its length and first number', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 2048 }), fc.nat(63), (fragment, sequence) => {
        const segments = segment(fragment, sequence);
        expect(segments.every(({ length }) => length <= 250)).toBe(true);
        const reassembler = new TransportReassembler();
        const results = segments.map((part) => reassembler.add(part));
        expect(results.slice(0, -1).every(({ kind }) => kind === 'pending')).toBe(true);
        expect(results.at(-1)).toEqual({ kind: 'fragment', fragment });
        expect(reassembler.held).toBe(0);
      }),
    );
  });

  const long = Uint8Array.from({ length: 600 }, (_, i) => i);
  const [first, second, third] = segment(long, 63) as [Uint8Array, Uint8Array, Uint8Array];

  it('that come twice change nothing', () => {
    const reassembler = new TransportReassembler();
    expect([first, second, second, third].map((part) => reassembler.add(part).kind)).toEqual([
      ...['pending', 'pending', 'duplicate', 'fragment'],
    ]);
  });

  it('are dropped where one is missing, where none began, and where they become too long', () => {
    const reassembler = new TransportReassembler(500);
    expect(reassembler.add(second)).toEqual({ kind: 'discarded', reason: 'no-first', lost: 249 });
    reassembler.add(first);
    expect(reassembler.add(third)).toEqual({ kind: 'discarded', reason: 'sequence', lost: 249 + 102 });
    expect(reassembler.add(second)).toEqual({ kind: 'discarded', reason: 'no-first', lost: 249 });
    reassembler.add(first);
    reassembler.add(second);
    expect(reassembler.add(third)).toEqual({ kind: 'discarded', reason: 'too-long', lost: 600 });
    expect(reassembler.add(bytes('c0'))).toEqual({ kind: 'discarded', reason: 'empty', lost: 0 });
  });

  it('begin anew with every first one', () => {
    const reassembler = new TransportReassembler();
    reassembler.add(first);
    expect(reassembler.add(bytes('c501'))).toEqual({ kind: 'fragment', fragment: bytes('01') });
    expect(reassembler.replaced).toBe(249);
  });
});

const VALUES: readonly [string, AppFragment][] = [
  [
    'c0 01 3c0206 3c0306 3c0406 3c0106',
    request(
      FUNCTION.read,
      [2, 3, 4, 1].map((v) => allOf(60, v)),
    ),
  ],
  ['c0 01 0102 00 0007', request(FUNCTION.read, [rangeOf(1, 2, 0, 7)])],
  ['c0 01 1e00 01 00000001', request(FUNCTION.read, [rangeOf(30, 0, 0, 256)])],
  [
    'c0 01 1e04 17 02 0105',
    request(FUNCTION.read, [
      indexed(
        30,
        4,
        [1, 5].map((index) => ({ index, value: undefined })),
      ),
    ]),
  ],
  [
    'c0 05 0c01 28 0100 0800 41 01 f4010000 00000000 00',
    {
      ...request(FUNCTION.directOperate, []),
      objects: [
        {
          group: 12,
          variation: 1,
          qualifier: 0x28,
          range: { kind: 'indices' },
          items: [
            {
              index: 8,
              value: {
                ...{ type: 'crob', operation: 1, queue: false, clear: false, tripClose: 1, count: 1 },
                ...{ onTime: 500, offTime: 0, status: 0 },
              },
            },
          ],
        },
      ],
    },
  ],
  [
    'c0 81 0000 0101 00 0009 0502',
    response([
      valuesFrom(
        1,
        1,
        0,
        [true, false, true, false, false, false, false, false, false, true].map((value) => ({ type: 'binary', value })),
      ),
    ]),
  ],
  [
    'c0 81 0000 2001 17 01 07 01 ffffffff',
    response([indexed(32, 1, [{ index: 7, value: { type: 'analog', value: -1, flags: 1 } }])]),
  ],
  [
    'c0 02 3201 07 01 00d2496b6401',
    request(FUNCTION.write, [valuesOf(50, 1, [{ type: 'time', time: 0x01646b49d200 }])]),
  ],
  ['c0 02 5001 00 0707 00', request(FUNCTION.write, [valuesFrom(80, 1, 7, [{ type: 'binary', value: false }])])],
  [
    'c0 81 8010 00fa 00 0000 0104 45706963'.replace('8010', '8000'),
    response([valuesFrom(0, 250, 0, [{ type: 'attribute', dataType: 'text', value: 'Epic' }])]).iin === 0
      ? { ...response([valuesFrom(0, 250, 0, [{ type: 'attribute', dataType: 'text', value: 'Epic' }])]), iin: 0x8000 }
      : response([]),
  ],
  [
    'c0 19 4603 5b 01 1f00 1a00 0500 000000000000 8001 00000000 00000000 0100 0004 0300 2f612e62 63'.replace(
      ' 63',
      '63',
    ),
    request(FUNCTION.openFile, [
      sized(70, 3, [
        {
          ...{ type: 'file-command', name: '/a.bc', created: 0, permissions: 0x180, key: 0, size: 0 },
          ...{ mode: 1, maxBlock: 1024, requestId: 3 },
        },
      ]),
    ]),
  ],
];

describe('fragments', () => {
  it.each(VALUES)('%s both ways', (hex, fragment) => {
    expect(decodeFragment(bytes(hex))).toEqual({ fragment });
    expect(hexOf(encodeFragment(fragment))).toBe(hex.replaceAll(' ', ''));
  });

  it.each(LIBRARY.map((entry) => [`g${entry.type.group}v${entry.variation} ${entry.type.name}`, entry] as const))(
    '%s comes back as it was',
    (_, { type, variation }) => {
      fc.assert(
        fc.property(blocksOf(type, variation), (block) => {
          const fragment = response([block, allOf(60, 1)]);
          const encoded = encodeFragment(fragment);
          expect(decodeFragment(encoded)).toEqual({ fragment });
          if (type.octets !== undefined && block.range.kind === 'start-stop')
            expect(encoded.length).toBe(4 + 3 + 2 * 2 ** block.qualifier + block.items.length * type.octets + 3);
          // Whatever is cut off, it is said to be.
          const cut = decodeFragment(encoded, 0, encoded.length - 4);
          expect(cut.problem).toMatchObject({ kind: 'illegal', reason: 'truncated' });
        }),
        { numRuns: 20 },
      );
    },
  );

  it.each([
    ['c0', 'illegal', 'short'],
    ['c081 00', 'illegal', 'short'],
    ['c022', 'unsupported', 'function'],
    ['c001 3c', 'illegal', 'truncated'],
    ['c001 3c01 0a', 'illegal', 'qualifier'],
    ['c001 1e01 80 00', 'illegal', 'qualifier'],
    ['c001 1e01 03 0001', 'unsupported', 'qualifier'],
    ['c001 1e01 00 0500', 'illegal', 'range'],
    ['c0810000 1e63 00 0000 01', 'unsupported', 'object'],
    ['c0810000 1e00 00 0000 01', 'illegal', 'variation'],
    ['c0810000 3c01 00 0000 01', 'illegal', 'variation'],
    ['c0810000 1e02 00 0001 01000001', 'illegal', 'truncated'],
    ['c0810000 0101 17 0100 01', 'illegal', 'qualifier'],
    ['c0810000 4604 00 0000 01', 'illegal', 'qualifier'],
    ['c0810000 4605 5b 01 0700 00000000000000', 'illegal', 'truncated'],
    ['c0810000 4603 5b 01 1a00 ff00 0500 000000000000 8001 00000000 00000000 0100 0004 0300', 'illegal', 'size'],
    ['c0810000 1e02 5b 01 0400 01000000', 'illegal', 'size'],
    ['c0810000 6e00 02 00000000ffffffff', 'illegal', 'variation'],
  ] as const)('%s is %s: %s', (hex, kind, reason) => {
    expect(decodeFragment(bytes(hex)).problem).toMatchObject({ kind, reason });
  });

  it('keeps what came before a problem, and says where that is', () => {
    expect(decodeFragment(bytes('c0810000 1e02 00 0000 012a00 0101 0a'))).toEqual({
      fragment: response([valuesFrom(30, 2, 0, [{ type: 'analog', value: 42, flags: 1 }])]),
      problem: { kind: 'illegal', reason: 'qualifier', offset: 12, group: 1, variation: 1, qualifier: 0x0a },
    });
  });

  it('reads data in the requests that have some, and only there', () => {
    const frozen = decodeFragment(bytes('c00b 3202 07 01 010000000000 e8030000 1400 06'));
    expect(frozen.problem).toBeUndefined();
    expect(frozen.fragment?.objects.map(({ items }) => items.map(({ value }) => value))).toEqual([
      [{ type: 'time-interval', time: 1, interval: 1000 }],
      [],
    ]);
    const aggressive = decodeFragment(bytes('c001 7803 07 01 010000000100 3c01 06'));
    expect(aggressive.fragment?.objects.length).toBe(2);
    expect(aggressive.problem).toBeUndefined();
  });

  it.each([
    ['analog' as const, { type: 'binary', value: true }, "needs a value of type 'analog', not 'binary'"],
    ['analog' as const, { type: 'analog', value: 40_000 }, 'must be a whole number of -32768 to 32767, not 40000'],
  ])('refuses a value that its object cannot have: %s', (_, value, message) => {
    const block = valuesFrom(30, 2, 0, [value as ObjectValue]);
    expect(() => encodeFragment(response([block]))).toThrow(message);
  });

  it(`none of ${FRAMES} broken ones makes it throw, and what it reads it can write`, { timeout: 600_000 }, () => {
    let state = 1;
    const below = (limit: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    const samples = LIBRARY.flatMap(({ type, variation }) =>
      fc.sample(blocksOf(type, variation), { numRuns: 3, seed: 7 }).map((block) => encodeFragment(response([block]))),
    );
    const seeds = [...samples, ...VALUES.map(([hex]) => bytes(hex))];
    const seen = { whole: 0, illegal: 0, unsupported: 0 };
    for (let i = 0; i < FRAMES; i++) {
      const fragment = Uint8Array.from(seeds[below(seeds.length)] as Uint8Array);
      for (let n = below(4); n > 0; n--) fragment[below(fragment.length)] = below(256);
      const cut = below(8) === 0 ? fragment.subarray(0, below(fragment.length)) : fragment;
      const { fragment: decoded, problem } = decodeFragment(cut);
      seen[problem === undefined ? 'whole' : problem.kind]++;
      if (decoded === undefined || problem !== undefined) continue;
      const again = encodeFragment(decoded);
      expect(hexOf(encodeFragment(decodeFragment(again).fragment as AppFragment))).toBe(hexOf(again));
    }
    expect(seen.whole).toBeGreaterThan(FRAMES / 10);
    expect(seen.illegal).toBeGreaterThan(FRAMES / 10);
    expect(seen.unsupported).toBeGreaterThan(FRAMES / 100);
  });
});
