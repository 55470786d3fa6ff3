/** The `penstock` command: words in, exit code out. 0 done, 1 the thing asked for failed, 2 wrong use. */
import { UsageError } from '@penstock/core';
import { Command, CommanderError } from 'commander';
import { addAdversary } from './commands/adversary.ts';
import { addBaseline } from './commands/baseline.ts';
import { addBaselines } from './commands/baselines.ts';
import { addCheck } from './commands/check.ts';
import { addCompose } from './commands/compose.ts';
import { addDoctor } from './commands/doctor.ts';
import { addLearn } from './commands/learn.ts';
import { addLists } from './commands/lists.ts';
import { addMonitor } from './commands/monitor.ts';
import { addOpcUaFront } from './commands/opcua-front.ts';
import { addReplay } from './commands/replay.ts';
import { addReset } from './commands/reset.ts';
import { addRun } from './commands/run.ts';
import { addUp } from './commands/up.ts';
import { failureOf } from './failure.ts';
import { note } from './output.ts';
import { version } from './version.ts';

const program = new Command('penstock')
  .description(
    'An OT cyber range: simulated plants, real protocols, scripted attacks, and a monitor that has to notice.',
  )
  .version(version)
  .helpCommand(false)
  .exitOverride();
oneLineErrors(program, 'penstock');
for (const add of [
  addUp,
  addAdversary,
  addLists,
  addCheck,
  addRun,
  addBaseline,
  addBaselines,
  addLearn,
  addReplay,
  addReset,
  addMonitor,
  addOpcUaFront,
  addCompose,
  addDoctor,
])
  add(program);
for (const command of program.commands) {
  oneLineErrors(command, `penstock ${command.name()}`);
  for (const part of command.commands) oneLineErrors(part, `penstock ${command.name()} ${part.name()}`);
}

try {
  if (process.argv.length <= 2) throw noCommand();
  await program.parseAsync();
} catch (error) {
  process.exitCode = tell(error);
}

function noCommand(): UsageError {
  const names = program.commands.map((command) => command.name()).join(', ');
  return new UsageError('command.missing', `which command? There are ${names}; penstock --help says what each does`);
}

/** Commander's complaints, with where to look, on one line as all of ours. */
function oneLineErrors(command: Command, name: string): void {
  command.configureOutput({
    outputError: (text, write) => {
      const complaint = text
        .replace(/^error: /, '')
        .trim()
        .replaceAll('\n', ' ');
      write(`penstock: ${complaint}${/[.)]$/.test(complaint) ? '' : ';'} see ${name} --help\n`);
    },
  });
}

function tell(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const failure = failureOf(error);
  if (failure === undefined) throw error;
  note(`penstock: ${failure.line}`);
  return failure.code;
}
