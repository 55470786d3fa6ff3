/** A bare page around the stage, for tests that drive it from outside. */
import type { SceneSpec } from '@penstock/core/scene';
import { createStage, type Stage, type StageOptions } from '../index.ts';

declare global {
  interface Window {
    scene: SceneSpec;
    stage: Stage;
    begin(options: Partial<StageOptions>): void;
    picked: (string | null)[];
    hovered: (string | null)[];
  }
}

window.picked = [];
window.hovered = [];
window.begin = (options) => {
  const canvas = document.querySelector('canvas[data-stage="scene"]') as HTMLCanvasElement;
  window.stage = createStage(canvas, window.scene, {
    truth: true,
    reducedMotion: false,
    theme: 'light',
    onPick: (id) => window.picked.push(id),
    onHover: (id) => window.hovered.push(id),
    ...options,
  });
};
