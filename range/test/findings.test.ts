import { type ScenarioSpec, scenarioSchema } from '@penstock/attacks';
import { type PlantSpec, parseYamlText } from '@penstock/core';
import type { Alert } from '@penstock/monitor';
import { describe, expect, it } from 'vitest';
import { findingsOf, toldAttack } from '../findings.ts';
import { impactsOf } from '../impacts.ts';
import type { PlayResult } from '../play.ts';

const plant = {
  devices: [
    { id: 'plc-1', role: 'dosing-plc', points: [{ tag: 'AIT1' }, { tag: 'AIC1_SP' }] },
    { id: 'sis-1', role: 'safety-device', points: [{ tag: 'AIT9' }] },
  ],
  hazards: [
    { id: 'burns', harm: 'injury' },
    { id: 'dry', harm: 'supply' },
  ],
  safeguards: [{ id: 'trip', kind: 'sis', device: 'sis-1' }],
} as unknown as PlantSpec;

const scenario = (rest: string): ScenarioSpec =>
  parseYamlText(
    `
id: x
name: X
plant: p
story: s
basis: { incident: none, documented: [], invented: [all], sources: [none] }
start: 60s
observe: 1h
steps: [{ id: a, about: x, verb: write-tag, from: scada, to: dosing-plc, tag: AIC1_SP, value: 1, techniques: [T0836] }]
twin: { name: t, about: t, steps: [{ id: a, about: x, verb: write-tag, from: scada, to: dosing-plc, tag: AIC1_SP, value: 1, techniques: [T0836] }] }
${rest}
`.replaceAll('AIC1_SP', 'AIC101_SP'),
    'x.yaml',
    scenarioSchema,
  );

const alert = (change: Partial<Alert>): Alert =>
  ({
    time: 70,
    rule: 'value-outside-limits',
    severity: 'high',
    techniques: ['T0836'],
    device: 'plc-1',
    tag: 'AIC1_SP',
    ...change,
  }) as Alert;

const result = (change: Partial<PlayResult> = {}): PlayResult =>
  ({
    firstPacket: 60,
    hazards: [],
    steps: [{ at: 61e6, step: 'a', phase: 'attack', event: 'done' }],
    watched: {
      effects: [],
      success: null,
      partial: null,
      manipulatedView: [],
      lostView: [],
      droppedViews: 0,
      compromised: [],
      stopped: [],
    },
    ...change,
  }) as unknown as PlayResult;
const watched = (change: Partial<NonNullable<PlayResult['watched']>>) => ({
  watched: { ...(result().watched as NonNullable<PlayResult['watched']>), ...change },
});

describe('an expected signal', () => {
  const met = (expected: string, alerts: Partial<Alert>[]) =>
    findingsOf(
      scenario(`expect: [{ about: e, within: 30s, ${expected} }]`),
      plant,
      result(),
      'attack',
      alerts.map(alert),
    ).expected[0];

  it.each([
    ['a technique', 'technique: T0836', {}, true],
    ['another technique', 'technique: T0816', {}, false],
    ['a rule', 'rule: value-outside-limits', {}, true],
    ['a family of rules', "rule: 'value-*'", {}, true],
    ['another family', "rule: 'sweep-*'", {}, false],
    ['a rule whose name only begins so', 'rule: value', {}, false],
    ['a device by its role', 'device: dosing-plc', {}, true],
    ['a device that is nobody', 'device: other-plc', {}, false],
    ['all that is named', 'technique: T0836, rule: value-outside-limits, device: dosing-plc', {}, true],
    ['only a part of what is named', 'technique: T0836, device: safety-device', {}, false],
    ['what comes too late', 'technique: T0836', { time: 91 }, false],
    ['what comes just in time', 'technique: T0836', { time: 90 }, true],
  ])('is met or missed by %s', (_, expected, change, is) => {
    expect(met(expected, [change])?.met).toBe(is);
  });

  it('says when and by which rule, also when that was too late', () => {
    expect(met('technique: T0836', [{ time: 100 }, { time: 110, rule: 'later' }])).toEqual({
      about: 'e',
      within: 30,
      met: false,
      after: 40,
      rule: 'value-outside-limits',
    });
    expect(met('technique: T0836', [])).toMatchObject({ met: false, after: null, rule: null });
  });

  it('has to name something', () => {
    expect(() => scenario('expect: [{ about: e, within: 30s }]')).toThrow(
      /name at least one of 'technique', 'rule', 'tag' or 'device'/,
    );
  });
});

describe('an effect', () => {
  it('is met when the truth showed it in time', () => {
    const spec = scenario(
      'effects: [{ about: a, predicate: { when: x > 1 }, within: 10s }, { about: b, predicate: { when: x > 2 }, within: 10s }, { about: c, predicate: { when: x > 3 }, within: 10s }]',
    );
    const found = findingsOf(spec, plant, result(watched({ effects: [65, 75, null] })), 'attack', []);
    expect(found.effects.map(({ about, met, after }) => [about, met, after])).toEqual([
      ['a', true, 5],
      ['b', false, 15],
      ['c', false, null],
    ]);
  });
});

describe('the adversary', () => {
  const outcomes =
    'outcomes: { success: { about: all, predicate: { when: x > 1 }, steps: [a] }, partial: { about: some, predicate: { when: x > 0 } } }';
  const of = (change: Partial<PlayResult>) =>
    findingsOf(scenario(outcomes), plant, result(change), 'attack', []).adversary;

  it.each([
    ['has what they wanted', watched({ success: 100, partial: 80 }), { outcome: 'success', about: 'all', after: 40 }],
    ['has a part of it', watched({ partial: 80 }), { outcome: 'partial', about: 'some', after: 20 }],
    [
      'has a part of it when the step was not theirs',
      { ...watched({ success: 100, partial: 80 }), steps: [] },
      { outcome: 'partial', about: 'some', after: 20 },
    ],
    ['has failed', {}, { outcome: 'failed', after: null }],
  ])('%s', (_, change, outcome) => {
    expect(of(change as Partial<PlayResult>)).toMatchObject(outcome);
  });

  it('is not judged in a twin, without outcomes, or where nothing began', () => {
    expect(findingsOf(scenario(outcomes), plant, result(), 'twin', []).adversary).toBeNull();
    expect(findingsOf(scenario(''), plant, result(), 'attack', []).adversary).toBeNull();
    expect(of({ firstPacket: undefined })).toBeNull();
  });
});

describe('what detected it', () => {
  it('is the first alert of each rule', () => {
    const alerts = [alert({ time: 61 }), alert({ time: 62, rule: 'other', severity: 'low' }), alert({ time: 63 })];
    expect(findingsOf(scenario(''), plant, result(), 'attack', alerts).detectedBy).toEqual([
      { rule: 'value-outside-limits', severity: 'high', after: 1, alerts: 2 },
      { rule: 'other', severity: 'low', after: 2, alerts: 1 },
    ]);
  });
});

describe('impacts', () => {
  const of = (change: Partial<PlayResult>, devices = ['plc-1', 'sis-1'], variant: 'attack' | 'twin' = 'attack') =>
    impactsOf(plant, result(change), variant, new Set(devices)).map(({ technique, time }) => [technique, time]);
  const view = { tag: 'AIT1', from: 100, until: null, displayed: 1, measured: 2 };

  it.each([
    [
      'harm to people',
      { hazards: [{ at: 90, hazard: 'burns', state: 'begin' }] },
      [
        ['T0831', 90],
        ['T0880', 90],
      ],
    ],
    [
      'harm to the supply',
      { hazards: [{ at: 90, hazard: 'dry', state: 'begin' }] },
      [
        ['T0826', 90],
        ['T0828', 90],
      ],
    ],
    ['a view that lies', watched({ manipulatedView: [view] }), [['T0832', 100]]],
    ['a view that is lost for good', watched({ lostView: [view] }), [['T0829', 100]]],
    ['a view that was lost for a time', watched({ lostView: [{ ...view, until: 200 }] }), [['T0815', 100]]],
    [
      'a loop beyond its limits',
      watched({ compromised: [{ name: 'AIC1_SP', from: 70, until: null }] }),
      [['T0831', 70]],
    ],
    ['a controller that stands', watched({ stopped: [{ name: 'plc-1', from: 70, until: null }] }), [['T0827', 70]]],
    [
      'a controller that stood for a time',
      watched({ stopped: [{ name: 'plc-1', from: 70, until: 90 }] }),
      [['T0813', 70]],
    ],
    [
      'a safety device that stands',
      watched({ stopped: [{ name: 'sis-1', from: 70, until: null }] }),
      [
        ['T0827', 70],
        ['T0837', 70],
      ],
    ],
    [
      'nothing that is another device’s',
      watched({ manipulatedView: [{ ...view, tag: 'LIT9' }], stopped: [{ name: 'plc-2', from: 70, until: null }] }),
      [],
    ],
    [
      'nothing from before the first packet',
      watched({ manipulatedView: [{ ...view, from: 59 }], compromised: [{ name: 'AIC1_SP', from: 10, until: null }] }),
      [],
    ],
  ])('are read off the truth: %s', (_, change, techniques) => {
    expect(of(change as Partial<PlayResult>)).toEqual(techniques);
  });

  it('each stands once, with its first evidence, in order of time', () => {
    const change = {
      ...watched({ manipulatedView: [view, { ...view, from: 80 }] }),
      hazards: [{ at: 70, hazard: 'burns', state: 'begin' }],
    };
    expect(of(change as Partial<PlayResult>)).toEqual([
      ['T0831', 70],
      ['T0880', 70],
      ['T0832', 80],
    ]);
  });

  it('a twin has none, and neither has an attack that sent nothing', () => {
    expect(of(watched({ manipulatedView: [view] }), ['plc-1'], 'twin')).toEqual([]);
    expect(of({ ...watched({ manipulatedView: [view] }), firstPacket: undefined })).toEqual([]);
  });
});

describe('a run without a scenario', () => {
  it('has nothing to tell of one', () => {
    expect(toldAttack(undefined)).toEqual({
      prerequisites: [],
      aborted: null,
      reverted: { state: 'nothing', tags: [] },
      sent: { packets: 0, writes: 0, taken: 0 },
    });
  });
});
