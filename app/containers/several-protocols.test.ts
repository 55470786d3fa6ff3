/** Devices as processes that speak DNP3 and S7: who sits at one does over real sockets what the same one does on the wire in memory. */
import { scenarioSchema } from '@penstock/attacks';
import { parseYamlText } from '@penstock/core';
import { FUNCTION } from '@penstock/protocols/dnp3';
import { pointSession } from '@penstock/simulator/devices';
import type { Cause, Dnp3Reply, EngineeringSession, WorkOutcome } from '@penstock/simulator/kernel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeviceProcesses, mayListen } from './test/device-processes.ts';

const SLOW = 180_000;
const CAUSE: Cause = { actor: 'scenario:test', step: 'order' };
const poll = (value: () => unknown) => expect.poll(value, { timeout: SLOW / 2, interval: 100 });

describe.skipIf(!mayListen)('outstations that are processes', { timeout: SLOW }, () => {
  let processes: DeviceProcesses;
  const written: unknown[] = [];

  beforeAll(async () => {
    processes = await DeviceProcesses.start('booster-plant', (text) =>
      text
        .replaceAll(/10\.9\.(\d)/g, '127.98.$1')
        // A short radio: what it does is proven elsewhere, here that there is one.
        .replace('targetSecurityLevel: 1 }', 'targetSecurityLevel: 1, latency: 60ms, jitter: 20ms, loss: 0.01 }'),
    );
    processes.play.truth.onWrite = ({ tag, value, cause }) => written.push([tag, value, cause?.actor]);
  }, SLOW);
  afterAll(() => processes?.stop(), SLOW);

  const order = (target: string, tag: string, value: number): Promise<boolean> =>
    new Promise((resolve) => {
      const { range } = processes.play;
      pointSession(range.foothold('scada'), range.spec, target, CAUSE).write(tag, value, resolve);
    });
  const asked = (ask: (done: (reply: Dnp3Reply) => void) => void): Promise<Dnp3Reply> => new Promise(ask);

  it('tell of their own accord, over TCP and in datagrams, what the process is', async () => {
    const truth = (tag: string) => processes.play.range.truth[processes.play.range.engine.tagIndex(tag)] as number;
    await poll(() => Math.abs(processes.displayed('LIT201') - truth('LIT201'))).toBeLessThan(0.1);
    await poll(() => processes.displayed('HV201')).toBe(1);
  });

  it('are commanded by operators in the way of their master, and the journal has whose order it was', async () => {
    expect(await order('booster-rtu', 'LIC201_SP', 3.5)).toBe(true);
    await poll(() => processes.displayed('LIC201_SP')).toBe(3.5);
    await poll(() => written).toContainEqual(['LIC201_SP', 3.5, 'scenario:test']);
    expect(await order('valve-rtu', 'HV201', 0)).toBe(true);
    await poll(() => processes.controller('valve-rtu').variable('HV201').get()).toBe(0);
    // Out of what the point accepts.
    expect(await order('booster-rtu', 'LIC201_SP', 7)).toBe(false);
    await expect(order('booster-rtu', 'LIT201', 1)).rejects.toThrow("no DNP3 output for 'LIT201'");
  });

  it('are read, commanded and told to be silent by somebody with a tool, from another host under the master’s address', async () => {
    const session = processes.play.range.foothold('engineering').dnp3?.('booster-rtu', CAUSE, 1);
    const all = { group: 40, variation: 0, qualifier: 6, range: { kind: 'all' }, items: [] } as const;
    const read = await asked((done) => session?.read([all], CAUSE, done));
    expect(read.outcome).toBe('done');
    expect(read.values).toContainEqual({ group: 40, index: 0, value: 3.5 });
    const value = { type: 'analog-command', value: 2.5, status: 0 } as const;
    const direct = await asked((done) => session?.command({ index: 0, value }, 'direct', CAUSE, done));
    expect(direct.outcome).toBe('refused');
    const select = await asked((done) => session?.command({ index: 0, value }, 'select', CAUSE, done));
    expect(select.outcome).toBe('done');
    await poll(() => processes.controller('booster-rtu').variable('LIC201_SP').get()).toBe(2.5);
    const classes = [2, 3, 4].map((variation) => ({ ...all, group: 60, variation }));
    const silent = await asked((done) => session?.perform(FUNCTION.disableUnsolicited, classes, CAUSE, done));
    expect(silent.outcome).toBe('done');
    session?.release();
  });

  it('are refused where they do not speak it', () => {
    const foothold = processes.play.range.foothold('scada');
    expect(() => foothold.s7?.('booster-rtu')).toThrow("'booster-rtu' has no S7 server");
    expect(() => foothold.dnp3?.('services', CAUSE)).toThrow("'services' has no DNP3 outstation");
  });
});

const SCENARIO = parseYamlText(
  `
id: quiet-download
name: Quiet download
plant: filter-plant
story: Somebody at the engineering station changes what the controller does, and stops it.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 1s
observe: 10m
revertAfter: 2s
steps:
  - { id: change, about: fills too far, verb: program-download, from: engineering, to: filter-plc, techniques: [T0843], tags: [LIT101], program: { edits: [{ find: 'LIC101_SP + 0.1', replace: 'LIC101_SP + 3.1' }] } }
  - { id: stop, about: stops it, verb: cpu-stop, from: engineering, to: filter-plc, techniques: [T0858], after: { step: change, wait: 1s } }
twin:
  name: Legitimate
  about: Somebody who may looks at the program.
  steps: [{ id: look, about: x, verb: program-upload, from: engineering, to: filter-plc, techniques: [T0845] }]
`,
  'quiet-download.yaml',
  scenarioSchema,
);

describe.skipIf(!mayListen)('a controller that is a process and speaks S7', { timeout: SLOW }, () => {
  let processes: DeviceProcesses;
  let original: string;
  const steps: string[] = [];
  const sources = new Set<string>();

  beforeAll(async () => {
    processes = await DeviceProcesses.start(
      'filter-plant',
      (text) => text.replaceAll(/10\.8\.(\d)/g, '127.97.$1').replace(', protection: { level: 1, password: weir }', ''),
      {
        scenario: { spec: SCENARIO, variant: 'attack' },
        onStep: ({ phase, step, event }) => steps.push(`${phase} ${step} ${event}`),
      },
    );
    original = processes.controller('filter-plc').source;
  }, SLOW);
  afterAll(() => processes?.stop(), SLOW);

  const work = <T>(act: (session: EngineeringSession, done: (outcome: WorkOutcome<T>) => void) => void) => {
    const session = processes.play.range.foothold('engineering').engineer?.('filter-plc', CAUSE) as EngineeringSession;
    return new Promise<WorkOutcome<T>>((resolve) => act(session, resolve)).finally(() => session.release());
  };
  const order = (tag: string, value: number): Promise<boolean> =>
    new Promise((resolve) => {
      const { range } = processes.play;
      pointSession(range.foothold('scada'), range.spec, 'filter-plc', CAUSE).write(tag, value, resolve);
    });
  const mode = (): string => processes.controller('filter-plc').mode;

  it('runs what a scenario downloads, stops when it is told to, and both are put back and proven', async () => {
    await poll(() => {
      sources.add(processes.controller('filter-plc').source);
      return [mode(), steps.includes('attack stop done')];
    }).toEqual(['stopped', true]);
    expect([...sources].some((source) => source.includes('LIC101_SP + 3.1'))).toBe(true);
    await poll(() => processes.play.attack?.report.revert).toMatchObject({
      state: 'proven',
      programs: [{ device: 'filter-plc', mode: 'running', proven: true, reason: '' }],
    });
    await poll(() => [mode(), processes.controller('filter-plc').source]).toEqual(['running', original]);
  });

  it('is programmed from an engineering station: its program is read, and what is none is refused', async () => {
    expect(await work<string>((session, done) => session.readProgram(done))).toMatchObject({ value: original });
    expect(await work<true>((session, done) => session.writeProgram('PROGRAM', done))).toMatchObject({
      outcome: 'refused',
    });
    expect(processes.controller('filter-plc').source).toBe(original);
  });

  it('takes operators’ orders into its memory over their standing connection', async () => {
    expect(await order('LIC101_SP', 2.75)).toBe(true);
    await poll(() => processes.displayed('LIC101_SP')).toBe(2.75);
  });

  it('drives what it is wired to only while it runs', async () => {
    const pump = () => processes.play.range.truth[processes.play.range.engine.tagIndex('P101')];
    expect(await order('LIC101_SP', 5)).toBe(true);
    await poll(pump).toBe(1);
    expect(await work<true>((session, done) => session.setMode('stop', done))).toMatchObject({ outcome: 'done' });
    await poll(() => [mode(), pump()]).toEqual(['stopped', 0]);
    expect(await work<true>((session, done) => session.setMode('run', done))).toMatchObject({ outcome: 'done' });
    await poll(() => [mode(), pump()]).toEqual(['running', 1]);
  });

  it('keeps what was loaded when its process dies, and begins the next run with what the plant has', async () => {
    const other = original.replace('LIC101_SP + 0.1', 'LIC101_SP + 0.2');
    const loaded = async (): Promise<unknown> => {
      const read = await work<string>((session, done) => session.readProgram(done));
      return read.outcome === 'done' ? read.value : read.outcome;
    };
    expect(await work<true>((session, done) => session.writeProgram(other, done))).toMatchObject({ outcome: 'done' });
    await poll(() => processes.controller('filter-plc').source).toBe(other);
    await processes.kill('filter-plc');
    await poll(() => processes.play.range.devices.get('filter-plc')?.up).toBe(false);
    processes.switchOn('filter-plc');
    await poll(loaded).toBe(other);
    processes.reset();
    await poll(() => [mode(), processes.controller('filter-plc').source]).toEqual(['running', original]);
    await poll(loaded).toBe(original);
  });
});
