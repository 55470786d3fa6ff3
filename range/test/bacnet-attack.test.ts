/** Attacks on a ventilation over BACnet: what is sent, what happens, what is seen, and that it is undone. */
import { fileURLToPath } from 'node:url';
import { type ScenarioSpec, type StepRecord, scenarioSchema } from '@penstock/attacks';
import { parseYamlText, seconds } from '@penstock/core';
import { builtInRules } from '@penstock/monitor';
import { objectId, PROPERTY } from '@penstock/protocols/bacnet';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { BacnetPoller, type Device } from '@penstock/simulator/devices';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Plant, Play, readPlant } from '../index.ts';

const at = (s: number) => seconds(s) as never;

let plant: Plant;
beforeAll(async () => {
  plant = await readPlant(fileURLToPath(new URL('./ventilation-plant', import.meta.url)));
});

const scenario = (steps: string): ScenarioSpec =>
  parseYamlText(
    `
id: bad-air
name: Bad air
plant: ventilation-plant
story: Somebody in the building network commands the ventilation.
basis: { incident: none, documented: [], invented: [everything], sources: [none] }
start: 30s
observe: 5m
revertAfter: 2m
steps:
${steps}
twin:
  name: Legitimate
  about: The speed set point is moved a little.
  steps: [{ id: look, about: x, verb: write-tag, from: scada, to: ventilation, tag: SC901_SP, value: 45, techniques: [T0836] }]
`,
    'bad-air.yaml',
    scenarioSchema,
  );

const step = (id: string, text: string): string => `  - { id: ${id}, about: x, techniques: [T0836], ${text} }\n`;
const FROM_SCADA = 'from: scada, to: ventilation';
const FROM_PANEL = 'from: panel, to: ventilation';

function stage(steps: string) {
  const records: StepRecord[] = [];
  const play = new Play({
    ...{ plant, run: 'test', seed: 7, startAt: 0 as never, scenario: { spec: scenario(steps), variant: 'attack' } },
    monitor: { rules: builtInRules(), mode: 'watch' },
    onStep: (record: StepRecord) => records.push(record),
  });
  const controller = (play.range.devices.get('ventilation') as Device).controller as NonNullable<Device['controller']>;
  return {
    play,
    controller,
    told: () => records.map(({ phase, step: id, event }) => `${phase} ${id} ${event}`),
    detail: (id: string) => records.find((record) => record.step === id && record.event !== 'start')?.detail,
    rules: () => new Set(play.monitor?.alerts.map(({ rule }) => rule)),
  };
}

describe('a command over BACnet', () => {
  it('at a priority for life safety turns the air round, is noticed, and is taken back where it was given', () => {
    const { play, controller, told, rules, detail } = stage(
      step('reverse', `verb: write-tag, ${FROM_SCADA}, tag: HS901, value: 1, priority: 2`),
    );
    play.runUntil(at(60));
    expect(detail('reverse')).toBe('HS901 := 1 at priority 2');
    expect(controller.variable('HS901').get()).toBe(1);
    play.runUntil(at(600));
    expect(controller.variable('HS901').get()).toBe(2);
    expect(told().join('\n')).toContain('restore-hs901 done');
    expect(rules()).toContain('bacnet-high-priority');
    play.finish();
  });
});

describe('what is done to the device itself over BACnet', () => {
  it('is looked for, and noticed', () => {
    const { play, rules, detail } = stage(step('sweep', `verb: who-is-sweep, ${FROM_PANEL}, ranges: 8`));
    play.runUntil(at(90));
    expect(detail('sweep')).toBe('asked who is there, in 8 ranges');
    expect(rules()).toContain('bacnet-who-is-sweep');
    play.finish();
  });

  it('is restarted with its password, not without, and answers again', () => {
    const { play, rules, told, detail } = stage(
      step('guess', `verb: reinitialize-device, ${FROM_PANEL}, password: guess`) +
        step(
          'restart',
          `after: { step: guess, outcome: ended }, verb: reinitialize-device, ${FROM_PANEL}, password: Fan-4711`,
        ),
    );
    play.runUntil(at(200));
    expect(detail('guess')).toBe('cold start: password-failure');
    expect(detail('restart')).toBe('cold start; it answers again');
    expect(told().join('\n')).toContain('restart done');
    expect(rules()).toContain('bacnet-reinitialize');
    play.finish();
  });

  it('is silenced for a while, and speaks again of its own accord', () => {
    const { play, rules, detail, controller } = stage(
      step('mute', `verb: communication-off, ${FROM_PANEL}, minutes: 2, password: Fan-4711`),
    );
    play.runUntil(at(300));
    expect(detail('mute')).toBe('silent for 2 min');
    expect(rules()).toContain('bacnet-communication-off');
    const index = play.range.spec.tags.findIndex(({ id }) => id === 'SC901_SP');
    expect((play.range.queue.now - (play.range.displayed.times[index] as number)) / 1e6).toBeLessThan(21);
    expect(controller.mode).toBe('running');
    play.finish();
  });

  it('tells no alarm while that is suppressed, and tells it again in the end', () => {
    const { play, rules, detail } = stage(
      step('hush', `verb: suppress-alarm, ${FROM_PANEL}, tag: AIT901`) +
        step('still', `after: { step: hush }, verb: suppress-alarm, ${FROM_PANEL}, tag: XA901`),
    );
    play.runUntil(at(60));
    expect(detail('hush')).toBe('no alarms of AIT901');
    expect(rules()).toContain('bacnet-alarm-suppressed');
    const enabled = (): unknown => {
      const scada = (play.range.devices.get('scada') as Device).part(BacnetPoller) as BacnetPoller;
      const place = { object: objectId(0, 1), property: PROPERTY.eventEnable };
      let value: unknown;
      scada.peer.speak((client, now) =>
        client.readProperty({ address: parseIpv4('10.9.3.20'), port: 47_808 }, place, now, (readings) => {
          value = readings[0]?.values?.[0];
        }),
      );
      play.runUntil((play.range.queue.now + seconds(2)) as never);
      return value;
    };
    expect(enabled()).toEqual({ kind: 'bits', value: [false, false, false] });
    play.runUntil(at(600));
    expect(enabled()).toEqual({ kind: 'bits', value: [true, true, true] });
    play.finish();
  });
});
