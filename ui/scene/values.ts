/**
 * Binds values to what is seen: levels, flows, speeds, travels, colours of water, alarms, staleness, and where displayed, measured and true part.
 * `apply` runs when values come; `advance` when the clock moves, and allocates nothing.
 */
import type { LineSpec, ShareBinding, WaterSpec } from '@penstock/core/scene';
import { Color, Matrix4, Quaternion, Vector3 } from 'three';
import type { Item, LineRun, Mover, SceneModel, WaterBody } from './graph.ts';
import { HALO } from './halo.ts';
import { colourOfLine, stateOfLine } from './line-colour.ts';
import { LINE_MARK } from './lines.ts';
import { RUN } from './materials.ts';
import type { Priority, Theme } from './palette.ts';
import { chemicalColour, lookOf, newLook, type WaterLook } from './water-colour.ts';

/** What is known of a tag. A trainee's page has `displayed` only. */
export interface StageValue {
  readonly displayed: number | null;
  readonly measured?: number | null;
  /** What the controller held in the last seconds that is nearest to what is displayed; `measured` where it is not given. */
  readonly held?: number | null;
  readonly true?: number | null;
  readonly stale: boolean;
  readonly alarm: Priority | null;
  /** An alarm that nobody has acknowledged blinks. */
  readonly acknowledged?: boolean;
}

/** Where a value is made false: in the instrument (true and measured part), or on the way (measured and displayed part). */
export type Lie = 'sensor' | 'link';

/** What is shown of an item beside its looks; read by the overlay. */
export interface ItemState {
  alarm: Priority | null;
  acknowledged: boolean;
  stale: boolean;
  lie: Lie | null;
  /** The tag that lies. */
  lyingTag: string | null;
}

const RANK: Readonly<Record<Priority, number>> = { low: 1, medium: 2, high: 3 };
/** Turns of a machine at full speed as they are drawn; real ones could not be followed. */
const TURNS_PER_SECOND: Readonly<Record<Mover['kind'], number>> = {
  coupling: 1.1,
  fan: 1.1,
  impeller: 0.7,
  pointer: 0,
  stem: 0,
  flag: 0,
  bubbles: 0,
  flame: 0,
  plume: 0,
};
/** Metres that the marks of a pipe run in a second at full flow. */
const FASTEST_MARK = 2.2;
const QUARTER = Math.PI / 2;
/** Something is dead below this share, or supplied by so little that it comes to nothing. */
const DEAD = 0.1;
/** Values part when they are further from each other than this share of the tag's range, and than four times the instrument's noise. */
const APART = 0.02;

const body = new Matrix4();
const place = new Vector3();
const size = new Vector3();
const spin = new Quaternion();
const turned = new Quaternion();
const UP = new Vector3(0, 1, 0);
const colour = new Color();

export class Values {
  readonly states: readonly ItemState[];
  private readonly model: SceneModel;
  private readonly truth: boolean;
  private readonly values = new Map<string, StageValue>();
  private readonly looks: ReadonlyMap<string, WaterLook>;
  private readonly plain = newLook();
  private readonly waters: ReadonlyMap<string, WaterSpec>;
  private readonly angles: Float64Array;
  /** Turns per second of each mover; travels: share. */
  private readonly speeds: Float64Array;
  /** Marks per second of each pipe, then of each line. */
  private readonly flows: Float64Array;
  private theme: Theme = 'light';
  private blinking = false;
  /** Whether anything moves while the clock runs. */
  moving = false;
  /** Goes up whenever alarms, staleness or lies of any item change. */
  version = 0;
  private hovered: Item | null = null;
  private selected: Item | null = null;

  constructor(model: SceneModel, truth: boolean) {
    this.model = model;
    this.truth = truth;
    this.states = model.items.map(() => ({ alarm: null, acknowledged: true, stale: false, lie: null, lyingTag: null }));
    this.waters = new Map(model.spec.waters.map((water) => [water.id, water]));
    this.looks = new Map(model.spec.waters.map((water) => [water.id, newLook()]));
    this.angles = new Float64Array(model.movers.length);
    this.speeds = new Float64Array(model.movers.length);
    this.flows = new Float64Array(model.pipes.length + model.lines.length);
  }

  /** The last value of a tag. */
  of(tag: string): StageValue | undefined {
    return this.values.get(tag);
  }

  set(values: Iterable<readonly [string, StageValue]>): void {
    for (const [tag, value] of values) this.values.set(tag, value);
    this.apply();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.model.paint(theme);
    this.apply();
  }

  point(hovered: Item | null, selected: Item | null): void {
    this.hovered = hovered;
    this.selected = selected;
    this.items();
    this.flowing();
  }

  /** The clock went on by `seconds`; gives whether anything has moved. */
  advance(seconds: number, time: number): boolean {
    const { movers, pipeStates, halos } = this.model;
    let moved = false;
    for (let i = 0; i < this.flows.length; i++) {
      const flow = this.flows[i] as number;
      if (flow === 0) continue;
      const at = pipeStates.at(i, 0);
      // Kept small, so that single precision stays fine.
      pipeStates.data[at] = ((pipeStates.data[at] as number) + flow * seconds) % 64;
      moved = true;
    }
    if (moved) pipeStates.changed();
    for (let i = 0; i < movers.length; i++) {
      const speed = this.speeds[i] as number;
      if (speed === 0 || !this.spins(i)) continue;
      this.angles[i] = ((this.angles[i] as number) + speed * seconds * Math.PI * 2) % (Math.PI * 2);
      this.pose(i);
      moved = true;
    }
    if (this.blinking) {
      (halos.mesh.material as unknown as { uniforms: { blink: { value: number } } }).uniforms.blink.value =
        time % 1 < 0.5 ? 1 : 0.35;
      moved = true;
    }
    this.model.time.value = time;
    return moved;
  }

  private spins(i: number): boolean {
    const { kind } = this.model.movers[i] as Mover;
    return TURNS_PER_SECOND[kind] > 0 || kind === 'bubbles';
  }

  private readonly read = (tag: string): number => this.values.get(tag)?.displayed ?? Number.NaN;

  private apply(): void {
    for (const [id, look] of this.looks) lookOf(this.waters.get(id), this.read, this.theme, look);
    lookOf(undefined, this.read, this.theme, this.plain);
    this.judge();
    for (const water of this.model.waters) this.fill(water);
    for (const water of this.model.waters) {
      water.mesh.instanceMatrix.needsUpdate = true;
      if (water.mesh.instanceColor !== null) water.mesh.instanceColor.needsUpdate = true;
      water.mesh.geometry.getAttribute('mood').needsUpdate = true;
      if (water.ghost !== undefined) water.ghost.instanceMatrix.needsUpdate = true;
    }
    this.model.movers.forEach((mover, i) => {
      this.speeds[i] = this.speedOf(mover);
      this.pose(i);
    });
    this.flowing();
    this.items();
    this.moving =
      this.blinking ||
      this.flows.some((flow) => flow !== 0) ||
      this.speeds.some((speed, i) => speed !== 0 && this.spins(i));
  }

  /** Alarm, staleness and lies of every item, from its tags. */
  private judge(): void {
    this.blinking = false;
    for (const item of this.model.items) {
      const state = this.states[item.index] as ItemState;
      let alarm: Priority | null = null;
      let acknowledged = true;
      let stale = false;
      let lie: Lie | null = null;
      let lyingTag: string | null = null;
      for (const tag of item.tags) {
        const value = this.values.get(tag);
        if (value === undefined) continue;
        if (value.stale) stale = true;
        if (item.kind === 'pipe') continue;
        if (value.alarm !== null) {
          if (alarm === null || RANK[value.alarm] > RANK[alarm]) alarm = value.alarm;
          if (value.acknowledged === false) acknowledged = false;
        }
        if (lie === null && this.truth) {
          lie = this.lieOf(tag, value);
          if (lie !== null) lyingTag = tag;
        }
      }
      if (alarm !== null && !acknowledged) this.blinking = true;
      // What lies is written with its number, which changes.
      if (lie !== null || state.alarm !== alarm || state.stale !== stale || state.lie !== lie) this.version++;
      state.alarm = alarm;
      state.acknowledged = acknowledged;
      state.stale = stale;
      state.lie = lie;
      state.lyingTag = lyingTag;
    }
  }

  private lieOf(tag: string, value: StageValue): Lie | null {
    const { displayed, measured = null, held = measured, true: real = null } = value;
    if (real !== null && measured !== null && this.parted(tag, real, measured)) return 'sensor';
    if (held !== null && displayed !== null && this.parted(tag, held, displayed)) return 'link';
    return null;
  }

  private parted(tag: string, a: number, b: number): boolean {
    const spec = this.model.spec.tags[tag];
    if (spec === undefined) return false;
    const span = spec.states === null ? (spec.range[1] - spec.range[0]) * APART : 0.5;
    return Math.abs(a - b) > Math.max(span, spec.noise * 4);
  }

  private fill(water: WaterBody): void {
    const { level, mesh, instance } = water;
    const bound = typeof level !== 'number';
    const value = bound ? this.values.get(level.tag) : undefined;
    const share = bound ? shareOf(value?.displayed ?? Number.NaN, level.empty, level.full) : level;
    this.place(water, share);
    mesh.setMatrixAt(instance, body);
    const look = water.water === undefined ? this.plain : (this.looks.get(water.water) ?? this.plain);
    mesh.setColorAt(instance, water.chemical ? chemicalColour(this.theme) : colour.copy(look.colour));
    const mood = mesh.geometry.getAttribute('mood');
    mood.setX(instance, value?.stale ? 1 : 0);
    mood.setY(instance, water.chemical ? 0 : look.pattern);
    mood.setZ(instance, water.chemical ? 0 : look.strength);
    if (water.ghost === undefined) return;
    const real = value?.true ?? null;
    const shown = value?.displayed ?? null;
    const parted = bound && this.truth && real !== null && shown !== null && this.parted(level.tag, real, shown);
    if (parted) {
      this.place(water, shareOf(real, level.empty, level.full));
      size.set(1.012, 1, 1.012);
      body.scale(size);
    } else body.makeScale(0, 0, 0);
    water.ghost.setMatrixAt(water.ghostInstance, body);
  }

  /** The body of water at this share of its height, into `body`. */
  private place(water: WaterBody, share: number): void {
    const height = Number.isNaN(share) ? 0 : Math.max(0.001, share) * water.size.y;
    if (water.item === undefined) {
      // A river is a surface: it is moved, not stretched.
      body.makeTranslation(0, water.at.y + height - 1, 0);
      return;
    }
    size.set(water.size.x, height, water.size.z);
    if (height === 0) body.makeScale(0, 0, 0);
    else body.compose(water.at, water.turn, size);
  }

  private speedOf({ kind, running, speed, travel }: Mover): number {
    if (travel !== undefined) {
      const share = shareOf(this.read(travel.tag), 0, travel.full);
      return Number.isNaN(share) ? 0 : share;
    }
    if (running === undefined && speed === undefined) return 0;
    const share = speed === undefined ? 1 : this.shareOf(speed);
    if (running === undefined ? share < 0.01 : !(this.read(running) >= 0.5)) return 0;
    return TURNS_PER_SECOND[kind] * (speed === undefined ? 1 : 0.25 + 0.75 * share);
  }

  private shareOf(binding: ShareBinding): number {
    const share = shareOf(this.read(binding.tag), 0, binding.full);
    return Number.isNaN(share) ? 0 : share;
  }

  /** Writes the matrix of a mover. */
  private pose(i: number): void {
    const mover = this.model.movers[i] as Mover;
    const { kind, scale } = mover;
    const share = this.speeds[i] as number;
    place.copy(mover.at);
    let angle = 0;
    if (kind === 'pointer') angle = QUARTER * (1 - share);
    else if (kind === 'flag') angle = QUARTER * 0.4 * (1 - share) * 2;
    else if (kind === 'stem') place.y += share * scale * 0.7;
    else angle = this.angles[i] as number;
    turned.setFromAxisAngle(UP, angle);
    spin.copy(mover.turn).multiply(turned);
    size.setScalar(scale);
    if (kind === 'flame' || kind === 'plume') size.setScalar(share < 0.01 ? 0 : scale * (0.4 + 0.6 * share));
    if (kind === 'bubbles') {
      if (share < 0.05) size.setScalar(0);
      place.y += 0.15 + 0.6 * (((this.angles[i] as number) / (Math.PI * 2)) % 1);
    }
    body.compose(place, spin, size);
    mover.mesh.setMatrixAt(mover.instance, body);
    mover.mesh.instanceMatrix.needsUpdate = true;
  }

  private flowing(): void {
    const { pipes, pipeStates } = this.model;
    const { data } = pipeStates;
    pipes.forEach(({ spec, number, mark, item }) => {
      const { flow } = spec;
      let share = 0;
      if (flow !== undefined) {
        const raw = this.read(flow.tag) / flow.full;
        share = Number.isNaN(raw) ? 0 : Math.max(-1.2, Math.min(1.2, raw));
        for (const tag of flow.through) if (!this.open(tag)) share = 0;
        if (Math.abs(share) < 0.004) share = 0;
      }
      this.flows[number] = (share * FASTEST_MARK) / mark;
      const at = pipeStates.at(number, 0);
      data[at + 1] = share === 0 ? 0 : 0.92;
      data[at + 2] = flow !== undefined && this.values.get(flow.tag)?.stale ? 1 : 0;
      data[at + 3] = this.highlight(item);
      const look = spec.water === undefined ? this.plain : (this.looks.get(spec.water) ?? this.plain);
      colour.copy(spec.carries === 'chemical' ? chemicalColour(this.theme) : look.colour);
      if (spec.carries === 'air') colour.setHex(this.theme === 'light' ? 0xf2f4f5 : 0xc3cbd0);
      // Marks stand out from the pipe by being darker in the light and lighter in the dark.
      if (spec.carries !== 'air') colour.multiplyScalar(this.theme === 'light' ? 0.72 : 1.2);
      const second = pipeStates.at(number, 1);
      data[second] = colour.r;
      data[second + 1] = colour.g;
      data[second + 2] = colour.b;
      data[second + 3] = spec.carries === 'water' && look.strength > 0.05 ? RUN.marked : RUN.plain;
    });
    for (const run of this.model.lines) this.carry(run);
    pipeStates.changed();
  }

  /** A line's marks and colour: steel as it should be, coloured and striped when it carries more than it may, pale when it is dead. */
  private carry({ spec, number, item }: LineRun): void {
    const { flow, loading, breakers } = spec;
    const { data } = this.model.pipeStates;
    const closed = breakers.map((tag) => this.read(tag) >= 0.5);
    let share = flow === undefined ? 0 : this.read(flow.tag) / flow.full;
    share = Number.isNaN(share) || closed.includes(false) ? 0 : Math.max(-1.2, Math.min(1.2, share));
    if (Math.abs(share) < 0.01) share = 0;
    this.flows[number] = (share * FASTEST_MARK * 2) / LINE_MARK;
    const at = this.model.pipeStates.at(number, 0);
    data[at + 1] = share === 0 ? 0 : 0.92;
    data[at + 2] = this.staleLine(spec) ? 1 : 0;
    data[at + 3] = this.highlight(item);
    const load = loading === undefined ? 0 : this.read(loading.tag) / loading.full;
    const state = stateOfLine(load, breakers.length > 0 && !closed.includes(true));
    const { r, g, b } = colourOfLine(state, this.theme);
    const second = this.model.pipeStates.at(number, 1);
    data[second] = r;
    data[second + 1] = g;
    data[second + 2] = b;
    data[second + 3] = state === 'overloaded' ? RUN.overloaded : RUN.conductor;
  }

  private staleLine({ flow, loading }: LineSpec): boolean {
    return [flow, loading].some((binding) => binding !== undefined && this.values.get(binding.tag)?.stale === true);
  }

  /** A valve that is open at all, a pump that runs. */
  private open(tag: string): boolean {
    const value = this.read(tag);
    const top = this.model.spec.tags[tag]?.range[1] ?? 1;
    return Number.isNaN(value) || value / top > 0.02;
  }

  private highlight(item: Item): number {
    return item === this.selected ? 0.42 : item === this.hovered ? 0.2 : 0;
  }

  /** From 0 with all it needs to 1 without; what is not known does not darken. */
  private darkness({ dims }: Item): number {
    if (dims === undefined) return 0;
    const share = shareOf(this.read(dims.tag), 0, dims.full);
    return Number.isNaN(share) ? 0 : 1 - Math.min(1, share / DEAD);
  }

  /** State of each item's solids, and the halos on the ground. */
  private items(): void {
    const { items, solidStates, halos } = this.model;
    for (const item of items) {
      const state = this.states[item.index] as ItemState;
      const at = solidStates.at(item.index, 0);
      solidStates.data[at] = state.stale ? 1 : 0;
      solidStates.data[at + 1] = this.highlight(item);
      solidStates.data[at + 2] = this.darkness(item);
      this.halo(item, state);
    }
    solidStates.changed();
    halos.mesh.instanceMatrix.needsUpdate = true;
    halos.looks.needsUpdate = true;
  }

  private halo(item: Item, state: ItemState): void {
    const { mesh, looks } = this.model.halos;
    const { footprint } = item;
    const marked = item === this.selected ? HALO.selected : state.lie !== null ? HALO.truth : HALO.none;
    const kind = state.alarm === null ? marked : HALO[state.alarm];
    if (footprint === undefined || kind === HALO.none) body.makeScale(0, 0, 0);
    else {
      const [x, z] = footprint.foot;
      turned.setFromAxisAngle(UP, footprint.rotation);
      place.copy(footprint.at);
      place.y = Math.max(place.y, 0) + 0.06;
      size.set((x + 1) * 2, 1, (z + 1) * 2);
      body.compose(place, turned, size);
      looks.setXYZW(item.index, kind, x + 1, z + 1, state.alarm !== null && !state.acknowledged ? 1 : 0);
    }
    mesh.setMatrixAt(item.index, body);
  }
}

/** Share of the way from empty to full, within the vessel; NaN stays NaN. */
function shareOf(value: number, empty: number, full: number): number {
  return Math.min(1, Math.max(0, (value - empty) / (full - empty)));
}
