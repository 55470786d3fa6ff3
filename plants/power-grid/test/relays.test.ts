/** Relays by themselves, against the formulas of the standards. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differs, inMho, isForward, maySynchronise } from '../relays/comparators.ts';
import { advanceInverse, CURVES, curveOf, operateTime, resetTime } from '../relays/inverse-time.ts';
import { DIFFERENTIAL, LINE_SYNCHRONISM } from '../relays/settings.ts';

describe('inverse-time overcurrent', () => {
  it.each([
    ['A', 2, 10.029],
    ['A', 10, 2.971],
    ['B', 2, 13.5],
    ['B', 10, 1.5],
    ['C', 2, 26.667],
    ['C', 10, 0.808],
    ['D', 2, 3.803],
    ['E', 2, 7.028],
    ['F', 2, 9.522],
  ] as const)('curve %s at %d times its setting takes %d s', (letter, multiple, seconds) => {
    expect(operateTime(curveOf(letter), 1, multiple)).toBeCloseTo(seconds, 2);
  });

  it('reaches operation after the time of the formula at whatever constant current, and no earlier', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(CURVES)),
        fc.double({ min: 0.05, max: 1.5, noNaN: true }),
        fc.double({ min: 1.3, max: 40, noNaN: true }),
        (letter, multiplier, multiple) => {
          const curve = curveOf(letter);
          const time = operateTime(curve, multiplier, multiple);
          const h = time / 500;
          let progress = 0;
          let steps = 0;
          while (progress < 1 - 1e-9) {
            progress = advanceInverse(curve, multiplier, progress, multiple, h);
            steps++;
          }
          expect(Math.abs(steps * h - time)).toBeLessThanOrEqual(h + 1e-9);
        },
      ),
    );
  });

  it('adds what different currents have done, and no current above twenty settings does more', () => {
    const curve = curveOf('B');
    const half = advanceInverse(curve, 1, 0, 2, operateTime(curve, 1, 2) / 2);
    expect(half).toBeCloseTo(0.5, 12);
    expect(advanceInverse(curve, 1, half, 10, operateTime(curve, 1, 10) / 2)).toBeCloseTo(1, 12);
    expect(operateTime(curve, 1, 100)).toBe(operateTime(curve, 1, 20));
  });

  it('falls back at once by the curves of IEC, and in its own time by those of IEEE', () => {
    expect(advanceInverse(curveOf('A'), 1, 0.9, 0.5, 0.001)).toBe(0);
    const slow = curveOf('E');
    expect(resetTime(slow, 1, 0)).toBe(21.6);
    expect(advanceInverse(slow, 1, 1, 0, 10.8)).toBeCloseTo(0.5, 12);
    expect(operateTime(slow, 1, 0.9)).toBe(Number.POSITIVE_INFINITY);
  });

  it('refuses a curve that the standard does not have', () => {
    expect(() => curveOf('Z')).toThrow(/no curve 'Z' in IEC 60255-151/);
  });
});

describe('the distance element', () => {
  const reach = { r: 0.02, x: 0.16 };
  const size = Math.hypot(reach.r, reach.x);
  const angle = Math.atan2(reach.x, reach.r);
  /** Whether it sees an impedance at 1 pu of current. */
  const sees = (ohms: number, at: number) => {
    const vRe = ohms * Math.cos(at);
    const vIm = ohms * Math.sin(at);
    return inMho(vRe, vIm, 1, 0, vRe, vIm, reach.r, reach.x);
  };

  it('reaches as far as it is set along the line, and the cosine of it beside', () => {
    fc.assert(
      fc.property(fc.double({ min: -1.4, max: 1.4, noNaN: true }), (beside) => {
        const edge = size * Math.cos(beside);
        expect(sees(0.999 * edge, angle + beside)).toBe(true);
        expect(sees(1.001 * edge, angle + beside)).toBe(false);
      }),
    );
  });

  it('sees nothing backward, and at its own terminals goes by the voltage that was', () => {
    expect(sees(0.01, angle + Math.PI)).toBe(false);
    // No voltage left: the current lags the remembered voltage forward, and leads it backward.
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    expect(inMho(0, 0, 5 * c, -5 * s, 1, 0, reach.r, reach.x)).toBe(true);
    expect(inMho(0, 0, -5 * c, 5 * s, 1, 0, reach.r, reach.x)).toBe(false);
    expect(isForward(5 * c, -5 * s, 1, 0, c, s)).toBe(true);
    expect(isForward(-5 * c, 5 * s, 1, 0, c, s)).toBe(false);
  });
});

describe('the differential element', () => {
  it('lets through what flows through, however much, and an error of measurement below its slope', () => {
    for (const current of [0.2, 1, 8]) {
      expect(differs(DIFFERENTIAL, 1, current, 0, -current, 0)).toBe(false);
      expect(differs(DIFFERENTIAL, 1, current, 0, -0.8 * current, 0)).toBe(false);
    }
  });

  it('operates on what stays inside', () => {
    expect(differs(DIFFERENTIAL, 1, 0.31, 0, 0, 0)).toBe(true);
    expect(differs(DIFFERENTIAL, 1, 4, 0, 3, 0)).toBe(true);
    // At the knee of two: 0.3·2 are let through.
    expect(differs(DIFFERENTIAL, 1, 2.29, 0, -1.71, 0)).toBe(false);
    expect(differs(DIFFERENTIAL, 1, 2.31, 0, -1.69, 0)).toBe(true);
  });
});

describe('the synchronism check', () => {
  const check = (bus: number, line: number, slip: number, degrees: number) =>
    maySynchronise(LINE_SYNCHRONISM, bus, line, slip, (degrees * Math.PI) / 180);
  it('lets a dead side be closed onto, and two live ones only in step', () => {
    expect(check(1, 0, 60, 0)).toBe(true);
    expect(check(0.1, 0.2, 0, 0)).toBe(true);
    expect(check(1, 0.5, 0, 0)).toBe(false);
    expect(check(1, 1.05, 0.1, 20)).toBe(true);
    expect(check(1, 1.15, 0.1, 20)).toBe(false);
    expect(check(1, 1.05, 0.3, 20)).toBe(false);
    expect(check(1, 1.05, 0.1, -45)).toBe(false);
  });
});
