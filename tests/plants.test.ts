/** Any plant that ships can be listed, attacked, run live and put into containers by its name alone. */
import { listScenarios, loadScenario } from '@penstock/attacks';
import { listPlants } from '@penstock/range';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { atGate, realOf } from './modbus.ts';
import { eventually, penstock, RunningRange, scratchFolder } from './penstock.ts';
import { PROVE } from './played.ts';

const scratch = scratchFolder();
afterAll(() => scratch.remove());
const cwd = scratch.path;
const SLOW = 600_000;

const running: RunningRange[] = [];
afterEach(async () => {
  for (const range of running.splice(0)) await range.stop('SIGKILL');
});

const plants = listPlants().map(({ spec }) => spec);

describe('the plants that ship', () => {
  it('are these, each with two attacks upon it, a twin of each and controls', () => {
    const scenarios = listScenarios().map(loadScenario);
    const upon = (plant: string) => scenarios.filter((one) => one.plant === plant).map(({ id }) => id);
    expect(plants.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['drinking-water', 'power-grid', 'tennessee-eastman', 'water-network']),
    );
    expect(upon('tennessee-eastman')).toEqual(['quiet-separator', 'worst-second']);
    expect(upon('power-grid')).toEqual(['breaker-hand', 'relay-blind']);
    expect(upon('water-network')).toEqual(['level-held-low', 'tank-threshold']);
    for (const { id, twin, controls } of scenarios)
      expect([id, twin.steps.length > 0, controls.length > 0]).toEqual([id, true, true]);
  });
});

describe('penstock up', () => {
  const theirs = [
    ['tennessee-eastman', 'reactor-plc', 10, 'reactor pressure', [2500, 2900], 'control'],
    ['water-network', 'works-plc', 2, 'pressure behind the pumps', [200, 700], 'stations'],
  ] as const;
  it.each(PROVE ? theirs : theirs.slice(0, 1))(
    '%s runs that plant: its %s says at input register %i the %s in kPa',
    async (id, device, address, _what, [low, high], zone) => {
      const range = await RunningRange.start([id, '--out', id], { cwd });
      running.push(range);
      // Where most controllers listen, whatever they speak.
      expect(range.printed).toContain(`they come from zone '${zone}'`);
      const read = () => atGate(range.gate(device), (client) => client.readInputRegisters(address, 2));
      const value = await eventually(async () => realOf((await read()).data) || undefined, 'a first scan');
      expect(value).toBeGreaterThan(low);
      expect(value).toBeLessThan(high);
      expect((await range.stop()).code).toBe(0);
      expect(range.json<{ plant: string }>('run.json').plant).toBe(id);
    },
    SLOW,
  );
});

// That the file of every plant is right in itself is tried where it is made (app/containers/compose.test.ts).
describe('penstock compose', () => {
  const theirs = plants.filter(({ id }) => (PROVE ? id !== 'drinking-water' : id === 'water-network'));
  it.each(theirs.map((spec) => [spec.id, spec] as const))(
    '%s prints a file with a container for each of its devices, and one for the range and the sensor',
    async (id, spec) => {
      const { code, stdout, stderr } = await penstock(['compose', id], { cwd });
      expect([code, stderr]).toEqual([0, '']);
      const names = (section: string) => [...section.matchAll(/^ {2}([\w-]+):$/gm)].map(([, name]) => name).sort();
      const [, services = '', networks = ''] = stdout.split(/^(?:services|networks|volumes):$/m);
      expect(names(services)).toEqual(['range', 'sensor', ...spec.devices.map((device) => device.id)].sort());
      expect(names(networks)).toEqual(['management', 'page', ...spec.zones.map((zone) => zone.id)].sort());
      expect(services).toMatch(new RegExp(`role.*range.*--plant.*${id}`));
    },
    SLOW,
  );
});
