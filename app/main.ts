/** The `penstock` command: words in, exit code out. 0 done, 1 the thing asked for failed, 2 wrong use. */
import { PenstockError, UsageError } from '@penstock/core';
import { Command, CommanderError } from 'commander';
import { addBaseline } from './commands/baseline.ts';
import { addCheck } from './commands/check.ts';
import { addDoctor } from './commands/doctor.ts';
import { addLearn } from './commands/learn.ts';
import { addLists } from './commands/lists.ts';
import { addMonitor } from './commands/monitor.ts';
import { addReplay } from './commands/replay.ts';
import { addRun } from './commands/run.ts';
import { addUp } from './commands/up.ts';

const program = new Command('penstock')
  .description(
    'An OT cyber range: simulated plants, real protocols, scripted attacks, and a monitor that has to notice.',
  )
  .helpCommand(false)
  .showHelpAfterError('(penstock --help lists the commands)')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'penstock: ')) });

for (const add of [addUp, addLists, addCheck, addRun, addBaseline, addLearn, addReplay, addMonitor, addDoctor])
  add(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof PenstockError) {
    process.stderr.write(`penstock: ${error.message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
  throw error;
}
