/** What a plant goes through while a scenario plays: disturbances, and devices that are plugged in and taken away. */
import { type Duration, PenstockError, seconds } from '@penstock/core';
import type { EngineHost } from './host.ts';
import type { ConditionSpec } from './scenario.ts';
import type { ScopeGuard } from './scope.ts';

/** @throws ScopeError for a device that is out of scope; PenstockError `scenario.attach` where nothing can be plugged in */
export function checkSurroundings(conditions: readonly ConditionSpec[], guard: ScopeGuard, host: EngineHost): void {
  for (const condition of conditions) {
    if (!('attach' in condition)) continue;
    guard.device(condition.attach);
    if (host.attach === undefined)
      throw new PenstockError('scenario.attach', `'${condition.attach}' cannot be plugged in from here`);
  }
}

/** Devices, by id, that have been plugged in by `start`. @throws ScopeError */
export const comingBy = (start: Duration, conditions: readonly ConditionSpec[], guard: ScopeGuard): string[] =>
  conditions.flatMap((one) => ('attach' in one && (one.at ?? 0) <= start ? [guard.device(one.attach).id] : []));

/** What is plugged in is there so soon after. */
const PLUGGED_IN = seconds(5);

/**
 * Schedules them, from now on.
 * @param start when the attack begins by its file
 * @param now whether it is to begin at once: what comes before it comes at once then
 * @returns how long until it begins
 */
export function stageSurroundings(
  conditions: readonly ConditionSpec[],
  guard: ScopeGuard,
  host: EngineHost,
  { start, now }: { readonly start: Duration; readonly now: boolean },
): Duration {
  const { queue } = host;
  const isWaitedFor = conditions.some((one) => 'attach' in one && (one.at ?? 0) <= start);
  const begin = now ? (Math.min(start, isWaitedFor ? PLUGGED_IN : 0) as Duration) : start;
  for (const condition of conditions) {
    const at = Math.max(0, (condition.at ?? 0) - (start - begin)) as Duration;
    if ('disturbance' in condition) {
      const { disturbance, value, over } = condition;
      queue.in(at, { run: () => host.disturb(disturbance, value, over ?? seconds(0)) });
      continue;
    }
    const { id } = guard.device(condition.attach);
    queue.in(at, { run: () => host.attach?.(id, true) });
    if (condition.lasts !== undefined)
      queue.in((at + condition.lasts) as Duration, { run: () => host.attach?.(id, false) });
  }
  return begin;
}
