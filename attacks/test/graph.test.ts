import { describe, expect, it } from 'vitest';
import { StepGraph } from '../graph.ts';
import { smallScenario } from './plant.ts';

/** Steps `a`, `b`, `c`, … with what each waits for. */
function graph(after: Record<string, string>): StepGraph {
  const steps = Object.entries(after)
    .map(
      ([id, when]) =>
        `  - { id: ${id}, about: x, verb: write-tag, from: scada, to: dosing-plc, tag: AIC301_SP, value: 1, techniques: [T0836]${when && `, after: { ${when} }`} }`,
    )
    .join('\n');
  return new StepGraph(
    smallScenario((text) => text.replace(/steps:\n( {2}- .*\n)+revertAfter/, `steps:\n${steps}\nrevertAfter`)).steps,
  );
}
const ids = (steps: readonly { id: string }[]) => steps.map((s) => s.id);

describe('a graph of steps', () => {
  it('begins with every step that waits for nothing', () => {
    expect(ids(graph({ a: '', b: '', c: 'step: a' }).first())).toEqual(['a', 'b']);
  });

  it('waits for all of several steps', () => {
    const g = graph({ a: '', b: '', c: 'step: [a, b]' });
    g.first();
    expect(ids(g.end('a', 'done'))).toEqual([]);
    expect(ids(g.end('b', 'done'))).toEqual(['c']);
    expect(g.over).toBe(false);
    g.end('c', 'done');
    expect(g.over).toBe(true);
  });

  it('or for any of them, and then begins once', () => {
    const g = graph({ a: '', b: '', c: 'step: [a, b], need: any' });
    g.first();
    expect(ids(g.end('a', 'done'))).toEqual(['c']);
    expect(ids(g.end('b', 'done'))).toEqual([]);
  });

  it('branches on failure', () => {
    const g = graph({ a: '', b: 'step: a', c: 'step: a, outcome: failed', d: 'step: a, outcome: ended' });
    g.first();
    expect(ids(g.end('a', 'failed'))).toEqual(['c', 'd']);
    g.end('c', 'done');
    expect(g.over).toBe(false);
    g.end('d', 'failed');
    expect(g.over).toBe(true);
    expect(g.outcome('a')).toBe('failed');
    expect(g.outcome('b')).toBeUndefined();
  });

  it.each([
    ['all', 'step: [a, b]', { a: 'failed' }, true],
    ['all', 'step: [a, b]', { a: 'done' }, false],
    ['any', 'step: [a, b], need: any', { a: 'failed' }, false],
    ['any, with none left', 'step: [a, b], need: any', { a: 'failed', b: 'failed' }, true],
  ] as const)('is over as soon as nothing can follow: %s', (_, when, ended, over) => {
    const g = graph({ a: '', b: '', c: when, d: 'step: c' });
    g.first();
    for (const [id, outcome] of Object.entries(ended)) g.end(id, outcome);
    if (!('b' in ended)) g.end('b', 'done');
    expect(g.over).toBe(over);
  });
});
