import { loadScenario, type ScenarioSpec } from '@penstock/attacks';
import { type Instant, inSeconds, UsageError } from '@penstock/core';
import { builtInRules, loadRules } from '@penstock/monitor';
import {
  loadLearned,
  openPlant,
  Play,
  RunFolder,
  runScenario,
  type ScenarioRequest,
  type ScenarioSummary,
  scenarioLength,
  scenarioPlay,
  summarize,
} from '@penstock/range';
import type { Command } from 'commander';
import { pace } from '../live.ts';
import { rateOption, seedOption } from '../options.ts';
import { note, print, printJson } from '../output.ts';

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
    .option('--input <name=value>', 'set an input of the scenario', inputOption, {})
    .option('--rules <dir>', 'use these rules instead of the built-in ones')
    .option('--out <dir>', "folder for the run's files; runs/SCENARIO-SEED when left out")
    .option('--json', 'print JSON')
    .action(async (id: string, options: RunOptions) => {
      const scenario = loadScenario(id);
      if (options.plant !== undefined && options.plant !== scenario.plant)
        throw new UsageError('run.plant', `scenario '${id}' is for plant '${scenario.plant}', not '${options.plant}'`);
      const summary = await playScenario(scenario, options);
      if (options.json) printJson(summary);
      else tell(scenario, summary);
      if (options.twin ? pages(summary) : !summary.detected) process.exitCode = 1;
    });
}

async function playScenario(
  scenario: ScenarioSpec,
  options: RunOptions,
): Promise<ScenarioSummary & { timing: { wallSeconds: number } }> {
  const variant = options.twin ? 'twin' : 'attack';
  const name = [scenario.id, options.twin && 'twin', options.control, options.seed].filter(Boolean).join('-');
  const folder = options.out === undefined ? RunFolder.next('runs', name) : RunFolder.create(options.out);
  const request: ScenarioRequest = {
    scenario,
    seed: options.seed,
    variant,
    control: options.control,
    inputs: options.input ?? {},
    folder,
    rules: options.rules === undefined ? builtInRules() : loadRules(options.rules),
  };
  folder.writeJson('run.json', {
    kind: 'scenario',
    scenario: scenario.id,
    plant: scenario.plant,
    seed: options.seed,
    variant,
    control: options.control ?? null,
    inputs: options.input ?? {},
    rules: options.rules ?? null,
  });
  note(`${scenario.name} on ${scenario.plant}, seed ${options.seed}; files in ${folder.path}`);
  const began = performance.now();
  const summary = options.virtual ? await runScenario(request) : await playLive(request, options.rate);
  const timing = { wallSeconds: (performance.now() - began) / 1000 };
  folder.writeJson('summary.json', summary);
  folder.writeJson('timing.json', { ...timing, timesRealTime: summary.simulatedSeconds / timing.wallSeconds });
  return { ...summary, timing };
}

async function playLive(request: ScenarioRequest, rate: number): Promise<ScenarioSummary> {
  const plant = await openPlant(request.scenario.plant);
  const learned = loadLearned(plant);
  const play = new Play({
    ...scenarioPlay(plant, request, learned),
    onStep: (step) =>
      note(
        `${clock(inSeconds(step.at))}  ${step.phase} ${step.step}: ${step.event}${step.detail && ` (${step.detail})`}`,
      ),
  });
  await pace(play, rate, scenarioLength(request.scenario) as Instant);
  return summarize(plant, request, play.finish(), learned);
}

function inputOption(text: string, before: Record<string, number>): Record<string, number> {
  const [name, value] = text.split('=');
  if (name === undefined || value === undefined || value.trim() === '' || !Number.isFinite(Number(value)))
    throw new UsageError('run.input', `--input wants NAME=NUMBER, for example dose=11100; this is '${text}'`);
  return { ...before, [name]: Number(value) };
}

const pages = (summary: ScenarioSummary): boolean =>
  summary.alerts.some((a) => a.severity === 'high' || a.severity === 'critical');

const clock = (seconds: number): string => {
  const whole = Math.floor(seconds);
  return [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
    .map((n) => String(n).padStart(2, '0'))
    .join(':');
};
const span = (seconds: number | null): string =>
  seconds === null
    ? 'never'
    : seconds < 60
      ? `${seconds.toFixed(1)} s`
      : seconds < 3600
        ? `${(seconds / 60).toFixed(1)} min`
        : `${(seconds / 3600).toFixed(1)} h`;

function tell(scenario: ScenarioSpec, summary: ScenarioSummary & { timing: { wallSeconds: number } }): void {
  print(`${summary.variant === 'twin' ? scenario.twin.name : scenario.name}`);
  for (const step of summary.steps)
    print(
      `  ${clock(step.time)}  ${step.phase.padEnd(6)} ${step.step.padEnd(14)} ${step.event.padEnd(8)} ${step.detail}`,
    );
  print();
  for (const alert of summary.alerts)
    print(`  ${clock(alert.time)}  ${alert.severity.padEnd(8)} ${alert.rule}: ${alert.message}`);
  if (summary.alerts.length === 0) print('  The monitor raised nothing.');
  print();
  if (summary.variant === 'attack') {
    print(`detected         ${summary.detected ? `after ${span(summary.timeToDetectSeconds)}` : 'no'}`);
    print(
      `damage           ${summary.timeToDamageSeconds === null ? 'none, even without safeguards' : `after ${span(summary.timeToDamageSeconds)} without safeguards`}`,
    );
    print(
      `in time for      ${
        Object.entries(summary.inTime)
          .filter(([, yes]) => yes)
          .map(([name]) => name)
          .join(', ') || 'nothing'
      }`,
    );
  }
  print(
    `hazards reached  ${summary.outcome.hazards.map((h) => `${h.hazard} at ${clock(h.time)}`).join(', ') || 'none, safeguards as they are'}`,
  );
  print(`false alarms     ${summary.variant === 'twin' ? summary.alerts.length : summary.falseAlarms.length}`);
  print(`techniques       ${summary.techniques.join(' ') || '-'}`);
  print(
    `simulated        ${span(summary.simulatedSeconds)} and ${summary.packets} packets in ${summary.timing.wallSeconds.toFixed(1)} s`,
  );
}
