import { after, type Instant, milliseconds, NEVER, seconds } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { encodeAdu, type MapEntry, ModbusClient, ModbusTransaction, PointWrite, readTransaction } from '../index.ts';
import { bytes, hex, TestDevice, testServer } from './device.ts';

const at = (ms: number) => milliseconds(ms) as number as Instant;
const answer = (id: number, pdu: string, unit = 1) => encodeAdu(id, unit, bytes(pdu));

function pump(
  client: ModbusClient,
  session: { receive(b: Uint8Array, now: Instant): void; take(): Uint8Array | undefined },
  now: Instant,
): void {
  for (let sent = client.take(); sent !== undefined; sent = client.take()) {
    session.receive(sent, now);
    const back = session.take();
    if (back !== undefined) client.receive(back, now);
  }
}

describe('a Modbus client', () => {
  it('sends a request and matches its response', () => {
    const client = new ModbusClient();
    const seen: string[] = [];
    const read = readTransaction(1, 'holding', 107, 3, (t, now) => seen.push(`${t.state} ${now}`));
    expect(client.submit(read, at(1))).toBe(true);
    expect(hex(client.take() as Uint8Array)).toBe('0001000000060103006b0003');
    expect(client.due()).toBe(at(1001));
    client.receive(answer(1, '03 06 022b 0000 0064'), at(3));
    expect(seen).toEqual(['done 3000']);
    expect([0, 1, 2].map((i) => read.register(i))).toEqual([555, 0, 100]);
    expect([read.sentAt, read.finishedAt]).toEqual([at(1), at(3)]);
    expect(client.due()).toBe(NEVER);
  });

  it('reads and writes a server’s points in engineering values', () => {
    const device = new TestDevice();
    const server = testServer(device);
    const session = server.session('10.20.2.10', 50_000);
    const client = new ModbusClient();
    for (const [tag, value] of [
      ['float32-little', 12.5],
      ['int32-big', -70_000],
      ['int16', -3.2],
      ['H1', 77],
      ['C5', 1],
      ['bool', 1],
    ] as const) {
      const entry = server.map.entry(device.index(tag)) as MapEntry;
      const write = new PointWrite(1, entry).set(value);
      client.submit(write, at(0));
      pump(client, session, at(0));
      expect([write.state, device.value(tag)]).toEqual(['done', value]);
      const read = readTransaction(1, entry.table, entry.address, entry.width);
      client.submit(read, at(0));
      pump(client, session, at(0));
      const values = new Float64Array(1);
      server.map.block(entry.table, entry.address, entry.width).decode(read.response, 2, values);
      expect(values[0]).toBe(value);
    }
    expect(client.counters).toEqual({ sent: 12, done: 12, exceptions: 0, timeouts: 0, mismatches: 0, unknown: 0 });
    expect(() => new PointWrite(1, server.map.entry(device.index('I1')) as MapEntry)).toThrow('cannot be written');
  });

  it.each([
    [
      'every other function of a server that has them all',
      [
        '07',
        '08 0000 0102',
        '0b',
        '11',
        '14 07 06 0001 0000 0002',
        '15 09 06 0001 0000 0001 aabb',
        '16 0004 00f2 0025',
        '17 0003 0002 0003 0001 02 00ff',
        '18 0001',
        '2b 0e 01 00',
        '0f 0013 000a 02 cd01',
        '10 0001 0002 04 000a 0102',
      ],
    ],
  ])('completes %s', (_, requests) => {
    const session = testServer(new TestDevice(), { functions: [7, 8, 11, 17], fifo: () => [1, 2] }).session(
      '10.20.2.10',
      1,
    );
    const client = new ModbusClient();
    for (const request of requests) {
      const transaction = new ModbusTransaction(1, bytes(request));
      client.submit(transaction, at(0));
      pump(client, session, at(0));
      expect([request, transaction.state]).toEqual([request, 'done']);
      expect(transaction.decode().status).toBe('ok');
    }
  });

  it('surfaces exceptions', () => {
    const client = new ModbusClient();
    const read = readTransaction(1, 'holding', 999, 1);
    client.submit(read, at(0));
    client.take();
    client.receive(answer(1, '83 02'), at(1));
    expect([read.state, read.exception]).toEqual(['exception', 2]);
    expect(read.decode()).toEqual({ status: 'ok', message: { function: 3, exception: 2 } });
  });

  it('waits in a queue for its turn, in order', () => {
    const client = new ModbusClient({ depth: 2, queue: 2 });
    const done: number[] = [];
    const reads = [0, 1, 2, 3, 4].map((i) => readTransaction(1, 'holding', i, 1, () => done.push(i)));
    expect(reads.map((read) => client.submit(read, at(0)))).toEqual([true, true, true, true, false]);
    expect([client.inFlight, client.queued]).toEqual([2, 2]);
    expect((client.take() as Uint8Array).length).toBe(24);
    expect(client.submit(reads[0] as ModbusTransaction, at(0))).toBe(false);
    client.receive(answer(2, '03 02 0001'), at(1));
    expect((client.take() as Uint8Array).length).toBe(12);
    client.receive(Buffer.concat([answer(1, '03 02 0001'), answer(3, '03 02 0001')]), at(2));
    client.take();
    client.receive(answer(4, '03 02 0001'), at(3));
    expect(done).toEqual([1, 0, 2, 3]);
  });

  it('gives up when nothing comes in time, and drops and counts what comes late', () => {
    const client = new ModbusClient({ timeout: milliseconds(300) });
    const read = readTransaction(1, 'holding', 0, 1);
    const next = readTransaction(1, 'holding', 1, 1);
    client.submit(read, at(0));
    client.submit(next, at(10));
    client.take();
    client.tick(at(299));
    expect(read.state).toBe('sent');
    client.tick(at(300));
    expect([read.state, next.state, next.sentAt]).toEqual(['timeout', 'sent', at(300)]);
    client.take();
    client.receive(answer(1, '03 02 0001'), at(301));
    expect([client.counters.unknown, next.state]).toEqual([1, 'sent']);
    client.receive(answer(2, '03 02 0009'), at(302));
    expect([next.state, next.register(0)]).toEqual(['done', 9]);
  });

  it.each([
    ['another function', '04 02 0001', 1],
    ['too few registers', '03 02 0001', 1],
    ['a byte count that lies', '03 06 0001 0002', 1],
    ['another unit', '03 04 0001 0002', 2],
    ['an exception with a tail', '83 02 00', 1],
  ])('takes %s for no answer', (_, pdu, unit) => {
    const client = new ModbusClient();
    const read = readTransaction(1, 'holding', 0, 2);
    client.submit(read, at(0));
    client.take();
    client.receive(answer(1, pdu, unit), at(1));
    expect([read.state, client.counters.mismatches, client.closing]).toEqual(['mismatch', 1, false]);
  });

  it.each([
    ['06 0001 0003', '06 0001 0004'],
    ['06 0001 0003', '06 0002 0003'],
    ['05 0001 ff00', '05 0001 0000'],
    ['10 0001 0001 02 0003', '10 0001 0002'],
    ['0f 0001 0001 01 01', '0f 0002 0001'],
    ['16 0001 0003 0004', '16 0001 0003 0005'],
    ['15 09 06 0001 0000 0001 aabb', '15 09 06 0001 0000 0001 aabc'],
    ['14 07 06 0001 0000 0001', '14 06 05 06 0000 0000'],
    ['2b 0e 01 00', '2b 0e 01 01 00 00 01 00 09 41'],
    ['08 0000 0001', '08 0001 0001'],
  ])('%s is not answered by %s', (request, response) => {
    const client = new ModbusClient();
    const transaction = new ModbusTransaction(1, bytes(request));
    client.submit(transaction, at(0));
    client.take();
    client.receive(answer(1, response), at(1));
    expect(transaction.state).toBe('mismatch');
  });

  it('ends everything when the stream cannot be followed, and serves a new connection after it', () => {
    const client = new ModbusClient();
    const first = readTransaction(1, 'holding', 0, 1, (t, now) => client.submit(t, now));
    const second = readTransaction(1, 'holding', 1, 1);
    client.submit(first, at(0));
    client.submit(second, at(0));
    client.receive(bytes('0001 0000 ffff 01 03'), at(1));
    expect([client.closing, first.state, second.state]).toEqual([true, 'closed', 'closed']);
    client.disconnected(at(2));
    expect(client.closing).toBe(false);
    expect(client.take()).toBeUndefined();
    expect(client.submit(second, at(3))).toBe(true);
    expect(hex(client.take() as Uint8Array).slice(0, 4)).toBe('0002');
  });

  it('counts ids round and round', () => {
    const client = new ModbusClient();
    const session = testServer(new TestDevice()).session('10.20.2.10', 1);
    const read = readTransaction(1, 'holding', 0, 1);
    for (let i = 0; i < 70_000; i++) {
      client.submit(read, after(0 as Instant, seconds(i)));
      pump(client, session, after(0 as Instant, seconds(i)));
    }
    expect(client.counters.done).toBe(70_000);
    expect(read.id).toBe(70_000 & 0xffff);
  });
});
