import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PenstockError, UsageError } from '@penstock/core';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { concat, pcapOf } from '../test/frames.ts';
import { CaptureDecoder, type CaptureSummary, PcapWriter, readCaptureFile, writeCaptureFile } from './index.ts';
import { captureLive } from './live.ts';

interface Taken {
  readonly time: number;
  readonly linkType: number;
  readonly wireLength: number;
  readonly bytes: number[];
}

function collector(): { taken: Taken[]; frame(...args: [number, Uint8Array, number, number, number, number]): void } {
  const taken: Taken[] = [];
  return {
    taken,
    frame: (time, buffer, start, end, linkType, wireLength) => {
      taken.push({ time, linkType, wireLength, bytes: [...buffer.subarray(start, end)] });
    },
  };
}

function decode(bytes: Uint8Array): { taken: Taken[]; summary: CaptureSummary } {
  const sink = collector();
  const decoder = new CaptureDecoder(sink, 'test');
  const used = decoder.consume(bytes, 0, bytes.length);
  return { taken: sink.taken, summary: decoder.finish(bytes.length - used) };
}

/** Numbers of given widths in either byte order. */
function packed(little: boolean, ...fields: readonly [bits: 8 | 16 | 32, value: number][]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [bits]) => sum + bits / 8, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [bits, value] of fields) {
    if (bits === 8) view.setUint8(at, value);
    else if (bits === 16) view.setUint16(at, value, little);
    else view.setUint32(at, value, little);
    at += bits / 8;
  }
  return bytes;
}

function pcapHeader(little: boolean, magic: number, linkType: number): Uint8Array {
  return packed(little, [32, magic], [16, 2], [16, 4], [32, 0], [32, 0], [32, 65_535], [32, linkType]);
}

const DATA = [1, 2, 3, 4, 5];

describe('classic pcap', () => {
  for (const little of [true, false])
    for (const [name, magic, scale] of [
      ['microseconds', 0xa1b2c3d4, 1],
      ['nanoseconds', 0xa1b23c4d, 1000],
    ] as const)
      it(`${name}, ${little ? 'little' : 'big'}-endian`, () => {
        const record = packed(little, [32, 1_700_000_000], [32, 123_456 * scale], [32, 5], [32, 9]);
        const { taken, summary } = decode(concat(pcapHeader(little, magic, 101), record, DATA));
        expect(taken).toEqual([{ time: 1_700_000_000_123_456, linkType: 101, wireLength: 9, bytes: DATA }]);
        expect(summary).toEqual({
          format: 'pcap',
          packets: 1,
          bytes: 5,
          cut: 1,
          skipped: 0,
          lost: 0,
          truncated: false,
          damage: undefined,
        });
      });

  it('keeps a fraction of a microsecond', () => {
    const record = packed(true, [32, 10], [32, 1250], [32, 0], [32, 0]);
    expect(decode(concat(pcapHeader(true, 0xa1b23c4d, 1), record)).taken[0]?.time).toBe(10_000_001.25);
  });

  it('the variant with longer record headers', () => {
    const record = packed(true, [32, 1], [32, 2], [32, 5], [32, 5], [32, 77], [32, 88]);
    expect(decode(concat(pcapHeader(true, 0xa1b2cd34, 1), record, DATA)).taken[0]).toEqual({
      time: 1_000_002,
      linkType: 1,
      wireLength: 5,
      bytes: DATA,
    });
  });

  it('reports a file that ends inside a packet and keeps what stands before', () => {
    const whole = pcapOf([new Uint8Array(DATA), new Uint8Array(DATA)]);
    const { taken, summary } = decode(whole.subarray(0, whole.length - 2));
    expect(taken).toHaveLength(1);
    expect(summary.truncated).toBe(true);
  });

  it('reports where a packet with an impossible length stands', () => {
    const damaged = pcapOf([new Uint8Array(DATA), new Uint8Array(DATA)]);
    damaged.fill(0xff, 24 + 21 + 8, 24 + 21 + 12);
    expect(decode(damaged).summary).toMatchObject({
      packets: 1,
      truncated: false,
      damage: { offset: 45, reason: 'a packet claims 4294967295 captured bytes' },
    });
  });
});

/** A pcapng block with its two lengths. */
function block(little: boolean, type: number, ...body: (Uint8Array | number[])[]): Uint8Array {
  const content = concat(...body);
  const padded = concat(content, new Array<number>((4 - (content.length & 3)) & 3).fill(0));
  const length = padded.length + 12;
  return concat(packed(little, [32, type], [32, length]), padded, packed(little, [32, length]));
}

const section = (little: boolean): Uint8Array =>
  block(little, 0x0a0d0d0a, packed(little, [32, 0x1a2b3c4d], [16, 1], [16, 0], [32, 0xffffffff], [32, 0xffffffff]));
const described = (little: boolean, linkType: number, ...options: Uint8Array[]): Uint8Array =>
  block(little, 1, packed(little, [16, linkType], [16, 0], [32, 65_535]), ...options);
const enhanced = (
  little: boolean,
  on: number,
  high: number,
  low: number,
  data: number[],
  wire = data.length,
): Uint8Array => block(little, 6, packed(little, [32, on], [32, high], [32, low], [32, data.length], [32, wire]), data);
const resolution = (little: boolean, value: number): Uint8Array =>
  concat(packed(little, [16, 9], [16, 1], [8, value], [8, 0], [8, 0], [8, 0]), packed(little, [16, 0], [16, 0]));

/** Ticks as the two halves that a block carries. */
const halves = (ticks: bigint): [number, number] => [Number(ticks >> 32n), Number(ticks & 0xffffffffn)];

describe('pcapng', () => {
  for (const little of [true, false])
    it(`interfaces with their own link type and clock, ${little ? 'little' : 'big'}-endian`, () => {
      const time = 1_700_000_000_123_456n;
      const file = concat(
        section(little),
        described(little, 1),
        described(little, 101, resolution(little, 9)),
        described(little, 113, resolution(little, 0x80 | 20)),
        enhanced(little, 0, ...halves(time), DATA),
        enhanced(little, 1, ...halves(time * 1000n), DATA, 60),
        enhanced(little, 2, ...halves((time / 1_000_000n) << 20n), DATA),
        enhanced(little, 7, 0, 0, DATA),
      );
      const { taken, summary } = decode(file);
      expect(taken.map(({ time: t, linkType, wireLength }) => [t, linkType, wireLength])).toEqual([
        [1_700_000_000_123_456, 1, 5],
        [1_700_000_000_123_456, 101, 60],
        [1_700_000_000_000_000, 113, 5],
      ]);
      expect(summary).toMatchObject({ format: 'pcapng', packets: 3, cut: 1, skipped: 1, truncated: false });
    });

  it('time offset of an interface, in seconds', () => {
    const offset = concat(packed(true, [16, 14], [16, 8], [32, 100], [32, 0]), packed(true, [16, 0], [16, 0]));
    const file = concat(section(true), described(true, 1, offset), enhanced(true, 0, 0, 5, DATA));
    expect(decode(file).taken[0]?.time).toBe(100_000_005);
  });

  it('simple and old packet blocks; statistics, names, secrets and unknown blocks are passed over', () => {
    const old = block(true, 2, packed(true, [16, 0], [16, 3], [32, 0], [32, 7], [32, 5], [32, 5]), DATA);
    const file = concat(
      section(true),
      described(true, 1),
      block(true, 5, new Uint8Array(20)),
      old,
      block(true, 4, new Uint8Array(8)),
      block(true, 0x0a, new Uint8Array(16)),
      block(true, 3, packed(true, [32, 5]), DATA),
      block(true, 0x40000bad, new Uint8Array(4)),
    );
    expect(decode(file).taken).toEqual([
      { time: 7, linkType: 1, wireLength: 5, bytes: DATA },
      { time: 7, linkType: 1, wireLength: 5, bytes: DATA },
    ]);
  });

  it('adds up what the interfaces say they have lost, by their last statistics', () => {
    const statistics = (on: number, dropped: number): Uint8Array =>
      block(
        true,
        5,
        packed(true, [32, on], [32, 0], [32, 0], [16, 5], [16, 8], [32, dropped], [32, 0], [16, 0], [16, 0]),
      );
    const file = concat(
      section(true),
      described(true, 1),
      described(true, 1),
      statistics(0, 3),
      statistics(1, 4),
      statistics(0, 10),
    );
    expect(decode(file).summary.lost).toBe(14);
  });

  it('a second section may have the other byte order and starts its interfaces anew', () => {
    const part = (little: boolean, link: number): Uint8Array =>
      concat(section(little), described(little, link), enhanced(little, 0, 0, 1, DATA));
    expect(decode(concat(part(true, 1), part(false, 101))).taken.map((t) => t.linkType)).toEqual([1, 101]);
  });

  it('reports a block whose length cannot be', () => {
    const { summary } = decode(concat(section(true), packed(true, [32, 6], [32, 13], [32, 0])));
    expect(summary.damage).toEqual({ offset: 28, reason: 'a block claims 13 bytes' });
  });
});

describe('hostile and broken files', () => {
  it('end where zeros stand for packets, however many there are', () => {
    const packet = packed(true, [32, 7], [32, 0], [32, 5], [32, 5]);
    const bytes = concat(pcapHeader(true, 0xa1b2c3d4, 1), packet, DATA, new Uint8Array(1e6));
    const { taken, summary } = decode(bytes);
    expect(taken).toHaveLength(1 + 1000);
    expect(summary.damage).toEqual({
      offset: 24 + 21 + 1000 * 16,
      reason: 'nothing but zeros where packets should stand',
    });
  });

  it('may not make us remember interfaces without end', () => {
    const section = packed(
      true,
      [32, 0x0a0d0d0a],
      [32, 28],
      [32, 0x1a2b3c4d],
      [16, 1],
      [16, 0],
      [32, 0xffffffff],
      [32, 0xffffffff],
      [32, 28],
    );
    const description = packed(true, [32, 1], [32, 20], [16, 1], [16, 0], [32, 0], [32, 20]);
    const bytes = concat(section, ...Array.from({ length: 20_000 }, () => description));
    expect(decode(bytes).summary.damage).toEqual({
      offset: 28 + 16_384 * 20,
      reason: 'a section describes more than 16384 interfaces',
    });
  });

  it.each([
    [[0x1f, 0x8b, 8, 0], 'it is compressed with gzip: gunzip -c FILE > capture.pcap'],
    [[0x28, 0xb5, 0x2f, 0xfd], 'it is compressed with zstd: zstd -dc'],
    [[0xfd, 0x37, 0x7a, 0x58], 'it is compressed with xz'],
    [[0x50, 0x4b, 3, 4], 'it is a zip archive: unzip it'],
    [[0x73, 0x6e, 0x6f, 0x6f], 'it is a capture of snoop: editcap FILE capture.pcap'],
  ])('that begin with %j are told how to become a capture', (magic, words) => {
    expect(() => decode(concat(magic, new Uint8Array(40)))).toThrow(words);
  });
});

describe('any capture', () => {
  it('gives the same packets however its bytes are cut into chunks', () => {
    const frames = Array.from({ length: 12 }, (_, i) => new Uint8Array(i * 7).fill(i));
    const ng = concat(section(true), described(true, 1), ...frames.map((f, i) => enhanced(true, 0, 0, i, [...f])));
    fc.assert(
      fc.property(fc.constantFrom(pcapOf(frames), ng), fc.array(fc.nat(60), { minLength: 1 }), (file, sizes) => {
        const sink = collector();
        const decoder = new CaptureDecoder(sink, 'test');
        let rest: Uint8Array = new Uint8Array(0);
        let at = 0;
        for (let i = 0; at < file.length; i++) {
          const size = (sizes[i % sizes.length] as number) + 1;
          const bytes = concat(rest, file.subarray(at, at + size));
          rest = bytes.subarray(decoder.consume(bytes, 0, bytes.length));
          at += size;
        }
        expect(decoder.finish(rest.length).packets).toBe(frames.length);
        expect(sink.taken.map((t) => t.bytes)).toEqual(frames.map((f) => [...f]));
      }),
    );
  });

  it('takes random bytes after either magic number without harm', () => {
    const starts = [pcapHeader(true, 0xa1b2c3d4, 1), pcapHeader(false, 0xa1b23c4d, 1), section(true), section(false)];
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 400 }), (start, noise) => {
        decode(concat(start, noise));
      }),
    );
  });

  it('says what the file is when it is no capture', () => {
    expect(() => decode(new TextEncoder().encode('hello'))).toThrow(
      new PenstockError(
        'capture.not-a-capture',
        'test is not a capture: it starts with 68 65 6c 6c, where a pcap or pcapng file has its magic number',
      ),
    );
    expect(() => decode(new Uint8Array([0x1f, 0x8b, 8, 0]))).toThrow('it is compressed with gzip: gunzip -c FILE');
    expect(() => decode(new Uint8Array(0))).toThrow('test is not a capture: it has 0 bytes');
  });
});

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-capture-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('what is written is read again, packet by packet, with cut lengths', async () => {
    const path = join(folder, 'written.pcap');
    const writer = writeCaptureFile(path, 1);
    const frames = Array.from({ length: 3000 }, (_, i) => new Uint8Array(60 + (i % 1400)).fill(i & 255));
    frames.push(new Uint8Array(300_000).fill(7));
    frames.forEach((frame, i) => {
      writer.frame(1_700_000_000_000_000 + i * 1500, frame, 0, frame.length, 1, frame.length + (i % 3));
    });
    writer.close();
    const sink = collector();
    const summary = await readCaptureFile(path, sink);
    expect(summary).toMatchObject({ packets: 3001, truncated: false, cut: 2000 });
    expect(sink.taken.map((t) => t.time)).toEqual(frames.map((_, i) => 1_700_000_000_000_000 + i * 1500));
    expect(sink.taken.every((t, i) => Buffer.compare(Buffer.from(t.bytes), frames[i] as Uint8Array) === 0)).toBe(true);
  });

  it('grows its buffer for a record that is larger', async () => {
    const path = join(folder, 'large.pcap');
    writeFileSync(path, pcapOf([new Uint8Array(6_000_000).fill(1), new Uint8Array(10)]));
    const sizes: number[] = [];
    await readCaptureFile(path, { frame: (_time, _buffer, start, end) => sizes.push(end - start) });
    expect(sizes).toEqual([6_000_000, 10]);
  });

  it('names the file that is not there, is a folder, or cannot be written', async () => {
    const missing = join(folder, 'missing.pcap');
    await expect(readCaptureFile(missing, collector())).rejects.toThrow(
      `cannot read the capture ${missing}: there is no such file`,
    );
    await expect(readCaptureFile(folder, collector())).rejects.toThrow('is a directory, not a capture file');
    expect(() => writeCaptureFile(join(folder, 'no', 'such'), 1)).toThrow('cannot write the capture');
  });

  it('refuses a frame that a pcap file of its link type cannot hold', () => {
    const writer = new PcapWriter(() => {}, 1);
    expect(() => writer.frame(0, new Uint8Array(4), 0, 4, 101)).toThrow(
      'link type 101 cannot go into a pcap file of link type 1',
    );
    expect(() => writer.frame(-1, new Uint8Array(4), 0, 4, 1)).toThrow('cannot hold the time');
  });

  it('writes exactly the bytes of the format', () => {
    const path = join(folder, 'exact.pcap');
    const writer = writeCaptureFile(path, 1);
    writer.frame(1_700_000_000_000_000, new Uint8Array(DATA), 0, 5, 1);
    writer.close();
    expect([...readFileSync(path)]).toEqual([...pcapOf([new Uint8Array(DATA)])]);
  });
});

describe('live capture', () => {
  it('refuses what cannot be the name of an interface', () => {
    for (const name of ['', '-w', 'a b', 'eth0;id', 'x'.repeat(80)])
      expect(() => captureLive(name, collector())).toThrow(UsageError);
  });

  it('says that the capture program is missing', async () => {
    const capture = captureLive('lo', collector(), { command: 'no-such-capture-program' });
    await expect(capture.done).rejects.toMatchObject({ id: 'capture.no-tcpdump' });
  });
});
