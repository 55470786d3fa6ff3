/** A set of whole numbers as sorted, disjoint, inclusive intervals: which addresses of a table somebody reads. */
export class Intervals {
  readonly #pairs: [number, number][] = [];

  /** Adds low…high; neighbours grow together. */
  add(low: number, high: number): void {
    const pairs = this.#pairs;
    let at = 0;
    while (at < pairs.length && (pairs[at] as [number, number])[1] < low - 1) at++;
    let merged: [number, number] = [low, high];
    let end = at;
    while (end < pairs.length && (pairs[end] as [number, number])[0] <= high + 1) {
      const [from, to] = pairs[end] as [number, number];
      merged = [Math.min(merged[0], from), Math.max(merged[1], to)];
      end++;
    }
    pairs.splice(at, end - at, merged);
  }

  covers(low: number, high: number): boolean {
    return this.#pairs.some(([from, to]) => from <= low && high <= to);
  }

  get size(): number {
    return this.#pairs.length;
  }

  toJSON(): [number, number][] {
    return this.#pairs.map(([low, high]) => [low, high]);
  }
}
