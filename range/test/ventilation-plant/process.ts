/**
 * Air of a room of 200 m³ where hypochlorite and coagulant are kept. A leak gives off chlorine; one fan blows it out, or air in, by its speed and
 * direction. The air is well mixed; the pressure follows the fan's flow through a slit without delay.
 */
import { defineProcess } from '@penstock/simulator/process';

const VOLUME_M3 = 200;
/** Of the fan at full speed: 12 changes of air an hour, as rules for chlorine rooms ask of emergency ventilation. */
const FULL_M3_PER_S = (12 * VOLUME_M3) / 3600;
const LEAKAGE_M3_PER_S = 0.01;
/** Chlorine at 20 °C: 1 ppm is 2.95 mg/m³. */
const MG_PER_M3_PER_PPM = 2.95;
const PRESSURE_PA = 25;
/** A slow drip that is always there. */
const DRIP_MG_PER_S = 0.05;

export default defineProcess({
  name: 'ventilation-plant',
  states: ['chlorineMg'],
  inputs: { speed: 40, running: 1, direction: 2, leak: 0 },
  outputs: ['chlorinePpm', 'pressurePa'],
  disturbances: {},
  options: {},
  build: () => ({
    initial(x) {
      x[0] = 0.1 * MG_PER_M3_PER_PPM * VOLUME_M3;
    },
    derivatives(_t, x, u, dx) {
      const flow = u[1] * (u[0] / 100) * FULL_M3_PER_S * (u[2] > 0.5 ? 1 : 0);
      dx[0] = DRIP_MG_PER_S + u[3] - (x[0] / VOLUME_M3) * (flow + LEAKAGE_M3_PER_S);
    },
    outputs(_t, x, u, y) {
      y[0] = x[0] / VOLUME_M3 / MG_PER_M3_PER_PPM;
      // Exhausting (2) draws the room below the pressure outside, supplying (1) lifts it above.
      const sign = u[2] > 1.5 ? -1 : u[2] > 0.5 ? 1 : 0;
      y[1] = sign * u[1] * (u[0] / 100) ** 2 * PRESSURE_PA;
    },
  }),
});
