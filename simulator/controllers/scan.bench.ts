/** Speed of a whole scan, by hand: `node simulator/controllers/scan.bench.ts`. Twenty inputs, ten outputs, forty statements. */
import { type Instant, milliseconds } from '@penstock/core';
import { Controller } from './index.ts';

const inputs = Array.from({ length: 20 }, (_, i) => `LIT${100 + i}`);
const outputs = Array.from({ length: 10 }, (_, i) => `FCV${100 + i}`);
const source = `VAR_GLOBAL ${[...inputs, ...outputs].map((tag) => `${tag} : REAL;`).join(' ')} END_VAR
PROGRAM MAIN VAR L : PID := (KP := 2.0, TI := T#30s); T : TON; RUN : BOOL; END_VAR
L(PV := LIT100, SP := 5.0); T(IN := LIT101 > 2.0, PT := T#5s, Q => RUN);
${outputs.map((tag, i) => `${tag} := LIMIT(0.0, LIT${100 + i} * 0.5 + L.CV, 100.0); IF RUN AND ${tag} > 50.0 THEN ${tag} := 50.0; END_IF;`).join('\n')}
END_PROGRAM`;

const values = new Float64Array(32);
const controllers = Array.from(
  { length: 4 },
  () =>
    new Controller({
      spec: {
        program: 'bench.st',
        tasks: [{ program: 'MAIN', every: milliseconds(100) }],
        inputs,
        outputs,
        key: 'remote',
        watchdog: 50_000,
      },
      points: [],
      source,
      file: 'bench.st',
      io: {
        inputs: inputs.length,
        readInput: (i) => values[i],
        inputGood: () => true,
        writeOutput: (i, value) => {
          values[i + 20] = value;
        },
      },
    }),
);

const run = (scans: number, start: number): number => {
  const begin = process.hrtime.bigint();
  for (let k = 0; k < scans; k++) {
    values[k % 20] = 2 + ((start + k) % 7) * 0.3;
    for (const controller of controllers) controller.scan(((start + k) * 100_000) as Instant);
  }
  return Number(process.hrtime.bigint() - begin) / scans / controllers.length;
};
run(50_000, 0);
console.log(`${Math.min(run(100_000, 50_000), run(100_000, 150_000)).toFixed(0)} ns a scan`);
