/**
 * The scene as a graph of three.js objects, without a renderer: what stands where, what of it can be picked, and the few meshes in which
 * all of it is drawn. Solids of an area are one mesh; all pipes are one; water, ghosts, halos and moving parts are instances.
 */
import type { EquipmentSpec, LineSpec, PipeSpec, SceneSpec } from '@penstock/core/scene';
import {
  BoxGeometry,
  BufferAttribute,
  BufferGeometry,
  Color,
  CylinderGeometry,
  DynamicDrawUsage,
  Fog,
  Group,
  InstancedBufferAttribute,
  InstancedMesh,
  type IUniform,
  Matrix4,
  Mesh,
  MeshBasicMaterial,
  MeshLambertMaterial,
  PlaneGeometry,
  Quaternion,
  Scene,
  Sphere,
  type Material as Surface,
  Vector3,
} from 'three';
import type { Built, MoverPart, Nozzle, WaterPart } from './equipment/built.ts';
import { buildEquipment } from './equipment/index.ts';
import { MOVER_KINDS, moverShape } from './equipment/movers.ts';
import type { Halos, Item, LineRun, Mover, PipeRun, SceneModel, WaterBody } from './graph.ts';
import { haloMaterial } from './halo.ts';
import { buildLine } from './lines.ts';
import { ghostMaterial, glassMaterial, pipeMaterial, StateTexture, solidMaterial, waterMaterial } from './materials.ts';
import { append, geometryOf, type Painted, paint, shadeAt } from './painting.ts';
import { MATERIAL_NAMES } from './palette.ts';
import { furnish, markLength, type PipeEnd, routeOf, Tubes } from './pipes.ts';
import { Shape, type Triple } from './shape.ts';
import { buildGround, furnishGround, groundAt, riverSurface } from './terrain.ts';

const UP = new Vector3(0, 1, 0);
const LAMP = MATERIAL_NAMES.indexOf('lamp');
/** From how far the fog begins and hides, metres, on a site of that size and less, and how much further on one that is a metre larger. */
const FOG = { site: 240, from: [90, 2.2], to: [330, 3.2] } as const;
const AXIS_TURNS: Record<MoverPart['axis'], Quaternion> = {
  x: new Quaternion().setFromUnitVectors(UP, new Vector3(1, 0, 0)),
  y: new Quaternion(),
  z: new Quaternion().setFromUnitVectors(UP, new Vector3(0, 0, 1)),
};

/** Builds everything that a scene says. Draws nothing: runs where there is no WebGL. */
export function buildModel(spec: SceneSpec): SceneModel {
  return new Builder(spec).build();
}

interface Placed {
  readonly item: Item;
  readonly built: Built;
  readonly turn: Quaternion;
  readonly at: Vector3;
}

class Builder {
  private readonly spec: SceneSpec;
  private readonly scene = new Scene();
  private readonly root = new Group();
  private readonly items: Item[] = [];
  private readonly placed = new Map<string, Placed>();
  /** Solids by area, with the item of each vertex. */
  private readonly chunks = new Map<string, { shape: Shape; items: number[]; feet: number[] }>();
  private readonly glass = new Shape();
  private readonly painted: Painted[] = [];
  private readonly surfaces: Surface[] = [];
  private readonly time: IUniform<number> = { value: 0 };
  private readonly pixel: IUniform<number> = { value: 0.001 };

  constructor(spec: SceneSpec) {
    this.spec = spec;
  }

  build(): SceneModel {
    const { spec, scene } = this;
    scene.add(this.root);
    const larger = Math.max(0, Math.max(...spec.ground) - FOG.site);
    scene.fog = new Fog(0xffffff, FOG.from[0] + FOG.from[1] * larger, FOG.to[0] + FOG.to[1] * larger);
    for (const item of spec.equipment) this.equipment(item);
    const tubes = new Tubes();
    const pipes = spec.pipes.map((pipe, number) => this.pipe(pipe, number, tubes));
    const lines = spec.lines.map((line, i) => this.line(line, pipes.length + i, tubes));
    const solidStates = new StateTexture(this.items.length, 1);
    const pipeStates = new StateTexture(pipes.length + lines.length, 2);
    const ground = this.ground();
    this.solids(solidStates);
    this.tubes(tubes, pipeStates);
    const waters = this.waters();
    const movers = this.movers();
    const halos = this.halos();
    const pane = this.mesh('glass', geometryOf(this.glass), glassMaterial());
    pane.renderOrder = 3;
    scene.updateMatrixWorld(true);
    const { painted, surfaces, root } = this;
    return {
      scene,
      spec,
      items: this.items,
      byId: new Map(this.items.map((item) => [item.id, item])),
      waters,
      movers,
      pipes,
      lines,
      halos,
      solidStates,
      pipeStates,
      ground,
      time: this.time,
      pixel: this.pixel,
      cameras: spec.cameras,
      paint: (theme) => {
        for (const part of painted) paint(part, theme);
      },
      dispose: () => {
        root.traverse((object) => {
          if (object instanceof InstancedMesh) object.dispose();
          if (object instanceof Mesh) (object.geometry as BufferGeometry).dispose();
        });
        for (const surface of surfaces) surface.dispose();
        solidStates.texture.dispose();
        pipeStates.texture.dispose();
        ground.material.map?.dispose();
      },
    };
  }

  private equipment(spec: EquipmentSpec): void {
    const solid = new Shape();
    const glass = new Shape();
    const built = buildEquipment(spec, solid, glass);
    const at = new Vector3(...spec.position);
    const rotation = (spec.rotation * Math.PI) / 180;
    const turn = new Quaternion().setFromAxisAngle(UP, rotation);
    const pose = new Matrix4().compose(at, turn, new Vector3(1, 1, 1));
    const pick = new Shape();
    for (const part of [solid, glass]) append(pick, part, pose);
    append(this.glass, glass, pose);
    const place = (local: Triple): Vector3 => new Vector3(...local).applyMatrix4(pose);
    const item = this.item(spec, spec.tags, pick, {
      anchor: place(built.top),
      instrument: place(built.instrument ?? [0, built.extent[2] * 0.6, built.extent[1]]),
      footprint: {
        at,
        rotation,
        half: built.extent,
        foot: built.foot ?? [built.extent[0], built.extent[1]],
        round: ROUND.has(spec.kind),
      },
      shows: spec.kind === 'analyser' ? spec.bind.value : built.shows,
      fills: 'bind' in spec && 'level' in spec.bind ? spec.bind.level?.tag : undefined,
      dims: built.dims,
    });
    this.solid(spec.area, solid, pose, item.index, at.y);
    this.placed.set(spec.id, { item, built, turn, at });
  }

  private pipe(spec: PipeSpec, number: number, tubes: Tubes): PipeRun {
    const [from, to] = [this.end(spec.from), this.end(spec.to)];
    const corners = spec.straight ? [from.at, ...spec.via, to.at] : routeOf(from, spec.via, to, spec.diameter);
    const mark = markLength(spec.diameter);
    const pick = since(tubes, () => tubes.add(corners, spec.diameter, number, mark));
    const fittings = new Shape();
    if (!spec.straight) furnish(fittings, spec, corners, groundAt(this.spec.terrain));
    const middle = corners[Math.floor((corners.length - 1) / 2)] as Triple;
    const next = corners[Math.floor((corners.length - 1) / 2) + 1] ?? middle;
    const anchor = new Vector3(
      (middle[0] + next[0]) / 2,
      (middle[1] + next[1]) / 2 + spec.diameter,
      (middle[2] + next[2]) / 2,
    );
    const tags = spec.flow === undefined ? [] : [spec.flow.tag];
    const item = this.item({ ...spec, kind: 'pipe' }, tags, pick, {
      anchor,
      instrument: anchor.clone(),
      footprint: undefined,
      shows: undefined,
      fills: undefined,
      dims: undefined,
    });
    this.solid(spec.area, fittings, new Matrix4(), item.index, 0);
    return { item, spec, number, mark };
  }

  private line(spec: LineSpec, number: number, tubes: Tubes): LineRun {
    const towers = new Shape();
    let middle = new Vector3();
    const pick = since(tubes, () => {
      middle = buildLine(spec, this.terminal(spec.from), this.terminal(spec.to), number, tubes, towers);
    });
    append(pick, towers, new Matrix4());
    const item = this.item({ ...spec, kind: 'line' }, spec.tags, pick, {
      anchor: middle,
      instrument: middle.clone(),
      footprint: undefined,
      shows: spec.flow?.tag,
      fills: undefined,
      dims: undefined,
    });
    this.solid(spec.area, towers, new Matrix4(), item.index, 0);
    return { item, spec, number };
  }

  private end(end: PipeSpec['from']): PipeEnd {
    return typeof end === 'string' ? this.nozzle(end) : { at: end, out: undefined };
  }

  /** A point in space has no direction of its own: conductors come to it as they are strung. */
  private terminal(end: LineSpec['from']): Nozzle {
    return typeof end === 'string' ? this.nozzle(end) : { at: end, out: [0, 1, 0] };
  }

  /** `equipment.nozzle` where it stands. */
  private nozzle(end: string): Nozzle {
    const [id, name] = end.split('.') as [string, string];
    const { built, turn, at } = this.placed.get(id) as Placed;
    const nozzle = built.nozzles[name] as Nozzle;
    const to = (triple: Triple): Vector3 => new Vector3(...triple).applyQuaternion(turn);
    return { ...nozzle, at: to(nozzle.at).add(at).toArray(), out: to(nozzle.out).toArray() };
  }

  private item(
    spec: Pick<Item, 'id' | 'kind' | 'name' | 'area'>,
    tags: readonly string[],
    pick: Shape,
    rest: Pick<Item, 'anchor' | 'instrument' | 'footprint' | 'shows' | 'fills' | 'dims'>,
  ): Item {
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new BufferAttribute(new Float32Array(pick.positions), 3));
    geometry.setIndex(pick.indices);
    geometry.computeBoundingSphere();
    const mesh = new Mesh(geometry);
    const { id, kind, name, area } = spec;
    const sphere = geometry.boundingSphere ?? new Sphere();
    const item = { id, kind, name, area, tags, index: this.items.length, sphere, pick: mesh, ...rest };
    mesh.userData.item = item;
    this.items.push(item);
    return item;
  }

  private solid(area: string, shape: Shape, pose: Matrix4, item: number, foot: number): void {
    let chunk = this.chunks.get(area);
    if (chunk === undefined) {
      chunk = { shape: new Shape(), items: [], feet: [] };
      this.chunks.set(area, chunk);
    }
    append(chunk.shape, shape, pose);
    for (const material of shape.materials) {
      // The half tells the shader that this is a lamp.
      chunk.items.push(material === LAMP ? item + 0.5 : item);
      chunk.feet.push(foot);
    }
  }

  private solids(states: StateTexture): void {
    const surface = solidMaterial(states);
    for (const [area, { shape, items, feet }] of this.chunks) {
      const geometry = geometryOf(shape);
      geometry.setAttribute('item', new BufferAttribute(new Float32Array(items), 1));
      this.paintable(geometry, shape, (i) => shadeAt((shape.positions[i * 3 + 1] as number) - (feet[i] as number)));
      this.mesh(`solids of ${area}`, geometry, surface);
    }
    const around = new Shape();
    furnishGround(around, this.spec.terrain);
    if (around.triangles === 0) return;
    const geometry = geometryOf(around);
    geometry.setAttribute('item', new BufferAttribute(new Float32Array(around.materials.length).fill(-1), 1));
    this.paintable(geometry, around, (i) => shadeAt(around.positions[i * 3 + 1] as number));
    this.mesh('surroundings', geometry, surface);
  }

  private ground(): Mesh<BufferGeometry, MeshBasicMaterial> {
    const shape = new Shape();
    buildGround(shape, this.spec.ground, this.spec.terrain);
    const geometry = geometryOf(shape);
    const [w, d] = this.spec.ground;
    const uv = new Float32Array(shape.materials.length * 2);
    for (let i = 0; i < shape.materials.length; i++) {
      uv[i * 2] = (shape.positions[i * 3] as number) / w + 0.5;
      uv[i * 2 + 1] = 0.5 - (shape.positions[i * 3 + 2] as number) / d;
    }
    geometry.setAttribute('uv', new BufferAttribute(uv, 2));
    this.paintable(geometry, shape, (i) => {
      const y = shape.positions[i * 3 + 1] as number;
      return y < -0.01 ? Math.max(0.62, 1 + y * 0.1) : 1;
    });
    const mesh = this.mesh('ground', geometry, new MeshBasicMaterial({ vertexColors: true }));
    // Last of what is solid: most of it is hidden.
    mesh.renderOrder = 1;
    return mesh as Mesh<BufferGeometry, MeshBasicMaterial>;
  }

  private tubes(tubes: Tubes, states: StateTexture): void {
    if (tubes.indices.length === 0) return;
    const geometry = new BufferGeometry();
    geometry.setAttribute('position', new BufferAttribute(new Float32Array(tubes.positions), 3));
    geometry.setAttribute('normal', new BufferAttribute(new Float32Array(tubes.normals), 3));
    geometry.setAttribute('along', new BufferAttribute(new Float32Array(tubes.along), 3));
    geometry.setIndex(tubes.indices);
    const shape = new Shape();
    shape.materials.push(...new Array<number>(tubes.positions.length / 3).fill(MATERIAL_NAMES.indexOf('steel')));
    this.paintable(geometry, shape, () => 1);
    this.mesh('pipes', geometry, pipeMaterial(states, this.pixel));
  }

  private waters(): WaterBody[] {
    const parts = [...this.placed.values()].flatMap((placed) =>
      (placed.built.waters ?? []).map((part) => ({ part, placed })),
    );
    const rivers = this.spec.terrain.filter((part) => part.kind === 'river');
    const bodies: WaterBody[] = [];
    for (const form of ['box', 'round'] as const) {
      const own = parts.filter(({ part }) => part.form === form);
      if (own.length === 0) continue;
      const mesh = this.waterMesh(`water (${form})`, bodyOf(form), own.length, waterMaterial(this.time));
      const haunted = own.filter(({ part }) => part.ghost);
      const ghost = this.instances(`ghosts (${form})`, bodyOf(form), ghostMaterial(), Math.max(1, haunted.length));
      ghost.renderOrder = 2;
      own.forEach(({ part, placed }, instance) => {
        bodies.push(
          bodyFor(
            part,
            placed,
            mesh,
            instance,
            ghost,
            haunted.findIndex((other) => other.part === part),
          ),
        );
      });
    }
    for (const river of rivers) {
      const mesh = this.waterMesh('river', riverSurface(river, this.spec.ground), 1, waterMaterial(this.time));
      (mesh.geometry.getAttribute('mood') as InstancedBufferAttribute).setW(0, 1);
      bodies.push({
        item: undefined,
        mesh,
        instance: 0,
        ghost: undefined,
        ghostInstance: -1,
        water: river.water,
        level: river.bind.level ?? 0.7,
        chemical: false,
        at: new Vector3(0, -river.depth, 0),
        size: new Vector3(1, river.depth, 1),
        turn: new Quaternion(),
      });
    }
    return bodies;
  }

  private waterMesh(name: string, geometry: BufferGeometry, count: number, surface: Surface): InstancedMesh {
    geometry.setAttribute(
      'mood',
      new InstancedBufferAttribute(new Float32Array(count * 4), 4).setUsage(DynamicDrawUsage),
    );
    const mesh = this.instances(name, geometry, surface, count);
    for (let i = 0; i < count; i++) mesh.setColorAt(i, new Color(0xffffff));
    mesh.renderOrder = 1;
    return mesh;
  }

  private movers(): Mover[] {
    const parts = [...this.placed.values()].flatMap((placed) =>
      (placed.built.movers ?? []).map((part) => ({ part, placed })),
    );
    const surface = new MeshLambertMaterial({ vertexColors: true });
    this.surfaces.push(surface);
    return MOVER_KINDS.flatMap((kind) => {
      const own = parts.filter(({ part }) => part.kind === kind);
      if (own.length === 0) return [];
      const shape = moverShape(kind);
      const geometry = geometryOf(shape);
      this.paintable(geometry, shape, () => 1, false);
      const mesh = this.instances(`moving: ${kind}`, geometry, surface, own.length);
      return own.map(({ part, placed }, instance): Mover => {
        const { item, turn, at } = placed;
        return {
          item,
          mesh,
          instance,
          kind,
          at: new Vector3(...part.at).applyQuaternion(turn).add(at),
          turn: turn.clone().multiply(AXIS_TURNS[part.axis]),
          scale: part.scale,
          running: part.running,
          speed: part.speed,
          travel: part.travel,
        };
      });
    });
  }

  private halos(): Halos {
    const geometry = new PlaneGeometry(1, 1);
    geometry.rotateX(-Math.PI / 2);
    const looks = new InstancedBufferAttribute(new Float32Array(this.items.length * 4), 4).setUsage(DynamicDrawUsage);
    geometry.setAttribute('look', looks);
    const mesh = this.instances('halos', geometry, haloMaterial(), this.items.length);
    mesh.renderOrder = 4;
    return { mesh, looks };
  }

  private instances(name: string, geometry: BufferGeometry, surface: Surface, count: number): InstancedMesh {
    const mesh = new InstancedMesh(geometry, surface, count);
    mesh.name = name;
    mesh.instanceMatrix.setUsage(DynamicDrawUsage);
    // Nothing is seen of an instance before its first value.
    const none = new Matrix4().makeScale(0, 0, 0);
    for (let i = 0; i < count; i++) mesh.setMatrixAt(i, none);
    // Instances lie all over the site; one culling test for all of them would only ever be passed.
    mesh.frustumCulled = false;
    this.surfaces.push(surface);
    this.root.add(mesh);
    return mesh;
  }

  private mesh(name: string, geometry: BufferGeometry, surface: Surface): Mesh {
    const mesh = new Mesh(geometry, surface);
    mesh.name = name;
    mesh.matrixAutoUpdate = false;
    this.surfaces.push(surface);
    this.root.add(mesh);
    return mesh;
  }

  private paintable(geometry: BufferGeometry, shape: Shape, shade: (vertex: number) => number, lit = true): void {
    const count = shape.materials.length;
    geometry.setAttribute('color', new BufferAttribute(new Float32Array(count * 3), 3));
    const shades = new Float32Array(count);
    for (let i = 0; i < count; i++) shades[i] = shade(i);
    this.painted.push({ geometry, materials: Uint8Array.from(shape.materials), shades, lit });
  }
}

const ROUND: ReadonlySet<EquipmentSpec['kind']> = new Set([
  'tank',
  'column',
  'elevated-tank',
  'reactor',
  'drum',
  'flare',
  'cooling-tower',
  'stack',
]);

/** What `add` adds to the tubes, as something to be picked. */
function since(tubes: Tubes, add: () => void): Shape {
  const first = tubes.positions.length / 3;
  const firstIndex = tubes.indices.length;
  add();
  const pick = new Shape();
  for (let i = first * 3; i < tubes.positions.length; i++) pick.positions.push(tubes.positions[i] as number);
  for (let i = firstIndex; i < tubes.indices.length; i++) pick.indices.push((tubes.indices[i] as number) - first);
  return pick;
}

/** A unit body that stands on its bottom. */
function bodyOf(form: WaterPart['form']): BufferGeometry {
  const geometry = form === 'box' ? new BoxGeometry(1, 1, 1) : new CylinderGeometry(0.5, 0.5, 1, 32);
  geometry.translate(0, 0.5, 0);
  return geometry;
}

function bodyFor(
  part: WaterPart,
  { item, turn, at }: Placed,
  mesh: InstancedMesh,
  instance: number,
  ghost: InstancedMesh,
  ghostInstance: number,
): WaterBody {
  return {
    item,
    mesh,
    instance,
    ghost: ghostInstance < 0 ? undefined : ghost,
    ghostInstance,
    water: part.water,
    level: part.level,
    chemical: part.chemical ?? false,
    at: new Vector3(...part.at).applyQuaternion(turn).add(at),
    size: new Vector3(...part.size),
    turn,
  };
}
