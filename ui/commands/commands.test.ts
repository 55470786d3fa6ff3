import { describe, expect, it } from 'vitest';
import { keysOf } from './keyboard.ts';
import { register } from './registry.ts';
import { ranked } from './search.ts';

const key = (name: string, ctrlKey = false) => ({ key: name, ctrlKey, metaKey: false, altKey: false });

describe('commands', () => {
  it('cannot share an id or keys, and leave nothing behind', () => {
    const one = { id: 'one', label: 'x', group: 'page', keys: 'p', perform: () => {} } as const;
    const takeAway = register([one]);
    expect(() => register([{ ...one, id: 'two' }])).toThrow("command 'two' has the id or the keys of 'one'");
    takeAway();
    register([one])();
  });

  it('are written as keys are pressed', () => {
    expect([keysOf(key('K', true)), keysOf(key('?')), keysOf(key('Escape'))]).toEqual(['Ctrl+k', '?', 'Escape']);
  });
});

it('the search wants every word, and beginnings first', () => {
  const items = ['Clearwell level', 'Level of the tower', 'Tower pressure', 'Sublevel'];
  expect(ranked(items, 'level', (text) => text)).toEqual(['Level of the tower', 'Clearwell level', 'Sublevel']);
  expect(ranked(items, 'tow lev', (text) => text)).toEqual(['Level of the tower']);
});
