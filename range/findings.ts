/** What a scenario said would happen, held against what did: signals of the monitor, effects on the plant, what the adversary achieved. */
import type { AttackReport, ExpectSpec, ScenarioSpec } from '@penstock/attacks';
import { inSeconds, type PlantSpec } from '@penstock/core';
import type { Alert } from '@penstock/monitor';
import type { PlayResult } from './play.ts';

/** A signal that the scenario expects. Times in seconds from the first malicious packet. */
export interface ExpectedSignal {
  readonly about: string;
  readonly within: number;
  readonly met: boolean;
  readonly after: number | null;
  /** Rule of the alert that came first. */
  readonly rule: string | null;
}

/** An effect that the scenario should have on the plant. */
export interface ExpectedEffect {
  readonly about: string;
  readonly when: string;
  readonly within: number;
  readonly met: boolean;
  readonly after: number | null;
}

export interface AdversaryOutcome {
  readonly outcome: 'success' | 'partial' | 'failed';
  readonly about: string;
  readonly after: number | null;
}

/** The first alert of each rule that counts, in order of time. */
export interface DetectedBy {
  readonly rule: string;
  readonly severity: Alert['severity'];
  readonly after: number;
  readonly alerts: number;
}

export interface Findings {
  readonly expected: readonly ExpectedSignal[];
  readonly effects: readonly ExpectedEffect[];
  /** Null for a twin, a scenario that says nothing of it, and one that did not begin. */
  readonly adversary: AdversaryOutcome | null;
  readonly detectedBy: readonly DetectedBy[];
}

/**
 * @param counting alerts that count for the scenario
 * @param first first malicious packet, seconds from the run's start; undefined when nothing was sent
 */
export function findingsOf(
  scenario: ScenarioSpec,
  plant: PlantSpec,
  result: PlayResult,
  variant: 'attack' | 'twin',
  counting: readonly Alert[],
): Findings {
  const { firstPacket: first } = result;
  if (variant === 'twin' || first === undefined)
    return { expected: [], effects: [], adversary: null, detectedBy: detectedBy(counting, first ?? 0) };
  return {
    expected: scenario.expect.map((expected) => signal(expected, plant, counting, first)),
    effects: scenario.effects.map(({ about, predicate, within }, i) => {
      const at = result.watched?.effects[i] ?? null;
      const after = at === null ? null : at - first;
      const limit = inSeconds(within);
      return { about, when: predicate.when, within: limit, met: after !== null && after <= limit, after };
    }),
    adversary: adversary(scenario, result, first),
    detectedBy: detectedBy(counting, first),
  };
}

function signal(expected: ExpectSpec, plant: PlantSpec, counting: readonly Alert[], first: number): ExpectedSignal {
  const device = plant.devices.find((d) => d.role === expected.device)?.id;
  const found = counting.find(
    (alert) =>
      (expected.technique === undefined || alert.techniques.includes(expected.technique)) &&
      (expected.rule === undefined || fitsRule(expected.rule, alert.rule)) &&
      (expected.tag === undefined || alert.tag === expected.tag) &&
      (expected.device === undefined || alert.device === device),
  );
  const after = found === undefined ? null : found.time - first;
  const within = inSeconds(expected.within);
  return { about: expected.about, within, met: after !== null && after <= within, after, rule: found?.rule ?? null };
}

const fitsRule = (wanted: string, rule: string): boolean =>
  wanted.endsWith('*') ? rule.startsWith(wanted.slice(0, -1)) : rule === wanted;

function adversary(scenario: ScenarioSpec, { watched, steps }: PlayResult, first: number): AdversaryOutcome | null {
  if (scenario.outcomes === undefined) return null;
  for (const outcome of ['success', 'partial'] as const) {
    const spec = scenario.outcomes[outcome];
    if (spec === undefined) continue;
    const held = spec.predicate === undefined ? Number.NEGATIVE_INFINITY : (watched?.[outcome] ?? null);
    const done = (spec.steps ?? []).map((id) =>
      steps.find((s) => s.step === id && s.event === 'done' && s.phase !== 'revert'),
    );
    if (held === null || done.includes(undefined)) continue;
    const at = Math.max(held, ...done.map((step) => inSeconds((step as (typeof steps)[number]).at)));
    return { outcome, about: spec.about, after: Number.isFinite(at) ? at - first : null };
  }
  return {
    outcome: 'failed',
    about: 'neither what the adversary wanted nor what they would have taken instead',
    after: null,
  };
}

function detectedBy(counting: readonly Alert[], first: number): DetectedBy[] {
  const rules = new Map<string, { severity: Alert['severity']; after: number; alerts: number }>();
  for (const { rule, severity, time } of counting) {
    const known = rules.get(rule);
    if (known === undefined) rules.set(rule, { severity, after: time - first, alerts: 1 });
    else known.alerts++;
  }
  return [...rules].map(([rule, found]) => ({ rule, ...found }));
}

/** An attack's report with times in seconds, as a summary tells it. */
export function toldAttack(report: AttackReport | undefined) {
  const { prerequisites = [], aborted = null, revert, packets = 0, writes = 0, taken = 0 } = report ?? {};
  return {
    prerequisites,
    aborted: aborted && { time: inSeconds(aborted.at), reason: aborted.reason },
    reverted: revert ?? { state: 'nothing' as const, tags: [] },
    sent: { packets, writes, taken },
  };
}
