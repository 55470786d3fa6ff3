import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BacnetValue,
  BVLC,
  CONFIRMED,
  decodeApdu,
  decodeBvlc,
  decodeNpdu,
  encodeBdt,
  encodeBvlc,
  encodeNpci,
  encodeRegistration,
  objectId,
  readAccessSpecifications,
  readCommunicationControl,
  readCovNotification,
  readIAm,
  readPropertyAck,
  readPropertyPlace,
  readReinitialize,
  readSubscribeCov,
  readValue,
  readWhoIs,
  readWriteProperty,
  real,
  TagReader,
  TagWriter,
  writeAccessSpecifications,
  writeCommunicationControl,
  writeIAm,
  writePropertyPlace,
  writeReinitialize,
  writeRequest,
  writeSubscribeCov,
  writeValue,
  writeWhoIs,
  writeWriteProperty,
} from '../index.ts';

const bytesOf = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/[0-9a-f]{2}/gi) ?? [], (byte) => Number.parseInt(byte, 16));
const written = (write: (writer: TagWriter) => void): Uint8Array => {
  const writer = new TagWriter();
  write(writer);
  return writer.octets();
};
const reader = (octets: Uint8Array): TagReader => new TagReader(octets, 0, octets.length);

/** Messages of the standard's examples (ASHRAE 135, annex F), without their headers. */
const EXAMPLES: readonly [
  name: string,
  octets: string,
  write: (writer: TagWriter) => void,
  read: (reader: TagReader) => unknown,
  value: unknown,
][] = [
  [
    'ReadProperty of the present value of analog input 5',
    '0C 00000005 19 55',
    (w) => writePropertyPlace(w, { object: 5, property: 85 }),
    readPropertyPlace,
    { object: 5, property: 85, index: undefined },
  ],
  [
    'ReadPropertyMultiple of analog input 16',
    '0C 00000010 1E 09 55 09 67 1F',
    (w) => writeAccessSpecifications(w, [{ object: 16, properties: [{ property: 85 }, { property: 103 }] }]),
    readAccessSpecifications,
    [
      {
        object: 16,
        properties: [
          { property: 85, index: undefined },
          { property: 103, index: undefined },
        ],
      },
    ],
  ],
  [
    'WriteProperty of the present value of analog value 1',
    '0C 00800001 19 55 3E 44 43340000 3F',
    (w) => writeWriteProperty(w, { object: objectId(2, 1), property: 85 }, real(180)),
    readWriteProperty,
    { object: objectId(2, 1), property: 85, index: undefined, priority: undefined, value: { start: 8, end: 13 } },
  ],
  [
    'SubscribeCOV of analog input 10',
    '09 12 1C 0000000A 29 01 39 00',
    (w) => writeSubscribeCov(w, { process: 18, object: 10, confirmed: true, lifetime: 0 }),
    readSubscribeCov,
    { process: 18, object: 10, confirmed: true, lifetime: 0 },
  ],
  [
    'DeviceCommunicationControl for five minutes',
    '09 05 19 01 2D 08 00 23656762646621',
    (w) => writeCommunicationControl(w, { minutes: 5, state: 1, password: '#egbdf!' }),
    readCommunicationControl,
    { minutes: 5, state: 1, password: '#egbdf!' },
  ],
  [
    'ReinitializeDevice, warm',
    '09 01 1D 09 00 4162436445664768',
    (w) => writeReinitialize(w, { state: 1, password: 'AbCdEfGh' }),
    readReinitialize,
    { state: 1, password: 'AbCdEfGh' },
  ],
  ['Who-Is of one device', '09 03 19 03', (w) => writeWhoIs(w, 3, 3), readWhoIs, { low: 3, high: 3 }],
  [
    'I-Am of device 1',
    'C4 02000001 22 01E0 91 01 21 63',
    (w) => writeIAm(w, { device: objectId(8, 1), maxApdu: 480, segmentation: 1, vendor: 99 }),
    readIAm,
    { device: objectId(8, 1), maxApdu: 480, segmentation: 1, vendor: 99 },
  ],
];

describe('the examples of the standard', () => {
  it.each(EXAMPLES)('%s is written and read', (_, octets, write, read, value) => {
    expect(written(write)).toEqual(bytesOf(octets));
    expect(read(reader(bytesOf(octets)))).toEqual(value);
  });

  it('ReadProperty’s answer holds its value', () => {
    const octets = bytesOf('0C 00000005 19 55 3E 44 4290999A 3F');
    const ack = readPropertyAck(reader(octets));
    expect(ack).toMatchObject({ object: 5, property: 85 });
    const { start, end } = ack?.value ?? { start: 0, end: 0 };
    expect(readValue(new TagReader(octets, start, end))).toEqual(real(Math.fround(72.3)));
  });

  it('COV notifications hold values and flags', () => {
    const octets = bytesOf('09 12 1C 02000004 2C 0000000A 39 00 4E 09 55 2E 44 42820000 2F 09 6F 2E 82 04 00 2F 4F');
    const told = readCovNotification(reader(octets));
    expect(told).toMatchObject({ process: 18, device: objectId(8, 4), object: 10, remaining: 0 });
    expect(told?.values.map(({ property }) => property)).toEqual([85, 111]);
  });

  it('a request’s header says what its sender takes', () => {
    const octets = written((w) =>
      writeRequest(w, { invokeId: 1, service: CONFIRMED.readProperty, maxApdu: 1024, maxSegments: 64 }),
    );
    expect(octets).toEqual(bytesOf('02 64 01 0C'));
    expect(decodeApdu(octets, 0, octets.length)).toMatchObject({
      type: 0,
      invokeId: 1,
      service: 12,
      maxApdu: 1024,
      maxSegments: 64,
      takesSegments: true,
    });
  });
});

describe('the virtual link and the network', () => {
  it('carry addresses of foreign devices and tables', () => {
    expect(encodeRegistration(60)).toEqual(bytesOf('81 05 0006 003C'));
    const table = encodeBdt(BVLC.writeBdt, [{ address: 0xc0a80001, port: 47_808, mask: 0xffffff00 }]);
    expect(table).toEqual(bytesOf('81 01 000E C0A80001 BAC0 FFFFFF00'));
    expect(decodeBvlc(table, 0, table.length)).toMatchObject({
      bdt: [{ address: 0xc0a80001, port: 47_808, mask: 0xffffff00 }],
    });
  });

  it('say that a length is wrong, and read on where that is asked for', () => {
    const octets = encodeBvlc(BVLC.unicast, bytesOf('01 00 10 08'));
    octets[3] = 20;
    expect(decodeBvlc(octets, 0, octets.length)).toEqual({ kind: 'illegal', text: 'says 20 octets, has 8' });
    expect(decodeBvlc(octets, 0, octets.length, 'trusted')).toMatchObject({ start: 4, end: 8 });
  });

  it('name networks', () => {
    const header = encodeNpci({ destination: { network: 0xffff, mac: new Uint8Array(0) }, expectsReply: true });
    expect(header).toEqual(bytesOf('01 24 FFFF 00 FF'));
    expect(decodeNpdu(header, 0, header.length)).toMatchObject({
      destination: { network: 0xffff },
      expectsReply: true,
    });
    const iAm = bytesOf('01 80 01 0001 0003');
    expect(decodeNpdu(iAm, 0, iAm.length)).toMatchObject({ message: 1, networks: [1, 3] });
    const short = bytesOf('01 20 00');
    expect(decodeNpdu(short, 0, short.length)).toHaveProperty('kind', 'illegal');
  });
});

const octet = fc.integer({ min: 0, max: 255 });
const primitive: fc.Arbitrary<BacnetValue> = fc.oneof(
  fc.constant<BacnetValue>({ kind: 'null' }),
  fc.boolean().map((value): BacnetValue => ({ kind: 'boolean', value })),
  fc.maxSafeNat().map((value): BacnetValue => ({ kind: 'unsigned', value })),
  fc.integer().map((value): BacnetValue => ({ kind: 'signed', value })),
  fc.float({ noNaN: true }).map((value): BacnetValue => ({ kind: 'real', value })),
  fc.double({ noNaN: true }).map((value): BacnetValue => ({ kind: 'double', value })),
  fc.uint8Array({ maxLength: 300 }).map((value): BacnetValue => ({ kind: 'octets', value })),
  fc.string({ unit: 'grapheme', maxLength: 80 }).map((value): BacnetValue => ({ kind: 'string', value })),
  fc.array(fc.boolean(), { maxLength: 40 }).map((value): BacnetValue => ({ kind: 'bits', value })),
  fc.nat().map((value): BacnetValue => ({ kind: 'enumerated', value })),
  fc
    .tuple(octet, octet, octet, octet)
    .map(([year, month, day, weekday]): BacnetValue => ({ kind: 'date', year, month, day, weekday })),
  fc.nat(0xffff_ffff).map((value): BacnetValue => ({ kind: 'object', value })),
  fc
    .tuple(fc.nat(254), fc.uint8Array({ maxLength: 20 }))
    .map(([tag, value]): BacnetValue => ({ kind: 'context', tag, value })),
);
const value = fc.oneof(
  primitive,
  fc
    .tuple(fc.nat(254), fc.array(primitive, { maxLength: 5 }))
    .map(([tag, items]): BacnetValue => ({ kind: 'constructed', tag, items })),
);

describe('values', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(value, (one) => {
        const octets = written((w) => writeValue(w, one));
        const from = reader(octets);
        expect(readValue(from)).toEqual(one);
        expect(from.done && !from.failed).toBe(true);
      }),
    );
  });

  it('that are cut off are none', () => {
    fc.assert(
      fc.property(value, fc.nat(), (one, cut) => {
        const octets = written((w) => writeValue(w, one));
        const short = octets.subarray(0, cut % octets.length);
        expect(readValue(reader(short))).toBeUndefined();
      }),
    );
  });
});
