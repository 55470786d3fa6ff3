import { milliseconds } from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { describe, expect, test } from 'vitest';
import type { Cause } from '../index.ts';
import { buildPair, buildZones, EPOCH, OFFICE, PLC, pattern, SCADA, watch } from './plant.ts';

const kind = (bytes: Uint8Array) => {
  const type = ((bytes[12] as number) << 8) | (bytes[13] as number);
  if (type === 0x0806) return bytes[21] === 1 ? 'arp-request' : 'arp-reply';
  return { 1: 'icmp', 6: 'tcp', 17: 'udp' }[bytes[23] as number] ?? 'other';
};

describe('address resolution', () => {
  test('asks by broadcast, once for packets that wait together, and remembers', () => {
    const { plc, scada, tap, run, wire, queue } = buildPair();
    const got: number[] = [];
    plc.udp(5000, (buffer, start) => void got.push(buffer[start] as number));
    const socket = scada.udp(0, () => {});
    for (const byte of [1, 2, 3]) socket.send(PLC, 5000, Uint8Array.of(byte));
    run(1);
    socket.send(PLC, 5000, Uint8Array.of(4));
    run(1);
    expect(got).toEqual([1, 2, 3, 4]);
    expect(tap.frames.map((f) => kind(f.bytes))).toEqual(['arp-request', 'arp-reply', 'udp', 'udp', 'udp', 'udp']);
    // The neighbour that was asked has learned from the question.
    expect(plc.interfaces[0]?.arp.known(queue.now)).toEqual([{ address: SCADA, mac: 0x005056000020 }]);
    expect(wire.pool.inUse).toBe(0);
  });

  test('asks again when the entry is old', () => {
    const { scada, tap, run } = buildPair();
    const socket = scada.udp(0, () => {});
    socket.send(PLC, 5000, Uint8Array.of(1));
    run(20 * 60);
    socket.send(PLC, 5000, Uint8Array.of(1));
    run(1);
    expect(tap.frames.filter((f) => kind(f.bytes) === 'arp-request')).toHaveLength(2);
  });

  test('gives up after three questions and drops what waited', () => {
    const { scada, tap, run, wire } = buildPair();
    const { log, handler } = watch();
    scada.connect(parseIpv4('10.20.1.99'), 502, handler);
    run(10);
    expect(log).toEqual(['unreachable']);
    expect(tap.frames.map((f) => f.time - EPOCH)).toEqual([0, 1_000_000, 2_000_000]);
    expect(wire.pool.inUse).toBe(0);
  });

  test('a link that comes back announces itself, and neighbours that know it listen', () => {
    const { plc, scada, tap, run } = buildPair();
    scada.udp(0, () => {}).send(PLC, 5000, Uint8Array.of(1));
    run(1);
    plc.linkDown();
    const before = tap.frames.length;
    run(1);
    plc.linkUp();
    run(1);
    const announcement = tap.frames[before]?.bytes as Uint8Array;
    expect(kind(announcement)).toBe('arp-request');
    // Sender and target are the same address (RFC 5227).
    expect([...announcement.subarray(28, 32)]).toEqual([10, 20, 1, 13]);
    expect([...announcement.subarray(38, 42)]).toEqual([10, 20, 1, 13]);
  });
});

describe('datagrams', () => {
  test('answers come back to the port that asked', () => {
    const { plc, scada, run } = buildPair();
    const server = plc.udp(123, (_b, _s, _e, address, port) => server.send(address, port, Uint8Array.of(9)));
    const got: unknown[] = [];
    const client = scada.udp(0, (buffer, start, end, address, port) =>
      got.push([...buffer.subarray(start, end)], address, port),
    );
    client.send(PLC, 123, Uint8Array.of(1, 2));
    run(1);
    expect(got).toEqual([[9], PLC, 123]);
  });

  test('a broadcast reaches everybody on the segment but its sender, and nobody beyond', () => {
    const { wire, plc, scada, office, run, tap } = buildZones();
    const heard: string[] = [];
    for (const host of [plc, scada, office]) host.udp(5000, () => void heard.push(host.id));
    for (const target of ['10.20.1.255', '255.255.255.255'])
      scada.udp(0, () => {}).send(parseIpv4(target), 5000, Uint8Array.of(1));
    run(1);
    expect(heard).toEqual(['plc', 'plc']);
    expect(tap.frames.every((f) => f.bytes[0] === 0xff)).toBe(true);
    expect(tap.frames).toHaveLength(2);
    expect(wire.pool.inUse).toBe(0);
  });

  test('a closed port is told of; nobody is told of a broadcast', () => {
    const { plc, scada, run, tap } = buildPair();
    const told: number[] = [];
    const socket = scada.udp(0, () => {});
    socket.onUnreachable = (address, port) => told.push(address, port);
    socket.send(PLC, 161, Uint8Array.of(1));
    socket.send(parseIpv4('10.20.1.255'), 161, Uint8Array.of(1));
    run(1);
    expect(told).toEqual([PLC, 161]);
    expect(tap.frames.filter((f) => kind(f.bytes) === 'icmp')).toHaveLength(1);
    expect(plc.dropped).toBe(0);
  });

  test('refuses what no datagram carries, and a port that is taken', () => {
    const { scada } = buildPair();
    const socket = scada.udp(514, () => {});
    expect(() => socket.send(PLC, 514, new Uint8Array(65_508))).toThrow(
      expect.objectContaining({ id: 'udp.too-long' }),
    );
    expect(() => scada.udp(514, () => {})).toThrow(expect.objectContaining({ id: 'host.port-taken' }));
    socket.close();
    scada.udp(514, () => {}).close();
  });
});

test('ping tells the round trip, and silence', () => {
  const { scada, plc, run } = buildPair();
  const trips: unknown[] = [];
  scada.ping(PLC, (trip) => trips.push(trip));
  run(2);
  scada.ping(PLC, (trip) => trips.push(trip));
  run(2);
  plc.linkDown();
  scada.ping(PLC, (trip) => trips.push(trip));
  run(2);
  // The first one also waits for the address.
  expect(trips).toEqual([100, 50, undefined]);
});

describe('the tap', () => {
  test('sees every frame once, in order of time, at least 60 bytes long', () => {
    const { plc, office, tap, run, wire } = buildZones([{ port: 502 }]);
    plc.listen(502, (connection) => ({ data: (b, s, e) => void connection.send(b, s, e), closed() {} }));
    const { handler, bytes } = watch();
    const connection = office.connect(PLC, 502, handler);
    connection.send(pattern(5000));
    run(1);
    connection.close();
    run(1);
    expect(bytes).toEqual([...pattern(5000)]);
    const times = tap.frames.map((f) => f.time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(tap.frames.every((f) => f.bytes.length >= 60 && f.bytes.length <= 1514)).toBe(true);
    // A routed packet shows on its sender's segment only: time to live as sent.
    const packets = tap.frames.filter((f) => kind(f.bytes) === 'tcp');
    expect(new Set(packets.map((f) => f.bytes[22]))).toEqual(new Set([64]));
    expect(wire.tap.frames).toBe(tap.frames.length);
  });

  test('tells causes to the truth listener, and nothing on the wire', () => {
    const plain = playCauses(undefined);
    const marked = playCauses({ actor: 'scenario:x', step: 'write' });
    expect(marked.hash).toBe(plain.hash);
    expect(plain.heard).toEqual([]);
    // Act, answer, acknowledgement of the answer; the poll that follows is nobody's.
    expect(marked.heard).toEqual([
      { cause: { actor: 'scenario:x', step: 'write' }, response: false, payload: 1 },
      { cause: { actor: 'scenario:x', step: 'write' }, response: true, payload: 2 },
      { cause: { actor: 'scenario:x', step: 'write' }, response: true, payload: 0 },
    ]);
  });

  /** A standing session that is polled before and after somebody acts through it. */
  function playCauses(cause: Cause | undefined) {
    const { plc, scada, tap, run, wire } = buildPair();
    const heard: unknown[] = [];
    wire.tap.listen({
      caused: (frame, _time, by, response) => {
        // The listener is told of a frame right after the sinks have seen it.
        expect(frame).toBe(tap.frames.length);
        const { bytes } = tap.frames[frame - 1] as { bytes: Uint8Array };
        const length = ((bytes[16] as number) << 8) | (bytes[17] as number);
        heard.push({ cause: by, response, payload: length - 40 });
      },
    });
    plc.listen(502, (connection) => ({ data: () => void connection.send(Uint8Array.of(1, 2)), closed() {} }));
    const connection = scada.connect(PLC, 502, watch().handler);
    run(1);
    connection.send(Uint8Array.of(7));
    run(1);
    connection.cause = cause;
    connection.send(Uint8Array.of(8));
    connection.cause = undefined;
    run(1);
    connection.send(Uint8Array.of(9));
    run(1);
    return { heard, hash: tap.hash };
  }
});

describe('determinism', () => {
  const play = (seed: number) => {
    const { plc, scada, tap, run } = buildPair({ seed, loss: 0.05, jitter: milliseconds(1), latency: milliseconds(2) });
    plc.listen(502, (connection) => ({ data: (b, s, e) => void connection.send(b, s, e), closed() {} }));
    for (let i = 0; i < 5; i++) scada.connect(PLC, 502, watch().handler).send(pattern(20_000, i));
    scada.ping(PLC, () => {});
    run(60);
    return tap.hash;
  };

  test('the same seed gives the same bytes at the same times', () => {
    expect(play(7)).toBe(play(7));
    expect(play(8)).not.toBe(play(7));
  });

  test("a host more does not change another's numbers", () => {
    const first = (extra: boolean) => {
      const { wire, scada, plc, tap, run } = buildPair();
      if (extra) wire.addHost({ id: 'hmi', segment: 'control', address: '10.20.1.21', mac: '00:50:56:00:00:21' });
      plc.listen(502, () => watch().handler);
      scada.connect(PLC, 502, watch().handler);
      run(1);
      return tap.hash;
    };
    expect(first(true)).toBe(first(false));
  });
});

describe('misplaced hosts are refused', () => {
  const { wire } = buildPair();
  const host = { id: 'new', segment: 'control', address: '10.20.1.50', mac: '00:50:56:00:00:50' };
  test.each([
    ['an address of another subnet', { ...host, address: '10.20.2.50' }, 'wire.address'],
    ['the broadcast address', { ...host, address: '10.20.1.255' }, 'wire.address'],
    ['a taken address', { ...host, address: '10.20.1.13' }, 'wire.address'],
    ['a taken MAC', { ...host, mac: '00:80:f4:00:00:13' }, 'wire.mac'],
    ['a taken id', { ...host, id: 'plc' }, 'wire.host'],
    ['an unknown segment', { ...host, segment: 'contrl' }, 'wire.segment'],
  ])('%s', (_what, options, id) => {
    expect(() => wire.addHost(options)).toThrow(expect.objectContaining({ id }));
  });

  test('with the nearest name', () => {
    expect(() => wire.segment('contrl')).toThrow("did you mean 'control'?");
    expect(() => wire.host('historian')).toThrow('it has plc, scada');
  });

  test('and no way to itself or past a missing gateway', () => {
    const { scada } = buildPair();
    expect(() => scada.connect(SCADA, 502, watch().handler)).toThrow(expect.objectContaining({ id: 'host.no-route' }));
    const { log, handler } = watch();
    const { scada: alone, run } = buildPair();
    // Nobody answers for the gateway's address.
    alone.connect(OFFICE, 80, handler);
    run(5);
    expect(log).toEqual(['unreachable']);
  });
});
