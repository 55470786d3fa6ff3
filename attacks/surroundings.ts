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

/** Schedules them, from now on. */
export function stageSurroundings(conditions: readonly ConditionSpec[], guard: ScopeGuard, host: EngineHost): void {
  const { queue } = host;
  for (const condition of conditions) {
    const at = condition.at ?? seconds(0);
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
}
