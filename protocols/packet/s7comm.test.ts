import type { PointSpec } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blockFileName,
  ERROR,
  encodeBlockArgument,
  encodeContent,
  encodeCotp,
  encodeS7,
  encodeTpkt,
  S7Memory,
  type S7Message,
  tsapOf,
} from '../s7comm/index.ts';
import { NO_CONTEXT, type PacketContext, readPacket } from './index.ts';
import { checkPlaces, frame, places, TCP_PAYLOAD, walk } from './test/frames.ts';

const BYTE = 2;
const DB = 132;
const FILE = { type: '08', number: 1, filesystem: 'P' };

const packed = (message: S7Message): Uint8Array =>
  encodeTpkt(encodeCotp({ type: 'data', endOfMessage: true, number: 0, data: encodeS7(message) }));
const asked = (message: S7Message): Uint8Array => frame(packed(message), 50_000, 102);
/** From the server 10.0.0.1. */
const answered = (message: S7Message): Uint8Array => frame(packed(message), 102, 50_000);
const job = (body: Extract<S7Message, { rosctr: 'job' }>['body']): S7Message => ({ rosctr: 'job', reference: 7, body });
const ack = (body: Extract<S7Message, { rosctr: 'ack-data' }>['body'], error = 0): S7Message => ({
  ...{ rosctr: 'ack-data', reference: 7, error, body },
});
const any = (byte: number, count: number, transportSize = BYTE) =>
  ({ syntax: 'any', transportSize, count, db: 20, area: DB, address: byte * 8 }) as const;

const memory = new S7Memory([
  { tag: 'AIC210_SP', writable: true, s7: { area: 'DB', db: 20, byte: 8, type: 'real', scale: 1 } },
  { tag: 'HS211', writable: true, s7: { area: 'DB', db: 20, byte: 12, bit: 1, type: 'bool', scale: 1 } },
  { tag: 'LV211', writable: false, s7: { area: 'DB', db: 20, byte: 14, type: 'int', scale: 0.1 } },
] as unknown as PointSpec[]);
const known = (request?: S7Message): PacketContext => ({
  ...NO_CONTEXT,
  s7Points: (_server, area, db, from, bytes) =>
    (memory.block(area, db)?.entries ?? [])
      .filter(({ byte }) => byte >= from && byte < from + bytes)
      .map((entry) => ({ entry, unit: entry.tag === 'AIC210_SP' ? 'NTU' : '' })),
  s7Job: ({ reference }) => (request?.reference === reference ? encodeS7(request) : undefined),
});
const read = (bytes: Uint8Array, context: PacketContext = NO_CONTEXT) => readPacket(bytes, 0, bytes.length, context);

describe('an S7 packet', () => {
  it('is taken apart down to the address of an item', () => {
    const packet = read(asked(job({ function: 'read', items: [any(8, 8), any(0, 1)] })));
    expect([packet.protocol, packet.info]).toEqual(['s7comm', 'Read Variable DB20.DBX8.0 BYTE 8, DB20.DBX0.0 BYTE 1']);
    expect(places(packet.tree)).toMatchObject({
      TPKT: ['43 bytes', 0, 4],
      COTP: ['DT Data', 4, 7],
      S7: ['Read Variable DB20.DBX8.0 BYTE 8, DB20.DBX0.0 BYTE 1', 7, 43],
      Header: ['Job-Request, reference 7', 7, 17],
      Function: ['0x04 Read Variable', 17, 18],
      'Item 1': ['DB20.DBX8.0 BYTE 8', 19, 31],
      Address: ['byte 0, bit 0', 40, 43],
    });
  });

  it('that answers is read with the job that it answers, values by tag', () => {
    const answer = ack({
      function: 'read',
      results: [{ code: 255, transport: 4, bytes: Uint8Array.of(0x3f, 0, 0, 0, 2, 0, 0x02, 0x12) }],
    });
    const packet = read(answered(answer), known(job({ function: 'read', items: [any(8, 8)] })));
    expect([packet.info, packet.tags]).toEqual([
      'Read Variable answer, DB20.DBX8.0 BYTE 8',
      ['AIC210_SP', 'HS211', 'LV211'],
    ]);
    const fields = walk(packet.tree).filter(({ tag }) => tag !== null);
    expect(fields.map(({ value, start, end }) => [value, start - TCP_PAYLOAD, end - TCP_PAYLOAD])).toEqual([
      ['AIC210_SP = 0.5 NTU', 25, 29],
      ['HS211 = 1', 29, 30],
      ['LV211 = 53', 31, 33],
    ]);
    expect(read(answered(answer), known()).info).toBe('Read Variable answer, request not seen');
    const refused = ack({ function: 'read', results: [{ code: 5, transport: 0, bytes: new Uint8Array(0) }] });
    expect(read(answered(refused), known()).info).toBe('Read Variable answer, Invalid address');
  });

  it('that writes says what is written, a single bit too, and whether it was taken', () => {
    const write = job({
      function: 'write',
      items: [{ ...any(8, 4) }, { ...any(12, 1, 1), address: 12 * 8 + 1 }],
      data: [
        { code: 0, transport: 4, bytes: Uint8Array.of(0x41, 0xa0, 0, 0) },
        { code: 0, transport: 3, bytes: Uint8Array.of(1) },
      ],
    });
    const packet = read(asked(write), known());
    expect(packet.info).toBe('Write Variable DB20.DBX8.0 BYTE 4, DB20.DBX12.1 BIT 1 AIC210_SP = 20 NTU, HS211 = 1');
    expect(packet.tags).toEqual(['AIC210_SP', 'HS211']);
    expect(read(answered(ack({ function: 'write', codes: [255, 255] }))).info).toBe('Write Variable answer, written');
    expect(read(answered(ack({ function: 'write', codes: [255, 3] }))).info).toBe(
      'Write Variable answer, Accessing the object not allowed',
    );
  });

  it('of a block on its way says which, how much, and shows its text', () => {
    const text = new TextEncoder().encode('BREAKING(IN := TURBIDITY > AIC210_SP);');
    expect(
      [
        asked(job({ function: 'request-download', file: FILE, loadLength: 9517, codeLength: 9445 })),
        asked(job({ function: 'download-block', file: FILE })),
        answered(ack({ function: 'download-block', more: true, data: text })),
        asked(job({ function: 'download-ended', error: 0, file: FILE })),
        asked(job({ function: 'start-upload', file: FILE })),
        answered(ack({ function: 'start-upload', session: 3, length: 9517 })),
        asked(job({ function: 'upload', session: 3 })),
        answered(ack({ function: 'upload', more: false, data: text })),
        asked(job({ function: 'plc-control', service: '_INSE', argument: encodeBlockArgument([FILE]) })),
        asked(job({ function: 'plc-stop', service: 'P_PROGRAM' })),
        answered(ack(undefined, ERROR.protection)),
        answered(ack({ function: 'done', code: 0x1a }, ERROR.protection)),
      ].map((bytes) => read(bytes).info),
    ).toEqual([
      'Request Download Organization Block 1 (passive), 9517 bytes',
      'Download Block Organization Block 1 (passive)',
      'Download Block answer, 38 bytes',
      'Download Ended Organization Block 1 (passive)',
      'Start Upload Organization Block 1 (passive)',
      'Start Upload answer, 3, 9517 bytes',
      'Upload 3',
      'Upload answer, 38 bytes, the last part',
      'PLC Control _INSE Organization Block 1 (passive)',
      'PLC Stop P_PROGRAM',
      'refused: the protection level does not allow it',
      'Request Download answer, refused: the protection level does not allow it',
    ]);
    const part = read(answered(ack({ function: 'upload', more: false, data: text })));
    expect(places(part.tree)['Part of a block']).toEqual(['BREAKING(IN := TURBIDITY > AIC210_SP);', 25, 63]);
    expect(places(read(asked(job({ function: 'start-upload', file: FILE }))).tree).Block).toEqual([
      'Organization Block 1 (passive)',
      26,
      26 + blockFileName(FILE).length,
    ]);
  });

  it('of user data says the list, the clock, and that a password is no secret', () => {
    const userdata = (group: number, content: Parameters<typeof encodeContent>[0], kind: 'request' | 'response') =>
      read(
        asked({
          ...{ rosctr: 'userdata', reference: 7, kind, group, subfunction: 1, sequence: 0 },
          unit: kind === 'response' ? { reference: 0, more: false, error: 0 } : undefined,
          data: { code: 255, transport: 9, bytes: encodeContent(content) },
        }),
      );
    expect(userdata(4, { is: 'szl-request', id: 0x11, index: 0 }, 'request').info).toBe(
      'Read SZL request, 0x0011 index 0x0000 (Module identification)',
    );
    const records = ['6ES7 315-2EH14-0AB0 ', '6ES7 315-2EH14-0AB1 '].map((text) => new TextEncoder().encode(text));
    const list = userdata(4, { is: 'szl', id: 0x11, index: 0, recordLength: 20, records }, 'response');
    expect(list.info).toBe('Read SZL answer, 0x0011 index 0x0000 (Module identification), 2 records');
    expect(places(list.tree)['Record 2']?.[0]).toBe('6ES7 315-2EH14-0AB1 ');
    expect(userdata(5, { is: 'password', password: 'sesame' }, 'request').info).toBe(
      "PLC Password request, password 'sesame'; it is encoded, not encrypted",
    );
  });

  it('that opens a connection names rack and slot', () => {
    const connect = encodeTpkt(
      encodeCotp({
        ...{ type: 'connection-request', destinationReference: 0, sourceReference: 1, classOption: 0, tpduSize: 10 },
        ...{ callingTsap: tsapOf(1, 0, 0), calledTsap: tsapOf(1, 0, 2) },
      }),
    );
    const packet = read(frame(connect, 50_000, 102));
    expect([packet.protocol, packet.info]).toEqual([
      'cotp',
      'CR Connection Request, calling TSAP 01 00 (programming device, rack 0, slot 0), called TSAP 01 02 (programming device, rack 0, slot 2)',
    ]);
    expect(read(asked(job({ function: 'setup', maxCalling: 1, maxCalled: 1, pduLength: 480 }))).info).toBe(
      'Setup Communication, PDU of 480 bytes',
    );
  });

  it('in several packets, in part of one, and of another protocol says so', () => {
    const one = packed(job({ function: 'read', items: [any(8, 4)] }));
    expect(read(frame(Uint8Array.of(...one, ...one.subarray(0, 9)), 50_000, 102)).info).toBe(
      'Read Variable DB20.DBX8.0 BYTE 4; the first 9 of 31 bytes of a packet',
    );
    expect(read(frame(one.subarray(0, 3), 50_000, 102)).info).toBe('3 bytes of a packet');
    const other = encodeTpkt(encodeCotp({ type: 'data', endOfMessage: true, number: 0, data: Uint8Array.of(0xa8, 1) }));
    expect(read(frame(other, 50_000, 102)).info).toBe('DT Data, no S7 message');
    const first = encodeTpkt(encodeCotp({ type: 'data', endOfMessage: false, number: 0, data: Uint8Array.of(0x32) }));
    expect(read(frame(first, 50_000, 102)).info).toBe('DT Data, part of a longer message');
  });

  it('never makes reading throw, and every field lies within its parent, whatever the bytes are', () => {
    const messages = [
      job({ function: 'read', items: [any(8, 8), any(0, 1)] }),
      ack({ function: 'read', results: [{ code: 255, transport: 4, bytes: new Uint8Array(8) }] }),
      job({ function: 'write', items: [any(8, 4)], data: [{ code: 0, transport: 4, bytes: new Uint8Array(4) }] }),
      job({ function: 'request-download', file: FILE, loadLength: 1, codeLength: 1 }),
      job({ function: 'plc-control', service: '_INSE', argument: encodeBlockArgument([FILE]) }),
    ];
    const spoilt = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 5 });
    const read1 = job({ function: 'read', items: [any(8, 8)] });
    fc.assert(
      fc.property(fc.constantFrom(...messages), spoilt, fc.nat(100), fc.boolean(), (message, changes, cut, up) => {
        const payload = packed(message);
        for (const [at, value] of changes) if (at < payload.length) payload[at] = value;
        const bytes = frame(payload.subarray(0, Math.max(1, cut)), up ? 50_000 : 102, up ? 102 : 50_000);
        checkPlaces(read(bytes, known(read1)).tree, 0, bytes.length);
      }),
      { numRuns: 1000 },
    );
  });
});
