/** The controllers of `plant.yaml` on the process, their signals to each other by wire: the unit without its networks. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { after, type Instant, loadPlant, START, seconds, type TagSpec } from '@penstock/core';
import { Controller } from '@penstock/simulator/controllers';
import { type EngineSettings, ProcessEngine } from '@penstock/simulator/process';
import process from '../process.ts';

export const { spec: plant } = loadPlant(fileURLToPath(new URL('..', import.meta.url)));

/** What one controller measures and another needs at once, and what one reckons for others after all have run. */
const BEFORE = [['stripper-plc', 'FIT401', 'separator-plc', 'PRODUCT_FLOW']] as const;
const AFTER = [
  ['composition-plc', 'FIC101_RSP', 'reactor-plc', 'FIC101_RSP'],
  ['composition-plc', 'FIC102_RSP', 'reactor-plc', 'FIC102_RSP'],
  ['composition-plc', 'FIC103_RSP', 'reactor-plc', 'FIC103_RSP'],
  ['composition-plc', 'FIC306_RSP', 'separator-plc', 'FIC306_RSP'],
  ['composition-plc', 'TIC401_RSP', 'stripper-plc', 'TIC401_RSP'],
] as const;
const SAFETY = 'safety-device';

export interface UnitSettings {
  readonly tags?: readonly TagSpec[];
  readonly options?: EngineSettings['options'];
  /** Whether the safety device is there; it is not in the published runs. */
  readonly safety?: boolean;
}

export class Unit {
  readonly engine: ProcessEngine;
  readonly #controllers: ReadonlyMap<string, Controller>;
  readonly #before: readonly (readonly [number, ReturnType<Controller['variable']>])[];
  readonly #after: readonly (readonly [ReturnType<Controller['variable']>, ReturnType<Controller['variable']>])[];
  #now: Instant = START;
  #step = 0;

  constructor({ tags = plant.tags, options = {}, safety = false }: UnitSettings = {}) {
    const engine = new ProcessEngine(process, tags, { step: 1, method: 'euler', seed: 1, options });
    this.engine = engine;
    this.#controllers = new Map(
      plant.devices.flatMap(({ id, controller: spec }) => {
        if (spec === undefined || (id === SAFETY && !safety)) return [];
        const inputs = spec.inputs.map((tag) => engine.tagIndex(tag));
        const outputs = spec.outputs.map((tag) => engine.tagIndex(tag));
        const source = readFileSync(new URL(`../${spec.program}`, import.meta.url), 'utf8');
        const io = {
          inputs: inputs.length,
          readInput: (n: number) => engine.measured(inputs[n] as number),
          inputGood: (n: number) => engine.good(inputs[n] as number),
          writeOutput: (n: number, value: number) => engine.command(outputs[n] as number, value),
        };
        return [[id, new Controller({ spec, points: [], source, file: id, io, log: undefined })] as const];
      }),
    );
    this.#before = BEFORE.map(([, tag, to, into]) => [engine.tagIndex(tag), this.variable(to, into)] as const);
    this.#after = AFTER.map(([from, what, to, into]) => [this.variable(from, what), this.variable(to, into)] as const);
  }

  get seconds(): number {
    return this.#step;
  }

  variable(controller: string, path: string): ReturnType<Controller['variable']> {
    return (this.#controllers.get(controller) as Controller).variable(path);
  }

  /** What the process does, whatever is measured. */
  truth(tag: string): number {
    return this.engine.trueValue(this.engine.tagIndex(tag));
  }

  measured(tag: string): number {
    return this.engine.measured(this.engine.tagIndex(tag));
  }

  /** One second: the safety device looks every second, the others every third. */
  advance(): void {
    this.#now = after(this.#now, seconds(1));
    this.#step++;
    if (this.#step % 3 === 0) {
      for (const [tag, into] of this.#before) into.set(this.engine.measured(tag));
      for (const [id, controller] of this.#controllers) if (id !== SAFETY) controller.scan(this.#now);
      for (const [from, into] of this.#after) into.set(from.get());
    }
    this.#controllers.get(SAFETY)?.scan(this.#now);
    this.engine.step();
  }

  /** Goes on until `stop` says so, at most so many seconds; tells how many it took. */
  run(most: number, stop: () => boolean = () => false): number {
    const from = this.#step;
    while (this.#step - from < most && !stop()) this.advance();
    return this.#step - from;
  }
}
