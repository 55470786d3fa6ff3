import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ActivitySpec, activitySchema, parseYamlText, seconds } from '@penstock/core';
import { builtInRules } from '@penstock/monitor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, RunFolder, readPlant } from '../index.ts';
import { JournalStore } from '../journal/store.ts';

const at = (s: number) => seconds(s) as never;
const scratch = mkdtempSync(join(tmpdir(), 'penstock-week-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./small-plant', import.meta.url)));
});

/** A week of one activity, in YAML's flow style as plants write it. */
const activity = (text: string): ActivitySpec =>
  parseYamlText(`{ id: work, name: Work, ${text} }`, 'week.yaml', activitySchema);

let folders = 0;
function start(text: string, change: Partial<ConstructorParameters<typeof Play>[0]> = {}): Play {
  const spec = { ...plant.spec, week: [activity(text)] };
  const folder = RunFolder.create(join(scratch, String(++folders)));
  return new Play({ plant: { ...plant, spec }, run: 'test', seed: 7, startAt: 0 as never, folder, ...change });
}
const tag = (play: Play, id: string): number =>
  play.range.truth[play.range.spec.tags.findIndex((t) => t.id === id)] as number;
const device = (play: Play, id: string) =>
  play.range.devices.get(id) as NonNullable<ReturnType<typeof play.range.devices.get>>;

function journal(play: Play, sql: string): Record<string, unknown>[] {
  play.commit();
  const store = new JournalStore(play.truth.path as string, 1, []);
  const rows = store.all(sql);
  store.close();
  return rows;
}

describe('in a normal week', () => {
  it('a set point moves through the SCADA server and comes back when that was asked for', () => {
    const play = start(
      'kind: setpoint, at: 60s, lasts: 2m, device: scada, with: { to: tank-plc, tag: LIC101_SP, values: [3, 3.5], back: true }',
    );
    play.runUntil(at(90));
    expect([3, 3.5]).toContain(tag(play, 'LIC101_SP'));
    play.runUntil(at(200));
    expect(tag(play, 'LIC101_SP')).toBe(2.5);
    const writes = journal(play, 'SELECT source, actor, outcome FROM write');
    expect(writes).toEqual(Array(2).fill({ source: '10.9.2.10', actor: 'operation:work', outcome: 'done' }));
    play.finish();
  });

  it('a command is a pulse', () => {
    const play = start(
      'kind: command, at: 60s, device: scada, with: { to: tank-plc, tag: LIC101_MODE, value: 0, pulse: 10s }',
    );
    play.runUntil(at(65));
    expect(tag(play, 'LIC101_MODE')).toBe(0);
    play.runUntil(at(75));
    expect(tag(play, 'LIC101_MODE')).toBe(1);
    play.finish();
  });

  it('the same week comes out of the same seed, another of another', () => {
    const moved = (seed: number) => {
      const play = start(
        'kind: setpoint, at: 60s, spread: 1m, device: scada, with: { to: tank-plc, tag: LIC101_SP, values: [1.1, 1.2, 1.3, 1.4, 1.5, 1.6] }',
        { seed },
      );
      play.runUntil(at(200));
      const rows = journal(play, 'SELECT at, value FROM write');
      play.finish();
      return rows;
    };
    expect(moved(1)).toEqual(moved(1));
    expect(moved(1)).not.toEqual(moved(2));
  });

  it('a controller that is rebooted drives nothing meanwhile, and is polled again afterwards', () => {
    const play = start('kind: reboot, at: 60s, lasts: 30s, device: tank-plc');
    play.runUntil(at(70));
    expect(device(play, 'tank-plc').on).toBe(false);
    expect(tag(play, 'P101')).toBe(0);
    const { times } = play.range.displayed;
    const level = play.range.spec.tags.findIndex((t) => t.id === 'LIT101');
    play.runUntil(at(88));
    expect(times[level]).toBeLessThan(62e6);
    play.runUntil(at(110));
    expect(device(play, 'tank-plc').controller?.mode).toBe('running');
    expect(times[level]).toBeGreaterThan(105e6);
    expect(tag(play, 'LIC101_SP')).toBe(2.5);
    play.finish();
  });

  it('a controller says that it started, once its network is up, and a workstation that somebody logged on', () => {
    const lines = (text: string, kind: 'hmi' | 'workstation' = 'hmi'): number | undefined => {
      const devices = plant.spec.devices.map((d) => (d.id === 'hmi' ? { ...d, kind } : d));
      const spec = { ...plant.spec, devices, week: [activity(text)] };
      const play = start(text, { plant: { ...plant, spec }, monitor: { rules: builtInRules(), mode: 'watch' } });
      play.runUntil(at(120));
      const { events } = play.monitor?.result() ?? {};
      play.finish();
      return events?.device_log;
    };
    expect(lines('kind: reboot, at: 60s, lasts: 30s, device: tank-plc')).toBe(2);
    const backup = 'kind: backup, at: 60s, device: hmi, with: { to: trip }';
    expect(lines(backup, 'workstation')).toBe(1);
    expect(lines(backup)).toBeUndefined();
    const laptop = 'kind: attach-laptop, at: 60s, lasts: 30s, device: laptop, with: { to: tank-plc, every: 5s }';
    expect(lines(laptop)).toBeUndefined();
  });

  it('a pulled cable stops polling, and the plant goes on', () => {
    const play = start('kind: link-loss, at: 60s, lasts: 40s, device: tank-plc');
    play.runUntil(at(95));
    const level = play.range.spec.tags.findIndex((t) => t.id === 'LIT101');
    expect(play.range.displayed.times[level]).toBeLessThan(62e6);
    expect(device(play, 'tank-plc').controller?.mode).toBe('running');
    play.runUntil(at(140));
    expect(play.range.displayed.times[level]).toBeGreaterThan(135e6);
    play.finish();
  });

  it('a laptop comes, looks at a controller, keeps its program and goes', () => {
    const play = start('kind: attach-laptop, at: 60s, lasts: 5m, device: laptop, with: { to: tank-plc, every: 20s }', {
      monitor: { rules: builtInRules(), mode: 'watch' },
    });
    play.runUntil(at(59));
    expect(device(play, 'laptop').on).toBe(false);
    play.runUntil(at(500));
    expect(device(play, 'laptop').host.up).toBe(false);
    const { monitor } = play.finish();
    const visitor = monitor?.devices.find((d) => d.address === '10.9.1.90');
    expect(visitor).toBeDefined();
    expect(monitor?.events.modbus_read_device_identification).toBeGreaterThan(0);
  });

  it('a tool that somebody brings asks no server of the plant for time or names', () => {
    const asked = (infrastructure: boolean) => {
      const devices = plant.spec.devices.map((d) => (d.id === 'laptop' ? { ...d, infrastructure } : d));
      const text = 'kind: attach-laptop, at: 60s, lasts: 50m, device: laptop, with: { to: tank-plc, every: 20s }';
      const spec = { ...plant.spec, devices, week: [activity(text)] };
      const play = start(text, { plant: { ...plant, spec } });
      const ports = new Set<number>();
      play.range.network.wire.tap.attach({
        frame: (_, buffer, start) => {
          const [ethertype, protocol, host] = [start + 12, start + 23, start + 29].map((i) => buffer[i] as number);
          if (ethertype === 8 && protocol === 17 && host === 90)
            ports.add(((buffer[start + 36] as number) << 8) | (buffer[start + 37] as number));
        },
      });
      play.runUntil(at(2500));
      play.finish();
      return [...ports].sort();
    };
    expect(asked(true)).toEqual([123, 53]);
    expect(asked(false)).toEqual([]);
  });

  it('an approved edit of a program goes over the wire and takes effect', () => {
    const play = start(
      "kind: program-edit, at: 60s, lasts: 1m, device: scada, with: { to: tank-plc, find: '- 0.1', replace: '- 0.2' }",
    );
    const { controller } = device(play, 'tank-plc');
    const before = controller?.hash;
    play.runUntil(at(59));
    expect(controller?.isOriginal).toBe(true);
    play.runUntil(at(200));
    expect(controller?.isOriginal).toBe(false);
    expect(controller?.hash).not.toBe(before);
    expect(controller?.source).toContain('- 0.2');
    expect(controller?.mode).toBe('running');
    play.finish();
  });

  it('a backup reads the programs and changes nothing', () => {
    const play = start('kind: backup, at: 60s, device: scada, with: { to: [tank-plc] }', {
      monitor: { rules: builtInRules(), mode: 'watch' },
    });
    play.runUntil(at(120));
    expect(device(play, 'tank-plc').controller?.isOriginal).toBe(true);
    expect(play.finish().monitor?.events.modbus_file_record).toBeGreaterThan(0);
  });

  it('a scan of another zone is dropped by the firewall', () => {
    const play = start('kind: scan, at: 60s, device: tank-plc, with: { zone: supervisory, ports: [22, 502] }');
    play.runUntil(at(90));
    expect(play.range.network.firewall?.blocked).toBeGreaterThan(100);
    play.finish();
  });

  it('a disturbance comes slowly and goes again', () => {
    const play = start(
      'kind: disturbance, at: 60s, lasts: 5m, with: { name: demandM3PerSecond, value: 0.012, over: 1m }',
    );
    play.runUntil(at(90));
    expect(play.range.engine.disturbance('demandM3PerSecond')).toBeCloseTo(0.01, 3);
    play.runUntil(at(200));
    expect(play.range.engine.disturbance('demandM3PerSecond')).toBe(0.012);
    play.runUntil(at(500));
    expect(play.range.engine.disturbance('demandM3PerSecond')).toBe(0.008);
    play.finish();
  });

  it('a delivery ends when the tank is full', () => {
    const play = start(
      'kind: delivery, at: 60s, lasts: 10m, with: { name: demandM3PerSecond, value: -0.02, tag: LIT101, until: 3 }',
    );
    play.runUntil(at(600));
    expect(tag(play, 'LIT101')).toBeLessThan(3.2);
    expect(play.range.engine.disturbance('demandM3PerSecond')).toBe(0);
    play.finish();
  });

  it('an instrument is faulty for a while', () => {
    const play = start(
      'kind: field-fault, at: 60s, lasts: 2m, device: tank-plc, with: { tag: LIT101, fault: bias, value: 0.5 }',
    );
    const level = play.range.engine.tagIndex('LIT101');
    play.runUntil(at(120));
    expect(play.range.engine.measured(level) - play.range.engine.trueValue(level)).toBeCloseTo(0.5, 1);
    play.runUntil(at(240));
    expect(play.range.engine.measured(level) - play.range.engine.trueValue(level)).toBeCloseTo(0, 1);
    play.finish();
  });

  it('a calibration holds the instrument at its buffers and lets it go', () => {
    const play = start(
      'kind: calibration, at: 60s, lasts: 2m, device: scada, with: { to: tank-plc, tag: LIT101, hold: LIC101_MODE, buffers: [1, 4] }',
    );
    const level = play.range.engine.tagIndex('LIT101');
    play.runUntil(at(100));
    expect(play.range.engine.measured(level)).toBe(1);
    play.runUntil(at(160));
    expect(play.range.engine.measured(level)).toBe(4);
    play.runUntil(at(260));
    expect(play.range.engine.measured(level)).toBeLessThan(3.5);
    play.finish();
  });

  it('somebody throws a switch that no network reaches', () => {
    const play = start(
      'kind: local-switch, at: 60s, lasts: 1m, device: trip, with: { tag: Tripped, value: 1, back: true }',
    );
    play.runUntil(at(65));
    expect(tag(play, 'XV101')).toBe(0);
    play.runUntil(at(130));
    expect(tag(play, 'XV101')).toBe(1);
    play.finish();
  });

  it('announced work stands in the calendar with who works on what', () => {
    const play = start(
      'kind: program-edit, at: 1h, lasts: 10m, workOrder: true, device: scada, with: { to: tank-plc, find: a, replace: b }',
    );
    const [order] = play.week.workOrders();
    expect(order).toMatchObject({
      id: 'WO-work-0',
      title: 'Work',
      from: '2026-03-02T01:00:00.000Z',
      devices: ['tank-plc'],
      by: ['scada'],
    });
    play.finish();
  });

  it('what stays as it was put for days is announced when it is put there and when it is taken back', () => {
    const play = start(
      'kind: setpoint, at: 1h, lasts: 7d, workOrder: true, device: scada, with: { to: tank-plc, tag: LIC101_SP, value: 3, back: true }',
    );
    const spans = play.week.workOrders().map(({ id, from, to }) => [id, from.slice(8, 16), to.slice(8, 16)]);
    expect(spans.slice(0, 2)).toEqual([
      ['WO-work-0a', '02T01:00', '02T01:10'],
      ['WO-work-0b', '09T01:00', '09T01:10'],
    ]);
    play.finish();
  });
});

describe('a week that cannot be performed', () => {
  it.each([
    ['kind: dance', /has kind 'dance'; there are setpoint, mode/],
    ['kind: reboot, device: tank-plc', /needs 'lasts'/],
    ['kind: reboot, lasts: 1m, device: nobody', /needs a 'device' of the plant, not 'nobody'/],
    ['kind: setpoint, device: scada, with: { to: tank-plc }', /needs 'tag'/],
    ['kind: backup, device: scada, with: { to: tank-plc, speed: 3 }', /takes no 'speed'; it takes to/],
  ])('is refused when it is built: %s', (text, message) => {
    expect(() => start(text)).toThrow(message);
  });
});
