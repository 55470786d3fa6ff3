/**
 * What people see, held against what the controllers measure: the values that the SCADA server last received and those that stood in
 * the controllers' inputs meanwhile. They part by nothing but the age of a poll, unless somebody lies or nothing arrives any more.
 */
import { type DeviceSpec, type Instant, inSeconds, type PlantSpec } from '@penstock/core';
import type { TagStore } from '@penstock/simulator/devices';

/** A time during which the view of a tag was wrong, or lost. Seconds from the run's start; `until` null: to the end. */
export interface ViewEpisode {
  readonly tag: string;
  readonly from: number;
  readonly until: number | null;
  /** Where they were furthest apart; of a lost view, the last that was shown. */
  readonly displayed: number;
  readonly measured: number;
}

/** A difference counts when it lasts: shorter ones are pulses and polls under way. */
const LASTING = 60;
/** Share of a tag's range within which two values are the same for those who look at them. */
const TOLERANCE = 0.005;
/** A value is stale when this many polls have brought nothing. */
const STALE_POLLS = 6;

interface Viewed {
  readonly tag: number;
  readonly tolerance: number;
  /** Seconds of measured values that a displayed one may stem from. */
  readonly reach: number;
  readonly stale: number;
  differs: number;
  missing: number;
  manipulated: Open | undefined;
  lost: Open | undefined;
}

interface Open {
  readonly tag: string;
  readonly from: number;
  until: number | null;
  displayed: number;
  measured: number;
}

export class ViewWatch {
  readonly manipulated: readonly ViewEpisode[];
  readonly lost: readonly ViewEpisode[];
  readonly #manipulated: Open[] = [];
  readonly #lost: Open[] = [];
  readonly #viewed: readonly Viewed[];
  readonly #names: readonly string[];
  readonly #store: TagStore;
  readonly #measured: Float64Array;
  /** Measured values of the last seconds, a row each. */
  readonly #history: Float64Array[];
  #turn = 0;

  /** @param viewer the device whose store it is: its polls say how old a value may be */
  constructor(plant: PlantSpec, viewer: DeviceSpec, store: TagStore, measured: Float64Array) {
    this.manipulated = this.#manipulated;
    this.lost = this.#lost;
    this.#store = store;
    this.#measured = measured;
    this.#names = plant.tags.map((tag) => tag.id);
    const periods = pollPeriods(plant, viewer);
    this.#viewed = plant.tags.flatMap(({ id, range }, tag) => {
      const period = periods.get(id);
      if (period === undefined) return [];
      return [
        {
          tag,
          tolerance: TOLERANCE * (range[1] - range[0]),
          reach: Math.ceil(period) + 3,
          stale: STALE_POLLS * period,
          differs: 0,
          missing: 0,
          manipulated: undefined,
          lost: undefined,
        },
      ];
    });
    const depth = Math.max(1, ...this.#viewed.map((v) => v.reach));
    this.#history = Array.from({ length: depth }, () => new Float64Array(measured.length).fill(Number.NaN));
  }

  /** Once a second. */
  update(now: Instant): void {
    const row = this.#history[this.#turn++ % this.#history.length] as Float64Array;
    row.set(this.#measured);
    const at = inSeconds(now);
    for (const viewed of this.#viewed) {
      const age = at - inSeconds(this.#store.times[viewed.tag] as number as Instant);
      this.#judgeLoss(viewed, age > viewed.stale, at);
      this.#judgeValue(viewed, age <= viewed.stale && this.#differs(viewed), at);
    }
  }

  /** Whether the displayed value lies outside all that was measured since it could have been read. */
  #differs({ tag, tolerance, reach }: Viewed): boolean {
    const shown = this.#store.values[tag] as number;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    const depth = this.#history.length;
    for (let i = 1; i <= reach && i <= this.#turn; i++) {
      const value = (this.#history[(this.#turn - i + depth) % depth] as Float64Array)[tag] as number;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return shown < low - tolerance || shown > high + tolerance;
  }

  #judgeValue(viewed: Viewed, differs: boolean, at: number): void {
    if (!differs) {
      if (viewed.manipulated) viewed.manipulated.until = at;
      viewed.manipulated = undefined;
      viewed.differs = 0;
      return;
    }
    const displayed = this.#store.values[viewed.tag] as number;
    const measured = this.#measured[viewed.tag] as number;
    if (++viewed.differs === LASTING) viewed.manipulated = this.#open(this.#manipulated, viewed, at - LASTING);
    const open = viewed.manipulated;
    if (open === undefined || Math.abs(displayed - measured) <= Math.abs(open.displayed - open.measured)) return;
    open.displayed = displayed;
    open.measured = measured;
  }

  #judgeLoss(viewed: Viewed, missing: boolean, at: number): void {
    if (!missing) {
      if (viewed.lost) viewed.lost.until = at;
      viewed.lost = undefined;
      viewed.missing = 0;
      return;
    }
    if (++viewed.missing !== LASTING || !this.#store.has(viewed.tag)) return;
    viewed.lost = this.#open(this.#lost, viewed, at - LASTING);
  }

  #open(list: Open[], { tag }: Viewed, from: number): Open {
    const open = {
      tag: this.#names[tag] as string,
      from,
      until: null,
      displayed: this.#store.values[tag] as number,
      measured: this.#measured[tag] as number,
    };
    list.push(open);
    return open;
  }
}

/** Seconds between two polls of each tag that a device reads. */
function pollPeriods(plant: PlantSpec, viewer: DeviceSpec): Map<string, number> {
  const periods = new Map<string, number>();
  for (const { device, every, reads } of viewer.polls) {
    const points = plant.devices.find((d) => d.id === device)?.points ?? [];
    for (const { tag, modbus } of points)
      if (
        reads.some(
          (r) => r.table === modbus?.table && modbus.address >= r.address && modbus.address < r.address + r.count,
        )
      )
        periods.set(tag, inSeconds(every));
  }
  return periods;
}
