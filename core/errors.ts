/** A place in a file. Line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Every error that a person is meant to read. `id` is stable (tests and scripts may rely on it); the message says what was
 * expected, what came, and what would be right; `place` says where, when a file is at fault.
 */
export class PenstockError extends Error {
  readonly id: string;
  readonly place: Place | undefined;

  constructor(id: string, message: string, place?: Place, cause?: unknown) {
    super(
      place ? `${place.file}:${place.line}:${place.column}: ${message}` : message,
      cause === undefined ? {} : { cause },
    );
    this.name = 'PenstockError';
    this.id = id;
    this.place = place;
  }
}

/** Wrong use of the command or of the API: the caller must change what they asked for. Ends the command with exit code 2. */
export class UsageError extends PenstockError {
  constructor(id: string, message: string, place?: Place) {
    super(id, message, place);
    this.name = 'UsageError';
  }
}

/** The candidate nearest to `word` by edit distance, if one is near enough to be what was meant. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      next[j] = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + cost);
    }
    row = next;
  }
  return row[b.length] as number;
}
