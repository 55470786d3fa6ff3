/** Segments that arrived before their turn (RFC 9293 clause 3.10.7.4, "segments with higher beginning sequence numbers"). */
interface Early {
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly fin: boolean;
}

/** Segments that are kept; who sends more than a full window in such pieces has to send them again. */
const LIMIT = 256;

export class Reassembly {
  /** In order of sequence. They may overlap. */
  #early: Early[] = [];

  get size(): number {
    return this.#early.length;
  }

  /** Keeps a copy of `buffer[start..end)`, which begins at `sequence`; `expected` is the next number in order. */
  add(sequence: number, expected: number, buffer: Uint8Array, start: number, end: number, fin: boolean): void {
    if (this.#early.length === LIMIT) return;
    const distance = (sequence - expected) | 0;
    let i = this.#early.length;
    while (i > 0 && (((this.#early[i - 1] as Early).sequence - expected) | 0) > distance) i--;
    const before = this.#early[i - 1];
    if (before?.sequence === sequence && before.bytes.length >= end - start && before.fin === fin) return;
    this.#early.splice(i, 0, { sequence, bytes: buffer.slice(start, end), fin });
  }

  /**
   * Hands on everything that follows `expected` without a gap; `deliver` returns false to stop. Returns whether the other side's FIN
   * follows what was handed on.
   */
  join(expected: number, deliver: (bytes: Uint8Array, start: number, end: number) => boolean): boolean {
    while (this.#early.length > 0) {
      const first = this.#early[0] as Early;
      const skip = (expected - first.sequence) | 0;
      if (skip < 0) return false;
      this.#early.shift();
      const length = first.bytes.length;
      if (skip < length) {
        expected = (first.sequence + length) | 0;
        if (!deliver(first.bytes, skip, length)) return false;
      }
      if (first.fin && skip <= length) {
        this.#early = [];
        return true;
      }
    }
    return false;
  }
}
