/** Responses of a plant, played: when they come, what they do, what they change, and that they are told to the truth. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ResponderName, seconds } from '@penstock/core';
import { builtInRules } from '@penstock/monitor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, type PlayRequest, RunFolder, readPlant } from '../index.ts';
import { JournalStore } from '../journal/store.ts';
import { responseOutcome } from '../responses.ts';
import { overfill } from './overfill.ts';

const scratch = mkdtempSync(join(tmpdir(), 'penstock-responses-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const scenario = overfill({ observe: '45m' });

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./small-plant', import.meta.url)));
});

/** Without the trip the tank would run over. */
function played(respond: ResponderName | undefined, change: Partial<PlayRequest> = {}, until = 2700) {
  const play = new Play({
    ...{ plant, run: 'test', seed: 7, startAt: seconds(0), respond },
    options: { tripDevice: false },
    scenario: { spec: scenario, variant: 'attack' },
    monitor: { rules: builtInRules(), mode: 'watch' },
    ...change,
  });
  play.runUntil(seconds(until) as never);
  return { result: play.finish(), range: play.range };
}

describe('a response of the control room', () => {
  it('comes ten minutes after the first counting alert that pages, and takes the set point back', () => {
    const { result, range } = played('control-room');
    const [alerted, back, skipped] = result.responses;
    expect(alerted).toMatchObject({ response: 'set-point-back', by: 'control-room', event: 'alerted' });
    const alert = result.monitor?.alerts.find(({ severity }) => severity === 'high' || severity === 'critical');
    expect((alerted?.at as number) / 1e6).toBeCloseTo(alert?.time as number, 2);
    expect(back).toEqual({
      at: (alerted?.at as number) + 600e6,
      ...{ response: 'set-point-back', by: 'control-room', event: 'done' },
      detail: 'setpoint LIC101_SP := 2.5 in tank-plc from scada',
    });
    expect(skipped).toMatchObject({
      at: (alerted?.at as number) + 630e6,
      event: 'skipped',
      detail: "close-conduit supervision: 'LIC101_SP > 3' does not hold",
    });
    expect(range.truth[range.spec.tags.findIndex(({ id }) => id === 'LIC101_SP')]).toBe(2.5);
  });

  it('is compared with the same run without it, hazard by hazard', () => {
    const { result } = played('control-room');
    const { result: undisturbed } = played(undefined, { monitor: undefined as never });
    const { alertedAt, actions, hazards } = responseOutcome(result, undisturbed);
    expect(alertedAt).toBeGreaterThan(60);
    expect(actions).toHaveLength(3);
    expect(hazards).toHaveLength(1);
    const { hazard, withResponse, without } = hazards[0] as (typeof hazards)[number];
    expect(hazard).toBe('overflow');
    // The tank is full before anybody in the control room has done something, and runs over for much less long.
    expect(withResponse?.time).toBe(without?.time);
    expect(withResponse?.seconds as number).toBeLessThan((without?.seconds as number) / 2);
  });

  it('leaves everything before it as it is: alerts and the first packets are those of the run without', () => {
    const one = played('control-room', {}, 600).result;
    const two = played(undefined, {}, 600).result;
    expect(one.hashes.capture).toBe(two.hashes.capture);
    expect(one.hashes.alerts).toBe(two.hashes.alerts);
  });

  it('is the same again with the same seed', () => {
    expect(played('control-room').result.hashes).toEqual(played('control-room').result.hashes);
  });
});

describe('an automatic response', () => {
  it('cuts a conduit five seconds after the alert', () => {
    const { result, range } = played('automatic');
    const [alerted, done] = result.responses;
    expect((done?.at as number) - (alerted?.at as number)).toBe(5e6);
    expect(done).toMatchObject({ event: 'done', detail: 'close-conduit supervision' });
    const level = range.spec.tags.findIndex(({ id }) => id === 'LIT101');
    expect(range.displayed.times[level] as number).toBeLessThan((done?.at as number) + 2e6);
  });
});

describe('a response in the field', () => {
  it('comes after half an hour, tries again until it has worked, and says after how many tries', () => {
    const { result } = played('field');
    const [alerted, pump, tries] = result.responses;
    expect((pump?.at as number) - (alerted?.at as number)).toBe(1800e6);
    expect(pump).toMatchObject({ event: 'done', detail: 'local-switch P101 := 0 from tank-plc' });
    expect(tries).toMatchObject({
      event: 'done',
      detail: expect.stringMatching(/^local-switch LIC101_MODE := 0 from tank-plc: 'LIT101 < 4' after \d+ tries$/),
    });
  });
});

describe('no response', () => {
  it('comes where no alert pages', () => {
    const twin = { scenario: { spec: scenario, variant: 'twin' as const } };
    expect(played('automatic', twin).result.responses).toEqual([]);
  });
});

describe('the truth journal', () => {
  it('holds responses, and who wrote', () => {
    const folder = RunFolder.create(join(scratch, 'journal'));
    played('control-room', { folder, capture: false }, 1000);
    const store = new JournalStore(folder.file('truth.sqlite'), 1, []);
    expect(store.all('SELECT response, by, event FROM response ORDER BY id')).toEqual([
      { response: 'set-point-back', by: 'control-room', event: 'alerted' },
      { response: 'set-point-back', by: 'control-room', event: 'done' },
      { response: 'set-point-back', by: 'control-room', event: 'skipped' },
    ]);
    expect(store.all("SELECT tag, value, actor, step FROM write WHERE actor LIKE 'response:%'")).toEqual([
      { tag: 'LIC101_SP', value: 2.5, actor: 'response:set-point-back', step: '0' },
    ]);
    store.close();
  });
});
