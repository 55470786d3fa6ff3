import { describe, expect, it } from 'vitest';
import { parseWindowTime } from './window.ts';

const FIRST = 1_700_000_000_000_000;

describe('the time of a window', () => {
  it.each([
    ['90', FIRST + 90e6],
    ['1.5', FIRST + 1.5e6],
    ['15m', FIRST + 900e6],
    ['1h30m', FIRST + 5400e6],
    ['01:02:03', FIRST + 3723e6],
    ['00:00:00.250', FIRST + 250e3],
    ['2026-03-02T09:00:00Z', Date.UTC(2026, 2, 2, 9) * 1e3],
    ['2026-03-02T09:00', Date.UTC(2026, 2, 2, 9) * 1e3],
    ['2026-03-02T09:00:00.000001Z', Date.UTC(2026, 2, 2, 9) * 1e3 + 1],
    ['2026-03-02T10:00:00+01:00', Date.UTC(2026, 2, 2, 9) * 1e3],
  ])('%s', (text, time) => {
    expect(parseWindowTime(text)(FIRST)).toBe(time);
  });

  it.each(['noon', '', '-5', '25:61:00', '2026-13-45T99:00:00Z'])('is not %j', (text) => {
    expect(() => parseWindowTime(text)).toThrow('is no time of a window');
  });
});
