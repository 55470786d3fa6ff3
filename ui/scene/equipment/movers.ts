/** What turns or travels: one geometry a kind, drawn as instances. Each is of radius 1 around the origin, its axis along y. */

import { Shape } from '../shape.ts';
import type { MoverPart } from './built.ts';

const DRAW: Record<MoverPart['kind'], (shape: Shape) => void> = {
  /** Half dark, half light, so that one sees it turn. */
  coupling: (shape) => {
    for (const i of [0, 1, 2, 3])
      shape.round(i % 2 === 0 ? 'rubber' : 'mark', 1, 0.5, [0, -0.25, 0], {
        from: (i * Math.PI) / 2,
        arc: Math.PI / 2,
        segments: 5,
      });
  },
  fan: (shape) => {
    shape.round('rubber', 0.98, 0.06, [0, -0.03, 0], { segments: 18 });
    for (const i of [0, 1, 2, 3, 4])
      shape.within([0, 0.02, 0], i * 72, () => {
        shape.box('mark', [0.16, 0.05, 0.66], [0, 0, 0.5]);
      });
  },
  impeller: (shape) => {
    shape.round('steelDark', 0.16, 0.3, [0, -0.15, 0], { segments: 10 });
    for (const i of [0, 1, 2])
      shape.within([0, 0, 0], i * 120, () => {
        shape.bar('mark', [0.1, -0.12, 0.1], [0.1, 0.12, 1], 0.22);
      });
  },
  /** A butterfly valve's position: along the pipe (east-west) when open. */
  pointer: (shape) => {
    shape.round('rubber', 1, 0.1, [0, 0, 0], { segments: 16 });
    shape.box('mark', [1.9, 0.16, 0.36], [0, 0.08, 0]);
  },
  /** A rising stem. */
  stem: (shape) => {
    shape.round('mark', 0.07, 1.1, [0, -1.0, 0], { segments: 8 });
    shape.round('rubber', 0.1, 0.08, [0, 0.1, 0], { segments: 8 });
  },
  /** A contact's moving blade: upright when closed. */
  flag: (shape) => {
    shape.box('mark', [0.16, 0.1, 1], [0, 0, 0.5]);
  },
  /** As high as what burns is much. */
  flame: (shape) => {
    shape.round('mark', 0.3, 0.5, [0, 0, 0], { top: 0.42, segments: 8 });
    shape.round('mark', 0.42, 1.5, [0, 0.5, 0], { top: 0.04, segments: 8 });
  },
  /** Vapour over its mouth, drifting with the wind. */
  plume: (shape) => {
    for (const [x, y, z, radius] of [
      [0, 0.5, 0, 0.9],
      [0.5, 1.5, -0.15, 1.05],
      [1.4, 2.5, -0.4, 1.25],
      [2.6, 3.3, -0.6, 1.15],
    ] as const)
      shape.turned(
        'mark',
        Array.from({ length: 6 }, (_, i): [number, number] => {
          const angle = (i / 5 - 0.5) * Math.PI;
          return [Math.max(0.01, Math.cos(angle) * radius), Math.sin(angle) * radius * 0.85];
        }),
        [x, y, z],
        { segments: 11 },
      );
  },
  bubbles: (shape) => {
    for (let i = 0; i < 22; i++) {
      const angle = i * 2.4;
      const far = Math.sqrt((i + 0.5) / 22);
      shape.round('mark', 0.05, 0.06, [Math.cos(angle) * far, 0, Math.sin(angle) * far * 0.9], {
        top: 0.02,
        segments: 6,
      });
    }
  },
};
export const MOVER_KINDS = Object.keys(DRAW) as MoverPart['kind'][];

export function moverShape(kind: MoverPart['kind']): Shape {
  const shape = new Shape();
  DRAW[kind](shape);
  return shape;
}
