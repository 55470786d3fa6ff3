/** Every view by the rules of axe-core, light and dark: nothing serious, nothing critical. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from '../judges.ts';
import { RunningRange, scratchFolder } from '../penstock.ts';
import { TestBrowser, visit } from './browser.ts';

const SLOW = 600_000;
const VIEWS = [
  '/plant?tag=AIC301_SP',
  '/process?tag=LIT501',
  '/network/dosing-plc',
  '/alarms',
  '/alarms?list=alerts',
  '/alarms?list=journal',
  '/logic/dosing-plc',
  '/packets?filter=modbus&packet=1',
  '/trends?tags=LIT501,AIT301',
  '/attack',
];

interface Found {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

describe.skipIf(!hasJudge('chromium'))('everybody can use the page', { timeout: SLOW }, () => {
  const scratch = scratchFolder();
  let browser: TestBrowser;
  let range: RunningRange;

  beforeAll(async () => {
    browser = await TestBrowser.launch();
    range = await RunningRange.start(['drinking-water', '--rate', '10'], { cwd: scratch.path });
  }, SLOW);

  afterAll(async () => {
    await browser?.close();
    await range?.stop('SIGKILL');
    scratch.remove();
  });

  it.each(['light', 'dark'] as const)('in every view, %s', async (colorScheme) => {
    const page = await browser.open(range.url, { colorScheme, reducedMotion: 'reduce' });
    const found: string[] = [];
    for (const view of VIEWS) {
      await visit(page, view);
      found.push(...(await seriousIn(page)).map((one) => `${view}: ${one}`));
    }
    for (const keys of ['Control+k', '?']) {
      await page.locator('main').focus();
      await page.keyboard.press(keys);
      await page.getByRole('dialog').waitFor();
      found.push(...(await seriousIn(page)).map((one) => `${keys}: ${one}`));
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
    }
    expect(found).toEqual([]);
    expect(browser.complaints.splice(0)).toEqual([]);
    await page.context().close();
  });

  it('on a telephone nothing is wider than the screen, and zoomed by two everything is still there', async () => {
    const narrow = await browser.open(range.url, { viewport: { width: 390, height: 844 } });
    for (const view of ['/alarms', '/trends?tags=LIT501', '/process']) {
      await visit(narrow, view);
      await expect.poll(() => narrow.evaluate('document.documentElement.scrollWidth'), { message: view }).toBe(390);
    }
    await narrow.context().close();
  });
});

/** Serious and critical findings. The rules come over the debugger's own way: the page's policy lets no other script in. */
async function seriousIn(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const violations = (await page.evaluate(
    `axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((result) => result.violations)`,
  )) as Found[];
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ html }) => `${id} ${html.slice(0, 160)}`));
}
