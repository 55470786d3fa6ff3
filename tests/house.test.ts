import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Several starts of vitest in a test. */
const SEVERAL = 400_000;
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A project of its own inside the house, so that vitest is found. */
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(ROOT, 'node_modules', '.penstock-house-'));
  writeFileSync(
    join(folder, 'vitest.config.mjs'),
    `export default { test: {
      include: ['*.check.mjs'],
      setupFiles: [${JSON.stringify(join(ROOT, 'tests/leaks.ts'))}],
      reporters: ['default', ${JSON.stringify(join(ROOT, 'tests/closing-line.ts'))}],
      server: { deps: { inline: [/leaks/] } },
    } };`,
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

/** Runs one test file in that project; its exit code, last line, and what it said. */
function run(test: string, env: NodeJS.ProcessEnv = {}): { code: number | null; last: string; output: string } {
  writeFileSync(join(folder, 'one.check.mjs'), `import { it, expect } from 'vitest';\n${test}`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder],
    {
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', PENSTOCK_FAILED_CHECKS: '', ...env },
      timeout: 120_000,
    },
  );
  return { code: status, last: stdout.trimEnd().split('\n').at(-1) ?? '', output: stdout + stderr };
}

describe('a test run', { timeout: SEVERAL }, () => {
  it('ends with the counts', () => {
    const { code, last } = run("it('a', () => {}); it.skip('b', () => {}); it.todo('c');");
    expect([code, last]).toEqual([0, '1 passed, 0 failed, 2 skipped']);
  });

  it('counts a failing test, a file that does not load and a check that failed before', () => {
    expect(run("it('a', () => { expect(1).toBe(2); }); it('b', () => {});")).toMatchObject({
      code: 1,
      last: '1 passed, 1 failed, 0 skipped',
    });
    expect(run("import './nothing.mjs';")).toMatchObject({ code: 1, last: '0 passed, 1 failed, 0 skipped' });
    expect(run("it('a', () => {});", { PENSTOCK_FAILED_CHECKS: 'lint types' }).last).toBe(
      '1 passed, 2 failed, 0 skipped',
    );
  });

  it.each([
    [
      'a server',
      "import { createServer } from 'node:net'; it('a', () => new Promise((r) => createServer().listen(0, '127.0.0.1', r)));",
      'TCPServerWrap',
    ],
    ['a timer', "it('a', () => { setInterval(() => {}, 1000); });", 'Timeout'],
    [
      'a child',
      "import { spawn } from 'node:child_process'; it('a', () => { spawn('sleep', ['20']); });",
      'ProcessWrap',
    ],
    ['a file', "import { openSync } from 'node:fs'; it('a', () => { openSync('/etc/passwd'); });", '/etc/passwd'],
  ])('fails when a test leaves %s open', (_, test, name) => {
    const { code, last, output } = run(test, { PENSTOCK_LEAK_PATIENCE: '300' });
    expect(output).toContain(`1 × ${name}`);
    expect([code, last]).toEqual([1, '1 passed, 1 failed, 0 skipped']);
  });

  it('passes when what was open is closed', () => {
    const { code } = run(
      "import { createServer } from 'node:net'; it('a', async () => { const s = createServer(); await new Promise((r) => s.listen(0, '127.0.0.1', r)); s.close(); setTimeout(() => {}, 100); });",
    );
    expect(code).toBe(0);
  });
});
