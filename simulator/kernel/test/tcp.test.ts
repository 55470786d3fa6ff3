import { milliseconds, seconds } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMBEDDED, type TcpConnection, type TcpHandler } from '../index.ts';
import { buildPair, PLC, pattern, watch } from './plant.ts';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/** TCP segments of a tap: flags, sequence, acknowledgement, window, payload bytes, time. */
function segments(pair: ReturnType<typeof buildPair>) {
  return pair.tap.frames
    .filter(({ bytes }) => bytes[12] === 8 && bytes[13] === 0 && bytes[23] === 6)
    .map(({ bytes, time }) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      return {
        time: time - pair.wire.tap.epoch,
        fromServer: bytes[29] === 13,
        flags: bytes[47] as number,
        sequence: view.getUint32(38),
        window: view.getUint16(48),
        length: view.getUint16(16) - 20 - ((bytes[46] as number) >>> 4) * 4,
      };
    });
}

/** A server that keeps what it gets, and the connections that it accepted. */
function collect(pair: ReturnType<typeof buildPair>, handler: Partial<TcpHandler> = {}) {
  const got: number[] = [];
  const log: string[] = [];
  const connections: TcpConnection[] = [];
  pair.plc.listen(502, (connection) => {
    connections.push(connection);
    return {
      data(buffer, start, end) {
        for (let i = start; i < end; i++) got.push(buffer[i] as number);
      },
      closed: (reason) => void log.push(reason),
      ...handler,
    };
  });
  return { got, log, connections };
}

describe('opening', () => {
  test('SYN, SYN-ACK, ACK, with options only in the first two', () => {
    const pair = buildPair();
    const { connections } = collect(pair);
    const { log, handler } = watch();
    pair.scada.connect(PLC, 502, handler);
    pair.run(1);
    expect(log).toEqual(['open']);
    expect(connections).toHaveLength(1);
    expect(segments(pair).map((s) => s.flags)).toEqual([SYN, SYN | ACK, ACK]);
  });

  test('a closed port refuses with RST', () => {
    const pair = buildPair();
    const { log, handler } = watch();
    pair.scada.connect(PLC, 80, handler);
    pair.run(1);
    expect(log).toEqual(['refused']);
    expect(segments(pair).map((s) => s.flags)).toEqual([SYN, RST | ACK]);
    expect(pair.scada.tcp.connections).toBe(0);
  });

  test('silence is tried again at 1, 3 and 7 s and given up after 10 s', () => {
    const pair = buildPair();
    pair.scada.ping(PLC, () => {});
    pair.run(1);
    pair.plc.linkDown();
    const { log, handler } = watch();
    pair.scada.connect(PLC, 502, handler);
    pair.run(9.9);
    expect(log).toEqual([]);
    pair.run(0.2);
    expect(log).toEqual(['timeout']);
    expect(segments(pair).map((s) => (s.time - 1e6) / 1e6)).toEqual([0, 1, 3, 7]);
  });

  test('a server may look at the address first', () => {
    const pair = buildPair();
    pair.plc.listen(502, () => watch().handler, { admit: (address) => address !== pair.scada.address });
    const { log, handler } = watch();
    pair.scada.connect(PLC, 502, handler);
    pair.run(1);
    expect(log).toEqual(['refused']);
  });

  test('connections beyond the limit are refused until one has ended', () => {
    const pair = buildPair();
    pair.plc.listen(502, () => watch().handler, { limit: 2 });
    const watches = Array.from({ length: 3 }, () => watch());
    const [first] = watches.map(({ handler }) => pair.scada.connect(PLC, 502, handler));
    pair.run(1);
    expect(watches.map((w) => w.log)).toEqual([['open'], ['open'], ['refused']]);
    first?.abort();
    pair.run(1);
    const { log, handler } = watch();
    pair.scada.connect(PLC, 502, handler);
    pair.run(1);
    expect(log).toEqual(['open']);
  });

  test('an acceptor that wants no part of it resets', () => {
    const pair = buildPair();
    pair.plc.listen(502, () => undefined);
    const { log, handler } = watch();
    pair.scada.connect(PLC, 502, handler);
    pair.run(1);
    expect(log).toEqual(['open', 'reset']);
    expect(pair.plc.tcp.connections).toBe(0);
  });

  test('handshakes beyond the backlog wait for the next try', () => {
    const pair = buildPair({ latency: milliseconds(5) });
    pair.plc.listen(502, () => watch().handler, { backlog: 3 });
    const watches = Array.from({ length: 5 }, () => watch());
    for (const { handler } of watches) pair.scada.connect(PLC, 502, handler);
    pair.run(0.5);
    expect(watches.map((w) => w.log.length)).toEqual([1, 1, 1, 0, 0]);
    pair.run(1);
    expect(watches.map((w) => w.log)).toEqual(Array.from({ length: 5 }, () => ['open']));
  });

  test('a flood of half-open connections is forgotten in time', () => {
    const pair = buildPair();
    const { connections } = collect(pair);
    // The client's own RSTs are lost with its link.
    for (let i = 0; i < 200; i++) pair.scada.connect(PLC, 502, watch().handler);
    pair.queue.runUntil((pair.queue.now + 90) as never);
    pair.scada.linkDown();
    pair.run(300);
    expect(connections).toHaveLength(0);
    expect(pair.plc.tcp.connections).toBe(0);
    expect(pair.wire.pool.inUse).toBe(0);
    expect(pair.queue.size).toBe(0);
  });

  test('a port that listens already is refused', () => {
    const { plc } = buildPair();
    const listener = plc.listen(502, () => undefined);
    expect(() => plc.listen(502, () => undefined)).toThrow(expect.objectContaining({ id: 'host.port-taken' }));
    listener.close();
    plc.listen(502, () => undefined);
    expect(plc.tcp.ports).toEqual([502]);
  });
});

describe('data', () => {
  test('goes both ways in segments of the smaller maximum', () => {
    const pair = buildPair();
    const { got } = collect(pair);
    const connection = pair.scada.connect(PLC, 502, watch().handler);
    connection.send(pattern(10_000));
    pair.run(1);
    expect(got).toEqual([...pattern(10_000)]);
    const sizes = segments(pair)
      .filter((s) => s.length > 0)
      .map((s) => s.length);
    expect(sizes).toEqual([1460, 1460, 1460, 1460, 1460, 1460, 1240]);
    expect(connection.buffered).toBe(0);
  });

  test('an acknowledgement waits at most 40 ms, and never for the second segment', () => {
    const pair = buildPair();
    collect(pair);
    const connection = pair.scada.connect(PLC, 502, watch().handler);
    pair.run(1);
    const before = segments(pair).length;
    connection.send(Uint8Array.of(1));
    pair.run(1);
    connection.send(Uint8Array.of(2));
    connection.send(Uint8Array.of(3));
    pair.run(1);
    const [first, ack, , second, ack2] = segments(pair).slice(before);
    expect([ack?.length, ack2?.length]).toEqual([0, 0]);
    expect((ack?.time ?? 0) - (first?.time ?? 0)).toBe(40_000 + 25);
    expect((ack2?.time ?? 0) - (second?.time ?? 0)).toBe(25);
    expect(segments(pair).length - before).toBe(5);
  });

  test('a poll is three frames: request, response with the acknowledgement, acknowledgement', () => {
    const pair = buildPair();
    pair.plc.listen(502, (connection) => ({ data: (b, s, e) => void connection.send(b, s, e), closed() {} }));
    const connection = pair.scada.connect(PLC, 502, watch().handler);
    pair.run(1);
    const before = segments(pair).length;
    connection.send(pattern(12));
    pair.run(1);
    expect(
      segments(pair)
        .slice(before)
        .map((s) => s.length),
    ).toEqual([12, 12, 0]);
  });

  test('arrives exactly once and in order, whatever is lost or overtaken', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.double({ min: 0, max: 0.1, noNaN: true }),
        fc.nat(20),
        fc.array(fc.nat(6000), { minLength: 1, maxLength: 6 }),
        (seed, loss, jitter, sizes) => {
          const pair = buildPair({ seed, jitter: milliseconds(jitter), latency: milliseconds(1) });
          // Three lost questions for an address end an attempt to connect; that is not what is tested here.
          pair.scada.ping(PLC, () => {});
          pair.run(1);
          pair.wire.segment('control').loss = loss;
          const { got, log } = collect(pair, {});
          const back: number[] = [];
          pair.plc.listen(503, (connection) => ({
            data: (b, s, e) => void connection.send(b, s, e),
            closed() {},
          }));
          const { handler } = watch();
          const sent = sizes.map((size, i) => pattern(size, i));
          const connection = pair.scada.connect(PLC, 502, handler, { timeout: seconds(3600) });
          const echo = pair.scada.connect(
            PLC,
            503,
            { ...handler, data: (b, s, e) => void back.push(...b.subarray(s, e)) },
            { timeout: seconds(3600) },
          );
          for (const part of sent) {
            connection.send(part);
            echo.send(part);
            pair.run(0.3);
          }
          connection.close();
          pair.run(1000);
          const all = Buffer.concat(sent);
          expect(Buffer.from(got).equals(all)).toBe(true);
          expect(Buffer.from(back).equals(all)).toBe(true);
          expect(log).toEqual(['closed']);
          expect(pair.wire.pool.inUse).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a lost segment is sent again after three duplicate acknowledgements, without waiting for the timer', () => {
    const pair = buildPair();
    const { got } = collect(pair);
    const connection = pair.scada.connect(PLC, 502, watch().handler);
    pair.run(1);
    const segment = pair.wire.segment('control');
    connection.send(pattern(1460));
    // The next one goes missing.
    segment.loss = 1;
    connection.send(pattern(1460, 1));
    segment.loss = 0;
    for (let i = 2; i < 6; i++) connection.send(pattern(1460, i));
    pair.run(0.01);
    expect(got).toHaveLength(6 * 1460);
    expect(got.slice(1460, 2920)).toEqual([...pattern(1460, 1)]);
  });

  test('a reader that pauses stops the sender, and goes on without loss', () => {
    const pair = buildPair();
    const { got, connections } = collect(pair);
    const log: string[] = [];
    const connection = pair.scada.connect(PLC, 502, {
      data() {},
      drained: () => void log.push('drained'),
      closed: (reason) => void log.push(reason),
    });
    pair.run(1);
    (connections[0] as TcpConnection).pause();
    const all = pattern(300_000);
    expect(connection.send(all)).toBe(false);
    pair.run(100);
    expect(got).toHaveLength(0);
    expect(connection.buffered).toBeGreaterThan(300_000 - 65_536);
    expect(
      segments(pair)
        .filter((s) => s.fromServer)
        .at(-1)?.window,
    ).toBe(0);
    (connections[0] as TcpConnection).resume();
    pair.run(100);
    expect(Buffer.from(got).equals(Buffer.from(all))).toBe(true);
    expect(connection.buffered).toBe(0);
    expect(log).toEqual(['drained']);
  });

  test('a small stack announces its small window and the sender keeps to it', () => {
    const pair = buildPair();
    const rtu = pair.wire.addHost({
      id: 'rtu',
      segment: 'control',
      address: '10.20.1.14',
      mac: '00:80:f4:00:00:14',
      profile: EMBEDDED,
    });
    let got = 0;
    let paused: TcpConnection | undefined;
    rtu.listen(502, (connection) => {
      paused = connection;
      connection.pause();
      return {
        data(_buffer, start, end) {
          got += end - start;
        },
        closed() {},
      };
    });
    const connection = pair.scada.connect(PLC + 1, 502, watch().handler);
    connection.send(pattern(50_000));
    pair.run(1);
    expect(50_000 - connection.buffered).toBe(EMBEDDED.window);
    paused?.resume();
    pair.run(10);
    expect(got).toBe(50_000);
  });
});

describe('closing', () => {
  test('both sides say goodbye, and time-wait ends', () => {
    const pair = buildPair();
    const server = collect(pair);
    const { log, handler } = watch();
    const connection = pair.scada.connect(PLC, 502, handler);
    pair.run(1);
    connection.close();
    pair.run(1);
    expect(log).toEqual(['open', 'closed']);
    expect(server.log).toEqual(['closed']);
    expect(
      segments(pair)
        .slice(3)
        .map((s) => s.flags),
    ).toEqual([FIN | ACK, FIN | ACK, ACK]);
    expect([pair.scada.tcp.connections, pair.plc.tcp.connections]).toEqual([1, 0]);
    pair.run(61);
    expect(pair.scada.tcp.connections).toBe(0);
    expect(pair.queue.size).toBe(0);
  });

  test('one side may go on after the other has ended', () => {
    const pair = buildPair();
    const { got, connections, log } = collect(pair, { ended: () => void log.push('ended') });
    const client = watch();
    const connection = pair.scada.connect(PLC, 502, client.handler);
    connection.send(pattern(100));
    connection.close();
    pair.run(1);
    expect(log).toEqual(['ended']);
    expect(got).toEqual([...pattern(100)]);
    const server = connections[0] as TcpConnection;
    server.send(pattern(3000));
    pair.run(1);
    expect(client.bytes).toEqual([...pattern(3000)]);
    server.close();
    pair.run(1);
    expect(log).toEqual(['ended', 'closed']);
    expect(client.log).toEqual(['open', 'closed']);
  });

  test('a half-closed connection that stays silent is given up after a minute', () => {
    const pair = buildPair();
    collect(pair, { ended() {} });
    const { log, handler } = watch();
    const connection = pair.scada.connect(PLC, 502, handler);
    pair.run(1);
    connection.close();
    pair.run(59);
    expect(log).toEqual(['open']);
    pair.run(2);
    expect(log).toEqual(['open', 'timeout']);
  });

  test('what waits is sent before the goodbye', () => {
    const pair = buildPair();
    const { got } = collect(pair);
    const connection = pair.scada.connect(PLC, 502, watch().handler);
    connection.send(pattern(100_000));
    connection.close();
    expect(connection.send(pattern(1))).toBe(false);
    pair.run(1);
    expect(got).toHaveLength(100_000);
  });

  test('a paused reader still gets everything after an orderly end', () => {
    const pair = buildPair();
    const { got, connections, log } = collect(pair);
    const connection = pair.scada.connect(PLC, 502, watch().handler);
    pair.run(1);
    (connections[0] as TcpConnection).pause();
    connection.send(pattern(5000));
    connection.close();
    pair.run(1);
    (connections[0] as TcpConnection).close();
    pair.run(1);
    expect(log).toEqual([]);
    (connections[0] as TcpConnection).resume();
    expect(got).toHaveLength(5000);
    expect(log).toEqual(['closed']);
  });

  test('abort resets', () => {
    const pair = buildPair();
    const { log } = collect(pair);
    const client = watch();
    const connection = pair.scada.connect(PLC, 502, client.handler);
    pair.run(1);
    connection.abort();
    pair.run(1);
    expect(client.log).toEqual(['open', 'aborted']);
    expect(log).toEqual(['reset']);
    expect(pair.scada.tcp.connections + pair.plc.tcp.connections).toBe(0);
  });

  test('a controller that lost power answers the next segment with RST', () => {
    const pair = buildPair();
    const { log } = collect(pair);
    const client = watch();
    const connection = pair.scada.connect(PLC, 502, client.handler);
    pair.run(1);
    pair.plc.powerOff();
    expect(log).toEqual(['aborted']);
    pair.run(10);
    pair.plc.linkUp();
    connection.send(pattern(12));
    pair.run(1);
    expect(client.log).toEqual(['open', 'reset']);
    const again = watch();
    pair.scada.connect(PLC, 502, again.handler);
    pair.run(1);
    expect(again.log).toEqual(['open']);
  });

  test('data to a dead link is given up in about 50 s', () => {
    const pair = buildPair();
    collect(pair);
    const { log, handler } = watch();
    const connection = pair.scada.connect(PLC, 502, handler);
    pair.run(1);
    pair.plc.linkDown();
    connection.send(pattern(12));
    pair.run(40);
    expect(log).toEqual(['open']);
    pair.run(120);
    expect(log).toEqual(['open', 'timeout']);
    expect(pair.scada.tcp.connections).toBe(0);
  });

  test('the port of a connection in time-wait can be used again', () => {
    const pair = buildPair();
    collect(pair);
    for (let i = 0; i < 3; i++) {
      const { log, handler } = watch();
      const connection = pair.scada.connect(PLC, 502, handler, { localPort: 50_000 + i });
      pair.run(1);
      connection.close();
      pair.run(1);
      expect(log).toEqual(['open', 'closed']);
    }
    expect(() => pair.scada.connect(PLC, 502, watch().handler, { localPort: 50_000 })).toThrow(
      expect.objectContaining({ id: 'host.port-taken' }),
    );
    pair.run(61);
    pair.scada.connect(PLC, 502, watch().handler, { localPort: 50_000 });
  });
});
