/** The way into a running range from outside: what is told takes effect as an outside event and stands in the journal, for a replay. */
import type { Instant } from '@penstock/core';
import { encodeOutside, type Play, performTold, type ToldRecord } from '@penstock/range';
import type { OutsideEntry } from '@penstock/simulator/kernel';

/** Brings a record into the run; resolves once it has taken effect. @throws what the run refuses it with; it is then not journaled */
export function enter(play: Play, clock: OutsideEntry, make: (time: Instant) => ToldRecord): Promise<void> {
  return new Promise((resolve, reject) => {
    clock.outside({
      run: (time) => {
        const record = make(time);
        try {
          performTold(play, record);
        } catch (error) {
          reject(error);
          return;
        }
        play.truth.outside(encodeOutside(record));
        resolve();
      },
    });
  });
}
