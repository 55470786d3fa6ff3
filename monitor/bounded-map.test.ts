import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BoundedMap } from './bounded-map.ts';

it('holds what came last, as a map that looks for its oldest key each time would', () => {
  const step = fc.tuple(fc.constantFrom('set', 'renew', 'delete'), fc.nat(12));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const bounded = new BoundedMap<number, number>(5);
      const plain = new Map<number, number>();
      let forgotten = 0;
      steps.forEach(([what, key], i) => {
        if (what === 'delete') {
          expect(bounded.delete(key)).toBe(plain.delete(key));
          return;
        }
        if (what === 'renew') plain.delete(key);
        if (plain.size >= 5 && !plain.has(key)) {
          plain.delete(plain.keys().next().value as number);
          forgotten++;
        }
        plain.set(key, i);
        if (what === 'renew') bounded.renew(key, i);
        else bounded.set(key, i);
      });
      expect([...bounded.values()]).toEqual([...plain.values()]);
      expect([bounded.size, bounded.forgotten]).toEqual([plain.size, forgotten]);
      for (const [key, value] of plain) expect([bounded.has(key), bounded.get(key)]).toEqual([true, value]);
    }),
  );
});

it('takes a flood of new keys in a time that does not grow with its size', () => {
  const began = process.cpuUsage().user;
  const bounded = new BoundedMap<number, number>(65_536);
  for (let i = 0; i < 1_000_000; i++) bounded.renew(i, i);
  expect([bounded.size, bounded.forgotten]).toEqual([65_536, 1_000_000 - 65_536]);
  // A tenth of a second; looking for the oldest key each time takes minutes.
  expect((process.cpuUsage().user - began) / 1e6).toBeLessThan(5);
});
