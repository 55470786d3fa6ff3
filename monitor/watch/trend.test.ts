import { minutes } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { Trend } from './trend.ts';

/** The result after each of `seconds` seconds. */
function play(trend: Trend, seconds: number, value: (second: number) => number, from = 0): number[] {
  return Array.from({ length: seconds }, (_, i) => trend.take((from + i) * 1e6, value(from + i)));
}

describe('trend', () => {
  it('is unknown until its window is full, then the mean', () => {
    const results = play(new Trend('mean', minutes(10)), 1260, (s) => (s < 600 ? 4 : 8));
    expect(results[590]).toBeNaN();
    expect(results[640]).toBeLessThan(4.4);
    expect(results[1259]).toBeCloseTo(8, 9);
  });

  it('is the slope per hour, whatever the value starts from', () => {
    const results = play(new Trend('slope', minutes(10)), 1200, (s) => 3 + s / 1800);
    expect(results[1199]).toBeCloseTo(2, 6);
  });

  it('agrees with the mean of what flows in, so that a balance is exact', () => {
    const level = new Trend('slope', minutes(30));
    const inflow = new Trend('mean', minutes(30));
    const flow = (s: number): number => 100 + 80 * Math.sin(s / 300) + (s % 700 < 60 ? 400 : 0);
    let volume = 0;
    for (let s = 0; s < 7200; s++) {
      volume += flow(s) / 3600;
      const rise = level.take(s * 1e6, volume / 200);
      const mean = inflow.take(s * 1e6, flow(s));
      if (s > 2000) expect(Math.abs(200 * rise - mean)).toBeLessThan(12);
    }
  });

  it('begins anew after a value that nobody knows and after a gap', () => {
    const trend = new Trend('slope', minutes(10));
    play(trend, 700, (s) => s);
    expect(trend.take(700e6, Number.NaN)).toBeNaN();
    expect(play(trend, 600, () => 5, 701).every(Number.isNaN)).toBe(true);
    expect(play(trend, 60, () => 5, 1301).at(-1)).toBeCloseTo(0, 6);
    expect(trend.take(5000e6, 5)).toBeNaN();
  });
});
