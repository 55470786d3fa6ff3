/** Drains a run in real time, or a multiple of it, and keeps its journals safe once a second. */
import type { Instant } from '@penstock/core';
import type { Play } from '@penstock/range';
import { PacedClock } from '@penstock/simulator/kernel';
import { note } from './output.ts';

const COMMIT_EVERY_MS = 1000;

/** A clock for the run that commits its journals every second and says when the machine is too slow. */
export function liveClock(play: Play, rate: number): PacedClock {
  let told = false;
  return new PacedClock(play.range.queue, {
    rate,
    onBehind: (report) => {
      if (!told)
        note(
          `This machine cannot keep up with ×${rate}: ${Math.round(report.lag / 1e6)} s behind. Choose a lower --rate.`,
        );
      told = true;
    },
  });
}

/** Plays up to `until`; returns when it is reached. */
export function pace(play: Play, rate: number, until: Instant): Promise<void> {
  const clock = liveClock(play, rate);
  return new Promise((resolve) => {
    const ticker = setInterval(() => {
      play.commit();
      if (play.range.queue.now < until) return;
      clearInterval(ticker);
      clock.stop();
      resolve();
    }, COMMIT_EVERY_MS);
    clock.start();
  });
}
