import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FileError, parseYaml } from './files.ts';
import { type PidSpec, pidSchema, tagsOfPidEquipment } from './pid.ts';
import { checkPid, loadPid } from './pid-check.ts';
import { loadPlant } from './plant-check.ts';

const PLANT = fileURLToPath(new URL('../plants/drinking-water', import.meta.url));
const { spec: plant } = loadPlant(PLANT);

const GOOD = `
size: [400, 200]
areas:
  - { area: intake, at: [0, 0], size: [200, 200] }
equipment:
  - { id: sump, kind: vessel, name: Sump, at: [60, 100], size: [80, 80], level: { tag: LIT102, full: 5 } }
  - { id: pump, kind: pump, name: Pump, at: [150, 100], running: XS101, speed: SC101, tags: [P101] }
pipes:
  - { path: [[100, 100], [130, 100]], through: [XS101] }
instruments:
  - { tag: LIT102, at: [60, 30], to: [sump] }
  - { tag: FIC103_RSP, at: [150, 30], where: shared, to: [pump, LIT102, [10, 20]] }
`;

/** Messages of everything that is wrong with a diagram. */
function wrong(text: string): string[] {
  try {
    const { value, source } = parseYaml(text, 'pid.yaml', pidSchema);
    return checkPid(value, plant, source).map(({ message }) => message);
  } catch (error) {
    if (error instanceof FileError) return error.problems.map(({ message }) => message);
    throw error;
  }
}

describe('a diagram', () => {
  it('is right when everything it names is there', () => {
    expect(wrong(GOOD)).toEqual([]);
  });

  it('may be a single-line diagram, with breakers, busbars and what is fed', () => {
    const line = GOOD.replace(
      'pipes:',
      `  - { id: bus, kind: busbar, name: Busbar, at: [300, 60], length: 80, live: PIT103 }
  - { id: cb, kind: breaker, name: Breaker, at: [300, 90], closed: XS101, tags: [XS103] }
  - { id: town, kind: load, name: Town, at: [300, 150], towards: down, live: FIT103 }
pipes:
  - { path: [[300, 60], [300, 90]], carries: power, arrow: false }`,
    );
    expect(wrong(line)).toEqual([]);
    expect(wrong(line.replace('closed: XS101', 'closed: XS191')).join()).toContain("there is no tag 'XS191'");
    expect(wrong(line.replace('live: PIT103', 'live: PIT193')).join()).toContain("there is no tag 'PIT193'");
    const { value } = parseYaml(line, 'pid.yaml', pidSchema) as { value: PidSpec };
    expect(value.equipment.slice(2).map(tagsOfPidEquipment)).toEqual([['PIT103'], ['XS101', 'XS103'], ['FIT103']]);
  });

  it.each([
    ['running: XS101', 'runing: XS101', "unknown key 'runing' in equipment[pump]; did you mean 'running'?"],
    ['speed: SC101', 'speed: SC191', "pid.yaml:7:5: there is no tag 'SC191'; did you mean 'SC101'?"],
    ['through: [XS101]', 'through: [XS191]', "there is no tag 'XS191'; did you mean 'XS101'?"],
    ['tag: FIC103_RSP', 'tag: FIC103_RSQ', "there is no tag 'FIC103_RSQ'; did you mean 'FIC103_RSP'?"],
    ['to: [sump]', 'to: [sumps]', "there is no equipment 'sumps'; did you mean 'sump'?"],
    ['to: [pump, LIT102', 'to: [pump, LIT101', "there is no instrument 'LIT101'; did you mean 'LIT102'?"],
    ['area: intake', 'area: intakes', "there is no area 'intakes'; did you mean 'intake'?"],
    ['id: pump', 'id: sump', "the id 'sump' is taken already"],
    ['at: [150, 30]', 'at: [150, 300]', '[150, 300] lies outside of the drawing (400 by 200)'],
    ['full: 5 }', 'full: 0 }', 'a level is empty and full at different values of its tag'],
  ])('that has %s as %s is told where it is wrong', (right, other, message) => {
    expect(wrong(GOOD.replace(right, other)).join('\n')).toContain(message);
  });

  it('of the works is there; a plant without one has none', () => {
    const pid = loadPid(PLANT, plant);
    const pump = pid?.equipment.find(({ id }) => id === 'intake-pump-1');
    expect(pump && tagsOfPidEquipment(pump)).toEqual(['XS101', 'SC101', 'P101', 'XA101']);
    expect(loadPid(fileURLToPath(new URL('test/plant', import.meta.url)), plant)).toBeUndefined();
  });
});
