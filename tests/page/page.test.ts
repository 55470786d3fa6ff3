/** The page in a real browser, before a small plant that `penstock up` runs: what it promises of speed, recovery and manners. */
import type { KeyframeMessage, ValuesMessage } from '@penstock/core';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from '../judges.ts';
import { atBest } from '../measured.ts';
import { atGate, registersOf } from '../modbus.ts';
import { eventually, RunningRange, scratchFolder, smallPlantIn } from '../penstock.ts';
import { TestBrowser, visit } from './browser.ts';

const SLOW = 300_000;
/** What the page promises, in milliseconds. */
const WITHIN = 1000;

describe.skipIf(!hasJudge('chromium'))('the page', { timeout: SLOW }, () => {
  const scratch = scratchFolder();
  let browser: TestBrowser;
  let range: RunningRange;
  let page: Page;
  let args: string[];

  beforeAll(async () => {
    browser = await TestBrowser.launch();
    // An alarm limit that the level passes soon after the start.
    const plant = smallPlantIn(scratch.path, (text) => text.replace('high: 4.5', 'high: 2.3'));
    args = [plant, '--rate', '10', '--tokens', 'tokens.json'];
    range = await RunningRange.start(args, { cwd: scratch.path });
    page = await browser.open(range.url);
    await page.evaluate(`location.hash = '/plant?tag=LIT101'`);
  }, SLOW);

  afterAll(async () => {
    await browser?.close();
    await range?.stop('SIGKILL');
    scratch.remove();
  });

  afterEach(() => {
    expect(browser.complaints.splice(0).filter((text) => !text.includes('status of 404'))).toEqual([]);
  });

  const reading = (source: string) => `.readings [data-source="${source}"][data-tag="LIT101"]`;

  it('goes to the process view where there is no scene, and shows values with units', async () => {
    await page.waitForSelector('main[data-view="process"] [data-faceplate="LIT101"]');
    await expect.poll(() => page.textContent('h1')).toBe('One tank');
    await expect.poll(() => page.textContent(reading('displayed'))).toMatch(/^\d\.\d{2,3} m$/);
  });

  it('shows a moved level within a second', async () => {
    const { tags } = await range.api<KeyframeMessage>('state');
    const place = tags.findIndex(({ id }) => id === 'LIT101');
    const read = async () => Number.parseFloat((await page.textContent(reading('true'))) ?? '');
    const delay = async () => {
      const before = await read();
      let level = before;
      // Ten simulated seconds a second: the pump moves it by 6 cm.
      while (Math.abs(level - before) < 0.05) level = (await range.api<ValuesMessage>('values')).true[place] as number;
      const moved = performance.now();
      let seen = before;
      while (Math.abs(seen - before) < 0.04) seen = await read();
      return performance.now() - moved;
    };
    expect(await atBest(WITHIN, delay)).toBeLessThan(WITHIN);
  });

  it('shows an alert within a second, with severity, techniques and the tag that it leads to', async () => {
    await visit(page, '/alarms?list=alerts');
    const alert = '.alert-list button:has(.severity[data-level="high"]):has-text("LIC-101_SP")';
    /** How often the page says that it happened. */
    const told = async () => {
      const [text] = await page.locator(alert).allTextContents();
      return text === undefined ? 0 : Number(/×(\d+)/.exec(text)?.[1] ?? 1);
    };
    const delay = async () => {
      const before = await told();
      const sent = performance.now();
      await atGate(range.gate('tank-plc'), (client) => client.writeRegisters(0, registersOf(4.7)));
      await expect.poll(told, { interval: 20 }).toBeGreaterThan(before);
      return performance.now() - sent;
    };
    expect(await atBest(WITHIN, delay)).toBeLessThan(WITHIN);
    await page.click(alert);
    await page.waitForSelector('.alert-detail:has-text("T0836")');
    for (const words of ['High', 'T0836', 'tank-plc', 'LIC-101_SP', '4.7 m', 'before 2.5 m'])
      await page.waitForSelector(`.alert-detail:has-text("${words}")`);
    await page.click('.alert-detail dd a:has-text("LIC-101_SP")');
    await page.waitForSelector('[data-faceplate="LIC101_SP"]');
  });

  it('tells in words and shape which alarms stand, and takes them acknowledged', async () => {
    await visit(page, '/alarms');
    const row = page.locator('[data-alarm="LIT101.high"]');
    await row.waitFor();
    await expect.poll(() => row.textContent()).toContain('above 2.3');
    expect(await row.locator('.severity').getAttribute('data-level')).toBe('medium');
    await row.getByRole('button', { name: 'Acknowledge' }).click();
    await row.and(page.locator('[data-state="acknowledged"]')).waitFor();
  });

  it('can be used without a mouse: every view by its key, every stop by Tab', async () => {
    for (const [key, view] of ['process', 'network', 'alarms', 'logic', 'packets', 'trends', 'attack'].entries()) {
      await page.locator('main').focus();
      await page.keyboard.press(String(key + 2));
      await page.waitForSelector(`main[data-view="${view}"]`);
    }
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    expect(await page.getByRole('dialog').textContent()).toContain('Find anything');
    await page.keyboard.press('Escape');
    await visit(page, '/alarms');
    await page.locator('[data-alarm="LIT101.high"]').waitFor();
    const reached = new Set<string>();
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press('Tab');
      reached.add(String(await page.evaluate('document.activeElement.textContent')));
    }
    expect([...reached].join()).toMatch(/Network.*Process alarms.*Shelve/);
  });

  it('speaks: a heading, labelled regions, and alerts in a live region', async () => {
    for (const words of ['heading "One tank" [level=1]', 'navigation "Views"', 'main', 'status', 'tab "Process alarms'])
      await expect.poll(() => page.locator('body').ariaSnapshot()).toContain(words);
    await atGate(range.gate('tank-plc'), (client) => client.writeRegisters(50, [1]).catch(() => undefined));
    await expect.poll(() => page.textContent('p.unseen[role="status"]')).toContain(':');
  });

  it('takes the token out of the address, and still knows it after a reload', async () => {
    expect(page.url()).not.toContain('token');
    await page.reload();
    await page.waitForSelector('.frame[data-connection="live"]');
    await visit(page, '/alarms?list=alerts');
    await page.locator('.alert-list li').first().waitFor();
  });

  it('says without a token what it needs, and comes up when the address with one is opened', async () => {
    const stranger = await browser.open(new URL('/', range.url).href, { connection: 'refused' });
    await stranger.waitForSelector('.banner:has-text("Open the address that was printed")');
    await stranger.goto(range.url);
    await stranger.waitForSelector('.frame[data-connection="live"]');
    await stranger.context().close();
  });

  it('greys its values when the range falls silent, and goes on by itself, without a gap', async () => {
    await visit(page, '/process?tag=LIT101');
    range.signal('SIGSTOP');
    await page.waitForSelector(`${reading('displayed')}[data-stale]`);
    await page.waitForSelector('.banner:has-text("what you see is old")');
    range.signal('SIGCONT');
    await page.waitForSelector(`${reading('displayed')}:not([data-stale])`);
    await atGate(range.gate('tank-plc'), (client) => client.writeRegisters(40, [1]).catch(() => undefined));
    await visit(page, '/alarms?list=alerts');
    await hasEveryAlert();
  });

  it('says that the range was killed, and has every alert of the one that comes after it', async () => {
    await range.stop('SIGKILL');
    await page.waitForSelector('.frame[data-connection="lost"]');
    await page.waitForSelector('.banner:has-text("Connection lost")');
    const { port } = new URL(range.url);
    range = await RunningRange.start([...args, '--port', port, '--out', 'again'], { cwd: scratch.path });
    await atGate(range.gate('tank-plc'), (client) => client.writeRegisters(0, registersOf(4.7)));
    await page.waitForSelector('.frame[data-connection="live"]');
    await page.waitForSelector('.alert-list [data-alert] >> text=LIC-101_SP');
    await hasEveryAlert();
  });

  it('asks nobody but the range for anything', () => {
    expect([...browser.origins]).toEqual([new URL(range.url).origin]);
  });

  /** What the server has is what the page shows. */
  async function hasEveryAlert(): Promise<void> {
    await eventually(async () => {
      const { alerts } = await range.api<KeyframeMessage>('state');
      const shown = await page
        .locator('.alert-list [data-alert]')
        .evaluateAll((all) => all.map((e) => Number(e.dataset.alert)));
      const same = shown.toReversed().join() === alerts.map(({ number }) => number).join();
      return same && shown.length > 0 ? shown : undefined;
    }, 'every alert on the page');
  }
});
