/**
 * The published step of a second is one choice: in finer steps the same equations and loops come to a limit, and in normal operation the published
 * runs lie near it. Without cooling they do not: what shuts the published unit down after some three minutes is its step.
 */
import { Random } from '@penstock/simulator/kernel';
import { describe, expect, it } from 'vitest';
import { BASE_CASE } from '../constants.ts';
import { TennesseeEastman } from '../model.ts';
import { ReferenceControl } from './reference-control.ts';

const PROVE = globalThis.process.env.PENSTOCK_PROVE === '1';
const VALVES = 12;
const INPUTS = VALVES + 1 + 20;
const COOLING_VALVE = 9;
/** XMEAS 9. */
const TEMPERATURE = 8;

/** The process in steps of 1/`parts` s; the loops act every third second on what was measured a second before, however fine the steps are. */
class Fine {
  readonly model = new TennesseeEastman({
    options: { referenceSeed: 0, referenceNoise: false },
    step: 1,
    random: (component) => new Random(1, component),
  });
  readonly control = new ReferenceControl();
  readonly states = new Float64Array(BASE_CASE.length);
  /** The reactor's cooling valve is ordered shut, whatever its loop says. */
  withoutCooling = false;
  seconds = 0;
  readonly #parts: number;
  readonly #u = new Float64Array(INPUTS);
  readonly #rates = new Float64Array(BASE_CASE.length);
  readonly #measured: Float64Array;

  constructor(parts: number) {
    this.#parts = parts;
    this.#u[VALVES] = 1;
    this.model.initial(this.states, this.#u);
    this.#measured = this.model.measurements.slice();
  }

  second(): void {
    this.seconds++;
    this.control.execute(this.seconds, this.#measured);
    this.#u.set(this.control.u);
    if (this.withoutCooling) this.#u[COOLING_VALVE] = 0;
    for (let part = 0; part < this.#parts; part++) {
      this.model.derivatives(0, this.states, this.#u, this.#rates);
      this.model.advance();
      if (part === 0) this.#measured.set(this.model.measurements);
      for (let n = 0; n < this.states.length; n++)
        this.states[n] = (this.states[n] as number) + (this.#rates[n] as number) / this.#parts;
    }
    this.control.clip();
  }

  run(seconds: number): this {
    for (let n = 0; n < seconds; n++) this.second();
    return this;
  }
}

/** A quarter of an hour as it is, then the reactor a degree warmer and a fifth more purge. */
function moved(parts: number, minutes: number): Float64Array {
  const unit = new Fine(parts).run(900);
  unit.control.setPoints[18] = 121.4;
  unit.control.setPoints[6] = 0.4;
  return unit.run(60 * minutes).states;
}

interface Uncooled {
  /** Seconds without cooling water until the reactor has 145 °C, where the safety device of the site trips the unit, and until it shuts itself down. */
  readonly tripped: number;
  readonly shutDown: number;
}

function uncooled(parts: number): Uncooled {
  const unit = new Fine(parts).run(900);
  unit.withoutCooling = true;
  let tripped = 0;
  let shutDown = 0;
  for (; shutDown < 1800 && !unit.model.shutDown; shutDown++) {
    unit.second();
    if (tripped === 0 && (unit.model.measurements[TEMPERATURE] as number) > 145) tripped = shutDown + 1;
  }
  return { tripped, shutDown };
}

describe('in finer steps', () => {
  it('the unit and its loops come to a limit: each half of a step leaves half of the error or less', () => {
    const minutes = PROVE ? 240 : 30;
    const limit = moved(32, minutes);
    const errorOf = (parts: number): number =>
      Math.max(
        ...moved(parts, minutes).map(
          (value, n) => Math.abs(value - (limit[n] as number)) / Math.abs(limit[n] as number),
        ),
      );
    const errors = [1, 2, 4, 8].map(errorOf);
    console.log(
      `in steps of 1, 1/2, 1/4 and 1/8 s states are apart from the limit by ${errors.map((error) => error.toExponential(1)).join(', ')} of themselves at most`,
    );
    for (const [n, error] of errors.entries()) if (n > 0) expect(error / (errors[n - 1] as number)).toBeLessThan(0.55);
    expect(errors[0]).toBeLessThan(0.02);
  });

  it('the unit without cooling is as warm as in steps of a second until it is tripped, and then lives twice as long by itself', () => {
    const [second, quarter, limit, finer] = [1, 4, 16, 32].map(uncooled) as [Uncooled, Uncooled, Uncooled, Uncooled];
    console.log(
      `without cooling water: 145 °C after ${[second, quarter, limit, finer].map(({ tripped }) => tripped).join(', ')} s, stands after ${[second, quarter, limit, finer].map(({ shutDown }) => shutDown).join(', ')} s, in steps of 1, 1/4, 1/16 and 1/32 s`,
    );
    for (const { tripped } of [quarter, limit, finer])
      expect(Math.abs(tripped - second.tripped)).toBeLessThanOrEqual(3);
    // Where the safety device would have tripped it long ago, the published steps let the pressure swing until its limit is passed.
    expect(second.shutDown).toBeGreaterThan(175);
    expect(second.shutDown).toBeLessThan(200);
    expect(Math.abs(finer.shutDown - limit.shutDown)).toBeLessThanOrEqual(10);
    expect(limit.shutDown).toBeGreaterThan(1.5 * second.shutDown);
    expect(limit.shutDown).toBeLessThan(600);
  });
});
