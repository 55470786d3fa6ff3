/** The status page in a real browser, before a range that `penstock up` runs. */
import { execFileSync } from 'node:child_process';
import type { KeyframeMessage, ValuesMessage } from '@penstock/core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from './judges.ts';
import { atGate, registersOf } from './modbus.ts';
import { RunningRange, scratchFolder, smallPlantIn } from './penstock.ts';

const SLOW = 120_000;
/** What the page promises, in milliseconds. */
const WITHIN = 1000;

describe.skipIf(!hasJudge('chromium'))('the status page', { timeout: SLOW }, () => {
  const scratch = scratchFolder();
  let browser: Browser;
  let range: RunningRange;
  let page: Page;
  const complaints: string[] = [];
  const requests = new Set<string>();

  beforeAll(async () => {
    // The sandbox of the browser needs rights that a test may not have.
    const executablePath = execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    // An alarm limit that the level passes soon after the start.
    const plant = smallPlantIn(scratch.path, (text) => text.replace('high: 4.5', 'high: 2.3'));
    range = await RunningRange.start([plant, '--rate', '10'], { cwd: scratch.path });
    page = await open();
  }, SLOW);

  afterAll(async () => {
    await browser?.close();
    await range?.stop('SIGKILL');
    scratch.remove();
  });

  afterEach(() => {
    expect(complaints.splice(0)).toEqual([]);
  });

  async function open(options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
    const opened = await browser.newPage(options);
    opened.on('pageerror', (error) => complaints.push(error.message));
    opened.on('console', (message) => {
      // That a stopped range refuses connections is what the page tells, and the browser does too.
      if (message.type() === 'error' && !/ERR_CONNECTION|WebSocket connection/.test(message.text()))
        complaints.push(message.text());
    });
    opened.on('request', (request) => requests.add(new URL(request.url()).origin.replace(/^ws/, 'http')));
    await opened.goto(range.url);
    await opened.waitForSelector('body[data-connection="live"]');
    return opened;
  }

  const cell = (tag: string, source: string) => `[data-tag="${tag}"] [data-source="${source}"]`;

  it('shows devices with the addresses of their gates, and tags by area with values and units', async () => {
    expect(await page.textContent('h1')).toBe('One tank');
    const { host, port } = range.gate('tank-plc');
    expect(await page.textContent('[data-device="tank-plc"]')).toContain(`10.9.1.13modbus ${host}:${port}`);
    expect(await page.textContent('details summary')).toContain('Tank');
    await expect.poll(() => page.textContent(cell('LIT101', 'displayed'))).toMatch(/^\d\.\d\d m$/);
    expect(await page.textContent(cell('P101', 'displayed'))).toMatch(/^(running|stopped)$/);
  });

  it('shows a moved level within a second', async () => {
    const { tags } = await range.api<KeyframeMessage>('state');
    const place = tags.findIndex(({ id }) => id === 'LIT101');
    const before = Number.parseFloat((await page.textContent(cell('LIT101', 'true'))) ?? '');
    let level = before;
    // Ten simulated seconds a second: the pump moves it by 6 cm.
    while (Math.abs(level - before) < 0.05) level = (await range.api<ValuesMessage>('values')).true[place] as number;
    const moved = performance.now();
    let seen = before;
    while (Math.abs(seen - before) < 0.04)
      seen = Number.parseFloat((await page.textContent(cell('LIT101', 'true'))) ?? '');
    expect(performance.now() - moved).toBeLessThan(WITHIN);
  });

  it('shows an alert within a second, with severity, techniques and the tag that it leads to', async () => {
    const sent = performance.now();
    await atGate(range.gate('tank-plc'), (client) => client.writeRegisters(0, registersOf(4.7)));
    const alert = await page.waitForSelector('#alerts [data-rule="value-outside-limits"]');
    expect(performance.now() - sent).toBeLessThan(WITHIN);
    const text = (await alert.textContent()) ?? '';
    for (const words of ['high', 'T0836', 'tank-plc', 'LIC101_SP', '4.7 m', 'before 2.5 m'])
      expect(text).toContain(words);
    expect(await (await alert.$('.mark'))?.getAttribute('data-level')).toBe('high');
    await page.fill('#find', 'nothing like it');
    await (await alert.$('button'))?.click();
    expect(await page.locator(':focus').getAttribute('data-tag')).toBe('LIC101_SP');
  });

  it('tells in words and shape which tags are beyond their limits', async () => {
    const row = page.locator('[data-tag="LIT101"]');
    await row.and(page.locator('.beyond')).waitFor();
    expect(await row.locator('.state').textContent()).toBe('high');
    expect(await row.locator('.mark').getAttribute('data-level')).toBe('medium');
    expect(await page.textContent('#beyond')).toBe('1 beyond their alarm limits');
    await page.check('#only-beyond');
    expect(await page.locator('[data-tag]:visible').count()).toBe(1);
    await page.uncheck('#only-beyond');
  });

  it('can be used without a mouse', async () => {
    await page.focus('h2');
    await page.keyboard.press('/');
    await page.keyboard.type('lit-1');
    expect(await page.locator('[data-tag]:visible').count()).toBe(1);
    await page.fill('#find', '');
    await page.focus('summary');
    await page.keyboard.press('Enter');
    expect(await page.locator('[data-tag]:visible').count()).toBe(0);
    await page.keyboard.press('Enter');
    const reached = new Set<string>();
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press('Tab');
      reached.add(await page.locator(':focus, body:not(:has(:focus))').evaluate((e) => e.id || e.tagName));
    }
    for (const stop of ['find', 'only-beyond', 'SUMMARY', 'BUTTON']) expect(reached).toContain(stop);
  });

  it('speaks: headings, labelled regions, and alerts in a live region', async () => {
    const tree = await page.locator('body').ariaSnapshot();
    for (const words of [
      'heading "One tank" [level=1]',
      'region "Tags"',
      'region "Devices"',
      'searchbox "Find"',
      'status',
    ])
      expect(tree).toContain(words);
    expect(await page.textContent('#announcer')).toMatch(/^Alert, /);
  });

  it('takes the token out of the address, and still knows it after a reload', async () => {
    expect(page.url()).not.toContain('token');
    await page.reload();
    await page.waitForSelector('body[data-connection="live"]');
    expect(await page.locator('#alerts li').count()).toBeGreaterThan(0);
  });

  it('says without a token what it needs', async () => {
    const stranger = await browser.newPage();
    await stranger.goto(new URL('/', range.url).href);
    await stranger.waitForSelector('body[data-connection="refused"]');
    expect(await stranger.textContent('#connection')).toContain('open the printed address');
    await stranger.close();
  });

  it.each(['light', 'dark'] as const)('fits a telephone, %s', async (colorScheme) => {
    const narrow = await open({ viewport: { width: 390, height: 844 }, colorScheme });
    const wide = await narrow.locator('html').evaluate((html) => html.scrollWidth);
    expect(wide).toBeLessThanOrEqual(390);
    expect(await contrasts(narrow)).toEqual([]);
    await narrow.close();
  });

  it('greys its values when the range falls silent, and goes on by itself, without a gap', async () => {
    const alerts = await page.locator('#alerts li').count();
    range.signal('SIGSTOP');
    await page.waitForSelector('body[data-connection="lost"]', { timeout: 5000 });
    expect(await page.textContent('#connection')).toContain('Values are old');
    expect(
      Number(
        await page
          .locator(`${cell('LIT101', 'true')} span`)
          .evaluate((e) => e.ownerDocument.defaultView.getComputedStyle(e).opacity),
      ),
    ).toBeLessThan(1);
    range.signal('SIGCONT');
    await page.waitForSelector('body[data-connection="live"]');
    await atGate(range.gate('tank-plc'), (client) => client.writeRegisters(40, [1]).catch(() => undefined));
    await page.waitForSelector('#alerts [data-rule="write-outside-point-list"]');
    const numbers = await page.locator('#alerts li').evaluateAll((all) => all.map((e) => Number(e.dataset.number)));
    expect(numbers.length).toBeGreaterThan(alerts);
    expect(numbers).toEqual(numbers.map((_, i) => numbers.length - i));
  });

  it('asks nobody but the range for anything', () => {
    expect([...requests]).toEqual([new URL(range.url).origin]);
  });

  it('says that the range is gone', async () => {
    await range.stop();
    await page.waitForSelector('body[data-connection="lost"]');
    expect(await page.textContent('#connection')).toContain('trying again');
  });
});

/** Texts whose contrast with the ground behind them is below WCAG's 4.5 to 1. */
function contrasts(page: Page): Promise<string[]> {
  return page.locator('html').evaluate((html) => {
    const document = html.ownerDocument;
    const style = (element: typeof html) => document.defaultView.getComputedStyle(element);
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (color: string): number[] => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const linear = (c: number): number => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    const luminance = ([r, g, b]: number[]): number =>
      0.2126 * linear(r as number) + 0.7152 * linear(g as number) + 0.0722 * linear(b as number);
    const ground = (element: typeof html): number[] => {
      const color = rgba(style(element).backgroundColor);
      return color[3] === 255 || element === html ? color : ground(element.parentElement);
    };
    const tooFaint = (element: typeof html): boolean => {
      const [a, b] = [luminance(rgba(style(element).color)), luminance(ground(element))];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
    };
    const speaks = (element: typeof html): boolean =>
      element.checkVisibility() &&
      [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    return [...document.querySelectorAll('body *')].filter((e) => speaks(e) && tooFaint(e)).map((e) => e.outerHTML);
  });
}
