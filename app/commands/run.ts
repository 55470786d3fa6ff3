import { type AttackEngine, loadScenario, type ScenarioSpec } from '@penstock/attacks';
import { type Instant, inSeconds, RESPONDERS, type ResponderName, UsageError } from '@penstock/core';
import { builtInRules, loadRules } from '@penstock/monitor';
import {
  loadLearned,
  measureControls,
  openPlant,
  Play,
  pages,
  type RunFolder,
  type ScenarioRequest,
  scenarioLength,
  scenarioPlay,
  summarize,
} from '@penstock/range';
import { type Command, Option } from 'commander';
import { pace } from '../live.ts';
import { inputOption, rateOption, rulesReference, seedOption } from '../options.ts';
import { note, printJson } from '../output.ts';
import { progressLine } from '../progress.ts';
import { clock } from '../report.ts';
import { inRunFolder } from '../run-folder.ts';
import { playVirtually } from '../virtual.ts';
import { type ToldSummary, tell, tellPlan } from './run-report.ts';

interface RunOptions {
  readonly plant?: string;
  readonly seed: number;
  readonly virtual?: boolean;
  readonly rate: number;
  readonly twin?: boolean;
  readonly control?: string;
  readonly input?: Record<string, number>;
  readonly respond?: ResponderName;
  readonly rules?: string;
  readonly withoutSourceRules?: boolean;
  readonly controls?: boolean;
  readonly dryRun?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

/** `penstock run SCENARIO`: one scenario: truth, alerts, time to detect, pcap. */
export function addRun(program: Command): void {
  program
    .command('run')
    .description('play one scenario: what was done, what was seen and when, what it would have cost')
    .argument('<scenario>', 'a scenario of `penstock scenarios`')
    .option('--plant <plant>', "the scenario's plant, to be sure")
    .option('--seed <n>', 'seed of the run', seedOption, 1)
    .option('--virtual', 'as fast as the machine can, instead of in real time')
    .option('--rate <n>', 'simulated seconds a second, without --virtual', rateOption, 1)
    .option('--twin', 'play the legitimate look-alike instead of the attack')
    .option('--control <control>', "play it with one of the scenario's counterfactual controls")
    .option('--input <name=value>', 'set an input of the scenario; may be given several times', inputOption)
    .addOption(
      new Option('--respond <who>', "perform the plant's responses of automatic, control-room or field").choices(
        RESPONDERS,
      ),
    )
    .option('--rules <dir>', 'use these rules instead of the built-in ones')
    .option('--without-source-rules', 'switch off every rule that knows sources by address or by what they did before')
    .option('--controls', "play it again with each of the scenario's controls, and tell what each changed")
    .option('--dry-run', 'print what would be done, to whom and when; nothing is sent')
    .option('--out <dir>', "folder for the run's files; runs/SCENARIO-SEED when left out")
    .option('--json', 'print JSON')
    .action(async (id: string, options: RunOptions) => {
      const scenario = loadScenario(id);
      if (options.plant !== undefined && options.plant !== scenario.plant)
        throw new UsageError('run.plant', `scenario '${id}' is for plant '${scenario.plant}', not '${options.plant}'`);
      if (options.dryRun) return dryRun(scenario, options);
      const name = [scenario.id, options.twin && 'twin', options.control, options.respond, options.seed]
        .filter(Boolean)
        .join('-');
      const summary = await inRunFolder(options.out, name, (folder) => playScenario(scenario, options, folder));
      if (options.json) printJson(summary);
      else tell(scenario, summary);
      if (options.twin ? summary.alerts.some(pages) : !summary.detected) process.exitCode = 1;
    });
}

async function playScenario(scenario: ScenarioSpec, options: RunOptions, folder: RunFolder): Promise<ToldSummary> {
  const { seed, rate, control, rules, respond, withoutSourceRules = false, input = {} } = options;
  const variant = options.twin ? 'twin' : 'attack';
  const plant = await openPlant(scenario.plant);
  folder.writeJson('run.json', {
    kind: 'scenario',
    scenario: scenario.id,
    plant: scenario.plant,
    plantHash: plant.hash,
    seed,
    variant,
    control: control ?? null,
    inputs: input,
    respond: respond ?? null,
    rules: rulesReference(rules),
    withoutSourceRules,
  });
  if (respond !== undefined && !plant.spec.responses.some((response) => response.by === respond))
    throw new UsageError(
      'run.respond',
      `plant '${scenario.plant}' declares no response by '${respond}'; it has ${[...new Set(plant.spec.responses.map(({ by }) => by))].join(', ') || 'none'}`,
    );
  const learned = loadLearned(plant);
  const request: ScenarioRequest = {
    ...{ scenario, seed, variant, control, respond, inputs: input, folder, withoutSourceRules },
    rules: rules === undefined ? builtInRules() : loadRules(rules),
  };
  const play = new Play({
    ...scenarioPlay(plant, request, learned),
    ...(!options.virtual && {
      onStep: ({ at, phase, step, event, detail }) =>
        note(`${clock(inSeconds(at))}  ${phase} ${step}: ${event}${detail && ` (${detail})`}`),
      onResponse: ({ at, response, event, detail }) =>
        note(`${clock(inSeconds(at))}  response ${response}: ${event} (${detail})`),
    }),
  });
  note(`${scenario.name} on ${scenario.plant}, seed ${seed}; files in ${folder.path}`);
  const began = performance.now();
  const end: Instant = scenarioLength(scenario);
  if (options.virtual) {
    const progress = progressLine(scenario.name);
    playVirtually(play, end, progress);
    progress(1);
  } else await pace(play, rate, end);
  const result = play.finish();
  const told = summarize(plant, request, result, learned);
  const summary = !options.controls
    ? told
    : {
        ...told,
        controls: measureControls(plant, request, { summary: told, result }, learned, (name) =>
          note(`Once more: ${name}`),
        ),
      };
  const timing = { wallSeconds: (performance.now() - began) / 1000 };
  folder.writeJson('summary.json', summary);
  folder.writeJson('timing.json', { ...timing, timesRealTime: summary.simulatedSeconds / timing.wallSeconds });
  return { ...summary, timing };
}

/** Builds the range, so that every name is resolved and every prerequisite looked at, and runs none of it. */
async function dryRun(scenario: ScenarioSpec, options: RunOptions): Promise<void> {
  const { seed, control, input = {} } = options;
  const plant = await openPlant(scenario.plant);
  const variant = options.twin ? 'twin' : 'attack';
  const { monitor: _nobodyWatches, ...request } = scenarioPlay(
    plant,
    { scenario, seed, variant, control, inputs: input },
    loadLearned(plant),
  );
  const play = new Play(request);
  const engine = play.attack as AttackEngine;
  const prerequisites = engine.prerequisites();
  const steps = engine.plan();
  play.finish();
  if (options.json) printJson({ scenario: scenario.id, variant, plant: scenario.plant, seed, prerequisites, steps });
  else tellPlan(scenario, prerequisites, steps);
}
