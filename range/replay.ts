/** Executes a run again from its seed and the journal of what came from outside; its packets and alerts are the same. */
import { loadScenario } from '@penstock/attacks';
import { type Duration, hours, type Instant, PenstockError, RESPONDERS, UsageError } from '@penstock/core';
import { builtInRules, loadRules } from '@penstock/monitor';
import { gateEntrance, replayGates } from '@penstock/simulator/kernel';
import { z } from 'zod';
import { gateServices } from './gates.ts';
import type { RunFolder } from './journal/folder.ts';
import { readOutside } from './journal/truth.ts';
import { loadLearned } from './learned.ts';
import { decodeOutside, isTold, performTold } from './outside.ts';
import { openPlant, type Plant } from './plants.ts';
import { Play, type PlayRequest, type PlayResult } from './play.ts';
import { scenarioLength, scenarioPlay } from './run.ts';

/** The plant of a run, and its hash then; null in the folders of versions that did not note it. */
const ofPlant = { plant: z.string(), plantHash: z.string().nullable().default(null) };

/** `run.json`: how a run was asked for. */
const runSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('scenario'),
    scenario: z.string(),
    ...ofPlant,
    seed: z.int(),
    variant: z.enum(['attack', 'twin']),
    control: z.string().nullable(),
    inputs: z.record(z.string(), z.number()),
    respond: z.enum(RESPONDERS).nullable().default(null),
    rules: z.string().nullable(),
    withoutSourceRules: z.boolean().default(false),
  }),
  z.strictObject({
    kind: z.literal('baseline'),
    ...ofPlant,
    seed: z.int(),
    duration: z.number(),
    rules: z.string().nullable(),
  }),
  z.strictObject({ kind: z.literal('up'), ...ofPlant, seed: z.int(), hour: z.int(), zone: z.string() }),
]);
type RunRecord = z.output<typeof runSchema>;

export interface ReplayResult {
  readonly result: PlayResult;
  /** Hashes of the run as it was; undefined for one that was killed, or when only a part was replayed. */
  readonly recorded: PlayResult['hashes'] | undefined;
  /** The plant is another than it was then: what differs may come from that. */
  readonly plantChanged: boolean;
}

/** Progress is told after so much of the run. */
const PIECE = hours(1) / 6;

/**
 * @param to end earlier than the run did
 * @param folder where the replay's own files go, if anywhere
 * @param progress told the share that is done, as it goes
 * @throws UsageError or PenstockError when the folder holds no run that can be replayed; PenstockError `run.plant-changed` when that is
 * because the plant has changed
 */
export async function replay(
  run: RunFolder,
  to: Instant | undefined,
  folder: RunFolder | undefined,
  progress?: (share: number) => void,
): Promise<ReplayResult> {
  const written = run.readJson('run.json') as { kind?: string };
  if (written.kind === 'docker')
    throw new UsageError(
      'replay.containers',
      `${run.path} is a run in containers, on sockets of an operating system; only runs in one process can be executed again`,
    );
  const parsed = runSchema.safeParse(written);
  if (!parsed.success)
    throw new PenstockError(
      'run.broken',
      `${run.file('run.json')} is not how a run is described: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`,
    );
  const record = parsed.data;
  const plant = await openPlant(record.plant);
  const plantChanged = record.plantHash !== null && record.plantHash !== plant.hash;
  try {
    return { ...execute(record, plant, run, to, folder, progress), plantChanged };
  } catch (error) {
    if (!plantChanged || !(error instanceof PenstockError)) throw error;
    throw new PenstockError(
      'run.plant-changed',
      `the plant '${record.plant}' has changed since the run in ${run.path}, which cannot be executed any more: ${error.message}`,
      undefined,
      error,
    );
  }
}

function execute(
  record: RunRecord,
  plant: Plant,
  run: RunFolder,
  to: Instant | undefined,
  folder: RunFolder | undefined,
  progress: ((share: number) => void) | undefined,
): Omit<ReplayResult, 'plantChanged'> {
  const { request, end } = requestOf(record, plant, run);
  const play = new Play({
    ...request,
    folder,
    outside: (play) => feedOutside(play, plant, run),
  });
  const until = Math.min(to ?? end, end);
  for (let at = PIECE; at < until; at += PIECE) {
    play.runUntil(at as Instant);
    progress?.(at / until);
  }
  play.runUntil(until as Instant);
  const whole = until === end;
  return { result: play.finish(), recorded: whole ? recordedHashes(run) : undefined };
}

function requestOf(record: RunRecord, plant: Plant, run: RunFolder): { request: PlayRequest; end: Instant } {
  const learned = loadLearned(plant);
  if (record.kind === 'up') {
    const { seed, hour, zone } = record;
    const request: PlayRequest = {
      plant,
      run: `up-${seed}`,
      seed,
      startAt: hours(hour),
      learned,
      monitor: { rules: builtInRules(), mode: 'watch' },
      guestZone: zone,
    };
    return { request, end: lastInstant(run) };
  }
  const rules = record.rules === null ? builtInRules() : loadRules(record.rules);
  if (record.kind === 'baseline') {
    const { seed, duration } = record;
    const request: PlayRequest = {
      plant,
      run: `baseline-${seed}`,
      seed,
      startAt: hours(0),
      learned,
      monitor: { rules, mode: 'watch' },
    };
    return { request, end: duration as Duration as number as Instant };
  }
  const { seed, variant, control, inputs, respond, withoutSourceRules } = record;
  const scenario = loadScenario(record.scenario);
  const asked = {
    ...{ scenario, seed, variant, inputs, rules, withoutSourceRules },
    control: control ?? undefined,
    respond: respond ?? undefined,
  };
  return { request: scenarioPlay(plant, asked, learned), end: scenarioLength(scenario) };
}

type Summary = { end?: number; hashes?: PlayResult['hashes'] } | undefined;

const summaryOf = (run: RunFolder): Summary =>
  run.has('summary.json') ? (run.readJson('summary.json') as Summary) : undefined;

const recordedHashes = (run: RunFolder): PlayResult['hashes'] | undefined => summaryOf(run)?.hashes;

/** Where a live run ended; of one that was killed, the last second that its journal has. */
function lastInstant(run: RunFolder): Instant {
  return (summaryOf(run)?.end ?? run.lastSample()) as Instant;
}

/** Schedules the journal of what came from outside: bytes at gates, and what adversaries told. */
function feedOutside(play: Play, plant: Plant, run: RunFolder): void {
  if (!run.has('truth.sqlite')) return;
  const records = readOutside(run.file('truth.sqlite')).map(decodeOutside);
  if (records.length === 0) return;
  const { network, queue } = play.range;
  const bytes = records.filter((record) => !isTold(record));
  replayGates(queue, gateEntrance(network.wire, gateServices(plant)), bytes);
  for (const record of records.filter(isTold)) queue.outside(record.time, { run: () => performTold(play, record) });
}
