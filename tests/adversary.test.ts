/** An adversary in a process of its own, at the gates of a range that runs live: what it does, who sees it, and who refuses it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { atGate } from './modbus.ts';
import { eventually, penstock, RunningRange, SMALL_PLANT, scratchFolder, smallPlantIn } from './penstock.ts';

const scratch = scratchFolder();
afterAll(() => scratch.remove());
const cwd = scratch.path;
const SLOW = 400_000;

const SCENARIO = `
id: overfill
name: Overfill
plant: small-plant
story: Somebody raises the level's set point beyond the tank.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 60s
observe: 20m
steps:
  - { id: survey, about: looks who answers, verb: discover, from: scada, zone: control, by: [ping, connect], ports: [502, 20000], techniques: [T0846] }
  - { id: look, about: reads the level, verb: read-tags, from: scada, to: tank-plc, tags: [LIT101, LIC101_SP], techniques: [T0801], after: { step: survey, wait: 1s } }
  - { id: sweep, about: tries every address, verb: probe-registers, from: scada, to: tank-plc, ranges: [{ table: holding, count: 16 }], perSecond: 4, techniques: [T0861], after: { step: look, wait: 5s } }
  - { id: order, about: raises the set point, verb: write-tag, from: scada, to: tank-plc, tag: LIC101_SP, value: 6, techniques: [T0836], after: { step: sweep, wait: 5s } }
revertAfter: 20s
revert:
  - { id: back, about: the set point as it was, verb: write-tag, from: scada, to: tank-plc, tag: LIC101_SP, value: 2.5, techniques: [T0836] }
prerequisites:
  - { about: There is water in the tank, when: 'LIT101 > 0.5' }
hazards: [overflow]
withoutSafeguards: { tripDevice: false }
twin:
  name: A higher level for the night
  about: The set point moves within what is usual.
  steps:
    - { id: order, about: raises the set point, verb: write-tag, from: scada, to: tank-plc, tag: LIC101_SP, value: 3, techniques: [T0836] }
`;
const BETWEEN = SCENARIO.replace('id: overfill', 'id: between').replace(
  '- { id: survey,',
  '- { id: stand, about: stands between the two, verb: interpose, from: scada, between: tank-plc, and: [trip], techniques: [T0830] }\n  - { id: survey,',
);
/** Puts nothing back by itself while a test looks. */
const PATIENT = SCENARIO.replace('id: overfill', 'id: patient').replace('revertAfter: 20s', 'revertAfter: 19m');

beforeAll(() => {
  writeFileSync(join(cwd, 'overfill.yaml'), SCENARIO);
  writeFileSync(join(cwd, 'between.yaml'), BETWEEN);
  writeFileSync(join(cwd, 'patient.yaml'), PATIENT);
});

const running: RunningRange[] = [];
async function start(...args: string[]): Promise<RunningRange> {
  const range = await RunningRange.start(args, { cwd });
  running.push(range);
  return range;
}
afterEach(async () => {
  for (const range of running.splice(0)) await range.stop('SIGKILL');
});

const adversary = (range: string, ...args: string[]) =>
  penstock(['adversary', './overfill.yaml', '--range', range, '--plant', SMALL_PLANT, '--now', ...args], { cwd });

interface Summary {
  readonly detected: boolean;
  readonly steps: readonly { readonly step: string; readonly event: string; readonly detail: string }[];
  readonly alerts: readonly { readonly rule: string; readonly severity: string; readonly tag: string | null }[];
}

const labelsOf = (range: RunningRange) =>
  readFileSync(range.file('labels.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));

describe('an adversary at the gates', { timeout: SLOW }, () => {
  it('plays its scenario, is seen and labelled, puts everything back, and the run is the same again from its journal', async () => {
    const range = await start(SMALL_PLANT, '--rate', '20', '--seed', '4', '--out', 'attacked');
    // Somebody else is at the gates too, and is not labelled.
    await atGate(range.gate('tank-plc'), (client) => client.readInputRegisters(0, 2));
    const { code, stdout } = await adversary(range.url, '--json');
    const summary = JSON.parse(stdout) as Summary;
    expect(code).toBe(0);
    expect(summary).toMatchObject({ scenario: 'overfill', plant: 'small-plant', run: 'up-4', zone: 'control' });
    expect(summary.steps.map(({ step, event }) => `${step} ${event}`).slice(0, 10)).toEqual([
      'survey start',
      'survey done',
      'look start',
      'look done',
      'sweep start',
      'sweep done',
      'order start',
      'order done',
      'back start',
      'back done',
    ]);
    // It finds the two that have gates by their ports, and says that it pinged nobody.
    expect(summary.steps[1]?.detail).toBe(
      '2 of 3 hosts answered; 2 ports open; nobody was pinged: this is no host on the wire',
    );
    expect(summary.alerts).toContainEqual(
      expect.objectContaining({ rule: 'value-outside-limits', severity: 'high', tag: 'LIC101_SP' }),
    );

    await range.stop();
    const told = range.json<{ steps: { step: string }[]; firstPacket: number }>('summary.json');
    expect(told.steps.map(({ step }) => step)).toEqual(summary.steps.map(({ step }) => step));
    const packets = labelsOf(range).filter((row) => row[0] === 'packet' && row[4] !== 'read-back');
    // The handshake belongs to its step as much as the request.
    expect(new Set(packets.map((row) => `${row[3]} ${row[4]} ${row[6]}`))).toEqual(
      new Set([
        'attack survey scenario:overfill',
        'attack look scenario:overfill',
        'attack sweep scenario:overfill',
        'attack order scenario:overfill',
        'revert back scenario:overfill',
      ]),
    );
    expect(Number(packets[0]?.[2])).toBeCloseTo(told.firstPacket, 5);
    const capture = readFileSync(range.file('capture.pcap'));
    for (const word of ['scenario', 'overfill', 'adversary', 'attack']) expect(capture.includes(word)).toBe(false);

    const replayed = await penstock(['replay', 'attacked', '--json'], { cwd });
    expect(JSON.parse(replayed.stdout).same).toEqual({ capture: true, alerts: true, labels: true, truth: true });
  });

  it('puts everything back at once when it is ended, as Ctrl-C does', async () => {
    const range = await start(SMALL_PLANT, '--rate', '5', '--seed', '6', '--out', 'ended');
    const main = fileURLToPath(new URL('../app/main.ts', import.meta.url));
    const args = ['adversary', './patient.yaml', '--range', range.url, '--plant', SMALL_PLANT, '--now'];
    const child: ChildProcess = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
      cwd,
      stdio: 'ignore',
    });
    const ended = once(child, 'close');
    const read = () => atGate(range.gate('tank-plc'), async (client) => (await client.readHoldingRegisters(0, 2)).data);
    const before = await read();
    await eventually(async () => ((await read()).join() === before.join() ? undefined : true), 'the order');
    child.kill('SIGINT');
    await ended;
    expect(await read()).toEqual(before);
    await range.stop();
    const { steps } = range.json<{ steps: { step: string; event: string }[] }>('summary.json');
    expect(steps.map(({ event }) => event)).toContain('aborted');
  });

  it('ends with a clear line when the range goes away', async () => {
    const range = await start(SMALL_PLANT, '--rate', '5', '--seed', '10', '--out', 'gone');
    const playing = adversary(range.url);
    await eventually(async () => {
      const { journal } = await range.api<{ journal: { kind: string }[] }>('state');
      return journal.some(({ kind }) => kind === 'attack') || undefined;
    }, 'the first step');
    await range.stop();
    const { code, stderr } = await playing;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^penstock: .*(no range answers|lets nobody in)/m);
  });

  it('cannot stand between two others, and says so', async () => {
    const range = await start(SMALL_PLANT, '--rate', '20', '--seed', '7', '--out', 'between');
    const { stdout } = await penstock(
      ['adversary', './between.yaml', '--range', range.url, '--plant', SMALL_PLANT, '--now', '--json'],
      { cwd },
    );
    const stand = (JSON.parse(stdout) as Summary).steps.filter(({ step }) => step === 'stand');
    expect(stand.map(({ event }) => event)).toEqual(['start', 'failed']);
    expect(stand[1]?.detail).toMatch(/'scada'/);
  });
});

describe('a range refuses', { timeout: SLOW }, () => {
  it('whoever does not show the token of the instructor, names another run, or reports what it does not have', async () => {
    const range = await start(SMALL_PLANT, '--seed', '8', '--out', 'refusing');
    const url = new URL('/api/adversary', range.url);
    const post = async (body: unknown, token = range.token) => {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: response.status, text: await response.text() };
    };
    const listed = await fetch(url, { headers: { Authorization: `Bearer ${range.token}` } });
    const { instance } = (await listed.json()) as { instance: string };
    const step = {
      step: 'x',
      phase: 'attack',
      event: 'start',
      techniques: [],
      target: 'tank-plc',
      tags: [],
      detail: '',
    };
    const report = { do: 'step', instance, scenario: 'x', step };
    expect((await fetch(url)).status).toBe(401);
    expect((await post(report, 'wrong')).status).toBe(401);
    expect(range.traineeToken).not.toBe('');
    expect((await post(report, range.traineeToken)).status).toBe(403);
    expect((await post({ ...report, instance: 'another' })).status).toBe(409);
    expect(await post({ ...report, step: { ...step, target: 'nobody' } })).toMatchObject({
      status: 422,
      text: expect.stringContaining("no role 'nobody'"),
    });
    expect((await post({ ...report, step: { ...step, tags: ['XX999'] } })).status).toBe(422);
    expect((await post({ do: 'disturb', instance, scenario: 'x', name: 'weather', value: 1, over: 0 })).status).toBe(
      422,
    );
    expect((await post({ do: 'write', instance, scenario: 'x' })).status).toBe(400);
    expect((await post({ ...report, step: { ...step, detail: 'x'.repeat(40_000) } })).status).toBe(413);
    await range.stop();
    expect(range.json<{ steps: unknown[] }>('summary.json').steps).toEqual([]);
  });
});

describe('the command refuses', { timeout: SLOW }, () => {
  it('a range that is not on this machine, before anything is sent', async () => {
    for (const url of [
      'http://192.0.2.1:8080/#token=x',
      'https://127.0.0.1/#token=x',
      'http://127.0.0.1.example/#token=x',
    ])
      expect(await adversary(url)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--range wants the address of a range on this machine'),
      });
    expect(await adversary('http://127.0.0.1:1/')).toMatchObject({ code: 2, stderr: expect.stringContaining('token') });
    expect(await adversary('http://127.0.0.1:1/#token=x')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no range answers at http://127.0.0.1:1'),
    });
  });

  it('a range of another plant, or of another state of the same', async () => {
    const other = scratchFolder();
    const plant = smallPlantIn(other.path, (text) => text.replace('name: One tank', 'name: Another tank'));
    const range = await start(plant, '--seed', '9', '--out', 'other');
    expect(await adversary(range.url)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the range runs another state of plant 'small-plant' than the files here"),
    });
    const elsewhere = await penstock(['adversary', 'lye-setpoint', '--range', range.url, '--now'], { cwd });
    expect(elsewhere).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is for plant 'drinking-water', the range runs 'small-plant'"),
    });
    await range.stop();
    other.remove();
    expect(range.json<{ firstPacket: null; steps: unknown[] }>('summary.json')).toMatchObject({
      firstPacket: null,
      steps: [],
    });
  });
});

describe('the order for caustic from another process', { timeout: SLOW }, () => {
  it('reaches the shipped works, is seen, and is taken back', async () => {
    const range = await start('drinking-water', '--rate', '10', '--seed', '3', '--out', 'works');
    const main = fileURLToPath(new URL('../app/main.ts', import.meta.url));
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', main, 'adversary', 'lye-setpoint', '--range', range.url, '--now'],
      { cwd, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const ended = once(child, 'close');
    await eventually(async () => {
      const { alerts } = await range.api<{ alerts: { tag: string | null; severity: string }[] }>('state');
      return alerts.some(({ tag, severity }) => tag === 'AIC301_SP' && severity !== 'low') || undefined;
    }, 'an alert about the order');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    await range.stop();
    const steps = new Set(labelsOf(range).map((row) => row[4]));
    for (const step of ['manual', 'order']) expect(steps).toContain(step);
    const replayed = await penstock(['replay', 'works', '--json'], { cwd });
    expect(JSON.parse(replayed.stdout).same).toEqual({ capture: true, alerts: true, labels: true, truth: true });
  });
});
