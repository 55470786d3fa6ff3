/** Whole executions with a verdict: a scenario with its damage run, a baseline, learning. All in virtual time. */
import type { ScenarioSpec } from '@penstock/attacks';
import {
  type ActivitySpec,
  type Duration,
  hours,
  type Instant,
  PenstockError,
  RESPONDERS,
  type ResponderName,
} from '@penstock/core';
import { type Alert, Baseline, builtInRules, type RuleSet } from '@penstock/monitor';
import type { OptionValue } from '@penstock/simulator/process';
import { labelledParties } from './attack.ts';
import { type ControlMeasure, doneSteps, forwardSteps, missingOptions } from './controls.ts';
import { type Findings, findingsOf, toldAttack } from './findings.ts';
import { type Impact, impactsOf } from './impacts.ts';
import type { RunFolder } from './journal/folder.ts';
import { type Learned, loadLearned } from './learned.ts';
import { openPlant, type Plant, readPlant } from './plants.ts';
import { Play, type PlayRequest, type PlayResult } from './play.ts';
import { prepareResponses, RESPONDER_KEYS, type ResponseOutcome, responseOutcome } from './responses.ts';
import { judge } from './verdict.ts';
import type { ViewEpisode } from './view.ts';
import type { WarmState } from './warm.ts';

export interface ScenarioRequest {
  readonly scenario: ScenarioSpec;
  readonly seed: number;
  readonly variant?: 'attack' | 'twin';
  /** Counterfactual control of the scenario whose options hold. */
  readonly control?: string | undefined;
  readonly inputs?: Readonly<Record<string, number>>;
  /** Whose responses to counting alerts are performed; nobody's when left out. */
  readonly respond?: ResponderName | undefined;
  readonly folder?: RunFolder | undefined;
  readonly rules?: RuleSet;
  /** Every rule that knows sources by address, or by what they did before, is switched off. */
  readonly withoutSourceRules?: boolean | undefined;
}

/** What happened to a step, as summaries tell it; `time` in seconds. */
export interface StepLine {
  readonly time: number;
  readonly step: string;
  readonly phase: string;
  readonly event: string;
  readonly detail: string;
}

/** What scripts may rely on; see ARCHITECTURE.md, "The command". */
export interface ScenarioSummary {
  readonly scenario: string;
  readonly variant: 'attack' | 'twin';
  readonly control: string | null;
  readonly plant: string;
  readonly seed: number;
  readonly simulatedSeconds: number;
  readonly packets: number;
  readonly detected: boolean;
  readonly timeToDetectSeconds: number | null;
  /** From the first malicious packet to the first hazard, in the run without safeguards. */
  readonly timeToDamageSeconds: number | null;
  readonly inTime: { readonly automatic: boolean; readonly controlRoom: boolean; readonly field: boolean };
  readonly alerts: readonly Alert[];
  readonly falseAlarms: readonly Alert[];
  /** Techniques of the steps that were played, then the impacts that the truth shows. */
  readonly techniques: readonly string[];
  readonly steps: readonly StepLine[];
  readonly outcome: {
    /** Hazards of this run, safeguards as they are. */
    readonly hazards: readonly { readonly time: number; readonly hazard: string }[];
    /** Hazards of the run without safeguards. */
    readonly withoutSafeguards: readonly { readonly time: number; readonly hazard: string }[];
  };
  /** The run with a response beside the same run without, by who responded; empty where nobody was asked to. */
  readonly responses: Readonly<Record<string, ResponseOutcome>>;
  readonly rules: { readonly count: number; readonly hash: string };
  readonly hashes: PlayResult['hashes'];
  /** Impact techniques with their evidence; `techniques` names them too. */
  readonly impacts: readonly Impact[];
  readonly expected: Findings['expected'];
  readonly effects: Findings['effects'];
  readonly adversary: Findings['adversary'];
  readonly detectedBy: Findings['detectedBy'];
  /** Tags whose displayed value parted from the measured one, and those of which nothing was seen. */
  readonly view: {
    readonly manipulated: readonly ViewEpisode[];
    readonly lost: readonly ViewEpisode[];
    /** Episodes beyond those that are kept. */
    readonly dropped: number;
  };
  readonly prerequisites: ReturnType<typeof toldAttack>['prerequisites'];
  /** Why the range ended the scenario before its time. */
  readonly aborted: ReturnType<typeof toldAttack>['aborted'];
  /** Whether what was overwritten is as before, read back over the wire and held against the controller's memory. */
  readonly reverted: ReturnType<typeof toldAttack>['reverted'];
  /** Requests of the adversary, without TCP's acknowledgements and what passed through their hands unchanged. */
  readonly sent: ReturnType<typeof toldAttack>['sent'];
  readonly withoutSourceRules: boolean;
}

/** How a scenario is played: what a replay needs to do it again. */
export function scenarioPlay(plant: Plant, request: ScenarioRequest, learned: Learned | undefined): PlayRequest {
  const { scenario, seed, variant = 'attack', inputs, folder } = request;
  return {
    plant,
    run: `${scenario.id}-${seed}`,
    seed,
    startAt: hours(scenario.hour),
    options: controlOptions(scenario, request.control),
    learned,
    scenario: { spec: scenario, variant, ...(inputs && { inputs }) },
    monitor: {
      rules: request.rules ?? builtInRules(),
      mode: 'watch',
      withoutSourceRules: request.withoutSourceRules,
    },
    respond: request.respond,
    folder,
  };
}

/** From the run's start to its end. */
export const scenarioLength = (scenario: ScenarioSpec): Instant => (scenario.start + scenario.observe) as Instant;

/** Plays a scenario in virtual time and judges it. */
export async function runScenario(request: ScenarioRequest): Promise<ScenarioSummary> {
  const plant = await openPlant(request.scenario.plant);
  const learned = loadLearned(plant);
  const play = new Play(scenarioPlay(plant, request, learned));
  play.runUntil(scenarioLength(request.scenario));
  return summarize(plant, request, play.finish(), learned);
}

/** The part of a summary that needs nothing but the run and when the damage would come. */
function judged(plant: Plant, request: ScenarioRequest, result: PlayResult, damageAt: number | undefined) {
  const { scenario, variant = 'attack' } = request;
  const parties = labelledParties(plant, scenario, variant);
  const alerts = result.monitor?.alerts ?? [];
  const verdict = judge(
    alerts.map((alert) => ({
      alert,
      time: alert.time,
      device: alert.device ?? undefined,
      tag: alert.tag ?? undefined,
      source: alert.source ?? undefined,
    })),
    { firstPacket: result.firstPacket, end: result.end + SETTLE_SECONDS, ...parties },
    damageAt,
  );
  const impacts = impactsOf(plant.spec, result, variant, parties.devices);
  const counting = verdict.trueAlerts.map(({ alert }) => alert);
  return {
    detected: verdict.detected,
    timeToDetectSeconds: verdict.timeToDetectSeconds,
    timeToDamageSeconds: verdict.timeToDamageSeconds,
    inTime: verdict.inTime,
    alerts,
    falseAlarms: verdict.falseAlarms.map((a) => a.alert),
    impacts,
    ...findingsOf(scenario, plant.spec, result, variant, counting),
    view: {
      manipulated: result.watched?.manipulatedView ?? [],
      lost: result.watched?.lostView ?? [],
      dropped: result.watched?.droppedViews ?? 0,
    },
    ...toldAttack(result.attack),
  };
}
type Judged = Pick<ScenarioSummary, 'detected' | 'timeToDetectSeconds' | 'adversary' | 'impacts' | 'reverted' | 'sent'>;

/** The verdict over a run that was played, live or virtual. Plays the damage run. */
export function summarize(
  plant: Plant,
  request: ScenarioRequest,
  result: PlayResult,
  learned: Learned | undefined,
): ScenarioSummary {
  const { scenario, seed, variant = 'attack' } = request;
  const damage = damageRun(plant, request, learned);
  const first = began(damage).find(
    (h) => scenario.hazards.includes(h.hazard) && h.time >= (damage.firstPacket ?? Number.POSITIVE_INFINITY),
  );
  const verdict = judged(plant, request, result, first?.time);
  const played = result.steps.filter((s) => s.event === 'start' && s.phase !== 'revert').flatMap((s) => s.techniques);
  return {
    scenario: scenario.id,
    variant,
    control: request.control ?? null,
    plant: plant.spec.id,
    seed,
    simulatedSeconds: result.simulatedSeconds,
    packets: result.packets,
    techniques: [
      ...new Set([...(variant === 'attack' ? played : []), ...verdict.impacts.map(({ technique }) => technique)]),
    ],
    steps: result.steps.map(({ at, step, phase, event, detail }) => ({ time: at / 1e6, step, phase, event, detail })),
    outcome: { hazards: began(result), withoutSafeguards: began(damage) },
    responses:
      request.respond === undefined
        ? {}
        : { [RESPONDER_KEYS[request.respond]]: responseOutcome(result, undisturbedRun(plant, request, learned)) },
    rules: { count: result.monitor?.rules.count ?? 0, hash: result.monitor?.rules.hash ?? '' },
    hashes: result.hashes,
    withoutSourceRules: request.withoutSourceRules ?? false,
    ...verdict,
  };
}

const began = (result: PlayResult): { time: number; hazard: string }[] =>
  result.hazards.filter((h) => h.state === 'begin').map((h) => ({ time: h.at, hazard: h.hazard }));

/**
 * Plays the attack once more with each of the scenario's controls, in virtual time, and measures what each changed.
 * @param without the run without any, as it was played
 * @param tell hears each control as it is begun
 */
export function measureControls(
  plant: Plant,
  request: ScenarioRequest,
  without: { readonly summary: ScenarioSummary; readonly result: PlayResult },
  learned: Learned | undefined,
  tell: (control: string) => void = () => {},
): ControlMeasure[] {
  const { scenario } = request;
  const measures = [measure(scenario, 'none', 'The plant as it is', without.result, without.summary)];
  for (const control of scenario.controls) {
    const missing = missingOptions(control, plant.spec.options);
    if (missing.length > 0) {
      measures.push({
        ...(measures[0] as ControlMeasure),
        ...UNMEASURED,
        control: control.id,
        name: control.name,
        missing,
      });
      continue;
    }
    tell(control.name);
    const asked = { ...request, control: control.id, folder: undefined };
    const play = new Play(scenarioPlay(plant, asked, learned));
    play.runUntil(scenarioLength(scenario));
    const result = play.finish();
    measures.push(measure(scenario, control.id, control.name, result, judged(plant, asked, result, undefined)));
  }
  return measures;
}

const UNMEASURED = {
  stepsDone: 0,
  taken: 0,
  adversary: null,
  detected: false,
  timeToDetectSeconds: null,
  timeToHazardSeconds: null,
  hazards: [],
  impacts: [],
  reverted: 'nothing',
} as const;

function measure(
  scenario: ScenarioSpec,
  control: string,
  name: string,
  result: PlayResult,
  told: Judged,
): ControlMeasure {
  const { firstPacket: first } = result;
  const hazards = began(result).filter(({ time }) => first !== undefined && time >= first);
  const ours = hazards.find(({ hazard }) => scenario.hazards.includes(hazard));
  return {
    ...{ control, name, missing: [] },
    stepsDone: doneSteps(result, forwardSteps(scenario)),
    steps: forwardSteps(scenario).length,
    taken: told.sent.taken,
    adversary: told.adversary?.outcome ?? null,
    detected: told.detected,
    timeToDetectSeconds: told.timeToDetectSeconds,
    timeToHazardSeconds: ours === undefined || first === undefined ? null : ours.time - first,
    hazards: [...new Set(hazards.map(({ hazard }) => hazard))],
    impacts: told.impacts.map(({ technique }) => technique),
    reverted: told.reverted.state,
  };
}

/** Settling after the revert, during which alerts still belong to the scenario. */
const SETTLE_SECONDS = 300;

/** Same seed, safeguards off, nobody watches: when would the harm come? */
function damageRun(plant: Plant, request: ScenarioRequest, learned: Learned | undefined): PlayResult {
  const { monitor: _monitor, folder: _folder, ...rest } = scenarioPlay(plant, request, learned);
  const { scenario } = request;
  const play = new Play({ ...rest, options: { ...rest.options, ...scenario.withoutSafeguards } });
  play.runUntil(scenarioLength(scenario));
  return play.finish();
}

/** Same seed, safeguards as they are, nobody watches and nobody answers: what a response is held against. */
function undisturbedRun(plant: Plant, request: ScenarioRequest, learned: Learned | undefined): PlayResult {
  const { monitor: _monitor, folder: _folder, respond: _respond, ...rest } = scenarioPlay(plant, request, learned);
  const play = new Play(rest);
  play.runUntil(scenarioLength(request.scenario));
  return play.finish();
}

/** @throws PenstockError `scenario.control` with the controls that there are. */
function controlOptions(scenario: ScenarioSpec, control: string | undefined): Record<string, OptionValue> {
  if (control === undefined) return {};
  const found = scenario.controls.find((c) => c.id === control);
  if (found === undefined)
    throw new PenstockError(
      'scenario.control',
      `scenario '${scenario.id}' has no control '${control}'; it has ${scenario.controls.map((c) => c.id).join(', ') || 'none'}`,
    );
  return found.options;
}

export interface BaselineRequest {
  readonly plant: Plant;
  readonly seed: number;
  readonly duration: Duration;
  readonly startAt: Duration;
  readonly folder?: RunFolder | undefined;
  readonly rules?: RuleSet;
  readonly capture?: boolean;
  /** Told as the run goes on, with the share that is done. */
  readonly progress?: (share: number) => void;
}

export interface BaselineSummary {
  readonly plant: string;
  readonly seed: number;
  readonly simulatedSeconds: number;
  readonly packets: number;
  readonly alerts: readonly Alert[];
  readonly hazards: readonly { readonly time: number; readonly hazard: string }[];
  readonly events: Readonly<Record<string, number>>;
  readonly hashes: PlayResult['hashes'];
}

/** Normal operation only: what does the monitor say of it? */
export function runBaseline(request: BaselineRequest): BaselineSummary {
  const { plant, seed, duration, startAt, folder, rules = builtInRules(), capture = folder !== undefined } = request;
  const play = new Play({
    plant,
    run: `baseline-${seed}`,
    seed,
    startAt,
    learned: loadLearned(plant),
    monitor: { rules, mode: 'watch' },
    folder,
    capture,
  });
  const result = playThrough(play, duration, request.progress);
  return {
    plant: plant.spec.id,
    seed,
    simulatedSeconds: result.simulatedSeconds,
    packets: result.packets,
    alerts: result.monitor?.alerts ?? [],
    hazards: result.hazards.filter((h) => h.state === 'begin').map((h) => ({ time: h.at, hazard: h.hazard })),
    events: result.monitor?.events ?? {},
    hashes: result.hashes,
  };
}

function playThrough(play: Play, duration: Duration, progress: ((share: number) => void) | undefined): PlayResult {
  const piece = hours(1);
  for (let at = piece as number; at < duration; at += piece) {
    play.runUntil(at as Instant);
    progress?.(at / duration);
  }
  play.runUntil(duration as number as Instant);
  return play.finish();
}

export interface LearnRequest {
  readonly plant: Plant;
  readonly seed: number;
  readonly duration: Duration;
  readonly progress?: (share: number) => void;
}

/** Days that the plant is let settle from its initial conditions before warm states are kept. */
const SETTLE_DAYS = 3;

/**
 * Makes the plant's warm states (a day with nothing but deliveries, after settling) and its monitor's baseline (the week as it is, from
 * a warm state on).
 */
export function learn(request: LearnRequest): Learned {
  const { plant, seed, duration, progress } = request;
  const warm: WarmState[] = [];
  // Only what keeps the works supplied happens meanwhile; without deliveries the day tanks would run dry.
  const supplied = (activity: ActivitySpec) => activity.kind === 'delivery';
  const settling = new Play({ plant, run: `settle-${seed}`, seed, startAt: hours(0), week: supplied });
  for (let hour = 1; hour <= 24 * (SETTLE_DAYS + 1); hour++) {
    settling.runUntil(hours(hour) as number as Instant);
    if (hour >= 24 * SETTLE_DAYS && hour < 24 * (SETTLE_DAYS + 1)) warm[hour % 24] = settling.range.warmState();
    progress?.((0.3 * hour) / (24 * (SETTLE_DAYS + 1)));
  }
  settling.finish();
  const baseline = new Baseline(plant.spec.id);
  const play = new Play({
    plant,
    run: `learn-${seed}`,
    seed,
    startAt: hours(0),
    learned: { warm, baseline },
    monitor: { rules: builtInRules(), mode: 'learn' },
  });
  playThrough(play, duration, (share) => progress?.(0.3 + 0.7 * share));
  return { warm, baseline };
}

/**
 * Reads a plant's folder and builds a range of it, so that its process, programs, devices and week are checked against each other.
 * @throws FileError or PenstockError with what is wrong
 */
export async function checkPlantFolder(folder: string): Promise<void> {
  const play = new Play({ plant: await readPlant(folder), run: 'check', seed: 0, startAt: hours(0) });
  try {
    for (const by of RESPONDERS) prepareResponses(play.range, by);
  } finally {
    play.finish();
  }
}
