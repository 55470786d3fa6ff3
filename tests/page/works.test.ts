/** The page as trainees and instructors use it, before the drinking-water works at ten times real time. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { KeyframeMessage, ValuesMessage } from '@penstock/core';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasJudge } from '../judges.ts';
import { RunningRange, scratchFolder } from '../penstock.ts';
import { TestBrowser, visit } from './browser.ts';

const SLOW = 400_000;
const RATE = 10;
/** What `lye-setpoint` says of when its order is seen, seconds of plant time. */
const SEEN_WITHIN = 30;
const WITHOUT_WEBGL = `
  const given = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
    return /webgl/.test(kind) ? null : given.call(this, kind, ...more);
  };`;

describe.skipIf(!hasJudge('chromium'))('the page of the works', { timeout: SLOW }, () => {
  const scratch = scratchFolder();
  let browser: TestBrowser;
  let range: RunningRange;
  let page: Page;
  /** What a trainee's page was sent from the start on, by HTTP and socket. */
  const heard: string[] = [];
  /** The last alert before the attack. */
  let known = 0;

  beforeAll(async () => {
    browser = await TestBrowser.launch();
    range = await RunningRange.start(['drinking-water', '--rate', String(RATE)], { cwd: scratch.path });
    page = await browser.open(range.url, { acceptDownloads: true });
    const trainee = await browser.open(range.url.replace(range.token, range.traineeToken));
    listen(trainee, heard);
    await trainee.reload();
    await trainee.waitForSelector('.frame[data-connection="live"]');
    await visit(trainee, '/trends?tags=AIT301,AIC301_SP');
  }, SLOW);

  afterAll(async () => {
    await browser?.close();
    await range?.stop('SIGKILL');
    scratch.remove();
  });

  afterEach(() => {
    expect(browser.complaints.splice(0)).toEqual([]);
  });

  const stateOfAttack = (state: string) => page.waitForSelector(`.attack-steps [data-state="${state}"]`);

  it('finds the clearwell by search, from the keyboard, and opens its faceplate beside the stage', async () => {
    await page.keyboard.press('Control+k');
    await page.keyboard.type('clearwell level');
    await page.locator('[role="option"]', { hasText: 'LIT501' }).waitFor();
    while (!(await page.locator('[role="option"][aria-selected="true"]').textContent())?.includes('LIT501'))
      await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    const plate = page.locator('[data-faceplate="LIT501"]');
    await plate.waitFor();
    await expect.poll(() => plate.textContent()).toMatch(/Clearwell level.*displayed.*measured.*true.*Safe/);
    expect(page.url()).not.toContain(range.token);
    expect(await page.content()).not.toContain(range.token);
  });

  it('puts the process view in the stage’s place in a browser that draws no third dimension', async () => {
    const flat = await browser.open(range.url, { first: WITHOUT_WEBGL });
    await visit(flat, '/process');
    for (const tag of ['LIT501', 'AIT502']) {
      await flat.evaluate(`location.hash = '/plant?tag=${tag}'`);
      await flat.waitForSelector(`main[data-view="process"] [data-faceplate="${tag}"]`);
      await flat.waitForSelector(`svg.pid [data-value-of="${tag}"]`);
    }
    expect(await flat.locator('.plant-view').count()).toBe(0);
    await flat.context().close();
  });

  it('changes a set point, and the plant follows', async () => {
    const { tags } = await range.api<KeyframeMessage>('state');
    const place = tags.findIndex(({ id }) => id === 'FIT301');
    const flow = async () => (await range.api<ValuesMessage>('values')).true[place] as number;
    const before = await flow();
    await visit(page, '/process?tag=AIC301_SP');
    await page.fill('.operate input', '9.5');
    await page.click('.operate button[type="submit"]');
    await page.waitForSelector('.last-order:has-text("Done")');
    // The controller goes there slowly; the pump delivers more, and the drawing says so.
    await expect.poll(flow).toBeGreaterThan(before + 0.1);
    await expect
      .poll(async () => Number.parseFloat((await page.textContent('[data-value-of="AIC301_DOSE"]')) ?? ''))
      .toBeGreaterThan(8.2);
    await page.fill('.operate input', '8');
    await page.keyboard.press('Enter');
    expect(await page.locator('.operate .failure').count()).toBe(0);
  });

  it('says on the faceplate who wrote last, and what acts on the loop by itself', async () => {
    await page.waitForSelector('.last-write:has-text("8.00 mg/L by scada, modbus")');
    await page.click('.interlocks summary');
    const text = () => page.textContent('.interlocks');
    await expect.poll(text).toMatch(/High pH stops sodium hydroxide.*dosing-plc.*XA-304/);
    await expect.poll(text).toContain('safety-device');
  });

  it('asks twice before it orders what could harm', async () => {
    await page.fill('.operate input', '19000');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Set it anyway' }).waitFor();
    await page.locator('.confirm').getByRole('button', { name: 'Cancel' }).click();
  });

  it('approves each step by keyboard, and a stop on the way undoes what was done, with the proof', async () => {
    await visit(page, '/attack?scenario=lye-setpoint');
    await page.locator('main').focus();
    await tabTo('.launch button', 'Approve each step');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-step="manual"][data-state="waiting"]');
    await tabTo('[data-step="manual"] button', 'Approve');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-step="manual"][data-state="done"]');
    await page.locator('main').focus();
    await tabTo('.attack-banner button', 'Stop and undo');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.outcome [data-met]').allTextContents()).toContain('✓ AIC-301_MODE 1 → 1');
    const proof = await page.locator('.outcome [data-met]').allTextContents();
    expect(proof.filter((line) => !line.startsWith('✓'))).toEqual([]);
    expect(await page.locator('[data-step="order"]').first().getAttribute('data-state')).not.toBe('done');
  });

  it('launches an attack, and shows its alert in time', async () => {
    await expect.poll(() => page.getByRole('button', { name: 'Launch' }).isEnabled()).toBe(true);
    known = (await range.api<KeyframeMessage>('state')).alerts.at(-1)?.number ?? 0;
    await page.getByRole('button', { name: 'Launch' }).click();
    await page.waitForSelector('[data-step="order"][data-state="done"]');
    await visit(page, '/alarms?list=alerts');
    const shown = () =>
      page
        .locator('.alert-list button', { hasText: 'AIC-301_SP' })
        .evaluateAll((all) => Math.max(0, ...all.map((one) => Number(one.dataset.alert))));
    await expect.poll(shown, { interval: 50 }).toBeGreaterThan(known);
    const { alerts, attack } = await range.api<KeyframeMessage>('state');
    const ordered = attack?.steps.find(({ id }) => id === 'order')?.at as number;
    const alert = alerts.find(({ number, tag }) => number > known && tag === 'AIC301_SP');
    expect((alert?.time as number) - ordered).toBeLessThan(SEEN_WITHIN);
  });

  it('leads from the alert to its packets, from a byte to the tag, from there into the plant, and back', async () => {
    const { alerts } = await range.api<KeyframeMessage>('state');
    const alert = alerts.find(({ number, rule }) => number > known && rule === 'value-outside-limits');
    await page.click(`.alert-list [data-alert="${alert?.number}"]`);
    await page.waitForSelector('.alert-detail:has-text("T0836")');
    await expect.poll(() => page.textContent('.alert-detail')).toMatch(/AIC301_SP.*11,?100 mg\/L/);
    await page.getByRole('link', { name: 'Its packets' }).click();
    await page
      .locator('.packet-scroll [role="option"]', { hasText: /11,?100 mg/ })
      .first()
      .click();
    await page.locator('.packet-field[aria-selected="true"]', { hasText: /11,?100 mg/ }).waitFor();
    const marked = async () => (await page.locator('.packet-bytes [data-chosen]').allTextContents()).join('');
    // 11100 as a REAL of IEEE 754, the low word first as this controller has it.
    await expect.poll(marked).toBe('7000462d');
    await page.locator('.packet-bytes [data-at="12"]').click();
    await page.waitForSelector(
      '.packet-field[aria-selected="true"]:has-text("0800"), .packet-field[aria-selected="true"]:has-text("IPv4")',
    );
    await page.locator('.packet-bytes button', { hasText: '2d' }).last().click();
    await page.locator('.packet-field[aria-selected="true"] a').click();
    await page.waitForSelector('[data-faceplate="AIC301_SP"]');
    await page.goBack();
    await page.locator('.packet-alerts a').first().click();
    await page.waitForSelector('.alert-detail:has-text("AIC-301_SP")');
  });

  it('saves what is filtered as a capture that others open', async () => {
    await visit(page, '/packets?filter=AIC301_SP write');
    await page.waitForSelector('.packet-scroll [role="option"]');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as pcap' }).click(),
    ]);
    const file = join(scratch.path, 'penstock.pcap');
    await download.saveAs(file);
    if (!hasJudge('tshark')) return;
    const { stdout, status } = spawnSync('tshark', ['-r', file, '-T', 'fields', '-e', 'modbus.func_code'], {
      encoding: 'utf8',
    });
    const functions = new Set(stdout.trim().split('\n'));
    expect([status, functions.has('16')]).toEqual([0, true]);
  });

  it('puts an alarm aside by keyboard, with a reason and until a time, and the journal says who did', async () => {
    await visit(page, '/alarms');
    // One that stands and will go on to stand: the dose is far too high.
    const standing = page.locator('[data-alarm][data-active]').first();
    const id = await standing.getAttribute('data-alarm');
    const row = page.locator(`[data-alarm="${id}"]`);
    await page.locator('main').focus();
    await tabTo(`[data-alarm="${id}"] button`, 'Shelve');
    await page.keyboard.press('Enter');
    await tabTo('.dialog input');
    await page.keyboard.type('dosing is being looked at');
    await page.keyboard.press('Enter');
    await row.and(page.locator('[data-state="shelved"]')).waitFor();
    await expect
      .poll(() => row.textContent())
      .toMatch(/until \d\d:\d\d:\d\d · dosing is being looked at \(instructor\)/);
    await row.getByRole('button', { name: 'Unshelve' }).click();
    await row.and(page.locator('[data-state="shelved"]')).waitFor({ state: 'detached' });
    const { journal } = await range.api<KeyframeMessage>('state');
    expect(journal.map(({ text }) => text)).toContain(`instructor: shelve ${id} (dosing is being looked at)`);
  });

  it('goes the main way by keyboard alone: search, faceplate, order, alerts, packets', async () => {
    const keys = (...names: string[]) =>
      names.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
    await page.locator('main').focus();
    await page.keyboard.press('2');
    await page.waitForSelector('svg.pid');
    await tabTo('[data-item="AIC301_SP"]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-faceplate="AIC301_SP"]');
    await tabTo('.operate input');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('8.5');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.last-order:has-text("Done")');
    await page.locator('main').focus();
    await page.keyboard.press('4');
    await page.waitForSelector('main[data-view="alarms"]');
    await tabTo('[role="tab"][data-state="active"]');
    await keys('ArrowRight', 'Tab');
    await tabTo('.alert-list button');
    await page.keyboard.press('Enter');
    await tabTo('.alert-ways a[href*="packets"]');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.packet-scroll [role="option"]');
    await tabTo('.packet-scroll');
    await keys('Home', 'ArrowDown');
    await page.waitForSelector('.packet-tree');
    await tabTo('.packet-tree');
    await keys('ArrowDown', 'ArrowUp');
    await page.waitForSelector('.packet-field[aria-selected="true"]');
  });

  it('stops the attack when told to, and tells the trainee nothing of it but what instruments and monitor say', async () => {
    await visit(page, '/attack?scenario=lye-setpoint');
    await page.locator('.attack-banner').getByRole('button', { name: 'Stop and undo' }).click();
    await page.waitForSelector('.outcome [data-met]');
    await stateOfAttack('done');
    await expect.poll(() => heard.length).toBeGreaterThan(50);
    await expect.poll(() => heard.join('\n')).toContain('"displayed":[');
    await expect.poll(() => heard.join('\n')).toContain('AIC301_SP');
    const all = heard.join('\n');
    // Every series of true and measured values is empty; nothing names the scenario, its steps or what they are.
    for (const [, series] of all.matchAll(/"(?:true|measured)":\[([^\]]*)\]/g)) expect(series).toBe('');
    expect(all).not.toMatch(/lye-setpoint|dose-back|auto-back|"kind":"(attack|hazard)"|"phase":"/);
    for (const secret of ['scenarios', 'devices/dosing-plc/online']) expect((await asTrainee(secret)).status).toBe(403);
    const post = await fetch(new URL('/api/attack', range.url), {
      method: 'POST',
      headers: { Authorization: `Bearer ${range.traineeToken}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ do: 'stop' }),
    });
    expect(post.status).toBe(403);
  });

  it('asks nobody but the range for anything', () => {
    expect([...browser.origins]).toEqual([new URL(range.url).origin]);
  });

  const asTrainee = (path: string) =>
    fetch(new URL(`/api/${path}`, range.url), { headers: { Authorization: `Bearer ${range.traineeToken}` } });

  /** Presses Tab until `selector` has the focus. */
  /** @param text what the element says, where the selector fits several */
  async function tabTo(selector: string, text = ''): Promise<void> {
    const there = `document.activeElement.matches(${JSON.stringify(selector)}) && document.activeElement.textContent.includes(${JSON.stringify(text)})`;
    for (let i = 0; i < 400; i++) {
      if (await page.evaluate(there)) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`no Tab leads to ${selector}`);
  }
});

/** Notes everything that a page is sent. */
function listen(page: Page, heard: string[]): void {
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => heard.push(String(payload))));
  page.on('response', (response) => {
    if (response.url().includes('/api/'))
      void response.text().then(
        (text) => heard.push(text),
        () => {},
      );
  });
}
