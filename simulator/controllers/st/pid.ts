/**
 * The PID function block: standard (ISA) form with derivative on the measurement, as industrial controllers have it.
 *
 *     e  = SP − PV (reverse acting; with DIRECT the sign of the whole controller turns)
 *     CV = KP·[(B·SP − PV) + 1/TI·∫e dt − TD·s/(1 + s·TD/N)·PV] + FF, limited to OUT_MIN … OUT_MAX
 *
 * discretised by backward differences over the time since the last call (Åström & Hägglund, Advanced PID Control, 2006, chapter 13;
 * integral: eq. 13.12 with the backward rule; derivative: the backward rule of 13.4). TI = 0 switches the integral off, TD = 0
 * the derivative. Anti-windup: the integral never moves further than where CV meets its limit. In manual CV follows MAN and
 * the integral is kept where automatic would give the same CV, so both transfers are bumpless; the first call starts as if MAN had been
 * the output so far. With a PV, SP or FF that is not a number CV stays as it is. State is double precision: a REAL integral would
 * stop moving at slow loops.
 */
import { NOW } from './memory.ts';

/** Offsets of the members, in the order that `standard-blocks.ts` declares them. */
const [PV, SP, AUTO, MAN, KP, TI, TD, N, B, FF, DIRECT, OUT_MIN, OUT_MAX] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const [CV, E, LIM_HI, LIM_LO] = [13, 14, 15, 16];
const [INTEGRAL, DERIVATIVE, LAST_PV, LAST_TIME, STARTED] = [17, 18, 19, 20, 21];

const MICRO = 1e-6;

export function pid(m: Float64Array, base: number): () => void {
  return () => {
    const pv = m[base + PV];
    const sp = m[base + SP];
    const ff = m[base + FF];
    const low = m[base + OUT_MIN];
    const high = m[base + OUT_MAX];
    const now = m[NOW];
    // NaN and infinities make this difference NaN.
    if (!(pv - pv + sp - sp + ff - ff === 0)) {
      m[base + LAST_TIME] = now;
      return;
    }
    const first = m[base + STARTED] === 0;
    const dt = first ? 0 : Math.max(0, now - m[base + LAST_TIME]) * MICRO;
    const gain = m[base + DIRECT] !== 0 ? -m[base + KP] : m[base + KP];
    const error = sp - pv;
    const td = m[base + TD] * MICRO;
    let derivative = 0;
    if (td > 0 && !first) {
      const n = m[base + N];
      derivative = (td * m[base + DERIVATIVE] - gain * td * n * (pv - m[base + LAST_PV])) / (td + n * dt);
    }
    const rest = gain * (m[base + B] * sp - pv) + derivative + ff;
    let integral = m[base + INTEGRAL];
    let output: number;
    if (m[base + AUTO] === 0 || first) {
      const manual = m[base + MAN];
      output = manual > high ? high : manual >= low ? manual : low;
      integral = output - rest;
    } else {
      const before = integral;
      const ti = m[base + TI] * MICRO;
      if (ti > 0) integral += (gain * error * dt) / ti;
      output = rest + integral;
      if (output > high) {
        if (integral > before) integral = Math.max(before, high - rest);
        output = high;
      } else if (output < low) {
        if (integral < before) integral = Math.min(before, low - rest);
        output = low;
      }
    }
    m[base + INTEGRAL] = integral;
    m[base + DERIVATIVE] = derivative;
    m[base + LAST_PV] = pv;
    m[base + LAST_TIME] = now;
    m[base + STARTED] = 1;
    m[base + CV] = Math.fround(output);
    m[base + E] = Math.fround(error);
    m[base + LIM_HI] = output >= high ? 1 : 0;
    m[base + LIM_LO] = output <= low ? 1 : 0;
  };
}
