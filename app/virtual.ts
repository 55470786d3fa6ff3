/** Plays runs as fast as the machine can. */
import { hours, type Instant } from '@penstock/core';
import type { Play } from '@penstock/range';

/** Progress is told after so much of the run. */
const PIECE = hours(1) / 6;

/** Plays up to exactly `until`, telling the share that is done as it goes. */
export function playVirtually(play: Play, until: Instant, progress: (share: number) => void): void {
  for (let at = PIECE; at < until; at += PIECE) {
    play.runUntil(at as Instant);
    progress(at / until);
  }
  play.runUntil(until);
}
