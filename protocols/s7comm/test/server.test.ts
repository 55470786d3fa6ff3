import { type Instant, NEVER, seconds } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import {
  AREA_CODES,
  addressOfBytes,
  addressOfEntry,
  encodeCotp,
  encodeTpkt,
  type ItemAddress,
  type MemoryEntry,
  readingOf,
  S7PointWrite,
  S7Read,
  S7Transaction,
  tsapOf,
} from '../index.ts';
import { program, TestDevice, Wired } from './device.ts';

const entryOf = (device: TestDevice, tag: string): MemoryEntry =>
  device.server.memory.entry(device.index(tag)) as MemoryEntry;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('reading and writing', () => {
  it.each([
    ['BIT0', 1],
    ['BYTE', 200],
    ['CHAR', 65],
    ['WORD', 60_000],
    ['INT', -12.3],
    ['DWORD', 4_000_000_000],
    ['DINT', -2_000_000_000],
    ['REAL', Math.fround(3.14)],
    ['TIME', 12.5],
    ['S5T', 90],
    ['M_INT', -7],
    ['Q_BIT', 1],
    ['COUNT', 123],
    ['TIMER', 0.25],
  ])('carries %s = %d both ways, and says who wrote', (tag, value) => {
    const device = new TestDevice();
    const wired = new Wired(device.server);
    const entry = entryOf(device, tag);
    const write = wired.ask(new S7PointWrite(entry).set(value));
    expect([write.state, write.code]).toEqual(['done', 0xff]);
    expect(device.value(tag)).toBeCloseTo(value, 5);
    expect(device.written).toEqual([
      {
        tag,
        value: expect.closeTo(value, 5),
        outcome: 'done',
        writer: { protocol: 's7', address: '10.9.2.10', port: 50_000 },
      },
    ]);
    expect(readingOf(wired.ask(new S7Read([addressOfEntry(entry)])), entry)).toBeCloseTo(value, 5);
  });

  it('gives every item its own return code', () => {
    const device = new TestDevice();
    device.set('WORD', 0x1234);
    const any = (transportSize: number, count: number, db: number, area: number, address: number): ItemAddress => ({
      ...{ syntax: 'any', transportSize, count, db, area, address },
    });
    const items = [
      any(4, 1, 1, 0x84, 8 * 8),
      any(4, 1, 7, 0x84, 0),
      any(2, 4, 1, 0x84, 28 * 8),
      any(99, 1, 1, 0x84, 0),
      any(4, 1, 1, 0x84, 8 * 8 + 1),
      any(2, 4, 1, 0x84, 2 * 8),
      any(2, 2, 0, AREA_CODES.C, 6),
      { syntax: 'unsupported', id: 0xb0, bytes: Uint8Array.of(1, 2, 3) },
      any(1, 1, 0, 0x81, 3),
    ] as const;
    const read = new Wired(device.server).ask(new S7Read(items as never));
    const results: [number, string][] = [];
    expect(read.results((_, code, start, end) => results.push([code, hex(read.response.slice(start, end))]))).toBe(
      true,
    );
    expect(results).toEqual([
      [0xff, '1234'],
      [0x0a, ''],
      [0x05, ''],
      [0x06, ''],
      [0x07, ''],
      [0xff, '00000000'],
      [0x07, ''],
      [0x06, ''],
      [0xff, '00'],
    ]);
  });

  it('writes items that are right and refuses the others by themselves', () => {
    const device = new TestDevice();
    const item = (address: number, count = 1) => ({
      syntax: 'any' as const,
      transportSize: 2,
      count,
      db: 1,
      area: 0x84,
      address,
    });
    const data = (...bytes: number[]) => ({ code: 0, transport: 4, bytes: Uint8Array.from(bytes) });
    const write = new S7Transaction({
      job: {
        function: 'write',
        // A byte; a read-only bit with two that are not; nobody's byte; a value beyond what is accepted; two bytes where one is announced.
        items: [item(8), item(0), item(3 * 8), item(4 * 8), item(8, 2)],
        data: [data(9), data(0x81), data(1), data(101), data(1)],
      },
    });
    const answer = new Wired(device.server).ask(write).decode();
    expect(answer).toMatchObject({ status: 'ok', message: { body: { codes: [0xff, 0x03, 0x05, 0x07, 0x07] } } });
    expect(device.written.map(({ tag, value }) => [tag, value])).toEqual([['BYTE', 9]]);
    expect([device.value('BIT0'), device.value('LOW')]).toEqual([0, 0]);
  });

  it('keeps the other bytes of a point that is written in part', () => {
    const device = new TestDevice();
    device.set('DWORD', 0x11223344);
    const bytes = Uint8Array.of(0xaa, 0xbb);
    const block = { area: 0x84, db: 1 };
    new Wired(device.server).ask(
      new S7Transaction({
        job: { function: 'write', items: [addressOfBytes(block, 13, 2)], data: [{ code: 0, transport: 4, bytes }] },
      }),
    );
    expect(device.value('DWORD')).toBe(0x11aabb44);
  });

  it('reads a block of memory as its points make it, with zeros between them', () => {
    const device = new TestDevice();
    for (const [tag, value] of [
      ['BIT1', 1],
      ['BYTE', 0xab],
      ['WORD', 0xcafe],
      ['REAL', 1],
    ] as const)
      device.set(tag, value);
    const read = new Wired(device.server).ask(new S7Read([addressOfBytes({ area: 0x84, db: 1 }, 0, 24)]));
    read.results((_, __, start, end) =>
      expect(hex(read.response.slice(start, end))).toBe('02ab000000000000cafe000000000000000000003f800000'),
    );
    expect(read.state).toBe('done');
  });

  it('refuses what does not fit the PDU, and a request that is longer', () => {
    const device = new TestDevice();
    const wired = new Wired(device.server, { pduLength: 240 });
    const items = Array.from({ length: 12 }, () => addressOfBytes({ area: 0x84, db: 1 }, 0, 30));
    const read = wired.ask(new S7Read(items));
    expect([wired.client.pduLength, read.state, read.error]).toEqual([240, 'refused', 0x8500]);
    expect(
      wired.ask(new S7Read(Array.from({ length: 20 }, () => addressOfBytes({ area: 0x84, db: 1 }, 0, 2)))).error,
    ).toBe(0x8500);
  });

  it('lets a client that may not write only look', () => {
    const device = new TestDevice();
    const wired = new Wired(device.server, {}, false);
    expect(wired.ask(new S7PointWrite(entryOf(device, 'BYTE')).set(1)).code).toBe(0x03);
    expect(wired.did((done) => wired.engineer.stop(wired.now, done))).toMatchObject({ ok: false, reason: 'refused' });
    expect(device.notices).toEqual(['write-refused 10.9.2.10', 'write-refused 10.9.2.10']);
    expect([device.written, device.controller.mode]).toEqual([[], 'running']);
  });

  it('answers whatever way the stream is cut', () => {
    const device = new TestDevice();
    device.set('REAL', 2.5);
    const wired = new Wired(device.server);
    const entry = entryOf(device, 'REAL');
    const read = new S7Read([addressOfEntry(entry)]);
    wired.client.submit(read, wired.now);
    wired.run(1);
    expect(readingOf(read, entry)).toBe(2.5);
  });
});

describe('the connection', () => {
  const request = (slot: number, tpduSize = 10) =>
    encodeTpkt(
      encodeCotp({
        ...{ type: 'connection-request', destinationReference: 0, sourceReference: 5, classOption: 0, tpduSize },
        ...{ callingTsap: tsapOf(1, 0, 0), calledTsap: tsapOf(1, 0, slot) },
      }),
    );

  it('is confirmed to the slot of the CPU, and refused to another', () => {
    const { server } = new TestDevice();
    const right = server.session('10.9.2.10', 1);
    right.receive(request(2), 0 as Instant);
    expect(hex(right.take() as Uint8Array)).toBe('0300001611d00005000100c0010ac1020100c2020102');
    const wrong = server.session('10.9.2.10', 2);
    wrong.receive(request(3), 0 as Instant);
    expect([hex(wrong.take() as Uint8Array), wrong.closing]).toEqual(['0300000b06800005000003', true]);
  });

  it('is turned away when all are taken, until one ends', () => {
    const { server } = new TestDevice({ connections: 1 });
    const first = server.session('10.9.2.10', 1);
    first.receive(request(2), 0 as Instant);
    const second = server.session('10.9.2.10', 2);
    second.receive(request(2), 0 as Instant);
    expect([server.open, second.closing]).toEqual([1, true]);
    first.ended();
    const third = server.session('10.9.2.10', 3);
    third.receive(request(2), 0 as Instant);
    expect([server.open, third.closing]).toEqual([1, false]);
  });

  it('ends when nobody comes to a setup, or the stream loses its place', () => {
    const { server } = new TestDevice();
    const idle = server.session('10.9.2.10', 1);
    idle.receive(request(2), 0 as Instant);
    expect(idle.due()).toBe(seconds(30));
    idle.tick(seconds(30) as number as Instant);
    expect([idle.closing, server.open]).toEqual([true, 0]);
    const torn = server.session('10.9.2.10', 2);
    torn.receive(Uint8Array.of(4, 0, 0, 7, 1, 2, 3), 0 as Instant);
    expect([torn.closing, torn.due()]).toEqual([true, NEVER]);
  });

  it('refuses jobs before the setup, and functions that it does not have', () => {
    const device = new TestDevice();
    const wired = new Wired(device.server);
    const other = { function: 'other', code: 0x42, parameters: new Uint8Array(0), data: new Uint8Array(0) } as const;
    expect(wired.ask(new S7Transaction({ job: other })).error).toBe(0x8104);
    expect(wired.ask(new S7Transaction({ group: 1, subfunction: 9, bytes: Uint8Array.of(1) })).error).toBe(0x8104);
  });

  it('goes in fragments where only small TPDUs were agreed on', () => {
    const { server } = new TestDevice();
    const session = server.session('10.9.2.10', 1);
    session.receive(request(2, 7), 0 as Instant);
    session.take();
    const job = (text: string): Uint8Array =>
      encodeTpkt(
        encodeCotp({ type: 'data', endOfMessage: true, number: 0, data: Uint8Array.from(Buffer.from(text, 'hex')) }),
      );
    session.receive(job('32010000000000080000f0000001000101e0'), 0 as Instant);
    session.take();
    const items = '120a10020018000184000000'.repeat(5);
    session.receive(job(`320100000001003e00000405${items}`), 0 as Instant);
    const answer = session.take() as Uint8Array;
    // 12 bytes of header, 2 of parameters, 5 × 28 of data: 154 in TPDUs of 128.
    expect([answer.length, hex(answer.subarray(0, 7)), hex(answer.subarray(132, 139))]).toEqual([
      154 + 2 * 7,
      '0300008402f000',
      '0300002402f080',
    ]);
  });
});

describe('start, stop and the key', () => {
  const scans = (device: TestDevice): number => device.controller.variable('Scans').get();

  it('really stops the scan and starts it again, warm or cold', () => {
    const device = new TestDevice();
    const { controller } = device;
    const wired = new Wired(device.server);
    controller.scan(seconds(1) as number as Instant);
    expect(wired.did((done) => wired.engineer.stop(wired.now, done))).toEqual({ ok: true, value: true });
    controller.scan(seconds(2) as number as Instant);
    expect([controller.mode, scans(device)]).toEqual(['stopped', 1]);
    expect(wired.did((done) => wired.engineer.stop(wired.now, done))).toMatchObject({
      detail: expect.stringContaining('0x8402'),
    });
    device.set('REAL', 5);
    expect(wired.did((done) => wired.engineer.start('cold', wired.now, done))).toMatchObject({ ok: true });
    controller.scan(seconds(3) as number as Instant);
    expect([controller.mode, scans(device), device.value('REAL')]).toEqual(['running', 1, 0]);
    expect(wired.did((done) => wired.engineer.start('warm', wired.now, done))).toMatchObject({ ok: false });
  });

  it('changes neither mode nor program with the key at RUN, and not the mode at PROGRAM', () => {
    const device = new TestDevice();
    const { controller } = device;
    const wired = new Wired(device.server);
    const { engineer } = wired;
    const refused = { ok: false, reason: 'refused', detail: expect.stringContaining('0xd241') };
    controller.setKey('run');
    expect(wired.did((done) => engineer.stop(wired.now, done))).toEqual(refused);
    expect(wired.did((done) => engineer.writeProgram(program(2), wired.now, done))).toEqual(refused);
    expect(wired.did((done) => engineer.deleteProgram(wired.now, done))).toEqual(refused);
    expect(wired.did((done) => engineer.readProgram(wired.now, done))).toEqual({ ok: true, value: program() });
    controller.setKey('program');
    expect(wired.did((done) => engineer.start('warm', wired.now, done))).toEqual(refused);
    expect(wired.did((done) => engineer.writeProgram(program(2), wired.now, done))).toMatchObject({ ok: true });
    expect(controller.source).toBe(program(2));
  });
});

describe('blocks', () => {
  it('are the program: what is downloaded runs, and is what is uploaded', () => {
    const device = new TestDevice();
    const wired = new Wired(device.server, { pduLength: 240 });
    const { engineer } = wired;
    device.controller.scan(seconds(1) as number as Instant);
    expect(device.value('LEVEL')).toBe(1);
    const long = `${program(2)}(* ${'long '.repeat(200)} *)\n`;
    expect(wired.did((done) => engineer.writeProgram(long, wired.now, done))).toEqual({ ok: true, value: true });
    device.controller.scan(seconds(2) as number as Instant);
    expect(device.value('LEVEL')).toBe(2);
    expect(wired.did((done) => engineer.readProgram(wired.now, done))).toEqual({ ok: true, value: long });
    expect(device.controller.diagnostics.list().at(-1)).toMatchObject({ id: 'download', by: 's7 10.9.2.10:50000' });
  });

  it('that do not compile are refused, and the old one goes on', () => {
    const device = new TestDevice();
    const wired = new Wired(device.server);
    const outcome = wired.did((done) => wired.engineer.writeProgram('PROGRAM Main', wired.now, done));
    expect(outcome).toEqual({
      ok: false,
      reason: 'refused',
      detail: 'error 0x8404 (the service could not be carried out)',
    });
    device.controller.scan(seconds(1) as number as Instant);
    expect([device.controller.mode, device.controller.source]).toEqual(['running', program()]);
    expect(device.controller.diagnostics.list().at(-1)?.id).toBe('download-refused');
  });

  it('can be deleted, which stops the controller until another is loaded', () => {
    const device = new TestDevice();
    const wired = new Wired(device.server);
    const { engineer } = wired;
    expect(wired.did((done) => engineer.deleteProgram(wired.now, done))).toMatchObject({ ok: true });
    expect([device.controller.mode, device.controller.hash]).toEqual(['stopped', '']);
    expect(wired.did((done) => engineer.readProgram(wired.now, done))).toMatchObject({
      detail: expect.stringContaining('0xd209'),
    });
    expect(wired.did((done) => engineer.start('warm', wired.now, done))).toMatchObject({
      detail: expect.stringContaining('0x8001'),
    });
    wired.did((done) => engineer.writeProgram(program(), wired.now, done));
    expect(wired.did((done) => engineer.start('warm', wired.now, done))).toMatchObject({ ok: true });
    expect([device.controller.mode, device.controller.isOriginal]).toEqual(['running', true]);
  });

  it('are counted, listed and described', () => {
    const device = new TestDevice();
    const wired = new Wired(device.server);
    const ask = (group: number, subfunction: number, content: Parameters<typeof wired.engineer.ask>[2]) =>
      wired.did<unknown>((done) => wired.engineer.ask(group, subfunction, content, wired.now, done)) as {
        value: unknown;
      };
    expect(ask(3, 1, { is: 'empty' }).value).toMatchObject({
      counts: [{ type: '08', count: 1 }, {}, {}, { type: '0A', count: 2 }, {}, {}, {}],
    });
    expect(ask(3, 2, { is: 'block-type', type: '0A' }).value).toEqual({
      is: 'block-list',
      blocks: [
        { number: 1, flags: 0x22, language: 5 },
        { number: 2, flags: 0x22, language: 5 },
      ],
    });
    expect(ask(3, 3, { is: 'block-query', type: '08', number: 1, filesystem: 'A' }).value).toMatchObject({
      info: {
        number: 1,
        language: 4,
        loadLength: program().length + 72,
        checksum: Number.parseInt(device.controller.hash.slice(0, 4), 16),
      },
    });
  });

  it('of data hold what the memory holds', () => {
    const device = new TestDevice();
    device.set('REAL', 1);
    const wired = new Wired(device.server);
    const outcome = wired.did<{ ok: boolean; value?: Uint8Array }>((done) =>
      wired.engineer.readBlock('0A', 1, wired.now, done as never),
    );
    expect(hex((outcome.value as Uint8Array).subarray(36 + 20, 36 + 24))).toBe('3f800000');
  });
});

describe('user data', () => {
  const szl = (wired: Wired, id: number, index = 0) =>
    wired.did<unknown>((done) => wired.engineer.ask(4, 1, { is: 'szl-request', id, index }, wired.now, done)) as {
      ok: boolean;
      detail?: string;
      value: { index: number; recordLength: number; records: Uint8Array[] };
    };

  it('tells who the controller is, in parts where the PDU is short', () => {
    const wired = new Wired(new TestDevice().server, { pduLength: 112 });
    const text = (record: Uint8Array): string => String.fromCharCode(...record.subarray(2)).replace(/\0+$/, '');
    const { records } = szl(wired, 0x1c).value;
    expect(records.slice(0, 5).map(text)).toEqual([
      'FILTERS',
      'CPU 315-2 PN/DP',
      'WORKS',
      'Original Siemens Equipment',
      'S C-X4U421302009',
    ]);
    const modules = szl(wired, 0x11).value.records;
    expect(String.fromCharCode(...(modules[0] as Uint8Array).subarray(2, 22))).toBe('6ES7 315-2EH14-0AB0 ');
    expect(hex((modules[2] as Uint8Array).subarray(24))).toBe('56030208');
  });

  it.each([
    ['RUN', 'running'],
    ['STOP', 'stopped'],
  ])('tells that it is in %s', (_, mode) => {
    const device = new TestDevice();
    if (mode === 'stopped') device.controller.requestMode('stop');
    const record = szl(new Wired(device.server), 0x424).value.records[0] as Uint8Array;
    expect(record[3]).toBe(mode === 'running' ? 8 : 4);
    const lamps = szl(new Wired(device.server), 0x19).value.records.map((bytes) => [bytes[1], bytes[2]]);
    expect(lamps).toEqual([
      [1, 0],
      [4, mode === 'running' ? 1 : 0],
      [5, mode === 'running' ? 0 : 1],
      [6, 0],
    ]);
  });

  it('tells protection, key, communication, diagnostics, and which lists there are', () => {
    const device = new TestDevice({ protection: { level: 2, password: 'weir' } });
    const wired = new Wired(device.server);
    device.controller.force('Gain', 3);
    expect(hex(szl(wired, 0x132, 4).value.records[0]?.subarray(0, 12) as Uint8Array)).toBe('000400010002000200020002');
    expect(hex(szl(wired, 0x131, 1).value.records[0]?.subarray(0, 6) as Uint8Array)).toBe('000101e00010');
    const [newest] = szl(wired, 0xa0).value.records as [Uint8Array];
    expect([newest.length, hex(newest.subarray(0, 2))]).toEqual([20, 'b103']);
    const ids = szl(wired, 0).value.records.map(hex);
    for (const id of ['0011', '001c', '00a0', '0131', '0132', '0424']) expect(ids).toContain(id);
    expect([szl(wired, 0x77).detail, szl(wired, 0x131, 9).detail]).toEqual([
      expect.stringContaining('0xd401'),
      expect.stringContaining('0xd402'),
    ]);
  });

  it('reads and sets the clock, and refuses a date that there is none of', () => {
    const device = new TestDevice();
    const wired = new Wired(device.server);
    const clock = { year: 2026, month: 7, day: 4, hour: 1, minute: 2, second: 3, millisecond: 40, weekday: 7 };
    const set = (content: typeof clock) =>
      wired.did((done) => wired.engineer.ask(7, 2, { is: 'clock', clock: content }, wired.now, done));
    expect(set(clock)).toMatchObject({ ok: true });
    expect(device.time).toBe(Date.UTC(2026, 6, 4, 1, 2, 3, 40) * 1000);
    expect(wired.did((done) => wired.engineer.ask(7, 1, { is: 'empty' }, wired.now, done))).toEqual({
      ok: true,
      value: { is: 'clock', clock },
    });
    expect(set({ ...clock, month: 2, day: 31 })).toMatchObject({ detail: expect.stringContaining('0xdc01') });
  });

  it('asks for the password where the owner wants it, until it is cleared', () => {
    const device = new TestDevice({ protection: { level: 3, password: 'weir' } });
    const wired = new Wired(device.server);
    const { engineer } = wired;
    const stop = () => wired.did((done) => engineer.stop(wired.now, done));
    const refused = { ok: false, reason: 'refused', detail: expect.stringContaining('0xd241') };
    expect(stop()).toEqual(refused);
    expect(wired.did((done) => engineer.readProgram(wired.now, done))).toEqual(refused);
    expect(wired.did((done) => engineer.logOn('wrong', wired.now, done))).toMatchObject({
      detail: expect.stringContaining('0xd602'),
    });
    expect(wired.did((done) => engineer.logOn('weir', wired.now, done))).toMatchObject({ ok: true });
    expect(stop()).toMatchObject({ ok: true });
    expect(wired.did((done) => engineer.ask(5, 2, { is: 'empty' }, wired.now, done))).toMatchObject({ ok: true });
    expect(wired.did((done) => engineer.start('warm', wired.now, done))).toEqual(refused);
    expect(device.notices).toEqual(['password-wrong 10.9.2.10', 'password-right 10.9.2.10']);
    // What operators need goes on.
    expect(wired.ask(new S7PointWrite(entryOf(device, 'BYTE')).set(7)).code).toBe(0xff);
  });
});
