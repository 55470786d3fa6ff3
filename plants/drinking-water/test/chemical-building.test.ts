/** The air of the chemical building: what gas comes of spills, where the fans send it, that nothing is lost, and what the ventilation makes of it. */
import { type ProcessDefinition, ProcessEngine } from '@penstock/simulator/process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acidOfPacl, dissolvedChlorine } from '../chemical-building.ts';
import { DOSING } from '../design.ts';
import process from '../process.ts';
import { DrinkingWater } from '../works.ts';
import { ClosedLoop } from './closed-loop.ts';
import { makeWorks } from './operator.ts';

type Engine = ReturnType<typeof makeWorks>;
/** mol of free chlorine and equivalents of caustic in a litre of hypochlorite. */
const CHLORINE = DOSING.naocl.strength / 70.906;
const CAUSTIC = DOSING.naocl.causticStrength / 39.997;

const HELD = ['paclDayTank.chlorine', 'bund.chlorine', 'chemicalRoom.chlorine', 'operatorsRoom.chlorine'];
const books = (engine: Engine): number =>
  HELD.reduce((sum, name) => sum + engine.state(name), 0) +
  engine.state('building.left.chlorine') -
  engine.state('building.entered.chlorine');

function run(engine: Engine, seconds: number): void {
  for (let i = 0; i < seconds; i++) engine.step();
}

describe('chlorine of coagulant and hypochlorite', () => {
  it('stays in solution where there is no acid', () => {
    expect(dissolvedChlorine(1, 0, -CAUSTIC, CHLORINE)).toBeLessThan(1e-6);
  });

  it('is nearly all Cl₂ where coagulant is in great excess', () => {
    // By hand: the pH of PACl is half of pKa less the logarithm of its acid, some 2.4, and Cl₂ over HOCl is [H⁺] × [Cl⁻] over 5.1e-4, some 14.
    const dissolved = dissolvedChlorine(1, acidOfPacl(1), acidOfPacl(1), 1e-4);
    expect(dissolved / 0.1).toBeGreaterThan(0.92);
    expect(dissolved / 0.1).toBeLessThan(0.95);
  });

  it('is what Henderson and Hasselbalch make of it where a twentieth of hypochlorite comes to coagulant', () => {
    const [litres, acid, chlorine] = [1.05, acidOfPacl(1), 0.05 * CHLORINE];
    const share = (dissolvedChlorine(litres, acid, acid - 0.05 * CAUSTIC, chlorine) * litres) / (1000 * chlorine);
    const used = 0.05 * CAUSTIC + chlorine * (1 + share);
    const hydrogen = (1e-5 * (acid - used)) / used;
    const overHypochlorous = (hydrogen * 2) / 5.1e-4;
    expect(share).toBeCloseTo(overHypochlorous / (1 + overHypochlorous), 2);
  });

  it('is more the more acid there is, and never more than there is chlorine', () => {
    const amount = fc.double({ min: 1e-4, max: 2, noNaN: true });
    fc.assert(
      fc.property(
        amount,
        amount,
        amount,
        fc.double({ min: -1, max: 1, noNaN: true }),
        (litres, pacl, chlorine, less) => {
          const acid = acidOfPacl(pacl);
          const given = acid * less;
          const dissolved = dissolvedChlorine(litres, acid, given, chlorine);
          expect(dissolved).toBeGreaterThanOrEqual(0);
          expect(dissolved).toBeLessThanOrEqual((1000 * chlorine) / litres);
          expect(dissolvedChlorine(litres, acid, given + 0.1, chlorine)).toBeGreaterThanOrEqual(dissolved * (1 - 1e-9));
        },
      ),
    );
  });
});

describe('the building', () => {
  it('loses no chlorine: a tanker at the wrong coupling, hoses that leak, an overflow, a pump in the bund', () => {
    const engine = makeWorks({ seed: 5 });
    const before = books(engine);
    engine.disturb('naoclIntoPaclTankLPerHour', 600);
    engine.disturb('paclSpillLPerHour', 20);
    run(engine, 900);
    engine.disturb('naoclIntoPaclTankLPerHour', 0);
    engine.disturb('naoclSpillLPerHour', 15);
    engine.command(engine.tagIndex('extractFanSpeedPercent'), 5);
    run(engine, 1800);
    engine.disturb('naoclSpillLPerHour', 0);
    engine.disturb('bundPumpLPerHour', 300);
    engine.command(engine.tagIndex('extractFanSpeedPercent'), 100);
    run(engine, 3600);
    const entered = engine.state('building.entered.chlorine');
    expect(entered).toBeGreaterThan(200);
    expect(engine.state('building.left.chlorine')).toBeGreaterThan(10);
    expect(engine.state('entered.chlorine')).toBeGreaterThan(0);
    expect(Math.abs(books(engine) - before) / entered).toBeLessThan(1e-9);
  });

  it('converges with the fourth order of its method as the step halves', () => {
    const continuous: ProcessDefinition = {
      ...process,
      build: (context) => {
        const works = new DrinkingWater(context);
        return {
          initial: works.initial.bind(works),
          derivatives: works.derivatives.bind(works),
          outputs: works.outputs.bind(works),
          memory: works.memory,
        };
      },
    };
    const watched = [
      'bund.acid',
      'bund.chlorine',
      'chemicalRoom.chlorine',
      'operatorsRoom.chlorine',
      'building.left.chlorine',
    ];
    const after = (step: number): number[] => {
      const engine = new ProcessEngine(continuous, [], { step, seed: 1, method: 'rk4' });
      engine.disturb('variability', 0);
      engine.disturb('paclSpillLPerHour', 2);
      engine.disturb('naoclSpillLPerHour', 1);
      for (let i = 0; i < Math.round(600 / step); i++) engine.step();
      return watched.map((name) => engine.state(name));
    };
    const exact = after(0.125);
    const worst = (values: readonly number[]) =>
      Math.max(...values.map((value, i) => Math.abs(value - (exact[i] as number)) / Math.abs(exact[i] as number)));
    const errors = [4, 2, 1].map((step) => worst(after(step)));
    const order = Math.log2((errors[1] as number) / (errors[2] as number));
    console.log('chemical building: errors at 4, 2, 1 s', errors, 'observed order', order);
    expect(order).toBeGreaterThan(3);
    expect(errors[2]).toBeLessThan(1e-5);
  });

  it('keeps gas from the operators as long as the extract fan leads, and sends it there when the supply does', () => {
    const share = (extract: number, supply: number): number => {
      const engine = makeWorks({ seed: 5 });
      engine.command(engine.tagIndex('extractFanSpeedPercent'), extract);
      engine.command(engine.tagIndex('supplyFanSpeedPercent'), supply);
      engine.disturb('paclSpillLPerHour', 0.6);
      engine.disturb('naoclSpillLPerHour', 0.3);
      run(engine, 3600);
      expect(Math.sign(engine.output('chemicalRoomPressurePa'))).toBe(Math.sign(supply - extract));
      return engine.output('operatorsRoomChlorinePpm') / engine.output('chemicalRoomChlorinePpm');
    };
    expect(share(50, 40)).toBeLessThan(0.03);
    expect(share(40, 50)).toBeGreaterThan(0.3);
    expect(share(0, 100)).toBeGreaterThan(0.7);
  });

  it('draws the air out by the detector’s own relay where that is fitted, whatever the fans are told', () => {
    const beside = (detectorFan: boolean): number => {
      const engine = makeWorks({ seed: 5, options: { detectorFan } });
      engine.command(engine.tagIndex('extractFanSpeedPercent'), 40);
      engine.command(engine.tagIndex('supplyFanSpeedPercent'), 50);
      engine.disturb('paclSpillLPerHour', 2);
      engine.disturb('naoclSpillLPerHour', 1);
      let worst = 0;
      for (let i = 0; i < 3600; i++) {
        engine.step();
        if (i > 1800) worst = Math.max(worst, engine.output('operatorsRoomChlorinePpm'));
      }
      return worst;
    };
    expect(beside(false)).toBeGreaterThan(1);
    expect(beside(true)).toBeLessThan(0.5);
  });
});

describe('the ventilation’s program', () => {
  const leaking = (before: (loop: ClosedLoop) => void): ClosedLoop => {
    const loop = new ClosedLoop({ seed: 3 });
    loop.run(300);
    before(loop);
    loop.engine.disturb('paclSpillLPerHour', 0.6);
    loop.engine.disturb('naoclSpillLPerHour', 0.3);
    loop.run(3000);
    return loop;
  };

  it('goes to emergency ventilation, tells it, and nobody beside is harmed', () => {
    const loop = leaking(() => {});
    expect(loop.get('XA801')).toBe(1);
    expect(loop.truth('FIT801')).toBeGreaterThan(5900);
    expect(loop.alarms.map(({ tag }) => tag)).toContain('AIT801');
    expect([...loop.hazards.keys()]).toEqual([]);
  }, 120_000);

  it('harms who sits beside once its direction is turned and its limit raised', () => {
    const loop = leaking(() => {});
    const turned = leaking((it) => {
      it.set('AAH801_SP', 20);
      it.set('HS801', 2);
    });
    expect(turned.truth('PDT801')).toBeGreaterThan(0);
    expect([...turned.hazards.keys()]).toContain('chlorine-beside');
    expect(turned.truth('AIT802')).toBeGreaterThan(10 * loop.truth('AIT802'));
  }, 120_000);
});
