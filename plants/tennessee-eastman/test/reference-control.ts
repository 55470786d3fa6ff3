/** The closed loops that made the published data (Russell, Chiang & Braatz 2000), as equations; the controllers of the plant are judged by it. */
import { f } from '../constants.ts';

interface Loop {
  readonly measurement: number;
  /** A valve (u…) or the set point of another loop (sp…). */
  readonly output: readonly ['u' | 'sp', number];
  readonly setPoint: number;
  readonly span: number;
  readonly gain: number;
  /** Hours; without it the loop is proportional only. */
  readonly reset?: number;
  /** Steps between executions. */
  readonly every: number;
}

const q = (a: number, b: number) => f(f(a) / f(b));
const LOOPS: Readonly<Record<number, Loop>> = {
  1: { measurement: 2, output: ['u', 1], setPoint: f(3664), span: f(5811), gain: 1, every: 3 },
  2: { measurement: 3, output: ['u', 2], setPoint: f(4509.3), span: f(8354), gain: 1, every: 3 },
  3: { measurement: 1, output: ['u', 3], setPoint: f(0.25052), span: f(1.017), gain: 1, every: 3 },
  4: { measurement: 4, output: ['u', 4], setPoint: f(9.3477), span: f(15.25), gain: 1, every: 3 },
  5: {
    measurement: 5,
    output: ['u', 5],
    setPoint: f(26.902),
    span: f(53),
    gain: f(-0.083),
    reset: q(1, 3600),
    every: 3,
  },
  6: { measurement: 10, output: ['u', 6], setPoint: f(0.33712), span: f(1), gain: f(1.22), every: 3 },
  7: { measurement: 12, output: ['u', 7], setPoint: 50, span: 70, gain: f(-2.06), every: 3 },
  8: { measurement: 15, output: ['u', 8], setPoint: 50, span: 70, gain: f(-1.62), every: 3 },
  9: { measurement: 19, output: ['u', 9], setPoint: f(230.31), span: f(460), gain: f(0.41), every: 3 },
  10: {
    measurement: 21,
    output: ['u', 10],
    setPoint: f(94.599),
    span: f(150),
    gain: f(f(-0.156) * 10),
    reset: q(1452, 3600),
    every: 3,
  },
  11: {
    measurement: 17,
    output: ['u', 11],
    setPoint: f(22.949),
    span: f(46),
    gain: f(1.09),
    reset: q(2600, 3600),
    every: 3,
  },
  13: {
    measurement: 23,
    output: ['sp', 3],
    setPoint: f(32.188),
    span: f(100),
    gain: f(18),
    reset: q(3168, 3600),
    every: 360,
  },
  14: {
    measurement: 26,
    output: ['sp', 1],
    setPoint: f(6.882),
    span: f(100),
    gain: f(8.3),
    reset: q(3168, 3600),
    every: 360,
  },
  15: {
    measurement: 27,
    output: ['sp', 2],
    setPoint: f(18.776),
    span: f(100),
    gain: f(2.37),
    reset: q(5069, 3600),
    every: 360,
  },
  16: {
    measurement: 18,
    output: ['sp', 9],
    setPoint: f(65.731),
    span: f(130),
    gain: q(1.69, 10),
    reset: q(236, 3600),
    every: 3,
  },
  17: {
    measurement: 8,
    output: ['sp', 4],
    setPoint: f(75),
    span: f(50),
    gain: q(11.1, 10),
    reset: q(3168, 3600),
    every: 3,
  },
  18: {
    measurement: 9,
    output: ['sp', 10],
    setPoint: f(120.4),
    span: f(150),
    gain: f(f(2.83) * 10),
    reset: q(982, 3600),
    every: 3,
  },
  19: {
    measurement: 30,
    output: ['sp', 6],
    setPoint: f(13.823),
    span: f(26),
    gain: f(q(-83.2, 5) / 3),
    reset: q(6336, 3600),
    every: 360,
  },
  20: {
    measurement: 38,
    output: ['sp', 16],
    setPoint: f(0.8357),
    span: f(1.6),
    gain: q(-16.3, 5),
    reset: q(12408, 3600),
    every: 900,
  },
};

const STEP_HOURS = f(f(1) / f(3600));
const START = [63.053, 53.98, 24.644, 61.302, 22.21, 40.064, 38.1, 46.534, 47.446, 41.106, 18.114].map(f);
const FAST = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18] as const;

export class ReferenceControl {
  /** XMV 1 … 12, before they are clipped. */
  readonly u = Float64Array.of(...START, 50);
  readonly setPoints = new Float64Array(23);
  readonly #errors = new Float64Array(23);
  #override = 0;

  constructor() {
    for (const [number, loop] of Object.entries(LOOPS)) this.setPoints[Number(number)] = loop.setPoint;
  }

  /** Executes the loops of step `step` on the measurements of the step before. */
  execute(step: number, xm: Float64Array): void {
    if (step % 3 === 0) for (const n of FAST) n === 6 ? this.#purge(xm) : this.#loop(n, xm);
    if (step % 360 === 0) for (const n of [13, 14, 15, 19]) this.#loop(n, xm);
    if (step % 900 === 0) this.#loop(20, xm);
  }

  /** What the original does at the end of a step. */
  clip(): void {
    for (let k = 0; k < 11; k++) this.u[k] = Math.min(100, Math.max(0, this.u[k] as number));
  }

  #loop(n: number, xm: Float64Array): void {
    const loop = LOOPS[n] as Loop;
    const e = (((this.setPoints[n] as number) - (xm[loop.measurement - 1] as number)) * 100) / loop.span;
    const before = this.#errors[n] as number;
    const d = loop.gain * (e - before + (loop.reset === undefined ? 0 : (e * STEP_HOURS * loop.every) / loop.reset));
    const [kind, to] = loop.output;
    if (kind === 'u') this.u[to - 1] = (this.u[to - 1] as number) + d;
    else this.setPoints[to] = (this.setPoints[to] as number) + (d * (LOOPS[to] as Loop).span) / 100;
    this.#errors[n] = e;
  }

  /** Purge flow with its override on the separator's pressure. */
  #purge(xm: Float64Array): void {
    const p = xm[12] as number;
    const normal = f(2633.7);
    const resume = () => {
      this.u[5] = f(40.06);
      this.setPoints[6] = f(0.33712);
      this.#errors[6] = 0;
      this.#override = 0;
    };
    if (p >= 2950) {
      this.u[5] = 100;
      this.#override = 1;
    } else if (this.#override === 1 && p >= normal) this.u[5] = 100;
    else if (this.#override === 1) resume();
    else if (p <= 2300) {
      this.u[5] = 0;
      this.#override = 2;
    } else if (this.#override === 2 && p <= normal) this.u[5] = 0;
    else if (this.#override === 2) resume();
    else {
      this.#override = 0;
      this.#loop(6, xm);
    }
  }
}
