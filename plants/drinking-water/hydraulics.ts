/**
 * Pumps, pipes, weirs. Flows in m³/s, heads in metres of water, resistances `k` in `h = k·Q²` as s²/m⁵.
 */

export const GRAVITY = 9.80665;
/** kPa of one metre of water at 12 °C. */
export const KPA_PER_METRE = 9.802;

/** A centrifugal pump at full speed: `h = shutoffHead − curvature·Q²`. By affinity, at speed n: `h = n²·shutoffHead − curvature·Q²`. */
export interface PumpCurve {
  readonly shutoffHead: number;
  readonly curvature: number;
}

/**
 * Operating point of pumps in parallel, each behind a check valve, against `h = staticHead + linear·Q + resistance·Q²`. Fills `flows` from `at`
 * on and returns their sum. The sum that the pumps give at the system's head falls with Q, so the root is unique; Newton's method from
 * the point that equal pumps would have, kept inside a bracket.
 * @param speeds shares of full speed, from `speedsAt` on; 0 stands still
 * @param linear head per flow in s/m²: where the pumps share a pipe with another flow P, `k·(P + Q)²` has the part `2·k·P·Q`
 */
export function parallelPumps(
  curve: PumpCurve,
  speeds: Float64Array,
  flows: Float64Array,
  at: number,
  count: number,
  staticHead: number,
  resistance: number,
  speedsAt = at,
  linear = 0,
): number {
  const { shutoffHead, curvature } = curve;
  let most = 0;
  let running = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const speed = speeds[speedsAt + i];
    const surplus = shutoffHead * speed * speed - staticHead;
    if (speed > 0 && surplus > 0) {
      most += Math.sqrt(surplus / curvature);
      squares += speed * speed;
      running++;
    }
    flows[at + i] = 0;
  }
  if (running === 0) return 0;
  let low = 0;
  let high = most;
  let total = Math.sqrt(
    Math.max(0, (shutoffHead * squares) / running - staticHead) / (resistance + curvature / (running * running)),
  );
  if (!(total <= high)) total = 0.5 * high;
  for (let turn = 0; turn < 80; turn++) {
    const head = staticHead + (linear + resistance * total) * total;
    let given = 0;
    let slope = -1;
    for (let i = 0; i < count; i++) {
      const speed = speeds[speedsAt + i];
      const surplus = shutoffHead * speed * speed - head;
      if (speed > 0 && surplus > 0) {
        const flow = Math.sqrt(surplus / curvature);
        flows[at + i] = flow;
        given += flow;
        slope -= (0.5 * linear + resistance * total) / (curvature * flow);
      } else flows[at + i] = 0;
    }
    const excess = given - total;
    if (excess > 0) low = total;
    else high = total;
    if (Math.abs(excess) <= 1e-14 + 1e-13 * total) break;
    const next = total - excess / slope;
    total = next > low && next < high ? next : 0.5 * (low + high);
    if (high - low <= 1e-15) break;
  }
  return total;
}

/** Flow under `head` through a laminar resistance (`h = linear·Q`) and a turbulent one (`h = square·Q²`) in series. */
export function seriesFlow(head: number, linear: number, square: number): number {
  return head > 0 ? (2 * head) / (linear + Math.sqrt(linear * linear + 4 * square * head)) : 0;
}

/** Flow over a sharp-crested weir of `length` metres under `head` metres (Francis 1855, 1.84 m^½/s). */
export function weir(length: number, head: number): number {
  return head > 0 ? 1.84 * length * head * Math.sqrt(head) : 0;
}

/** 0 up to `from`, 1 from `to` on, smooth between: how much of a pump's flow is left as its suction uncovers. */
export function fade(value: number, from: number, to: number): number {
  const share = (value - from) / (to - from);
  return share <= 0 ? 0 : share >= 1 ? 1 : share * share * (3 - 2 * share);
}
