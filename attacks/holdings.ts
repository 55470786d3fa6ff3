/** What goes on beside the steps, one of a device: places between two parties, until they are released. */
import type { Instant } from '@penstock/core';
import type { Meter } from './caps.ts';
import type { StepSpec } from './scenario.ts';
import type { Held } from './verbs/context.ts';

interface Holding {
  readonly held: Held;
  /** The step that took it, and its caps. */
  readonly step: StepSpec;
  readonly meter: Meter;
}

export class Holdings {
  readonly #held = new Map<string, Holding>();
  #released = 0;

  /** Ids of the devices that hold something. */
  get devices(): readonly string[] {
    return [...this.#held.keys()];
  }

  /** Packets that were changed, by what is held and by what was. */
  get packets(): number {
    let sum = this.#released;
    for (const { held } of this.#held.values()) sum += held.packets;
    return sum;
  }

  /** What is undone by sending something is kept beside what is held there already, and undone in turn, last taken first. */
  hold(device: string, holding: Holding): void {
    const before = this.#held.get(device)?.held;
    const both = before?.undo !== undefined && holding.held.undo !== undefined;
    this.#held.set(device, both ? { ...holding, held: joined(before, holding.held) } : holding);
  }

  /** Ends what is held at a device; undefined when there is nothing. */
  release(device: string): Held | undefined {
    const held = this.#held.get(device)?.held;
    if (held === undefined) return undefined;
    this.#held.delete(device);
    this.#released += held.packets;
    held.stop();
    return held;
  }

  /** What the caps of its step end by now: device, step and reason. */
  capped(now: Instant): { device: string; step: StepSpec; reason: string }[] {
    return [...this.#held].flatMap(([device, { held, step, meter }]) => {
      // It sends nothing until it is undone, which caps do not hold back.
      if (held.undo !== undefined) return [];
      const most = step.caps?.packets;
      const reason =
        meter.overdue(now) ??
        (most !== undefined && held.packets > most ? `step '${step.id}' may send ${most} packets` : undefined);
      return reason === undefined ? [] : [{ device, step, reason }];
    });
  }
}

function joined(before: Held, held: Held): Held {
  return {
    packets: before.packets + held.packets,
    detail: `${before.detail}, ${held.detail}`,
    stop() {
      held.stop();
      before.stop();
    },
    undo: (context, end) =>
      held.undo?.(context, (result) => {
        if (result.outcome === 'failed') end(result);
        else before.undo?.(context, (first) => end({ ...first, detail: `${result.detail}, ${first.detail}` }));
      }),
  };
}
