import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkScenarioFile } from '@penstock/attacks';
import { FileError, findPlugins, PenstockError, shownPath, UsageError } from '@penstock/core';
import { checkRuleFile } from '@penstock/monitor';
import { checkPlantFolder } from '@penstock/range';
import type { Command } from 'commander';
import { print, printJson } from '../output.ts';

/** One kind of file that can be checked: how to know it, and what checks it. */
interface Checker {
  readonly kind: string;
  readonly matches: (path: string) => boolean;
  readonly check: (path: string) => void | Promise<void>;
}

const CHECKERS: readonly Checker[] = [
  {
    kind: 'plant',
    matches: (path) => basename(path) === 'plant.yaml',
    check: (path) => checkPlantFolder(join(path, '..')),
  },
  { kind: 'rule', matches: (path) => path.endsWith('.yml'), check: checkRuleFile },
  { kind: 'scenario', matches: (path) => path.endsWith('.yaml'), check: checkScenarioFile },
];

/** `penstock check PATH...`: validates any of our files. */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('validate files of ours: file, line, and what would be right')
    .argument('<path...>', 'plant folders, plant.yaml, scenarios (.yaml), rules (.yml), or folders of them')
    .option('--json', 'print JSON')
    .action(async (paths: string[], { json }: { json?: boolean }) => {
      const files = paths.flatMap(filesOf);
      const problems: { file: string; id: string; message: string }[] = [];
      for (const file of files) {
        const checker = CHECKERS.find((c) => c.matches(file));
        if (checker === undefined)
          throw new UsageError(
            'check.unknown',
            `${shownPath(file)} is none of ours; a plant is a folder with plant.yaml, a scenario .yaml, a rule .yml`,
          );
        try {
          await checker.check(file);
        } catch (error) {
          if (!(error instanceof PenstockError)) throw error;
          for (const problem of error instanceof FileError ? error.problems : [error])
            problems.push({ file: shownPath(file), id: problem.id, message: problem.message });
        }
      }
      if (json) printJson({ files: files.map(shownPath), problems });
      else {
        for (const problem of problems) print(problem.message);
        print(
          problems.length === 0
            ? `${files.length} file${files.length === 1 ? '' : 's'} checked, all right`
            : `${problems.length} problem${problems.length === 1 ? '' : 's'}`,
        );
      }
      if (problems.length > 0) process.exitCode = 1;
    });
}

/** The files that a path stands for. @throws UsageError when there is nothing there. */
function filesOf(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError('check.missing', `there is no ${shownPath(path)}`);
  if (stats.isFile()) return [path];
  const here = [...findPlugins(path, '*.yml').values(), ...findPlugins(path, '*.yaml').values()];
  const plants = [...findPlugins(path, 'plant.yaml').values()].map((folder) => join(folder, 'plant.yaml'));
  const plant = here.find((file) => basename(file) === 'plant.yaml');
  const found = plant ? [plant] : [...here, ...plants];
  if (found.length === 0) throw new UsageError('check.missing', `there is nothing of ours in ${shownPath(path)}`);
  return found;
}
