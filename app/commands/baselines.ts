import { existsSync, statSync, writeFileSync } from 'node:fs';
import { readText, shownPath, UsageError } from '@penstock/core';
import {
  applyEdits,
  type BaselineData,
  changeText,
  conversationMaturity,
  conversationText,
  diffBaselines,
  formatBaselineData,
  hashOfBaseline,
  type Maturity,
  maturityOf,
  parseBaselineData,
  pollMaturity,
  pollText,
  readingMaturity,
  readingText,
  requestText,
  sealBaseline,
  writeMaturity,
  writeText,
} from '@penstock/monitor';
import { learnedFiles, openPlant } from '@penstock/range';
import type { Command } from 'commander';
import { note, print, printJson } from '../output.ts';
import { counted, span } from '../report.ts';

interface Printed {
  readonly json?: boolean;
}

/** `penstock baselines show | diff | edit | seal`: what a monitor has learned as normal. */
export function addBaselines(program: Command): void {
  const baselines = program
    .command('baselines')
    .description("look at, compare and edit what a monitor has learned as normal; for a plant's, give its id");
  baselines
    .command('show')
    .description('what is normal, how sure that is, and who has edited it')
    .argument('<baseline>', 'a file that `penstock learn` wrote, or a plant')
    .option('--json', 'print JSON')
    .action(async (name: string, { json }: Printed) => {
      const data = read(await fileOf(name), true);
      if (json) printJson({ maturity: maturityOf(data, Date.now() * 1e3), ...data, hash: hashOfBaseline(data) });
      else show(data);
    });
  baselines
    .command('diff')
    .description('what stands otherwise in another baseline')
    .argument('<before>', 'a file or a plant')
    .argument('<after>', 'a file or a plant')
    .option('--json', 'print JSON')
    .action(async (before: string, after: string, { json }: Printed) => {
      const [old, fresh] = [read(await fileOf(before), true), read(await fileOf(after), true)];
      const changes = diffBaselines(old, fresh);
      if (json) printJson({ before: hashOfBaseline(old), after: hashOfBaseline(fresh), changes });
      else {
        for (const change of changes) print(changeText(change));
        print(counted(changes.length, 'difference'));
      }
    });
  baselines
    .command('edit')
    .description('add and remove entries as an edit file says, which names who and why')
    .argument('<baseline>', 'a file or a plant')
    .argument('<edits>', 'YAML: version, by, why, changes with add or remove; see monitor/baseline/README.md')
    .option('--out <file>', 'write the result here; the baseline itself when left out')
    .option('--json', 'print JSON')
    .action(async (name: string, edits: string, { out, json }: Printed & { out?: string }) => {
      const path = await fileOf(name);
      const { data, changes } = applyEdits(
        read(path, true),
        readText(edits),
        shownPath(edits),
        new Date().toISOString(),
      );
      writeFileSync(out ?? path, formatBaselineData(data));
      if (json) printJson({ file: out ?? path, hash: hashOfBaseline(data), parent: data.parent, changes });
      else {
        for (const change of changes) print(change);
        print(`${counted(changes.length, 'change')} in ${shownPath(out ?? path)}`);
      }
    });
  baselines
    .command('seal')
    .description('accept a baseline that was changed by hand in its file, and put on record who and why')
    .argument('<baseline>', 'a file or a plant')
    .requiredOption('--by <name>', 'who answers for it')
    .requiredOption('--why <reason>', 'why it was changed')
    .action(async (name: string, { by, why }: { by: string; why: string }) => {
      const path = await fileOf(name);
      const data = sealBaseline(read(path, false), { by, why, at: new Date().toISOString() });
      writeFileSync(path, formatBaselineData(data));
      print(`${shownPath(path)} is sealed: ${hashOfBaseline(data)}`);
    });
}

const read = (path: string, sealed: boolean): BaselineData =>
  parseBaselineData(readText(path), shownPath(path), { sealed });

/** A file as it is; otherwise the learned baseline of the plant of that name. */
async function fileOf(name: string): Promise<string> {
  if (existsSync(name) && statSync(name).isFile()) return name;
  if (/\.(json|ya?ml)$/.test(name)) throw new UsageError('baseline.missing', `there is no file ${name}`);
  const plant = await openPlant(name);
  const { baseline } = learnedFiles(plant);
  if (!existsSync(baseline))
    throw new UsageError(
      'baseline.missing',
      `nothing was learned of ${plant.spec.id} yet; penstock learn ${name} does`,
    );
  return baseline;
}

const date = (microseconds: number): string =>
  new Date(microseconds / 1e3).toISOString().slice(0, 16).replace('T', ' ');

function show(data: BaselineData): void {
  const report = maturityOf(data, Date.now() * 1e3);
  const { from, to, plant, parent, edits } = data;
  if (from === null || to === null) print(`${plant ?? 'no plant'}: nothing was learned`);
  else
    print(
      `${plant ?? 'no plant'}: learned for ${span((to - from) / 1e6)} from ${date(from)} to ${date(to)} UTC, ${span(report.ageSeconds ?? 0)} ago: ${report.verdict}`,
    );
  print(`hash   ${hashOfBaseline(data)}${data.hash === null ? ' (not sealed)' : ''}`);
  if (parent !== null) print(`parent ${parent}`);
  for (const { at, by, why, changes } of edits) {
    print(`edited ${at} by ${by}: ${why}`);
    for (const change of changes) print(`  ${change}`);
  }
  const period = from === null || to === null ? 0 : to - from;
  list('conversations', data.conversations, conversationText, (entry) => conversationMaturity(entry, period));
  list('requests', data.requests, requestText, ({ note: added }) => (added === undefined ? 'settled' : 'added'));
  list('polls', data.polls, pollText, pollMaturity);
  list('writes', data.writes, writeText, writeMaturity);
  list('readings', data.readings, readingText, readingMaturity);
  if (report.late > 0)
    note(`${counted(report.late, 'conversation')} seen first in the last tenth of learning: it was short.`);
}

/** What is sure needs no word. */
const WORDS: Readonly<Record<Maturity, string>> = {
  settled: '',
  rare: 'seen rarely',
  few: 'too few samples yet',
  constant: 'never moved',
  added: 'added by hand',
  unknown: 'not counted',
};

function list<T extends object>(
  title: string,
  entries: readonly T[],
  text: (entry: T) => string,
  maturity: (entry: T) => Maturity,
): void {
  print();
  print(`${title} ${entries.length}`);
  for (const entry of entries) {
    const said = 'note' in entry ? String(entry.note) : '';
    const words = [WORDS[maturity(entry)], said].filter((word) => word !== '').join(', ');
    print(`  ${text(entry)}${words === '' ? '' : ` [${words}]`}`);
  }
}
