/**
 * One execution of a range with everything around it: truth journal, monitor on the tap, capture, a scenario if there is one. The
 * same class plays virtual runs, live ones and their replay; only who drains the queue differs.
 */
import { createHash } from 'node:crypto';
import { AttackEngine, type AttackReport, type ScenarioSpec, type StepRecord } from '@penstock/attacks';

import {
  type ActivitySpec,
  type Duration,
  type FrameSink,
  type Instant,
  inSeconds,
  LINKTYPE_ETHERNET,
  PenstockError,
  type ResponderName,
} from '@penstock/core';
import {
  type Alert,
  type AlertSink,
  formatBaseline,
  knowledgeOf,
  Monitor,
  type MonitorResult,
  PcapWriter,
  type RuleSet,
} from '@penstock/monitor';
import type { LogEntry } from '@penstock/simulator/devices';
import type { OptionValue } from '@penstock/simulator/process';
import { engineHost, labelledParties } from './attack.ts';
import type { RunFolder } from './journal/folder.ts';
import { MonitorJournal } from './journal/monitor.ts';
import { TruthJournal } from './journal/truth.ts';
import { hashOf, Labels } from './labels.ts';
import type { Learned } from './learned.ts';
import { type OrderStatus, Orders } from './orders.ts';
import { TRAINEE } from './outside.ts';
import type { Plant } from './plants.ts';
import { type Interrupted, Range, type Site } from './range.ts';
import { Responder, type ResponseRecord } from './responses.ts';
import { ScenarioWatch, type Watched } from './scenario-watch.ts';
import { Week } from './week/index.ts';

/** A scenario to be played. */
export interface Launch {
  readonly spec: ScenarioSpec;
  readonly variant: 'attack' | 'twin';
  readonly inputs?: Readonly<Record<string, number>>;
  /** Every step of the attack waits for somebody's approval. */
  readonly approveEachStep?: boolean;
  /** It begins at once instead of after the scenario's own quiet time. */
  readonly now?: boolean;
}

export interface PlayRequest {
  readonly plant: Plant;
  readonly run: string;
  readonly seed: number;
  /** From the plant's epoch (Monday 00:00) to the run's start; a whole hour where a warm state is used. */
  readonly startAt: Duration;
  readonly options?: Readonly<Record<string, OptionValue>>;
  readonly learned?: Learned | undefined;
  readonly scenario?: Launch;
  /** Undefined: nobody watches (the damage run). `learn` makes a baseline. */
  readonly monitor?: {
    readonly rules: RuleSet;
    readonly mode: 'learn' | 'watch';
    /** Switches off every rule that knows sources by address or by what they did before. */
    readonly withoutSourceRules?: boolean | undefined;
    readonly sinks?: readonly AlertSink[];
  };
  /** Gets every frame from the first on, beside monitor and capture: for pages that show packets. */
  readonly frames?: FrameSink;
  /** Whose responses to counting alerts are performed; nobody's when left out. */
  readonly respond?: ResponderName | undefined;
  /** Where journals and capture go; undefined keeps nothing but hashes. */
  readonly folder?: RunFolder | undefined;
  /** Whether `capture.pcap` is written into the folder; the hash is made in any case when there is a monitor. */
  readonly capture?: boolean;
  /** The plant's normal week (shift changes, backups, …), or those of its activities that pass; all of it when left out. */
  readonly week?: (activity: ActivitySpec) => boolean;
  /** Where the devices are elsewhere. */
  readonly site?: Site | undefined;
  /** Where a run that was interrupted goes on. */
  readonly from?: Interrupted | undefined;
  /** Zone of the host that tools from outside come from; none in runs without gates. */
  readonly guestZone?: string;
  /** Schedules what came from outside, before the run begins (a replay). */
  readonly outside?: (play: Play) => void;
  readonly onStep?: (record: StepRecord) => void;
  readonly onOrder?: (status: OrderStatus) => void;
  readonly onResponse?: (record: ResponseRecord) => void;
  readonly onHazard?: (at: Instant, hazard: string, state: 'begin' | 'end') => void;
  readonly onDeviceLog?: (at: Instant, device: string, entry: LogEntry) => void;
  readonly onActivity?: (at: Instant, text: string) => void;
}

export interface PlayResult {
  readonly simulatedSeconds: number;
  readonly packets: number;
  readonly steps: readonly StepRecord[];
  readonly responses: readonly ResponseRecord[];
  readonly hazards: readonly { readonly at: number; readonly hazard: string; readonly state: 'begin' | 'end' }[];
  /** First malicious packet, seconds. */
  readonly firstPacket: number | undefined;
  /** End of revert, seconds; the run's end where nothing was reverted. */
  readonly end: number;
  readonly monitor: MonitorResult | undefined;
  /** What came of the scenario as its engine knows it; undefined without one. */
  readonly attack: AttackReport | undefined;
  /** What the truth shows of it; undefined where nobody watches (the damage run). */
  readonly watched: Watched | undefined;
  readonly hashes: {
    readonly capture: string;
    readonly alerts: string;
    readonly labels: string;
    readonly truth: string;
  };
}

/** Labels are written while a run goes on up to so many; those of a flood at its end. */
const MOST_LABELS_AT_ONCE = 10_000;

export class Play {
  readonly range: Range;
  readonly monitor: Monitor | undefined;
  readonly week: Week;
  /** Orders of people who take part. */
  readonly orders: Orders;
  readonly truth: TruthJournal;
  readonly #request: PlayRequest;
  readonly #labels: Labels;
  readonly #steps: StepRecord[] = [];
  readonly #responses: ResponseRecord[] = [];
  readonly #hazards: { at: number; hazard: string; state: 'begin' | 'end' }[] = [];
  readonly #journal: MonitorJournal | undefined;
  /** Labelled packets that are in the folder already. */
  #labelled = 0;
  #attackOver: Instant | undefined;
  #attack: AttackEngine | undefined;
  #watch: ScenarioWatch | undefined;
  readonly #captureHash = createHash('sha256');
  readonly #capture: { readonly writer: PcapWriter; close(): void } | undefined;

  constructor(request: PlayRequest) {
    this.#request = request;
    const { plant, seed, folder, learned, startAt } = request;
    this.truth = new TruthJournal(folder?.file('truth.sqlite'));
    try {
      this.range = new Range({
        plant,
        run: request.run,
        seed,
        startAt,
        options: request.options ?? {},
        warm: learned?.warm[Math.floor(inSeconds(startAt) / 3600) % 24],
        truth: this.truth,
        site: request.site,
        from: request.from,
        onHazard: (at, hazard, state) => {
          this.#hazards.push({ at: inSeconds(at), hazard, state });
          request.onHazard?.(at, hazard, state);
        },
        ...(request.onDeviceLog && { onDeviceLog: request.onDeviceLog }),
      });
      const { tap } = this.range.network.wire;
      this.#labels = new Labels((actor) => /^(scenario|twin):/.test(actor));
      tap.listen(this.#labels);
      this.week = new Week(this.range, request.week ?? (() => true), (at, text) => request.onActivity?.(at, text));
      if (request.monitor) {
        this.#journal = folder && new MonitorJournal(folder.file('monitor.sqlite'));
        this.monitor = this.#makeMonitor(request.monitor);
        tap.attach(this.monitor);
        this.#capture = this.#openCapture(folder, request.capture ?? true);
        tap.attach(this.#capture.writer);
      }
      if (request.frames) tap.attach(request.frames);
      if (request.guestZone !== undefined) this.range.network.addGuest(TRAINEE, request.guestZone);
      this.orders = new Orders(this.range, (status) => request.onOrder?.(status));
      request.outside?.(this);
      this.range.start();
      this.week.start();
      if (request.scenario) this.launch(request.scenario);
    } catch (error) {
      // What cannot be played leaves nothing open behind it.
      this.#journal?.close();
      this.#capture?.close();
      this.truth.close();
      throw error;
    }
  }

  /** Runs everything up to `limit` at once. */
  runUntil(limit: Instant): void {
    this.range.queue.runUntil(limit);
  }

  /** What has happened is safe on disk. Live runs call it every second. */
  commit(): void {
    this.truth.commit();
    this.#journal?.commit();
    this.#capture?.writer.flush();
    const { count } = this.#labels;
    if (count === this.#labelled || count > MOST_LABELS_AT_ONCE) return;
    this.#labelled = count;
    this.#request.folder?.write('labels.csv', this.#labels.csv(this.#steps, this.range.queue.now));
  }

  /** A step of the run's own scenario, or of an adversary in another process: it belongs to the truth, and labels packets. */
  report(record: StepRecord): void {
    this.#steps.push(record);
    this.truth.step(record);
    this.#request.onStep?.(record);
  }

  /** The scenario that was launched last. */
  get attack(): AttackEngine | undefined {
    return this.#attack;
  }

  /**
   * Begins a scenario; in a live run as an outside event. @throws ScopeError, PenstockError as `AttackEngine`; PenstockError
   * `play.busy` while another has not ended
   */
  launch(launch: Launch): void {
    if (this.#attack !== undefined && this.#attack.finishedAt === undefined)
      throw new PenstockError('play.busy', `'${this.#attack.scenario.id}' has not ended; stop it first`);
    const { spec, variant, inputs, approveEachStep = false, now = false } = launch;
    this.#attack = new AttackEngine(
      spec,
      engineHost(this.range, (record) => this.report(record)),
      { variant, approveEachStep, ...(inputs && { inputs }) },
    );
    this.#attack.start({ now });
    if (this.monitor === undefined) return;
    this.#watch = new ScenarioWatch(this.range, spec, () => this.#labels.firstAt !== undefined);
    this.#watch.start();
  }

  /** An adversary in another process has put everything back. */
  attackOver(at: Instant): void {
    this.#attackOver = at;
  }

  /** First malicious packet so far, in seconds. */
  get firstPacket(): number | undefined {
    const { firstAt } = this.#labels;
    return firstAt === undefined ? undefined : inSeconds(firstAt);
  }

  /** A frame sink for what comes from now on: devices that dial when they are switched on have done so. */
  watch(sink: FrameSink): void {
    this.range.network.wire.tap.attach(sink);
  }

  /** Ends the run: closes journals and capture, writes alerts and labels, and says what came of it. */
  finish(): PlayResult {
    const { range } = this;
    const now = range.queue.now;
    this.monitor?.finish();
    const alerts = this.monitor?.alerts ?? [];
    const end = this.attack?.finishedAt ?? this.#attackOver ?? now;
    const labels = this.#labels.csv(this.#steps, end);
    this.#capture?.close();
    this.#request.folder?.write('labels.csv', labels);
    this.#journal?.close();
    return {
      simulatedSeconds: inSeconds(now),
      packets: range.network.wire.tap.frames,
      steps: this.#steps,
      responses: this.#responses,
      hazards: this.#hazards,
      firstPacket: this.firstPacket,
      end: inSeconds(end),
      monitor: this.monitor?.result(),
      attack: this.attack?.report,
      watched: this.#watch?.watched,
      hashes: {
        capture: this.#captureHash.digest('hex'),
        alerts: hashOf(alerts.map(lineOf).join('\n')),
        labels: hashOf(labels),
        truth: this.truth.close(),
      },
    };
  }

  /** The monitor, and beside its capture the papers that it was given, so that it can be run again over the capture alone. */
  #makeMonitor({ rules, mode, withoutSourceRules, sinks = [] }: NonNullable<PlayRequest['monitor']>): Monitor {
    const { plant, folder, learned, scenario, seed } = this.#request;
    const announced = scenario?.variant === 'twin' && scenario.spec.twin.workOrder ? scenario.spec : undefined;
    const knowledge = knowledgeOf(plant.spec, this.week.workOrders(announced), plant.programs);
    folder?.writeJson('knowledge.json', knowledge);
    folder?.write('alerts.jsonl', '');
    if (learned && mode === 'watch') folder?.write('baseline.json', formatBaseline(learned.baseline));
    return new Monitor({
      knowledge,
      baseline: learned?.baseline,
      rules,
      mode,
      startEpoch: this.range.epoch,
      seed,
      ...(withoutSourceRules && { except: (rule: object) => 'knowsSources' in rule && rule.knowsSources === true }),
      sinks: [
        ...(this.#journal ? [this.#journal] : []),
        ...(folder ? [linesTo(folder)] : []),
        ...this.#responders(),
        ...sinks,
      ],
    });
  }

  /** Who answers to the monitor's alerts, if anybody does. */
  #responders(): AlertSink[] {
    const { plant, respond, scenario } = this.#request;
    if (respond === undefined || scenario === undefined) return [];
    const parties = labelledParties(plant, scenario.spec, scenario.variant);
    const responder = new Responder(
      this.range,
      respond,
      { firstAt: () => this.#labels.firstAt, ...parties },
      (record) => {
        this.#responses.push(record);
        this.truth.response(record);
        this.#request.onResponse?.(record);
      },
    );
    return [responder];
  }

  #openCapture(folder: RunFolder | undefined, keep: boolean): { readonly writer: PcapWriter; close(): void } {
    const file = keep ? folder?.stream('capture.pcap') : undefined;
    const writer = new PcapWriter((bytes) => {
      this.#captureHash.update(bytes);
      file?.write(bytes);
    }, LINKTYPE_ETHERNET);
    return {
      writer,
      close: () => {
        writer.flush();
        file?.close();
      },
    };
  }
}

/** An alert as a line of `alerts.jsonl`. Repetitions are counted later, so that the line does not depend on when it was written. */
function lineOf(alert: Alert): string {
  const { count: _count, lastTime: _lastTime, ...first } = alert;
  return JSON.stringify(first);
}

const linesTo = (folder: RunFolder): AlertSink => ({ alert: (alert) => folder.append('alerts.jsonl', lineOf(alert)) });
