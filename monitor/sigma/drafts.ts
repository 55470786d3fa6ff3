/** Rule files as they are written: their documents, names, ids and tags. What the rules mean is `rules.ts`'s. */
import { FileError, nearest, PenstockError, parseYaml, type ValuePath, type YamlSource } from '@penstock/core';
import { ICS_TACTICS, ICS_TECHNIQUES, REVOKED_TECHNIQUES } from '../techniques.ts';
import type { Detection } from './compile.ts';
import type { LogSource } from './fields.ts';
import type { Rule } from './rules.ts';
import {
  type CorrelationDocument,
  correlationRuleSchema,
  type DetectionDocument,
  detectionRuleSchema,
} from './schema.ts';

export interface RuleText {
  readonly file: string;
  readonly text: string;
}

/** Characters of a rule file, enough for the longest list that an item may have; rules in it; brackets and indentations in each other. */
const MAX_TEXT = 262_144;
const MAX_RULES = 100;
const MAX_NESTING = 32;

export class Draft {
  readonly kind: 'detection' | 'correlation';
  readonly name: string;
  readonly file: string;
  readonly source: YamlSource;
  readonly document: DetectionDocument | CorrelationDocument;
  readonly problems: PenstockError[] = [];
  detection: Detection | undefined = undefined;
  /** Log sources of the events that can be the last of a hit. */
  leaves: readonly LogSource[] = [];
  rule: Rule | undefined = undefined;

  constructor(name: string, file: string, source: YamlSource, document: DetectionDocument | CorrelationDocument) {
    this.kind = 'correlation' in document ? 'correlation' : 'detection';
    this.name = name;
    this.file = file;
    this.source = source;
    this.document = document;
  }

  report(id: string, message: string, path: ValuePath): void {
    this.problems.push(new PenstockError(id, message, this.source.place(path)));
  }

  /** Runs `make`; an error becomes a problem at `path`. */
  attempt<T>(path: ValuePath, make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof PenstockError)) throw error;
      this.report(error.id, error.message, path);
      return undefined;
    }
  }
}

export function readDrafts({ file, text }: RuleText, problems: PenstockError[]): Draft[] {
  const excess = excessOf(text, file);
  if (excess !== undefined) {
    problems.push(excess);
    return [];
  }
  const stem = (file.split(/[\\/]/).at(-1) as string).replace(/\.ya?ml$/, '');
  const parts = documents(text);
  const drafts = parts.flatMap((part) => {
    try {
      const isCorrelation = /^correlation\s*:/m.test(part);
      const { value, source } = isCorrelation
        ? parseYaml(part, file, correlationRuleSchema)
        : parseYaml(part, file, detectionRuleSchema);
      const draft = new Draft(value.name ?? stem, file, source, value);
      if (value.name === undefined && parts.length > 1)
        draft.report('rule.name', 'in a file with several rules each needs a name', []);
      return [draft];
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (parts.length === 0)
    problems.push(new PenstockError('rule.empty', 'the file holds no rule', { file, line: 1, column: 1 }));
  if (drafts.length === parts.length && drafts.length > 0 && !drafts.some((draft) => draft.name === stem))
    drafts[0]?.report('rule.name', `one rule of this file must be named '${stem}' as the file is`, ['name']);
  return drafts;
}

/**
 * What no rule that a person wrote has, and what would take a parser long or to the end of its stack: too much text, too many documents,
 * too deep nesting. Looks at every character once.
 */
function excessOf(text: string, file: string): PenstockError | undefined {
  const wrong = (id: string, message: string, line: number): PenstockError =>
    new PenstockError(id, message, { file, line, column: 1 });
  if (text.length > MAX_TEXT)
    return wrong('rule.size', `the file has ${text.length} characters; a rule file may have ${MAX_TEXT}`, 1);
  let depth = 0;
  let line = 1;
  let rules = 1;
  let indents: number[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at);
    let i = at;
    let dashes = 0;
    while (i < end && (text[i] === ' ' || (text[i] === '-' && text[i + 1] === ' '))) if (text[i++] === '-') dashes++;
    if (i < end && text[i] !== '#') {
      indents = indents.filter((indent) => indent < i - at);
      indents.push(i - at);
    }
    if (text.startsWith('---', at)) rules++;
    // Where a key of the whole rule stands, brackets in the text before it are closed, or were none.
    if (i === at && i < end && /[A-Za-z]/.test(text[i] as string)) depth = 0;
    for (; i < end; i++) {
      const c = text[i];
      if (c === '[' || c === '{') depth++;
      else if ((c === ']' || c === '}') && depth > 0) depth--;
      if (depth > MAX_NESTING) break;
    }
    if (depth > MAX_NESTING || dashes > MAX_NESTING || indents.length > MAX_NESTING)
      return wrong('rule.nesting', `it is nested deeper than ${MAX_NESTING}`, line);
    if (rules > MAX_RULES) return wrong('rule.documents', `a file may hold ${MAX_RULES} rules`, line);
    at = end + 1;
    line++;
  }
  return undefined;
}

/** YAML documents of a file, each with as many empty lines before it that its line numbers are those of the file. */
function documents(text: string): string[] {
  const lines = text.split('\n');
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i <= lines.length; i++) {
    if (i < lines.length && !/^---(\s|$)/.test(lines[i] as string)) continue;
    const body = lines.slice(start, i);
    if (body.some((line) => line.trim() !== '' && !line.trimStart().startsWith('#')))
      parts.push('\n'.repeat(start) + body.join('\n'));
    start = i + 1;
  }
  return parts;
}

export function checkNames(drafts: readonly Draft[], problems: PenstockError[]): void {
  const names = new Map<string, Draft>();
  const ids = new Map<string, Draft>();
  for (const draft of drafts) {
    const twin = names.get(draft.name);
    if (twin !== undefined)
      problems.push(
        new PenstockError(
          'rule.name',
          `the name '${draft.name}' is taken by ${whereIs(twin, 'name')}`,
          draft.source.place(['name']),
        ),
      );
    names.set(draft.name, draft);
    const { id } = draft.document;
    const other = id === undefined ? undefined : ids.get(id);
    if (other !== undefined)
      draft.report('rule.id', `the id ${id} is taken by ${whereIs(other, 'id')}; ids are unique`, ['id']);
    if (id !== undefined) ids.set(id, draft);
    checkTags(draft);
  }
}

function whereIs(draft: Draft, key: string): string {
  const { file, line } = draft.source.place([key]);
  return `${file}:${line}`;
}

/** `attack.t0836`, `attack.t1692.001`, `attack.impair-process-control`; other namespaces pass. */
function checkTags(draft: Draft): void {
  draft.document.tags.forEach((tag, index) => {
    const problem = tagProblem(tag);
    if (problem !== undefined) draft.report('rule.tag', problem, ['tags', index]);
  });
}

function tagProblem(tag: string): string | undefined {
  if (!/^[a-z0-9_-]+\.[a-z0-9._-]+$/.test(tag)) return `'${tag}' is no tag; tags are namespace.value in lower case`;
  if (!tag.startsWith('attack.')) return undefined;
  const value = tag.slice('attack.'.length);
  const technique = value.toUpperCase();
  if (ICS_TECHNIQUES.has(technique) || ICS_TACTICS.has(value)) return undefined;
  const successor = REVOKED_TECHNIQUES.get(technique);
  if (successor !== undefined)
    return `ATT&CK for ICS v19 replaced ${technique} by ${successor}; write 'attack.${successor.toLowerCase()}'`;
  const meant = nearest(value, [...ICS_TACTICS, ...[...ICS_TECHNIQUES.keys()].map((t) => t.toLowerCase())]);
  const advice = meant === undefined ? '' : `; did you mean 'attack.${meant}'?`;
  return `ATT&CK for ICS v19 has no technique or tactic '${value}'${advice}`;
}
