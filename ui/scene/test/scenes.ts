/** Scenes for the tests of the stage. */
import { fileURLToPath } from 'node:url';
import { loadPlant, loadScene, NOZZLES } from '@penstock/core';
import type { EquipmentSpec, SceneSpec } from '@penstock/core/scene';
import type { StageValue } from '../values.ts';

/** The scene of a plant that ships. */
export function shipped(plant: string): SceneSpec {
  const folder = fileURLToPath(new URL(`../../../plants/${plant}`, import.meta.url));
  const scene = loadScene(folder, loadPlant(folder).spec);
  if (scene === undefined) throw new Error(`${plant} has a scene`);
  return scene;
}

export const drinkingWater = (): SceneSpec => shipped('drinking-water');

const at = { area: 'yard', rotation: 0, tags: [] } as const;

/** One of each kind that the library has, in a row. */
export function everyKind(): SceneSpec {
  const kinds: readonly Omit<EquipmentSpec, 'id' | 'name' | 'area' | 'rotation' | 'tags' | 'position'>[] = [
    { kind: 'tank', diameter: 3, height: 4, bottom: 'dished', top: 'dome', legs: 1.2, bind: {} },
    { kind: 'tank', diameter: 3, height: 4, bottom: 'cone', top: 'open', legs: 0, bind: {} },
    { kind: 'tank', diameter: 3, height: 4, bottom: 'flat', top: 'flat', legs: 0, bind: {} },
    { kind: 'vessel', diameter: 2, length: 5, saddles: 0.8, bind: {} },
    { kind: 'column', diameter: 2, height: 16, trays: 20, bind: {} },
    { kind: 'exchanger', diameter: 0.9, length: 4 },
    { kind: 'reactor', diameter: 3.2, height: 5.4, legs: 2.6, bind: {} },
    { kind: 'drum', diameter: 3.6, height: 7.5, legs: 2.2, bind: {} },
    { kind: 'compressor', bore: 0.5, bind: {} },
    { kind: 'flare', height: 26, bind: { flow: { tag: 'AIT101', full: 14 } } },
    { kind: 'rack', length: 12, width: 2.4, decks: [5, 6.6], floors: true },
    { kind: 'pump', style: 'end-suction', bore: 0.25, bind: {} },
    { kind: 'pump', style: 'vertical', bore: 0.25, bind: {} },
    { kind: 'pump', style: 'blower', bore: 0.2, bind: {} },
    { kind: 'valve', style: 'butterfly', bore: 0.3, bind: {} },
    { kind: 'valve', style: 'gate', bore: 0.3, bind: {} },
    { kind: 'valve', style: 'check', bore: 0.3, bind: {} },
    { kind: 'filter', length: 5.4, width: 4.2, height: 4.4, media: 2, gallery: 'west', bind: {} },
    { kind: 'mixer', style: 'flash', bore: 2, length: 2.4, stand: 2, bind: {} },
    { kind: 'mixer', style: 'static', bore: 0.4, length: 1.6, stand: 0, bind: {} },
    { kind: 'dosing', diameter: 1.6, height: 1.8, bind: {} },
    { kind: 'analyser', style: 'panel', bore: 0.3, bind: { value: 'AIT101' } },
    { kind: 'analyser', style: 'flow-meter', bore: 0.3, bind: { value: 'AIT101' } },
    { kind: 'analyser', style: 'transmitter', bore: 0.3, bind: { value: 'AIT101' } },
    { kind: 'building', length: 8, width: 6, height: 4, open: ['south', 'roof'], doors: ['east'] },
    { kind: 'building', length: 8, width: 6, height: 4, open: [], doors: ['south'] },
    { kind: 'elevated-tank', diameter: 9, height: 5, shaft: 14, bind: {} },
    { kind: 'contact-tank', length: 10, width: 6, height: 3, passes: 6, depth: 2.4, bind: {} },
    { kind: 'reservoir', length: 12, width: 10, height: 4, bind: {} },
    { kind: 'intake', length: 6, width: 5, height: 5, bind: {} },
    { kind: 'cabinet', width: 1.2, height: 2, depth: 0.5, bind: { contactor: 'K101' } },
    { kind: 'busbar', length: 26, spacing: 3, bind: { live: { tag: 'AIT101', full: 14 } } },
    { kind: 'bay', length: 22, spacing: 3.2, busSpacing: 3, bind: { closed: 'K101' } },
    { kind: 'transformer', length: 5.2, bind: {} },
    { kind: 'generator', style: 'steam', length: 24, bind: {} },
    { kind: 'generator', style: 'hydro', length: 8, bind: {} },
    { kind: 'cooling-tower', diameter: 30, height: 42, bind: { load: { tag: 'AIT101', full: 14 } } },
    { kind: 'stack', diameter: 6, height: 60, bind: { load: { tag: 'AIT101', full: 14 } } },
    { kind: 'dam', length: 70, height: 22, lake: 40, bind: {} },
    {
      ...{ kind: 'district', storeys: 2, bind: { supply: { tag: 'AIT101', full: 14 } } },
      at: [
        [-8, 0],
        [6, 4],
      ],
    },
  ] as never;
  const equipment = kinds.map(
    (kind, i) =>
      ({
        ...at,
        ...kind,
        id: `item-${i}`,
        name: `${kind.kind} ${i}`,
        position: [i * 16, 0, 0],
      }) as unknown as EquipmentSpec,
  );
  return {
    ground: [480, 60],
    waters: [],
    terrain: [],
    equipment,
    pipes: [],
    lines: [],
    cameras: [{ id: 'all', name: 'All', position: [200, 60, 120], target: [200, 0, 0] }],
    labels: [],
    tags: {
      AIT101: { name: 'pH', unit: 'pH', range: [0, 14], states: null, noise: 0.01 },
      K101: { name: 'Contactor', unit: '', range: [0, 1], states: ['open', 'closed'], noise: 0 },
    },
  };
}

export const nozzlesOf = (kind: EquipmentSpec['kind']): readonly string[] => NOZZLES[kind];

/** A value about which nothing is remarkable. */
export const plain = (displayed: number, more: Partial<StageValue> = {}): StageValue => ({
  displayed,
  measured: displayed,
  true: displayed,
  stale: false,
  alarm: null,
  ...more,
});

/** The works on a quiet morning: true, measured and displayed agree, nothing alarms. */
export function quietMorning(scene: SceneSpec): Map<string, StageValue> {
  const values = new Map(Object.keys(scene.tags).map((tag): [string, StageValue] => [tag, plain(MORNING[tag] ?? 0)]));
  return values;
}

const MORNING: Readonly<Record<string, number>> = {
  LIT101: 2.6,
  LIT102: 2.5,
  FIT103: 168,
  PIT103: 165,
  AIT104: 5.2,
  AIT105: 7.4,
  XS101: 1,
  SC101: 78,
  AIT201: 7.1,
  AIT202: 8.2,
  XS201: 1,
  FIT303: 8.4,
  LIT303: 64,
  XS303: 1,
  LIT211: 1.4,
  LIT221: 1.42,
  PDIT211: 0.9,
  PDIT221: 1.6,
  FIT211: 83,
  FIT221: 85,
  AIT211: 0.08,
  AIT221: 0.11,
  FV211: 100,
  FV221: 100,
  LV211: 46,
  LV221: 58,
  AIT240: 0.09,
  FIT401: 167,
  AIT401: 1.62,
  AIT402: 1.38,
  AIT403: 7.05,
  FIT302: 3.1,
  LIT302: 52,
  XS302: 1,
  LIT301: 71,
  XS301: 1,
  FIT301: 4.2,
  AIT301: 8.32,
  AIT302: 8.3,
  AIT901: 8.31,
  FIT901: 167,
  K901: 1,
  ZS901: 1,
  LIT501: 2.5,
  FIT501: 178,
  PIT501: 520,
  AIT501: 0.1,
  AIT502: 8.28,
  AIT503: 1.21,
  SC501: 88,
  XS501: 1,
  SC502: 71,
  XS502: 1,
  LIT601: 3.7,
  FIT601: 190,
  PIT601: 355,
  AIT601: 1.05,
  AIT602: 8.2,
  AIT603: 0.9,
};
