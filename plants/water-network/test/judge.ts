/** The process beside EPANET itself: the same network, demands, pumps and valves minute by minute, but EPANET's own tanks and quality. */
import type { TagSpec } from '@penstock/core';
import { type EngineSettings, ProcessEngine } from '@penstock/simulator/process';
import { EpanetNetwork } from '../epanet.ts';
import { epanetText, FILL_VALVE, JUNCTIONS, PUMPS, SOURCES, TANKS } from '../network.ts';
import process from '../process.ts';
import { INPUTS } from '../signals.ts';
import type { WaterNetwork } from '../town.ts';

/** One actuator a process input, of the same name. */
const TAGS = Object.keys(INPUTS).map((name): TagSpec => {
  const top = name.endsWith('KPa') ? 2000 : name.endsWith('Percent') ? 100 : 1;
  return { id: name, name, area: 'test', kind: 'actuator', unit: '', range: [0, top], actuator: { drives: name } };
});

export const STEP = 5;
const MINUTE = 60;

export const makeTown = (settings: Partial<EngineSettings> = {}): ProcessEngine =>
  new ProcessEngine(process, TAGS, { step: STEP, seed: 1, ...settings });

export const townOf = (engine: ProcessEngine): WaterNetwork => engine.equations as WaterNetwork;

export const set = (engine: ProcessEngine, input: keyof typeof INPUTS, value: number): void =>
  engine.command(engine.tagIndex(input), value);

export function run(engine: ProcessEngine, seconds: number): void {
  for (let n = Math.round(seconds / engine.stepSeconds); n > 0; n--) engine.step();
}

/** A day's switching by levels, as the stations' controllers do it, once a minute. */
export function operate(engine: ProcessEngine): void {
  const band = (input: keyof typeof INPUTS, level: string, on: number, off: number, value = 1) => {
    const now = engine.output(level);
    if (now < on) set(engine, input, value);
    else if (now > off) set(engine, input, 0);
  };
  band('worksPump1Contactor', 'castleHillLevelM', 5, 5.6);
  band('worksPump2Contactor', 'castleHillLevelM', 4.4, 5.2);
  band('worksPump3Contactor', 'castleHillLevelM', 3.4, 4.4);
  band('wellPumpContactor', 'eastTowerLevelM', 5.4, 6.2);
  band('northPump1Contactor', 'northStandpipeLevelM', 10, 12);
  band('northPump2Contactor', 'northStandpipeLevelM', 8, 10);
  band('moorPumpContactor', 'moorTowerLevelM', 2.8, 4.2);
  band('fillValvePercent', 'harbourTankLevelM', 3.2, 4.2, 90);
}

/** EPANET on the same network; `follows` what its quality engine carries. */
export class Judge {
  readonly network: EpanetNetwork;
  readonly #tanks: readonly number[];
  readonly #nodes: readonly string[];

  constructor(follows: 'chlorine' | 'age', bulkPerDay: number, wallMPerDay: number, seconds: number) {
    this.network = new EpanetNetwork(epanetText(follows, { bulkPerDay, wallMPerDay }));
    this.#nodes = this.network.nodes;
    this.#tanks = TANKS.map(({ id }) => this.network.node(id));
    this.network.duration = seconds + MINUTE;
    this.network.longestStep = MINUTE;
    if (follows === 'chlorine') {
      for (const [n] of this.#nodes.entries()) this.network.holds(n, 0.6);
      for (const [n, chlorine] of [0.8, 0.6, 0].entries())
        this.network.holds(this.network.node((SOURCES[n] as (typeof SOURCES)[number]).id), chlorine);
    }
    this.network.begin();
    this.network.beginQuality();
  }

  /** One minute with the flows that the process holds now; call before the process makes the minute. */
  minute(engine: ProcessEngine): void {
    const { situation } = townOf(engine);
    const { network } = this;
    for (const [n, { id }] of JUNCTIONS.entries()) network.demand(network.node(id), situation.wanted[n] as number);
    for (const [n, { id }] of PUMPS.entries()) network.open(network.link(id), situation.pumps[n] === 1);
    if (situation.fill > 0) network.setting(network.link(FILL_VALVE.id), situation.fill);
    else network.open(network.link(FILL_VALVE.id), false);
    let left = MINUTE;
    // A minute is several steps when a tank fills or empties in it.
    while (left > 0) {
      network.solve();
      network.carry();
      const step = network.next();
      network.carried();
      left -= step;
      if (step === 0) return;
    }
  }

  levels(): readonly number[] {
    return this.#tanks.map((tank) => this.network.level(tank));
  }

  quality(id: string): number {
    return this.network.qualities()[this.network.node(id)] as number;
  }
}
