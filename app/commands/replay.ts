import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duration, type Instant, inSeconds } from '@penstock/core';
import { RunFolder, replay } from '@penstock/range';
import type { Command } from 'commander';
import { durationOption } from '../options.ts';
import { print, printJson } from '../output.ts';

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
    .action(async (path: string, options: ReplayOptions) => {
      const scratch = options.pcap === undefined ? undefined : mkdtempSync(join(tmpdir(), 'penstock-'));
      try {
        const folder = scratch === undefined ? undefined : RunFolder.create(join(scratch, 'run'));
        const { result, recorded } = await replay(
          RunFolder.open(path),
          options.to as number as Instant | undefined,
          folder,
        );
        if (folder && options.pcap !== undefined) copyFileSync(folder.file('capture.pcap'), options.pcap);
        const same =
          recorded &&
          Object.fromEntries(
            Object.entries(recorded).map(([what, hash]) => [
              what,
              hash === result.hashes[what as keyof typeof recorded],
            ]),
          );
        const summary = {
          run: path,
          simulatedSeconds: result.simulatedSeconds,
          packets: result.packets,
          alerts: result.monitor?.alerts ?? [],
          hashes: result.hashes,
          recorded: recorded ?? null,
          same: same ?? null,
        };
        if (options.json) printJson(summary);
        else {
          print(
            `${Math.round(inSeconds((result.simulatedSeconds * 1e6) as Instant))} s, ${result.packets} packets, ${summary.alerts.length} alerts`,
          );
          for (const [what, hash] of Object.entries(result.hashes))
            print(`${what.padEnd(8)} ${hash}  ${same === undefined ? '' : same[what] ? 'as recorded' : 'DIFFERS'}`);
        }
        if (same && Object.values(same).includes(false)) process.exitCode = 1;
      } finally {
        if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
      }
    });
}
