/** Reads `pid.yaml` and checks what its schema cannot say: that everything it names is in the plant or in the drawing. */
import { join } from 'node:path';
import { nearest, PenstockError } from './errors.ts';
import { exists, FileError, openYaml } from './files.ts';
import { type PidSpec, pidSchema, tagsOfPidEquipment } from './pid.ts';
import type { PlantSpec } from './plant.ts';
import type { ValuePath, YamlSource } from './yaml-source.ts';

/**
 * The diagram of a plant's folder, ready to be sent to the page; undefined where the plant has none.
 * @throws FileError with every problem of the file
 */
export function loadPid(folder: string, plant: PlantSpec): PidSpec | undefined {
  const path = join(folder, 'pid.yaml');
  if (!exists(path)) return undefined;
  const { value: pid, source } = openYaml(path, pidSchema);
  const problems = checkPid(pid, plant, source);
  if (problems.length > 0) throw new FileError(problems);
  return pid;
}

/** Everything in a diagram that leads nowhere or beyond its edge. Empty when all is well. */
export function checkPid(pid: PidSpec, plant: PlantSpec, source: YamlSource): PenstockError[] {
  const problems: PenstockError[] = [];
  const tags = new Set(plant.tags.map((tag) => tag.id));
  const areas = new Set(plant.areas.map((area) => area.id));
  const items = new Set<string>();
  const bubbles = new Set<string>();
  const wrong = (path: ValuePath, problem: string, message: string) =>
    problems.push(new PenstockError(`pid.${problem}`, message, source.place(path)));
  const known = (what: string, name: string, names: ReadonlySet<string>, path: ValuePath) => {
    if (names.has(name)) return;
    const meant = nearest(name, names);
    const advice = meant === undefined ? '' : `; did you mean '${meant}'?`;
    wrong(path, `unknown-${what}`, `there is no ${what} '${name}'${advice}`);
  };
  const inside = ([x, y]: readonly [number, number], path: ValuePath) => {
    if (x < 0 || y < 0 || x > pid.size[0] || y > pid.size[1])
      wrong(path, 'outside', `[${x}, ${y}] lies outside of the drawing (${pid.size[0]} by ${pid.size[1]})`);
  };
  pid.areas.forEach(({ area }, i) => {
    known('area', area, areas, ['areas', i, 'area']);
  });
  pid.equipment.forEach((item, i) => {
    if (items.has(item.id)) wrong(['equipment', i, 'id'], 'duplicate-id', `the id '${item.id}' is taken already`);
    items.add(item.id);
    inside(item.at, ['equipment', i, 'at']);
    for (const name of tagsOfPidEquipment(item)) known('tag', name, tags, ['equipment', i]);
    if ('level' in item && item.level !== undefined && item.level.empty === item.level.full)
      wrong(['equipment', i, 'level'], 'level', 'a level is empty and full at different values of its tag');
  });
  pid.pipes.forEach(({ path, through }, i) => {
    path.forEach((point, j) => {
      inside(point, ['pipes', i, 'path', j]);
    });
    through.forEach((name, j) => {
      known('tag', name, tags, ['pipes', i, 'through', j]);
    });
  });
  for (const { tag } of pid.instruments) bubbles.add(tag);
  pid.instruments.forEach(({ tag, at, to }, i) => {
    known('tag', tag, tags, ['instruments', i, 'tag']);
    inside(at, ['instruments', i, 'at']);
    to.forEach((end, j) => {
      const path = ['instruments', i, 'to', j];
      if (typeof end !== 'string') inside(end, path);
      else if (/^[A-Z]/.test(end)) known('instrument', end, bubbles, path);
      else known('equipment', end, items, path);
    });
  });
  return problems.toSorted(
    (a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0),
  );
}
