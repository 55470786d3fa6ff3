import { describe, expect, it } from 'vitest';
import { heat, steadyCurrent } from '../conductor.ts';

describe('the heat balance of a conductor', () => {
  it('gives the rating of the worked example of IEEE Std 738: 1025 A for Drake at 100 °C', () => {
    expect(Math.abs(steadyCurrent(100, 40, 0.61, 1) - 1025)).toBeLessThan(0.01 * 1025);
  });

  it('settles at 100 °C under the rated current in the rated weather, within hours, from above and from below', () => {
    for (const start of [20, 160]) {
      let celsius = start;
      for (let n = 0; n < 4 * 3600; n++) celsius = heat(celsius, 1, 40, 0.61, 1, 1);
      expect(celsius).toBeCloseTo(100, 1);
    }
  });

  it('is as warm as the air without current and sun, and warmer in still air', () => {
    let idle = 90;
    for (let n = 0; n < 8 * 3600; n++) idle = heat(idle, 0, 15, 1, 0, 1);
    expect(idle).toBeCloseTo(15, 1);
    expect(steadyCurrent(75, 25, 0, 0)).toBeLessThan(steadyCurrent(75, 25, 2, 0));
  });
});
