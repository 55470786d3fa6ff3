/**
 * A branch between its two breakers: what it draws at each end, with either end open and with a short circuit on the way. An open end
 * floats and is eliminated, so that a line charged from one side is its charging current and its open end has a voltage to be measured.
 */
import { type Branch, branchAdmittance } from './network.ts';

/** Numbers of one branch in a two-port array: from–from, from–to, to–from, to–to, then the voltage of the from-end by that of the to-end, and the other way about; each real and imaginary. */
export const PORT = 12;
export const FROM_BY_TO = 8;
export const TO_BY_FROM = 10;

/** A short circuit is no nearer to an end than this share of the line. */
const NEAREST = 0.001;

export interface BranchState {
  readonly fromClosed: boolean;
  readonly toClosed: boolean;
  /** Conductance of a short circuit to earth on the branch, pu; 0 for none. */
  readonly fault: number;
  /** Share of the way from the from-end. */
  readonly faultAt: number;
}

/** Writes the branch's two-port at `at` into `out`. A branch that is open at both ends draws nothing and has no voltage. */
export function twoPort(branch: Branch, state: BranchState, out: Float64Array, at: number): void {
  const port = state.fault > 0 ? faulted(branch, state) : branchAdmittance(branch);
  for (let k = 0; k < 8; k++) out[at + k] = port[k];
  for (let k = 8; k < PORT; k++) out[at + k] = 0;
  if (state.fromClosed && state.toClosed) return;
  const [ffR, ffI, ftR, ftI, tfR, tfI, ttR, ttI] = port;
  for (let k = 0; k < 8; k++) out[at + k] = 0;
  if (state.fromClosed) {
    const byFrom = quotient(-tfR, -tfI, ttR, ttI);
    out[at] = ffR + ftR * byFrom.re - ftI * byFrom.im;
    out[at + 1] = ffI + ftR * byFrom.im + ftI * byFrom.re;
    out[at + TO_BY_FROM] = byFrom.re;
    out[at + TO_BY_FROM + 1] = byFrom.im;
  } else if (state.toClosed) {
    const byTo = quotient(-ftR, -ftI, ffR, ffI);
    out[at + 6] = ttR + tfR * byTo.re - tfI * byTo.im;
    out[at + 7] = ttI + tfR * byTo.im + tfI * byTo.re;
    out[at + FROM_BY_TO] = byTo.re;
    out[at + FROM_BY_TO + 1] = byTo.im;
  }
}

/** Two π sections with the short circuit between them, the point between eliminated. */
function faulted(branch: Branch, { fault, faultAt }: BranchState): ReturnType<typeof branchAdmittance> {
  const share = Math.min(1 - NEAREST, Math.max(NEAREST, faultAt));
  const [aR, aI, amR, amI, maR, maI, mmR, mmI] = branchAdmittance(section(branch, share));
  const [nnR, nnI, nbR, nbI, bnR, bnI, bR, bI] = branchAdmittance({
    ...section(branch, 1 - share),
    ratio: 1,
    shift: 0,
  });
  const middle = { re: mmR + nnR + fault, im: mmI + nnI };
  const byFrom = quotient(-maR, -maI, middle.re, middle.im);
  const byTo = quotient(-nbR, -nbI, middle.re, middle.im);
  return [
    aR + amR * byFrom.re - amI * byFrom.im,
    aI + amR * byFrom.im + amI * byFrom.re,
    amR * byTo.re - amI * byTo.im,
    amR * byTo.im + amI * byTo.re,
    bnR * byFrom.re - bnI * byFrom.im,
    bnR * byFrom.im + bnI * byFrom.re,
    bR + bnR * byTo.re - bnI * byTo.im,
    bI + bnR * byTo.im + bnI * byTo.re,
  ];
}

const section = (branch: Branch, share: number): Branch => ({
  ...branch,
  r: branch.r * share,
  x: branch.x * share,
  b: branch.b * share,
});

/** A complex quotient; what floats without any admittance has no voltage. */
function quotient(aR: number, aI: number, bR: number, bI: number): { readonly re: number; readonly im: number } {
  const size = bR * bR + bI * bI;
  if (size === 0) return { re: 0, im: 0 };
  return { re: (aR * bR + aI * bI) / size, im: (aI * bR - aR * bI) / size };
}
