/** A run that is being played, as the page sees it: values, numbered alerts and journal lines. */
import {
  type AlertMessage,
  type Instant,
  inSeconds,
  type JournalMessage,
  type KeyframeMessage,
  type PlantSpec,
  type RepetitionMessage,
  type TagSpec,
  type ValuesMessage,
} from '@penstock/core';
import type { Alert, AlertSink } from '@penstock/monitor';
import type { Play, PlayRequest } from '@penstock/range';
import type { GateAddress } from '@penstock/simulator/kernel';
import type { LiveRange } from './live.ts';
import { toleratedAges } from './staleness.ts';

/** Lines that a page gets when it joins; older ones are in the journals. */
const REMEMBERED = 1000;

/** Something that pages hear of as it happens. */
class Told<T> {
  readonly #listeners: ((message: T) => void)[] = [];

  to(listener: (message: T) => void): void {
    this.#listeners.push(listener);
  }

  tell(message: T): void {
    for (const listener of this.#listeners) listener(message);
  }
}

export class LivePlay implements LiveRange, AlertSink {
  readonly #alerts: AlertMessage[] = [];
  readonly #journal: JournalMessage[] = [];
  readonly #newAlert = new Told<AlertMessage>();
  readonly #newRepetition = new Told<RepetitionMessage>();
  readonly #newLine = new Told<JournalMessage>();
  #lines = 0;
  #play: Play | undefined;
  #gates: readonly GateAddress[] = [];
  #rate = 1;
  #tolerated: Float64Array = new Float64Array(0);

  /** What the run has to tell, for the request that it is played with. */
  get listeners(): Pick<PlayRequest, 'onActivity' | 'onHazard' | 'onDeviceLog' | 'onStep'> {
    return {
      onActivity: (at, text) => this.#write(at, 'operation', text),
      onHazard: (at, hazard, state) =>
        this.#write(at, 'hazard', `${hazard}: ${state === 'begin' ? 'limit broken' : 'over'}`),
      onDeviceLog: (at, device, entry) => this.#write(at, 'device', `${device}: ${entry.text}`),
      onStep: (step) => this.#write(step.at, 'attack', `${step.phase} ${step.step}: ${step.event} ${step.detail}`),
    };
  }

  /** Called once the run is built; nothing has happened in it yet. */
  show(play: Play, gates: readonly GateAddress[], rate: number): void {
    this.#play = play;
    this.#gates = gates;
    this.#rate = rate;
    const { devices, displayed, spec } = play.range;
    const displaying = [...devices.values()].find((device) => device.store === displayed);
    this.#tolerated = toleratedAges(spec, displaying?.spec.id ?? '');
  }

  onAlert(listener: (alert: AlertMessage) => void): void {
    this.#newAlert.to(listener);
  }

  onRepetition(listener: (repetition: RepetitionMessage) => void): void {
    this.#newRepetition.to(listener);
  }

  onJournal(listener: (line: JournalMessage) => void): void {
    this.#newLine.to(listener);
  }

  alert(alert: Alert): void {
    const { number, time, rule, title, severity, device, tag, message, why, count } = alert;
    const techniques = [...alert.techniques];
    const told = { number, time, rule, title, severity, techniques, device, tag, message, why, count };
    this.#alerts.push(told);
    if (this.#alerts.length > REMEMBERED) this.#alerts.shift();
    this.#newAlert.tell(told);
  }

  repeated({ number, count }: Alert): void {
    const known = this.#alerts.find((alert) => alert.number === number);
    if (known) known.count = count;
    this.#newRepetition.tell({ number, count });
  }

  values(): ValuesMessage {
    const { range } = this.#play as Play;
    const { now } = range.queue;
    const { values, times } = range.displayed;
    const stale: number[] = [];
    for (let tag = 0; tag < values.length; tag++)
      if (!Number.isNaN(values[tag]) && now - (times[tag] as number) > (this.#tolerated[tag] as number))
        stale.push(tag);
    return {
      time: inSeconds(now),
      displayed: numbers(values),
      stale,
      measured: numbers(range.measured),
      true: numbers(range.truth),
    };
  }

  keyframe(lastAlert: number, lastJournal: number): KeyframeMessage {
    const { range } = this.#play as Play;
    const { spec } = range;
    return {
      run: range.run,
      plant: { id: spec.id, name: spec.name, summary: spec.summary },
      seed: range.seed,
      rate: this.#rate,
      startsAt: new Date(range.epoch / 1000).toISOString(),
      areas: spec.areas.map(({ id, name }) => ({ id, name })),
      tags: spec.tags.map(tagMessage),
      devices: [...range.devices.values()].map((device) => this.#device(device.spec)),
      values: this.values(),
      alerts: this.#alerts.filter((alert) => alert.number > lastAlert),
      repetitions: this.#alerts.flatMap(({ number, count }) =>
        number <= lastAlert && count > 1 ? [{ number, count }] : [],
      ),
      journal: this.#journal.filter((line) => line.number > lastJournal),
    };
  }

  #device({ id, name, kind, role, zone, address, mac }: PlantSpec['devices'][number]) {
    const gates = this.#gates
      .filter((gate) => gate.device === id)
      .map(({ service, host, port }) => ({ service, host, port }));
    return { id, name, kind, role, zone, address, mac, gates };
  }

  #write(at: Instant, kind: JournalMessage['kind'], text: string): void {
    const line: JournalMessage = { number: ++this.#lines, time: inSeconds(at), kind, text };
    this.#journal.push(line);
    if (this.#journal.length > REMEMBERED) this.#journal.shift();
    this.#newLine.tell(line);
  }
}

function tagMessage(tag: TagSpec): KeyframeMessage['tags'][number] {
  const { id, name, area, kind, unit, range, states = null, safe = null, alarms } = tag;
  const { lowLow = null, low = null, high = null, highHigh = null, state = null, priority = 'medium' } = alarms ?? {};
  const limits = alarms === undefined ? null : { lowLow, low, high, highHigh, state, priority };
  return { id, name, area, kind, unit, range, states, safe, alarms: limits };
}

/** JSON has no NaN: a value that there is not is null. */
const numbers = (values: Float64Array): (number | null)[] =>
  Array.from(values, (value) => (Number.isFinite(value) ? value : null));
