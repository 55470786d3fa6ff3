import { listScenarios, loadScenario } from '@penstock/attacks';
import { listRules } from '@penstock/monitor';
import { listPlants } from '@penstock/range';
import type { Command } from 'commander';
import { note, printJson, printTable } from '../output.ts';

/** One kind of thing that there is: its JSON, and its rows for people. */
interface Listing<T> {
  readonly name: string;
  readonly description: string;
  readonly all: () => readonly T[];
  readonly row: (one: T) => readonly string[];
}

/** `penstock plants | scenarios | rules | exercises`: what there is. */
export function addLists(program: Command): void {
  list(program, { name: 'plants', description: 'list the plants', all: plants, row: plantRow });
  list(program, { name: 'scenarios', description: 'list the attack scenarios', all: scenarios, row: scenarioRow });
  list(program, {
    name: 'rules',
    description: "list the monitor's rules",
    all: listRules,
    row: (rule) => [rule.id, rule.level, rule.techniques.join(' '), rule.title],
  });
  // The training room brings them; until then there are none.
  list<never>(program, { name: 'exercises', description: 'list the exercises', all: () => [], row: () => [] });
}

function list<T>(program: Command, { name, description, all, row }: Listing<T>): void {
  program
    .command(name)
    .description(description)
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) => {
      const found = all();
      if (json) printJson({ [name]: found });
      else if (found.length === 0) note(`There are no ${name} yet.`);
      else printTable(found.map(row));
    });
}

const plants = () =>
  listPlants().map(({ spec }) => ({
    id: spec.id,
    name: spec.name,
    summary: spec.summary,
    tags: spec.tags.length,
    devices: spec.devices.length,
    zones: spec.zones.length,
    hazards: spec.hazards.length,
  }));

const plantRow = (p: ReturnType<typeof plants>[number]) => [
  p.id,
  `${p.tags} tags, ${p.devices} devices, ${p.zones} zones`,
  p.name,
];

const scenarios = () =>
  listScenarios().map((id) => {
    const scenario = loadScenario(id);
    return {
      id,
      name: scenario.name,
      plant: scenario.plant,
      techniques: [...new Set(scenario.steps.flatMap((step) => step.techniques))],
      twin: scenario.twin.name,
      controls: scenario.controls.map((control) => control.id),
    };
  });

const scenarioRow = (s: ReturnType<typeof scenarios>[number]) => [s.id, s.plant, s.techniques.join(' '), s.name];
