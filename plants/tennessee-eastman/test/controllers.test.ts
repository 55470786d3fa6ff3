/** The loops as the controllers run them, in Structured Text and through inputs and outputs, against the equations of the reference. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { after, loadPlant, START, seconds, type TagSpec } from '@penstock/core';
import { Controller } from '@penstock/simulator/controllers';
import { ProcessEngine } from '@penstock/simulator/process';
import { describe, expect, it } from 'vitest';
import process from '../process.ts';
import { DISTURBANCES } from '../signals.ts';
import { DEFAULT_SEED, ReferenceRun, type ReferenceSettings } from './reference-run.ts';

const { spec: plant } = loadPlant(fileURLToPath(new URL('..', import.meta.url)));
/** The plant's instruments as ideal ones: noise and sampling are the reference's own here. */
const TAGS: readonly TagSpec[] = plant.tags.map((tag) =>
  tag.sensor === undefined ? tag : { ...tag, sensor: { of: tag.sensor.of } },
);
const CONTROLLERS = plant.devices.flatMap(({ id, controller }) =>
  controller === undefined || id === 'safety-device' ? [] : [{ id, spec: controller }],
);

/** What goes from controller to controller, and when: what one measures at once, what one reckons after all have run. */
const BEFORE = [['stripper-plc', 'FIT401', 'separator-plc', 'PRODUCT_FLOW']] as const;
const AFTER = [
  ['composition-plc', 'FIC101_RSP', 'reactor-plc', 'FIC101_RSP'],
  ['composition-plc', 'FIC102_RSP', 'reactor-plc', 'FIC102_RSP'],
  ['composition-plc', 'FIC103_RSP', 'reactor-plc', 'FIC103_RSP'],
  ['composition-plc', 'FIC306_RSP', 'separator-plc', 'FIC306_RSP'],
  ['composition-plc', 'TIC401_RSP', 'stripper-plc', 'TIC401_RSP'],
] as const;

/** The controllers on the process, their signals to each other by wire, beside the reference's own loops. Largest difference of a state. */
function largestDifference(steps: number, { idv, ...settings }: ReferenceSettings): number {
  const options = { referenceSeed: DEFAULT_SEED, referenceNoise: settings.noise ?? true };
  const engine = new ProcessEngine(process, TAGS, { step: 1, method: 'euler', seed: 1, options });
  const reference = new ReferenceRun({ ...settings, ...(idv && { idv }) });
  const controllers = new Map(
    CONTROLLERS.map(({ id, spec }) => {
      const ins = spec.inputs.map((tag) => engine.tagIndex(tag));
      const outs = spec.outputs.map((tag) => engine.tagIndex(tag));
      const source = readFileSync(new URL(`../${spec.program}`, import.meta.url), 'utf8');
      const io = {
        inputs: ins.length,
        readInput: (n: number) => engine.measured(ins[n] as number),
        inputGood: (n: number) => engine.good(ins[n] as number),
        writeOutput: (n: number, value: number) => engine.command(outs[n] as number, value),
      };
      return [id, new Controller({ spec, points: [], source, file: id, io, log: undefined })] as const;
    }),
  );
  const variable = (controller: string, path: string) => (controllers.get(controller) as Controller).variable(path);
  const wires = (list: typeof BEFORE | typeof AFTER) =>
    list.map(([from, what, to, into]) => [variable(from, what), variable(to, into)] as const);
  const before = wires(BEFORE);
  const afterwards = wires(AFTER);
  const product = engine.tagIndex('FIT401');
  let now = START;
  let worst = 0;
  for (let step = 1; step <= steps; step++) {
    now = after(now, seconds(1));
    if (idv !== undefined && step === idv[1]) engine.disturb(Object.keys(DISTURBANCES)[idv[0] - 1] as string, 1);
    if (step % 3 === 0) {
      for (const [, into] of before) into.set(engine.measured(product));
      for (const controller of controllers.values()) controller.scan(now);
      for (const [from, into] of afterwards) into.set(from.get());
    }
    engine.step();
    reference.advance();
    if (step % 60 === 0)
      for (const [n, value] of reference.states.entries())
        worst = Math.max(worst, Math.abs((engine.states[n] as number) - value) / Math.max(Math.abs(value), 1e-12));
  }
  return worst;
}

describe('the controllers', () => {
  const hours = globalThis.process.env.PENSTOCK_PROVE === '1' ? 48 : 4;
  it('do what the equations of the reference do, with noise', () => {
    expect(largestDifference(hours * 3600, {})).toBeLessThan(1e-6);
  });
  it('do so without noise, and when A and C are not fed in the usual ratio', () => {
    expect(largestDifference(hours * 3600, { noise: false, idv: [1, 3600] })).toBeLessThan(1e-6);
  });
});
