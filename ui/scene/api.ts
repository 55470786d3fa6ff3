/** What the page says to the stage, and what it gets back. */
import type { Theme } from './palette.ts';
import type { StageValue } from './values.ts';

export interface StageOptions {
  /** The instructor's: ghosts of true levels, marks at what lies. Values that are not sent are not shown in any case. */
  readonly truth: boolean;
  /** Half resolution without antialiasing; `auto` where the renderer is software. */
  readonly cheap?: 'auto' | boolean;
  /** Nothing moves by itself, the camera jumps instead of flying. */
  readonly reducedMotion: boolean;
  readonly theme: Theme;
  /** Words for what parts from the displayed value, in the page's language; English where left out. */
  readonly words?: { readonly true: string; readonly measured: string };
  /** An item was clicked or tapped; null for the ground. The stage does not select it by itself. */
  readonly onPick: (id: string | null) => void;
  /** The pointer came over another item, or left all. */
  readonly onHover: (id: string | null) => void;
  /** The browser took the context away (true), or gave it back. The stage goes on by itself. */
  readonly onContextLost?: (lost: boolean) => void;
}

/** What can be picked, for a list that mirrors the stage. */
export interface StageItem {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly area: string;
  readonly tags: readonly string[];
}

export interface StageStats {
  /** Draw calls and triangles of the last frame. */
  readonly calls: number;
  readonly triangles: number;
  /** Frames since the beginning. */
  readonly frames: number;
  readonly cheap: boolean;
  readonly renderer: string;
}

export interface Stage {
  /** New values of tags; those left out keep theirs. */
  update(values: ReadonlyMap<string, StageValue> | Iterable<readonly [string, StageValue]>): void;
  /** Marks one item; null for none. @returns whether there is such an item */
  select(id: string | null): boolean;
  /** Goes to a camera preset, or to where an item is seen well. @returns whether there is such a thing */
  flyTo(id: string): boolean;
  /** Turns the camera about what it looks at, in degrees: to the right, and upwards. For keys and buttons. */
  orbit(right: number, up: number): void;
  /** Goes nearer (below 1) or further away (above 1). */
  zoom(factor: number): void;
  setTheme(theme: Theme): void;
  /** `running`, `paused`, or a time in seconds at which all stands still (tests). */
  setClock(clock: 'running' | 'paused' | number): void;
  setReducedMotion(reduced: boolean): void;
  /** Takes the size that the canvas has now; the stage notices a change by itself, one frame later. */
  resize(): void;
  stats(): StageStats;
  items(): readonly StageItem[];
  /** Where an item's sign is on the canvas, in CSS pixels; null when it is not in the picture. */
  screenPosition(id: string): { readonly x: number; readonly y: number } | null;
  /** What is at this point of the canvas, in CSS pixels. */
  itemAt(x: number, y: number): string | null;
  dispose(): void;
}
