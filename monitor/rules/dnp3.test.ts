/** What the judgement makes of DNP3 beyond one rule each: normal work that nobody minds, values and commands as tags, what is learned. */
import { readFileSync } from 'node:fs';
import { allOf, FUNCTION, indexed, latch, setPoint, valuesFrom } from '@penstock/protocols/dnp3';
import { describe, expect, it } from 'vitest';
import { Baseline, formatBaseline, parseBaseline } from '../baseline/index.ts';
import { DETECTORS } from '../detectors/registry.ts';
import { loadKnowledge } from '../knowledge.ts';
import { Monitor } from '../monitor.ts';
import { readCapture } from '../test/capture-bytes.ts';
import { Booster, Dnp3Line, Dnp3Tool } from '../test/dnp3-line.ts';
import { Lan } from '../test/lan.ts';
import { badRadio, usualWork } from '../test/rule-scenes/booster.ts';
import { BOOSTER, SCADA, STRANGER } from '../test/rule-scenes/scene.ts';
import { libraryRules } from '../test/works.ts';

const CAPTURES = new URL('./captures/', import.meta.url);
const knowledge = loadKnowledge(new URL('owner.yaml', CAPTURES));
const rules = libraryRules();

const learned = (() => {
  const monitor = new Monitor({ knowledge, rules, mode: 'learn' });
  readCapture(readFileSync(new URL('normal.pcap', CAPTURES)), monitor);
  monitor.finish();
  return formatBaseline(monitor.baseline);
})();

function watch(play: (lan: Lan) => void, baseline: Baseline | undefined = parseBaseline(learned, 'learned')): Monitor {
  const monitor = new Monitor({ knowledge, ...(baseline && { baseline }), rules, detectors: DETECTORS, mode: 'watch' });
  const lan = new Lan();
  play(lan);
  lan.play(monitor);
  monitor.finish();
  return monitor;
}

const said = (monitor: Monitor): string[] => monitor.alerts.map(({ rule, message }) => `${rule}: ${message}`);
const tag = (monitor: Monitor, id: string) => monitor.tags().find((one) => one.tag === id)?.value;
const tool = (lan: Lan, from: string): Dnp3Tool => new Dnp3Tool(lan, from, BOOSTER);

describe('normal work', () => {
  it.each([
    ['a good link', false, 1e9],
    ['a radio that loses one frame of twenty', false, 20],
    ['a radio that loses one frame of seven', false, 7],
    ['a radio that loses one frame of twenty, with confirmations of the link', true, 20],
    ['a radio that loses one frame of nine, with confirmations of the link', true, 9],
  ])('is silent under all rules over %s', (_, confirmed, lost) => {
    expect(said(watch((lan) => void badRadio(lan, SCADA, BOOSTER, confirmed, lost)))).toEqual([]);
  });

  it('is silent when the station is away for a while and its events wait for the master', () => {
    const monitor = watch((lan) => {
      let away = false;
      const booster = new Booster(lan);
      const line = new Dnp3Line(lan, SCADA, BOOSTER, { booster, loss: () => away });
      let at = 0;
      const live = (): void => {
        booster.values[1] = 5.2 + 0.02 * Math.sin(2.3 * at) + 0.01 * Math.cos(0.7 * at * at++);
      };
      line.run(120, live);
      away = true;
      line.run(40, live);
      away = false;
      line.run(120, live);
    });
    expect(said(monitor)).toEqual([]);
  });
});

describe('values', () => {
  it('become tags, by events and polls alike', () => {
    const monitor = watch((lan) => {
      const line = usualWork(lan, SCADA, BOOSTER, 20);
      line.booster.values[0] = 0;
      line.run(10);
    });
    expect(tag(monitor, 'P501')).toBe(0);
    expect(tag(monitor, 'PIT501')).toBeCloseTo(5.2, 1);
    expect(tag(monitor, 'PIC501')).toBe(5);
    expect(tag(monitor, 'FQ501')).toBeGreaterThanOrEqual(1019);
  });

  it('beyond their limits are told', () => {
    const monitor = watch((lan) => {
      const line = usualWork(lan, SCADA, BOOSTER, 60);
      line.booster.values[1] = 9;
      line.run(20);
    });
    expect(said(monitor).filter((text) => text.startsWith('reading-outside-safe-limits'))).toHaveLength(1);
  });

  it('that the station says are worth nothing are not taken', () => {
    const monitor = watch((lan) => {
      const line = usualWork(lan, SCADA, BOOSTER, 20);
      line.booster.flags[1] = 0x05;
      line.booster.values[1] = 0;
      line.run(20);
    });
    expect(tag(monitor, 'PIT501')).toBeCloseTo(5.2, 1);
    expect(said(monitor)).toEqual([
      'dnp3-point-lost: PIT501 (Pressure behind the booster) of booster-rtu is communication-lost',
    ]);
  });
});

describe('commands', () => {
  it('are writes of tags', () => {
    const monitor = watch((lan) =>
      usualWork(lan, SCADA, BOOSTER, 20).work(
        (master, now) => master.command([{ index: 0, value: setPoint(9) }], 'select', now),
        10,
      ),
    );
    expect(monitor.alerts.find(({ rule }) => rule === 'value-outside-limits')).toMatchObject({
      tag: 'PIC501',
      oldValue: 5,
      newValue: 9,
    });
    expect(tag(monitor, 'PIC501')).toBe(9);
  });

  it('that the station does not keep are told', () => {
    const monitor = watch((lan) => {
      const line = usualWork(lan, SCADA, BOOSTER, 20).work(
        (master, now) => master.command([{ index: 0, value: setPoint(5.3) }], 'select', now),
        5,
      );
      line.booster.values[3] = 6.5;
      line.run(20);
    });
    expect(said(monitor).filter((text) => text.startsWith('set-point-not-kept'))).toHaveLength(1);
  });

  it('may be plain writes of outputs', () => {
    const monitor = watch((lan) => {
      usualWork(lan, SCADA, BOOSTER, 20);
      tool(lan, STRANGER).say(FUNCTION.write, [valuesFrom(10, 1, 0, [{ type: 'binary', value: true }])]);
    });
    expect(monitor.alerts.filter(({ tag: of }) => of === 'HS501').map(({ rule }) => rule)).not.toEqual([]);
  });

  it('that the station refuses change nothing', () => {
    const monitor = watch((lan) => {
      usualWork(lan, SCADA, BOOSTER, 20);
      tool(lan, SCADA).say(FUNCTION.directOperate, [indexed(41, 3, [{ index: 7, value: setPoint(9) }])]);
    });
    expect(tag(monitor, 'PIC501')).toBe(5);
    expect(monitor.alerts.map(({ rule }) => rule)).toContain('write-outside-point-list');
  });

  it('of points that were never commanded are told', () => {
    const baseline = parseBaseline(learned, 'learned');
    const data = baseline.toJSON();
    const without = Baseline.from({ ...data, writes: data.writes.filter(({ table }) => table !== 'g10') });
    const monitor = watch(
      (lan) =>
        usualWork(lan, SCADA, BOOSTER, 20).work(
          (master, now) => master.command([{ index: 0, value: latch(true) }], 'select', now),
          10,
        ),
      without,
    );
    expect(monitor.alerts.find(({ rule }) => rule === 'write-outside-learned-points')).toMatchObject({ tag: 'HS501' });
  });

  it('and restarts are told whoever asks for them', () => {
    const monitor = watch((lan) => {
      usualWork(lan, SCADA, BOOSTER, 20);
      tool(lan, STRANGER).say(FUNCTION.coldRestart);
    });
    expect(monitor.alerts.find(({ rule }) => rule === 'dnp3-restart')?.message).toMatch(/10\.10\.2\.99/);
  });
});

describe('a station that opens the connection itself', () => {
  const monitor = watch((lan) =>
    usualWork(lan, SCADA, BOOSTER, 60, { dialsBack: true }).work(
      (master, now) => master.command([{ index: 0, value: setPoint(9) }], 'direct', now),
      10,
    ),
  );

  it('tells its values all the same', () => {
    expect(tag(monitor, 'PIT501')).toBeCloseTo(5.2, 1);
    expect(tag(monitor, 'PIC501')).toBe(9);
  });

  it('is the device of what its master does', () => {
    for (const rule of ['value-outside-limits', 'dnp3-direct-operate'])
      expect(monitor.alerts.find((alert) => alert.rule === rule)).toMatchObject({
        device: 'booster-rtu',
        message: expect.stringMatching(/^scada/),
      });
  });
});

describe('reports of its own accord', () => {
  const off = (lan: Lan, time: number, enables: boolean): void => {
    const line = usualWork(lan, SCADA, BOOSTER, 60);
    const classes = [allOf(60, 2), allOf(60, 3), allOf(60, 4)];
    line.work((master, now) => master.perform(FUNCTION.disableUnsolicited, classes, now), 30);
    if (enables) line.work((master, now) => master.perform(FUNCTION.enableUnsolicited, classes, now));
    line.run(time);
  };

  it('that stay disabled are told, even when their own master did it', () => {
    expect(said(watch((lan) => off(lan, 240, false)))).toEqual([
      expect.stringMatching(/^dnp3-reports-stay-off: scada .* booster-rtu/),
    ]);
  });

  it('that are enabled again are not', () => {
    expect(said(watch((lan) => off(lan, 240, true)))).toEqual([]);
  });

  it('that a master never wanted, which says so whenever it connects, are not missed', () => {
    const data = parseBaseline(learned, 'learned').toJSON();
    const pollsOnly = Baseline.from({
      ...data,
      requests: data.requests.map((request) => ({
        ...request,
        functions: request.functions.filter((name) => !name.startsWith('ENABLE_UNSOLICITED')),
      })),
    });
    const rules = (baseline: Baseline) => watch((lan) => off(lan, 240, false), baseline).alerts.map(({ rule }) => rule);
    expect(rules(pollsOnly)).not.toContain('dnp3-reports-stay-off');
    const neverSaid = Baseline.from({
      ...data,
      requests: data.requests.map((request) => ({
        ...request,
        functions: request.functions.filter((name) => !name.includes('UNSOLICITED')),
      })),
    });
    expect(rules(neverSaid)).toContain('dnp3-reports-stay-off');
  });
});

describe('what is learned', () => {
  const { associations, requests, writes } = parseBaseline(learned, 'learned').toJSON();

  it('says who masters whom, and how it commands', () => {
    expect(associations).toEqual([
      { source: SCADA, destination: BOOSTER, master: 1, outstation: 10, selected: 8, direct: 0 },
    ]);
  });

  it('says which functions are used and which points are commanded', () => {
    expect(requests.find(({ destination }) => destination === BOOSTER)?.functions).toEqual(
      expect.arrayContaining(['READ', 'SELECT', 'OPERATE', 'ENABLE_UNSOLICITED', 'WRITE g50', 'OPERATE g41']),
    );
    expect(writes.filter(({ destination }) => destination === BOOSTER)).toMatchObject([
      { table: 'g10', address: 0, tag: 'HS501', low: 0, high: 1, count: 2 },
      { table: 'g40', address: 0, tag: 'PIC501', low: 5, count: 6 },
    ]);
  });
});
