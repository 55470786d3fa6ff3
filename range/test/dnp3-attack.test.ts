/** Attacks on outstations over DNP3: what is sent, what happens, and that it is undone. */
import { fileURLToPath } from 'node:url';
import { type ScenarioSpec, ScopeError, type StepRecord, scenarioSchema } from '@penstock/attacks';
import { parseYamlText, seconds } from '@penstock/core';
import { type Device, Dnp3Poller } from '@penstock/simulator/devices';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./booster-plant', import.meta.url)));
});

const scenario = (steps: string, rest = ''): ScenarioSpec =>
  parseYamlText(
    `
id: radio-spill
name: Radio spill
plant: booster-plant
story: Somebody on the radio commands the station.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 30s
observe: 10m
revertAfter: 2m
${rest}
steps:
${steps}
twin:
  name: Legitimate
  about: The level set point is moved a little.
  steps: [{ id: look, about: x, verb: write-tag, from: scada, to: booster-rtu, tag: LIC201_SP, value: 2.1, techniques: [T0836] }]
`,
    'radio-spill.yaml',
    scenarioSchema,
  );

const step = (id: string, text: string, after = ''): string =>
  `  - { id: ${id}, about: x, techniques: [T0836], ${after}${text} }\n`;
const FROM_SCADA = 'from: scada, to: booster-rtu';
const FROM_ENGINEERING = 'from: engineering, to: booster-rtu';

function stage(spec: ScenarioSpec) {
  const records: StepRecord[] = [];
  const play = new Play({
    ...{ plant, run: 'test', seed: 7, startAt: 0 as never, scenario: { spec, variant: 'attack' } },
    onStep: (record: StepRecord) => records.push(record),
  });
  const controller = (id: string) =>
    (play.range.devices.get(id) as Device).controller as NonNullable<Device['controller']>;
  const peer = (play.range.devices.get('scada') as Device).part(Dnp3Poller)?.peer('booster-rtu');
  return {
    play,
    records,
    peer: peer as NonNullable<typeof peer>,
    controller,
    told: () => records.map(({ phase, step: id, event }) => `${phase} ${id} ${event}`),
    detail: (id: string) => records.find((record) => record.step === id && record.event !== 'start')?.detail,
  };
}

describe('a command over DNP3', () => {
  it('is selected and operated, changes the controller, is put back, and both ways of looking prove it', () => {
    const { play, controller, told, detail } = stage(
      scenario(step('spill', `verb: write-tag, ${FROM_SCADA}, tag: LIC201_SP, value: 4.5, command: select`)),
    );
    const booster = controller('booster-rtu');
    const before = booster.variable('LIC201_SP').get();
    play.runUntil(at(60));
    expect(booster.variable('LIC201_SP').get()).toBeCloseTo(4.5, 6);
    expect(detail('spill')).toBe('LIC201_SP := 4.5');
    play.runUntil(at(400));
    expect(booster.variable('LIC201_SP').get()).toBeCloseTo(before, 6);
    const { revert, packets, writes, taken } = play.attack?.report ?? {};
    expect(revert).toMatchObject({
      state: 'proven',
      tags: [{ device: 'booster-rtu', tag: 'LIC201_SP', proven: true, reason: '' }],
    });
    // SELECT and OPERATE are two requests, and one write.
    expect({ packets, writes, taken }).toEqual({ packets: 2, writes: 1, taken: 1 });
    expect(told()).toEqual([
      'attack spill start',
      'attack spill done',
      'revert restore-lic201-sp start',
      'revert restore-lic201-sp done',
      'revert read-back start',
      'revert read-back done',
    ]);
  });

  it('that is not selected where it must be fails with what the outstation says', () => {
    const { play, controller, detail } = stage(
      scenario(step('spill', `verb: write-tag, ${FROM_SCADA}, tag: LIC201_SP, value: 4.5, command: direct`)),
    );
    const before = controller('booster-rtu').variable('LIC201_SP').get();
    play.runUntil(at(60));
    expect(controller('booster-rtu').variable('LIC201_SP').get()).toBe(before);
    expect(detail('spill')).toBe('LIC201_SP := 4.5: refused');
  });

  it('goes over UDP, to a point that no other protocol reaches', () => {
    const { play, controller } = stage(
      scenario(step('close', 'verb: write-tag, from: scada, to: valve-rtu, tag: HV201, value: 0')),
    );
    play.runUntil(at(60));
    expect(controller('valve-rtu').variable('HV201').get()).toBe(0);
    play.runUntil(at(400));
    expect(controller('valve-rtu').variable('HV201').get()).toBe(1);
    expect(play.attack?.report.revert.state).toBe('proven');
  });

  it('is given from another host under the link address of the master, which the outstation obeys', () => {
    const as = 'as: scada';
    const { play, controller, detail } = stage(
      scenario(
        step('look', `verb: read-tags, ${FROM_ENGINEERING}, tags: [LIT201, LIC201_MODE], ${as}`) +
          step(
            'spill',
            `verb: write-tag, ${FROM_ENGINEERING}, tag: LIC201_SP, value: 4.5, ${as}`,
            'after: { step: look }, ',
          ),
      ),
    );
    play.runUntil(at(90));
    expect(detail('look')).toBe('read LIT201, LIC201_MODE');
    expect(controller('booster-rtu').variable('LIC201_SP').get()).toBeCloseTo(4.5, 6);
    play.runUntil(at(400));
    expect(play.attack?.report.revert).toMatchObject({ state: 'proven' });
  });

  it('is ended by a cap on writes', () => {
    const spec = scenario(
      step('spill', `verb: write-tag, ${FROM_SCADA}, tag: LIC201_SP, value: 4.5, command: select`),
      'caps: { writes: 0 }',
    );
    const { play, controller, records } = stage(spec);
    const before = controller('booster-rtu').variable('LIC201_SP').get();
    play.runUntil(at(60));
    expect(controller('booster-rtu').variable('LIC201_SP').get()).toBe(before);
    expect(records.find(({ event }) => event === 'capped')?.detail).toContain('may write 0 times');
  });
});

describe('an outstation', () => {
  it('restarts when it is asked to, and the step ends when it answers again', () => {
    const { play, controller, detail } = stage(
      scenario(step('restart', `verb: restart-outstation, ${FROM_SCADA}, kind: cold`)),
    );
    play.runUntil(at(35));
    expect(controller('booster-rtu').mode).toBe('stopped');
    play.runUntil(at(150));
    expect(controller('booster-rtu').mode).toBe('running');
    expect(detail('restart')).toBe('cold restart; it answers again');
  });

  it('reports nothing of its own accord, until that is undone by itself', () => {
    const { play, peer, told } = stage(scenario(step('quiet', `verb: disable-unsolicited, ${FROM_SCADA}`)));
    play.runUntil(at(40));
    const reports = peer.master.counters.unsolicited;
    play.runUntil(at(140));
    expect(peer.master.counters.unsolicited).toBe(reports);
    play.runUntil(at(500));
    expect(peer.master.counters.unsolicited).toBeGreaterThan(reports);
    expect(play.attack?.report.revert).toEqual({
      state: 'proven',
      tags: [],
      programs: [],
      reports: [{ device: 'booster-rtu', proven: true, reason: '' }],
    });
    expect(told()).toContain('revert enable-reports-booster-rtu done');
  });
});

describe('the scope', () => {
  it.each([
    [
      'a master that is none',
      step('x', `verb: write-tag, ${FROM_SCADA}, tag: LIC201_SP, value: 1, as: engineering`),
      'scope.no-master',
    ],
    [
      'a host that is no outstation',
      step('x', 'verb: restart-outstation, from: engineering, to: scada'),
      'scope.no-outstation',
    ],
    ['a role that nobody has', step('x', `verb: disable-unsolicited, ${FROM_SCADA}, as: nobody`), 'scope.unknown-role'],
    [
      'a point without an index',
      step('x', 'verb: write-tag, from: scada, to: booster-rtu, tag: HV201, value: 1, command: direct'),
      'scope.no-point',
    ],
  ])('refuses %s before anything is sent', (_, steps, id) => {
    const play = (): unknown => stage(scenario(steps));
    expect(play).toThrow(ScopeError);
    expect(play).toThrow(expect.objectContaining({ id }));
  });
});
