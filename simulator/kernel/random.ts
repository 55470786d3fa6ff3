/**
 * Seeded randomness: one stream a component, derived from the run's seed and the component's name, so that adding a component
 * does not shift another's numbers. xoshiro128** (Blackman & Vigna 2018), seeded through FNV-1a and SplitMix32.
 */
const WORDS = 6; // four of state, one flag and one value for the second normal deviate

export class Random {
  /** xoshiro state (4 words), then the spare normal deviate as a float and whether it is there. Part of a snapshot. */
  readonly #state = new Uint32Array(4);
  #spare = Number.NaN;

  constructor(seed: number, component: string) {
    let h = 2166136261 ^ (seed >>> 0);
    h = Math.imul(h ^ Math.floor(seed / 2 ** 32), 16777619);
    for (let i = 0; i < component.length; i++) h = Math.imul(h ^ component.charCodeAt(i), 16777619);
    for (let i = 0; i < 4; i++) {
      h = (h + 0x9e3779b9) | 0;
      let z = h;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      this.#state[i] = z ^ (z >>> 16);
    }
  }

  /** A whole number in [0, 2^32). */
  next(): number {
    const s = this.#state;
    const s1 = s[1] as number;
    const m = Math.imul(s1, 5);
    const result = Math.imul((m << 7) | (m >>> 25), 9) >>> 0;
    const t = s1 << 9;
    const s2 = (s[2] as number) ^ (s[0] as number);
    const s3 = (s[3] as number) ^ s1;
    s[1] = s1 ^ s2;
    s[0] = (s[0] as number) ^ s3;
    s[2] = s2 ^ t;
    s[3] = (s3 << 11) | (s3 >>> 21);
    return result;
  }

  /** Uniform in [0, 1) with 32 bits. */
  uniform(): number {
    return this.next() / 4294967296;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** A whole number in [0, n). */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Standard normal deviate (Marsaglia's polar method, both deviates used). */
  normal(): number {
    const spare = this.#spare;
    if (!Number.isNaN(spare)) {
      this.#spare = Number.NaN;
      return spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const q = u * u + v * v;
      if (q > 0 && q < 1) {
        const f = Math.sqrt((-2 * Math.log(q)) / q);
        this.#spare = v * f;
        return u * f;
      }
    }
  }

  /** State for a snapshot: 6 numbers. */
  save(): number[] {
    const spare = this.#spare;
    return Number.isNaN(spare) ? [...this.#state, 0, 0] : [...this.#state, 1, spare];
  }

  /** @throws RangeError when the snapshot was not made by `save`. */
  load(saved: readonly number[]): void {
    if (saved.length !== WORDS)
      throw new RangeError(`a random stream's snapshot has ${WORDS} numbers, this one has ${saved.length}`);
    for (let i = 0; i < 4; i++) this.#state[i] = saved[i] as number;
    this.#spare = saved[4] === 1 ? (saved[5] as number) : Number.NaN;
  }
}
