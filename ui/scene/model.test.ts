/** The scene as a graph, without WebGL. */
import { Mesh, PerspectiveCamera, Raycaster, Vector2, Vector3 } from 'three';
import { describe, expect, it } from 'vitest';
import { buildEquipment } from './equipment/index.ts';
import type { SceneModel } from './graph.ts';
import { buildModel } from './model.ts';
import { nearestHit } from './pick.ts';
import { routeOf } from './pipes.ts';
import { Shape, type Triple } from './shape.ts';
import { drinkingWater, everyKind, nozzlesOf } from './test/scenes.ts';
import { weigh } from './test/weight.ts';

function pickFrom(model: SceneModel, from: Triple, to: Vector3): string | undefined {
  const camera = new PerspectiveCamera(38, 16 / 9, 0.5, 700);
  camera.position.set(...from);
  camera.lookAt(to);
  camera.updateMatrixWorld();
  const raycaster = new Raycaster();
  raycaster.setFromCamera(new Vector2(0, 0), camera);
  return nearestHit(raycaster, model.items)?.id;
}

describe('the equipment library', () => {
  const scene = everyKind();

  it.each(scene.equipment.map((item) => [item.name, item] as const))('builds a %s', (_, item) => {
    const solid = new Shape();
    const built = buildEquipment(item, solid, new Shape());
    expect(solid.triangles).toBeGreaterThan(10);
    expect(solid.triangles).toBeLessThan(5000);
    expect(solid.positions.every(Number.isFinite)).toBe(true);
    expect(solid.normals).toHaveLength(solid.positions.length);
    for (let i = 0; i < solid.normals.length; i += 3)
      expect(Math.hypot(...solid.normals.slice(i, i + 3))).toBeCloseTo(1, 3);
    expect(Object.keys(built.nozzles).toSorted()).toEqual([...nozzlesOf(item.kind)].toSorted());
    for (const { out } of Object.values(built.nozzles)) expect(Math.hypot(...out)).toBeCloseTo(1, 6);
    expect(Math.min(...built.extent)).toBeGreaterThan(0);
  });

  it('turns the faces of every kind outwards', () => {
    for (const item of scene.equipment) {
      const solid = new Shape();
      buildEquipment(item, solid, new Shape());
      const corner = (i: number): Vector3 =>
        new Vector3(...solid.positions.slice((solid.indices[i] as number) * 3, (solid.indices[i] as number) * 3 + 3));
      let against = 0;
      for (let i = 0; i < solid.indices.length; i += 3) {
        const [a, b, c] = [corner(i), corner(i + 1), corner(i + 2)];
        const face = b.sub(a).cross(c.sub(a));
        if (face.lengthSq() < 1e-12) continue;
        const first = (solid.indices[i] as number) * 3;
        if (face.normalize().dot(new Vector3(...solid.normals.slice(first, first + 3))) < 0) against++;
      }
      expect([item.name, against]).toEqual([item.name, 0]);
    }
  });
});

describe('pipes', () => {
  it('run at right angles and enter a nozzle along its axis', () => {
    const corners = routeOf({ at: [0, 1, 0], out: [0, 1, 0] }, [[4, 3, 2]], { at: [9, 0.5, -3], out: [-1, 0, 0] }, 0.3);
    for (let i = 1; i < corners.length; i++) {
      const [a, b] = [corners[i - 1] as Triple, corners[i] as Triple];
      expect([0, 1, 2].filter((k) => Math.abs((a[k] as number) - (b[k] as number)) > 1e-9)).toHaveLength(1);
    }
    expect(corners[0]).toEqual([0, 1, 0]);
    expect((corners[1] as Triple)[1]).toBeGreaterThan(1);
    const [before, last] = [corners.at(-2) as Triple, corners.at(-1) as Triple];
    expect(last).toEqual([9, 0.5, -3]);
    expect(before[0]).toBeLessThan(9);
    expect([before[1], before[2]]).toEqual([0.5, -3]);
  });

  it('are one straight piece where nothing is in the way', () => {
    expect(routeOf({ at: [0, 1, 0], out: [1, 0, 0] }, [[2, 1, 0]], { at: [5, 1, 0], out: [-1, 0, 0] }, 0.3)).toEqual([
      [0, 1, 0],
      [5, 1, 0],
    ]);
  });
});

describe('the drinking-water works', () => {
  const scene = drinkingWater();
  const model = buildModel(scene);

  it('stays within its budget of draw calls and triangles', () => {
    const { calls, triangles } = weigh(model);
    expect(calls).toBeLessThanOrEqual(60);
    expect(triangles).toBeLessThanOrEqual(150_000);
    expect(triangles).toBeGreaterThan(30_000);
  });

  it('has every piece of equipment and every pipe as something to be picked', () => {
    expect(model.items.map(({ id }) => id)).toEqual([...scene.equipment, ...scene.pipes].map(({ id }) => id));
    for (const item of model.items) {
      expect(item.sphere.radius).toBeGreaterThan(0.05);
      expect(item.anchor.toArray().every(Number.isFinite)).toBe(true);
    }
  });

  it('knows every tag that a binding names', () => {
    const tags = new Set(Object.keys(scene.tags));
    for (const item of model.items) for (const tag of item.tags) expect(tags).toContain(tag);
    for (const { level } of model.waters) if (typeof level !== 'number') expect(tags).toContain(level.tag);
    for (const { running, speed, travel } of model.movers)
      for (const tag of [running, speed?.tag, travel?.tag]) if (tag !== undefined) expect(tags).toContain(tag);
  });

  it('shows every level, every running pump and every valve that the plant measures', () => {
    const levels = model.waters.flatMap(({ level }) => (typeof level === 'number' ? [] : [level.tag]));
    const measured = 'LIT101 LIT102 LIT211 LIT221 LIT301 LIT302 LIT303 LIT501 LIT601 LIT701'.split(' ');
    expect([...new Set(levels)].toSorted()).toEqual(measured);
    const running = new Set(model.movers.map((mover) => mover.running));
    for (const tag of 'XS101 XS102 XS201 XS231 XS301 XS302 XS303 XS501 XS502 XS503 XS701 XS702'.split(' '))
      expect(running).toContain(tag);
    const travels = new Set(model.movers.map((mover) => mover.travel?.tag));
    for (const n of [1, 2])
      for (const valve of ['FV21', 'LV21', 'XV212', 'XV213', 'XV214', 'XV215'])
        expect(travels).toContain(
          valve.length === 4 ? `${valve.slice(0, 3)}${n}1` : `${valve.slice(0, 3)}${n}${valve.slice(4)}`,
        );
  });

  it.each([
    ['filter-1', 'filters'],
    ['contact-tank', 'disinfection'],
    ['clearwell', 'clearwell'],
    ['elevated-tank', 'distribution'],
    ['intake-pump-2', 'intake'],
    ['rapid-mixer', 'coagulation'],
    ['naoh-dosing', 'dosing'],
    ['safety-cabinet', 'safety'],
    ['booster-pump-1', 'high-zone'],
    ['high-zone-tank', 'high-zone'],
  ])('lets %s be picked from the preset %s', (id, preset) => {
    const camera = model.cameras.find((candidate) => candidate.id === preset);
    const item = model.byId.get(id);
    if (camera === undefined || item === undefined) throw new Error('the scene has both');
    // The middle of a vertical pump lies below its deck.
    const aim = item.kind === 'pump' ? item.instrument : item.sphere.center;
    expect(pickFrom(model, camera.position, aim)).toBe(id);
  });

  it('has a camera preset for every area of the plant', () => {
    const areas = new Set(scene.equipment.map(({ area }) => area));
    expect(new Set(model.cameras.flatMap(({ area }) => (area === undefined ? [] : [area])))).toEqual(areas);
  });

  it('leaves nothing behind when it is disposed of', () => {
    const own = buildModel(scene);
    const gone: string[] = [];
    own.scene.traverse((object) => {
      if (object instanceof Mesh) object.geometry.addEventListener('dispose', () => gone.push(object.name));
    });
    const { calls } = weigh(own);
    own.dispose();
    expect(gone).toHaveLength(calls);
  });
});
