/** The nine stations' programs on the process: a week by themselves, what they do when levels are stale or false, and what guards against it. */
import { describe, expect, it } from 'vitest';
import { Loop } from './loop.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;
const LEVELS = ['LIT201', 'LIT401', 'LIT601', 'LIT801', 'LIT901'] as const;

describe('the stations', () => {
  it('keep every tank between its alarms and every tap under pressure, without a hazard', () => {
    const loop = new Loop();
    loop.run(6 * HOUR);
    const days = process.env.PENSTOCK_PROVE === '1' ? 14 : 2;
    const ranges = loop.ranges(
      [...LEVELS, 'YI001', 'YI002', 'YI003', 'YI006', 'PIT102', 'PIT902', 'AIT802', 'AIT901'],
      days * DAY,
    );
    console.log(
      Object.entries(ranges)
        .map(([tag, [low, high]]) => `${tag} ${low.toFixed(2)}–${high.toFixed(2)}`)
        .join(', '),
    );
    const within = (tag: string, low: number, high: number) => {
      expect(ranges[tag]?.[0], `lowest ${tag}`).toBeGreaterThan(low);
      expect(ranges[tag]?.[1], `highest ${tag}`).toBeLessThan(high);
    };
    within('LIT201', 2.5, 5.8);
    within('LIT401', 3, 6.7);
    within('LIT601', 6, 13.5);
    within('LIT801', 1.8, 4.7);
    within('LIT901', 1.8, 4.7);
    within('YI001', 180, 700);
    within('YI002', -1, 7);
    within('YI003', -1, 0.001);
    expect([...loop.hazards]).toEqual([]);
  }, 120_000);

  it('go on for a day when no level is heard, without a tank running over or dry', () => {
    const loop = new Loop();
    loop.run(6 * HOUR);
    for (const station of ['castle-hill-plc', 'east-tower-plc', 'standpipe-rtu', 'moor-tower-rtu'])
      loop.unheard.add(station);
    const ranges = loop.ranges([...LEVELS], DAY);
    console.log(
      Object.entries(ranges)
        .map(([tag, [low, high]]) => `${tag} ${low.toFixed(2)}–${high.toFixed(2)}`)
        .join(', '),
    );
    for (const [reader, tag] of [
      ['works-plc', 'XA104'],
      ['wells-plc', 'XA304'],
      ['north-booster-plc', 'XA504'],
      ['moor-booster-plc', 'XA704'],
      ['harbour-plc', 'XA904'],
    ] as const)
      expect(loop.get(reader, tag), tag).toBe(1);
    expect([...loop.hazards.keys()]).not.toContain('tank-overflow');
    expect([...loop.hazards.keys()]).not.toContain('low-pressure');
  }, 120_000);

  it('run the standpipe over when its thresholds are raised, but not past the float', () => {
    for (const tankFloats of [false, true]) {
      const loop = new Loop({ tankFloats });
      loop.run(6 * HOUR);
      loop.set('north-booster-plc', 'LIC501_ON', 19);
      loop.set('north-booster-plc', 'LIC501_OFF', 20);
      loop.run(6 * HOUR);
      expect(loop.hazards.has('tank-overflow')).toBe(!tankFloats);
      if (!tankFloats)
        console.log(
          `standpipe runs over ${(((loop.hazards.get('tank-overflow') as number) - 6 * HOUR) / MINUTE).toFixed(0)} min after`,
        );
    }
  }, 120_000);

  it('run the main zone over when the works is told that Castle Hill is low, but not past the floats', () => {
    for (const tankFloats of [false, true]) {
      const loop = new Loop({ tankFloats });
      loop.run(6 * HOUR);
      loop.lies.set('works-plc LIT201', 2);
      loop.run(14 * HOUR);
      expect(loop.hazards.has('tank-overflow')).toBe(!tankFloats);
      if (!tankFloats)
        console.log(
          `the main zone runs over ${(((loop.hazards.get('tank-overflow') as number) - 6 * HOUR) / MINUTE).toFixed(0)} min after`,
        );
    }
  }, 120_000);

  it('do not let the reducing valve be set to what the harbour’s mains cannot bear', () => {
    const loop = new Loop({ harbourRelief: false });
    loop.run(HOUR);
    loop.set('harbour-plc', 'PIC902_SP', 950);
    loop.run(2 * HOUR);
    expect(loop.truth('PIT902')).toBeLessThan(600);
    expect([...loop.hazards.keys()]).not.toContain('overpressure');
  }, 120_000);
});
