/**
 * A full pipe in plug flow: parcels of water with the species dissolved in them, moved by volume, not by time. Water is
 * incompressible, so what enters pushes the same volume out. One species may decay to first order on its way.
 *
 * The equations see the pipe as constant over a step: they take `arriving[s]` as the concentration at its outlet, and integrate what
 * enters. After the step `move` shifts the parcels. The mean concentration of the parcels that will leave in the next step is
 * foretold from the last step's flow; what was foretold wrong is owed to the outlet and paid in the next steps, so that nothing
 * is ever lost or made: content + left - entered is constant to rounding.
 */
export class PlugFlowPipe {
  /** Concentration of each species at the outlet, amount per m³, for the equations to read during a step. */
  readonly arriving: Float64Array;
  /** Parcels, arriving concentrations and debts; part of the process's memory. */
  readonly memory: Float64Array;
  readonly volume: number;
  readonly #species: number;
  readonly #slots: number;
  readonly #decaying: number;
  /** Parcels smaller than this go on filling up. */
  readonly #smallest: number;
  // Views on `memory`.
  readonly #volumes: Float64Array;
  readonly #amounts: Float64Array;
  readonly #debt: Float64Array;
  readonly #ring: Float64Array;

  /**
   * @param volume of the pipe in m³
   * @param species how many are carried
   * @param resolution parcels that the full pipe is cut into at least
   * @param decaying number of the species that decays, -1 for none
   */
  constructor(volume: number, species: number, resolution: number, decaying = -1) {
    this.volume = volume;
    this.#species = species;
    this.#decaying = decaying;
    this.#smallest = volume / resolution;
    this.#slots = resolution + 4;
    this.memory = new Float64Array(this.#slots * (1 + species) + 2 * species + RING_WORDS);
    let at = 0;
    const view = (length: number): Float64Array => {
      const part = this.memory.subarray(at, at + length);
      at += length;
      return part;
    };
    this.#volumes = view(this.#slots);
    this.#amounts = view(this.#slots * species);
    this.arriving = view(species);
    this.#debt = view(species);
    this.#ring = view(RING_WORDS);
  }

  /** Fills the pipe with water of these concentrations. */
  fill(concentrations: ArrayLike<number>): void {
    this.memory.fill(0);
    this.#ring[COUNT] = 1;
    this.#volumes[0] = this.volume;
    for (let s = 0; s < this.#species; s++) {
      this.#amounts[s] = this.volume * concentrations[s];
      this.arriving[s] = concentrations[s];
    }
    if (this.#decaying >= 0) this.#sumScaled();
  }

  /**
   * One step: `moved` m³ entered carrying `entered[from + s]` of each species and as much left at the concentrations in
   * `arriving`. `decay` is rate × length of the step of the decaying species. Choose the step so that less than the pipe's volume moves in it.
   */
  move(moved: number, entered: Float64Array, from: number, decay: number): void {
    const species = this.#species;
    const ring = this.#ring;
    const volumes = this.#volumes;
    const amounts = this.#amounts;
    const debt = this.#debt;
    if (this.#decaying >= 0 && decay !== 0) this.#decay(decay);
    const scale = Math.exp(ring[EXPONENT]);

    // In at the tail. A parcel is closed once it is large enough; a dose into standing water stays in the last one.
    let tail = ring[HEAD] + ring[COUNT] - 1;
    if (tail >= this.#slots) tail -= this.#slots;
    if (moved > 0 && volumes[tail] >= this.#smallest && ring[COUNT] < this.#slots) {
      tail = tail + 1 === this.#slots ? 0 : tail + 1;
      ring[COUNT]++;
      volumes[tail] = 0;
      for (let s = 0; s < species; s++) amounts[tail * species + s] = 0;
    }
    volumes[tail] += moved;
    for (let s = 0; s < species; s++)
      amounts[tail * species + s] += s === this.#decaying ? entered[from + s] * scale : entered[from + s];
    if (this.#decaying >= 0) ring[SCALED] += entered[from + this.#decaying] * scale;

    // Out at the head.
    let left = moved;
    for (let s = 0; s < species; s++) debt[s] -= moved * this.arriving[s];
    while (left > 0 && ring[COUNT] > 0) {
      const head = ring[HEAD];
      const there = volumes[head];
      const whole = there <= left && ring[COUNT] > 1;
      const share = whole ? 1 : Math.min(1, left / there);
      for (let s = 0; s < species; s++) {
        const leaving = amounts[head * species + s] * share;
        amounts[head * species + s] -= leaving;
        if (s === this.#decaying) {
          ring[SCALED] -= leaving;
          debt[s] += leaving / scale;
        } else debt[s] += leaving;
      }
      if (!whole) {
        volumes[head] = there - left;
        break;
      }
      left -= there;
      ring[HEAD] = head + 1 === this.#slots ? 0 : head + 1;
      ring[COUNT]--;
    }
    this.#foretell(moved, scale);
  }

  /** Amount of a species in the pipe, with what is owed to the outlet. */
  content(species: number): number {
    let sum = 0;
    let at = this.#ring[HEAD];
    for (let n = 0; n < this.#ring[COUNT]; n++) {
      sum += this.#amounts[at * this.#species + species];
      at = at + 1 === this.#slots ? 0 : at + 1;
    }
    if (species === this.#decaying) sum /= Math.exp(this.#ring[EXPONENT]);
    return sum + this.#debt[species];
  }

  /** Amount of the decaying species that has decayed since the pipe was filled. */
  get decayed(): number {
    return this.#ring[DECAYED];
  }

  /** The decaying species is held as amount × exp(Σ decay) from its entry on: decay of all parcels at once is a change of scale. */
  #decay(decay: number): void {
    const ring = this.#ring;
    ring[DECAYED] += ring[SCALED] * (Math.exp(-ring[EXPONENT]) - Math.exp(-ring[EXPONENT] - decay));
    ring[EXPONENT] += decay;
    if (ring[EXPONENT] > LARGEST_EXPONENT) {
      const shrink = Math.exp(-ring[EXPONENT]);
      for (let slot = 0; slot < this.#slots; slot++) this.#amounts[slot * this.#species + this.#decaying] *= shrink;
      ring[EXPONENT] = 0;
      this.#sumScaled();
    }
  }

  #sumScaled(): void {
    this.#ring[SCALED] = 0;
    let at = this.#ring[HEAD];
    for (let n = 0; n < this.#ring[COUNT]; n++) {
      this.#ring[SCALED] += this.#amounts[at * this.#species + this.#decaying];
      at = at + 1 === this.#slots ? 0 : at + 1;
    }
  }

  /** Mean concentrations of the next `next` m³ at the head, and a part of the debt. */
  #foretell(next: number, scale: number): void {
    const species = this.#species;
    const ring = this.#ring;
    const arriving = this.arriving;
    const reach = next > 0 ? next : this.#volumes[ring[HEAD]];
    for (let s = 0; s < species; s++) arriving[s] = 0;
    let left = reach;
    let at = ring[HEAD];
    for (let n = ring[COUNT]; n > 0 && left > 0; n--) {
      const there = this.#volumes[at];
      const share = there <= left ? 1 : left / there;
      for (let s = 0; s < species; s++) arriving[s] += this.#amounts[at * species + s] * share;
      left -= there;
      at = at + 1 === this.#slots ? 0 : at + 1;
    }
    const payBack = 1 / Math.max(reach, this.#smallest);
    for (let s = 0; s < species; s++) {
      const amount = s === this.#decaying ? arriving[s] / scale : arriving[s];
      const concentration = amount / reach + this.#debt[s] * payBack;
      arriving[s] = concentration > 0 ? concentration : 0;
    }
  }
}

const RING_WORDS = 5;
const HEAD = 0;
const COUNT = 1;
/** Σ decay since the scale was last 1. */
const EXPONENT = 2;
/** Sum of the scaled amounts of the decaying species. */
const SCALED = 3;
const DECAYED = 4;
/** exp(20) leaves ten of sixteen digits beside amounts that have all but gone. */
const LARGEST_EXPONENT = 20;
