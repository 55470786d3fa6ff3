/** Where the randomness of the Tennessee Eastman process comes from: the run's own stream, or the generator of the published data. */
import type { ProcessContext } from '@penstock/simulator/process';

type Random = ReturnType<ProcessContext['random']>;

export interface Draws {
  /** Uniform in [−1, 1). */
  signed(): number;
}

/** The stream of a run. */
export class StreamDraws implements Draws {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  signed(): number {
    return 2 * this.#random.uniform() - 1;
  }
}

const MULTIPLIER = 9228907;
const MODULUS = 4294967296;

/**
 * The congruential generator of the public simulator, so that its published files come out again: the product is rounded to a double
 * (it exceeds 2^53), and a normal deviate is the sum of twelve draws less six. Its state is a number, kept in an array for snapshots.
 */
export class ReferenceDraws implements Draws {
  /** One number. */
  readonly state: Float64Array;

  /** @param seed positive; the published ones are below 1e10 */
  constructor(seed: number) {
    this.state = Float64Array.of(seed);
  }

  signed(): number {
    const product = (this.state[0] as number) * MULTIPLIER;
    const g = product - Math.floor(product * 2 ** -32) * MODULUS;
    this.state[0] = g;
    return (2 * g) / MODULUS - 1;
  }

  /** Adds noise to `values[from … to−1]`, in order, with their standard deviations. */
  addNoise(values: Float64Array, from: number, to: number, deviations: Float64Array): void {
    let g = this.state[0] as number;
    for (let n = from; n < to; n++) {
      // The partial sums are exact, so that dividing once gives the same bits as dividing each.
      let sum = 0;
      for (let k = 0; k < 12; k++) {
        const product = g * MULTIPLIER;
        g = product - Math.floor(product * 2 ** -32) * MODULUS;
        sum += g;
      }
      values[n] = (values[n] as number) + (sum / MODULUS - 6) * (deviations[n] as number);
    }
    this.state[0] = g;
  }
}
