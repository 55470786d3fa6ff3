import { type Instant, seconds } from '@penstock/core';
import { encodeResponse } from '@penstock/protocols/modbus';
import { type Cause, EventQueue, type ModbusSession, type Reply } from '@penstock/simulator/kernel';
import { describe, expect, it } from 'vitest';
import { AttackEngine, type EngineOptions } from '../engine.ts';
import type { EngineHost, StepRecord } from '../host.ts';
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
