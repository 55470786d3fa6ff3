/**
 * A network with two-axis machines on it (Sauer & Pai, Power System Dynamics and Stability, 1998, chapters 6 and 7): flux decay and one
 * damper winding in each machine, IEEE Type 1 exciter, governor and steam chest; loads as admittances that may change between steps.
 * Phasors of all islands turn with the nominal frequency, so that an island of another frequency is a phasor that turns.
 *
 * Nothing here allocates after construction, and nothing is remembered between calls but what `rebuild` worked out: a caller that restores
 * states, `topology` and loads calls `rebuild` and goes on exactly.
 */
import type { Machine } from './design.ts';
import { eliminateLeft, solveBlocks, solveReal } from './linear.ts';
import {
  ANGLE,
  CHEST,
  ED,
  EQ,
  FEEDBACK,
  FIELD,
  PARAMETERS,
  PER_MACHINE,
  parameters,
  REGULATOR,
  REHEAT,
  SPEED,
  VALVE,
} from './machine.ts';
import { busNumbers, type PowerSystem } from './network.ts';
import type { PowerFlow } from './power-flow.ts';
import { FROM_BY_TO, PORT, TO_BY_FROM, twoPort } from './two-port.ts';

/** Susceptance of every bus to earth, pu, so that a dead bus has a voltage: none. 10⁻⁷ is a metre of busbar's. */
const STRAY = 1e-7;

export class Grid {
  readonly system: PowerSystem;
  readonly machines: readonly Machine[];
  readonly numbers: ReadonlyMap<number, number>;
  /** Voltages of the buses, pu, as of the last `solve`. */
  readonly vRe: Float64Array;
  readonly vIm: Float64Array;
  /** Currents that the machines give, pu. */
  readonly iRe: Float64Array;
  readonly iIm: Float64Array;
  /** Admittance of each bus's load (pu, g − jb) and of a short circuit there; set before `rebuild`. */
  readonly loadG: Float64Array;
  readonly loadB: Float64Array;
  readonly busFault: Float64Array;
  /** By branch: 1 where the end is closed, short circuit on the way (pu), its place; set before `reconnect`. */
  readonly fromClosed: Uint8Array;
  readonly toClosed: Uint8Array;
  readonly branchFault: Float64Array;
  readonly branchFaultAt: Float64Array;
  /** Set points of the machines: reference of the voltage regulator (pu), and of the turbine (pu of the base). */
  readonly vRef: Float64Array;
  readonly pRef: Float64Array;
  /** 1 where a machine's field breaker is open: its field dies away, and its regulator stands at nothing. */
  readonly fieldOpen: Uint8Array;
  /** Two-ports of the branches, see `two-port.ts`. */
  readonly ports: Float64Array;
  readonly #omega: number;
  readonly #from: Int32Array;
  readonly #to: Int32Array;
  readonly #terminals: Int32Array;
  readonly #inner: Int32Array;
  readonly #yRe: Float64Array;
  readonly #yIm: Float64Array;
  readonly #eliminated: { readonly re: Float64Array; readonly im: Float64Array };
  readonly #reduced: { readonly re: Float64Array; readonly im: Float64Array };
  readonly #weights: Float64Array;
  readonly #divider: Float64Array;
  readonly #dividerRight: Float64Array;
  readonly #a: Float64Array;
  readonly #b: Float64Array;
  /** Sine and cosine of each rotor's angle at the last solution. */
  readonly #sin: Float64Array;
  readonly #cos: Float64Array;
  /** The machines' numbers in a row, `PARAMETERS` each. */
  readonly #parameters: Float64Array;

  /** @throws PenstockError `power-grid.bus` */
  constructor(system: PowerSystem, machines: readonly Machine[], nominal: number) {
    this.system = system;
    this.machines = machines;
    this.numbers = busNumbers(system);
    this.#omega = 2 * Math.PI * nominal;
    const n = system.buses.length;
    const m = machines.length;
    const l = system.branches.length;
    const numberOf = (bus: number) => this.numbers.get(bus) as number;
    this.#from = Int32Array.from(system.branches, ({ from }) => numberOf(from));
    this.#to = Int32Array.from(system.branches, ({ to }) => numberOf(to));
    this.#terminals = Int32Array.from(machines, ({ bus }) => numberOf(bus));
    this.#inner = Int32Array.from([...Array(n).keys()].filter((bus) => !this.#terminals.includes(bus)));
    this.vRe = new Float64Array(n);
    this.vIm = new Float64Array(n);
    this.iRe = new Float64Array(m);
    this.iIm = new Float64Array(m);
    this.loadG = new Float64Array(n);
    this.loadB = new Float64Array(n);
    this.busFault = new Float64Array(n);
    this.fromClosed = Uint8Array.from(system.branches, ({ inService }) => (inService === false ? 0 : 1));
    this.toClosed = this.fromClosed.slice();
    this.branchFault = new Float64Array(l);
    this.branchFaultAt = new Float64Array(l).fill(0.5);
    this.vRef = new Float64Array(m);
    this.pRef = new Float64Array(m);
    this.fieldOpen = new Uint8Array(m);
    this.ports = new Float64Array(l * PORT);
    this.#yRe = new Float64Array(n * n);
    this.#yIm = new Float64Array(n * n);
    const inner = this.#inner.length;
    this.#eliminated = { re: new Float64Array(inner * (inner + m)), im: new Float64Array(inner * (inner + m)) };
    this.#reduced = { re: new Float64Array(m * m), im: new Float64Array(m * m) };
    this.#weights = new Float64Array(n * m);
    this.#divider = new Float64Array(n * n);
    this.#dividerRight = new Float64Array(n);
    this.#a = new Float64Array(4 * m * m);
    this.#b = new Float64Array(2 * m);
    this.#sin = new Float64Array(m);
    this.#cos = new Float64Array(m);
    this.#parameters = Float64Array.from(machines.flatMap((machine) => parameters(machine, system.baseMva)));
  }

  /** Takes loads and states from a power flow: everything stands still then. */
  begin(flow: PowerFlow, x: Float64Array): void {
    const { buses, baseMva } = this.system;
    for (const [i, { load }] of buses.entries()) {
      const v2 = flow.vm[i] ** 2 * baseMva;
      this.loadG[i] = load[0] / v2;
      this.loadB[i] = load[1] / v2;
    }
    for (const [k, machine] of this.machines.entries()) {
      const bus = this.#terminals[k];
      const { load } = buses[bus];
      const vm = flow.vm[bus];
      const va = flow.va[bus];
      const p = flow.p[bus] + load[0] / baseMva;
      const q = flow.q[bus] + load[1] / baseMva;
      // Current against the voltage, then the rotor's angle from V + (rs + j·xq)·I
      const iP = p / vm;
      const iQ = -q / vm;
      const lead = Math.atan2(machine.rs * iQ + machine.xq * iP, vm + machine.rs * iP - machine.xq * iQ);
      const vd = vm * Math.sin(lead);
      const vq = vm * Math.cos(lead);
      const id = iP * Math.sin(lead) - iQ * Math.cos(lead);
      const iq = iP * Math.cos(lead) + iQ * Math.sin(lead);
      const ed = vd + machine.rs * id - machine.xqTransient * iq;
      const eq = vq + machine.rs * iq + machine.xdTransient * id;
      const field = eq + (machine.xd - machine.xdTransient) * id;
      const { ke, kf, tf, ka, saturation, saturationExponent } = machine.exciter;
      const regulator = (ke + saturation * Math.exp(saturationExponent * field)) * field;
      const torque = ed * id + eq * iq + (machine.xqTransient - machine.xdTransient) * id * iq;
      const at = k * PER_MACHINE;
      x[at + EQ] = eq;
      x[at + ED] = ed;
      x[at + ANGLE] = va + lead;
      x[at + SPEED] = 1;
      x[at + FIELD] = field;
      x[at + FEEDBACK] = (kf / tf) * field;
      x[at + REGULATOR] = regulator;
      x[at + CHEST] = torque;
      x[at + REHEAT] = torque;
      x[at + VALVE] = torque;
      this.vRef[k] = vm + regulator / ka;
      this.pRef[k] = torque;
    }
  }

  /** Takes breakers and short circuits on branches into account, and how frequencies spread; `rebuild` must follow. */
  reconnect(): void {
    for (const [k, branch] of this.system.branches.entries())
      twoPort(
        branch,
        {
          fromClosed: this.fromClosed[k] === 1,
          toClosed: this.toClosed[k] === 1,
          fault: this.branchFault[k],
          faultAt: this.branchFaultAt[k],
        },
        this.ports,
        k * PORT,
      );
    this.#spreadFrequency();
  }

  /** Works out the network as its machines feel it, from branches, loads and short circuits. */
  rebuild(): void {
    const n = this.vRe.length;
    const yRe = this.#yRe;
    const yIm = this.#yIm;
    const { ports } = this;
    yRe.fill(0);
    yIm.fill(0);
    for (let i = 0; i < n; i++) {
      const shunt = this.system.buses[i].shunt;
      yRe[i * n + i] = this.loadG[i] + this.busFault[i] + (shunt === undefined ? 0 : shunt[0] / this.system.baseMva);
      yIm[i * n + i] = STRAY - this.loadB[i] + (shunt === undefined ? 0 : shunt[1] / this.system.baseMva);
    }
    for (let k = 0; k < this.#from.length; k++) {
      const i = this.#from[k];
      const j = this.#to[k];
      const at = k * PORT;
      yRe[i * n + i] += ports[at];
      yIm[i * n + i] += ports[at + 1];
      yRe[i * n + j] += ports[at + 2];
      yIm[i * n + j] += ports[at + 3];
      yRe[j * n + i] += ports[at + 4];
      yIm[j * n + i] += ports[at + 5];
      yRe[j * n + j] += ports[at + 6];
      yIm[j * n + j] += ports[at + 7];
    }
    this.#eliminate();
  }

  /** Voltages of all buses and currents of all machines for these states. */
  solve(x: Float64Array): void {
    this.#solveTerminals(x);
    const { vRe, vIm } = this;
    const m = this.machines.length;
    const { re, im } = this.#eliminated;
    const width = this.#inner.length + m;
    for (let r = 0; r < this.#inner.length; r++) {
      let sumRe = 0;
      let sumIm = 0;
      for (let k = 0; k < m; k++) {
        const at = r * width + this.#inner.length + k;
        const t = this.#terminals[k];
        sumRe += re[at] * vRe[t] - im[at] * vIm[t];
        sumIm += re[at] * vIm[t] + im[at] * vRe[t];
      }
      vRe[this.#inner[r]] = sumRe;
      vIm[this.#inner[r]] = sumIm;
    }
  }

  /** Time derivatives of the machines' states. */
  derivatives(x: Float64Array, dx: Float64Array): void {
    this.#solveTerminals(x);
    const p = this.#parameters;
    const omega = this.#omega;
    for (let k = 0; k < this.#terminals.length; k++) {
      const at = k * PER_MACHINE;
      const n = k * PARAMETERS;
      const eq = x[at + EQ];
      const ed = x[at + ED];
      const slip = x[at + SPEED] - 1;
      const field = x[at + FIELD];
      const feedback = x[at + FEEDBACK];
      const regulator = x[at + REGULATOR];
      const chest = x[at + CHEST];
      const reheat = x[at + REHEAT];
      const torque = reheat + p[n + 23] * (chest - reheat);
      const valve = x[at + VALVE];
      const s = this.#sin[k];
      const c = this.#cos[k];
      const iRe = this.iRe[k];
      const iIm = this.iIm[k];
      const id = s * iRe - c * iIm;
      const iq = c * iRe + s * iIm;
      const bus = this.#terminals[k];
      const vRe = this.vRe[bus];
      const vIm = this.vIm[bus];
      const voltage = Math.sqrt(vRe * vRe + vIm * vIm);
      const electrical = ed * id + eq * iq + p[n + 9] * id * iq;
      dx[at + EQ] = (field - eq - p[n + 3] * id) * p[n + 4];
      dx[at + ED] = (p[n + 5] * iq - ed) * p[n + 6];
      dx[at + ANGLE] = omega * slip;
      dx[at + SPEED] = (torque - electrical - p[n + 7] * slip) * p[n + 8];
      const open = this.fieldOpen[k] === 1;
      const saturated = p[n + 10] + p[n + 11] * Math.exp(p[n + 12] * field);
      dx[at + FIELD] = ((open ? 0 : regulator) - saturated * field) * p[n + 13];
      const rate = p[n + 14] * field;
      dx[at + FEEDBACK] = (rate - feedback) * p[n + 15];
      const order = open ? 0 : p[n + 16] * (this.vRef[k] - voltage + feedback - rate);
      const ceiling = p[n + 18];
      dx[at + REGULATOR] = held(regulator, (order - regulator) * p[n + 17], -ceiling, ceiling);
      dx[at + CHEST] = (valve - chest) * p[n + 19];
      dx[at + REHEAT] = (chest - reheat) * p[n + 24];
      // The valve is asked for no more than it can give, and so stays within its travel.
      const opening = Math.min(p[n + 22], Math.max(0, this.pRef[k] - slip * p[n + 20]));
      dx[at + VALVE] = (opening - valve) * p[n + 21];
    }
  }

  /** Current that flows into a branch at one of its ends, pu, from the voltages of the last `solve`. */
  currentRe(branch: number, atTo: boolean): number {
    const at = branch * PORT + (atTo ? 4 : 0);
    const i = this.#from[branch];
    const j = this.#to[branch];
    const { ports, vRe, vIm } = this;
    return ports[at] * vRe[i] - ports[at + 1] * vIm[i] + ports[at + 2] * vRe[j] - ports[at + 3] * vIm[j];
  }

  currentIm(branch: number, atTo: boolean): number {
    const at = branch * PORT + (atTo ? 4 : 0);
    const i = this.#from[branch];
    const j = this.#to[branch];
    const { ports, vRe, vIm } = this;
    return ports[at] * vIm[i] + ports[at + 1] * vRe[i] + ports[at + 2] * vIm[j] + ports[at + 3] * vRe[j];
  }

  /** Voltage on the branch's side of its breaker, pu: the bus's where it is closed, what comes along the branch where it is open. */
  sideRe(branch: number, atTo: boolean): number {
    if ((atTo ? this.toClosed : this.fromClosed)[branch] === 1) return this.vRe[(atTo ? this.#to : this.#from)[branch]];
    const at = branch * PORT + (atTo ? TO_BY_FROM : FROM_BY_TO);
    const far = (atTo ? this.#from : this.#to)[branch];
    return this.ports[at] * this.vRe[far] - this.ports[at + 1] * this.vIm[far];
  }

  sideIm(branch: number, atTo: boolean): number {
    if ((atTo ? this.toClosed : this.fromClosed)[branch] === 1) return this.vIm[(atTo ? this.#to : this.#from)[branch]];
    const at = branch * PORT + (atTo ? TO_BY_FROM : FROM_BY_TO);
    const far = (atTo ? this.#from : this.#to)[branch];
    return this.ports[at] * this.vIm[far] + this.ports[at + 1] * this.vRe[far];
  }

  /**
   * Frequency of a bus as a share of the nominal one, from the machines' speeds and where the bus lies between them (the frequency divider of
   * Milano & Ortega 2017, resistances neglected). 0 where no machine feeds it.
   */
  frequency(bus: number, x: Float64Array): number {
    const m = this.machines.length;
    let sum = 0;
    let weight = 0;
    for (let k = 0; k < m; k++) {
      const w = this.#weights[bus * m + k];
      weight += w;
      sum += w * x[k * PER_MACHINE + SPEED];
    }
    return weight > 1e-3 ? sum / weight : 0;
  }

  /** Air-gap power of a machine, pu, for the currents of the last `solve`; with its resistance and what it gives at its terminals it closes. */
  airGapPower(k: number, x: Float64Array): number {
    const machine = this.machines[k];
    const at = k * PER_MACHINE;
    const s = Math.sin(x[at + ANGLE]);
    const c = Math.cos(x[at + ANGLE]);
    const id = s * this.iRe[k] - c * this.iIm[k];
    const iq = c * this.iRe[k] + s * this.iIm[k];
    return x[at + ED] * id + x[at + EQ] * iq + (machine.xqTransient - machine.xdTransient) * id * iq;
  }

  /**
   * Terminal voltages and machine currents: V = E − M·I with I = Y·V, where M is each stator's transient impedance, turned with its rotor
   * because its two axes differ.
   */
  #solveTerminals(x: Float64Array): void {
    const m = this.machines.length;
    const size = 2 * m;
    const a = this.#a;
    const b = this.#b;
    const p = this.#parameters;
    const { re: g, im: y } = this.#reduced;
    for (let k = 0; k < m; k++) {
      const rs = p[k * PARAMETERS];
      const xdTransient = p[k * PARAMETERS + 1];
      const xqTransient = p[k * PARAMETERS + 2];
      const at = k * PER_MACHINE;
      const s = Math.sin(x[at + ANGLE]);
      const c = Math.cos(x[at + ANGLE]);
      this.#sin[k] = s;
      this.#cos[k] = c;
      const ed = x[at + ED];
      const eq = x[at + EQ];
      const across = s * c * (xdTransient - xqTransient);
      const m11 = rs + across;
      const m22 = rs - across;
      const m12 = -(c * c * xdTransient + s * s * xqTransient);
      const m21 = s * s * xdTransient + c * c * xqTransient;
      const row = 2 * k * size;
      for (let j = 0; j < m; j++) {
        const gkj = g[k * m + j];
        const bkj = y[k * m + j];
        const column = row + 2 * j;
        a[column] = m11 * gkj + m12 * bkj;
        a[column + 1] = m12 * gkj - m11 * bkj;
        a[column + size] = m21 * gkj + m22 * bkj;
        a[column + size + 1] = m22 * gkj - m21 * bkj;
      }
      a[row + 2 * k] += 1;
      a[row + size + 2 * k + 1] += 1;
      b[2 * k] = ed * s + eq * c;
      b[2 * k + 1] = eq * s - ed * c;
    }
    solveBlocks(a, b, m);
    for (let k = 0; k < m; k++) {
      let iRe = 0;
      let iIm = 0;
      for (let j = 0; j < m; j++) {
        const gkj = g[k * m + j];
        const bkj = y[k * m + j];
        iRe += gkj * b[2 * j] - bkj * b[2 * j + 1];
        iIm += gkj * b[2 * j + 1] + bkj * b[2 * j];
      }
      this.iRe[k] = iRe;
      this.iIm[k] = iIm;
      this.vRe[this.#terminals[k]] = b[2 * k];
      this.vIm[this.#terminals[k]] = b[2 * k + 1];
    }
  }

  /** Kron's elimination of the buses without machines; what is left behind gives their voltages. */
  #eliminate(): void {
    const n = this.vRe.length;
    const m = this.machines.length;
    const inner = this.#inner.length;
    const width = inner + m;
    const { re, im } = this.#eliminated;
    for (let r = 0; r < inner; r++) {
      const row = this.#inner[r] * n;
      for (let q = 0; q < inner; q++) {
        re[r * width + q] = this.#yRe[row + this.#inner[q]];
        im[r * width + q] = this.#yIm[row + this.#inner[q]];
      }
      for (let k = 0; k < m; k++) {
        re[r * width + inner + k] = -this.#yRe[row + this.#terminals[k]];
        im[r * width + inner + k] = -this.#yIm[row + this.#terminals[k]];
      }
    }
    eliminateLeft(re, im, inner, width);
    for (let i = 0; i < m; i++) {
      const row = this.#terminals[i] * n;
      for (let k = 0; k < m; k++) {
        let sumRe = this.#yRe[row + this.#terminals[k]];
        let sumIm = this.#yIm[row + this.#terminals[k]];
        for (let r = 0; r < inner; r++) {
          const yRe = this.#yRe[row + this.#inner[r]];
          const yIm = this.#yIm[row + this.#inner[r]];
          const at = r * width + inner + k;
          sumRe += yRe * re[at] - yIm * im[at];
          sumIm += yRe * im[at] + yIm * re[at];
        }
        this.#reduced.re[i * m + k] = sumRe;
        this.#reduced.im[i * m + k] = sumIm;
      }
    }
  }

  /** Share of each machine's speed in each bus's frequency: the susceptances of the branches alone, machines behind their reactances. */
  #spreadFrequency(): void {
    const n = this.vRe.length;
    const m = this.machines.length;
    const a = this.#divider;
    const b = this.#dividerRight;
    for (let k = 0; k < m; k++) {
      a.fill(0);
      b.fill(0);
      for (let i = 0; i < n; i++) a[i * n + i] = STRAY;
      for (let l = 0; l < this.#from.length; l++) {
        if (this.fromClosed[l] === 0 || this.toClosed[l] === 0) continue;
        const i = this.#from[l];
        const j = this.#to[l];
        const susceptance = 1 / this.system.branches[l].x;
        a[i * n + i] += susceptance;
        a[j * n + j] += susceptance;
        a[i * n + j] -= susceptance;
        a[j * n + i] -= susceptance;
      }
      for (let q = 0; q < m; q++) a[this.#terminals[q] * (n + 1)] += 1 / this.machines[q].xdTransient;
      b[this.#terminals[k]] = 1 / this.machines[k].xdTransient;
      solveReal(a, b, n);
      for (let i = 0; i < n; i++) this.#weights[i * m + k] = b[i];
    }
  }
}

/** A rate that does not push a value beyond its limits. */
function held(value: number, rate: number, low: number, high: number): number {
  return (value >= high && rate > 0) || (value <= low && rate < 0) ? 0 : rate;
}
