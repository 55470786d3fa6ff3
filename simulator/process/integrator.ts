/** Fixed-step integration of `dx/dt = f(t, x, u)` in place, inputs held over the step. Nothing is allocated in a step. */

export type Method = 'rk4' | 'euler';

export type Derivatives = (t: number, x: Float64Array, u: Float64Array, dx: Float64Array) => void;

/** Moves `x` from `t` to `t + h`. */
export type Integrator = (t: number, h: number, x: Float64Array, u: Float64Array) => void;

export function integrator(method: Method, derivatives: Derivatives, states: number): Integrator {
  return method === 'euler' ? euler(derivatives, states) : rungeKutta4(derivatives, states);
}

function euler(derivatives: Derivatives, states: number): Integrator {
  const k = new Float64Array(states);
  return (t, h, x, u) => {
    derivatives(t, x, u, k);
    for (let i = 0; i < states; i++) x[i] += h * k[i];
  };
}

/** The classical fourth-order method (Kutta 1901). */
function rungeKutta4(derivatives: Derivatives, states: number): Integrator {
  const k = new Float64Array(states);
  const sum = new Float64Array(states);
  const stage = new Float64Array(states);
  return (t, h, x, u) => {
    const half = 0.5 * h;
    derivatives(t, x, u, sum);
    for (let i = 0; i < states; i++) stage[i] = x[i] + half * sum[i];
    derivatives(t + half, stage, u, k);
    for (let i = 0; i < states; i++) {
      sum[i] += 2 * k[i];
      stage[i] = x[i] + half * k[i];
    }
    derivatives(t + half, stage, u, k);
    for (let i = 0; i < states; i++) {
      sum[i] += 2 * k[i];
      stage[i] = x[i] + h * k[i];
    }
    derivatives(t + h, stage, u, k);
    const sixth = h / 6;
    for (let i = 0; i < states; i++) x[i] += sixth * (sum[i] + k[i]);
  };
}
