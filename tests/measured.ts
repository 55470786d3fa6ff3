/**
 * Promises of speed, tested on machines that do other things too: what else goes on only ever adds, so that the best of several measurements
 * is what the code can do. Waiting is measured on the wall, computing by the processor's time.
 */

/** The least of up to `attempts` measurements; the first that is below `within` is enough. Units are the caller's. */
export async function atBest(within: number, measure: () => number | Promise<number>, attempts = 8): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < attempts && best >= within; attempt++) best = Math.min(best, await measure());
  return best;
}

/** Milliseconds that pass until `act` is done. */
export async function wallTimeOf(act: () => unknown): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

/** Milliseconds that this thread computes for `act`, which is not interrupted by others' work. */
export function computingTimeOf(act: () => unknown): number {
  const began = process.threadCpuUsage();
  act();
  const { user, system } = process.threadCpuUsage(began);
  return (user + system) / 1000;
}
