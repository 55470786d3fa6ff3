/** Requests that no page of ours would send: refused with a reason, and nothing else disturbed. */
import type { KeyframeMessage, ValuesMessage } from '@penstock/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, RunningRange, SMALL_PLANT, scratchFolder } from '../penstock.ts';

const RUNS = 60;

describe('a hostile client', () => {
  const scratch = scratchFolder();
  let range: RunningRange;

  beforeAll(async () => {
    range = await RunningRange.start([SMALL_PLANT], { cwd: scratch.path });
  });

  afterAll(async () => {
    await range?.stop('SIGKILL');
    scratch.remove();
  });

  async function post(path: string, body: string, type = 'application/json') {
    const response = await fetch(new URL(`/api/${path}`, range.url), {
      method: 'POST',
      headers: { Authorization: `Bearer ${range.token}`, 'Content-Type': type },
      body,
    });
    return { status: response.status, text: await response.text() };
  }

  const word = fc.constantFrom(
    'tag',
    'value',
    'do',
    'alarms',
    'alarm',
    'action',
    'position',
    '__proto__',
    'constructor',
  );
  const anything = fc.oneof(
    fc.json(),
    fc
      .dictionary(word, fc.oneof(fc.string(), fc.double(), fc.constant(null), fc.array(fc.string())))
      .map((o) => JSON.stringify(o)),
    fc.string(),
  );

  it.each(['operate', 'field', 'alarms', 'attack', 'adversary'])(
    'is told why its %s is refused, whatever it sends',
    async (path) => {
      await fc.assert(
        fc.asyncProperty(anything, async (body) => {
          const { status, text } = await post(path, body);
          expect(status).toBeGreaterThanOrEqual(400);
          expect(status).toBeLessThan(500);
          expect(text.length).toBeGreaterThan(10);
          expect(text).not.toMatch(/\n\s+at |node_modules|\.ts:/);
        }),
        { numRuns: RUNS },
      );
    },
  );

  it.each([
    ['a tag that nobody may write', 'operate', { tag: 'LIT101', value: 1 }, 400],
    ['a tag that there is not', 'operate', { tag: 'XV999', value: 1 }, 400],
    ['a value that is none', 'operate', { tag: 'LIC101_SP', value: null }, 400],
    ['an action that there is not', 'field', { action: 'burn', position: null }, 400],
    ['an alarm that there is not', 'alarms', { do: 'acknowledge', alarms: ['LIT999.high'] }, 400],
    [
      'a shelving of a year',
      'alarms',
      { do: 'shelve', alarm: 'LIT101.high', duration: 31_536_000, reason: 'for ever' },
      400,
    ],
    [
      'a scenario of another plant',
      'attack',
      { do: 'start', scenario: '../../etc/passwd', variant: 'attack', mode: 'run', inputs: {}, now: true },
      400,
    ],
  ])('is told why it may not have %s', async (_, path, body, status) => {
    const answer = await post(path, JSON.stringify(body));
    expect([answer.status, typeof JSON.parse(answer.text).error]).toEqual([status, 'string']);
  });

  it('cannot send more than a page ever says, nor in another form', async () => {
    expect((await post('operate', `"${'x'.repeat(100_000)}"`)).status).toBe(413);
    expect((await post('operate', 'tag=LIC101_SP&value=3', 'application/x-www-form-urlencoded')).status).toBe(400);
  });

  it('has disturbed nothing: the range goes on, and nobody ordered anything', async () => {
    const { time } = await range.api<ValuesMessage>('values');
    await eventually(
      async () => ((await range.api<ValuesMessage>('values')).time > time ? true : undefined),
      'time to go on',
    );
    const state = await range.api<KeyframeMessage>('state');
    expect([state.orders, state.attack]).toEqual([[], null]);
  });
});
