/**
 * Notices a recording that is played back: the noise of an instrument never repeats, so a run of readings that equals an earlier
 * run value for value is no measurement. The newest readings go into a rolling hash (a gear hash, as content-defined chunking uses:
 * W. Xia et al., "FastCDC", USENIX ATC 2016); where the hash itself says so, one in eight, it is looked up among those kept from
 * earlier. Several such anchors in a row that lie equally many readings back are a repetition. Repetitions of a signal without noise
 * (a counter, a valve's stroke) say nothing: how often its changes are alike tells how much a repetition is worth.
 */

/** Anchors kept of a point: with one in eight readings, 65,536 readings, 18 hours at one a second. */
const MOST_ANCHORS = 8192;
const FIRST_ANCHORS = 256;
/** Readings whose changes were compared before a repetition counts. */
const ENOUGH_COMPARED = 24;
/** When more of the changes are alike, there is too little noise to tell. */
const MOST_ALIKE = 0.35;
/** Noise turns back two times of three; what goes up and down in long strokes is smooth and may well come again. */
const LEAST_REVERSED = 0.25;
/** What a repetition must weigh: as unlikely as guessing so many bits. */
const BITS = 60;
const MOST_BITS_PER_READING = 10;
/** Readings beyond the first anchor that a repetition has at least. */
const LEAST_RUN = 16;
/** Anchors that may miss before a repetition is over; the recording begins anew, or an old anchor was overwritten. */
const PATIENCE = 4;

export class Echo {
  /** Readings that were heard. */
  count = 0;
  /** A repetition is going on. */
  sounding = false;
  /** How many readings it lies back. */
  lag = 0;
  /** Readings of it so far. */
  run = 0;
  /** Readings that an anchor covers. */
  readonly window: number;
  readonly #shift: number;
  #hash = 0;
  #last = 0;
  #misses = 0;
  /** The reading at which the newest anchor of it stood. */
  #newest = 0;
  #mask = FIRST_ANCHORS - 1;
  #hashes = new Int32Array(FIRST_ANCHORS);
  #indices = new Int32Array(FIRST_ANCHORS);
  #kept = 0;
  /** The last three changes that were compared, and how many were alike. */
  #changes0 = Number.NaN;
  #changes1 = Number.NaN;
  #changes2 = Number.NaN;
  #compared = 0;
  #alike = 0;
  /** The change before, and how many turned back from it. */
  #previous = 0;
  #reversed = 0;

  /** @param registers 1 or 2: a value of two registers says more, so that fewer of them are an anchor */
  constructor(registers: 1 | 2) {
    this.#shift = registers === 2 ? 8 : 4;
    this.window = 32 / this.#shift;
  }

  /** One that has heard the same until now: for what else is told of the same point from here on. */
  fork(): Echo {
    const fork = new Echo(this.#shift === 8 ? 2 : 1);
    fork.count = this.count;
    fork.#hash = this.#hash;
    fork.#last = this.#last;
    fork.#mask = this.#mask;
    fork.#hashes = this.#hashes.slice();
    fork.#indices = this.#indices.slice();
    fork.#kept = this.#kept;
    fork.#compared = this.#compared;
    fork.#alike = this.#alike;
    fork.#reversed = this.#reversed;
    return fork;
  }

  /**
   * Takes the next reading, unlike the one before.
   * @param raw its registers as one whole number
   * @returns true at the moment at which a repetition is beyond doubt
   */
  hear(raw: number): boolean {
    const index = ++this.count;
    const mixed = Math.imul(raw ^ (raw >>> 15), 0x2c1b3c6d);
    const hash = ((this.#hash << this.#shift) + Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)) | 0;
    this.#hash = hash;
    if ((index & 7) === 7) this.#previous = raw - this.#last;
    else if ((index & 7) === 0) this.#compare(raw - this.#last);
    this.#last = raw;
    return hash >>> 29 === 0 && this.#anchor(hash, index);
  }

  #compare(change: number): void {
    if (change === this.#changes0 || change === this.#changes1 || change === this.#changes2) this.#alike++;
    this.#changes2 = this.#changes1;
    this.#changes1 = this.#changes0;
    this.#changes0 = change;
    if (change > 0 !== this.#previous > 0) this.#reversed++;
    if (++this.#compared < 1024) return;
    this.#compared >>= 1;
    this.#alike >>= 1;
    this.#reversed >>= 1;
  }

  #anchor(hash: number, index: number): boolean {
    const before = this.#exchange(hash, index);
    if (before === 0) {
      // Either the repetition is over, or this anchor was overwritten since.
      if (++this.#misses < PATIENCE) return false;
      this.run = 0;
      this.sounding = false;
      return false;
    }
    this.#misses = 0;
    // Anchors may overlap: what counts is how many readings they cover together.
    const covered = Math.min(this.window, index - this.#newest);
    this.run = index - before === this.lag ? this.run + covered : this.window;
    this.lag = index - before;
    this.#newest = index;
    if (this.sounding || this.run < this.#needed()) return false;
    this.sounding = true;
    return true;
  }

  /** Keeps an anchor. @returns where the same one stood before; 0 when it is new */
  #exchange(hash: number, index: number): number {
    const hashes = this.#hashes;
    const indices = this.#indices;
    let slot = slotOf(hash) & this.#mask;
    if (hashes[slot] !== hash || indices[slot] === 0) {
      // Each has two places; the older of the two neighbours gives way.
      const other = slot ^ 1;
      if (hashes[other] === hash || (indices[other] as number) < (indices[slot] as number)) slot = other;
    }
    const before = hashes[slot] === hash ? (indices[slot] as number) : 0;
    if (indices[slot] === 0) this.#kept++;
    hashes[slot] = hash;
    indices[slot] = index;
    if (this.#kept > this.#mask >> 2 && this.#mask + 1 < MOST_ANCHORS) this.#grow();
    return before;
  }

  /** Equal readings in a row that chance does not give. */
  #needed(): number {
    if (this.#compared < ENOUGH_COMPARED) return Number.POSITIVE_INFINITY;
    const alike = (this.#alike + 1) / (this.#compared + 2);
    if (alike > MOST_ALIKE || this.#reversed < LEAST_REVERSED * this.#compared) return Number.POSITIVE_INFINITY;
    // Three changes are compared with at a time.
    const bits = Math.min(MOST_BITS_PER_READING, -Math.log2(alike / 3));
    return this.window + Math.max(LEAST_RUN, Math.ceil(BITS / bits));
  }

  #grow(): void {
    const hashes = this.#hashes;
    const indices = this.#indices;
    const length = hashes.length * 2;
    this.#mask = length - 1;
    this.#kept = 0;
    this.#hashes = new Int32Array(length);
    this.#indices = new Int32Array(length);
    for (let i = 0; i < indices.length; i++)
      if (indices[i] !== 0) this.#exchange(hashes[i] as number, indices[i] as number);
  }
}

const slotOf = (hash: number): number => hash ^ (hash >>> 15);
