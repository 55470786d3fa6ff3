/** The booster's tank of 2 m² (20 L/s in, 8 L/s out, 5 m high), and an office of 80 m³ that a radiator of 1.5 kW heats against 5 °C outside. */
import { defineProcess } from '@penstock/simulator/process';

const AREA = 2;
const FILL = 0.02;
const DEMAND = 0.008;
const HEIGHT = 5;
/** Air and furniture, J/K; loss through walls and windows, W/K. */
const ROOM = 400_000;
const LOSS = 60;
const RADIATOR = 1500;
const OUTSIDE = 5;

export default defineProcess({
  name: 'doors-plant',
  states: ['levelM', 'roomC'],
  inputs: { pump: 0, radiator: 0 },
  outputs: ['levelM', 'roomC'],
  disturbances: {},
  options: {},
  build: () => ({
    initial(x) {
      x[0] = 2.5;
      x[1] = 20.5;
    },
    derivatives(_t, x, u, dx) {
      const inflow = x[0] < HEIGHT ? u[0] * FILL : 0;
      const outflow = x[0] > 0 ? DEMAND : 0;
      dx[0] = (inflow - outflow) / AREA;
      dx[1] = (u[1] * RADIATOR - LOSS * (x[1] - OUTSIDE)) / ROOM;
    },
    outputs(_t, x, _u, y) {
      y[0] = x[0];
      y[1] = x[1];
    },
  }),
});
