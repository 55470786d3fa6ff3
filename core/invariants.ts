/**
 * Invariants: what the owner knows must hold between tags, whatever the plant does (the dose fits the flow, two electrodes agree,
 * a level follows from what flows in and out). A monitor judges them on displayed values, so that a value that was forged, or a
 * loop that was moved away, contradicts its neighbours.
 */
import { z } from 'zod';
import { PenstockError, type Place } from './errors.ts';
import { compilePredicate } from './predicate.ts';
import { parseDuration } from './time.ts';
import type { ValuePath } from './yaml-source.ts';

/** A duration that stays text, so that the owner's documents carry it as it was written. */
const durationText = z.string().superRefine((text, context) => {
  try {
    parseDuration(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

/** A value of a tag over time: its mean, or its slope in units per hour, over a sliding window. */
const trendSchema = z
  .strictObject({ mean: z.string().optional(), slope: z.string().optional(), over: durationText })
  .refine(({ mean, slope }) => (mean === undefined) !== (slope === undefined), {
    message: "a trend is either the 'mean' or the 'slope' of a tag",
  });

export const invariantSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/, 'ids are lower case words joined by hyphens'),
  name: z.string(),
  /** What holds between displayed values: a CEL expression over tags and the names in `with`. */
  holds: z.string(),
  /** For how long it must not hold before it is told; a monitor looks every five seconds. */
  for: durationText.default('0s'),
  /** While this holds, and for `settles` after it, nothing is said: the pump stands, the analyser is calibrated. */
  unless: z.string().optional(),
  settles: durationText.default('0s'),
  /** Trends that the expressions use, by a name in lower case. */
  with: z
    .record(
      z.string().regex(/^[a-z][a-zA-Z0-9]*$/, 'names of trends begin in lower case: inflow, levelRise'),
      trendSchema,
    )
    .default({}),
  /** `high` pages: for what cannot fail without danger. */
  severity: z.enum(['low', 'medium', 'high']).default('medium'),
  /** Tags that are to be looked at when it fails; those of `holds` when left out. The alert names the first one's device. */
  accuses: z.array(z.string()).default([]),
  /** Why it matters physically. */
  matters: z.string().optional(),
});
export type InvariantSpec = z.output<typeof invariantSchema>;

/**
 * What a schema cannot say of invariants: that ids are unique and that expressions are over tags which a device tells.
 * @param tags all tags
 * @param carried tags that some device's points carry, so that a client can display them
 * @param place where the value at a path under `invariants` stands
 * @returns `invariant.duplicate`, `invariant.unknown-tag`, `invariant.not-carried`, `invariant.unused-trend`, and the errors of `compilePredicate`
 */
export function invariantProblems(
  invariants: readonly InvariantSpec[],
  tags: ReadonlySet<string>,
  carried: ReadonlySet<string>,
  place: (path: ValuePath) => Place,
): PenstockError[] {
  const problems: PenstockError[] = [];
  const ids = new Set<string>();
  invariants.forEach((invariant, i) => {
    const path: ValuePath = ['invariants', i];
    const wrong = (id: string, message: string, ...at: (string | number)[]): void => {
      problems.push(new PenstockError(`invariant.${id}`, message, place([...path, ...at])));
    };
    if (ids.has(invariant.id)) wrong('duplicate', `the invariant '${invariant.id}' stands twice`, 'id');
    ids.add(invariant.id);
    const told = (tag: string, ...at: (string | number)[]): void => {
      if (!tags.has(tag)) wrong('unknown-tag', `there is no tag '${tag}'`, ...at);
      else if (!carried.has(tag))
        wrong('not-carried', `no device has a point for ${tag}, so that nobody is ever told its value`, ...at);
    };
    for (const [name, trend] of Object.entries(invariant.with)) {
      const kind = trend.mean === undefined ? 'slope' : 'mean';
      told(trend[kind] as string, 'with', name, kind);
    }
    invariant.accuses.forEach((tag, j) => {
      told(tag, 'accuses', j);
    });
    const names = [...tags, ...Object.keys(invariant.with)];
    const used = new Set<string>();
    let sound = true;
    for (const key of ['holds', 'unless'] as const) {
      const text = invariant[key];
      if (text === undefined) continue;
      try {
        for (const name of compilePredicate(text, names, place([...path, key])).tags) {
          used.add(name);
          if (!(name in invariant.with)) told(name, key);
        }
      } catch (error) {
        if (!(error instanceof PenstockError)) throw error;
        problems.push(error);
        sound = false;
      }
    }
    for (const name of Object.keys(invariant.with))
      if (sound && !used.has(name)) wrong('unused-trend', `the trend '${name}' occurs in no expression`, 'with', name);
  });
  return problems;
}
