/** Reno congestion control (RFC 5681) with NewReno's partial acknowledgements (RFC 6582). Windows in bytes. */

/** First window in segments (RFC 6928). */
const INITIAL = 10;
const LIMIT = 1 << 20;
const DUPLICATES_OF_LOSS = 3;

export class Congestion {
  window: number;
  #mss: number;
  #threshold = LIMIT;
  #duplicates = 0;
  #recovering = false;
  #recover = 0;

  constructor(mss: number) {
    this.#mss = mss;
    this.window = mss * INITIAL;
  }

  setSegmentSize(mss: number): void {
    this.#mss = mss;
    this.window = mss * INITIAL;
  }

  /** New data was acknowledged; true when the next lost segment must be sent again at once (a partial acknowledgement). */
  advance(acknowledgement: number, acked: number): boolean {
    this.#duplicates = 0;
    const mss = this.#mss;
    if (this.#recovering) {
      if (((acknowledgement - this.#recover) | 0) < 0) {
        this.window = Math.max(mss, this.window - acked + mss);
        return true;
      }
      this.#recovering = false;
      this.window = this.#threshold;
    } else if (this.window < LIMIT)
      this.window +=
        this.window < this.#threshold ? Math.min(acked, mss) : Math.max(1, Math.floor((mss * mss) / this.window));
    return false;
  }

  /** A duplicate acknowledgement; true when it says that the first segment in flight is lost. */
  duplicate(una: number, max: number): boolean {
    this.#duplicates++;
    if (this.#recovering) {
      this.window += this.#mss;
      return false;
    }
    if (this.#duplicates !== DUPLICATES_OF_LOSS) return false;
    this.#threshold = Math.max((max - una) >> 1, 2 * this.#mss);
    this.#recovering = true;
    this.#recover = max;
    this.window = this.#threshold + DUPLICATES_OF_LOSS * this.#mss;
    return true;
  }

  /** The retransmission timer ran out (clause 3.1). */
  collapse(una: number, max: number): void {
    this.#threshold = Math.max((max - una) >> 1, 2 * this.#mss);
    this.window = this.#mss;
    this.#recovering = false;
    this.#duplicates = 0;
  }
}
