import { describe, expect, it } from 'vitest';
import { makeWorks, Operator, worksOf } from './operator.ts';

/** Seconds until `output` first exceeds `limit`; Infinity within `seconds` not. */
function timeTo(operator: Operator, output: string, limit: number, seconds: number): number {
  const { engine } = operator;
  for (let time = engine.stepSeconds; time <= seconds; time += engine.stepSeconds) {
    operator.step();
    if (engine.output(output) > limit) return time;
  }
  return Number.POSITIVE_INFINITY;
}

/** Runs over days take longer steps; `convergence.test.ts` says what that costs. */
const LONG = { step: 4 } as const;

/** Settled operation at 10:00, made once. */
const settled = (() => {
  const engine = makeWorks();
  new Operator(engine).run(10 * 3600);
  return engine.save();
})();

function normal(settings: Parameters<typeof makeWorks>[0] = {}) {
  const engine = makeWorks(settings);
  engine.load(settled);
  return { engine, operator: new Operator(engine) };
}

/** From the process's initial state on. */
function fresh(hours: number, settings: Parameters<typeof makeWorks>[0] = {}) {
  const engine = makeWorks(settings);
  const operator = new Operator(engine);
  operator.run(hours * 3600);
  return { engine, operator };
}

describe('normal operation', () => {
  it('makes about 4 ML a day of water that is right in every respect', () => {
    const { engine } = fresh(24, LONG);
    const within = (output: string, low: number, high: number) => {
      expect(engine.output(output), output).toBeGreaterThan(low);
      expect(engine.output(output), output).toBeLessThan(high);
    };
    const supplied = engine.state('entered.water');
    expect(supplied).toBeGreaterThan(3600);
    expect(supplied).toBeLessThan(4600);
    within('rawPh', 7.1, 7.3);
    within('contactTankOutletPh', 7.1, 7.3);
    within('hypochlorousAcidPercent', 68, 80);
    within('clearwellInletPh', 8, 8.6);
    within('outletPh', 8, 8.6);
    within('contactTankOutletChlorineMgL', 1.2, 1.6);
    within('outletChlorineMgL', 1, 1.6);
    within('disinfectionCtMgMinL', 20, 45);
    within('filteredTurbidityNtu', 0.005, 0.15);
    within('networkPressureKPa', 300, 420);
    within('clearwellLevelM', 1, 3.25);
    within('elevatedTankLevelM', 1.5, 6);
    within('outletAlkalinityMgL', 62, 76);
    expect(engine.output('anyPumpDryRunning')).toBe(0);
  });

  it('adds 8 mg/L of NaOH for pH 8.3, at which a fifth of the chlorine is hypochlorous acid', () => {
    const { engine } = normal();
    expect(engine.output('naohDoseMgL')).toBeCloseTo(8, 0);
    expect(engine.output('clearwellInletPh')).toBeCloseTo(8.3, 0);
    const share = worksOf(engine).speciation.hypochlorousShare(engine.output('clearwellInletPh'));
    expect(share).toBeGreaterThan(0.12);
    expect(share).toBeLessThan(0.28);
  });
});

describe('too much NaOH', () => {
  it('an order for 11,100 mg/L saturates at the pump: 9.5 at the clearwell in a minute, at the outlet within two hours, never 11', () => {
    const { engine, operator } = normal();
    operator.naohDose = 11_100;
    const atSafetyTap = timeTo(operator, 'safetyTapPh', 9.3, 60);
    const atClearwell = atSafetyTap + timeTo(operator, 'clearwellInletPh', 9.5, 300);
    expect(engine.output('naohDoseMgL')).toBeLessThan(45);
    const atOutlet = atClearwell + timeTo(operator, 'outletPh', 9.5, 3 * 3600);
    console.log(
      `NaOH at the pump's limit: 9.3 at the safety tap after ${atSafetyTap} s, 9.5 at the clearwell inlet after ${atClearwell} s, at the outlet after ${atOutlet} s`,
    );
    expect(atSafetyTap).toBeLessThan(30);
    expect(atClearwell).toBeLessThan(120);
    expect(atOutlet).toBeGreaterThan(1800);
    expect(atOutlet).toBeLessThan(7200);
    expect(timeTo(operator, 'clearwellInletPh', 11, 4 * 3600)).toBe(Number.POSITIVE_INFINITY);
  });

  it('with the oversized pump passes 11 at the clearwell at once and at the outlet in hours', () => {
    const { operator } = normal({ options: { oversizedNaohPump: true } });
    operator.naohDose = 11_100;
    const atClearwell = timeTo(operator, 'clearwellInletPh', 11, 300);
    const atOutlet = atClearwell + timeTo(operator, 'outletPh', 11, 6 * 3600);
    console.log(`oversized pump: 11 at the clearwell inlet after ${atClearwell} s, at the outlet after ${atOutlet} s`);
    expect(atClearwell).toBeLessThan(120);
    expect(atOutlet).toBeLessThan(5 * 3600);
  });

  it('is ended by the contactor in series, whatever the pumps are told', () => {
    const { engine, operator } = normal();
    operator.naohDose = 40;
    operator.run(300);
    operator.set('dosingContactor', 0);
    operator.run(120);
    for (const chemical of ['pacl', 'naocl', 'naoh']) expect(engine.output(`${chemical}DosingFlowLPerHour`)).toBe(0);
    expect(engine.output('safetyTapPh')).toBeLessThan(7.3);
  });
});

describe('failures of treatment', () => {
  it('no chlorine: CT falls below 15 within the hour, the outlet keeps some for hours', () => {
    const { engine, operator } = normal();
    operator.naoclDose = 0;
    operator.run(3600);
    expect(engine.output('disinfectionCtMgMinL')).toBeLessThan(15);
    expect(engine.output('outletChlorineMgL')).toBeGreaterThan(0.5);
  });

  it('chlorine can pass 5 mg/L at the pump limit', () => {
    const { operator } = normal();
    operator.naoclDose = 100;
    expect(timeTo(operator, 'contactTankOutletChlorineMgL', 5, 3600)).toBeLessThan(3600);
  });

  it('no coagulant: filtrate passes 1 NTU within the hour', () => {
    const { operator } = normal();
    operator.paclDose = 0;
    expect(timeTo(operator, 'filteredTurbidityNtu', 1, 3600)).toBeLessThan(3600);
  });

  it('no mixer: filtrate gets worse', () => {
    const { engine, operator } = normal();
    const before = engine.output('filteredTurbidityNtu');
    operator.set('rapidMixerContactor', 0);
    operator.run(3600);
    expect(engine.output('filteredTurbidityNtu')).toBeGreaterThan(2 * before);
  });
});

describe('filters', () => {
  it('head loss and turbidity grow over a run of two days, a wash restores them and the first filtrate is dirty', () => {
    const { engine, operator } = fresh(1, LONG);
    engine.disturb('variability', 0);
    const clean = engine.output('filter1HeadLossM');
    operator.run(47 * 3600);
    const loaded = engine.output('filter1HeadLossM');
    const turbidity = engine.output('filter1TurbidityNtu');
    console.log(
      `filter 1: head loss ${clean.toFixed(2)} m after 1 h, ${loaded.toFixed(2)} m and ${turbidity.toFixed(3)} NTU after 48 h`,
    );
    expect(loaded).toBeGreaterThan(1);
    expect(loaded).toBeLessThan(2.5);
    operator.startWash(0);
    let dirtiest = 0;
    let most = 0;
    while (operator.washing(0)) {
      operator.step();
      most = Math.max(most, engine.output('backwashFlowM3PerHour'));
      if (engine.output('filter1WasteFlowM3PerHour') > 10)
        dirtiest = Math.max(dirtiest, engine.output('filter1TurbidityNtu'));
    }
    operator.run(3 * 3600);
    expect(most).toBeGreaterThan(500);
    expect(dirtiest).toBeGreaterThan(1);
    expect(engine.output('filter1HeadLossM')).toBeLessThan(0.3 * loaded);
    expect(engine.output('filter1TurbidityNtu')).toBeLessThan(0.5 * turbidity);
  });

  it('breaks through when it is not washed', () => {
    const { operator } = fresh(1, LONG);
    expect(timeTo(operator, 'filteredTurbidityNtu', 1, 110 * 3600)).toBeGreaterThan(50 * 3600);
  }, 120_000);

  it('with both inlets shut the channel runs over', () => {
    const { engine, operator } = fresh(1);
    for (const n of [1, 2] as const) operator.set(`filter${n}InletValvePercent`, 0);
    for (let i = 0; i < 60; i++) engine.step();
    expect(engine.output('inletChannelOverflowM3PerHour')).toBeCloseTo(engine.output('rawFlowM3PerHour'), 6);
    expect(engine.output('totalOverflowM3PerHour')).toBeGreaterThan(100);
  });
});

describe('pumps and network', () => {
  it('an intake that is shut off runs its pump dry', () => {
    const { engine, operator } = fresh(1, LONG);
    operator.set('intakePenstockPercent', 0);
    operator.run(3 * 3600);
    expect(engine.output('intakePumpDryRunning')).toBe(1);
    expect(engine.output('anyPumpDryRunning')).toBe(1);
    expect(engine.output('rawSumpLevelM')).toBeGreaterThan(0);
  });

  it('a stopped high service drains the tank, and then pressure falls below 140 kPa', () => {
    const { engine, operator } = fresh(1, LONG);
    operator.set('highServicePump1Contactor', 0);
    operator.set('highServicePump2Contactor', 0);
    operator.run(8 * 3600);
    expect(engine.output('elevatedTankLevelM')).toBeLessThan(0.1);
    expect(engine.output('networkPressureKPa')).toBeLessThan(140);
  });

  it('a burst main takes pressure away, a full tank and clearwell run over', () => {
    const { engine, operator } = fresh(1);
    engine.disturb('networkBurstM3PerHour', 400);
    operator.run(60);
    expect(engine.output('networkPressureKPa')).toBeLessThan(200);
    engine.disturb('networkBurstM3PerHour', 0);
    engine.disturb('demandFactor', 0);
    for (let i = 0; i < 6 * 3600; i++) {
      operator.set('highServicePump1SpeedPercent', 100);
      operator.set('highServicePump2SpeedPercent', 100);
      engine.step();
    }
    expect(engine.output('elevatedTankOverflowM3PerHour')).toBeGreaterThan(50);
    operator.set('highServicePump1Contactor', 0);
    operator.set('highServicePump2Contactor', 0);
    for (let i = 0; i < 6 * 3600; i++) engine.step();
    expect(engine.output('clearwellOverflowM3PerHour')).toBeGreaterThan(50);
  });

  it('a day tank empties, is filled by a delivery and runs over at its brim', () => {
    const { engine, operator } = fresh(1, LONG);
    operator.naoclDose = 6;
    operator.run(30 * 3600);
    expect(engine.output('naoclDayTankLevelPercent')).toBeLessThan(1);
    expect(engine.output('naoclDosingFlowLPerHour')).toBeLessThan(1);
    engine.disturb('naoclDeliveryLPerHour', 1200);
    operator.run(1200);
    expect(engine.output('naoclDayTankLevelPercent')).toBeGreaterThan(99);
    expect(engine.output('dayTankOverflowLPerHour')).toBeGreaterThan(500);
  });
});

describe('snapshots of the works', () => {
  it('a run that is saved, sent through JSON and loaded goes on as if nothing had been', () => {
    const { engine, operator } = fresh(2, { seed: 5 });
    operator.startWash(1);
    operator.run(500);
    const saved = JSON.parse(JSON.stringify(engine.save()));
    const other = makeWorks({ seed: 99 });
    other.load(saved);
    expect([...other.outputs]).toEqual([...engine.outputs]);
    for (let i = 0; i < 3600; i++) {
      engine.step();
      other.step();
    }
    expect([...other.states]).toEqual([...engine.states]);
    expect([...other.outputs]).toEqual([...engine.outputs]);
  });

  it('two runs of one seed are the same to the bit, two of different seeds are not', () => {
    const end = (seed: number) => [...fresh(1, { seed }).engine.states];
    expect(end(4)).toEqual(end(4));
    expect(end(4)).not.toEqual(end(5));
  });
});
