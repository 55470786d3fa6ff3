/**
 * What is written over the picture: names, readings, alarm signs, marks at what lies. On a flat canvas of its own at full resolution, so that
 * it stays sharp where the scene is drawn coarsely; redrawn only when the camera or the values have changed. Labels that would cover
 * each other give way to the more important.
 */
import { type PerspectiveCamera, Vector3 } from 'three';
import type { Item, SceneModel } from './graph.ts';
import { AMBIENCE, PRIORITIES, type Priority, type Theme, TRUTH } from './palette.ts';
import type { ItemState, Values } from './values.ts';

const FONT = "'Inter Variable', Inter, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";
/** From how far names of equipment and readings are shown, in metres; from further away those of the areas. */
const NAMES_WITHIN = 44;
const READINGS_WITHIN = 40;
/** Most labels of a picture. */
const MOST = 160;

interface Taken {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Kinds of equipment too many to be named each. */
const NAMELESS: ReadonlySet<Item['kind']> = new Set(['valve', 'pipe', 'analyser']);

export class Overlay {
  readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private readonly model: SceneModel;
  private readonly values: Values;
  private readonly words: { true: string; measured: string };
  private readonly point = new Vector3();
  private readonly taken: Taken[] = Array.from({ length: MOST }, () => ({ left: 0, top: 0, right: 0, bottom: 0 }));
  private readonly widths = new Map<string, number>();
  private takenCount = 0;
  /** Readings on the picture, as they were written. */
  private readonly written = new Map<string, string>();
  private marks = 0;
  private width = 1;
  private height = 1;
  private theme: Theme = 'light';
  private selected: Item | null = null;
  private hovered: Item | null = null;

  constructor(beside: HTMLCanvasElement, model: SceneModel, values: Values, words: { true: string; measured: string }) {
    this.words = words;
    this.model = model;
    this.values = values;
    this.canvas = document.createElement('canvas');
    this.canvas.setAttribute('aria-hidden', 'true');
    this.canvas.dataset.stage = 'labels';
    Object.assign(this.canvas.style, { position: 'absolute', inset: '0', pointerEvents: 'none' });
    beside.insertAdjacentElement('afterend', this.canvas);
    this.context = this.canvas.getContext('2d') as CanvasRenderingContext2D;
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
  }

  mark(hovered: Item | null, selected: Item | null): void {
    this.hovered = hovered;
    this.selected = selected;
  }

  /** @param left, top where the stage's canvas lies in the common parent, in CSS pixels */
  resize(left: number, top: number, width: number, height: number, ratio: number): void {
    this.width = width;
    this.height = height;
    this.canvas.width = Math.max(1, Math.round(width * ratio));
    this.canvas.height = Math.max(1, Math.round(height * ratio));
    Object.assign(this.canvas.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${width}px`,
      height: `${height}px`,
    });
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  dispose(): void {
    this.canvas.remove();
  }

  /** Whether new values would change anything on the picture. */
  outdated(): boolean {
    if (this.marks !== this.values.version) return true;
    for (const [tag, text] of this.written) if (this.textOf(tag) !== text) return true;
    return false;
  }

  private textOf(tag: string): string {
    const value = this.values.of(tag);
    const spec = this.model.spec.tags[tag];
    if (value === undefined || spec === undefined || value.displayed === null) return '—';
    return readable(value.displayed, spec.range, spec.states);
  }

  /** Draws everything anew; the most important first, so that it keeps its place. */
  draw(camera: PerspectiveCamera): void {
    const { context, model, values } = this;
    context.clearRect(0, 0, this.width, this.height);
    this.takenCount = 0;
    this.written.clear();
    this.marks = this.values.version;
    for (const item of model.items) {
      const state = values.states[item.index] as ItemState;
      if (state.alarm !== null) this.alarm(camera, item, state.alarm);
      if (state.lie !== null) this.lie(camera, item, state);
    }
    for (const item of [this.selected, this.hovered]) if (item !== null) this.name(camera, item, true);
    for (const label of model.spec.labels) this.area(camera, label.text, label.position);
    for (const item of model.items) if (item.shows !== undefined) this.reading(camera, item, item.shows);
    for (const item of model.items) {
      if (NAMELESS.has(item.kind) || item === this.selected || item === this.hovered) continue;
      this.name(camera, item, false);
    }
  }

  /** Where a point of the scene is on the picture; false behind the camera or outside. Leaves it in `point`. */
  private project(camera: PerspectiveCamera, at: Vector3): boolean {
    const { point } = this;
    point.copy(at).project(camera);
    if (point.z > 1 || point.z < -1) return false;
    point.x = ((point.x + 1) / 2) * this.width;
    point.y = ((1 - point.y) / 2) * this.height;
    return point.x > -40 && point.x < this.width + 40 && point.y > -20 && point.y < this.height + 20;
  }

  /** Takes a place on the picture unless something is there. */
  private take(left: number, top: number, right: number, bottom: number): boolean {
    if (this.takenCount >= MOST) return false;
    for (let i = 0; i < this.takenCount; i++) {
      const other = this.taken[i] as Taken;
      if (left < other.right && right > other.left && top < other.bottom && bottom > other.top) return false;
    }
    const own = this.taken[this.takenCount++] as Taken;
    own.left = left;
    own.top = top;
    own.right = right;
    own.bottom = bottom;
    return true;
  }

  private widthOf(text: string, font: string): number {
    const key = `${font}|${text}`;
    let width = this.widths.get(key);
    if (width === undefined) {
      if (this.widths.size > 600) this.widths.clear();
      this.context.font = font;
      width = this.context.measureText(text).width;
      this.widths.set(key, width);
    }
    return width;
  }

  private area(camera: PerspectiveCamera, text: string, position: readonly [number, number, number]): void {
    const at = scratch.set(...position);
    if (camera.position.distanceTo(at) < NAMES_WITHIN || !this.project(camera, at)) return;
    const font = `600 13px ${FONT}`;
    const { x, y } = this.point;
    const width = this.widthOf(text, font);
    if (!this.take(x - width / 2 - 6, y - 10, x + width / 2 + 6, y + 10)) return;
    const { context } = this;
    const { ink, sky } = AMBIENCE[this.theme];
    context.font = font;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.lineJoin = 'round';
    context.lineWidth = 4;
    context.strokeStyle = `#${sky.toString(16).padStart(6, '0')}cc`;
    context.strokeText(text, x, y);
    context.fillStyle = ink;
    context.fillText(text, x, y);
  }

  private name(camera: PerspectiveCamera, item: Item, marked: boolean): void {
    if (!marked && camera.position.distanceTo(item.anchor) > NAMES_WITHIN) return;
    if (!this.project(camera, item.anchor)) return;
    const { x, y } = this.point;
    const font = `${marked ? 600 : 500} 11px ${FONT}`;
    const strong = `600 12px ${FONT}`;
    const { fills } = item;
    const number = fills === undefined ? '' : this.textOf(fills);
    const unit = fills === undefined ? '' : ` ${this.model.spec.tags[fills]?.unit ?? ''}`;
    const named = this.widthOf(item.name, font);
    const gap = number === '' ? 0 : 7;
    const counted = number === '' ? 0 : this.widthOf(number, strong);
    const width = named + gap + counted + (number === '' ? 0 : this.widthOf(unit, font));
    if (!this.take(x - width / 2 - 5, y - 9, x + width / 2 + 5, y + 8) && !marked) return;
    const { context } = this;
    this.plate(x - width / 2 - 5, y - 9, width + 10, 17, marked);
    const left = x - width / 2;
    const { ink, quiet } = AMBIENCE[this.theme];
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    context.font = font;
    context.fillStyle = ink;
    context.fillText(item.name, left, y);
    if (fills === undefined) return;
    this.written.set(fills, number);
    const old = this.values.of(fills)?.stale === true;
    context.globalAlpha = old ? 0.5 : 1;
    context.fillStyle = quiet;
    context.fillText(unit, left + named + gap + counted, y);
    context.font = strong;
    context.fillStyle = ink;
    context.fillText(number, left + named + gap, y);
    context.globalAlpha = 1;
    if (old) this.strike(left + named + gap - 3, y - 9, counted + 6, 17);
  }

  private reading(camera: PerspectiveCamera, item: Item, tag: string): void {
    // What alarms is read from anywhere.
    const alarmed = this.values.states[item.index]?.alarm !== null;
    if (!alarmed && camera.position.distanceTo(item.anchor) > READINGS_WITHIN) return;
    if (!this.project(camera, item.anchor)) return;
    const { x, y } = this.point;
    const value = this.values.of(tag);
    const spec = this.model.spec.tags[tag];
    if (spec === undefined) return;
    const number = this.textOf(tag);
    const [big, small] = [`600 12px ${FONT}`, `500 9.5px ${FONT}`];
    const title = shownTag(tag);
    const gap = spec.unit === '' ? 0 : 4;
    const body = this.widthOf(number, big) + gap + this.widthOf(spec.unit, small);
    const width = Math.max(body, this.widthOf(title, small)) + 10;
    if (!this.take(x - width / 2, y - 24, x + width / 2, y + 4)) return;
    this.written.set(tag, number);
    const { context } = this;
    const { ink, quiet } = AMBIENCE[this.theme];
    context.globalAlpha = value?.stale ? 0.55 : 1;
    this.plate(x - width / 2, y - 24, width, 28, item === this.selected);
    context.textBaseline = 'alphabetic';
    context.textAlign = 'center';
    context.font = small;
    context.fillStyle = quiet;
    context.fillText(title, x, y - 14.5);
    context.textAlign = 'left';
    context.fillText(spec.unit, x - body / 2 + body - this.widthOf(spec.unit, small), y - 1.5);
    context.font = big;
    context.fillStyle = ink;
    context.fillText(number, x - body / 2, y - 1.5);
    if (value?.stale) this.strike(x - width / 2, y - 24, width, 28);
    context.globalAlpha = 1;
  }

  /** Diagonal lines over what is stale. */
  private strike(left: number, top: number, width: number, height: number): void {
    const { context } = this;
    context.beginPath();
    for (let x = left; x < left + width; x += 6) {
      context.moveTo(x, top + height);
      context.lineTo(Math.min(x + height, left + width), top + Math.max(0, height - (left + width - x)));
    }
    context.strokeStyle = AMBIENCE[this.theme].edge;
    context.lineWidth = 1;
    context.stroke();
  }

  private plate(left: number, top: number, width: number, height: number, marked: boolean): void {
    const { context } = this;
    const { plate, edge, ink } = AMBIENCE[this.theme];
    context.beginPath();
    context.roundRect(left, top, width, height, 3);
    context.fillStyle = plate;
    context.fill();
    context.strokeStyle = marked ? ink : edge;
    context.lineWidth = 1;
    context.stroke();
  }

  /** The sign of an alarm: shape, number and colour of its priority. */
  private alarm(camera: PerspectiveCamera, item: Item, priority: Priority): void {
    if (!this.project(camera, item.anchor)) return;
    // A sign above the upper edge would not be seen, and one over another neither.
    const x = Math.min(this.width - 14, Math.max(14, this.point.x));
    // Above the reading, where there is one.
    let y = Math.max(16, this.point.y - (item.shows === undefined ? 24 : 40));
    for (let tries = 0; tries < 3 && !this.take(x - 12, y - 13, x + 12, y + 14); tries++) y += tries === 0 ? -26 : 52;
    const { shape, number, colour } = PRIORITIES[priority];
    const { context } = this;
    context.beginPath();
    if (shape === 'circle') context.arc(x, y, 10, 0, Math.PI * 2);
    else {
      const corners = shape === 'triangle' ? TRIANGLE : DIAMOND;
      corners.forEach(([dx, dy], i) => {
        if (i === 0) context.moveTo(x + dx, y + dy);
        else context.lineTo(x + dx, y + dy);
      });
      context.closePath();
    }
    context.lineJoin = 'round';
    context.lineWidth = 4;
    context.strokeStyle = this.theme === 'light' ? '#ffffff' : '#101315';
    context.stroke();
    context.fillStyle = css(colour);
    context.fill();
    context.lineWidth = 1.2;
    context.strokeStyle = '#20262b';
    context.stroke();
    context.font = `700 11px ${FONT}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillStyle = priority === 'high' ? '#ffffff' : '#15191c';
    context.fillText(String(number), x, y + (shape === 'triangle' ? 2.5 : 0.5));
  }

  /** What lies: a struck-out eye at the instrument, a broken link on the way from it; with what is true. */
  private lie(camera: PerspectiveCamera, item: Item, { lie, lyingTag }: ItemState): void {
    if (lyingTag === null || !this.project(camera, item.instrument)) return;
    const { x, y } = this.point;
    const value = this.values.of(lyingTag);
    const spec = this.model.spec.tags[lyingTag];
    if (spec === undefined || value === undefined) return;
    const real = lie === 'sensor' ? value.true : value.measured;
    const word = lie === 'sensor' ? this.words.true : this.words.measured;
    const number =
      real === null || real === undefined ? '' : `${readable(real, spec.range, spec.states)} ${spec.unit}`.trim();
    const text = `${shownTag(lyingTag)} ${word} ${number}`;
    const font = `600 11px ${FONT}`;
    const width = this.widthOf(text, font) + 34;
    const [left, top] = [x + 14, y - 11];
    const { context } = this;
    const colour = css(TRUTH);
    context.beginPath();
    context.arc(x, y, 4.5, 0, Math.PI * 2);
    context.fillStyle = colour;
    context.fill();
    if (!this.take(left - 16, top, left + width, top + 22)) return;
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.setLineDash(lie === 'link' ? [3, 3] : []);
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(left, y);
    context.stroke();
    context.setLineDash([]);
    this.plate(left, top, width, 22, false);
    context.strokeStyle = colour;
    context.lineWidth = 1.6;
    context.beginPath();
    if (lie === 'sensor') {
      context.ellipse(left + 14, y, 8, 4.5, 0, 0, Math.PI * 2);
      context.moveTo(left + 16, y);
      context.arc(left + 14, y, 2, 0, Math.PI * 2);
      context.moveTo(left + 6, y + 7);
      context.lineTo(left + 22, y - 7);
    } else {
      context.roundRect(left + 5, y - 3.5, 8, 7, 3.5);
      context.roundRect(left + 16, y - 3.5, 8, 7, 3.5);
      context.moveTo(left + 13.5, y - 6);
      context.lineTo(left + 15.5, y + 6);
    }
    context.stroke();
    context.font = font;
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    context.fillStyle = AMBIENCE[this.theme].ink;
    context.fillText(text, left + 28, y + 0.5);
  }
}

const scratch = new Vector3();
const TRIANGLE = [
  [0, -12],
  [12, 9],
  [-12, 9],
] as const;
const DIAMOND = [
  [0, -12],
  [12, 0],
  [0, 12],
  [-12, 0],
] as const;

const css = (colour: number): string => `#${colour.toString(16).padStart(6, '0')}`;

/** LIT101 is shown as LIT-101, as ISA-5.1 writes it. */
const shownTag = (tag: string): string => tag.replace(/^([A-Z]+)(\d)/, '$1-$2');

/** As many digits as the range of the instrument deserves. */
function readable(
  value: number,
  [low, high]: readonly [number, number],
  states: readonly [string, string] | null,
): string {
  if (states !== null) return states[value >= 0.5 ? 1 : 0];
  const span = high - low;
  return value.toFixed(span > 300 ? 0 : span > 30 ? 1 : 2);
}
