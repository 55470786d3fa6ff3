/**
 * `npm run prove [-- tests|figures]`: everything at full length. Runs every test with PENSTOCK_PROVE=1 and every benchmark, compares
 * the figures with what we promise, and writes `prove/figures.json` and `prove/figures.md`. Exit code 1 when a test failed or a
 * promise was missed.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BENCHES, type Figure, FLOORS, judge, readFigures, readSkips, type Skip, table } from './figures.ts';
import { prepareJudges } from './judges.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'prove');
const parts = process.argv.slice(2);
const wanted = (part: string): boolean => parts.length === 0 || parts.includes(part);
const unknown = parts.find((part) => part !== 'tests' && part !== 'figures');
if (unknown !== undefined) {
  console.error(`prove: there is no part '${unknown}'; there are: tests, figures`);
  process.exit(2);
}

mkdirSync(OUT, { recursive: true });
process.env.PENSTOCK_JUDGES = prepareJudges().join(',');

let tests: string | undefined;
let testsPassed = true;
if (wanted('tests')) {
  const { status, stdout } = run([
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=verbose',
    '--reporter=./tests/closing-line.ts',
  ]);
  tests = stdout.trimEnd().split('\n').at(-1) ?? '';
  testsPassed = status === 0;
}

const figures: Figure[] = [];
const skips: Skip[] = [];
const broken: string[] = [];
if (wanted('figures')) {
  for (const { script, args } of BENCHES) {
    console.log(`\n== ${script}`);
    const { status, stdout } = run([script, ...(args ?? [])]);
    figures.push(...readFigures(stdout));
    skips.push(...readSkips(stdout));
    if (status !== 0) broken.push(script);
  }
}
const verdicts = wanted('figures') ? judge(figures, FLOORS, skips) : [];

const machine = {
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  platform: `${process.platform}-${process.arch}`,
};
const when = new Date().toISOString();
writeFileSync(
  join(OUT, 'figures.json'),
  `${JSON.stringify({ when, machine, tests: tests ?? null, figures: verdicts }, null, 2)}\n`,
);
const report = [
  `# Figures of ${when.slice(0, 10)}`,
  '',
  `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGigabytes} GB, Node ${machine.node}, ${machine.platform}.`,
  ...(tests === undefined ? [] : ['', `Tests at full length: ${tests}.`]),
  ...(broken.length === 0 ? [] : ['', `Failed: ${broken.join(', ')}.`]),
  ...(verdicts.length === 0 ? [] : ['', table(verdicts)]),
].join('\n');
writeFileSync(join(OUT, 'figures.md'), `${report}\n`);
console.log(`\n${report}`);

const missed = verdicts.filter((verdict) => !verdict.kept);
process.exitCode = testsPassed && broken.length === 0 && missed.length === 0 ? 0 : 1;

/** Runs a script, showing its output while keeping it. */
function run(args: readonly string[]): { status: number | null; stdout: string } {
  const result = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    cwd: ROOT,
    env: { ...process.env, PENSTOCK_PROVE: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  process.stdout.write(result.stdout);
  return { status: result.status, stdout: result.stdout };
}
