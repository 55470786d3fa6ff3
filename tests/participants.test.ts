/** People who take part in a running range over its API: operators, somebody on site, an instructor with a scenario; and the run again. */
import type { KeyframeMessage } from '@penstock/core';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { penstock, RunningRange, scratchFolder } from './penstock.ts';

const SLOW = 240_000;

describe('people who take part', { timeout: SLOW }, () => {
  const scratch = scratchFolder();
  const cwd = scratch.path;
  let range: RunningRange | undefined;

  afterEach(() => range?.stop('SIGKILL'));
  afterAll(() => scratch.remove());

  async function post(path: string, body: unknown, token = range?.token): Promise<{ status: number; body: unknown }> {
    const response = await fetch(new URL(`/api/${path}`, range?.url), {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  const state = () => (range as RunningRange).api<KeyframeMessage>('state');
  const launch = (mode: string) => ({
    ...{ do: 'start', scenario: 'lye-setpoint', variant: 'attack', mode, inputs: {}, now: true },
  });

  it('operate, look at gauges, launch, approve and stop; the run can be executed again', async () => {
    range = await RunningRange.start(['drinking-water', '--rate', '10', '--gates', 'none', '--out', 'shared'], { cwd });
    expect((await post('operate', { tag: 'LIC601_SP', value: 3.7 })).status).toBe(202);
    expect((await post('field', { action: 'call-operations', position: null })).status).toBe(202);
    const waiting = await post('attack', launch('step'));
    expect(waiting.body).toMatchObject({ scenario: 'lye-setpoint', mode: 'step' });
    await expect.poll(async () => (await state()).attack?.steps[0]?.state, { timeout: SLOW }).toBe('waiting');
    expect((await post('attack', launch('run'))).body).toMatchObject({
      error: expect.stringContaining('has not ended'),
    });
    expect((await post('attack', { do: 'approve', step: 'order' })).status).toBe(400);
    expect((await post('attack', { do: 'approve', step: 'manual' })).status).toBe(200);
    const seen = async () => {
      const { alerts, attack } = await state();
      return alerts.some(({ tag }) => tag === 'AIC301_MODE') && attack?.timeToDetect !== null;
    };
    await expect.poll(seen, { timeout: SLOW }).toBe(true);
    await expect.poll(async () => (await state()).attack?.steps[1]?.state, { timeout: SLOW }).toBe('waiting');
    expect((await post('attack', { do: 'stop' })).status).toBe(200);
    await expect.poll(async () => (await state()).attack?.state, { timeout: SLOW }).toBe('ended');
    const after = await state();
    expect(after.attack?.steps.map(({ id, state: how }) => [id, how])).toEqual([
      ['manual', 'done'],
      ['order', 'skipped'],
      ['dose-back', 'done'],
      ['auto-back', 'done'],
    ]);
    expect(after.attack?.reverted).toContainEqual({ tag: 'AIC301_MODE', before: 1, after: 1, proven: true });
    await expect
      .poll(async () => (await state()).orders.map(({ what, outcome }) => [what, outcome]), { timeout: SLOW })
      .toEqual([
        ['LIC601_SP', 'done'],
        ['call-operations', 'done'],
      ]);
    await range.stop();
    const replayed = await penstock(['replay', 'shared', '--json'], { cwd });
    expect(JSON.parse(replayed.stdout).same).toEqual({ capture: true, alerts: true, labels: true, truth: true });
  });

  it('are told what cannot be done, and nothing is disturbed by it', async () => {
    range = await RunningRange.start(['drinking-water', '--gates', 'none', '--out', 'refused'], { cwd });
    const refused = async (path: string, body: unknown, token?: string) => {
      const answer = await post(path, body, token);
      return [answer.status, (answer.body as { error?: string }).error ?? ''] as const;
    };
    expect(await refused('operate', { tag: 'LIT601', value: 1 })).toEqual([
      400,
      expect.stringContaining('cannot be written'),
    ]);
    expect(await refused('operate', { tag: 'AIC301_SP', value: 21 })).toEqual([
      400,
      expect.stringContaining('takes 0 to 20'),
    ]);
    expect(await refused('operate', { tag: 'AIC301_SP' })).toEqual([400, expect.stringContaining('value')]);
    expect(await refused('field', { action: 'swim', position: null })).toEqual([
      400,
      expect.stringContaining('it has'),
    ]);
    expect(await refused('alarms', { do: 'acknowledge', alarms: ['X'] })).toEqual([
      400,
      expect.stringContaining('no alarm'),
    ]);
    expect(await refused('attack', { ...launch('run'), scenario: 'flood' })).toEqual([
      400,
      expect.stringContaining('no scenario'),
    ]);
    expect(await refused('attack', { do: 'stop' }, range.traineeToken)).toEqual([
      403,
      expect.stringContaining('instructor'),
    ]);
    expect(await refused('attack', { do: 'stop' }, 'wrong')).toEqual([401, expect.stringContaining('token')]);
    const { attack, orders, alarms } = await state();
    expect([attack, orders, alarms.every(({ by }) => by === null)]).toEqual([null, [], true]);
  });
});
