/**
 * Plays a scenario's steps on a run: checks what must hold, waits for the steps' conditions, lets the verbs act from footholds inside the
 * range, holds them to their caps, undoes everything and proves it, and reports every step to the truth journal. Runs inside the
 * event queue; the same seed gives the same frames.
 */
import { type Duration, type Instant, PenstockError, seconds } from '@penstock/core';
import type { Cause, Foothold } from '@penstock/simulator/kernel';
import { laterIn, Meter, meteredFoothold } from './caps.ts';
import { type Condition, Knowledge, knownCondition, truthCondition } from './conditions.ts';
import { Firmware } from './firmware.ts';
import { StepGraph } from './graph.ts';
import { Holdings } from './holdings.ts';
import type { AttackReport, EngineHost, EngineOptions, Phase, StepRecord } from './host.ts';
import { checkInputs } from './inputs.ts';
import { type PlannedStep, plan } from './plan.ts';
import { checkPrerequisites, type Prerequisite } from './prerequisites.ts';
import { Programs } from './programs.ts';
import { Reports } from './reports.ts';
import { Memory, proofOf, READ_BACK, type RevertReport, unreleased } from './revert.ts';
import type { ScenarioSpec, StepSpec } from './scenario.ts';
import { ScopeGuard } from './scope.ts';
import type { Running, Waiting } from './step-state.ts';
import { checkSurroundings, comingBy, stageSurroundings } from './surroundings.ts';
import type { StepResult, VerbContext } from './verbs/context.ts';
import { runStep, tagsOf, targetsOf } from './verbs/index.ts';
import type { Quantity } from './words.ts';

/** Conditions and caps are looked at this often. */
const TICK = seconds(1);
/** Room for the revert before the end of a scenario that does not say when to undo it. */
const REVERT_ROOM = seconds(120);
/** Controllers have had their scans when the proof begins. */
const PROOF_AFTER = seconds(3);
/** A revert that is not answered is tried again. */
const ATTEMPTS = 3;
const RETRY_AFTER = seconds(5);

export class AttackEngine {
  readonly scenario: ScenarioSpec;
  readonly #host: EngineHost;
  readonly #guard: ScopeGuard;
  readonly #inputs: Readonly<Record<string, number>>;
  readonly #options: EngineOptions;
  readonly #steps: readonly StepSpec[];
  readonly #reverts: readonly StepSpec[];
  readonly #graph: StepGraph;
  readonly #knowledge: Knowledge;
  readonly #memory: Memory;
  readonly #programs: Programs;
  readonly #firmware: Firmware;
  readonly #reports: Reports;
  readonly #meter: Meter;
  readonly #abort: Condition | undefined;
  readonly #conditions: ReadonlyMap<StepSpec, Condition>;
  readonly #running = new Set<Running>();
  #waiting: Waiting[] = [];
  readonly #approvals = new Map<string, StepSpec>();
  readonly #holdings = new Holdings();
  #prerequisites: readonly Prerequisite[] = [];
  #aborted: AttackReport['aborted'] = null;
  #revertReport: RevertReport = { state: 'pending', tags: [], programs: [] };
  #startAt: Instant | undefined;
  #hasBegun = false;
  /** The attack is over: undone, or being undone. */
  #ending = false;
  #finishedAt: Instant | undefined;

  /**
   * Resolves everything that the scenario names, so that a wrong one sends nothing at all.
   * @throws ScopeError when the run is not the scenario's, the registry is open, or a name is out of scope; PenstockError
   * `scenario.input` for an unknown or out-of-bounds input, `predicate.…` for a predicate that does not compile, `scenario.truth`
   */
  constructor(scenario: ScenarioSpec, host: EngineHost, options: EngineOptions) {
    this.scenario = scenario;
    this.#host = host;
    this.#options = options;
    const side = options.variant === 'twin' ? scenario.twin : scenario;
    this.#steps = side.steps;
    this.#reverts = side.revert;
    this.#guard = new ScopeGuard(host.run, host.plant, host.registry, scenario);
    this.#inputs = checkInputs(scenario, options.inputs ?? {});
    this.plan();
    this.#graph = new StepGraph(this.#steps);
    this.#knowledge = new Knowledge(host);
    this.#memory = new Memory(host, this.#guard, [...this.#steps, ...this.#reverts]);
    this.#programs = new Programs(host, this.#guard, [...this.#steps, ...this.#reverts]);
    this.#firmware = new Firmware(host, this.#guard, [...this.#steps, ...this.#reverts]);
    this.#reports = new Reports(this.#guard, [...this.#steps, ...this.#reverts]);
    this.#meter = new Meter(scenario.caps, `scenario '${scenario.id}'`);
    this.#abort =
      scenario.abort && options.variant === 'attack' ? truthCondition(host, scenario.abort, 'abort') : undefined;
    this.#conditions = new Map([...this.#steps, ...this.#reverts].flatMap((step) => this.#conditionOf(step)));
    checkSurroundings(this.#surroundings(), this.#guard, host);
  }

  /** Every step with every name resolved: what a dry run shows. */
  plan(): PlannedStep[] {
    const lists = [
      { phase: this.#options.variant, steps: this.#steps },
      { phase: 'revert' as const, steps: this.#reverts },
    ];
    return plan(lists, { guard: this.#guard, plant: this.#host.plant, inputs: this.#inputs });
  }

  /** Whether what must hold before the first packet holds now; what the scenario plugs in by then is taken as there until then. */
  prerequisites(): Prerequisite[] {
    const coming = this.#hasBegun ? [] : comingBy(this.scenario.start, this.#surroundings(), this.#guard);
    return checkPrerequisites(this.scenario, this.#steps, this.#guard, this.#host, coming);
  }

  /** Schedules the scenario from now on; `now` leaves its quiet start out, but for the moment that it takes to plug something in. */
  start({ now = false }: { readonly now?: boolean } = {}): void {
    const { queue } = this.#host;
    this.#startAt = queue.now;
    const { start } = this.scenario;
    const begin = stageSurroundings(this.#surroundings(), this.#guard, this.#host, { start, now });
    queue.in(begin, { run: () => this.#begin() });
  }

  /** Lets a step go that waits for approval. @throws PenstockError `attack.approve` when it does not */
  approve(step: string): void {
    const waiting = this.#approvals.get(step);
    if (waiting === undefined)
      throw new PenstockError(
        'attack.approve',
        `step '${step}' does not wait for approval; ${[...this.#approvals.keys()].join(', ') || 'none'} do`,
      );
    this.#approvals.delete(step);
    this.#play(waiting, this.#options.variant);
  }

  /** Steps that wait for approval. */
  get awaiting(): readonly string[] {
    return [...this.#approvals.keys()];
  }

  /** Plays no further step of the attack and reverts at once. */
  stop(reason = 'stopped'): void {
    if (this.#ending) return;
    this.#aborted = { at: this.#host.queue.now, reason };
    this.#tell('scenario', this.#options.variant, 'aborted', reason);
    this.#revert();
  }

  /** When everything was undone and that was proven, if it has been. */
  get finishedAt(): Instant | undefined {
    return this.#finishedAt;
  }

  /** How a step ended, if it has. */
  outcome(step: string): 'done' | 'failed' | undefined {
    return this.#graph.outcome(step);
  }

  get report(): AttackReport {
    return {
      prerequisites: this.#prerequisites,
      aborted: this.#aborted,
      revert: this.#revertReport,
      packets: this.#packets(),
      writes: this.#meter.writes,
      taken: this.#meter.taken,
    };
  }

  #surroundings() {
    return [...this.scenario.conditions, ...(this.#options.variant === 'twin' ? this.scenario.twin.conditions : [])];
  }

  #conditionOf(step: StepSpec): [StepSpec, Condition][] {
    const { when, of } = step.after ?? {};
    if (when === undefined) return [];
    const text = `step '${step.id}'`;
    return [
      [
        step,
        of === 'truth'
          ? truthCondition(this.#host, when, text)
          : knownCondition(this.#host, this.#knowledge, this.#guard.device(step.from).id, when),
      ],
    ];
  }

  #begin(): void {
    if (this.#ending) return;
    this.#hasBegun = true;
    const { queue } = this.#host;
    this.#prerequisites = this.prerequisites();
    const unmet = this.#prerequisites.filter((p) => !p.met);
    if (unmet.length > 0) {
      for (const { about, reason } of unmet)
        this.#tell('scenario', this.#options.variant, 'unmet', `${about}: ${reason}`);
      this.#ending = true;
      this.#finish({ state: 'nothing', tags: [], programs: [] });
      return;
    }
    this.#meter.begin(queue.now);
    this.#schedule(this.#graph.first());
    const tick = {
      run: (now: Instant) => {
        this.#tick(now);
        if (this.#finishedAt === undefined) queue.in(TICK, tick);
      },
    };
    queue.in(TICK, tick);
  }

  #schedule(steps: readonly StepSpec[]): void {
    for (const step of steps)
      this.#host.queue.in(step.after?.wait ?? seconds(0), { run: () => !this.#ending && this.#await(step) });
  }

  /** The step's turn has come, but for its condition and somebody's approval. */
  #await(step: StepSpec): void {
    const condition = this.#conditions.get(step);
    const { now } = this.#host.queue;
    if (condition !== undefined && !condition.update(now)) {
      this.#waiting.push({ step, condition, deadline: (now + (step.after?.timeout ?? 0)) as Instant });
      return;
    }
    this.#approveOrPlay(step);
  }

  #approveOrPlay(step: StepSpec): void {
    if (this.#options.approveEachStep !== true) {
      this.#play(step, this.#options.variant);
      return;
    }
    this.#approvals.set(step.id, step);
    this.#report(step, this.#options.variant, 'waiting', '');
  }

  #tick(now: Instant): void {
    if (this.#ending) return;
    const reason = this.#reasonToStop(now);
    if (reason !== undefined) {
      this.stop(reason);
      return;
    }
    for (const run of this.#running) {
      const overdue = run.meter.overdue(now);
      if (overdue !== undefined) this.#cap(run, overdue);
    }
    for (const { device, step, reason: capped } of this.#holdings.capped(now)) {
      this.#holdings.release(device);
      this.#report(step, this.#options.variant, 'capped', capped);
    }
    this.#lookAtWaiting(now);
  }

  #reasonToStop(now: Instant): string | undefined {
    if (this.#abort?.update(now)) return `${this.scenario.abort?.when} holds`;
    const over = this.#meter.overdue(now);
    // What waits for its revert sends nothing any more.
    if (over !== undefined && !(this.#graph.over && this.#holdings.devices.length === 0)) return `cap: ${over}`;
    const { packets } = this.scenario.caps;
    return packets !== undefined && this.#packets() > packets
      ? `cap: scenario '${this.scenario.id}' may send ${packets} packets`
      : undefined;
  }

  #lookAtWaiting(now: Instant): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) {
      const { step, condition, deadline } = one;
      if (condition.update(now)) this.#approveOrPlay(step);
      else if (now < deadline) this.#waiting.push(one);
      else {
        this.#report(step, this.#options.variant, 'skipped', `${step.after?.when?.when} did not come true in time`);
        this.#follow(step, 'failed');
      }
    }
  }

  /** Everything sent so far, and what was changed on its way. */
  #packets(): number {
    return this.#meter.packets + this.#holdings.packets;
  }

  #play(step: StepSpec, phase: Phase, attempt = 1): void {
    if (this.#ending && phase !== 'revert') return;
    const { queue } = this.#host;
    this.#report(step, phase, 'start', attempt === 1 ? '' : `attempt ${attempt}`);
    const run: Running = {
      step,
      phase,
      meter: new Meter(step.caps ?? {}, `step '${step.id}'`),
      sessions: [],
      active: true,
    };
    run.meter.begin(queue.now);
    this.#running.add(run);
    const context = this.#context(run);
    const foothold = (role: string) => context.foothold(this.#guard.device(role).id);
    const act = (): void => {
      try {
        runStep(step, context, (result) => this.#end(run, result, attempt));
      } catch (error) {
        if (!(error instanceof PenstockError)) throw error;
        this.#close(run, 'refused', error.message);
      }
    };
    this.#firmware.take();
    this.#memory.take(foothold, context.cause, () => this.#programs.take(foothold, context.cause, act));
  }

  #context(run: Running): VerbContext {
    const { step } = run;
    const cause: Cause = {
      actor: `${this.#options.variant === 'twin' ? 'twin' : 'scenario'}:${this.scenario.id}`,
      step: step.id,
    };
    const active = () => run.active;
    return {
      guard: this.#guard,
      plant: this.#host.plant,
      cause,
      foothold: (id) => this.#foothold(id, run),
      value: (quantity, device, tag) => this.#value(quantity, device, tag),
      learned: (tag, value) => this.#knowledge.learned(tag, value),
      wrote: (device, tag) => this.#memory.wrote(device, tag),
      accepted: (device, tag) => this.#memory.accepted(device, tag),
      reprogrammed: (device) => this.#programs.reprogrammed(device),
      flashed: (device) => this.#firmware.flashed(device),
      reflash: (device) => this.#firmware.reflash(device),
      reports: (device, state) => this.#reports.told(device, state),
      programBefore: (device) => this.#programs.before(device),
      later: laterIn(this.#host.queue, active),
      hold: (device, held) => this.#holdings.hold(device, { held, step, meter: run.meter }),
      release: (device) => this.#holdings.release(device),
    };
  }

  #foothold(id: string, run: Running): Foothold {
    // Undoing is not held back by what was meant to bound the attack.
    const meters = run.phase === 'revert' ? [run.meter] : [run.meter, this.#meter];
    return meteredFoothold(this.#host.foothold(id), {
      queue: this.#host.queue,
      meters,
      active: () => run.active,
      capped: (reason) => this.#cap(run, reason),
      opened: (session) => void run.sessions.push(session),
    });
  }

  #end(run: Running, result: StepResult, attempt: number): void {
    if (!run.active) return;
    if (run.phase === 'revert' && result.outcome === 'failed' && attempt < ATTEMPTS) {
      run.active = false;
      this.#running.delete(run);
      this.#report(run.step, run.phase, 'failed', result.detail);
      this.#host.queue.in(RETRY_AFTER, { run: () => this.#play(run.step, 'revert', attempt + 1) });
      return;
    }
    this.#close(run, result.outcome, result.detail);
  }

  /** A step is ended by a cap: nothing more of it goes out. */
  #cap(run: Running, reason: string): void {
    if (!run.active) return;
    for (const session of run.sessions) session.release();
    this.#close(run, 'capped', reason);
  }

  #close(run: Running, event: 'done' | 'failed' | 'refused' | 'capped', detail: string): void {
    run.active = false;
    this.#running.delete(run);
    this.#report(run.step, run.phase, event, detail);
    if (run.phase === 'revert') this.#nextRevert();
    else this.#follow(run.step, event === 'done' ? 'done' : 'failed');
  }

  #follow(step: StepSpec, outcome: 'done' | 'failed'): void {
    if (this.#ending) return;
    this.#schedule(this.#graph.end(step.id, outcome));
    if (!this.#graph.over) return;
    const wait = this.#revertWait();
    if (wait !== undefined) this.#host.queue.in(wait, { run: () => this.#revert() });
  }

  /** From the last step's end to the revert; undefined for a twin that leaves things as they are. */
  #revertWait(): Duration | undefined {
    const { scenario } = this;
    if (this.#options.variant === 'twin') return scenario.twin.revertAfter;
    const last = (this.#startAt as number) + scenario.start + scenario.observe - REVERT_ROOM;
    return scenario.revertAfter ?? (Math.max(0, last - this.#host.queue.now) as Duration);
  }

  /** Ends what is under way, leaves every place between others, and undoes. */
  #revert(): void {
    if (this.#ending) return;
    this.#ending = true;
    for (const run of this.#running) {
      run.active = false;
      for (const session of run.sessions) session.release();
      this.#report(run.step, run.phase, 'failed', 'ended by the revert');
    }
    this.#running.clear();
    this.#waiting = [];
    this.#approvals.clear();
    const places = unreleased(this.#holdings.devices, this.#host.plant, this.#reverts).map(
      (role): StepSpec => ({
        id: `release-${role}`,
        about: 'Out of the way',
        techniques: [],
        verb: 'release',
        from: role,
      }),
    );
    this.#undoing = [...places, ...this.#reverts];
    this.#nextRevert(seconds(0));
  }
  #undoing: StepSpec[] = [];
  #restored = false;

  #nextRevert(first?: Duration): void {
    const next = this.#undoing.shift();
    if (next !== undefined) {
      this.#host.queue.in(first ?? next.after?.wait ?? seconds(1), { run: (now) => this.#undo(next, now) });
      return;
    }
    if (!this.#restored && this.#options.variant === 'attack') {
      this.#restored = true;
      this.#undoing = [
        ...this.#firmware.restoring(),
        ...this.#programs.restoring(),
        ...this.#memory.restoring(this.#reverts),
        ...this.#reports.restoring(),
      ];
      if (this.#undoing.length > 0) {
        this.#nextRevert(seconds(1));
        return;
      }
    }
    this.#host.queue.in(PROOF_AFTER, { run: () => this.#prove() });
  }

  /** Plays a step of the revert once what it waits for holds, or leaves it out when that does not come true in time. */
  #undo(step: StepSpec, now: Instant, deadline = now + (step.after?.timeout ?? 0)): void {
    const condition = this.#conditions.get(step);
    if (condition === undefined || condition.update(now)) this.#play(step, 'revert');
    else if (now < deadline) this.#host.queue.in(TICK, { run: (later) => this.#undo(step, later, deadline) });
    else {
      this.#report(step, 'revert', 'skipped', `${step.after?.when?.when} did not come true in time`);
      this.#nextRevert();
    }
  }

  #prove(): void {
    const read = { ...READ_BACK, from: this.#steps[0]?.from ?? '' };
    const run: Running = { step: read, phase: 'revert', meter: new Meter({}, 'the proof'), sessions: [], active: true };
    const { cause } = this.#context(run);
    if (this.#memory.touched || this.#programs.touched) this.#tell(read.id, 'revert', 'start', '');
    const foothold = (role: string) => this.#foothold(this.#guard.device(role).id, run);
    this.#memory.prove(foothold, cause, (tags) =>
      this.#programs.prove(foothold, cause, (programs) => {
        const { report, detail } = proofOf(tags, programs, this.#firmware.prove(), this.#reports.prove());
        if (report.state !== 'nothing')
          this.#tell(read.id, 'revert', report.state === 'proven' ? 'done' : 'failed', detail);
        this.#finish(report);
      }),
    );
  }

  #finish(report: RevertReport): void {
    this.#revertReport = report;
    this.#finishedAt = this.#host.queue.now;
  }

  #value(quantity: Quantity, device: string, tag: string): number {
    if (typeof quantity === 'number') return quantity;
    if (quantity !== 'before') return this.#inputs[quantity.input] as number;
    const before = this.#memory.before(device, tag);
    if (before === undefined)
      throw new PenstockError('scenario.before', `what stood in ${tag} of '${device}' before the attack is not known`);
    return before;
  }

  #report(step: StepSpec, phase: Phase, event: StepRecord['event'], detail: string): void {
    const { plant } = this.#host;
    const target = targetsOf(step, plant).join(' ') || step.from;
    this.#tell(step.id, phase, event, detail, step.techniques, target, tagsOf(step, plant));
  }

  #tell(
    step: string,
    phase: Phase,
    event: StepRecord['event'],
    detail: string,
    techniques: readonly string[] = [],
    target = '',
    tags: readonly string[] = [],
  ): void {
    this.#host.record({ at: this.#host.queue.now, step, phase, event, techniques, target, tags, detail });
  }
}
