/**
 * A stand-in for the plant's controllers, for tests of the physics alone: it holds levels, paces the dosing pumps by flow and washes a
 * filter, through actuators named after the process inputs.
 */
import type { TagSpec } from '@penstock/core';
import { type EngineSettings, ProcessEngine } from '@penstock/simulator/process';
import { NORMAL_FLOW_M3_PER_HOUR } from '../design.ts';
import process from '../process.ts';
import { INPUTS } from '../signals.ts';
import type { DrinkingWater } from '../works.ts';

export type InputName = keyof typeof INPUTS;

/** One actuator a process input, of the same name, without slew. */
const TAGS = Object.keys(INPUTS).map((name): TagSpec => {
  const top = name.endsWith('LPerHour') ? 100 : name.endsWith('Percent') ? 100 : 1;
  return { id: name, name, area: 'test', kind: 'actuator', unit: '', range: [0, top], actuator: { drives: name } };
});

export function makeWorks(settings: Partial<EngineSettings> = {}): ProcessEngine {
  return new ProcessEngine(process, TAGS, { step: 1, seed: 1, ...settings });
}

export const worksOf = (engine: ProcessEngine): DrinkingWater => engine.equations as DrinkingWater;

/** Steps between two looks at the process. */
const SCAN = 5;

export class Operator {
  readonly engine: ProcessEngine;
  naohDose = 8;
  naoclDose = 1.8;
  paclDose = 1;
  rawFlow = NORMAL_FLOW_M3_PER_HOUR;
  #steps = 0;
  readonly #outlets: [number, number] = [53, 53];
  /** Seconds into the wash of each filter, undefined when it filters. */
  readonly #washing: [number | undefined, number | undefined] = [undefined, undefined];

  constructor(engine: ProcessEngine) {
    this.engine = engine;
  }

  set(input: InputName, value: number): void {
    this.engine.command(this.engine.tagIndex(input), value);
  }

  startWash(filter: 0 | 1): void {
    this.#washing[filter] = 0;
  }

  washing(filter: 0 | 1): boolean {
    return this.#washing[filter] !== undefined;
  }

  /** Acts on the outputs as they are, every five steps, and advances the process by one. */
  step(): void {
    if (this.#steps++ % SCAN === 0) this.#act();
    this.engine.step();
  }

  run(seconds: number): void {
    const steps = Math.round(seconds / this.engine.stepSeconds);
    for (let i = 0; i < steps; i++) this.step();
  }

  #act(): void {
    const { engine } = this;
    const intakeSpeed =
      88.5 + 0.12 * (this.rawFlow - engine.output('rawFlowM3PerHour')) + 8 * (2.8 - engine.output('clearwellLevelM'));
    this.set('intakePump1SpeedPercent', this.rawFlow > 0 ? Math.max(70, intakeSpeed) : 0);
    const serviceSpeed = 90 + 5 * (4 - engine.output('elevatedTankLevelM'));
    this.set('highServicePump1SpeedPercent', serviceSpeed);
    this.set('highServicePump2SpeedPercent', serviceSpeed);
    this.set('paclDosingDemandLPerHour', (this.paclDose * engine.output('rawFlowM3PerHour')) / 65);
    this.set('naoclDosingDemandLPerHour', (this.naoclDose * engine.output('filteredFlowM3PerHour')) / 120);
    this.set('naohDosingDemandLPerHour', (this.naohDose * engine.output('contactTankFlowM3PerHour')) / 318);
    this.#filter(0);
    this.#filter(1);
  }

  #filter(f: 0 | 1): void {
    const n = f === 0 ? 'filter1' : 'filter2';
    const time = this.#washing[f];
    const level = this.engine.output(`${n}LevelM`);
    const h = SCAN * this.engine.stepSeconds;
    const filtering = time === undefined || time > 1200;
    this.#outlets[f] = Math.min(100, Math.max(5, this.#outlets[f] + h * (level - 1.5) * 0.05));
    const valve = Math.min(100, Math.max(0, this.#outlets[f] + 30 * (level - 1.5)));
    // Drain to the trough, scour, wash, fill, rinse to waste, back to supply.
    this.set(`${n}InletValvePercent`, filtering || (time ?? 0) > 1140 ? 100 : 0);
    this.set(`${n}OutletValvePercent`, time === undefined ? valve : 0);
    this.set(`${n}WasteValvePercent`, time !== undefined && filtering ? Math.min(100, valve * 1.12) : 0);
    this.set(`${n}WashoutValvePercent`, time !== undefined && time < 1080 ? 100 : 0);
    this.set(`${n}AirScourValvePercent`, time !== undefined && time > 180 && time < 360 ? 100 : 0);
    this.set(`${n}BackwashValvePercent`, time !== undefined && time > 360 && time < 960 ? 100 : 0);
    const washing = this.#washing.some((t) => t !== undefined && t > 360 && t < 960);
    this.set('backwashPumpContactor', washing ? 1 : 0);
    this.set('airScourBlowerContactor', this.#washing.some((t) => t !== undefined && t > 180 && t < 360) ? 1 : 0);
    if (time !== undefined) this.#washing[f] = time + h > 2400 ? undefined : time + h;
  }
}
