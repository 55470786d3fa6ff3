/**
 * An adversary in a process of its own: the same engine, verbs and scope guard as inside a range, acting through the gates of one that
 * runs on this machine. What it does it tells the range over the management channel, for the truth alone.
 */
import { AttackEngine, GateScope, type ScenarioSpec, type StepRecord } from '@penstock/attacks';
import {
  type AdversaryRunMessage,
  type Instant,
  inSeconds,
  type JudgedAlertMessage,
  PenstockError,
  type PlantSpec,
} from '@penstock/core';
import { judge, labelledParties, type Plant, type StepLine } from '@penstock/range';
import { EventQueue, type Foothold, type OutsideEntry, PacedClock } from '@penstock/simulator/kernel';
import { gateReach } from './gate-foothold.ts';
import type { Management } from './management.ts';

/** How often it is looked whether the scenario is over. */
const LOOK_EVERY_MS = 50;
/** How often the truth is asked for, which prerequisites, conditions and the abort of a scenario look at. */
const TRUTH_EVERY_MS = 500;

export interface AdversaryRequest {
  readonly scenario: ScenarioSpec;
  readonly variant: 'attack' | 'twin';
  readonly inputs?: Readonly<Record<string, number>> | undefined;
  /** Our own copy of the range's plant. */
  readonly plant: Plant;
  readonly management: Management;
  /** How devices are reached; the range's gates when left out. */
  readonly reach?: (inside: ReachContext) => Reach;
  /** Leaves the scenario's quiet start out. */
  readonly now?: boolean | undefined;
  readonly onStep?: (record: StepRecord) => void;
}

/** What a way to the devices may use. */
export interface ReachContext {
  readonly plant: PlantSpec;
  readonly queue: EventQueue;
  readonly clock: OutsideEntry;
}

/** A way to the devices of a run, other than its gates: a host of its own on the plant's network. */
export interface Reach {
  foothold(device: string): Foothold;
  close(): Promise<void>;
}

export interface AdversarySummary {
  readonly scenario: string;
  readonly variant: 'attack' | 'twin';
  readonly plant: string;
  readonly run: string;
  /** Zone of the plant's network that it acted from. */
  readonly zone: string | null;
  /** Seconds from joining; `at` of the range is in its own journal. */
  readonly steps: readonly StepLine[];
  readonly detected: boolean;
  readonly timeToDetectSeconds: number | null;
  /** Since the first malicious packet; `time` is the range's. */
  readonly alerts: readonly JudgedAlertMessage[];
  readonly falseAlarms: readonly JudgedAlertMessage[];
}

export class Adversary {
  readonly joined: AdversaryRunMessage;
  readonly #request: AdversaryRequest;
  readonly #queue = new EventQueue();
  readonly #clock: PacedClock;
  readonly #engine: AttackEngine;
  readonly #reach: Reach;
  readonly #scope: GateScope;
  readonly #steps: StepRecord[] = [];
  readonly #truth: Float64Array;
  #failure: unknown;

  /**
   * Joins the range and checks the whole scenario against it; nothing is opened.
   * @throws ScopeError for what is out of scope, PenstockError when the range cannot be joined or the scenario not be played from here
   */
  static async join(request: AdversaryRequest): Promise<Adversary> {
    const joined = await request.management.join();
    if (joined.gates.length === 0 && request.reach === undefined)
      throw new PenstockError('adversary.no-gates', 'the range has no gates; start it without `--gates none`');
    const adversary = new Adversary(request, joined);
    await adversary.#look();
    return adversary;
  }

  private constructor(request: AdversaryRequest, joined: AdversaryRunMessage) {
    this.#request = request;
    this.joined = joined;
    const { scenario, variant, inputs, plant, management } = request;
    const scope = new GateScope(scenario, plant.spec, plant.hash, joined);
    this.#clock = new PacedClock(this.#queue, { rate: joined.rate });
    this.#truth = new Float64Array(plant.spec.tags.length).fill(Number.NaN);
    const failed = (error: unknown): void => {
      this.#failure ??= error;
    };
    const tell = (body: Parameters<Management['report']>[0]): void => void management.report(body).catch(failed);
    this.#scope = scope;
    this.#reach =
      request.reach?.({ plant: plant.spec, queue: this.#queue, clock: this.#clock }) ??
      gateReach({ scope, management, clock: this.#clock, failed });
    this.#engine = new AttackEngine(
      scenario,
      {
        run: joined.run,
        plant: plant.spec,
        queue: this.#queue,
        registry: scope.registry,
        truth: this.#truth,
        foothold: (id) => this.#reach.foothold(id),
        disturb: (name, value, over) => tell({ do: 'disturb', name, value, over: inSeconds(over) }),
        record: (record) => {
          this.#steps.push(record);
          const { at: _at, techniques, tags, ...step } = record;
          tell({ do: 'step', step: { ...step, techniques: [...techniques], tags: [...tags] } });
          request.onStep?.(record);
        },
      },
      { variant, ...(inputs && { inputs }) },
    );
  }

  /**
   * Plays the scenario until everything is put back, or its time is over.
   * @throws whatever made it senseless to go on: ScopeError `scope.edited`, PenstockError `adversary.gone`, …
   */
  async play(): Promise<AdversarySummary> {
    const { scenario, management, now = false } = this.#request;
    const end = scenario.observe + (now ? 0 : scenario.start);
    this.#engine.start({ now });
    this.#clock.start();
    const looking = setInterval(() => {
      this.#look().catch((error: unknown) => {
        this.#failure ??= error;
      });
    }, TRUTH_EVERY_MS);
    await new Promise<void>((resolve) => {
      const ticker = setInterval(() => {
        const over = this.#engine.finishedAt !== undefined || this.#queue.now >= end;
        if (!over && this.#failure === undefined) return;
        clearInterval(ticker);
        resolve();
      }, LOOK_EVERY_MS);
    });
    clearInterval(looking);
    this.#clock.stop();
    await this.#reach.close();
    await management.heard;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#engine.finishedAt !== undefined) await management.report({ do: 'over' });
    return this.#judged(await management.describe(), await management.alerts());
  }

  /** No further step: everything is put back at once. */
  stop(): void {
    this.#clock.outside({ run: () => this.#engine.stop() });
  }

  /** The management channel tells what is true; an adversary inside the range knows no more. */
  async #look(): Promise<void> {
    const { management, reach } = this.#request;
    // At gates it is looked at before every connection.
    if (reach !== undefined) this.#scope.unedited(await management.describe());
    const values = await management.truth();
    for (let tag = 0; tag < this.#truth.length; tag++) this.#truth[tag] = values[tag] ?? Number.NaN;
  }

  #judged(
    { firstPacket, time, zone, run }: AdversaryRunMessage,
    alerts: readonly JudgedAlertMessage[],
  ): AdversarySummary {
    const { scenario, variant, plant } = this.#request;
    const first = firstPacket ?? undefined;
    const verdict = judge(
      alerts.map((alert) => ({
        alert,
        time: alert.time,
        device: alert.device ?? undefined,
        tag: alert.tag ?? undefined,
      })),
      { firstPacket: first, end: time, ...labelledParties(plant, scenario, variant) },
      undefined,
    );
    return {
      scenario: scenario.id,
      variant,
      plant: plant.spec.id,
      run,
      zone,
      steps: this.#steps.map(({ at, step, phase, event, detail }) => {
        return { time: inSeconds(at as Instant), step, phase, event, detail };
      }),
      detected: verdict.detected,
      timeToDetectSeconds: verdict.timeToDetectSeconds,
      alerts: verdict.trueAlerts.map(({ alert }) => alert),
      falseAlarms: verdict.falseAlarms.map(({ alert }) => alert),
    };
  }
}
