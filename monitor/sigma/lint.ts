/** What `penstock check` asks of rule files beyond what the engine needs: that people can act on an alert, and that the rule is proven. */
import { dirname, join } from 'node:path';
import { exists, FileError, findPlugins, PenstockError, readText, shownPath } from '@penstock/core';
import type { Draft } from './drafts.ts';
import { compileRules } from './rules.ts';

/** Levels that call somebody. */
const PAGING: ReadonlySet<string> = new Set(['high', 'critical']);

/**
 * Checks one rule file among those beside it, since a correlation may use rules of its neighbours; only problems of this file count. The
 * captures that prove a rule stand in `captures/` beside it: `NAME.fires.pcap` and `NAME.silent.pcap`.
 * @throws FileError with all problems of the file, `parseRules`' and `rule.id`, `rule.technique`, `rule.falsepositives`, `rule.level`,
 *   `rule.captures`; UsageError when it cannot be read.
 */
export function checkRuleFile(path: string): void {
  const file = shownPath(path);
  const text = readText(path);
  const beside = [...findPlugins(dirname(path), '*.yml').values()].filter((other) => shownPath(other) !== file);
  const texts = [{ file, text }, ...beside.map((other) => ({ file: shownPath(other), text: readText(other) }))];
  const { drafts, problems } = compileRules(texts);
  const own = problems.filter(({ place }) => place === undefined || place.file === file);
  if (own.length === 0)
    for (const draft of drafts) if (draft.file === file) own.push(...advise(draft, join(dirname(path), 'captures')));
  if (own.length > 0) throw new FileError(own);
}

function advise(draft: Draft, captures: string): PenstockError[] {
  const { document, name, rule, source } = draft;
  const found: PenstockError[] = [];
  const say = (id: string, message: string, key: string): void =>
    void found.push(new PenstockError(id, message, source.place([key])));
  if (document.id === undefined)
    say('rule.id', `'${name}' needs an id (a UUID), by which it is known whatever it is called`, 'title');
  if (rule?.alerts !== true) return found;
  // What the sensor says of itself is no technique, and most of it (packets that the capture lost) no capture can show.
  const isSensor = draft.leaves.every(({ product, service }) => product === 'penstock' && service === 'sensor');
  if (!isSensor && !document.tags.some((tag) => tag.startsWith('attack.')))
    say(
      'rule.technique',
      `'${name}' raises alerts; say by tags which ATT&CK for ICS technique or tactic it is about`,
      'title',
    );
  if ((document.falsepositives ?? []).length === 0)
    say('rule.falsepositives', `'${name}' raises alerts; say under 'falsepositives' what else looks like it`, 'title');
  const { levels } = rule;
  const status = document.status ?? 'experimental';
  if (levels.some((level) => PAGING.has(level))) {
    if (status !== 'stable' && status !== 'test')
      say(
        'rule.level',
        `'${name}' calls people (${levels.join(', ')}) and is ${status}; rules that page are 'test' or 'stable'`,
        'level',
      );
    if (document.alert?.why === undefined)
      say('rule.level', `'${name}' calls people (${levels.join(', ')}); say under 'alert.why' what for`, 'alert');
  }
  if (!isSensor)
    for (const kind of ['fires', 'silent'] as const)
      if (!exists(join(captures, `${name}.${kind}.pcap`)))
        say(
          'rule.captures',
          kind === 'fires'
            ? `there is no capture that fires '${name}': captures/${name}.fires.pcap`
            : `there is no capture that looks alike and leaves '${name}' silent: captures/${name}.silent.pcap`,
          'title',
        );
  return found;
}
