/** A detection rule as functions: whether an event matches, and what can be said of it already from what never changes. */

import type { ValuePath } from '@penstock/core';
import { nearest, PenstockError } from '@penstock/core';
import { Subject } from '../subject.ts';
import { type Condition, parseCondition, usedSelections } from './condition.ts';
import type { Field, LogSource } from './fields.ts';
import { LOG_SOURCES, SOURCES, sourceKey } from './log-sources.ts';
import { compileItem, fieldOf, type ItemTest, type RuleValue } from './matchers.ts';
import type { DetectionDocument } from './schema.ts';

export interface Detection {
  readonly source: LogSource;
  readonly test: ItemTest;
  /**
   * Judges an event by the fields that are fixed for its shape. False: no event of this shape can match; true: all do;
   * undefined: the values decide, `test` must be asked each time.
   */
  readonly settle: Settle;
  /** No event can match as long as there is no baseline. */
  readonly needsBaseline: boolean;
  readonly fields: ReadonlySet<Field>;
}

type Settle = (subject: Subject) => boolean | undefined;

interface Node {
  readonly test: ItemTest;
  readonly settle: Settle;
  /** As `settle`, but only what follows from there being no baseline is known. */
  readonly unlearned: Settle;
}

/** A problem with the path of the value that it is about. */
export type Report = (error: PenstockError, path: ValuePath) => void;

/** @throws nothing: problems go to `report`, and undefined comes back. */
export function compileDetection(document: DetectionDocument, report: Report): Detection | undefined {
  const source = sourceOf(document, report);
  if (source === undefined) return undefined;
  const fields = new Set<Field>();
  const nodes = new Map<string, Node>();
  const { condition, ...selections } = document.detection;
  let sound = true;
  const attempt = <T>(path: ValuePath, make: () => T): T | undefined => {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof PenstockError)) throw error;
      sound = false;
      report(error, path);
      return undefined;
    }
  };
  for (const [name, selection] of Object.entries(selections)) {
    const maps = Array.isArray(selection) ? selection : [selection];
    const alternatives = maps.map((map, index) => {
      const path = ['detection', name, ...(Array.isArray(selection) ? [index] : [])];
      if (Object.keys(map).length === 0)
        report(new PenstockError('rule.selection', `the selection '${name}' is empty`), path);
      const items = Object.entries(map).flatMap(([key, value]) => {
        const values = (Array.isArray(value) ? value : [value]) as RuleValue[];
        const item = attempt([...path, key], () => compileItem(key, values, source));
        for (const field of item?.fields ?? []) fields.add(field);
        return item === undefined ? [] : [itemNode(item.test, item.fields)];
      });
      return all(items);
    });
    nodes.set(name, any(alternatives));
  }
  const names = Object.keys(selections);
  const conditions = (Array.isArray(condition) ? condition : [condition]).flatMap((text, index) => {
    const path = ['detection', 'condition', ...(Array.isArray(condition) ? [index] : [])];
    const parsed = attempt(path, () => parseCondition(text, names));
    return parsed === undefined ? [] : [parsed];
  });
  for (const name of document.fields ?? []) attempt(['fields'], () => fieldOf(name, source));
  if (!sound) return undefined;
  const used = conditions.reduce((into, parsed) => usedSelections(parsed, into), new Set<string>());
  for (const name of names)
    if (!used.has(name)) {
      report(new PenstockError('rule.selection', `the condition does not use the selection '${name}'`), [
        'detection',
        name,
      ]);
      sound = false;
    }
  if (!sound) return undefined;
  const root = any(conditions.map((parsed) => link(parsed, nodes)));
  const needsBaseline = root.unlearned(new Subject()) === false;
  return { source, test: root.test, settle: root.settle, needsBaseline, fields };
}

function sourceOf(document: DetectionDocument, report: Report): LogSource | undefined {
  const { product, service } = document.logsource;
  const source = SOURCES.get(sourceKey(product, service));
  if (source !== undefined) return source;
  const sameService = LOG_SOURCES.find((s) => s.service === service);
  const meant =
    sameService === undefined
      ? nearest(sourceKey(product, service), SOURCES.keys())
      : sourceKey(sameService.product, service);
  const advice = meant === undefined ? `there are ${[...SOURCES.keys()].join(', ')}` : `did you mean '${meant}'?`;
  report(new PenstockError('rule.logsource', `there is no log source '${product}/${service}'; ${advice}`), [
    'logsource',
    'service',
  ]);
  return undefined;
}

const unknown: Settle = () => undefined;

function itemNode(test: ItemTest, fields: readonly Field[]): Node {
  const isFixed = fields.every((field) => field.fixed);
  const isLearned = fields.every((field) => field.name.startsWith('baseline.'));
  return { test, settle: isFixed ? test : unknown, unlearned: isLearned ? test : unknown };
}

function link(condition: Condition, nodes: ReadonlyMap<string, Node>): Node {
  if (condition.op === 'selection') return nodes.get(condition.name) as Node;
  if (condition.op === 'not') {
    const { test, settle, unlearned } = link(condition.of, nodes);
    return { test: (s) => !test(s), settle: negate(settle), unlearned: negate(unlearned) };
  }
  const parts = condition.of.map((part) => link(part, nodes));
  return condition.op === 'and' ? all(parts) : any(parts);
}

function all(parts: readonly Node[]): Node {
  if (parts.length === 1) return parts[0] as Node;
  return {
    test: (s) => {
      for (const part of parts) if (!part.test(s)) return false;
      return true;
    },
    settle: combine(
      parts.map((part) => part.settle),
      false,
    ),
    unlearned: combine(
      parts.map((part) => part.unlearned),
      false,
    ),
  };
}

function any(parts: readonly Node[]): Node {
  if (parts.length === 1) return parts[0] as Node;
  return {
    test: (s) => {
      for (const part of parts) if (part.test(s)) return true;
      return false;
    },
    settle: combine(
      parts.map((part) => part.settle),
      true,
    ),
    unlearned: combine(
      parts.map((part) => part.unlearned),
      true,
    ),
  };
}

const negate =
  (settle: Settle): Settle =>
  (s) => {
    const settled = settle(s);
    return settled === undefined ? undefined : !settled;
  };

/** Kleene's three-valued and/or: `decisive` (false for and, true for or) in one part decides, else all must be known. */
const combine =
  (parts: readonly Settle[], decisive: boolean): Settle =>
  (subject) => {
    let known = true;
    for (const part of parts) {
      const settled = part(subject);
      if (settled === decisive) return decisive;
      if (settled === undefined) known = false;
    }
    return known ? !decisive : undefined;
  };
