/** The stage in a real browser, at 640 × 360 in software, with the clock standing. */
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CHROMIUM_FLAGS, chromiumPath } from '../../tests/chromium.ts';
import { hasJudge } from '../../tests/judges.ts';
import type { StageOptions, StageStats } from './index.ts';
import { drinkingWater, plain, quietMorning, shipped } from './test/scenes.ts';
import type { StageValue } from './values.ts';

const SLOW = 120_000;
/** What the page promises for the part that draws. */
const CHUNK_BYTES = 200 * 1024;

/** What a picture is like: shares of its pixels by hue, and how light it is on the whole. */
interface Picture {
  readonly lightness: number;
  /** Share of the pixels whose colour is strong. */
  readonly vivid: number;
  /** Shares of strong pixels near the hues of blue, purple and vermillion. */
  readonly blue: number;
  readonly purple: number;
  readonly vermillion: number;
  readonly checksum: number;
}

describe.skipIf(!hasJudge('chromium'))('the stage in a browser', { timeout: SLOW }, () => {
  const scene = drinkingWater();
  const morning = quietMorning(scene);
  const files = new Map<string, string | Uint8Array>();
  const complaints: string[] = [];
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const root = fileURLToPath(new URL('test', import.meta.url));
    const built = await build({
      root,
      configFile: false,
      logLevel: 'error',
      build: { write: false, target: 'esnext' },
    });
    for (const file of (built as Rolldown.RolldownOutput).output)
      files.set(`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source);
    browser = await chromium.launch({ executablePath: chromiumPath(), args: CHROMIUM_FLAGS });
  }, SLOW);

  afterAll(async () => {
    await browser?.close();
  });

  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 640, height: 360 } });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    // Nothing leaves the browser: the files are handed to it.
    await page.route('**/*', (route) => {
      const { pathname } = new URL(route.request().url());
      const file = files.get(pathname === '/' ? '/index.html' : pathname);
      const contentType = pathname.endsWith('.js') ? 'text/javascript' : 'text/html';
      return file === undefined
        ? route.fulfill({ status: 204 })
        : route.fulfill({ body: Buffer.from(file), contentType });
    });
    await page.goto('http://stage.test/');
    await page.evaluate((spec) => {
      window.scene = spec;
    }, scene);
  });

  afterEach(async () => {
    await page.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  const begin = (options: Partial<StageOptions> = {}) =>
    page.evaluate((given) => {
      window.begin(given);
      window.stage.setClock(0);
    }, options);

  /** Gives values, goes to a preset, and looks at the frame that was drawn. */
  const look = (preset: string, values: Iterable<readonly [string, StageValue]>, clock = 2): Promise<Picture> =>
    page.evaluate(
      ([where, given, time]) =>
        new Promise<Picture>((resolve) => {
          const { stage } = window;
          stage.update(given);
          stage.flyTo(where);
          stage.setClock(time);
          // Called after the stage's own callback of the same frame, while the picture is still there.
          requestAnimationFrame(() => {
            const canvas = document.querySelector('canvas[data-stage="scene"]') as HTMLCanvasElement;
            const flat = document.createElement('canvas');
            [flat.width, flat.height] = [canvas.width, canvas.height];
            const context = flat.getContext('2d') as CanvasRenderingContext2D;
            context.drawImage(canvas, 0, 0);
            const { data } = context.getImageData(0, 0, flat.width, flat.height);
            const pixels = data.length / 4;
            let [light, vivid, blue, purple, vermillion, checksum] = [0, 0, 0, 0, 0, 0];
            for (let i = 0; i < data.length; i += 4) {
              const [r, g, b] = [data[i], data[i + 1], data[i + 2]] as unknown as [number, number, number];
              light += (r + g + b) / 765;
              checksum = (Math.imul(checksum, 31) + (r << 16) + (g << 8) + b) | 0;
              const strong = Math.max(r, g, b) - Math.min(r, g, b);
              if (strong < 50) continue;
              vivid++;
              if (b > r + 50) blue++;
              if (r > g + 25 && b > g + 15) purple++;
              if (r > 170 && g < r * 0.6 && b < g * 0.7) vermillion++;
            }
            resolve({
              lightness: light / pixels,
              vivid: vivid / pixels,
              blue: blue / pixels,
              purple: purple / pixels,
              vermillion: vermillion / pixels,
              checksum,
            });
          });
        }),
      [preset, [...values], clock] as const,
    );

  const stats = (): Promise<StageStats> => page.evaluate(() => window.stage.stats());
  const frames = (count: number): Promise<void> =>
    page.evaluate(
      (left) =>
        new Promise<void>((resolve) => {
          const next = (n: number): unknown => (n === 0 ? resolve() : requestAnimationFrame(() => next(n - 1)));
          next(left);
        }),
      count,
    );

  it('fits into its part of the download', () => {
    const code = [...files].filter(([name]) => name.endsWith('.js')).map(([, file]) => file);
    expect(code.reduce((sum, text) => sum + gzipSync(text).length, 0)).toBeLessThan(CHUNK_BYTES);
  });

  it('shows the whole works quietly, within its budgets, and knows that it is drawn in software', async () => {
    await begin();
    const picture = await look('overview', morning);
    const { calls, triangles, cheap, renderer } = await stats();
    expect(renderer).toMatch(/SwiftShader/);
    expect(cheap).toBe(true);
    expect(calls).toBeGreaterThan(10);
    expect(calls).toBeLessThanOrEqual(300);
    expect(triangles).toBeLessThanOrEqual(150_000);
    // Nothing is abnormal, so almost nothing is coloured.
    expect(picture.vivid).toBeLessThan(0.03);
    expect(picture.purple + picture.vermillion).toBeLessThan(0.001);
    expect(picture.lightness).toBeGreaterThan(0.6);
    expect(await page.evaluate(() => (document.querySelector('canvas') as HTMLCanvasElement).width)).toBe(320);
  });

  it.each(['tennessee-eastman', 'water-network', 'power-grid'])(
    'draws all of %s within its budgets, quietly while nothing is known',
    async (plant) => {
      const other = shipped(plant);
      await page.evaluate((spec) => {
        window.scene = spec;
      }, other);
      await begin();
      const picture = await look(other.cameras[0]?.id ?? '', []);
      const { calls, triangles } = await stats();
      expect(calls).toBeGreaterThan(10);
      expect(calls).toBeLessThanOrEqual(300);
      expect(triangles).toBeGreaterThan(30_000);
      expect(triangles).toBeLessThanOrEqual(150_000);
      expect(picture.purple + picture.vermillion).toBeLessThan(0.001);
      expect(picture.lightness).toBeGreaterThan(0.6);
    },
  );

  it('shows an overloaded line in vermillion, and a town without power darker', async () => {
    const grid = shipped('power-grid');
    await page.evaluate((spec) => {
      window.scene = spec;
    }, grid);
    await begin();
    const before = await look('marlow', [
      ['LOAD50_P', plain(90)],
      ['MMXU56_A', plain(100)],
      ['XCBR56', plain(1)],
    ]);
    const after = await look('marlow', [
      ['LOAD50_P', plain(0)],
      ['MMXU56_A', plain(450)],
    ]);
    expect(after.vermillion).toBeGreaterThan(before.vermillion + 0.0005);
    expect(after.lightness).toBeLessThan(before.lightness - 0.005);
  });

  it('is dark when asked to', async () => {
    await begin({ theme: 'dark' });
    expect((await look('overview', morning)).lightness).toBeLessThan(0.35);
  });

  it('shows caustic water in the clearwell in purple, and an alarm in vermillion', async () => {
    await begin();
    const before = await look('clearwell', morning);
    expect(before.purple).toBeLessThan(0.002);
    const after = await look('clearwell', [
      ['AIT502', plain(11.2, { alarm: 'high', acknowledged: true })],
      ['AIT501', plain(0.1)],
    ]);
    expect(after.purple).toBeGreaterThan(0.06);
    expect(after.vermillion).toBeGreaterThan(before.vermillion);
  });

  it('shows the true level of a forged clearwell to the instructor and not to the trainee', async () => {
    const forged = new Map(morning).set('LIT501', plain(1.2, { measured: 3, true: 3 }));
    await begin({ truth: false });
    const trainee = await look('clearwell', forged);
    expect(trainee.purple).toBeLessThan(0.002);
    await page.evaluate(() => window.stage.dispose());
    await begin({ truth: true });
    expect((await look('clearwell', forged)).purple).toBeGreaterThan(trainee.purple + 0.004);
  });

  it('says what was clicked, what the pointer is over, and marks what is selected', async () => {
    await begin();
    const before = await look('filter-1', morning);
    await page.mouse.move(320, 190);
    await expect.poll(() => page.evaluate(() => window.hovered.at(-1))).toBe('filter-1');
    await page.mouse.click(320, 190);
    expect(await page.evaluate(() => window.picked)).toEqual(['filter-1']);
    expect(await page.evaluate(() => window.stage.itemAt(320, 190))).toBe('filter-1');
    expect(await page.evaluate(() => [window.stage.select('filter-1'), window.stage.select('no-such-thing')])).toEqual([
      true,
      false,
    ]);
    expect((await look('filter-1', morning)).blue).toBeGreaterThan(before.blue + 0.01);
    // A drag is not a click.
    await page.mouse.down();
    await page.mouse.move(400, 200, { steps: 3 });
    await page.mouse.up();
    expect(await page.evaluate(() => window.picked)).toEqual(['filter-1']);
  });

  it('lists what can be picked, and where it is', async () => {
    await begin();
    await look('clearwell', morning);
    const items = await page.evaluate(() => window.stage.items());
    expect(items).toHaveLength(scene.equipment.length + scene.pipes.length);
    expect(items.find(({ id }) => id === 'clearwell')).toEqual({
      id: 'clearwell',
      kind: 'reservoir',
      name: 'Clearwell',
      area: 'clearwell',
      tags: ['LIT501', 'FIT504', 'LIC501_SP'],
    });
    const place = await page.evaluate(() => window.stage.screenPosition('clearwell'));
    expect(place?.x).toBeGreaterThan(100);
    expect(place?.x).toBeLessThan(540);
    expect(await page.evaluate(() => window.stage.screenPosition('intake'))).toBeNull();
  });

  it('can be turned and brought nearer without a pointer', async () => {
    await begin();
    await look('elevated-tank', morning);
    const place = () => page.evaluate(() => window.stage.screenPosition('elevated-tank'));
    const before = await place();
    await page.evaluate(() => window.stage.zoom(1.5));
    const further = await place();
    expect((further?.y ?? 0) - (before?.y ?? 0)).toBeGreaterThan(10);
    await page.evaluate(() => window.stage.zoom(1 / 1.5));
    expect((await place())?.y).toBeCloseTo(before?.y ?? 0, 3);
    await page.evaluate(() => window.stage.orbit(0, 20));
    expect((await place())?.y).not.toBeCloseTo(before?.y ?? 0, 0);
  });

  it('draws only when something has changed', async () => {
    await begin();
    await look('filters', morning);
    await frames(3);
    const { frames: before } = await stats();
    await frames(20);
    expect((await stats()).frames).toBe(before);
    const still = await look('filters', [], 2);
    const later = await look('filters', [], 2.4);
    expect(later.checksum).not.toBe(still.checksum);
    expect((await look('filters', [], 2)).checksum).toBe(still.checksum);
  });

  it('comes back after the browser has taken its context away', async () => {
    await begin();
    const before = await look('filters', morning);
    await page.evaluate(async () => {
      const canvas = document.querySelector('canvas[data-stage="scene"]') as HTMLCanvasElement;
      const extension = canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context');
      const lost = new Promise((resolve) => canvas.addEventListener('webglcontextlost', resolve, { once: true }));
      extension?.loseContext();
      await lost;
      const restored = new Promise((resolve) =>
        canvas.addEventListener('webglcontextrestored', resolve, { once: true }),
      );
      // The browser gives nothing back in the same turn.
      await new Promise((resolve) => requestAnimationFrame(resolve));
      extension?.restoreContext();
      await restored;
    });
    const after = await look('filters', morning);
    expect(after.checksum).toBe(before.checksum);
  });

  it('leaves the canvas when it is disposed of', async () => {
    await begin();
    await look('overview', morning);
    await page.evaluate(() => window.stage.dispose());
    expect(await page.evaluate(() => document.querySelectorAll('canvas').length)).toBe(1);
  });
});
