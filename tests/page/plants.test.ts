/** The other plants on the page, in a real browser before a range of each: its scene within its budget, its diagram, trends and devices. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from '../judges.ts';
import { RunningRange, scratchFolder } from '../penstock.ts';
import { TestBrowser, visit } from './browser.ts';

const SLOW = 300_000;
/** What the page promises of every scene. */
const MOST = { calls: 300, triangles: 150_000 };

/** Of each plant a tag whose trend is looked at, and a device. */
const PLANTS = [
  { plant: 'tennessee-eastman', tag: 'LIT201', device: 'reactor-plc', symbols: '.pid .moves' },
  { plant: 'water-network', tag: 'LIT401', device: 'east-tower-plc', symbols: '.pid .moves' },
  { plant: 'power-grid', tag: 'BUS05_KV', device: 'marlow-rtu', symbols: '.pid .switch' },
] as const;

const statsOf = (page: Page): Promise<{ calls: number; triangles: number } | null> =>
  page.evaluate('window.penstockStage?.stats() ?? null');

describe.skipIf(!hasJudge('chromium'))('the page before', { timeout: SLOW }, () => {
  const scratch = scratchFolder();
  let browser: TestBrowser;

  beforeAll(async () => {
    browser = await TestBrowser.launch();
  }, SLOW);

  afterAll(async () => {
    await browser?.close();
    scratch.remove();
  });

  it.each(PLANTS)('$plant shows it from every side without an error', async ({ plant, tag, device, symbols }) => {
    const range = await RunningRange.start([plant, '--out', plant], { cwd: scratch.path });
    try {
      const page = await browser.open(range.url);
      await visit(page, '/plant');
      await page.waitForSelector('canvas[data-stage="labels"]');
      // A frame with values in it, all of the site in the picture.
      await expect.poll(async () => (await statsOf(page))?.calls ?? 0).toBeGreaterThan(10);
      const stats = await statsOf(page);
      expect(stats?.calls).toBeLessThanOrEqual(MOST.calls);
      expect(stats?.triangles).toBeLessThanOrEqual(MOST.triangles);
      await visit(page, `/process?tag=${tag}`);
      await page.waitForSelector(`[data-faceplate="${tag}"]`);
      expect(await page.locator(symbols).count()).toBeGreaterThan(3);
      // Every value that the diagram shows has come.
      await expect.poll(() => page.locator('.pid-value', { hasText: /\d/ }).count()).toBeGreaterThan(10);
      await visit(page, `/trends?tags=${tag}`);
      await visit(page, `/network/${device}`);
      await page.waitForSelector(`main:has-text("${device}")`);
      await page.context().close();
    } finally {
      await range.stop('SIGKILL');
    }
    expect(browser.complaints.splice(0)).toEqual([]);
  });
});
