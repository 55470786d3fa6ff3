import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Duration, type Instant, UsageError } from '@penstock/core';
import { type ReplayResult, RunFolder, replay } from '@penstock/range';
import type { Command } from 'commander';
import { durationOption } from '../options.ts';
import { print, printJson } from '../output.ts';
import { progressLine } from '../progress.ts';
import { counted, span } from '../report.ts';

interface ReplayOptions {
  readonly to?: Duration;
  readonly pcap?: string;
  readonly json?: boolean;
}

/** `penstock replay RUN`: executes a run again; its packets and alerts are the same. */
export function addReplay(program: Command): void {
  program
    .command('replay')
    .description('execute a run again from its seed and what came from outside')
    .argument('<run>', "a run's folder")
    .option('--to <time>', 'only up to this time of the run, for example 15m', durationOption)
    .option('--pcap <file>', 'write its packets to this file')
    .option('--json', 'print JSON')
    .action(async (path: string, { to, pcap, json }: ReplayOptions) => {
      const run = RunFolder.open(path);
      const progress = progressLine(path);
      const again = (folder?: RunFolder) => replay(run, to as number as Instant | undefined, folder, progress);
      const { result, recorded, plantChanged } = pcap === undefined ? await again() : await keepingCapture(pcap, again);
      progress(1);
      const same = recorded && compare(result.hashes, recorded);
      const { simulatedSeconds, packets, hashes } = result;
      const alerts = result.monitor?.alerts ?? [];
      if (json)
        printJson({
          run: path,
          ...{ simulatedSeconds, packets, alerts, hashes },
          recorded: recorded ?? null,
          same: same ?? null,
          plantChanged,
        });
      else {
        print(`${span(simulatedSeconds)}, ${counted(packets, 'packet')}, ${counted(alerts.length, 'alert')}`);
        for (const [what, hash] of Object.entries(hashes))
          print(`${what.padEnd(8)} ${hash}  ${same === undefined ? '' : same[what] ? 'as recorded' : 'DIFFERS'}`);
        if (same === undefined) print('Only a part of it, or of a run that was killed: nothing to compare with.');
      }
      const differs = same !== undefined && Object.values(same).includes(false);
      if (plantChanged && !json) {
        const effect = differs ? ': it cannot be expected to be the same' : same ? ', but nothing of this run' : '';
        print(`The plant has changed since that run (plant.yaml, its programs or its model)${effect}.`);
      }
      if (differs) process.exitCode = 1;
    });
}

type Hashes = ReplayResult['result']['hashes'];

const compare = (hashes: Hashes, recorded: Hashes): Record<string, boolean> =>
  Object.fromEntries(Object.entries(hashes).map(([what, hash]) => [what, hash === recorded[what as keyof Hashes]]));

/** Plays into a folder of its own, of which only the capture is kept. */
async function keepingCapture(file: string, play: (folder: RunFolder) => Promise<ReplayResult>): Promise<ReplayResult> {
  if (!existsSync(dirname(file))) throw new UsageError('replay.pcap', `there is no folder ${dirname(file)}`);
  const scratch = mkdtempSync(join(tmpdir(), 'penstock-'));
  try {
    const folder = RunFolder.create(join(scratch, 'run'));
    const result = await play(folder);
    copyFileSync(folder.file('capture.pcap'), file);
    return result;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
