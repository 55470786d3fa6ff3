import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { checkScenarioFile } from '@penstock/attacks';
import {
  FileError,
  findPlugins,
  loadPid,
  loadPlant,
  loadScene,
  PenstockError,
  shownPath,
  UsageError,
} from '@penstock/core';
import { checkRuleFile } from '@penstock/monitor';
import { checkPlantFolder, checkScenario } from '@penstock/range';
import type { Command } from 'commander';
import { print, printJson } from '../output.ts';
import { counted } from '../report.ts';

/** One kind of file that can be checked: how to know it, and what checks it. */
interface Checker {
  readonly matches: (path: string) => boolean;
  readonly check: (path: string) => unknown;
}

const CHECKERS: readonly Checker[] = [
  { matches: (path) => basename(path) === 'plant.yaml', check: (path) => checkPlantFolder(dirname(path)) },
  { matches: (path) => basename(path) === 'scene.yaml', check: checkSceneFile },
  { matches: (path) => basename(path) === 'pid.yaml', check: checkPidFile },
  { matches: (path) => path.endsWith('.yml'), check: checkRuleFile },
  { matches: (path) => path.endsWith('.yaml'), check: (path) => checkScenario(checkScenarioFile(path)) },
];

/** What a plant's folder may hold for us. */
const PLANT_FILES: readonly string[] = ['plant.yaml', 'scene.yaml', 'pid.yaml'];

interface Problem {
  readonly file: string;
  readonly id: string;
  readonly message: string;
}

/** `penstock check PATH...`: validates any of our files. */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('validate files of ours: file, line, and what would be right')
    .argument('<path...>', 'plant folders, plant.yaml, scenarios (.yaml), rules (.yml), or folders of them')
    .option('--json', 'print JSON')
    .action(async (paths: string[], { json }: { json?: boolean }) => {
      const jobs = paths.flatMap(filesOf).map((file) => ({ file, checker: checkerOf(file) }));
      const problems: Problem[] = [];
      for (const { file, checker } of jobs) problems.push(...(await problemsOf(file, checker)));
      if (json) printJson({ files: jobs.map(({ file }) => shownPath(file)), problems });
      else {
        for (const problem of problems) print(problem.message);
        print(
          problems.length === 0
            ? `${counted(jobs.length, 'file')} checked, all right`
            : counted(problems.length, 'problem'),
        );
      }
      if (problems.length > 0) process.exitCode = 1;
    });
}

async function problemsOf(file: string, checker: Checker): Promise<Problem[]> {
  try {
    await checker.check(file);
    return [];
  } catch (error) {
    const shown = shownPath(file);
    // A plant's own process module may throw whatever it likes.
    if (!(error instanceof PenstockError))
      return [{ file: shown, id: 'check.failed', message: `${shown}: ${(error as Error).message}` }];
    return (error instanceof FileError ? error.problems : [error]).map(({ id, message, place }) => ({
      file: place?.file ?? shown,
      id,
      message: place ? message : `${shown}: ${message}`,
    }));
  }
}

/** A scene is checked against the plant in whose folder it lies. */
function checkSceneFile(path: string): void {
  const folder = dirname(path);
  loadScene(folder, loadPlant(folder).spec);
}

/** So is a diagram. */
function checkPidFile(path: string): void {
  const folder = dirname(path);
  loadPid(folder, loadPlant(folder).spec);
}

function checkerOf(file: string): Checker {
  const checker = CHECKERS.find(({ matches }) => matches(file));
  if (checker === undefined)
    throw new UsageError(
      'check.unknown',
      `${shownPath(file)} is none of ours; a plant is a folder with plant.yaml, scene.yaml and pid.yaml, a scenario .yaml, a rule .yml`,
    );
  return checker;
}

/** The files that a path stands for. @throws UsageError when there is nothing there. */
function filesOf(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError('check.missing', `there is no ${shownPath(path)}`);
  if (stats.isFile()) return [path];
  const here = [...findPlugins(path, '*.yml').values(), ...findPlugins(path, '*.yaml').values()];
  const plant = here.filter((file) => PLANT_FILES.includes(basename(file)));
  const below = PLANT_FILES.flatMap((name) =>
    [...findPlugins(path, name).values()].map((folder) => join(folder, name)),
  );
  const found = plant.length > 0 ? plant : [...here, ...below];
  if (found.length === 0) throw new UsageError('check.missing', `there is nothing of ours in ${shownPath(path)}`);
  return found;
}
