/**
 * Runs a rule set: which rules look at an event, which of them hit, and what hits add up to. Rules are kept by log source; for
 * traffic that repeats, `settle` says once which rules can ever hit on a shape of event, which for normal polling is none.
 */
import type { Subject } from '../subject.ts';
import { Correlator } from './correlation.ts';
import type { LogSource } from './fields.ts';
import { SOURCES, sourceKey } from './log-sources.ts';
import type { Rule, RuleSet } from './rules.ts';

export type HitSink = (
  rule: Rule,
  source: LogSource,
  subject: Subject,
  count: number,
  packets: readonly number[],
) => void;

/** Rules that may hit on a shape of event: those that do whatever the values are, and those that the values decide. */
export interface Settled {
  readonly always: readonly Rule[];
  readonly maybe: readonly Rule[];
}

const NO_RULES: readonly Rule[] = [];
const NO_PACKETS: readonly number[] = [];
export const SETTLED_NONE: Settled = { always: NO_RULES, maybe: NO_RULES };

export class RuleEngine {
  readonly #bySource = new Map<string, readonly Rule[]>();
  readonly #correlators = new Map<Rule, Correlator>();
  readonly #onHit: HitSink;

  /** @param active false for rules that are switched off; what they feed hears nothing of them */
  constructor(set: RuleSet, onHit: HitSink, active: (rule: Rule) => boolean = () => true) {
    this.#onHit = onHit;
    const bySource = new Map<string, Rule[]>();
    for (const rule of set.rules) {
      if (!active(rule)) continue;
      if (rule.correlation !== undefined) this.#correlators.set(rule, new Correlator(rule.correlation));
      if (rule.detection === undefined) continue;
      const { product, service } = rule.detection.source;
      const key = sourceKey(product, service);
      const rules = bySource.get(key);
      if (rules === undefined) bySource.set(key, [rule]);
      else rules.push(rule);
    }
    for (const [key, rules] of bySource) this.#bySource.set(key, rules);
  }

  /** Whether any rule looks at a log source (`zeek/conn`). */
  wants(key: string): boolean {
    return this.#bySource.has(key);
  }

  /** Asks all rules of a log source about the subject. */
  judge(key: string, subject: Subject): void {
    const rules = this.#bySource.get(key);
    if (rules === undefined) return;
    const source = SOURCES.get(key) as LogSource;
    for (const rule of rules) if (rule.detection?.test(subject)) this.#hit(rule, source, subject, 1, NO_PACKETS);
  }

  /** What the fixed fields of the subject already decide. */
  settle(key: string, subject: Subject): Settled {
    const rules = this.#bySource.get(key);
    if (rules === undefined) return SETTLED_NONE;
    const always: Rule[] = [];
    const maybe: Rule[] = [];
    for (const rule of rules) {
      const settled = rule.detection?.settle(subject);
      if (settled === true) always.push(rule);
      else if (settled === undefined) maybe.push(rule);
    }
    return always.length + maybe.length === 0 ? SETTLED_NONE : { always, maybe };
  }

  /** `judge` for a shape that was settled before. */
  judgeSettled(key: string, settled: Settled, subject: Subject): void {
    const source = SOURCES.get(key) as LogSource;
    for (const rule of settled.always) this.#hit(rule, source, subject, 1, NO_PACKETS);
    for (const rule of settled.maybe)
      if (rule.detection?.test(subject)) this.#hit(rule, source, subject, 1, NO_PACKETS);
  }

  /** Groups that correlations forgot to stay within their bounds. */
  get forgotten(): number {
    let sum = 0;
    for (const correlator of this.#correlators.values()) sum += correlator.forgotten;
    return sum;
  }

  #hit(rule: Rule, source: LogSource, subject: Subject, count: number, packets: readonly number[]): void {
    if (rule.alerts) this.#onHit(rule, source, subject, count, packets);
    for (const { rule: correlation, position } of rule.feeds) {
      const correlator = this.#correlators.get(correlation);
      if (correlator === undefined) continue;
      const newest = packets.length > 0 ? packets : subject.packet > 0 ? [subject.packet] : NO_PACKETS;
      const hit = correlator.feed(position, subject, newest);
      if (hit !== undefined) this.#hit(correlation, source, subject, hit.count, hit.packets);
    }
  }
}
