/** The loops as the controllers run them, in Structured Text and through inputs and outputs, against the equations of the reference. */
import { readFileSync } from 'node:fs';
import { after, type DeviceSpec, START, seconds, type TagSpec } from '@penstock/core';
import { Controller } from '@penstock/simulator/controllers';
import { ProcessEngine } from '@penstock/simulator/process';
import { describe, expect, it } from 'vitest';
import process from '../process.ts';
import { DISTURBANCES, INPUTS, OUTPUTS } from '../signals.ts';
import { DEFAULT_SEED, ReferenceRun, type ReferenceSettings } from './reference-run.ts';

const MEASUREMENTS =
  'FIT101 FIT102 FIT103 FIT104 FIT305 FIT201 PIT201 LIT201 TIT201 FIT306 TIT301 LIT301 PIT301 FIT307 LIT401 PIT401 FIT401 TIT401 FIT402 JIT305 TIT202 TIT302 AIT511 AIT512 AIT513 AIT514 AIT515 AIT516 AIT521 AIT522 AIT523 AIT524 AIT525 AIT526 AIT527 AIT528 AIT534 AIT535 AIT536 AIT537 AIT538'.split(
    ' ',
  );
const VALVES = 'FV102 FV103 FV101 FV104 FV305 FV306 LV301 LV401 FV402 TV201 TV301 SC201'.split(' ');
const WIRED = { area: 'unit', unit: '' } as const;
const TAGS = [
  ...MEASUREMENTS.map((id, n) => ({
    ...WIRED,
    id,
    name: id,
    kind: 'measurement',
    range: [-1e6, 1e6],
    sensor: { of: OUTPUTS[n] },
  })),
  ...VALVES.map((id, n) => ({
    ...WIRED,
    id,
    name: id,
    kind: 'actuator',
    range: [0, 100],
    actuator: { drives: Object.keys(INPUTS)[n] },
  })),
] as unknown as readonly TagSpec[];

const CONTROLLERS: Readonly<
  Record<string, { readonly inputs: readonly string[]; readonly outputs: readonly string[] }>
> = {
  reactor: {
    inputs: ['FIT101', 'FIT102', 'FIT103', 'FIT104', 'FIT201', 'PIT201', 'LIT201', 'TIT201', 'TIT202'],
    outputs: ['FV101', 'FV102', 'FV103', 'FV104', 'TV201', 'SC201'],
  },
  separator: {
    inputs: ['FIT305', 'FIT306', 'FIT307', 'LIT301', 'PIT301', 'TIT301', 'TIT302', 'JIT305'],
    outputs: ['FV305', 'FV306', 'LV301', 'TV301'],
  },
  stripper: { inputs: ['LIT401', 'PIT401', 'FIT401', 'TIT401', 'FIT402'], outputs: ['LV401', 'FV402'] },
  composition: { inputs: MEASUREMENTS.slice(22), outputs: [] },
};

/** What goes from controller to controller, and when: what one measures at once, what one reckons after all have run. */
const BEFORE = [['stripper', 'FIT401', 'separator', 'PRODUCT_FLOW']] as const;
const AFTER = [
  ['composition', 'FIC101_RSP', 'reactor', 'FIC101_RSP'],
  ['composition', 'FIC102_RSP', 'reactor', 'FIC102_RSP'],
  ['composition', 'FIC103_RSP', 'reactor', 'FIC103_RSP'],
  ['composition', 'FIC306_RSP', 'separator', 'FIC306_RSP'],
  ['composition', 'TIC401_RSP', 'stripper', 'TIC401_RSP'],
] as const;

/** The controllers on the process, their signals to each other by wire, beside the reference's own loops. Largest difference of a state. */
function largestDifference(steps: number, { idv, ...settings }: ReferenceSettings): number {
  const options = { referenceSeed: DEFAULT_SEED, referenceNoise: settings.noise ?? true };
  const engine = new ProcessEngine(process, TAGS, { step: 1, method: 'euler', seed: 1, options });
  const reference = new ReferenceRun({ ...settings, ...(idv && { idv }) });
  const controllers = new Map(
    Object.entries(CONTROLLERS).map(([name, { inputs, outputs }]) => {
      const ins = inputs.map((tag) => engine.tagIndex(tag));
      const outs = outputs.map((tag) => engine.tagIndex(tag));
      const spec = {
        program: `${name}.st`,
        tasks: [{ program: 'Control', every: seconds(3) }],
        inputs,
        outputs,
        key: 'run',
      } as unknown as NonNullable<DeviceSpec['controller']>;
      const source = readFileSync(new URL(`../logic/${name}.st`, import.meta.url), 'utf8');
      const io = {
        inputs: ins.length,
        readInput: (n: number) => engine.measured(ins[n] as number),
        inputGood: (n: number) => engine.good(ins[n] as number),
        writeOutput: (n: number, value: number) => engine.command(outs[n] as number, value),
      };
      return [name, new Controller({ spec, points: [], source, file: name, io, log: undefined })] as const;
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
