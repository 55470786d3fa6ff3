/** The attack box as a process: its footholds, on an address of the loopback. */
import type { PlantSpec } from '@penstock/core';
import { EventQueue, type Foothold, type Mark, PacedClock } from '@penstock/simulator/kernel';
import { boxReach } from '../attack-box.ts';

export interface Box {
  readonly marks: readonly Mark[];
  readonly foothold: Foothold;
  stop(): Promise<void>;
}

/** A box in a zone, from which a step acts that says it is from `device`. */
export function startBox(plant: PlantSpec, zone: string, address: string, device: string): Box {
  const queue = new EventQueue();
  const clock = new PacedClock(queue);
  const marks: Mark[] = [];
  const reach = boxReach({ zone, address, mac: 'b8:ca:3a:00:00:a1' }, (some) => marks.push(...some))({
    ...{ plant, queue, clock },
  });
  clock.start();
  // A step acts when the queue has come to it; what a test asks for comes between.
  const ticker = setInterval(() => clock.outside({ run() {} }), 20);
  return {
    marks,
    foothold: reach.foothold(device),
    stop: async () => {
      clearInterval(ticker);
      await reach.close();
      clock.stop();
    },
  };
}
