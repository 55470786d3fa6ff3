import { milliseconds } from '@penstock/core';
import { writeIpv4, writeUdp } from '@penstock/protocols/ethernet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DATAGRAM_LIMIT, type FirewallDrop } from '../index.ts';
import { FAULTS, hasTshark, tshark } from './capture.ts';
import { buildPair, buildZones, OFFICE, type Pair, PLC, pattern, SCADA } from './plant.ts';

const size = fc.oneof(
  fc.nat(4000),
  fc.nat(DATAGRAM_LIMIT),
  fc.constantFrom(0, 1471, 1472, 1473, 2952, 2953, DATAGRAM_LIMIT),
);

/** A pair that knows each other's MAC address: few frames wait for an answer to ARP. */
function acquainted(options: Parameters<typeof buildPair>[0] = {}): Pair {
  const pair = buildPair(options);
  for (let i = 0; i < 5; i++) {
    pair.scada.ping(PLC, () => {});
    pair.run(1);
  }
  return pair;
}

describe('datagrams that are longer than a frame', () => {
  test('arrive whole, whatever their length, though fragments overtake each other', () => {
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 5 }), fc.nat(), (sizes, seed) => {
        const { plc, scada, wire, run } = acquainted({ seed, jitter: milliseconds(3) });
        const got = new Map<number, Buffer>();
        plc.udp(5000, (buffer, start, end, _, port) => got.set(port, Buffer.from(buffer.subarray(start, end))));
        const sent = sizes.map((length, i) => {
          const socket = scada.udp(6000 + i, () => {});
          socket.send(PLC, 5000, pattern(length, i));
          return [socket.port, Buffer.from(pattern(length, i))] as const;
        });
        run(1);
        expect(got).toEqual(new Map(sent));
        expect([plc.dropped, plc.reassembly.givenUp, wire.pool.inUse]).toEqual([0, 0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  test('arrive whole or not at all where frames are lost, and pieces are not kept for ever', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { plc, scada, run } = acquainted({ seed, loss: 0.05 });
        const got: Buffer[] = [];
        plc.udp(5000, (buffer, start, end) => void got.push(Buffer.from(buffer.subarray(start, end))));
        const socket = scada.udp(6000, () => {});
        for (let i = 0; i < 60; i++) {
          socket.send(PLC, 5000, pattern(12_000, i));
          run(1);
        }
        for (const bytes of got) expect(bytes.length).toBe(12_000);
        const whole = new Set(Array.from({ length: 60 }, (_, i) => Buffer.from(pattern(12_000, i)).toString('hex')));
        for (const bytes of got) expect(whole.has(bytes.toString('hex'))).toBe(true);
        expect(got.length).toBeGreaterThan(5);
        expect(got.length).toBeLessThan(60);
        expect(plc.reassembly.givenUp).toBeGreaterThan(0);
      }),
      { numRuns: 10 },
    );
  });

  test('pass the firewall with their first fragment, and are dropped with it', () => {
    const { plc, office, firewall, run } = buildZones([{ transport: 'udp', port: 5000 }]);
    const got: number[] = [];
    const drops: FirewallDrop[] = [];
    firewall.onDrop = (drop) => void drops.push(drop);
    const socket = plc.udp(5000, (_, start, end, address, port) => {
      got.push(end - start);
      socket.send(address, port, pattern(3000));
    });
    plc.udp(5001, () => void got.push(-1));
    const answers: number[] = [];
    const client = office.udp(6000, (_, start, end) => void answers.push(end - start));
    client.send(PLC, 5000, pattern(10_000));
    run(1);
    client.send(PLC, 5001, pattern(4000));
    run(1);
    expect([got, answers]).toEqual([[10_000], [3000]]);
    expect(drops.map(({ reason, destinationPort }) => [reason, destinationPort])).toEqual([
      ['no-rule', 5001],
      ['malformed', 0],
      ['malformed', 0],
    ]);
  });

  test.skipIf(!hasTshark)('open clean in tshark, put together', () => {
    const { scada, plc, tap, run } = acquainted();
    plc.udp(5000, () => {});
    const socket = scada.udp(6000, () => {});
    for (const length of [1472, 1473, 30_000, DATAGRAM_LIMIT]) socket.send(PLC, 5000, pattern(length));
    run(1);
    expect(tshark(tap, FAULTS)).toEqual([]);
    expect(tshark(tap, 'udp.checksum.status == "Good"', 'udp.length').map(([, length]) => Number(length))).toEqual(
      [1472, 1473, 30_000, DATAGRAM_LIMIT].map((length) => length + 8),
    );
  });
});

describe('fragments that somebody forges', () => {
  /** A frame with a fragment: `bytes` of a datagram at `offset`. */
  function fragment(bytes: Uint8Array, offset: number, more: boolean, protocol = 17): Uint8Array {
    const frame = new Uint8Array(34 + bytes.length);
    frame.set([0x00, 0x80, 0xf4, 0x00, 0x00, 0x13, 0x00, 0x50, 0x56, 0x00, 0x00, 0x20, 8, 0]);
    writeIpv4(frame, 14, {
      ...{ trafficClass: 0, totalLength: 20 + bytes.length, identification: 77, flags: more ? 1 : 0 },
      ...{ fragmentOffset: offset / 8, timeToLive: 64, protocol, source: SCADA, destination: PLC },
    });
    frame.set(bytes, 34);
    return frame;
  }

  /** The UDP datagram that the fragments below are cut from. */
  function datagram(length: number): Uint8Array {
    const bytes = new Uint8Array(8 + length);
    bytes.set(pattern(length), 8);
    writeUdp(bytes, 0, { sourcePort: 9, destinationPort: 5000, length: 8 + length }, SCADA, PLC);
    return bytes;
  }

  function plant() {
    const pair = buildPair();
    const got: number[] = [];
    pair.plc.udp(5000, (_, start, end) => void got.push(end - start));
    return { ...pair, got };
  }

  const whole = datagram(40);
  const parts = [fragment(whole.subarray(0, 24), 0, true), fragment(whole.subarray(24), 24, false)];

  test('are put together when they are right, in any order and repeated', () => {
    const { scada, run, got } = plant();
    for (const part of [parts[1], parts[1], parts[0]]) scada.sendFrame(part as Uint8Array);
    run(1);
    expect(got).toEqual([40]);
  });

  test.each([
    ['overlap', [parts[0], fragment(whole.subarray(16, 40), 16, true), parts[1]]],
    ['end twice', [fragment(whole.subarray(24), 24, false), fragment(whole.subarray(24, 40), 24, false), parts[0]]],
    ['lie behind the end', [parts[1], fragment(whole.subarray(0, 8), 64, true), parts[0]]],
    ['have a length that cannot be followed', [fragment(whole.subarray(0, 25), 0, true), parts[1]]],
    ['reach beyond the longest packet', [parts[0], fragment(whole.subarray(0, 48), 65_504, false)]],
    [
      'are of another protocol',
      [fragment(whole.subarray(0, 24), 0, true, 6), fragment(whole.subarray(24), 24, false, 6)],
    ],
  ])('that %s come to nothing', (_, frames) => {
    const { scada, run, got, plc } = plant();
    for (const frame of frames) scada.sendFrame(frame as Uint8Array);
    run(60);
    expect(got).toEqual([]);
    expect(plc.dropped + plc.reassembly.givenUp).toBeGreaterThanOrEqual(1);
  });

  test('come to nothing when the rest comes half a minute later', () => {
    const { scada, run, got, plc } = plant();
    scada.sendFrame(parts[0] as Uint8Array);
    run(31);
    scada.sendFrame(parts[1] as Uint8Array);
    run(1);
    expect([got, plc.reassembly.givenUp]).toEqual([[], 1]);
  });

  test('of more packets than fit push out the oldest', () => {
    const { scada, run, got, plc } = plant();
    scada.sendFrame(parts[0] as Uint8Array);
    for (let id = 0; id < 40; id++) {
      const other = fragment(whole.subarray(0, 24), 0, true);
      writeIpv4(other, 14, {
        ...{ trafficClass: 0, totalLength: 44, identification: id, flags: 1, fragmentOffset: 0 },
        ...{ timeToLive: 64, protocol: 17, source: OFFICE, destination: PLC },
      });
      scada.sendFrame(other);
    }
    scada.sendFrame(parts[1] as Uint8Array);
    run(1);
    expect([got, plc.reassembly.givenUp]).toEqual([[], 26]);
  });
});
