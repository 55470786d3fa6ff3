/**
 * What the owner says must hold between tags: that the dose fits the flow, that two electrodes agree, that levels follow from what
 * flows in and out. Judged every five seconds on displayed values alone; where one of them is stale, nothing can be said.
 */
import { type CompiledPredicate, compilePredicate, parseDuration, seconds } from '@penstock/core';
import type { KnownInvariant } from '../knowledge.ts';
import type { PointFacts } from '../subject.ts';
import type { Trace } from './blocks.ts';
import type { WatchEvents } from './events.ts';
import type { Point, PointTable } from './points.ts';
import { Trend } from './trend.ts';

/** A value is stale after so many intervals of its poll, and not before so many microseconds. */
const STALE_INTERVALS = 3;
const STALE_LEAST = 15e6;
/** An invariant that did not hold must have held for so long before it can fail again. */
const RECOVERY = seconds(300);

interface Judged {
  readonly spec: KnownInvariant;
  readonly holds: CompiledPredicate;
  readonly unless: CompiledPredicate | undefined;
  readonly hold: number;
  readonly settles: number;
  /** Names of all values as this invariant knows them, and those that occur in either predicate. */
  readonly names: readonly string[];
  readonly needs: readonly number[];
  readonly accused: readonly string[];
  /** Since when it does not hold, and until when it is not asked. */
  brokenSince: number;
  quietUntil: number;
  told: boolean;
  heldSince: number;
}

export class Invariants {
  readonly #judged: Judged[] = [];
  readonly #points = new Map<string, readonly Point[]>();
  readonly #tags: readonly string[];
  /** Points that carry each of them. */
  readonly #sources: readonly (readonly Point[])[];
  /** Displayed values in the order of `#tags`, trends after them; NaN where nobody knows. */
  readonly #values: Float64Array;
  readonly #trends: readonly { readonly trend: Trend; readonly tag: number; readonly index: number }[];
  readonly #events: WatchEvents;
  readonly #describe: (trace: Trace) => PointFacts;

  constructor(
    specs: readonly KnownInvariant[],
    tables: Iterable<PointTable>,
    events: WatchEvents,
    describe: (trace: Trace) => PointFacts,
  ) {
    this.#events = events;
    this.#describe = describe;
    for (const table of tables)
      for (const point of table.points) {
        const id = point.tag.id;
        this.#points.set(id, [...(this.#points.get(id) ?? []), point]);
      }
    const known = [...this.#points.keys()];
    const used = new Set<string>();
    const trends: { trend: Trend; tag: string; name: string; spec: KnownInvariant }[] = [];
    const compiled = specs.map((spec) => {
      const own = Object.entries(spec.with).map(([name, of]) => {
        const tag = (of.mean ?? of.slope) as string;
        used.add(tag);
        trends.push({
          trend: new Trend(of.mean === undefined ? 'slope' : 'mean', parseDuration(of.over)),
          tag,
          name,
          spec,
        });
        return name;
      });
      const names = [...known, ...own];
      const holds = compilePredicate(spec.holds, names);
      const unless = spec.unless === undefined ? undefined : compilePredicate(spec.unless, names);
      for (const tag of [...holds.tags, ...(unless?.tags ?? [])]) if (!own.includes(tag)) used.add(tag);
      return { spec, own };
    });
    this.#tags = [...used];
    this.#sources = this.#tags.map((tag) => this.#points.get(tag) ?? []);
    this.#values = new Float64Array(this.#tags.length + trends.length).fill(Number.NaN);
    const at = new Map(this.#tags.map((tag, index) => [tag, index]));
    this.#trends = trends.map(({ trend, tag }, i) => ({
      trend,
      tag: at.get(tag) as number,
      index: this.#tags.length + i,
    }));
    for (const { spec } of compiled) {
      // Names of trends are the invariant's own; elsewhere in the list they get names that no expression can have.
      const names = [...this.#tags, ...trends.map((t, i) => (t.spec === spec ? t.name : `_${i}`))];
      const holds = compilePredicate(spec.holds, names);
      const unless = spec.unless === undefined ? undefined : compilePredicate(spec.unless, names);
      const needs = [...new Set([...holds.tags, ...(unless?.tags ?? [])])].map((name) => names.indexOf(name));
      const tags = holds.tags.map((name) => trends.find((t) => t.spec === spec && t.name === name)?.tag ?? name);
      this.#judged.push({
        spec,
        holds,
        unless,
        hold: parseDuration(spec.for),
        settles: parseDuration(spec.settles),
        names,
        needs,
        accused: spec.accuses.length > 0 ? spec.accuses : [...new Set(tags)],
        brokenSince: Number.NaN,
        quietUntil: Number.NEGATIVE_INFINITY,
        told: false,
        heldSince: Number.NaN,
      });
    }
  }

  /** Looks at all of them. Called every five seconds of event time. */
  judge(now: number): void {
    if (this.#judged.length === 0) return;
    const values = this.#values;
    for (let i = 0; i < this.#sources.length; i++) values[i] = displayed(this.#sources[i] as readonly Point[], now);
    for (const { trend, tag, index } of this.#trends) values[index] = trend.take(now, values[tag] as number);
    for (const one of this.#judged) this.#ask(one, now);
  }

  #ask(one: Judged, now: number): void {
    const values = this.#values;
    for (const index of one.needs)
      if (Number.isNaN(values[index])) {
        one.brokenSince = Number.NaN;
        return;
      }
    if (one.unless?.evaluate(values)) one.quietUntil = now + one.settles;
    if (one.holds.evaluate(values) || now < one.quietUntil || one.unless?.evaluate(values)) {
      one.brokenSince = Number.NaN;
      if (Number.isNaN(one.heldSince)) one.heldSince = now;
      if (now - one.heldSince > RECOVERY) one.told = false;
      return;
    }
    one.heldSince = Number.NaN;
    if (Number.isNaN(one.brokenSince)) one.brokenSince = now;
    if (one.told || now - one.brokenSince < one.hold) return;
    one.told = true;
    this.#tell(one, now);
  }

  #tell({ spec, accused, brokenSince, needs, names }: Judged, now: number): void {
    const traces = accused.flatMap(
      (tag) => this.#points.get(tag)?.find((point) => point.view !== undefined)?.view ?? [],
    );
    const [first] = traces;
    if (first === undefined) return;
    const shown = needs.map((index) => `${names[index]} ${Number((this.#values[index] as number).toPrecision(4))}`);
    this.#events.told('invariant', first.block.reader, this.#describe(first), {
      'invariant.id': spec.id,
      'invariant.name': spec.name,
      'invariant.holds': spec.holds,
      'invariant.severity': spec.severity,
      'invariant.matters': spec.matters,
      'invariant.tags': accused,
      'invariant.devices': [...new Set(traces.map(({ point }) => point.device))],
      'invariant.values': shown.join(', '),
      'invariant.seconds': (now - brokenSince) / 1e6,
    });
  }
}

/**
 * What the client that sees most of the plant displays for a tag; what a device tells of its own accord where nobody polls it. NaN when
 * nobody is told it, or its data are stale.
 */
function displayed(points: readonly Point[], now: number): number {
  let reported: Trace | undefined;
  for (const { view } of points) {
    if (view === undefined) continue;
    const { block } = view;
    if (block.reported) {
      reported ??= view;
      continue;
    }
    const age = now - block.polled.time;
    return age > STALE_LEAST && age > STALE_INTERVALS * block.interval ? Number.NaN : view.value;
  }
  if (reported === undefined) return Number.NaN;
  const { block, value } = reported;
  const age = now - block.reports.time;
  return age > STALE_LEAST && age > STALE_INTERVALS * block.reportInterval ? Number.NaN : value;
}
