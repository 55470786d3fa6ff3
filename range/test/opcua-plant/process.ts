/** A tank of 2 m², filled by a pump of 20 L/s through a trip valve, emptied by a steady demand of 8 L/s; it overflows at 5 m. */
import { defineProcess } from '@penstock/simulator/process';

const AREA = 2;
const FILL = 0.02;
const HEIGHT = 5;

export default defineProcess({
  name: 'opcua-plant',
  states: ['levelM'],
  inputs: { pump: 0, tripValve: 1 },
  outputs: ['levelM'],
  disturbances: { demandM3PerSecond: 0.008 },
  options: { leakyTank: false },
  build: ({ options }) => ({
    initial(x) {
      x[0] = 2;
    },
    derivatives(_t, x, u, dx) {
      const inflow = x[0] < HEIGHT ? u[0] * u[1] * FILL : 0;
      const outflow = x[0] > 0 ? u[2] + (options.leakyTank ? 0.002 : 0) : 0;
      dx[0] = (inflow - outflow) / AREA;
    },
    outputs(_t, x, _u, y) {
      y[0] = x[0];
    },
  }),
});
