/** The instructor's attack console: what could be launched, and where the scenario that was launched stands. */
import {
  AttackEngine,
  listScenarios,
  loadScenario,
  type PlannedStep,
  type ScenarioSpec,
  type StepRecord,
} from '@penstock/attacks';
import {
  type AttackMessage,
  type AttackRequest,
  inSeconds,
  type PlannedStepMessage,
  type ScenarioMessage,
  UsageError,
} from '@penstock/core';
import { ICS_TECHNIQUES } from '@penstock/monitor';
import { engineHost, type Play, type ToldRecord } from '@penstock/range';
import { Told } from './told.ts';

type Step = AttackMessage['steps'][number];
type StepState = Step['state'];

const STATES: Readonly<Record<StepRecord['event'], StepState | undefined>> = {
  waiting: 'waiting',
  start: 'running',
  done: 'done',
  failed: 'failed',
  refused: 'refused',
  capped: 'failed',
  skipped: 'skipped',
  unmet: 'refused',
  aborted: undefined,
};

/** What was launched, as it was asked for. */
interface Launched {
  readonly scenario: string;
  readonly variant: 'attack' | 'twin';
  readonly mode: AttackMessage['mode'];
  readonly startedAt: number;
  readonly steps: Step[];
  /** Number of the newest alert before it began. */
  readonly alertsBefore: number;
  readonly hazards: { hazard: string; at: number }[];
  timeToDetect: number | null;
  stopping: boolean;
}

export class AttackConsole {
  readonly onChange = new Told<AttackMessage>();
  readonly #play: Play;
  #launched: Launched | undefined;

  constructor(play: Play) {
    this.#play = play;
  }

  /** Scenarios of this plant, with their plan and whether they could begin now. */
  scenarios(): ScenarioMessage[] {
    const { spec } = this.#play.range;
    return listScenarios()
      .map((id) => loadScenario(id))
      .filter((scenario) => scenario.plant === spec.id)
      .map((scenario) => this.#scenario(scenario));
  }

  /**
   * What a request has the range do; undefined for one that only asks (a dry run). Nothing has been done yet.
   * @throws UsageError `attack.scenario`, `attack.busy`, `attack.step`; ScopeError and PenstockError as `AttackEngine`
   */
  recordOf(request: AttackRequest, by: string): ((time: ToldRecord['time']) => ToldRecord) | undefined {
    if (request.do === 'stop') return (time) => ({ time, kind: 'stop', by });
    if (request.do === 'approve') {
      const { step } = request;
      if (!this.#play.attack?.awaiting.includes(step))
        throw new UsageError('attack.step', `step '${step}' does not wait for approval`);
      return (time) => ({ time, kind: 'approve', step });
    }
    const { scenario, variant, mode, inputs, now } = request;
    const spec = this.#known(scenario);
    const running = this.#play.attack;
    if (mode !== 'dry' && running !== undefined && running.finishedAt === undefined)
      throw new UsageError('attack.busy', `'${running.scenario.id}' has not ended; stop it first`);
    const engine = new AttackEngine(spec, this.#silentHost(), { variant, inputs });
    const plan = engine
      .plan()
      .map((step) => ({ ...stepMessage(step), state: 'planned' as const, at: null, detail: '' }));
    this.#launched = {
      ...{ scenario, variant, mode, startedAt: inSeconds(this.#play.range.queue.now), steps: plan },
      ...{ alertsBefore: this.#play.monitor?.alerts.at(-1)?.number ?? 0, hazards: [] },
      ...{ timeToDetect: null, stopping: false },
    };
    this.tell();
    if (mode === 'dry') return undefined;
    return (time) => ({ time, kind: 'launch', scenario, variant, inputs, approveEachStep: mode === 'step', now });
  }

  /** A line of the truth journal about a step. */
  step(record: StepRecord): void {
    const launched = this.#launched;
    if (!launched) return;
    if (record.event === 'aborted') {
      launched.stopping = true;
      // What waited for approval will not be played any more.
      for (const step of launched.steps) if (step.state === 'waiting') step.state = 'skipped';
    }
    const state = STATES[record.event];
    const step = launched.steps.find(({ id, phase }) => id === record.step && phase === record.phase);
    if (step && state) {
      step.state = state;
      step.at = inSeconds(record.at);
      step.detail = record.detail;
    }
    this.tell();
  }

  hazard(hazard: string, at: number): void {
    if (!this.#launched || this.#launched.mode === 'dry') return;
    this.#launched.hazards.push({ hazard, at });
    this.tell();
  }

  /** An alert that names what the scenario touches, from its first packet on. */
  alerted(number: number, time: number, device: string | null, tag: string | null): void {
    const launched = this.#launched;
    const first = this.#play.firstPacket;
    if (!launched || launched.timeToDetect !== null || first === undefined || time < first) return;
    if (number <= launched.alertsBefore || !this.#touches(launched, device, tag)) return;
    launched.timeToDetect = time - first;
    this.tell();
  }

  /** Null before the first launch. */
  get message(): AttackMessage | null {
    const launched = this.#launched;
    if (!launched) return null;
    const { scenario, variant, mode, startedAt, steps, timeToDetect, hazards } = launched;
    const engine = mode === 'dry' ? undefined : this.#play.attack;
    const reverted = engine?.report.revert.tags ?? [];
    return {
      ...{ scenario, variant, mode, state: this.#state(launched), startedAt, steps, timeToDetect, hazards },
      reverted: reverted.map(({ tag, before, readBack, proven }) => ({ tag, before, after: readBack, proven })),
    };
  }

  /** The engine ends without a step of its own when the last proof is in. */
  tick(): void {
    const ended = this.#launched && this.#state(this.#launched) === 'ended';
    if (ended && !this.#toldEnd) this.tell();
    this.#toldEnd = ended === true;
  }
  #toldEnd = false;

  #state({ mode, steps, stopping }: Launched): AttackMessage['state'] {
    const engine = this.#play.attack;
    if (mode === 'dry' || engine === undefined || engine.finishedAt !== undefined) return 'ended';
    if (stopping || steps.some(({ phase, state }) => phase === 'revert' && state !== 'planned')) return 'reverting';
    return engine.awaiting.length > 0 ? 'waiting' : 'running';
  }

  #touches({ steps }: Launched, device: string | null, tag: string | null): boolean {
    const roles = new Set(steps.flatMap(({ from, to }) => [from, ...to]));
    const role = this.#play.range.spec.devices.find(({ id }) => id === device)?.role;
    return (role !== undefined && roles.has(role)) || (tag !== null && steps.some(({ tags }) => tags.includes(tag)));
  }

  #known(id: string): ScenarioSpec {
    const ids = listScenarios();
    if (!ids.includes(id))
      throw new UsageError('attack.scenario', `there is no scenario '${id}'; there are ${ids.join(', ')}`);
    return loadScenario(id);
  }

  /** For engines that only plan and check: nothing that they do may reach the run's journal. */
  #silentHost() {
    return engineHost(this.#play.range, () => {});
  }

  #scenario(spec: ScenarioSpec): ScenarioMessage {
    const { id, name, story, basis, inputs, hazards, twin, expect } = spec;
    const engine = new AttackEngine(spec, this.#silentHost(), { variant: 'attack' });
    const steps = engine.plan().map(stepMessage);
    const techniques = [...new Set(steps.flatMap((step) => step.techniques))];
    return {
      ...{ id, name, story, incident: basis.incident, documented: basis.documented, invented: basis.invented },
      ...{ sources: basis.sources, hazards, steps, prerequisites: engine.prerequisites().map((one) => ({ ...one })) },
      inputs: Object.entries(inputs).map(([input, { about, unit, default: usual, min, max }]) => {
        return { id: input, about, unit, default: usual, min, max };
      }),
      techniques: techniques.map((technique) => ({ id: technique, name: ICS_TECHNIQUES.get(technique) ?? technique })),
      expected: expect.map(({ about, within }) => ({ about, within: inSeconds(within) })),
      twin: { name: twin.name, about: twin.about },
      scope: [...new Set(steps.flatMap(({ from, to }) => [from, ...to]))],
    };
  }

  /** Tells pages where the attack stands now. */
  tell(): void {
    const { message } = this;
    if (message) this.onChange.tell(message);
  }
}

function stepMessage(step: PlannedStep): PlannedStepMessage {
  const { id, phase, about, verb, from, to, tags, techniques, after, wait, when, lines } = step;
  const values = lines.flatMap(({ point, value }) => (value === null ? [] : [`${point} := ${value}`]));
  return {
    ...{ id, phase, about, verb, from, to: [...to], tags: [...tags], techniques: [...techniques], after: [...after] },
    ...{ wait, when, value: values.join(', ') || null },
  };
}
