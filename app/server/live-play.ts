/** A run that is being played, as the page sees it: values, numbered alerts and journal lines. */
import {
  type AlertMessage,
  type Instant,
  inSeconds,
  type JournalMessage,
  type KeyframeMessage,
  type ValuesMessage,
} from '@penstock/core';
import type { Alert, AlertSink } from '@penstock/monitor';
import type { Play, PlayRequest } from '@penstock/range';
import type { GateAddress } from '@penstock/simulator/kernel';
import type { LiveRange } from './live.ts';

/** Lines that a page gets when it joins; older ones are in the journals. */
const REMEMBERED = 1000;

export class LivePlay implements LiveRange, AlertSink {
  readonly #alerts: AlertMessage[] = [];
  readonly #journal: JournalMessage[] = [];
  readonly #alertListeners: ((alert: AlertMessage) => void)[] = [];
  readonly #journalListeners: ((line: JournalMessage) => void)[] = [];
  #lines = 0;
  #play: Play | undefined;
  #gates: readonly GateAddress[] = [];
  #rate = 1;

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
  }

  onAlert(listener: (alert: AlertMessage) => void): void {
    this.#alertListeners.push(listener);
  }

  onJournal(listener: (line: JournalMessage) => void): void {
    this.#journalListeners.push(listener);
  }

  alert(alert: Alert): void {
    const { number, time, rule, title, severity, device, tag, message, why } = alert;
    const told: AlertMessage = {
      number,
      time,
      rule,
      title,
      severity,
      techniques: [...alert.techniques],
      device,
      tag,
      message,
      why,
    };
    this.#alerts.push(told);
    if (this.#alerts.length > REMEMBERED) this.#alerts.shift();
    for (const listener of this.#alertListeners) listener(told);
  }

  values(): ValuesMessage {
    const { range } = this.#play as Play;
    const displayed = Array.from(range.displayed.values, (value) => (Number.isNaN(value) ? null : value));
    return { time: inSeconds(range.queue.now), displayed, measured: finite(range.measured), true: finite(range.truth) };
  }

  keyframe(lastAlert: number, lastJournal: number): KeyframeMessage {
    const { range } = this.#play as Play;
    const { spec } = range;
    return {
      run: range.run,
      plant: { id: spec.id, name: spec.name, summary: spec.summary },
      seed: range.seed,
      rate: this.#rate,
      tags: spec.tags.map(({ id, name, area, kind, unit, range: span, states }) => ({
        id,
        name,
        area,
        kind,
        unit,
        range: span,
        states: states ?? null,
      })),
      devices: [...range.devices.values()].map(({ spec: { id, name, kind, role, zone, address, mac } }) => ({
        ...{ id, name, kind, role, zone, address, mac },
        gates: this.#gates
          .filter((gate) => gate.device === id)
          .map(({ service, host, port }) => ({ service, host, port })),
      })),
      values: this.values(),
      alerts: this.#alerts.filter((alert) => alert.number > lastAlert),
      journal: this.#journal.filter((line) => line.number > lastJournal),
    };
  }

  #write(at: Instant, kind: JournalMessage['kind'], text: string): void {
    const line: JournalMessage = { number: ++this.#lines, time: inSeconds(at), kind, text };
    this.#journal.push(line);
    if (this.#journal.length > REMEMBERED) this.#journal.shift();
    for (const listener of this.#journalListeners) listener(line);
  }
}

/** JSON has no NaN; a tag that nobody knows yet is 0. */
const finite = (values: Float64Array): number[] => Array.from(values, (value) => (Number.isFinite(value) ? value : 0));
