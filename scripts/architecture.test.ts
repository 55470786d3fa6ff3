import { describe, expect, it } from 'vitest';
import { ARROWS, BANS, checkManifest, checkSource, checkText } from './architecture.ts';

const rules = (file: string, text: string): string[] => checkSource(file, text).map(({ rule }) => rule);

describe('arrows', () => {
  it('lets the monitor import core and protocols, and never the simulator, plants or attacks', () => {
    expect(
      rules('monitor/a.ts', "import { nearest } from '@penstock/core';\nimport '@penstock/protocols/modbus';"),
    ).toEqual([]);
    expect(
      checkSource(
        'monitor/rules/a.ts',
        "import '@penstock/core';\nimport type { Wire } from '@penstock/simulator/kernel';",
      ),
    ).toEqual([
      {
        file: 'monitor/rules/a.ts',
        line: 2,
        column: 27,
        rule: 'arrow',
        message: 'monitor may not import @penstock/simulator/kernel (allowed: core, protocols)',
      },
    ]);
  });

  it.each([
    ['a type import', "import type { A } from '@penstock/range';"],
    ['a re-export', "export * from '@penstock/range';"],
    ['a dynamic import', "const load = () => import('@penstock/range');"],
    ['an import type', "let a: import('@penstock/range').A;"],
  ])('sees %s', (_, text) => {
    expect(rules('core/a.ts', text)).toEqual(['arrow']);
  });

  it('allows single entry points of a room', () => {
    expect(rules('attacks/a.ts', "import '@penstock/simulator/kernel';")).toEqual([]);
    expect(rules('attacks/a.ts', "import '@penstock/simulator/devices';")).toEqual(['arrow']);
    expect(rules('ui/a.ts', "import '@penstock/core';")).toEqual(['arrow']);
  });

  it('keeps relative imports inside the room', () => {
    expect(rules('range/journal/a.ts', "import '../plants.ts';")).toEqual([]);
    expect(checkSource('range/journal/a.ts', "import '../../core/time.ts';")[0]?.message).toBe(
      "'../../core/time.ts' leaves the room; other rooms are imported as @penstock/core",
    );
    expect(rules('range/a.ts', "import '@penstock/range';")).toEqual(['arrow']);
    expect(rules('simulator/kernel/a.ts', "import '@penstock/simulator/kernel';")).toEqual(['arrow']);
    expect(rules('simulator/devices/a.ts', "import '@penstock/simulator/kernel';")).toEqual([]);
  });

  it('leaves tests alone', () => {
    expect(rules('monitor/a.test.ts', "import '@penstock/simulator/kernel';\nimport '../tests/judges.ts';")).toEqual(
      [],
    );
  });

  it('has no cycle', () => {
    const rooms = (room: string): string[] => (ARROWS[room] ?? []).map((entry) => entry.split('/')[0] as string);
    const reach = (room: string, seen: string[] = []): void => {
      expect(seen).not.toContain(room);
      for (const next of rooms(room)) reach(next, [...seen, room]);
    };
    for (const room of Object.keys(ARROWS)) reach(room);
  });

  it("checks a room's package.json", () => {
    const manifest = '{\n  "dependencies": {\n    "@penstock/core": "*",\n    "@penstock/simulator": "*"\n  }\n}';
    expect(checkManifest('monitor/package.json', manifest)).toEqual([
      {
        file: 'monitor/package.json',
        line: 4,
        column: 5,
        rule: 'arrow',
        message: 'monitor may not depend on @penstock/simulator (allowed: core, protocols)',
      },
    ]);
    expect(checkManifest('attacks/package.json', manifest)).toEqual([]);
  });
});

describe('bans', () => {
  it.each([
    ['clock', 'const t = Date.now();'],
    ['clock', 'const t = new Date();'],
    ['clock', 'const t = Date();'],
    ['clock', 'const t = performance.now();'],
    ['clock', 'const t = globalThis.performance.now;'],
    ['clock', 'const t = process.hrtime();'],
    ['clock', "import { performance as p } from 'node:perf_hooks';"],
    ['timer', 'setTimeout(() => {}, 1);'],
    ['timer', 'globalThis.setInterval(() => {}, 1);'],
    ['timer', 'const later = setImmediate;'],
    ['timer', 'queueMicrotask(() => {});'],
    ['timer', 'process.nextTick(() => {});'],
    ['clock', "import { setTimeout as sleep } from 'node:timers/promises';"],
    ['randomness', 'const r = Math.random();'],
    ['randomness', "const r = Math['random']();"],
    ['randomness', 'const { random } = Math;'],
    ['randomness', 'const { x } = { x: Math.random };'],
    ['randomness', 'const id = crypto.randomUUID();'],
    ['randomness', "import { randomBytes } from 'node:crypto';"],
    ['randomness', "import { randomUUID as id } from 'crypto';"],
    ['files', "import { readFileSync } from 'node:fs';"],
    ['files', "import { readFile } from 'fs/promises';"],
    ['files', "import { DatabaseSync } from 'node:sqlite';"],
    ['files', "const fs = await import('node:fs');"],
    ['network', "import type { Socket } from 'node:net';"],
    ['network', "import { createSocket } from 'dgram';"],
    ['network', "fetch('http://localhost');"],
    ['process', "import { spawn } from 'node:child_process';"],
    ['thread', "import { Worker } from 'node:worker_threads';"],
    ['evaluation', "eval('1');"],
    ['evaluation', "const f = new Function('return 1');"],
    ['evaluation', "import { runInNewContext } from 'node:vm';"],
  ])('%s: %s', (rule, text) => {
    expect(rules('monitor/rules/a.ts', text)).toEqual([rule]);
    expect(rules('core/a.ts', text)).toEqual([rule]);
  });

  it.each([
    'const t = new Date(epoch).toISOString();',
    'const t = Date.parse(text) + Date.UTC(2026, 0, 5);',
    'function f(at: Date): void {}',
    'interface A { performance: number; setTimeout(): void }',
    'const a = { setTimeout: 1, fetch() {} }; socket.setTimeout(5);',
    "import { createHash } from 'node:crypto';",
    "import { join } from 'node:path';",
    "// setTimeout(() => Math.random())\nconst s = 'Date.now()';",
    'type Later = Function; const x = Math.round(1.5);',
  ])('leaves alone: %s', (text) => {
    expect(rules('monitor/a.ts', text)).toEqual([]);
  });

  it('allows each thing where its row says, and in tests', () => {
    const samples: Record<string, string> = {
      clock: 'performance.now();',
      timer: 'setTimeout(f, 1);',
      randomness: 'Math.random();',
      files: "import 'node:fs';",
      network: "import 'node:net';",
      process: "import 'node:child_process';",
      thread: "import 'node:worker_threads';",
    };
    for (const { rule, allowedIn, always } of BANS) {
      if (always) continue;
      for (const path of allowedIn)
        expect(
          rules(
            path.endsWith('.ts') ? path : path.endsWith('/') ? `${path}a.ts` : `${path}.ts`,
            samples[rule] as string,
          ),
        ).toEqual([]);
      expect(rules('monitor/a.test.ts', samples[rule] as string)).toEqual([]);
    }
  });

  it('forbids evaluation in tests and scripts too', () => {
    expect(rules('scripts/a.ts', "eval('1');")).toEqual(['evaluation']);
    expect(rules('monitor/a.test.ts', "eval('1');")).toEqual(['evaluation']);
  });

  it('lets nothing inside a run wait', () => {
    expect(rules('simulator/devices/a.ts', 'async function f() { await g(); }')).toEqual(['promise']);
    expect(rules('protocols/modbus/a.ts', 'const p = new Promise(f);')).toEqual(['promise']);
    expect(rules('plants/drinking-water/process.ts', 'export const f = async () => 1;')).toEqual(['promise']);
    expect(rules('simulator/kernel/gates.ts', 'async function f() { await g(); }')).toEqual([]);
    expect(rules('range/a.ts', 'async function f() { await g(); }')).toEqual([]);
  });
});

describe('form', () => {
  it('keeps files short', () => {
    expect(rules('core/a.ts', 'x;\n'.repeat(501))).toEqual(['length']);
    expect(rules('core/a.ts', 'x;\n'.repeat(500))).toEqual([]);
    expect(rules('core/a.test.ts', 'x;\n'.repeat(800))).toEqual([]);
    expect(rules('core/a.test.ts', 'x;\n'.repeat(801))).toEqual(['length']);
  });

  it('reports what cannot be parsed', () => {
    expect(rules('core/a.ts', 'const = 1;')).toContain('syntax');
  });

  it('wants names that say something', () => {
    expect(checkText('core/utils/a.ts', '')[0]?.message).toBe("'utils' says nothing; name it by what it does");
    expect(checkText('core/helpers.ts', '')).toHaveLength(1);
    expect(checkText('core/utilisation.ts', '')).toEqual([]);
  });

  it('finds paths of one machine in any text', () => {
    const path = ['', 'work', 'main', 'core'].join('/');
    expect(checkText('README.md', `see\n\n  ${path}\n`)).toEqual([
      {
        file: 'README.md',
        line: 3,
        column: 3,
        rule: 'machine-path',
        message: `'${['', 'work', ''].join('/')}' is a path of one machine; resolve it from import.meta.url or an option`,
      },
    ]);
    expect(checkText('a.md', `(${['', 'home', 'anna', 'x'].join('/')})`)).toHaveLength(1);
    expect(checkText('a.md', 'https://example.com/home/a/b and ./home/a/x')).toEqual([]);
  });
});
