/**
 * The relays of the area: one device a breaker, with the functions that its place asks for, run as a numerical relay runs its task, four times
 * a cycle. They stand here and not in the controllers' Structured Text because they need the phasors at that rate: what a controller does is switch
 * a device into service, set it, read it and close through it. A device out of service neither measures nor trips; what others order through its
 * breaker's coil still trips.
 */
import type { Area } from '../area.ts';
import { LINES, UNITS } from '../design.ts';
import { magnitude } from '../linear.ts';
import { PER_MACHINE, SPEED } from '../machine.ts';
import { BREAKERS, U } from '../signals.ts';
import { differs, inMho, isForward, maySynchronise } from './comparators.ts';
import { advanceInverse } from './inverse-time.ts';
import * as set from './settings.ts';

/** Why a device tripped last. */
export const CAUSE = {
  none: 0,
  zone1: 1,
  pilot: 2,
  zone2: 3,
  zone3: 4,
  inverseTime: 5,
  instantaneous: 6,
  underFrequency: 7,
  overFrequency: 8,
  undervoltage: 9,
  overvoltage: 10,
  differential: 11,
  breakerFailure: 12,
} as const;

/** States of the automatic reclosing. */
export const RECLOSING = { ready: 0, deadTime: 1, waiting: 2, closing: 3, reclaim: 4, lockout: 5 } as const;

// What one device remembers
const SEALED = 0;
const FAILURE = 1;
const LAST_CAUSE = 2;
const STARTED = 3;
const IN_STEP = 4;
const PROGRESS = 5;
const POL_RE = 6;
const POL_IM = 7;
const ZONE1 = 8;
const ZONE2 = 9;
const ZONE3 = 10;
const PILOT = 11;
const OVERREACH = 12;
const STATE = 13;
const SINCE = 14;
const LOCKED = 15;
const BLIND = 16;
const STARTED_FOR = 17;
const TRIPPED = 18;
const TIMERS = 19;
const SLOTS = TIMERS + 12;

/** Seconds after a start for which the relays' times are told finely. */
const SHARP = 2;

const DIFFERENTIAL_TIMER = set.UNIT_FREQUENCY.length + set.UNIT_OVERVOLTAGE.length;

const setting = (what: string) => Int32Array.from(BREAKERS, ({ id }) => U[`ied${id.slice(2)}${what}`] ?? -1);
const inService = setting('InService');
const zone1Percent = setting('Zone1Percent');
const zone2Percent = setting('Zone2Percent');
const reclosingOn = setting('ReclosingOn');
const syncBypass = setting('SyncBypass');
const sheddingHz = setting('SheddingHz');
const reset = setting('Reset');

export class Protection {
  /** Orders to the breakers' coils, 1 while energised. */
  readonly trip = new Float64Array(BREAKERS.length);
  readonly close = new Float64Array(BREAKERS.length);
  readonly memory: readonly Float64Array[];
  readonly #slots = new Float64Array(BREAKERS.length * SLOTS);
  readonly #area: Area;
  /** How far the remembered voltage follows in this task. */
  #approach = 0;

  constructor(area: Area) {
    this.#area = area;
    this.memory = [this.trip, this.close, this.#slots];
  }

  /** The polarising voltages are those of a network that has long been so; the grid must be solved. */
  begin(): void {
    const { grid } = this.#area;
    for (let b = 0; b < BREAKERS.length; b++) {
      const bus = this.#area.breakerBus[b];
      this.#slots[b * SLOTS + POL_RE] = grid.vRe[bus];
      this.#slots[b * SLOTS + POL_IM] = grid.vIm[bus];
    }
  }

  /** A step of the process begins: what has tripped in it is told at its end, however short it was. */
  begins(): void {
    for (let at = 0; at < this.#slots.length; at += SLOTS)
      if (this.#slots[at + SEALED] === 0) this.#slots[at + TRIPPED] = 0;
  }

  /** Whether the device has tripped since the step of the process began. */
  tripped(breaker: number): number {
    return this.#slots[breaker * SLOTS + TRIPPED];
  }

  started(breaker: number): number {
    return this.#slots[breaker * SLOTS + STARTED];
  }

  cause(breaker: number): number {
    return this.#slots[breaker * SLOTS + LAST_CAUSE];
  }

  inStep(breaker: number): number {
    return this.#slots[breaker * SLOTS + IN_STEP];
  }

  reclosing(breaker: number): number {
    return this.#slots[breaker * SLOTS + STATE];
  }

  /** Whether a unit's lockout relay (86) holds its turbine and field off. */
  lockedOut(unit: number): boolean {
    return this.#slots[UNIT_BREAKERS[unit] * SLOTS + LOCKED] === 1;
  }

  /** Whether the device's contact lets a close through to the coil: in step, or bridged. A feeder's has none. */
  permits(breaker: number): boolean {
    return BREAKERS[breaker].branch < 0 || this.#slots[breaker * SLOTS + IN_STEP] === 1;
  }

  /** Whether a breaker may close by what stands across its poles, whatever its device says; the grid must be solved. */
  inSynchronism(breaker: number, x: Float64Array): boolean {
    const { branch, atTo, unit } = BREAKERS[breaker];
    if (branch < 0 || this.#area.breakers.closed[breaker] === 1) return true;
    const { grid } = this.#area;
    const bus = this.#area.breakerBus[breaker];
    const here = magnitude(grid.vRe[bus], grid.vIm[bus]);
    const side = magnitude(grid.sideRe(branch, atTo), grid.sideIm(branch, atTo));
    const slip = this.#area.slipAcross(breaker, x);
    const settings = unit >= 0 ? set.UNIT_SYNCHRONISM : set.LINE_SYNCHRONISM;
    return maySynchronise(settings, here, side, slip, this.#area.angleAcross(breaker));
  }

  /** Whether anything has started lately, so that time must be told finely: what goes on for longer than that may be 20 ms late. */
  get busy(): boolean {
    for (let b = 0; b < BREAKERS.length; b++) {
      const at = b * SLOTS;
      if (this.#slots[at + SEALED] > 0) return true;
      if (this.#slots[at + STARTED] === 1 && this.#slots[at + STARTED_FOR] < SHARP) return true;
      const state = this.#slots[at + STATE];
      if (state >= RECLOSING.deadTime && state <= RECLOSING.closing) return true;
    }
    return false;
  }

  /** One task of all devices, `h` seconds after the last; the grid must be solved for `x`. */
  step(x: Float64Array, u: Float64Array, h: number): void {
    this.#approach = 1 - Math.exp(-h / set.POLARISING);
    for (let b = 0; b < BREAKERS.length; b++) {
      const at = b * SLOTS;
      const slots = this.#slots;
      const { lineEnd, unit, feeder } = BREAKERS[b];
      if (slots[at + SEALED] > 0) slots[at + SEALED] = Math.max(0, slots[at + SEALED] - h);
      if (u[inService[b]] >= 0.5) {
        if (lineEnd >= 0) this.#line(b, lineEnd, x, u, h);
        else if (unit >= 0) this.#unit(b, unit, x, u, h);
        else this.#feeder(b, feeder, x, u, h);
      } else this.#rest(b);
      if (syncBypass[b] >= 0 && u[syncBypass[b]] >= 0.5) slots[at + IN_STEP] = 1;
      slots[at + STARTED_FOR] = slots[at + STARTED] === 1 ? slots[at + STARTED_FOR] + h : 0;
      this.trip[b] = slots[at + SEALED] > 0 ? 1 : 0;
    }
  }

  /** Out of service: nothing measured, nothing pending, and no memory of a voltage that has turned on since. */
  #rest(b: number): void {
    const at = b * SLOTS;
    const slots = this.#slots;
    for (const slot of RESTING) slots[at + slot] = 0;
    for (let i = TIMERS; i < SLOTS; i++) slots[at + i] = 0;
    this.close[b] = 0;
  }

  #line(b: number, e: number, x: Float64Array, u: Float64Array, h: number): void {
    const area = this.#area;
    const { grid } = area;
    const slots = this.#slots;
    const at = b * SLOTS;
    const { branch, atTo } = BREAKERS[b];
    const bus = area.breakerBus[b];
    const vRe = grid.vRe[bus];
    const vIm = grid.vIm[bus];
    const iRe = grid.currentRe(branch, atTo);
    const iIm = grid.currentIm(branch, atTo);
    const size = Math.sqrt(iRe * iRe + iIm * iIm);
    const settings = set.LINE_SETTINGS[e];
    const polRe = slots[at + POL_RE];
    const polIm = slots[at + POL_IM];
    const measures = size > set.LEAST_CURRENT;
    const { r, x: reactance } = settings;
    const near = u[zone1Percent[b]] / 100;
    const far = u[zone2Percent[b]] / 100;
    // Beside a short circuit the voltage says nothing: the memory decides, and before it has aged its decision is held while current flows.
    const blind = vRe * vRe + vIm * vIm < set.BLIND_VOLTAGE * set.BLIND_VOLTAGE;
    slots[at + BLIND] = blind ? slots[at + BLIND] + h : 0;
    const held = slots[at + BLIND] > set.MEMORY;
    const { zone3: whole } = settings;
    const zone1 =
      measures && (held ? slots[at + ZONE1] > 0 : inMho(vRe, vIm, iRe, iIm, polRe, polIm, near * r, near * reactance));
    const zone2 =
      measures && (held ? slots[at + ZONE2] > 0 : inMho(vRe, vIm, iRe, iIm, polRe, polIm, far * r, far * reactance));
    const zone3 =
      measures &&
      (held ? slots[at + ZONE3] > 0 : inMho(vRe, vIm, iRe, iIm, polRe, polIm, whole * r, whole * reactance));
    if (!blind) this.#follow(at, vRe, vIm);
    slots[at + OVERREACH] = zone2 ? 1 : 0;
    // The devices of a line are neighbours in the list.
    const other = (b ^ 1) * SLOTS;
    const permitted = zone2 && slots[other + OVERREACH] === 1;
    slots[at + ZONE1] = zone1 ? slots[at + ZONE1] + h : 0;
    slots[at + ZONE2] = zone2 ? slots[at + ZONE2] + h : 0;
    slots[at + ZONE3] = zone3 ? slots[at + ZONE3] + h : 0;
    slots[at + PILOT] = permitted ? slots[at + PILOT] + h : 0;
    const forward = measures && isForward(iRe, iIm, polRe, polIm, settings.cos, settings.sin);
    const multiple = forward ? size / settings.pickup : 0;
    slots[at + PROGRESS] = advanceInverse(set.LINE_CURVE, set.LINE_MULTIPLIER, slots[at + PROGRESS], multiple, h);
    slots[at + STARTED] = zone3 || zone2 || zone1 || multiple > 1 ? 1 : 0;

    if (reached(slots[at + ZONE1], set.MEASURING)) this.#order(b, CAUSE.zone1, u);
    else if (reached(slots[at + PILOT], set.MEASURING + set.CHANNEL)) this.#order(b, CAUSE.pilot, u);
    else if (reached(slots[at + ZONE2], set.ZONE2_DELAY)) this.#order(b, CAUSE.zone2, u);
    else if (reached(slots[at + ZONE3], set.ZONE3_DELAY)) this.#order(b, CAUSE.zone3, u);
    else if (slots[at + PROGRESS] >= 1) this.#order(b, CAUSE.inverseTime, u);
    this.#guard(b, size, u, h);

    const here = magnitude(vRe, vIm);
    const { live } = set.LINE_SYNCHRONISM;
    if (area.breakers.closed[b] === 1) {
      slots[at + IN_STEP] = 1;
      if (slots[at + STATE] !== RECLOSING.ready) this.#reclose(b, false, here > live, h);
    } else {
      const side = magnitude(grid.sideRe(branch, atTo), grid.sideIm(branch, atTo));
      const inStep = this.inSynchronism(b, x);
      slots[at + IN_STEP] = inStep ? 1 : 0;
      this.#reclose(b, (inStep || u[syncBypass[b]] >= 0.5) && here > live, side > live, h);
    }
  }

  #unit(b: number, k: number, x: Float64Array, u: Float64Array, h: number): void {
    const area = this.#area;
    const { grid } = area;
    const slots = this.#slots;
    const at = b * SLOTS;
    const { branch } = BREAKERS[b];
    const terminal = area.terminal[k];
    const iRe = grid.currentRe(branch, true);
    const iIm = grid.currentIm(branch, true);
    const size = Math.sqrt(iRe * iRe + iIm * iIm);
    const volts = magnitude(grid.vRe[terminal], grid.vIm[terminal]);
    const hertz = x[k * PER_MACHINE + SPEED] * 60;
    let started = 0;
    let cause: number = CAUSE.none;
    for (let i = 0; i < set.UNIT_FREQUENCY.length; i++) {
      const { hertz: limit, above, delay } = set.UNIT_FREQUENCY[i];
      const beyond = above ? hertz > limit : hertz < limit;
      if (beyond) started = 1;
      if (this.#timer(at, i, beyond, delay, h)) cause = above ? CAUSE.overFrequency : CAUSE.underFrequency;
    }
    for (let i = 0; i < set.UNIT_OVERVOLTAGE.length; i++) {
      const beyond = volts > set.UNIT_OVERVOLTAGE[i].volts;
      if (beyond) started = 1;
      const timer = set.UNIT_FREQUENCY.length + i;
      if (this.#timer(at, timer, beyond, set.UNIT_OVERVOLTAGE[i].delay, h)) cause = CAUSE.overvoltage;
    }
    const multiple = size / set.UNIT_PICKUP[k];
    if (multiple > 1) started = 1;
    slots[at + PROGRESS] = advanceInverse(set.UNIT_CURVE, set.UNIT_MULTIPLIER, slots[at + PROGRESS], multiple, h);
    if (slots[at + PROGRESS] >= 1) cause = CAUSE.inverseTime;
    const unequal = differs(set.DIFFERENTIAL, set.UNIT_RATED[k], grid.iRe[k], grid.iIm[k], iRe, iIm);
    if (unequal) started = 1;
    if (this.#timer(at, DIFFERENTIAL_TIMER, unequal, set.MEASURING, h)) cause = CAUSE.differential;
    slots[at + STARTED] = started;
    if (u[reset[b]] >= 0.5 && cause === CAUSE.none) slots[at + LOCKED] = 0;
    if (cause !== CAUSE.none) {
      slots[at + LOCKED] = 1;
      this.#order(b, cause, u);
    }
    this.#guard(b, size, u, h);
    slots[at + IN_STEP] = slots[at + LOCKED] === 0 && this.inSynchronism(b, x) ? 1 : 0;
  }

  #feeder(b: number, f: number, x: Float64Array, u: Float64Array, h: number): void {
    const area = this.#area;
    const { grid } = area;
    const slots = this.#slots;
    const at = b * SLOTS;
    const bus = area.loadBus[f];
    const volts = magnitude(grid.vRe[bus], grid.vIm[bus]);
    const size = volts * magnitude(grid.loadG[bus], grid.loadB[bus]);
    const hertz = area.frequency(bus, x);
    const closed = area.breakers.closed[b] === 1;
    const multiple = size / set.FEEDER_PICKUP[f];
    const low = closed && hertz > 0 && volts > set.LINE_SYNCHRONISM.live / 2 && hertz < u[sheddingHz[b]];
    const sags = closed && volts > set.UNDERVOLTAGE.dead && volts < set.UNDERVOLTAGE.volts;
    slots[at + STARTED] = multiple > 1 || low || sags ? 1 : 0;
    slots[at + PROGRESS] = advanceInverse(set.FEEDER_CURVE, set.FEEDER_MULTIPLIER, slots[at + PROGRESS], multiple, h);
    if (this.#timer(at, 0, multiple > set.INSTANTANEOUS, set.MEASURING, h)) this.#order(b, CAUSE.instantaneous, u);
    else if (slots[at + PROGRESS] >= 1) this.#order(b, CAUSE.inverseTime, u);
    if (this.#timer(at, 1, low, set.SHEDDING_DELAY, h)) this.#order(b, CAUSE.underFrequency, u);
    if (this.#timer(at, 2, sags, set.UNDERVOLTAGE.delay, h)) this.#order(b, CAUSE.undervoltage, u);
    this.#guard(b, size, u, h);
  }

  /** Remembers the voltage that was. */
  #follow(at: number, vRe: number, vIm: number): void {
    const slots = this.#slots;
    const approach = this.#approach;
    const re = slots[at + POL_RE] + approach * (vRe - slots[at + POL_RE]);
    const im = slots[at + POL_IM] + approach * (vIm - slots[at + POL_IM]);
    const gone = re * re + im * im < 1e-16;
    slots[at + POL_RE] = gone ? 0 : re;
    slots[at + POL_IM] = gone ? 0 : im;
  }

  #timer(at: number, number: number, on: boolean, delay: number, h: number): boolean {
    const slot = at + TIMERS + number;
    this.#slots[slot] = on ? Math.min(this.#slots[slot] + h, delay + 1) : 0;
    return on && reached(this.#slots[slot], delay);
  }

  #order(b: number, cause: number, u: Float64Array): void {
    const slots = this.#slots;
    const at = b * SLOTS;
    if (slots[at + SEALED] === 0) {
      slots[at + LAST_CAUSE] = cause;
      const fast = cause === CAUSE.zone1 || cause === CAUSE.pilot;
      if (BREAKERS[b].lineEnd >= 0) {
        const may = fast && u[reclosingOn[b]] >= 0.5 && slots[at + STATE] === RECLOSING.ready;
        slots[at + STATE] = may ? RECLOSING.deadTime : RECLOSING.lockout;
        slots[at + SINCE] = 0;
      }
      this.close[b] = 0;
    }
    slots[at + SEALED] = set.SEAL;
    slots[at + TRIPPED] = 1;
    this.trip[b] = 1;
  }

  /** Holds a trip while current flows, and trips everything around a breaker that does not interrupt it. */
  #guard(b: number, size: number, u: Float64Array, h: number): void {
    const slots = this.#slots;
    const at = b * SLOTS;
    const flows = slots[at + SEALED] > 0 && size > set.LEAST_CURRENT && this.#area.breakers.closed[b] === 1;
    if (flows) slots[at + SEALED] = set.SEAL;
    slots[at + FAILURE] = flows ? slots[at + FAILURE] + h : 0;
    if (!reached(slots[at + FAILURE], set.BREAKER_FAILURE)) return;
    for (let other = 0; other < BREAKERS.length; other++)
      if (other !== b && BREAKERS[other].bus === BREAKERS[b].bus) this.#order(other, CAUSE.breakerFailure, u);
    if (b < 2 * LINES.length) this.#order(b ^ 1, CAUSE.breakerFailure, u);
  }

  #enter(at: number, state: number): void {
    this.#slots[at + STATE] = state;
    this.#slots[at + SINCE] = 0;
  }

  /** @param ready that this end may close by the synchronism check; @param lineLive that the line has voltage */
  #reclose(b: number, ready: boolean, lineLive: boolean, h: number): void {
    const slots = this.#slots;
    const at = b * SLOTS;
    const closed = this.#area.breakers.closed[b] === 1;
    const { deadTime, waiting, pulse, reclaim } = set.RECLOSE;
    switch (slots[at + STATE]) {
      case RECLOSING.deadTime:
        if (!closed) slots[at + SINCE] += h;
        if (reached(slots[at + SINCE], deadTime)) this.#enter(at, RECLOSING.waiting);
        break;
      case RECLOSING.waiting: {
        slots[at + SINCE] += h;
        const leads = !BREAKERS[b].atTo;
        if (ready && (leads || lineLive)) this.#enter(at, RECLOSING.closing);
        else if (reached(slots[at + SINCE], waiting)) this.#enter(at, RECLOSING.lockout);
        break;
      }
      case RECLOSING.closing:
        slots[at + SINCE] += h;
        if (closed || reached(slots[at + SINCE], pulse)) this.#enter(at, RECLOSING.reclaim);
        break;
      case RECLOSING.reclaim:
        slots[at + SINCE] += h;
        if (reached(slots[at + SINCE], reclaim)) this.#enter(at, RECLOSING.ready);
        break;
      case RECLOSING.lockout:
        // Somebody closed it by hand.
        if (closed && slots[at + SEALED] === 0) this.#enter(at, RECLOSING.reclaim);
        break;
      default:
    }
    this.close[b] = slots[at + STATE] === RECLOSING.closing ? 1 : 0;
  }
}

const UNIT_BREAKERS = Int32Array.from(UNITS, (_, unit) => BREAKERS.findIndex((place) => place.unit === unit));
const RESTING = [
  BLIND,
  FAILURE,
  STARTED,
  IN_STEP,
  PROGRESS,
  POL_RE,
  POL_IM,
  ZONE1,
  ZONE2,
  ZONE3,
  PILOT,
  OVERREACH,
  STATE,
  SINCE,
] as const;

/** Whether a timer has run for so long, sums of steps being what they are. */
const reached = (seconds: number, delay: number) => seconds >= delay - 1e-9;
