/**
 * What people see, held against what the controllers hold: the values that the SCADA server last received and those that stood in the
 * memory of the devices that it polls meanwhile. They part by nothing but the age of a poll, unless somebody lies on the way or nothing
 * arrives any more.
 */
import { type DeviceSpec, type Dnp3Point, type Instant, inSeconds, type PlantSpec, pollReads } from '@penstock/core';
import type { Device, TagStore } from '@penstock/simulator/devices';

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
/** Episodes of each kind that are kept: what flutters is known by its first thousand. */
const MOST_EPISODES = 1000;

interface Viewed {
  readonly tag: number;
  /** What stands in the memory of the device that is polled. */
  readonly held: () => number;
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
  /** Episodes beyond those that are kept. */
  dropped = 0;
  readonly #manipulated: Open[] = [];
  readonly #lost: Open[] = [];
  readonly #viewed: readonly Viewed[];
  readonly #names: readonly string[];
  readonly #store: TagStore;
  /** What stood in the devices' memories in the last seconds, a row each, by the plant's tag number. */
  readonly #history: Float64Array[];
  #turn = 0;

  /** @param viewer the device that people look at: its polls say where a value comes from and how old it may be */
  constructor(plant: PlantSpec, viewer: Device, devices: ReadonlyMap<string, Device>) {
    this.manipulated = this.#manipulated;
    this.lost = this.#lost;
    this.#store = viewer.store;
    this.#names = plant.tags.map((tag) => tag.id);
    const polled = polledTags(plant, viewer.spec);
    this.#viewed = plant.tags.flatMap(({ id, range }, tag) => {
      const { period, device, point, deadBand = 0 } = polled.get(id) ?? {};
      const points = devices.get(device ?? '')?.points;
      if (period === undefined || point === undefined || points === undefined) return [];
      return [
        {
          tag,
          held: () => points.read(point),
          tolerance: TOLERANCE * (range[1] - range[0]) + deadBand,
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
    this.#history = Array.from({ length: depth }, () => new Float64Array(plant.tags.length).fill(Number.NaN));
  }

  /** Once a second. */
  update(now: Instant): void {
    const row = this.#history[this.#turn++ % this.#history.length] as Float64Array;
    for (const { tag, held } of this.#viewed) row[tag] = held();
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
    const measured = viewed.held();
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

  #open(list: Open[], { tag, held }: Viewed, from: number): Open | undefined {
    if (list.length >= MOST_EPISODES) {
      this.dropped++;
      return undefined;
    }
    const open = {
      tag: this.#names[tag] as string,
      from,
      until: null,
      displayed: this.#store.values[tag] as number,
      measured: held(),
    };
    list.push(open);
    return open;
  }
}

/** Whether an outstation tells its changes. What stands in no class comes with the rare poll of everything, and nobody looks at it as at a reading. */
const isReported = ({ kind, class: one = kind.endsWith('output') ? 0 : 1 }: Dnp3Point): boolean => one > 0;

interface Polled {
  readonly period: number;
  readonly device: string;
  readonly point: number;
  /** By how much the device lets it change before it reports. */
  readonly deadBand: number;
}

/** Of each tag that a device reads: from which point of whom, and seconds between two polls. */
function polledTags(plant: PlantSpec, viewer: DeviceSpec): Map<string, Polled> {
  const polled = new Map<string, Polled>();
  for (const poll of viewer.polls) {
    const points = plant.devices.find((d) => d.id === poll.device)?.points ?? [];
    for (const [point, spec] of points.entries())
      if (pollReads(poll, spec) && (poll.protocol !== 'dnp3' || isReported(spec.dnp3 as Dnp3Point)))
        polled.set(spec.tag, {
          period: inSeconds(poll.every),
          device: poll.device,
          point,
          deadBand: (poll.protocol === 'dnp3' && spec.dnp3?.deadBand) || 0,
        });
  }
  return polled;
}
