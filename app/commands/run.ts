import { loadScenario, type ScenarioSpec } from '@penstock/attacks';
import { type Instant, inSeconds, RESPONDERS, type ResponderName, UsageError } from '@penstock/core';
import { builtInRules, loadRules } from '@penstock/monitor';
import {
  loadLearned,
  openPlant,
  Play,
  pages,
  type ResponseOutcome,
  type RunFolder,
  type ScenarioRequest,
  type ScenarioSummary,
  scenarioLength,
  scenarioPlay,
  summarize,
} from '@penstock/range';
import { type Command, Option } from 'commander';
import { pace } from '../live.ts';
import { rateOption, rulesReference, seedOption } from '../options.ts';
import { note, print, printJson } from '../output.ts';
import { progressLine } from '../progress.ts';
import { clock, printAlerts, span } from '../report.ts';
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
  readonly respond?: ResponderName;
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
    .addOption(
      new Option('--respond <who>', "perform the plant's responses of automatic, control-room or field").choices(
        RESPONDERS,
      ),
    )
    .option('--rules <dir>', 'use these rules instead of the built-in ones')
    .option('--out <dir>', "folder for the run's files; runs/SCENARIO-SEED when left out")
    .option('--json', 'print JSON')
    .action(async (id: string, options: RunOptions) => {
      const scenario = loadScenario(id);
      if (options.plant !== undefined && options.plant !== scenario.plant)
        throw new UsageError('run.plant', `scenario '${id}' is for plant '${scenario.plant}', not '${options.plant}'`);
      const name = [scenario.id, options.twin && 'twin', options.control, options.respond, options.seed]
        .filter(Boolean)
        .join('-');
      const summary = await inRunFolder(options.out, name, (folder) => playScenario(scenario, options, folder));
      if (options.json) printJson(summary);
      else tell(scenario, summary);
      if (options.twin ? summary.alerts.some(pages) : !summary.detected) process.exitCode = 1;
    });
}

async function playScenario(scenario: ScenarioSpec, options: RunOptions, folder: RunFolder): Promise<TimedSummary> {
  const { seed, rate, control, rules, respond, input = {} } = options;
  const variant = options.twin ? 'twin' : 'attack';
  folder.writeJson('run.json', {
    kind: 'scenario',
    scenario: scenario.id,
    plant: scenario.plant,
    seed,
    variant,
    control: control ?? null,
    inputs: input,
    respond: respond ?? null,
    rules: rulesReference(rules),
  });
  const plant = await openPlant(scenario.plant);
  if (respond !== undefined && !plant.spec.responses.some((response) => response.by === respond))
    throw new UsageError(
      'run.respond',
      `plant '${scenario.plant}' declares no response by '${respond}'; it has ${[...new Set(plant.spec.responses.map(({ by }) => by))].join(', ') || 'none'}`,
    );
  const learned = loadLearned(plant);
  const request: ScenarioRequest = {
    ...{ scenario, seed, variant, control, respond, inputs: input, folder },
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
  for (const [by, outcome] of Object.entries(summary.responses)) tellResponse(by, outcome);
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

function tellResponse(by: string, { alertedAt, actions, hazards }: ResponseOutcome): void {
  print(`response         ${by}: ${alertedAt === null ? 'no alert called anybody' : `alerted at ${clock(alertedAt)}`}`);
  for (const { time, response, event, detail } of actions)
    print(`  ${clock(time)}  ${response.padEnd(20)} ${event.padEnd(8)} ${detail}`);
  for (const { hazard, withResponse, without } of hazards)
    print(
      `  ${hazard}: ${without === null ? 'did not happen' : `lasted ${span(without.seconds)}`} without it, ${withResponse === null ? 'did not happen' : `${span(withResponse.seconds)}`} with it`,
    );
}
