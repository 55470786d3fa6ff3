/** What a browser has to load, compressed: what is needed at once, and the part that draws in three dimensions. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { ensurePage } from '../../scripts/page.mjs';

const DIST = fileURLToPath(new URL('../../ui/dist/', import.meta.url));
const SHELL_BYTES = 250 * 1024;
const SCENE_BYTES = 200 * 1024;

const read = (name: string) => readFileSync(join(DIST, name), 'utf8');
/** Bytes of a script as gzip; those too small to be worth it count as they are. */
function compressed(name: string): number {
  const path = join(DIST, 'assets', name);
  try {
    return readFileSync(`${path}.gz`).length;
  } catch {
    return readFileSync(path).length;
  }
}

let scripts: string[];
beforeAll(() => {
  ensurePage();
  scripts = readdirSync(join(DIST, 'assets')).filter((name) => name.endsWith('.js'));
});

it('everything but the stage fits the budget of the shell, all views together', () => {
  const shell = scripts.filter((name) => !name.startsWith('scene-'));
  const bytes = shell.reduce((sum, name) => sum + compressed(name), 0);
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThanOrEqual(SHELL_BYTES);
});

it('the stage is one part of its own, within its budget, and not loaded with the page', () => {
  const scenes = scripts.filter((name) => name.startsWith('scene-'));
  expect(scenes).toHaveLength(1);
  expect(compressed(scenes[0] as string)).toBeLessThanOrEqual(SCENE_BYTES);
  expect(read('index.html')).not.toContain('scene-');
});

it('nothing in it comes from elsewhere', () => {
  for (const name of [
    'index.html',
    ...readdirSync(join(DIST, 'assets'))
      .filter((n) => n.endsWith('.css'))
      .map((n) => `assets/${n}`),
  ])
    expect(read(name)).not.toMatch(/(src|href)="(https?:)?\/\/|url\(["']?(https?:|\/\/|data:)|@import/);
});
