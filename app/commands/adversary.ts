import { checkScenarioFile, loadScenario } from '@penstock/attacks';
import { inSeconds, type PlantSpec, UsageError } from '@penstock/core';
import { openPlant } from '@penstock/range';
import type { Command } from 'commander';
import { Adversary, type AdversarySummary } from '../adversary/adversary.ts';
import { Management } from '../adversary/management.ts';
import { type AttackBoxLayout, layoutOf } from '../containers/layout.ts';
import { inputOption } from '../options.ts';
import { note, print, printJson } from '../output.ts';
import { clock, span } from '../report.ts';

interface AdversaryOptions {
  readonly range?: string;
  readonly box?: string;
  readonly token?: string;
  readonly plant?: string;
  readonly twin?: boolean;
  readonly now?: boolean;
  readonly input?: Record<string, number>;
  readonly json?: boolean;
}

/** `penstock adversary SCENARIO --range URL`: plays a scenario against a running range, from this process, through its gates. */
export function addAdversary(program: Command): void {
  program
    .command('adversary')
    .description('act in a range that runs on this machine, from another process, through its gates')
    .argument('<scenario>', 'a scenario of `penstock scenarios`, or the path of a file with one')
    .option('--range <url>', 'the address that `penstock up` printed, with its token')
    .option(
      '--box <zone>',
      'act from the attack box of a range in containers, which is in this zone; called inside of it',
    )
    .option('--token <token>', "the range's token, where the address has none")
    .option('--plant <folder>', "the range's plant, where it is not one of `penstock plants`")
    .option('--twin', 'play the legitimate look-alike instead of the attack')
    .option('--now', "begin at once, without the scenario's quiet start")
    .option('--input <name=value>', 'set an input of the scenario; may be given several times', inputOption)
    .option('--json', 'print JSON')
    .action(async (id: string, options: AdversaryOptions) => {
      const scenario = /[\\/]/.test(id) ? checkScenarioFile(id) : loadScenario(id);
      const box = options.box === undefined ? undefined : await import('../containers/attack-box.ts');
      const management = new Management(whereIs(options, box), options.token, scenario.id);
      const plant = await openPlant(options.plant ?? scenario.plant);
      if (plant.spec.id !== scenario.plant)
        throw new UsageError(
          'adversary.plant',
          `scenario '${scenario.id}' is for plant '${scenario.plant}', not '${plant.spec.id}'`,
        );
      const adversary = await Adversary.join({
        ...{ scenario, plant, management, now: options.now, inputs: options.input },
        ...(box && { reach: box.boxReach(boxOf(plant.spec, options.box as string), box.tellMarks) }),
        variant: options.twin ? 'twin' : 'attack',
        onStep: ({ at, phase, step, event, detail }) =>
          note(`${clock(inSeconds(at))}  ${phase} ${step}: ${event}${detail && ` (${detail})`}`),
      });
      const { run, zone, rate } = adversary.joined;
      note(
        `${scenario.name} in run ${run} (×${rate}), from a host in zone ${options.box ?? zone}; Ctrl-C puts everything back and ends`,
      );
      stopOnSignal(adversary);
      const summary = await adversary.play();
      if (options.json) printJson(summary);
      else tell(summary);
      if (!options.twin && !summary.detected) process.exitCode = 1;
    });
}

/** @throws UsageError `adversary.range` where neither is given, or both */
function whereIs({ range }: AdversaryOptions, box: { attackManagement(): string } | undefined): string {
  if ((range === undefined) === (box === undefined))
    throw new UsageError(
      'adversary.range',
      'say where the range is: --range URL, or --box ZONE inside of its attack box',
    );
  return range ?? (box as NonNullable<typeof box>).attackManagement();
}

/** @throws UsageError `adversary.zone` */
function boxOf(plant: PlantSpec, zone: string): AttackBoxLayout {
  const zones = plant.zones.map(({ id }) => id);
  if (!zones.includes(zone))
    throw new UsageError('adversary.zone', `plant '${plant.id}' has no zone '${zone}'; it has ${zones.join(', ')}`);
  return layoutOf(plant).attackBox(zone);
}

/** The first signal has everything put back; a second one ends this process as usual. */
function stopOnSignal(adversary: Adversary): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => adversary.stop());
}

function tell({ steps, alerts, falseAlarms, detected, timeToDetectSeconds }: AdversarySummary): void {
  for (const { time, phase, step, event, detail } of steps)
    print(`  ${clock(time)}  ${phase.padEnd(6)} ${step.padEnd(14)} ${event.padEnd(8)} ${detail}`);
  print();
  for (const { time, severity, rule, message } of alerts)
    print(`  ${clock(time)}  ${severity.padEnd(13)} ${rule}: ${message}`);
  if (alerts.length === 0) print('  The range’s monitor raised nothing that counts.');
  print();
  print(`detected         ${detected ? `after ${span(timeToDetectSeconds as number)} of plant time` : 'no'}`);
  print(`other alerts     ${falseAlarms.length}`);
}
