/** The power grid on the page, in a real browser before its range: what the works does not have, overhead lines and a single-line diagram. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from '../judges.ts';
import { RunningRange, scratchFolder } from '../penstock.ts';
import { TestBrowser, visit } from './browser.ts';

const SLOW = 300_000;
/** What the page promises of every scene. */
const MOST = { calls: 300, triangles: 150_000 };

describe.skipIf(!hasJudge('chromium'))('the page of the power grid', { timeout: SLOW }, () => {
  const scratch = scratchFolder();
  let browser: TestBrowser;
  let range: RunningRange;
  let page: Page;

  beforeAll(async () => {
    browser = await TestBrowser.launch();
    range = await RunningRange.start(['power-grid', '--tokens', 'tokens.json'], { cwd: scratch.path });
    page = await browser.open(range.url);
  }, SLOW);

  afterAll(async () => {
    await browser?.close();
    await range?.stop('SIGKILL');
    scratch.remove();
  });

  afterEach(() => {
    expect(browser.complaints.splice(0)).toEqual([]);
  });

  it('draws the area within the budget, and lists its lines beside its equipment', async () => {
    await visit(page, '/plant');
    const stats = (): Promise<{ calls: number; triangles: number } | null> =>
      page.evaluate('window.penstockStage?.stats() ?? null');
    await expect.poll(async () => (await stats())?.calls ?? 0).toBeGreaterThan(10);
    const { calls, triangles } = (await stats()) ?? { calls: 0, triangles: 0 };
    expect(calls).toBeLessThanOrEqual(MOST.calls);
    expect(triangles).toBeLessThanOrEqual(MOST.triangles);
    await page.locator('.items summary', { hasText: 'Kilnbrook' }).click();
    await page.locator('.items button', { hasText: 'Line Kilnbrook–Marlow' }).click();
    await page.waitForSelector('[data-faceplate="MMXU45_P"]');
  });

  it('has a single-line diagram, whose breakers are filled while they are closed', async () => {
    await visit(page, '/process');
    await expect.poll(() => page.locator('.pid .switch').count()).toBe(18);
    await expect.poll(() => page.locator('.pid .switch:not([data-idle])').count()).toBe(18);
    await expect.poll(() => page.locator('.pid .busbar:not([data-idle])').count()).toBe(6);
    await expect.poll(() => page.locator('.pid-value', { hasText: /^2\d\d\.\d kV$/ }).count()).toBe(6);
    await page.locator('.pid [data-item="XCBR45"]').click();
    await page.waitForSelector('[data-faceplate="XCBR45"]');
  });

  it('shows the stations and their relays as devices, and a trend', async () => {
    await visit(page, '/network/marlow-rtu');
    await page.waitForSelector('main:has-text("marlow-rtu")');
    await visit(page, '/trends?tags=BUS05_KV');
    await page.waitForSelector('main[data-view="trends"] .pens:has-text("BUS-05_KV")');
  });

  it('goes on with another plant that is brought up in its place, and keeps nothing of this one', async () => {
    await visit(page, '/network/marlow-rtu');
    await page.waitForSelector('main:has-text("Marlow station")');
    const { port } = new URL(range.url);
    await range.stop();
    await page.waitForSelector('.frame[data-connection="lost"]');
    const place = ['--port', port, '--tokens', 'tokens.json', '--out', 'other'];
    range = await RunningRange.start(['tennessee-eastman', ...place], { cwd: scratch.path });
    await page.waitForSelector('.top h1:has-text("Chemical reactor")');
    await page.waitForSelector('main[data-view="network"]:has-text("reactor-plc")');
    expect(await page.evaluate('location.hash')).toBe('#/network');
    expect(await page.locator('main').innerText()).not.toMatch(/marlow/i);
    await visit(page, '/plant');
    await page.locator('.items summary', { hasText: 'Condenser' }).waitFor();
    expect(await page.locator('.items').innerText()).not.toMatch(/marlow/i);
  });
});
