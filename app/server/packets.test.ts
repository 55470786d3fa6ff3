import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hours, type Instant, type PacketField, seconds } from '@penstock/core';
import { builtInRules } from '@penstock/monitor';
import { openPlant, Play } from '@penstock/range';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasJudge, WITHOUT_SPARKPLUG } from '../../tests/judges.ts';
import { FrameRing } from './frame-ring.ts';
import { Packets } from './packets.ts';

describe('the ring of frames', () => {
  it('keeps the newest frames whole, whatever their sizes, within its memory and number', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 40 }),
        (sizes, slots) => {
          const ring = new FrameRing(256, slots);
          for (const [i, size] of sizes.entries()) ring.frame(i, new Uint8Array(size).fill(i), 0, size);
          expect(ring.last).toBe(sizes.length);
          expect(ring.last - ring.first + 1).toBeLessThanOrEqual(slots);
          let bytes = 0;
          for (let number = ring.first; number <= ring.last; number++) {
            const frame = ring.at(number);
            const kept = frame?.buffer.subarray(frame.start, frame.end);
            expect(kept).toEqual(new Uint8Array(sizes[number - 1] as number).fill(number - 1));
            bytes += kept?.length ?? 0;
          }
          expect(bytes).toBeLessThanOrEqual(256);
          expect([ring.at(ring.first - 1), ring.at(ring.last + 1)]).toEqual([undefined, undefined]);
        },
      ),
    );
  });
});

describe('packets of the drinking-water works', () => {
  const ring = new FrameRing(8 << 20, 50_000);
  let packets: Packets;

  beforeAll(async () => {
    const plant = await openPlant('drinking-water');
    const play = new Play({
      ...{ plant, run: 'packets', seed: 5, startAt: hours(9) },
      monitor: { rules: builtInRules(), mode: 'watch' },
    });
    play.watch(ring);
    play.runUntil(seconds(30) as number as Instant);
    packets = new Packets(ring, plant.spec, play.range.epoch, {
      packetsOf: (alert) => (alert === 7 ? [3, 5] : []),
      alertsOf: (packet) => (packet === 3 ? [7] : []),
    });
    play.finish();
  });

  it('come as rows with the names of devices and tags, page after page', () => {
    const { rows, next, first, last } = packets.rows({ from: 1, count: 200, filter: '' });
    expect([rows.length, next, first, last]).toEqual([200, 201, 1, ring.last]);
    const answers = packets.rows({ from: 1, count: 20, filter: 'modbus dosing-plc AIT301' }).rows;
    expect(answers.length).toBeGreaterThan(3);
    for (const row of answers) expect([row.source, row.destination]).toContain('dosing-plc');
  });

  it('of S7 name tags with values, an answer by the job before it', () => {
    const { rows } = packets.rows({ from: 1, count: 50, filter: 's7comm filters-plc AIT240' });
    expect(rows.length).toBeGreaterThan(10);
    const answer = rows.find(({ source }) => source === 'filters-plc');
    expect(answer?.info).toMatch(/^Read Variable answer, DB10\.DBX0\.0 BYTE 84/);
    const fields = fieldsOf(packets.packet(answer?.number ?? 0)?.tree ?? []);
    const turbidity = fields.find(({ tag }) => tag === 'AIT240');
    expect(turbidity?.value).toMatch(/^AIT240 = 0\.\d+ NTU$/);
    expect((turbidity?.end ?? 0) - (turbidity?.start ?? 0)).toBe(4);
  });

  it('of DNP3 name tags with values, object by object', () => {
    const { rows } = packets.rows({ from: 1, count: 200, filter: 'dnp3 LIT601' });
    expect(rows.length).toBeGreaterThan(0);
    const level = rows
      .flatMap(({ number }) => fieldsOf(packets.packet(number)?.tree ?? []))
      .find(({ tag }) => tag === 'LIT601');
    expect(level?.value).toMatch(/^LIT601 = \d(\.\d+)? m/);
    expect(level?.name).toMatch(/^Analog \d+$/);
  });

  it('under a filter are found wherever they are, a bounded number of frames a request', () => {
    const found: number[] = [];
    let from: number | null = 1;
    while (from !== null) {
      const answer = packets.rows({ from, count: 100, filter: 'arp' });
      found.push(...answer.rows.map(({ number }) => number));
      from = answer.next;
    }
    const all = [];
    for (let n = 1; n <= ring.last; n++) if (packets.packet(n)?.row.protocol === 'arp') all.push(n);
    expect(found).toEqual(all);
    expect(() => packets.rows({ from: 1, count: 1, filter: 'port:x' })).toThrow("'port:x' wants a whole number");
  });

  it('of an alert are found by its number, and lead back to it', () => {
    expect(packets.rows({ from: 1, count: 10, filter: 'alert:7' }).rows.map(({ number }) => number)).toEqual([3, 5]);
    expect(packets.packet(3)?.alerts).toEqual([7]);
    expect(packets.packet(ring.last + 1)).toBeUndefined();
  });

  it.skipIf(!hasJudge('tshark'))('are read as tshark reads them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'packets-'));
    const file = join(folder, 'all.pcap');
    writeFileSync(file, Buffer.concat([...packets.capture({ from: 1, count: 100_000, filter: '' })]));
    const asked = ['frame.number', 'frame.len', 'modbus.func_code', 's7comm.param.func', '_ws.malformed'];
    const fields = asked.flatMap((f) => ['-e', f]);
    const lines = execFileSync(
      'tshark',
      [...WITHOUT_SPARKPLUG, '-r', file, '-T', 'fields', '-E', 'occurrence=f', ...fields],
      {
        encoding: 'utf8',
      },
    );
    rmSync(folder, { recursive: true });
    const theirs = lines
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(theirs).toHaveLength(ring.last);
    const s7: string[] = [];
    for (const [number, length, code, s7Code, malformed] of theirs) {
      expect(malformed ?? '').toBe('');
      const packet = packets.packet(Number(number));
      expect(packet?.row.length).toBe(Number(length));
      const ours = fieldsOf(packet?.tree ?? []).find(({ name }) => name === 'Function');
      if (s7Code) {
        s7.push(s7Code);
        expect(`${number}: ${ours?.value.slice(0, 4)}`).toBe(`${number}: ${s7Code}`);
      }
      if (code) expect(`${number}: ${Number.parseInt(ours?.value ?? '', 10) & 0x7f}`).toBe(`${number}: ${code}`);
    }
    expect(new Set(s7)).toContain('0x04');
  });
});

const fieldsOf = (tree: readonly PacketField[]): PacketField[] =>
  tree.flatMap((field) => [field, ...fieldsOf(field.children)]);
