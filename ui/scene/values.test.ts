/** What values do to the scene, without WebGL. */
import { Color, Matrix4, Quaternion, Vector3 } from 'three';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SceneModel } from './graph.ts';
import { HALO } from './halo.ts';
import { buildModel } from './model.ts';
import { OKABE_ITO } from './palette.ts';
import { drinkingWater, plain, quietMorning } from './test/scenes.ts';
import { type StageValue, Values } from './values.ts';
import { lookOf, newLook, WATER_PATTERNS, waterLegend } from './water-colour.ts';

const scene = drinkingWater();
let model: SceneModel;
let values: Values;

beforeEach(() => {
  model = buildModel(scene);
  values = new Values(model, true);
  values.set(quietMorning(scene));
});

const item = (id: string) => {
  const found = model.byId.get(id);
  if (found === undefined) throw new Error(`the scene has ${id}`);
  return found;
};
const state = (id: string) => values.states[item(id).index];
const give = (tag: string, value: StageValue): void => values.set([[tag, value]]);
const matrix = new Matrix4();

/** How high the water of an item stands, in metres. */
function depthOf(id: string, ghost = false): number {
  const body = model.waters.find((water) => water.item?.id === id);
  if (body === undefined) throw new Error(`${id} holds water`);
  if (ghost) body.ghost?.getMatrixAt(body.ghostInstance, matrix);
  else body.mesh.getMatrixAt(body.instance, matrix);
  return new Vector3().setFromMatrixScale(matrix).y;
}

function turnOf(id: string, kind: string): Quaternion {
  const mover = model.movers.find((candidate) => candidate.item.id === id && candidate.kind === kind);
  if (mover === undefined) throw new Error(`${id} has a ${kind}`);
  mover.mesh.getMatrixAt(mover.instance, matrix);
  const [at, turn, size] = [new Vector3(), new Quaternion(), new Vector3()];
  matrix.decompose(at, turn, size);
  return turn;
}

/** Marks that have passed, and how strongly they show. */
function flowOf(id: string): { passed: number; shown: number; stale: number } {
  const run = model.pipes.find((pipe) => pipe.item.id === id);
  if (run === undefined) throw new Error(`there is a pipe ${id}`);
  const first = model.pipeStates.at(run.number, 0);
  const [passed, shown, stale] = model.pipeStates.data.slice(first, first + 3) as unknown as [number, number, number];
  return { passed, shown, stale };
}

function haloOf(id: string): number {
  model.halos.mesh.getMatrixAt(item(id).index, matrix);
  return matrix.elements[0] === 0 ? HALO.none : model.halos.looks.getX(item(id).index);
}

describe('levels', () => {
  it('stand as high as they are displayed', () => {
    expect(depthOf('clearwell')).toBeCloseTo(2.5, 2);
    give('LIT501', plain(1));
    expect(depthOf('clearwell')).toBeCloseTo(1, 2);
    expect(depthOf('naoh-dosing')).toBeCloseTo(0.71 * 2.06, 2);
  });

  it('never leave their vessel', () => {
    give('LIT501', plain(9));
    expect(depthOf('clearwell')).toBeCloseTo(3.7, 2);
    give('LIT501', plain(-1));
    expect(depthOf('clearwell')).toBeLessThan(0.01);
  });

  it('are not drawn before a value has come', () => {
    give('LIT501', plain(0, { displayed: null }));
    expect(depthOf('clearwell')).toBe(0);
  });

  it('have a ghost where the true one is another, for the instructor only', () => {
    expect(depthOf('clearwell', true)).toBe(0);
    const forged = plain(2.4, { true: 3.2, measured: 3.2 });
    give('LIT501', forged);
    expect(depthOf('clearwell')).toBeCloseTo(2.4, 2);
    expect(depthOf('clearwell', true)).toBeCloseTo(3.2, 2);
    values = new Values(model, false);
    values.set([...quietMorning(scene), ['LIT501', forged]]);
    expect(depthOf('clearwell', true)).toBe(0);
    expect(state('clearwell')?.lie).toBeNull();
  });

  it('have no ghost within the noise of the instrument', () => {
    give('LIT501', plain(2.5, { true: 2.52, measured: 2.51 }));
    expect(depthOf('clearwell', true)).toBe(0);
  });
});

describe('what moves', () => {
  it('has marks that run with the flow, the faster the more', () => {
    values.advance(0.25, 0.25);
    const slow = flowOf('raw-main').passed;
    expect(slow).toBeGreaterThan(0);
    give('FIT103', plain(220));
    values.advance(0.25, 0.5);
    expect(flowOf('raw-main').passed - slow).toBeCloseTo((slow * 220) / 168, 4);
    expect(values.moving).toBe(true);
  });

  it('has no marks where a valve is shut or the pump stands', () => {
    expect(flowOf('waste-1').shown).toBe(0);
    expect(flowOf('discharge-3').shown).toBe(0);
    expect(flowOf('discharge-1').shown).toBeGreaterThan(0.5);
    give('XV212', plain(60));
    expect(flowOf('waste-1').shown).toBeGreaterThan(0.5);
  });

  it('turns pumps that run, at their speed, and no others', () => {
    const [one, two, three] = [1, 2, 3].map((n) => turnOf(`high-service-pump-${n}`, 'coupling')) as [
      Quaternion,
      Quaternion,
      Quaternion,
    ];
    values.advance(0.1, 0.1);
    const turned = (n: number, before: Quaternion): number =>
      turnOf(`high-service-pump-${n}`, 'coupling').angleTo(before);
    expect(turned(1, one)).toBeGreaterThan(turned(2, two));
    expect(turned(2, two)).toBeGreaterThan(0.1);
    expect(turned(3, three)).toBe(0);
  });

  it('lets valves travel: across the pipe when shut, along it when open', () => {
    const shut = turnOf('xv-214', 'pointer');
    give('XV214', plain(50));
    expect(turnOf('xv-214', 'pointer').angleTo(shut)).toBeCloseTo(Math.PI / 4, 3);
    give('XV214', plain(100));
    expect(turnOf('xv-214', 'pointer').angleTo(shut)).toBeCloseTo(Math.PI / 2, 3);
  });

  it('lets the contact blade of the safety device fall open', () => {
    const closed = turnOf('safety-cabinet', 'flag');
    give('K901', plain(0));
    expect(turnOf('safety-cabinet', 'flag').angleTo(closed)).toBeGreaterThan(0.5);
  });

  it('stands when nothing flows or runs', () => {
    values.set(Object.keys(scene.tags).map((tag) => [tag, plain(0)] as const));
    expect(values.moving).toBe(false);
    expect(values.advance(1, 1)).toBe(false);
  });
});

describe('alarms and staleness', () => {
  it('puts a halo of the highest priority around the equipment that a tag belongs to', () => {
    give('AIT502', plain(9.2, { alarm: 'high', acknowledged: false }));
    expect(haloOf('outlet-ph')).toBe(HALO.high);
    give('XA504', plain(1, { alarm: 'medium' }));
    expect(haloOf('distribution-cabinet')).toBe(HALO.medium);
    give('XA591', plain(1, { alarm: 'low' }));
    expect(haloOf('distribution-cabinet')).toBe(HALO.medium);
    give('XA504', plain(0));
    expect(haloOf('distribution-cabinet')).toBe(HALO.low);
  });

  it('blinks until somebody has acknowledged', () => {
    values.set(Object.keys(scene.tags).map((tag) => [tag, plain(0)] as const));
    give('AIT502', plain(0, { alarm: 'high', acknowledged: false }));
    expect(values.moving).toBe(true);
    give('AIT502', plain(0, { alarm: 'high', acknowledged: true }));
    expect(values.moving).toBe(false);
    expect(haloOf('outlet-ph')).toBe(HALO.high);
  });

  it('hatches what is stale: solids, water and pipes', () => {
    give('LIT501', plain(2.5, { stale: true }));
    give('FIT401', plain(167, { stale: true }));
    expect(model.solidStates.data[model.solidStates.at(item('clearwell').index, 0)]).toBe(1);
    const water = model.waters.find((body) => body.item?.id === 'clearwell');
    expect(water?.mesh.geometry.getAttribute('mood').getX(water.instance)).toBe(1);
    expect(flowOf('filtered-main').stale).toBe(1);
    expect(flowOf('raw-main').stale).toBe(0);
  });

  it('frames what is selected', () => {
    values.point(null, item('filter-1'));
    expect(haloOf('filter-1')).toBe(HALO.selected);
    values.point(null, null);
    expect(haloOf('filter-1')).toBe(HALO.none);
  });
});

describe('what lies', () => {
  it('is the instrument when true and measured part', () => {
    give('AIT301', plain(8.3, { true: 10.9 }));
    expect(state('corrected-ph')).toMatchObject({ lie: 'sensor', lyingTag: 'AIT301' });
    expect(haloOf('corrected-ph')).toBe(HALO.truth);
  });

  it('is the link when measured and displayed part', () => {
    give('AIT402', plain(1.4, { measured: 0.3, true: 0.3 }));
    expect(state('chlorine-out')).toMatchObject({ lie: 'link', lyingTag: 'AIT402' });
  });

  it('is found in states too', () => {
    give('XS501', plain(0, { measured: 1, true: 1 }));
    expect(state('high-service-pump-1')).toMatchObject({ lie: 'link', lyingTag: 'XS501' });
  });
});

describe('the colour of water', () => {
  const water = { id: 'w', name: 'Water', turbidity: 'AIT1', ph: 'AIT2', chlorine: 'AIT3' };
  const look = newLook();
  const see = (turbidity: number, ph: number, chlorine: number) => {
    const known: Record<string, number> = { AIT1: turbidity, AIT2: ph, AIT3: chlorine };
    lookOf(water, (tag) => known[tag] ?? Number.NaN, 'light', look);
    return { pattern: look.pattern, strength: look.strength, colour: look.colour.getHex() };
  };
  const normal = new Color(waterLegend('light')[0]?.colour).getHex();

  it('is quiet within the limits', () => {
    expect(see(0.1, 8.3, 1.2)).toEqual({ pattern: WATER_PATTERNS.none, strength: 0, colour: normal });
    expect(see(Number.NaN, Number.NaN, Number.NaN)).toEqual({
      pattern: WATER_PATTERNS.none,
      strength: 0,
      colour: normal,
    });
  });

  it('is purple and striped when caustic', () => {
    expect(see(0.1, 10, 1.2)).toMatchObject({ pattern: WATER_PATTERNS.caustic, strength: 0.5 });
    expect(see(0.1, 12, 1.2)).toEqual({ pattern: WATER_PATTERNS.caustic, strength: 1, colour: OKABE_ITO.purple });
  });

  it('has a pattern of its own for everything that can be wrong', () => {
    expect(see(0.1, 5.5, 1.2).pattern).toBe(WATER_PATTERNS.acid);
    expect(see(0.1, 8, 6).pattern).toBe(WATER_PATTERNS.chlorine);
    expect(see(50, 8, 1).pattern).toBe(WATER_PATTERNS.turbid);
    expect(see(50, 12, 1).pattern).toBe(WATER_PATTERNS.caustic);
    expect(new Set(waterLegend('dark').map(({ pattern }) => pattern)).size).toBe(5);
  });

  it('shows in vessels and pipes of that water', () => {
    for (const tag of ['AIT502', 'AIT301']) give(tag, plain(11.5));
    const body = model.waters.find(({ item: own }) => own?.id === 'clearwell');
    expect(body?.mesh.geometry.getAttribute('mood').getY(body.instance)).toBe(WATER_PATTERNS.caustic);
    const run = model.pipes.find((pipe) => pipe.item.id === 'trunk-main');
    expect(model.pipeStates.data[model.pipeStates.at(run?.number ?? 0, 1) + 3]).toBe(1);
    const before = model.pipes.find((pipe) => pipe.item.id === 'filtered-main');
    expect(model.pipeStates.data[model.pipeStates.at(before?.number ?? 0, 1) + 3]).toBe(0);
  });
});
