/** Plays runs in real time, or a multiple of it. */
import type { Instant } from '@penstock/core';
import type { Play } from '@penstock/range';
import { PacedClock } from '@penstock/simulator/kernel';
import { note } from './output.ts';

/** Journals are made safe this often: what a killed run leaves is readable up to then. */
const COMMIT_EVERY_MS = 1000;
/** A run that nobody outside waits for is drained this often. */
const DRAIN_EVERY_MS = 20;
/** Behind by more than this, in milliseconds, the machine is too slow. */
const TOLERATED_LAG_MS = 1000;

/** Makes a live run's journals safe every second; returns what ends that. */
export function keepSafe(play: Play): () => void {
  const ticker = setInterval(() => play.commit(), COMMIT_EVERY_MS);
  return () => clearInterval(ticker);
}

/** A clock for a run that tools and pages take part in. */
export function liveClock(play: Play, rate: number): PacedClock {
  const tell = tooSlow(rate);
  return new PacedClock(play.range.queue, { rate, onBehind: ({ lag }) => tell(lag / 1e3) });
}

/** Plays a run that nobody takes part in up to exactly `until`; returns when it is reached. */
export async function pace(play: Play, rate: number, until: Instant): Promise<void> {
  const tell = tooSlow(rate);
  const stopKeeping = keepSafe(play);
  const began = performance.now();
  await new Promise<void>((resolve) => {
    const ticker = setInterval(() => {
      const asked = performance.now();
      play.runUntil(Math.min(until, Math.floor((asked - began) * 1e3 * rate)) as Instant);
      tell(performance.now() - asked);
      if (play.range.queue.now < until) return;
      clearInterval(ticker);
      resolve();
    }, DRAIN_EVERY_MS);
  });
  stopKeeping();
}

/** Says once that the machine cannot keep up. */
function tooSlow(rate: number): (lagMilliseconds: number) => void {
  let told = false;
  return (lag) => {
    if (told || lag < TOLERATED_LAG_MS) return;
    told = true;
    note(`This machine cannot keep up with ×${rate}: ${(lag / 1e3).toFixed(1)} s behind. Choose a lower --rate.`);
  };
}
