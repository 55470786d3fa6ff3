/**
 * The equations of the area: machines on their network in steps of a millisecond while something happens and in longer ones while nothing
 * does, breakers and short circuits as events between them, then loads and the lines' temperatures. How long a step may be follows from the
 * state alone, so that a run repeats exactly. The engine integrates nothing itself (`derivatives` is zero): a breaker that opens within its step changes
 * the equations, and it could not know.
 */
import { integrator, type ProcessContext, type ProcessEquations } from '@penstock/simulator/process';
import { Breakers, CLOSED, UNCHANGED } from './breakers.ts';
import { heat } from './conductor.ts';
import {
  BASE_MVA,
  BASE_OHM,
  DEIONISATION,
  FEEDERS,
  LINES,
  LOAD,
  LOAD_BY_HOUR,
  MACHINES,
  NOMINAL_HZ,
  SYSTEM,
  UNITS,
} from './design.ts';
import { Grid } from './grid.ts';
import { FIELD, PER_MACHINE, SPEED } from './machine.ts';
import { observe } from './observe.ts';
import { Protection } from './relays/protection.ts';
import { BREAKERS, LOADS_AT, PUBLISHED, TEMPERATURES_AT, U } from './signals.ts';

/** Step while something happens, and the longest otherwise, seconds. */
const FINE = 0.001;
const COARSE = 0.05;
/** It goes on in fine steps for so long after an event. */
const AFTER_EVENT = 0.5;
/** What counts as happening: power that accelerates a machine (pu), a change of field (pu/s), slip between machines (pu). */
const STILL = { acceleration: 0.02, field: 0.5, slip: 2e-4 };
/** While a unit's voltage is built up its regulator may ask for so much more than there is, pu: a field a fifth above that of no load. */
const SOFT_START = 0.06;
/** Relays run their task four times a cycle. */
const RELAY_TASK = 0.004;
/** Lines are warmed once in so many seconds. */
const THERMAL_STEP = 1;
/** A side of a breaker is live from this voltage on, pu; an angle between dead sides means nothing. */
const LIVE = 0.5;
/** No resistance of a short circuit is less, ohms. */
const LEAST_FAULT_OHM = 1e-3;

const STATES = MACHINES.length * PER_MACHINE;

const tripCoil = Int32Array.from(BREAKERS, ({ id }) => U[`${id}TripCoil`]);
const closeCoil = Int32Array.from(BREAKERS, ({ id }) => U[`${id}CloseCoil`]);
const stuck = Int32Array.from(BREAKERS, ({ id }) => U[`${id}Stuck`]);
const handClose = Int32Array.from(BREAKERS, ({ id }) => U[`${id}HandClose`]);
const lineFault = Int32Array.from(LINES, ({ from, to }) => U[`line${from}${to}Fault`]);
const lineFaultAt = Int32Array.from(LINES, ({ from, to }) => U[`line${from}${to}FaultAt`]);
const busFault = Int32Array.from(SYSTEM.buses, ({ id }) => U[`bus${id}Fault`]);
const loadFactor = Int32Array.from(FEEDERS, (bus) => U[`load${bus}Factor`]);
const feederFault = Int32Array.from(FEEDERS, (bus) => U[`load${bus}FaultOhm`]);
const powerSetpoint = Int32Array.from(UNITS, ({ number }) => U[`unit${number}PowerSetpointMw`]);
const voltageSetpoint = Int32Array.from(UNITS, ({ number }) => U[`unit${number}VoltageSetpointPu`]);
const turbineTrip = Int32Array.from(UNITS, ({ number }) => U[`unit${number}TurbineTrip`]);
const feederBreaker = Int32Array.from(FEEDERS, (_, feeder) => BREAKERS.findIndex((place) => place.feeder === feeder));
const FROM_BREAKER = Int32Array.from(LINES, (_, line) => BREAKERS.findIndex((place) => place.lineEnd === 2 * line));

export class Area implements ProcessEquations {
  readonly grid = new Grid(SYSTEM, MACHINES, NOMINAL_HZ);
  readonly breakers = new Breakers(BREAKERS.length);
  readonly protection = new Protection(this);
  /** Numbers of the loads' buses. */
  readonly loadBus = Int32Array.from(FEEDERS, (bus) => this.grid.numbers.get(bus) as number);
  /** Numbers of the breakers' buses and of the units' terminals. */
  readonly breakerBus = Int32Array.from(BREAKERS, ({ bus }) => this.grid.numbers.get(bus) as number);
  readonly terminal = Int32Array.from(UNITS, ({ bus }) => this.grid.numbers.get(bus) as number);
  /** What customers want at the moment, MW. */
  readonly demand = new Float64Array(FEEDERS.length);
  /** See the output. */
  readonly closingAngle = new Float64Array(1);
  readonly memory: readonly Float64Array[];
  /** Conductance of the short circuits on lines and buses, their places, and the loads' admittances, as the network has them. */
  readonly #applied: Float64Array;
  /** The same as the grid was built with. */
  readonly #built: Float64Array;
  /** By line: seconds for which a short-circuited line has been dead, and 1 once its arc has gone out. */
  readonly #dead = new Float64Array(2 * LINES.length);
  /** Seconds since the last event, until lines are warmed again, and since the relays' last task. */
  readonly #times = Float64Array.of(AFTER_EVENT, THERMAL_STEP, 0);
  readonly #walks = new Float64Array(FEEDERS.length);
  readonly #streams;
  readonly #persistence: number;
  readonly #regulatorBias = new Float64Array(UNITS.length);
  /** By unit: 1 from a lockout until its voltage has been built up again. */
  readonly #buildingUp = new Float64Array(UNITS.length);
  /** Rates of the machines' states: at present, and in the fine step before. */
  #rates = new Float64Array(STATES);
  #before = new Float64Array(STATES);
  readonly #middle = new Float64Array(STATES);
  readonly #none = new Float64Array(0);
  readonly #integrate;
  readonly #separateSyncCheck: boolean;
  readonly #fineSteps: boolean;

  constructor({ step, random, options }: ProcessContext) {
    this.#separateSyncCheck = options.separateSyncCheck === true;
    this.#fineSteps = options.fineSteps === true;
    const places = BREAKERS.length + 2 * LINES.length + SYSTEM.buses.length + 2 * FEEDERS.length;
    this.#applied = new Float64Array(places);
    this.#built = new Float64Array(places).fill(Number.NaN);
    this.#streams = FEEDERS.map((bus) => random(`load ${bus}`));
    this.#persistence = Math.exp(-step / LOAD.wanderTime);
    this.#integrate = integrator('rk4', (_t, x, _u, dx) => this.grid.derivatives(x, dx), STATES);
    this.memory = [
      ...this.breakers.memory,
      ...this.protection.memory,
      this.demand,
      this.closingAngle,
      this.#applied,
      this.#dead,
      this.#times,
      this.#walks,
      this.#buildingUp,
    ];
    const scratch = new Float64Array(STATES);
    this.grid.begin(PUBLISHED, scratch);
    for (const [k, source] of SYSTEM.sources.entries()) this.#regulatorBias[k] = this.grid.vRef[k] - source.voltage;
  }

  initial(x: Float64Array, u: Float64Array): void {
    this.grid.begin(PUBLISHED, x);
    for (const [f, bus] of this.loadBus.entries()) {
      x[LOADS_AT + 2 * f] = this.grid.loadG[bus];
      x[LOADS_AT + 2 * f + 1] = this.grid.loadB[bus];
      this.demand[f] = SYSTEM.buses[bus].load[0];
    }
    this.#followInputs(u);
    this.#place(u);
    for (let f = 0; f < FEEDERS.length; f++) this.#applyLoad(f, x, u, 0);
    this.#build();
    this.grid.solve(x);
    this.protection.begin();
    // Lines are as warm as their current keeps them.
    for (let line = 0; line < LINES.length; line++) {
      x[TEMPERATURES_AT + line] = u[U.ambientC];
      for (let minute = 0; minute < 240; minute++) this.#warm(line, x, u, 60);
    }
  }

  derivatives(_t: number, _x: Float64Array, _u: Float64Array, dx: Float64Array): void {
    dx.fill(0);
  }

  advance(t: number, h: number, x: Float64Array, u: Float64Array): void {
    this.protection.begins();
    this.#followInputs(u);
    this.#build();
    this.grid.solve(x);
    this.#followLoads(t, h, x, u);
    if (this.#place(u)) this.#times[0] = 0;
    this.#build();
    const count = this.#parts(h, x);
    const part = h / count;
    let goesOn = false;
    for (let i = 0; i < count; i++) {
      if (part <= 2 * FINE) this.#fine(part, x, goesOn);
      else this.#integrate(0, part, x, this.#none);
      goesOn = true;
      this.#times[0] += part;
      this.#protect(x, u, part);
      if (this.#operate(x, u, part)) {
        this.#times[0] = 0;
        this.#build();
        goesOn = false;
      }
    }
    this.#times[1] -= h;
    if (this.#times[1] <= 0) {
      this.grid.solve(x);
      for (let line = 0; line < LINES.length; line++) this.#warm(line, x, u, THERMAL_STEP - this.#times[1]);
      this.#times[1] = THERMAL_STEP;
    }
  }

  outputs(_t: number, x: Float64Array, _u: Float64Array, y: Float64Array): void {
    this.#build();
    this.grid.solve(x);
    observe(this, x, y);
  }

  /** Voltage at a unit's terminals, pu. */
  terminalVoltage(unit: number): number {
    const { vRe, vIm } = this.grid;
    const bus = this.terminal[unit];
    return Math.sqrt(vRe[bus] * vRe[bus] + vIm[bus] * vIm[bus]);
  }

  /** Frequency of a bus in Hz; 0 where it is dead. */
  frequency(bus: number, x: Float64Array): number {
    return this.grid.frequency(bus, x) * NOMINAL_HZ;
  }

  /** Angle of the bus against the branch's side of a breaker, radians; 0 unless both are live. */
  angleAcross(breaker: number): number {
    const { branch, atTo } = BREAKERS[breaker];
    const { grid } = this;
    const number = this.breakerBus[breaker];
    const bRe = grid.vRe[number];
    const bIm = grid.vIm[number];
    const sRe = grid.sideRe(branch, atTo);
    const sIm = grid.sideIm(branch, atTo);
    if (bRe * bRe + bIm * bIm < LIVE * LIVE || sRe * sRe + sIm * sIm < LIVE * LIVE) return 0;
    return Math.atan2(bIm * sRe - bRe * sIm, bRe * sRe + bIm * sIm);
  }

  /** By how much the bus turns faster than what feeds the branch's side of an open breaker, Hz; 0 where either is dead or the breaker closed. */
  slipAcross(breaker: number, x: Float64Array): number {
    if (this.breakers.closed[breaker] === 1) return 0;
    const { branch, atTo, bus } = BREAKERS[breaker];
    const { from, to } = SYSTEM.branches[branch];
    const here = this.frequency(this.grid.numbers.get(bus) as number, x);
    const far = (atTo ? this.grid.fromClosed : this.grid.toClosed)[branch] === 1;
    const there = far ? this.frequency(this.grid.numbers.get(atTo ? from : to) as number, x) : 0;
    return here > 0 && there > 0 ? here - there : 0;
  }

  /** How many parts the step is cut into: as many as there are milliseconds in it while something happens. */
  #parts(h: number, x: Float64Array): number {
    if (this.#fineSteps || this.#times[0] < AFTER_EVENT || this.protection.busy || this.#happens(x))
      return Math.max(1, Math.round(h / FINE));
    return Math.max(1, Math.ceil(h / COARSE - 1e-9));
  }

  #happens(x: Float64Array): boolean {
    for (let b = 0; b < this.breakers.count; b++) if (this.breakers.moves(b)) return true;
    this.grid.derivatives(x, this.#rates);
    for (let k = 0; k < MACHINES.length; k++) {
      const at = k * PER_MACHINE;
      if (Math.abs(this.#rates[at + SPEED]) * 2 * MACHINES[k].inertia > STILL.acceleration) return true;
      if (Math.abs(this.#rates[at + FIELD]) > STILL.field) return true;
      if (Math.abs(x[at + SPEED] - x[SPEED]) > STILL.slip) return true;
    }
    return false;
  }

  /**
   * Second order is enough for a millisecond: the fastest rotor turns 0.01 rad of its swing in it. A step by Adams and Bashforth with the rates of the step
   * before, where there is one and nothing has happened since; else one of the midpoint.
   */
  #fine(h: number, x: Float64Array, goesOn: boolean): void {
    const rates = this.#rates;
    const before = this.#before;
    this.grid.derivatives(x, rates);
    if (goesOn) {
      for (let i = 0; i < STATES; i++) x[i] += h * (1.5 * rates[i] - 0.5 * before[i]);
    } else {
      for (let i = 0; i < STATES; i++) before[i] = x[i] + 0.5 * h * rates[i];
      this.grid.derivatives(before, this.#middle);
      for (let i = 0; i < STATES; i++) x[i] += h * this.#middle[i];
    }
    this.#rates = before;
    this.#before = rates;
  }

  #protect(x: Float64Array, u: Float64Array, h: number): void {
    this.#times[2] += h;
    if (this.#times[2] < RELAY_TASK - 1e-9) return;
    this.grid.solve(x);
    this.protection.step(x, u, this.#times[2]);
    this.#times[2] = 0;
  }

  #followInputs(u: Float64Array): void {
    for (let k = 0; k < UNITS.length; k++) {
      const locked = this.protection.lockedOut(k);
      const tripped = locked || u[turbineTrip[k]] >= 0.5;
      // A tripped turbine's valves are shut whatever its speed.
      this.grid.pRef[k] = tripped ? -1e3 : u[powerSetpoint[k]] / BASE_MVA;
      // The lockout relay opens the field breaker as well; afterwards the voltage is built up softly.
      this.grid.fieldOpen[k] = locked ? 1 : 0;
      const reference = u[voltageSetpoint[k]] + this.#regulatorBias[k];
      const soft = this.terminalVoltage(k) + SOFT_START;
      if (locked) this.#buildingUp[k] = 1;
      else if (soft >= reference) this.#buildingUp[k] = 0;
      this.grid.vRef[k] = this.#buildingUp[k] === 1 ? Math.min(soft, reference) : reference;
    }
  }

  #followLoads(t: number, h: number, x: Float64Array, u: Float64Array): void {
    const factor = u[U.dailyPattern] >= 0.5 ? pattern(t) : 1;
    for (let f = 0; f < FEEDERS.length; f++) {
      const keep = this.#persistence;
      this.#walks[f] = keep * this.#walks[f] + Math.sqrt(1 - keep * keep) * this.#streams[f].normal();
      const bus = this.loadBus[f];
      const share = factor * u[loadFactor[f]] * (1 + LOAD.wander * u[U.variability] * this.#walks[f]);
      const [mw, mvar] = SYSTEM.buses[bus].load;
      this.demand[f] = mw * share;
      const closed = this.breakers.closed[feederBreaker[f]] === 1;
      const v2 = this.grid.vRe[bus] * this.grid.vRe[bus] + this.grid.vIm[bus] * this.grid.vIm[bus];
      const at = LOADS_AT + 2 * f;
      if (closed && v2 > LOAD.leastVoltage * LOAD.leastVoltage) {
        const approach = h / LOAD.recovery;
        x[at] += approach * ((mw * share) / BASE_MVA / v2 - x[at]);
        x[at + 1] += approach * ((mvar * share) / BASE_MVA / v2 - x[at + 1]);
      } else if (!closed || v2 < LOAD.darkVoltage * LOAD.darkVoltage) {
        const approach = h / LOAD.dropout;
        x[at] += approach * ((LOAD.afterDark * mw) / BASE_MVA - x[at]);
        x[at + 1] += approach * ((LOAD.afterDark * mvar) / BASE_MVA - x[at + 1]);
      }
      const frequency = this.grid.frequency(bus, x);
      this.#applyLoad(f, x, u, frequency > 0 ? frequency - 1 : 0);
    }
  }

  #applyLoad(f: number, x: Float64Array, u: Float64Array, slip: number): void {
    const closed = this.breakers.closed[feederBreaker[f]];
    const at = this.#applied.length - 2 * FEEDERS.length + 2 * f;
    const { activeByFrequency, reactiveByFrequency } = LOAD;
    const ohm = u[feederFault[f]];
    const fault = ohm > 0 ? BASE_OHM / Math.max(LEAST_FAULT_OHM, ohm) : 0;
    this.#applied[at] = closed * (fault + Math.max(0, x[LOADS_AT + 2 * f] * (1 + activeByFrequency * slip)));
    this.#applied[at + 1] = closed * x[LOADS_AT + 2 * f + 1] * (1 + reactiveByFrequency * slip);
  }

  /** Puts short circuits where the disturbances have them; whether anything is another than before. */
  #place(u: Float64Array): boolean {
    const conductance = BASE_OHM / Math.max(LEAST_FAULT_OHM, u[U.faultResistanceOhm]);
    let changed = this.#copyBreakers();
    let at = BREAKERS.length;
    for (let line = 0; line < LINES.length; line++) {
      const kind = u[lineFault[line]];
      if (kind < 0.5) {
        this.#dead[2 * line] = 0;
        this.#dead[2 * line + 1] = 0;
      }
      const burns = kind >= 0.5 && (kind >= 1.5 || this.#dead[2 * line + 1] === 0);
      changed = this.#set(at++, burns ? conductance : 0) || changed;
      changed = this.#set(at++, burns ? u[lineFaultAt[line]] : 0.5) || changed;
    }
    for (let bus = 0; bus < busFault.length; bus++)
      changed = this.#set(at++, u[busFault[bus]] >= 0.5 ? conductance : 0) || changed;
    return changed;
  }

  #copyBreakers(): boolean {
    let changed = false;
    for (let b = 0; b < BREAKERS.length; b++) changed = this.#set(b, this.breakers.closed[b]) || changed;
    return changed;
  }

  #set(at: number, value: number): boolean {
    if (this.#applied[at] === value) return false;
    this.#applied[at] = value;
    return true;
  }

  /** Brings the grid to what is applied; after a load of a snapshot too. */
  #build(): void {
    const applied = this.#applied;
    const built = this.#built;
    const loads = applied.length - 2 * FEEDERS.length;
    let topology = false;
    let load = false;
    for (let i = 0; i < loads; i++)
      if (applied[i] !== built[i]) {
        built[i] = applied[i];
        topology = true;
      }
    for (let i = loads; i < applied.length; i++)
      if (applied[i] !== built[i]) {
        built[i] = applied[i];
        load = true;
      }
    if (!topology && !load) return;
    const { grid } = this;
    if (topology) {
      for (let b = 0; b < BREAKERS.length; b++) {
        const { branch, atTo } = BREAKERS[b];
        if (branch >= 0) (atTo ? grid.toClosed : grid.fromClosed)[branch] = applied[b];
      }
      let at = BREAKERS.length;
      for (let line = 0; line < LINES.length; line++) {
        grid.branchFault[LINES[line].branch] = applied[at++];
        grid.branchFaultAt[LINES[line].branch] = applied[at++];
      }
      for (let bus = 0; bus < grid.busFault.length; bus++) grid.busFault[bus] = applied[at++];
      grid.reconnect();
    }
    for (let f = 0; f < FEEDERS.length; f++) {
      grid.loadG[this.loadBus[f]] = applied[loads + 2 * f];
      grid.loadB[this.loadBus[f]] = applied[loads + 2 * f + 1];
    }
    grid.rebuild();
  }

  /** Moves breakers and lets arcs go out; whether the network is another. */
  #operate(x: Float64Array, u: Float64Array, h: number): boolean {
    let changed = false;
    for (let b = 0; b < BREAKERS.length; b++) {
      const { protection } = this;
      const trip = u[tripCoil[b]] >= 0.5 || protection.trip[b] === 1;
      const byHand = u[handClose[b]] >= 0.5;
      const ordered = protection.close[b] === 1 || byHand || (u[closeCoil[b]] >= 0.5 && protection.permits(b));
      const close = ordered && (byHand || !this.#separateSyncCheck || this.#inSynchronism(b, x));
      const what = this.breakers.move(b, trip, close, u[stuck[b]] >= 0.5, h);
      if (what === UNCHANGED) continue;
      changed = true;
      if (what === CLOSED && BREAKERS[b].branch >= 0) {
        this.grid.solve(x);
        const degrees = Math.abs((this.angleAcross(b) * 180) / Math.PI);
        if (degrees > this.closingAngle[0]) this.closingAngle[0] = degrees;
      }
      const { feeder } = BREAKERS[b];
      if (feeder >= 0) this.#applyLoad(feeder, x, u, 0);
    }
    for (let line = 0; line < LINES.length; line++) {
      const kind = u[lineFault[line]];
      if (kind < 0.5 || kind >= 1.5 || this.#dead[2 * line + 1] === 1) continue;
      const from = FROM_BREAKER[line];
      const dead = this.breakers.closed[from] === 0 && this.breakers.closed[from + 1] === 0;
      this.#dead[2 * line] = dead ? this.#dead[2 * line] + h : 0;
      if (this.#dead[2 * line] >= DEIONISATION) {
        this.#dead[2 * line + 1] = 1;
        changed = true;
      }
    }
    if (changed) this.#place(u);
    return changed;
  }

  #inSynchronism(breaker: number, x: Float64Array): boolean {
    this.grid.solve(x);
    return this.protection.inSynchronism(breaker, x);
  }

  #warm(line: number, x: Float64Array, u: Float64Array, h: number): void {
    const loading = this.loading(line);
    const at = TEMPERATURES_AT + line;
    x[at] = heat(x[at], loading, u[U.ambientC], u[U.windMPerS], u[U.sun], h);
  }

  /** The larger of a line's currents as a share of its rating. */
  loading(line: number): number {
    const { branch, ratingMva } = LINES[line];
    const { grid } = this;
    const from = grid.currentRe(branch, false) ** 2 + grid.currentIm(branch, false) ** 2;
    const to = grid.currentRe(branch, true) ** 2 + grid.currentIm(branch, true) ** 2;
    return (Math.sqrt(Math.max(from, to)) * BASE_MVA) / ratingMva;
  }
}

/** The loads' share of the week's peak at a time in seconds since Monday 00:00, between the hours' values in a straight line. */
function pattern(t: number): number {
  const hour = t / 3600;
  const whole = Math.floor(hour);
  const part = hour - whole;
  return (1 - part) * hourly(whole) + part * hourly(whole + 1);
}

function hourly(hour: number): number {
  const day = Math.floor(hour / 24) % 7;
  const curve = day >= 5 ? LOAD_BY_HOUR.weekend : LOAD_BY_HOUR.weekday;
  return (LOAD_BY_HOUR.day[day] * curve[hour % 24]) / 1e4;
}
