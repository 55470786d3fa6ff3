/** Reads rule files: Sigma YAML, one or several documents each. All problems of all files come at once, with file and line. */
import { createHash } from 'node:crypto';
import type { FieldValue } from '@penstock/core';
import {
  FileError,
  findPlugins,
  nearest,
  type PenstockError,
  readText,
  shownPath,
  UsageError,
  type ValuePath,
} from '@penstock/core';
import type { Subject } from '../subject.ts';
import { compileDetection, type Detection } from './compile.ts';
import { type CorrelationPlan, MAX_THRESHOLD } from './correlation.ts';
import { checkNames, type Draft, type RuleText, readDrafts } from './drafts.ts';
import type { Field, LogSource } from './fields.ts';
import { compileItem, fieldOf, type ItemTest, type RuleValue } from './matchers.ts';
import { type CorrelationDocument, type DetectionDocument, LEVELS, type Level } from './schema.ts';
import { compileSentence, type Sentence } from './template.ts';

export type { RuleText } from './drafts.ts';

export interface Rule {
  /** The file's name without ending, or the document's `name` in a file with several. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly level: Level;
  /** Every level that its alerts can have, by whom it happens to; `level` among them. */
  readonly levels: readonly Level[];
  readonly techniques: readonly string[];
  readonly falsePositives: readonly string[];
  readonly file: string;
  /** Raises alerts itself; rules that only feed correlations do not. */
  readonly alerts: boolean;
  /** Knows sources by who they are (address, asset, learned conversations): what a report switches off for comparison. */
  readonly knowsSources: boolean;
  /** Silent until a baseline was learned. */
  readonly needsBaseline: boolean;
  readonly device: 'src' | 'dst';
  /** Microseconds. */
  readonly suppress: number;
  readonly detection: Detection | undefined;
  readonly correlation: CorrelationPlan | undefined;
  /** Correlations that this rule feeds, and at which position of theirs. */
  readonly feeds: readonly { readonly rule: Rule; readonly position: number }[];
  /** The level of a hit on the subject. */
  levelOf(source: LogSource, subject: Subject): Level;
  message(source: LogSource, subject: Subject, count: number): string;
  why(source: LogSource, subject: Subject, count: number): string | undefined;
}

export interface RuleSet {
  readonly rules: readonly Rule[];
  /** SHA-256 over what the rules say, whatever their comments and layout. */
  readonly hash: string;
}

const DEFAULT_SUPPRESS = 300e6;

/**
 * Reads the `*.yml` files of a folder.
 * @throws FileError with all problems; UsageError when there is no such folder or no rule in it.
 */
export function loadRules(folder: string | URL): RuleSet {
  const files = [...findPlugins(folder, '*.yml').values()];
  if (files.length === 0) throw new UsageError('rules.none', `there are no rules (*.yml) in ${shownPath(folder)}`);
  return parseRules(files.map((path) => ({ file: shownPath(path), text: readText(path) })));
}

/** The rules that come with the monitor. */
export function builtInRules(): RuleSet {
  return loadRules(new URL('../rules/', import.meta.url));
}

/**
 * Compiles rule texts.
 * @throws FileError: `rule.field`, `rule.modifier`, `rule.logsource`, `rule.value`, `rule.regexp`, `rule.condition`, `rule.selection`,
 * `rule.tag`, `rule.name`, `rule.id`, `rule.correlation`, `rule.template`, and the loader's own.
 */
export function parseRules(texts: readonly RuleText[]): RuleSet {
  const { drafts, rules, problems } = compileRules(texts);
  if (problems.length > 0) throw new FileError(problems);
  return { rules, hash: hashOf(drafts) };
}

/** `parseRules` for those who look at the files as well: the rules with what they were written as, and all problems by file and line. */
export function compileRules(texts: readonly RuleText[]): {
  readonly drafts: readonly Draft[];
  readonly rules: readonly Rule[];
  readonly problems: readonly PenstockError[];
} {
  const problems: PenstockError[] = [];
  const drafts = texts.flatMap((text) => readDrafts(text, problems));
  checkNames(drafts, problems);
  const byName = new Map(drafts.map((draft) => [draft.name, draft]));
  for (const draft of drafts) if (draft.kind === 'detection') compileDraft(draft);
  const order = sortCorrelations(drafts, byName);
  const rules = problems.length === 0 ? link(order, byName) : [];
  problems.push(...drafts.flatMap((draft) => draft.problems));
  problems.sort((a, b) => compare(a.place?.file, b.place?.file) || (a.place?.line ?? 0) - (b.place?.line ?? 0));
  return { drafts, rules, problems };
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compileDraft(draft: Draft): void {
  const document = draft.document as DetectionDocument;
  draft.detection = compileDetection(document, (error, path) => draft.report(error.id, error.message, path));
  if (draft.detection !== undefined) draft.leaves = [draft.detection.source];
}

/** Detections first, then correlations after all that feed them. */
function sortCorrelations(drafts: readonly Draft[], byName: ReadonlyMap<string, Draft>): Draft[] {
  const sorted = drafts.filter((d) => d.kind === 'detection');
  const visiting = new Set<Draft>();
  const done = new Set<Draft>(sorted);
  const visit = (draft: Draft): void => {
    if (done.has(draft)) return;
    visiting.add(draft);
    const { correlation } = draft.document as CorrelationDocument;
    const leaves = new Set<LogSource>();
    correlation.rules.forEach((name, index) => {
      const path = ['correlation', 'rules', index];
      const part = byName.get(name) ?? [...byName.values()].find((d) => d.document.id === name);
      if (part === undefined) {
        const meant = nearest(name, byName.keys());
        draft.report(
          'rule.correlation',
          `there is no rule '${name}'${meant ? `; did you mean '${meant}'?` : ''}`,
          path,
        );
      } else if (visiting.has(part)) draft.report('rule.correlation', `'${name}' depends on this rule in turn`, path);
      else {
        if (part.kind === 'correlation') visit(part);
        for (const leaf of part.leaves) leaves.add(leaf);
      }
    });
    draft.leaves = [...leaves];
    visiting.delete(draft);
    done.add(draft);
    sorted.push(draft);
  };
  for (const draft of drafts) visit(draft);
  return sorted;
}

function link(order: readonly Draft[], byName: ReadonlyMap<string, Draft>): Rule[] {
  const find = (name: string): Draft | undefined =>
    byName.get(name) ?? [...byName.values()].find((d) => d.document.id === name);
  const feeds = new Map<Draft, { rule: Rule; position: number }[]>(order.map((draft) => [draft, []]));
  const quiet = new Set<Draft>();
  for (const draft of order)
    if (draft.kind === 'correlation') {
      const { correlation } = draft.document as CorrelationDocument;
      for (const name of correlation.rules) {
        const part = find(name);
        if (part === undefined) continue;
        // A part that says neither how grave it is nor what it means has nothing to tell people.
        const isMute = part.document.level === undefined && part.document.alert === undefined;
        if (!correlation.generate || isMute) quiet.add(part);
      }
    }
  for (const draft of order) {
    const plan = draft.kind === 'correlation' ? planOf(draft, find) : undefined;
    const alerts = !quiet.has(draft);
    const words = sentences(draft, alerts);
    const levels = gradesOf(draft);
    if (alerts && draft.document.level === undefined)
      draft.report('rule.level', 'a rule that raises alerts needs a level', []);
    const parts =
      draft.kind === 'correlation' ? (draft.document as CorrelationDocument).correlation.rules.map(find) : [];
    const inherited = parts.flatMap((part) => (part?.rule === undefined ? [] : [part.rule]));
    const rule: Rule = {
      name: draft.name,
      title: draft.document.title,
      description: draft.document.description,
      level: draft.document.level ?? 'informational',
      levels: levelsOf(draft),
      techniques: draft.document.tags
        .filter((tag) => /^attack\.t\d/.test(tag))
        .map((tag) => tag.slice('attack.'.length).toUpperCase()),
      falsePositives: draft.document.falsepositives ?? [],
      file: draft.file,
      alerts,
      knowsSources:
        inherited.some((r) => r.knowsSources) || [...(draft.detection?.fields ?? [])].some((f) => f.identity),
      needsBaseline: draft.detection?.needsBaseline ?? silentWithoutBaseline(plan, inherited),
      device: draft.document.alert?.device ?? 'dst',
      suppress: draft.document.alert?.suppress ?? DEFAULT_SUPPRESS,
      detection: draft.detection,
      correlation: plan,
      feeds: feeds.get(draft) as { rule: Rule; position: number }[],
      levelOf: levels,
      message: (source, subject, count) => words.message.get(source)?.(subject, count) ?? draft.document.title,
      why: (source, subject, count) => words.why.get(source)?.(subject, count),
    };
    draft.rule = rule;
    parts.forEach((part, position) => {
      if (part !== undefined) feeds.get(part)?.push({ rule, position });
    });
  }
  return order.flatMap((draft) => (draft.rule === undefined ? [] : [draft.rule]));
}

/** Counts need one rule that can hit, sequences all of them. */
function silentWithoutBaseline(plan: CorrelationPlan | undefined, parts: readonly Rule[]): boolean {
  const isTemporal = plan?.type === 'temporal' || plan?.type === 'temporal_ordered';
  return isTemporal ? parts.some((part) => part.needsBaseline) : parts.every((part) => part.needsBaseline);
}

function sentences(draft: Draft, alerts: boolean): Record<'message' | 'why', Map<LogSource, Sentence>> {
  const made = { message: new Map<LogSource, Sentence>(), why: new Map<LogSource, Sentence>() };
  const { alert } = draft.document;
  if (alerts && alert === undefined)
    draft.report('rule.alert', "a rule that raises alerts needs 'alert: { message: … }'", []);
  for (const key of ['message', 'why'] as const) {
    const text = alert?.[key];
    if (text === undefined) continue;
    for (const leaf of draft.leaves) {
      const sentence = draft.attempt(['alert', key], () => compileSentence(text, leaf));
      if (sentence === undefined) break;
      made[key].set(leaf, sentence);
    }
  }
  return made;
}

function levelsOf({ document }: Draft): Level[] {
  const { alert, level } = document;
  const all = [level ?? 'informational', ...(alert?.levels ?? []).map((l) => l.level)];
  if (alert?.announced !== undefined) all.push(alert.announced);
  return LEVELS.filter((l) => all.includes(l));
}

/** The level by the subject: `alert.levels` in their order, then the rule's; `alert.announced` while a work order covers it. */
function gradesOf(draft: Draft): (source: LogSource, subject: Subject) => Level {
  const { alert, level: usual = 'informational' } = draft.document;
  const grades = new Map<LogSource, { level: Level; tests: ItemTest[] }[]>();
  for (const leaf of draft.leaves)
    grades.set(
      leaf,
      (alert?.levels ?? []).map(({ level, when }, index) => ({
        level,
        tests: Object.entries(when).flatMap(([key, value]) => {
          const values = (Array.isArray(value) ? value : [value]) as RuleValue[];
          const item = draft.attempt(['alert', 'levels', index, 'when', key], () => compileItem(key, values, leaf));
          return item === undefined ? [] : [item.test];
        }),
      })),
    );
  const announced = alert?.announced;
  return (source, subject) => {
    if (announced !== undefined && subject.order !== undefined) return announced;
    for (const { level, tests } of grades.get(source) ?? []) if (tests.every((test) => test(subject))) return level;
    return usual;
  };
}

function planOf(draft: Draft, find: (name: string) => Draft | undefined): CorrelationPlan | undefined {
  const { correlation } = draft.document as CorrelationDocument;
  const { type, rules, condition, timespan, aliases } = correlation;
  const isTemporal = type === 'temporal' || type === 'temporal_ordered';
  if (isTemporal && rules.length < 2)
    draft.report('rule.correlation', `'${type}' needs at least two rules`, ['correlation', 'rules']);
  for (const [alias, byRule] of Object.entries(aliases))
    for (const name of Object.keys(byRule))
      if (!rules.includes(name))
        draft.report('rule.correlation', `'${name}' is not among the rules`, ['correlation', 'aliases', alias]);
  // Every event that may arrive for a rule must have the field, else events would fall out of the count unseen.
  const getters = (names: readonly string[], path: ValuePath): ((subject: Subject) => FieldValue)[][] =>
    rules.map((rule) =>
      names.flatMap((name) => {
        const real = aliases[name]?.[rule] ?? name;
        const fields = (find(rule)?.leaves ?? []).map((leaf) => draft.attempt(path, () => fieldOf(real, leaf)));
        const field = fields[0] as Field | undefined;
        return field === undefined ? [] : [field.get];
      }),
    );
  const counted = condition?.field === undefined ? [] : [condition.field].flat();
  if (type === 'value_count' && counted.length === 0)
    draft.report('rule.correlation', "'value_count' needs condition.field: what is counted", [
      'correlation',
      'condition',
    ]);
  if (type !== 'value_count' && counted.length > 0)
    draft.report('rule.correlation', "only 'value_count' counts a field", ['correlation', 'condition', 'field']);
  return {
    type,
    parts: rules.length,
    timespan,
    threshold: isTemporal ? rules.length : thresholdOf(draft, condition),
    groupBy: getters(correlation['group-by'], ['correlation', 'group-by']),
    counted: getters(counted, ['correlation', 'condition', 'field']),
  };
}

/** Counts are judged as events arrive, so only reaching a number can be seen; Sigma's lt, lte and neq would need an end. */
function thresholdOf(draft: Draft, condition: CorrelationDocument['correlation']['condition']): number {
  const limits = [condition?.gte, condition?.gt === undefined ? undefined : condition.gt + 1, condition?.eq].filter(
    (limit) => limit !== undefined,
  );
  const threshold = limits[0];
  if (limits.length !== 1 || threshold === undefined) {
    draft.report('rule.correlation', "the condition needs one of 'gte', 'gt' or 'eq'", ['correlation', 'condition']);
    return 1;
  }
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > MAX_THRESHOLD)
    draft.report('rule.correlation', `expected a whole number from 1 to ${MAX_THRESHOLD}, got ${threshold}`, [
      'correlation',
      'condition',
    ]);
  return Math.min(Math.max(1, Math.floor(threshold)), MAX_THRESHOLD);
}

function hashOf(drafts: readonly Draft[]): string {
  const contents = drafts
    .toSorted((a, b) => compare(a.name, b.name))
    .map((draft) => `${draft.name}\n${canonical(draft.source.value)}\n`);
  return createHash('sha256').update(contents.join('')).digest('hex');
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null || value instanceof Date) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).sort(([a], [b]) => compare(a, b));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}
