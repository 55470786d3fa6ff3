import { readFileSync } from 'node:fs';
import type { Dissector, ProtocolEvent } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharedPath } from '../../../tests/judges.ts';
import { encodeAdu, modbusDissector } from '../index.ts';
import { bytes, hex, TestDevice, testServer } from './device.ts';

type Row = Record<string, unknown>;

function watch(): { dissector: Dissector; events: Row[]; of: (name: string) => Row[] } {
  const events: Row[] = [];
  const dissector = modbusDissector.create((event: ProtocolEvent) => events.push(event as unknown as Row));
  return { dissector, events, of: (name) => events.filter((event) => event.name === name) };
}

const adu = (id: number, pdu: string, unit = 1) => encodeAdu(id, unit, bytes(pdu));

function feed(dissector: Dissector, fromOriginator: boolean, data: Uint8Array, time = 0): void {
  dissector.data(fromOriginator, time, data, 0, data.length);
}

/** The columns that are set. */
function set(row: Row | undefined): Row {
  return Object.fromEntries(Object.entries(row ?? {}).filter(([, value]) => value !== undefined));
}

describe('the Modbus dissector', () => {
  it('joins a request with its response', () => {
    const { dissector, events } = watch();
    feed(dissector, true, adu(5, '03 0001 0002'), 10);
    feed(dissector, false, adu(5, '03 04 00aa 00bb'), 20);
    expect(events.map(set)).toEqual([
      { name: 'modbus', time: 10, tid: 5, unit: 1, func: 'READ_HOLDING_REGISTERS', pdu_type: 'REQ' },
      { name: 'modbus', time: 20, tid: 5, unit: 1, func: 'READ_HOLDING_REGISTERS', pdu_type: 'RESP' },
      {
        name: 'modbus_detailed',
        time: 20,
        tid: 5,
        unit: 1,
        func: 'READ_HOLDING_REGISTERS',
        address: 1,
        quantity: 2,
        response_values: [170, 187],
        matched: true,
      },
    ]);
    expect([dissector.violations, dissector.unparsedBytes]).toEqual([0, 0]);
  });

  it('gives all events of a name the same keys in the same order', () => {
    const { dissector, events } = watch();
    for (const [request, response] of [
      ['03 0001 0002', '03 04 00aa 00bb'],
      ['06 0001 0002', '86 03'],
      ['16 0004 00f2 0025', '16 0004 00f2 0025'],
      ['17 0003 0001 0003 0001 02 00ff', '17 02 0001'],
      ['2b 0e 01 00', '2b 0e 01 01 00 00 01 00 01 41'],
      ['08 0000 aaaa', '08 0000 aaaa'],
    ] as const) {
      feed(dissector, true, adu(1, request));
      feed(dissector, false, adu(1, response));
    }
    feed(dissector, false, adu(9, '03 02 0001'));
    const keys = new Map<unknown, string>();
    for (const event of events) {
      const text = Object.keys(event).join();
      expect(keys.get(event.name) ?? text).toBe(text);
      keys.set(event.name, text);
    }
    expect(keys.get('modbus_detailed')).toBe(
      'name,time,tid,unit,func,address,quantity,request_values,response_values,modbus_detailed_link_id,matched,request_subfunction_code,response_subfunction_code,request_data,response_data,exception_code,mei_type',
    );
  });

  it('names an exception and keeps what was asked', () => {
    const { dissector, of } = watch();
    feed(dissector, true, adu(5, '10 0001 0001 02 2b5c'));
    feed(dissector, false, adu(5, '90 02'));
    expect(of('modbus').map(({ func, exception }) => [func, exception])).toEqual([
      ['WRITE_MULTIPLE_REGISTERS', undefined],
      ['WRITE_MULTIPLE_REGISTERS_EXCEPTION', 'ILLEGAL_DATA_ADDRESS'],
    ]);
    expect(set(of('modbus_detailed')[0])).toMatchObject({
      func: 'WRITE_MULTIPLE_REGISTERS',
      address: 1,
      quantity: 1,
      request_values: [11_100],
      matched: true,
      exception_code: 'ILLEGAL_DATA_ADDRESS',
    });
  });

  it('pairs pipelined requests by transaction id, whatever the order of answers', () => {
    const { dissector, of } = watch();
    feed(dissector, true, Buffer.concat([adu(1, '03 0001 0001'), adu(2, '03 0002 0001'), adu(3, '06 0003 0009')]));
    feed(dissector, false, Buffer.concat([adu(3, '06 0003 0009'), adu(1, '03 02 000a'), adu(2, '03 02 000b')]));
    expect(of('modbus_detailed').map(({ tid, address, response_values }) => [tid, address, response_values])).toEqual([
      [3, 3, [9]],
      [1, 1, [10]],
      [2, 2, [11]],
    ]);
  });

  it('says so when a request stays unanswered: at the end, a minute later, or when there are too many', () => {
    const { dissector, of } = watch();
    feed(dissector, true, adu(1, '06 0001 0001'), 0);
    feed(dissector, true, adu(2, '06 0002 0001'), 61e6);
    expect(of('modbus_detailed').map(({ tid, matched }) => [tid, matched])).toEqual([[1, false]]);
    for (let id = 3; id <= 67; id++) feed(dissector, true, adu(id, '06 0003 0001'), 61e6);
    expect(of('modbus_detailed').length).toBe(3);
    dissector.end(62e6);
    expect(of('modbus_detailed').length).toBe(67);
    expect(of('modbus_detailed').every(({ matched, time }) => matched === false && (time as number) >= 61e6)).toBe(
      true,
    );
  });

  it('tells of responses without request', () => {
    const { dissector, of } = watch();
    feed(dissector, false, adu(1, '03 04 0001 0002'));
    feed(dissector, false, adu(2, '01 01 05'));
    feed(dissector, false, adu(3, '83 02'));
    expect(of('modbus_detailed').map(set)).toMatchObject([
      { func: 'READ_HOLDING_REGISTERS', quantity: 2, response_values: [1, 2], matched: false },
      { func: 'READ_COILS', quantity: 8, response_values: [1, 0, 1, 0, 0, 0, 0, 0], matched: false },
      { func: 'READ_HOLDING_REGISTERS_EXCEPTION', exception_code: 'ILLEGAL_DATA_ADDRESS' },
    ]);
    expect(of('modbus_detailed')[2]?.matched).toBeUndefined();
  });

  it('tells of file records, with what they carry', () => {
    const { dissector, of } = watch();
    feed(dissector, true, adu(1, '14 07 06 0001 0002 0001'));
    feed(dissector, false, adu(1, '14 04 03 06 4142'));
    feed(dissector, true, adu(2, '15 09 06 0001 0003 0001 4344'));
    feed(dissector, false, adu(2, '15 09 06 0001 0003 0001 4344'));
    expect(
      of('modbus_file_record').map(({ func, request_response, file, record, length, data }) => [
        func,
        request_response,
        file,
        record,
        length,
        data,
      ]),
    ).toEqual([
      ['READ_FILE_RECORD', 'REQUEST', 1, 2, 1, undefined],
      ['READ_FILE_RECORD', 'RESPONSE', 1, 2, 1, 'AB'],
      ['WRITE_FILE_RECORD', 'REQUEST', 1, 3, 1, 'CD'],
      ['WRITE_FILE_RECORD', 'RESPONSE', 1, 3, 1, undefined],
    ]);
    expect(of('modbus_detailed').map(({ quantity, matched }) => [quantity, matched])).toEqual([
      [1, true],
      [1, true],
    ]);
    expect(dissector.violations).toBe(0);
  });

  it.each([
    ['03 0000 0000', 'quantity'],
    ['03 0000 007e', 'quantity'],
    ['01 0000 07d1', 'quantity'],
    ['03 0000', 'length'],
    ['05 0000 1234', 'value'],
    ['0f 0000 0009 01 ff', 'length'],
    ['10 0000 007c f8', 'quantity'],
    ['10 0000 0002 04 0001', 'length'],
    ['17 0000 007e 0000 0001 02 0000', 'quantity'],
    ['2b 0e 09 00', 'value'],
    ['07 00', 'length'],
    ['14 00', 'length'],
  ])('calls the request %s broken: %s; and still joins the refusal', (request, reason) => {
    const { dissector, of } = watch();
    const code = Number.parseInt(request.slice(0, 2), 16);
    feed(dissector, true, adu(1, request));
    feed(dissector, false, adu(1, hex(Uint8Array.of(code | 0x80, 3))));
    expect(of('modbus_violation').map((row) => [row.is_orig, row.reason])).toEqual([[true, reason]]);
    expect(of('modbus_detailed').at(-1)?.exception_code).toBe('ILLEGAL_DATA_VALUE');
  });

  it.each([
    ['03 0000 0002', '03 02 0001', 'mismatch'],
    ['03 0000 0002', '04 04 0001 0002', 'function'],
    ['03 0000 0002', '03 05 0001 0002', 'length'],
    ['06 0000 0002', '06 0000 0003', 'mismatch'],
    ['06 0000 0002', '06 0001 0002', 'mismatch'],
    ['10 0000 0001 02 0001', '10 0000 0002', 'mismatch'],
    ['03 0000 0002', '83', 'length'],
  ])('%s answered by %s is a violation: %s', (request, response, reason) => {
    const { dissector, of } = watch();
    feed(dissector, true, adu(1, request));
    feed(dissector, false, adu(1, response));
    expect(of('modbus_violation').map((row) => [row.is_orig, row.reason])).toEqual([[false, reason]]);
  });

  it('sees the same however the stream is cut', () => {
    const requests = Buffer.concat([1, 2, 3, 4, 5].map((id) => adu(id, '10 0001 0002 04 0102 0304')));
    const responses = Buffer.concat([1, 2, 3, 4, 5].map((id) => adu(id, '10 0001 0002')));
    const whole = watch();
    feed(whole.dissector, true, requests);
    feed(whole.dissector, false, responses);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (cuts) => {
        const cut = watch();
        for (const [fromOriginator, stream] of [
          [true, requests],
          [false, responses],
        ] as const) {
          let at = 0;
          for (let i = 0; at < stream.length; i++) {
            const next = Math.min(stream.length, at + (cuts[i % cuts.length] as number));
            cut.dissector.data(fromOriginator, 0, stream, at, next);
            at = next;
          }
        }
        expect(cut.events).toEqual(whole.events);
      }),
    );
  });

  it('finds its place again after garbage, wherever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.boolean(), (garbage, together) => {
        const { dissector, of } = watch();
        feed(dissector, true, adu(1, '06 0001 0001'));
        const good = Buffer.concat([
          adu(0x7001, '06 0002 0002'),
          adu(0x7002, '10 0003 0001 02 0003'),
          adu(0x7003, '06 0004 0004'),
        ]);
        // What could itself be the start of a long message hides what follows it; rule that out.
        garbage[2 % garbage.length] = 0xee;
        if (together) feed(dissector, true, Buffer.concat([garbage, good]));
        else {
          feed(dissector, true, garbage);
          feed(dissector, true, good);
        }
        for (let i = 0; i < 30; i++) feed(dissector, true, adu(0x7100 + i, '06 0009 0009'));
        const tids = of('modbus').map(({ tid }) => tid);
        expect(tids).toContain(0x711d);
        expect(dissector.violations).toBeGreaterThan(0);
        expect(dissector.unparsedBytes).toBeGreaterThan(0);
      }),
    );
  });

  it('goes on at the right byte when a gap ends within a message whose length was seen', () => {
    const { dissector, of } = watch();
    const long = adu(1, `10 0000 0050 a0 ${'0000 0006'.repeat(40)}`);
    dissector.data(true, 0, long, 0, 40);
    dissector.gap(true, 1, 30);
    dissector.data(true, 2, Buffer.concat([long.subarray(70), adu(2, '06 0001 0001')]), 0, long.length - 70 + 12);
    expect(of('modbus').map(({ tid }) => tid)).toEqual([1, 2]);
    expect(of('modbus_violation').map(({ reason }) => reason)).toEqual(['truncated']);
    expect(dissector.unparsedBytes).toBe(long.length - 30);
  });

  it('starts anywhere after a gap', () => {
    const { dissector, of } = watch();
    feed(dissector, false, adu(1, '03 04 0001 0002'));
    dissector.gap(false, 1, 1000);
    feed(dissector, false, Buffer.concat([bytes('0102 0304 0506'), adu(2, '03 04 0003 0004'), adu(3, '03 02 0005')]));
    expect(of('modbus').map(({ tid }) => tid)).toEqual([1, 2, 3]);
    expect(dissector.unparsedBytes).toBe(6);
  });

  it('starts after a gap with an unknown function, when that fills the segment', () => {
    const { dissector, of } = watch();
    dissector.gap(true, 1, 1000);
    feed(dissector, true, adu(2, '36 0000 0000'));
    expect(of('modbus').map(({ func }) => func)).toEqual(['unknown-54']);
  });

  it('follows messages that are longer than the standard allows, and says so', () => {
    const { dissector, of } = watch();
    for (const length of [253, 254, 1024]) {
      const message = encodeAdu(length, 1, Uint8Array.of(0x5a, ...new Uint8Array(length - 1)));
      dissector.data(true, 0, message, 0, 100);
      dissector.data(true, 0, message, 100, message.length);
    }
    feed(dissector, true, adu(7, '03 0000 0001'));
    expect(of('modbus').map(({ tid, func }) => [tid, func])).toEqual([
      [253, 'PROGRAM_UNITY'],
      [254, 'PROGRAM_UNITY'],
      [1024, 'PROGRAM_UNITY'],
      [7, 'READ_HOLDING_REGISTERS'],
    ]);
    expect(of('modbus_violation').map(({ tid, reason }) => [tid, reason])).toEqual([
      [254, 'length'],
      [1024, 'length'],
    ]);
  });

  it('skips messages of another protocol id without losing its place', () => {
    const { dissector, of } = watch();
    feed(dissector, true, Buffer.concat([bytes('0001 0007 0006 01 06 0001 0001'), adu(2, '06 0002 0002')]));
    expect(of('modbus').map(({ tid }) => tid)).toEqual([2]);
    expect(of('modbus_violation').map(({ reason }) => reason)).toEqual(['protocol']);
  });

  it('never throws, and counts, on any bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.constantFrom('bytes', 'gap', 'frame'), fc.uint8Array({ maxLength: 300 }))),
        (steps) => {
          const { dissector } = watch();
          for (const [fromOriginator, kind, data] of steps)
            if (kind === 'gap') dissector.gap(fromOriginator, 0, data.length * 7);
            else if (kind === 'frame' && data.length > 0 && data.length <= 253)
              feed(dissector, fromOriginator, encodeAdu(data[0] as number, 1, data));
            else feed(dissector, fromOriginator, data);
          dissector.end(0);
        },
      ),
      { numRuns: process.env.PENSTOCK_PROVE === '1' ? 50_000 : 2000 },
    );
  });

  it('is sure of Modbus by its content, and of other protocols that they are none', () => {
    const probe = (data: Uint8Array, fromOriginator: boolean) =>
      modbusDissector.probe(data, 0, data.length, fromOriginator);
    expect(probe(adu(1, '03 0000 0001'), true)).toBeGreaterThan(0.9);
    expect(probe(adu(1, '03 02 0001'), false)).toBeGreaterThan(0.9);
    expect(probe(adu(1, '10 0000 0050 a0 00').subarray(0, 13), true)).toBeGreaterThan(0);
    expect(probe(adu(1, '41 00'), true)).toBeGreaterThan(0);
    expect(probe(adu(1, '41 00'), true)).toBeLessThan(0.5);
    expect(probe(adu(1, '03 0000 0001').subarray(0, 5), true)).toBeUndefined();
    for (const other of [
      'GET / HTTP/1.1\r\n',
      'SSH-2.0-OpenSSH_9.6\r\n',
      '\x05\x64\x05\xc0\x01\x00\x00\x04',
      '\x03\x00\x00\x16\x11\xe0\x00\x00',
    ])
      expect(probe(Buffer.from(other, 'latin1'), true)).toBe(0);
  });

  it('sees of a server just what happened in it', () => {
    const device = new TestDevice();
    const session = testServer(device).session('10.20.2.10', 50_000);
    const { dissector, of } = watch();
    for (let i = 0; i < 50; i++) {
      const request = adu(i, i % 3 === 0 ? '10 012c 0002 04 0001 0002' : '03 0000 0010');
      feed(dissector, true, request);
      session.receive(request, 0 as never);
      feed(dissector, false, session.take() as Uint8Array);
    }
    expect(of('modbus_detailed').every(({ matched, exception_code }) => matched && exception_code === undefined)).toBe(
      true,
    );
    expect(of('modbus_detailed').filter(({ request_values }) => request_values).length).toBe(device.written.length);
  });
});

const capture = sharedPath('captures/cisagov+icsnpp-modbus/testing/traces/modbus_example.pcap');
const baseline = sharedPath('captures/cisagov+icsnpp-modbus/testing/baseline/analyzer.basic');

// Every function in one capture, and the rows that ICSNPP's parser printed for it.
describe.skipIf(capture === undefined || baseline === undefined)('the Modbus dissector and ICSNPP’s logs', () => {
  const rows = new Map<string, Row[]>();
  for (const [source, event] of dissectCapture(readFileSync(capture ?? ''))) {
    const name = event.name as string;
    rows.set(name, [...(rows.get(name) ?? []), { source, ...event }]);
  }

  it.each(['modbus_detailed', 'modbus_mask_write_register', 'modbus_read_write_multiple_registers'])(
    'agree on %s',
    (log) => {
      const lines = readFileSync(`${baseline}/${log}.log`, 'utf8').split('\n');
      const fields = (lines.find((line) => line.startsWith('#fields')) as string).split('\t').slice(1);
      const expected = lines.filter((line) => line && !line.startsWith('#')).map((line) => line.split('\t'));
      const known = fields.filter(
        (field) => field in (rows.get(log)?.[0] ?? {}) && field !== 'modbus_detailed_link_id',
      );
      expect(known.length).toBeGreaterThanOrEqual(8);
      const pick = (values: readonly string[]) => known.map((field) => values[fields.indexOf(field)]);
      const actual = (rows.get(log) ?? []).map((row) => known.map((field) => zeekText(row[field])));
      expect(actual).toEqual(expected.map(pick));
      const links = (rows.get(log) ?? []).map((row) => row.modbus_detailed_link_id !== undefined);
      expect(links).toEqual(expected.map((values) => values[fields.indexOf('modbus_detailed_link_id')] !== '-'));
    },
  );
});

function zeekText(value: unknown): string {
  if (value === undefined) return '-';
  if (typeof value === 'boolean') return value ? 'T' : 'F';
  if (Array.isArray(value)) return value.join(',');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Zeek escapes them
  return String(value).replace(/[\x00-\x1f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** Events of a small classic pcap of Ethernet frames in which every segment has its place. */
function dissectCapture(file: Buffer): [number, Row][] {
  const dissectors = new Map<number, Dissector>();
  const events: [number, Row][] = [];
  for (let at = 24; at < file.length; ) {
    const frame = file.subarray(at + 16, at + 16 + file.readUInt32LE(at + 8));
    at += 16 + frame.length;
    const tcp = 14 + ((frame[14] as number) & 15) * 4;
    const data = frame.subarray(tcp + ((frame[tcp + 12] as number) >> 4) * 4, 14 + frame.readUInt16BE(16));
    const fromOriginator = frame.readUInt16BE(tcp + 2) === 502;
    const client = frame.readUInt16BE(fromOriginator ? tcp : tcp + 2);
    let dissector = dissectors.get(client);
    if (dissector === undefined) {
      dissector = modbusDissector.create((event) => events.push([client, event as unknown as Row]));
      dissectors.set(client, dissector);
    }
    if (data.length > 0) dissector.data(fromOriginator, 0, data, 0, data.length);
  }
  for (const dissector of dissectors.values()) dissector.end(0);
  return events;
}
