import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PenstockError, UsageError } from '@penstock/core';
import type { Command } from 'commander';
import { PAGE_PORT, RUNS } from '../containers/layout.ts';
import { print } from '../output.ts';

/** The last run is written out before the answer comes. */
const ANSWERS_WITHIN_MS = 30_000;

/** `penstock reset`: the run of a range in containers ends, and a new one begins, without a restart of anything. */
export function addReset(program: Command): void {
  program
    .command('reset')
    .description('end the run of a range in containers and begin a new one; nothing is restarted')
    .option(
      '--range <url>',
      "the page's address with the instructor's token; not needed inside of the range's container",
    )
    .action(async ({ range }: { range?: string }) => {
      const { url, token } = range === undefined ? own() : given(range);
      let response: Response;
      try {
        response = await fetch(new URL('/api/reset', url), {
          method: 'POST',
          redirect: 'error',
          signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
          headers: { Authorization: `Bearer ${token}` },
        });
      } catch (error) {
        throw new PenstockError('reset.gone', `no range answers at ${url.origin}`, undefined, error);
      }
      if (!response.ok)
        throw new PenstockError(
          'reset.refused',
          response.status === 404
            ? 'this range is one process: end it with Ctrl-C and start it again'
            : `the range refuses (status ${response.status})`,
        );
      print('The run has ended; a new one begins.');
    });
}

/** @throws UsageError `reset.range` */
function given(address: string): { url: URL; token: string } {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const token = url && new URLSearchParams(url.hash.slice(1)).get('token');
  if (!url || !token || !/^(127\.\d+\.\d+\.\d+|localhost)$/.test(url.hostname))
    throw new UsageError(
      'reset.range',
      `--range wants the page's address with its token, for example http://127.0.0.1:8080/#token=…; this is '${address}'`,
    );
  return { url, token };
}

/** Inside of the range's container. @throws UsageError `reset.range` */
function own(): { url: URL; token: string } {
  const file = join(RUNS, 'tokens.json');
  if (!existsSync(file))
    throw new UsageError('reset.range', "which range? Say --range with the page's address, as the range printed it");
  const { instructor } = JSON.parse(readFileSync(file, 'utf8')) as { instructor: string };
  return { url: new URL(`http://127.0.0.1:${PAGE_PORT}/`), token: instructor };
}
