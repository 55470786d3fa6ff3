import { listScenarios, loadScenario } from '@penstock/attacks';
import { listRules } from '@penstock/monitor';
import { listPlants } from '@penstock/range';
import type { Command } from 'commander';
import { printJson, printTable } from '../output.ts';

/** `penstock plants | scenarios | rules`: what there is. */
export function addLists(program: Command): void {
  program
    .command('plants')
    .description('list the plants')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) => {
      const plants = listPlants().map(({ spec }) => ({
        id: spec.id,
        name: spec.name,
        summary: spec.summary,
        tags: spec.tags.length,
        devices: spec.devices.length,
        zones: spec.zones.length,
        hazards: spec.hazards.length,
      }));
      if (json) printJson({ plants });
      else printTable(plants.map((p) => [p.id, `${p.tags} tags, ${p.devices} devices, ${p.zones} zones`, p.name]));
    });
  program
    .command('scenarios')
    .description('list the attack scenarios')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) => {
      const scenarios = listScenarios().map((id) => {
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
      if (json) printJson({ scenarios });
      else printTable(scenarios.map((s) => [s.id, s.plant, s.techniques.join(' '), s.name]));
    });
  program
    .command('rules')
    .description("list the monitor's rules")
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) => {
      const rules = listRules();
      if (json) printJson({ rules });
      else printTable(rules.map((rule) => [rule.id, rule.level, rule.techniques.join(' '), rule.title]));
    });
}
