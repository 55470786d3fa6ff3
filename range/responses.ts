/**
 * What is done about an alert, by whom, and when: a plant declares responses, a run plays those of one responder. They are set off by
 * alerts of paging severity that count for the scenario, come after the time that the responder takes, and act as people of the
 * plant act: over its sessions, its switches, its firewall. Everything is told to the truth journal.
 */
import {
  type ActivitySpec,
  type CompiledPredicate,
  compilePredicate,
  type Duration,
  type Instant,
  inSeconds,
  minutes,
  type ResponderName,
  type ResponseAction,
  type ResponseSpec,
  seconds,
} from '@penstock/core';
import type { Alert, AlertSink } from '@penstock/monitor';
import { Random } from '@penstock/simulator/kernel';
import type { PlayResult } from './play.ts';
import type { Range } from './range.ts';
import { RESPONSES } from './verdict.ts';
import { type ActivityContext, performer } from './week/activities.ts';

/** How `inTime` and summaries call them. */
export const RESPONDER_KEYS = {
  automatic: 'automatic',
  'control-room': 'controlRoom',
  field: 'field',
} as const satisfies Record<ResponderName, keyof typeof RESPONSES>;

/** Tries of an action with `every`, at most. */
const MOST_TRIES = 100;

/** A displayed value that is older is marked as stale, and nobody acts on it. */
const STALE_AFTER = minutes(2);

/** Whether somebody is called for an alert, at any hour. */
export const pages = ({ severity }: Pick<Alert, 'severity'>): boolean => severity === 'high' || severity === 'critical';

/** One line of the truth journal about a response. `alerted`: its alert came, and its time runs. */
export interface ResponseRecord {
  readonly at: Instant;
  readonly response: string;
  readonly by: ResponderName;
  readonly event: 'alerted' | 'done' | 'skipped' | 'in-vain';
  readonly detail: string;
}

/** What makes an alert count, as a verdict has it. */
export interface CountingAlerts {
  /** First malicious packet; undefined before it. */
  firstAt(): Instant | undefined;
  readonly devices: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
}

interface Prepared {
  readonly action: ResponseAction;
  readonly perform: (now: Instant) => void;
  readonly when: CompiledPredicate | undefined;
  readonly until: CompiledPredicate | undefined;
  readonly text: string;
}

/** Plays the responses of one responder; a sink of the run's monitor. */
export class Responder implements AlertSink {
  readonly by: ResponderName;
  readonly #range: Range;
  readonly #counting: CountingAlerts;
  readonly #record: (record: ResponseRecord) => void;
  readonly #waiting: Map<ResponseSpec, readonly Prepared[]>;

  /** @throws PenstockError `activity.kind`, `activity.parameter`, `activity.device` for an action that nobody can perform */
  constructor(range: Range, by: ResponderName, counting: CountingAlerts, record: (record: ResponseRecord) => void) {
    this.by = by;
    this.#range = range;
    this.#counting = counting;
    this.#record = record;
    this.#waiting = prepareResponses(range, by);
  }

  alert(alert: Alert): void {
    if (!pages(alert) || !this.#counts(alert)) return;
    for (const [response, actions] of this.#waiting) {
      if (!answers(response, alert)) continue;
      this.#waiting.delete(response);
      this.#tell(response, 'alerted', `${alert.rule}: ${alert.message}`);
      for (const prepared of actions) {
        const wait = seconds(RESPONSES[RESPONDER_KEYS[this.by]]) + (prepared.action.after ?? 0);
        this.#later(wait, (now) => this.#act(response, prepared, 1, now));
      }
    }
  }

  #counts({ device, tag }: Alert): boolean {
    const { devices, tags } = this.#counting;
    if (this.#counting.firstAt() === undefined) return false;
    return (device !== null && devices.has(device)) || (tag !== null && tags.has(tag));
  }

  #act(response: ResponseSpec, prepared: Prepared, tries: number, now: Instant): void {
    const { action, when, until, text } = prepared;
    if (when !== undefined && !this.#sees(when)) {
      this.#tell(response, 'skipped', `${text}: '${action.when}' does not hold`);
      return;
    }
    prepared.perform(now);
    if (until === undefined || action.every === undefined) {
      this.#tell(response, 'done', text);
      return;
    }
    // What was done takes its time to show.
    this.#later(action.every, (then) => {
      if (this.#sees(until)) this.#tell(response, 'done', `${text}: '${action.until}' after ${counted(tries)}`);
      else if (tries < MOST_TRIES) this.#act(response, prepared, tries + 1, then);
      else this.#tell(response, 'in-vain', `${text}: '${action.until}' does not hold after ${counted(tries)}`);
    });
  }

  /**
   * Whether a predicate holds for whoever responds: in the field on the plant itself, elsewhere on what the SCADA server shows, which somebody
   * in the middle may have forged. False while one of its tags shows nothing, or nothing new.
   */
  #sees(predicate: CompiledPredicate): boolean {
    const { truth, displayed, engine, queue } = this.#range;
    if (this.by === 'field') return predicate.evaluate(truth);
    const { values, times } = displayed;
    const shown = (tag: number) => !Number.isNaN(values[tag]) && queue.now - (times[tag] as number) <= STALE_AFTER;
    return predicate.tags.every((tag) => shown(engine.tagIndex(tag))) && predicate.evaluate(values);
  }

  #later(delay: number, run: (now: Instant) => void): void {
    this.#range.queue.in(delay as Duration, { run });
  }

  #tell(response: ResponseSpec, event: ResponseRecord['event'], detail: string): void {
    this.#record({ at: this.#range.queue.now, response: response.id, by: this.by, event, detail });
  }
}

/** Makes a range's responses ready to be performed. @throws PenstockError as `Responder` */
export function prepareResponses(range: Range, by: ResponderName): Map<ResponseSpec, readonly Prepared[]> {
  const responses = range.spec.responses.filter((response) => response.by === by);
  return new Map(responses.map((response) => [response, response.actions.map((_, i) => prepare(range, response, i))]));
}

function prepare(range: Range, response: ResponseSpec, i: number): Prepared {
  const action = response.actions[i] as ResponseAction;
  const { kind, device, lasts, with: parameters } = action;
  const id = `${response.id}/${i}`;
  const activity: ActivitySpec = {
    ...{ id, name: response.name, kind, workOrder: false, with: parameters },
    ...(device !== undefined && { device }),
    ...(lasts !== undefined && { lasts }),
  };
  const act = performer(activity, range);
  const context: ActivityContext = {
    range,
    activity,
    random: new Random(range.seed, `response/${id}`),
    cause: { actor: `response:${response.id}`, step: String(i) },
  };
  const names = range.spec.tags.map((tag) => tag.id);
  const { tag, value, to, conduit } = parameters;
  const what = conduit ?? (tag === undefined ? '' : value === undefined ? tag : `${tag} := ${value}`);
  return {
    action,
    perform: (now) => act(context, now),
    when: action.when === undefined ? undefined : compilePredicate(action.when, names),
    until: action.until === undefined ? undefined : compilePredicate(action.until, names),
    text: [kind, what, to === undefined ? '' : `in ${to}`, device === undefined ? '' : `from ${device}`]
      .filter((word) => word !== '')
      .join(' '),
  };
}

function answers({ on }: ResponseSpec, { device, tag }: Alert): boolean {
  if (on === undefined) return true;
  return (device !== null && on.devices.includes(device)) || (tag !== null && on.tags.includes(tag));
}

const counted = (tries: number): string => (tries === 1 ? '1 try' : `${tries} tries`);

/** What a response changed: the run with it beside the same run without. */
export interface ResponseOutcome {
  /** Seconds from the run's start; null where no alert set it off. */
  readonly alertedAt: number | null;
  readonly actions: readonly {
    readonly time: number;
    readonly response: string;
    readonly event: ResponseRecord['event'];
    readonly detail: string;
  }[];
  /** Each hazard that either run reached: when it began first, and how long it held in all, with and without the response. */
  readonly hazards: readonly {
    readonly hazard: string;
    readonly withResponse: { readonly time: number; readonly seconds: number } | null;
    readonly without: { readonly time: number; readonly seconds: number } | null;
  }[];
}

/** Compares a run with a response to the same run without. */
export function responseOutcome(responded: PlayResult, undisturbed: PlayResult): ResponseOutcome {
  const { responses } = responded;
  const alerted = responses.find((record) => record.event === 'alerted');
  const both = [hazardSpans(responded), hazardSpans(undisturbed)] as const;
  return {
    alertedAt: alerted === undefined ? null : inSeconds(alerted.at),
    actions: responses.map(({ at, response, event, detail }) => ({ time: inSeconds(at), response, event, detail })),
    hazards: [...new Set(both.flatMap((spans) => [...spans.keys()]))].map((hazard) => ({
      hazard,
      withResponse: both[0].get(hazard) ?? null,
      without: both[1].get(hazard) ?? null,
    })),
  };
}

function hazardSpans({ hazards, simulatedSeconds }: PlayResult): Map<string, { time: number; seconds: number }> {
  const spans = new Map<string, { time: number; seconds: number }>();
  for (const [i, { at, hazard, state }] of hazards.entries()) {
    if (state !== 'begin') continue;
    const end = hazards.find((later, j) => j > i && later.hazard === hazard && later.state === 'end');
    const lasted = (end?.at ?? simulatedSeconds) - at;
    const known = spans.get(hazard);
    spans.set(hazard, known ? { time: known.time, seconds: known.seconds + lasted } : { time: at, seconds: lasted });
  }
  return spans;
}
