import { loadScenario, type ScenarioSpec } from '@penstock/attacks';
import { type Instant, inSeconds, UsageError } from '@penstock/core';
import { builtInRules, loadRules } from '@penstock/monitor';
import {
  loadLearned,
  openPlant,
  Play,
  type RunFolder,
  type ScenarioRequest,
  type ScenarioSummary,
  scenarioLength,
  scenarioPlay,
  summarize,
} from '@penstock/range';
import type { Command } from 'commander';
import { pace } from '../live.ts';
import { rateOption, rulesReference, seedOption } from '../options.ts';
import { note, print, printJson } from '../output.ts';
import { progressLine } from '../progress.ts';
import { clock, pages, printAlerts, span } from '../report.ts';
import { inRunFolder } from '../run-folder.ts';
import { playVirtually } from '../virtual.ts';

interface RunOptions {
  readonly plant?: string;
  readonly seed: number;
  readonly virtual?: boolean;
  readonly rate: number;
  readonly twin?: boolean;
  readonly control?: string;
  readonly input?: Record<string, number>;
  readonly rules?: string;
  readonly out?: string;
  readonly json?: boolean;
}

type TimedSummary = ScenarioSummary & { readonly timing: { readonly wallSeconds: number } };

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
    .option('--input <name=value>', 'set an input of the scenario; may be given several times', inputOption, {})
    .option('--rules <dir>', 'use these rules instead of the built-in ones')
    .option('--out <dir>', "folder for the run's files; runs/SCENARIO-SEED when left out")
    .option('--json', 'print JSON')
    .action(async (id: string, options: RunOptions) => {
      const scenario = loadScenario(id);
      if (options.plant !== undefined && options.plant !== scenario.plant)
        throw new UsageError('run.plant', `scenario '${id}' is for plant '${scenario.plant}', not '${options.plant}'`);
      const name = [scenario.id, options.twin && 'twin', options.control, options.seed].filter(Boolean).join('-');
      const summary = await inRunFolder(options.out, name, (folder) => playScenario(scenario, options, folder));
      if (options.json) printJson(summary);
      else tell(scenario, summary);
      if (options.twin ? summary.alerts.some(pages) : !summary.detected) process.exitCode = 1;
    });
}

async function playScenario(scenario: ScenarioSpec, options: RunOptions, folder: RunFolder): Promise<TimedSummary> {
  const { seed, rate, control, rules, input = {} } = options;
  const variant = options.twin ? 'twin' : 'attack';
  folder.writeJson('run.json', {
    kind: 'scenario',
    scenario: scenario.id,
    plant: scenario.plant,
    seed,
    variant,
    control: control ?? null,
    inputs: input,
    rules: rulesReference(rules),
  });
  const plant = await openPlant(scenario.plant);
  const learned = loadLearned(plant);
  const request: ScenarioRequest = {
    ...{ scenario, seed, variant, control, inputs: input, folder },
    rules: rules === undefined ? builtInRules() : loadRules(rules),
  };
  const play = new Play({
    ...scenarioPlay(plant, request, learned),
    ...(!options.virtual && {
      onStep: ({ at, phase, step, event, detail }) =>
        note(`${clock(inSeconds(at))}  ${phase} ${step}: ${event}${detail && ` (${detail})`}`),
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
  const summary = summarize(plant, request, play.finish(), learned);
  const timing = { wallSeconds: (performance.now() - began) / 1000 };
  folder.writeJson('summary.json', summary);
  folder.writeJson('timing.json', { ...timing, timesRealTime: summary.simulatedSeconds / timing.wallSeconds });
  return { ...summary, timing };
}

function inputOption(text: string, before: Record<string, number>): Record<string, number> {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined || value.trim() === '' || !Number.isFinite(Number(value)))
    throw new UsageError('run.input', `--input wants NAME=NUMBER, for example dose=11100; this is '${text}'`);
  return { ...before, [name]: Number(value) };
}

function tell(scenario: ScenarioSpec, summary: TimedSummary): void {
  print(summary.variant === 'twin' ? scenario.twin.name : scenario.name);
  for (const { time, phase, step, event, detail } of summary.steps)
    print(`  ${clock(time)}  ${phase.padEnd(6)} ${step.padEnd(14)} ${event.padEnd(8)} ${detail}`);
  print();
  printAlerts(summary.alerts);
  print();
  if (summary.variant === 'attack') tellVerdict(summary);
  const hazards = summary.outcome.hazards.map((h) => `${h.hazard} at ${clock(h.time)}`).join(', ');
  print(`hazards reached  ${hazards || 'none, safeguards as they are'}`);
  print(`false alarms     ${summary.variant === 'twin' ? summary.alerts.length : summary.falseAlarms.length}`);
  print(`techniques       ${summary.techniques.join(' ') || '-'}`);
  print(
    `simulated        ${span(summary.simulatedSeconds)} and ${summary.packets} packets in ${span(summary.timing.wallSeconds)}`,
  );
}

function tellVerdict({ timeToDetectSeconds: detect, timeToDamageSeconds: damage, inTime }: ScenarioSummary): void {
  const responses = Object.entries(inTime).flatMap(([name, yes]) => (yes ? [name] : []));
  print(`detected         ${detect === null ? 'no' : `after ${span(detect)}`}`);
  print(
    `damage           ${damage === null ? 'none, even without safeguards' : `after ${span(damage)} without safeguards`}`,
  );
  print(`in time for      ${responses.join(', ') || 'nothing'}`);
}
