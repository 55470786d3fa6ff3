import { type Instant, seconds } from '@penstock/core';
import { encodeResponse } from '@penstock/protocols/modbus';
import { type Cause, EventQueue, type ModbusSession, type Reply } from '@penstock/simulator/kernel';
import { describe, expect, it } from 'vitest';
import { AttackEngine } from '../engine.ts';
import type { EngineHost, EngineOptions, StepRecord } from '../host.ts';
import { registryOf, SmallController, smallPlant, smallScenario } from './plant.ts';

interface Sent {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly pdu: string;
  readonly cause: Cause;
}

/** A run whose dosing controller keeps what is written, or answers as `answer` says. */
function stage(
  change: (text: string) => string = (text) => text,
  options: Partial<EngineOptions> = {},
  answer?: (n: number) => Reply | undefined,
  host: Partial<EngineHost> = {},
) {
  const queue = new EventQueue();
  const plant = smallPlant();
  const sent: Sent[] = [];
  const records: StepRecord[] = [];
  const disturbed: [string, number][] = [];
  const controller = new SmallController();
  const session = (from: string, to: string): ModbusSession => ({
    request(_unit, pdu, cause, done) {
      sent.push({ at: queue.now / 1e6, from, to, pdu: Buffer.from(pdu).toString('hex'), cause });
      const reply = answer?.(sent.length) ?? { outcome: 'answered', pdu: controller.answer(pdu) };
      queue.in(seconds(0.01), { run: (now) => done(reply, now) });
    },
    release() {},
  });
  const engine = new AttackEngine(
    smallScenario(change),
    {
      run: 'run-1',
      plant,
      queue,
      registry: registryOf(plant),
      foothold: (device) => ({ device, modbus: (target) => session(device, target) }),
      disturb: (name, value) => disturbed.push([name, value]),
      record: (record) => records.push(record),
      memory: (_device, tag) => controller.values[tag],
      ...host,
    },
    { variant: 'attack', ...options },
  );
  engine.start();
  return {
    engine,
    queue,
    sent,
    records,
    disturbed,
    controller,
    told: () => records.map((r) => `${r.step} ${r.event}`),
    until: (s: number) => queue.runUntil(seconds(s) as number as Instant),
  };
}

describe('the step engine', () => {
  it('plays steps in the order of their conditions, from the foothold that the scenario names', () => {
    const { sent, until, records } = stage();
    until(100);
    expect(sent.map(({ at, from, to, pdu }) => [at, from, to, pdu])).toEqual([
      [60, 'scada-1', 'dosing', '0500030000'],
      // 100.0 as float32, high word first.
      [65.01, 'scada-1', 'dosing', '10000a00020442c80000'],
    ]);
    expect(sent[1]?.cause).toEqual({ actor: 'scenario:push', step: 'order' });
    expect(records.map((r) => `${r.phase} ${r.step} ${r.event}`)).toEqual([
      'attack manual start',
      'attack manual done',
      'attack order start',
      'attack order done',
    ]);
    expect(records[2]).toMatchObject({ techniques: ['T0836'], target: 'dosing-plc', tags: ['AIC301_SP'] });
  });

  it('reverts when it was told to, and says when that was done', () => {
    const { sent, until, engine } = stage();
    until(600);
    expect(engine.finishedAt).toBeUndefined();
    until(700);
    expect(sent.find((s) => s.cause.step === 'auto')).toMatchObject({ at: 665.02, pdu: '050003ff00' });
    // The proof reads what was overwritten three seconds after the last write.
    expect((engine.finishedAt as number) / 1e6).toBeCloseTo(669.1, 0);
  });

  it('takes inputs within their bounds', () => {
    const { sent, until } = stage(undefined, { inputs: { dose: 8 } });
    until(100);
    expect(sent[1]?.pdu).toBe('10000a00020441000000');
    expect(() => stage(undefined, { inputs: { dose: 1001 } })).toThrow(
      /input 'dose' is 1001 mg\/L; it may be 0 to 1000 mg\/L/,
    );
    expect(() => stage(undefined, { inputs: { does: 8 } })).toThrow(/has no input 'does'; it has dose/);
  });

  it('plays the twin in place of the attack', () => {
    const { sent, until } = stage(undefined, { variant: 'twin' });
    until(1000);
    expect(sent.map(({ pdu, cause }) => [pdu, cause.actor])).toEqual([['10000a00020441300000', 'twin:push']]);
  });

  it.each([
    ['a refusal', { outcome: 'answered', pdu: encodeResponse({ function: 5, exception: 4 }) }, /exception 4/],
    ['silence', { outcome: 'timeout' }, /timeout/],
    ['a closed connection', { outcome: 'closed' }, /closed/],
  ] as const)('notes %s as a failure, plays nothing that needed the step, and reverts', (_, reply, detail) => {
    const { records, until } = stage(undefined, {}, (n) => (n === 1 ? reply : undefined));
    until(1000);
    expect(records.map((r) => `${r.step} ${r.event}`)).toEqual([
      'manual start',
      'manual failed',
      'auto start',
      'auto done',
      'read-back start',
      'read-back done',
    ]);
    expect(records[1]?.detail).toMatch(detail);
  });

  it('may go on because a step failed', () => {
    const { records, until } = stage(
      (text) => text.replace('after: { step: manual, wait: 5s }', 'after: { step: manual, outcome: failed }'),
      {},
      (n) => (n === 1 ? { outcome: 'closed' } : undefined),
    );
    until(100);
    expect(records.map((r) => `${r.step} ${r.event}`)).toContain('order done');
  });

  it('stops at once and reverts', () => {
    const { engine, sent, until } = stage();
    until(62);
    engine.stop();
    engine.stop();
    until(1000);
    expect(sent.map((s) => s.cause.step)).toEqual(['manual', 'auto', 'read-back']);
  });

  it('sets the conditions under which the scenario plays', () => {
    const { disturbed, until } = stage(
      (text) => `${text}conditions: [{ disturbance: rawAlkalinityMgL, value: 45, at: 10s }]\n`,
    );
    until(11);
    expect(disturbed).toEqual([['rawAlkalinityMgL', 45]]);
  });

  it('sends nothing at all when any step of it, even the last, names what is not in scope', () => {
    expect(() =>
      stage((text) =>
        text.replace(
          'id: auto, about: loop back to auto, verb: write-tag, from: scada',
          'id: auto, about: loop back to auto, verb: write-tag, from: hmi',
        ),
      ),
    ).toThrow(/no device of this run has the role 'hmi'/);
  });

  it('reads points one after the other', () => {
    const { sent, until, records } = stage(
      (text) =>
        text.replace(
          '- { id: manual, about: loop to manual, verb: write-tag, from: scada, to: dosing-plc, tag: AIC301_MODE, value: 0,',
          '- { id: manual, about: looks, verb: read-tags, from: scada, to: dosing-plc, tags: [AIC301_SP, AIC301_MODE],',
        ),
      {},
      (n) =>
        n === 1
          ? { outcome: 'answered', pdu: Uint8Array.of(3, 4, 0x41, 0, 0, 0) }
          : n === 2
            ? { outcome: 'answered', pdu: Uint8Array.of(1, 1, 1) }
            : undefined,
    );
    until(62);
    expect(sent.map((s) => s.pdu)).toEqual(['03000a0002', '0100030001']);
    expect(records[1]).toMatchObject({ event: 'done', detail: 'read AIC301_SP, AIC301_MODE' });
  });
});

const step = (id: string, rest: string) => `  - { id: ${id}, about: x, techniques: [T0836], ${rest} }\n`;
const ORDER = 'verb: write-tag, from: scada, to: dosing-plc, tag: AIC301_SP, value: { input: dose }';
/** The scenario with other steps. */
const steps =
  (list: string, rest = '') =>
  (text: string) =>
    text.replace(/steps:\n( {2}- .*\n)+revertAfter/, `${rest}steps:\n${list}revertAfter`);
const withoutRevert = (text: string) => text.replace(/revertAfter: 10m\nrevert:\n.*\n/, '');

describe('a step that waits for a state', () => {
  const truth = new Float64Array([8, 1]);

  it('looks at the truth where it is told to', () => {
    const own = truth.slice();
    const { until, told, queue } = stage(
      steps(step('wait', `${ORDER}, after: { when: { when: AIC301_SP > 9, for: 5s }, of: truth, timeout: 5m }`)),
      {},
      undefined,
      { truth: own },
    );
    until(100);
    expect(told()).toEqual([]);
    own[0] = 10;
    until(104);
    expect(told()).toEqual([]);
    until(107);
    expect(told()).toEqual(['wait start', 'wait done']);
    expect(queue.now).toBe(107e6);
  });

  it('fails when that does not come true in time, and what follows on failure is played', () => {
    const { until, told } = stage(
      steps(
        step('wait', `${ORDER}, after: { when: { when: AIC301_SP > 9 }, of: truth, timeout: 30s }`) +
          step('instead', `${ORDER}, after: { step: wait, outcome: failed }`) +
          step('then', `${ORDER}, after: { step: wait }`),
      ),
      {},
      undefined,
      { truth },
    );
    until(95);
    expect(told()).toEqual(['wait skipped', 'instead start', 'instead done']);
  });

  it('otherwise at what the adversary can know: nothing at first, then what was read', () => {
    const { until, told, controller } = stage(
      steps(
        step('look', 'verb: read-tags, from: scada, to: dosing-plc, tags: [AIC301_SP], every: 10s, lasts: 60s') +
          step('wait', `${ORDER}, after: { when: { when: AIC301_SP > 9 }, timeout: 5m }`),
      ),
    );
    controller.values.AIC301_SP = 12;
    until(58);
    controller.values.AIC301_SP = 8;
    until(95);
    expect(told()).not.toContain('wait start');
    controller.values.AIC301_SP = 10;
    until(105);
    expect(told()).toContain('wait done');
  });

  it('and at what the host that they sit at receives', () => {
    const received = new Float64Array([Number.NaN, Number.NaN]);
    const { until, told } = stage(
      steps(step('wait', `${ORDER}, after: { when: { when: AIC301_SP > 9 }, timeout: 5m }`)),
      {},
      undefined,
      { received: (device) => (device === 'scada-1' ? received : []) },
    );
    until(80);
    expect(told()).toEqual([]);
    received[0] = 9.5;
    until(82);
    expect(told()).toContain('wait done');
  });

  it('cannot look at a truth that is not there', () => {
    expect(() =>
      stage(steps(step('wait', `${ORDER}, after: { when: { when: AIC301_SP > 9 }, of: truth, timeout: 5m }`))),
    ).toThrow(/step 'wait' looks at the plant's truth, which is not known here/);
  });

  it('does not wait for ever', () => {
    expect(() => stage(steps(step('wait', `${ORDER}, after: { when: { when: AIC301_SP > 9 } }`)))).toThrow(
      /'when' and 'timeout' belong together/,
    );
  });
});

describe('an end before its time', () => {
  it('comes when the abort predicate holds on the truth, and everything is put back', () => {
    const truth = new Float64Array([8, 1]);
    const { until, told, engine, controller } = stage(
      (text) => `${text}abort: { when: AIC301_SP > 50, for: 3s }\n`,
      {},
      undefined,
      { truth },
    );
    until(70);
    truth[0] = 100;
    until(90);
    expect(told()).toContain('scenario aborted');
    expect(engine.report.aborted).toMatchObject({ reason: 'AIC301_SP > 50 holds' });
    expect(controller.values).toEqual({ AIC301_SP: 8, AIC301_MODE: 1 });
    expect(engine.report.revert.state).toBe('proven');
  });

  it('comes when the scenario has lasted too long', () => {
    const { until, engine } = stage((text) =>
      steps(step('look', 'verb: read-tags, from: scada, to: dosing-plc, tags: [AIC301_SP], every: 5s, lasts: 50m'))(
        `${text}caps: { duration: 2m }\n`,
      ),
    );
    until(300);
    expect(engine.report.aborted?.reason).toBe("cap: scenario 'push' may last 120 s");
    expect(engine.finishedAt).toBeGreaterThan(180e6);
  });

  it('of one step comes by its own caps; what waits for its failure is played', () => {
    const { until, told, records, sent } = stage(
      steps(
        step(
          'look',
          'verb: read-tags, from: scada, to: dosing-plc, tags: [AIC301_SP], every: 1s, lasts: 5m, caps: { packets: 4 }',
        ) + step('next', `${ORDER}, after: { step: look, outcome: failed }`),
      ),
    );
    until(120);
    expect(told()).toEqual(['look start', 'look capped', 'next start', 'next done']);
    expect(records[1]?.detail).toBe("step 'look' may send 4 packets");
    expect(sent.filter((s) => s.cause.step === 'look')).toHaveLength(4);
  });
});

describe('undoing', () => {
  it('puts back by itself what a scenario leaves out, last written first, and proves it', () => {
    const { until, sent, engine, controller, records } = stage(withoutRevert);
    until(3500);
    expect(controller.values).toEqual({ AIC301_SP: 100, AIC301_MODE: 0 });
    until(3700);
    expect(controller.values).toEqual({ AIC301_SP: 8, AIC301_MODE: 1 });
    expect(sent.map((s) => s.cause.step)).toEqual([
      'manual',
      'order',
      'restore-aic301-sp',
      'restore-aic301-mode',
      'read-back',
      'read-back',
    ]);
    expect(engine.report.revert).toEqual({
      state: 'proven',
      tags: [
        { device: 'dosing', tag: 'AIC301_MODE', before: 1, readBack: 1, controller: 1, proven: true, reason: '' },
        { device: 'dosing', tag: 'AIC301_SP', before: 8, readBack: 8, controller: 8, proven: true, reason: '' },
      ],
      programs: [],
    });
    expect(records.at(-1)).toMatchObject({ step: 'read-back', phase: 'revert', event: 'done' });
  });

  it('waits with a step of the revert for what it needs, and leaves out what never comes true', () => {
    const revert = (after: string) => (text: string) =>
      text.replace('value: 1, techniques: [T0836] }\nhazards', `value: 1, techniques: [T0836], ${after} }\nhazards`);
    const own = Float64Array.of(8, 1);
    const waits = 'after: { when: { when: AIC301_SP > 9 }, of: truth, timeout: 5m }';
    const { until, records } = stage(revert(waits), {}, undefined, { truth: own });
    const told = () => records.filter(({ phase }) => phase === 'revert').map(({ step, event }) => `${step} ${event}`);
    until(720);
    expect(told()).toEqual([]);
    own[0] = 10;
    until(760);
    expect(told().slice(0, 2)).toEqual(['auto start', 'auto done']);
    const never = stage(revert(waits), {}, undefined, { truth: Float64Array.of(8, 1) });
    never.until(1200);
    const steps = never.records.filter(({ phase }) => phase === 'revert').map(({ step, event }) => `${step} ${event}`);
    expect(steps[0]).toBe('auto skipped');
    expect(never.engine.finishedAt).toBeDefined();
  });

  it('puts back what stood there before, not what a file says stood there', () => {
    const { until, controller } = stage(
      (text) => text.replace('AIC301_MODE, value: 1, techniques', 'AIC301_MODE, value: before, techniques'),
      {},
      undefined,
      {},
    );
    until(700);
    expect(controller.values).toEqual({ AIC301_SP: 8, AIC301_MODE: 1 });
  });

  it('says that it failed, with the reason, when the device does not take it back', () => {
    const { until, engine } = stage(withoutRevert, {}, (n) =>
      n === 3 || n === 4 || n === 5 ? { outcome: 'timeout' } : undefined,
    );
    until(3700);
    const { state, tags } = engine.report.revert;
    expect(state).toBe('failed');
    expect(tags.map((t) => [t.tag, t.proven])).toEqual([
      ['AIC301_MODE', true],
      ['AIC301_SP', false],
    ]);
    expect(tags[1]?.reason).toBe('the device answers 100 and had 8; the controller holds 100 and had 8');
  });

  it('tries again when nobody answers', () => {
    const { until, engine, told } = stage(withoutRevert, {}, (n) => (n === 3 ? { outcome: 'closed' } : undefined));
    until(3700);
    expect(told()).toContain('restore-aic301-sp failed');
    expect(engine.report.revert.state).toBe('proven');
  });

  it('is proven only by what was read back over the wire', () => {
    const { until, engine } = stage(withoutRevert, {}, (n) => (n > 4 ? { outcome: 'timeout' } : undefined));
    until(3700);
    expect(engine.report.revert.tags.map((t) => t.reason)).toEqual([
      'not read back: read AIC301_MODE: timeout',
      'not read back: read AIC301_SP: timeout',
    ]);
  });

  it('has nothing to do when no write was taken', () => {
    const refusal = { outcome: 'answered', pdu: encodeResponse({ function: 5, exception: 2 }) } as const;
    const { until, engine, sent } = stage(withoutRevert, {}, (n) => (n === 1 ? refusal : undefined));
    until(3700);
    expect(engine.report.revert).toEqual({ state: 'nothing', tags: [], programs: [] });
    expect(sent).toHaveLength(1);
  });

  it('reads what stands there over the wire where the range does not say', () => {
    const { until, sent, engine } = stage(withoutRevert, {}, undefined, { memory: undefined as never });
    until(3700);
    expect(sent.slice(0, 3).map((s) => s.pdu)).toEqual(['0100030001', '03000a0002', '0500030000']);
    expect(engine.report.revert).toMatchObject({
      state: 'proven',
      tags: [
        { before: 1, controller: null },
        { before: 8, controller: null },
      ],
    });
  });

  it('is not held back by the caps of the attack', () => {
    const { until, engine } = stage((text) => `${withoutRevert(text)}caps: { writes: 2, packets: 2 }\n`);
    until(3700);
    expect(engine.report.revert.state).toBe('proven');
  });
});

describe('somebody who approves each step', () => {
  it('lets every step wait, and lets it go', () => {
    const { until, told, engine } = stage(undefined, { approveEachStep: true });
    until(100);
    expect(told()).toEqual(['manual waiting']);
    expect(engine.awaiting).toEqual(['manual']);
    expect(() => engine.approve('order')).toThrow(/step 'order' does not wait for approval; manual do/);
    engine.approve('manual');
    until(110);
    expect(told()).toEqual(['manual waiting', 'manual start', 'manual done', 'order waiting']);
    engine.stop();
    until(200);
    expect(told()).not.toContain('order start');
    expect(engine.report.revert.state).toBe('proven');
  });
});

describe('a plan', () => {
  it('has every name resolved and sends nothing', () => {
    const { engine, sent } = stage();
    expect(engine.plan().map(({ id, phase, when, lines }) => [phase, id, when, lines])).toEqual([
      [
        'attack',
        'manual',
        'at the start',
        [
          {
            from: 'scada (10.9.2.10)',
            to: 'dosing-plc (10.9.1.13)',
            point: 'AIC301_MODE (coil 3)',
            value: '0 (manual)',
          },
        ],
      ],
      [
        'attack',
        'order',
        '5 s after manual done',
        [
          {
            from: 'scada (10.9.2.10)',
            to: 'dosing-plc (10.9.1.13)',
            point: 'AIC301_SP (holding 10)',
            value: '100 mg/L',
          },
        ],
      ],
      [
        'revert',
        'auto',
        'then',
        [{ from: 'scada (10.9.2.10)', to: 'dosing-plc (10.9.1.13)', point: 'AIC301_MODE (coil 3)', value: '1 (auto)' }],
      ],
    ]);
    expect(sent).toEqual([]);
  });

  it('is not played any more once it was stopped', () => {
    const { engine, sent, told, until } = stage();
    engine.stop('somebody pressed the button');
    until(200);
    expect(told()).toEqual(['scenario aborted', 'auto start', 'auto done', 'read-back start', 'read-back done']);
    expect(engine.report.aborted?.reason).toBe('somebody pressed the button');
    expect(sent.map((s) => s.cause.step)).toEqual(['auto', 'read-back']);
  });
});
