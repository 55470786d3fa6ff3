/** The scenes of the other plants as graphs, and what the power grid's values do to it. */
import { Color, Matrix4, Quaternion, Vector3 } from 'three';
import { beforeEach, describe, expect, it } from 'vitest';
import { colourOfLine, lineLegend, stateOfLine } from './line-colour.ts';
import { RUN } from './materials.ts';
import { buildModel } from './model.ts';
import { plain, shipped } from './test/scenes.ts';
import { weigh } from './test/weight.ts';
import { Values } from './values.ts';

describe.each(['tennessee-eastman', 'water-network', 'power-grid'])('the scene of %s', (plant) => {
  const scene = shipped(plant);
  const model = buildModel(scene);

  it('stays within its budget of draw calls and triangles', () => {
    const { calls, triangles } = weigh(model);
    expect(calls).toBeLessThanOrEqual(60);
    expect(triangles).toBeGreaterThan(30_000);
    expect(triangles).toBeLessThanOrEqual(150_000);
  });

  it('has all that it names as something to be picked, at a place', () => {
    expect(model.items.map(({ id }) => id)).toEqual(
      [...scene.equipment, ...scene.pipes, ...scene.lines].map(({ id }) => id),
    );
    for (const { id, sphere, anchor } of model.items) {
      expect([id, sphere.radius > 0.05]).toEqual([id, true]);
      expect([id, anchor.toArray().every(Number.isFinite)]).toEqual([id, true]);
    }
  });

  it('has a camera preset for every area that has equipment', () => {
    const areas = new Set(scene.equipment.map(({ area }) => area));
    const shown = new Set(model.cameras.flatMap(({ area }) => (area === undefined ? [] : [area])));
    expect([...areas].filter((area) => !shown.has(area))).toEqual([]);
  });
});

describe('the power grid', () => {
  const scene = shipped('power-grid');
  const model = buildModel(scene);
  let values: Values;
  const ALL_CLOSED = scene.lines.flatMap(({ breakers }) => breakers).map((tag) => [tag, plain(1)] as const);

  beforeEach(() => {
    values = new Values(model, true);
    model.pipeStates.data.fill(0);
    values.set(ALL_CLOSED);
  });

  const line = (id: string) => {
    const run = model.lines.find(({ item }) => item.id === id);
    if (run === undefined) throw new Error(`there is a line ${id}`);
    const [first, second] = [model.pipeStates.at(run.number, 0), model.pipeStates.at(run.number, 1)];
    const { data } = model.pipeStates;
    return {
      passed: data[first] as number,
      shown: data[first + 1] as number,
      colour: new Color(data[second], data[second + 1], data[second + 2]).getHexString(),
      way: data[second + 3],
    };
  };
  const darkness = (id: string): number => {
    const item = model.byId.get(id);
    if (item === undefined) throw new Error(`the scene has ${id}`);
    return model.solidStates.data[model.solidStates.at(item.index, 0) + 2] as number;
  };
  const hex = (state: Parameters<typeof colourOfLine>[0]) => colourOfLine(state, 'light').getHexString();

  it('is a ring of six lines with a breaker at each end, three units and three towns', () => {
    const ring = scene.lines.filter(({ style }) => style === 'towers');
    expect(ring).toHaveLength(6);
    for (const { id, breakers, flow, loading, via } of ring) {
      expect([id, breakers.length, flow !== undefined, loading !== undefined]).toEqual([id, 2, true, true]);
      expect(via.length).toBeGreaterThan(0);
    }
    const bays = scene.equipment.filter(({ kind }) => kind === 'bay');
    expect(bays).toHaveLength(18);
    const closed = new Set(
      model.movers.flatMap(({ travel, kind }) => (kind === 'pointer' && travel ? [travel.tag] : [])),
    );
    expect(closed.size).toBe(18);
    for (const { breakers } of ring) for (const tag of breakers) expect(closed).toContain(tag);
    expect(scene.equipment.filter(({ kind }) => kind === 'generator')).toHaveLength(3);
    expect(scene.equipment.filter(({ kind }) => kind === 'district')).toHaveLength(3);
    expect(scene.equipment.filter(({ kind }) => kind === 'transformer')).toHaveLength(6);
  });

  it('runs the marks the way of the power, and stops them where a breaker is open', () => {
    values.set([['MMXU45_P', plain(75)]]);
    expect(line('line-45').shown).toBeGreaterThan(0);
    values.advance(0.5, 0.5);
    const forth = line('line-45').passed;
    expect(forth).toBeGreaterThan(0);
    values.set([['MMXU45_P', plain(-75)]]);
    values.advance(0.5, 1);
    expect(line('line-45').passed).toBeCloseTo(0, 5);
    values.set([['XCBR54', plain(0)]]);
    expect(line('line-45').shown).toBe(0);
    values.advance(0.5, 1.5);
    expect(line('line-45').passed).toBeCloseTo(0, 5);
  });

  it('colours a line by what share of its rating it carries, and pales it when it is open at both ends', () => {
    const rating = scene.lines.find(({ id }) => id === 'line-56')?.loading?.full ?? 0;
    // 150 MVA at 230 kV
    expect(rating).toBe(377);
    const at = (share: number) => {
      values.set([['MMXU56_A', plain(rating * share)]]);
      return line('line-56');
    };
    expect(at(0.5)).toMatchObject({ colour: hex('carries'), way: RUN.conductor });
    expect(at(0.95)).toMatchObject({ colour: hex('heavy'), way: RUN.conductor });
    expect(at(1.2)).toMatchObject({ colour: hex('overloaded'), way: RUN.overloaded });
    values.set([
      ['MMXU56_A', plain(0)],
      ['XCBR56', plain(0)],
    ]);
    expect(line('line-56').colour).toBe(hex('carries'));
    values.set([['XCBR65', plain(0)]]);
    expect(line('line-56').colour).toBe(hex('dead'));
  });

  it('puts the lights of a town out with its power, and darkens a dead busbar', () => {
    values.set([
      ['LOAD50_P', plain(60)],
      ['BUS05_KV', plain(231)],
    ]);
    expect([darkness('town-5'), darkness('bus-5')]).toEqual([0, 0]);
    values.set([
      ['LOAD50_P', plain(0)],
      ['BUS05_KV', plain(0)],
    ]);
    expect([darkness('town-5'), darkness('bus-5')]).toEqual([1, 1]);
    values.set([['LOAD50_P', plain(0, { displayed: null })]]);
    expect(darkness('town-5')).toBe(0);
  });

  it('turns the indicator of a breaker, and the sets with their speed', () => {
    const matrix = new Matrix4();
    const turnOf = (tag: string): Quaternion => {
      const mover = model.movers.find(({ travel, kind }) => kind === 'pointer' && travel?.tag === tag);
      if (mover === undefined) throw new Error(`a breaker shows ${tag}`);
      mover.mesh.getMatrixAt(mover.instance, matrix);
      const turn = new Quaternion();
      matrix.decompose(new Vector3(), turn, new Vector3());
      return turn;
    };
    const closed = turnOf('XCBR45');
    values.set([['XCBR45', plain(0)]]);
    expect(closed.angleTo(turnOf('XCBR45'))).toBeCloseTo(Math.PI / 2, 4);
    expect(values.moving).toBe(false);
    values.set([['GEN01_HZ', plain(60)]]);
    expect(values.moving).toBe(true);
    values.set([['GEN01_HZ', plain(0)]]);
    expect(values.moving).toBe(false);
  });

  it('has conductors that end where they are fixed and hang lower between', () => {
    const run = model.lines.find(({ item }) => item.id === 'line-56');
    const points = run?.item.pick.geometry.getAttribute('position');
    if (run === undefined || points === undefined) throw new Error('there is a line 5–6');
    const [from, to] = ['bay-56', 'bay-65'].map((id) => model.byId.get(id)?.footprint?.at as Vector3) as [
      Vector3,
      Vector3,
    ];
    const heights: number[] = [];
    for (let i = 0; i < points.count; i++) {
      const z = points.getZ(i);
      expect(z).toBeGreaterThan(from.z);
      expect(z).toBeLessThan(to.z);
      if (Math.abs(z - from.z - 9.8) < 0.3 && points.getY(i) > 10) heights.push(points.getY(i));
    }
    // At the gantry: the three conductors, and the earth wires above them.
    expect(Math.min(...heights)).toBeGreaterThan(11);
  });
});

describe('what the colour of a line tells', () => {
  it('is written in the legend, each state once', () => {
    for (const theme of ['light', 'dark'] as const) {
      const legend = lineLegend(theme);
      expect(legend.map(({ id }) => id)).toEqual(['carries', 'heavy', 'overloaded', 'dead']);
      expect(new Set(legend.map(({ colour }) => colour)).size).toBe(4);
    }
  });

  it('goes by its rating before anything else, and is quiet where nothing is known', () => {
    expect(stateOfLine(Number.NaN, false)).toBe('carries');
    expect(stateOfLine(0, true)).toBe('dead');
    expect(stateOfLine(1, true)).toBe('overloaded');
    expect(stateOfLine(0.9, false)).toBe('heavy');
  });
});
