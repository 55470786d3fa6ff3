/** What can raise an alert: the rules of a set and the detector modules beside them, as lists and reports show them. */
import { DETECTORS } from './detectors/registry.ts';
import { builtInRules, type RuleSet } from './sigma/rules.ts';
import type { Level } from './sigma/schema.ts';

export interface ListedRule {
  readonly id: string;
  readonly kind: 'sigma' | 'correlation' | 'detector';
  readonly title: string;
  readonly description: string;
  readonly level: Level;
  /** Every level that its alerts can have, by whom it happens to and what is announced. */
  readonly levels: readonly Level[];
  /** ATT&CK for ICS technique ids. */
  readonly techniques: readonly string[];
  readonly falsePositives: readonly string[];
  /** Silent until a baseline was learned. */
  readonly needsBaseline: boolean;
  /** Knows sources by who they are. */
  readonly knowsSources: boolean;
}

/** All rules that raise alerts, in the order of their ids. */
export function listRules(set: RuleSet = builtInRules()): ListedRule[] {
  const rules: ListedRule[] = set.rules
    .filter((rule) => rule.alerts)
    .map(
      ({
        name,
        title,
        description,
        level,
        levels,
        techniques,
        falsePositives,
        needsBaseline,
        knowsSources,
        correlation,
      }) => ({
        id: name,
        kind: correlation === undefined ? 'sigma' : 'correlation',
        title,
        description,
        level,
        levels,
        techniques,
        falsePositives,
        needsBaseline,
        knowsSources,
      }),
    );
  const detectors: ListedRule[] = DETECTORS.map(({ name, title, description, level, techniques, falsePositives }) => ({
    id: name,
    kind: 'detector',
    title,
    description,
    level,
    levels: [level],
    techniques,
    falsePositives,
    needsBaseline: false,
    knowsSources: false,
  }));
  return [...rules, ...detectors].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}
