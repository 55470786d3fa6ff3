/** The 3D stage: a plant's scene on a canvas. */

export type { Stage, StageItem, StageOptions, StageStats } from './api.ts';
export { lineLegend } from './line-colour.ts';
export { OKABE_ITO, PRIORITIES, type Priority, type Theme } from './palette.ts';
export { createStage } from './stage.ts';
export type { StageValue } from './values.ts';
export { type LegendEntry, waterLegend } from './water-colour.ts';
