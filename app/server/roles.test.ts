import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keptTokens, makeTokens, roleOf } from './roles.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-tokens-'));
  file = join(folder, 'tokens.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('tokens that are kept', () => {
  it('are drawn once, for their owner only, and are the same after a restart', () => {
    const tokens = keptTokens(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(keptTokens(file)).toEqual(tokens);
    expect(keptTokens(join(folder, 'others.json'))).not.toEqual(tokens);
    expect([roleOf(tokens.trainee, tokens), roleOf(tokens.instructor, tokens), roleOf('', tokens)]).toEqual([
      'trainee',
      'instructor',
      undefined,
    ]);
  });

  it('are not taken from a file that others can read', () => {
    keptTokens(file);
    chmodSync(file, 0o644);
    expect(() => keptTokens(file)).toThrow('can be read by others; take that away (chmod 600) or delete it');
  });

  it.each([
    ['no JSON', 'token'],
    ['another document', '{"instructor":"a"}'],
    ['tokens that are too short', JSON.stringify({ instructor: 'a', trainee: 'b' })],
    ['keys that are none of ours', JSON.stringify({ ...makeTokens(), more: 1 })],
  ])('are not taken from %s', (_, text) => {
    writeFileSync(file, text, { mode: 0o600 });
    expect(() => keptTokens(file)).toThrow('holds no tokens of a range; delete it, or name another with --tokens');
  });

  it('cannot be kept where nothing can be written', () => {
    expect(() => keptTokens(join(folder, 'none', 'tokens.json'))).toThrow('cannot be read or written (ENOENT)');
  });
});
