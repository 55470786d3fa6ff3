import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seconds } from '@penstock/core';
import { type Alert, builtInRules, loadKnowledge, Monitor, readCaptureFile } from '@penstock/monitor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, type PlayRequest, RunFolder, readPlant } from '../index.ts';
import { JournalStore } from '../journal/store.ts';
import { overfill } from './overfill.ts';

const at = (s: number) => seconds(s) as never;
const scratch = mkdtempSync(join(tmpdir(), 'penstock-range-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const scenario = overfill({ observe: '20m', looksFirst: true, revertAfter: '10m' });

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./small-plant', import.meta.url)));
});

const request = (change: Partial<PlayRequest> = {}): PlayRequest => ({
  plant,
  run: 'test',
  seed: 7,
  startAt: 0 as never,
  monitor: { rules: builtInRules(), mode: 'watch' },
  ...change,
});

function play(change: Partial<PlayRequest>, until: number) {
  const played = new Play(request(change));
  played.runUntil(at(until));
  return { range: played.range, result: played.finish() };
}

describe('a run', () => {
  it('is the same byte for byte when plant, seed and scenario are', () => {
    const one = play({ scenario: { spec: scenario, variant: 'attack' } }, 1300).result;
    const two = play({ scenario: { spec: scenario, variant: 'attack' } }, 1300).result;
    expect(two.hashes).toEqual(one.hashes);
    expect(one.packets).toBeGreaterThan(1000);
  });

  it('differs with the seed', () => {
    const one = play({}, 60).result;
    const two = play({ seed: 8 }, 60).result;
    expect(two.hashes.capture).not.toBe(one.hashes.capture);
    expect(two.hashes.truth).not.toBe(one.hashes.truth);
  });

  it('is the same however its time is cut into pieces', () => {
    const whole = play({}, 100).result;
    const pieces = new Play(request());
    for (let t = 0.37; t < 100; t += 0.37) pieces.runUntil(at(t));
    pieces.runUntil(at(100));
    expect(pieces.finish().hashes).toEqual(whole.hashes);
  });

  it('shows the process on the wire: what SCADA displays follows the true level', () => {
    const { range } = play({}, 300);
    const level = range.spec.tags.findIndex((tag) => tag.id === 'LIT101');
    expect(range.truth[level]).toBeGreaterThan(2.3);
    expect(Math.abs((range.displayed.values[level] as number) - (range.truth[level] as number))).toBeLessThan(0.05);
  });
});

describe('a capture of a run', () => {
  it('gives the monitor the same alerts again, with the papers that lie beside it', async () => {
    const folder = RunFolder.create(join(scratch, 'capture'));
    const { result } = play({ scenario: { spec: scenario, variant: 'attack' }, folder }, 1300);
    const again = new Monitor({
      rules: builtInRules(),
      mode: 'watch',
      knowledge: loadKnowledge(folder.file('knowledge.json')),
    });
    await readCaptureFile(folder.file('capture.pcap'), again);
    again.finish();
    // Seconds count from the first packet of a capture, so they are compared by the calendar.
    const shown = (alerts: readonly Alert[]) =>
      alerts.map(({ epoch, rule, device, tag, message, packets }) => ({ epoch, rule, device, tag, message, packets }));
    expect(result.monitor?.alerts.length).toBeGreaterThan(0);
    expect(shown(again.alerts)).toEqual(shown(result.monitor?.alerts ?? []));
  });
});

describe('an attack', () => {
  it('goes through the session of the host that it starts from and moves the plant until the safeguard trips', () => {
    const { range, result } = play({ scenario: { spec: scenario, variant: 'attack' } }, 1300);
    expect(result.steps.map(({ step, event }) => `${step} ${event}`)).toEqual([
      'look start',
      'look done',
      'order start',
      'order done',
      'back start',
      'back done',
      'read-back start',
      'read-back done',
    ]);
    expect(result.attack?.revert).toMatchObject({ state: 'proven', tags: [{ tag: 'LIC101_SP', before: 2.5 }] });
    expect(result.firstPacket).toBeCloseTo(60, 3);
    expect(result.hazards).toEqual([]);
    const valve = range.spec.tags.findIndex((tag) => tag.id === 'XV101');
    expect(range.truth[valve]).toBe(0);
  });

  it('does its damage where the safeguard is away', () => {
    const { result } = play({ scenario: { spec: scenario, variant: 'attack' }, options: { tripDevice: false } }, 1300);
    expect(result.hazards[0]).toMatchObject({ hazard: 'overflow', state: 'begin' });
  });

  it('leaves labels for its own packets and seconds only', () => {
    const folder = RunFolder.create(join(scratch, 'labels'));
    play({ scenario: { spec: scenario, variant: 'attack' }, folder }, 1300);
    const rows = readFileSync(folder.file('labels.csv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
    const packets = rows.filter((row) => row[0] === 'packet');
    expect(new Set(packets.map((row) => row[4]))).toEqual(new Set(['look', 'order', 'back', 'read-back']));
    // Two reads, two writes, a read to prove the revert; each a request and its response, acknowledgements apart.
    expect(packets.filter((row) => row[7] === 'false').length).toBeGreaterThanOrEqual(5);
    expect(packets.every((row) => row[3] !== '')).toBe(true);
    const secondsOf = rows.filter((row) => row[0] === 'second');
    expect(secondsOf[0]).toEqual(['second', '60', '60', 'attack', 'look', 'T0801', '', '']);
    expect(secondsOf.length).toBeGreaterThan(600);
  });

  it('is told to the truth journal with who wrote, and nothing of it is on the wire', () => {
    const folder = RunFolder.create(join(scratch, 'journal'));
    play({ scenario: { spec: scenario, variant: 'attack' }, folder }, 1300);
    const store = new JournalStore(folder.file('truth.sqlite'), 1, []);
    expect(store.all('SELECT device, tag, value, outcome, source, actor, step FROM write ORDER BY id')).toEqual([
      {
        device: 'tank-plc',
        tag: 'LIC101_SP',
        value: 6,
        outcome: 'done',
        source: '10.9.2.10',
        actor: 'scenario:overfill',
        step: 'order',
      },
      {
        device: 'tank-plc',
        tag: 'LIC101_SP',
        value: 2.5,
        outcome: 'done',
        source: '10.9.2.10',
        actor: 'scenario:overfill',
        step: 'back',
      },
    ]);
    expect(store.all('SELECT count(*) AS n FROM sample')).toEqual([{ n: 1300 }]);
    store.close();
    const capture = readFileSync(folder.file('capture.pcap'));
    for (const word of ['scenario', 'overfill', 'attack']) expect(capture.includes(word)).toBe(false);
  });
});
