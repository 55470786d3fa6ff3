import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FileError, parseYaml } from './files.ts';
import { loadPlant } from './plant-check.ts';
import { NOZZLES, type SceneFile, sceneSchema } from './scene.ts';
import { checkScene, loadScene } from './scene-check.ts';

const PLANT = fileURLToPath(new URL('../plants/drinking-water', import.meta.url));
const { spec: plant } = loadPlant(PLANT);

const GOOD = `
ground: [40, 20]
waters:
  - { id: raw, name: Raw water, turbidity: AIT104 }
equipment:
  - { id: sump, kind: tank, name: Sump, area: intake, position: [0, 0, 0], diameter: 3, height: 4, water: raw, bind: { level: { tag: LIT102, full: 5 } }, tags: [XS103] }
  - { id: pump, kind: pump, name: Pump, area: intake, position: [6, 0, 0], bore: 0.2, bind: { running: XS101, speed: { tag: SC101 } } }
pipes:
  - { id: suction, name: Suction, area: intake, from: sump.outlet, to: pump.suction, diameter: 0.2, flow: { tag: FIT103, full: 220 } }
cameras:
  - { id: all, name: All, position: [0, 10, 20], target: [0, 0, 0] }
`;

/** Messages of everything that is wrong with a scene. */
function wrong(text: string): string[] {
  try {
    const { value, source } = parseYaml(text, 'scene.yaml', sceneSchema);
    return checkScene(value, plant, source).map(({ message }) => message);
  } catch (error) {
    if (error instanceof FileError) return error.problems.map(({ message }) => message);
    throw error;
  }
}

describe('a scene', () => {
  it('is right when everything it names is there', () => {
    expect(wrong(GOOD)).toEqual([]);
  });

  it('has defaults that the file need not repeat', () => {
    const { value } = parseYaml(GOOD, 'scene.yaml', sceneSchema) as { value: SceneFile };
    expect(value.equipment[1]).toEqual({
      id: 'pump',
      kind: 'pump',
      name: 'Pump',
      area: 'intake',
      position: [6, 0, 0],
      rotation: 0,
      tags: [],
      style: 'end-suction',
      bore: 0.2,
      bind: { running: 'XS101', speed: { tag: 'SC101', full: 100 } },
    });
  });

  it.each([
    ['bore: 0.2', 'bor: 0.2', "scene.yaml:7:76: unknown key 'bor' in equipment[pump]; did you mean 'bore'?"],
    ['LIT102', 'LIT109', "scene.yaml:6:134: there is no tag 'LIT109'; did you mean 'LIT101'?"],
    ['tags: [XS103]', 'tags: [XS193]', "there is no tag 'XS193'; did you mean 'XS103'?"],
    ['FIT103', 'FIT113', "there is no tag 'FIT113'; did you mean 'FIT103'?"],
    ['turbidity: AIT104', 'turbidity: AIT194', "there is no tag 'AIT194'; did you mean 'AIT104'?"],
    ['water: raw', 'water: row', "there is no water 'row'; did you mean 'raw'?"],
    ['pump.suction', 'pomp.suction', "there is no equipment 'pomp'; did you mean 'pump'?"],
    ['pump.suction', 'pump.inlet', "a pump has no nozzle 'inlet' (it has: suction, discharge)"],
    ['id: pump', 'id: sump', "the id 'sump' is taken already"],
    ['full: 5 }', 'full: 0 }', 'a level is empty and full at different values of its tag'],
    ['area: intake, position: [6', 'area: intakes, position: [6', "there is no area 'intakes'; did you mean 'intake'?"],
    ['kind: pump', 'kind: pumpe', 'equipment[pump].kind: expected'],
    ['from: sump.outlet', 'from: sump', 'pipes[suction].from: expected'],
  ])('that has %s as %s is told where it is wrong', (right, other, message) => {
    expect(wrong(GOOD.replace(right, other)).join('\n')).toContain(message);
  });

  const LINES = `${GOOD}lines:
  - { id: tie, name: Tie, area: intake, style: poles, from: [0, 9, 0], via: [[20, 4]], to: bay.line, flow: { tag: FIT103 }, loading: { tag: PIT103, full: 900 }, breakers: [XS101], tags: [XS103] }
`.replace(
    'pipes:',
    `  - { id: bay, kind: bay, name: Bay, area: intake, position: [30, 0, 0], bind: { closed: XS101 } }\npipes:`,
  );

  it('has overhead lines, whose ends and tags are checked like those of pipes', () => {
    expect(wrong(LINES)).toEqual([]);
    for (const [right, other, message] of [
      ['flow: { tag: FIT103 }', 'flow: { tag: FIT113 }', "there is no tag 'FIT113'"],
      ['loading: { tag: PIT103', 'loading: { tag: PIT193', "there is no tag 'PIT193'"],
      ['breakers: [XS101]', 'breakers: [XS109]', "there is no tag 'XS109'"],
      ['full: 900 }, breakers: [XS101], tags: [XS103]', 'full: 900 }, tags: [XS193]', "there is no tag 'XS193'"],
      ['to: bay.line', 'to: bay.low', "a bay has no nozzle 'low' (it has: line)"],
      ['id: tie', 'id: suction', "the id 'suction' is taken already"],
      ['name: Tie, area: intake', 'name: Tie, area: intakes', "there is no area 'intakes'"],
    ] as const)
      expect(wrong(LINES.replace(right, other)).join('\n')).toContain(message);
  });

  it('goes to the page with the tags that it names, those of bindings first', () => {
    const scene = loadScene(PLANT, plant);
    if (scene === undefined) throw new Error('drinking-water has a scene');
    const filter = scene.equipment.find(({ id }) => id === 'filter-1');
    expect(filter?.tags).toEqual(['LIT211', 'XV215', 'KI211', 'XA211']);
    expect(scene.tags.LIT211).toEqual({
      name: 'Level in filter 1',
      unit: 'm',
      range: [0, 3],
      states: null,
      noise: 0.002,
    });
    for (const item of scene.equipment) for (const tag of item.tags) expect(scene.tags).toHaveProperty(tag);
    expect(JSON.parse(JSON.stringify(scene))).toEqual(scene);
  });

  it('is not needed by a plant', () => {
    expect(loadScene(fileURLToPath(new URL('.', import.meta.url)), plant)).toBeUndefined();
  });

  it('knows nozzles of every kind of equipment', () => {
    const kinds = sceneSchema.shape.equipment.element.options.map(({ shape }) => shape.kind.value);
    expect(Object.keys(NOZZLES).toSorted()).toEqual(kinds.toSorted());
  });
});
