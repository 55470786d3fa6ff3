/** A tank of 2 m², filled by a pump of 20 L/s, emptied at 8 L/s through its outlet; it overflows at 5 m. */
import { defineProcess } from '@penstock/simulator/process';

const AREA = 2;
const FILL = 0.02;
const DEMAND = 0.008;
const HEIGHT = 5;

export default defineProcess({
  name: 'gateway-plant',
  states: ['levelM'],
  inputs: { pump: 0 },
  outputs: ['levelM'],
  disturbances: {},
  options: {},
  build: () => ({
    initial(x) {
      x[0] = 2;
    },
    derivatives(_t, x, u, dx) {
      const inflow = x[0] < HEIGHT ? u[0] * FILL : 0;
      const outflow = x[0] > 0 ? DEMAND : 0;
      dx[0] = (inflow - outflow) / AREA;
    },
    outputs(_t, x, _u, y) {
      y[0] = x[0];
    },
  }),
});
