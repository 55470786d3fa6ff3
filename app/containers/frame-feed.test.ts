import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ETHERTYPE_IPV4,
  finishChecksum,
  ipv4ChecksumRight,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  parseIpv4,
  pseudoHeaderSum,
  readIpv4Address,
  readUint16,
  tcpChecksum,
  writeEthernet,
  writeIpv4,
  writeTcp,
  writeUdp,
  writeUint16,
} from '@penstock/protocols/ethernet';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { FrameFeed } from './frame-feed.ts';
import { FrameMerge } from './frame-merge.ts';
import { asOnWire } from './offload.ts';
import { frameRecord, helloRecord, StreamReader, statisticsRecord } from './sensor-stream.ts';

const SCADA = parseIpv4('10.20.2.10');
const PLC = parseIpv4('10.20.1.13');
const SCADA_MAC = 0x005056000010;
const FIREWALL_MAC = 0x00900b000001;
const PLC_MAC = 0x0080f4000013;

interface Datagram {
  readonly id?: number;
  readonly ttl?: number;
  readonly payload?: Uint8Array;
  readonly from?: number;
  readonly to?: number;
  /** Flags and offset in one word. */
  readonly fragment?: number;
}

/** A UDP datagram (or a fragment of one) as it stands on a bridge. */
function datagram({
  id = 7,
  ttl = 64,
  payload = Uint8Array.of(1, 2, 3),
  from = SCADA_MAC,
  to = FIREWALL_MAC,
  fragment = 0,
}: Datagram = {}): Uint8Array {
  const bytes = new Uint8Array(42 + payload.length);
  writeEthernet(bytes, 0, { destination: to, source: from, etherType: ETHERTYPE_IPV4 });
  bytes.set(payload, 42);
  const header = {
    trafficClass: 0,
    totalLength: 28 + payload.length,
    identification: id,
    flags: fragment >>> 13,
    fragmentOffset: fragment & 0x1fff,
  };
  writeIpv4(bytes, 14, { ...header, timeToLive: ttl, protocol: PROTOCOL_UDP, source: SCADA, destination: PLC });
  writeUdp(bytes, 34, { sourcePort: 50_000, destinationPort: 502, length: 8 + payload.length }, SCADA, PLC);
  return bytes;
}

/** The same after the firewall. */
const routed = (frame: Datagram = {}): Uint8Array =>
  datagram({ ...frame, ttl: (frame.ttl ?? 64) - 1, from: FIREWALL_MAC, to: PLC_MAC });

function segment(payload: number, change: { flags?: number; options?: number } = {}): Uint8Array {
  const { flags = 0x18, options = 12 } = change;
  const data = 14 + 20 + 20 + options;
  const bytes = new Uint8Array(data + payload);
  for (let i = data; i < bytes.length; i++) bytes[i] = (i * 31 + (i >> 8)) & 255;
  bytes.fill(1, 54, data);
  writeEthernet(bytes, 0, { destination: FIREWALL_MAC, source: SCADA_MAC, etherType: ETHERTYPE_IPV4 });
  const header = {
    trafficClass: 0,
    totalLength: bytes.length - 14,
    identification: 0xfffe,
    flags: 2,
    fragmentOffset: 0,
  };
  writeIpv4(bytes, 14, { ...header, timeToLive: 64, protocol: PROTOCOL_TCP, source: SCADA, destination: PLC });
  const tcp = {
    sourcePort: 50_000,
    destinationPort: 502,
    sequence: 0xffff_f000,
    acknowledgement: 9,
    flags,
    window: 500,
    urgent: 0,
  };
  writeTcp(bytes, 34, data, bytes.length, tcp, SCADA, PLC);
  return bytes;
}

/** As a container's stack leaves it to a card. */
function leftToCard(bytes: Uint8Array, protocol: number): Uint8Array {
  const copy = bytes.slice();
  const partial = ~finishChecksum(pseudoHeaderSum(SCADA, PLC, protocol, bytes.length - 34)) & 0xffff;
  writeUint16(copy, protocol === PROTOCOL_TCP ? 50 : 40, partial);
  return copy;
}

function onWire(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  expect(asOnWire(bytes, (frame) => void frames.push(frame.slice()))).toBe(true);
  return frames;
}

describe('what cards would have done', () => {
  it('completes the checksum of TCP and UDP that was left to a card', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(1400), (payload, size) => {
        const udp = datagram({ payload });
        expect(onWire(leftToCard(udp, PROTOCOL_UDP))).toEqual([udp]);
        const tcp = segment(size);
        expect(onWire(leftToCard(tcp, PROTOCOL_TCP))).toEqual([tcp]);
      }),
      { numRuns: 100 },
    );
  });

  it('leaves every other wrong checksum, for it is somebody’s doing', () => {
    const wrong = segment(40);
    wrong[50] = (wrong[50] as number) ^ 0x55;
    expect(onWire(wrong.slice())).toEqual([wrong]);
    const none = datagram();
    writeUint16(none, 40, 0);
    expect(onWire(none.slice())).toEqual([none]);
  });

  it('touches no fragment, and nothing that is not IPv4', () => {
    const fragment = leftToCard(datagram({ fragment: 0x2000 }), PROTOCOL_UDP);
    expect(onWire(fragment.slice())).toEqual([fragment]);
    const other = leftToCard(datagram(), PROTOCOL_UDP);
    writeUint16(other, 12, 0x88b8);
    expect(onWire(other.slice())).toEqual([other]);
    const long = new Uint8Array(3000);
    expect(asOnWire(long, () => expect.unreachable())).toBe(false);
  });

  it('cuts a large send into segments that are right each, and together the same bytes', () => {
    const large = segment(5000, { flags: 0x99 });
    const frames = onWire(leftToCard(large, PROTOCOL_TCP));
    expect(frames.map((frame) => frame.length)).toEqual([1514, 1514, 1514, 66 + 5000 - 3 * 1448]);
    expect(frames.map((frame) => readUint16(frame, 18))).toEqual([0xfffe, 0xffff, 0, 1]);
    expect(frames.map((frame) => frame[47])).toEqual([0x90, 0x10, 0x10, 0x19]);
    expect(frames.map((frame) => readIpv4Address(frame, 38))).toEqual([0xffff_f000, 0xffff_f5a8, 0xffff_fb50, 0xf8]);
    for (const frame of frames) {
      expect(ipv4ChecksumRight(frame, 14, 20)).toBe(true);
      expect(tcpChecksum(frame, 34, frame.length, SCADA, PLC)).toBe(0);
      expect(readUint16(frame, 16)).toBe(frame.length - 14);
    }
    const together = Buffer.concat(frames.map((frame) => frame.subarray(66)));
    expect(together.equals(large.subarray(66))).toBe(true);
  });
});

interface Fed {
  readonly bytes: Uint8Array;
  readonly time: number;
  readonly bridge: number;
}

function merge(frames: readonly (readonly [bridge: number, time: number, bytes: Uint8Array])[]) {
  const fed: Fed[] = [];
  const merged = new FrameMerge((bytes, time, bridge) => void fed.push({ bytes, time, bridge }));
  for (const [bridge, time, bytes] of frames) {
    merged.add(bridge, time, bytes, time + 1000);
    merged.drain(time + 1000);
  }
  merged.drain(Number.POSITIVE_INFINITY);
  return { fed, counters: merged.counters };
}

const T = 1_763_740_800_000_000;

describe('frames of several bridges', () => {
  it('come out in order of time, whatever order they came in', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(100_000)), { maxLength: 200 }), (captured) => {
        const frames = captured.map(([bridge, time], id) => [bridge, T + time, datagram({ id, ttl: 64 })] as const);
        const fed: Fed[] = [];
        const merged = new FrameMerge((bytes, time, bridge) => void fed.push({ bytes, time, bridge }));
        for (const [bridge, time, bytes] of frames) merged.add(bridge, time, bytes, T + 100_000);
        merged.drain(T + 100_000);
        expect(fed).toEqual([]);
        merged.drain(T + 250_000);
        // A stable sort is the reference.
        const expected = [...frames].sort((a, b) => a[1] - b[1]);
        expect(fed.map(({ time, bytes }) => [time, readUint16(bytes, 18)])).toEqual(
          expected.map(([, time, bytes]) => [time, readUint16(bytes, 18)]),
        );
        expect(merged.counters).toEqual({ frames: frames.length, routed: 0, late: 0, hurried: 0 });
      }),
      { numRuns: 100 },
    );
  });

  it('a frame that comes too late is not lost, and time does not run backwards', () => {
    const fed: number[] = [];
    const merged = new FrameMerge((_, time) => void fed.push(time));
    merged.add(0, T + 1000, datagram({ id: 1 }), T + 1000);
    merged.drain(T + 200_000);
    merged.add(1, T, datagram({ id: 2 }), T + 200_000);
    merged.drain(T + 200_000);
    expect(fed).toEqual([T + 1000, T + 1000]);
    expect(merged.counters).toMatchObject({ frames: 2, late: 1 });
  });

  it('a clock that is ahead does not hold its frames back', () => {
    const fed: number[] = [];
    const merged = new FrameMerge((_, time) => void fed.push(time));
    merged.add(0, T + 3_600e6, datagram(), T);
    merged.drain(T + 150_000);
    expect(fed).toEqual([T]);
  });

  it('more than can wait go on early', () => {
    const merged = new FrameMerge(() => {});
    const bytes = new Uint8Array(60);
    for (let i = 0; i < 100_010; i++) merged.add(0, T + i, bytes, T + i);
    expect(merged.waiting).toBe(100_000);
    expect(merged.counters).toMatchObject({ frames: 10, hurried: 10 });
  });
});

describe('a routed packet', () => {
  it('is passed once, as it left its sender', () => {
    const { fed, counters } = merge([
      [0, T, datagram()],
      [1, T + 30, routed()],
    ]);
    expect(fed).toEqual([{ bytes: datagram(), time: T, bridge: 0 }]);
    expect(counters).toMatchObject({ frames: 1, routed: 1 });
  });

  it('is passed once however the bridges’ news arrive, with padding on one of them', () => {
    const padded = new Uint8Array(60);
    padded.set(datagram());
    const merged = new FrameMerge((bytes) => expect(bytes).toEqual(padded));
    merged.add(1, T + 30, routed(), T + 40);
    merged.add(0, T, padded, T + 40);
    merged.drain(Number.POSITIVE_INFINITY);
    expect(merged.counters).toMatchObject({ frames: 1, routed: 1 });
  });

  it('is passed once in each of its fragments', () => {
    const first = { fragment: 0x2000, payload: new Uint8Array(1472).fill(1) };
    const second = { fragment: 185, payload: new Uint8Array(100).fill(2) };
    const { fed } = merge([
      [0, T, datagram(first)],
      [0, T + 1, datagram(second)],
      [1, T + 30, routed(first)],
      [1, T + 31, routed(second)],
    ]);
    expect(fed.map(({ bytes }) => bytes)).toEqual([datagram(first), datagram(second)]);
  });

  it('is passed once as a large send that the router cut', () => {
    const large = leftToCard(segment(4000), PROTOCOL_TCP);
    const frames: (readonly [number, number, Uint8Array])[] = [];
    const after = (frame: Uint8Array): Uint8Array => {
      const copy = frame.slice();
      copy[22] = 63;
      writeEthernet(copy, 0, { destination: PLC_MAC, source: FIREWALL_MAC, etherType: ETHERTYPE_IPV4 });
      return copy;
    };
    for (const frame of onWire(large.slice())) frames.push([0, T, frame]);
    for (const frame of onWire(large.slice())) frames.push([1, T + 20, after(frame)]);
    expect(merge(frames).counters).toMatchObject({ frames: 3, routed: 3 });
  });

  it('leaves as many copies as were sent: equal datagrams of one sender stay', () => {
    const again = { id: 0 };
    const { counters } = merge([
      [0, T, datagram(again)],
      [0, T + 10, datagram(again)],
      [1, T + 30, routed(again)],
      [1, T + 40, routed(again)],
      [1, T + 50, routed(again)],
    ]);
    expect(counters).toMatchObject({ frames: 3, routed: 2 });
  });

  it('is another packet when anything but TTL, MACs and checksums differs, or when it comes much later', () => {
    const others: [number, number, Uint8Array][] = [
      [0, 30, routed()],
      [1, 30, routed({ id: 8 })],
      [1, 30, routed({ payload: Uint8Array.of(1, 2, 4) })],
      [1, 30, routed({ payload: Uint8Array.of(1, 2, 3, 4) })],
      [1, 30, routed({ fragment: 0x2000 })],
      [1, 30, datagram({ ttl: 62, from: FIREWALL_MAC, to: PLC_MAC })],
      [1, 30, datagram({ ttl: 63 })],
      [1, 100_001, routed()],
    ];
    for (const [bridge, after, bytes] of others)
      expect(
        merge([
          [0, T, datagram()],
          [bridge, T + after, bytes],
        ]).counters,
      ).toMatchObject({ frames: 2, routed: 0 });
  });

  it('that somebody in between has passed on is seen on both legs before the router', () => {
    const box = { from: SCADA_MAC, to: 0xb8ca3a0000a1 };
    const { fed } = merge([
      [0, T, datagram(box)],
      [0, T + 10, datagram({ from: box.to, to: FIREWALL_MAC })],
      [1, T + 30, routed()],
    ]);
    expect(fed).toHaveLength(2);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'penstock-feed-'));
const path = join(folder, 'sensor.sock');
const open: (FrameFeed | Socket)[] = [];
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  for (const one of open.splice(0)) {
    if (one instanceof FrameFeed) await one.close();
    else one.destroy();
  }
  rmSync(path, { force: true });
});

const STATISTICS = {
  bridges: [
    {
      zone: 'control',
      bridge: 'ps-control',
      capturing: true,
      frames: 3,
      lost: 1,
      dropped: 2,
      own: 0,
      starts: 1,
      trouble: undefined,
    },
  ],
};

async function listen(change: Partial<Parameters<typeof FrameFeed.open>[0]> = {}) {
  const heard: unknown[] = [];
  const feed = await FrameFeed.open({
    socket: path,
    zones: ['control', 'supervisory'],
    onFrame: (bytes, time, bridge) => void heard.push([bridge, time, bytes.length]),
    onSensor: (present) => void heard.push(present ? 'here' : 'gone'),
    onStatistics: ({ bridges }) => void heard.push(bridges[0]?.lost),
    note: (text) => void heard.push(text),
    ...change,
  });
  open.push(feed);
  return { feed, heard };
}

function say(...records: Uint8Array[]): Socket {
  const socket = connect(path);
  socket.on('error', () => {});
  for (const record of records) socket.write(record);
  open.push(socket);
  return socket;
}

const HELLO = helloRecord({ zones: ['control', 'supervisory'] });
const record = (bridge: number, time: number, bytes: Uint8Array) => frameRecord(bridge, time, bytes, 0, bytes.length);

describe('the sensor’s stream', () => {
  it('is read whatever pieces it comes in', () => {
    const said = [HELLO, record(1, T + 0.25, datagram()), statisticsRecord(STATISTICS), record(0, T, segment(9))];
    const stream = Buffer.concat(said);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
        const heard: unknown[] = [];
        const reader = new StreamReader({
          hello: (hello) => void heard.push(hello),
          frame: (bridge, time, bytes) => void heard.push([bridge, time, bytes]),
          statistics: (statistics) => void heard.push(statistics),
        });
        const places = [0, ...cuts.sort((a, b) => a - b), stream.length];
        for (const [i, from] of places.slice(0, -1).entries())
          expect(reader.take(stream.subarray(from, places[i + 1]))).toBe(true);
        const { trouble: _none, ...bridge } = STATISTICS.bridges[0] as (typeof STATISTICS.bridges)[0];
        expect(heard).toEqual([
          { zones: ['control', 'supervisory'] },
          [1, T + 0.25, datagram()],
          { bridges: [bridge] },
          [0, T, segment(9)],
        ]);
      }),
    );
  });

  it('never throws on anything', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }), (chunks) => {
        const reader = new StreamReader({ hello() {}, frame() {}, statistics() {} });
        for (const chunk of chunks) if (!reader.take(Buffer.from(chunk))) expect(reader.broken).toMatch(/./);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the feed', () => {
  it('hands on what a sensor tells, and goes on with the next sensor', async () => {
    const { feed, heard } = await listen();
    const first = say(
      HELLO,
      record(1, T + 5, datagram({ id: 2 })),
      record(0, T, datagram({ id: 1 })),
      statisticsRecord(STATISTICS),
    );
    await expect.poll(() => heard).toEqual(['here', 1, [0, T, 45], [1, T + 5, 45]]);
    expect(feed.present).toBe(true);
    first.destroy();
    await expect.poll(() => heard.at(-1)).toBe('gone');
    say(HELLO, record(0, T + 9, datagram({ id: 3 })));
    await expect.poll(() => heard.slice(5)).toEqual(['here', [0, T + 9, 45]]);
    expect(feed.counters).toEqual({ frames: 3, routed: 0, late: 0, hurried: 0, oversize: 0, refused: 0 });
  });

  it('sends away what is no sensor, and stays for the real one', async () => {
    const { feed, heard } = await listen();
    for (const nonsense of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from([255, 255, 255, 255, 1]),
      Buffer.from([1, 0, 0, 0, 9]),
      helloRecord({ zones: ['elsewhere'] }),
      Buffer.concat([HELLO, record(7, T, datagram())]),
      Buffer.concat([HELLO, record(0, Number.NaN, datagram())]),
    ]) {
      const before = feed.counters.refused;
      const socket = say(nonsense);
      await expect.poll(() => feed.counters.refused).toBe(before + 1);
      await expect.poll(() => socket.destroyed).toBe(true);
    }
    expect(heard.filter((line) => typeof line === 'string' && line.includes('sent away'))).toHaveLength(6);
    say(HELLO, record(0, T, datagram()));
    await expect.poll(() => heard.at(-1)).toEqual([0, T, 45]);
  });

  it('starts where an earlier range left its socket, and hands on all that waits at its end', async () => {
    const earlier = await FrameFeed.open({ socket: path, zones: ['control', 'supervisory'], onFrame: () => {} });
    const { feed, heard } = await listen({ window: 3_600e6 });
    say(HELLO, record(0, Date.now() * 1000, datagram()), record(0, Date.now() * 1000, new Uint8Array(3000)));
    await expect.poll(() => feed.counters.oversize).toBe(1);
    expect(heard).toEqual(['here']);
    await feed.close();
    expect(heard[1]).toMatchObject([0, expect.any(Number), 45]);
    await earlier.close();
  });

  it('says why its socket cannot be made', async () => {
    await expect(
      FrameFeed.open({ socket: join(folder, 'none', 'x.sock'), zones: [], onFrame: () => {} }),
    ).rejects.toThrow(/ENOENT|EACCES/);
  });
});
