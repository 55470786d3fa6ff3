/** A forged display, as it looks to those who know the truth and to those who do not, until somebody takes a sample. */
import type { KeyframeMessage, ValuesMessage } from '@penstock/core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from '../judges.ts';
import { RunningRange, scratchFolder } from '../penstock.ts';
import { TestBrowser, visit } from './browser.ts';

const SLOW = 600_000;
/** A minute a second: the scenario records for a quarter of an hour before it lies. */
const RATE = 60;

describe.skipIf(!hasJudge('chromium'))('while readings are replayed', { timeout: SLOW }, () => {
  const scratch = scratchFolder();
  let browser: TestBrowser;
  let range: RunningRange;
  let instructor: Page;
  let trainee: Page;

  beforeAll(async () => {
    browser = await TestBrowser.launch();
    range = await RunningRange.start(['drinking-water', '--rate', String(RATE), '--hour', '12', '--gates', 'none'], {
      cwd: scratch.path,
    });
    instructor = await browser.open(range.url);
    trainee = await browser.open(range.url.replace(range.token, range.traineeToken));
    for (const page of [instructor, trainee]) await visit(page, '/process?tag=AIT402');
    // Last of all: the display is forged for some hours of the plant, which are minutes here.
    const body = { do: 'start', scenario: 'quiet-chlorine', variant: 'attack', mode: 'run', inputs: {}, now: true };
    const launched = await fetch(new URL('/api/attack', range.url), {
      method: 'POST',
      headers: { Authorization: `Bearer ${range.token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(launched.status).toBe(200);
  }, SLOW);

  afterAll(async () => {
    await browser?.close();
    await range?.stop('SIGKILL');
    scratch.remove();
  });

  const plate = (page: Page) => page.locator('[data-faceplate="AIT402"]');
  const shown = async (page: Page, source: string) =>
    Number.parseFloat((await plate(page).locator(`[data-source="${source}"]`).first().textContent()) ?? '');

  it('true and measured values agree, and what is displayed is none of them', async () => {
    const { tags } = await range.api<KeyframeMessage>('state');
    const place = tags.findIndex(({ id }) => id === 'AIT402');
    const parted = async () => {
      const { displayed, measured, true: truth } = await range.api<ValuesMessage>('values');
      return [displayed[place], measured[place], truth[place]].map((value) => (value ?? 0) > 0.7);
    };
    await expect.poll(parted, { timeout: SLOW, interval: 500 }).toEqual([true, false, false]);
  });

  it('the instructor’s faceplate has the three values, and says that somebody lies on the way', async () => {
    await expect
      .poll(() => plate(instructor).locator('.parted').textContent(), { timeout: SLOW })
      .toContain('somebody lies on the way');
    // A page draws what it was sent last, and chlorine takes its time.
    const parted = async () => {
      const [displayed, measured, truth] = await Promise.all(
        ['displayed', 'measured', 'true'].map((source) => shown(instructor, source)),
      );
      return [displayed, measured, truth].map((value) => (value ?? Number.NaN) > 0.7);
    };
    await expect.poll(parted, { timeout: SLOW, interval: 500 }).toEqual([true, false, false]);
  });

  it('the instructor’s stage has its mark, drawn on values that part', async () => {
    // Small: it is drawn in software here, while the range goes sixty times as fast as time does.
    await instructor.setViewportSize({ width: 640, height: 400 });
    await visit(instructor, '/plant?tag=AIT402');
    const frames = () => instructor.evaluate('window.penstockStage?.stats().frames ?? 0');
    await expect.poll(frames, { timeout: SLOW }).toBeGreaterThan(0);
    const parts = await instructor.evaluate(
      `window.penstockStage.items().find((item) => item.tags.includes('AIT402'))?.id`,
    );
    expect(typeof parts).toBe('string');
    // Drawn in software, it would keep a processor busy for as long as it is shown.
    await instructor.context().close();
  });

  it('the trainee’s has the displayed value and nothing else, until a grab sample tells', async () => {
    expect(await plate(trainee).locator('.parted, [data-source="measured"], [data-source="true"]').count()).toBe(0);
    await expect.poll(() => shown(trainee, 'displayed'), { timeout: SLOW }).toBeGreaterThan(1);
    await plate(trainee).locator('[data-action="sample-contact-chlorine"] button').click();
    const answer = plate(trainee).locator('[data-action="sample-contact-chlorine"] [role="status"]');
    await expect.poll(() => answer.textContent(), { timeout: SLOW }).toMatch(/Done: .*free chlorine: -?0\.\d+ mg\/L/);
    await expect.poll(() => shown(trainee, 'displayed'), { timeout: SLOW }).toBeGreaterThan(1);
    expect(browser.complaints).toEqual([]);
  });
});
