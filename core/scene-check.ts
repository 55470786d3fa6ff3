/** Reads `scene.yaml` and checks what its schema cannot say: that everything it names is in the plant or in itself. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearest, PenstockError } from './errors.ts';
import { exists, FileError, openYaml } from './files.ts';
import type { PlantSpec } from './plant.ts';
import {
  type EquipmentSpec,
  type LineSpec,
  NOZZLES,
  type PipeSpec,
  type SceneFile,
  type SceneSpec,
  type SceneTag,
  sceneSchema,
} from './scene.ts';
import type { ValuePath, YamlSource } from './yaml-source.ts';

/**
 * The scene of a plant's folder, ready to be sent to the page; undefined where the plant has none.
 * @throws FileError with every problem of the file
 */
export function loadScene(folder: string | URL, plant: PlantSpec): SceneSpec | undefined {
  const path = join(folder instanceof URL ? fileURLToPath(folder) : folder, 'scene.yaml');
  if (!exists(path)) return undefined;
  const { value: scene, source } = openYaml(path, sceneSchema);
  const problems = checkScene(scene, plant, source);
  if (problems.length > 0) throw new FileError(problems);
  const equipment = scene.equipment.map((item) => ({ ...item, tags: tagsOfEquipment(item) }));
  const lines = scene.lines.map((line) => ({ ...line, tags: tagsOfLine(line) }));
  return { ...scene, equipment, lines, tags: tagsOf(scene, plant) };
}

/** Everything in a scene that leads nowhere, in the order of the file. Empty when all is well. */
export function checkScene(scene: SceneFile, plant: PlantSpec, source: YamlSource): PenstockError[] {
  const check = new SceneCheck(scene, plant, source);
  check.run();
  return check.problems.toSorted(
    (a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0),
  );
}

class SceneCheck {
  readonly problems: PenstockError[] = [];
  private readonly scene: SceneFile;
  private readonly source: YamlSource;
  private readonly tags: ReadonlySet<string>;
  private readonly areas: ReadonlySet<string>;
  private readonly devices: ReadonlySet<string>;
  private readonly waters: ReadonlySet<string>;
  private readonly equipment: ReadonlyMap<string, EquipmentSpec>;

  constructor(scene: SceneFile, plant: PlantSpec, source: YamlSource) {
    this.scene = scene;
    this.source = source;
    this.tags = new Set(plant.tags.map((tag) => tag.id));
    this.areas = new Set(plant.areas.map((area) => area.id));
    this.devices = new Set(plant.devices.map((device) => device.id));
    this.waters = new Set(scene.waters.map((water) => water.id));
    this.equipment = new Map(scene.equipment.map((item) => [item.id, item]));
  }

  run(): void {
    const { scene } = this;
    this.unique([
      ...scene.equipment.map((_, i) => ['equipment', i]),
      ...scene.pipes.map((_, i) => ['pipes', i]),
      ...scene.lines.map((_, i) => ['lines', i]),
    ]);
    this.unique(scene.cameras.map((_, i) => ['cameras', i]));
    this.unique(scene.waters.map((_, i) => ['waters', i]));
    scene.waters.forEach((water, i) => {
      for (const key of ['turbidity', 'ph', 'chlorine'] as const)
        this.known('tag', water[key], this.tags, ['waters', i, key]);
    });
    scene.terrain.forEach((part, i) => {
      if (part.kind !== 'river') return;
      this.known('water', part.water, this.waters, ['terrain', i, 'water']);
      this.known('tag', part.bind.level?.tag, this.tags, ['terrain', i, 'bind', 'level', 'tag']);
    });
    scene.equipment.forEach((item, i) => {
      this.item(item, ['equipment', i]);
    });
    scene.pipes.forEach((pipe, i) => {
      this.pipe(pipe, ['pipes', i]);
    });
    scene.lines.forEach((line, i) => {
      this.line(line, ['lines', i]);
    });
    scene.cameras.forEach((camera, i) => {
      this.known('area', camera.area, this.areas, ['cameras', i, 'area']);
    });
    scene.labels.forEach((label, i) => {
      this.known('area', label.area, this.areas, ['labels', i, 'area']);
    });
  }

  private item(item: EquipmentSpec, path: ValuePath): void {
    this.known('area', item.area, this.areas, [...path, 'area']);
    if ('water' in item) this.known('water', item.water, this.waters, [...path, 'water']);
    if (item.kind === 'cabinet') this.known('device', item.device, this.devices, [...path, 'device']);
    item.tags.forEach((name, i) => {
      this.known('tag', name, this.tags, [...path, 'tags', i]);
    });
    if (!('bind' in item)) return;
    for (const [key, binding] of Object.entries(item.bind as Record<string, string | { tag: string } | undefined>)) {
      const at = [...path, 'bind', key];
      if (typeof binding === 'string') this.known('tag', binding, this.tags, at);
      else this.known('tag', binding?.tag, this.tags, [...at, 'tag']);
    }
    if ('level' in item.bind && item.bind.level !== undefined && item.bind.level.empty === item.bind.level.full)
      this.wrong([...path, 'bind', 'level'], 'level', 'a level is empty and full at different values of its tag');
  }

  private pipe(pipe: PipeSpec, path: ValuePath): void {
    this.known('area', pipe.area, this.areas, [...path, 'area']);
    this.known('water', pipe.water, this.waters, [...path, 'water']);
    this.known('tag', pipe.flow?.tag, this.tags, [...path, 'flow', 'tag']);
    pipe.flow?.through.forEach((name, i) => {
      this.known('tag', name, this.tags, [...path, 'flow', 'through', i]);
    });
    this.ends(pipe, path);
  }

  private line(line: LineSpec, path: ValuePath): void {
    this.known('area', line.area, this.areas, [...path, 'area']);
    for (const key of ['flow', 'loading'] as const) this.known('tag', line[key]?.tag, this.tags, [...path, key, 'tag']);
    for (const key of ['breakers', 'tags'] as const)
      line[key].forEach((name, i) => {
        this.known('tag', name, this.tags, [...path, key, i]);
      });
    this.ends(line, path);
  }

  /** Whether what a pipe or a line ends at is there. */
  private ends(run: Pick<PipeSpec, 'from' | 'to'>, path: ValuePath): void {
    for (const end of ['from', 'to'] as const) {
      const text = run[end];
      if (typeof text !== 'string') continue;
      const [name, nozzle] = text.split('.') as [string, string];
      const at = [...path, end];
      if (!this.known('equipment', name, this.equipment, at)) continue;
      const { kind } = this.equipment.get(name) as EquipmentSpec;
      const nozzles: readonly string[] = NOZZLES[kind];
      if (!nozzles.includes(nozzle))
        this.wrong(
          at,
          'unknown-nozzle',
          `a ${kind} has no nozzle '${nozzle}' (it has: ${nozzles.join(', ') || 'none'})`,
        );
    }
  }

  private known(
    what: string,
    name: string | undefined,
    names: { has(name: string): boolean; keys(): Iterable<string> },
    path: ValuePath,
  ): boolean {
    if (name === undefined || names.has(name)) return true;
    const meant = nearest(name, names.keys());
    const advice = meant === undefined ? '' : `; did you mean '${meant}'?`;
    this.wrong(path, `unknown-${what}`, `there is no ${what} '${name}'${advice}`);
    return false;
  }

  private unique(paths: readonly ValuePath[]): void {
    const seen = new Set<string>();
    for (const path of paths) {
      const [list, index] = path as ['equipment' | 'pipes' | 'lines' | 'cameras' | 'waters', number];
      const { id } = this.scene[list][index] as { id: string };
      if (seen.has(id)) this.wrong([...path, 'id'], 'duplicate-id', `the id '${id}' is taken already`);
      seen.add(id);
    }
  }

  private wrong(path: ValuePath, id: string, message: string): void {
    this.problems.push(new PenstockError(`scene.${id}`, message, this.source.place(path)));
  }
}

function tagsOf(scene: SceneFile, plant: PlantSpec): Record<string, SceneTag> {
  const named = new Set([
    ...scene.equipment.flatMap(tagsOfEquipment),
    ...scene.lines.flatMap(tagsOfLine),
    ...scene.pipes.flatMap(({ flow }) => (flow === undefined ? [] : [flow.tag, ...flow.through])),
    ...scene.waters.flatMap(({ turbidity, ph, chlorine }) => [turbidity, ph, chlorine]),
    ...scene.terrain.map((part) => (part.kind === 'river' ? part.bind.level?.tag : undefined)),
  ]);
  return Object.fromEntries(
    plant.tags
      .filter(({ id }) => named.has(id))
      .map(({ id, name, unit, range, states, sensor }): [string, SceneTag] => [
        id,
        { name, unit, range, states: states ?? null, noise: sensor?.noise ?? 0 },
      ]),
  );
}

/** Every tag that a piece of equipment names: its bindings first, in the order of the file. */
function tagsOfEquipment(item: EquipmentSpec): string[] {
  const bound = 'bind' in item ? Object.values(item.bind as Record<string, string | { tag: string } | undefined>) : [];
  const named = bound.flatMap((binding) =>
    binding === undefined ? [] : [typeof binding === 'string' ? binding : binding.tag],
  );
  return [...new Set([...named, ...item.tags])];
}

const tagsOfLine = ({ flow, loading, breakers, tags }: LineSpec): string[] => [
  ...new Set([flow?.tag, loading?.tag, ...breakers, ...tags].filter((one) => one !== undefined)),
];
